/* SPDX-License-Identifier: Apache-2.0
 * Batches of made-up events for the cases of reader_batch.c. */
#ifndef COLIS_TESTS_RUN_BATCH_H
#define COLIS_TESTS_RUN_BATCH_H

#include "shared/run/reader_batch.h"
#include "tests/run/ram_store.h"

struct batch_fixture {
    struct ram_store store;
    struct event events[RAM_EVENTS];
    struct reader_position positions[RAM_PARTITIONS];
    struct reader_breaker breaker;
    struct reader_batch batch;
    int stopped_partition; /* -1: none */
    int64_t stopped_offset;
};

/* partitions of length events each, taken in turns, from where the store is; a marker behind each where
 * asked. */
void batch_make(struct batch_fixture *fixture, int partitions, int64_t length, int64_t markers);

/* Every offset below end of every partition was stored or rejected once, in order; where rejects may repeat,
 * so be it. */
void batch_check_ledger(const struct ram_store *store, int partitions, int64_t end, bool repeats);

#endif
