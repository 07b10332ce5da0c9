/* SPDX-License-Identifier: Apache-2.0
 * What the commands of a batch touch: domain_names asked until it names nothing new. */
#include <string.h>

#include "consumers/projector/batch.h"

struct domain_command batch_command(const struct batch *batch, const struct batch_item *item)
{
    return (struct domain_command){.row = item->row,
                                   .id = item->event->id,
                                   .subject = batch->states[item->subject].state->id,
                                   .principal = item->event->principal,
                                   .role = item->event->role,
                                   .now_ms = item->event->stored_ms,
                                   .data = item->data};
}

bool batch_name(struct batch *batch, struct batch_item *item, bool add)
{
    const struct domain_command command = batch_command(batch, item);
    struct domain_world world = {.codes = batch->codes};
    struct domain_name names[DOMAIN_NAMES];
    int known, count = 0;

    for (int slot = 0; slot < SLOT_COUNT; slot++)
        item->slots[slot] = -1;
    do {
        known = count;
        count = domain_names(&command, &world, names, &item->open);
        for (int i = 0; i < count; i++) {
            int at = add ? batch_state_of(batch, names[i].machine, &names[i].id)
                         : batch_index_of(batch, names[i].machine, &names[i].id);

            if (at < 0)
                return false;
            item->slots[names[i].slot] = at;
            world.at[names[i].slot] = batch->states[at].state;
        }
    } while (item->open && count > known);
    return true;
}

struct domain_world batch_world(const struct batch *batch, const struct batch_item *item)
{
    struct domain_world world = {.codes = batch->codes};

    for (int slot = 0; slot < SLOT_COUNT; slot++)
        if (item->slots[slot] >= 0)
            world.at[slot] = batch->states[item->slots[slot]].state;
    return world;
}

bool batch_want(struct batch *batch)
{
    bool any = false;

    for (size_t i = 0; i < batch->count; i++)
        for (int slot = 0; slot < SLOT_COUNT && batch->items[i].open; slot++)
            if (batch->items[i].slots[slot] >= 0)
                batch->states[batch->items[i].slots[slot]].wanted = any = true;
    return any;
}

/* In order: what a command would make is known to those behind it only. */
void batch_foresee(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct batch_item *item = &batch->items[i];
        struct domain_command command;
        struct domain_world world;

        if (item->dead[0])
            continue;
        if (item->open)
            (void)batch_name(batch, item, true);
        command = batch_command(batch, item);
        world = batch_world(batch, item);
        domain_foresee(&command, &world);
    }
    for (size_t i = 0; i < batch->state_count; i++) {
        struct batch_state *state = &batch->states[i];
        struct id id = state->state->id;

        if (state->state->version == 0)
            continue;
        memset(state->state, 0, state->machine->state->size);
        state->state->id = id;
    }
}
