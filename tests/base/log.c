/* SPDX-License-Identifier: Apache-2.0
 * shared/base/log.h: what stands in a line. Standard error is a datagram socket here, so that what one read
 * brings is what one write(2) sent. */
#include "shared/base/log.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/metric.h"
#include "tests/base/cases.h"

#define AT "{\"at\":\"2026-11-22T10:00:00.123Z\","

static int reader = -1;
static char line[20000];

static void capture(enum log_level least)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    reader = ends[0];
    clock_hold(INT64_C(1795341600123), 0);
    log_start("colis-test", least);
}

/* The next line, "" where there is none. */
static const char *next_line(void)
{
    ssize_t size = recv(reader, line, sizeof line - 1, MSG_DONTWAIT);
    line[size > 0 ? size : 0] = '\0';
    return line;
}

START_TEST(writes_one_object_a_line)
{
    capture(LOG_LEVEL_DEBUG);
    log_plain(LOG_LEVEL_DEBUG, "one");
    log_plain(LOG_LEVEL_INFO, "two");
    log_with(LOG_LEVEL_WARN, "broker is away", .err = "no route");
    log_with(LOG_LEVEL_ERROR, "four", .event = "e1", .trace_id = "t1");
    ck_assert_str_eq(next_line(), AT "\"level\":\"debug\",\"message\":\"one\",\"service\":\"colis-test\"}\n");
    ck_assert_str_eq(next_line(), AT "\"level\":\"info\",\"message\":\"two\",\"service\":\"colis-test\"}\n");
    ck_assert_str_eq(next_line(), AT "\"level\":\"warn\",\"message\":\"broker is away\","
                                     "\"service\":\"colis-test\",\"err\":\"no route\"}\n");
    ck_assert_str_eq(next_line(), AT "\"level\":\"error\",\"message\":\"four\",\"service\":\"colis-test\","
                                     "\"event\":\"e1\",\"trace_id\":\"t1\"}\n");
    ck_assert_str_eq(next_line(), "");
}
END_TEST

START_TEST(tells_partition_and_offset_only_with_a_topic)
{
    capture(LOG_LEVEL_INFO);
    log_with(LOG_LEVEL_INFO, "m", .topic = "colis.parcel", .partition = 0, .offset = INT64_MAX, .err = "x");
    ck_assert_str_eq(
        next_line(),
        AT "\"level\":\"info\",\"message\":\"m\",\"service\":\"colis-test\",\"topic\":\"colis.parcel\","
           "\"partition\":0,\"offset\":9223372036854775807,\"err\":\"x\"}\n");
    log_with(LOG_LEVEL_INFO, "m", .partition = 3, .offset = 4);
    ck_assert_str_eq(next_line(), AT "\"level\":\"info\",\"message\":\"m\",\"service\":\"colis-test\"}\n");
}
END_TEST

START_TEST(keeps_quiet_below_its_level)
{
    capture(LOG_LEVEL_WARN);
    log_plain(LOG_LEVEL_DEBUG, "m");
    log_plain(LOG_LEVEL_INFO, "m");
    ck_assert_str_eq(next_line(), "");
    log_plain(LOG_LEVEL_WARN, "m");
    ck_assert_str_ne(next_line(), "");
}
END_TEST

static void expect_message(const char *message, const char *json)
{
    char expected[1000];
    snprintf(expected, sizeof expected,
             AT "\"level\":\"info\",\"message\":\"%s\",\"service\":\"colis-test\"}\n", json);
    log_plain(LOG_LEVEL_INFO, message);
    ck_assert_str_eq(next_line(), expected);
}

START_TEST(escapes_what_would_break_the_line)
{
    capture(LOG_LEVEL_INFO);
    expect_message("a\"b\\c\n\r\t\b\f\x01\x1f/", "a\\\"b\\\\c\\n\\r\\t\\b\\f\\u0001\\u001f/");
    expect_message("{\"level\":\"error\"}", "{\\\"level\\\":\\\"error\\\"}");
}
END_TEST

START_TEST(keeps_good_utf8_as_it_is)
{
    capture(LOG_LEVEL_INFO);
    const char *good = "\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf "
                       "\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf \x7f";
    expect_message(good, good);
}
END_TEST

