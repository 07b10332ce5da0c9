/* SPDX-License-Identifier: Apache-2.0
 * The positions of a reader that stores in PostgreSQL: rows of bus.position and bus.cluster, held for update
 * from the beginning of a batch to its commit. Calls answer enum reader_outcome, or a negative failure; the
 * reason goes to reader_because. */
#ifndef COLIS_RUN_POSITION_STORE_H
#define COLIS_RUN_POSITION_STORE_H

#include "shared/links/postgres.h"
#include "shared/run/past.h"
#include "shared/run/reader.h"

struct position_store {
    struct postgres *postgres; /* borrowed; position_store_statements are given to it */
    const char *reader;        /* "notifier" */
    struct past *past;         /* of that link, past_statements given: nothing is begun while time is lost */
};
extern const struct postgres_statement position_store_statements[];

/* A link's outcome in the reader's words. */
int position_store_outcome(const struct position_store *store, int outcome);
/* Ends the open segment. */
MUST_CHECK int position_store_sync(const struct position_store *store);

/* Connected, and PostgreSQL has not lost time; READER_RETRY. */
MUST_CHECK int position_store_ready(const struct position_store *store);
/* READER_REJECT where the positions mean another Kafka cluster. */
MUST_CHECK int position_store_cluster(const struct position_store *store, const char *cluster);
/* Fills next of each; rows that are absent are made, holding -1. */
MUST_CHECK int position_store_read(const struct position_store *store, struct reader_position *positions,
                                   size_t count);
/* Opens the transaction and holds the positions; READER_MOVED where one is not as the reader thinks. */
MUST_CHECK int position_store_begin(const struct position_store *store,
                                    const struct reader_position *positions, size_t count);
/* Moves the positions and commits, with whatever else stands in the open segment. */
MUST_CHECK int position_store_commit(const struct position_store *store,
                                     const struct reader_position *positions, size_t count);
/* Where it does not get through the connection is gone, and the transaction with it. */
void position_store_rollback(const struct position_store *store);

#endif
