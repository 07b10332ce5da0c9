/* SPDX-License-Identifier: Apache-2.0
 * schemas/event.h: headers there and back, what is malformed or missing, subjects. */
#include "schemas/event.h"

#include <stdio.h>
#include <string.h>

#include "shared/base/cleanup.h"
#include "tests/schemas/cases.h"

static const char one_id[] = "5b904a52-4f0b-8d3c-9a61-2b7f5d9e0c14";
static const char headers_json[] =
    "{\"ce_specversion\":\"1.0\",\"ce_id\":\"5b904a52-4f0b-8d3c-9a61-2b7f5d9e0c14\",\"ce_source\":\"/"
    "projector\","
    "\"ce_type\":\"parcel.registered.v1\",\"ce_subject\":\"parcel/8c1e7a52-4f0b-4d3c-9a61-2b7f5d9e0c14\","
    "\"ce_time\":\"2026-11-22T10:00:00.123Z\",\"ce_dataschema\":\"/schemas/facts/parcel.registered.v1\","
    "\"ce_partitionkey\":\"8c1e7a52-4f0b-4d3c-9a61-2b7f5d9e0c14\",\"ce_sequence\":\"0000000001\","
    "\"ce_principal\":\"11111111-2222-4333-8444-555555555555\",\"ce_role\":\"person\","
    "\"ce_causationid\":\"5b904a52-4f0b-8d3c-9a61-2b7f5d9e0c15\","
    "\"ce_fingerprint\":\"3d00112233445566778899aabbccddee\",\"content-type\":\"application/json\","
    "\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"}";

static struct event whole_event(void)
{
    struct event event;
    ck_assert_int_eq(event_from_headers_json(span_of(headers_json), &event), 0);
    return event;
}

