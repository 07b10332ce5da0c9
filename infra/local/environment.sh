# shellcheck shell=bash
# What the programs and whoever connects are told: addresses, files of secrets. Sourced after settings.sh
# and secrets.sh.

MONGO_URL="mongodb://$HOST:$COLIS_PORT_MONGO/?directConnection=true&w=majority&journal=true"
INGRESS_URL=http://$HOST:$COLIS_PORT_INGRESS
QUERY_URL=http://$HOST:$COLIS_PORT_QUERY
WEBHOOKS_URL=http://$HOST:$COLIS_PORT_WEBHOOKS
S3_URL=http://$HOST:$COLIS_PORT_S3
TOKEN_ISSUER=http://127.0.0.1/auth/v1

# The settings of one program, one NAME=value a line.
program_settings() {
	local program=$1 port=COLIS_PORT_MANAGE_${1^^}
	printf '%s\n' COLIS_NAMESPACE=colis "COLIS_KAFKA_BROKERS=$HOST:$COLIS_PORT_KAFKA" \
		"COLIS_MANAGEMENT_HOST=$HOST" "COLIS_MANAGEMENT_PORT=${!port:-0}" "COLIS_INSTANCE=$program-1"
	case $program in
	ingress) program_settings_http "$program"; say "COLIS_QUERY_URL=$QUERY_URL" ;;
	query) program_settings_http "$program" ;;
	webhooks) printf '%s\n' "COLIS_LISTEN_HOST=$HOST" "COLIS_LISTEN_PORT=$COLIS_PORT_WEBHOOKS" ;;
	history | redrive) ;;
	payments) say "COLIS_FLUTTERWAVE_URL=http://$HOST:$COLIS_PORT_FLUTTERWAVE"; say COLIS_FLUTTERWAVE_SECRET=FLWSECK-local; say "COLIS_FLUTTERWAVE_REDIRECT_URL=$INGRESS_URL/paid" ;;
	notifier) say "COLIS_SMTP_URL=smtp://$HOST:$COLIS_PORT_SMTP"; say "COLIS_MAIL_FROM=colis@example.org" ;;
	esac
	case $program in history | query) say "COLIS_MONGO_URL=$MONGO_URL" ;; esac
	[ "$program" != query ] || program_settings_s3
	program_settings_keys "$program"
	case $program in ingress | webhooks | history) ;; *) say "COLIS_POSTGRES_URL_FILE=$SECRETS/postgres_url_$program" ;; esac
}

program_settings_http() {
	local port=COLIS_PORT_${1^^}
	printf '%s\n' "COLIS_LISTEN_HOST=$HOST" "COLIS_LISTEN_PORT=${!port}" \
		"COLIS_TOKEN_SECRET_FILE=$SECRETS/token_secret" "COLIS_TOKEN_ISSUER=$TOKEN_ISSUER" COLIS_TOKEN_AUDIENCE=authenticated \
		"COLIS_SERVER_KEY_FILE=$SECRETS/server_key"
}

# Who makes or checks handover codes, recipients' links, QR codes, webhooks.
program_settings_keys() {
	local key keys=()
	case $1 in
	ingress) keys=(link_key) ;;
	projector) keys=(handover_key) ;;
	notifier) keys=(handover_key link_key) ;;
	query) keys=(handover_key link_key qr_key) ;;
	webhooks) keys=(flutterwave_secrets) ;;
	esac
	for key in "${keys[@]}"; do
		say "COLIS_${key^^}_FILE=$SECRETS/$key"
	done
}

program_settings_s3() {
	printf '%s\n' "COLIS_S3_URL=$S3_URL" "COLIS_S3_REGION=$S3_REGION" \
		"COLIS_S3_ACCESS_KEY_FILE=$SECRETS/s3_access_key" "COLIS_S3_SECRET_KEY_FILE=$SECRETS/s3_secret_key"
}

# One file a variable, as chpst -e reads them. A folder that stays the same keeps its time.
environment_write() {
	local program line
	for program in "${PROGRAMS[@]}" redrive; do
		rm -rf "$VAR/env/$program.new"
		mkdir -p "$VAR/env/$program.new"
		while IFS= read -r line; do
			printf '%s\n' "${line#*=}" >"$VAR/env/$program.new/${line%%=*}"
		done < <(program_settings "$program")
		if diff -rq "$VAR/env/$program" "$VAR/env/$program.new" >/dev/null 2>&1; then
			rm -rf "$VAR/env/$program.new"
			continue
		fi
		rm -rf "${VAR:?}/env/$program"
		mv "$VAR/env/$program.new" "$VAR/env/$program"
	done
}

# Shell assignments for whoever wants to connect.
environment_print() {
	printf "%s='%s'\n" COLIS_INGRESS_URL "$INGRESS_URL" COLIS_QUERY_URL "$QUERY_URL" COLIS_WEBHOOKS_URL "$WEBHOOKS_URL" \
		COLIS_KAFKA_BROKERS "$HOST:$COLIS_PORT_KAFKA" COLIS_POSTGRES_URL "$(postgres_url owner)" \
		COLIS_MONGO_URL "$MONGO_URL" COLIS_SMTP_URL "smtp://$HOST:$COLIS_PORT_SMTP" COLIS_MAILDIR "$VAR/mail" \
		COLIS_TOKEN_SECRET_FILE "$SECRETS/token_secret" COLIS_TOKEN_ISSUER "$TOKEN_ISSUER" \
		COLIS_SERVER_KEY_FILE "$SECRETS/server_key" COLIS_SECRETS "$SECRETS" \
		COLIS_FLUTTERWAVE_SECRETS_FILE "$SECRETS/flutterwave_secrets" \
		COLIS_FLUTTERWAVE_URL "http://$HOST:$COLIS_PORT_FLUTTERWAVE" \
		COLIS_S3_URL "$S3_URL" COLIS_S3_REGION "$S3_REGION" COLIS_S3_BUCKET colis-photos \
		COLIS_S3_ACCESS_KEY_FILE "$SECRETS/s3_access_key" COLIS_S3_SECRET_KEY_FILE "$SECRETS/s3_secret_key"
}
