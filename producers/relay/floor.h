/* SPDX-License-Identifier: Apache-2.0
 * The id below which the outbox has nothing left and will have nothing: where the relay's scan begins. Ids
 * are handed out before their rows can be seen, so the highest id seen is not that floor. */
#ifndef COLIS_RELAY_FLOOR_H
#define COLIS_RELAY_FLOOR_H

#include <stdbool.h>
#include <stdint.h>

struct floor {
    int64_t id;      /* every row up to it is settled */
    int64_t highest; /* id seen so far */
    int64_t mark_id,
        mark_xid; /* once every xid below mark_xid has ended, all rows up to mark_id could be seen */
};

/* What one scan saw, with the snapshot it saw it by. */
struct floor_scan {
    int64_t xmin; /* of its snapshot: all xids below it have ended */
    int64_t
        next_xid; /* nobody had this one or a higher when it was taken (its xmax says only who has ended) */
    int64_t last_id; /* the highest id it returned; 0: none */
    bool full;       /* it was cut by its limit: there may be more behind last_id */
};

/* After every row of the scan was settled. */
void floor_move(struct floor *floor, const struct floor_scan *scan);

#endif
