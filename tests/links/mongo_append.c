/* SPDX-License-Identifier: Apache-2.0
 * History in MongoDB: appended once however often it is sent, never mixed up, read back page by page. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/links/mongo_inside.h"
#include "tests/links/mongo_cases.h"
#include "tests/links/mongo_double.h"

#define PARCEL "8c1e0000-0000-8000-8000-000000000001"
#define OTHER  "8c1e0000-0000-8000-8000-000000000002"

enum { LAST = 20 };

static struct mongo_entry entry_of(int64_t version)
{
    static char facts[1000][40];
    snprintf(facts[version % 1000], sizeof(facts[0]), "fact-%lld", (long long)version);
    return (struct mongo_entry){.aggregate = "parcel/" PARCEL,
                                .kind = "parcel",
                                .id = PARCEL,
                                .version = version,
                                .fact = facts[version % 1000],
                                .type = "parcel.registered.v1",
                                .by = "someone",
                                .at_ms = INT64_C(1795341600000) + version,
                                .data = SPAN("{\"weight_g\":2500}"),
                                .topic = "parcel",
                                .partition = 2,
                                .offset = 70 + version};
}

static int append(const struct mongo_entry *entries, size_t count)
{
    int bad = -1;
    return mongo_append(store_link(), entries, count, &bad);
}

/* As if its parcel were at version LAST. */
static int read_page(struct mongo *link, int64_t after, int limit, struct buf *to)
{
    const struct mongo_page page = {
        .aggregate = "parcel/" PARCEL, .after = after, .last = LAST, .limit = limit};
    return mongo_history(link, &page, to);
}

static void expect_history(int64_t after, int limit, const char *expected)
{
    CLEANUP(buf_done) struct buf page = {0};
    ck_assert_int_eq(read_page(store_link(), after, limit, &page), MONGO_DONE);
    ck_assert_str_eq(page.data, expected);
}

START_TEST(a_fact_is_read_as_it_was_appended)
{
    struct mongo_entry entry = entry_of(1);
    ck_assert_int_eq(append(&entry, 1), MONGO_DONE);
    expect_history(0, 10,
                   "{\"items\":[{\"fact\":\"fact-1\",\"seq\":1,"
                   "\"at\":\"2026-11-22T10:00:00.001Z\",\"type\":\"parcel.registered.v1\",\"data\":{\"weight_"
                   "g\":2500}}]}");
}
END_TEST

START_TEST(what_is_sent_again_is_there_once)
{
    struct mongo_entry entries[] = {entry_of(1), entry_of(2), entry_of(3), entry_of(2)};
    ck_assert_int_eq(append(entries, 2), MONGO_DONE);
    ck_assert_int_eq(append(entries, 4), MONGO_DONE);
    ck_assert_int_eq(append(entries, 4), MONGO_DONE);
    ck_assert_int_eq(store_count("history"), 3);
}
END_TEST

START_TEST(another_fact_under_the_same_name_is_a_conflict)
{
    int bad = -1;
    struct mongo_entry entries[] = {entry_of(1), entry_of(2), entry_of(3)};
    ck_assert_int_eq(append(entries, 2), MONGO_DONE);
    store_set_fact("parcel/" PARCEL ":0000000002", "another");
    ck_assert_int_eq(mongo_append(store_link(), entries, 3, &bad), MONGO_CONFLICT);
    ck_assert_int_eq(bad, 1);
    ck_assert_ptr_nonnull(strstr(mongo_why(), "0000000002"));
}
END_TEST

START_TEST(a_refused_document_is_named_and_the_others_are_stored)
{
    int bad = -1;
    struct mongo_entry entries[] = {entry_of(1), entry_of(2), entry_of(0), entry_of(3)};
    ck_assert_int_eq(mongo_append(store_link(), entries, 4, &bad), MONGO_REFUSED);
    ck_assert_int_eq(bad, 2);
    ck_assert_int_eq(store_count("history"), 3);
}
END_TEST

