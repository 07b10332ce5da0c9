/* SPDX-License-Identifier: Apache-2.0
 * The inside of strings: every character in UTF-8 and as an escape, every malformed form of both. */
#include "schemas/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/json.h"
#include "shared/base/cleanup.h"
#include "tests/schemas/cases.h"

/* Encodes as RFC 3629's table says, also what it forbids; the second opinion on text.c. */
static size_t encoded(uint32_t point, unsigned char to[4])
{
    static const struct {
        uint32_t below;
        unsigned char mark;
    } sizes[] = {{0x80, 0}, {0x800, 0xc0}, {0x10000, 0xe0}, {0x200000, 0xf0}};
    size_t size = 1;
    while (point >= sizes[size - 1].below)
        size++;
    for (size_t i = size - 1; i > 0; i--, point >>= 6)
        to[i] = (unsigned char)(0x80 | (point & 0x3f));
    to[0] = (unsigned char)(sizes[size - 1].mark | point);
    return size;
}

static bool is_character(uint32_t point)
{
    return point < 0xd800 || (point > 0xdfff && point < 0x110000);
}

/* The loops count what is wrong and assert once: check writes a mark for each assertion. */
START_TEST(takes_every_character_and_nothing_else)
{
    size_t wrong = 0;
    for (uint32_t point = 0; point < 0x120000; point++) {
        unsigned char text[4];
        size_t size = encoded(point, text);
        wrong += utf8_size(text, size) != (is_character(point) ? size : 0);
        for (size_t cut = 1; cut < size; cut++)
            wrong += utf8_size(text, cut) != 0;
    }
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

/* All pairs of first and second byte, followed by good ones: as many are right as there are characters. */
START_TEST(counts_as_many_sequences_as_there_are_characters)
{
    size_t two = 0, three = 0, four = 0;
    for (unsigned first = 0x80; first < 0x100; first++)
        for (unsigned second = 0; second < 0x100; second++) {
            unsigned char text[4] = {(unsigned char)first, (unsigned char)second, 0x80, 0x80};
            size_t size = utf8_size(text, 4);
            two += size == 2;
            three += size == 3;
            four += size == 4;
        }
    ck_assert_uint_eq(two, 0x800 - 0x80);
    ck_assert_uint_eq(three * 64, 0x10000 - 0x800 - 0x800);
    ck_assert_uint_eq(four * 64 * 64, 0x110000 - 0x10000);
}
END_TEST

START_TEST(decodes_every_character_from_its_escape)
{
    size_t wrong = 0;
    for (uint32_t point = 1; point < 0x110000; point += point < 0x3000 ? 1 : 37) {
        char raw[16], to[8];
        unsigned char expected[4];
        size_t size = 0;
        if (!is_character(point))
            continue;
        if (point < 0x10000)
            snprintf(raw, sizeof raw, "\\u%04X", point);
        else
            snprintf(raw, sizeof raw, "\\u%04x\\u%04X", 0xd800 + ((point - 0x10000) >> 10),
                     0xdc00 + ((point - 0x10000) & 0x3ff));
        wrong += scan_decode(span_of(raw), to, sizeof to, &size) != 0;
        wrong += size != encoded(point, expected) || memcmp(to, expected, size) != 0;
        wrong += text_characters(span_of(raw), true) != 1;
    }
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

START_TEST(decodes_the_short_escapes)
{
    char to[32];
    size_t size;
    ck_assert_int_eq(scan_decode(SPAN("a\\\"\\\\\\/\\b\\f\\n\\r\\tz\\u0000!"), to, sizeof to, &size), 0);
    ck_assert_uint_eq(size, 12);
    ck_assert_int_eq(memcmp(to, "a\"\\/\b\f\n\r\tz\0!", 13), 0);
}
END_TEST

START_TEST(refuses_what_is_no_escape)
{
    static const char *const wrong[] = {"\\",
                                        "\\a",
                                        "\\U0041",
                                        "\\u",
                                        "\\u12",
                                        "\\u123",
                                        "\\u12g4",
                                        "\\ud800",
                                        "\\ud800x",
                                        "\\ud800\\n",
                                        "\\udc00",
                                        "\\udfff",
                                        "\\ud800\\u0041",
                                        "\\udbff\\ud800",
                                        "\\ud800\\udc0",
                                        "\\ud800\\ue000",
                                        "\\'",
                                        "\\x41",
                                        "\\0"};
    uint32_t point;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_msg(escape_size((const unsigned char *)wrong[i], strlen(wrong[i]), &point) == 0, "%s",
                      wrong[i]);
    ck_assert_uint_eq(escape_size((const unsigned char *)"\\\0", 2, &point), 0);
}
END_TEST

START_TEST(says_when_a_decoded_text_does_not_fit)
{
    char to[5];
    size_t size;
    ck_assert_int_eq(scan_decode(SPAN("abcd"), to, 5, &size), 0);
    ck_assert_str_eq(to, "abcd");
    ck_assert_int_eq(scan_decode(SPAN("abcde"), to, 5, &size), TEXT_TOO_LONG);
    ck_assert_int_eq(scan_decode(SPAN("ab\\u00e9"), to, 5, &size), 0);
    ck_assert_int_eq(scan_decode(SPAN("abc\\u00e9"), to, 5, &size), TEXT_TOO_LONG);
    ck_assert_int_eq(scan_decode(SPAN(""), to, 1, &size), 0);
    ck_assert_uint_eq(size, 0);
    ck_assert_int_eq(scan_decode(SPAN(""), to, 0, &size), TEXT_TOO_LONG);
}
END_TEST

START_TEST(counts_characters_not_bytes)
{
    ck_assert_uint_eq(text_characters(SPAN("abc"), false), 3);
    ck_assert_uint_eq(text_characters(SPAN("é€😀"), false), 3);
    ck_assert_uint_eq(text_characters(SPAN("\\u00e9\\n€\\ud83d\\ude00x"), true), 5);
    ck_assert_uint_eq(text_characters(SPAN(""), false), 0);
}
END_TEST

/* The fast path looks at eight bytes at once: a special byte at every place of longer strings. */
START_TEST(sees_a_special_byte_wherever_it_stands)
{
    size_t wrong = 0;
    static const char special[] = {'"', '\\', '\n', '\0', '\x1f', '\x80', '\xff', '\x7f', ' ', '!', '#', '['};
    for (size_t size = 1; size < 40; size++)
        for (size_t at = 0; at < size; at++)
            for (size_t i = 0; i < sizeof special; i++) {
                char json[64] = "\"", *text = json + 1;
                size_t stopped = 0;
                const char *reason;
                memset(text, 'x', size);
                text[at] = special[i];
                text[size] = '"';
                int result = scan_check((struct span){json, size + 2}, &stopped, &reason);
                wrong += result != (i >= 7 ? 0 : 1);
                wrong += i >= 2 && i < 7 && stopped != at + 1;
            }
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

TCase *text_cases(void)
{
    TCase *cases = tcase_create("text");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, takes_every_character_and_nothing_else);
    tcase_add_test(cases, counts_as_many_sequences_as_there_are_characters);
    tcase_add_test(cases, decodes_every_character_from_its_escape);
    tcase_add_test(cases, decodes_the_short_escapes);
    tcase_add_test(cases, refuses_what_is_no_escape);
    tcase_add_test(cases, says_when_a_decoded_text_does_not_fit);
    tcase_add_test(cases, counts_characters_not_bytes);
    tcase_add_test(cases, sees_a_special_byte_wherever_it_stands);
    return cases;
}
