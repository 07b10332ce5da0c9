/* SPDX-License-Identifier: Apache-2.0
 * The named formats of strings, each as a grammar over bytes that are UTF-8 already. What a grammar cannot
 * know (does the country, the zone, the mailbox exist?) is left to those who use it. */
#include <string.h>

#include "schemas/walk.h"

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_capital(char byte)
{
    return byte >= 'A' && byte <= 'Z';
}

static bool is_small(char byte)
{
    return byte >= 'a' && byte <= 'z';
}

static bool is_letter(char byte)
{
    return is_capital(byte) || is_small(byte);
}

static bool is_word(char byte)
{
    return is_letter(byte) || is_digit(byte);
}

static bool is_base64url(char byte)
{
    return is_word(byte) || byte == '-' || byte == '_';
}

static bool is_hex(char byte)
{
    return is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

static bool is_visible(char byte)
{
    return byte > 0x20 && byte < 0x7f;
}

static bool each(struct span text, bool (*is)(char))
{
    for (size_t i = 0; i < text.size; i++)
        if (!is(text.data[i]))
            return false;
    return true;
}

/* Control characters are U+0000..001F, U+007F and U+0080..009F (two bytes, the first 0xc2). */
static bool has_control(struct span text, bool lines)
{
    const unsigned char *byte = (const unsigned char *)text.data, *end = byte + text.size;
    for (; byte < end; byte++) {
        if (*byte >= 0x20 && *byte < 0x7f)
            continue;
        if (lines && (*byte == '\n' || *byte == '\t'))
            continue;
        if (*byte < 0x20 || *byte == 0x7f || (*byte == 0xc2 && byte + 1 < end && byte[1] < 0xa0))
            return true;
    }
    return false;
}

/* The local part: dot-separated words of RFC 5322's atom characters, 1 to 64 bytes in all. */
static bool is_mailbox(struct span text)
{
    bool after_dot = true;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        bool dot = byte == '.';
        if (dot ? after_dot : !is_word(byte) && !(byte && strchr("!#$%&'*+-/=?^_`{|}~", byte)))
            return false;
        after_dot = dot;
    }
    return text.size >= 1 && text.size <= 64 && !after_dot;
}

/* Two labels or more of letters, digits and inner hyphens, 1 to 63 bytes each; the last is no number. */
static bool is_domain(struct span text)
{
    size_t begin = 0, labels = 0;
    bool letters = false;
    for (size_t i = 0; i <= text.size; i++) {
        if (i < text.size && text.data[i] != '.') {
            letters |= is_letter(text.data[i]);
            if (!is_word(text.data[i]) && text.data[i] != '-')
                return false;
            continue;
        }
        if (i == begin || i - begin > 63 || text.data[begin] == '-' || text.data[i - 1] == '-')
            return false;
        if (i == text.size)
            break;
        labels++;
        letters = false;
        begin = i + 1;
    }
    return labels >= 1 && letters;
}

static bool is_email(struct span text)
{
    const char *at = memchr(text.data, '@', text.size);
    if (!at)
        return false;
    size_t local = (size_t)(at - text.data);
    return is_mailbox((struct span){text.data, local}) &&
           is_domain((struct span){at + 1, text.size - local - 1});
}

static bool is_phone(struct span text)
{
    if (text.size < 9 || text.size > 16 || text.data[0] != '+' || text.data[1] == '0')
        return false;
    return each((struct span){text.data + 1, text.size - 1}, is_digit);
}

/* One part of a zone's name: Paris, Port-au-Prince, GMT+1. */
static bool is_zone_part(struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!is_word(text.data[i]) && !(text.data[i] && strchr("_+-", text.data[i])))
            return false;
    return text.size > 0 && is_capital(text.data[0]);
}

/* UTC, or two or three parts with slashes between. */
static bool is_zone(struct span text)
{
    size_t begin = 0, parts = 0;
    if (span_is(text, "UTC"))
        return true;
    for (size_t i = 0; i <= text.size; i++) {
        if (i < text.size && text.data[i] != '/')
            continue;
        if (!is_zone_part((struct span){text.data + begin, i - begin}))
            return false;
        begin = i + 1;
        parts++;
    }
    return parts == 2 || parts == 3;
}

static size_t digits_at(struct span text, size_t at)
{
    size_t begin = at;
    while (at < text.size && is_digit(text.data[at]))
        at++;
    return at - begin;
}

/* The grammar of a JSON number, for decimals that came as strings. */
static bool is_decimal(struct span text)
{
    size_t at = text.size && text.data[0] == '-', whole = digits_at(text, at);
    if (whole == 0 || (whole > 1 && text.data[at] == '0'))
        return false;
    at += whole;
    if (at < text.size && text.data[at] == '.') {
        size_t fraction = digits_at(text, at + 1);
        if (fraction == 0)
            return false;
        at += 1 + fraction;
    }
    if (at < text.size && (text.data[at] | 0x20) == 'e') {
        at += 1 + (at + 1 < text.size && (text.data[at + 1] == '+' || text.data[at + 1] == '-'));
        size_t exponent = digits_at(text, at);
        if (exponent == 0)
            return false;
        at += exponent;
    }
    return at == text.size;
}

bool number_is_whole(struct span number)
{
    size_t sign = number.size && number.data[0] == '-';
    return digits_at(number, sign) == number.size - sign && number.size > sign &&
           (number.data[sign] != '0' || number.size == 1);
}

bool format_is_ascii(enum field_format format)
{
    return format != FORMAT_NONE && format != FORMAT_TEXT && format != FORMAT_LINE;
}

static const char *unless(bool right, const char *refusal)
{
    return right ? NULL : refusal;
}

const char *format_refusal(enum field_format format, struct span text)
{
    switch (format) {
    case FORMAT_NONE:
        return unless(!memchr(text.data, '\0', text.size), "must not hold the character U+0000");
    case FORMAT_TEXT:
        return unless(!has_control(text, true), "must not hold control characters but line ends and tabs");
    case FORMAT_LINE:
        return unless(!has_control(text, false), "must be one line without control characters");
    case FORMAT_EMAIL:
        return unless(is_email(text), "must be an e-mail address");
    case FORMAT_PHONE:
        return unless(is_phone(text), "must be a phone number: + and 8 to 15 digits");
    case FORMAT_COUNTRY:
        return unless(text.size == 2 && each(text, is_capital), "must be a country: two capital letters");
    case FORMAT_CURRENCY:
        return unless(text.size == 3 && each(text, is_capital), "must be a currency: three capital letters");
    case FORMAT_LANGUAGE:
        return unless(text.size == 2 && each(text, is_small), "must be a language: two small letters");
    case FORMAT_ZONE:
        return unless(is_zone(text), "must be a time zone's name, such as Africa/Dakar");
    case FORMAT_HEX:
        return unless(each(text, is_hex), "must be hexadecimal digits");
    case FORMAT_BASE64URL:
        return unless(each(text, is_base64url), "must be base64url without padding");
    case FORMAT_ASCII:
        return unless(each(text, is_visible), "must be visible ASCII characters");
    case FORMAT_DECIMAL:
        return unless(is_decimal(text), "must be a decimal number");
    }
    return "is of no known format";
}
