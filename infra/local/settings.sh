# shellcheck shell=bash disable=SC2034 # read by whoever sources it
# Where things are, which ports they use, and that Ctrl-C is heard. Sourced, never run: does nothing else.
# Every port can be overridden (COLIS_PORT_KAFKA=…, or COLIS_PORT_OFFSET=100 for all of them); what a
# checkout was started with is kept in var/ports, so that later commands find the same servers.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
INFRA=$ROOT/infra
VAR=${COLIS_VAR:-$ROOT/var} # elsewhere: servers of a test's own
SECRETS=$VAR/secrets
SERVICE=$VAR/service
LOGS=$VAR/log
VENV=$ROOT/var/venv
JARS=$ROOT/var/jars
S3_SERVER=$ROOT/var/versitygw
S3_REGION=local
# shellcheck source=../versions
. "$INFRA/versions"

# The last comes up by itself when it has been built; nobody waits for it but who needs it.
SERVERS=(kafka postgres mongo smtp flutterwave s3)
# Program and the side of the bus it lives on, in the order they are started.
PROGRAMS=(projector relay history notifier payments query ingress webhooks)
declare -A SIDE=([ingress]=producers [webhooks]=producers [relay]=producers [redrive]=producers
	[projector]=consumers [history]=consumers [notifier]=consumers [payments]=consumers [query]=consumers)
declare -A PORT_DEFAULT=([KAFKA]=19092 [KAFKA_CONTROLLER]=19093 [POSTGRES]=15432 [MONGO]=27117 [SMTP]=8025 [S3]=19000
	[FLUTTERWAVE]=8030 [INGRESS]=8080 [QUERY]=8081 [WEBHOOKS]=8083 [MANAGE_INGRESS]=8090 [MANAGE_RELAY]=8091
	[MANAGE_PROJECTOR]=8092 [MANAGE_HISTORY]=8093 [MANAGE_NOTIFIER]=8094 [MANAGE_QUERY]=8095 [MANAGE_WEBHOOKS]=8096
	[MANAGE_PAYMENTS]=8097)
PORT_NAMES=(KAFKA KAFKA_CONTROLLER POSTGRES MONGO SMTP S3 FLUTTERWAVE INGRESS QUERY WEBHOOKS MANAGE_INGRESS MANAGE_RELAY
	MANAGE_PROJECTOR MANAGE_HISTORY MANAGE_NOTIFIER MANAGE_QUERY MANAGE_WEBHOOKS MANAGE_PAYMENTS)
HOST=127.0.0.1

# Without a trap bash forgets a Ctrl-C that came while a child ended of itself: a loop that waits would wait for ever.
trap 'trap - INT; kill -INT $$' INT

# The environment wins over var/ports, which wins over the defaults.
ports_settle() {
	local name variable
	# shellcheck source=/dev/null
	[ -n "${COLIS_PORT_OFFSET:-}" ] || [ ! -r "$VAR/ports" ] || . "$VAR/ports"
	for name in "${PORT_NAMES[@]}"; do
		variable=COLIS_PORT_$name
		[ -n "${!variable:-}" ] || printf -v "$variable" '%s' $((PORT_DEFAULT[$name] + ${COLIS_PORT_OFFSET:-0}))
	done
}

# A line of var/ports never overrides what the caller has set.
ports_write() {
	local name variable
	for name in "${PORT_NAMES[@]}"; do
		variable=COLIS_PORT_$name
		# shellcheck disable=SC2016 # expanded when the file is read
		printf ': "${%s:=%s}"\n' "$variable" "${!variable}"
	done >"$VAR/ports.new"
	mv "$VAR/ports.new" "$VAR/ports"
}

ports_settle

say() { printf '%s\n' "$*"; }
complain() { printf 'colisbus: %s\n' "$*" >&2; }
fail() {
	complain "$@"
	exit 1
}

port_open() { (exec 3<>"/dev/tcp/$HOST/$1") 2>/dev/null; }

s3_built() { [ "$(cat "$S3_SERVER/installed" 2>/dev/null)" = "$VERSITYGW" ]; }

# Whoever builds it holds the lock.
s3_building() { [ -e "$S3_SERVER/lock" ] && ! flock -n "$S3_SERVER/lock" true; }

# A server of thousands of connections needs more descriptors than a login shell has.
descriptors_many() { ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"; }

program_path() { printf '%s/build/plain/%s/%s/colis-%s' "$ROOT" "${SIDE[$1]}" "$1" "$1"; }

# Prints "what: 12 s" when the command took over two seconds, and a line before it.
timed() {
	local what=$1 from=$SECONDS
	shift
	say "$what …"
	"$@"
	say "$what: $((SECONDS - from)) s"
}
