/* SPDX-License-Identifier: Apache-2.0
 * PostgreSQL of the reading half. Calls answer READER_DONE, READER_MOVED, READER_RETRY, READER_FAILED (and
 * READER_REJECT for a cluster that is another), or a negative failure; the reason goes to reader_because. */
#ifndef COLIS_NOTIFIER_INTAKE_STORE_H
#define COLIS_NOTIFIER_INTAKE_STORE_H

#include "consumers/notifier/parties.h"
#include "consumers/notifier/seekers.h"
#include "shared/run/position_store.h"

enum { INTAKE_COLUMNS = 11 };

struct intake_store {
    struct postgres *postgres;
    struct position_store places;
    struct past past;
    struct postgres_array columns[INTAKE_COLUMNS]; /* of the notifications of this batch */
    struct postgres_array woken;                   /* persons */
    struct parties_list parties;                   /* of the facts of this batch */
    struct seekers seekers;                        /* of its trips */
};

struct intake_row {
    const struct id *id, *person;
    const struct notice_row *notice;
    const struct event *event;
};

MUST_CHECK int intake_store_new(struct intake_store *store);
void intake_store_done(struct intake_store *store);
/* A new batch: nothing is told, nobody asked for. */
void intake_store_start(struct intake_store *store);
/* Opens the transaction, holds the positions and loads parties and seekers asked for; READER_MOVED where a
 * position is not as the reader thinks. */
MUST_CHECK int intake_store_begin(struct intake_store *store, const struct reader_position *positions,
                                  size_t count);
void intake_store_add(struct intake_store *store, const struct intake_row *row);
void intake_store_wake(struct intake_store *store, const struct id *person);
MUST_CHECK int intake_store_commit(struct intake_store *store, const struct reader_position *positions,
                                   size_t count);
void intake_store_rollback(struct intake_store *store);

#endif
