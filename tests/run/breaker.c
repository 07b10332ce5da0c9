/* SPDX-License-Identifier: Apache-2.0
 * When a reader stops rather than reject more: too many a minute, or too many in a row. */
#include <check.h>
#include <stdio.h>

#include "shared/base/clock.h"
#include "tests/run/batch.h"
#include "tests/run/cases.h"

enum { ROW = 10 };

static struct batch_fixture fixture;
static struct ram_store *const store = &fixture.store;

static void start(void)
{
    ram_store_start(store);
    fixture.breaker = (struct reader_breaker){.row_limit = ROW};
}

START_TEST(the_breaker_opens_before_too_many_are_rejected)
{
    batch_make(&fixture, 1, 5, 0);
    fixture.breaker.limit = 0;
    store->bad_offset = 2;
    store->bad_as = READER_REJECT;
    ck_assert_int_eq(reader_batch_run(&fixture.batch), READER_FAILED);
    ck_assert_uint_eq(store->rejected_count, 0);
    ck_assert_int_eq(store->positions[0], 2);
}
END_TEST

START_TEST(the_breaker_counts_a_minute)
{
    int64_t rejected = 0;
    store->bad_as = READER_REJECT;
    for (int64_t end = 1; end <= 12; end++) {
        clock_hold(1700000000000, 100000 + end * 20000); /* three a minute */
        store->bad_offset = end - 1;
        batch_make(&fixture, 1, end, 0);
        fixture.breaker.limit = 3;
        ck_assert_int_eq(reader_batch_run(&fixture.batch), READER_DONE);
        rejected++;
    }
    ck_assert_uint_eq(store->rejected_count, (size_t)rejected);
    clock_release();
}
END_TEST

/* The next event, alone, an hour after the one before; key 0: it is none. As what handle takes it. */
static int offer(enum reader_outcome as, int key)
{
    int64_t offset = store->positions[0] < 0 ? 0 : store->positions[0];
    clock_hold(1700000000000, (offset + 1) * 3600000);
    store->bad_offset = as == READER_DONE ? -1 : offset;
    store->bad_as = as;
    batch_make(&fixture, 1, offset + 1, 0);
    fixture.events[0].readable = key > 0;
    snprintf(fixture.events[0].key, sizeof fixture.events[0].key, "key %d", key);
    return reader_batch_run(&fixture.batch);
}

static void all_but_one_fail(void)
{
    for (int key = 1; key < ROW; key++)
        ck_assert_int_eq(offer(READER_REJECT, key), READER_DONE);
    ck_assert_uint_eq(store->rejected_count % (ROW - 1), 0);
}

START_TEST(ten_rejects_in_a_row_with_nothing_stored_between_open_the_breaker_at_any_rate)
{
    all_but_one_fail();
    ck_assert_int_eq(offer(READER_REJECT, ROW), READER_FAILED);
    ck_assert_uint_eq(store->rejected_count, ROW - 1);
    ck_assert_int_eq(store->positions[0], ROW - 1);
}
END_TEST

START_TEST(what_is_stored_between_begins_the_row_anew)
{
    for (int times = 0; times < 3; times++) {
        all_but_one_fail();
        ck_assert_int_eq(offer(READER_DONE, ROW), READER_DONE);
    }
    ck_assert_uint_eq(store->stored_count, 3);
}
END_TEST

START_TEST(what_is_only_skipped_between_does_not)
{
    all_but_one_fail();
    ck_assert_int_eq(offer(READER_SKIP, ROW), READER_DONE);
    ck_assert_int_eq(offer(READER_REJECT, ROW), READER_FAILED);
}
END_TEST

START_TEST(a_key_counts_once_and_what_is_no_event_not_at_all)
{
    all_but_one_fail();
    for (int times = 0; times < 2 * ROW; times++)
        ck_assert_int_eq(offer(READER_REJECT, times % 2), READER_DONE);
    ck_assert_int_eq(offer(READER_REJECT, ROW), READER_FAILED);
}
END_TEST

START_TEST(a_row_without_a_limit_never_ends)
{
    fixture.breaker.row_limit = 0;
    for (int key = 1; key < 3 * ROW; key++)
        ck_assert_int_eq(offer(READER_REJECT, key), READER_DONE);
}
END_TEST

TCase *breaker_cases(void)
{
    TCase *cases = tcase_create("breaker");
    tcase_add_checked_fixture(cases, start, NULL);
    tcase_add_test(cases, the_breaker_opens_before_too_many_are_rejected);
    tcase_add_test(cases, the_breaker_counts_a_minute);
    tcase_add_test(cases, ten_rejects_in_a_row_with_nothing_stored_between_open_the_breaker_at_any_rate);
    tcase_add_test(cases, what_is_stored_between_begins_the_row_anew);
    tcase_add_test(cases, what_is_only_skipped_between_does_not);
    tcase_add_test(cases, a_key_counts_once_and_what_is_no_event_not_at_all);
    tcase_add_test(cases, a_row_without_a_limit_never_ends);
    return cases;
}
