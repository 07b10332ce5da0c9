/* SPDX-License-Identifier: Apache-2.0
 * Failures as readers meet them: each SQLSTATE gets its outcome, a dead session is found out and replaced. */
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "tests/links/postgres_cases.h"
#include "tests/session.h"

static const struct postgres_statement tables[] = {
    {"make", "create table thing (id int8 primary key, more int8 check (more > 0))"},
    {"fill", "insert into thing values (1, 1)"},
    {"raise", "create function raise(state text) returns void language plpgsql as "
              "$$ begin raise exception 'as asked' using errcode = state; end $$"},
    {"late", "create table late (id int8 unique deferrable initially deferred)"},
    {0},
};

static const struct postgres_statement statements[] = {
    {"raise", "select raise($1)"},
    {"suicide", "select pg_terminate_backend(pg_backend_pid())"},
    {"pid", "select pg_backend_pid()"},
    {"kill", "select pg_terminate_backend($1::int8::int4, 5000)"},
    {"insert", "insert into thing values ($1, 1)"},
    {"refused", "insert into thing values (2, 0)"},
    {"count", "select count(*) from thing"},
    {"lock", "select id from thing where id = 1 for update"},
    {"hasty", "set lock_timeout = 50"},
    {"quick", "set statement_timeout = 50"},
    {"idle", "set idle_in_transaction_session_timeout = 50"},
    {"sleep", "select pg_sleep(30)"},
    {"late", "insert into late values (1), (1)"},
    {"readonly", "set transaction read only"},
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

static int run(struct postgres *on, const char *name)
{
    postgres_send(on, name, NULL, 0, NULL);
    return postgres_sync(on, NULL);
}

static int64_t ask_integer(struct postgres *on, const char *name)
{
    struct postgres_rows rows;
    session_ready(on);
    postgres_send(on, name, NULL, 0, &rows);
    ck_assert_int_eq(postgres_sync(on, NULL), POSTGRES_DONE);
    int64_t value = postgres_integer(&rows, 0, 0);
    postgres_rows_done(&rows);
    return value;
}

struct expected {
    const char *state;
    int outcome;
    bool kept; /* the session */
};

static const struct expected expected[] = {
    {"08006", POSTGRES_RETRY, false},  {"40001", POSTGRES_RETRY, true},   {"40P01", POSTGRES_RETRY, true},
    {"53100", POSTGRES_RETRY, true},   {"55P03", POSTGRES_RETRY, true},   {"57014", POSTGRES_RETRY, true},
    {"57P01", POSTGRES_RETRY, false},  {"58030", POSTGRES_RETRY, true},   {"25006", POSTGRES_RETRY, false},
    {"25P03", POSTGRES_RETRY, false},  {"23505", POSTGRES_UNIQUE, true},  {"23514", POSTGRES_REFUSED, true},
    {"22001", POSTGRES_REFUSED, true}, {"42601", POSTGRES_REFUSED, true}, {"P0001", POSTGRES_REFUSED, true},
    {"3F000", POSTGRES_RETRY, false},  {"42P01", POSTGRES_RETRY, false},  {"42703", POSTGRES_RETRY, false},
    {"42704", POSTGRES_RETRY, false},  {"42883", POSTGRES_RETRY, false},  {"42501", POSTGRES_RETRY, false},
};

START_TEST(every_sqlstate_has_its_outcome)
{
    const struct expected *row = &expected[_i];
    struct postgres_value state = {.type = POSTGRES_TEXT, .text = span_of(row->state)};
    postgres_send(session, "raise", &state, 1, NULL);
    ck_assert_int_eq(postgres_sync(session, NULL), row->outcome);
    ck_assert_int_eq(postgres_connected(session), row->kept);
    ck_assert_int_eq(strncmp(postgres_why(session), row->state, 5), 0);
}
END_TEST

/* The segment is the transaction: what is only checked at its end fails at the Sync, behind every statement.
 */
START_TEST(a_commit_that_fails_at_the_sync_is_a_failure)
{
    struct postgres_rows rows;
    postgres_send(session, "late", NULL, 0, &rows);
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_UNIQUE);
    ck_assert_int_eq(rows.count, 0);
    ck_assert_ptr_null(rows.result);
    postgres_send(session, "begin", NULL, 0, NULL);
    postgres_send(session, "late", NULL, 0, NULL);
    postgres_send(session, "commit", NULL, 0, NULL);
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_UNIQUE);
    ck_assert_int_eq(ask_integer(session, "count"), 1);
}
END_TEST

