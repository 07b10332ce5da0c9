/* SPDX-License-Identifier: Apache-2.0
 * Bytes: spans that borrow, buffers that own. Every text the programs write is appended through here,
 * so the fast path is a bounds check and a copy; a buffer kept and cleared does not allocate again. */
#include "shared/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shared/base/cleanup.h"

enum { SMALLEST = 64 };

struct span span_of(const char *text)
{
    return text ? (struct span){text, strlen(text)} : SPAN("");
}

bool span_is(struct span span, const char *text)
{
    size_t size = strlen(text);
    return span.size == size && (size == 0 || memcmp(span.data, text, size) == 0);
}

bool span_is_nocase(struct span span, const char *text)
{
    size_t size = strlen(text);
    return span.size == size && (size == 0 || strncasecmp(span.data, text, size) == 0);
}

int text_copy(char *to, size_t capacity, struct span from)
{
    if (capacity == 0)
        return TEXT_TOO_LONG;
    to[0] = '\0';
    if (from.size >= capacity)
        return TEXT_TOO_LONG;
    if (from.size > 0)
        memcpy(to, from.data, from.size);
    to[from.size] = '\0';
    return 0;
}

void buf_done(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){0};
}

void buf_clear(struct buf *buf)
{
    buf->size = 0;
    if (buf->data)
        buf->data[0] = '\0';
}

void buf_reserve(struct buf *buf, size_t more)
{
    if (more < buf->capacity && buf->size < buf->capacity - more)
        return;
    if (more > SIZE_MAX / 2 - buf->size - 1)
        abort();
    size_t need = buf->size + more + 1;
    size_t capacity = buf->capacity > SMALLEST ? buf->capacity : SMALLEST;
    while (capacity < need)
        capacity *= 2;
    buf->data = memory_grow(buf->data, capacity, 1);
    buf->capacity = capacity;
    buf->data[buf->size] = '\0';
}

void buf_append(struct buf *buf, const void *data, size_t size)
{
    buf_reserve(buf, size);
    if (size > 0)
        memcpy(buf->data + buf->size, data, size);
    buf->size += size;
    buf->data[buf->size] = '\0';
}

void buf_text(struct buf *buf, const char *text)
{
    buf_append(buf, text, strlen(text));
}

void buf_span(struct buf *buf, struct span span)
{
    buf_append(buf, span.data, span.size);
}

void buf_byte(struct buf *buf, char byte)
{
    buf_append(buf, &byte, 1);
}

void buf_integer(struct buf *buf, int64_t value)
{
    char digits[20]; /* -9223372036854775808 */
    size_t at = sizeof digits;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (value < 0)
        digits[--at] = '-';
    buf_append(buf, digits + at, sizeof digits - at);
}

void buf_format(struct buf *buf, const char *format, ...)
{
    va_list arguments, again;
    buf_reserve(buf, SMALLEST); /* most texts fit at once */
    size_t room = buf->capacity - buf->size;
    va_start(arguments, format);
    va_copy(again, arguments);
    int size = vsnprintf(buf->data + buf->size, room, format, arguments);
    va_end(arguments);
    if (size < 0)
        abort();
    if ((size_t)size >= room) {
        buf_reserve(buf, (size_t)size);
        vsnprintf(buf->data + buf->size, (size_t)size + 1, format, again);
    }
    va_end(again);
    buf->size += (size_t)size;
}

static bool must_escape(unsigned char byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\';
}

static void escape(struct buf *buf, unsigned char byte)
{
    static const char letters[32] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    static const char hex[] = "0123456789abcdef";
    char letter = byte < 32 ? letters[byte] : (char)byte;
    if (letter != '\0')
        buf_append(buf, (char[2]){'\\', letter}, 2);
    else
        buf_append(buf, (char[6]){'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]}, 6);
}

/* Is any of these eight bytes below limit (at most 128)? */
static uint64_t any_below(uint64_t eight, uint64_t limit)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    return (eight - ones * limit) & ~eight & ones * 0x80;
}

/* From at to the next byte that must be escaped: eight at a time, since nearly all text needs none. */
static size_t skip_plain(struct span text, size_t at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t eight;
    for (; text.size - at >= sizeof eight; at += sizeof eight) {
        memcpy(&eight, text.data + at, sizeof eight);
        if (any_below(eight, 0x20) | any_below(eight ^ ones * '"', 1) | any_below(eight ^ ones * '\\', 1))
            break;
    }
    while (at < text.size && !must_escape((unsigned char)text.data[at]))
        at++;
    return at;
}

void buf_json_string(struct buf *buf, struct span text)
{
    buf_reserve(buf, text.size + 2);
    buf->data[buf->size++] = '"';
    for (size_t at = 0; at < text.size; at++) {
        size_t plain = at;
        at = skip_plain(text, at);
        buf_append(buf, text.data + plain, at - plain);
        if (at < text.size)
            escape(buf, (unsigned char)text.data[at]);
    }
    buf_byte(buf, '"');
}

struct span buf_as_span(const struct buf *buf)
{
    return buf->data ? (struct span){buf->data, buf->size} : SPAN("");
}
