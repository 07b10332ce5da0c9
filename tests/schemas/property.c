/* SPDX-License-Identifier: Apache-2.0
 * Laws that hold for any message and any bytes, tried on seeded ones (COLIS_SEED; the run prints nothing
 * unless it fails, and then the seed): what is written is read again as it was; damage is answered, never
 * obeyed. */
#include <stdio.h>
#include <string.h>

#include "schemas/json.h"
#include "schemas/messages.h"
#include "schemas/walk.h"
#include "shared/base/cleanup.h"
#include "tests/schemas/cases.h"

enum { MESSAGES = 4000, DAMAGED = 20000 };

static char message[65536], again[65536];

/* Appends one character of one to four bytes, no control character; now and then one that must be escaped. */
static void put_character(struct seed *seed, struct buf *to)
{
    static const char *const chosen[] = {
        "\"", "\\", "/", "é", "\xc2\xa0", "ß", "€", "\xe2\x80\xa8", "٣", "😀", "\xf4\x8f\xbf\xbf", "<", "&"};
    if (seed_next(seed, 2))
        buf_text(to, chosen[seed_next(seed, sizeof chosen / sizeof chosen[0])]);
    else
        buf_byte(to, (char)(' ' + seed_next(seed, 95)));
}

static void put_any(struct seed *seed, const char *alphabet, size_t count, struct buf *to)
{
    size_t letters = strlen(alphabet);
    while (count-- > 0)
        buf_byte(to, alphabet[seed_next(seed, (uint32_t)letters)]);
}

static size_t length_within(struct seed *seed, const struct field *field)
{
    switch (seed_next(seed, 4)) {
    case 0:
        return (size_t)field->min;
    case 1:
        return (size_t)field->max;
    default:
        return (size_t)field->min + seed_next(seed, (uint32_t)(field->max - field->min + 1));
    }
}

static void put_string(struct seed *seed, const struct field *field, struct buf *to)
{
    size_t length = length_within(seed, field);
    switch ((enum field_format)field->format) {
    case FORMAT_EMAIL:
        buf_text(to, seed_next(seed, 2) ? "a.b+c@example.com" : "x@y-z.example");
        break;
    case FORMAT_PHONE:
        buf_text(to, "+1");
        put_any(seed, "0123456789", 7 + seed_next(seed, 8), to);
        break;
    case FORMAT_COUNTRY:
    case FORMAT_CURRENCY:
        put_any(seed, "ABCXYZ", (size_t)field->max, to);
        break;
    case FORMAT_LANGUAGE:
        put_any(seed, "efr", 2, to);
        break;
    case FORMAT_ZONE:
        buf_text(to, seed_next(seed, 2) ? "Africa/Dakar" : "UTC");
        break;
    case FORMAT_HEX:
        put_any(seed, "0123456789abcdefABCDEF", length, to);
        break;
    case FORMAT_BASE64URL:
        put_any(seed, "ABCabc019-_", length, to);
        break;
    case FORMAT_ASCII:
        put_any(seed, "!\"\\~/aZ09", length, to);
        break;
    case FORMAT_DECIMAL:
        buf_text(to, "12.5");
        break;
    default:
        while (length-- > 0)
            put_character(seed, to);
        break;
    }
}

static int64_t integer_within(struct seed *seed, int64_t least, int64_t most)
{
    uint64_t range = (uint64_t)most - (uint64_t)least;
    uint64_t any = (uint64_t)seed_next(seed, UINT32_MAX) << 32 | seed_next(seed, UINT32_MAX);
    uint32_t edge = seed_next(seed, 4);
    if (edge < 2)
        return edge ? most : least;
    return least + (int64_t)(range == UINT64_MAX ? any : any % (range + 1));
}

static void fill(struct seed *seed, const struct schema *schema, char *to);

