/* SPDX-License-Identifier: Apache-2.0
 * Amounts as text: exact, in the digits of each currency, or refused. */
#include "shared/domain/money.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>

#include "tests/suite.h"

static const int64_t most = INT64_C(9007199254740991);

static const struct row {
    const char *currency, *text;
    int64_t minor, fee; /* -1: refused */
} rows[] = {
    {"XOF", "0", 0, 0},
    {"XOF", "2500", 2500, 2500},
    {"XOF", "0002500", 2500, 2500},
    {"XOF", "2500.0", -1, 2500},
    {"XOF", "2500.4999", -1, 2500},
    {"XOF", "2500.5", -1, 2501},
    {"XAF", "1.49", -1, 1},
    {"EUR", "25", 2500, 2500},
    {"EUR", "25.5", 2550, 2550},
    {"EUR", "25.05", 2505, 2505},
    {"EUR", "25.050", -1, 2505},
    {"EUR", "25.055", -1, 2506},
    {"EUR", "0.005", -1, 1},
    {"EUR", "0.0049", -1, 0},
    {"TND", "1.234", 1234, 1234},
    {"TND", "1.2345", -1, 1235},
    {"TND", "1", 1000, 1000},
    {"MGA", "1.25", 125, 125},
    {"XOF", "9007199254740991", INT64_C(9007199254740991), INT64_C(9007199254740991)},
    {"XOF", "9007199254740992", -1, -1},
    {"XOF", "9007199254740991.5", -1, -1},
    {"EUR", "90071992547409.91", INT64_C(9007199254740991), INT64_C(9007199254740991)},
    {"EUR", "90071992547409.92", -1, -1},
    {"EUR", "90071992547409.915", -1, -1},
    {"TND", "9007199254741", -1, -1},
    {"XOF", "99999999999999999999999999", -1, -1},
    {"XOF", "", -1, -1},
    {"XOF", ".", -1, -1},
    {"EUR", ".5", -1, -1},
    {"EUR", "5.", -1, -1},
    {"EUR", "-5", -1, -1},
    {"EUR", "+5", -1, -1},
    {"EUR", " 5", -1, -1},
    {"EUR", "5 ", -1, -1},
    {"EUR", "5,0", -1, -1},
    {"EUR", "5.0.0", -1, -1},
    {"EUR", "1e3", -1, -1},
    {"EUR", "0x10", -1, -1},
    {"EUR", "NaN", -1, -1},
    {"eur", "5", -1, -1},
    {"ZZZ", "5", -1, -1},
    {"XOFX", "5", -1, -1},
    {"OF ", "5", -1, -1},
    {"", "5", -1, -1},
};

START_TEST(a_text_is_read_to_the_digit_or_refused)
{
    const struct row *row = &rows[_i];
    int64_t minor = -1, fee = -1;

    ck_assert_int_eq(money_parse(span_of(row->text), row->currency, &minor),
                     row->minor < 0 ? MONEY_WRONG : 0);
    ck_assert_int_eq(minor, row->minor);
    ck_assert_int_eq(money_parse_fee(span_of(row->text), row->currency, &fee),
                     row->fee < 0 ? MONEY_WRONG : 0);
    ck_assert_int_eq(fee, row->fee);
}
END_TEST

START_TEST(every_currency_has_the_digits_of_iso_4217)
{
    static const struct {
        const char *currency;
        int exponent;
    } known[] = {{"XOF", 0}, {"XAF", 0}, {"UGX", 0}, {"RWF", 0},  {"GNF", 0}, {"JPY", 0}, {"NGN", 2},
                 {"GHS", 2}, {"KES", 2}, {"TZS", 2}, {"ZAR", 2},  {"EUR", 2}, {"USD", 2}, {"GBP", 2},
                 {"MGA", 2}, {"TND", 3}, {"LYD", 3}, {"ABC", -1}, {"XO", -1}, {"", -1}};

    for (size_t at = 0; at < sizeof known / sizeof known[0]; at++)
        ck_assert_int_eq(money_exponent(known[at].currency), known[at].exponent);
}
END_TEST

START_TEST(what_is_written_is_read_back)
{
    static const char *const currencies[] = {"XOF", "EUR", "TND"};
    uint64_t state = 20261122;

    for (int round = 0; round < 100000; round++) {
        const char *currency = currencies[round % 3];
        char text[MONEY_TEXT];
        int64_t minor, read;

        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        minor = (int64_t)(state >> 11) >> (state >> 5) % 53;
        money_text(minor, currency, text);
        ck_assert_int_eq(money_parse(span_of(text), currency, &read), 0);
        ck_assert_int_eq(read, minor);
    }
}
END_TEST

START_TEST(an_amount_is_written_as_people_write_it)
{
    char text[MONEY_TEXT];

    money_text(0, "EUR", text);
    ck_assert_str_eq(text, "0.00");
    money_text(5, "TND", text);
    ck_assert_str_eq(text, "0.005");
    money_text(2500, "XOF", text);
    ck_assert_str_eq(text, "2500");
    money_text(most, "EUR", text);
    ck_assert_str_eq(text, "90071992547409.91");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("money");
    TCase *cases = tcase_create("money");

    tcase_add_loop_test(cases, a_text_is_read_to_the_digit_or_refused, 0, sizeof rows / sizeof rows[0]);
    tcase_add_test(cases, every_currency_has_the_digits_of_iso_4217);
    tcase_add_test(cases, what_is_written_is_read_back);
    tcase_add_test(cases, an_amount_is_written_as_people_write_it);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
