# shellcheck shell=bash disable=SC2034 # read by whoever sources it
# As whom PostgreSQL runs: it refuses root, so root hands over to the user postgres. Sourced after settings.sh.

POSTGRES_BIN=/usr/lib/postgresql/$POSTGRES_MAJOR/bin
POSTGRES_AS=()

# A checkout under a folder that only root can enter is still served: the server then may pass through
# folders it cannot list (and gains nothing else).
postgres_user_choose() {
	[ "$(id -u)" = 0 ] || return 0
	POSTGRES_AS=(setpriv --reuid=postgres --regid=postgres --init-groups)
	chown postgres:postgres "$VAR/postgres"
	! "${POSTGRES_AS[@]}" test -x "$VAR/postgres" || return 0
	POSTGRES_AS+=(--inh-caps=+dac_read_search --ambient-caps=+dac_read_search)
	"${POSTGRES_AS[@]}" test -x "$VAR/postgres" || fail "the user postgres cannot enter $VAR/postgres: move the checkout out of a private folder"
}
