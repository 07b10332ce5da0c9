/* SPDX-License-Identifier: Apache-2.0
 * shared/run/reader.h whole: the mock cluster on one side, the store in memory on the other. A group of the
 * mock cluster takes three seconds to form. */
#include "shared/run/reader.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/run/service.h"
#include "tests/links/kafka_cases.h"
#include "tests/run/cases.h"
#include "tests/run/ram_store.h"

enum { RECORDS = 200, PARTITIONS = 2 };
enum { FETCH = 1, JOIN_GROUP = 11, HEARTBEAT = 12 }; /* of the protocol */

static struct kafka_cluster cluster;
static struct ram_store store;
static const char *const topics[] = {"commands", NULL};
static char brokers[300];
static char *batch_count, *batch_ms;
static char long_batch_ms[] = "5000";

static char *environment(const char *name)
{
    static char off[] = "off", five[] = "5", rate[] = "3", name_space[] = "t";
    if (strcmp(name, "COLIS_KAFKA_BROKERS") == 0)
        return brokers;
    if (strcmp(name, "COLIS_CHECK_TOPICS") == 0)
        return off;
    if (strcmp(name, "COLIS_KAFKA_FETCH_WAIT_MS") == 0)
        return five;
    if (strcmp(name, "COLIS_READER_REJECT_RATE") == 0)
        return rate;
    if (strcmp(name, "COLIS_READER_BATCH_COUNT") == 0)
        return batch_count;
    if (strcmp(name, "COLIS_READER_BATCH_MS") == 0)
        return batch_ms;
    return strcmp(name, "COLIS_NAMESPACE") == 0 ? name_space : NULL;
}

/* Many keys: both partitions get some. */
static void fill(struct kafka_out *out)
{
    char key[16];
    for (int number = 0; number < PARTITIONS * RECORDS; number++) {
        snprintf(key, sizeof key, "k%d", number % 37);
        struct event event = kafka_event_make(key, number);
        ck_assert_int_eq(kafka_out_send(out, "commands", &event, NULL), 0);
    }
    ck_assert_int_eq(kafka_out_flush(out, KAFKA_PATIENCE_MS), 0);
}

static void settings_take(char *events)
{
    static char program[] = "test";
    char *argv[] = {program, NULL};
    const struct setting *const tables[] = {kafka_settings, reader_settings, service_settings, NULL};
    batch_count = events;
    ck_assert_msg(settings_read(tables, 1, argv, environment) == 0, "%s", error_text());
}

static struct kafka_ledger ledger;

static void start_with(int count)
{
    kafka_cluster_start_of(&cluster, count);
    kafka_cluster_topic(&cluster, "commands", PARTITIONS);
    for (int at = 0; at < PARTITIONS; at++)
        ck_assert_int_eq(rd_kafka_mock_partition_set_leader(cluster.mock, "t.commands", at, at % count + 1),
                         0);
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    fill(out);
    kafka_out_free(out);
    snprintf(brokers, sizeof brokers, "%s", cluster.brokers);
    settings_take(NULL);
    ram_store_start(&store);
    store.stop_after = (size_t)PARTITIONS * RECORDS;
}

static void start(void)
{
    start_with(1);
}

static void stop(void)
{
    kafka_cluster_stop(&cluster);
}

static void read_with(const struct reader_verbs *verbs)
{
    const struct reader reader = {.name = "reader", .topics = topics, .verbs = verbs, .self = &store};
    ck_assert_msg(reader_run(&reader) == 0, "%s", error_text());
}

enum { IDLES = 5, IDLES_BEFORE = 50 };
static int idles, idles_before;
static size_t stored_before;

static int stop_on_idle(void *self)
{
    (void)self;
    idles = store.stored_count == stored_before ? idles : 0;
    stored_before = store.stored_count;
    if (++idles == (stored_before > 0 ? IDLES : idles_before))
        service_stop();
    return READER_DONE;
}

static void read_until_idle(int idles_first)
{
    struct reader_verbs verbs = ram_store_verbs;
    verbs.idle = stop_on_idle;
    store.stop_after = 0;
    idles = 0;
    idles_before = idles_first;
    stored_before = store.stored_count;
    read_with(&verbs);
}

/* Ends by the fifth idle after the newest record: a second of nothing to do. The first one may be late. */
static void read_a_while(void)
{
    read_until_idle(IDLES_BEFORE);
}

