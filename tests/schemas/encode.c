/* SPDX-License-Identifier: Apache-2.0
 * codec_encode and the texts of single members: the canonical form, the public part, the private part. */
#include <stdio.h>
#include <string.h>

#include "schemas/messages.h"
#include "schemas/walk.h"
#include "shared/base/cleanup.h"
#include "tests/schemas/cases.h"

static void decode(const struct schema *schema, const char *json, void *message)
{
    ck_assert_int_eq(codec_decode(schema, span_of(json), message, NULL), 0);
}

static const char untidy[] =
    "{ \"fragile\" : true, "
    "\"value\":{\"currency\":\"XOF\",\"amount\":40000},\"category\":\"cl\\u006fthes\",\n"
    "\"weight_g\":2500,\"destination\":{\"city\":\"Thi\\u00e8s\",\"landmark\":\"a\\/"
    "b\",\"country\":\"SN\"},\"origin\":"
    "{\"country\":\"FR\",\"city\":\"Paris\"},\"recipient\":{\"phone\":\"+221770000000\",\"name\":\"Awa "
    "\\\"N\\\"\"},"
    "\"deliver_by\":\"2026-12-24T18:00:00.500Z\",\"ready_from\":\"2026-11-25T08:00:00.000Z\"}";

START_TEST(writes_the_canonical_form)
{
    struct parcel_register_v1 message;
    CLEANUP(buf_done) struct buf to = {0};
    decode(&parcel_register_v1_schema, untidy, &message);
    codec_encode(&parcel_register_v1_schema, &message, CODEC_ALL, &to);
    ck_assert_str_eq(
        to.data,
        "{\"recipient\":{\"name\":\"Awa \\\"N\\\"\",\"phone\":\"+221770000000\"},"
        "\"origin\":{\"country\":\"FR\",\"city\":\"Paris\"},"
        "\"destination\":{\"country\":\"SN\",\"city\":\"Thiès\",\"landmark\":\"a/b\"},\"weight_g\":2500,"
        "\"category\":\"clothes\",\"value\":{\"amount\":40000,\"currency\":\"XOF\"},"
        "\"ready_from\":\"2026-11-25T08:00:00Z\",\"deliver_by\":\"2026-12-24T18:00:00.500Z\","
        "\"fragile\":true}");
}
END_TEST

START_TEST(parts_private_members_from_public_ones)
{
    struct parcel_register_v1 message;
    CLEANUP(buf_done) struct buf to = {0};
    decode(&parcel_register_v1_schema, untidy, &message);
    codec_encode(&parcel_register_v1_schema, &message, CODEC_PUBLIC, &to);
    ck_assert_ptr_null(strstr(to.data, "Awa"));
    ck_assert_ptr_null(strstr(to.data, "landmark"));
    ck_assert_ptr_nonnull(strstr(to.data, "{\"origin\":{\"country\":\"FR\",\"city\":\"Paris\"},"));
    buf_clear(&to);
    codec_encode(&parcel_register_v1_schema, &message, CODEC_PRIVATE, &to);
    ck_assert_str_eq(to.data, "{\"recipient\":{\"name\":\"Awa \\\"N\\\"\",\"phone\":\"+221770000000\"},"
                              "\"destination\":{\"landmark\":\"a/b\"}}");
}
END_TEST

START_TEST(writes_an_empty_object_where_nothing_is_private)
{
    struct parcel_cancel_v1 message;
    CLEANUP(buf_done) struct buf to = {0};
    buf_text(&to, "before ");
    decode(&parcel_cancel_v1_schema, "{\"reason\":\"mistake\"}", &message);
    codec_encode(&parcel_cancel_v1_schema, &message, CODEC_PRIVATE, &to);
    ck_assert_str_eq(to.data, "before {}");
    ck_assert_uint_eq(to.size, strlen(to.data));
}
END_TEST

START_TEST(escapes_no_more_than_it_must)
{
    struct parcel_register_v1 message;
    CLEANUP(buf_done) struct buf to = {0};
    decode(&parcel_register_v1_schema, untidy, &message);
    message.has_description = true;
    snprintf(message.description, sizeof message.description, "\t\"\\/é😀\n\x7f");
    codec_encode(&parcel_register_v1_schema, &message, CODEC_ALL, &to);
    ck_assert_ptr_nonnull(strstr(to.data, "\"description\":\"\\t\\\"\\\\/é😀\\n\x7f\","));
}
END_TEST

START_TEST(gives_words_for_choices_and_back)
{
    for (int32_t value = CATEGORY_DOCUMENTS; value <= CATEGORY_OTHER; value++)
        ck_assert_int_eq(choice_of(category_choices, span_of(choice_text(category_choices, value))), value);
    ck_assert_ptr_null(choice_text(category_choices, CATEGORY_NONE));
    ck_assert_ptr_null(choice_text(category_choices, CATEGORY_OTHER + 1));
    ck_assert_ptr_null(choice_text(category_choices, INT32_MAX));
    ck_assert_ptr_null(choice_text(category_choices, -1));
    ck_assert_int_eq(choice_of(category_choices, SPAN("foo")), 0);
    ck_assert_int_eq(choice_of(category_choices, SPAN("foods")), 0);
    ck_assert_int_eq(choice_of(category_choices, SPAN("")), 0);
    ck_assert_int_eq(choice_of(category_choices, SPAN("food\0x")), 0);
}
END_TEST

