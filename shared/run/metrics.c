/* SPDX-License-Identifier: Apache-2.0
 * Writes the text Prometheus reads. metric_register keeps the series of a family together, so HELP and TYPE
 * are written where the name changes. Buckets are added up here: writers count each bucket by itself. */
#include "shared/run/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shared/base/metric.h"

static void family(struct buf *to, const struct metric *metric)
{
    static const char *const kinds[] = {
        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};
    buf_format(to, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
               kinds[metric->kind]);
}

static void plain(struct buf *to, const struct metric *metric)
{
    buf_text(to, metric->name);
    if (metric->labels)
        buf_format(to, "{%s}", metric->labels);
    buf_format(to, " %" PRId64 "\n", metric_value(metric));
}

static void seconds(struct buf *to, int64_t microseconds)
{
    buf_format(to, "%" PRId64 ".%06" PRId64, microseconds / 1000000, microseconds % 1000000);
}

static void bucket(struct buf *to, const struct metric *metric, size_t at, int64_t total)
{
    const char *labels = metric->labels ? metric->labels : "";
    buf_format(to, "%s_bucket{%s%sle=\"", metric->name, labels, metric->labels ? "," : "");
    if (at == METRIC_BUCKETS - 1)
        buf_text(to, "+Inf");
    else
        seconds(to, metric_bounds_us[at]);
    buf_format(to, "\"} %" PRId64 "\n", total);
}

/* count is the sum of the buckets read here, not metric->value: a scrape between two writes must add up. */
static void histogram(struct buf *to, const struct metric *metric)
{
    int64_t total = 0;
    for (size_t at = 0; at < METRIC_BUCKETS; at++) {
        total += atomic_load_explicit(&metric->buckets[at], memory_order_relaxed);
        bucket(to, metric, at, total);
    }
    const char *labels = metric->labels ? metric->labels : "";
    const char *open = metric->labels ? "{" : "", *close = metric->labels ? "}" : "";
    buf_format(to, "%s_sum%s%s%s ", metric->name, open, labels, close);
    seconds(to, atomic_load_explicit(&metric->sum_us, memory_order_relaxed));
    buf_format(to, "\n%s_count%s%s%s %" PRId64 "\n", metric->name, open, labels, close, total);
}

static int64_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    int64_t pages = 0;
    if (fscanf(file, "%*d %" SCNd64, &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static void process(struct buf *to)
{
    struct timespec used = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    buf_text(to, "# HELP process_cpu_seconds_total Processor time used.\n"
                 "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total ");
    seconds(to, (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000);
    buf_format(to,
               "\n# HELP process_resident_memory_bytes Memory in use.\n"
               "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes %" PRId64 "\n",
               resident_bytes());
}

void metrics_text(struct buf *to)
{
    const char *name = "";
    for (const struct metric *metric = metric_first(); metric; metric = metric->next) {
        if (strcmp(name, metric->name) != 0)
            family(to, metric);
        name = metric->name;
        if (metric->kind == METRIC_HISTOGRAM)
            histogram(to, metric);
        else
            plain(to, metric);
    }
    process(to);
}
