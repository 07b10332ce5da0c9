/* SPDX-License-Identifier: Apache-2.0
 * Memory only; that a kept state is still true is for load.c to ask. */
#include "consumers/projector/kept.h"

#include <string.h>

/* Of a half. A thousand bookings with all they touch are some twelve megabytes. */
enum { HALF_BYTES = 8 * 1024 * 1024 };

static void half_start(struct kept_half *half)
{
    memory_restart(&half->memory);
    for (int m = 0; m < BATCH_MACHINES; m++)
        batch_index_start(&half->subjects[m]);
    half->count = half->bytes = 0;
}

void kept_done(struct kept *kept)
{
    for (int i = 0; i < 2; i++) {
        memory_done(&kept->halves[i].memory);
        for (int m = 0; m < BATCH_MACHINES; m++)
            free(kept->halves[i].subjects[m].slots);
        free(kept->halves[i].rows);
    }
    memset(kept, 0, sizeof(*kept));
}

void kept_turn(struct kept *kept, uint64_t session)
{
    if (kept->session != session) {
        half_start(&kept->halves[0]);
        half_start(&kept->halves[1]);
    } else if (kept->halves[kept->young].bytes > HALF_BYTES) {
        kept->young = !kept->young;
        half_start(&kept->halves[kept->young]);
    }
    kept->session = session;
}

static struct kept_row *find_in(const struct kept_half *half, size_t machine, const struct id *id)
{
    int at = batch_index_value_of(&half->subjects[machine], id);

    return at >= 0 ? &half->rows[at] : NULL;
}

static struct kept_row *find(const struct kept *kept, size_t machine, const struct id *id)
{
    struct kept_row *row = find_in(&kept->halves[kept->young], machine, id);

    return row ? row : find_in(&kept->halves[!kept->young], machine, id);
}

const struct kept_row *kept_find(const struct kept *kept, size_t machine, const struct id *id)
{
    const struct kept_row *row = find(kept, machine, id);

    return row && row->xmin ? row : NULL;
}

void kept_drop(struct kept *kept, size_t machine, const struct id *id)
{
    struct kept_row *row = find(kept, machine, id);

    if (row)
        row->xmin = 0;
}

static struct kept_row *row_new(struct kept_half *half, size_t machine, const struct domain_head *state)
{
    size_t size = machines[machine]->state->size;
    struct kept_row *row;

    if (half->count == half->capacity) {
        half->capacity = half->capacity ? 2 * half->capacity : 64;
        half->rows = memory_grow(half->rows, half->capacity, sizeof(*half->rows));
    }
    row = &half->rows[half->count];
    row->state = memory_take(&half->memory, size);
    row->state->id = state->id;
    batch_index_add(&half->subjects[machine], &row->state->id, (int)half->count++);
    half->bytes += size;
    return row;
}

void kept_put(struct kept *kept, size_t machine, const struct domain_head *state, int32_t xmin)
{
    struct kept_half *half = &kept->halves[kept->young];
    struct kept_row *row = find_in(half, machine, &state->id);

    if (!row)
        row = row_new(half, machine, state);
    if (row->state != state)
        memcpy(row->state, state, machines[machine]->state->size);
    row->xmin = xmin;
}
