/* SPDX-License-Identifier: Apache-2.0
 * Token buckets in sets of 8 slots. A principal's set is chosen by a keyed hash; a newcomer takes the slot
 * that was used longest ago, whose owner then begins with a full bucket again. It never grows. */
#include "shared/http/bucket.h"

#include "shared/base/cleanup.h"
#include "shared/base/crypto.h"

enum { SET = 8 };

struct bucket {
    uint64_t name[2]; /* of the principal; zero: empty */
    double tokens;
    int64_t at_ms;
};

struct bucket_table {
    struct bucket *slots;
    size_t sets; /* a power of two */
    double rate, burst;
    uint64_t seed[2];
};

struct bucket_table *bucket_table_new(size_t slots, double rate, double burst)
{
    struct bucket_table *table = memory_new(1, sizeof(*table));
    table->sets = 1;
    while (table->sets * SET < slots)
        table->sets *= 2;
    table->slots = memory_new(table->sets * SET, sizeof(*table->slots));
    table->rate = rate;
    table->burst = burst;
    crypto_random(table->seed, sizeof(table->seed));
    return table;
}

void bucket_table_free(struct bucket_table *table)
{
    if (!table)
        return;
    free(table->slots);
    free(table);
}

/* 128 bits of a keyed hash stand for the principal: its text is not kept. */
static void name_of(const struct bucket_table *table, struct span principal, uint64_t ret_name[2])
{
    uint64_t a = table->seed[0], b = table->seed[1];
    for (size_t i = 0; i < principal.size; i++) {
        a = (a ^ (uint8_t)principal.data[i]) * UINT64_C(0x9e3779b97f4a7c15);
        b = (b + (uint8_t)principal.data[i]) * UINT64_C(0xd6e8feb86659fd93);
        a ^= a >> 29;
        b ^= b >> 32;
    }
    ret_name[0] = a;
    ret_name[1] = b | 1; /* never empty */
}

static bool bucket_is(const struct bucket *slot, const uint64_t name[2])
{
    return slot->name[0] == name[0] && slot->name[1] == name[1];
}

/* The principal's own slot, an empty one, or that of whoever was silent longest. */
static struct bucket *bucket_find(const struct bucket_table *table, const uint64_t name[2])
{
    struct bucket *set = table->slots + (name[0] & (table->sets - 1)) * SET, *stalest = set;
    for (struct bucket *slot = set; slot < set + SET; slot++) {
        if (bucket_is(slot, name))
            return slot;
        if (stalest->name[1] && (!slot->name[1] || slot->at_ms < stalest->at_ms))
            stalest = slot;
    }
    return stalest;
}

static void refill(const struct bucket_table *table, struct bucket *slot, int64_t now)
{
    if (now > slot->at_ms) {
        slot->tokens += (double)(now - slot->at_ms) * table->rate / 1000;
        slot->at_ms = now;
    }
    if (slot->tokens > table->burst)
        slot->tokens = table->burst;
}

int bucket_take(struct bucket_table *table, struct span principal, int64_t steady_ms, int *ret_retry_s)
{
    uint64_t name[2];
    name_of(table, principal, name);
    struct bucket *slot = bucket_find(table, name);
    if (!bucket_is(slot, name))
        *slot = (struct bucket){{name[0], name[1]}, table->burst, steady_ms};
    refill(table, slot, steady_ms);
    if (slot->tokens >= 1) {
        slot->tokens -= 1;
        return 0;
    }
    double wait = table->rate > 0 ? (1 - slot->tokens) / table->rate : 3600;
    *ret_retry_s = wait > 3600 ? 3600 : (int)wait + 1;
    return BUCKET_EMPTY;
}

/* Whose slot went to another begins with a full bucket again: nothing to give. */
void bucket_give(struct bucket_table *table, struct span principal)
{
    uint64_t name[2];
    name_of(table, principal, name);
    struct bucket *slot = bucket_find(table, name);
    if (bucket_is(slot, name))
        slot->tokens = slot->tokens + 1 < table->burst ? slot->tokens + 1 : table->burst;
}
