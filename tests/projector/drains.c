/* SPDX-License-Identifier: Apache-2.0
 * Draining what was released: for how long, whose turn it is in between, and what is met on the way. */
#include <stdio.h>

#include "shared/base/clock.h"
#include "shared/run/service.h"
#include "tests/projector/scene.h"

/* Where it is told how long a beat takes: the clock of a drain stands still but for that. */
static int beats;
static int64_t beat_takes_ms;
void __real_service_beat(void);
void __wrap_service_beat(void);
void __wrap_service_beat(void)
{
    beats++;
    if (beat_takes_ms)
        clock_hold(clock_wall_ms(), clock_steady_ms() + beat_takes_ms);
    __real_service_beat();
}

START_TEST(a_drain_by_a_projector_that_lost_its_partition_changes_nothing)
{
    struct bench bench;

    park_two(&bench);
    poison_off();
    sql_run("update bus.parked set action = 'release' where \"offset\" = 0");
    sql_run("update bus.position set next = 99 where partition = 0"); /* another owner went on */
    ck_assert_int_eq(parked_drained(&bench), READER_RETRY);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked"), 2);
    bench_done(&bench);
}
END_TEST

START_TEST(a_partition_that_cannot_be_drained_leaves_the_others_to_be)
{
    struct bench bench;
    struct reader_position owned[2];
    struct parked parked = {.owned = owned, .owned_count = 2};

    park_two(&bench);
    poison_off();
    owned[0] = owned[1] = bench.position;
    owned[1].partition = 1;
    sql_run(
        "insert into bus.position (reader, topic, partition, next) values ('projector', 'commands', 1, 3)");
    sql_run("update bus.parked set partition = 1, key = 'another' where \"offset\" = 1");
    sql_run("update bus.parked set action = 'release'");
    sql_run("update bus.position set next = 99 where partition = 0"); /* another owner went on */
    parked.store = &bench.store;
    parked.batch = &bench.batch;
    clock_hold(clock_wall_ms(), clock_steady_ms());
    ck_assert_int_eq(parked_drain(&parked), READER_RETRY);
    clock_release();
    ck_assert_int_eq(sql_number("select count(*) from bus.parked where partition = 0 and action = 'release'"),
                     1);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked"), 1);
    bench_done(&bench);
}
END_TEST

START_TEST(a_release_that_is_cut_goes_on_where_it_was)
{
    struct bench bench;
    char sql[512];

    park_two(&bench);
    poison_off();
    /* 300 more behind them: more than one call drains */
    (void)snprintf(
        sql, sizeof(sql),
        "insert into bus.parked (partition, \"offset\", id, at, key, headers, value, reason, kind) "
        "select 0, 1000 + n, gen_random_uuid(), at, key, headers, value, reason, kind from bus.parked, "
        "generate_series(1, 300) n where \"offset\" = 1");
    sql_run(sql);
    sql_run("update bus.parked set action = 'release' where \"offset\" = 0");
    beat_takes_ms = 1;
    for (int left = 302 - 100; left > 0; left -= 100) { /* as another process would, after a kill */
        ck_assert_int_eq(parked_drained(&bench), READER_DONE);
        ck_assert_int_eq(sql_number("select count(*) from bus.parked"), left);
        ck_assert_int_eq(sql_number("select count(*) from bus.parked where action = 'release'"), 1);
    }
    ck_assert_int_eq(parked_drained(&bench), READER_DONE);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked"), 0);
    bench_done(&bench);
}
END_TEST

/* The commands 3 to 8 of awa join the two that are parked, and the first is released. */
static void release_eight(struct bench *bench)
{
    static struct buf headers[6];
    struct event more[6];

    park_two(bench);
    poison_off();
    for (int i = 0; i < 6; i++) {
        more[i] = parcel_made(awa, 3 + i);
        headers_written(&more[i], &headers[i]);
    }
    ck_assert_int_eq(bench_run(bench, more, 6), READER_DONE);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked"), 8);
    sql_run("update bus.parked set action = 'release' where \"offset\" = 0");
}

START_TEST(draining_a_long_key_lets_others_through_and_says_it_lives)
{
    struct bench bench;

    release_eight(&bench);
    beat_takes_ms = 40;
    for (int call = 1; call <= 3; call++) {
        struct event other = parcel_made(fatou, 10 + call);

        ck_assert_int_eq(parked_drained(&bench), READER_DONE);
        ck_assert_int_eq(beats, call < 3 ? 3 * call : 8);
        ck_assert_int_eq(sql_number("select count(*) from bus.parked"), 8 - beats);
        ck_assert_int_eq(bench_run(&bench, &other, 1), READER_DONE);
        ck_assert_int_eq(sql_number("select count(*) from state.parcel"), 1 + beats + call);
    }
    expect_refused("");
    bench_done(&bench);
}
END_TEST

START_TEST(draining_ends_with_the_program)
{
    struct bench bench;

    release_eight(&bench);
    service_stop();
    ck_assert_int_eq(parked_drained(&bench), READER_DONE);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked"), 8);
    bench_done(&bench);
}
END_TEST

/* A parcel of the poisoned weight is there, and may be there once. */
static void once_only(struct bench *bench)
{
    struct event there = poisoned(moussa, 3);

    poison_off();
    ck_assert_int_eq(bench_run(bench, &there, 1), READER_DONE);
    sql_run("create unique index once on state.parcel (weight_g) where weight_g = 666");
}

START_TEST(a_released_command_that_meets_a_row_of_its_own_key_loses_its_mark_though_batches_commit_between)
{
    static struct buf headers;
    struct bench bench;
    struct event good = parcel_made(fatou, 4);

    park_two(&bench);
    once_only(&bench);
    headers_written(&good, &headers);
    ck_assert_int_eq(bench_reject(&bench, &good, "by hand"), READER_DONE);
    sql_run("update bus.parked set action = 'release' where \"offset\" in (0, 4)");
    for (int i = 0; i < 5; i++) {
        struct event other = parcel_made("44444444-4444-4444-8444-444444444444", 10 + i);

        (void)parked_drained(&bench);
        ck_assert_int_eq(bench_run(&bench, &other, 1), READER_DONE);
    }
    ck_assert_int_eq(parked_drained(&bench), READER_DONE);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked where action is null and \"offset\" < 2"),
                     2);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked where reason like '%once%'"), 1);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked"), 2); /* the other one was decided */
    sql_run("drop index state.once");
    bench_done(&bench);
}
END_TEST

TCase *drains_cases(void)
{
    TCase *cases = tcase_create("drains");

    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_drain_by_a_projector_that_lost_its_partition_changes_nothing);
    tcase_add_test(cases, a_partition_that_cannot_be_drained_leaves_the_others_to_be);
    tcase_add_test(cases, a_release_that_is_cut_goes_on_where_it_was);
    tcase_add_test(cases, draining_a_long_key_lets_others_through_and_says_it_lives);
    tcase_add_test(cases, draining_ends_with_the_program);
    tcase_add_test(
        cases,
        a_released_command_that_meets_a_row_of_its_own_key_loses_its_mark_though_batches_commit_between);
    return cases;
}
