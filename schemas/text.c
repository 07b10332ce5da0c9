/* SPDX-License-Identifier: Apache-2.0
 * The inside of a JSON string: which bytes are UTF-8 (RFC 3629: no overlong form, no surrogate, nothing past
 * U+10FFFF), which backslashes are escapes, and what they stand for. Never reads past the bytes it is given.
 */
#include "schemas/text.h"

#include <string.h>

#include "schemas/json.h"

static bool follows(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

size_t utf8_size(const unsigned char *text, size_t left)
{
    unsigned char first = left ? text[0] : 0xff;
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4 || left < 2 || !follows(text[1]))
        return 0;
    if (first < 0xe0)
        return 2;
    if (left < 3 || !follows(text[2]))
        return 0;
    if (first < 0xf0) {
        bool overlong = first == 0xe0 && text[1] < 0xa0;
        bool surrogate = first == 0xed && text[1] > 0x9f;
        return overlong || surrogate ? 0 : 3;
    }
    bool overlong = first == 0xf0 && text[1] < 0x90;
    bool beyond = first == 0xf4 && text[1] > 0x8f;
    return left < 4 || !follows(text[3]) || overlong || beyond ? 0 : 4;
}

/* \uXXXX at text: its 16 bits, or -1. */
static int32_t escape_unit(const unsigned char *text, size_t left)
{
    if (left < 6 || text[0] != '\\' || text[1] != 'u')
        return -1;
    int32_t unit = 0;
    for (int i = 2; i < 6; i++) {
        unsigned char byte = text[i], letter = byte | 0x20;
        if (byte >= '0' && byte <= '9')
            unit = unit * 16 + (byte - '0');
        else if (letter >= 'a' && letter <= 'f')
            unit = unit * 16 + (letter - 'a' + 10);
        else
            return -1;
    }
    return unit;
}

static size_t escape_unicode(const unsigned char *text, size_t left, uint32_t *ret_point)
{
    int32_t high = escape_unit(text, left);
    if (high < 0 || (high >= 0xdc00 && high <= 0xdfff))
        return 0;
    *ret_point = (uint32_t)high;
    if (high < 0xd800 || high > 0xdbff)
        return 6;
    int32_t low = escape_unit(text + 6, left - 6);
    if (low < 0xdc00 || low > 0xdfff)
        return 0;
    *ret_point = 0x10000 + (((uint32_t)high - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
    return 12;
}

size_t escape_size(const unsigned char *text, size_t left, uint32_t *ret_point)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    if (left < 2 || text[0] != '\\')
        return 0;
    if (text[1] == 'u')
        return escape_unicode(text, left, ret_point);
    const char *found = text[1] ? strchr(letters, text[1]) : NULL;
    if (!found)
        return 0;
    *ret_point = (unsigned char)meant[found - letters];
    return 2;
}

size_t text_characters(struct span raw, bool escaped)
{
    const unsigned char *text = (const unsigned char *)raw.data;
    size_t count = 0;
    if (!escaped) {
        for (size_t i = 0; i < raw.size; i++)
            count += !follows(text[i]);
        return count;
    }
    for (size_t at = 0; at < raw.size; count++) {
        uint32_t point;
        size_t size = text[at] == '\\' ? escape_size(text + at, raw.size - at, &point)
                                       : utf8_size(text + at, raw.size - at);
        at += size ? size : 1;
    }
    return count;
}

static size_t utf8_put(uint32_t point, char to[4])
{
    if (point < 0x80) {
        to[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        to[0] = (char)(0xc0 | point >> 6);
        to[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        to[0] = (char)(0xe0 | point >> 12);
        to[1] = (char)(0x80 | (point >> 6 & 0x3f));
        to[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | point >> 18);
    to[1] = (char)(0x80 | (point >> 12 & 0x3f));
    to[2] = (char)(0x80 | (point >> 6 & 0x3f));
    to[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

int scan_decode(struct span raw, char *to, size_t capacity, size_t *ret_size)
{
    size_t size = 0;
    for (size_t at = 0; at < raw.size;) {
        const char *escape = memchr(raw.data + at, '\\', raw.size - at);
        size_t plain = escape ? (size_t)(escape - (raw.data + at)) : raw.size - at;
        if (size + plain + 1 > capacity)
            return TEXT_TOO_LONG;
        memcpy(to + size, raw.data + at, plain);
        size += plain;
        at += plain;
        if (!escape)
            break;
        char point_text[4];
        uint32_t point = 0xfffd; /* what is no escape cannot come from the scanner */
        size_t taken = escape_size((const unsigned char *)escape, raw.size - at, &point);
        size_t more = utf8_put(point, point_text);
        if (size + more + 1 > capacity)
            return TEXT_TOO_LONG;
        memcpy(to + size, point_text, more);
        size += more;
        at += taken ? taken : 1;
    }
    if (capacity == 0)
        return TEXT_TOO_LONG;
    to[size] = '\0';
    *ret_size = size;
    return 0;
}
