/* SPDX-License-Identifier: Apache-2.0
 * Token buckets on a clock that the cases hold: burst, refill, honest waits, and a table that never grows. */
#include "shared/http/bucket.h"

#include <stdio.h>

#include "tests/http/cases.h"

static int take_at(struct bucket_table *table, const char *who, int64_t now, int *ret_wait)
{
    return bucket_take(table, span_of(who), now, ret_wait);
}

START_TEST(gives_the_burst_then_one_for_each_refill)
{
    struct bucket_table *table = bucket_table_new(64, 2, 5);
    int wait = 0;
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(take_at(table, "a", 1000, &wait), 0);
    ck_assert_int_eq(take_at(table, "a", 1000, &wait), BUCKET_EMPTY);
    ck_assert_int_eq(wait, 1);
    ck_assert_int_eq(take_at(table, "a", 1499, &wait), BUCKET_EMPTY);
    ck_assert_int_eq(take_at(table, "a", 1500, &wait), 0);
    ck_assert_int_eq(take_at(table, "a", 1500, &wait), BUCKET_EMPTY);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(take_at(table, "a", 100000, &wait), 0);
    ck_assert_int_eq(take_at(table, "a", 100000, &wait), BUCKET_EMPTY);
    bucket_table_free(table);
}
END_TEST

START_TEST(says_how_long_to_wait)
{
    struct bucket_table *table = bucket_table_new(64, 0.1, 1);
    int wait = 0;
    ck_assert_int_eq(take_at(table, "a", 0, &wait), 0);
    ck_assert_int_eq(take_at(table, "a", 0, &wait), BUCKET_EMPTY);
    ck_assert_int_ge(wait, 10);
    ck_assert_int_le(wait, 11);
    ck_assert_int_eq(take_at(table, "a", wait * 1000, &wait), 0);
    bucket_table_free(table);
}
END_TEST

START_TEST(takes_back_what_was_taken_for_nothing_and_no_more)
{
    struct bucket_table *table = bucket_table_new(64, 0.001, 2);
    int wait;
    bucket_give(table, span_of("a")); /* is not known: has its burst anyway */
    ck_assert_int_eq(take_at(table, "a", 0, &wait), 0);
    bucket_give(table, span_of("b"));
    bucket_give(table, span_of("a"));
    bucket_give(table, span_of("a"));
    ck_assert_int_eq(take_at(table, "a", 0, &wait), 0);
    ck_assert_int_eq(take_at(table, "a", 0, &wait), 0);
    ck_assert_int_eq(take_at(table, "a", 0, &wait), BUCKET_EMPTY);
    bucket_give(table, span_of("a"));
    ck_assert_int_eq(take_at(table, "a", 0, &wait), 0);
    ck_assert_int_eq(take_at(table, "a", 0, &wait), BUCKET_EMPTY);
    bucket_table_free(table);
}
END_TEST

START_TEST(keeps_principals_apart)
{
    struct bucket_table *table = bucket_table_new(64, 1, 1);
    int wait;
    ck_assert_int_eq(take_at(table, "a", 0, &wait), 0);
    ck_assert_int_eq(take_at(table, "a", 0, &wait), BUCKET_EMPTY);
    ck_assert_int_eq(take_at(table, "b", 0, &wait), 0);
    bucket_table_free(table);
}
END_TEST

START_TEST(forgets_the_stalest_when_it_is_full_and_never_grows)
{
    struct bucket_table *table = bucket_table_new(8, 0.001, 1);
    int wait;
    char name[16];
    for (int i = 0; i < 8; i++) {
        snprintf(name, sizeof(name), "%d", i);
        ck_assert_int_eq(take_at(table, name, i, &wait), 0);
    }
    ck_assert_int_eq(take_at(table, "7", 8, &wait), BUCKET_EMPTY);
    ck_assert_int_eq(take_at(table, "new", 9, &wait), 0); /* takes the place of 0 */
    ck_assert_int_eq(take_at(table, "1", 10, &wait), BUCKET_EMPTY);
    ck_assert_int_eq(take_at(table, "0", 11, &wait), 0);
    bucket_table_free(table);
}
END_TEST

TCase *bucket_cases(void)
{
    TCase *cases = tcase_create("bucket");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, gives_the_burst_then_one_for_each_refill);
    tcase_add_test(cases, says_how_long_to_wait);
    tcase_add_test(cases, takes_back_what_was_taken_for_nothing_and_no_more);
    tcase_add_test(cases, keeps_principals_apart);
    tcase_add_test(cases, forgets_the_stalest_when_it_is_full_and_never_grows);
    return cases;
}
