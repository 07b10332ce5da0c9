/* SPDX-License-Identifier: Apache-2.0
 * The kafka links against the broker COLIS_KAFKA_BROKERS names (infra/run servers): what the mock cluster
 * cannot do. Topics of a namespace of its own; without a broker these cases are not run. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "tests/links/kafka_cases.h"

enum { PARTITIONS = 6, WAIT_MS = 60000 };

static char name_space[64];
static const char *const parcel[] = {"parcel", NULL};
static struct kafka_ledger ledger;
static struct kafka_in *asking;

static struct kafka_in *reader_new(const struct kafka_in_config *config)
{
    struct kafka_in *in = NULL;
    ck_assert_msg(kafka_in_new(config, &in) == 0, "%s", error_text());
    return in;
}

static void start(void)
{
    static const char *pairs[] = {"COLIS_KAFKA_BROKERS",
                                  NULL,
                                  "COLIS_KAFKA_DELIVERY_MS",
                                  "60000",
                                  "COLIS_KAFKA_LATE_MS",
                                  "60000",
                                  NULL};
    pairs[1] = getenv("COLIS_KAFKA_BROKERS");
    kafka_configure(pairs);
    struct id id;
    id_v7(clock_wall_ms(), &id);
    snprintf(name_space, sizeof name_space, "test-%s", id.text);
}

static struct kafka_out *producer_new(const char *transactional_id)
{
    struct kafka_out *out = NULL;
    const struct kafka_out_config config = {.name_space = name_space,
                                            .client = "test",
                                            .reported = kafka_ledger_take,
                                            .self = &ledger,
                                            .transactional_id = transactional_id};
    ck_assert_msg(kafka_out_new(&config, &out) == 0, "%s", error_text());
    return out;
}

static int check_with(const char *topic, int partitions, const char *extra, const char *value)
{
    kafka_topic_make(name_space, topic, partitions, extra, value);
    int result = kafka_check_topics(name_space, parcel, WAIT_MS);
    kafka_topic_drop(name_space, topic);
    return result;
}

START_TEST(takes_the_topics_of_topics_json)
{
    ck_assert_msg(check_with("parcel", PARTITIONS, NULL, NULL) == 0, "%s", error_text());
}
END_TEST

START_TEST(refuses_a_topic_that_is_not_there)
{
    ck_assert_int_eq(kafka_check_topics(name_space, parcel, WAIT_MS), ERROR_SETTINGS);
}
END_TEST

START_TEST(refuses_another_count_of_partitions)
{
    ck_assert_int_eq(check_with("parcel", PARTITIONS - 1, NULL, NULL), ERROR_SETTINGS);
    ck_assert_ptr_nonnull(strstr(error_text(), "has 5 partitions, must have 6"));
}
END_TEST

START_TEST(refuses_a_topic_that_forgets)
{
    ck_assert_int_eq(check_with("parcel", PARTITIONS, "retention.ms", "1000"), ERROR_SETTINGS);
    ck_assert_int_eq(check_with("parcel", PARTITIONS, "retention.bytes", "1000"), ERROR_SETTINGS);
    ck_assert_int_eq(check_with("parcel", PARTITIONS, "cleanup.policy", "compact"), ERROR_SETTINGS);
}
END_TEST

START_TEST(refuses_a_topic_that_takes_the_writers_clock)
{
    ck_assert_int_eq(check_with("parcel", PARTITIONS, "message.timestamp.type", "CreateTime"),
                     ERROR_SETTINGS);
}
END_TEST

static struct kafka_in *hand_reader(int64_t offset)
{
    const struct kafka_in_config config = {.name_space = name_space, .client = "test"};
    const struct kafka_in_place place = {.topic = "parcel", .partition = 0, .offset = offset};
    struct kafka_in *in = reader_new(&config);
    ck_assert_int_eq(kafka_in_assign(in, &place, 1), 0);
    return in;
}

/* Records until the end of the partition; where that end is. */
static int64_t read_to_end(struct kafka_in *in, int *ret_count)
{
    struct kafka_record *record;
    struct kafka_in_place place;
    int outcome;
    *ret_count = 0;
    while ((outcome = kafka_next(in, &record, &place)) == 0) {
        ++*ret_count;
        kafka_record_free(record);
    }
    ck_assert_int_eq(outcome, KAFKA_EOF);
    return place.offset;
}

