/* SPDX-License-Identifier: Apache-2.0
 * Reads that wait, by ?wait= and ?after=: answered when the verdict is there, hinted or not; by one statement
 * for all; never beyond the cap, the time, or the program's end. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "tests/query/program.h"

enum { MANY = 400, TICK_MS = 250, ROUNDS = 20 }; /* TICK_MS: of consumers/query/wait.c */

/* The n-th command of these tests, waiting with its receipt. */
static int wait_for(int number, int seconds)
{
    CLEANUP(buf_done) struct buf receipt = {0};
    char command[40], target[200];
    snprintf(command, sizeof(command), "5b900000-0000-8000-8000-%012d", number);
    site_receipt(command, 7, &receipt);
    snprintf(target, sizeof(target), "/v1/commands/%s?wait=%d&receipt=%s", command, seconds, receipt.data);
    return client_send(AWA, NULL, target, NULL);
}

static void decide(int number)
{
    char command[40];
    snprintf(command, sizeof(command), "5b900000-0000-8000-8000-%012d", number);
    site_verdict(command, AWA, NULL, NULL);
}

/* Until so many wait, seen from outside. */
static void until_waiting(long long count)
{
    for (int turn = 0; turn < 6000 && site_metric("colis_query_waiters") != count; turn++)
        (void)poll(NULL, 0, 5);
    ck_assert_int_eq(site_metric("colis_query_waiters"), count);
}

static int status_of(int client)
{
    struct reply reply;
    client_read(client, &reply);
    reply_done(&reply);
    return reply.status;
}

/* How long a read waited whose verdict, once it was there, nobody looked for until it was hinted at. TICK_MS:
 * somebody did, so this shows nothing. */
static int64_t hinted_after_ms(int number)
{
    int64_t asked_ms = clock_steady_ms();
    int client = wait_for(number, 30);
    until_waiting(1);
    decide(number);
    struct pollfd answer = {.fd = client, .events = POLLIN};
    bool unhinted = poll(&answer, 1, 20) != 0; /* the look that every wait begins with may be late */
    site_sql("notify verdict");
    ck_assert_int_eq(status_of(client), 200);
    int64_t took_ms = clock_steady_ms() - asked_ms;
    until_waiting(0);
    return unhinted ? TICK_MS : took_ms;
}

/* Without a hint nobody looks before TICK_MS after the read began to wait. What is asked on a busy machine
 * may take as long with one. */
START_TEST(a_hint_answers_at_once)
{
    int64_t took_ms = TICK_MS;
    for (int round = 1; round <= ROUNDS && took_ms >= TICK_MS; round++)
        took_ms = hinted_after_ms(round);
    ck_assert_int_lt(took_ms, TICK_MS);
}
END_TEST

START_TEST(a_lost_hint_costs_a_moment)
{
    int client = wait_for(1, 30);
    until_waiting(1);
    decide(1);
    int64_t before_ms = clock_steady_ms();
    ck_assert_int_eq(status_of(client), 200);
    ck_assert_int_lt(clock_steady_ms() - before_ms, 15000);
}
END_TEST

START_TEST(the_time_over_is_pending)
{
    int64_t before_ms = clock_steady_ms();
    ck_assert_int_eq(status_of(wait_for(1, 1)), 202);
    ck_assert_int_ge(clock_steady_ms() - before_ms, 1000);
    until_waiting(0);
}
END_TEST

START_TEST(many_are_answered_by_few_statements)
{
    static int clients[MANY];
    site_setting("COLIS_QUERY_UNANSWERED", "1000");
    site_run(true);
    for (int at = 0; at < MANY; at++)
        clients[at] = wait_for(at, 30);
    until_waiting(MANY);
    long long before = site_metric("colis_query_wait_batches_total");
    int64_t before_ms = clock_steady_ms();
    site_sql("insert into bus.verdict (id, principal, subject, decided_at, fact_count, accepted, kind) "
             "select ('5b900000-0000-8000-8000-' || lpad(n::text, 12, '0'))::uuid, '" AWA "', '" PARCEL
             "', now(), 1, true, 'parcel' from generate_series(0, %d) n",
             MANY - 1);
    site_sql("notify verdict");
    for (int at = 0; at < MANY; at++)
        ck_assert_int_eq(status_of(clients[at]), 200);
    int64_t ticks = (clock_steady_ms() - before_ms) / TICK_MS;
    ck_assert_int_le(site_metric("colis_query_wait_batches_total") - before, 5 + ticks);
    until_waiting(0);
}
END_TEST

