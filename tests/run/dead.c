/* SPDX-License-Identifier: Apache-2.0
 * shared/run/dead.h: a dead letter is whole, known again by its id, and acknowledged before anybody moves on.
 */
#include "shared/run/dead.h"

#include <poll.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/run/service.h"
#include "tests/links/kafka_cases.h"
#include "tests/run/cases.h"

static struct kafka_cluster cluster;
static struct dead *dead;

static void start(void)
{
    kafka_cluster_start(&cluster);
    kafka_cluster_topic(&cluster, "dead.reader", 1);
    snprintf(service_values.name_space, sizeof service_values.name_space, "t");
    ck_assert_int_eq(dead_new("reader", &dead), 0);
}

static void stop(void)
{
    dead_free(dead);
    kafka_cluster_stop(&cluster);
}

static struct event bad_event(void)
{
    struct event event = kafka_event_make("k", 1);
    event.topic = "parcel";
    event.partition = 3;
    event.offset = 77;
    event.stored_ms = 1700000000456;
    event.data = SPAN("\xff no JSON");
    event.raw_headers = SPAN("{\"ce_id\":\"x\"}");
    return event;
}

START_TEST(a_dead_letter_holds_the_record)
{
    struct event event = bad_event();
    struct kafka_record *record;
    struct kafka_in_place place;
    ck_assert_int_eq(dead_letter(dead, &event, "is \"no\" JSON"), READER_DONE);
    ck_assert_int_eq(dead_letter(dead, &event, "is \"no\" JSON"), READER_DONE);
    struct kafka_in *in = kafka_hand_reader("dead.reader");
    ck_assert_int_eq(kafka_next(in, &record, &place), 0);
    const struct event *letter = kafka_record_event(record);
    ck_assert_msg(letter->readable, "%s", letter->reason);
    ck_assert_str_eq(letter->type, "record.dead.v1");
    ck_assert_str_eq(letter->causation.text, event.id.text);
    ck_assert(span_is(letter->data,
                      "{\"reason\":\"is \\\"no\\\" JSON\",\"topic\":\"parcel\",\"partition\":3,\"offset\":77,"
                      "\"headers\":{\"ce_id\":\"x\"},\"value\":\"_yBubyBKU09O\"}"));
    struct id id = letter->id;
    kafka_record_free(record);
    ck_assert_int_eq(kafka_next(in, &record, &place), 0);
    ck_assert_str_eq(kafka_record_event(record)->id.text, id.text); /* known for what it is */
    kafka_record_free(record);
    kafka_in_free(in);
}
END_TEST

static int letter_until_done(const struct event *event)
{
    int outcome = READER_RETRY;
    int64_t until = clock_steady_ms() + KAFKA_PATIENCE_MS;
    while (outcome == READER_RETRY && clock_steady_ms() < until) {
        (void)poll(NULL, 0, 100); /* as a reader waits between two tries */
        outcome = dead_letter(dead, event, "wrong");
    }
    return outcome;
}

START_TEST(a_dead_letter_nobody_acknowledges_is_tried_again)
{
    struct event event = bad_event();
    dead_free(dead);
    kafka_cluster_delivery(&cluster, "2000");
    ck_assert_int_eq(dead_new("reader", &dead), 0);
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    ck_assert_int_eq(dead_letter(dead, &event, "wrong"), READER_RETRY);
    rd_kafka_mock_broker_set_up(cluster.mock, 1);
    ck_assert_int_eq(letter_until_done(&event), READER_DONE);
}
END_TEST

/* Its delivery takes longer than a letter is waited for, and the record is still there at the next one. */
START_TEST(a_letter_nobody_acknowledged_in_time_is_not_the_last)
{
    const char *const patient[] = {"COLIS_KAFKA_BROKERS",
                                   cluster.brokers,
                                   "COLIS_CHECK_TOPICS",
                                   "off",
                                   "COLIS_KAFKA_DELIVERY_MS",
                                   "60000",
                                   NULL};
    struct event event = bad_event();
    dead_free(dead);
    kafka_configure(patient);
    ck_assert_int_eq(dead_new("reader", &dead), 0);
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    ck_assert_int_eq(dead_letter(dead, &event, "wrong"), READER_RETRY);
    rd_kafka_mock_broker_set_up(cluster.mock, 1);
    ck_assert_int_eq(letter_until_done(&event), READER_DONE);
}
END_TEST

TCase *dead_cases(void)
{
    TCase *cases = tcase_create("dead");
    tcase_add_checked_fixture(cases, start, stop);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_dead_letter_holds_the_record);
    tcase_add_test(cases, a_dead_letter_nobody_acknowledges_is_tried_again);
    tcase_add_test(cases, a_letter_nobody_acknowledged_in_time_is_not_the_last);
    return cases;
}
