/* SPDX-License-Identifier: Apache-2.0
 * Handover codes. The vectors were computed by Python, which shares no code with ours:
 *   def code(key, booking, purpose, issue, round=0):
 *       parts = ["handover code", booking, purpose, str(issue), str(round)]
 *       said = b"".join(struct.pack(">Q", len(part)) + part.encode() for part in parts)
 *       tag = hmac.digest(key, said, "sha256")
 *       usable = [word for (word,) in struct.iter_unpack(">I", tag) if word < 4294000000]
 *       return f"{usable[0] % 1000000:06}" if usable else code(key, booking, purpose, issue, round + 1)
 *   code(bytes(range(32)), "8c1e0000-0000-8000-8000-000000000001", "pickup", 1)
 * test_codes.py compares a thousand random ones. */
#include "shared/domain/code.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/crypto.h"
#include "tests/suite.h"

static const struct id booking = {"8c1e0000-0000-8000-8000-000000000001"};
static const struct id other_booking = {"8c1e0000-0000-8000-8000-000000000002"};

static struct code_key key_counting(void)
{
    struct code_key key;
    for (size_t at = 0; at < sizeof(key.bytes); at++)
        key.bytes[at] = (uint8_t)at;
    return key;
}

static void expect_code(int32_t purpose, int64_t issue, const char *wanted)
{
    struct code_key key = key_counting();
    char code[CODE_DIGITS + 1];
    code_make(&key, &booking, purpose, issue, code);
    ck_assert_str_eq(code, wanted);
    ck_assert(code_right(&key, &booking, purpose, issue, wanted));
}

START_TEST(a_code_is_what_python_computes)
{
    expect_code(CODE_PURPOSE_PICKUP, 1, "044750");
    expect_code(CODE_PURPOSE_PICKUP, 2, "321093");
    expect_code(CODE_PURPOSE_PICKUP, 8, "347078");
    expect_code(CODE_PURPOSE_DELIVERY, 1, "588267");
    expect_code(CODE_PURPOSE_DELIVERY, 2, "442168");
    expect_code(CODE_PURPOSE_DELIVERY, 8, "895000");
    expect_code(CODE_PURPOSE_RETURN, 1, "614371");
    expect_code(CODE_PURPOSE_RETURN, 2, "003484");
    expect_code(CODE_PURPOSE_RETURN, 8, "588509");
}
END_TEST

/* The first word of this tag is one of the 967296 above the last whole million. */
START_TEST(a_word_that_would_favour_low_codes_is_passed_over)
{
    expect_code(CODE_PURPOSE_PICKUP, 599, "009831");
}
END_TEST

START_TEST(words_count_up_to_the_last_whole_million)
{
    static const struct {
        uint8_t word[4];
        int outcome;
        const char *code;
    } rows[] = {
        {{0xff, 0xf1, 0x3d, 0x7f}, 0, "999999"}, /* 4293999999 */
        {{0xff, 0xf1, 0x3d, 0x80}, CODE_NONE, NULL}, {{0xff, 0xff, 0xff, 0xff}, CODE_NONE, NULL},
        {{0x00, 0x00, 0x00, 0x00}, 0, "000000"},     {{0x00, 0x0f, 0x42, 0x40}, 0, "000000"}, /* 1000000 */
        {{0x00, 0x00, 0x00, 0x2a}, 0, "000042"},
    };
    for (size_t row = 0; row < sizeof(rows) / sizeof(*rows); row++) {
        for (size_t place = 0; place < 8; place++) {
            uint8_t tag[32];
            char code[CODE_DIGITS + 1];
            memset(tag, 0xff, sizeof(tag));
            memcpy(tag + 4 * place, rows[row].word, 4);
            ck_assert_int_eq(code_of_tag(tag, code), rows[row].outcome);
            if (rows[row].code)
                ck_assert_str_eq(code, rows[row].code);
        }
    }
}
END_TEST

START_TEST(a_code_of_another_booking_purpose_or_issue_is_wrong)
{
    struct code_key key = key_counting();
    ck_assert(!code_right(&key, &other_booking, CODE_PURPOSE_PICKUP, 1, "044750"));
    ck_assert(!code_right(&key, &booking, CODE_PURPOSE_DELIVERY, 1, "044750"));
    ck_assert(!code_right(&key, &booking, CODE_PURPOSE_RETURN, 1, "044750"));
    ck_assert(!code_right(&key, &booking, CODE_PURPOSE_PICKUP, 2, "044750"));
    ck_assert(!code_right(&key, &booking, CODE_PURPOSE_PICKUP, 0, "044750"));
    ck_assert(!code_right(&key, &booking, CODE_PURPOSE_NONE, 1, "044750"));
    ck_assert(!code_right(&key, &booking, CODE_PURPOSE_RETURN + 1, 1, "044750"));
}
END_TEST

