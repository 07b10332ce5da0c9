/* SPDX-License-Identifier: Apache-2.0
 * shared/run/metrics.h: the text Prometheus reads. */
#include "shared/run/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/metric.h"
#include "tests/run/cases.h"

static void shows(const char *line)
{
    struct buf text = {0};
    metrics_text(&text);
    ck_assert_msg(strstr(text.data, line) != NULL, "%s\nis not in\n%s", line, text.data);
    buf_done(&text);
}

START_TEST(writes_a_counter_with_its_help)
{
    static struct metric metric = {.name = "a_total", .help = "What it counts.", .kind = METRIC_COUNTER};
    metric_register(&metric);
    metric_add(&metric, 3);
    shows("# HELP a_total What it counts.\n# TYPE a_total counter\na_total 3\n");
}
END_TEST

START_TEST(writes_the_series_of_a_family_together)
{
    static struct metric ok = {
        .name = "b_total", .labels = "code=\"202\"", .help = "B.", .kind = METRIC_COUNTER};
    static struct metric other = {.name = "c", .help = "C.", .kind = METRIC_GAUGE};
    static struct metric bad = {
        .name = "b_total", .labels = "code=\"503\"", .help = "B.", .kind = METRIC_COUNTER};
    metric_register(&ok);
    metric_register(&other);
    metric_register(&bad);
    metric_set(&other, -2);
    shows("# HELP b_total B.\n# TYPE b_total counter\nb_total{code=\"202\"} 0\nb_total{code=\"503\"} 0\n"
          "# HELP c C.\n# TYPE c gauge\nc -2\n");
}
END_TEST

START_TEST(adds_the_buckets_of_a_histogram_up)
{
    static struct metric metric = {.name = "d_seconds", .help = "D.", .kind = METRIC_HISTOGRAM};
    metric_register(&metric);
    metric_observe_us(&metric, 900);
    metric_observe_us(&metric, 1500);
    metric_observe_us(&metric, 20000001);
    shows("# TYPE d_seconds histogram\nd_seconds_bucket{le=\"0.001000\"} "
          "1\nd_seconds_bucket{le=\"0.002000\"} 2\n");
    shows("d_seconds_bucket{le=\"10.000000\"} 2\nd_seconds_bucket{le=\"+Inf\"} 3\n"
          "d_seconds_sum 20.002401\nd_seconds_count 3\n");
}
END_TEST

START_TEST(keeps_the_labels_of_a_histogram)
{
    static struct metric metric = {
        .name = "e_seconds", .labels = "kind=\"x\"", .help = "E.", .kind = METRIC_HISTOGRAM};
    metric_register(&metric);
    shows("e_seconds_bucket{kind=\"x\",le=\"+Inf\"} 0\ne_seconds_sum{kind=\"x\"} 0.000000\n"
          "e_seconds_count{kind=\"x\"} 0\n");
}
END_TEST

START_TEST(tells_memory_and_processor_time)
{
    struct buf text = {0};
    metrics_text(&text);
    const char *memory = strstr(text.data, "\nprocess_resident_memory_bytes ");
    ck_assert_ptr_nonnull(memory);
    ck_assert_int_gt(strtoll(memory + 31, NULL, 10), 100000);
    ck_assert_ptr_nonnull(strstr(text.data, "\nprocess_cpu_seconds_total "));
    buf_done(&text);
}
END_TEST

TCase *metrics_cases(void)
{
    TCase *cases = tcase_create("metrics");
    tcase_add_test(cases, writes_a_counter_with_its_help);
    tcase_add_test(cases, writes_the_series_of_a_family_together);
    tcase_add_test(cases, adds_the_buckets_of_a_histogram_up);
    tcase_add_test(cases, keeps_the_labels_of_a_histogram);
    tcase_add_test(cases, tells_memory_and_processor_time);
    return cases;
}