/* Each offset of each partition from where we began, in order, once. */
static void check_all_read(const int64_t *from)
{
    int64_t next[RAM_PARTITIONS] = {from[0], from[1], 0, 0};
    for (size_t at = 0; at < store.stored_count; at++) {
        ck_assert_int_eq(store.stored[at].offset, next[store.stored[at].partition]);
        next[store.stored[at].partition]++;
    }
    for (int partition = 0; partition < PARTITIONS; partition++)
        ck_assert_int_eq(store.positions[partition], next[partition]);
    ck_assert_int_eq(next[0] + next[1], PARTITIONS * RECORDS);
}

static const int64_t from_start[PARTITIONS] = {0, 0};

START_TEST(reads_everything_once_and_stops)
{
    batch_ms = long_batch_ms;
    settings_take(NULL);
    read_with(&ram_store_verbs);
    check_all_read(from_start);
    ck_assert_int_le(store.calls[RAM_COMMIT], 20);
    ck_assert_str_eq(store.seen_cluster, "any");
}
END_TEST

START_TEST(needs_none_of_the_verbs_that_may_be_null)
{
    read_with(&ram_store_verbs_plain);
    check_all_read(from_start);
}
END_TEST

START_TEST(a_store_away_at_the_start_is_waited_for)
{
    store.fail_at[RAM_POSITIONS] = 1;
    store.fail_times[RAM_POSITIONS] = 2;
    store.fail_as[RAM_POSITIONS] = READER_RETRY;
    read_with(&ram_store_verbs);
    check_all_read(from_start);
}
END_TEST

START_TEST(a_store_away_in_between_is_waited_for)
{
    store.fail_at[_i ? RAM_COMMIT : RAM_BEGIN] = 1;
    store.fail_times[_i ? RAM_COMMIT : RAM_BEGIN] = 2;
    store.fail_as[_i ? RAM_COMMIT : RAM_BEGIN] = READER_RETRY;
    read_with(&ram_store_verbs);
    check_all_read(from_start);
}
END_TEST

START_TEST(a_lost_reply_to_commit_doubles_nothing)
{
    store.fail_at[RAM_COMMIT] = 1;
    store.fail_as[RAM_COMMIT] = READER_RETRY;
    store.commit_reply_lost = true;
    read_a_while();
    check_all_read(from_start);
}
END_TEST

START_TEST(a_bad_event_is_rejected_and_passed)
{
    store.bad_offset = 57; /* one in each partition */
    store.bad_as = READER_REJECT;
    read_with(&ram_store_verbs);
    ck_assert_uint_ge(store.rejected_count, 1);
    ck_assert_uint_eq(store.rejected_count + store.stored_count, (size_t)PARTITIONS * RECORDS);
    ck_assert_int_eq(store.positions[0] + store.positions[1], PARTITIONS * RECORDS);
}
END_TEST

START_TEST(a_partition_past_its_end_stops_and_the_others_go_on)
{
    store.positions[0] = 100000;
    read_a_while();
    ck_assert_str_eq(service_waits(), "stopping");
    ck_assert_int_eq(store.positions[0], 100000);
    for (size_t at = 0; at < store.stored_count; at++)
        ck_assert_int_eq(store.stored[at].partition, 1);
    ck_assert_uint_gt(store.stored_count, 0);
}
END_TEST

START_TEST(an_event_may_stop_its_partition)
{
    store.bad_offset = 20;
    store.bad_as = READER_STOP;
    read_a_while();
    ck_assert_int_eq(store.positions[0], 20);
    ck_assert_int_eq(store.positions[1], 20);
    ck_assert_uint_eq(store.stored_count, 40);
    ck_assert_uint_eq(store.rejected_count, 0);
}
END_TEST

START_TEST(nothing_is_read_from_a_cluster_the_store_does_not_know)
{
    store.cluster = "another";
    read_until_idle(IDLES);
    ck_assert_uint_eq(store.stored_count, 0);
    ck_assert_int_eq(store.calls[RAM_POSITIONS], 0);
}
END_TEST

START_TEST(a_store_that_moved_back_is_followed)
{
    store.positions[0] = 50;
    store.positions[1] = 50;
    store.fail_at[RAM_BEGIN] = 1;
    store.fail_times[RAM_BEGIN] = 3;
    store.fail_as[RAM_BEGIN] = READER_MOVED;
    store.stop_after = (size_t)PARTITIONS * (RECORDS - 50);
    read_with(&ram_store_verbs);
    ck_assert_int_ge(store.calls[RAM_POSITIONS], 4);
    check_all_read((const int64_t[]){50, 50});
}
END_TEST

