/* SPDX-License-Identifier: Apache-2.0
 * shared/base/error.h: what an error tells about where it came from, and the law of its sign. */
#include "shared/base/error.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/base/cases.h"

MUST_CHECK static int born(void)
{
    return error_new(ERROR_DATA, "version %d follows %d", 7, 5);
}

MUST_CHECK static int tried(void)
{
    TRY(born());
    return 0;
}

MUST_CHECK static int forwarded(void)
{
    return error_forward(tried());
}

static int times(const char *text, const char *part)
{
    int count = 0;
    while ((text = strstr(text, part))) {
        count++;
        text += strlen(part);
    }
    return count;
}

START_TEST(has_no_text_before_the_first_failure)
{
    ck_assert_str_eq(error_text(), "");
}
END_TEST

START_TEST(tells_the_text_and_the_place_it_was_born)
{
    ck_assert_int_eq(born(), ERROR_DATA);
    ck_assert_int_eq(strncmp(error_text(), "version 7 follows 5 (tests/base/error.c:", 40), 0);
    ck_assert_int_eq(error_text()[strlen(error_text()) - 1], ')');
}
END_TEST

START_TEST(adds_each_place_a_failure_passes)
{
    ck_assert_int_eq(forwarded(), ERROR_DATA);
    ck_assert_int_eq(times(error_text(), "tests/base/error.c:"), 3);
    ck_assert_int_eq(times(error_text(), " < "), 2);
}
END_TEST

START_TEST(forgets_an_older_failure_when_a_newer_is_born)
{
    ck_assert_int_eq(forwarded(), ERROR_DATA);
    ck_assert_int_eq(error_new(ERROR_LINK, "gone"), ERROR_LINK);
    ck_assert_int_eq(times(error_text(), "version"), 0);
    ck_assert_int_eq(times(error_text(), "tests/base/error.c:"), 1);
}
END_TEST

START_TEST(may_quote_the_older_failure_in_the_newer)
{
    ck_assert_int_eq(born(), ERROR_DATA);
    ck_assert_int_eq(error_new(ERROR_LINK, "cannot go on: %s", error_text()), ERROR_LINK);
    ck_assert_int_eq(strncmp(error_text(), "cannot go on: version 7", 23), 0);
}
END_TEST

START_TEST(lets_done_and_outcomes_pass_silently)
{
    ck_assert_int_eq(error_forward(0), 0);
    ck_assert_int_eq(error_forward(3), 3);
    ck_assert_str_eq(error_text(), "");
}
END_TEST

START_TEST(says_so_where_a_negative_result_has_no_text)
{
    ck_assert_int_eq(born(), ERROR_DATA);
    ck_assert_int_eq(error_forward(-42), -42);
    ck_assert_int_eq(strncmp(error_text(), "failure -42 without a text (", 28), 0);
}
END_TEST

START_TEST(cuts_a_text_that_is_too_long)
{
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    ck_assert_int_eq(error_new(ERROR_LINK, "%s", text), ERROR_LINK);
    ck_assert_uint_gt(strlen(error_text()), 400);
    ck_assert_uint_lt(strlen(error_text()), 1100);
    ck_assert_int_eq(times(error_text(), "tests/base/error.c:"), 1);
}
END_TEST

START_TEST(leaves_out_places_that_do_not_fit)
{
    int result = born();
    for (int at = 0; at < 1000; at++)
        result = error_forward(result);
    ck_assert_int_eq(result, ERROR_DATA);
    ck_assert_uint_lt(strlen(error_text()), 1100);
    ck_assert_int_eq(error_text()[strlen(error_text()) - 1], ')');
    ck_assert_int_eq(times(error_text(), " < tests/base/error.c"), times(error_text(), " < "));
}
END_TEST

MUST_CHECK static int outcome(void)
{
    return 2;
}

MUST_CHECK static int tries_an_outcome(void)
{
    TRY(outcome());
    return 0;
}

START_TEST(aborts_where_an_outcome_is_tried)
{
    int result = tries_an_outcome();
    ck_abort_msg("came back with %d", result);
}
END_TEST

START_TEST(aborts_where_a_fatal_code_is_not_negative)
{
    int result = error_new(1, "an outcome is no error");
    ck_abort_msg("came back with %d", result);
}
END_TEST

static void *other_thread(void *ret_text)
{
    if (error_text()[0] != '\0')
        return NULL;
    int result = error_new(ERROR_BUG, "of the other thread");
    snprintf(ret_text, 64, "%d %s", result, error_text());
    return ret_text;
}

START_TEST(keeps_the_failures_of_threads_apart)
{
    pthread_t thread;
    void *ended = NULL;
    char text[64] = "";
    ck_assert_int_eq(error_new(ERROR_LINK, "of this thread"), ERROR_LINK);
    ck_assert_int_eq(pthread_create(&thread, NULL, other_thread, text), 0);
    ck_assert_int_eq(pthread_join(thread, &ended), 0);
    ck_assert_ptr_eq(ended, text);
    ck_assert_int_eq(strncmp(text, "-5 of the other thread (", 24), 0);
    ck_assert_int_eq(strncmp(error_text(), "of this thread (", 16), 0);
}
END_TEST

TCase *error_cases(void)
{
    TCase *cases = tcase_create("error");
    tcase_add_test(cases, has_no_text_before_the_first_failure);
    tcase_add_test(cases, tells_the_text_and_the_place_it_was_born);
    tcase_add_test(cases, adds_each_place_a_failure_passes);
    tcase_add_test(cases, forgets_an_older_failure_when_a_newer_is_born);
    tcase_add_test(cases, may_quote_the_older_failure_in_the_newer);
    tcase_add_test(cases, lets_done_and_outcomes_pass_silently);
    tcase_add_test(cases, says_so_where_a_negative_result_has_no_text);
    tcase_add_test(cases, cuts_a_text_that_is_too_long);
    tcase_add_test(cases, leaves_out_places_that_do_not_fit);
    tcase_add_test_raise_signal(cases, aborts_where_an_outcome_is_tried, SIGABRT);
    tcase_add_test_raise_signal(cases, aborts_where_a_fatal_code_is_not_negative, SIGABRT);
    tcase_add_test(cases, keeps_the_failures_of_threads_apart);
    return cases;
}
