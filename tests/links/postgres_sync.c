/* SPDX-License-Identifier: Apache-2.0
 * Segments as readers use them: one round trip whatever their size, all or nothing, on a session set up as we
 * want it. */
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "tests/links/postgres_cases.h"
#include "tests/session.h"

static const struct postgres_statement tables[] = {
    {"make", "create table thing (id int8 primary key, text text)"}, {0}};

static const struct postgres_statement statements[] = {
    {"insert", "insert into thing values ($1, $2)"},
    {"count", "select count(*) from thing"},
    {"texts", "select text from thing order by id"},
    {"echo", "select $1::text"},
    {"notify", "notify hint"},
    {"session",
     "select current_setting('statement_timeout'), current_setting('lock_timeout'), "
     "current_setting('idle_in_transaction_session_timeout'), current_setting('synchronous_commit'), "
     "current_setting('application_name'), current_database()::text, current_setting('plan_cache_mode')"},
    {"delete", "delete from thing"},
    {"soon", "set idle_in_transaction_session_timeout = '1s'"},
    {"standing",
     "select (count(*) = 0)::int::int8 from pg_stat_activity where datname = current_database() and "
     "pid <> pg_backend_pid() and backend_type = 'client backend' and "
     "state is distinct from 'idle in transaction'"},
    {0},
};

static struct postgres *session;

static void connect_link(void)
{
    database_make();
    database_run(tables);
    session = database_link(statements);
    session_ready(session);
}

static void free_link(void)
{
    postgres_free(session);
}

static void send_insert(int64_t id)
{
    struct postgres_value values[] = {INT8(id), TEXT("text")};
    postgres_send(session, "insert", values, 2, NULL);
}

static int64_t count_things(void)
{
    struct postgres_rows rows;
    postgres_send(session, "count", NULL, 0, &rows);
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_DONE);
    int64_t count = postgres_integer(&rows, 0, 0);
    postgres_rows_done(&rows);
    return count;
}

START_TEST(one_segment_is_one_transaction_unless_begun)
{
    int failed = -1;
    send_insert(1);
    send_insert(2);
    send_insert(1);
    ck_assert_int_eq(postgres_sync(session, &failed), POSTGRES_UNIQUE);
    ck_assert_int_eq(failed, 2);
    ck_assert_int_eq(count_things(), 0);
    ck_assert_ptr_nonnull(strstr(postgres_why(session), "thing_pkey"));
}
END_TEST

START_TEST(a_transaction_spans_segments_until_commit)
{
    postgres_send(session, "begin", NULL, 0, NULL);
    send_insert(1);
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_DONE);
    send_insert(2);
    postgres_send(session, "commit", NULL, 0, NULL);
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_DONE);
    ck_assert_int_eq(count_things(), 2);
}
END_TEST

START_TEST(parts_that_go_ahead_hold_or_fail_with_their_transaction)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    int failed = -1;
    postgres_send(session, "begin", NULL, 0, NULL);
    send_insert(1);
    postgres_push(session);
    send_insert(2);
    postgres_push(session);
    postgres_push(session);
    postgres_send(session, "count", NULL, 0, &rows);
    postgres_send(session, "commit", NULL, 0, NULL);
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_DONE);
    ck_assert_int_eq(postgres_integer(&rows, 0, 0), 2);
    postgres_send(session, "begin", NULL, 0, NULL);
    send_insert(3);
    postgres_push(session);
    send_insert(1);
    postgres_push(session);
    send_insert(4);
    postgres_send(session, "commit", NULL, 0, NULL);
    ck_assert_int_eq(postgres_sync(session, &failed), POSTGRES_UNIQUE);
    ck_assert_int_eq(failed, 3);
    ck_assert_ptr_nonnull(strstr(postgres_why(session), "thing_pkey"));
    ck_assert_int_eq(count_things(), 2);
}
END_TEST

/* 1 when nobody else does anything; who stood still and was ended already does not, either. */
static int64_t standing(struct postgres *link)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    postgres_send(link, "standing", NULL, 0, &rows);
    ck_assert_int_eq(postgres_sync(link, NULL), POSTGRES_DONE);
    return postgres_integer(&rows, 0, 0);
}

/* Its part holds a key that somebody else waits for. */
START_TEST(who_went_ahead_and_stands_still_is_ended_by_the_server)
{
    CLEANUP(postgres_free_cleanup) struct postgres *other = database_link(statements);
    struct postgres_value values[] = {INT8(1), TEXT("text")};
    session_ready(other);
    postgres_send(session, "soon", NULL, 0, NULL);
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_DONE);
    postgres_send(session, "begin", NULL, 0, NULL);
    send_insert(1);
    postgres_push(session);
    while (standing(other) == 0) {
    }
    postgres_send(other, "insert", values, 2, NULL);
    ck_assert_int_eq(postgres_sync(other, NULL), POSTGRES_DONE);
    postgres_send(session, "commit", NULL, 0, NULL);
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_RETRY);
    session_ready(session);
    ck_assert_int_eq(count_things(), 1);
}
END_TEST

START_TEST(a_failed_segment_leaves_no_open_transaction)
{
    postgres_send(session, "begin", NULL, 0, NULL);
    send_insert(1);
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_DONE);
    send_insert(1);
    postgres_send(session, "commit", NULL, 0, NULL);
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_UNIQUE);
    ck_assert(postgres_connected(session));
    ck_assert_int_eq(count_things(), 0);
    send_insert(1);
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_DONE);
    ck_assert_int_eq(count_things(), 1);
}
END_TEST

