/* SPDX-License-Identifier: Apache-2.0
 * shared/run/reader_batch.h: every outcome of every verb, with a store in memory. */
#include "tests/run/batch.h"

#include <check.h>
#include <string.h>

#include "shared/base/clock.h"
#include "tests/run/cases.h"

static struct batch_fixture fixture;
static struct ram_store *const store = &fixture.store;

static void start(void)
{
    ram_store_start(store);
}

static int run(void)
{
    return reader_batch_run(&fixture.batch);
}

START_TEST(stores_a_batch_by_one_begin_and_one_commit)
{
    batch_make(&fixture, 3, 10, 0);
    ck_assert_int_eq(run(), READER_DONE);
    ck_assert_int_eq(store->calls[RAM_BEGIN], 1);
    ck_assert_int_eq(store->calls[RAM_HANDLE], 30);
    ck_assert_int_eq(store->calls[RAM_COMMIT], 1);
    batch_check_ledger(store, 3, 10, false);
    ck_assert_int_eq(store->positions[2], 10);
}
END_TEST

START_TEST(moves_past_markers_with_the_batch)
{
    batch_make(&fixture, 2, 5, 1);
    ck_assert_int_eq(run(), READER_DONE);
    ck_assert_int_eq(store->positions[0], 6);
    ck_assert_int_eq(store->calls[RAM_COMMIT], 1);
}
END_TEST

START_TEST(moves_past_markers_without_any_event)
{
    batch_make(&fixture, 1, 0, 4);
    ck_assert_int_eq(run(), READER_DONE);
    ck_assert_int_eq(store->positions[0], 4);
    ck_assert_int_eq(store->calls[RAM_HANDLE], 0);
}
END_TEST

START_TEST(a_skipped_event_is_as_good_as_done)
{
    batch_make(&fixture, 1, 5, 0);
    store->bad_offset = 2;
    store->bad_as = READER_SKIP;
    ck_assert_int_eq(run(), READER_DONE);
    ck_assert_uint_eq(store->stored_count, 4);
    ck_assert_int_eq(store->positions[0], 5);
    ck_assert_int_eq(store->calls[RAM_COMMIT], 1);
}
END_TEST

static const enum ram_step transaction[] = {RAM_BEGIN, RAM_HANDLE, RAM_COMMIT};

START_TEST(a_retry_at_any_step_leaves_nothing_and_can_be_run_again)
{
    store->fail_at[transaction[_i]] = 1;
    store->fail_as[transaction[_i]] = READER_RETRY;
    batch_make(&fixture, 2, 3, 0);
    ck_assert_int_eq(run(), READER_RETRY);
    ck_assert_uint_eq(store->stored_count, 0);
    ck_assert_int_eq(store->positions[0], -1);
    ck_assert_int_eq(run(), READER_DONE);
    batch_check_ledger(store, 2, 3, false);
}
END_TEST

START_TEST(a_batch_too_large_for_a_slow_store_goes_one_by_one)
{
    int outcome = READER_RETRY;
    store->slow_beyond = 1;
    batch_make(&fixture, 2, 3, 1);
    for (int tries = 0; outcome == READER_RETRY && tries < 10; tries++)
        outcome = run();
    ck_assert_int_eq(outcome, READER_DONE);
    batch_check_ledger(store, 2, 3, false);
    ck_assert_uint_eq(store->rejected_count, 0);
    ck_assert_int_eq(store->positions[1], 4);
}
END_TEST

/* The commit of what came before, then a batch that begins with the event that asked for it. */
START_TEST(a_split_commits_what_came_before_and_goes_on_from_there)
{
    store->fail_at[RAM_HANDLE] = _i;
    store->fail_as[RAM_HANDLE] = READER_SPLIT;
    batch_make(&fixture, 2, 5, 1);
    ck_assert_int_eq(run(), READER_DONE);
    batch_check_ledger(store, 2, 5, false);
    ck_assert_uint_eq(store->rejected_count, 0);
    ck_assert_int_eq(store->calls[RAM_BEGIN], 2);
    ck_assert_int_eq(store->calls[RAM_COMMIT], 2);
    ck_assert_int_eq(store->positions[0], 6);
    ck_assert_int_eq(store->positions[1], 6);
    ck_assert_int_eq(fixture.breaker.count, 0);
}
END_TEST

