/* SPDX-License-Identifier: Apache-2.0
 * A strict RFC 8259 scanner over bytes in memory: no tree, no heap, no recursion. It is a pull parser: each
 * scan_next() gives one token; strings and numbers are spans of the input, decoded on demand.
 * It checks structure, number grammar, escapes, UTF-8 (no overlong form, no surrogate, no lone \u surrogate),
 * depth, and that nothing follows the value. Duplicate members are the codec's to refuse. */
#ifndef COLIS_SCHEMAS_JSON_H
#define COLIS_SCHEMAS_JSON_H

#include <stdbool.h>

#include "shared/base/buf.h"

enum { SCAN_DEPTH = 32 }; /* deeper input is refused */

enum scan_token {
    SCAN_END = 0,   /* the one value is complete and only white space followed */
    SCAN_MALFORMED, /* see reason and at */
    SCAN_OBJECT,
    SCAN_OBJECT_END,
    SCAN_ARRAY,
    SCAN_ARRAY_END,
    SCAN_NAME, /* a member's name: text is the raw inside of the quotes */
    SCAN_STRING,
    SCAN_NUMBER,
    SCAN_TRUE,
    SCAN_FALSE,
    SCAN_NULL,
};

struct scan {
    const char *data;
    size_t size, at;
    struct span text;   /* of the newest name, string (raw, between the quotes) or number */
    bool escaped;       /* text holds a backslash: decode before use */
    const char *reason; /* why SCAN_MALFORMED; static text */
    unsigned depth;
    unsigned char state;
    uint32_t is_object; /* one bit a level */
};

void scan_start(struct scan *scan, struct span json);
MUST_CHECK enum scan_token scan_next(struct scan *scan);
/* Skips the value that token began (a scalar: nothing). SCAN_END when well formed, else SCAN_MALFORMED. */
MUST_CHECK enum scan_token scan_skip(struct scan *scan, enum scan_token token);
/* Decodes the escapes of raw into to (UTF-8, NUL added); TEXT_TOO_LONG when capacity is too small. */
MUST_CHECK int scan_decode(struct span raw, char *to, size_t capacity, size_t *ret_size);
/* Reads the whole input; 0, or 1 with *ret_at and *ret_reason. */
MUST_CHECK int scan_check(struct span json, size_t *ret_at, const char **ret_reason);

#endif
