/* SPDX-License-Identifier: Apache-2.0
 * shared/links/kafka_event.c: what anybody may have written to a topic becomes an event, or says why not. */
#include <stdlib.h>
#include <string.h>

#include "schemas/json.h"
#include "tests/links/kafka_cases.h"

#define ID "8c1e1111-1111-4111-8111-111111111111"

struct header {
    const char *name, *value;
    size_t size; /* 0: strlen(value) */
};

static const struct header good[] = {{"ce_specversion", "1.0"},    {"ce_id", ID},
                                     {"ce_source", "/test"},       {"ce_type", "parcel.cancel.v1"},
                                     {"ce_subject", "parcel/" ID}, {NULL, NULL}};

static struct kafka_cluster cluster;
static rd_kafka_headers_t *headers;
static struct kafka_record *record;
static struct kafka_in *in;

static void start(void)
{
    kafka_cluster_start(&cluster);
    kafka_cluster_topic(&cluster, "commands", 1);
    headers = rd_kafka_headers_new(8);
}

static void stop(void)
{
    kafka_record_free(record);
    kafka_in_free(in);
    kafka_cluster_stop(&cluster);
}

static void add(const struct header *rows)
{
    for (; rows->name; rows++) {
        size_t size = rows->size > 0 ? rows->size : strlen(rows->value);
        rd_kafka_header_add(headers, rows->name, -1, rows->value, (ssize_t)size);
    }
}

/* Through the mock cluster: the only way to a record that is the library's own. */
static const struct event *through_the_topic(const char *key, const char *value)
{
    struct kafka_in_place place;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char text[256];
    rd_kafka_conf_set(conf, "bootstrap.servers", cluster.brokers, text, sizeof text);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    const rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = "t.commands"},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)(uintptr_t)key, key ? strlen(key) : 0}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)(uintptr_t)value, value ? strlen(value) : 0}},
    };
    ck_assert_ptr_null(rd_kafka_produceva(client, parts, sizeof parts / sizeof parts[0]));
    ck_assert_int_eq(rd_kafka_flush(client, KAFKA_PATIENCE_MS), 0);
    rd_kafka_destroy(client);
    in = kafka_hand_reader("commands");
    ck_assert_int_eq(kafka_next(in, &record, &place), 0);
    return kafka_record_event(record);
}

START_TEST(reads_a_complete_event_and_where_it_stood)
{
    add(good);
    const struct event *event = through_the_topic("k", "{}");
    ck_assert_msg(event->readable, "%s", event->reason);
    ck_assert_str_eq(event->id.text, ID);
    ck_assert_str_eq(event->type, "parcel.cancel.v1");
    ck_assert_str_eq(event->key, "k");
    ck_assert_str_eq(event->topic, "commands");
    ck_assert_int_eq(event->partition, 0);
    ck_assert_int_eq(event->offset, 0);
    ck_assert_int_gt(event->stored_ms, 1600000000000);
    ck_assert(span_is(event->data, "{}"));
    ck_assert(span_is(event->raw_key, "k"));
}
END_TEST

START_TEST(keeps_every_header_as_json)
{
    add(good);
    add((struct header[]){{"x-other", "a \"quote\""}, {NULL, NULL}});
    const struct event *event = through_the_topic("k", "{}");
    ck_assert(event->readable);
    ck_assert(span_is(event->raw_headers,
                      "{\"ce_specversion\":\"1.0\",\"ce_id\":\"" ID "\",\"ce_source\":\"/test\","
                      "\"ce_type\":\"parcel.cancel.v1\",\"ce_subject\":\"parcel/" ID
                      "\",\"x-other\":\"a \\\"quote\\\"\"}"));
}
END_TEST

START_TEST(keeps_bytes_that_are_no_text_as_base64)
{
    size_t at;
    const char *reason;
    add(good);
    add((struct header[]){{"x-bytes", "\xff\x00\xfe", 3}, {"x-\xff", "v"}, {NULL, NULL}});
    const struct event *event = through_the_topic("k", "{}");
    ck_assert(event->readable);
    ck_assert_ptr_nonnull(strstr(event->raw_headers.data, ",\"x-bytes;b64\":\"_wD-\"}"));
    ck_assert_int_eq(scan_check(event->raw_headers, &at, &reason), 0);
}
END_TEST