static int stop_when_broken(void *self, const struct event *event)
{
    const struct ram_store *at = self;
    (void)event;
    if (at->rejected_count == 3) /* the rate: this one opens the breaker */
        service_stop();
    reader_because("everything is wrong");
    return READER_REJECT;
}

static int keep_reject(void *self, const struct event *event, const char *reason,
                       const struct reader_position *position)
{
    struct ram_store *at = self;
    ck_assert_str_eq(reason, "everything is wrong");
    at->positions[position->partition] = position->next;
    at->rejected_count++;
    (void)event;
    return READER_DONE;
}

START_TEST(too_many_rejects_stop_the_reader)
{
    struct reader_verbs verbs = ram_store_verbs;
    verbs.handle = stop_when_broken;
    verbs.reject = keep_reject;
    read_with(&verbs);
    ck_assert_uint_eq(store.rejected_count, 3);
    ck_assert_int_eq((store.positions[0] < 0 ? 0 : store.positions[0]) +
                         (store.positions[1] < 0 ? 0 : store.positions[1]),
                     3);
}
END_TEST

static bool lost;
static int64_t refused;

/* After the first batch there is more in both partitions, and then the broker says of the first that its
 * next offset is none: the question after the one that brings its newest records. */
static int commit_then_lose(void *self, const struct reader_position *moves, size_t count)
{
    int outcome = ram_store_verbs.commit(self, moves, count);
    if (lost)
        return outcome;
    lost = true;
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    fill(out);
    kafka_out_free(out);
    rd_kafka_mock_broker_push_request_error_rtts(cluster.mock, 1, FETCH, 2, RD_KAFKA_RESP_ERR_NO_ERROR, 0,
                                                 RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, 0);
    (void)poll(NULL, 0, 1000); /* all of it lies ready for one batch */
    return outcome;
}

/* One record of the other partition. */
static int refuse_one_then(void *self, const struct event *event)
{
    if (!lost || event->partition == 0 || (refused >= 0 && event->offset != refused))
        return ram_store_verbs.handle(self, event);
    refused = event->offset;
    reader_because("wrong");
    return READER_REJECT;
}

/* What was read before it counts, the records of the others with it. */
START_TEST(a_partition_lost_behind_its_records_keeps_them)
{
    struct reader_verbs verbs = ram_store_verbs;
    int64_t stored[PARTITIONS] = {0, 0};
    stop();
    batch_ms = long_batch_ms;
    start_with(PARTITIONS);
    refused = -1;
    verbs.commit = commit_then_lose;
    verbs.handle = refuse_one_then;
    verbs.idle = stop_on_idle;
    idles_before = IDLES_BEFORE;
    store.stop_after = 0;
    read_with(&verbs);
    for (size_t at = 0; at < store.stored_count; at++) {
        const struct ram_entry *entry = &store.stored[at];
        int64_t passed = entry->partition == 1 && refused >= 0 && entry->offset > refused;
        ck_assert_int_eq(entry->offset, stored[entry->partition] + passed);
        stored[entry->partition]++;
    }
    ck_assert_uint_eq(store.rejected_count, 1);
    ck_assert_int_gt(stored[0], 0);
    ck_assert_int_eq(store.positions[0], stored[0]);
    ck_assert_int_eq(store.positions[1], stored[1] + 1);
}
END_TEST

static int rests;

static void count_rest(void *self)
{
    const struct ram_store *at = self;
    ck_assert_msg(!at->open, "rest inside a transaction");
    ck_assert_uint_eq(at->stored_count, PARTITIONS * RECORDS);
    rests++;
}

/* Ends by the tenth idle after a rest: two seconds, in which there would be another. */
static int stop_after_rest(void *self)
{
    struct ram_store *at = self;
    if (rests > 0 && ++at->calls[RAM_IDLE] == 10)
        service_stop();
    return READER_DONE;
}

/* count_rest says so where not all is stored yet. */
static void read_until_rest(struct reader_verbs verbs)
{
    verbs.idle = stop_after_rest;
    verbs.rest = count_rest;
    store.stop_after = 0;
    read_with(&verbs);
    check_all_read(from_start);
    ck_assert_int_eq(rests, 1);
}

START_TEST(rests_once_when_a_load_is_over)
{
    read_until_rest(ram_store_verbs);
}
END_TEST

/* The first takes longer than the reader waits before it rests, and others are there already. */
static int commit_slowly(void *self, const struct reader_position *moves, size_t count)
{
    static bool waited;
    if (!waited)
        (void)poll(NULL, 0, 1200);
    waited = true;
    return ram_store_verbs.commit(self, moves, count);
}

