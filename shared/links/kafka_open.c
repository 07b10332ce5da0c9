/* SPDX-License-Identifier: Apache-2.0
 * The ring of open sends. It spans from the oldest open number to the newest, closed ones between them too,
 * and grows by doubling; kafka_out refuses new sends long before an old one makes that span large. */
#include "shared/links/kafka_open.h"

#include "shared/base/cleanup.h"

enum { FIRST_CAPACITY = 256 };

static struct kafka_open_slot *slot_of(const struct kafka_open *open, uint64_t number)
{
    return &open->slots[number & (open->capacity - 1)];
}

static void grow(struct kafka_open *open)
{
    struct kafka_open wider = *open;
    wider.capacity = open->capacity > 0 ? open->capacity * 2 : FIRST_CAPACITY;
    wider.slots = memory_new(wider.capacity, sizeof *wider.slots);
    for (uint64_t number = open->first; number != open->next; number++)
        *slot_of(&wider, number) = *slot_of(open, number);
    free(open->slots);
    *open = wider;
}

uint64_t kafka_open_add(struct kafka_open *open, void *cookie, int64_t now_ms)
{
    if (open->next - open->first == open->capacity)
        grow(open);
    *slot_of(open, open->next) = (struct kafka_open_slot){.cookie = cookie, .sent_ms = now_ms, .open = true};
    open->count++;
    return open->next++;
}

bool kafka_open_take(struct kafka_open *open, uint64_t number, void **ret_cookie)
{
    if (number - open->first >= open->next - open->first || !slot_of(open, number)->open)
        return false;
    *ret_cookie = slot_of(open, number)->cookie;
    slot_of(open, number)->open = false;
    open->count--;
    while (open->first != open->next && !slot_of(open, open->first)->open)
        open->first++;
    return true;
}

bool kafka_open_take_oldest(struct kafka_open *open, void **ret_cookie)
{
    return kafka_open_take(open, open->first, ret_cookie);
}

int64_t kafka_open_oldest_ms(const struct kafka_open *open, int64_t now_ms)
{
    return open->count > 0 ? now_ms - slot_of(open, open->first)->sent_ms : 0;
}

void kafka_open_done(struct kafka_open *open)
{
    free(open->slots);
    *open = (struct kafka_open){0};
}
