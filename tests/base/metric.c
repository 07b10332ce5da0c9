/* SPDX-License-Identifier: Apache-2.0
 * shared/base/metric.h: figures written by several threads, and their order. */
#include "shared/base/metric.h"

#include <pthread.h>

#include "tests/base/cases.h"

START_TEST(counts_and_sets)
{
    static struct metric counter = {.name = "a_total", .kind = METRIC_COUNTER};
    static struct metric gauge = {.name = "a_now", .kind = METRIC_GAUGE};
    metric_add(&counter, 1);
    metric_add(&counter, 41);
    metric_set(&gauge, 7);
    metric_set(&gauge, -3);
    ck_assert_int_eq(metric_value(&counter), 42);
    ck_assert_int_eq(metric_value(&gauge), -3);
}
END_TEST

START_TEST(puts_each_observation_into_the_first_bucket_that_holds_it)
{
    for (int bucket = 0; bucket < METRIC_BUCKETS; bucket++) {
        struct metric histogram = {.name = "a_seconds", .kind = METRIC_HISTOGRAM};
        int64_t least = bucket == 0 ? 0 : metric_bounds_us[bucket - 1] + 1;
        int64_t most = bucket == METRIC_BUCKETS - 1 ? INT64_C(3600000000) : metric_bounds_us[bucket];
        metric_observe_us(&histogram, least);
        metric_observe_us(&histogram, most);
        for (int other = 0; other < METRIC_BUCKETS; other++)
            ck_assert_int_eq(histogram.buckets[other], other == bucket ? 2 : 0);
        ck_assert_int_eq(histogram.sum_us, least + most);
        ck_assert_int_eq(metric_value(&histogram), 2);
    }
}
END_TEST

START_TEST(bounds_rise_from_a_millisecond_to_no_end)
{
    ck_assert_int_eq(metric_bounds_us[0], 1000);
    ck_assert_int_eq(metric_bounds_us[METRIC_BUCKETS - 2], 10000000);
    ck_assert_int_eq(metric_bounds_us[METRIC_BUCKETS - 1], INT64_MAX);
    for (int bucket = 1; bucket < METRIC_BUCKETS; bucket++)
        ck_assert_int_gt(metric_bounds_us[bucket], metric_bounds_us[bucket - 1]);
}
END_TEST

START_TEST(keeps_the_series_of_a_family_together)
{
    static struct metric rows[] = {
        {.name = "b", .labels = "x=\"1\""}, {.name = "a"}, {.name = "b", .labels = "x=\"2\""}, {.name = "c"}};
    ck_assert_ptr_null(metric_first());
    for (int at = 0; at < 4; at++)
        metric_register(&rows[at]);
    const struct metric *metric = metric_first();
    const int order[] = {0, 2, 1, 3};
    for (int at = 0; at < 4; at++, metric = metric->next)
        ck_assert_ptr_eq(metric, &rows[order[at]]);
    ck_assert_ptr_null(metric);
}
END_TEST

START_TEST(registers_a_metric_once)
{
    static struct metric one = {.name = "one"}, two = {.name = "two"};
    metric_register(&one);
    metric_register(&two);
    metric_register(&one);
    metric_register(&two);
    ck_assert_ptr_eq(metric_first(), &one);
    ck_assert_ptr_eq(one.next, &two);
    ck_assert_ptr_null(two.next);
}
END_TEST

enum { THREADS = 4, EACH = 20000 };

static void *observe(void *metric)
{
    for (int at = 0; at < EACH; at++)
        metric_observe_us(metric, 1500);
    return NULL;
}

START_TEST(loses_no_observation_of_several_threads)
{
    static struct metric histogram = {.name = "a_seconds", .kind = METRIC_HISTOGRAM};
    pthread_t threads[THREADS];
    for (int at = 0; at < THREADS; at++)
        ck_assert_int_eq(pthread_create(&threads[at], NULL, observe, &histogram), 0);
    for (int at = 0; at < THREADS; at++)
        ck_assert_int_eq(pthread_join(threads[at], NULL), 0);
    ck_assert_int_eq(metric_value(&histogram), (int64_t)THREADS * EACH);
    ck_assert_int_eq(histogram.buckets[1], (int64_t)THREADS * EACH);
    ck_assert_int_eq(histogram.sum_us, INT64_C(1500) * THREADS * EACH);
}
END_TEST

TCase *metric_cases(void)
{
    TCase *cases = tcase_create("metric");
    tcase_add_test(cases, counts_and_sets);
    tcase_add_test(cases, puts_each_observation_into_the_first_bucket_that_holds_it);
    tcase_add_test(cases, bounds_rise_from_a_millisecond_to_no_end);
    tcase_add_test(cases, keeps_the_series_of_a_family_together);
    tcase_add_test(cases, registers_a_metric_once);
    tcase_add_test(cases, loses_no_observation_of_several_threads);
    return cases;
}