/* What the second of three documents met, as a bulk's reply says it. */
static void walk_code(int32_t code, struct mongo_walk *ret_walk)
{
    static int32_t duplicates[3];
    bson_error_t error = {.domain = MONGOC_ERROR_SERVER, .code = (uint32_t)code};
    bson_t *reply = BCON_NEW("writeErrors", "[", "{", "index", BCON_INT32(1), "code", BCON_INT32(code),
                             "keyPattern", "{", "other", BCON_INT32(1), "}", "}", "]");
    ret_walk->duplicates = duplicates;
    mongo_walk_reply(store_link(), reply, &error, 3, ret_walk);
    bson_destroy(reply);
}

START_TEST(only_what_a_document_did_is_blamed_on_it)
{
    static const int32_t its_own[] = {2, 121, 10334, 17280, 11000},
                         not_its_own[] = {1, 8, 13, 50, 91, 14031, 987654};
    struct mongo_walk walk;
    for (size_t at = 0; at < sizeof(its_own) / sizeof(its_own[0]); at++) {
        walk_code(its_own[at], &walk);
        ck_assert_msg(walk.outcome == MONGO_REFUSED && walk.bad == 1, "%d", its_own[at]);
    }
    for (size_t at = 0; at < sizeof(not_its_own) / sizeof(not_its_own[0]); at++) {
        walk_code(not_its_own[at], &walk);
        ck_assert_msg(walk.outcome == MONGO_RETRY && walk.bad == -1, "%d", not_its_own[at]);
    }
}
END_TEST

START_TEST(data_that_is_no_object_is_refused)
{
    static const char *const wrong[] = {
        "", "[]", "null", "{\"a\":", "{\"a\":1}}", "\"text\"", "{\"a\\u0000b\":1}"};
    for (size_t at = 0; at < sizeof(wrong) / sizeof(wrong[0]); at++) {
        int bad = -1;
        struct mongo_entry entries[] = {entry_of(1), entry_of(2)};
        entries[1].data = span_of(wrong[at]);
        ck_assert_msg(mongo_append(store_link(), entries, 2, &bad) == MONGO_REFUSED, "%s", wrong[at]);
        ck_assert_int_eq(bad, 1);
    }
    ck_assert_int_eq(store_count("history"), 0);
}
END_TEST

START_TEST(history_comes_in_pages_in_order)
{
    struct mongo_entry entries[12];
    for (int at = 0; at < 12; at++)
        entries[at] = entry_of(12 - at);
    struct mongo_entry other = entry_of(1);
    other.aggregate = "parcel/" OTHER;
    other.id = OTHER;
    ck_assert_int_eq(append(entries, 12), MONGO_DONE);
    ck_assert_int_eq(append(&other, 1), MONGO_DONE);
    CLEANUP(buf_done) struct buf page = {0};
    ck_assert_int_eq(read_page(store_link(), 0, 5, &page), MONGO_DONE);
    ck_assert_ptr_nonnull(strstr(page.data, "\"next\":\"5\"}"));
    buf_clear(&page);
    ck_assert_int_eq(read_page(store_link(), 10, 2, &page), MONGO_DONE);
    ck_assert_ptr_nonnull(strstr(page.data, "\"seq\":11"));
    ck_assert_ptr_nonnull(strstr(page.data, "\"seq\":12"));
    ck_assert_ptr_null(strstr(page.data, "next"));
    expect_history(12, 5, "{\"items\":[]}");
}
END_TEST

/* One is still on its way, or was put aside. */
START_TEST(a_version_that_is_not_there_leaves_no_gap_in_a_page)
{
    struct mongo_entry entries[] = {entry_of(1), entry_of(2), entry_of(17), entry_of(LAST),
                                    entry_of(LAST + 1)};
    CLEANUP(buf_done) struct buf page = {0};
    ck_assert_int_eq(append(entries, 5), MONGO_DONE);
    ck_assert_int_eq(read_page(store_link(), 0, 3, &page), MONGO_DONE);
    ck_assert_ptr_nonnull(strstr(page.data, "\"seq\":17"));
    ck_assert_ptr_nonnull(strstr(page.data, "\"next\":\"17\"}"));
    buf_clear(&page);
    ck_assert_int_eq(read_page(store_link(), 17, 3, &page), MONGO_DONE);
    ck_assert_ptr_nonnull(strstr(page.data, "\"seq\":20"));
    ck_assert_ptr_null(strstr(page.data, "\"seq\":21"));
    ck_assert_ptr_null(strstr(page.data, "next"));
}
END_TEST

