/* SPDX-License-Identifier: Apache-2.0
 * Who has to do with what a batch of facts is about, read in one round trip: the projector commits a row
 * before the relay publishes its fact, so the row is there. */
#ifndef COLIS_NOTIFIER_PARTIES_H
#define COLIS_NOTIFIER_PARTIES_H

#include "consumers/notifier/notice.h"
#include "shared/run/position_store.h"

extern const struct postgres_statement parties_statements[];

struct parties_row {
    struct id fact;
    struct parties parties;
};
struct parties_list {
    struct parties_row *rows; /* in the order of the facts */
    size_t count, capacity;
    size_t next; /* the one asked for last is before it */
    struct postgres_array kinds, subjects, numbers;
};
void parties_start(struct parties_list *list); /* of a new batch */
void parties_done(struct parties_list *list);
/* number: notice_number of the fact. */
void parties_ask(struct parties_list *list, const struct event *fact, int64_t number);
/* Inside the batch's transaction; answers as position_store_sync. Nothing asked: no round trip. */
MUST_CHECK int parties_load(struct parties_list *list, const struct position_store *store);
/* Facts in the order they were asked; NULL where this one was not. */
const struct parties *parties_of(struct parties_list *list, const struct id *fact);

#endif