START_TEST(a_session_killed_inside_its_segment_is_retried)
{
    struct postgres_value two = INT8(2);
    postgres_send(session, "begin", NULL, 0, NULL);
    postgres_send(session, "insert", &two, 1, NULL);
    postgres_send(session, "suicide", NULL, 0, NULL);
    postgres_send(session, "commit", NULL, 0, NULL);
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_RETRY);
    ck_assert(!postgres_connected(session));
    ck_assert_int_eq(postgres_descriptor(session), -1);
    ck_assert_int_eq(ask_integer(session, "count"), 1);
}
END_TEST

START_TEST(a_session_killed_while_idle_is_retried)
{
    CLEANUP(postgres_free_cleanup) struct postgres *other = database_link(statements);
    struct postgres_value pid = INT8(ask_integer(session, "pid"));
    session_ready(other);
    postgres_send(other, "kill", &pid, 1, NULL);
    ck_assert_int_eq(postgres_sync(other, NULL), POSTGRES_DONE);
    ck_assert_int_eq(run(session, "count"), POSTGRES_RETRY);
    ck_assert_int_eq(ask_integer(session, "count"), 1);
}
END_TEST

START_TEST(what_is_sent_without_a_connection_is_retried)
{
    postgres_drop(session);
    ck_assert_int_eq(run(session, "count"), POSTGRES_RETRY);
    ck_assert_int_eq(postgres_wait(session, 1000), POSTGRES_RETRY);
    ck_assert_int_eq(ask_integer(session, "count"), 1);
}
END_TEST

START_TEST(waiting_too_long_for_a_lock_is_retried)
{
    CLEANUP(postgres_free_cleanup) struct postgres *other = database_link(statements);
    session_ready(other);
    postgres_send(other, "begin", NULL, 0, NULL);
    ck_assert_int_eq(run(other, "lock"), POSTGRES_DONE);
    ck_assert_int_eq(run(session, "hasty"), POSTGRES_DONE);
    ck_assert_int_eq(run(session, "lock"), POSTGRES_RETRY);
    ck_assert_int_eq(strncmp(postgres_why(session), "55P03", 5), 0);
    ck_assert_int_eq(run(other, "rollback"), POSTGRES_DONE);
    ck_assert_int_eq(run(session, "lock"), POSTGRES_DONE);
}
END_TEST

START_TEST(a_statement_that_takes_too_long_is_retried)
{
    ck_assert_int_eq(run(session, "quick"), POSTGRES_DONE);
    ck_assert_int_eq(run(session, "sleep"), POSTGRES_RETRY);
    ck_assert(postgres_connected(session));
}
END_TEST

/* postgres_wait sees the server's farewell; what comes after it is a new session. */
START_TEST(a_transaction_left_idle_is_ended_by_the_server)
{
    struct postgres_value two = INT8(2);
    ck_assert_int_eq(run(session, "idle"), POSTGRES_DONE);
    postgres_send(session, "begin", NULL, 0, NULL);
    postgres_send(session, "insert", &two, 1, NULL);
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_DONE);
    while (postgres_wait(session, 10000) == POSTGRES_DONE)
        ;
    ck_assert_int_eq(run(session, "commit"), POSTGRES_RETRY);
    ck_assert_int_eq(ask_integer(session, "count"), 1);
}
END_TEST

