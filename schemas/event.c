/* SPDX-License-Identifier: Apache-2.0
 * One table of attributes serves both directions: a row knows its header's name, where its value lives in
 * struct event, and how that value is checked and written. Data never passes through here. */
#include "schemas/event.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "schemas/json.h"
#include "shared/base/clock.h"

enum value_kind {
    VALUE_FIXED,
    VALUE_ID,
    VALUE_TEXT,
    VALUE_TIME,
    VALUE_SEQUENCE,
    VALUE_ROLE,
    VALUE_HEX,
    VALUE_TRACE
};

struct attribute {
    const char *name;
    enum value_kind kind;
    bool required;
    const char *fixed; /* VALUE_FIXED: the one value it may have */
    size_t offset, size;
    const char *wrong, *missing;
};

#define MEMBER(member) offsetof(struct event, member), sizeof(((struct event *)0)->member)
#define SAYS(name)     "header " name " is malformed", "header " name " is missing"

static const struct attribute attributes[] = {
    {"ce_specversion", VALUE_FIXED, true, "1.0", 0, 0, SAYS("ce_specversion")},
    {"ce_id", VALUE_ID, true, NULL, MEMBER(id), SAYS("ce_id")},
    {"ce_source", VALUE_TEXT, true, NULL, MEMBER(source), SAYS("ce_source")},
    {"ce_type", VALUE_TEXT, true, NULL, MEMBER(type), SAYS("ce_type")},
    {"ce_subject", VALUE_TEXT, true, NULL, MEMBER(subject), SAYS("ce_subject")},
    {"ce_time", VALUE_TIME, false, NULL, MEMBER(time_ms), SAYS("ce_time")},
    {"ce_dataschema", VALUE_TEXT, false, NULL, MEMBER(dataschema), SAYS("ce_dataschema")},
    {"ce_partitionkey", VALUE_TEXT, false, NULL, MEMBER(key), SAYS("ce_partitionkey")},
    {"ce_sequence", VALUE_SEQUENCE, false, NULL, MEMBER(sequence), SAYS("ce_sequence")},
    {"ce_principal", VALUE_TEXT, false, NULL, MEMBER(principal), SAYS("ce_principal")},
    {"ce_role", VALUE_ROLE, false, NULL, MEMBER(role), SAYS("ce_role")},
    {"ce_causationid", VALUE_ID, false, NULL, MEMBER(causation), SAYS("ce_causationid")},
    {"ce_fingerprint", VALUE_HEX, false, NULL, MEMBER(fingerprint), SAYS("ce_fingerprint")},
    {"content-type", VALUE_FIXED, false, "application/json", 0, 0, SAYS("content-type")},
    {"traceparent", VALUE_TRACE, false, NULL, MEMBER(traceparent), SAYS("traceparent")},
};
#define ATTRIBUTES (sizeof attributes / sizeof attributes[0])
_Static_assert(ATTRIBUTES <= (size_t)EVENT_HEADERS, "more headers than the caller has room for");

static const char *const roles[] = {"person", "staff", "lead", "recipient", "system", "payments", "webhook"};

/* Visible ASCII: what ids, paths and types are made of, and what every log and header can carry. */
static bool is_visible(struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] <= 0x20 || text.data[i] >= 0x7f)
            return false;
    return text.size > 0;
}

static bool is_hex(struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (!(byte >= '0' && byte <= '9') && !(byte >= 'a' && byte <= 'f'))
            return false;
    }
    return true;
}

static bool is_role(struct span text)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (span_is(text, roles[i]))
            return true;
    return false;
}

/* version-trace-span-flags of W3C trace context; only its shape matters here. */
static bool is_traceparent(struct span text)
{
    return text.size == 55 && text.data[2] == '-' && text.data[35] == '-' && text.data[52] == '-' &&
           is_hex((struct span){text.data, 2}) && is_hex((struct span){text.data + 3, 32}) &&
           is_hex((struct span){text.data + 36, 16}) && is_hex((struct span){text.data + 53, 2});
}