START_TEST(rows_of_a_failed_segment_are_empty)
{
    struct postgres_rows before, after;
    postgres_send(session, "count", NULL, 0, &before);
    struct postgres_value values[] = {INT8(1), {.type = POSTGRES_TEXT, .null = true}};
    postgres_send(session, "insert", values, 2, NULL);
    postgres_send(session, "insert", values, 2, NULL);
    postgres_send(session, "count", NULL, 0, &after);
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_UNIQUE);
    ck_assert_ptr_null(before.result);
    ck_assert_ptr_null(after.result);
    ck_assert_int_eq(after.count, 0);
}
END_TEST

START_TEST(counts_the_rows_a_statement_changed)
{
    struct postgres_rows rows;
    send_insert(1);
    send_insert(2);
    postgres_send(session, "delete", NULL, 0, &rows);
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_DONE);
    ck_assert_int_eq(rows.count, 2);
    postgres_rows_done(&rows);
}
END_TEST

/* Both directions hold far more than the socket buffers: a side that only writes would never end. */
START_TEST(a_pipeline_larger_than_all_buffers_gets_through)
{
    enum { STATEMENTS = 4000, SIZE = 8000 };
    struct postgres_rows *rows = calloc(STATEMENTS, sizeof(*rows));
    char *text = malloc(SIZE);
    for (int at = 0; at < STATEMENTS; at++) {
        memset(text, 'a' + at % 26, SIZE);
        struct postgres_value value = {.type = POSTGRES_TEXT, .text = {text, SIZE}};
        postgres_send(session, "echo", &value, 1, &rows[at]);
    }
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_DONE);
    for (int at = 0; at < STATEMENTS; at++) {
        ck_assert_uint_eq(postgres_text(&rows[at], 0, 0).size, SIZE);
        ck_assert_int_eq(postgres_text(&rows[at], 0, 0).data[SIZE - 1], 'a' + at % 26);
        postgres_rows_done(&rows[at]);
    }
    free(text);
    free(rows);
}
END_TEST

START_TEST(an_empty_segment_is_done)
{
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_DONE);
    ck_assert_int_eq(count_things(), 0);
}
END_TEST

/* The insert may be on its way already: it must not be committed by a segment whose middle is missing. */
START_TEST(a_statement_nobody_knows_spoils_its_segment)
{
    int failed = -1;
    postgres_send(session, "begin", NULL, 0, NULL);
    send_insert(1);
    postgres_send(session, "nonsense", NULL, 0, NULL);
    postgres_send(session, "commit", NULL, 0, NULL);
    ck_assert_int_eq(postgres_sync(session, &failed), POSTGRES_REFUSED);
    session_ready(session);
    ck_assert_int_eq(count_things(), 0);
}
END_TEST

static void expect_text(const struct postgres_rows *rows, int column, const char *text)
{
    ck_assert_msg(span_is(postgres_text(rows, 0, column), text), "column %d is not %s", column, text);
}

START_TEST(a_session_has_our_timeouts_and_name)
{
    struct postgres_rows rows;
    postgres_send(session, "session", NULL, 0, &rows);
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_DONE);
    expect_text(&rows, 0, "10s");
    expect_text(&rows, 1, "3s");
    expect_text(&rows, 2, "10s");
    expect_text(&rows, 3, "on");
    expect_text(&rows, 4, "test");
    expect_text(&rows, 5, database_name());
    expect_text(&rows, 6, "auto");
    postgres_rows_done(&rows);
}
END_TEST

START_TEST(who_plans_once_does_so_on_each_connection)
{
    struct postgres_rows rows;
    postgres_drop(session);
    postgres_plan_once(session);
    session_ready(session);
    postgres_send(session, "session", NULL, 0, &rows);
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_DONE);
    expect_text(&rows, 6, "force_generic_plan");
    postgres_rows_done(&rows);
}
END_TEST

static void count_hint(void *self)
{
    ++*(int *)self;
}

START_TEST(a_hint_ends_the_wait)
{
    int hints = 0;
    CLEANUP(postgres_free_cleanup) struct postgres *listener = database_link(statements);
    postgres_listen(listener, "hint", count_hint, &hints);
    session_ready(listener);
    ck_assert_int_eq(postgres_wait(listener, 1), POSTGRES_DONE);
    ck_assert_int_eq(hints, 0);
    postgres_send(session, "notify", NULL, 0, NULL);
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_DONE);
    int64_t before_ms = clock_steady_ms();
    ck_assert_int_eq(postgres_wait(listener, 20000), POSTGRES_DONE);
    ck_assert_int_eq(hints, 1);
    ck_assert_int_lt(clock_steady_ms() - before_ms, 10000);
}
END_TEST

TCase *sync_cases(void)
{
    TCase *cases = tcase_create("sync");
    tcase_add_checked_fixture(cases, connect_link, free_link);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, one_segment_is_one_transaction_unless_begun);
    tcase_add_test(cases, a_transaction_spans_segments_until_commit);
    tcase_add_test(cases, parts_that_go_ahead_hold_or_fail_with_their_transaction);
    tcase_add_test(cases, who_went_ahead_and_stands_still_is_ended_by_the_server);
    tcase_add_test(cases, a_failed_segment_leaves_no_open_transaction);
    tcase_add_test(cases, rows_of_a_failed_segment_are_empty);
    tcase_add_test(cases, counts_the_rows_a_statement_changed);
    tcase_add_test(cases, a_pipeline_larger_than_all_buffers_gets_through);
    tcase_add_test(cases, an_empty_segment_is_done);
    tcase_add_test(cases, a_statement_nobody_knows_spoils_its_segment);
    tcase_add_test(cases, a_session_has_our_timeouts_and_name);
    tcase_add_test(cases, who_plans_once_does_so_on_each_connection);
    tcase_add_test(cases, a_hint_ends_the_wait);
    return cases;
}