static void fill_value(struct seed *seed, const struct field *field, char *to)
{
    CLEANUP(buf_done) struct buf text = {0};
    uint8_t bytes[16];
    uint32_t words = 0;
    switch ((enum field_kind)field->kind) {
    case FIELD_STRING:
        put_string(seed, field, &text);
        ck_assert_int_eq(text_copy(to, field->size, buf_as_span(&text)), 0);
        break;
    case FIELD_ID:
        for (int i = 0; i < 16; i++)
            bytes[i] = (uint8_t)seed_next(seed, 256);
        id_from_bytes(bytes, (struct id *)to);
        break;
    case FIELD_INTEGER:
        *(int64_t *)(void *)to = integer_within(seed, field->min, field->max);
        break;
    case FIELD_TIME:
        *(int64_t *)(void *)to = integer_within(seed, 0, INT64_C(253402300799999));
        break;
    case FIELD_BOOLEAN:
        *(bool *)to = seed_next(seed, 2);
        break;
    case FIELD_CHOICE:
        while (field->choices[words].text)
            words++;
        *(int32_t *)(void *)to = (int32_t)(1 + seed_next(seed, words));
        break;
    case FIELD_OBJECT:
        fill(seed, field->object, to);
        break;
    case FIELD_ARRAY:
        break;
    }
}

/* A message that is within all its bounds, half of its optional members there. */
static void fill(struct seed *seed, const struct schema *schema, char *to)
{
    for (uint16_t row = 0; row < schema->count; row++) {
        const struct field *field = &schema->fields[row];
        if (field->has_offset != UINT16_MAX) {
            *(bool *)(to + field->has_offset) = seed_next(seed, 2);
            if (!field_present(field, to))
                continue;
        }
        if (field->kind != FIELD_ARRAY) {
            fill_value(seed, field, to + field->offset);
            continue;
        }
        uint16_t count = (uint16_t)length_within(seed, field);
        *(uint16_t *)(void *)(to + field->count_offset) = count;
        for (uint16_t i = 0; i < count; i++)
            fill_value(seed, field->item, to + field->offset + (size_t)i * field->size);
    }
}

static const struct schema *any_schema(struct seed *seed)
{
    uint32_t count = 0;
    while (schema_rows[count])
        count++;
    return schema_rows[seed_next(seed, count)];
}

START_TEST(reads_again_what_it_wrote)
{
    struct seed seed = seed_start();
    CLEANUP(buf_done) struct buf json = {0};
    for (int i = 0; i < MESSAGES; i++) {
        const struct schema *schema = any_schema(&seed);
        struct codec_errors errors;
        memset(message, 0, schema->size);
        fill(&seed, schema, message);
        buf_clear(&json);
        codec_encode(schema, message, CODEC_ALL, &json);
        int result = codec_decode(schema, buf_as_span(&json), again, &errors);
        ck_assert_msg(result == 0 && memcmp(message, again, schema->size) == 0,
                      "seed %s, message %d: %d %s: %s", folder_of("COLIS_SEED", "1"), i, result,
                      errors.count ? errors.items[0].pointer : "", json.data);
    }
}
END_TEST

