/* SPDX-License-Identifier: Apache-2.0
 * shared/base/trace.h: W3C trace context, taken over or begun anew. */
#include "shared/base/trace.h"

#include <string.h>

#include "tests/base/cases.h"

#define GOOD "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static void expect_shape(const char *parent)
{
    ck_assert_uint_eq(strlen(parent), TRACE_PARENT - 1);
    ck_assert_uint_eq(strspn(parent, "0123456789abcdef-"), TRACE_PARENT - 1);
    ck_assert_int_eq(strncmp(parent, "00-", 3), 0);
    ck_assert(parent[35] == '-' && parent[52] == '-');
}

static bool is_continued(const char *from)
{
    char parent[TRACE_PARENT];
    trace_continue(span_of(from), parent);
    expect_shape(parent);
    return memcmp(parent + 3, from + 3, 32) == 0;
}

START_TEST(continues_a_trace_with_a_new_span)
{
    char parent[TRACE_PARENT];
    trace_continue(SPAN(GOOD), parent);
    expect_shape(parent);
    ck_assert_int_eq(memcmp(parent, GOOD, 36), 0);
    ck_assert_int_ne(memcmp(parent + 36, &GOOD[36], 16), 0);
    ck_assert_str_eq(parent + 53, "01");
}
END_TEST

START_TEST(hands_on_the_sampled_bit_alone)
{
    char parent[TRACE_PARENT];
    trace_continue(SPAN("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"), parent);
    ck_assert_str_eq(parent + 53, "00");
    trace_continue(SPAN("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff"), parent);
    ck_assert_str_eq(parent + 53, "01");
    trace_continue(SPAN("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-fe"), parent);
    ck_assert_str_eq(parent + 53, "00");
}
END_TEST

START_TEST(starts_a_new_trace_each_time_where_there_is_none)
{
    char one[TRACE_PARENT], other[TRACE_PARENT];
    trace_continue(SPAN(""), one);
    trace_continue((struct span){NULL, 0}, other);
    expect_shape(one);
    expect_shape(other);
    ck_assert_int_ne(memcmp(one + 3, other + 3, 32), 0);
    ck_assert_int_ne(memcmp(one + 36, other + 36, 16), 0);
}
END_TEST

START_TEST(starts_a_new_trace_where_the_text_is_malformed)
{
    static const char *const texts[] = {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
                                        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",
                                        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                                        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                        "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
                                        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902bZ-01",
                                        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
                                        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                        "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
                                        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01",
                                        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                        "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more"};
    for (size_t at = 0; at < sizeof texts / sizeof texts[0]; at++)
        ck_assert_msg(!is_continued(texts[at]), "%s", texts[at]);
}
END_TEST

START_TEST(reads_later_versions_as_this_one)
{
    ck_assert(is_continued("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    ck_assert(is_continued("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-and-more"));
}
END_TEST

START_TEST(continues_a_trace_in_its_own_place)
{
    char parent[TRACE_PARENT] = GOOD;
    trace_continue(span_of(parent), parent);
    expect_shape(parent);
    ck_assert_int_eq(memcmp(parent, GOOD, 36), 0);
    ck_assert_int_ne(memcmp(parent + 36, &GOOD[36], 16), 0);
}
END_TEST

START_TEST(tells_the_id_of_a_trace_or_nothing)
{
    char id[33] = "x";
    trace_id(GOOD, id);
    ck_assert_str_eq(id, "4bf92f3577b34da6a3ce929d0e0e4736");
    trace_id("nonsense", id);
    ck_assert_str_eq(id, "");
    trace_id(NULL, id);
    ck_assert_str_eq(id, "");
}
END_TEST

TCase *trace_cases(void)
{
    TCase *cases = tcase_create("trace");
    tcase_add_test(cases, continues_a_trace_with_a_new_span);
    tcase_add_test(cases, hands_on_the_sampled_bit_alone);
    tcase_add_test(cases, starts_a_new_trace_each_time_where_there_is_none);
    tcase_add_test(cases, starts_a_new_trace_where_the_text_is_malformed);
    tcase_add_test(cases, reads_later_versions_as_this_one);
    tcase_add_test(cases, continues_a_trace_in_its_own_place);
    tcase_add_test(cases, tells_the_id_of_a_trace_or_nothing);
    return cases;
}
