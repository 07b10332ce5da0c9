/* SPDX-License-Identifier: Apache-2.0
 * The outbox: rows written in the transaction that changes the state, published by the relay, which alone
 * writes the fact topics. Rows are gathered in memory and inserted by one statement. */
#ifndef COLIS_RUN_OUTBOX_H
#define COLIS_RUN_OUTBOX_H

#include "schemas/event.h"
#include "shared/links/postgres.h"

enum { OUTBOX_COLUMNS = 8 };

struct outbox {
    struct postgres_array columns[OUTBOX_COLUMNS];
    struct buf headers;
};

extern const struct postgres_statement outbox_statements[];

void outbox_start(struct outbox *outbox); /* empties; also before the first use */
void outbox_done(struct outbox *outbox);
/* topic without the namespace; aggregate and version from the event's subject and sequence; due_ms 0: at
 * once. */
void outbox_add(struct outbox *outbox, const char *topic, const struct event *event, int64_t due_ms);
int outbox_count(const struct outbox *outbox);
/* Queues the insert and the hint to the relay into the open segment; nothing where there is no row. */
void outbox_send(struct outbox *outbox, struct postgres *link);

#endif
