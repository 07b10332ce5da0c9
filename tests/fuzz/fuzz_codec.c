/* SPDX-License-Identifier: Apache-2.0
 * Any bytes through the codec: the first line names the schema (or its first byte picks one), the rest is the
 * document. What is taken is written and read again as the same bytes; what is not JSON is not JSON to the
 * scanner either, unless a member doubles. */
#include <string.h>

#include "schemas/json.h"
#include "schemas/messages.h"
#include "shared/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

static char message[65536], again[65536];

static void look_at_message(const struct schema *schema)
{
    CLEANUP(buf_done) struct buf one = {0};
    CLEANUP(buf_done) struct buf other = {0};
    codec_encode(schema, message, CODEC_ALL, &one);
    LAW(codec_decode(schema, buf_as_span(&one), again, NULL) == 0);
    LAW(memcmp(message, again, schema->size) == 0);
    codec_encode(schema, again, CODEC_ALL, &other);
    LAW(one.size == other.size && memcmp(one.data, other.data, one.size) == 0);
    size_t at;
    const char *reason;
    buf_clear(&one), buf_clear(&other);
    codec_encode(schema, message, CODEC_PUBLIC, &one);
    codec_encode(schema, message, CODEC_PRIVATE, &other);
    LAW(scan_check(buf_as_span(&one), &at, &reason) == 0 &&
        scan_check(buf_as_span(&other), &at, &reason) == 0);
}

static void look_at_errors(const struct codec_errors *errors, int result, size_t size)
{
    LAW((result == CODEC_NOT_JSON) == (errors->syntax != NULL));
    LAW((result == CODEC_INVALID) == (errors->count > 0));
    LAW(errors->at <= size && errors->count <= CODEC_ERRORS);
    for (size_t i = 0; i < errors->count; i++) {
        const char *pointer = errors->items[i].pointer;
        LAW(errors->items[i].reason && (pointer[0] == '\0' || pointer[0] == '/'));
        LAW(memchr(pointer, '\0', CODEC_POINTER) != NULL);
    }
}

/* Takes the first line off text. */
static const struct schema *schema_chosen(struct span *text)
{
    char name[64] = "";
    uint8_t count = 0;
    while (schema_rows[count])
        count++;
    const char *end = memchr(text->data, '\n', text->size);
    struct span line = {text->data, end ? (size_t)(end - text->data) : text->size};
    uint8_t first = (uint8_t)text->data[0];
    text->data += line.size + (end != NULL);
    text->size -= line.size + (end != NULL);
    const struct schema *named = text_copy(name, sizeof name, line) == 0 ? schema_of(name) : NULL;
    return named ? named : schema_rows[first % count];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span json = {(const char *)data, size};
    if (size == 0)
        return 0;
    const struct schema *schema = schema_chosen(&json);
    struct codec_errors errors;
    int result = codec_decode(schema, json, message, &errors);
    LAW(result >= 0 && result <= CODEC_INVALID);
    look_at_errors(&errors, result, json.size);
    size_t at;
    const char *reason;
    bool well_formed = scan_check(json, &at, &reason) == 0;
    LAW(well_formed ? result != CODEC_NOT_JSON || strcmp(errors.syntax, "a member stands twice") == 0
                    : result == CODEC_NOT_JSON);
    if (result == 0)
        look_at_message(schema);
    return 0;
}