START_TEST(a_large_bulk_is_stored_whole)
{
    enum { MANY = 900 };
    struct mongo_entry entries[MANY];
    for (int at = 0; at < MANY; at++)
        entries[at] = entry_of(at + 1);
    ck_assert_int_eq(append(entries, MANY), MONGO_DONE);
    ck_assert_int_eq(store_count("history"), MANY);
    ck_assert_int_eq(append(entries, MANY), MONGO_DONE);
    ck_assert_int_eq(store_count("history"), MANY);
}
END_TEST

START_TEST(preparing_twice_changes_nothing)
{
    int bad = -1;
    struct mongo_entry wrong = entry_of(0);
    ck_assert_int_eq(mongo_prepare(store_link()), MONGO_DONE);
    ck_assert_int_eq(mongo_append(store_link(), &wrong, 1, &bad), MONGO_REFUSED);
}
END_TEST

static struct mongo *link_to(const char *url, const char *timeout_ms)
{
    struct mongo *link = NULL;
    const struct setting *const tables[] = {mongo_settings, NULL};
    char *arguments[] = {"test", NULL};
    setenv("COLIS_MONGO_URL", url, 1);
    setenv("COLIS_MONGO_TIMEOUT_MS", timeout_ms, 1);
    ck_assert_int_eq(settings_read(tables, 1, arguments, getenv), 0);
    ck_assert_msg(mongo_new("test", "nowhere", &link) == 0, "%s", error_text());
    return link;
}

START_TEST(a_server_that_is_not_there_is_to_be_tried_again)
{
    struct mongo_entry entry = entry_of(1);
    struct mongo_position position = {"parcel", 0, 7};
    int bad = -1;
    CLEANUP(buf_done) struct buf page = {0};
    struct mongo *nowhere = link_to("mongodb://127.0.0.1:1/?directConnection=true", "100");
    clock_hold(0, 2000); /* and on: each looks for a server itself */
    ck_assert_int_eq(mongo_append(nowhere, &entry, 1, &bad), MONGO_RETRY);
    clock_hold(0, 4000);
    ck_assert_int_eq(mongo_alive(nowhere), MONGO_RETRY);
    clock_hold(0, 6000);
    ck_assert_int_eq(mongo_prepare(nowhere), MONGO_RETRY);
    clock_hold(0, 8000);
    ck_assert_int_eq(mongo_positions_save(nowhere, "history", &position, 1), MONGO_RETRY);
    clock_hold(0, 10000);
    ck_assert_int_eq(mongo_positions_load(nowhere, "history", &position, 1), MONGO_RETRY);
    clock_hold(0, 12000);
    ck_assert_int_eq(mongo_cluster(nowhere, "history", "one"), MONGO_RETRY);
    clock_hold(0, 14000);
    ck_assert_int_eq(read_page(nowhere, 0, 5, &page), MONGO_RETRY);
    ck_assert_uint_eq(page.size, 0);
    ck_assert_int_eq(bad, -1);
    mongo_free(nowhere);
}
END_TEST

static const char *why_not_read(struct mongo *link)
{
    CLEANUP(buf_done) struct buf page = {0};
    ck_assert_int_eq(read_page(link, 0, 5, &page), MONGO_RETRY);
    return mongo_why();
}

