/* SPDX-License-Identifier: Apache-2.0
 * What stands on topics ahead of PostgreSQL. bus.relay_position says how far each topic that only the relay
 * writes is known to be published; what stands past it is a record whose row is still in the outbox, or
 * PostgreSQL has lost time. Here is how such records are read, by whoever asks. */
#ifndef COLIS_RUN_AHEAD_H
#define COLIS_RUN_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schemas/event.h"
#include "shared/base/error.h"
#include "shared/links/postgres.h"

/* A partition that only the relay writes. */
struct ahead_place {
    const char *topic; /* of topic_rows */
    int32_t partition;
    bool for_ever; /* its topic keeps everything */
    int64_t next;  /* known to be published up to here; -1: nothing is known, from the start of the log */
    bool moved, ended;
};

/* All of them, nothing known of any; the caller frees. */
struct ahead_place *ahead_places(size_t *ret_count);
/* NULL where it is none of them. */
struct ahead_place *ahead_find(struct ahead_place *places, size_t count, struct span topic,
                               int32_t partition);
/* What is known of them: rows of topic, partition, next. A row of none of them says nothing. */
void ahead_known(struct ahead_place *places, size_t count, const struct postgres_rows *rows);

enum { AHEAD_OVER = 1, AHEAD_TORN = 2 };

/* Verbs: 0 to go on; anything else ends the reading and is its result. A record is passed before record is
 * called: what the verb keeps of next includes it. */
struct ahead {
    struct ahead_place *places;
    size_t count;
    const char *client;                         /* names the connection */
    int64_t patience_ms;                        /* longest without a record: AHEAD_OVER */
    int (*cluster)(void *self, const char *id); /* before the first record; may be NULL */
    int (*pulse)(void *self);                   /* again and again while it lasts; may be NULL */
    int (*record)(void *self, struct ahead_place *place, const struct event *event);
    int (*gone)(void *self, struct ahead_place *place); /* of a topic kept for ever: next is not in its log */
    void *self;
};

/* Reads every place from next to its end, and leaves next there (moved: it was elsewhere). What a topic that
 * forgets has forgotten is passed over. 0; AHEAD_OVER: Kafka did not answer; a verb's result; negative. */
MUST_CHECK int ahead_read(struct ahead *ahead);

#endif
