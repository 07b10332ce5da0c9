/* SPDX-License-Identifier: Apache-2.0
 * Who is told what, and every text in both languages, without servers: each filled from a fact that has
 * every member. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/notifier/template.h"
#include "consumers/notifier/value.h"
#include "schemas/tables.h"
#include "tests/suite.h"

static const int64_t some_time = 1795341600000; /* 2026-11-22 10:00 UTC */

/* --- a message that has every member --- */

static void sample(const struct schema *schema, char *object);

static const char *sample_text(const struct field *field)
{
    switch (field->format) {
    case FORMAT_CURRENCY:
        return "XOF";
    case FORMAT_COUNTRY:
        return "SN";
    case FORMAT_HEX:
        return "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    default:
        return "Somewhere";
    }
}

static void sample_value(const struct field *field, char *at)
{
    const int64_t number = field->min > 1 ? field->min : field->max < 2500 ? field->max : 2500;
    const int32_t first = 1;
    switch (field->kind) {
    case FIELD_STRING:
        memcpy(at, sample_text(field), strlen(sample_text(field)));
        break;
    case FIELD_ID:
        memcpy(at, "11111111-1111-4111-8111-111111111111", 36);
        break;
    case FIELD_INTEGER:
        memcpy(at, &number, sizeof number);
        break;
    case FIELD_TIME:
        memcpy(at, &some_time, sizeof some_time);
        break;
    case FIELD_CHOICE:
        memcpy(at, &first, sizeof first);
        break;
    case FIELD_BOOLEAN:
        *at = 1;
        break;
    default:
        sample(field->object, at);
    }
}

static void sample_member(const struct field *field, char *object)
{
    if (field->has_offset != UINT16_MAX)
        object[field->has_offset] = 1;
    if (field->kind != FIELD_ARRAY) {
        sample_value(field, object + field->offset);
        return;
    }
    const uint16_t count = field->min > 0 ? (uint16_t)field->min : 1;
    memcpy(object + field->count_offset, &count, sizeof count);
    for (uint16_t at = 0; at < count && field->object; at++)
        sample(field->object, object + field->offset + (size_t)at * field->size);
}

static void sample(const struct schema *schema, char *object)
{
    for (int at = 0; at < schema->count; at++)
        sample_member(&schema->fields[at], object);
}

static const struct schema *schema_of_fact(const char *family)
{
    for (const struct message_row *row = message_rows; row->type; row++) {
        if (strcmp(row->family, family) == 0)
            return row->schema;
    }
    ck_abort_msg("no fact %s", family);
    return NULL;
}

static void sample_json(const char *family, struct buf *to)
{
    const struct schema *schema = schema_of_fact(family);
    CLEANUP(free_cleanup) void *fact = memory_new(1, schema->size);
    sample(schema, fact);
    codec_encode(schema, fact, CODEC_ALL, to);
}

/* --- a notification of everything --- */

static struct booking_state booking;
static struct parcel_state parcel;

static struct notice notice_about(const struct notice_row *row, struct span data, enum language language)
{
    memset(&booking, 0, sizeof booking);
    memset(&parcel, 0, sizeof parcel);
    sample(&booking_state_schema, (char *)&booking);
    sample(&parcel_state_schema, (char *)&parcel);
    booking.carriage = 9750;
    booking.fee = 1170;
    return (struct notice){.purpose = row->purpose,
                           .subject = "booking/11111111-1111-4111-8111-111111111111",
                           .data = data,
                           .name = "Awa",
                           .address = "awa@example.org",
                           .language = (int32_t)language,
                           .booking = &booking,
                           .parcel = &parcel,
                           .code = "123456",
                           .link = "the-link",
                           .pay_link = "the-page",
                           .pay_amount = 10920,
                           .with_mail = true,
                           .without_mail = true,
                           .now_ms = some_time};
}

