/* SPDX-License-Identifier: Apache-2.0
 * shared/links/kafka_out.h against the mock cluster: what is sent is reported once, and read back as it was.
 */
#include <poll.h>
#include <string.h>

#include "shared/base/clock.h"
#include "tests/links/kafka_cases.h"

static struct kafka_cluster cluster;
static struct kafka_ledger ledger;

static void start(void)
{
    kafka_cluster_start(&cluster);
    kafka_cluster_topic(&cluster, "commands", 1);
}

static void stop(void)
{
    kafka_cluster_stop(&cluster);
}

START_TEST(reports_each_record_once)
{
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    kafka_send_some(out, "commands", "k", 500);
    ck_assert_uint_eq(kafka_out_open(out), 500);
    ck_assert_int_eq(kafka_out_flush(out, KAFKA_PATIENCE_MS), 0);
    ck_assert_int_eq(ledger.delivered, 500);
    ck_assert_int_eq(ledger.unknown, 0);
    ck_assert_int_eq(ledger.offset, 499);
    ck_assert_int_eq(ledger.newest, 499);
    kafka_out_free(out);
    ck_assert_int_eq(ledger.unknown, 0);
}
END_TEST

START_TEST(a_pushed_record_is_reported_once)
{
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    kafka_out_push(out); /* nothing there: nothing happens */
    for (int batch = 0; batch < 5; batch++) {
        kafka_send_some(out, "commands", "k", 100);
        kafka_out_push(out);
    }
    ck_assert_int_eq(kafka_out_flush(out, KAFKA_PATIENCE_MS), 0);
    ck_assert_int_eq(ledger.delivered, 500);
    ck_assert_int_eq(ledger.unknown, 0);
    ck_assert_int_eq(ledger.offset, 499);
    kafka_out_free(out);
}
END_TEST

START_TEST(wakes_its_descriptor_for_a_report)
{
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    struct pollfd watched = {.fd = kafka_out_descriptor(out), .events = POLLIN};
    kafka_send_some(out, "commands", "k", 1);
    while (ledger.delivered == 0) {
        ck_assert_int_eq(poll(&watched, 1, KAFKA_PATIENCE_MS), 1);
        ck_assert_int_eq(kafka_out_step(out), 0);
    }
    ck_assert_uint_eq(kafka_out_open(out), 0);
    ck_assert_int_eq(kafka_out_oldest_ms(out), 0);
    kafka_out_free(out);
}
END_TEST

START_TEST(writes_what_a_reader_reads)
{
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    struct event event = kafka_event_make("11111111-1111-4111-8111-111111111111", 7);
    ck_assert_int_eq(kafka_out_send(out, "commands", &event, NULL), 0);
    ck_assert_int_eq(kafka_out_flush(out, KAFKA_PATIENCE_MS), 0);
    kafka_out_free(out);
    struct kafka_in *in = kafka_hand_reader("commands");
    struct kafka_record *record;
    struct kafka_in_place place;
    ck_assert_int_eq(kafka_next(in, &record, &place), 0);
    const struct event *read = kafka_record_event(record);
    ck_assert(read->readable);
    ck_assert_str_eq(read->id.text, event.id.text);
    ck_assert_str_eq(read->subject, event.subject);
    ck_assert_str_eq(read->key, event.key);
    ck_assert_str_eq(read->topic, "commands");
    ck_assert_int_eq(read->time_ms, event.time_ms);
    ck_assert(span_is(read->data, "{\"n\":7}"));
    kafka_record_free(record);
    kafka_in_free(in);
}
END_TEST

START_TEST(refuses_when_the_queue_is_full)
{
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    kafka_send_some(out, "commands", "k", 1000); /* kafka_queue_messages */
    struct event event = kafka_event_make("k", 0);
    ck_assert_int_eq(kafka_out_send(out, "commands", &event, NULL), KAFKA_FULL);
    ck_assert_uint_eq(kafka_out_open(out), 1000);
    kafka_out_free(out);
    ck_assert_int_eq(ledger.unknown, 1000);
    ck_assert_int_eq(ledger.delivered, 0);
}
END_TEST

START_TEST(refuses_while_the_oldest_is_late)
{
    clock_hold(1700000000000, 1000);
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    struct event event = kafka_event_make("k", 0);
    ck_assert_int_eq(kafka_out_send(out, "commands", &event, NULL), 0);
    clock_hold(1700000000000, 21000); /* kafka_late_ms later */
    ck_assert_int_eq(kafka_out_send(out, "commands", &event, NULL), 0);
    clock_hold(1700000000000, 21001);
    ck_assert_int_eq(kafka_out_oldest_ms(out), 20001);
    ck_assert_int_eq(kafka_out_send(out, "commands", &event, NULL), KAFKA_LATE);
    clock_release();
    kafka_out_free(out);
    ck_assert_int_eq(ledger.unknown, 2);
}
END_TEST

