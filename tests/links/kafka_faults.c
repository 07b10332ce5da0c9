/* SPDX-License-Identifier: Apache-2.0
 * shared/links/kafka_out.h when things go wrong: a failed report is unknown, a dead client is replaced, a
 * fence that was taken is said. */
#include <string.h>

#include "shared/base/clock.h"
#include "tests/links/kafka_cases.h"

enum { PRODUCE = 0 }; /* of the protocol */

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

static void fail_produce(rd_kafka_resp_err_t code, int times)
{
    for (int time = 0; time < times; time++)
        rd_kafka_mock_push_request_errors(cluster.mock, PRODUCE, 1, code);
}

static void send_and_wait(struct kafka_out *out, int count)
{
    kafka_send_some(out, "commands", "k", count);
    ck_assert_int_eq(kafka_out_flush(out, KAFKA_PATIENCE_MS), 0);
}

START_TEST(a_report_too_late_is_unknown)
{
    kafka_cluster_delivery(&cluster, "8000");
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    send_and_wait(out, 1);
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    send_and_wait(out, 5);
    ck_assert_int_eq(ledger.delivered, 1);
    ck_assert_int_eq(ledger.unknown, 5);
    kafka_out_free(out);
}
END_TEST

START_TEST(sending_goes_on_when_the_broker_is_back)
{
    kafka_cluster_delivery(&cluster, "8000");
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    send_and_wait(out, 1);
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    send_and_wait(out, 5);
    rd_kafka_mock_broker_set_up(cluster.mock, 1);
    send_and_wait(out, 3);
    ck_assert_int_eq(ledger.delivered, 4);
    ck_assert_int_eq(ledger.unknown, 5);
    kafka_out_free(out);
}
END_TEST

START_TEST(a_broker_away_for_a_moment_is_not_noticed)
{
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    send_and_wait(out, 1);
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    kafka_send_some(out, "commands", "k", 5);
    ck_assert_int_eq(kafka_out_flush(out, 300), KAFKA_TIMEOUT);
    rd_kafka_mock_broker_set_up(cluster.mock, 1);
    ck_assert_int_eq(kafka_out_flush(out, KAFKA_PATIENCE_MS), 0);
    ck_assert_int_eq(ledger.delivered, 6);
    kafka_out_free(out);
}
END_TEST

START_TEST(a_retriable_error_is_retried_unseen)
{
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    fail_produce(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, 2);
    send_and_wait(out, 3);
    ck_assert_int_eq(ledger.delivered, 3);
    kafka_out_free(out);
}
END_TEST

START_TEST(a_refusal_by_the_broker_is_unknown)
{
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    fail_produce(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 1);
    send_and_wait(out, 1);
    ck_assert_int_eq(ledger.unknown, 1);
    kafka_out_free(out);
}
END_TEST

/* It names no offset, and the library counts on from there: -1, 0, 1. */
START_TEST(records_the_broker_says_it_has_already_are_unknown_all_of_them)
{
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    fail_produce(RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER, 1);
    send_and_wait(out, 3); /* in one request: the client has yet to learn where to */
    ck_assert_int_eq(ledger.delivered, 0);
    ck_assert_int_eq(ledger.unknown, 3);
    ck_assert_int_eq(ledger.offset, -1);
    kafka_out_free(out);
}
END_TEST

/* How many records stand in partition 0. */
static int stored(const char *topic)
{
    struct kafka_in *in = kafka_hand_reader(topic);
    struct kafka_record *record;
    struct kafka_in_place place;
    int count = 0;
    for (; kafka_next(in, &record, &place) == 0; count++)
        kafka_record_free(record);
    kafka_in_free(in);
    return count;
}

/* A broker that has nothing yet of a producer takes whatever sequence comes first: so the second of two
 * requests, after it was not the leader for the first one. The library takes that for a word about both. */
START_TEST(what_the_broker_has_not_acknowledged_by_itself_is_unknown)
{
    static const char at_0[] = "k", at_1[] = "d"; /* keys of pair's partitions */
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    kafka_cluster_topic(&cluster, "pair", 2);
    kafka_send_some(out, "pair", at_1, 1);
    ck_assert_int_eq(kafka_out_flush(out, KAFKA_PATIENCE_MS), 0); /* the client knows all it needs */
    rd_kafka_mock_broker_set_rtt(cluster.mock, 1,
                                 3000); /* for the second to leave before the first returns */
    rd_kafka_mock_push_request_errors(cluster.mock, PRODUCE, 2, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                      RD_KAFKA_RESP_ERR_NO_ERROR);
    kafka_send_some(out, "pair", at_0, 1);
    ck_assert_int_eq(kafka_out_flush(out, 1000), KAFKA_TIMEOUT); /* on its way alone */
    kafka_send_some(out, "pair", at_0, 1);
    ck_assert_int_eq(kafka_out_flush(out, KAFKA_PATIENCE_MS), 0);
    kafka_out_free(out);
    rd_kafka_mock_broker_set_rtt(cluster.mock, 1, 0);
    ck_assert_int_eq(stored("pair"), 1);
    ck_assert_int_eq(ledger.delivered, 2);
    ck_assert_int_eq(ledger.unknown, 1);
}
END_TEST

