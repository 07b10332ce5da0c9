/* SPDX-License-Identifier: Apache-2.0
 * Reads one JSON document into one zeroed struct by its schema's rows. It stops at the first byte that is not
 * JSON, but walks on past a wrong value, so that every wrong member is named. It allocates nothing; it calls
 * itself as deep as structs nest, which the loader bounds. */
#include <string.h>

#include "schemas/codec_path.h"
#include "schemas/json.h"
#include "schemas/text.h"
#include "schemas/walk.h"
#include "shared/base/clock.h"

static const int64_t last_second = INT64_C(253402300799); /* 9999-12-31T23:59:59Z */

struct reader {
    struct scan scan;
    struct path path;
    struct codec_errors *errors; /* or NULL */
    bool invalid;
    bool open; /* a foreign document: null is absent, times may be seconds */
};

/* The members of one object on the way: bits by their rows. */
struct members {
    uint64_t seen, absent;
    uint16_t next; /* the row that comes next when members stand in schema order */
};

static void refuse(struct reader *reader, const char *reason)
{
    struct codec_errors *errors = reader->errors;
    reader->invalid = true;
    if (!errors)
        return;
    if (errors->count == CODEC_ERRORS) {
        errors->more = true;
        return;
    }
    struct codec_error *item = &errors->items[errors->count++];
    path_pointer(&reader->path, item->pointer);
    item->reason = reason;
}

static void path_name(struct reader *reader, struct span name, bool escaped)
{
    reader->path.steps[reader->path.depth++] = (struct path_step){.name = name, .escaped = escaped};
}

static int not_json(struct reader *reader, const char *reason, size_t at)
{
    if (reader->errors) {
        reader->errors->syntax = reason;
        reader->errors->at = at;
        reader->errors->count = 0;
    }
    return CODEC_NOT_JSON;
}

static int broken(struct reader *reader)
{
    return not_json(reader, reader->scan.reason, reader->scan.at);
}

static int skip(struct reader *reader, enum scan_token token)
{
    return scan_skip(&reader->scan, token) == SCAN_END ? 0 : broken(reader);
}

/* The newest string, decoded; of short ones only, as ids and words are. False when it is too long for that.
 */
static bool short_text(const struct reader *reader, char scratch[64], struct span *ret_text)
{
    size_t size;
    *ret_text = reader->scan.text;
    if (!reader->scan.escaped)
        return true;
    if (scan_decode(reader->scan.text, scratch, 64, &size) != 0)
        return false;
    *ret_text = (struct span){scratch, size};
    return true;
}

/* Copies the newest string or number into to; false when its bytes are more than there is room for. */
static bool copy_text(const struct reader *reader, const struct field *field, char *to, size_t *ret_size)
{
    struct span raw = reader->scan.text;
    if (reader->scan.escaped)
        return scan_decode(raw, to, field->size, ret_size) == 0;
    if (raw.size >= field->size)
        return false;
    memcpy(to, raw.data, raw.size);
    *ret_size = raw.size;
    return true;
}

static const char *take_string(const struct reader *reader, const struct field *field, char *to)
{
    enum field_format format = (enum field_format)field->format;
    int64_t characters = (int64_t)text_characters(reader->scan.text, reader->scan.escaped);
    size_t size;
    if (characters < field->min)
        return field->below;
    if (characters > field->max)
        return field->above;
    if (!copy_text(reader, field, to, &size)) /* few characters, yet too many bytes: not all are ASCII */
        return format_is_ascii(format) ? format_refusal(format, SPAN("\x80")) : field->above;
    return format_refusal(format, (struct span){to, size});
}

/* Eighteen digits fit in 64 bits; more are past every bound, since bounds stay under 2^53. */
static int64_t whole_value(struct span number)
{
    bool negative = number.data[0] == '-';
    int64_t value = 0;
    if (number.size - negative > 18)
        return negative ? INT64_MIN : INT64_MAX;
    for (size_t i = negative; i < number.size; i++)
        value = value * 10 + (number.data[i] - '0');
    return negative ? -value : value;
}

static const char *take_integer(const struct reader *reader, const struct field *field, int64_t *to)
{
    if (!number_is_whole(reader->scan.text))
        return "must be an integer, written in digits only";
    *to = whole_value(reader->scan.text);
    if (*to < field->min)
        return field->below;
    return *to > field->max ? field->above : NULL;
}

static const char *take_id(const struct reader *reader, struct id *to)
{
    char scratch[64];
    struct span text;
    bool right = short_text(reader, scratch, &text) && id_parse(text, to) == 0;
    return right ? NULL : "must be a UUID";
}