START_TEST(a_batch_may_be_split_again_and_again)
{
    store->fail_at[RAM_HANDLE] = 4;
    store->fail_as[RAM_HANDLE] = READER_SPLIT;
    batch_make(&fixture, 2, 3, 0);
    ck_assert_int_eq(run(), READER_DONE);
    store->fail_at[RAM_HANDLE] = store->calls[RAM_HANDLE] + 3;
    batch_make(&fixture, 2, 6, 0);
    ck_assert_int_eq(run(), READER_DONE);
    batch_check_ledger(store, 2, 6, false);
    ck_assert_int_eq(store->calls[RAM_COMMIT], 4);
}
END_TEST

START_TEST(the_first_of_a_batch_is_never_split_off)
{
    store->fail_at[RAM_HANDLE] = 1;
    store->fail_as[RAM_HANDLE] = READER_SPLIT;
    batch_make(&fixture, 2, 3, 0);
    ck_assert_int_eq(run(), READER_RETRY);
    ck_assert_uint_eq(store->stored_count, 0);
    ck_assert_int_eq(run(), READER_DONE);
    batch_check_ledger(store, 2, 3, false);
}
END_TEST

/* The commit of the first part is met like any other. */
START_TEST(a_split_that_cannot_be_committed_leaves_nothing)
{
    store->fail_at[RAM_HANDLE] = 3;
    store->fail_as[RAM_HANDLE] = READER_SPLIT;
    store->fail_at[RAM_COMMIT] = 1;
    store->fail_as[RAM_COMMIT] = (enum reader_outcome)_i;
    batch_make(&fixture, 2, 3, 0);
    if (_i == READER_FAILED) {
        ck_assert_int_eq(run(), READER_DONE); /* one by one */
    } else {
        ck_assert_int_eq(run(), READER_RETRY);
        ck_assert_uint_eq(store->stored_count, 0);
        ck_assert_int_eq(run(), READER_DONE);
    }
    batch_check_ledger(store, 2, 3, false);
    ck_assert_uint_eq(store->rejected_count, 0);
}
END_TEST

/* What was committed by a split is not done again where the rest goes one by one. */
START_TEST(the_rest_of_a_split_batch_may_fail_and_stop)
{
    store->fail_at[RAM_HANDLE] = 3;
    store->fail_as[RAM_HANDLE] = READER_SPLIT;
    batch_make(&fixture, 1, 7, 0);
    store->bad_offset = 4;
    store->bad_as = (enum reader_outcome)_i;
    ck_assert_int_eq(run(), READER_DONE);
    if (_i == READER_STOP) {
        ck_assert_int_eq(fixture.stopped_offset, 4);
        ck_assert_int_eq(store->positions[0], 4);
        ck_assert_uint_eq(store->stored_count, 4);
        return;
    }
    batch_check_ledger(store, 1, 7, false);
    ck_assert_uint_eq(store->rejected_count, 1);
}
END_TEST

START_TEST(a_move_at_any_step_leaves_nothing)
{
    store->fail_at[transaction[_i]] = 1;
    store->fail_as[transaction[_i]] = READER_MOVED;
    batch_make(&fixture, 2, 3, 0);
    ck_assert_int_eq(run(), READER_MOVED);
    ck_assert_uint_eq(store->stored_count, 0);
}
END_TEST

START_TEST(a_failure_at_any_step_goes_one_by_one)
{
    store->fail_at[transaction[_i]] = 1;
    store->fail_as[transaction[_i]] = READER_FAILED;
    batch_make(&fixture, 2, 3, 1);
    ck_assert_int_eq(run(), READER_DONE);
    batch_check_ledger(store, 2, 3, false);
    ck_assert_uint_eq(store->rejected_count, 0);
    ck_assert_int_eq(store->positions[0], 4);
    ck_assert_int_eq(store->positions[1], 4);
}
END_TEST

