/* SPDX-License-Identifier: Apache-2.0
 * A fact's data between our JSON and MongoDB's documents. Names mean nothing here (libbson's own reader would
 * take {"$date":...} for a date); numbers are whole unless written otherwise. Memory only. */
#include "shared/links/mongo_inside.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/json.h"
#include "shared/base/clock.h"

enum { NUMBER_TEXT = 40 };

/* --- JSON to BSON --- */

/* The containers open at this moment, outermost first, and the name the next value will have. */
struct writing {
    struct scan scan;
    bson_t *levels[SCAN_DEPTH];
    bson_t own[SCAN_DEPTH];     /* what all levels but the outermost point to */
    uint32_t items[SCAN_DEPTH]; /* of an array: how many so far */
    bool is_array[SCAN_DEPTH];
    int depth;
    struct buf name, text;
};

static struct span decoded(struct writing *writing, struct buf *to)
{
    struct span raw = writing->scan.text;
    size_t size = 0;
    if (!writing->scan.escaped)
        return raw;
    buf_clear(to);
    buf_reserve(to, raw.size + 1);
    if (scan_decode(raw, to->data, raw.size + 1, &size) != 0)
        return (struct span){"", 0};
    return (struct span){to->data, size};
}

static struct span item_name(struct writing *writing)
{
    if (writing->is_array[writing->depth - 1]) {
        buf_clear(&writing->name);
        buf_integer(&writing->name, writing->items[writing->depth - 1]++);
    }
    return buf_as_span(&writing->name);
}

static bool open_level(struct writing *writing, bool array)
{
    if (writing->depth == SCAN_DEPTH)
        return false;
    struct span name = item_name(writing);
    bson_t *parent = writing->levels[writing->depth - 1], *level = &writing->own[writing->depth];
    writing->levels[writing->depth] = level;
    writing->is_array[writing->depth] = array;
    writing->items[writing->depth++] = 0;
    return array ? bson_append_array_begin(parent, name.data, (int)name.size, level)
                 : bson_append_document_begin(parent, name.data, (int)name.size, level);
}

static bool close_level(struct writing *writing)
{
    writing->depth--;
    bson_t *level = writing->levels[writing->depth], *parent = writing->levels[writing->depth - 1];
    return writing->is_array[writing->depth] ? bson_append_array_end(parent, level)
                                             : bson_append_document_end(parent, level);
}

/* A whole number within 64 bits stays whole; any other is a double, which must be finite. */
static bool append_number(bson_t *to, struct span name, struct span text)
{
    char copy[NUMBER_TEXT], *end;
    if (text_copy(copy, sizeof(copy), text) != 0)
        return false;
    errno = 0;
    long long whole = strtoll(copy, &end, 10);
    if (*end == '\0' && errno == 0)
        return bson_append_int64(to, name.data, (int)name.size, whole);
    double number = strtod(copy, NULL);
    return isfinite(number) && bson_append_double(to, name.data, (int)name.size, number);
}

static bool append_scalar(struct writing *writing, enum scan_token token)
{
    struct span name = item_name(writing), text;
    bson_t *to = writing->levels[writing->depth - 1];
    switch (token) {
    case SCAN_STRING:
        text = decoded(writing, &writing->text);
        return bson_append_utf8(to, name.data, (int)name.size, text.data, (int)text.size);
    case SCAN_NUMBER:
        return append_number(to, name, writing->scan.text);
    case SCAN_NULL:
        return bson_append_null(to, name.data, (int)name.size);
    default:
        return bson_append_bool(to, name.data, (int)name.size, token == SCAN_TRUE);
    }
}

/* A name with a NUL byte would be cut short by BSON. */
static bool keep_name(struct writing *writing)
{
    struct span name = decoded(writing, &writing->text);
    if (memchr(name.data, '\0', name.size))
        return false;
    buf_clear(&writing->name);
    buf_span(&writing->name, name);
    return true;
}

static bool take_token(struct writing *writing, enum scan_token token)
{
    switch (token) {
    case SCAN_OBJECT:
    case SCAN_ARRAY:
        return open_level(writing, token == SCAN_ARRAY);
    case SCAN_OBJECT_END:
    case SCAN_ARRAY_END:
        return close_level(writing);
    case SCAN_NAME:
        return keep_name(writing);
    default:
        return append_scalar(writing, token);
    }
}

