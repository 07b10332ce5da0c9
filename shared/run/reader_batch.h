/* SPDX-License-Identifier: Apache-2.0
 * What happens to one batch: begin, handle, commit; split where it fails; reject what fails alone. It knows
 * no Kafka, and no clock but the breaker's and that of its own turn, so tests drive it with a store in
 * memory. Used by reader.c. */
#ifndef COLIS_RUN_READER_BATCH_H
#define COLIS_RUN_READER_BATCH_H

#include "shared/run/reader.h"

enum { READER_ROW_MOST = 100 };

/* Rejects in this minute, and those of different keys in a row, no event stored between them: where little
 * comes, one after the other would be rejected and no minute would see many. */
struct reader_breaker {
    int64_t limit, began_ms, count;
    int64_t row_limit, row_count; /* row_limit 0: as many as there are; READER_ROW_MOST at most */
    char keys[READER_ROW_MOST][sizeof(((struct event *)0)->key)];
};

struct reader_batch {
    const struct reader_verbs *verbs;
    void *self;
    struct event *events;
    size_t count, done;                /* events before done are finished for good */
    size_t at;                         /* the event that said STOP or SPLIT */
    bool stores;                       /* the transaction in hand: an event of it was DONE, not SKIP */
    struct reader_position *positions; /* only what moves; from follows what the store holds */
    size_t position_count;
    bool one_by_one;
    int retries; /* of the batch as a whole: the third has it go one by one */
    struct reader_breaker *breaker;
    /* STOP: once a partition */
    int (*stop)(void *owner, const struct event *event, const char *reason);
    void *owner;
};

/* DONE: every position was stored. RETRY: run it again later, it goes on where it was; also where the program
 * is told to end between two transactions. SPLIT: two seconds went by one by one; poll, and run it again.
 * MOVED: drop it, ask for the positions. FAILED: the breaker is open. Negative: fatal. */
MUST_CHECK int reader_batch_run(struct reader_batch *batch);

#endif