START_TEST(replaces_every_byte_of_bad_utf8)
{
#define R "\xef\xbf\xbd"
    capture(LOG_LEVEL_INFO);
    expect_message("\x80", R);
    expect_message("a\xff"
                   "b",
                   "a" R "b");
    expect_message("\xc0\xaf", R R);
    expect_message("\xc1\xbf", R R);
    expect_message("\xe0\x9f\xbf", R R R);
    expect_message("\xed\xa0\x80", R R R);
    expect_message("\xf0\x8f\xbf\xbf", R R R R);
    expect_message("\xf4\x90\x80\x80", R R R R);
    expect_message("\xf5\x80\x80\x80", R R R R);
    expect_message("\xc3", R);
    expect_message("\xe2\x82", R R);
    expect_message("\xf0\x9f\x93", R R R);
    expect_message("\xe2\x28\xa1", R "(" R);
    expect_message("\xc3\"", R "\\\"");
#undef R
}
END_TEST

START_TEST(leaves_out_what_is_absent)
{
    capture(LOG_LEVEL_INFO);
    log_start("", LOG_LEVEL_INFO);
    log_with(LOG_LEVEL_INFO, NULL, .err = "", .event = "", .topic = "");
    ck_assert_str_eq(next_line(), AT "\"level\":\"info\",\"partition\":0,\"offset\":0}\n");
}
END_TEST

static void expect_bounded(char filling)
{
    static char text[100000];
    memset(text, filling, sizeof text - 1);
    struct log_fields fields = {.event = text,
                                .trace_id = text,
                                .topic = text,
                                .partition = INT32_MIN,
                                .offset = INT64_MIN,
                                .err = text};
    log_start(text, LOG_LEVEL_INFO);
    log_write(LOG_LEVEL_ERROR, text, &fields);
    next_line();
    size_t size = strlen(line);
    ck_assert_uint_le(size, PIPE_BUF);
    ck_assert_uint_ge(size, 3500);
    ck_assert_str_eq(line + size - 6, "\xe2\x80\xa6\"}\n");
    ck_assert_ptr_nonnull(
        strstr(line, "\"partition\":-2147483648,\"offset\":-9223372036854775808,\"err\":\""));
    ck_assert_str_eq(next_line(), "");
}

START_TEST(cuts_every_text_and_keeps_the_line_whole)
{
    capture(LOG_LEVEL_INFO);
    expect_bounded('x');
    expect_bounded('\x01'); /* six bytes each */
    expect_bounded('\xff'); /* three bytes each */
    expect_bounded('"');
}
END_TEST

START_TEST(cuts_between_characters_only)
{
    static char text[20000];
    capture(LOG_LEVEL_INFO);
    for (size_t shift = 0; shift < 4; shift++) {
        memset(text, 'x', shift);
        for (size_t at = shift; at + 4 < sizeof text; at += 4)
            memcpy(text + at, "\xf0\x9f\x93\xa6", 4);
        log_plain(LOG_LEVEL_INFO, text);
        const char *end = strstr(next_line(), "\xe2\x80\xa6\",\"service\"");
        ck_assert_ptr_nonnull(end);
        ck_assert_int_eq(memcmp(end - 4, "\xf0\x9f\x93\xa6", 4), 0);
        ck_assert_ptr_null(strstr(line, "\xef\xbf\xbd"));
    }
}
END_TEST

static void say_seldom(void)
{
    log_seldom(LOG_LEVEL_WARN, "again", .err = "x");
}

START_TEST(speaks_once_a_second_and_tells_what_it_held_back)
{
    capture(LOG_LEVEL_INFO);
    say_seldom();
    ck_assert_ptr_nonnull(strstr(next_line(), "\"message\":\"again\","));
    for (int at = 0; at < 5; at++)
        say_seldom();
    clock_hold(INT64_C(1795341600123), 999);
    say_seldom();
    ck_assert_str_eq(next_line(), "");
    clock_hold(INT64_C(1795341600123), 1000);
    say_seldom();
    ck_assert_ptr_nonnull(strstr(next_line(), "\"message\":\"again (6 held back)\","));
    clock_hold(INT64_C(1795341600123), 2000);
    say_seldom();
    ck_assert_ptr_nonnull(strstr(next_line(), "\"message\":\"again\","));
}
END_TEST

