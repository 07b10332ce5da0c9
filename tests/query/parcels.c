/* SPDX-License-Identifier: Apache-2.0
 * Parcels and the profile: mine whole, anothers' not there, pages in order whatever their ties, entity tags.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/query/site.h"

static struct reply reply;

static void expect(const char *user, const char *role, const char *target, int status)
{
    reply_done(&reply);
    get_as(user, role, target, &reply);
    ck_assert_msg(reply.status == status, "%s: %d %s", target, reply.status, reply.body.data);
}

START_TEST(my_parcel_is_whole)
{
    site_parcel(PARCEL, AWA, 1795341600);
    expect(AWA, NULL, "/v1/parcels/" PARCEL, 200);
    ck_assert_str_eq(reply.body.data,
                     "{\"id\":\"" PARCEL "\",\"version\":1,\"state\":\"registered\","
                     "\"changed_at\":\"2026-11-22T10:00:00.123Z\",\"sender\":\"" AWA "\","
                     "\"recipient\":{\"name\":\"Awa Ndiaye\",\"phone\":\"+221770000000\"},"
                     "\"origin\":{\"country\":\"FR\",\"city\":\"Paris\",\"landmark\":\"Gare\"},"
                     "\"destination\":{\"country\":\"SN\",\"city\":\"Dakar\"},\"weight_g\":2500,"
                     "\"category\":\"clothes\",\"value\":{\"amount\":40000,\"currency\":\"XOF\"},"
                     "\"description\":\"robes\",\"registered_at\":\"2026-11-22T10:00:00Z\",\"recipient_n\":1,"
                     "\"photos\":[]}");
    ck_assert_int_eq(reply_version(&reply), 1);
}
END_TEST

START_TEST(anothers_parcel_is_not_there)
{
    site_parcel(PARCEL, AWA, 1000);
    expect(BINTA, NULL, "/v1/parcels/" PARCEL, 404);
    expect(BINTA, NULL, "/v1/parcels", 200);
    ck_assert_str_eq(reply.body.data, "{\"items\":[]}");
    expect(NULL, NULL, "/v1/parcels/" PARCEL, 401);
    expect(AWA, NULL, "/v1/parcels/nonsense", 404);
}
END_TEST

START_TEST(staff_see_it_without_what_is_private)
{
    site_parcel(PARCEL, AWA, 1000);
    expect(CLERK, "staff", "/v1/parcels/" PARCEL, 200);
    ck_assert_ptr_null(strstr(reply.body.data, "Ndiaye"));
    ck_assert_ptr_null(strstr(reply.body.data, "Gare"));
    ck_assert_ptr_nonnull(strstr(reply.body.data, "\"city\":\"Paris\""));
    expect(CLERK, "staff", "/v1/parcels", 200);
    ck_assert_str_eq(reply.body.data, "{\"items\":[]}");
    expect(CLERK, "admin", "/v1/parcels/" PARCEL, 404);
}
END_TEST

static void expect_given(const char *user, const char *role, const char *target, const char *known,
                         int status)
{
    char header[200];
    snprintf(header, sizeof(header), "If-None-Match: %s\r\n", known);
    reply_done(&reply);
    client_read(client_send(user, role, target, header), &reply);
    ck_assert_int_eq(reply.status, status);
}

/* The entity tag of what somebody sees. */
static void tag_of(const char *user, const char *role, const char *target, char ret_tag[64])
{
    expect(user, role, target, 200);
    ck_assert_int_eq(reply_version(&reply), 1);
    snprintf(ret_tag, 64, "%s", reply_header(&reply, "ETag"));
}

START_TEST(what_i_have_already_is_not_sent_again)
{
    static const char *const target = "/v1/parcels/" PARCEL;
    char tag[64], known[160];
    site_parcel(PARCEL, AWA, 1000);
    tag_of(AWA, NULL, target, tag);
    snprintf(known, sizeof(known), "\"0\", W/%s", tag);
    expect_given(AWA, NULL, target, known, 304);
    ck_assert_uint_eq(reply.body.size, 0);
    ck_assert_str_eq(reply_header(&reply, "ETag"), tag);
    snprintf(known, sizeof(known), "\"1%s, W/\"0\"", tag + 1);
    expect_given(AWA, NULL, target, known, 200);
    expect_given(BINTA, NULL, target, "*", 404);
}
END_TEST

/* Of one version each sees other members, and the next one may sit before the same browser. */
START_TEST(what_another_has_is_not_confirmed_to_me)
{
    static const char *const target = "/v1/trips/" PARCEL;
    char mine[64], staffs[64];
    site_row("trip", "{\"state\":\"announced\",\"version\":1,\"traveller\":\"" AWA "\"}");
    tag_of(AWA, NULL, target, mine);
    ck_assert_ptr_null(strstr(mine, "1111"));
    expect_given(BINTA, NULL, target, mine, 200);
    tag_of(AWA, "staff", target, staffs);
    expect_given(AWA, NULL, target, staffs, 200);
    expect_given(AWA, NULL, target, mine, 304);
    expect_given(AWA, "staff", target, staffs, 304);
}
END_TEST

static void name_parcel(int number, char ret_id[40])
{
    snprintf(ret_id, 40, "8c1e0000-0000-8000-8000-%012d", number);
}

