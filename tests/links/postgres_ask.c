/* SPDX-License-Identifier: Apache-2.0
 * Segments as servers use them: asked without waiting, answered in order and exactly once, over lost
 * sessions, behind one descriptor that never changes. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "tests/links/postgres_cases.h"
#include "tests/session.h"

enum { ANSWERS = 300 };

static const struct postgres_statement statements[] = {
    {"echo", "select $1::int8"},
    {"divide", "select 1 / $1::int8"},
    {"pid", "select pg_backend_pid()"},
    {"suicide", "select pg_terminate_backend(pg_backend_pid())"},
    {"local", "select set_config('colis.test', $1::int8::text, true)"},
    {"read", "select current_setting('colis.test', true)"},
    {"notify", "notify hint"},
    {"sleep", "select pg_sleep(30)"},
    {0},
};

static struct postgres *session;

static struct answers {
    int count;
    int outcomes[ANSWERS];
    int64_t values[ANSWERS];
} answers;

static void note(void *self, int outcome, struct postgres_rows *rows, int count)
{
    struct answers *to = self;
    ck_assert_int_lt(to->count, ANSWERS);
    to->outcomes[to->count] = outcome;
    to->values[to->count++] = outcome == POSTGRES_DONE ? postgres_integer(&rows[count - 1], 0, 0) : -1;
}

static void until_answered(int count)
{
    for (int turn = 0; turn < 300 && answers.count < count; turn++)
        session_step(session);
    ck_assert_int_eq(answers.count, count);
}

static void start_link(void)
{
    database_make();
    session = database_link(statements);
    ck_assert_int_eq(postgres_start(session), 0);
}

static void free_link(void)
{
    postgres_free(session);
}

static int ask(const char *statement, int64_t value)
{
    struct postgres_value values[] = {INT8(value)};
    bool bare =
        strcmp(statement, "echo") != 0 && strcmp(statement, "divide") != 0 && strcmp(statement, "local") != 0;
    postgres_ask(session, statement, values, bare ? 0 : 1);
    return postgres_end(session, note, &answers);
}

START_TEST(answers_come_in_the_order_asked)
{
    session_until_connected(session);
    for (int at = 0; at < 200; at++)
        ck_assert_int_eq(ask("echo", at), POSTGRES_DONE);
    until_answered(200);
    for (int at = 0; at < 200; at++) {
        ck_assert_int_eq(answers.outcomes[at], POSTGRES_DONE);
        ck_assert_int_eq(answers.values[at], at);
    }
}
END_TEST

START_TEST(a_failing_segment_spoils_no_other)
{
    session_until_connected(session);
    for (int at = 0; at < 30; at++)
        ck_assert_int_eq(ask("divide", at % 3), POSTGRES_DONE);
    until_answered(30);
    for (int at = 0; at < 30; at++)
        ck_assert_int_eq(answers.outcomes[at], at % 3 == 0 ? POSTGRES_REFUSED : POSTGRES_DONE);
    ck_assert(postgres_connected(session));
}
END_TEST

START_TEST(what_is_set_in_a_segment_is_gone_after_it)
{
    session_until_connected(session);
    struct postgres_value values[] = {INT8(7)};
    postgres_ask(session, "local", values, 1);
    postgres_ask(session, "echo", values, 1);
    ck_assert_int_eq(postgres_end(session, note, &answers), POSTGRES_DONE);
    until_answered(1);
    ck_assert_int_eq(answers.values[0], 7);
    ck_assert_int_eq(ask("read", 0), POSTGRES_DONE);
    until_answered(2);
    ck_assert_int_eq(answers.outcomes[1], POSTGRES_DONE);
}
END_TEST

START_TEST(refuses_at_once_while_not_connected)
{
    ck_assert(!postgres_connected(session));
    ck_assert_int_eq(ask("echo", 1), POSTGRES_RETRY);
    session_until_connected(session);
    ck_assert_int_eq(ask("echo", 1), POSTGRES_DONE);
    until_answered(1);
}
END_TEST

START_TEST(refuses_beyond_256_unanswered_segments)
{
    session_until_connected(session);
    for (int at = 0; at < 256; at++)
        ck_assert_int_eq(ask("echo", at), POSTGRES_DONE);
    ck_assert_int_eq(ask("echo", 256), POSTGRES_RETRY);
    until_answered(256);
    ck_assert_int_eq(ask("echo", 257), POSTGRES_DONE);
    until_answered(257);
    ck_assert_int_eq(answers.values[256], 257);
}
END_TEST

START_TEST(a_lost_session_answers_all_and_is_replaced)
{
    int descriptor = postgres_descriptor(session);
    for (int round = 1; round <= 3; round++) {
        answers.count = 0;
        session_until_connected(session);
        ck_assert_int_eq(ask("echo", 1), POSTGRES_DONE);
        ck_assert_int_eq(ask("suicide", 0), POSTGRES_DONE);
        ck_assert_int_eq(ask("echo", 2), POSTGRES_DONE);
        until_answered(3);
        ck_assert_int_eq(answers.outcomes[0], POSTGRES_DONE);
        ck_assert_int_eq(answers.outcomes[1], POSTGRES_RETRY);
        ck_assert_int_eq(answers.outcomes[2], POSTGRES_RETRY);
        ck_assert_int_eq(postgres_descriptor(session), descriptor);
    }
}
END_TEST

START_TEST(an_unknown_statement_is_refused_and_spoils_only_its_session)
{
    session_until_connected(session);
    ck_assert_int_eq(ask("nonsense", 0), POSTGRES_RETRY);
    for (int turn = 0; turn < 300 && postgres_connected(session); turn++)
        session_step(session);
    session_until_connected(session);
    ck_assert_int_eq(ask("echo", 5), POSTGRES_DONE);
    until_answered(1);
    ck_assert_int_eq(answers.values[0], 5);
}
END_TEST

/* Asks again from within an answer, three times over. */
static void ask_again(void *self, int outcome, struct postgres_rows *rows, int count)
{
    note(&answers, outcome, rows, count);
    struct postgres_value values[] = {INT8(answers.count)};
    if (answers.count == 3)
        return;
    postgres_ask(session, "echo", values, 1);
    ck_assert_int_eq(postgres_end(session, ask_again, self), POSTGRES_DONE);
}