START_TEST(committed_records_are_read_and_the_end_is_past_the_marker)
{
    int count;
    kafka_topic_make(name_space, "parcel", 1, NULL, NULL);
    struct kafka_out *out = producer_new(name_space);
    ck_assert_int_eq(kafka_out_fence(out, WAIT_MS), 0);
    ck_assert_int_eq(kafka_out_begin(out), 0);
    kafka_send_some(out, "parcel", "k", 3);
    ck_assert_int_eq(kafka_out_commit(out, WAIT_MS), 0);
    ck_assert_int_eq(kafka_out_begin(out), 0);
    kafka_send_some(out, "parcel", "k", 4);
    ck_assert_int_eq(kafka_out_flush(out, WAIT_MS), 0);
    kafka_out_free(out);
    out = producer_new(name_space);
    ck_assert_int_eq(kafka_out_fence(out, WAIT_MS), 0); /* which aborts it */
    struct kafka_in *in = hand_reader(-1);
    int64_t end = read_to_end(in, &count);
    ck_assert_int_eq(count, 3);
    if (end < 9) /* seen before the abort's marker */
        end = read_to_end(in, &count);
    ck_assert_int_eq(end, 9); /* 3 + marker + 4 + marker */
    kafka_in_free(in);
    kafka_out_free(out);
    kafka_topic_drop(name_space, "parcel");
}
END_TEST

START_TEST(who_takes_the_fence_ends_the_other)
{
    kafka_topic_make(name_space, "parcel", 1, NULL, NULL);
    struct kafka_out *old = producer_new(name_space), *young = producer_new(name_space);
    ck_assert_int_eq(kafka_out_fence(old, WAIT_MS), 0);
    ck_assert_int_eq(kafka_out_begin(old), 0);
    kafka_send_some(old, "parcel", "k", 2);
    ck_assert_int_eq(kafka_out_flush(old, WAIT_MS), 0);
    ck_assert_int_eq(kafka_out_fence(young, WAIT_MS), 0);
    struct event event = kafka_event_make("k", 0);
    ck_assert_int_eq(kafka_out_send(old, "parcel", &event, NULL), 0);
    int outcome = kafka_out_commit(old, WAIT_MS);
    ck_assert_int_eq(outcome, KAFKA_FENCED);
    ck_assert_int_eq(kafka_out_begin(old), KAFKA_FENCED);
    ck_assert_int_eq(kafka_out_begin(young), 0);
    kafka_send_some(young, "parcel", "k", 1);
    ck_assert_int_eq(kafka_out_commit(young, WAIT_MS), 0);
    ck_assert_int_eq(ledger.delivered, 3);
    ck_assert_int_eq(ledger.unknown, 1);
    int count;
    struct kafka_in *in = hand_reader(-1);
    (void)read_to_end(in, &count);
    if (count == 0) /* seen before the commit's marker */
        (void)read_to_end(in, &count);
    ck_assert_int_eq(count, 1);
    kafka_in_free(in);
    kafka_out_free(old);
    kafka_out_free(young);
    kafka_topic_drop(name_space, "parcel");
}
END_TEST

static void delete_before(struct kafka_in *in, const struct kafka_in_place *place)
{
    int64_t until = clock_steady_ms() + WAIT_MS;
    int outcome = KAFKA_AWAY;
    while (outcome == KAFKA_AWAY && clock_steady_ms() < until)
        outcome = kafka_in_delete_before(in, place, 1);
    ck_assert_int_eq(outcome, 0);
}

START_TEST(deletes_records_and_a_reader_before_them_is_lost)
{
    struct kafka_record *record;
    struct kafka_in_place place;
    int64_t first, end;
    kafka_topic_make(name_space, "parcel", 1, NULL, NULL);
    struct kafka_out *out = producer_new(NULL);
    kafka_send_some(out, "parcel", "k", 10);
    ck_assert_int_eq(kafka_out_flush(out, WAIT_MS), 0);
    const struct kafka_in_place before = {.topic = "parcel", .partition = 0, .offset = 6};
    asking = hand_reader(2);
    delete_before(asking, &before);
    ck_assert_int_eq(kafka_in_seek(asking, &(struct kafka_in_place){"parcel", 0, 2}), 0);
    ck_assert_int_eq(kafka_next(asking, &record, &place), KAFKA_LOST);
    ck_assert_int_eq(place.offset, 2);
    kafka_ends(asking, "parcel", &first, &end);
    ck_assert_int_eq(first, 6);
    ck_assert_int_eq(kafka_in_seek(asking, &(struct kafka_in_place){"parcel", 0, -1}), 0);
    ck_assert_int_eq(kafka_next(asking, &record, &place),
                     0); /* the start of the log is where it begins now */
    ck_assert_int_eq(kafka_record_event(record)->offset, 6);
    kafka_record_free(record);
    ck_assert_int_eq(end, 10);
    kafka_in_free(asking);
    kafka_out_free(out);
    kafka_topic_drop(name_space, "parcel");
}
END_TEST

