/* SPDX-License-Identifier: Apache-2.0
 * Draining what was released: for how long, whose turn it is in between, and what is met on the way. */
#include <stdio.h>

#include "shared/base/clock.h"
#include "shared/run/service.h"
#include "tests/projector/scene.h"

/* Where it is told how long a beat takes, the clock stands still but for that. */
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
    clock_hold(clock_wall_ms(), clock_steady_ms());
    for (int left = 302 - 100; left > 0; left -= 100) { /* as another process would, after a kill */
        ck_assert_int_eq(parked_drained(&bench), READER_DONE);
        ck_assert_int_eq(sql_number("select count(*) from bus.parked"), left);
        ck_assert_int_eq(sql_number("select count(*) from bus.parked where action = 'release'"), 1);
    }
    ck_assert_int_eq(parked_drained(&bench), READER_DONE);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked"), 0);
    clock_release();
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
    clock_hold(clock_wall_ms(), clock_steady_ms());
    for (int call = 1; call <= 3; call++) {
        struct event other = parcel_made(fatou, 10 + call);

        ck_assert_int_eq(parked_drained(&bench), READER_DONE);
        ck_assert_int_eq(beats, call < 3 ? 3 * call : 8);
        ck_assert_int_eq(sql_number("select count(*) from bus.parked"), 8 - beats);
        ck_assert_int_eq(bench_run(&bench, &other, 1), READER_DONE);
        ck_assert_int_eq(sql_number("select count(*) from state.parcel"), 1 + beats + call);
    }
    clock_release();
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

TCase *drains_cases(void)
{
    TCase *cases = tcase_create("drains");

    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_drain_by_a_projector_that_lost_its_partition_changes_nothing);
    tcase_add_test(cases, a_release_that_is_cut_goes_on_where_it_was);
    tcase_add_test(cases, draining_a_long_key_lets_others_through_and_says_it_lives);
    tcase_add_test(cases, draining_ends_with_the_program);
    tcase_add_test(
        cases,
        a_released_command_that_meets_a_row_of_its_own_key_loses_its_mark_though_batches_commit_between);
    return cases;
}
