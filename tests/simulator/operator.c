/* SPDX-License-Identifier: Apache-2.0
 * The operator, as colis-redrive does it: marks the oldest parked command of a key, and whatever nobody can
 * read. One that waits behind a transaction is tried again later. */
#include "tests/simulator/story.h"

enum { P_PARTITION, P_OFFSET, P_ID, P_AT, P_KEY, P_HEADERS, P_VALUE, P_REASON, P_KIND, P_ACTION };
enum { LOOKS_EVERY = 24 };

static bool older(const struct row *row, const struct row *other)
{
    return cell_same(row->stored[P_KEY], other->stored[P_KEY]) && cell_is(other->stored[P_KIND], "parked") &&
           cell_integer(other->stored[P_OFFSET]) < cell_integer(row->stored[P_OFFSET]);
}

static bool to_mark(const struct table *parked, const struct row *row)
{
    if (!row->stored || row->holder || row->stored[P_ACTION].size >= 0)
        return false;
    for (int i = 0; i < parked->row_count && cell_is(row->stored[P_KIND], "parked"); i++)
        if (parked->rows[i]->stored && older(row, parked->rows[i]))
            return false;
    return true;
}

static struct row *next_to_mark(void)
{
    static const struct table *parked;

    if (!parked)
        parked = table_named("bus.parked");
    for (int i = 0; i < parked->row_count; i++)
        if (to_mark(parked, parked->rows[i]))
            return parked->rows[i];
    return NULL;
}

bool operator_ready(void)
{
    return (schedule.calm || chance_one_in(&schedule.order, LOOKS_EVERY)) && next_to_mark();
}

/* Its transaction is over at once: the row was nobody's. */
void operator_turn(void)
{
    struct row *row = next_to_mark();
    bool dead = cell_is(row->stored[P_KIND], "dead");
    bool discard = chance_one_in(&schedule.story, dead ? 2 : 6) || (dead && schedule.calm);
    struct cell *cells;

    cells = schedule_take((size_t)row->table->column_count * sizeof(*cells));
    for (int i = 0; i < row->table->column_count; i++)
        cells[i] = row->stored[i];
    cells[P_ACTION] = discard ? cell_copy("discard", 7) : cell_copy("release", 7);
    row->stored = cells;
    tell("operator: %s partition %d offset %d", discard ? "discards" : "releases",
         (int)cell_integer(cells[P_PARTITION]), (int)cell_integer(cells[P_OFFSET]));
}