START_TEST(an_answer_may_ask_again)
{
    session_until_connected(session);
    struct postgres_value values[] = {INT8(0)};
    postgres_ask(session, "echo", values, 1);
    ck_assert_int_eq(postgres_end(session, ask_again, NULL), POSTGRES_DONE);
    until_answered(3);
    ck_assert_int_eq(answers.values[2], 2);
}
END_TEST

START_TEST(what_waits_when_the_link_ends_is_answered)
{
    session_until_connected(session);
    ck_assert_int_eq(ask("sleep", 0), POSTGRES_DONE);
    ck_assert_int_eq(ask("echo", 0), POSTGRES_DONE);
    postgres_free(session);
    session = NULL;
    ck_assert_int_eq(answers.count, 2);
    ck_assert_int_eq(answers.outcomes[1], POSTGRES_RETRY);
}
END_TEST

START_TEST(a_server_that_falls_silent_is_left)
{
    session_until_connected(session);
    ck_assert_int_eq(ask("sleep", 0), POSTGRES_DONE);
    session_step(session);
    ck_assert_int_eq(answers.count, 0);
    clock_hold(clock_wall_ms(), clock_steady_ms() + 16000);
    ck_assert_int_eq(postgres_step(session), 0);
    clock_release();
    ck_assert_int_eq(answers.count, 1);
    ck_assert_int_eq(answers.outcomes[0], POSTGRES_RETRY);
    ck_assert_ptr_nonnull(strstr(postgres_why(session), "in time"));
}
END_TEST

static int mute_server(int *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int mute = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(mute, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(mute, 8), 0);
    ck_assert_int_eq(getsockname(mute, (struct sockaddr *)&address, &size), 0);
    *ret_port = ntohs(address.sin_port);
    return mute;
}

START_TEST(a_server_that_never_greets_is_left)
{
    char url[64];
    int port = 0, mute = mute_server(&port);
    postgres_free(session);
    snprintf(url, sizeof(url), "postgresql://127.0.0.1:%d", port);
    setenv("COLIS_POSTGRES_URL", url, 1);
    session = database_link(statements);
    ck_assert_int_eq(postgres_start(session), 0);
    session_step(session);
    session_step(session);
    clock_hold(clock_wall_ms(), clock_steady_ms() + 6000);
    session_step(session);
    clock_release();
    ck_assert_ptr_nonnull(strstr(postgres_why(session), "in time"));
    ck_assert(!postgres_connected(session));
    close(mute);
}
END_TEST

static void count_hint(void *self)
{
    ++*(int *)self;
}

START_TEST(hears_hints_also_on_a_new_session)
{
    int hints = 0;
    postgres_free(session);
    session = database_link(statements);
    postgres_listen(session, "hint", count_hint, &hints);
    ck_assert_int_eq(postgres_start(session), 0);
    for (int round = 1; round <= 2; round++) {
        session_until_connected(session);
        postgres_ask(session, "notify", NULL, 0);
        postgres_ask(session, "pid", NULL, 0);
        ck_assert_int_eq(postgres_end(session, note, &answers), POSTGRES_DONE);
        for (int turn = 0; turn < 100 && hints < round; turn++)
            session_step(session);
        ck_assert_int_eq(hints, round);
        ck_assert_int_eq(ask("suicide", 0), POSTGRES_DONE);
        until_answered(2 * round);
    }
}
END_TEST

TCase *ask_cases(void)
{
    TCase *cases = tcase_create("ask");
    tcase_add_checked_fixture(cases, start_link, free_link);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, answers_come_in_the_order_asked);
    tcase_add_test(cases, a_failing_segment_spoils_no_other);
    tcase_add_test(cases, what_is_set_in_a_segment_is_gone_after_it);
    tcase_add_test(cases, refuses_at_once_while_not_connected);
    tcase_add_test(cases, refuses_beyond_256_unanswered_segments);
    tcase_add_test(cases, a_lost_session_answers_all_and_is_replaced);
    tcase_add_test(cases, an_unknown_statement_is_refused_and_spoils_only_its_session);
    tcase_add_test(cases, an_answer_may_ask_again);
    tcase_add_test(cases, what_waits_when_the_link_ends_is_answered);
    tcase_add_test(cases, a_server_that_falls_silent_is_left);
    tcase_add_test(cases, a_server_that_never_greets_is_left);
    tcase_add_test(cases, hears_hints_also_on_a_new_session);
    return cases;
}