START_TEST(a_lost_reply_to_commit_is_met_as_a_move)
{
    store->fail_at[RAM_COMMIT] = 1;
    store->fail_as[RAM_COMMIT] = READER_RETRY;
    store->commit_reply_lost = true;
    batch_make(&fixture, 2, 3, 0);
    ck_assert_int_eq(run(), READER_RETRY);
    ck_assert_int_eq(run(), READER_MOVED);
    batch_check_ledger(store, 2, 3, false);
}
END_TEST

static void reject_one(enum reader_outcome as, bool late)
{
    batch_make(&fixture, 1, 7, 0);
    store->bad_offset = 3;
    store->bad_as = as;
    store->fails_late = late;
    ck_assert_int_eq(run(), READER_DONE);
    batch_check_ledger(store, 1, 7, false);
    ck_assert_uint_eq(store->rejected_count, 1);
    ck_assert_int_eq(store->rejected[0].offset, 3);
    ck_assert_int_eq(store->positions[0], 7);
}

START_TEST(a_bad_event_is_rejected_alone)
{
    reject_one(READER_REJECT, false);
}
END_TEST

START_TEST(an_event_that_only_fails_the_commit_is_found)
{
    reject_one(READER_FAILED, true);
}
END_TEST

START_TEST(a_reject_that_stores_no_position_is_passed_by_a_commit)
{
    store->rejects_elsewhere = true;
    reject_one(READER_REJECT, false);
}
END_TEST

START_TEST(a_bad_last_event_is_passed_too)
{
    store->rejects_elsewhere = _i;
    batch_make(&fixture, 1, 4, 0);
    store->bad_offset = 3;
    store->bad_as = READER_REJECT;
    ck_assert_int_eq(run(), READER_DONE);
    ck_assert_int_eq(store->positions[0], 4);
}
END_TEST

START_TEST(a_reject_that_cannot_be_kept_is_tried_again)
{
    batch_make(&fixture, 1, 5, 0);
    store->bad_offset = 2;
    store->bad_as = READER_REJECT;
    store->fail_at[RAM_REJECT] = 1;
    store->fail_as[RAM_REJECT] = (enum reader_outcome)_i;
    ck_assert_int_eq(run(), READER_RETRY);
    ck_assert_int_eq(store->positions[0], 2);
    ck_assert_int_eq(run(), READER_DONE);
    batch_check_ledger(store, 1, 5, false);
}
END_TEST

START_TEST(a_retry_among_singles_goes_on_where_it_was)
{
    batch_make(&fixture, 2, 5, 0);
    store->bad_offset = 0;
    store->bad_as = READER_REJECT;
    store->fail_at[RAM_COMMIT] = 4;
    store->fail_as[RAM_COMMIT] = READER_RETRY;
    ck_assert_int_eq(run(), READER_RETRY);
    size_t before = store->stored_count;
    ck_assert_uint_gt(before, 0);
    ck_assert_int_eq(run(), READER_DONE);
    batch_check_ledger(store, 2, 5, false);
}
END_TEST

/* An event takes 700 ms. */
static int handle_slowly(void *self, const struct event *event)
{
    clock_hold(clock_wall_ms(), clock_steady_ms() + 700);
    return ram_store_verbs.handle(self, event);
}

START_TEST(a_batch_one_by_one_pauses_every_two_seconds)
{
    struct reader_verbs verbs = ram_store_verbs;
    verbs.handle = handle_slowly;
    store->fail_at[RAM_BEGIN] = 1;
    store->fail_as[RAM_BEGIN] = READER_FAILED;
    batch_make(&fixture, 2, 3, 1);
    fixture.batch.verbs = &verbs;
    ck_assert_int_eq(run(), READER_SPLIT);
    ck_assert(!store->open);
    ck_assert_uint_eq(store->stored_count, 3);
    ck_assert_int_eq(run(), READER_DONE);
    clock_release();
    batch_check_ledger(store, 2, 3, false);
    ck_assert_int_eq(store->positions[0], 4);
}
END_TEST

