/* SPDX-License-Identifier: Apache-2.0
 * An event as a record's headers, and back. Whoever may write to the topic may write anything: every header
 * is kept as text for the dead letter, at most 64 of them, and what does not make an event is said, never
 * fatal. */
#include <librdkafka/rdkafka.h>
#include <string.h>

#include "schemas/json.h"
#include "shared/base/crypto.h"
#include "shared/links/kafka.h"

/* A dead letter must hold them, and fit a message itself. */
enum { HEADERS_MAX = 64, RAW_MAX = 65536 };

struct rd_kafka_headers_s *kafka_headers_of(const struct event *event)
{
    char scratch[256];
    struct event_header rows[EVENT_HEADERS];
    size_t count = event_headers(event, scratch, rows);
    rd_kafka_headers_t *headers = rd_kafka_headers_new(count);
    for (size_t at = 0; at < count; at++)
        rd_kafka_header_add(headers, rows[at].name, -1, rows[at].value.data, (ssize_t)rows[at].value.size);
    return headers;
}

/* Quotes text; false, and nothing appended, where it is not UTF-8: the scanner is the judge of that. */
static bool quoted(struct buf *to, struct span text)
{
    size_t before = to->size, at;
    const char *reason;
    buf_json_string(to, text);
    if (scan_check((struct span){to->data + before, to->size - before}, &at, &reason) == 0)
        return true;
    to->size = before;
    to->data[before] = '\0';
    return false;
}

/* "name":"value", or "name;b64":"base64url". A name that is not UTF-8 cannot stand there: left out. */
static void put_raw(struct buf *to, const char *name, struct span value)
{
    size_t before = to->size;
    if (to->size > 1)
        buf_byte(to, ',');
    if (!quoted(to, span_of(name))) {
        to->size = before;
        return;
    }
    size_t after_name = to->size;
    buf_byte(to, ':');
    if (quoted(to, value))
        return;
    to->size = after_name - 1; /* reopens the name's quote */
    buf_text(to, ";b64\":\"");
    crypto_base64url(value.data, value.size, to);
    buf_byte(to, '"');
}

static bool refuse(struct event *event, const char *reason)
{
    event->readable = false;
    if (!event->reason)
        event->reason = reason;
    return false;
}

static bool seen_before(rd_kafka_headers_t *headers, const char *name, size_t until)
{
    const char *other;
    const void *value;
    size_t size;
    for (size_t at = 0; at < until; at++) {
        if (rd_kafka_header_get_all(headers, at, &other, &value, &size) == 0 && strcmp(other, name) == 0)
            return true;
    }
    return false;
}

/* A JSON object holds a name once; whether twice is wrong, the event says. */
static void keep_raw(struct buf *raw, const char *name, struct span value, struct event *event)
{
    size_t before = raw->size;
    if (value.size <= RAW_MAX)
        put_raw(raw, name, value);
    if (value.size <= RAW_MAX && raw->size <= RAW_MAX)
        return;
    raw->size = before;
    refuse(event, "has too large headers");
}

static void take_headers(rd_kafka_headers_t *headers, struct buf *raw, struct event *event)
{
    const char *name;
    const void *value;
    size_t size;
    for (size_t at = 0; rd_kafka_header_get_all(headers, at, &name, &value, &size) == 0; at++) {
        struct span text = {value ? value : "", size};
        if (at == HEADERS_MAX) {
            refuse(event, "has too many headers");
            return;
        }
        if (!seen_before(headers, name, at))
            keep_raw(raw, name, text, event);
        if (event->readable && event_header_take(event, span_of(name), text) != 0)
            refuse(event, "has a malformed header");
    }
}

/* As ce_partitionkey may be written: whoever hands the event on writes the key there. */
static bool is_visible(struct span key)
{
    for (size_t at = 0; at < key.size; at++)
        if (key.data[at] < 0x21 || key.data[at] > 0x7e)
            return false;
    return true;
}

/* Order is promised by the record's key: the event may not say another. */
static void take_key(struct event *event)
{
    if (event->raw_key.size == 0)
        refuse(event, "has no key");
    else if (!is_visible(event->raw_key))
        refuse(event, "has a malformed key");
    else if (event->key[0] != '\0' && !span_is(event->raw_key, event->key))
        refuse(event, "ce_partitionkey is not the record's key");
    else if (event->key[0] == '\0' && text_copy(event->key, sizeof event->key, event->raw_key) != 0)
        refuse(event, "has too long a key");
}

void kafka_event_of(const struct rd_kafka_message_s *record, const char *topic, struct buf *raw_headers,
                    struct event *ret_event)
{
    *ret_event = (struct event){
        .topic = topic,
        .partition = record->partition,
        .offset = record->offset,
        .stored_ms = rd_kafka_message_timestamp(record, NULL),
        .readable = true,
        .data = {record->payload ? record->payload : "", record->payload ? record->len : 0},
        .raw_key = {record->key ? record->key : "", record->key ? record->key_len : 0},
    };
    rd_kafka_headers_t *headers = NULL;
    buf_clear(raw_headers);
    buf_byte(raw_headers, '{');
    if (rd_kafka_message_headers(record, &headers) == 0)
        take_headers(headers, raw_headers, ret_event);
    buf_byte(raw_headers, '}');
    ret_event->raw_headers = buf_as_span(raw_headers);
    if (ret_event->readable && event_complete(ret_event) != 0)
        refuse(ret_event, "is not a complete event");
    take_key(ret_event);
}
