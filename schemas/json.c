/* SPDX-License-Identifier: Apache-2.0
 * The scanner: what may come next is one of eight states, containers are one bit a level. It allocates
 * nothing, calls itself nowhere, and once it met a malformed byte it stays there. */
#include "schemas/json.h"

#include <string.h>

#include "schemas/text.h"

enum scan_state {
    STATE_VALUE,       /* a value must come */
    STATE_FIRST_NAME,  /* after {: a name, or } */
    STATE_NAME,        /* after a comma in an object */
    STATE_COLON,       /* after a name: a colon and its value */
    STATE_FIRST_VALUE, /* after [: a value, or ] */
    STATE_AFTER,       /* after a value in a container: a comma or its end */
    STATE_DONE,        /* after the whole value: nothing but white space */
    STATE_BROKEN,
};

/* Bytes that may stand in a string as they are, without a further look. */
#define EIGHT(n) n, n, n, n, n, n, n, n
static const unsigned char plain[256] = {
    EIGHT(0), EIGHT(0), EIGHT(0), EIGHT(0),                           /* control characters */
    1,        1,        0,        1,        1,        1,        1, 1, /* the quote */
    EIGHT(1), EIGHT(1), EIGHT(1), EIGHT(1), EIGHT(1), EIGHT(1), 1, 1, 1, 1, 0, 1, 1, 1, /* the backslash */
    EIGHT(1), EIGHT(1), EIGHT(1), EIGHT(1), /* from 0x80 on: UTF-8 to be checked */
};

void scan_start(struct scan *scan, struct span json)
{
    *scan = (struct scan){.data = json.data, .size = json.size, .state = STATE_VALUE};
}

static enum scan_token malformed(struct scan *scan, const char *reason)
{
    scan->state = STATE_BROKEN;
    scan->reason = reason;
    return SCAN_MALFORMED;
}

/* The next byte that is not white space, not yet taken; -1 at the end. */
static int peek(struct scan *scan)
{
    while (scan->at < scan->size) {
        char byte = scan->data[scan->at];
        if (byte != ' ' && byte != '\n' && byte != '\r' && byte != '\t')
            return (unsigned char)byte;
        scan->at++;
    }
    return -1;
}

static bool in_object(const struct scan *scan)
{
    return scan->is_object >> (scan->depth - 1) & 1;
}

static enum scan_token done_with(struct scan *scan, enum scan_token token)
{
    scan->state = scan->depth ? STATE_AFTER : STATE_DONE;
    return token;
}

static size_t skip_plain(const unsigned char *text, size_t at, size_t size)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    while (size - at >= 8) {
        uint64_t word;
        memcpy(&word, text + at, 8);
        uint64_t quote = word ^ (ones * '"'), backslash = word ^ (ones * '\\');
        uint64_t found = word | (quote - ones) | (backslash - ones) | (word - ones * 0x20);
        if (found & tops)
            break; /* one of these eight, or a neighbour's borrow: look at each */
        at += 8;
    }
    while (at < size && plain[text[at]])
        at++;
    return at;
}

/* A string whose opening quote is at at; leaves at behind its closing quote. */
static enum scan_token take_string(struct scan *scan, enum scan_token token)
{
    const unsigned char *text = (const unsigned char *)scan->data;
    size_t begin = ++scan->at;
    scan->escaped = false;
    for (;;) {
        scan->at = skip_plain(text, scan->at, scan->size);
        if (scan->at == scan->size)
            return malformed(scan, "a string does not end");
        unsigned char byte = text[scan->at];
        uint32_t point;
        size_t size;
        if (byte == '"')
            break;
        if (byte < 0x20)
            return malformed(scan, "a control character stands in a string");
        if (byte == '\\') {
            scan->escaped = true;
            size = escape_size(text + scan->at, scan->size - scan->at, &point);
        } else {
            size = utf8_size(text + scan->at, scan->size - scan->at);
        }
        if (size == 0)
            return malformed(scan, byte == '\\' ? "a backslash begins no escape" : "not UTF-8");
        scan->at += size;
    }
    scan->text = (struct span){scan->data + begin, scan->at - begin};
    scan->at++;
    return token;
}

static size_t skip_digits(const struct scan *scan, size_t at)
{
    while (at < scan->size && scan->data[at] >= '0' && scan->data[at] <= '9')
        at++;
    return at;
}

static bool stands_at(const struct scan *scan, size_t at, const char *any)
{
    return at < scan->size && scan->data[at] && strchr(any, scan->data[at]);
}

