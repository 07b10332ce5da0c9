/* SPDX-License-Identifier: Apache-2.0
 * Released and discarded commands: drained by whoever owns their partition, oldest first and before newer
 * ones of their key (which keep joining the parked ones until the key is empty). */
#ifndef COLIS_PROJECTOR_PARKED_H
#define COLIS_PROJECTOR_PARKED_H

#include "consumers/projector/store.h"

struct parked {
    struct store *store;
    struct batch *batch;           /* shared with the reader's batches: never at the same time */
    struct reader_position *owned; /* our partitions and where they are in the store */
    size_t owned_count;
};

extern const struct postgres_statement parked_statements[];

/* The columns that make the event it was when it was read. */
#define PARKED_ROW "partition, \"offset\", key, action, headers, value, at"
/* It borrows from rows. */
void parked_event(const struct postgres_rows *rows, int row, struct event *event);

/* Drains the marked keys of our partitions, for some 100 ms a call, and ends with the program. READER_DONE,
 * or READER_RETRY where the store is away, or a partition was left for the next call: the others go on. */
MUST_CHECK int parked_drain(struct parked *parked);

#endif