START_TEST(brakes_each_place_by_itself)
{
    capture(LOG_LEVEL_INFO);
    say_seldom();
    log_seldom(LOG_LEVEL_WARN, "elsewhere", .err = "x");
    ck_assert_ptr_nonnull(strstr(next_line(), "\"again\""));
    ck_assert_ptr_nonnull(strstr(next_line(), "\"elsewhere\""));
}
END_TEST

START_TEST(does_not_count_what_its_level_hides)
{
    capture(LOG_LEVEL_ERROR);
    say_seldom();
    say_seldom();
    log_start("colis-test", LOG_LEVEL_INFO);
    say_seldom();
    ck_assert_ptr_nonnull(strstr(next_line(), "\"message\":\"again\","));
}
END_TEST

enum { THREADS = 4, EACH = 1000 };
static struct log_brake shared_brake;

static void *brake_often(void *unused)
{
    for (int at = 0; at < EACH; at++)
        log_braked(&shared_brake, LOG_LEVEL_INFO, "m", NULL);
    return unused;
}

START_TEST(lets_one_line_of_several_threads_pass)
{
    pthread_t threads[THREADS];
    capture(LOG_LEVEL_INFO);
    for (int at = 0; at < THREADS; at++)
        ck_assert_int_eq(pthread_create(&threads[at], NULL, brake_often, NULL), 0);
    for (int at = 0; at < THREADS; at++)
        ck_assert_int_eq(pthread_join(threads[at], NULL), 0);
    ck_assert_str_ne(next_line(), "");
    ck_assert_str_eq(next_line(), "");
}
END_TEST

static int64_t lost(void)
{
    const struct metric *metric = metric_first();
    while (strcmp(metric->name, "colis_log_lost_total") != 0)
        metric = metric->next;
    return metric_value(metric);
}

/* Lines as long as they get, into a pipe: those that were not counted are there, whole. */
START_TEST(drops_what_nobody_reads_and_counts_it)
{
    static char text[PIPE_BUF];
    int ends[2], kept = 0;
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    log_start("colis-test", LOG_LEVEL_INFO);
    memset(text, 'x', sizeof text - 1);
    for (int at = 0; at < 1000; at++)
        log_with(LOG_LEVEL_ERROR, text, .err = text);
    kept = 1000 - (int)lost();
    ck_assert_int_gt(kept, 0);
    ck_assert_int_lt(kept, 1000);
    ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    for (ssize_t got = 1; got > 0;) {
        got = read(ends[0], line, sizeof line);
        for (ssize_t at = 0; at < got; at++)
            kept -= line[at] == '\n';
    }
    ck_assert_int_eq(kept, 0);
    log_plain(LOG_LEVEL_ERROR, "read again");
    ck_assert_int_gt(read(ends[0], line, sizeof line), 0);
}
END_TEST

TCase *log_cases(void)
{
    TCase *cases = tcase_create("log");
    tcase_add_test(cases, writes_one_object_a_line);
    tcase_add_test(cases, tells_partition_and_offset_only_with_a_topic);
    tcase_add_test(cases, keeps_quiet_below_its_level);
    tcase_add_test(cases, escapes_what_would_break_the_line);
    tcase_add_test(cases, keeps_good_utf8_as_it_is);
    tcase_add_test(cases, replaces_every_byte_of_bad_utf8);
    tcase_add_test(cases, leaves_out_what_is_absent);
    tcase_add_test(cases, cuts_every_text_and_keeps_the_line_whole);
    tcase_add_test(cases, cuts_between_characters_only);
    tcase_add_test(cases, speaks_once_a_second_and_tells_what_it_held_back);
    tcase_add_test(cases, brakes_each_place_by_itself);
    tcase_add_test(cases, does_not_count_what_its_level_hides);
    tcase_add_test(cases, lets_one_line_of_several_threads_pass);
    tcase_add_test(cases, drops_what_nobody_reads_and_counts_it);
    return cases;
}