/* Zero-padded to ten digits, so that versions sort as texts; longer ones begin with no zero. */
static bool take_sequence(struct span text, int64_t *to)
{
    int64_t value = 0;
    if (text.size < EVENT_SEQUENCE_DIGITS || text.size > 16)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        value = value * 10 + (text.data[i] - '0');
    }
    *to = value;
    return value > 0 && (text.size == EVENT_SEQUENCE_DIGITS || text.data[0] != '0');
}

/* A trace that cannot be read is no reason to lose the message: it is left out. */
static bool take_trace(struct span text, char *to, size_t size)
{
    return !is_traceparent(text) || text_copy(to, size, text) == 0;
}

static bool take_value(const struct attribute *row, struct span value, void *to)
{
    switch (row->kind) {
    case VALUE_FIXED:
        return span_is_nocase(value, row->fixed);
    case VALUE_ID:
        return id_parse(value, to) == 0;
    case VALUE_TEXT:
        return is_visible(value) && text_copy(to, row->size, value) == 0;
    case VALUE_TIME:
        return clock_parse(value, to) == 0;
    case VALUE_SEQUENCE:
        return take_sequence(value, to);
    case VALUE_ROLE:
        return is_role(value) && text_copy(to, row->size, value) == 0;
    case VALUE_HEX:
        return value.size == row->size - 1 && is_hex(value) && text_copy(to, row->size, value) == 0;
    case VALUE_TRACE:
        return take_trace(value, to, row->size);
    }
    return false;
}

static int take_attribute(struct event *event, size_t at, struct span value)
{
    const struct attribute *row = &attributes[at];
    uint32_t bit = UINT32_C(1) << at;
    if (event->seen & bit) {
        event->reason = "a header stands twice";
        return EVENT_MALFORMED;
    }
    event->seen |= bit;
    if (take_value(row, value, (char *)event + row->offset))
        return 0;
    event->reason = row->wrong;
    return EVENT_MALFORMED;
}

int event_header_take(struct event *event, struct span name, struct span value)
{
    for (size_t i = 0; i < ATTRIBUTES; i++)
        if (span_is(name, attributes[i].name))
            return take_attribute(event, i, value);
    return 0;
}

int event_complete(struct event *event)
{
    event->readable = false;
    for (size_t i = 0; i < ATTRIBUTES; i++) {
        if (!attributes[i].required || (event->seen >> i & 1))
            continue;
        event->reason = attributes[i].missing;
        return EVENT_MALFORMED;
    }
    if (event->reason)
        return EVENT_MALFORMED;
    event->readable = true;
    return 0;
}

/* The attribute's text; empty where the event has none. Times and sequences are written into scratch. */
static struct span attribute_text(const struct attribute *row, const struct event *event, char **scratch)
{
    const void *value = (const char *)event + row->offset;
    char *text = *scratch;
    int64_t number;
    switch (row->kind) {
    case VALUE_FIXED:
        return span_of(row->fixed);
    case VALUE_TIME:
        number = *(const int64_t *)value;
        if (number <= 0)
            return SPAN("");
        clock_format(number, text);
        break;
    case VALUE_SEQUENCE:
        number = *(const int64_t *)value;
        if (number <= 0)
            return SPAN("");
        snprintf(text, 24, "%0*" PRId64, EVENT_SEQUENCE_DIGITS, number);
        break;
    default: /* struct id is its text */
        return span_of(value);
    }
    *scratch += strlen(text) + 1;
    return span_of(text);
}

size_t event_headers(const struct event *event, char scratch[256],
                     struct event_header ret_headers[EVENT_HEADERS])
{
    size_t count = 0;
    for (size_t i = 0; i < ATTRIBUTES; i++) {
        struct span value = attribute_text(&attributes[i], event, &scratch);
        if (value.size > 0)
            ret_headers[count++] = (struct event_header){attributes[i].name, value};
    }
    return count;
}

