/* SPDX-License-Identifier: Apache-2.0
 * codec_decode: what lands in the struct, what is refused, and where. The schemas with arrays, optional
 * arrays and decimals that the released ones do not have yet are written out by hand in order.h. */
#include "schemas/codec.h"

#include <string.h>

#include "schemas/messages.h"
#include "shared/base/cleanup.h"
#include "tests/schemas/cases.h"
#include "tests/schemas/order.h"

static const char parcel[] =
    "{\"recipient\":{\"name\":\"Awa \\u00e9\",\"phone\":\"+221770000000\",\"email\":\"awa@example.com\"},"
    "\"origin\":{\"country\":\"FR\",\"city\":\"Paris\"},"
    "\"destination\":{\"country\":\"SN\",\"city\":\"Dakar\",\"landmark\":\"Sandaga\"},\"weight_g\":2500,"
    "\"category\":\"clothes\",\"value\":{\"amount\":40000,\"currency\":\"XOF\"},"
    "\"ready_from\":\"2026-11-22T10:00:00.123Z\",\"fragile\":false}";

START_TEST(reads_a_command_into_its_struct)
{
    struct parcel_register_v1 message;
    struct codec_errors errors;
    ck_assert_int_eq(codec_decode(&parcel_register_v1_schema, span_of(parcel), &message, &errors), 0);
    ck_assert_uint_eq(errors.count, 0);
    ck_assert_str_eq(message.recipient.name, "Awa é");
    ck_assert(message.recipient.has_email);
    ck_assert_str_eq(message.recipient.email, "awa@example.com");
    ck_assert(!message.origin.has_landmark);
    ck_assert_str_eq(message.destination.landmark, "Sandaga");
    ck_assert_int_eq(message.weight_g, 2500);
    ck_assert_int_eq(message.category, CATEGORY_CLOTHES);
    ck_assert_int_eq(message.value.amount, 40000);
    ck_assert(message.has_ready_from && !message.has_deliver_by);
    ck_assert_int_eq(message.ready_from, INT64_C(1795341600123));
    ck_assert(message.has_fragile && !message.fragile);
}
END_TEST

START_TEST(gives_equal_bytes_for_equal_messages)
{
    struct parcel_register_v1 one, other;
    memset(&one, 0xaa, sizeof one);
    memset(&other, 0x55, sizeof other);
    ck_assert_int_eq(codec_decode(&parcel_register_v1_schema, span_of(parcel), &one, NULL), 0);
    ck_assert_int_eq(codec_decode(&parcel_register_v1_schema, span_of(parcel), &other, NULL), 0);
    ck_assert_int_eq(memcmp(&one, &other, sizeof one), 0);
}
END_TEST

START_TEST(folds_ids_to_small_letters)
{
    struct parcel_cancelled_v1 fact;
    ck_assert_int_eq(
        codec_decode(&parcel_cancelled_v1_schema,
                     SPAN("{\"state\":\"cancelled\",\"sender\":\"8C1E7A52-4F0B-4D3C-9A61-2B7F5D9E0C14\"}"),
                     &fact, NULL),
        0);
    ck_assert_str_eq(fact.sender.text, "8c1e7a52-4f0b-4d3c-9a61-2b7f5d9e0c14");
}
END_TEST

START_TEST(says_where_a_document_is_not_json)
{
    static const struct {
        const char *json, *syntax;
        size_t at;
    } rows[] = {
        {"", "it ends too early", 0},
        {"{\"weight_g\":0,}", "a member's name must come here", 14},
        {"{\"weight_g\":1,\"weight_g\":1}", "a member stands twice", 15},
        {"{\"value\":{\"amount\":1,\"amount\":1}}", "a member stands twice", 22},
        {"{\"weight_g\":1,\"\\u0077eight_g\":1}", "a member stands twice", 15},
        {"{} ,", "something follows the value", 3},
        {"{\"unknown\":[}", "not a value", 12},
        {"[1", "it ends too early", 2},
    };
    struct parcel_register_v1 message;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct codec_errors errors;
        int result = codec_decode(&parcel_register_v1_schema, span_of(rows[i].json), &message, &errors);
        ck_assert_msg(result == CODEC_NOT_JSON && strcmp(errors.syntax, rows[i].syntax) == 0 &&
                          errors.at == rows[i].at && errors.count == 0,
                      "%s: %d %s at %zu", rows[i].json, result, errors.syntax ? errors.syntax : "",
                      errors.at);
    }
}
END_TEST

/* The refusals of one document as lines: pointer, colon, reason. */
static void refusals(const struct schema *schema, const char *json, struct buf *to)
{
    struct codec_errors errors;
    static char message[65536];
    ck_assert_uint_le(schema->size, sizeof message);
    ck_assert_int_eq(codec_decode(schema, span_of(json), message, &errors), CODEC_INVALID);
    for (size_t i = 0; i < errors.count; i++)
        buf_format(to, "%s: %s\n", errors.items[i].pointer, errors.items[i].reason);
}

