/* SPDX-License-Identifier: Apache-2.0
 * The list of a program's figures. Writers touch relaxed atomics only; nobody needs a consistent moment,
 * each figure is true by itself. Bucket i of a histogram counts only what lies between bound i-1 and bound i:
 * the writer of the text adds them up. */
#include "shared/base/metric.h"

#include <stddef.h>
#include <string.h>

const int64_t metric_bounds_us[METRIC_BUCKETS] = {1000,    2000,    5000,     10000,    20000,
                                                  50000,   100000,  200000,   500000,   1000000,
                                                  2000000, 5000000, 10000000, INT64_MAX};

static struct metric *first;

/* A family's series stand together whatever the order of registration: the text format demands it. */
void metric_register(struct metric *metric)
{
    struct metric **end = &first, **family = NULL;
    for (; *end; end = &(*end)->next) {
        if (*end == metric)
            return;
        if (strcmp((*end)->name, metric->name) == 0)
            family = &(*end)->next;
    }
    struct metric **place = family ? family : end;
    metric->next = *place;
    *place = metric;
}

void metric_add(struct metric *metric, int64_t more)
{
    atomic_fetch_add_explicit(&metric->value, more, memory_order_relaxed);
}

void metric_set(struct metric *metric, int64_t value)
{
    atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

void metric_observe_us(struct metric *metric, int64_t microseconds)
{
    size_t bucket = 0;
    while (microseconds > metric_bounds_us[bucket])
        bucket++;
    atomic_fetch_add_explicit(&metric->buckets[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&metric->sum_us, microseconds, memory_order_relaxed);
    atomic_fetch_add_explicit(&metric->value, 1, memory_order_relaxed);
}

int64_t metric_value(const struct metric *metric)
{
    return atomic_load_explicit(&metric->value, memory_order_relaxed);
}

const struct metric *metric_first(void)
{
    return first;
}