void event_headers_json(const struct event *event, struct buf *to)
{
    struct event_header headers[EVENT_HEADERS];
    char scratch[256];
    size_t count = event_headers(event, scratch, headers);
    for (size_t i = 0; i < count; i++) {
        buf_byte(to, i == 0 ? '{' : ',');
        buf_json_string(to, span_of(headers[i].name));
        buf_byte(to, ':');
        buf_json_string(to, headers[i].value);
    }
    buf_byte(to, '}');
}

/* A raw string of the scanner, decoded where it must be; what is longer than any attribute is cut to nothing.
 */
static struct span text_of(const struct scan *scan, char scratch[128])
{
    size_t size;
    if (!scan->escaped)
        return scan->text;
    if (scan_decode(scan->text, scratch, 128, &size) != 0)
        return SPAN("");
    return (struct span){scratch, size};
}

int event_from_headers_json(struct span json, struct event *ret_event)
{
    struct scan scan;
    enum scan_token token;
    memset(ret_event, 0, sizeof *ret_event);
    scan_start(&scan, json);
    token = scan_next(&scan);
    while (token == SCAN_OBJECT && (token = scan_next(&scan)) == SCAN_NAME) {
        char name_text[128], value_text[128];
        struct span name = text_of(&scan, name_text);
        if (scan_next(&scan) != SCAN_STRING)
            break;
        if (event_header_take(ret_event, name, text_of(&scan, value_text)) != 0)
            return EVENT_MALFORMED;
        token = SCAN_OBJECT;
    }
    if (token == SCAN_OBJECT_END && scan_next(&scan) == SCAN_END)
        return event_complete(ret_event);
    ret_event->reason = "headers are not a JSON object of strings";
    return EVENT_MALFORMED;
}

void event_line(const struct event *event, struct buf *to)
{
    char text[256], *scratch = text;
    for (size_t i = 0; i < ATTRIBUTES; i++) {
        if (attributes[i].kind == VALUE_FIXED)
            continue;
        buf_span(to, attribute_text(&attributes[i], event, &scratch));
        buf_byte(to, '\t');
    }
    to->data[--to->size] = '\0'; /* the last one has nothing behind it */
}

/* What stands before the tab; takes both off the line, which is NULL after the last. */
static struct span cell_of(struct span *line)
{
    const char *tab = memchr(line->data, '\t', line->size);
    struct span cell = {line->data, tab ? (size_t)(tab - line->data) : line->size};
    *line = tab ? (struct span){tab + 1, line->size - cell.size - 1} : (struct span){NULL, 0};
    return cell;
}

int event_from_line(struct span line, struct event *ret_event)
{
    memset(ret_event, 0, sizeof *ret_event);
    for (size_t i = 0; i < ATTRIBUTES; i++) {
        if (attributes[i].kind == VALUE_FIXED) {
            ret_event->seen |= UINT32_C(1) << i;
            continue;
        }
        if (!line.data) {
            ret_event->reason = "the line of attributes breaks off";
            return EVENT_MALFORMED;
        }
        struct span cell = cell_of(&line);
        if (cell.size > 0 && take_attribute(ret_event, i, cell) != 0)
            return EVENT_MALFORMED;
    }
    if (!line.data)
        return event_complete(ret_event);
    ret_event->reason = "the line of attributes goes on";
    return EVENT_MALFORMED;
}

int event_subject_parse(struct span subject, char ret_kind[24], struct id *ret_id)
{
    const char *slash = subject.size ? memchr(subject.data, '/', subject.size) : NULL;
    if (!slash)
        return EVENT_MALFORMED;
    struct span kind = {subject.data, (size_t)(slash - subject.data)};
    for (size_t i = 0; i < kind.size; i++)
        if ((kind.data[i] < 'a' || kind.data[i] > 'z') && kind.data[i] != '_')
            return EVENT_MALFORMED;
    if (kind.size == 0 || text_copy(ret_kind, 24, kind) != 0)
        return EVENT_MALFORMED;
    return id_parse((struct span){slash + 1, subject.size - kind.size - 1}, ret_id) == 0 ? 0
                                                                                         : EVENT_MALFORMED;
}