static void fill(const struct notice_row *row, enum language language, struct buf *subject, struct buf *body)
{
    CLEANUP(buf_done) struct buf data = {0};
    sample_json(row->fact, &data);
    const struct notice notice = notice_about(row, buf_as_span(&data), language);
    buf_clear(subject);
    buf_clear(body);
    ck_assert_msg(template_fill(&notice, subject, body) == 0, "%s: %s", row->purpose, data.data);
}

static size_t lines_of(const char *text)
{
    size_t lines = 0;
    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

static const struct wording_text *text_of(const struct wording *wording, enum language language)
{
    return language == LANGUAGE_EN ? &wording->en : &wording->fr;
}

START_TEST(every_purpose_has_texts_and_every_text_a_purpose)
{
    static const struct wording *const tables[] = {wordings_parcel, wordings_booking, wordings_money};
    size_t purposes = 0, texts = 0;
    for (const struct notice_row *row = notice_rows; row->fact; row++, purposes++) {
        ck_assert_msg(wording_of(row->purpose) != NULL, "%s has no texts", row->purpose);
        ck_assert_ptr_eq(notice_of(row->purpose), row);
        ck_assert_uint_lt(strlen(row->purpose), 64);
        ck_assert_ptr_nonnull(schema_of_fact(row->fact));
    }
    for (size_t table = 0; table < 3; table++) {
        for (const struct wording *row = tables[table]; row->purpose; row++, texts++)
            ck_assert_msg(notice_of(row->purpose) != NULL, "%s is told to nobody", row->purpose);
    }
    ck_assert_uint_eq(purposes, texts);
}
END_TEST

/* Greeting and blank line, the text, the details, blank line and signature: none left out. */
START_TEST(every_line_of_every_text_is_filled_in_both_languages)
{
    CLEANUP(buf_done) struct buf subject = {0};
    CLEANUP(buf_done) struct buf body = {0};
    for (const struct notice_row *row = notice_rows; row->fact; row++) {
        const struct wording *wording = wording_of(row->purpose);
        for (int language = LANGUAGE_FR; language <= LANGUAGE_EN; language++) {
            const struct wording_text *text = text_of(wording, (enum language)language);
            size_t details = wording->frame == WORDING_BOOKING ? 4 : 0;
            fill(row, (enum language)language, &subject, &body);
            ck_assert_msg(lines_of(body.data) == 4 + lines_of(text->text) + details, "%s:\n%s", row->purpose,
                          body.data);
            ck_assert_msg(!strpbrk(body.data, "{}") && subject.size > 0 && !strpbrk(subject.data, "{}\n"),
                          "%s", row->purpose);
            ck_assert_msg(text->text[strlen(text->text) - 1] == '\n', "%s", row->purpose);
        }
        ck_assert_str_ne(wording->fr.text, wording->en.text);
    }
}
END_TEST

START_TEST(a_fact_that_says_the_least_leaves_out_lines_and_nothing_else)
{
    CLEANUP(buf_done) struct buf subject = {0};
    CLEANUP(buf_done) struct buf body = {0};
    struct notice notice = notice_about(notice_of("booking.cancelled/sender"),
                                        SPAN("{\"state\":\"cancelled\",\"by\":\"traveller\"}"), LANGUAGE_FR);
    notice.booking = NULL;
    notice.parcel = NULL;
    ck_assert_int_eq(template_fill(&notice, &subject, &body), 0);
    ck_assert_str_eq(body.data, "Bonjour Awa,\n\nVotre réservation est annulée.\n\n\nColis\n");
}
END_TEST

START_TEST(a_sender_is_told_when_the_recipient_can_be_sent_no_code)
{
    static const char data[] = "{\"state\":\"collected\",\"weighed_g\":2500}";
    CLEANUP(buf_done) struct buf subject = {0};
    CLEANUP(buf_done) struct buf with = {0};
    CLEANUP(buf_done) struct buf without = {0};
    struct notice notice = notice_about(notice_of("booking.collected/sender"), span_of(data), LANGUAGE_EN);
    notice.without_mail = false;
    ck_assert_int_eq(template_fill(&notice, &subject, &with), 0);
    notice.with_mail = false;
    notice.without_mail = true;
    ck_assert_int_eq(template_fill(&notice, &subject, &without), 0);
    ck_assert_ptr_nonnull(strstr(with.data, "The recipient is sent their delivery code."));
    ck_assert_ptr_null(strstr(with.data, "no mail address"));
    ck_assert_ptr_null(strstr(without.data, "is sent their delivery code."));
    ck_assert_ptr_nonnull(strstr(without.data, "The recipient has no mail address"));
}
END_TEST

/* --- what may stand where --- */

/* The next {path} of a text, without its braces; data NULL: there is none. */
static struct span next_path(const char **at)
{
    const char *begin = strchr(*at, '{'), *end = begin ? strchr(begin, '}') : NULL;
    if (!end)
        return (struct span){0};
    *at = end;
    return (struct span){begin + 1, (size_t)(end - begin - 1)};
}

static bool says(const struct wording *wording, const char *path)
{
    const char *texts[] = {wording->fr.subject, wording->fr.text, wording->en.subject, wording->en.text};
    for (size_t text = 0; text < 4; text++) {
        for (struct span found = next_path(&texts[text]); found.data; found = next_path(&texts[text])) {
            if (span_is(found, path))
                return true;
        }
    }
    return false;
}

START_TEST(secrets_stand_in_no_text_but_their_owner_s_and_in_no_subject)
{
    for (const struct notice_row *row = notice_rows; row->fact; row++) {
        const struct wording *wording = wording_of(row->purpose);
        bool recipient = row->audience == AUDIENCE_RECIPIENT;
        bool page = strcmp(row->purpose, "payment.link_ready") == 0;
        ck_assert_msg(recipient || (!says(wording, "code") && !says(wording, "link")), "%s", row->purpose);
        ck_assert_msg(page || (!says(wording, "pay_link") && !says(wording, "pay_amount")), "%s",
                      row->purpose);
        ck_assert_ptr_null(strstr(wording->fr.subject, "link}"));
        ck_assert_ptr_null(strstr(wording->fr.subject, "code}"));
        ck_assert_ptr_null(strstr(wording->en.subject, "link}"));
        ck_assert_ptr_null(strstr(wording->en.subject, "code}"));
    }
    ck_assert(says(wording_of("booking.code_issued/delivery"), "code"));
}
END_TEST

static const struct field *field_of(const struct schema *schema, struct span path)
{
    static const char booking_scope[] = "booking.", parcel_scope[] = "parcel.";
    const struct schema *const scopes[] = {&booking_state_schema, &parcel_state_schema};
    const char *const names[] = {booking_scope, parcel_scope};
    for (int scope = 0; scope < 2; scope++) {
        size_t size = strlen(names[scope]);
        if (path.size > size && memcmp(path.data, names[scope], size) == 0) {
            schema = scopes[scope];
            path = (struct span){path.data + size, path.size - size};
        }
    }
    for (int at = 0; at < schema->count; at++) {
        const struct field *field = &schema->fields[at];
        size_t size = strlen(field->name);
        if (path.size < size || memcmp(path.data, field->name, size) != 0)
            continue;
        if (path.size == size)
            return field;
        if (path.data[size] == '.')
            return field_of(field->object, (struct span){path.data + size + 1, path.size - size - 1});
    }
    return NULL;
}

static void check_words(const struct notice_row *row, const char *text)
{
    for (struct span path = next_path(&text); path.data; path = next_path(&text)) {
        const struct field *field = field_of(schema_of_fact(row->fact), path);
        for (int at = 0; field && field->kind == FIELD_CHOICE && field->choices[at].text; at++) {
            const struct span word = span_of(field->choices[at].text);
            ck_assert_msg(value_word(word, LANGUAGE_FR) && value_word(word, LANGUAGE_EN), "%s: %s",
                          row->purpose, word.data);
        }
    }
}

START_TEST(every_word_that_a_text_can_show_is_put_in_both_languages)
{
    for (const struct notice_row *row = notice_rows; row->fact; row++) {
        const struct wording *wording = wording_of(row->purpose);
        check_words(row, wording->fr.text);
        check_words(row, wording->en.text);
    }
}
END_TEST

/* --- who is told --- */

START_TEST(conditions_are_read_from_the_fact)
{
    static const struct {
        const char *purpose, *data;
        bool told;
    } rows[] = {
        {"booking.cancelled/sender", "{\"state\":\"cancelled\",\"by\":\"sender\"}", false},
        {"booking.cancelled/traveller", "{\"state\":\"cancelled\",\"by\":\"sender\"}", true},
        {"booking.cancelled/sender", "{\"state\":\"cancelled\",\"by\":\"system\"}", true},
        {"booking.cancelled/traveller", "{\"state\":\"cancelled\",\"by\":\"staff\"}", true},
        {"booking.reminded/hand_over", "{\"state\":\"collected\",\"what\":\"hand_over\"}", true},
        {"booking.reminded/hand_over", "{\"state\":\"collected\",\"what\":\"staff\"}", false},
        {"booking.reminded/confirm", "{\"state\":\"delivered\",\"what\":\"hand_over\"}", false},
        {"parcel.recipient_changed", "{\"state\":\"booked\",\"recipient_n\":4}", false},
        {"parcel.recipient_changed", "{\"state\":\"in_transit\",\"recipient_n\":4}", true},
        {"parcel.recipient_changed/before", "{\"state\":\"booked\",\"recipient_n\":4}", false},
    };
    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        const struct notice_row *row = notice_of(rows[at].purpose);
        const struct schema *schema = schema_of_fact(row->fact);
        CLEANUP(free_cleanup) void *fact = memory_new(1, schema->size);
        ck_assert_int_eq(codec_decode(schema, span_of(rows[at].data), fact, NULL), 0);
        ck_assert_msg(notice_holds(row, schema, fact) == rows[at].told, "%s %s", rows[at].purpose,
                      rows[at].data);
    }
}
END_TEST

