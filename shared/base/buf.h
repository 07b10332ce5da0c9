/* SPDX-License-Identifier: Apache-2.0
 * span: borrowed bytes. buf: owned growing bytes, always followed by a NUL that size does not count.
 * Growth aborts when the heap is exhausted; whoever appends outside data has capped it before. */
#ifndef COLIS_BASE_BUF_H
#define COLIS_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/error.h"

struct span {
    const char *data;
    size_t size;
};

#define SPAN(literal) ((struct span){(literal), sizeof(literal) - 1})
struct span span_of(const char *text); /* strlen; NULL gives an empty span */
bool span_is(struct span span, const char *text);
bool span_is_nocase(struct span span, const char *text);

/* Copies into a fixed array with a NUL. 1 (TEXT_TOO_LONG) when it does not fit: to is then empty. */
enum { TEXT_TOO_LONG = 1 };
MUST_CHECK int text_copy(char *to, size_t capacity, struct span from);

struct buf {
    char *data;
    size_t size, capacity;
};

void buf_done(struct buf *buf); /* frees; buf is empty and usable again */
void buf_clear(struct buf *buf);
void buf_reserve(struct buf *buf, size_t more); /* room for more bytes behind size, plus NUL */
void buf_append(struct buf *buf, const void *data, size_t size);
void buf_text(struct buf *buf, const char *text);
void buf_span(struct buf *buf, struct span span);
void buf_byte(struct buf *buf, char byte);
void buf_integer(struct buf *buf, int64_t value);
void buf_format(struct buf *buf, const char *format, ...) FORMAT_LIKE(2, 3);
/* text between quotes with the shortest JSON escapes (RFC 8259 section 7; the slash is not escaped) */
void buf_json_string(struct buf *buf, struct span text);
struct span buf_as_span(const struct buf *buf);

#endif
