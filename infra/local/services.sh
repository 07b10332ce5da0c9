# shellcheck shell=bash
# Service directories and the runit that keeps them up: our own runsvdir on var/service, never the
# system's. Sourced after settings.sh. A service carries a file `down`: it starts when we say so.

export SVDIR=$SERVICE
READY_SECONDS=${COLIS_READY_SECONDS:-120}

# services_lay NAME…: a directory each, links to what infra/local holds.
services_lay() {
	local name from part
	for name in "$@"; do
		from=$INFRA/local/$name
		[ -d "$from" ] || from=$INFRA/local/program
		mkdir -p "$SERVICE/.$name.new/log"
		for part in "$from"/*; do
			[ "${part##*/}" = log ] || ln -sfn "$part" "$SERVICE/.$name.new/${part##*/}"
		done
		ln -sfn "$INFRA/local/log/run" "$SERVICE/.$name.new/log/run"
		touch "$SERVICE/.$name.new/down"
		service_place "$name"
	done
}

# A directory appears whole, or runsv would start one half made. One that is there keeps its supervisor.
service_place() {
	if [ -d "$SERVICE/$1" ]; then
		cp -Pfr "$SERVICE/.$1.new/." "$SERVICE/$1/"
		rm -rf "$SERVICE/.$1.new"
	else
		mv "$SERVICE/.$1.new" "$SERVICE/$1"
	fi
}

supervisor_pid() {
	local pid
	pid=$(cat "$VAR/runsvdir.pid" 2>/dev/null) || return 1
	tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "runsvdir -P $SERVICE " || return 1
	say "$pid"
}

# Our runsvdir, or, where that was killed, the supervisors it left.
supervised() { supervisor_pid >/dev/null || sv status "${SERVERS[0]}" >/dev/null 2>&1; }

supervisor_start() {
	! supervisor_pid >/dev/null || return 0
	# No terminal, no open lock, no variables of ours: it outlives who started it, and ports are read from var/ports.
	setsid env -i PATH="$PATH" HOME="$HOME" LC_ALL=C.UTF-8 COLIS_VAR="$VAR" runsvdir -P "$SERVICE" </dev/null >>"$LOGS/runsvdir.log" 2>&1 8>&- 9>&- &
	printf '%s\n' "$!" >"$VAR/runsvdir.pid"
	disown "$!"
}

# Waits until runsvdir has taken up a directory (it looks every five seconds).
service_supervised() {
	local end=$((SECONDS + 12))
	until sv status "$1" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || fail "$1: runit does not take up var/service/$1 (see var/log/runsvdir.log)"
		sleep 0.1
	done
}

service_is_up() { [[ $(sv status "$1" 2>/dev/null) == run:* ]]; }

# The ports a service listens on, by name.
service_ports() {
	case $1 in
	kafka) say COLIS_PORT_KAFKA COLIS_PORT_KAFKA_CONTROLLER ;;
	ingress | query | webhooks) say "COLIS_PORT_${1^^} COLIS_PORT_MANAGE_${1^^}" ;;
	postgres | mongo | smtp | flutterwave | s3) say "COLIS_PORT_${1^^}" ;;
	*) say "COLIS_PORT_MANAGE_${1^^}" ;;
	esac
}

# Before anything is laid down or started: nothing is left half up by a neighbour's port.
services_ports_free() {
	local name
	for name in "$@"; do
		service_is_up "$name" || service_ports_free "$name"
	done
}

# Somebody else on one of its ports is said at once, not after a minute of restarts.
service_ports_free() {
	local name
	for name in $(service_ports "$1"); do
		! port_open "${!name}" ||
			fail "$1: port ${!name} is in use by somebody else (set $name or COLIS_PORT_OFFSET)"
	done
}

service_start() {
	service_supervised "$1"
	service_is_up "$1" || { service_ports_free "$1"; sv up "$1" >/dev/null; }
}

service_ready() {
	case " ${SERVERS[*]} " in
	*" $1 "*) "$INFRA/local/$1/ready" >/dev/null 2>&1 ;;
	*) "$INFRA/local/program/ready" "$1" >/dev/null 2>&1 ;;
	esac
}

# The last line of its log that says something: no line of a stack trace.
service_last_line() { tail -n 60 "$LOGS/$1/current" 2>/dev/null | grep -v $'\tat ' | tail -n 1 | cut -c 1-300; }

service_fail() { fail "$1 $2: infra/run logs $1; its last line: $(service_last_line "$1")"; }

# Waits with a deadline; progress every few seconds. One that dies again and again is given up sooner.
service_wait() {
	local name=$1 from=$SECONDS next=$((SECONDS + 3)) pid last='' lives=0
	until service_ready "$name"; do
		[ $((SECONDS - from)) -lt "$READY_SECONDS" ] || service_fail "$name" "is not ready after $READY_SECONDS s"
		pid=$(cat "$SERVICE/$name/supervise/pid" 2>/dev/null || true)
		[ -z "$pid" ] || [ "$pid" = "$last" ] || { last=$pid; lives=$((lives + 1)); }
		[ $lives -lt 8 ] || service_fail "$name" "ends as soon as it is started"
		[ $SECONDS -lt $next ] || { say "  $name: not ready yet, $((SECONDS - from)) s"; next=$((SECONDS + 5)); }
		sleep 0.1
	done
}

# Ends a service within its deadline, by force after that.
service_stop() {
	[ -d "$SERVICE/$1/supervise" ] || return 0
	sv -w "${2:-20}" force-stop "$1" >/dev/null 2>&1 || true
}

supervisor_stop() {
	local pid
	if pid=$(supervisor_pid); then
		kill -HUP "$pid"
		for _ in $(seq 100); do
			[ -d "/proc/$pid" ] || break
			sleep 0.1
		done
	fi
	sv exit "${SERVERS[@]}" "${PROGRAMS[@]}" >/dev/null 2>&1 || true
	rm -f "$VAR/runsvdir.pid"
}
