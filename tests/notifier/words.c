/* SPDX-License-Identifier: Apache-2.0
 * What a mail is made of, without servers: templates, headers, encodings, derived ids. */
#include <check.h>
#include <string.h>

#include "consumers/notifier/mail.h"
#include "consumers/notifier/template.h"
#include "schemas/messages.h"
#include "shared/base/crypto.h"
#include "tests/suite.h"

#define REGISTERED                                                                                           \
    "{\"state\":\"registered\",\"sender\":\"11111111-1111-4111-8111-111111111111\","                         \
    "\"origin\":{\"country\":\"FR\",\"city\":\"Paris\"},\"destination\":{\"country\":\"SN\",\"city\":"       \
    "\"Dakar\"},"                                                                                            \
    "\"weight_g\":%s,\"category\":\"food\",\"value\":{\"amount\":1,\"currency\":\"XOF\"}}"

static struct notice notice_with(const char *purpose, const char *data, enum language language)
{
    struct notice notice = {.purpose = purpose,
                            .subject = "parcel/8c1e8c1e-8c1e-4c1e-8c1e-8c1e8c1e8c1e",
                            .data = span_of(data),
                            .name = "Awa",
                            .address = "awa@example.org",
                            .language = (int32_t)language,
                            .now_ms = 1795341600123};
    memcpy(notice.id.text, "5b905b90-5b90-4b90-8b90-5b905b905b90", sizeof notice.id.text);
    return notice;
}

static void filled(const struct notice *notice, struct buf *subject, struct buf *body)
{
    buf_clear(subject);
    buf_clear(body);
    ck_assert_int_eq(template_fill(notice, subject, body), 0);
}

static int written(const struct notice *notice, struct span subject, struct span body, struct buf *to)
{
    const struct mail mail = {notice, "colis@example.org", "Colis", subject, body};
    return mail_write(&mail, to);
}

START_TEST(weights_are_told_in_kilograms_as_the_language_writes_them)
{
    static const struct {
        const char *grams, *fr, *en;
    } rows[] = {
        {"1", "Poids : 0,001 kg\n", "Weight: 0.001 kg\n"},
        {"1000", "Poids : 1 kg\n", "Weight: 1 kg\n"},
        {"2500", "Poids : 2,5 kg\n", "Weight: 2.5 kg\n"},
        {"10050", "Poids : 10,05 kg\n", "Weight: 10.05 kg\n"},
        {"100000", "Poids : 100 kg\n", "Weight: 100 kg\n"},
    };
    CLEANUP(buf_done) struct buf subject = {0};
    CLEANUP(buf_done) struct buf body = {0};
    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        CLEANUP(buf_done) struct buf data = {0};
        buf_format(&data, REGISTERED, rows[at].grams);
        struct notice notice = notice_with("parcel.registered", data.data, LANGUAGE_FR);
        filled(&notice, &subject, &body);
        ck_assert_ptr_nonnull(strstr(body.data, rows[at].fr));
        notice.language = LANGUAGE_EN;
        filled(&notice, &subject, &body);
        ck_assert_ptr_nonnull(strstr(body.data, rows[at].en));
    }
}
END_TEST

START_TEST(a_line_that_names_what_is_absent_is_left_out)
{
    CLEANUP(buf_done) struct buf subject = {0};
    CLEANUP(buf_done) struct buf body = {0};
    struct notice notice = notice_with(
        "parcel.cancelled", "{\"state\":\"cancelled\",\"sender\":\"11111111-1111-4111-8111-111111111111\"}",
        LANGUAGE_FR);
    filled(&notice, &subject, &body);
    ck_assert_ptr_null(strstr(body.data, "Motif"));
    ck_assert_ptr_nonnull(strstr(body.data, "Numéro : 8c1e8c1e-8c1e-4c1e-8c1e-8c1e8c1e8c1e\n\nColis\n"));
}
END_TEST

START_TEST(an_unknown_purpose_and_unreadable_data_are_told_apart)
{
    CLEANUP(buf_done) struct buf subject = {0};
    CLEANUP(buf_done) struct buf body = {0};
    struct notice notice = notice_with("parcel.exploded", "{}", LANGUAGE_FR);
    ck_assert_int_eq(template_fill(&notice, &subject, &body), TEMPLATE_UNKNOWN);
    notice.purpose = "parcel.registered";
    ck_assert_int_eq(template_fill(&notice, &subject, &body), TEMPLATE_DATA);
}
END_TEST