START_TEST(a_server_that_became_read_only_is_left)
{
    struct postgres_value two = INT8(2);
    postgres_send(session, "begin", NULL, 0, NULL);
    postgres_send(session, "readonly", NULL, 0, NULL);
    postgres_send(session, "insert", &two, 1, NULL);
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_RETRY);
    ck_assert(!postgres_connected(session));
}
END_TEST

START_TEST(the_text_of_a_failure_quotes_no_value)
{
    ck_assert_int_eq(run(session, "refused"), POSTGRES_REFUSED);
    ck_assert_ptr_nonnull(strstr(postgres_why(session), "thing_more_check"));
    ck_assert_ptr_null(strstr(postgres_why(session), "(2, 0)"));
}
END_TEST

START_TEST(a_database_that_is_not_there_is_retried)
{
    static const struct postgres_statement drop[] = {{0}};
    CLEANUP(postgres_free_cleanup) struct postgres *nowhere = NULL;
    setenv("COLIS_POSTGRES_DATABASE", "t_nowhere", 1);
    const struct setting *const settings[] = {postgres_settings, NULL};
    char *arguments[] = {"test", NULL};
    ck_assert_int_eq(settings_read(settings, 1, arguments, getenv), 0);
    ck_assert_int_eq(postgres_new("test", "unused", &nowhere), 0);
    postgres_statements(nowhere, drop);
    ck_assert_int_eq(postgres_ready(nowhere), POSTGRES_RETRY);
    ck_assert_ptr_nonnull(strstr(postgres_why(nowhere), "t_nowhere"));
}
END_TEST

START_TEST(a_statement_the_database_cannot_prepare_is_refused)
{
    static const struct postgres_statement wrong[] = {{"wrong", "select from where"}, {0}};
    CLEANUP(postgres_free_cleanup) struct postgres *other = database_link(wrong);
    ck_assert_int_eq(postgres_ready(other), POSTGRES_REFUSED);
    ck_assert_int_eq(strncmp(postgres_why(other), "42601", 5), 0);
    ck_assert(!postgres_connected(other));
}
END_TEST

/* A backup that is being put back has no tables for a while, then no grants. */
START_TEST(a_table_that_is_not_there_yet_is_waited_for)
{
    static const struct postgres_statement early[] = {{"early", "select at from early"}, {0}};
    static const struct postgres_statement grown[] = {{"make", "create table early (at int)"}, {0}};
    CLEANUP(postgres_free_cleanup) struct postgres *other = database_link(early);
    ck_assert_int_eq(postgres_ready(other), POSTGRES_RETRY);
    ck_assert_int_eq(strncmp(postgres_why(other), "42P01", 5), 0);
    ck_assert_ptr_nonnull(strstr(postgres_why(other), "infra/migrate"));
    database_run(grown);
    session_ready(other);
}
END_TEST

TCase *failure_cases(void)
{
    TCase *cases = tcase_create("failures");
    tcase_add_checked_fixture(cases, connect_link, free_link);
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, every_sqlstate_has_its_outcome, 0, sizeof(expected) / sizeof(expected[0]));
    tcase_add_test(cases, a_commit_that_fails_at_the_sync_is_a_failure);
    tcase_add_test(cases, a_session_killed_inside_its_segment_is_retried);
    tcase_add_test(cases, a_session_killed_while_idle_is_retried);
    tcase_add_test(cases, what_is_sent_without_a_connection_is_retried);
    tcase_add_test(cases, waiting_too_long_for_a_lock_is_retried);
    tcase_add_test(cases, a_statement_that_takes_too_long_is_retried);
    tcase_add_test(cases, a_transaction_left_idle_is_ended_by_the_server);
    tcase_add_test(cases, a_server_that_became_read_only_is_left);
    tcase_add_test(cases, the_text_of_a_failure_quotes_no_value);
    tcase_add_test(cases, a_database_that_is_not_there_is_retried);
    tcase_add_test(cases, a_statement_the_database_cannot_prepare_is_refused);
    tcase_add_test(cases, a_table_that_is_not_there_yet_is_waited_for);
    return cases;
}
