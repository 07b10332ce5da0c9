/* SPDX-License-Identifier: Apache-2.0
 * Writes a struct as canonical JSON by its schema's rows: schema order, no white space, shortest escapes,
 * absent members left out. The same message gives the same bytes everywhere, so digests may be taken of them.
 */
#include <string.h>

#include "schemas/walk.h"
#include "shared/base/clock.h"

const char *choice_text(const struct choice *choices, int32_t value)
{
    if (value < 1)
        return NULL;
    for (; choices->text && value > 1; choices++)
        value--;
    return choices->text;
}

int32_t choice_of(const struct choice *choices, struct span text)
{
    for (int32_t value = 1; choices->text; choices++, value++)
        if (span_is(text, choices->text))
            return value;
    return 0;
}

/* What needs no escape: one reservation and one copy, since this runs for every member of every message. */
static void put_quoted(struct buf *to, const char *text)
{
    size_t size = strlen(text);
    buf_reserve(to, size + 2);
    char *at = to->data + to->size;
    at[0] = '"';
    memcpy(at + 1, text, size);
    memcpy(at + 1 + size, "\"", 2); /* with the NUL that always follows */
    to->size += size + 2;
}

/* ,"name": without the comma behind an opening brace. */
static void put_name(struct buf *to, const struct field *field)
{
    buf_reserve(to, field->name_size + 4u);
    char *at = to->data + to->size;
    if (at[-1] != '{')
        *at++ = ',';
    *at++ = '"';
    memcpy(at, field->name, field->name_size);
    memcpy(at + field->name_size, "\":", 3);
    to->size = (size_t)(at - to->data) + field->name_size + 2;
}

static void put_time(int64_t wall_ms, struct buf *to)
{
    char text[CLOCK_TEXT];
    clock_format(wall_ms, text);
    buf_text(to, text);
}

/* The texts of ids, times and words need no escape. */
static void put_scalar(const struct field *field, const void *value, struct buf *to)
{
    const char *word;
    switch ((enum field_kind)field->kind) {
    case FIELD_STRING:
        buf_json_string(to, span_of(value));
        break;
    case FIELD_ID:
        put_quoted(to, ((const struct id *)value)->text);
        break;
    case FIELD_INTEGER:
        buf_integer(to, *(const int64_t *)value);
        break;
    case FIELD_BOOLEAN:
        buf_text(to, *(const bool *)value ? "true" : "false");
        break;
    case FIELD_TIME:
        buf_byte(to, '"');
        put_time(*(const int64_t *)value, to);
        buf_byte(to, '"');
        break;
    case FIELD_CHOICE:
        word = choice_text(field->choices, *(const int32_t *)value);
        put_quoted(to, word ? word : "");
        break;
    default:
        break;
    }
}

static bool write_object(const struct schema *schema, const void *message, enum codec_part part,
                         struct buf *to);

static bool write_value(const struct field *field, const void *value, enum codec_part part, struct buf *to)
{
    if (field->kind == FIELD_OBJECT)
        return write_object(field->object, value, part, to);
    if (part == CODEC_PRIVATE)
        return false;
    put_scalar(field, value, to);
    return true;
}

/* Items of the private part keep their places: one without private members is {}. */
static bool write_array(const struct field *field, const void *message, enum codec_part part, struct buf *to)
{
    const char *item = field_value(field, message);
    bool any = part != CODEC_PRIVATE;
    buf_byte(to, '[');
    for (uint16_t left = field_items(field, message); left > 0; left--, item += field->size) {
        any |= write_value(field->item, item, part, to);
        if (left > 1)
            buf_byte(to, ',');
    }
    buf_byte(to, ']');
    return any;
}

/* ,"name":value or nothing at all. */
static void write_member(const struct field *field, const void *message, enum codec_part part, struct buf *to)
{
    size_t before = to->size;
    bool written;
    if (!field_present(field, message) || (field->is_private && part == CODEC_PUBLIC))
        return;
    if (field->is_private)
        part = CODEC_ALL;
    put_name(to, field);
    if (field->kind == FIELD_ARRAY)
        written = write_array(field, message, part, to);
    else
        written = write_value(field, field_value(field, message), part, to);
    if (!written) {
        to->size = before;
        to->data[before] = '\0';
    }
}

/* True where something stands in it, or where it would stand there empty anyway. */
static bool write_object(const struct schema *schema, const void *message, enum codec_part part,
                         struct buf *to)
{
    buf_byte(to, '{');
    size_t begin = to->size;
    for (uint16_t row = 0; row < schema->count; row++)
        write_member(&schema->fields[row], message, part, to);
    bool any = to->size > begin || part != CODEC_PRIVATE;
    buf_byte(to, '}');
    return any;
}

void codec_encode(const struct schema *schema, const void *message, enum codec_part part, struct buf *to)
{
    write_object(schema, message, part, to);
}

void codec_encode_items(const struct field *field, const void *message, struct buf *to)
{
    write_array(field, message, CODEC_ALL, to);
}

bool codec_member_text(const struct field *field, const void *message, struct buf *to)
{
    const void *value = field_value(field, message);
    const char *word;
    if (!field_present(field, message) || field->kind == FIELD_OBJECT || field->kind == FIELD_ARRAY)
        return false;
    switch ((enum field_kind)field->kind) {
    case FIELD_STRING:
        buf_text(to, value);
        break;
    case FIELD_ID:
        buf_text(to, ((const struct id *)value)->text);
        break;
    case FIELD_TIME:
        put_time(*(const int64_t *)value, to);
        break;
    case FIELD_CHOICE:
        word = choice_text(field->choices, *(const int32_t *)value);
        buf_text(to, word ? word : "");
        break;
    default:
        put_scalar(field, value, to);
        break;
    }
    return true;
}
