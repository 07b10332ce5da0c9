/* SPDX-License-Identifier: Apache-2.0
 * Facts folded again: what decisions wrote is what their facts alone give, byte by byte. The facts are read
 * from the outbox, where a test without a broker leaves them. */
#include <stdio.h>
#include <string.h>

#include "consumers/projector/refold.h"
#include "tests/bench/lives.h"
#include "tests/projector/scene.h"

enum { LIVES = 12, COMMANDS = LIVES * LIVES_STAGES };

static char bodies[COMMANDS][LIVES_BODY];
static struct event commands[COMMANDS];

/* Tables like those the projector writes, empty. */
static void again_made(void)
{
    sql_run("drop schema if exists again cascade");
    sql_run("create schema again");
    for (int m = 0; machines[m]; m++) {
        CLEANUP(buf_done) struct buf sql = {0};

        buf_format(&sql, "create table again.%s (like state.%s including indexes)", machines[m]->kind,
                   machines[m]->kind);
        sql_run(sql.data);
    }
    sql_run("create table again.ledger (like bus.ledger including indexes)");
    sql_run("create table again.timer (like bus.outbox_command including defaults including identity)");
}

/* Whole lives, a stage of all of them after the other, in batches of any size. */
static void lives_lived(struct bench *bench)
{
    static const size_t sizes[] = {1, 7, 40, 3, 100};
    size_t from = 0;

    for (int stage = 0; stage < LIVES_STAGES; stage++)
        for (int life = 0; life < LIVES; life++) {
            int at = stage * LIVES + life;

            memset(&commands[at], 0, sizeof(commands[at]));
            lives_booking(&commands[at], life, stage, bench->batch.codes, bodies[at]);
            commands[at].offset = at;
        }
    for (int turn = 0; from < COMMANDS; turn++) {
        size_t size = sizes[turn % 5] < COMMANDS - from ? sizes[turn % 5] : COMMANDS - from;

        ck_assert_int_eq(bench_run(bench, &commands[from], size), READER_DONE);
        from += size;
    }
    expect_refused("");
}

/* Lives that were lived, and a refold of their facts into empty tables. */
struct again {
    struct bench bench;
    struct refold *refold;
};

static void again_start(struct again *again, const char *timers)
{
    struct refold_config config = {.schema = "again", .ledger = "again.ledger", .timers = timers};

    bench_start(&again->bench);
    lives_lived(&again->bench);
    again_made();
    config.link = again->bench.store.link;
    postgres_drop(config.link);
    ck_assert_int_eq(refold_new(&config, &again->refold), 0);
}

static void again_done(struct again *again)
{
    refold_free(again->refold);
    bench_done(&again->bench);
}

/* The facts of the outbox, in the order they were written, flushed every so many. */
static int refold_outbox(struct refold *refold, const char *where, int every)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    CLEANUP(buf_done) struct buf sql = {0};
    int outcome = 0;

    buf_format(&sql, "select headers, value from bus.outbox where topic <> 'commands' %s order by id", where);
    sql_rows(sql.data, &rows);
    for (int row = 0; row < rows.count && outcome == 0; row++) {
        struct event event = {0};

        ck_assert_int_eq(event_from_headers_json(postgres_text(&rows, row, 0), &event), 0);
        event.data = postgres_text(&rows, row, 1);
        outcome = refold_event(refold, &event);
        if (outcome == 0 && row % every == every - 1)
            outcome = refold_flush(refold);
    }
    return outcome == 0 ? refold_flush(refold) : outcome;
}

/* How many rows of two tables are not, byte by byte, the same. */
static int64_t differing(const char *one, const char *other, const char *keys)
{
    CLEANUP(buf_done) struct buf sql = {0};

    buf_format(&sql,
               "select count(*) from (select l as l, r as r from %s l full join %s r using (%s)) b "
               "where b.l::text is distinct from b.r::text",
               one, other, keys);
    return sql_number(sql.data);
}

static void expect_same(void)
{
    for (int m = 0; machines[m]; m++) {
        char one[64], other[64];

        (void)snprintf(one, sizeof(one), "state.%s", machines[m]->kind);
        (void)snprintf(other, sizeof(other), "again.%s", machines[m]->kind);
        ck_assert_int_eq(differing(one, other, "id"), 0);
    }
    ck_assert_int_eq(differing("bus.ledger", "again.ledger", "journal, line"), 0);
}

START_TEST(the_facts_alone_give_every_state_and_every_journal)
{
    static const int every[] = {1, 7, 100000};
    struct again again;

    again_start(&again, NULL);
    ck_assert_int_eq(refold_outbox(again.refold, "", every[_i]), 0);
    ck_assert_int_eq(refold_count(again.refold),
                     sql_number("select count(*) from bus.outbox where version > 0"));
    ck_assert_int_eq(sql_number("select count(*) from state.booking where state = 'completed'"), LIVES);
    ck_assert_int_gt(sql_number("select count(*) from again.ledger"), 8 * LIVES);
    expect_same();
    again_done(&again);
}
END_TEST

