/* SPDX-License-Identifier: Apache-2.0
 * GET /v1/parcels/{id}/history, and what becomes of reads while a database is away. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/links/mongo.h"
#include "tests/links/mongo_cases.h"
#include "tests/links/mongo_double.h"
#include "tests/query/program.h"

static struct reply reply;

static void expect(const char *user, const char *target, int status)
{
    reply_done(&reply);
    get(user, target, &reply);
    ck_assert_msg(reply.status == status, "%s: %d %s", target, reply.status, reply.body.data);
}

static void happened(int64_t version)
{
    int bad;
    char fact[40];
    snprintf(fact, sizeof(fact), "fac70000-0000-8000-8000-%012lld", (long long)version);
    const struct mongo_entry entry = {.aggregate = "parcel/" PARCEL,
                                      .kind = "parcel",
                                      .id = PARCEL,
                                      .version = version,
                                      .fact = fact,
                                      .type = "parcel.registered.v1",
                                      .by = AWA,
                                      .at_ms = 1000,
                                      .data = SPAN("{\"state\":\"registered\"}"),
                                      .topic = "parcel"};
    int64_t until_ms = clock_steady_ms() + 40000;
    int outcome = mongo_append(store_link(), &entry, 1, &bad);
    while (outcome == MONGO_RETRY && clock_steady_ms() < until_ms)
        outcome = mongo_append(store_link(), &entry, 1, &bad);
    ck_assert_msg(outcome == MONGO_DONE, "%s", mongo_why());
}

START_TEST(tells_what_happened_in_pages)
{
    site_parcel(PARCEL, AWA, 1000);
    site_sql("update state.parcel set version = 4 where id = '" PARCEL "'"); /* its fact is on its way */
    for (int64_t version = 1; version <= 3; version++)
        happened(version);
    expect(AWA, "/v1/parcels/" PARCEL "/history?limit=1", 200);
    ck_assert_str_eq(reply.body.data,
                     "{\"items\":[{\"fact\":\"fac70000-0000-8000-8000-000000000001\",\"seq\":1,"
                     "\"at\":\"1970-01-01T00:00:01Z\",\"type\":\"parcel.registered.v1\","
                     "\"data\":{\"state\":\"registered\"}}],\"next\":\"1\"}");
    expect(AWA, "/v1/parcels/" PARCEL "/history?next=1", 200);
    ck_assert_ptr_null(strstr(reply.body.data, "\"seq\":1"));
    ck_assert_ptr_nonnull(strstr(reply.body.data, "\"seq\":2"));
    ck_assert_ptr_nonnull(strstr(reply.body.data, "\"seq\":3"));
    ck_assert_ptr_null(strstr(reply.body.data, "next"));
}
END_TEST

START_TEST(anothers_history_is_not_there)
{
    site_parcel(PARCEL, AWA, 1000);
    happened(1);
    expect(BINTA, "/v1/parcels/" PARCEL "/history", 404);
    expect(AWA, "/v1/parcels/8c1e0000-0000-8000-8000-000000000009/history", 404);
}
END_TEST

START_TEST(malformed_history_pages_are_told)
{
    expect(AWA, "/v1/parcels/" PARCEL "/history?next=x", 400);
    expect(AWA, "/v1/parcels/" PARCEL "/history?next=-1", 400);
    expect(AWA, "/v1/parcels/" PARCEL "/history?limit=1000", 400);
}
END_TEST

START_TEST(without_mongo_only_histories_are_away)
{
    site_setting("COLIS_MONGO_URL", "mongodb://127.0.0.1:1/?directConnection=true");
    site_setting("COLIS_MONGO_TIMEOUT_MS", "200");
    site_run(true);
    site_parcel(PARCEL, AWA, 1000);
    expect(AWA, "/v1/parcels/" PARCEL "/history", 503);
    ck_assert_str_eq(reply_header(&reply, "Retry-After"), "1");
    expect(AWA, "/v1/parcels/" PARCEL, 200);
    ck_assert_int_eq(site_managed("/readyz"), 200);
}
END_TEST

/* The program knows by then that it ends. */
static void until_nobody_listens(void)
{
    int64_t until_ms = clock_steady_ms() + 40000;
    int client = client_connect(program_port());
    while (client >= 0 && clock_steady_ms() < until_ms) {
        close(client);
        (void)poll(NULL, 0, 5);
        client = client_connect(program_port());
    }
    ck_assert_int_lt(client, 0);
}

/* Four threads ask; each that stands behind them would ask, and wait, in its turn. */
START_TEST(what_stands_behind_at_the_end_does_not_ask_mongo)
{
    enum { ALL = 10, AT_ONCE = 4 };
    int clients[ALL], answered = 0;
    double_holds("find");
    site_setting("COLIS_MONGO_URL", double_start());
    site_run(true);
    site_parcel(PARCEL, AWA, 1000);
    for (int at = 0; at < ALL; at++)
        clients[at] = client_send(AWA, NULL, "/v1/parcels/" PARCEL "/history", NULL);
    double_until("find", AT_ONCE);
    expect(AWA, "/v1/parcels/" PARCEL, 200); /* by its turn the others have been read */
    site_terminate();
    until_nobody_listens();
    double_answers("find", 0);
    for (int at = 0; at < ALL; at++) {
        reply_done(&reply);
        client_read(clients[at], &reply);
        ck_assert(reply.status == 200 || reply.status == 503);
        answered += reply.status == 200;
    }
    ck_assert_int_eq(answered, AT_ONCE);
    ck_assert_int_eq(double_heard("find"), AT_ONCE);
}
END_TEST

