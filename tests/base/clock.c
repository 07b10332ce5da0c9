/* SPDX-License-Identifier: Apache-2.0
 * shared/base/clock.h: clocks that can be held, times as text against libc's own calendar. */
#include "shared/base/clock.h"

#include <string.h>
#include <time.h>

#include "tests/base/cases.h"

#define LAST_MS INT64_C(253402300799999)

START_TEST(stands_still_while_held)
{
    clock_hold(1234567, 42);
    ck_assert_int_eq(clock_wall_ms(), 1234567);
    ck_assert_int_eq(clock_steady_ms(), 42);
    clock_hold(1234568, 43);
    ck_assert_int_eq(clock_wall_ms(), 1234568);
    ck_assert_int_eq(clock_steady_ms(), 43);
}
END_TEST

START_TEST(follows_the_system_when_released)
{
    clock_hold(0, 0);
    clock_release();
    int64_t before = (int64_t)time(NULL) * 1000;
    ck_assert_int_ge(clock_wall_ms(), before - 1000);
    ck_assert_int_le(clock_wall_ms(), before + 60000);
    int64_t steady = clock_steady_ms();
    ck_assert_int_gt(steady, 0);
    ck_assert_int_ge(clock_steady_ms(), steady);
}
END_TEST

static void expect_text(int64_t ms, const char *expected)
{
    char text[CLOCK_TEXT];
    clock_format(ms, text);
    ck_assert_str_eq(text, expected);
    int64_t back = -1;
    ck_assert_int_eq(clock_parse(span_of(text), &back), 0);
    ck_assert_int_eq(back, ms);
}

START_TEST(writes_milliseconds_only_where_there_are_any)
{
    expect_text(0, "1970-01-01T00:00:00Z");
    expect_text(1, "1970-01-01T00:00:00.001Z");
    expect_text(INT64_C(1795341600000), "2026-11-22T10:00:00Z");
    expect_text(INT64_C(1795341600123), "2026-11-22T10:00:00.123Z");
    expect_text(INT64_C(951782400500), "2000-02-29T00:00:00.500Z");
    expect_text(LAST_MS, "9999-12-31T23:59:59.999Z");
}
END_TEST

START_TEST(agrees_with_libc_on_days_of_eight_thousand_years)
{
    /* 7 and 86,399 seconds: every weekday, every hour, every month end come by. */
    for (int64_t second = 0; second * 1000 <= LAST_MS; second += 7 * 86399) {
        time_t when = (time_t)second;
        struct tm parts;
        char expected[64];
        ck_assert_ptr_nonnull(gmtime_r(&when, &parts));
        strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", &parts);
        expect_text(second * 1000, expected);
    }
}
END_TEST

START_TEST(writes_the_nearest_time_it_can_say)
{
    char text[CLOCK_TEXT];
    clock_format(-1, text);
    ck_assert_str_eq(text, "1970-01-01T00:00:00Z");
    clock_format(INT64_MIN, text);
    ck_assert_str_eq(text, "1970-01-01T00:00:00Z");
    clock_format(INT64_MAX, text);
    ck_assert_str_eq(text, "9999-12-31T23:59:59.999Z");
}
END_TEST

START_TEST(reads_one_to_three_fraction_digits)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {{"1970-01-01T00:00:01.5Z", 1500},   {"1970-01-01T00:00:01.05Z", 1050},
                {"1970-01-01T00:00:01.005Z", 1005}, {"1970-01-01T00:00:01.000Z", 1000},
                {"1970-01-01T00:00:01.0Z", 1000},   {"1970-01-01T23:59:59.99Z", 86399990}};
    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        int64_t ms = -1;
        ck_assert_int_eq(clock_parse(span_of(rows[at].text), &ms), 0);
        ck_assert_int_eq(ms, rows[at].ms);
    }
}
END_TEST