static const struct id SENDER = {"22222222-2222-4222-8222-222222222222"},
                       TRAVELLER = {"33333333-3333-4333-8333-333333333333"},
                       BOOKING = {"44444444-4444-4444-8444-444444444444"}, NOBODY = {""};

static void check_person(const char *purpose, const struct parties *parties, const struct id *person)
{
    const struct notice_row *row = notice_of(purpose);
    const struct schema *schema = schema_of_fact(row->fact);
    CLEANUP(free_cleanup) void *fact = memory_new(1, schema->size);
    const struct notice_fact of = {schema, fact, &BOOKING, parties};
    struct id found = {""};
    int outcome = notice_person(row, &of, &found);
    ck_assert_int_eq(outcome, id_none(person) ? NOTICE_NOBODY : 0);
    ck_assert_str_eq(found.text, person->text);
}

START_TEST(parties_come_from_the_rows_where_the_fact_names_none)
{
    struct parties parties = {.known = true,
                              .booking = BOOKING,
                              .sender = SENDER,
                              .traveller = TRAVELLER,
                              .recipient_n = 4,
                              .recipient_before = 1,
                              .payee = PARTY_TRAVELLER};
    struct id recipient, before;
    id_of_recipient(&BOOKING, 4, &recipient);
    id_of_recipient(&BOOKING, 1, &before);
    check_person("booking.paid/sender", &parties, &SENDER);
    check_person("booking.paid/traveller", &parties, &TRAVELLER);
    check_person("booking.collected/recipient", &parties, &recipient);
    check_person("parcel.recipient_changed/before", &parties, &before);
    check_person("payment.paid_out", &parties, &TRAVELLER);
    check_person("profile.blocked", NULL, &BOOKING); /* the subject */
    parties.payee = PARTY_SENDER;
    check_person("payment.paid_out", &parties, &SENDER);
    parties = (struct parties){.known = true}; /* money nobody knows */
    check_person("payment.refunded", &parties, &NOBODY);
    check_person("payment.paid_out", &parties, &NOBODY);
    check_person("parcel.delayed/recipient", &parties, &NOBODY);
}
END_TEST