START_TEST(names_every_wrong_member_with_its_reason)
{
    CLEANUP(buf_done) struct buf said = {0};
    refusals(&parcel_register_v1_schema,
             "{\"recipient\":{\"name\":\"\",\"phone\":\"1\",\"age\":7},\"origin\":7,\"destination\":{"
             "\"country\":\"SN\","
             "\"city\":null},\"weight_g\":100001,\"category\":\"gold\",\"value\":{\"amount\":1.0,"
             "\"currency\":\"xof\"},"
             "\"ready_from\":5,\"fragile\":\"no\",\"description\":\"a\\u0000b\"}",
             &said);
    ck_assert_str_eq(
        said.data,
        "/recipient/name: must have at least 1 character\n"
        "/recipient/phone: must be a phone number: + and 8 to 15 digits\n"
        "/recipient/age: is not known\n"
        "/origin: must be an object\n"
        "/destination/city: must not be null\n"
        "/weight_g: must be at most 100000\n"
        "/category: must be one of documents, clothes, food, cosmetics, electronics, medicine, other\n"
        "/value/amount: must be an integer, written in digits only\n"
        "/value/currency: must be a currency: three capital letters\n"
        "/ready_from: must be a date and time in UTC, such as 2026-11-22T10:00:00Z\n"
        "/fragile: must be true or false\n"
        "/description: must not hold control characters but line ends and tabs\n");
}
END_TEST

START_TEST(names_at_most_so_many_and_says_there_are_more)
{
    CLEANUP(buf_done) struct buf json = {0};
    struct parcel_cancel_v1 message;
    struct codec_errors errors;
    for (int i = 0; i < CODEC_ERRORS; i++)
        buf_format(&json, "%c\"x%d\":0", i ? ',' : '{', i);
    buf_byte(&json, '}');
    ck_assert_int_eq(codec_decode(&parcel_cancel_v1_schema, buf_as_span(&json), &message, &errors),
                     CODEC_INVALID);
    ck_assert(errors.count == CODEC_ERRORS && !errors.more);
    json.data[json.size - 1] = ',';
    buf_text(&json, "\"last\":0}");
    ck_assert_int_eq(codec_decode(&parcel_cancel_v1_schema, buf_as_span(&json), &message, &errors),
                     CODEC_INVALID);
    ck_assert(errors.count == CODEC_ERRORS && errors.more);
    ck_assert_int_eq(codec_decode(&parcel_cancel_v1_schema, buf_as_span(&json), &message, NULL),
                     CODEC_INVALID);
}
END_TEST

START_TEST(writes_pointers_of_strange_names)
{
    CLEANUP(buf_done) struct buf said = {0};
    refusals(&parcel_cancel_v1_schema,
             "{\"\":1,\"a/b\":1,\"~\":1,\"\\u0000\":1,\"\\/\\n\":1,\"\\ud83d\\ude00\":1,\"re\\u0061sons\":1}",
             &said);
    ck_assert_str_eq(said.data,
                     "/: is not known\n/a~1b: is not known\n/~0: is not known\n/\xef\xbf\xbd: is not known\n"
                     "/~1\n: is not known\n/\xf0\x9f\x98\x80: is not known\n/reasons: is not known\n");
}
END_TEST

/* Names of every length around the cap, of one- to four-byte characters, plain and escaped. */
START_TEST(cuts_long_pointers_between_characters)
{
    static const char *const letters[] = {"x", "é", "€", "😀", "~", "\\u20ac", "\\ud83d\\ude00"};
    for (size_t letter = 0; letter < 7; letter++)
        for (int times = 1; times < 2 * CODEC_POINTER; times++) {
            CLEANUP(buf_done) struct buf json = {0};
            struct parcel_cancel_v1 message;
            struct codec_errors errors;
            buf_text(&json, "{\"");
            for (int i = 0; i < times; i++)
                buf_text(&json, letters[letter]);
            buf_text(&json, "\":1}");
            ck_assert_int_eq(codec_decode(&parcel_cancel_v1_schema, buf_as_span(&json), &message, &errors),
                             CODEC_INVALID);
            size_t size = strlen(errors.items[0].pointer);
            size_t one = letter < 4 ? letter + 1 : letter == 4 ? 2 : letter - 2;
            ck_assert_uint_lt(size, CODEC_POINTER);
            ck_assert_uint_eq((size - 1) % one, 0);
            ck_assert(size + one >= CODEC_POINTER || size == 1 + one * (size_t)times);
        }
}
END_TEST