START_TEST(refuses_every_text_that_is_not_such_a_time)
{
    static const char *const texts[] = {"",
                                        "Z",
                                        "2026-11-22",
                                        "2026-11-22T10:00:00",
                                        "2026-11-22T10:00Z",
                                        "2026-11-22t10:00:00Z",
                                        "2026-11-22T10:00:00z",
                                        "2026-11-22 10:00:00Z",
                                        "2026-11-22T10:00:00+00:00",
                                        "2026-11-22T10:00:00+01",
                                        "2026-11-22T10:00:00.Z",
                                        "2026-11-22T10:00:00.1234Z",
                                        "2026-11-22T10:00:00,5Z",
                                        "2026-11-22T10:00:00.1aZ",
                                        "2026-11-22T10:00:00.-1Z",
                                        "2026-11-22T10:00:60Z",
                                        "2016-12-31T23:59:60Z",
                                        "2026-11-22T10:60:00Z",
                                        "2026-11-22T24:00:00Z",
                                        "2026-00-22T10:00:00Z",
                                        "2026-13-22T10:00:00Z",
                                        "2026-11-00T10:00:00Z",
                                        "2026-11-31T10:00:00Z",
                                        "2026-02-29T10:00:00Z",
                                        "2100-02-29T10:00:00Z",
                                        "1969-12-31T23:59:59Z",
                                        "0000-01-01T00:00:00Z",
                                        "10000-01-01T00:00:00Z",
                                        "202x-11-22T10:00:00Z",
                                        "2026-1x-22T10:00:00Z",
                                        "2026-11-2 T10:00:00Z",
                                        "2026-11-22T1 :00:00Z",
                                        "2026-11-22T10: 1:00Z",
                                        "2026-11-22T10:00:+1Z",
                                        " 2026-11-22T10:00:00Z",
                                        "2026-11-22T10:00:00Z ",
                                        "2026-11-22T10:00:00ZZ",
                                        "2026/11/22T10:00:00Z",
                                        "2026-11-22T10.00.00Z",
                                        "-026-11-22T10:00:00Z"};
    for (size_t at = 0; at < sizeof texts / sizeof texts[0]; at++) {
        int64_t ms = 77;
        ck_assert_msg(clock_parse(span_of(texts[at]), &ms) == CLOCK_MALFORMED, "%s", texts[at]);
        ck_assert_int_eq(ms, 77);
    }
}
END_TEST

START_TEST(refuses_a_good_time_with_any_one_byte_wrong)
{
    static const char good[] = "2026-11-22T10:00:00.123Z";
    for (size_t at = 0; at < sizeof good - 1; at++) {
        char bad[sizeof good];
        int64_t ms;
        memcpy(bad, good, sizeof good);
        bad[at] = 'x';
        ck_assert_int_eq(clock_parse((struct span){bad, sizeof good - 1}, &ms), CLOCK_MALFORMED);
        bad[at] = '\0';
        ck_assert_int_eq(clock_parse((struct span){bad, sizeof good - 1}, &ms), CLOCK_MALFORMED);
    }
}
END_TEST

START_TEST(knows_the_leap_years)
{
    int64_t ms;
    ck_assert_int_eq(clock_parse(SPAN("2024-02-29T00:00:00Z"), &ms), 0);
    ck_assert_int_eq(clock_parse(SPAN("2000-02-29T00:00:00Z"), &ms), 0);
    ck_assert_int_eq(clock_parse(SPAN("2400-02-29T00:00:00Z"), &ms), 0);
    ck_assert_int_eq(clock_parse(SPAN("2023-02-29T00:00:00Z"), &ms), CLOCK_MALFORMED);
    ck_assert_int_eq(clock_parse(SPAN("2024-02-30T00:00:00Z"), &ms), CLOCK_MALFORMED);
}
END_TEST

TCase *clock_cases(void)
{
    TCase *cases = tcase_create("clock");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, stands_still_while_held);
    tcase_add_test(cases, follows_the_system_when_released);
    tcase_add_test(cases, writes_milliseconds_only_where_there_are_any);
    tcase_add_test(cases, agrees_with_libc_on_days_of_eight_thousand_years);
    tcase_add_test(cases, writes_the_nearest_time_it_can_say);
    tcase_add_test(cases, reads_one_to_three_fraction_digits);
    tcase_add_test(cases, refuses_every_text_that_is_not_such_a_time);
    tcase_add_test(cases, refuses_a_good_time_with_any_one_byte_wrong);
    tcase_add_test(cases, knows_the_leap_years);
    return cases;
}