/* Else each that stands behind it would wait as long, one after the other. */
START_TEST(a_server_that_was_not_found_is_not_looked_for_for_a_second)
{
    static const char at_once[] = "no server was found a moment ago";
    struct mongo *nowhere = link_to("mongodb://127.0.0.1:1/?directConnection=true", "100");
    clock_hold(0, 5000);
    ck_assert_str_ne(why_not_read(nowhere), at_once);
    ck_assert_str_eq(why_not_read(nowhere), at_once);
    clock_hold(0, 5999);
    ck_assert_str_eq(why_not_read(nowhere), at_once);
    clock_hold(0, 6000);
    ck_assert_str_ne(why_not_read(nowhere), at_once);
    ck_assert_str_eq(why_not_read(nowhere), at_once);
    mongo_free(nowhere);
}
END_TEST

/* Else nobody would hear that the server went, and came back as it was an hour ago. */
START_TEST(a_call_whose_connection_ends_is_not_sent_again_by_the_driver)
{
    struct mongo_entry entry = entry_of(1);
    int bad = -1;
    struct mongo *link = link_to(double_start(), "20000");
    double_answers("insert", DOUBLE_HANGS_UP);
    double_answers("find", DOUBLE_HANGS_UP);
    ck_assert_int_eq(mongo_append(link, &entry, 1, &bad), MONGO_RETRY);
    ck_assert_int_eq(double_heard("insert"), 1);
    why_not_read(link);
    ck_assert_int_eq(double_heard("find"), 1);
    mongo_free(link);
}
END_TEST

/* Its servers are asked of the DNS, which may be away as they may. */
START_TEST(a_name_that_cannot_be_looked_up_is_looked_up_again)
{
    static const char at_once[] = "no server was found a moment ago";
    setenv("RES_OPTIONS", "timeout:1 attempts:1", 1);
    clock_hold(0, 5000);
    struct mongo *link = link_to("mongodb+srv://db.store.invalid/", "100");
    ck_assert_str_ne(why_not_read(link), at_once);
    ck_assert_str_eq(why_not_read(link), at_once);
    clock_hold(0, 6000);
    ck_assert_str_ne(why_not_read(link), at_once);
    mongo_free(link);
}
END_TEST

/* The role readWrite may make a collection, and not change its validator. */
START_TEST(a_validator_that_may_not_be_changed_stays)
{
    struct mongo *link = link_to(double_start(), "20000");
    double_answers("create", 48);
    double_answers("collMod", 13);
    ck_assert_int_eq(mongo_prepare(link), MONGO_DONE);
    ck_assert_int_eq(double_heard("collMod"), 2);
    double_answers("collMod", 2);
    ck_assert_int_eq(mongo_prepare(link), MONGO_RETRY);
    mongo_free(link);
}
END_TEST

TCase *append_cases(void)
{
    TCase *cases = tcase_create("append");
    tcase_add_checked_fixture(cases, store_make, store_free);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_fact_is_read_as_it_was_appended);
    tcase_add_test(cases, what_is_sent_again_is_there_once);
    tcase_add_test(cases, another_fact_under_the_same_name_is_a_conflict);
    tcase_add_test(cases, a_refused_document_is_named_and_the_others_are_stored);
    tcase_add_test(cases, only_what_a_document_did_is_blamed_on_it);
    tcase_add_test(cases, data_that_is_no_object_is_refused);
    tcase_add_test(cases, history_comes_in_pages_in_order);
    tcase_add_test(cases, a_version_that_is_not_there_leaves_no_gap_in_a_page);
    tcase_add_test(cases, a_large_bulk_is_stored_whole);
    tcase_add_test(cases, preparing_twice_changes_nothing);
    return cases;
}

TCase *away_cases(void)
{
    TCase *cases = tcase_create("away");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_server_that_is_not_there_is_to_be_tried_again);
    tcase_add_test(cases, a_server_that_was_not_found_is_not_looked_for_for_a_second);
    tcase_add_test(cases, a_call_whose_connection_ends_is_not_sent_again_by_the_driver);
    tcase_add_test(cases, a_name_that_cannot_be_looked_up_is_looked_up_again);
    tcase_add_test(cases, a_validator_that_may_not_be_changed_stays);
    return cases;
}
