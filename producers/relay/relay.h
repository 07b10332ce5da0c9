/* SPDX-License-Identifier: Apache-2.0
 * What the relay's files share: one session from taking the lock to losing it, and what the steps of it
 * answer. A session's state is thrown away whole; nothing of it is carried into the next but its patience,
 * and where a topic was seen to be another. */
#ifndef COLIS_RELAY_RELAY_H
#define COLIS_RELAY_RELAY_H

#include "producers/relay/floor.h"
#include "shared/links/kafka_out.h"
#include "shared/links/postgres.h"
#include "shared/run/ahead.h"

/* Every step answers one of these, or a negative failure. */
enum {
    RELAY_OVER = AHEAD_OVER, /* something is gone or unknown: this session ends, the next one finds out */
    RELAY_TORN = AHEAD_TORN, /* topics and outbox contradict each other: publish nothing, stay, say so */
};

struct relay {
    struct postgres *postgres;
    struct kafka_out *facts;    /* under the transactional id */
    struct kafka_out *commands; /* plain idempotent */
    struct ahead_place *places;
    size_t place_count;
    struct floor floor;
    bool unsure;      /* a record in flight is not known to be stored, or not where */
    const char *torn; /* static text, with RELAY_TORN */
    /* A record came to stand before next, as kept until then. What was aborted may have filled the log past
     * it: a sound position again by the log alone. topic NULL: none did. */
    struct ahead_place lost;
    int64_t spoken_ms;   /* when PostgreSQL last heard of us */
    int64_t patience_ms; /* of a wait for Kafka: more after one too short, less once it is quicker */
};

enum {
    RELAY_IDLE_MS = 5000,  /* idle_session_timeout: who is silent for longer has lost the lock */
    RELAY_KAFKA_MS = 4000, /* a wait for Kafka, at first; at the program's end it is all there is */
    RELAY_KAFKA_MOST_MS = 24000,
    RELAY_PULSE_MS = 1000,
    RELAY_COMMIT_MS = RELAY_IDLE_MS - 2 * RELAY_PULSE_MS,
};

#define RELAY_LOST "Kafka lost records: a position is outside its log"

const char *relay_topic(const struct relay *relay, struct span topic); /* as the places have it, or NULL */

/* What a wait answers with while it lasts: beats, and speaks to PostgreSQL often enough to keep the lock.
 * RELAY_OVER once the lock is lost or the program is to end. */
MUST_CHECK int relay_pulse(struct relay *relay);

#endif