static const char *take_time(const struct reader *reader, enum scan_token token, int64_t *to)
{
    static const char refusal[] = "must be a date and time in UTC, such as 2026-11-22T10:00:00Z";
    char scratch[64];
    struct span text;
    if (token == SCAN_NUMBER) {
        int64_t second = number_is_whole(reader->scan.text) ? whole_value(reader->scan.text) : -1;
        *to = second * 1000;
        return second >= 0 && second <= last_second ? NULL : "must be whole seconds since 1970";
    }
    bool right = short_text(reader, scratch, &text) && clock_parse(text, to) == 0;
    return right ? NULL : refusal;
}

static const char *take_choice(const struct reader *reader, const struct field *field, int32_t *to)
{
    char scratch[64];
    struct span text;
    if (short_text(reader, scratch, &text))
        *to = choice_of(field->choices, text);
    return *to ? NULL : field->expected;
}

static const char *wrong_type(const struct field *field)
{
    static const char *const types[] = {
        [FIELD_STRING] = "must be a string",
        [FIELD_ID] = "must be a UUID",
        [FIELD_INTEGER] = "must be an integer",
        [FIELD_BOOLEAN] = "must be true or false",
        [FIELD_TIME] = "must be a date and time in UTC, such as 2026-11-22T10:00:00Z",
        [FIELD_OBJECT] = "must be an object",
        [FIELD_ARRAY] = "must be an array",
    };
    return field->kind == FIELD_CHOICE ? field->expected : types[field->kind];
}

/* Takes a scalar in; NULL, or why it is refused. */
static const char *take_scalar(const struct reader *reader, const struct field *field, enum scan_token token,
                               void *to)
{
    if (token == SCAN_NULL)
        return "must not be null";
    if (token == SCAN_STRING) {
        if (field->kind == FIELD_STRING)
            return take_string(reader, field, to);
        if (field->kind == FIELD_ID)
            return take_id(reader, to);
        if (field->kind == FIELD_CHOICE)
            return take_choice(reader, field, to);
    }
    if (token == SCAN_NUMBER && field->kind == FIELD_INTEGER)
        return take_integer(reader, field, to);
    if (token == SCAN_NUMBER && field->kind == FIELD_STRING && field->format == FORMAT_DECIMAL)
        return take_string(reader, field, to);
    if (field->kind == FIELD_TIME && (token == SCAN_STRING || (token == SCAN_NUMBER && reader->open)))
        return take_time(reader, token, to);
    if (field->kind == FIELD_BOOLEAN && (token == SCAN_TRUE || token == SCAN_FALSE)) {
        *(bool *)to = token == SCAN_TRUE;
        return NULL;
    }
    return wrong_type(field);
}

static int read_object(struct reader *reader, const struct schema *schema, void *message);
static int read_array(struct reader *reader, const struct field *field, char *message);

/* The value that token begins, into the member of message that field describes. */
static int read_value(struct reader *reader, const struct field *field, enum scan_token token, char *message)
{
    if (token == SCAN_MALFORMED)
        return broken(reader);
    if (token == SCAN_OBJECT && field->kind == FIELD_OBJECT)
        return read_object(reader, field->object, message + field->offset);
    if (token == SCAN_ARRAY && field->kind == FIELD_ARRAY)
        return read_array(reader, field, message);
    const char *reason = token == SCAN_OBJECT || token == SCAN_ARRAY
                             ? wrong_type(field)
                             : take_scalar(reader, field, token, message + field->offset);
    if (!reason)
        return 0;
    refuse(reader, reason);
    return skip(reader, token);
}

static int read_array(struct reader *reader, const struct field *field, char *message)
{
    int64_t count = 0;
    enum scan_token token;
    while ((token = scan_next(&reader->scan)) != SCAN_ARRAY_END) {
        int result;
        if (count < field->max) {
            struct path_step step = {.index = (uint16_t)count};
            reader->path.steps[reader->path.depth++] = step;
            result = read_value(reader, field->item, token, message + field->offset + count * field->size);
            reader->path.depth--;
        } else {
            result = skip(reader, token);
        }
        if (result != 0)
            return result;
        count++;
    }
    if (count < field->min || count > field->max)
        refuse(reader, count < field->min ? field->below : field->above);
    *(uint16_t *)(void *)(message + field->count_offset) =
        (uint16_t)(count > field->max ? field->max : count);
    return 0;
}

