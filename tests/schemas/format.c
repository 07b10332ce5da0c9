/* SPDX-License-Identifier: Apache-2.0
 * The named formats at their edges; what the examples of schemas/examples cannot show is here. */
#include <string.h>

#include "schemas/walk.h"
#include "tests/schemas/cases.h"

struct row {
    enum field_format format;
    const char *text;
    bool right;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *refusal = format_refusal(rows[i].format, span_of(rows[i].text));
        ck_assert_msg((refusal == NULL) == rows[i].right, "format %d: '%s': %s", rows[i].format, rows[i].text,
                      refusal ? refusal : "taken");
    }
}

START_TEST(holds_codes_to_their_alphabets)
{
    static const struct row rows[] = {
        {FORMAT_COUNTRY, "SN", true},      {FORMAT_COUNTRY, "sn", false},
        {FORMAT_COUNTRY, "S", false},      {FORMAT_COUNTRY, "S1", false},
        {FORMAT_CURRENCY, "XOF", true},    {FORMAT_CURRENCY, "XO", false},
        {FORMAT_CURRENCY, "XOf", false},   {FORMAT_LANGUAGE, "fr", true},
        {FORMAT_LANGUAGE, "FR", false},    {FORMAT_LANGUAGE, "fra", false},
        {FORMAT_HEX, "09afAF", true},      {FORMAT_HEX, "", true},
        {FORMAT_HEX, "0g", false},         {FORMAT_BASE64URL, "aZ09-_", true},
        {FORMAT_BASE64URL, "a+", false},   {FORMAT_BASE64URL, "a/", false},
        {FORMAT_BASE64URL, "a=", false},   {FORMAT_ASCII, "!~", true},
        {FORMAT_ASCII, "a b", false},      {FORMAT_ASCII, "a\x7f", false},
        {FORMAT_ASCII, "\xc3\xa9", false},
    };
    check_rows(rows, sizeof rows / sizeof rows[0]);
}
END_TEST

START_TEST(knows_a_phone_number)
{
    static const struct row rows[] = {
        {FORMAT_PHONE, "+12345678", true},        {FORMAT_PHONE, "+1234567", false},
        {FORMAT_PHONE, "+123456789012345", true}, {FORMAT_PHONE, "+1234567890123456", false},
        {FORMAT_PHONE, "+02345678", false},       {FORMAT_PHONE, "12345678", false},
        {FORMAT_PHONE, "+1234567a", false},       {FORMAT_PHONE, "", false},
    };
    check_rows(rows, sizeof rows / sizeof rows[0]);
}
END_TEST

START_TEST(knows_an_email_address)
{
    static const struct row rows[] = {
        {FORMAT_EMAIL, "a@b.c", true},
        {FORMAT_EMAIL, "a.b+c@d-e.f2.gh", true},
        {FORMAT_EMAIL, "!#$%&'*+-/=?^_`{|}~@b.c", true},
        {FORMAT_EMAIL, "a@b", false},
        {FORMAT_EMAIL, "@b.c", false},
        {FORMAT_EMAIL, "a@", false},
        {FORMAT_EMAIL, "a@.c", false},
        {FORMAT_EMAIL, "a@b.", false},
        {FORMAT_EMAIL, "a@b..c", false},
        {FORMAT_EMAIL, "a@-b.c", false},
        {FORMAT_EMAIL, "a@b-.c", false},
        {FORMAT_EMAIL, "a@b_c.d", false},
        {FORMAT_EMAIL, "a..b@c.d", false},
        {FORMAT_EMAIL, ".a@b.c", false},
        {FORMAT_EMAIL, "a.@b.c", false},
        {FORMAT_EMAIL, "a@b@c.d", false},
        {FORMAT_EMAIL, "a b@c.d", false},
        {FORMAT_EMAIL, "\"a\"@b.c", false},
        {FORMAT_EMAIL, "a@1.2.3.4", false},
        {FORMAT_EMAIL, "a,b@c.d", false},
        {FORMAT_EMAIL, "a@b.c\n", false},
        {FORMAT_EMAIL, "a@b.xn--p1ai", true},
    };
    check_rows(rows, sizeof rows / sizeof rows[0]);
    ck_assert(format_refusal(FORMAT_EMAIL, SPAN("a\0b@c.d")) != NULL);
    ck_assert(format_refusal(FORMAT_EMAIL, SPAN("a@b.c\0")) != NULL);
}
END_TEST