START_TEST(facts_folded_twice_change_nothing_the_second_time)
{
    struct again again;

    again_start(&again, "again.timer");
    ck_assert_int_eq(refold_outbox(again.refold, "and id < (select avg(id) from bus.outbox)", 50), 0);
    ck_assert_int_eq(refold_outbox(again.refold, "", 50), 0);
    ck_assert_int_eq(refold_outbox(again.refold, "", 50), 0);
    ck_assert_int_eq(refold_count(again.refold),
                     sql_number("select count(*) from bus.outbox where version > 0"));
    expect_same();
    ck_assert_int_eq(sql_number("select count(*) - count(distinct event) from again.timer"), 0);
    again_done(&again);
}
END_TEST

START_TEST(the_facts_arm_the_timers_their_decisions_armed)
{
    struct again again;

    again_start(&again, "again.timer");
    ck_assert_int_eq(refold_outbox(again.refold, "", 64), 0);
    ck_assert_int_gt(sql_number("select count(*) from again.timer"), 8 * LIVES);
    ck_assert_int_eq(sql_number("select count(*) from bus.outbox where due is not null"),
                     sql_number("select count(*) from again.timer"));
    ck_assert_int_eq(
        sql_number(
            "select count(*) from bus.outbox o join again.timer t using (event, topic, key, aggregate, "
            "version, value, due) where bus.headers(string_to_array(t.headers, E'\\t'))::jsonb - 'ce_time' - "
            "'traceparent' = "
            "o.headers::jsonb - 'ce_time' - 'traceparent'"),
        sql_number("select count(*) from again.timer"));
    again_done(&again);
}
END_TEST

START_TEST(a_timer_that_was_decided_is_not_armed_again)
{
    struct again again;

    again_start(&again, "again.timer");
    sql_run(
        "insert into bus.verdict select event, null, event, now(), null, 0, false, 'booking', 'ended' from "
        "bus.outbox where due is not null and headers like '%booking.auto_confirm%'");
    ck_assert_int_eq(refold_outbox(again.refold, "", 64), 0);
    ck_assert_int_eq(sql_number("select count(*) from again.timer"),
                     sql_number("select count(*) from bus.outbox where due is not null") - LIVES);
    again_done(&again);
}
END_TEST

START_TEST(a_missing_fact_ends_it_and_nothing_of_its_flush_is_written)
{
    struct again again;

    again_start(&again, NULL);
    ck_assert_int_eq(refold_outbox(again.refold, "and not (headers like '%booking.accepted%')", 100000),
                     ERROR_DATA);
    ck_assert_ptr_nonnull(strstr(error_text(), "facts are missing after version 1"));
    ck_assert_int_eq(sql_number("select count(*) from again.booking"), 0);
    again_done(&again);
}
END_TEST

static const struct {
    const char *damage, *why;
} unreadable[] = {
    {"update bus.outbox_page set messages = regexp_replace(messages, "
     "E'(\\tparcel\\\\.registered[^\\n]*\\t)[^\\t\\n]*\\n', E'\\\\1{\"state\":\"accepted\"}\\n', 'g')",
     "its data is invalid"},
    {"update bus.outbox_page set messages = replace(messages, 'parcel.registered.v1', "
     "'parcel.registered.v9')",
     "no fact this program knows"},
    {"update bus.outbox_page set messages = replace(messages, 'booking.accepted.v1', 'booking.confirmed.v1')",
     "no fact this program knows"},
};

START_TEST(a_fact_this_program_cannot_read_ends_it)
{
    struct again again;

    again_start(&again, NULL);
    sql_run(unreadable[_i].damage);
    ck_assert_int_eq(refold_outbox(again.refold, "", 50), ERROR_DATA);
    ck_assert_msg(strstr(error_text(), unreadable[_i].why) != NULL, "%s", error_text());
    again_done(&again);
}
END_TEST

TCase *refold_cases(void)
{
    TCase *cases = tcase_create("refold");

    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, the_facts_alone_give_every_state_and_every_journal, 0, 3);
    tcase_add_test(cases, facts_folded_twice_change_nothing_the_second_time);
    tcase_add_test(cases, the_facts_arm_the_timers_their_decisions_armed);
    tcase_add_test(cases, a_timer_that_was_decided_is_not_armed_again);
    tcase_add_test(cases, a_missing_fact_ends_it_and_nothing_of_its_flush_is_written);
    tcase_add_loop_test(cases, a_fact_this_program_cannot_read_ends_it, 0,
                        sizeof(unreadable) / sizeof(unreadable[0]));
    return cases;
}
