/* SPDX-License-Identifier: Apache-2.0
 * The signer on a pipe, for the second opinion in test_presign.py: a line is a request, its fields between
 * tabs (object in hexadecimal digits; then headers as name=value, sorted); the answer is a line, its URL. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/cleanup.h"
#include "shared/base/crypto.h"
#include "shared/base/sigv4.h"

enum { FIELDS = 11, HEADERS = 16, OBJECT = 1024 };

struct line {
    char *fields[FIELDS]; /* method endpoint bucket object access secret region at_ms expires_s payload
                             headers */
    struct sigv4_header headers[HEADERS];
    size_t header_count;
    uint8_t object[OBJECT];
};

static void take_headers(char *text, struct line *line)
{
    while (*text && line->header_count < HEADERS) {
        size_t name = strcspn(text, "="), value = strcspn(text + name + 1, "\t");
        char *end = text + name + 1 + value;
        line->headers[line->header_count++] = (struct sigv4_header){text, {text + name + 1, value}};
        text[name] = '\0';
        text = *end ? end + 1 : end;
    }
}

static void take_fields(char *text, struct line *line)
{
    for (int at = 0; at < FIELDS - 1; at++) {
        line->fields[at] = text;
        text += strcspn(text, "\t");
        if (*text)
            *text++ = '\0';
    }
    take_headers(text, line);
}

static int judge(struct line *line, struct buf *to)
{
    char **fields = line->fields;
    size_t size = strlen(fields[3]) / 2;
    if (size > OBJECT || crypto_unhex(span_of(fields[3]), line->object, size) != 0)
        return 1;
    const struct sigv4_account account = {span_of(fields[4]), span_of(fields[5]), span_of(fields[6])};
    const struct sigv4_request request = {.method = fields[0],
                                          .endpoint = span_of(fields[1]),
                                          .bucket = span_of(fields[2]),
                                          .object = {(char *)line->object, size},
                                          .headers = line->headers,
                                          .header_count = line->header_count,
                                          .at_ms = strtoll(fields[7], NULL, 10),
                                          .expires_s = strtoll(fields[8], NULL, 10),
                                          .payload = span_of(fields[9])};
    return sigv4_presign(&account, &request, to);
}

int main(void)
{
    char *text = NULL;
    size_t capacity = 0;
    ssize_t size;
    CLEANUP(buf_done) struct buf to = {0};
    while ((size = getline(&text, &capacity, stdin)) > 0) {
        struct line line = {0};
        text[size - 1] = '\0';
        buf_clear(&to);
        take_fields(text, &line);
        if (judge(&line, &to) != 0)
            return EXIT_FAILURE;
        printf("%s\n", to.data);
        fflush(stdout);
    }
    free(text);
    return EXIT_SUCCESS;
}
