/* SPDX-License-Identifier: Apache-2.0
 * The projector's transactions: load.c begins one and reads what a batch names, store.c writes what was
 * decided and commits. A constant number of round trips whatever the batch's size: two, and a third where
 * what a command touches stands in rows it names. */
#ifndef COLIS_PROJECTOR_STORE_H
#define COLIS_PROJECTOR_STORE_H

#include "consumers/projector/batch.h"
#include "consumers/projector/kept.h"
#include "consumers/projector/shapes.h"
#include "shared/run/past.h"
#include "shared/run/reader.h"

struct store {
    struct postgres *link;
    struct shapes *shapes;
    struct postgres_statement *statements; /* those made from the tables of states/ */
    struct kept kept;                      /* what was committed or locked last */
    int32_t transaction;                   /* the open one, as xmin names it */
    int unique_failures;                   /* in a row */
    struct past *past; /* nothing is begun while PostgreSQL has lost time; NULL: not asked */
};

MUST_CHECK int store_new(struct store *store, const char *application, const char *name_space);
void store_done(struct store *store);

/* Connected, and on firm ground: READER_DONE, READER_RETRY. */
MUST_CHECK int store_ready(struct store *store);
/* Where the group's partitions are; rows that are absent are made, holding -1. What is parked there and
 * stands at the position or behind it is of a topic before this one: its offset becomes less than 0. */
MUST_CHECK int store_positions(struct store *store, struct reader_position *positions, size_t count);
/* Remembers the Kafka cluster, or compares: READER_REJECT where it is another one. */
MUST_CHECK int store_cluster(struct store *store, const char *cluster);

/* Peeks where that is needed; BEGIN; locks the positions, reads verdicts, parked keys and states into the
 * batch. READER_MOVED where a position is not where the batch began. parked_too: a released command, which
 * its own parked row must not stop. */
MUST_CHECK int store_load(struct store *store, struct batch *batch, const struct reader_position *positions,
                          size_t count, bool parked_too);
/* What was decided so far and is written once (verdicts, facts, private values, journals) goes ahead of its
 * commit: PostgreSQL writes it while the next are decided. A failure is store_commit's. */
void store_ahead(struct store *store, struct batch *batch);
/* Writes the rest and commits. positions NULL: they stay where they are. remove: a parked row that is done
 * with, or NULL. */
struct store_place {
    int32_t partition;
    int64_t offset;
};
MUST_CHECK int store_commit(struct store *store, struct batch *batch, const struct reader_position *positions,
                            size_t count, const struct store_place *remove);
void store_rollback(struct store *store);
/* Outcome of a link's call in the reader's words, with its reason kept. */
int store_outcome(struct store *store, int outcome);

#endif