START_TEST(an_event_without_headers_is_unreadable)
{
    const struct event *event = through_the_topic("k", "{}");
    ck_assert(!event->readable);
    ck_assert_ptr_nonnull(event->reason);
    ck_assert(span_is(event->raw_headers, "{}"));
    ck_assert(span_is(event->data, "{}"));
}
END_TEST

START_TEST(an_event_without_a_key_is_unreadable)
{
    add(good);
    const struct event *event = through_the_topic(NULL, "{}");
    ck_assert(!event->readable);
    ck_assert_str_eq(event->reason, "has no key");
}
END_TEST

START_TEST(a_key_that_differs_from_its_header_is_unreadable)
{
    add(good);
    add((struct header[]){{"ce_partitionkey", "other"}, {NULL, NULL}});
    const struct event *event = through_the_topic("k", "{}");
    ck_assert(!event->readable);
    ck_assert_str_eq(event->reason, "ce_partitionkey is not the record's key");
    ck_assert(span_is(event->raw_key, "k"));
}
END_TEST

START_TEST(a_key_too_long_is_unreadable)
{
    char key[200];
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    add(good);
    ck_assert(!through_the_topic(key, "{}")->readable);
}
END_TEST

START_TEST(a_header_twice_is_unreadable_only_where_it_is_ours)
{
    add(good);
    add((struct header[]){{"x-hop", "1"}, {"x-hop", "2"}, {NULL, NULL}});
    const struct event *event = through_the_topic("k", "{}");
    ck_assert(event->readable);
    ck_assert_ptr_nonnull(strstr(event->raw_headers.data, "\"x-hop\":\"1\"}"));
}
END_TEST

START_TEST(a_known_header_twice_is_unreadable)
{
    add(good);
    add((struct header[]){{"ce_id", ID}, {NULL, NULL}});
    ck_assert(!through_the_topic("k", "{}")->readable);
}
END_TEST

START_TEST(too_many_headers_are_unreadable_and_cut)
{
    add(good);
    for (int number = 0; number < 100; number++)
        add((struct header[]){{"x-many", "v"}, {NULL, NULL}});
    const struct event *event = through_the_topic("k", "{}");
    ck_assert(!event->readable);
    ck_assert_str_eq(event->reason, "has too many headers");
}
END_TEST

START_TEST(too_large_headers_are_unreadable_and_left_out)
{
    char *large = malloc(100000);
    memset(large, 'x', 99999);
    large[99999] = '\0';
    add(good);
    add((struct header[]){{"x-large", large}, {"x-small", "v"}, {NULL, NULL}});
    const struct event *event = through_the_topic("k", "{}");
    ck_assert(!event->readable);
    ck_assert_str_eq(event->reason, "has too large headers");
    ck_assert_ptr_null(strstr(event->raw_headers.data, "x-large"));
    ck_assert_ptr_nonnull(strstr(event->raw_headers.data, ",\"x-small\":\"v\"}"));
    free(large);
}
END_TEST

START_TEST(a_record_without_a_value_has_empty_data)
{
    add(good);
    const struct event *event = through_the_topic("k", NULL);
    ck_assert(event->readable);
    ck_assert_uint_eq(event->data.size, 0);
}
END_TEST

TCase *kafka_event_cases(void)
{
    TCase *cases = tcase_create("event");
    tcase_add_checked_fixture(cases, start, stop);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, reads_a_complete_event_and_where_it_stood);
    tcase_add_test(cases, keeps_every_header_as_json);
    tcase_add_test(cases, keeps_bytes_that_are_no_text_as_base64);
    tcase_add_test(cases, an_event_without_headers_is_unreadable);
    tcase_add_test(cases, an_event_without_a_key_is_unreadable);
    tcase_add_test(cases, a_key_that_differs_from_its_header_is_unreadable);
    tcase_add_test(cases, a_key_too_long_is_unreadable);
    tcase_add_test(cases, a_header_twice_is_unreadable_only_where_it_is_ours);
    tcase_add_test(cases, a_known_header_twice_is_unreadable);
    tcase_add_test(cases, too_many_headers_are_unreadable_and_cut);
    tcase_add_test(cases, too_large_headers_are_unreadable_and_left_out);
    tcase_add_test(cases, a_record_without_a_value_has_empty_data);
    return cases;
}
