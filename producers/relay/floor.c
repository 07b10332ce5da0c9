/* SPDX-License-Identifier: Apache-2.0
 * A row takes its xid before its id (schemas/sql, bus.outbox). So when a scan has seen id n, whoever holds a
 * smaller id had an xid below that scan's next; and once a later scan's xmin has reached it, they have all
 * ended and that later scan saw what they left. Values only: no I/O. */
#include "producers/relay/floor.h"

void floor_move(struct floor *floor, const struct floor_scan *scan)
{
    if (scan->last_id > floor->highest)
        floor->highest = scan->last_id;
    if (floor->mark_id > floor->id && scan->xmin >= floor->mark_xid) {
        bool cut = scan->full && scan->last_id < floor->mark_id;
        floor->id = cut ? scan->last_id : floor->mark_id;
    }
    if (floor->mark_id <= floor->id && floor->highest > floor->id) {
        floor->mark_id = floor->highest;
        floor->mark_xid = scan->next_xid;
    }
}
