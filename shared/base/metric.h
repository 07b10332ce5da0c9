/* SPDX-License-Identifier: Apache-2.0
 * Figures of a running program, written by any thread without locks, read by the management thread.
 * A metric is a static object registered once at start; labels are fixed text; never ids in labels. */
#ifndef COLIS_BASE_METRIC_H
#define COLIS_BASE_METRIC_H

#include <stdatomic.h>
#include <stdint.h>

#include "shared/base/buf.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
enum { METRIC_BUCKETS = 14 }; /* upper bounds in seconds: 0.001 .. 10 and +Inf, see metric.c */

struct metric {
    const char *name;   /* colis_http_requests_total */
    const char *labels; /* code="202" without braces, or NULL */
    const char *help;
    enum metric_kind kind;
    _Atomic int64_t value; /* counter, gauge; count of a histogram */
    _Atomic int64_t sum_us;
    _Atomic int64_t buckets[METRIC_BUCKETS]; /* each counts its own, not those below it */
    struct metric *next;
};

void metric_register(
    struct metric *metric); /* before threads start; series of one family one after the other */
void metric_add(struct metric *metric, int64_t more);
void metric_set(struct metric *metric, int64_t value);
void metric_observe_us(struct metric *metric, int64_t microseconds);
int64_t metric_value(const struct metric *metric);
const struct metric *metric_first(void);
extern const int64_t metric_bounds_us[METRIC_BUCKETS]; /* the last is INT64_MAX for +Inf */

#endif
