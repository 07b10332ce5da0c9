/* SPDX-License-Identifier: Apache-2.0
 * Handover codes as their sender sees them: while they are good, and nobody else ever. The codes and QR texts
 * are those of tests/domain/code.c and tests/http/qr.c, of the same key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/query/site.h"

#define BOOKING "8c1e0000-0000-8000-8000-000000000001"
#define CODES   "/v1/bookings/" BOOKING "/codes"
#define PICKUP                                                                                               \
    "{\"purpose\":\"pickup\",\"issue\":1,\"tries_left\":5,\"code\":\"044750\","                              \
    "\"qr\":\"1.jB4AAAAAgACAAAAAAAAAAQ.p.1.044750."                                                          \
    "b6idAmblmXyHW9tXnc2cFo9yw8RqDCu_0N4tnaJsqJ6VZowCkYjwD7sp32hpOu6LD6Njia17fc8F3vYEKtLLDw\"}"
#define RETURN                                                                                               \
    "{\"purpose\":\"return\",\"issue\":2,\"tries_left\":1,\"code\":\"003484\","                              \
    "\"qr\":\"1.jB4AAAAAgACAAAAAAAAAAQ.r.2.003484."                                                          \
    "ke4Jbh6gRh4OV2QKKNCcBnMRFRNyqsSZe3IKuwyD5gV57aVCGn-kW-zyF4YzLk7H2UKR7ShtLYk_kYjUnJgjCA\"}"

static struct reply reply;

static void expect(const char *user, const char *role, int status)
{
    reply_done(&reply);
    get_as(user, role, CODES, &reply);
    ck_assert_msg(reply.status == status, "%d %s", reply.status, reply.body.data);
}

static void expect_items(const char *items)
{
    expect(AWA, NULL, 200);
    ck_assert_str_eq(reply.body.data, items);
    ck_assert_str_eq(reply_header(&reply, "Cache-Control"), "no-store");
}

/* Of AWA, carried by BINTA; every code has been issued. */
static void booking_make(const char *state)
{
    char members[512];
    snprintf(members, sizeof(members),
             "{\"id\":\"" BOOKING "\",\"state\":\"%s\",\"sender\":\"" AWA "\",\"traveller\":\"" BINTA "\","
             "\"pickup_code_issue\":1,\"delivery_code_issue\":1,\"return_code_issue\":2,"
             "\"return_code_tries\":4}",
             state);
    site_row("booking", members);
}

START_TEST(the_sender_sees_the_pickup_code_from_paid_on)
{
    booking_make("paid");
    expect_items("{\"items\":[" PICKUP "]}");
}
END_TEST

START_TEST(a_code_with_no_tries_left_says_so)
{
    booking_make("paid");
    site_sql("update state.booking set pickup_code_tries = 5");
    expect(AWA, NULL, 200);
    ck_assert_ptr_nonnull(strstr(reply.body.data, "\"tries_left\":0,"));
}
END_TEST

START_TEST(the_sender_sees_the_return_code_until_the_parcel_is_back)
{
    booking_make("disputed");
    expect_items("{\"items\":[" RETURN "]}");
    site_sql("update state.booking set return_proved_at = now()");
    expect_items("{\"items\":[]}");
    site_sql("update state.booking set return_proved_at = null, delivery_proved_at = now()");
    expect_items("{\"items\":[]}");
}
END_TEST

START_TEST(a_code_that_was_never_issued_is_not_shown)
{
    booking_make("disputed");
    site_sql("update state.booking set return_code_issue = 0");
    expect_items("{\"items\":[]}");
}
END_TEST

START_TEST(no_other_state_shows_a_code)
{
    static const char *const states[] = {"requested", "accepted", "refused_at_pickup", "collected",
                                         "delivered", "declined", "expired",           "cancelled",
                                         "completed", "resolved"};
    booking_make("requested");
    for (size_t at = 0; at < sizeof(states) / sizeof(*states); at++) {
        site_sql("update state.booking set state = '%s'", states[at]);
        expect_items("{\"items\":[]}");
    }
}
END_TEST

START_TEST(neither_traveller_nor_staff_nor_a_stranger_is_shown_codes)
{
    booking_make("paid");
    expect(BINTA, NULL, 404);
    expect(CLERK, NULL, 404);
    expect(CLERK, "staff", 403);
    expect(CLERK, "lead", 403);
    site_sql("delete from state.booking");
    expect(AWA, NULL, 404);
}
END_TEST

TCase *code_cases(void)
{
    TCase *cases = tcase_create("codes");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, site_start, site_stop);
    tcase_add_test(cases, the_sender_sees_the_pickup_code_from_paid_on);
    tcase_add_test(cases, a_code_with_no_tries_left_says_so);
    tcase_add_test(cases, the_sender_sees_the_return_code_until_the_parcel_is_back);
    tcase_add_test(cases, a_code_that_was_never_issued_is_not_shown);
    tcase_add_test(cases, no_other_state_shows_a_code);
    tcase_add_test(cases, neither_traveller_nor_staff_nor_a_stranger_is_shown_codes);
    return cases;
}
