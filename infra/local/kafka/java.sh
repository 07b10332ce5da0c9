# shellcheck shell=bash disable=SC2034 # read by whoever sources it
# How the broker's virtual machine is started, by install (which makes the class archive) and by run.
# Sourced after settings.sh.

KAFKA_ARCHIVE=$JARS/classes.jsa
KAFKA_JAVA=(java -Xms512m -Xmx512m -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:+ExitOnOutOfMemoryError
	-Djava.awt.headless=true "-Dlog4j2.configurationFile=$INFRA/local/kafka/log4j2.properties"
	-Dcom.sun.management.jmxremote=false)

# kafka_properties FOLDER PORT CONTROLLER_PORT: the whole server.properties of a broker that lives there.
kafka_properties() {
	cat "$INFRA/local/kafka/server.properties"
	printf '%s\n' "log.dirs=$1/data" "listeners=PLAINTEXT://$HOST:$2,CONTROLLER://$HOST:$3" \
		"advertised.listeners=PLAINTEXT://$HOST:$2" "controller.quorum.voters=1@$HOST:$3"
}

# Kafka's ids are 16 bytes in URL-safe base64; one that begins with "-" would read as a flag.
kafka_cluster_id() { printf 'c%s' "$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c 2-22)"; }

# Formats the log folder unless it is. A format that was killed half way is done again.
kafka_format() {
	local folder=$1
	[ ! -e "$folder/formatted" ] || return 0
	rm -rf "$folder/data"
	"${KAFKA_JAVA[@]}" -XX:TieredStopAtLevel=1 -Xshare:auto -cp "$JARS/*" kafka.tools.StorageTool format \
		-t "$(kafka_cluster_id)" -c "$folder/server.properties"
	touch "$folder/formatted"
}
