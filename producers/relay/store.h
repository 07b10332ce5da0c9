/* SPDX-License-Identifier: Apache-2.0
 * The relay's side of PostgreSQL: its lock, the outbox, the positions, all on one connection, so that who has
 * lost the lock can no longer read or delete a row. RELAY_OVER where the connection or a statement failed. */
#ifndef COLIS_RELAY_STORE_H
#define COLIS_RELAY_STORE_H

#include "producers/relay/relay.h"

extern const struct setting store_settings[]; /* relay_shard relay_batch relay_poll_ms */
extern int64_t store_shard, store_poll_ms;
extern const struct postgres_statement store_statements[];

struct store_scan {
    struct postgres_rows facts, due;
    int page_count, due_count;
    struct floor_scan seen; /* of the pages */
};
void store_scan_done(struct store_scan *scan);

/* Bounds how long this connection may be silent, then tries for the shard's lock. */
MUST_CHECK int store_lock(struct relay *relay, bool *ret_taken);
/* The cluster these positions mean: kept at first sight, RELAY_TORN where it is another one. */
MUST_CHECK int store_cluster(struct relay *relay, const char *cluster);
MUST_CHECK int store_positions(struct relay *relay); /* fills next of every place */

/* The next pages of facts in order of id, from the floor, and the commands that are due by PostgreSQL's clock
 * and by ours. */
MUST_CHECK int store_read(struct relay *relay, struct store_scan *ret_scan);
/* Each gives the row's id; what it holds is borrowed from the scan. */
int64_t store_page(const struct store_scan *scan, int row, struct span *ret_messages);
int64_t store_due(const struct store_scan *scan, int row, struct span *ret_line, struct span *ret_data);

/* One transaction: deletes these pages and keeps the positions of the places that moved. */
MUST_CHECK int store_settle(struct relay *relay, const struct postgres_array *pages);
/* Deletes these commands, all of that scan. */
MUST_CHECK int store_sent(struct relay *relay, const struct store_scan *scan,
                          const struct postgres_array *ids);
/* As store_settle, for facts found on their topic, named by event. RELAY_TORN, and nothing is changed, where
 * the outbox lacks one of them, or one was found twice: *ret_odd says which. */
MUST_CHECK int store_found(struct relay *relay, const struct id *events, int count, struct id *ret_odd);

MUST_CHECK int store_speak(struct relay *relay); /* the least that keeps the connection */
/* Waits until told of new rows, at most relay_poll_ms. */
MUST_CHECK int store_wait(struct relay *relay);

#endif
