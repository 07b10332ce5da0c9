/* SPDX-License-Identifier: Apache-2.0
 * The scan floor against a model of PostgreSQL: transactions take xids and ids in any interleaving and commit
 * in any order, scans see what was committed, and no row may ever lie at or below the floor unsettled. */
#include <check.h>
#include <stdio.h>

#include "producers/relay/floor.h"
#include "tests/suite.h"

enum { WRITERS = 6, ROWS_MOST = 4000, ROUNDS = 400, LIMIT = 7 };

struct row {
    int64_t xid;
    bool committed, settled;
};

struct writer {
    bool running;
    int64_t xid;
    int rows, held[16];
};

/* Rows by id; ids and xids are handed out in order. */
static struct row table[ROWS_MOST + 1];
static struct writer writers[WRITERS];
static int64_t next_id, next_xid, ended_xid; /* ended_xid: the highest that ended */
static unsigned seed;

static int chance(int below)
{
    seed = seed * 1103515245u + 12345u;
    return (int)((seed >> 16) % (unsigned)below);
}

static void model_start(unsigned from)
{
    seed = from;
    next_id = next_xid = 1;
    ended_xid = 0;
    for (int at = 0; at <= ROWS_MOST; at++)
        table[at] = (struct row){0};
    for (int at = 0; at < WRITERS; at++)
        writers[at] = (struct writer){0};
}

/* Begins, takes another row's id, commits or rolls back: a row takes its xid before its id. */
static void writer_step(struct writer *writer)
{
    if (!writer->running) {
        *writer = (struct writer){.running = true, .xid = next_xid++};
        return;
    }
    if (chance(3) > 0 && writer->rows < 16 && next_id <= ROWS_MOST) {
        table[next_id].xid = writer->xid;
        writer->held[writer->rows++] = (int)next_id++;
        return;
    }
    bool commits = chance(5) > 0;
    for (int at = 0; at < writer->rows; at++)
        table[writer->held[at]].committed = commits;
    writer->running = false;
    ended_xid = writer->xid > ended_xid ? writer->xid : ended_xid;
}

/* A snapshot's xmin: it knows nobody behind the last who ended. */
static int64_t oldest_running(void)
{
    int64_t oldest = ended_xid + 1;
    for (int at = 0; at < WRITERS; at++) {
        if (writers[at].running && writers[at].xid < oldest)
            oldest = writers[at].xid;
    }
    return oldest;
}

/* One look of the relay: rows above the floor in order of id, all settled, then the floor moves. */
static void scan(struct floor *floor)
{
    struct floor_scan seen = {.xmin = oldest_running(), .next_xid = next_xid};
    int count = 0;
    for (int64_t id = floor->id + 1; id < next_id && count < LIMIT; id++) {
        if (!table[id].committed || table[id].settled)
            continue;
        table[id].settled = true;
        seen.last_id = id;
        count++;
    }
    seen.full = count == LIMIT;
    floor_move(floor, &seen);
}

static int64_t lost_below(const struct floor *floor)
{
    for (int64_t id = 1; id <= floor->id; id++) {
        if (table[id].committed && !table[id].settled)
            return id;
    }
    return 0;
}

static void run_model(unsigned from)
{
    struct floor floor = {0};
    model_start(from);
    for (int round = 0; round < ROUNDS; round++) {
        for (int step = chance(20); step > 0; step--)
            writer_step(&writers[chance(WRITERS)]);
        scan(&floor);
        ck_assert_int_eq(lost_below(&floor), 0);
    }
}

START_TEST(never_passes_a_row_that_is_still_to_come)
{
    for (unsigned from = 1; from <= 200; from++)
        run_model(from);
}
END_TEST

START_TEST(reaches_the_highest_row_once_everybody_has_ended)
{
    struct floor floor = {0};
    model_start(42);
    for (int step = 0; step < 3000; step++)
        writer_step(&writers[chance(WRITERS)]);
    for (int at = 0; at < WRITERS; at++)
        writers[at].running = false;
    ended_xid = next_xid - 1;
    for (int64_t round = 0; round < next_id; round++)
        scan(&floor);
    for (int64_t id = 1; id < next_id; id++)
        ck_assert(table[id].settled || !table[id].committed);
    ck_assert_int_eq(floor.id, floor.highest);
}
END_TEST

START_TEST(waits_for_a_transaction_that_holds_a_smaller_id)
{
    struct floor floor = {0};
    /* id 5 belongs to xid 100, which runs on; id 6 of xid 101 is seen. */
    floor_move(&floor, &(struct floor_scan){.xmin = 100, .next_xid = 102, .last_id = 6});
    ck_assert_int_eq(floor.id, 0);
    floor_move(&floor, &(struct floor_scan){.xmin = 100, .next_xid = 110});
    ck_assert_int_eq(floor.id, 0);
    floor_move(&floor, &(struct floor_scan){.xmin = 110, .next_xid = 110, .last_id = 5});
    ck_assert_int_eq(floor.id, 6);
}
END_TEST

START_TEST(waits_for_a_transaction_newer_than_all_that_ended)
{
    struct floor floor = {0};
    /* id 5 belongs to xid 101, which runs on; id 6 of xid 100 is seen: nobody behind 100 has ended. */
    floor_move(&floor, &(struct floor_scan){.xmin = 101, .next_xid = 102, .last_id = 6});
    floor_move(&floor, &(struct floor_scan){.xmin = 101, .next_xid = 102});
    ck_assert_int_eq(floor.id, 0);
    floor_move(&floor, &(struct floor_scan){.xmin = 102, .next_xid = 102, .last_id = 5});
    ck_assert_int_eq(floor.id, 6);
}
END_TEST

START_TEST(a_scan_that_was_cut_passes_only_what_it_returned)
{
    struct floor floor = {.highest = 900, .mark_id = 900, .mark_xid = 50};
    floor_move(&floor, &(struct floor_scan){.xmin = 60, .next_xid = 60, .last_id = 500, .full = true});
    ck_assert_int_eq(floor.id, 500);
    floor_move(&floor, &(struct floor_scan){.xmin = 60, .next_xid = 60, .last_id = 900, .full = true});
    ck_assert_int_eq(floor.id, 900);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("relay");
    TCase *cases = tcase_create("floor");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, never_passes_a_row_that_is_still_to_come);
    tcase_add_test(cases, reaches_the_highest_row_once_everybody_has_ended);
    tcase_add_test(cases, waits_for_a_transaction_that_holds_a_smaller_id);
    tcase_add_test(cases, waits_for_a_transaction_newer_than_all_that_ended);
    tcase_add_test(cases, a_scan_that_was_cut_passes_only_what_it_returned);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
