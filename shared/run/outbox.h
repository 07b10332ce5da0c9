/* SPDX-License-Identifier: Apache-2.0
 * The outbox: rows written in the transaction that changes the state, published by the relay, which alone
 * writes the fact topics. Facts and notices stand many to a row, a page each (schemas/sql, bus.outbox_page);
 * commands, which may wait for their time, a row each. Gathered in memory, inserted by a statement each. */
#ifndef COLIS_RUN_OUTBOX_H
#define COLIS_RUN_OUTBOX_H

#include "schemas/event.h"
#include "shared/links/postgres.h"

enum { OUTBOX_COLUMNS = 6 };

struct outbox {
    struct postgres_array pages;
    struct postgres_array columns[OUTBOX_COLUMNS]; /* of commands: key aggregate event headers value due */
    struct buf page, line;                         /* the one being filled; scratch */
    int facts;                                     /* notices too */
};

extern const struct postgres_statement outbox_statements[];

void outbox_start(struct outbox *outbox); /* empties; also before the first use */
void outbox_done(struct outbox *outbox);
/* topic without the namespace. The data is of the codec: without a tab or a newline. */
void outbox_add_fact(struct outbox *outbox, const char *topic, const struct event *event);
/* aggregate: the event's subject. due_ms 0: at once. */
void outbox_add_command(struct outbox *outbox, const struct event *event, int64_t due_ms);
int outbox_count(const struct outbox *outbox); /* of messages */
/* Queues the inserts and the hint to the relay into the open segment; nothing where nothing was added. */
void outbox_send(struct outbox *outbox, struct postgres *link);

enum { OUTBOX_END = 1, OUTBOX_MALFORMED = 2 };
/* The next message of *page, which then begins behind it; topic and data are borrowed from it. MALFORMED: the
 * event's reason says why. */
MUST_CHECK int outbox_next(struct span *page, struct span *ret_topic, struct event *ret_event);

#endif
