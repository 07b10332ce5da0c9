/* SPDX-License-Identifier: Apache-2.0
 * Two projectors on the same rows: the last kilogram is given once, and a reference that moves between peek
 * and lock is followed. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "shared/base/clock.h"
#include "tests/projector/scene.h"

enum { DEADLINE_MS = 20000 };

struct other {
    struct bench bench;
    const struct event *events;
    size_t count;
    int outcome;
};

static void *run_other(void *self)
{
    struct other *other = self;

    other->outcome = bench_run(&other->bench, other->events, other->count);
    return NULL;
}

/* Until some session waits for a row that another holds. */
static void wait_until_blocked(void)
{
    int64_t began = clock_steady_ms();

    while (sql_number("select count(*) from pg_stat_activity where datname = current_database() and "
                      "wait_event_type = 'Lock'") == 0) {
        ck_assert_msg(clock_steady_ms() - began < DEADLINE_MS, "nobody waits for a lock");
        (void)poll(NULL, 0, 5);
    }
}

/* The first decides and keeps its locks; the other comes and waits; the first commits. */
static void run_both(struct bench *first, const struct event *event, struct other *other)
{
    enum batch_outcome outcome;
    pthread_t thread;

    batch_start(&first->batch, event, 1);
    ck_assert_int_eq(store_load(&first->store, &first->batch, &first->position, 1, false), READER_DONE);
    ck_assert_int_eq(batch_decide(&first->batch, &first->batch.items[0], &outcome), 0);
    ck_assert_int_eq(outcome, BATCH_ACCEPTED);
    ck_assert_int_eq(pthread_create(&thread, NULL, run_other, other), 0);
    wait_until_blocked();
    first->position.next = event->offset + 1;
    ck_assert_int_eq(store_commit(&first->store, &first->batch, &first->position, 1, NULL), READER_DONE);
    first->position.from = first->position.next;
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

START_TEST(two_projectors_after_the_last_kilogram_give_it_once)
{
    struct bench bench;
    static struct other other;
    struct event made[3], second;

    bench_start(&bench);
    people_made(&bench);
    made[0] = trip_announced(4, 1, "3000");
    made[1] = parcel_of(5, awa, 1);
    made[2] = parcel_of(6, fatou, 2);
    ck_assert_int_eq(bench_run(&bench, made, 3), READER_DONE);
    made[0] = asked_for(7, awa, 1, 1, 1);
    second = asked_for(8, fatou, 2, 1, 2);
    second.partition = 1;
    memset(&other, 0, sizeof(other));
    bench_join(&other.bench, 1);
    other.events = &second;
    other.count = 1;
    run_both(&bench, &made[0], &other);
    ck_assert_int_eq(other.outcome, READER_DONE);
    expect_refused("capacity_taken");
    ck_assert_int_eq(sql_number("select reserved_g from state.trip"), 2500);
    ck_assert_int_eq(sql_number("select count(*) from state.booking"), 1);
    bench_done(&other.bench);
    bench_done(&bench);
}
END_TEST

START_TEST(a_reference_that_moves_between_peek_and_lock_is_followed)
{
    struct bench bench;
    static struct other other;
    struct event made[2], photo;

    bench_start(&bench);
    people_made(&bench);
    made[0] = trip_announced(4, 1, "3000");
    made[1] = parcel_of(5, awa, 1);
    ck_assert_int_eq(bench_run(&bench, made, 2), READER_DONE);
    made[0] = asked_for(6, awa, 1, 1, 1); /* books the parcel while the other has only peeked at it */
    photo = command_made("parcel.attach_photo.v1", awa, 7, made[1].subject,
                         "{\"digest\":\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\","
                         "\"stage\":\"register\",\"type\":\"jpeg\"}");
    photo.partition = 1;
    memset(&other, 0, sizeof(other));
    bench_join(&other.bench, 1);
    other.events = &photo;
    other.count = 1;
    run_both(&bench, &made[0], &other);
    ck_assert_int_eq(other.outcome, READER_DONE);
    expect_refused("");
    ck_assert_int_ge(other.bench.batch.items[0].slots[SLOT_BOOKING], 0);
    ck_assert_int_lt(other.bench.batch.items[0].slots[SLOT_TRIP], 0); /* it reads none: it locks none */
    ck_assert_int_eq(sql_number("select jsonb_array_length(photos) from state.parcel where state = 'booked'"),
                     1);
    bench_done(&other.bench);
    bench_done(&bench);
}
END_TEST

static struct event photo_of(int number, const char *parcel, const char *digest)
{
    static char data[2][160];
    char *text = data[number % 2];

    (void)snprintf(text, sizeof(data[0]), "{\"digest\":\"%s\",\"stage\":\"register\",\"type\":\"jpeg\"}",
                   digest);
    return command_made("parcel.attach_photo.v1", awa, number, parcel, text);
}

#define DIGEST(letter) "00112233445566778899aabbccddeeff00112233445566778899aabbccddee" letter letter

START_TEST(what_another_projector_wrote_is_read_again)
{
    struct bench bench, other;
    struct event parcel, photo;

    bench_start(&bench);
    people_made(&bench);
    parcel = parcel_of(4, awa, 1);
    ck_assert_int_eq(bench_run(&bench, &parcel, 1), READER_DONE);
    bench_join(&other, 1);
    photo = photo_of(5, parcel.subject, DIGEST("a"));
    photo.partition = 1;
    ck_assert_int_eq(bench_run(&other, &photo, 1), READER_DONE);
    photo = photo_of(6, parcel.subject, DIGEST("b"));
    ck_assert_int_eq(bench_run(&bench, &photo, 1), READER_DONE);
    photo = photo_of(7, parcel.subject, DIGEST("c"));
    photo.partition = 1;
    ck_assert_int_eq(bench_run(&other, &photo, 1), READER_DONE);
    expect_refused("");
    ck_assert_int_eq(sql_number("select jsonb_array_length(photos) from state.parcel where version = 4"), 3);
    bench_done(&other);
    bench_done(&bench);
}
END_TEST

/* As a rebuild's switch does: the version tells nothing then. */
START_TEST(what_was_put_right_in_the_database_is_read_again)
{
    struct bench bench;
    struct event parcel, photo;

    bench_start(&bench);
    people_made(&bench);
    parcel = parcel_of(4, awa, 1);
    ck_assert_int_eq(bench_run(&bench, &parcel, 1), READER_DONE);
    sql_run("update state.parcel set sender = '22222222-2222-4222-8222-222222222222'");
    photo = photo_of(5, parcel.subject, DIGEST("a"));
    ck_assert_int_eq(bench_run(&bench, &photo, 1), READER_DONE);
    ck_assert_int_eq(sql_number("select count(*) from bus.verdict where not accepted"), 1);
    ck_assert_int_eq(sql_number("select count(*) from state.parcel where version = 1 and photos = '[]'"), 1);
    bench_done(&bench);
}
END_TEST

TCase *races_cases(void)
{
    TCase *cases = tcase_create("races");

    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, two_projectors_after_the_last_kilogram_give_it_once);
    tcase_add_test(cases, a_reference_that_moves_between_peek_and_lock_is_followed);
    tcase_add_test(cases, what_another_projector_wrote_is_read_again);
    tcase_add_test(cases, what_was_put_right_in_the_database_is_read_again);
    return cases;
}