START_TEST(reads_every_header_into_the_event)
{
    struct event event = whole_event();
    ck_assert(event.readable);
    ck_assert_ptr_null(event.reason);
    ck_assert_str_eq(event.id.text, one_id);
    ck_assert_str_eq(event.source, "/projector");
    ck_assert_str_eq(event.type, "parcel.registered.v1");
    ck_assert_str_eq(event.subject, "parcel/8c1e7a52-4f0b-4d3c-9a61-2b7f5d9e0c14");
    ck_assert_int_eq(event.time_ms, INT64_C(1795341600123));
    ck_assert_str_eq(event.dataschema, "/schemas/facts/parcel.registered.v1");
    ck_assert_str_eq(event.key, "8c1e7a52-4f0b-4d3c-9a61-2b7f5d9e0c14");
    ck_assert_int_eq(event.sequence, 1);
    ck_assert_str_eq(event.principal, "11111111-2222-4333-8444-555555555555");
    ck_assert_str_eq(event.role, "person");
    ck_assert_str_eq(event.causation.text, "5b904a52-4f0b-8d3c-9a61-2b7f5d9e0c15");
    ck_assert_str_eq(event.fingerprint, "3d00112233445566778899aabbccddee");
    ck_assert_str_eq(event.traceparent, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
}
END_TEST

START_TEST(writes_the_headers_it_read)
{
    struct event event = whole_event();
    CLEANUP(buf_done) struct buf json = {0};
    event_headers_json(&event, &json);
    ck_assert_str_eq(json.data, headers_json);
}
END_TEST

START_TEST(takes_the_headers_it_gives_in_any_order)
{
    struct event event = whole_event(), taken = {0};
    struct event_header headers[EVENT_HEADERS];
    char scratch[256];
    CLEANUP(buf_done) struct buf json = {0};
    size_t count = event_headers(&event, scratch, headers);
    ck_assert_uint_eq(count, 15);
    ck_assert_str_eq(headers[0].name, "ce_specversion");
    while (count-- > 0)
        ck_assert_int_eq(event_header_take(&taken, span_of(headers[count].name), headers[count].value), 0);
    ck_assert_int_eq(event_complete(&taken), 0);
    event_headers_json(&taken, &json);
    ck_assert_str_eq(json.data, headers_json);
}
END_TEST

START_TEST(leaves_out_what_an_event_has_not)
{
    struct event event = {.source = "/ingress", .type = "parcel.cancel.v1", .subject = "parcel/x"};
    CLEANUP(buf_done) struct buf json = {0};
    ck_assert_int_eq(id_parse(span_of(one_id), &event.id), 0);
    event_headers_json(&event, &json);
    ck_assert_str_eq(
        json.data, "{\"ce_specversion\":\"1.0\",\"ce_id\":\"5b904a52-4f0b-8d3c-9a61-2b7f5d9e0c14\","
                   "\"ce_source\":\"/ingress\",\"ce_type\":\"parcel.cancel.v1\",\"ce_subject\":\"parcel/x\","
                   "\"content-type\":\"application/json\"}");
}
END_TEST

START_TEST(refuses_malformed_values)
{
    static const char *const rows[][2] = {
        {"ce_specversion", "0.3"},
        {"ce_specversion", ""},
        {"ce_id", "5b90"},
        {"ce_id", ""},
        {"ce_source", ""},
        {"ce_source", "/in gress"},
        {"ce_type", "parcel\nregister"},
        {"ce_type", "é"},
        {"ce_time", "yesterday"},
        {"ce_time", "2026-11-22T10:00:00+01:00"},
        {"ce_sequence", "1"},
        {"ce_sequence", "0000000000"},
        {"ce_sequence", "00000000001"},
        {"ce_sequence", "000000000x"},
        {"ce_sequence", "12345678901234567"},
        {"ce_role", "root"},
        {"ce_role", ""},
        {"ce_causationid", "none"},
        {"ce_fingerprint", "3d"},
        {"ce_fingerprint", "3D00112233445566778899AABBCCDDEE"},
        {"ce_principal", ""},
        {"ce_partitionkey", "a b"},
        {"content-type", "text/plain"},
        {"ce_source", "/this-is-a-source-of-more-than-sixty-three-characters-which-has-no-room"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct event event = {0};
        int result = event_header_take(&event, span_of(rows[i][0]), span_of(rows[i][1]));
        ck_assert_msg(result == EVENT_MALFORMED && event.reason && strstr(event.reason, rows[i][0]), "%s: %s",
                      rows[i][0], rows[i][1]);
    }
}
END_TEST

START_TEST(says_which_header_is_missing)
{
    static const char *const required[] = {"ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject"};
    struct event event = whole_event();
    struct event_header headers[EVENT_HEADERS];
    char scratch[256];
    size_t count = event_headers(&event, scratch, headers);
    for (size_t left = 0; left < count; left++) {
        struct event taken = {0};
        bool needed = false;
        for (size_t i = 0; i < count; i++)
            if (i != left)
                ck_assert_int_eq(event_header_take(&taken, span_of(headers[i].name), headers[i].value), 0);
        for (size_t i = 0; i < sizeof required / sizeof required[0]; i++)
            needed |= strcmp(required[i], headers[left].name) == 0;
        ck_assert_int_eq(event_complete(&taken), needed ? EVENT_MALFORMED : 0);
        ck_assert_int_eq(taken.readable, !needed);
        ck_assert(!needed || strstr(taken.reason, headers[left].name));
    }
}
END_TEST

START_TEST(refuses_a_header_that_stands_twice)
{
    struct event event = {0};
    ck_assert_int_eq(event_header_take(&event, SPAN("ce_type"), SPAN("parcel.cancel.v1")), 0);
    ck_assert_int_eq(event_header_take(&event, SPAN("ce_type"), SPAN("parcel.cancel.v1")), EVENT_MALFORMED);
    ck_assert_str_eq(event.reason, "a header stands twice");
}
END_TEST

START_TEST(passes_over_unknown_headers_and_broken_traces)
{
    struct event event = {0};
    ck_assert_int_eq(event_header_take(&event, SPAN("ce_colour"), SPAN("\xff\0")), 0);
    ck_assert_int_eq(event_header_take(&event, SPAN("CE_ID"), SPAN("x")), 0);
    ck_assert_int_eq(event_header_take(&event, (struct span){NULL, 0}, (struct span){NULL, 0}), 0);
    ck_assert_int_eq(event_header_take(&event, SPAN("traceparent"), SPAN("00-zz")), 0);
    ck_assert_str_eq(event.traceparent, "");
    ck_assert_ptr_null(event.reason);
}
END_TEST

START_TEST(refuses_headers_that_are_no_object_of_strings)
{
    static const char *const wrong[] = {"",
                                        "[]",
                                        "{",
                                        "{\"ce_id\":7}",
                                        "{\"ce_id\":{}}",
                                        "null",
                                        "{}x",
                                        "{\"a\":\"b\"",
                                        "{\"a\":null}",
                                        "\"a\"",
                                        "{\"a\":\"b\",}"};
    struct event event;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_int_eq(event_from_headers_json(span_of(wrong[i]), &event), EVENT_MALFORMED);
        ck_assert_msg(event.reason && !event.readable, "%s", wrong[i]);
    }
    ck_assert_int_eq(event_from_headers_json(SPAN("{}"), &event), EVENT_MALFORMED);
    ck_assert_str_eq(event.reason, "header ce_specversion is missing");
}
END_TEST

START_TEST(decodes_escapes_in_stored_headers)
{
    struct event event;
    CLEANUP(buf_done) struct buf json = {0};
    buf_text(&json, headers_json);
    char *slash = strstr(json.data, "/projector");
    ck_assert_ptr_nonnull(slash);
    buf_clear(&json);
    buf_append(&json, headers_json, (size_t)(slash - json.data));
    buf_text(&json, "\\u002fpr\\u006fjector");
    buf_text(&json, strstr(headers_json, "/projector") + strlen("/projector"));
    ck_assert_int_eq(event_from_headers_json(buf_as_span(&json), &event), 0);
    ck_assert_str_eq(event.source, "/projector");
}
END_TEST

START_TEST(keeps_versions_in_the_order_of_their_texts)
{
    static const int64_t versions[] = {1, 9, 10, 99, 1000, 9999999999};
    char before[24] = "";
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        struct event event = {.sequence = versions[i]}, taken = {0};
        struct event_header headers[EVENT_HEADERS];
        char scratch[256], text[24];
        size_t count = event_headers(&event, scratch, headers);
        ck_assert_uint_eq(count, 3);
        ck_assert_str_eq(headers[1].name, "ce_sequence");
        ck_assert_int_eq(text_copy(text, sizeof text, headers[1].value), 0);
        ck_assert_int_gt(strcmp(text, before), 0);
        ck_assert_int_eq(event_header_take(&taken, span_of(headers[1].name), headers[1].value), 0);
        ck_assert_int_eq(taken.sequence, versions[i]);
        memcpy(before, text, sizeof before);
    }
}
END_TEST