START_TEST(parties_are_named_by_the_fact_before_all_else)
{
    const struct schema *schema = schema_of_fact("booking.requested");
    struct booking_requested_v1 fact = {.sender = SENDER, .traveller = TRAVELLER};
    const struct notice_fact of = {schema, &fact, &BOOKING, NULL};
    struct id found;
    ck_assert_int_eq(notice_person(notice_of("booking.requested"), &of, &found), 0);
    ck_assert_str_eq(found.text, TRAVELLER.text);
    ck_assert(!notice_needs_parties("booking.requested", schema));
    ck_assert(!notice_needs_parties("profile.blocked", schema_of_fact("profile.blocked")));
    ck_assert(notice_needs_parties("booking.paid", schema_of_fact("booking.paid")));
}
END_TEST

START_TEST(an_aggregate_that_is_not_there_is_told_apart_from_a_party_that_is_not)
{
    const struct schema *schema = schema_of_fact("booking.paid");
    const struct booking_paid_v1 fact = {0};
    const struct parties gone = {0};
    struct notice_fact of = {schema, &fact, &BOOKING, &gone};
    struct id found;
    ck_assert_int_eq(notice_person(notice_of("booking.paid/sender"), &of, &found), NOTICE_UNKNOWN);
    of.parties = NULL;
    ck_assert_int_eq(notice_person(notice_of("booking.paid/sender"), &of, &found), NOTICE_UNKNOWN);
}
END_TEST

