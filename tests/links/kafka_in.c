/* SPDX-License-Identifier: Apache-2.0
 * shared/links/kafka_in.h against the mock cluster: reading goes on where we say, and only there. */
#include <string.h>

#include "shared/base/clock.h"
#include "tests/links/kafka_cases.h"

static struct kafka_cluster cluster;
static struct kafka_ledger ledger;

static void start(void)
{
    kafka_cluster_start(&cluster);
    kafka_cluster_topic(&cluster, "commands", 1);
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    kafka_send_some(out, "commands", "k", 100);
    ck_assert_int_eq(kafka_out_flush(out, KAFKA_PATIENCE_MS), 0);
    kafka_out_free(out);
}

static void stop(void)
{
    kafka_cluster_stop(&cluster);
}

static int64_t next_offset(struct kafka_in *in)
{
    struct kafka_record *record;
    struct kafka_in_place place;
    int outcome = kafka_next(in, &record, &place);
    if (outcome != 0)
        return -outcome;
    int64_t offset = kafka_record_event(record)->offset;
    kafka_record_free(record);
    return offset;
}

static void seek(struct kafka_in *in, int64_t offset)
{
    const struct kafka_in_place place = {.topic = "commands", .partition = 0, .offset = offset};
    ck_assert_int_eq(kafka_in_seek(in, &place), 0);
}

static void nothing_comes(struct kafka_in *in)
{
    struct kafka_record *record;
    struct kafka_in_place place;
    ck_assert_int_eq(kafka_in_poll(in, 300, &record, &place), KAFKA_NOTHING);
}

START_TEST(reads_all_and_then_says_where_the_end_is)
{
    struct kafka_in *in = kafka_hand_reader("commands");
    struct kafka_record *record;
    struct kafka_in_place place;
    for (int64_t offset = 0; offset < 100; offset++)
        ck_assert_int_eq(next_offset(in), offset);
    ck_assert_int_eq(kafka_next(in, &record, &place), KAFKA_EOF);
    ck_assert_str_eq(place.topic, "commands");
    ck_assert_int_eq(place.offset, 100);
    nothing_comes(in);
    kafka_in_free(in);
}
END_TEST

START_TEST(goes_back_and_forth_by_seeking)
{
    struct kafka_in *in = kafka_hand_reader("commands");
    for (int round = 0; round < 5; round++) {
        seek(in, 10);
        ck_assert_int_eq(next_offset(in), 10);
        ck_assert_int_eq(next_offset(in), 11);
        seek(in, 90);
        ck_assert_int_eq(next_offset(in), 90);
        seek(in, -1);
        ck_assert_int_eq(next_offset(in), 0);
    }
    kafka_in_free(in);
}
END_TEST

START_TEST(a_held_partition_gives_nothing_until_a_seek)
{
    struct kafka_in *in = kafka_hand_reader("commands");
    ck_assert_int_eq(next_offset(in), 0);
    seek(in, KAFKA_HELD);
    nothing_comes(in);
    seek(in, 1);
    ck_assert_int_eq(next_offset(in), 1);
    kafka_in_free(in);
}
END_TEST

START_TEST(goes_on_after_a_pause_where_it_was)
{
    struct kafka_in *in = kafka_hand_reader("commands");
    int64_t offset = 0;
    for (int round = 0; round < 5; round++) {
        for (int time = 0; time < 7; time++)
            ck_assert_int_eq(next_offset(in), offset++);
        ck_assert_int_eq(kafka_in_pause(in, true), 0);
        nothing_comes(in);
        ck_assert_int_eq(kafka_in_pause(in, false), 0);
    }
    kafka_in_free(in);
}
END_TEST

START_TEST(a_seek_while_paused_waits_for_the_end_of_the_pause)
{
    struct kafka_in *in = kafka_hand_reader("commands");
    ck_assert_int_eq(next_offset(in), 0);
    ck_assert_int_eq(kafka_in_pause(in, true), 0);
    seek(in, 50);
    nothing_comes(in);
    ck_assert_int_eq(kafka_in_pause(in, false), 0);
    ck_assert_int_eq(next_offset(in), 50);
    kafka_in_free(in);
}
END_TEST