START_TEST(knows_the_name_of_a_time_zone)
{
    static const struct row rows[] = {
        {FORMAT_ZONE, "UTC", true},           {FORMAT_ZONE, "Europe/Paris", true},
        {FORMAT_ZONE, "GMT", false},          {FORMAT_ZONE, "America/Argentina/Ushuaia", true},
        {FORMAT_ZONE, "Etc/GMT-14", true},    {FORMAT_ZONE, "Europe/paris", false},
        {FORMAT_ZONE, "/Paris", false},       {FORMAT_ZONE, "Europe/", false},
        {FORMAT_ZONE, "A/B/C/D", false},      {FORMAT_ZONE, "Europe//Paris", false},
        {FORMAT_ZONE, "Europe/Pa.is", false}, {FORMAT_ZONE, "", false},
    };
    check_rows(rows, sizeof rows / sizeof rows[0]);
    ck_assert(format_refusal(FORMAT_ZONE, SPAN("Europe/Pa\0ris")) != NULL);
}
END_TEST

START_TEST(refuses_control_characters_by_format)
{
    static const struct row rows[] = {
        {FORMAT_LINE, "caf\xc3\xa9 \xf0\x9f\x98\x80", true},
        {FORMAT_LINE, "a\tb", false},
        {FORMAT_LINE, "a\nb", false},
        {FORMAT_LINE, "a\x7f", false},
        {FORMAT_LINE, "a\xc2\x80", false},
        {FORMAT_LINE, "a\xc2\x9f", false},
        {FORMAT_LINE, "a\xc2\xa0", true},
        {FORMAT_LINE, "\xc3\x80\xc3\x9f", true},
        {FORMAT_TEXT, "a\tb\nc", true},
        {FORMAT_TEXT, "a\rb", false},
        {FORMAT_TEXT, "a\x1b[0m", false},
        {FORMAT_TEXT, "a\xc2\x85", false},
        {FORMAT_NONE, "a\r\x7f\xc2\x85", true},
        {FORMAT_NONE, "", true},
    };
    check_rows(rows, sizeof rows / sizeof rows[0]);
    ck_assert(format_refusal(FORMAT_LINE, SPAN("a\0b")) != NULL);
    ck_assert(format_refusal(FORMAT_TEXT, SPAN("a\0b")) != NULL);
    ck_assert(format_refusal(FORMAT_NONE, SPAN("a\0b")) != NULL);
}
END_TEST

START_TEST(knows_decimal_and_whole_numbers)
{
    static const struct row rows[] = {
        {FORMAT_DECIMAL, "0", true},      {FORMAT_DECIMAL, "-12.50", true}, {FORMAT_DECIMAL, "1e-7", true},
        {FORMAT_DECIMAL, "1.5E+3", true}, {FORMAT_DECIMAL, "01", false},    {FORMAT_DECIMAL, "1.", false},
        {FORMAT_DECIMAL, ".5", false},    {FORMAT_DECIMAL, "1e", false},    {FORMAT_DECIMAL, "", false},
        {FORMAT_DECIMAL, "-", false},     {FORMAT_DECIMAL, "1,5", false},   {FORMAT_DECIMAL, "1 ", false},
    };
    static const char *const whole[] = {"0", "7", "-7", "100", "9007199254740991"};
    static const char *const other[] = {"-0", "1.0", "1e2", "01", "", "-", "+1", "-01"};
    check_rows(rows, sizeof rows / sizeof rows[0]);
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        ck_assert(number_is_whole(span_of(whole[i])));
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        ck_assert_msg(!number_is_whole(span_of(other[i])), "%s", other[i]);
}
END_TEST

/* What the codec relies on where a text has few characters but too many bytes. */
START_TEST(refuses_every_other_byte_in_ascii_formats)
{
    for (int format = FORMAT_NONE; format <= FORMAT_DECIMAL; format++)
        if (format_is_ascii((enum field_format)format))
            ck_assert(format_refusal((enum field_format)format, SPAN("\x80")) != NULL);
}
END_TEST

TCase *format_cases(void)
{
    TCase *cases = tcase_create("format");
    tcase_add_test(cases, holds_codes_to_their_alphabets);
    tcase_add_test(cases, knows_a_phone_number);
    tcase_add_test(cases, knows_an_email_address);
    tcase_add_test(cases, knows_the_name_of_a_time_zone);
    tcase_add_test(cases, refuses_control_characters_by_format);
    tcase_add_test(cases, knows_decimal_and_whole_numbers);
    tcase_add_test(cases, refuses_every_other_byte_in_ascii_formats);
    return cases;
}
