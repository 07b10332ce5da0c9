# shellcheck shell=bash disable=SC2034 # read by whoever sources it
# As whom PostgreSQL runs: it refuses root, so root hands over to the user postgres. Sourced after settings.sh.

POSTGRES_BIN=/usr/lib/postgresql/$POSTGRES_MAJOR/bin
POSTGRES_AS=()

# Not test -x: access(2) judges without the rights given below.
# shellcheck disable=SC2016 # the inner shell's own argument
postgres_user_enters() { "${POSTGRES_AS[@]}" sh -c 'cd "$1"' sh "$VAR/postgres" 2>/dev/null; }

# A checkout under a folder that only root can enter is still served: the server then may pass through
# folders it cannot list (and gains nothing else).
postgres_user_choose() {
	[ "$(id -u)" = 0 ] || return 0
	POSTGRES_AS=(setpriv --reuid=postgres --regid=postgres --init-groups)
	chown postgres:postgres "$VAR/postgres"
	! postgres_user_enters || return 0
	POSTGRES_AS+=(--inh-caps=+dac_read_search --ambient-caps=+dac_read_search)
	postgres_user_enters || fail "the user postgres cannot enter $VAR/postgres: move the checkout out of a private folder"
}
