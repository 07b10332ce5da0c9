/* SPDX-License-Identifier: Apache-2.0
 * Any bytes through the scanner: what it takes nests properly, and its strings decode to as many characters
 * of UTF-8 as it says. */
#include <string.h>

#include "schemas/json.h"
#include "schemas/text.h"
#include "tests/fuzz/fuzz.h"

static void look_at_string(const struct scan *scan)
{
    size_t capacity = scan->text.size + 1, size = 0, characters = 0;
    char *decoded = malloc(capacity);
    LAW(decoded != NULL);
    LAW(scan_decode(scan->text, decoded, capacity, &size) == 0); /* escapes only shrink */
    LAW(scan->escaped ||
        (size == scan->text.size && (size == 0 || memcmp(decoded, scan->text.data, size) == 0)));
    for (size_t at = 0; at < size; characters++) {
        size_t taken = utf8_size((const unsigned char *)decoded + at, size - at);
        LAW(taken > 0);
        at += taken;
    }
    LAW(characters == text_characters(scan->text, scan->escaped));
    free(decoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span json = {(const char *)data, size};
    struct scan scan;
    enum scan_token token;
    int depth = 0;
    scan_start(&scan, json);
    do {
        token = scan_next(&scan);
        depth += token == SCAN_OBJECT || token == SCAN_ARRAY;
        depth -= token == SCAN_OBJECT_END || token == SCAN_ARRAY_END;
        LAW(depth >= 0 && depth <= SCAN_DEPTH && scan.at <= size);
        if (token == SCAN_STRING || token == SCAN_NAME)
            look_at_string(&scan);
    } while (token != SCAN_END && token != SCAN_MALFORMED);
    size_t at = 0;
    const char *reason = NULL;
    LAW((scan_check(json, &at, &reason) == 0) == (token == SCAN_END));
    LAW(token == SCAN_END ? depth == 0 : reason != NULL && at <= size);
    scan_start(&scan, json);
    LAW((scan_skip(&scan, scan_next(&scan)) == SCAN_END && scan_next(&scan) == SCAN_END) ==
        (token == SCAN_END));
    return 0;
}