/* As in a rebalance while a store is waited for: the pause ends when nothing is ours. */
START_TEST(a_pause_does_not_outlive_the_assignment_it_was_made_in)
{
    struct kafka_in *in = kafka_hand_reader("commands");
    ck_assert_int_eq(next_offset(in), 0);
    ck_assert_int_eq(kafka_in_pause(in, true), 0);
    ck_assert_int_eq(kafka_in_assign(in, NULL, 0), 0);
    nothing_comes(in);
    ck_assert_int_eq(kafka_in_pause(in, false), 0);
    nothing_comes(in);
    const struct kafka_in_place back = {.topic = "commands", .partition = 0, .offset = 50};
    ck_assert_int_eq(kafka_in_assign(in, &back, 1), 0);
    ck_assert_int_eq(next_offset(in), 50);
    kafka_in_free(in);
}
END_TEST

START_TEST(a_pause_that_ends_while_a_partition_is_held_ends_for_it_too)
{
    struct kafka_in *in = kafka_hand_reader("commands");
    ck_assert_int_eq(next_offset(in), 0);
    ck_assert_int_eq(kafka_in_pause(in, true), 0);
    seek(in, KAFKA_HELD);
    nothing_comes(in);
    ck_assert_int_eq(kafka_in_pause(in, false), 0);
    nothing_comes(in);
    seek(in, 50);
    ck_assert_int_eq(next_offset(in), 50);
    kafka_in_free(in);
}
END_TEST

START_TEST(what_comes_back_during_a_pause_is_paused)
{
    struct kafka_in *in = kafka_hand_reader("commands");
    const struct kafka_in_place back = {.topic = "commands", .partition = 0, .offset = 50};
    ck_assert_int_eq(kafka_in_assign(in, NULL, 0), 0);
    ck_assert_int_eq(kafka_in_pause(in, true), 0);
    ck_assert_int_eq(kafka_in_assign(in, &back, 1), 0);
    nothing_comes(in);
    ck_assert_int_eq(kafka_in_pause(in, false), 0);
    ck_assert_int_eq(next_offset(in), 50);
    kafka_in_free(in);
}
END_TEST

START_TEST(an_offset_past_the_end_is_lost_and_held)
{
    struct kafka_in *in = kafka_hand_reader("commands");
    struct kafka_record *record;
    struct kafka_in_place place;
    int64_t first, end;
    seek(in, 150);
    ck_assert_int_eq(kafka_next(in, &record, &place), KAFKA_LOST);
    ck_assert_int_eq(place.offset, 150);
    ck_assert_int_eq(kafka_in_ends(in, "commands", 0, &first, &end), 0);
    ck_assert_int_eq(first, 0);
    ck_assert_int_eq(end, 100);
    nothing_comes(in);
    seek(in, 99);
    ck_assert_int_eq(next_offset(in), 99);
    kafka_in_free(in);
}
END_TEST

