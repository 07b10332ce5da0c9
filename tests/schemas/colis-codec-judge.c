/* SPDX-License-Identifier: Apache-2.0
 * The codec on a pipe, for the second opinion in agree.py: a line is a schema's name, a tab and a document in
 * hexadecimal digits; the answer is a line of JSON: its verdict, and the canonical form or the errors. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/messages.h"
#include "shared/base/cleanup.h"
#include "shared/base/crypto.h"

static char message[65536];

static void answer_valid(const struct schema *schema, struct buf *to)
{
    CLEANUP(buf_done) struct buf canonical = {0};
    codec_encode(schema, message, CODEC_ALL, &canonical);
    buf_text(to, "{\"verdict\":\"valid\",\"canonical\":");
    buf_json_string(to, buf_as_span(&canonical));
}

static void answer_invalid(const struct codec_errors *errors, struct buf *to)
{
    buf_text(to, "{\"verdict\":\"invalid\",\"errors\":[");
    for (size_t i = 0; i < errors->count; i++) {
        buf_text(to, i ? ",[" : "[");
        buf_json_string(to, span_of(errors->items[i].pointer));
        buf_byte(to, ',');
        buf_json_string(to, span_of(errors->items[i].reason));
        buf_byte(to, ']');
    }
    buf_format(to, "],\"more\":%s", errors->more ? "true" : "false");
}

static void answer(const struct schema *schema, struct span json, struct buf *to)
{
    struct codec_errors errors;
    int result = codec_decode(schema, json, message, &errors);
    if (result == 0)
        answer_valid(schema, to);
    else if (result == CODEC_INVALID)
        answer_invalid(&errors, to);
    else
        buf_format(to, "{\"verdict\":\"not-json\",\"reason\":\"%s\",\"at\":%zu", errors.syntax, errors.at);
    buf_text(to, "}\n");
}

static void judge(char *line, struct buf *to)
{
    char *tab = strchr(line, '\t');
    const struct schema *schema = NULL;
    if (tab) {
        *tab = '\0';
        schema = schema_of(line);
    }
    size_t size = tab ? strlen(tab + 1) / 2 : 0;
    uint8_t *bytes = memory_new(size + 1, 1);
    if (!schema || crypto_unhex(span_of(tab + 1), bytes, size) != 0)
        buf_text(to, "{\"verdict\":\"unknown\"}\n");
    else
        answer(schema, (struct span){(char *)bytes, size}, to);
    free(bytes);
}

int main(void)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    CLEANUP(buf_done) struct buf to = {0};
    while ((size = getline(&line, &capacity, stdin)) > 0) {
        line[size - (line[size - 1] == '\n')] = '\0';
        buf_clear(&to);
        judge(line, &to);
        fwrite(to.data, 1, to.size, stdout);
        fflush(stdout);
    }
    free(line);
    return EXIT_SUCCESS;
}