/* The row of the member that was just named, or schema->count. */
static uint16_t row_of(const struct reader *reader, const struct schema *schema, uint16_t next)
{
    char scratch[64];
    struct span name;
    if (!short_text(reader, scratch, &name))
        return schema->count;
    for (uint16_t tried = 0, row = next; tried < schema->count; tried++, row++) {
        if (row == schema->count)
            row = 0;
        const struct field *field = &schema->fields[row];
        if (field->name_size == name.size && memcmp(field->name, name.data, name.size) == 0)
            return row;
    }
    return schema->count;
}

static int read_unknown(struct reader *reader, const struct schema *schema)
{
    if (!schema->open) {
        path_name(reader, reader->scan.text, reader->scan.escaped);
        refuse(reader, "is not known");
        reader->path.depth--;
    }
    enum scan_token token = scan_next(&reader->scan);
    return skip(reader, token);
}

/* The member whose name the scanner just gave. */
static int read_member(struct reader *reader, const struct schema *schema, struct members *members,
                       char *message)
{
    uint16_t row = row_of(reader, schema, members->next);
    if (row == schema->count)
        return read_unknown(reader, schema);
    const struct field *field = &schema->fields[row];
    uint64_t bit = UINT64_C(1) << row;
    if (members->seen & bit)
        return not_json(reader, "a member stands twice",
                        (size_t)(reader->scan.text.data - reader->scan.data));
    members->seen |= bit;
    members->next = (uint16_t)(row + 1 == schema->count ? 0 : row + 1);
    enum scan_token token = scan_next(&reader->scan);
    if (token == SCAN_NULL && reader->open) {
        members->absent |= bit;
        return 0;
    }
    path_name(reader, (struct span){field->name, field->name_size}, false);
    int result = read_value(reader, field, token, message);
    reader->path.depth--;
    if (field->has_offset != UINT16_MAX)
        *(bool *)(message + field->has_offset) = true;
    return result;
}

static void refuse_missing(struct reader *reader, const struct schema *schema, uint64_t present)
{
    for (uint16_t row = 0; row < schema->count; row++) {
        const struct field *field = &schema->fields[row];
        if (!field->required || (present >> row & 1))
            continue;
        path_name(reader, (struct span){field->name, field->name_size}, false);
        refuse(reader, "is required");
        reader->path.depth--;
    }
}

static int read_object(struct reader *reader, const struct schema *schema, void *message)
{
    struct members members = {0};
    enum scan_token token;
    while ((token = scan_next(&reader->scan)) == SCAN_NAME) {
        int result = read_member(reader, schema, &members, message);
        if (result != 0)
            return result;
    }
    if (token != SCAN_OBJECT_END)
        return broken(reader);
    refuse_missing(reader, schema, members.seen & ~members.absent);
    return 0;
}

static struct reader reader_start(struct span json, bool open, struct codec_errors *errors)
{
    struct reader reader = {.errors = errors, .open = open};
    if (errors) {
        errors->count = 0;
        errors->more = false;
        errors->syntax = NULL;
        errors->at = 0;
    }
    scan_start(&reader.scan, json);
    return reader;
}

/* The document must be over with its one value. */
static int reader_end(struct reader *reader, int result)
{
    if (result == 0 && scan_next(&reader->scan) != SCAN_END)
        result = broken(reader);
    return result == 0 && reader->invalid ? CODEC_INVALID : result;
}

static int other_value(struct reader *reader, enum scan_token token, const char *reason)
{
    if (token != SCAN_MALFORMED)
        refuse(reader, reason);
    return skip(reader, token);
}

int codec_decode(const struct schema *schema, struct span json, void *ret_message,
                 struct codec_errors *ret_errors)
{
    struct reader reader = reader_start(json, schema->open, ret_errors);
    memset(ret_message, 0, schema->size);
    enum scan_token token = scan_next(&reader.scan);
    int result = token == SCAN_OBJECT ? read_object(&reader, schema, ret_message)
                                      : other_value(&reader, token, "must be an object");
    return reader_end(&reader, result);
}

int codec_decode_items(const struct field *field, struct span json, void *message,
                       struct codec_errors *ret_errors)
{
    struct reader reader = reader_start(json, false, ret_errors);
    memset((char *)message + field->offset, 0, (size_t)field->max * field->size);
    enum scan_token token = scan_next(&reader.scan);
    int result = token == SCAN_ARRAY ? read_array(&reader, field, message)
                                     : other_value(&reader, token, wrong_type(field));
    return reader_end(&reader, result);
}
