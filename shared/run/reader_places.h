/* SPDX-License-Identifier: Apache-2.0
 * The partitions a reader was given and where it stands in each: what its store holds, and how far it has
 * read. Used by reader.c, called from inside its polls. */
#ifndef COLIS_RUN_READER_PLACES_H
#define COLIS_RUN_READER_PLACES_H

#include "shared/links/kafka_in.h"
#include "shared/run/reader.h"

struct reader_place {
    struct reader_position at; /* from: what the store holds; next: read up to here */
    bool stopped;
};

struct reader_places {
    const struct reader *reader;
    struct kafka_in *in;
    struct reader_place *rows;
    size_t count;
    bool assigned;      /* once at least */
    bool unplaced;      /* the store has not said yet where to begin: all are held */
    bool taken;         /* some went since the flag was lowered */
    bool wrong_cluster; /* all are held */
    int64_t taken_ms;   /* steady clock: when ours went; 0: some were given since, be it none at all */
    int64_t kept_ms;    /* steady clock: when old records were last deleted */
    int64_t newest_ms;  /* broker's clock: the newest record read so far; 0: none */
};

/* For struct kafka_in_config, self being the places. */
MUST_CHECK int reader_places_given(void *self, struct kafka_in_place *places, size_t count);
void reader_places_taken(void *self, const struct kafka_in_place *places, size_t count);

struct reader_place *reader_places_find(struct reader_places *places, const char *topic, int32_t partition);
int64_t reader_places_stopped(const struct reader_places *places); /* how many */
/* Nothing more is read there, the others go on. */
MUST_CHECK int reader_places_stop(struct reader_places *places, struct reader_place *place);
/* KAFKA_LOST: stops the place, and says how many records are missing. */
MUST_CHECK int reader_places_lost(struct reader_places *places, const struct kafka_in_place *lost);
/* Asks the store again and reads from where it says. READER_DONE, READER_RETRY. */
MUST_CHECK int reader_places_settle(struct reader_places *places);
void reader_places_done(struct reader_places *places);

#endif
