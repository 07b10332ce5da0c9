/* SPDX-License-Identifier: Apache-2.0
 * shared/base/buf.h: spans, growing buffers, JSON strings. */
#include "shared/base/buf.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "shared/base/cleanup.h"
#include "tests/base/cases.h"

START_TEST(makes_an_empty_span_of_no_text)
{
    ck_assert_uint_eq(span_of(NULL).size, 0);
    ck_assert_uint_eq(span_of("").size, 0);
    ck_assert(span_is(span_of(NULL), ""));
    ck_assert(span_is((struct span){NULL, 0}, ""));
}
END_TEST

START_TEST(compares_a_span_whole)
{
    ck_assert(span_is(SPAN("parcel"), "parcel"));
    ck_assert(!span_is(SPAN("parcel"), "parcels"));
    ck_assert(!span_is(SPAN("parcels"), "parcel"));
    ck_assert(!span_is(SPAN("Parcel"), "parcel"));
    ck_assert(!span_is(SPAN("a\0b"), "a"));
    ck_assert(span_is_nocase(SPAN("Content-TYPE"), "content-type"));
    ck_assert(!span_is_nocase(SPAN("Content-TYPES"), "content-type"));
}
END_TEST

START_TEST(copies_a_text_that_just_fits)
{
    char to[4] = "zzz";
    ck_assert_int_eq(text_copy(to, sizeof to, SPAN("abc")), 0);
    ck_assert_str_eq(to, "abc");
    ck_assert_int_eq(text_copy(to, sizeof to, (struct span){NULL, 0}), 0);
    ck_assert_str_eq(to, "");
}
END_TEST

START_TEST(leaves_the_target_empty_where_a_text_is_too_long)
{
    char to[4] = "zzz";
    ck_assert_int_eq(text_copy(to, sizeof to, SPAN("abcd")), TEXT_TOO_LONG);
    ck_assert_str_eq(to, "");
    ck_assert_int_eq(text_copy(to, 0, SPAN("")), TEXT_TOO_LONG);
}
END_TEST

START_TEST(is_followed_by_a_nul_that_size_does_not_count)
{
    CLEANUP(buf_done) struct buf buf = {0};
    for (size_t size = 1; size <= 3000; size++) {
        buf_byte(&buf, 'x');
        ck_assert_uint_eq(buf.size, size);
        ck_assert_uint_lt(buf.size, buf.capacity);
        ck_assert_int_eq(buf.data[size], '\0');
    }
    ck_assert_uint_eq(strlen(buf.data), 3000);
}
END_TEST

START_TEST(keeps_its_room_when_cleared_and_gives_it_up_when_done)
{
    struct buf buf = {0};
    buf_clear(&buf);
    buf_text(&buf, "something");
    size_t capacity = buf.capacity;
    buf_clear(&buf);
    ck_assert_str_eq(buf.data, "");
    ck_assert_uint_eq(buf.capacity, capacity);
    buf_done(&buf);
    ck_assert_ptr_null(buf.data);
    buf_text(&buf, "again");
    ck_assert_str_eq(buf.data, "again");
    buf_done(&buf);
    buf_done(&buf);
}
END_TEST

START_TEST(reserves_room_once_for_what_follows)
{
    CLEANUP(buf_done) struct buf buf = {0};
    buf_reserve(&buf, 1000);
    const char *data = buf.data;
    for (int at = 0; at < 1000; at++)
        buf_byte(&buf, 'x');
    ck_assert_ptr_eq(buf.data, data);
    ck_assert_uint_gt(buf.capacity, 1000);
}
END_TEST

START_TEST(aborts_on_a_size_that_cannot_be)
{
    struct buf buf = {0};
    buf_text(&buf, "x");
    buf_reserve(&buf, SIZE_MAX);
}
END_TEST

START_TEST(appends_bytes_of_every_value)
{
    CLEANUP(buf_done) struct buf buf = {0};
    for (int byte = 0; byte < 256; byte++)
        buf_byte(&buf, (char)byte);
    buf_append(&buf, NULL, 0);
    buf_span(&buf, (struct span){NULL, 0});
    ck_assert_uint_eq(buf.size, 256);
    for (int byte = 0; byte < 256; byte++)
        ck_assert_int_eq((unsigned char)buf.data[byte], byte);
}
END_TEST

