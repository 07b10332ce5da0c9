/* SPDX-License-Identifier: Apache-2.0
 * One production a function; the names are those of RFC 9112 and RFC 9110. Nothing is forgiven but one empty
 * line before the request line (section 2.2). */
#include "tests/fuzz/strict.h"

#include <string.h>
#include <strings.h>

static bool is_tchar(unsigned char byte)
{
    return byte != 0 &&
           strchr("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", byte) !=
               NULL;
}

/* field-content and white space: VCHAR, obs-text, SP, HTAB. */
static bool is_content(struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if ((byte < ' ' && byte != '\t') || byte == 0x7f)
            return false;
    }
    return true;
}

static bool is_token(struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!is_tchar((unsigned char)text.data[i]))
            return false;
    return text.size > 0;
}

/* Takes a line off text, which must end with CRLF and hold no CR or LF else. */
static bool line(struct span *text, struct span *ret_line)
{
    const char *end = memchr(text->data, '\n', text->size);
    size_t size = end ? (size_t)(end - text->data) : 0;
    if (size == 0 || text->data[size - 1] != '\r')
        return false;
    *ret_line = (struct span){text->data, size - 1};
    *text = (struct span){text->data + size + 1, text->size - size - 1};
    return is_content(*ret_line);
}

static bool request_line(struct span text, struct strict *strict)
{
    const char *first = memchr(text.data, ' ', text.size);
    const char *second = first ? memchr(first + 1, ' ', text.size - (size_t)(first + 1 - text.data)) : NULL;
    if (!second)
        return false;
    strict->method = (struct span){text.data, (size_t)(first - text.data)};
    strict->target = (struct span){first + 1, (size_t)(second - first - 1)};
    struct span version = {second + 1, text.size - (size_t)(second + 1 - text.data)};
    return is_token(strict->method) && strict->target.size > 0 &&
           (span_is(version, "HTTP/1.1") || span_is(version, "HTTP/1.0"));
}

static bool digits(struct span text, uint64_t *ret_value)
{
    *ret_value = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || *ret_value > (UINT64_MAX >> 5))
            return false;
        *ret_value = *ret_value * 10 + (uint64_t)(text.data[i] - '0');
    }
    return text.size > 0;
}

static bool field_line(struct span text, struct strict *strict)
{
    const char *colon = memchr(text.data, ':', text.size);
    if (!colon)
        return false;
    struct span name = {text.data, (size_t)(colon - text.data)};
    struct span value = {colon + 1, text.size - name.size - 1};
    while (value.size > 0 && (value.data[0] == ' ' || value.data[0] == '\t'))
        value = (struct span){value.data + 1, value.size - 1};
    while (value.size > 0 && (value.data[value.size - 1] == ' ' || value.data[value.size - 1] == '\t'))
        value.size--;
    strict->hosts += span_is_nocase(name, "host");
    if (span_is_nocase(name, "content-length") && (strict->lengths++, !digits(value, &strict->length)))
        return false;
    if (span_is_nocase(name, "transfer-encoding")) {
        strict->codings++;
        strict->chunked = true;
        if (!span_is_nocase(value, "chunked"))
            return false;
    }
    return is_token(name);
}

/* chunk-size [ chunk-ext ]: what an extension says is not looked at. */
static bool chunk_size(struct span text, uint64_t *ret_size)
{
    size_t at = 0;
    *ret_size = 0;
    for (; at < text.size && strchr("0123456789abcdefABCDEF", text.data[at]) && text.data[at]; at++) {
        int byte = text.data[at] | 0x20;
        if (*ret_size > (UINT64_MAX >> 5))
            return false;
        *ret_size = *ret_size * 16 + (uint64_t)(byte > '9' ? byte - 'a' + 10 : byte - '0');
    }
    while (at > 0 && at < text.size && (text.data[at] == ' ' || text.data[at] == '\t'))
        at++;
    return at > 0 && (at == text.size ? is_tchar((unsigned char)text.data[at - 1]) : text.data[at] == ';');
}

static bool chunked_body(struct span *text, struct strict *strict)
{
    for (;;) {
        struct span head;
        uint64_t size;
        if (!line(text, &head) || !chunk_size(head, &size))
            return false;
        if (size == 0)
            return line(text, &head) && head.size == 0; /* no trailer section */
        if (size > text->size || text->size - size < 2 || memcmp(text->data + size, "\r\n", 2) != 0)
            return false;
        buf_append(&strict->body, text->data, size);
        *text = (struct span){text->data + size + 2, text->size - size - 2};
    }
}

bool strict_read(struct span *text, struct strict *strict)
{
    struct span part;
    buf_clear(&strict->body);
    *strict = (struct strict){.body = strict->body};
    if (text->size >= 2 && memcmp(text->data, "\r\n", 2) == 0)
        *text = (struct span){text->data + 2, text->size - 2};
    if (!line(text, &part) || !request_line(part, strict))
        return false;
    bool old = part.data[part.size - 1] == '0';
    for (;;) {
        if (!line(text, &part))
            return false;
        if (part.size == 0)
            break;
        if (!field_line(part, strict))
            return false;
    }
    if (strict->hosts > 1 || (strict->hosts == 0 && !old) || strict->lengths + strict->codings > 1)
        return false;
    if (strict->chunked)
        return !old && chunked_body(text, strict);
    if (strict->length > text->size)
        return false;
    buf_append(&strict->body, text->data, strict->length);
    *text = (struct span){text->data + strict->length, text->size - strict->length};
    return true;
}