START_TEST(a_slow_batch_is_no_rest)
{
    static char few[] = "150";
    struct reader_verbs verbs = ram_store_verbs;
    settings_take(few);
    verbs.commit = commit_slowly;
    read_until_rest(verbs);
}
END_TEST

/* The group forgets us at the first event; each takes its time until we heard of it. */
static int handle_until_revoked(void *self, const struct event *event)
{
    if (store.stored_count == 0)
        rd_kafka_mock_push_request_errors(cluster.mock, HEARTBEAT, 1, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
    if (store.revoked == 0)
        (void)poll(NULL, 0, 20);
    return ram_store_verbs.handle(self, event);
}

/* However little the first batch has gathered, the next goes one by one too. */
static int begin_one_by_one(void *self, const struct event *events, size_t count,
                            const struct reader_position *moves, size_t move_count)
{
    bool whole = store.revoked == 0 && count > 1;
    return whole ? READER_FAILED : ram_store_verbs.begin(self, events, count, moves, move_count);
}

START_TEST(partitions_go_while_a_batch_goes_one_by_one)
{
    struct reader_verbs verbs = ram_store_verbs;
    verbs.begin = begin_one_by_one;
    verbs.handle = handle_until_revoked;
    batch_ms = long_batch_ms;
    settings_take(NULL);
    read_with(&verbs);
    ck_assert_int_eq(store.revoked, PARTITIONS);
    check_all_read(from_start);
}
END_TEST

static int64_t held_ms; /* where the steady clock is held; 0: it runs */
static int turns_without;
static bool kept_out, waited;

/* The group forgets us, and lets nobody in. */
static void keep_out(void)
{
    kept_out = true;
    rd_kafka_mock_push_request_errors(cluster.mock, HEARTBEAT, 1, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
    for (int time = 0; time < 1000; time++)
        rd_kafka_mock_push_request_errors(cluster.mock, JOIN_GROUP, 1,
                                          RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
}

/* Once the partitions are gone a turn of the loop takes a second. */
static int wait_without_partitions(void *self)
{
    (void)self;
    if (store.stored_count == (size_t)PARTITIONS * RECORDS && !kept_out)
        keep_out();
    if (store.revoked == 0)
        return READER_DONE;
    if (waited && !service_waits())
        service_stop(); /* they are ours again */
    if (!waited && service_waits()) {
        ck_assert_str_eq(service_waits(), "waits for its partitions");
        ck_assert_int_ge(turns_without, 10);
        rd_kafka_mock_clear_request_errors(cluster.mock, JOIN_GROUP);
        waited = true;
    }
    ck_assert_msg(waited || ++turns_without < 20, "ready without partitions");
    held_ms = (held_ms > 0 ? held_ms : clock_steady_ms()) + 1000;
    clock_hold(clock_wall_ms(), held_ms);
    return READER_DONE;
}

START_TEST(a_reader_whose_partitions_stay_away_is_not_ready)
{
    struct reader_verbs verbs = ram_store_verbs;
    verbs.idle = wait_without_partitions;
    store.stop_after = 0;
    read_with(&verbs);
    clock_release();
    ck_assert(waited);
}
END_TEST

TCase *reader_cases(void)
{
    TCase *cases = tcase_create("reader");
    tcase_add_checked_fixture(cases, start, stop);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, reads_everything_once_and_stops);
    tcase_add_test(cases, needs_none_of_the_verbs_that_may_be_null);
    tcase_add_test(cases, a_store_away_at_the_start_is_waited_for);
    tcase_add_loop_test(cases, a_store_away_in_between_is_waited_for, 0, 2);
    tcase_add_test(cases, a_lost_reply_to_commit_doubles_nothing);
    tcase_add_test(cases, a_bad_event_is_rejected_and_passed);
    tcase_add_test(cases, a_partition_past_its_end_stops_and_the_others_go_on);
    tcase_add_test(cases, an_event_may_stop_its_partition);
    tcase_add_test(cases, nothing_is_read_from_a_cluster_the_store_does_not_know);
    tcase_add_test(cases, a_store_that_moved_back_is_followed);
    tcase_add_test(cases, too_many_rejects_stop_the_reader);
    tcase_add_test(cases, a_partition_lost_behind_its_records_keeps_them);
    tcase_add_test(cases, rests_once_when_a_load_is_over);
    tcase_add_test(cases, a_slow_batch_is_no_rest);
    tcase_add_test(cases, partitions_go_while_a_batch_goes_one_by_one);
    tcase_add_test(cases, a_reader_whose_partitions_stay_away_is_not_ready);
    return cases;
}