/* Takes the ids off the page in order, and the next. */
static int take_page(int *ids, char *next, size_t capacity)
{
    int count = 0;
    for (const char *at = strstr(reply.body.data, "{\"id\":\"8c1e"); at;
         at = strstr(at + 1, "{\"id\":\"8c1e"))
        ids[count++] = atoi(at + 7 + 24);
    const char *found = strstr(reply.body.data, "],\"next\":\"");
    next[0] = '\0';
    if (found)
        snprintf(next, capacity, "%.*s", (int)strcspn(found + 10, "\""), found + 10);
    return count;
}

START_TEST(pages_are_newest_first_without_gap_or_double)
{
    char id[40], next[100], target[200];
    int ids[30], seen = 0;
    for (int number = 1; number <= 25; number++) {
        name_parcel(number, id);
        site_parcel(id, number % 5 ? AWA : BINTA, 1000 + number / 4); /* ties in time */
    }
    snprintf(target, sizeof(target), "/v1/parcels?limit=7");
    for (int last = 100; target[0];) {
        expect(AWA, NULL, target, 200);
        int count = take_page(ids, next, sizeof(next));
        ck_assert_int_le(count, 7);
        for (int at = 0; at < count; at++, seen++) {
            ck_assert_int_lt(ids[at], last);
            last = ids[at];
        }
        target[0] = '\0';
        if (next[0])
            snprintf(target, sizeof(target), "/v1/parcels?limit=7&next=%s", next);
    }
    ck_assert_int_eq(seen, 20);
}
END_TEST

START_TEST(a_page_that_is_exactly_full_has_no_next)
{
    char id[40];
    for (int number = 1; number <= 3; number++) {
        name_parcel(number, id);
        site_parcel(id, AWA, 1000);
    }
    expect(AWA, NULL, "/v1/parcels?limit=3", 200);
    ck_assert_ptr_null(strstr(reply.body.data, "next"));
    expect(AWA, NULL, "/v1/parcels?limit=2", 200);
    ck_assert_ptr_nonnull(strstr(reply.body.data, "next"));
}
END_TEST

START_TEST(malformed_pages_are_told)
{
    static const char *const wrong[] = {
        "limit=0",         "limit=101",
        "limit=x",         "limit=",
        "next=",           "next=AAAA",
        "next=%%%",        "next=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "limit=1&limit=2", "next=_____________________________________________"};
    for (size_t at = 0; at < sizeof(wrong) / sizeof(wrong[0]); at++) {
        char target[200];
        snprintf(target, sizeof(target), "/v1/parcels?%s", wrong[at]);
        expect(AWA, NULL, target, 400);
    }
}
END_TEST

START_TEST(my_profile_is_what_i_said_last)
{
    site_row("profile", "{\"id\":\"" AWA "\",\"version\":2,\"state\":\"known\",\"n\":2}");
    site_sql("insert into private.profile values ('" AWA
             "', 'profile', 1, '{\"name\":\"Old\",\"email\":\"a@b.c\"}'), "
             "('" AWA
             "', 'profile', 2, '{\"name\":\"Awa\",\"email\":\"awa@example.org\",\"language\":\"fr\"}')");
    expect(AWA, NULL, "/v1/me/profile", 200);
    ck_assert_str_eq(reply.body.data, "{\"id\":\"" AWA "\",\"version\":2,\"state\":\"known\","
                                      "\"changed_at\":\"2026-11-22T10:00:00Z\",\"name\":\"Awa\","
                                      "\"email\":\"awa@example.org\",\"language\":\"fr\",\"tier\":0,"
                                      "\"blocked\":false}");
    expect(BINTA, NULL, "/v1/me/profile", 404);
    expect(CLERK, "staff", "/v1/me/profile", 403);
}
END_TEST

START_TEST(too_many_reads_of_one_person_are_told_so)
{
    site_setting("COLIS_RATE_PER_SECOND", "1");
    site_setting("COLIS_RATE_BURST", "2");
    site_run(true);
    expect(AWA, NULL, "/v1/parcels", 200);
    expect(AWA, NULL, "/v1/parcels", 200);
    for (int turn = 0; turn < 40 && reply.status == 200; turn++) { /* a slow read earns the next one */
        reply_done(&reply);
        get_as(AWA, NULL, "/v1/parcels", &reply);
    }
    ck_assert_int_eq(reply.status, 429);
    ck_assert_ptr_nonnull(reply_header(&reply, "Retry-After"));
    expect(BINTA, NULL, "/v1/parcels", 200);
}
END_TEST

TCase *parcel_cases(void)
{
    TCase *cases = tcase_create("parcel");
    tcase_add_checked_fixture(cases, site_start, site_stop);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, my_parcel_is_whole);
    tcase_add_test(cases, anothers_parcel_is_not_there);
    tcase_add_test(cases, staff_see_it_without_what_is_private);
    tcase_add_test(cases, what_i_have_already_is_not_sent_again);
    tcase_add_test(cases, what_another_has_is_not_confirmed_to_me);
    tcase_add_test(cases, pages_are_newest_first_without_gap_or_double);
    tcase_add_test(cases, a_page_that_is_exactly_full_has_no_next);
    tcase_add_test(cases, malformed_pages_are_told);
    tcase_add_test(cases, my_profile_is_what_i_said_last);
    return cases;
}

TCase *rate_cases(void)
{
    TCase *cases = tcase_create("rate");
    tcase_add_checked_fixture(cases, site_make, site_stop);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, too_many_reads_of_one_person_are_told_so);
    return cases;
}