static const struct field *field_of(const struct schema *schema, const char *name)
{
    for (uint16_t row = 0; row < schema->count; row++)
        if (strcmp(schema->fields[row].name, name) == 0)
            return &schema->fields[row];
    ck_abort_msg("%s has no member %s", schema->name, name);
    return NULL;
}

START_TEST(gives_scalar_members_as_text)
{
    static const struct {
        const char *name, *text;
    } rows[] = {
        {"id", "8c1e7a52-4f0b-4d3c-9a61-2b7f5d9e0c14"}, {"version", "7"},    {"state", "registered"},
        {"changed_at", "2026-11-22T10:00:00.123Z"},     {"fragile", "true"},
    };
    struct parcel_state state = {.version = 7,
                                 .state = PARCEL_STATUS_REGISTERED,
                                 .changed_at = INT64_C(1795341600123),
                                 .has_fragile = true,
                                 .fragile = true};
    CLEANUP(buf_done) struct buf to = {0};
    ck_assert_int_eq(id_parse(span_of(rows[0].text), &state.id), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        buf_clear(&to);
        ck_assert(codec_member_text(field_of(&parcel_state_schema, rows[i].name), &state, &to));
        ck_assert_str_eq(to.data, rows[i].text);
    }
    buf_clear(&to);
    ck_assert(!codec_member_text(field_of(&parcel_state_schema, "ready_from"), &state, &to));
    ck_assert(!codec_member_text(field_of(&parcel_state_schema, "origin"), &state, &to));
    ck_assert_uint_eq(to.size, 0);
    memcpy(state.origin.city, "O\"K", 4);
    ck_assert(codec_member_text(field_of(&place_schema, "city"), &state.origin, &to));
    ck_assert_str_eq(to.data, "O\"K");
}
END_TEST

START_TEST(an_array_member_is_written_and_read_alone)
{
    static const char written[] = "[{\"booking\":\"8c1e7a52-4f0b-4d3c-9a61-2b7f5d9e0c14\",\"grams\":2500,"
                                  "\"exposure\":12,\"on_board\":true}]";
    const struct field *bookings = field_of(&trip_state_schema, "bookings");
    struct trip_state state = {.version = 7, .bookings_count = 3, .capacity_g = 9}, again = state;
    struct codec_errors errors;
    CLEANUP(buf_done) struct buf to = {0};
    ck_assert_int_eq(codec_decode_items(bookings, span_of(written), &state, &errors), 0);
    ck_assert_uint_eq(state.bookings_count, 1);
    ck_assert_int_eq(state.bookings[0].grams, 2500);
    ck_assert(state.bookings[0].on_board);
    ck_assert(state.version == 7 && state.capacity_g == 9);
    codec_encode_items(bookings, &state, &to);
    ck_assert_str_eq(to.data, written);
    /* white space and another order, as jsonb gives them back; the rest of the item before is gone */
    again.bookings[0].grams = 99;
    ck_assert_int_eq(codec_decode_items(bookings,
                                        SPAN(" [ { \"grams\" : 2500, \"booking\": "
                                             "\"8c1e7a52-4f0b-4d3c-9a61-2b7f5d9e0c14\", \"on_board\": true, "
                                             "\"exposure\": 12 } ] "),
                                        &again, NULL),
                     0);
    ck_assert_mem_eq(&again, &state, sizeof(state));
    state.bookings_count = 0;
    buf_clear(&to);
    codec_encode_items(bookings, &state, &to);
    ck_assert_str_eq(to.data, "[]");
}
END_TEST

START_TEST(refuses_items_of_another_shape)
{
    static const struct {
        const char *json;
        int result;
        const char *pointer;
    } rows[] = {
        {"{}", CODEC_INVALID, ""},
        {"[1]", CODEC_INVALID, "/0"},
        {"[{\"grams\":-1}]", CODEC_INVALID, "/0/grams"},
        {"[] []", CODEC_NOT_JSON, NULL},
        {"[", CODEC_NOT_JSON, NULL},
        {"", CODEC_NOT_JSON, NULL},
        {"null", CODEC_INVALID, ""},
        {"[null]", CODEC_INVALID, "/0"},
    };
    static struct trip_state state;
    struct codec_errors errors;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int result = codec_decode_items(field_of(&trip_state_schema, "bookings"), span_of(rows[i].json),
                                        &state, &errors);
        ck_assert_msg(result == rows[i].result, "%s: %d", rows[i].json, result);
        if (rows[i].pointer)
            ck_assert_str_eq(errors.items[0].pointer, rows[i].pointer);
        else
            ck_assert_ptr_nonnull(errors.syntax);
    }
}
END_TEST

TCase *encode_cases(void)
{
    TCase *cases = tcase_create("encode");
    tcase_add_test(cases, writes_the_canonical_form);
    tcase_add_test(cases, parts_private_members_from_public_ones);
    tcase_add_test(cases, writes_an_empty_object_where_nothing_is_private);
    tcase_add_test(cases, escapes_no_more_than_it_must);
    tcase_add_test(cases, gives_words_for_choices_and_back);
    tcase_add_test(cases, gives_scalar_members_as_text);
    tcase_add_test(cases, an_array_member_is_written_and_read_alone);
    tcase_add_test(cases, refuses_items_of_another_shape);
    return cases;
}