START_TEST(a_line_holds_what_the_headers_hold)
{
    struct event event = whole_event(), bare = {.source = "/ingress", .type = "t.v1", .subject = "s"}, read;
    CLEANUP(buf_done) struct buf line = {0}, json = {0};
    event_line(&event, &line);
    ck_assert_ptr_null(strpbrk(line.data, "\r\n"));
    ck_assert_int_eq(event_from_line(buf_as_span(&line), &read), 0);
    event_headers_json(&read, &json);
    ck_assert_str_eq(json.data, headers_json);
    ck_assert_int_eq(id_parse(span_of(one_id), &bare.id), 0);
    buf_clear(&line);
    event_line(&bare, &line);
    ck_assert_str_eq(line.data, "5b904a52-4f0b-8d3c-9a61-2b7f5d9e0c14\t/ingress\tt.v1\ts\t\t\t\t\t\t\t\t\t");
    ck_assert_int_eq(event_from_line(buf_as_span(&line), &read), 0);
    ck_assert_int_eq(read.time_ms + read.sequence, 0);
    ck_assert_str_eq(read.subject, "s");
}
END_TEST

START_TEST(a_line_that_breaks_off_or_goes_on_or_lies_is_malformed)
{
    static const char *const rows[][2] = {
        {"", "breaks off"},
        {"5b904a52-4f0b-8d3c-9a61-2b7f5d9e0c14", "breaks off"},
        {"5b904a52-4f0b-8d3c-9a61-2b7f5d9e0c14\t/i\tt.v1\ts\t\t\t\t\t\t\t\t", "breaks off"},
        {"5b904a52-4f0b-8d3c-9a61-2b7f5d9e0c14\t/i\tt.v1\ts\t\t\t\t\t\t\t\t\t\t", "goes on"},
        {"5b904a52-4f0b-8d3c-9a61-2b7f5d9e0c14\t/i\tt.v1\t\t\t\t\t\t\t\t\t\t", "ce_subject is missing"},
        {"5b904a52\t/i\tt.v1\ts\t\t\t\t\t\t\t\t\t", "ce_id is malformed"},
        {"5b904a52-4f0b-8d3c-9a61-2b7f5d9e0c14\t/i\tt.v1\ts\tnow\t\t\t\t\t\t\t\t", "ce_time is malformed"},
    };
    struct event event;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_int_eq(event_from_line(span_of(rows[i][0]), &event), EVENT_MALFORMED);
        ck_assert_msg(event.reason && strstr(event.reason, rows[i][1]), "%s: %s", rows[i][0], event.reason);
    }
}
END_TEST

