/* SPDX-License-Identifier: Apache-2.0
 * shared/links/kafka_open.h: the ring of open sends. */
#include "shared/links/kafka_open.h"

#include "tests/links/kafka_cases.h"

static void *cookie_of(uint64_t number)
{
    return (void *)(uintptr_t)(number + 1000);
}

static void add(struct kafka_open *open, uint64_t count, int64_t now_ms)
{
    for (uint64_t at = 0; at < count; at++) {
        uint64_t number = open->next;
        ck_assert_uint_eq(kafka_open_add(open, cookie_of(number), now_ms), number);
    }
}

START_TEST(gives_back_each_cookie_once)
{
    struct kafka_open open = {0};
    void *cookie;
    add(&open, 3, 0);
    ck_assert(kafka_open_take(&open, 1, &cookie));
    ck_assert_ptr_eq(cookie, cookie_of(1));
    ck_assert(!kafka_open_take(&open, 1, &cookie));
    ck_assert(!kafka_open_take(&open, 3, &cookie));
    ck_assert_uint_eq(open.count, 2);
    kafka_open_done(&open);
}
END_TEST

START_TEST(knows_the_oldest_whatever_the_order_of_reports)
{
    struct kafka_open open = {0};
    void *cookie;
    for (int64_t now = 10; now <= 50; now += 10)
        add(&open, 1, now);
    ck_assert_int_eq(kafka_open_oldest_ms(&open, 100), 90);
    ck_assert(kafka_open_take(&open, 1, &cookie));
    ck_assert(kafka_open_take(&open, 2, &cookie));
    ck_assert_int_eq(kafka_open_oldest_ms(&open, 100), 90);
    ck_assert(kafka_open_take(&open, 0, &cookie));
    ck_assert_int_eq(kafka_open_oldest_ms(&open, 100), 60);
    ck_assert(kafka_open_take(&open, 4, &cookie));
    ck_assert(kafka_open_take(&open, 3, &cookie));
    ck_assert_int_eq(kafka_open_oldest_ms(&open, 100), 0);
    kafka_open_done(&open);
}
END_TEST

START_TEST(grows_around_an_old_send)
{
    struct kafka_open open = {0};
    void *cookie;
    add(&open, 1, 0);
    for (uint64_t number = 1; number < 5000; number++) {
        add(&open, 1, 0);
        ck_assert(kafka_open_take(&open, number, &cookie));
        ck_assert_ptr_eq(cookie, cookie_of(number));
    }
    ck_assert_uint_eq(open.count, 1);
    ck_assert(kafka_open_take_oldest(&open, &cookie));
    ck_assert_ptr_eq(cookie, cookie_of(0));
    ck_assert(!kafka_open_take_oldest(&open, &cookie));
    kafka_open_done(&open);
}
END_TEST

START_TEST(goes_round_without_growing)
{
    struct kafka_open open = {0};
    void *cookie;
    for (uint64_t number = 0; number < 10000; number++) {
        add(&open, 1, 0);
        if (number >= 100)
            ck_assert(kafka_open_take(&open, number - 100, &cookie));
    }
    ck_assert_uint_le(open.capacity, 256);
    kafka_open_done(&open);
}
END_TEST

TCase *kafka_open_cases(void)
{
    TCase *cases = tcase_create("open");
    tcase_add_test(cases, gives_back_each_cookie_once);
    tcase_add_test(cases, knows_the_oldest_whatever_the_order_of_reports);
    tcase_add_test(cases, grows_around_an_old_send);
    tcase_add_test(cases, goes_round_without_growing);
    return cases;
}