START_TEST(without_postgres_it_says_when_to_come_back)
{
    unsetenv("COLIS_SECRETS");
    site_setting("COLIS_POSTGRES_URL", "postgresql://127.0.0.1:1");
    site_run(false);
    ck_assert_int_eq(site_managed("/readyz"), 503);
    ck_assert_int_eq(site_managed("/healthz"), 200);
    expect(AWA, "/v1/parcels", 503);
    ck_assert_str_eq(reply_header(&reply, "Retry-After"), "1");
    expect(NULL, "/openapi.json", 200);
}
END_TEST

/* Again while it is 503: the status then. */
static int read_at_last(const char *target)
{
    int64_t until_ms = clock_steady_ms() + 40000;
    int status = 503;
    while (status == 503 && clock_steady_ms() < until_ms) {
        reply_done(&reply);
        get(AWA, target, &reply);
        status = reply.status;
        (void)poll(NULL, 0, 5);
    }
    return status;
}

START_TEST(query_is_not_ready_while_verdicts_cannot_be_asked_for)
{
    site_sql("drop function bus.verdicts(uuid[], uuid[])");
    site_run(false);
    site_parcel(PARCEL, AWA, 1000);
    for (int round = 0; round < 5; round++) {
        ck_assert_int_eq(read_at_last("/v1/parcels/" PARCEL), 200);
        ck_assert_int_eq(site_managed("/readyz"), 503);
    }
    schema_verdicts();
    int64_t until_ms = clock_steady_ms() + 40000;
    while (site_managed("/readyz") != 200 && clock_steady_ms() < until_ms)
        (void)poll(NULL, 0, 5);
    ck_assert_int_eq(site_managed("/readyz"), 200);
}
END_TEST

/* Until so many of the program's sessions for reads are as that, for a minute at most. */
static void until_sessions(int count, const char *that)
{
    site_sql("do $$ declare over timestamptz := clock_timestamp() + '1 minute'; begin "
             "while (select count(*) from pg_stat_activity where datname = current_database() "
             "and application_name = 'colis-query' and %s) < %d and clock_timestamp() < over loop "
             "perform pg_sleep(0.005); perform pg_stat_clear_snapshot(); end loop; end $$",
             that, count);
}

/* One read waits for a lock, and all behind it on its session would. */
START_TEST(a_session_that_falls_silent_holds_few_reads)
{
    site_setting("COLIS_POSTGRES_LOCK_MS", "60000");
    site_setting("COLIS_POSTGRES_STATEMENT_MS", "60000");
    site_run(true);
    site_parcel(PARCEL, AWA, 1000);
    until_sessions(2, "state = 'idle' and query <> ''");
    expect(AWA, "/v1/parcels/" PARCEL, 200);
    site_sql("begin");
    site_sql("lock table state.search in access exclusive mode");
    int silent = client_send(AWA, NULL, "/v1/searches/" PARCEL, NULL);
    until_sessions(1, "wait_event_type = 'Lock'");
    for (int read = 0; read < 20; read++)
        expect(AWA, "/v1/parcels/" PARCEL, 200);
    ck_assert_int_eq(poll(&(struct pollfd){.fd = silent, .events = POLLIN}, 1, 0), 0);
    site_sql("commit");
    reply_done(&reply);
    client_read(silent, &reply);
    ck_assert_int_eq(reply.status, 404);
}
END_TEST

/* A read that meets a dying session is asked again; one that meets only dying ones is 503, never another. */
START_TEST(lost_sessions_are_replaced)
{
    site_run(true);
    site_parcel(PARCEL, AWA, 1000);
    for (int round = 0; round < 5; round++) {
        site_sql("select pg_terminate_backend(pid) from pg_stat_activity "
                 "where datname = current_database() and application_name like 'colis-query%%'");
        ck_assert_int_eq(read_at_last("/v1/parcels/" PARCEL), 200);
    }
}
END_TEST

TCase *history_cases(void)
{
    TCase *cases = tcase_create("history");
    tcase_add_checked_fixture(cases, site_start, site_stop);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, tells_what_happened_in_pages);
    tcase_add_test(cases, anothers_history_is_not_there);
    tcase_add_test(cases, malformed_history_pages_are_told);
    return cases;
}

TCase *away_cases(void)
{
    TCase *cases = tcase_create("away");
    tcase_add_checked_fixture(cases, site_make, site_stop);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, without_mongo_only_histories_are_away);
    tcase_add_test(cases, what_stands_behind_at_the_end_does_not_ask_mongo);
    tcase_add_test(cases, without_postgres_it_says_when_to_come_back);
    tcase_add_test(cases, lost_sessions_are_replaced);
    tcase_add_test(cases, query_is_not_ready_while_verdicts_cannot_be_asked_for);
    tcase_add_test(cases, a_session_that_falls_silent_holds_few_reads);
    return cases;
}