START_TEST(who_gathers_a_batch_is_never_late)
{
    struct kafka_out *out = NULL;
    const struct kafka_out_config config = {
        .name_space = "t", .client = "test", .reported = kafka_ledger_take, .self = &ledger, .gathers = true};
    ck_assert_int_eq(kafka_out_new(&config, &out), 0);
    clock_hold(1700000000000, 1000);
    kafka_send_some(out, "commands", "k", 1);
    clock_hold(1700000000000, 22000); /* more than kafka_late_ms */
    ck_assert_int_eq(kafka_out_oldest_ms(out), 21000);
    kafka_send_some(out, "commands", "k", 1);
    clock_release();
    ck_assert_int_eq(kafka_out_flush(out, KAFKA_PATIENCE_MS), 0);
    ck_assert_int_eq(ledger.delivered, 2);
    kafka_out_free(out);
}
END_TEST

START_TEST(keys_pick_the_partition_java_picks)
{
    /* The hashes are those Kafka's own tests demand of Java's murmur2. */
    static const struct {
        const char *key;
        int32_t partition;
    } rows[] = {{"21", (-973932308 & 0x7fffffff) % 12},
                {"foobar", (-790332482 & 0x7fffffff) % 12},
                {"a-little-bit-long-string", (-985981536 & 0x7fffffff) % 12}};
    kafka_cluster_topic(&cluster, "parcel", 12);
    struct kafka_in *in = NULL;
    const struct kafka_in_config config = {.name_space = "t", .client = "test"};
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++)
        kafka_send_some(out, "parcel", rows[at].key, 1);
    ck_assert_int_eq(kafka_out_flush(out, KAFKA_PATIENCE_MS), 0);
    ck_assert_int_eq(kafka_in_new(&config, &in), 0);
    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        int64_t first, end;
        ck_assert_int_eq(kafka_in_ends(in, "parcel", rows[at].partition, &first, &end), 0);
        ck_assert_int_ge(end, 1);
    }
    kafka_in_free(in);
    kafka_out_free(out);
}
END_TEST

START_TEST(keeps_the_order_of_a_key)
{
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    struct kafka_record *record;
    struct kafka_in_place place;
    char text[32];
    kafka_send_some(out, "commands", "k", 300);
    ck_assert_int_eq(kafka_out_flush(out, KAFKA_PATIENCE_MS), 0);
    struct kafka_in *in = kafka_hand_reader("commands");
    for (int number = 0; number < 300; number++) {
        ck_assert_int_eq(kafka_next(in, &record, &place), 0);
        snprintf(text, sizeof text, "{\"n\":%d}", number);
        ck_assert(span_is(kafka_record_event(record)->data, text));
        kafka_record_free(record);
    }
    ck_assert_int_eq(kafka_next(in, &record, &place), KAFKA_EOF);
    ck_assert_int_eq(place.offset, 300);
    kafka_in_free(in);
    kafka_out_free(out);
}
END_TEST

START_TEST(flush_gives_up_in_time)
{
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    kafka_send_some(out, "commands", "k", 1);
    ck_assert_int_eq(kafka_out_flush(out, 100), KAFKA_TIMEOUT);
    ck_assert_uint_eq(kafka_out_open(out), 1);
    kafka_out_free(out);
    ck_assert_int_eq(ledger.unknown, 1);
}
END_TEST

TCase *kafka_out_cases(void)
{
    TCase *cases = tcase_create("out");
    tcase_add_checked_fixture(cases, start, stop);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, reports_each_record_once);
    tcase_add_test(cases, a_pushed_record_is_reported_once);
    tcase_add_test(cases, wakes_its_descriptor_for_a_report);
    tcase_add_test(cases, writes_what_a_reader_reads);
    tcase_add_test(cases, refuses_when_the_queue_is_full);
    tcase_add_test(cases, refuses_while_the_oldest_is_late);
    tcase_add_test(cases, who_gathers_a_batch_is_never_late);
    tcase_add_test(cases, keys_pick_the_partition_java_picks);
    tcase_add_test(cases, keeps_the_order_of_a_key);
    tcase_add_test(cases, flush_gives_up_in_time);
    return cases;
}