START_TEST(reads_and_writes_arrays)
{
    static const char json[] =
        "{\"amount\":\"12.50\",\"lines\":[{\"sku\":\"a\",\"pieces\":-5},{\"sku\":\"b\"}],"
        "\"tags\":[\"\",\"😀\"],\"kinds\":[\"food\",\"other\"]}";
    struct order order;
    CLEANUP(buf_done) struct buf written = {0};
    ck_assert_int_eq(codec_decode(&order_schema, span_of(json), &order, NULL), 0);
    ck_assert_uint_eq(order.lines_count, 2);
    ck_assert_int_eq(order.lines[0].pieces, -5);
    ck_assert(!order.lines[1].has_pieces);
    ck_assert_str_eq(order.tags[1], "😀");
    ck_assert_int_eq(order.kinds[1], CATEGORY_OTHER);
    codec_encode(&order_schema, &order, CODEC_ALL, &written);
    ck_assert_str_eq(written.data, json);
    buf_clear(&written);
    codec_encode(&order_schema, &order, CODEC_PUBLIC, &written);
    ck_assert_str_eq(written.data,
                     "{\"amount\":\"12.50\",\"lines\":[{\"pieces\":-5},{}],\"tags\":[\"\",\"😀\"],"
                     "\"kinds\":[\"food\",\"other\"]}");
    buf_clear(&written);
    codec_encode(&order_schema, &order, CODEC_PRIVATE, &written);
    ck_assert_str_eq(written.data, "{\"lines\":[{\"sku\":\"a\"},{\"sku\":\"b\"}]}");
}
END_TEST

START_TEST(points_into_arrays)
{
    CLEANUP(buf_done) struct buf said = {0};
    refusals(&order_schema,
             "{\"amount\":\"1.\",\"paid_at\":1,\"lines\":[{},7,{\"sku\":\"a\",\"pieces\":6},{\"sku\":\"not "
             "looked at\"}],"
             "\"tags\":[\"ab\",[\"a\"]],\"kinds\":[null,\"gold\",{\"a\":[]}]}",
             &said);
    ck_assert_str_eq(said.data,
                     "/amount: must be a decimal number\n"
                     "/paid_at: must be a date and time in UTC, such as 2026-11-22T10:00:00Z\n"
                     "/lines/0/sku: is required\n/lines/1: must be an object\n"
                     "/lines/2/pieces: too many\n/lines: too many lines\n"
                     "/tags/0: too long\n/tags/1: must be a string\n"
                     "/kinds/0: must not be null\n/kinds/1: no such kind\n/kinds/2: no such kind\n");
    buf_clear(&said);
    refusals(&order_schema, "{\"amount\":1,\"lines\":[]}", &said);
    ck_assert_str_eq(said.data, "/lines: too few lines\n");
}
END_TEST

START_TEST(stops_at_malformed_json_inside_arrays)
{
    struct order order;
    ck_assert_int_eq(codec_decode(&order_schema, SPAN("{\"lines\":[{},"), &order, NULL), CODEC_NOT_JSON);
    ck_assert_int_eq(codec_decode(&order_schema, SPAN("{\"lines\":[1,1,1,1,]}"), &order, NULL),
                     CODEC_NOT_JSON);
    ck_assert_int_eq(codec_decode(&order_schema, SPAN("{\"tags\":[\"a\":1]}"), &order, NULL), CODEC_NOT_JSON);
}
END_TEST

START_TEST(takes_foreign_documents_as_they_come)
{
    struct order order;
    static const char json[] =
        "{\"new\":{\"amount\":[null]},\"amount\":12.50e1,\"paid_at\":1795341600,\"tags\":null,"
        "\"lines\":[{\"sku\":\"a\",\"pieces\":null}],\"new\":1}";
    ck_assert_int_eq(codec_decode(&open_order_schema, span_of(json), &order, NULL), 0);
    ck_assert_str_eq(order.amount, "12.50e1");
    ck_assert_int_eq(order.paid_at, INT64_C(1795341600000));
    ck_assert(!order.has_tags && !order.lines[0].has_pieces);
}
END_TEST

START_TEST(refuses_wrong_members_of_foreign_documents)
{
    CLEANUP(buf_done) struct buf said = {0};
    refusals(&open_order_schema, "{\"amount\":null,\"paid_at\":1.5,\"lines\":[null],\"tags\":\"a\"}", &said);
    ck_assert_str_eq(said.data, "/paid_at: must be whole seconds since 1970\n/lines/0: must not be null\n"
                                "/tags: must be an array\n/amount: is required\n");
}
END_TEST

TCase *codec_cases(void)
{
    TCase *cases = tcase_create("codec");
    tcase_add_test(cases, reads_a_command_into_its_struct);
    tcase_add_test(cases, gives_equal_bytes_for_equal_messages);
    tcase_add_test(cases, folds_ids_to_small_letters);
    tcase_add_test(cases, says_where_a_document_is_not_json);
    tcase_add_test(cases, names_every_wrong_member_with_its_reason);
    tcase_add_test(cases, names_at_most_so_many_and_says_there_are_more);
    tcase_add_test(cases, writes_pointers_of_strange_names);
    tcase_add_test(cases, cuts_long_pointers_between_characters);
    tcase_add_test(cases, reads_and_writes_arrays);
    tcase_add_test(cases, points_into_arrays);
    tcase_add_test(cases, stops_at_malformed_json_inside_arrays);
    tcase_add_test(cases, takes_foreign_documents_as_they_come);
    tcase_add_test(cases, refuses_wrong_members_of_foreign_documents);
    return cases;
}