START_TEST(parts_a_subject_into_kind_and_id)
{
    static const char *const wrong[] = {"",
                                        "parcel",
                                        "parcel/",
                                        "/8c1e7a52-4f0b-4d3c-9a61-2b7f5d9e0c14",
                                        "parcel/8c1e",
                                        "Parcel/8c1e7a52-4f0b-4d3c-9a61-2b7f5d9e0c14",
                                        "par cel/8c1e7a52-4f0b-4d3c-9a61-2b7f5d9e0c14",
                                        "parcel/8c1e7a52-4f0b-4d3c-9a61-2b7f5d9e0c14/x",
                                        "a_kind_of_more_than_23_chars/8c1e7a52-4f0b-4d3c-9a61-2b7f5d9e0c14",
                                        "abcdefghijklmnopqrstuvwx/8c1e7a52-4f0b-4d3c-9a61-2b7f5d9e0c14"};
    char kind[24];
    struct id id;
    ck_assert_int_eq(event_subject_parse(SPAN("parcel/8C1E7A52-4f0b-4d3c-9a61-2b7f5d9e0c14"), kind, &id), 0);
    ck_assert_str_eq(kind, "parcel");
    ck_assert_str_eq(id.text, "8c1e7a52-4f0b-4d3c-9a61-2b7f5d9e0c14");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_msg(event_subject_parse(span_of(wrong[i]), kind, &id) == EVENT_MALFORMED, "%s", wrong[i]);
    ck_assert_int_eq(event_subject_parse((struct span){NULL, 0}, kind, &id), EVENT_MALFORMED);
}
END_TEST

TCase *event_cases(void)
{
    TCase *cases = tcase_create("event");
    tcase_add_test(cases, reads_every_header_into_the_event);
    tcase_add_test(cases, writes_the_headers_it_read);
    tcase_add_test(cases, takes_the_headers_it_gives_in_any_order);
    tcase_add_test(cases, leaves_out_what_an_event_has_not);
    tcase_add_test(cases, refuses_malformed_values);
    tcase_add_test(cases, says_which_header_is_missing);
    tcase_add_test(cases, refuses_a_header_that_stands_twice);
    tcase_add_test(cases, passes_over_unknown_headers_and_broken_traces);
    tcase_add_test(cases, refuses_headers_that_are_no_object_of_strings);
    tcase_add_test(cases, decodes_escapes_in_stored_headers);
    tcase_add_test(cases, keeps_versions_in_the_order_of_their_texts);
    tcase_add_test(cases, a_line_holds_what_the_headers_hold);
    tcase_add_test(cases, a_line_that_breaks_off_or_goes_on_or_lies_is_malformed);
    tcase_add_test(cases, parts_a_subject_into_kind_and_id);
    return cases;
}