/* Nothing private may stand in the public part, nothing public in the private one, nothing be lost. */
START_TEST(parts_add_up_to_the_whole)
{
    struct seed seed = seed_start();
    CLEANUP(buf_done) struct buf whole = {0};
    CLEANUP(buf_done) struct buf shown = {0};
    CLEANUP(buf_done) struct buf kept = {0};
    for (int i = 0; i < MESSAGES; i++) {
        size_t at;
        const char *reason;
        memset(message, 0, profile_update_v1_schema.size);
        fill(&seed, &profile_update_v1_schema, message);
        buf_clear(&whole), buf_clear(&shown), buf_clear(&kept);
        codec_encode(&profile_update_v1_schema, message, CODEC_ALL, &whole);
        codec_encode(&profile_update_v1_schema, message, CODEC_PUBLIC, &shown);
        codec_encode(&profile_update_v1_schema, message, CODEC_PRIVATE, &kept);
        ck_assert_str_eq(shown.data, "{}");
        ck_assert_str_eq(kept.data, whole.data);
        memset(message, 0, parcel_register_v1_schema.size);
        fill(&seed, &parcel_register_v1_schema, message);
        buf_clear(&shown), buf_clear(&kept);
        codec_encode(&parcel_register_v1_schema, message, CODEC_PUBLIC, &shown);
        codec_encode(&parcel_register_v1_schema, message, CODEC_PRIVATE, &kept);
        ck_assert_int_eq(scan_check(buf_as_span(&shown), &at, &reason), 0);
        ck_assert_int_eq(scan_check(buf_as_span(&kept), &at, &reason), 0);
        ck_assert_ptr_null(strstr(shown.data, "\"recipient\":"));
        ck_assert_ptr_nonnull(strstr(kept.data, "\"recipient\":"));
        ck_assert_ptr_null(strstr(kept.data, "\"weight_g\":"));
    }
}
END_TEST

/* Changes, drops, doubles or inserts a few bytes. */
static void damage(struct seed *seed, struct buf *json)
{
    static const char favourites[] = "\"\\{}[],:0-.eEtfn u\x80\xc3\xed\xf4\x01 ";
    for (uint32_t times = 1 + seed_next(seed, 3); times > 0 && json->size > 1; times--) {
        size_t at = seed_next(seed, (uint32_t)json->size);
        char byte = favourites[seed_next(seed, sizeof favourites - 1)];
        switch (seed_next(seed, 4)) {
        case 0:
            json->data[at] = byte;
            break;
        case 1:
            json->data[at] = (char)seed_next(seed, 256);
            break;
        case 2:
            memmove(json->data + at, json->data + at + 1, json->size - at - 1);
            json->size--;
            break;
        default:
            buf_byte(json, 0);
            memmove(json->data + at + 1, json->data + at, json->size - at - 1);
            json->data[at] = byte;
            break;
        }
    }
}

START_TEST(answers_damaged_documents)
{
    struct seed seed = seed_start();
    CLEANUP(buf_done) struct buf json = {0};
    CLEANUP(buf_done) struct buf canonical = {0};
    int answers[3] = {0};
    for (int i = 0; i < DAMAGED; i++) {
        const struct schema *schema = any_schema(&seed);
        struct codec_errors errors;
        size_t at;
        const char *reason;
        memset(message, 0, schema->size);
        fill(&seed, schema, message);
        buf_clear(&json), buf_clear(&canonical);
        codec_encode(schema, message, CODEC_ALL, &json);
        damage(&seed, &json);
        int result = codec_decode(schema, buf_as_span(&json), message, &errors);
        ck_assert(result >= 0 && result <= 2);
        answers[result]++;
        bool broken = scan_check(buf_as_span(&json), &at, &reason) != 0;
        bool doubled = result == CODEC_NOT_JSON && strcmp(errors.syntax, "a member stands twice") == 0;
        ck_assert(broken ? result == CODEC_NOT_JSON : result != CODEC_NOT_JSON || doubled);
        if (result != 0)
            continue;
        codec_encode(schema, message, CODEC_ALL, &canonical);
        ck_assert_int_eq(codec_decode(schema, buf_as_span(&canonical), again, NULL), 0);
        ck_assert_int_eq(memcmp(message, again, schema->size), 0);
    }
    ck_assert(answers[0] > 0 && answers[CODEC_NOT_JSON] > 0 && answers[CODEC_INVALID] > 0);
}
END_TEST

TCase *property_cases(void)
{
    TCase *cases = tcase_create("properties");
    tcase_set_timeout(cases, 300);
    tcase_add_test(cases, reads_again_what_it_wrote);
    tcase_add_test(cases, parts_add_up_to_the_whole);
    tcase_add_test(cases, answers_damaged_documents);
    return cases;
}