START_TEST(a_key_with_any_one_bit_changed_makes_another_code)
{
    struct code_key key = key_counting();
    int same = 0;
    for (size_t bit = 0; bit < 8 * sizeof(key.bytes); bit++) {
        key.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        same += code_right(&key, &booking, CODE_PURPOSE_PICKUP, 1, "044750");
        key.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    ck_assert_int_eq(same, 0);
}
END_TEST

START_TEST(a_code_with_any_one_bit_changed_is_wrong)
{
    struct code_key key = key_counting();
    char code[] = "044750";
    for (size_t bit = 0; bit < 8 * CODE_DIGITS; bit++) {
        code[bit / 8] = (char)(code[bit / 8] ^ 1 << bit % 8);
        ck_assert_msg(!code_right(&key, &booking, CODE_PURPOSE_PICKUP, 1, code), "bit %zu", bit);
        code[bit / 8] = (char)(code[bit / 8] ^ 1 << bit % 8);
    }
    ck_assert(code_right(&key, &booking, CODE_PURPOSE_PICKUP, 1, code));
}
END_TEST

START_TEST(a_text_of_another_length_is_wrong)
{
    static const char *const texts[] = {"",        "0",       "04475",    "44750",       "0447500",
                                        " 044750", "044750 ", "044750\n", "044750044750"};
    struct code_key key = key_counting();
    for (size_t at = 0; at < sizeof(texts) / sizeof(*texts); at++)
        ck_assert_msg(!code_right(&key, &booking, CODE_PURPOSE_PICKUP, 1, texts[at]), "%s", texts[at]);
}
END_TEST

/* Chi-square over the counts of cells of equal likelihood: its mean is cells - 1, its deviation
 * sqrt(2 (cells - 1)). The codes are a fixed million, so this passes always or never. */
static double chi_square(const int *counts, int cells, double codes)
{
    double expected = codes / cells, sum = 0;
    for (int cell = 0; cell < cells; cell++)
        sum += (counts[cell] - expected) * (counts[cell] - expected) / expected;
    return sum;
}

START_TEST(a_million_codes_favour_none)
{
    enum { MILLION = 1000000, CELLS = 1000 };
    static int high[CELLS], low[CELLS];
    int digits[CODE_DIGITS][10] = {{0}};
    struct code_key key = key_counting();
    for (int64_t issue = 1; issue <= MILLION; issue++) {
        char code[CODE_DIGITS + 1];
        code_make(&key, &booking, CODE_PURPOSE_DELIVERY, issue, code);
        long number = strtol(code, NULL, 10);
        high[number / CELLS]++;
        low[number % CELLS]++;
        for (int place = 0; place < CODE_DIGITS; place++)
            digits[place][code[place] - '0']++;
    }
    /* What chance alone passes once in a million: 1226.0 and, from below, 800.7 with 999 degrees of
     * freedom, 44.8 with 9. */
    double of_high = chi_square(high, CELLS, MILLION), of_low = chi_square(low, CELLS, MILLION);
    ck_assert_msg(of_high > 800.7 && of_high < 1226.0, "leading digits: %f", of_high);
    ck_assert_msg(of_low > 800.7 && of_low < 1226.0, "trailing digits: %f", of_low);
    for (int place = 0; place < CODE_DIGITS; place++)
        ck_assert_msg(chi_square(digits[place], 10, MILLION) < 44.8, "digit %d", place);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("code");
    TCase *cases = tcase_create("code");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, a_code_is_what_python_computes);
    tcase_add_test(cases, a_word_that_would_favour_low_codes_is_passed_over);
    tcase_add_test(cases, words_count_up_to_the_last_whole_million);
    tcase_add_test(cases, a_code_of_another_booking_purpose_or_issue_is_wrong);
    tcase_add_test(cases, a_key_with_any_one_bit_changed_makes_another_code);
    tcase_add_test(cases, a_code_with_any_one_bit_changed_is_wrong);
    tcase_add_test(cases, a_text_of_another_length_is_wrong);
    tcase_add_test(cases, a_million_codes_favour_none);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