START_TEST(a_mail_is_what_rfc_5322_asks_for_byte_by_byte)
{
    CLEANUP(buf_done) struct buf mail = {0};
    struct notice notice = notice_with("parcel.registered", "{}", LANGUAGE_FR);
    notice.repeat = true;
    ck_assert_int_eq(written(&notice, SPAN("Plain"), SPAN("é = a \n.\n"), &mail), 0);
    ck_assert_str_eq(mail.data, "Date: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
                                "From: Colis\r\n <colis@example.org>\r\n"
                                "To: Awa\r\n <awa@example.org>\r\n"
                                "Message-ID: <5b905b90-5b90-4b90-8b90-5b905b905b90@example.org>\r\n"
                                "Subject: Plain\r\n"
                                "X-Colis-Notification: 5b905b90-5b90-4b90-8b90-5b905b905b90\r\n"
                                "X-Colis-Repeat: possible\r\n"
                                "Auto-Submitted: auto-generated\r\n"
                                "MIME-Version: 1.0\r\n"
                                "Content-Type: text/plain; charset=UTF-8\r\n"
                                "Content-Transfer-Encoding: quoted-printable\r\n"
                                "\r\n"
                                "=C3=A9 =3D a=20\r\n.\r\n");
}
END_TEST

START_TEST(no_value_can_begin_a_header_line)
{
    static const char *const bad[] = {"a\r\nBcc: b@example.org", "a\nb", "a\rb", "a\tb", "\x7f", "\x01"};
    CLEANUP(buf_done) struct buf mail = {0};
    for (size_t at = 0; at < sizeof bad / sizeof bad[0]; at++) {
        struct notice notice = notice_with("parcel.registered", "{}", LANGUAGE_FR);
        ck_assert_int_eq(written(&notice, span_of(bad[at]), SPAN(""), &mail), MAIL_INJECTION);
        notice.name = bad[at];
        ck_assert_int_eq(written(&notice, SPAN("s"), SPAN(""), &mail), MAIL_INJECTION);
        notice.name = "Awa";
        notice.address = bad[at];
        ck_assert_int_eq(written(&notice, SPAN("s"), SPAN(""), &mail), MAIL_INJECTION);
        ck_assert_uint_eq(mail.size, 0);
    }
}
END_TEST

/* Of the headers: no line over 76 but those that hold an address or an id, nothing but printable ASCII. */
static void check_lines(const char *mail)
{
    for (const char *line = mail; *line != '\0';) {
        const char *end = strstr(line, "\r\n");
        ck_assert_ptr_nonnull(end);
        ck_assert_msg(end - line <= 76, "%.*s", (int)(end - line), line);
        const char *byte = line;
        while (byte < end && *byte >= ' ' && *byte <= '~')
            byte++;
        ck_assert_ptr_eq(byte, end);
        line = end + 2;
    }
}

START_TEST(any_text_makes_short_lines_of_printable_ascii)
{
    static const char *const characters[] = {"a", "é", "東", "😀", "=", "?", "_", " ", "<", "\"", ".", ","};
    enum { COUNT = sizeof characters / sizeof characters[0] };
    for (unsigned seed = 1; seed < 600; seed++) {
        CLEANUP(buf_done) struct buf text = {0};
        CLEANUP(buf_done) struct buf mail = {0};
        unsigned value = seed * 2654435761u;
        for (unsigned at = 0; at < seed % 101; at++, value = value * 1664525u + 1013904223u)
            buf_text(&text, characters[(value >> 16) % COUNT]);
        buf_byte(&text, 'x');
        struct notice notice = notice_with("parcel.registered", "{}", LANGUAGE_FR);
        notice.name = text.data;
        CLEANUP(buf_done) struct buf body = {0};
        buf_format(&body, "%s\n", text.data);
        ck_assert_int_eq(written(&notice, buf_as_span(&text), buf_as_span(&body), &mail), 0);
        check_lines(mail.data);
    }
}
END_TEST

START_TEST(the_id_of_a_notification_is_that_of_its_fact_person_and_purpose)
{
    const struct id fact = {"11111111-1111-4111-8111-111111111111"},
                    person = {"22222222-2222-4222-8222-222222222222"};
    struct id first, same, other;
    notice_id(&fact, &person, "parcel.registered", &first);
    notice_id(&fact, &person, "parcel.registered", &same);
    ck_assert(id_same(&first, &same));
    notice_id(&person, &fact, "parcel.registered", &other);
    ck_assert(!id_same(&first, &other));
    notice_id(&fact, &person, "parcel.cancelled", &other);
    ck_assert(!id_same(&first, &other));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("notifier");
    TCase *cases = tcase_create("words");
    tcase_add_test(cases, weights_are_told_in_kilograms_as_the_language_writes_them);
    tcase_add_test(cases, a_line_that_names_what_is_absent_is_left_out);
    tcase_add_test(cases, an_unknown_purpose_and_unreadable_data_are_told_apart);
    tcase_add_test(cases, a_mail_is_what_rfc_5322_asks_for_byte_by_byte);
    tcase_add_test(cases, no_value_can_begin_a_header_line);
    tcase_add_test(cases, any_text_makes_short_lines_of_printable_ascii);
    tcase_add_test(cases, the_id_of_a_notification_is_that_of_its_fact_person_and_purpose);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