static enum scan_token take_number(struct scan *scan)
{
    size_t begin = scan->at, at = begin + (scan->data[begin] == '-'), end = skip_digits(scan, at);
    bool wrong = end == at || (scan->data[at] == '0' && end > at + 1);
    if (!wrong && stands_at(scan, end, ".")) {
        at = end + 1;
        end = skip_digits(scan, at);
        wrong = end == at;
    }
    if (!wrong && stands_at(scan, end, "eE")) {
        at = end + 1 + stands_at(scan, end + 1, "+-");
        end = skip_digits(scan, at);
        wrong = end == at;
    }
    scan->at = end;
    if (wrong)
        return malformed(scan, "not a number");
    scan->text = (struct span){scan->data + begin, end - begin};
    return done_with(scan, SCAN_NUMBER);
}

static enum scan_token take_word(struct scan *scan, const char *word, enum scan_token token)
{
    size_t size = strlen(word);
    if (scan->size - scan->at < size || memcmp(scan->data + scan->at, word, size) != 0)
        return malformed(scan, "not a value");
    scan->at += size;
    return done_with(scan, token);
}

static enum scan_token take_begin(struct scan *scan, bool object)
{
    if (scan->depth == SCAN_DEPTH)
        return malformed(scan, "too deep");
    uint32_t bit = UINT32_C(1) << scan->depth++;
    scan->is_object = object ? scan->is_object | bit : scan->is_object & ~bit;
    scan->at++;
    scan->state = object ? STATE_FIRST_NAME : STATE_FIRST_VALUE;
    return object ? SCAN_OBJECT : SCAN_ARRAY;
}

static enum scan_token take_end(struct scan *scan)
{
    bool object = in_object(scan);
    scan->depth--;
    scan->at++;
    return done_with(scan, object ? SCAN_OBJECT_END : SCAN_ARRAY_END);
}

static enum scan_token take_value(struct scan *scan)
{
    int byte = peek(scan);
    switch (byte) {
    case '{':
        return take_begin(scan, true);
    case '[':
        return take_begin(scan, false);
    case '"':
        if (take_string(scan, SCAN_STRING) == SCAN_MALFORMED)
            return SCAN_MALFORMED;
        return done_with(scan, SCAN_STRING);
    case 't':
        return take_word(scan, "true", SCAN_TRUE);
    case 'f':
        return take_word(scan, "false", SCAN_FALSE);
    case 'n':
        return take_word(scan, "null", SCAN_NULL);
    case -1:
        return malformed(scan, "it ends too early");
    default:
        if (byte == '-' || (byte >= '0' && byte <= '9'))
            return take_number(scan);
        return malformed(scan, "not a value");
    }
}

static enum scan_token take_name(struct scan *scan)
{
    if (peek(scan) != '"')
        return malformed(scan,
                         scan->at == scan->size ? "it ends too early" : "a member's name must come here");
    scan->state = STATE_COLON;
    return take_string(scan, SCAN_NAME);
}

/* Between two values of a container: 0 when a comma was taken, else the token there. */
static enum scan_token take_between(struct scan *scan)
{
    int byte = peek(scan);
    bool object = in_object(scan);
    if (byte == ',') {
        scan->at++;
        scan->state = object ? STATE_NAME : STATE_VALUE;
        return SCAN_END;
    }
    if (byte == (object ? '}' : ']'))
        return take_end(scan);
    return malformed(scan, byte < 0 ? "it ends too early" : "a comma or an end must come here");
}

enum scan_token scan_next(struct scan *scan)
{
    if (scan->state == STATE_AFTER) {
        enum scan_token token = take_between(scan);
        if (token != SCAN_END)
            return token;
    }
    switch ((enum scan_state)scan->state) {
    case STATE_FIRST_NAME:
        return peek(scan) == '}' ? take_end(scan) : take_name(scan);
    case STATE_NAME:
        return take_name(scan);
    case STATE_COLON:
        if (peek(scan) != ':')
            return malformed(scan, scan->at == scan->size ? "it ends too early" : "a colon must come here");
        scan->at++;
        return take_value(scan);
    case STATE_FIRST_VALUE:
        return peek(scan) == ']' ? take_end(scan) : take_value(scan);
    case STATE_VALUE:
        return take_value(scan);
    case STATE_DONE:
        return peek(scan) < 0 ? SCAN_END : malformed(scan, "something follows the value");
    default:
        return SCAN_MALFORMED;
    }
}

enum scan_token scan_skip(struct scan *scan, enum scan_token token)
{
    unsigned outside = scan->depth - 1;
    if (token == SCAN_OBJECT || token == SCAN_ARRAY)
        while (token != SCAN_MALFORMED && scan->depth > outside)
            token = scan_next(scan);
    return token == SCAN_MALFORMED ? SCAN_MALFORMED : SCAN_END;
}

int scan_check(struct span json, size_t *ret_at, const char **ret_reason)
{
    struct scan scan;
    scan_start(&scan, json);
    for (;;) {
        enum scan_token token = scan_next(&scan);
        if (token == SCAN_END)
            return 0;
        if (token == SCAN_MALFORMED) {
            *ret_at = scan.at;
            *ret_reason = scan.reason;
            return 1;
        }
    }
}
