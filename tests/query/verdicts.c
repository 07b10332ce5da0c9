/* SPDX-License-Identifier: Apache-2.0
 * GET /v1/commands/{id}: decided, pending, parked, reused, somebody else's, never heard of. */
#include <stdio.h>
#include <string.h>

#include "tests/query/site.h"

#define COMMAND "5b900000-0000-8000-8000-000000000001"
#define PATH    "/v1/commands/" COMMAND

static struct reply reply;

static void expect(const char *user, const char *target, int status)
{
    reply_done(&reply);
    get(user, target, &reply);
    ck_assert_msg(reply.status == status, "%s: %d %s", target, reply.status, reply.body.data);
}

static const char *with_receipt(uint8_t fingerprint_byte)
{
    static char target[200];
    CLEANUP(buf_done) struct buf receipt = {0};
    site_receipt(COMMAND, fingerprint_byte, &receipt);
    snprintf(target, sizeof(target), PATH "?receipt=%s", receipt.data);
    return target;
}

START_TEST(an_accepted_command_tells_its_facts_and_resource)
{
    struct id id, facts[2];
    char expected[512];
    site_verdict(COMMAND, AWA, NULL, NULL);
    expect(AWA, PATH, 200);
    ck_assert_int_eq(id_parse(SPAN(COMMAND), &id), 0);
    id_of_fact(&id, 0, &facts[0]);
    id_of_fact(&id, 1, &facts[1]);
    snprintf(expected, sizeof(expected),
             "{\"id\":\"" COMMAND "\",\"state\":\"accepted\",\"facts\":[\"%s\",\"%s\"],"
             "\"resource\":\"/v1/parcels/" PARCEL "\",\"decided_at\":\"2026-11-22T10:00:00.500Z\"}",
             facts[0].text, facts[1].text);
    ck_assert_str_eq(reply.body.data, expected);
}
END_TEST

/* Whom staff block is not to be found at their own profile. */
START_TEST(a_command_about_a_person_names_that_person)
{
    site_verdict(COMMAND, CLERK, NULL, NULL);
    site_sql("update bus.verdict set kind = 'profile', subject = '" AWA "'");
    reply_done(&reply);
    get_as(CLERK, "staff", PATH, &reply);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_ptr_nonnull(strstr(reply.body.data, "\"resource\":\"/v1/people/" AWA "\""));
    site_sql("update bus.verdict set principal = '" AWA "'");
    expect(AWA, PATH, 200);
    ck_assert_ptr_nonnull(strstr(reply.body.data, "\"resource\":\"/v1/me/profile\""));
}
END_TEST

START_TEST(a_refused_command_tells_its_reason)
{
    site_verdict(COMMAND, AWA, "value_over_cap", NULL);
    expect(AWA, PATH, 200);
    ck_assert_str_eq(reply.body.data,
                     "{\"id\":\"" COMMAND "\",\"state\":\"refused\",\"reason\":\"value_over_cap\","
                     "\"facts\":[],\"decided_at\":\"2026-11-22T10:00:00.500Z\"}");
}
END_TEST

START_TEST(anothers_command_is_not_there)
{
    site_verdict(COMMAND, AWA, NULL, NULL);
    expect(BINTA, PATH, 404);
    reply_done(&reply);
    get_as(CLERK, "staff", PATH, &reply);
    ck_assert_int_eq(reply.status, 404);
    expect(AWA, with_receipt(7), 200);
    expect(BINTA, with_receipt(7), 404); /* the receipt in other hands tells nothing either */
}
END_TEST

START_TEST(a_command_nobody_heard_of_is_not_there)
{
    expect(AWA, PATH, 404);
    expect(AWA, PATH "?wait=5", 404);
    expect(AWA, PATH "?receipt=nonsense", 404);
    expect(AWA, "/v1/commands/nonsense", 404);
}
END_TEST

START_TEST(with_its_receipt_an_undecided_command_is_pending)
{
    expect(AWA, with_receipt(7), 202);
    ck_assert_str_eq(reply.body.data, "{\"id\":\"" COMMAND "\",\"state\":\"pending\"}");
    ck_assert_str_eq(reply_header(&reply, "Retry-After"), "1");
}
END_TEST

START_TEST(anothers_receipt_says_nothing)
{
    CLEANUP(buf_done) struct buf receipt = {0};
    char target[200];
    site_receipt("5b900000-0000-8000-8000-000000000002", 7, &receipt);
    snprintf(target, sizeof(target), PATH "?receipt=%s", receipt.data);
    expect(AWA, target, 404);
}
END_TEST

START_TEST(a_parked_command_is_parked)
{
    site_sql("insert into bus.parked (partition, \"offset\", id, at, key, headers, reason, kind) "
             "values (0, 7, '" COMMAND "', now(), '" AWA "', '{\"ce_principal\":\"" AWA
             "\"}', 'test', 'parked')");
    expect(AWA, with_receipt(7), 202);
    ck_assert_str_eq(reply.body.data, "{\"id\":\"" COMMAND "\",\"state\":\"parked\"}");
}
END_TEST

START_TEST(a_key_used_with_another_body_is_told)
{
    site_verdict(COMMAND, AWA, NULL, "07070707070707070707070707070707");
    expect(AWA, with_receipt(7), 200);
    expect(AWA, with_receipt(8), 422);
    expect(AWA, PATH, 200);
}
END_TEST

START_TEST(without_a_token_nothing_is_told)
{
    site_verdict(COMMAND, AWA, NULL, NULL);
    expect(NULL, PATH, 401);
    ck_assert_ptr_nonnull(strstr(reply_header(&reply, "WWW-Authenticate"), "Bearer"));
}
END_TEST

START_TEST(a_malformed_wait_is_told)
{
    static const char *const wrong[] = {"31", "-1", "", "x", "1.5", "99999999999999999999", "5&wait=6"};
    for (size_t at = 0; at < sizeof(wrong) / sizeof(wrong[0]); at++) {
        char target[200];
        snprintf(target, sizeof(target), PATH "?wait=%s", wrong[at]);
        expect(AWA, target, 400);
    }
}
END_TEST

START_TEST(the_document_needs_no_token)
{
    expect(NULL, "/openapi.json", 200);
    ck_assert_ptr_nonnull(strstr(reply.body.data, "\"/v1/commands/{id}\""));
}
END_TEST

TCase *verdict_cases(void)
{
    TCase *cases = tcase_create("verdict");
    tcase_add_checked_fixture(cases, site_start, site_stop);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, an_accepted_command_tells_its_facts_and_resource);
    tcase_add_test(cases, a_command_about_a_person_names_that_person);
    tcase_add_test(cases, a_refused_command_tells_its_reason);
    tcase_add_test(cases, anothers_command_is_not_there);
    tcase_add_test(cases, a_command_nobody_heard_of_is_not_there);
    tcase_add_test(cases, with_its_receipt_an_undecided_command_is_pending);
    tcase_add_test(cases, anothers_receipt_says_nothing);
    tcase_add_test(cases, a_parked_command_is_parked);
    tcase_add_test(cases, a_key_used_with_another_body_is_told);
    tcase_add_test(cases, without_a_token_nothing_is_told);
    tcase_add_test(cases, a_malformed_wait_is_told);
    tcase_add_test(cases, the_document_needs_no_token);
    return cases;
}