/* A gap in the sequence with nothing else in flight cannot be mended: the library declares its client dead.
 */
START_TEST(a_dead_client_is_replaced_and_sending_goes_on)
{
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    int descriptor = kafka_out_descriptor(out);
    send_and_wait(out, 1);
    fail_produce(RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, 1);
    send_and_wait(out, 1); /* more might travel in two requests */
    ck_assert_int_eq(ledger.delivered, 1);
    ck_assert_int_eq(ledger.unknown, 1);
    struct event event = kafka_event_make("k", 9);
    int outcome;
    while ((outcome = kafka_out_send(out, "commands", &event, NULL)) == KAFKA_DEAD)
        ck_assert_int_eq(kafka_out_step(out), 0); /* the next client comes within a second */
    ck_assert_int_eq(outcome, 0);
    ck_assert_int_eq(kafka_out_flush(out, KAFKA_PATIENCE_MS), 0);
    ck_assert_int_eq(ledger.delivered, 2);
    ck_assert_int_eq(kafka_out_descriptor(out), descriptor);
    kafka_out_free(out);
}
END_TEST

START_TEST(a_transaction_shows_its_records_when_committed)
{
    struct kafka_out *out = kafka_producer(&ledger, "t.relay-0");
    ck_assert_int_eq(kafka_out_begin(out), KAFKA_ABORT); /* no fence yet */
    ck_assert_int_eq(kafka_out_fence(out, KAFKA_PATIENCE_MS), 0);
    ck_assert_int_eq(kafka_out_begin(out), 0);
    kafka_send_some(out, "commands", "k", 3);
    ck_assert_int_eq(kafka_out_commit(out, KAFKA_PATIENCE_MS), 0);
    ck_assert_int_eq(ledger.delivered, 3);
    kafka_out_free(out);
}
END_TEST

/* The library's second call for one commit may answer for the first: it would say done, and nothing was. */
START_TEST(a_commit_not_heard_of_in_time_is_not_asked_for_again)
{
    struct kafka_out *out = kafka_producer(&ledger, "t.relay-0");
    ck_assert_int_eq(kafka_out_fence(out, KAFKA_PATIENCE_MS), 0);
    ck_assert_int_eq(kafka_out_begin(out), 0);
    kafka_send_some(out, "commands", "k", 3);
    ck_assert_int_eq(kafka_out_flush(out, KAFKA_PATIENCE_MS), 0);
    rd_kafka_mock_broker_set_rtt(cluster.mock, 1, 400);
    ck_assert_int_eq(kafka_out_commit(out, 40), KAFKA_TIMEOUT);
    ck_assert_int_eq(kafka_out_commit(out, KAFKA_PATIENCE_MS), KAFKA_ABORT);
    ck_assert_int_eq(kafka_out_begin(out), KAFKA_ABORT);
    rd_kafka_mock_broker_set_rtt(cluster.mock, 1, 0);
    kafka_out_free(out);
}
END_TEST

START_TEST(sending_without_the_fence_is_refused)
{
    struct kafka_out *out = kafka_producer(&ledger, "t.relay-0");
    struct event event = kafka_event_make("k", 0);
    ck_assert_int_eq(kafka_out_send(out, "commands", &event, NULL), KAFKA_DEAD);
    ck_assert_uint_eq(kafka_out_open(out), 0);
    kafka_out_free(out);
}
END_TEST

START_TEST(a_fence_without_a_broker_times_out)
{
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    struct kafka_out *out = kafka_producer(&ledger, "t.relay-0");
    ck_assert_int_eq(kafka_out_fence(out, 300), KAFKA_TIMEOUT);
    kafka_out_free(out);
}
END_TEST

TCase *kafka_fault_cases(void)
{
    TCase *cases = tcase_create("faults");
    tcase_add_checked_fixture(cases, start, stop);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_report_too_late_is_unknown);
    tcase_add_test(cases, sending_goes_on_when_the_broker_is_back);
    tcase_add_test(cases, a_broker_away_for_a_moment_is_not_noticed);
    tcase_add_test(cases, a_retriable_error_is_retried_unseen);
    tcase_add_test(cases, a_refusal_by_the_broker_is_unknown);
    tcase_add_test(cases, records_the_broker_says_it_has_already_are_unknown_all_of_them);
    tcase_add_test(cases, what_the_broker_has_not_acknowledged_by_itself_is_unknown);
    tcase_add_test(cases, a_dead_client_is_replaced_and_sending_goes_on);
    tcase_add_test(cases, a_transaction_shows_its_records_when_committed);
    tcase_add_test(cases, a_commit_not_heard_of_in_time_is_not_asked_for_again);
    tcase_add_test(cases, sending_without_the_fence_is_refused);
    tcase_add_test(cases, a_fence_without_a_broker_times_out);
    return cases;
}
