# shellcheck shell=bash
# The secrets of this checkout: made once, readable by whoever made them. Sourced after settings.sh.

POSTGRES_ROLES=(owner projector relay query notifier payments redrive)

# secret_once NAME BYTES: random bytes as hex text, the text itself is the secret.
secret_once() {
	[ ! -s "$SECRETS/$1" ] || return 0
	head -c "$2" /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$SECRETS/$1.new"
	mv "$SECRETS/$1.new" "$SECRETS/$1"
}

secrets_make() {
	local role
	mkdir -p "$SECRETS"
	chmod 700 "$SECRETS"
	(
		umask 077
		secret_once token_secret 48
		secret_once server_key 32
		secret_once handover_key 32
		secret_once link_key 32
		secret_once qr_key 32
		secret_once flutterwave_secrets 24
		secret_once s3_access_key 10
		secret_once s3_secret_key 20
		secret_once postgres_postgres 24
		for role in "${POSTGRES_ROLES[@]}"; do
			secret_once "postgres_colis_$role" 24
			postgres_url "$role" >"$SECRETS/postgres_url_$role"
		done
	)
}

# No database at the end: that is the namespace's name.
postgres_url() {
	printf 'postgresql://colis_%s:%s@%s:%s' "$1" "$(cat "$SECRETS/postgres_colis_$1")" "$HOST" "$COLIS_PORT_POSTGRES"
}