/* The end of the program comes with the third event; the next one begins with the fourth. */
static void stop_and_begin_again(void)
{
    store->stop_after = 3;
    batch_make(&fixture, 2, 5, 1);
    ck_assert_int_eq(run(), READER_RETRY);
    ck_assert_uint_eq(store->stored_count, 3);
    ck_assert(!store->open);
    batch_make(&fixture, 2, 5, 1);
    ck_assert_int_eq(run(), READER_DONE);
    batch_check_ledger(store, 2, 5, false);
    ck_assert_uint_eq(store->rejected_count, 0);
    ck_assert_int_eq(store->positions[0], 6);
}

START_TEST(a_batch_one_by_one_stops_between_two_events)
{
    store->fail_at[RAM_COMMIT] = 1;
    store->fail_as[RAM_COMMIT] = READER_FAILED;
    stop_and_begin_again();
}
END_TEST

START_TEST(a_batch_that_was_split_stops_between_its_parts)
{
    store->fail_at[RAM_HANDLE] = 4;
    store->fail_as[RAM_HANDLE] = READER_SPLIT;
    stop_and_begin_again();
}
END_TEST

START_TEST(a_partition_stops_at_its_event_and_the_others_go_on)
{
    batch_make(&fixture, 2, 6, 0);
    store->fail_at[RAM_HANDLE] = 5;
    store->fail_as[RAM_HANDLE] = READER_STOP;
    ck_assert_int_eq(run(), READER_DONE);
    ck_assert_int_eq(fixture.stopped_partition, 0);
    ck_assert_int_eq(fixture.stopped_offset, 2);
    ck_assert_int_eq(store->positions[0], 2);
    ck_assert_int_eq(store->positions[1], 6);
    ck_assert_uint_eq(store->stored_count, 8);
    ck_assert_uint_eq(store->rejected_count, 0);
}
END_TEST

START_TEST(a_partition_that_stops_at_once_does_not_move)
{
    batch_make(&fixture, 1, 6, 2);
    store->positions[0] = 0;
    fixture.positions[0].from = 0;
    store->bad_offset = 0;
    store->bad_as = READER_STOP;
    ck_assert_int_eq(run(), READER_DONE);
    ck_assert_int_eq(store->positions[0], 0);
    ck_assert_uint_eq(store->stored_count, 0);
    ck_assert_int_eq(fixture.stopped_offset, 0);
}
END_TEST

START_TEST(a_partition_may_stop_while_going_one_by_one)
{
    batch_make(&fixture, 2, 6, 0);
    store->fail_at[RAM_COMMIT] = 1;
    store->fail_as[RAM_COMMIT] = READER_FAILED;
    store->fail_at[RAM_HANDLE] = 12 + 6; /* second pass: partition 1, offset 2 */
    store->fail_as[RAM_HANDLE] = READER_STOP;
    ck_assert_int_eq(run(), READER_DONE);
    ck_assert_int_eq(fixture.stopped_partition, 1);
    ck_assert_int_eq(fixture.stopped_offset, 2);
    ck_assert_int_eq(store->positions[0], 6);
    ck_assert_int_eq(store->positions[1], 2);
}
END_TEST

START_TEST(an_event_whose_partition_has_no_position_is_a_defect)
{
    batch_make(&fixture, 2, 3, 0);
    fixture.batch.position_count = 1;
    store->fail_at[RAM_COMMIT] = 1;
    store->fail_as[RAM_COMMIT] = READER_FAILED;
    ck_assert_int_eq(run(), ERROR_BUG);
}
END_TEST

