/* SPDX-License-Identifier: Apache-2.0
 * Makes batches as reader.c makes them, and checks what a store then holds. */
#include <check.h>
#include <string.h>

#include "tests/run/batch.h"

static int on_stop(void *owner, const struct event *event, const char *reason)
{
    struct batch_fixture *fixture = owner;
    ck_assert_str_ne(reason, "");
    fixture->stopped_partition = event->partition;
    fixture->stopped_offset = event->offset;
    return 0;
}

static size_t events_make(struct batch_fixture *fixture, int partitions, int64_t length)
{
    size_t count = 0;
    for (int64_t offset = 0; offset < length; offset++) {
        for (int partition = 0; partition < partitions; partition++) {
            if (offset >= fixture->store.positions[partition])
                fixture->events[count++] =
                    (struct event){.topic = "commands", .partition = partition, .offset = offset};
        }
    }
    return count;
}

static size_t positions_make(struct batch_fixture *fixture, int partitions, int64_t end)
{
    size_t count = 0;
    for (int partition = 0; partition < partitions; partition++) {
        int64_t from = fixture->store.positions[partition];
        if (from < end)
            fixture->positions[count++] = (struct reader_position){"commands", partition, from, end};
    }
    return count;
}

void batch_make(struct batch_fixture *fixture, int partitions, int64_t length, int64_t markers)
{
    size_t count = events_make(fixture, partitions, length);
    fixture->stopped_partition = -1;
    fixture->breaker.limit = 100;
    fixture->batch =
        (struct reader_batch){.verbs = &ram_store_verbs,
                              .self = &fixture->store,
                              .events = fixture->events,
                              .count = count,
                              .positions = fixture->positions,
                              .position_count = positions_make(fixture, partitions, length + markers),
                              .breaker = &fixture->breaker,
                              .stop = on_stop,
                              .owner = fixture};
}

static int times_in(const struct ram_entry *entries, size_t count, int32_t partition, int64_t offset)
{
    int times = 0;
    for (size_t at = 0; at < count; at++)
        times += entries[at].partition == partition && entries[at].offset == offset;
    return times;
}

static void check_order(const struct ram_store *store)
{
    int64_t newest[RAM_PARTITIONS] = {-1, -1, -1, -1};
    for (size_t at = 0; at < store->stored_count; at++) {
        const struct ram_entry *entry = &store->stored[at];
        ck_assert_int_gt(entry->offset, newest[entry->partition]);
        newest[entry->partition] = entry->offset;
    }
}

void batch_check_ledger(const struct ram_store *store, int partitions, int64_t end, bool repeats)
{
    check_order(store);
    for (int32_t partition = 0; partition < partitions; partition++) {
        for (int64_t offset = 0; offset < end; offset++) {
            int stored = times_in(store->stored, store->stored_count, partition, offset);
            int rejected = times_in(store->rejected, store->rejected_count, partition, offset);
            if (repeats && rejected > 1)
                rejected = 1;
            ck_assert_msg(stored + rejected == 1, "%d:%d stored %d, rejected %d", (int)partition, (int)offset,
                          stored, rejected);
        }
    }
}