/* Members up to the outermost object's end; what is open after a failure is closed, so that to stays whole.
 */
static bool write_all(struct writing *writing)
{
    bool good = true;
    while (good && writing->depth > 0) {
        enum scan_token token = scan_next(&writing->scan);
        if (token == SCAN_MALFORMED || token == SCAN_END)
            good = false;
        else if (token == SCAN_OBJECT_END && writing->depth == 1)
            writing->depth = 0;
        else
            good = take_token(writing, token);
    }
    while (writing->depth > 1)
        (void)close_level(writing);
    return good && scan_next(&writing->scan) == SCAN_END;
}

int mongo_bson_of(struct span json, bson_t *to)
{
    struct writing writing;
    writing.name = writing.text = (struct buf){0};
    writing.levels[0] = to;
    writing.is_array[0] = false;
    writing.depth = 1;
    scan_start(&writing.scan, json);
    bool good = scan_next(&writing.scan) == SCAN_OBJECT && write_all(&writing);
    buf_done(&writing.name);
    buf_done(&writing.text);
    return good ? 0 : MONGO_NOT_JSON;
}

/* --- BSON to JSON --- */

static void show_time(int64_t wall_ms, struct buf *to)
{
    char text[CLOCK_TEXT];
    clock_format(wall_ms, text);
    buf_json_string(to, span_of(text));
}

static void show_scalar(const bson_iter_t *value, struct buf *to)
{
    uint32_t size = 0;
    const char *text = NULL;
    switch (bson_iter_type(value)) {
    case BSON_TYPE_UTF8:
        text = bson_iter_utf8(value, &size);
        buf_json_string(to, (struct span){text, size});
        break;
    case BSON_TYPE_INT32:
    case BSON_TYPE_INT64:
        buf_integer(to, bson_iter_as_int64(value));
        break;
    case BSON_TYPE_DOUBLE:
        buf_format(to, "%.17g", bson_iter_double(value));
        break;
    case BSON_TYPE_BOOL:
        buf_text(to, bson_iter_bool(value) ? "true" : "false");
        break;
    case BSON_TYPE_DATE_TIME:
        show_time(bson_iter_date_time(value), to);
        break;
    default: /* nothing of ours */
        buf_text(to, "null");
        break;
    }
}

/* Writes what a name or the container's end asks for, and steps into a container: the iterators are a stack
 * of our own, as deep as what we store. */
struct level {
    bson_iter_t at;
    bool is_array, any;
};

struct reading {
    struct level levels[SCAN_DEPTH];
    int depth;
};

static bool step_in(struct reading *reading, const bson_iter_t *value, struct buf *to)
{
    struct level *level = &reading->levels[reading->depth];
    if (reading->depth == SCAN_DEPTH || !bson_iter_recurse(value, &level->at))
        return false;
    level->is_array = BSON_ITER_HOLDS_ARRAY(value);
    level->any = false;
    reading->depth++;
    buf_byte(to, level->is_array ? '[' : '{');
    return true;
}

static void show_next(struct reading *reading, struct buf *to)
{
    struct level *level = &reading->levels[reading->depth - 1];
    if (!bson_iter_next(&level->at)) {
        buf_byte(to, level->is_array ? ']' : '}');
        reading->depth--;
        return;
    }
    if (level->any)
        buf_byte(to, ',');
    level->any = true;
    if (!level->is_array) {
        buf_json_string(to, span_of(bson_iter_key(&level->at)));
        buf_byte(to, ':');
    }
    bool container = BSON_ITER_HOLDS_DOCUMENT(&level->at) || BSON_ITER_HOLDS_ARRAY(&level->at);
    if (!container || !step_in(reading, &level->at, to))
        show_scalar(&level->at, to);
}

void mongo_json_of(const bson_iter_t *value, struct buf *to)
{
    struct reading reading;
    reading.depth = 0;
    if (!(BSON_ITER_HOLDS_DOCUMENT(value) || BSON_ITER_HOLDS_ARRAY(value))) {
        show_scalar(value, to);
        return;
    }
    (void)step_in(&reading, value, to);
    while (reading.depth > 0)
        show_next(&reading, to);
}