START_TEST(somebody_elses_receipt_waits_for_nothing)
{
    CLEANUP(buf_done) struct buf receipt = {0};
    char target[200];
    int client = wait_for(1, 30);
    site_receipt("5b900000-0000-8000-8000-000000000001", 7, &receipt);
    snprintf(target, sizeof(target), "/v1/commands/5b900000-0000-8000-8000-000000000001?wait=4&receipt=%s",
             receipt.data);
    int other = client_send(BINTA, NULL, target, NULL);
    ck_assert_int_eq(status_of(other), 404);
    until_waiting(1);
    decide(1);
    site_sql("notify verdict");
    ck_assert_int_eq(status_of(client), 200);
}
END_TEST

START_TEST(who_leaves_waits_no_more)
{
    int clients[3];
    for (int at = 0; at < 3; at++)
        clients[at] = wait_for(at, 30);
    until_waiting(3);
    client_vanish(clients[1]);
    until_waiting(2);
    decide(0);
    decide(1);
    decide(2);
    site_sql("notify verdict");
    ck_assert_int_eq(status_of(clients[0]), 200);
    ck_assert_int_eq(status_of(clients[2]), 200);
}
END_TEST

START_TEST(a_lost_session_ends_no_wait)
{
    int client = wait_for(1, 30);
    until_waiting(1);
    site_sql("select pg_terminate_backend(pid) from pg_stat_activity "
             "where datname = current_database() and application_name like 'colis-query%%'");
    decide(1);
    ck_assert_int_eq(status_of(client), 200);
}
END_TEST

START_TEST(a_read_after_a_command_waits_for_it)
{
    struct reply reply;
    int client =
        client_send(AWA, NULL, "/v1/parcels/" PARCEL "?after=5b900000-0000-8000-8000-000000000001", NULL);
    until_waiting(1);
    site_parcel(PARCEL, AWA, 1000);
    decide(1);
    site_sql("notify verdict");
    client_read(client, &reply);
    ck_assert_int_eq(reply.status, 200);
    reply_done(&reply);
    get(AWA, "/v1/parcels?after=5b900000-0000-8000-8000-000000000001", &reply);
    ck_assert_int_eq(reply.status, 200);
    reply_done(&reply);
    get(AWA, "/v1/parcels?after=nonsense", &reply);
    ck_assert_int_eq(reply.status, 400);
    reply_done(&reply);
}
END_TEST

START_TEST(a_command_that_is_never_decided_is_not_read_past)
{
    struct reply reply;
    site_parcel(PARCEL, AWA, 1000);
    get(AWA, "/v1/parcels/" PARCEL "?after=5b900000-0000-8000-8000-000000000001", &reply);
    ck_assert_int_eq(reply.status, 503);
    ck_assert_str_eq(reply_header(&reply, "Retry-After"), "1");
    reply_done(&reply);
}
END_TEST

START_TEST(the_end_answers_all_who_wait)
{
    int clients[5];
    for (int at = 0; at < 5; at++)
        clients[at] = wait_for(at, 30);
    until_waiting(5);
    site_terminate();
    for (int at = 0; at < 5; at++)
        ck_assert_int_eq(status_of(clients[at]), 202);
    ck_assert_int_eq(site_ended(), 0);
}
END_TEST

START_TEST(more_than_may_wait_are_turned_away)
{
    site_setting("COLIS_QUERY_WAITERS", "3");
    site_run(true);
    int clients[3];
    for (int at = 0; at < 3; at++)
        clients[at] = wait_for(at, 30);
    until_waiting(3);
    ck_assert_int_eq(status_of(wait_for(4, 30)), 503);
    for (int at = 0; at < 3; at++)
        decide(at);
    for (int at = 0; at < 3; at++)
        ck_assert_int_eq(status_of(clients[at]), 200);
}
END_TEST

/* A read after a command that is nobody's; no more is sent, the reply is all that is waited for. */
static int after_nothing(int number)
{
    char target[100];
    snprintf(target, sizeof(target), "/v1/parcels?after=5b900000-0000-8000-8000-%012d", number);
    int client = client_send(AWA, NULL, target, NULL);
    ck_assert_int_eq(shutdown(client, SHUT_WR), 0);
    return client;
}

/* Asking for verdicts takes so long, is noted, and hints at its end, so that somebody always wants the next.
 */
static void slow_verdicts(const char *seconds)
{
    site_sql("drop table if exists public.asked; "
             "create table public.asked (session int, began timestamptz, ended timestamptz); "
             "create or replace function bus.verdicts(commands uuid[], principals uuid[]) "
             "returns table (place bigint, id uuid, subject uuid, kind text, accepted boolean, reason text, "
             "fact_count smallint, decided_at timestamptz, fingerprint bytea) "
             "language plpgsql volatile security definer as $$ "
             "declare began timestamptz := clock_timestamp(); begin perform pg_sleep(%s); "
             "insert into public.asked values (pg_backend_pid(), began, clock_timestamp()); notify verdict; "
             "end $$",
             seconds);
}

