/* SPDX-License-Identifier: Apache-2.0
 * schemas/json.h: tokens in order, where malformed input is stopped, depth, skipping. */
#include "schemas/json.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/cleanup.h"
#include "tests/schemas/cases.h"

/* Writes a token as one letter: { } [ ] n(ame) s(tring) 0 t f z(null) .(end) !(malformed) */
static void put_token(enum scan_token token, struct buf *to)
{
    static const char letters[] = {
        [SCAN_END] = '.',    [SCAN_MALFORMED] = '!', [SCAN_OBJECT] = '{', [SCAN_OBJECT_END] = '}',
        [SCAN_ARRAY] = '[',  [SCAN_ARRAY_END] = ']', [SCAN_NAME] = 'n',   [SCAN_STRING] = 's',
        [SCAN_NUMBER] = '0', [SCAN_TRUE] = 't',      [SCAN_FALSE] = 'f',  [SCAN_NULL] = 'z'};
    buf_byte(to, letters[token]);
}

static void tokens_of(struct span json, struct buf *to)
{
    struct scan scan;
    enum scan_token token;
    scan_start(&scan, json);
    do {
        token = scan_next(&scan);
        put_token(token, to);
    } while (token != SCAN_END && token != SCAN_MALFORMED);
}

START_TEST(gives_the_tokens_of_a_document_in_order)
{
    static const struct {
        const char *json, *tokens;
    } rows[] = {
        {"{}", "{}."},
        {" [ ] ", "[]."},
        {"{\"a\":1,\"b\":[true,false,null,\"x\"],\"c\":{\"d\":-1.5e+3}}", "{n0n[tfzs]n{n0}}."},
        {"\"alone\"", "s."},
        {"0", "0."},
        {"[[[]],[]]", "[[[]][]]."},
        {"", "!"},
        {" \t\r\n", "!"},
        {"{", "{!"},
        {"[1,]", "[0!"},
        {"[,1]", "[!"},
        {"{\"a\"}", "{n!"},
        {"{\"a\":}", "{n!"},
        {"{\"a\":1,}", "{n0!"},
        {"{1:2}", "{!"},
        {"{\"a\" 1}", "{n!"},
        {"[1}", "[0!"},
        {"{\"a\":1]", "{n0!"},
        {"[1 2]", "[0!"},
        {"1 2", "0!"},
        {"{}x", "{}!"},
        {"[]]", "[]!"},
        {"tru", "!"},
        {"nul", "!"},
        {"truex", "t!"},
        {"True", "!"},
        {"'a'", "!"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CLEANUP(buf_done) struct buf tokens = {0};
        tokens_of(span_of(rows[i].json), &tokens);
        ck_assert_msg(strcmp(tokens.data, rows[i].tokens) == 0, "%s: %s", rows[i].json, tokens.data);
    }
}
END_TEST

START_TEST(knows_the_grammar_of_numbers)
{
    static const char *const right[] = {
        "0",   "-0",  "7",    "-12",   "0.5", "-0.0", "10.25",
        "1e5", "1E5", "1e+5", "1e-05", "0e0", "12E3", "123456789012345678901234567890"};
    static const char *const wrong[] = {"-",    "+1",  "01",       "-01",  "00",    ".5",  "5.",
                                        "1.e1", "1e",  "1e+",      "1.2.", "0x1",   "1_0", "--1",
                                        "1a",   "NaN", "Infinity", "-a",   "1e1.5", "1,"};
    size_t at;
    const char *reason;
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
        ck_assert_msg(scan_check(span_of(right[i]), &at, &reason) == 0, "%s: %s", right[i], reason);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_msg(scan_check(span_of(wrong[i]), &at, &reason) == 1, "%s was read", wrong[i]);
}
END_TEST

START_TEST(says_where_and_why_it_stopped)
{
    static const struct {
        const char *json;
        size_t at;
        const char *reason;
    } rows[] = {
        {"{\"a\":tru}", 5, "not a value"},
        {"[\"a\nb\"]", 3, "a control character stands in a string"},
        {"[\"\\x\"]", 2, "a backslash begins no escape"},
        {"[\"a", 3, "a string does not end"},
        {"[\"\xff\"]", 2, "not UTF-8"},
        {"[1", 2, "it ends too early"},
        {"{\"a\"", 4, "it ends too early"},
        {"{\"a\":", 5, "it ends too early"},
        {"{", 1, "it ends too early"},
        {"[1 2]", 3, "a comma or an end must come here"},
        {"{\"a\" 1}", 5, "a colon must come here"},
        {"{a:1}", 1, "a member's name must come here"},
        {"[01]", 3, "not a number"},
        {"{} {}", 3, "something follows the value"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t at = 99;
        const char *reason = "";
        ck_assert_int_eq(scan_check(span_of(rows[i].json), &at, &reason), 1);
        ck_assert_msg(at == rows[i].at && strcmp(reason, rows[i].reason) == 0, "%s: %s at %zu", rows[i].json,
                      reason, at);
    }
}
END_TEST

START_TEST(stays_malformed_once_it_is)
{
    struct scan scan;
    scan_start(&scan, SPAN("[1,}"));
    ck_assert_int_eq(scan_next(&scan), SCAN_ARRAY);
    ck_assert_int_eq(scan_next(&scan), SCAN_NUMBER);
    ck_assert_int_eq(scan_next(&scan), SCAN_MALFORMED);
    ck_assert_int_eq(scan_next(&scan), SCAN_MALFORMED);
    ck_assert_int_eq(scan_skip(&scan, SCAN_ARRAY), SCAN_MALFORMED);
}
END_TEST

static void nested(unsigned depth, char open, char close, struct buf *to)
{
    for (unsigned i = 0; i < depth; i++)
        buf_byte(to, open);
    for (unsigned i = 0; i < depth; i++)
        buf_byte(to, close);
}

START_TEST(reads_the_deepest_and_refuses_one_more)
{
    size_t at;
    const char *reason;
    CLEANUP(buf_done) struct buf json = {0};
    nested(SCAN_DEPTH, '[', ']', &json);
    ck_assert_int_eq(scan_check(buf_as_span(&json), &at, &reason), 0);
    buf_clear(&json);
    nested(SCAN_DEPTH + 1, '[', ']', &json);
    ck_assert_int_eq(scan_check(buf_as_span(&json), &at, &reason), 1);
    ck_assert_uint_eq(at, SCAN_DEPTH);
    ck_assert_str_eq(reason, "too deep");
}
END_TEST

START_TEST(tells_objects_from_arrays_at_every_depth)
{
    CLEANUP(buf_done) struct buf json = {0};
    CLEANUP(buf_done) struct buf ends = {0};
    size_t at;
    const char *reason;
    for (unsigned i = 0; i < SCAN_DEPTH; i++) {
        buf_text(&json, i % 3 ? "{\"a\":" : "[");
        buf_byte(&ends, (SCAN_DEPTH - 1 - i) % 3 ? '}' : ']');
    }
    buf_byte(&json, '1');
    buf_span(&json, buf_as_span(&ends));
    ck_assert_int_eq(scan_check(buf_as_span(&json), &at, &reason), 0);
    json.data[json.size - 1] ^= ']' ^ '}';
    ck_assert_int_eq(scan_check(buf_as_span(&json), &at, &reason), 1);
    ck_assert_uint_eq(at, json.size - 1);
}
END_TEST

START_TEST(skips_a_value_whole)
{
    struct scan scan;
    scan_start(&scan, SPAN("{\"a\":[1,{\"b\":[]},[[\"]\"]]],\"c\":2}"));
    ck_assert_int_eq(scan_next(&scan), SCAN_OBJECT);
    ck_assert_int_eq(scan_next(&scan), SCAN_NAME);
    ck_assert_int_eq(scan_skip(&scan, scan_next(&scan)), SCAN_END);
    ck_assert_int_eq(scan_next(&scan), SCAN_NAME);
    ck_assert(span_is(scan.text, "c"));
    ck_assert_int_eq(scan_skip(&scan, scan_next(&scan)), SCAN_END);
    ck_assert_int_eq(scan_next(&scan), SCAN_OBJECT_END);
    ck_assert_int_eq(scan_next(&scan), SCAN_END);
    scan_start(&scan, SPAN("[[1,2"));
    ck_assert_int_eq(scan_skip(&scan, scan_next(&scan)), SCAN_MALFORMED);
}
END_TEST

/* A heap block of exactly that size: the address sanitizer sees any byte read behind it. */
START_TEST(never_reads_past_a_cut_document)
{
    static const char json[] =
        "{\"a\":[1,-2.5e+10,\"\\ud83d\\ude00\xf0\x9f\x98\x80 plain text here\",true,null],\"b\":{}}";
    for (size_t size = 0; size < sizeof json - 1; size++) {
        size_t at;
        const char *reason;
        char *cut = memory_new(size ? size : 1, 1);
        memcpy(cut, json, size);
        ck_assert_int_eq(scan_check((struct span){cut, size}, &at, &reason), 1);
        ck_assert(at <= size);
        free(cut);
    }
}
END_TEST

TCase *scan_cases(void)
{
    TCase *cases = tcase_create("scan");
    tcase_add_test(cases, gives_the_tokens_of_a_document_in_order);
    tcase_add_test(cases, knows_the_grammar_of_numbers);
    tcase_add_test(cases, says_where_and_why_it_stopped);
    tcase_add_test(cases, stays_malformed_once_it_is);
    tcase_add_test(cases, reads_the_deepest_and_refuses_one_more);
    tcase_add_test(cases, tells_objects_from_arrays_at_every_depth);
    tcase_add_test(cases, skips_a_value_whole);
    tcase_add_test(cases, never_reads_past_a_cut_document);
    return cases;
}