/* What is told of an offset that was read before comes after the next assignment, as if it were of that. */
START_TEST(a_log_that_begins_later_is_read_however_often_its_old_start_is_refused)
{
    enum { FETCH = 1 }; /* of the protocol */
    struct kafka_in *in = kafka_hand_reader("commands");
    for (int time = 0; time < 3; time++)
        rd_kafka_mock_push_request_errors(cluster.mock, FETCH, 1, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
    ck_assert_int_eq(next_offset(in), 0);
    kafka_in_free(in);
}
END_TEST

START_TEST(a_partition_nothing_is_heard_of_is_assigned_again)
{
    struct kafka_in *in = kafka_hand_reader("commands");
    struct kafka_record *record;
    struct kafka_in_place place;
    clock_hold(clock_wall_ms(), clock_steady_ms() + 6000);
    int64_t offset = 0;
    if (kafka_in_poll(in, 0, &record, &place) == 0) { /* it was quicker */
        kafka_record_free(record);
        offset++;
    }
    clock_release();
    for (; offset < 100; offset++)
        ck_assert_int_eq(next_offset(in), offset);
    kafka_in_free(in);
}
END_TEST

START_TEST(tells_the_cluster_apart)
{
    struct kafka_in *in = kafka_hand_reader("commands");
    char id[64] = "";
    ck_assert_int_eq(kafka_in_cluster(in, id), 0);
    ck_assert_str_ne(id, "");
    kafka_in_free(in);
}
END_TEST

static void await_away(struct kafka_in *in, bool away)
{
    struct kafka_record *record;
    struct kafka_in_place place;
    int64_t until = clock_steady_ms() + KAFKA_PATIENCE_MS;
    while (kafka_in_away(in) != away) {
        ck_assert_int_lt(clock_steady_ms(), until);
        if (kafka_in_poll(in, 20, &record, &place) == 0)
            kafka_record_free(record);
    }
}

START_TEST(waits_for_a_broker_that_went_and_comes_back)
{
    struct kafka_in *in = kafka_hand_reader("commands");
    ck_assert_int_eq(next_offset(in), 0);
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    seek(in, 60);
    nothing_comes(in);
    await_away(in, true);
    rd_kafka_mock_broker_set_up(cluster.mock, 1);
    ck_assert_int_eq(next_offset(in), 60);
    await_away(in, false);
    kafka_in_free(in);
}
END_TEST

START_TEST(a_slow_broker_whose_records_come_is_not_away)
{
    struct kafka_in *in = kafka_hand_reader("commands");
    ck_assert_int_eq(next_offset(in), 0);
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    await_away(in, true);
    seek(in, 60);
    rd_kafka_mock_broker_set_rtt(cluster.mock, 1, 400);
    rd_kafka_mock_broker_set_up(cluster.mock, 1);
    ck_assert_int_eq(next_offset(in), 60);
    ck_assert(!kafka_in_away(in));
    rd_kafka_mock_broker_set_rtt(cluster.mock, 1, 0);
    kafka_in_free(in);
}
END_TEST

struct member {
    int given, taken;
    size_t count;
    int64_t offset;
    int result;
};

static int on_given(void *self, struct kafka_in_place *places, size_t count)
{
    struct member *member = self;
    member->given++;
    member->count = count;
    for (size_t at = 0; at < count; at++)
        places[at].offset = member->offset;
    return member->result;
}

static void on_taken(void *self, const struct kafka_in_place *places, size_t count)
{
    struct member *member = self;
    (void)places;
    ck_assert_uint_eq(count, member->count);
    member->taken++;
}

static struct kafka_in *join(struct member *member)
{
    static const char *const topics[] = {"commands", NULL};
    struct kafka_in *in = NULL;
    const struct kafka_in_config config = {.name_space = "t",
                                           .client = "test",
                                           .group = "t.reader",
                                           .topics = topics,
                                           .given = on_given,
                                           .taken = on_taken,
                                           .self = member};
    ck_assert_msg(kafka_in_new(&config, &in) == 0, "%s", error_text());
    return in;
}

START_TEST(a_member_reads_from_where_its_store_says)
{
    struct member member = {.offset = 42};
    struct kafka_in *in = join(&member);
    ck_assert_int_eq(next_offset(in), 42);
    ck_assert_int_eq(member.given, 1);
    ck_assert_uint_eq(member.count, 1);
    kafka_in_free(in);
    ck_assert_int_eq(member.taken, 0); /* it left by itself */
}
END_TEST

START_TEST(a_member_whose_store_is_away_holds_its_partitions)
{
    struct member member = {.offset = KAFKA_HELD};
    struct kafka_in *in = join(&member);
    struct kafka_record *record;
    struct kafka_in_place place;
    for (int time = 0; time < KAFKA_PATIENCE_MS / 100 && member.given == 0; time++)
        ck_assert_int_eq(kafka_in_poll(in, 100, &record, &place), KAFKA_NOTHING);
    nothing_comes(in);
    seek(in, 3);
    ck_assert_int_eq(next_offset(in), 3);
    kafka_in_free(in);
}
END_TEST

START_TEST(a_member_that_cannot_go_on_ends_the_poll)
{
    struct member member = {.offset = 0, .result = -4};
    struct kafka_in *in = join(&member);
    struct kafka_record *record;
    struct kafka_in_place place;
    int outcome = KAFKA_NOTHING;
    for (int time = 0; time < KAFKA_PATIENCE_MS / 100 && outcome == KAFKA_NOTHING; time++)
        outcome = kafka_in_poll(in, 100, &record, &place);
    ck_assert_int_eq(outcome, -4);
    kafka_in_free(in);
}
END_TEST

static int64_t read_from_start_ms(int64_t count)
{
    struct kafka_in *in = kafka_hand_reader("commands");
    ck_assert_int_eq(next_offset(in), 0);
    int64_t began_ms = clock_steady_ms();
    for (int64_t offset = 1; offset < count; offset++)
        ck_assert_int_eq(next_offset(in), offset);
    int64_t took_ms = clock_steady_ms() - began_ms;
    kafka_in_free(in);
    return took_ms;
}

/* The library alone would look for room in its full queue once a second: eleven seconds, each time. */
START_TEST(a_small_queue_is_filled_again_at_once)
{
    enum { PARTS = 300, MANY = PARTS * 100, WITHIN_MS = 8000, ROUNDS = 5 };
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    for (int part = 0; part < PARTS; part++) {
        kafka_send_some(out, "commands", "k", 100);
        ck_assert_int_eq(kafka_out_flush(out, KAFKA_PATIENCE_MS), 0);
    }
    kafka_out_free(out);
    int64_t took_ms = WITHIN_MS;
    for (int round = 0; round < ROUNDS && took_ms >= WITHIN_MS; round++)
        took_ms = read_from_start_ms(100 + MANY);
    ck_assert_int_lt(took_ms, WITHIN_MS);
}
END_TEST

START_TEST(leaving_does_not_wait_for_a_broker_that_is_away)
{
    struct member member = {.offset = 99};
    struct kafka_in *in = join(&member);
    ck_assert_int_eq(next_offset(in), 99);
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    int64_t began_ms = clock_steady_ms();
    kafka_in_free(in);
    ck_assert_int_lt(clock_steady_ms() - began_ms, 20000);
}
END_TEST

TCase *kafka_in_cases(void)
{
    TCase *cases = tcase_create("in");
    tcase_add_checked_fixture(cases, start, stop);
    tcase_set_timeout(cases, 90);
    tcase_add_test(cases, reads_all_and_then_says_where_the_end_is);
    tcase_add_test(cases, goes_back_and_forth_by_seeking);
    tcase_add_test(cases, a_held_partition_gives_nothing_until_a_seek);
    tcase_add_test(cases, goes_on_after_a_pause_where_it_was);
    tcase_add_test(cases, a_seek_while_paused_waits_for_the_end_of_the_pause);
    tcase_add_test(cases, a_pause_does_not_outlive_the_assignment_it_was_made_in);
    tcase_add_test(cases, a_pause_that_ends_while_a_partition_is_held_ends_for_it_too);
    tcase_add_test(cases, what_comes_back_during_a_pause_is_paused);
    tcase_add_test(cases, an_offset_past_the_end_is_lost_and_held);
    tcase_add_test(cases, a_log_that_begins_later_is_read_however_often_its_old_start_is_refused);
    tcase_add_test(cases, a_partition_nothing_is_heard_of_is_assigned_again);
    tcase_add_test(cases, tells_the_cluster_apart);
    tcase_add_test(cases, waits_for_a_broker_that_went_and_comes_back);
    tcase_add_test(cases, a_slow_broker_whose_records_come_is_not_away);
    tcase_add_test(cases, a_member_reads_from_where_its_store_says);
    tcase_add_test(cases, a_member_whose_store_is_away_holds_its_partitions);
    tcase_add_test(cases, a_member_that_cannot_go_on_ends_the_poll);
    tcase_add_test(cases, a_small_queue_is_filled_again_at_once);
    tcase_add_test(cases, leaving_does_not_wait_for_a_broker_that_is_away);
    return cases;
}