/* One waits in vain until so many batches were asked for; what is between them is half of one at the least.
 */
static void expect_rests(const char *seconds, int batches)
{
    slow_verdicts(seconds);
    site_run(true);
    int client = wait_for(1, 30);
    for (int turn = 0; turn < 6000 && site_metric("colis_query_wait_batches_total") < batches; turn++)
        (void)poll(NULL, 0, 5);
    ck_assert_int_ge(site_metric("colis_query_wait_batches_total"), batches);
    client_vanish(client);
    site_sql("do $$ begin if exists (select from (select began - lag(ended) over w as rest, "
             "lag(ended - began) over w as took from public.asked window w as (partition by session order by "
             "began)) b "
             "where rest < took / 2) then raise 'a rest was too short'; end if; end $$");
}

START_TEST(a_slow_batch_is_followed_by_a_rest_as_long)
{
    expect_rests("0.6", 4);
}
END_TEST

/* So short that hardly any tick falls into it. */
START_TEST(a_hint_cuts_no_rest_short)
{
    expect_rests("0.1", 8);
}
END_TEST

START_TEST(who_waits_for_what_never_was_leaves_room_for_others)
{
    struct reply reply;
    int clients[3];
    site_setting("COLIS_QUERY_WAITERS", "4");
    site_setting("COLIS_QUERY_UNANSWERED", "3");
    site_run(true);
    for (int at = 0; at < 3; at++)
        clients[at] = after_nothing(at);
    until_waiting(3);
    get(AWA, "/v1/parcels", &reply);
    ck_assert_int_eq(reply.status, 429);
    ck_assert_str_eq(reply_header(&reply, "Retry-After"), "1");
    reply_done(&reply);
    site_verdict("5b900000-0000-8000-8000-000000000007", BINTA, NULL, NULL);
    ck_assert_int_eq(
        status_of(client_send(BINTA, NULL, "/v1/parcels?after=5b900000-0000-8000-8000-000000000007", NULL)),
        200);
    for (int at = 0; at < 3; at++)
        ck_assert_int_eq(status_of(clients[at]), 503);
    ck_assert_int_eq(status_of(client_send(AWA, NULL, "/v1/parcels", NULL)), 200);
}
END_TEST

TCase *wait_cases(void)
{
    TCase *cases = tcase_create("wait");
    tcase_add_checked_fixture(cases, site_start, site_stop);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_hint_answers_at_once);
    tcase_add_test(cases, a_lost_hint_costs_a_moment);
    tcase_add_test(cases, the_time_over_is_pending);
    tcase_add_test(cases, somebody_elses_receipt_waits_for_nothing);
    tcase_add_test(cases, who_leaves_waits_no_more);
    tcase_add_test(cases, a_lost_session_ends_no_wait);
    tcase_add_test(cases, a_read_after_a_command_waits_for_it);
    tcase_add_test(cases, a_command_that_is_never_decided_is_not_read_past);
    tcase_add_test(cases, the_end_answers_all_who_wait);
    return cases;
}

/* With a program of its own making. */
START_TEST(who_never_ends_a_request_does_not_hold_the_end)
{
    CLEANUP(buf_done) struct buf half = {0};
    site_setting("COLIS_SERVICE_DEADLINE_MS", "6000");
    site_setting("COLIS_HTTP_HEADER_MS", "60000");
    site_run(true);
    int client = client_connect(program_port());
    ck_assert_int_ge(client, 0);
    buf_text(&half, "GET /v1/parcels HTTP/1.1\r\nHost: te");
    client_write(client, &half);
    int waiting = wait_for(1, 30); /* by its turn the half request has been read */
    until_waiting(1);
    site_terminate();
    ck_assert_int_eq(status_of(waiting), 202);
    ck_assert_int_eq(site_ended(), 0);
    close(client);
}
END_TEST

TCase *limit_cases(void)
{
    TCase *cases = tcase_create("limit");
    tcase_add_checked_fixture(cases, site_make, site_stop);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, many_are_answered_by_few_statements);
    tcase_add_test(cases, a_slow_batch_is_followed_by_a_rest_as_long);
    tcase_add_test(cases, a_hint_cuts_no_rest_short);
    tcase_add_test(cases, more_than_may_wait_are_turned_away);
    tcase_add_test(cases, who_waits_for_what_never_was_leaves_room_for_others);
    tcase_add_test(cases, who_never_ends_a_request_does_not_hold_the_end);
    return cases;
}