START_TEST(the_recipient_is_the_one_the_fact_names_however_many_came_after)
{
    const struct schema *schema = schema_of_fact("booking.code_issued");
    const struct booking_code_issued_v1 fact = {.has_recipient_n = true, .recipient_n = 3};
    const struct parties parties = {.known = true, .booking = BOOKING, .recipient_n = 9};
    const struct notice_fact of = {schema, &fact, &BOOKING, &parties};
    struct id found, third;
    id_of_recipient(&BOOKING, 3, &third);
    ck_assert_int_eq(notice_person(notice_of("booking.code_issued/delivery"), &of, &found), 0);
    ck_assert_str_eq(found.text, third.text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("notifier-texts");
    TCase *cases = tcase_create("texts");
    tcase_add_test(cases, every_purpose_has_texts_and_every_text_a_purpose);
    tcase_add_test(cases, every_line_of_every_text_is_filled_in_both_languages);
    tcase_add_test(cases, a_fact_that_says_the_least_leaves_out_lines_and_nothing_else);
    tcase_add_test(cases, a_sender_is_told_when_the_recipient_can_be_sent_no_code);
    tcase_add_test(cases, secrets_stand_in_no_text_but_their_owner_s_and_in_no_subject);
    tcase_add_test(cases, every_word_that_a_text_can_show_is_put_in_both_languages);
    tcase_add_test(cases, conditions_are_read_from_the_fact);
    tcase_add_test(cases, parties_come_from_the_rows_where_the_fact_names_none);
    tcase_add_test(cases, parties_are_named_by_the_fact_before_all_else);
    tcase_add_test(cases, an_aggregate_that_is_not_there_is_told_apart_from_a_party_that_is_not);
    tcase_add_test(cases, the_recipient_is_the_one_the_fact_names_however_many_came_after);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