START_TEST(writes_integers_as_printf_does)
{
    static const int64_t values[] = {
        0, 1, -1, 9, 10, -10, 99, 100, 2147483648, INT64_C(1) << 53, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    for (size_t at = 0; at < sizeof values / sizeof values[0]; at++) {
        CLEANUP(buf_done) struct buf buf = {0};
        char expected[32];
        snprintf(expected, sizeof expected, "%" PRId64, values[at]);
        buf_integer(&buf, values[at]);
        ck_assert_str_eq(buf.data, expected);
    }
}
END_TEST

START_TEST(formats_behind_what_is_there)
{
    CLEANUP(buf_done) struct buf buf = {0};
    buf_format(&buf, "%s", "");
    ck_assert_str_eq(buf.data, "");
    for (int at = 0; at < 200; at++)
        buf_format(&buf, "%03d,", at);
    ck_assert_uint_eq(buf.size, 800);
    ck_assert_str_eq(buf.data + 796, "199,");
}
END_TEST

START_TEST(formats_a_text_of_every_length)
{
    static const char text[] = "colisbus";
    for (int length = 0; length <= 300; length++) {
        CLEANUP(buf_done) struct buf buf = {0};
        buf_format(&buf, "%*s", length, text);
        ck_assert_uint_eq(buf.size, length < 8 ? 8 : (size_t)length);
        ck_assert_uint_eq(strlen(buf.data), buf.size);
        ck_assert_str_eq(buf.data + buf.size - 8, text);
    }
}
END_TEST

START_TEST(writes_the_shortest_escapes_and_no_others)
{
    CLEANUP(buf_done) struct buf buf = {0};
    buf_json_string(&buf, SPAN("a/\"\\\b\f\n\r\t\x01\x1f\x7f caf\xc3\xa9 \xf0\x9f\x93\xa6"));
    ck_assert_str_eq(buf.data,
                     "\"a/\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\x7f caf\xc3\xa9 \xf0\x9f\x93\xa6\"");
}
END_TEST

static void escape_one(size_t size, size_t at, int byte)
{
    CLEANUP(buf_done) struct buf buf = {0};
    char text[19];
    bool escaped = byte < 0x20 || byte == '"' || byte == '\\';
    memset(text, 'a', size);
    text[at] = (char)byte;
    buf_json_string(&buf, (struct span){text, size});
    ck_assert_int_eq(memcmp(buf.data + 1, text, at), 0);
    ck_assert_int_eq(buf.data[1 + at] == '\\', escaped);
    ck_assert_int_eq(buf.size > size + 2, escaped);
    ck_assert_int_eq(memcmp(buf.data + buf.size - (size - at), text + at + 1, size - at - 1), 0);
    ck_assert(buf.data[0] == '"' && buf.data[buf.size - 1] == '"' && buf.data[buf.size] == '\0');
}

/* Whatever stands around it, and wherever: what needs an escape gets one, and nothing else. */
START_TEST(finds_every_byte_to_escape_at_every_place)
{
    for (size_t size = 1; size <= 19; size++)
        for (size_t at = 0; at < size; at++)
            for (int byte = 0; byte < 256; byte++)
                escape_one(size, at, byte);
}
END_TEST

START_TEST(escapes_a_nul_and_quotes_nothing_as_nothing)
{
    CLEANUP(buf_done) struct buf buf = {0};
    buf_json_string(&buf, SPAN("\0"));
    buf_json_string(&buf, SPAN(""));
    buf_json_string(&buf, (struct span){NULL, 0});
    ck_assert_str_eq(buf.data, "\"\\u0000\"\"\"\"\"");
}
END_TEST

START_TEST(escapes_every_byte_of_a_text_that_is_all_escapes)
{
    CLEANUP(buf_done) struct buf buf = {0};
    char text[500];
    memset(text, 0x02, sizeof text);
    buf_json_string(&buf, (struct span){text, sizeof text});
    ck_assert_uint_eq(buf.size, 2 + 6 * sizeof text);
    ck_assert_str_eq(buf.data + buf.size - 7, "\\u0002\"");
}
END_TEST

START_TEST(lends_an_empty_buffer_as_an_empty_text)
{
    struct buf buf = {0};
    ck_assert_str_eq(buf_as_span(&buf).data, "");
    ck_assert_uint_eq(buf_as_span(&buf).size, 0);
    buf_text(&buf, "ab");
    ck_assert(span_is(buf_as_span(&buf), "ab"));
    buf_done(&buf);
}
END_TEST

TCase *buf_cases(void)
{
    TCase *cases = tcase_create("buf");
    tcase_add_test(cases, makes_an_empty_span_of_no_text);
    tcase_add_test(cases, compares_a_span_whole);
    tcase_add_test(cases, copies_a_text_that_just_fits);
    tcase_add_test(cases, leaves_the_target_empty_where_a_text_is_too_long);
    tcase_add_test(cases, is_followed_by_a_nul_that_size_does_not_count);
    tcase_add_test(cases, keeps_its_room_when_cleared_and_gives_it_up_when_done);
    tcase_add_test(cases, reserves_room_once_for_what_follows);
    tcase_add_test_raise_signal(cases, aborts_on_a_size_that_cannot_be, SIGABRT);
    tcase_add_test(cases, appends_bytes_of_every_value);
    tcase_add_test(cases, writes_integers_as_printf_does);
    tcase_add_test(cases, formats_behind_what_is_there);
    tcase_add_test(cases, formats_a_text_of_every_length);
    tcase_add_test(cases, writes_the_shortest_escapes_and_no_others);
    tcase_add_test(cases, finds_every_byte_to_escape_at_every_place);
    tcase_add_test(cases, escapes_a_nul_and_quotes_nothing_as_nothing);
    tcase_add_test(cases, escapes_every_byte_of_a_text_that_is_all_escapes);
    tcase_add_test(cases, lends_an_empty_buffer_as_an_empty_text);
    return cases;
}