START_TEST(a_reason_is_cut_not_overrun)
{
    char text[600];
    memset(text, 'r', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    reader_because("%s", text);
    ck_assert_uint_eq(strlen(reader_reason()), 200);
}
END_TEST

static const struct {
    struct event event;
    int outcome;
} offered[] = {
    {{.type = "booking.accepted.v1", .readable = true}, READER_DONE},
    {{.type = "booking.accepted.v9", .readable = true}, READER_STOP},
    {{.type = "booking.accept.v1", .readable = true}, READER_STOP}, /* a command */
    {{.type = "parcel.registered.v1", .readable = true}, READER_SKIP},
    {{.type = "booking.accepted.v1", .reason = "no id"}, READER_REJECT},
};

static bool takes_bookings(const char *type)
{
    return strncmp(type, "booking.", strlen("booking.")) == 0;
}

START_TEST(a_fact_is_taken_only_where_this_program_knows_its_type)
{
    const struct message_row *row = NULL;
    ck_assert_int_eq(reader_fact(&offered[_i].event, takes_bookings, &row), offered[_i].outcome);
    if (offered[_i].outcome == READER_DONE)
        ck_assert_str_eq(row->type, offered[_i].event.type);
}
END_TEST

TCase *batch_cases(void)
{
    TCase *cases = tcase_create("batch");
    int steps = (int)(sizeof transaction / sizeof transaction[0]);
    tcase_add_checked_fixture(cases, start, NULL);
    tcase_add_test(cases, stores_a_batch_by_one_begin_and_one_commit);
    tcase_add_test(cases, moves_past_markers_with_the_batch);
    tcase_add_test(cases, moves_past_markers_without_any_event);
    tcase_add_test(cases, a_skipped_event_is_as_good_as_done);
    tcase_add_loop_test(cases, a_retry_at_any_step_leaves_nothing_and_can_be_run_again, 0, steps);
    tcase_add_test(cases, a_batch_too_large_for_a_slow_store_goes_one_by_one);
    tcase_add_loop_test(cases, a_split_commits_what_came_before_and_goes_on_from_there, 2, 11);
    tcase_add_test(cases, a_batch_may_be_split_again_and_again);
    tcase_add_test(cases, the_first_of_a_batch_is_never_split_off);
    tcase_add_loop_test(cases, a_split_that_cannot_be_committed_leaves_nothing, READER_RETRY,
                        READER_RETRY + 1);
    tcase_add_loop_test(cases, a_split_that_cannot_be_committed_leaves_nothing, READER_FAILED,
                        READER_FAILED + 1);
    tcase_add_loop_test(cases, the_rest_of_a_split_batch_may_fail_and_stop, READER_REJECT, READER_REJECT + 1);
    tcase_add_loop_test(cases, the_rest_of_a_split_batch_may_fail_and_stop, READER_STOP, READER_STOP + 1);
    tcase_add_loop_test(cases, a_move_at_any_step_leaves_nothing, 0, steps);
    tcase_add_loop_test(cases, a_failure_at_any_step_goes_one_by_one, 0, steps);
    tcase_add_test(cases, a_lost_reply_to_commit_is_met_as_a_move);
    tcase_add_test(cases, a_bad_event_is_rejected_alone);
    tcase_add_test(cases, an_event_that_only_fails_the_commit_is_found);
    tcase_add_test(cases, a_reject_that_stores_no_position_is_passed_by_a_commit);
    tcase_add_loop_test(cases, a_bad_last_event_is_passed_too, 0, 2);
    tcase_add_loop_test(cases, a_reject_that_cannot_be_kept_is_tried_again, READER_RETRY, READER_MOVED);
    tcase_add_test(cases, a_retry_among_singles_goes_on_where_it_was);
    tcase_add_test(cases, a_batch_one_by_one_pauses_every_two_seconds);
    tcase_add_test(cases, a_batch_one_by_one_stops_between_two_events);
    tcase_add_test(cases, a_batch_that_was_split_stops_between_its_parts);
    tcase_add_test(cases, a_partition_stops_at_its_event_and_the_others_go_on);
    tcase_add_test(cases, a_partition_that_stops_at_once_does_not_move);
    tcase_add_test(cases, a_partition_may_stop_while_going_one_by_one);
    tcase_add_test(cases, an_event_whose_partition_has_no_position_is_a_defect);
    tcase_add_test(cases, a_reason_is_cut_not_overrun);
    tcase_add_loop_test(cases, a_fact_is_taken_only_where_this_program_knows_its_type, 0,
                        sizeof(offered) / sizeof(offered[0]));
    return cases;
}