static int64_t first_since(struct kafka_in *in, int64_t since_ms)
{
    struct kafka_in_place place = {.topic = "parcel", .partition = 0};
    int64_t until = clock_steady_ms() + WAIT_MS;
    int outcome = KAFKA_AWAY;
    while (outcome == KAFKA_AWAY && clock_steady_ms() < until)
        outcome = kafka_in_times(in, &place, 1, since_ms);
    ck_assert_int_eq(outcome, 0);
    return place.offset;
}

START_TEST(finds_the_first_record_of_a_time)
{
    kafka_topic_make(name_space, "parcel", 1, NULL, NULL);
    struct kafka_out *out = producer_new(NULL);
    kafka_send_some(out, "parcel", "k", 4);
    ck_assert_int_eq(kafka_out_flush(out, WAIT_MS), 0);
    struct kafka_in *in = hand_reader(-1);
    ck_assert_int_eq(first_since(in, clock_wall_ms() - 3600000), 0);
    ck_assert_int_eq(first_since(in, clock_wall_ms() + 3600000), -1);
    kafka_in_free(in);
    kafka_out_free(out);
    kafka_topic_drop(name_space, "parcel");
}
END_TEST

static int given_from_start(void *self, struct kafka_in_place *places, size_t count)
{
    *(size_t *)self += count;
    for (size_t at = 0; at < count; at++)
        places[at].offset = -1;
    return 0;
}

static struct kafka_in *member_new(const char *instance, size_t *count)
{
    char group[128];
    snprintf(group, sizeof group, "%s.reader", name_space);
    const struct kafka_in_config config = {.name_space = name_space,
                                           .client = "test",
                                           .group = group,
                                           .instance = instance,
                                           .topics = parcel,
                                           .given = given_from_start,
                                           .self = count};
    return reader_new(&config);
}

static int64_t wait_given(struct kafka_in *in, const size_t *count, size_t wanted)
{
    struct kafka_record *record;
    struct kafka_in_place place;
    int64_t began = clock_steady_ms();
    while (*count < wanted && clock_steady_ms() - began < WAIT_MS) {
        if (kafka_in_poll(in, 20, &record, &place) == 0)
            kafka_record_free(record);
    }
    ck_assert_uint_ge(*count, wanted);
    return clock_steady_ms() - began;
}

static int64_t join_and_leave_ms(const char *instance)
{
    size_t count = 0;
    struct kafka_in *in = member_new(instance, &count);
    int64_t took_ms = wait_given(in, &count, PARTITIONS);
    kafka_in_free(in);
    return took_ms;
}

/* Whoever has to wait for the session of who was there before, its 6 s less a heartbeat, waits so each time.
 */
static void comes_back_soon(const char *instance)
{
    enum { ROUNDS = 5, SOON_MS = 4000 };
    kafka_topic_make(name_space, "parcel", PARTITIONS, NULL, NULL);
    join_and_leave_ms(instance);
    int64_t took_ms = SOON_MS;
    for (int round = 0; round < ROUNDS && took_ms >= SOON_MS; round++)
        took_ms = join_and_leave_ms(instance);
    ck_assert_int_lt(took_ms, SOON_MS);
    kafka_topic_drop(name_space, "parcel");
}

START_TEST(a_member_that_leaves_gives_its_partitions_up_at_once)
{
    comes_back_soon("");
}
END_TEST

START_TEST(a_static_member_comes_back_to_its_partitions)
{
    comes_back_soon("a");
}
END_TEST

TCase *kafka_real_cases(void)
{
    TCase *cases = tcase_create("real");
    if (!getenv("COLIS_KAFKA_BROKERS"))
        return cases;
    tcase_add_checked_fixture(cases, start, NULL);
    tcase_set_timeout(cases, 150);
    tcase_add_test(cases, takes_the_topics_of_topics_json);
    tcase_add_test(cases, refuses_a_topic_that_is_not_there);
    tcase_add_test(cases, refuses_another_count_of_partitions);
    tcase_add_test(cases, refuses_a_topic_that_forgets);
    tcase_add_test(cases, refuses_a_topic_that_takes_the_writers_clock);
    tcase_add_test(cases, committed_records_are_read_and_the_end_is_past_the_marker);
    tcase_add_test(cases, who_takes_the_fence_ends_the_other);
    tcase_add_test(cases, deletes_records_and_a_reader_before_them_is_lost);
    tcase_add_test(cases, finds_the_first_record_of_a_time);
    tcase_add_test(cases, a_member_that_leaves_gives_its_partitions_up_at_once);
    tcase_add_test(cases, a_static_member_comes_back_to_its_partitions);
    return cases;
}
