/* SPDX-License-Identifier: Apache-2.0
 * colis-relay: takes facts from the outbox to their topics, each once, and due commands to topic commands.
 *
 * It alone writes the fact topics. One relay is active a shard, by an advisory lock; others stand by. Facts
 * go out in a Kafka transaction whose transactional id serves as a fence only; then one PostgreSQL
 * transaction deletes their rows and moves relay_position. Whatever is gone or unknown ends the session, and
 * the next one takes lock and fence, reads each topic from its position to its end, deletes the rows it finds
 * there, and goes on:
 *
 *     lock (store.c) -> fence (publish.c) -> reread (reread.c) -> [ rows -> records -> settled ]* (session.c)
 *
 * It never decides, never changes a fact, never goes round one it cannot publish. Where topics and outbox
 * contradict each other (PostgreSQL or Kafka lost time) it publishes nothing, stays, not ready, and says so.
 */
#include <poll.h>
#include <string.h>

#include "producers/relay/session.h"
#include "producers/relay/store.h"
#include "shared/base/cleanup.h"
#include "shared/base/clock.h"
#include "shared/base/crypto.h"
#include "shared/base/log.h"
#include "shared/run/service.h"

enum { PAUSE_MIN_MS = 50, PAUSE_MAX_MS = 2000, TORN_MS = 5000, TOPICS = 32, CHECK_MS = 5000 };

const char *relay_topic(const struct relay *relay, struct span topic)
{
    for (size_t at = 0; at < relay->place_count; at++) {
        if (span_is(topic, relay->places[at].topic))
            return relay->places[at].topic;
    }
    return NULL;
}

/* Waits, but not beyond the program's end. */
static void wait_ms(int64_t ms)
{
    struct pollfd stop = {.fd = service_stop_descriptor(), .events = POLLIN};
    for (int64_t until = clock_steady_ms() + ms, left = ms; left > 0 && !service_stopping();
         left = until - clock_steady_ms()) {
        service_beat();
        (void)poll(&stop, 1, left < 1000 ? (int)left : 1000);
    }
}

/* Half of it at least, the rest by chance: relays that fell together do not come back together. */
static void wait_about(int64_t ms)
{
    uint16_t chance;
    crypto_random(&chance, sizeof chance);
    wait_ms(ms / 2 + (ms / 2) * chance / UINT16_MAX);
}

/* Sees to it that the topics are as they must be; waits for Kafka as long as it takes. */
static int check_topics(const struct relay *relay)
{
    const char *topics[TOPICS] = {"commands"};
    for (size_t at = 0, count = 1; at < relay->place_count && count < TOPICS - 1; at++) {
        if (relay->places[at].partition == 0)
            topics[count++] = relay->places[at].topic;
    }
    int result = KAFKA_AWAY;
    while (result == KAFKA_AWAY && !service_stopping()) {
        service_beat();
        service_ready(false, "Kafka is away");
        result = kafka_check_topics(service_values.name_space, topics, CHECK_MS);
        if (result == KAFKA_AWAY)
            wait_about(PAUSE_MAX_MS);
    }
    return result > 0 ? 0 : error_forward(result);
}

/* Sessions one after the other; the pause grows while none of them gets to work. */
static int sessions(struct relay *relay)
{
    int64_t pause = PAUSE_MIN_MS;
    while (!service_stopping()) {
        int64_t from = clock_steady_ms();
        relay->torn = NULL;
        int result = session_run(relay);
        if (result < 0)
            return error_forward(result);
        if (service_stopping())
            break;
        if (result == RELAY_TORN) {
            log_with(LOG_LEVEL_ERROR, "publishes nothing", .err = relay->torn);
            service_ready(false, relay->torn);
            wait_about(TORN_MS);
            continue;
        }
        if (clock_steady_ms() - from > 2 * PAUSE_MAX_MS)
            pause = PAUSE_MIN_MS;
        wait_about(pause);
        pause = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
    }
    return 0;
}

static int run(void *self)
{
    struct relay *relay = self;
    session_metrics();
    relay->places = ahead_places(&relay->place_count);
    relay->patience_ms = RELAY_KAFKA_MS;
    TRY(postgres_new("colis-relay", service_values.name_space, &relay->postgres));
    postgres_statements(relay->postgres, store_statements);
    postgres_listen(relay->postgres, "outbox", NULL, NULL);
    int result = check_topics(relay);
    if (result == 0)
        result = sessions(relay);
    postgres_free(relay->postgres);
    free(relay->places);
    return error_forward(result);
}

int main(int argc, char **argv)
{
    static struct relay relay;
    static const struct setting *const tables[] = {store_settings, postgres_settings, kafka_settings,
                                                   kafka_out_settings, NULL};
    static const struct service service = {
        .name = "relay",
        .purpose = "Publishes facts from the outbox to their topics, each once.",
        .settings = tables,
        .run = run,
        .self = &relay,
    };
    return service_main(&service, argc, argv);
}
