/* SPDX-License-Identifier: Apache-2.0
 * The header fields we know, as rows: where each is kept, and that it may stand once. Of the others those the
 * program's configuration names are kept, the rest is skipped.
 * Values are trimmed of spaces and tabs only; nothing is ever joined from several lines. */
#include <string.h>
#include <strings.h>

#include "shared/base/cleanup.h"
#include "shared/http/connection.h"

struct header_row {
    const char *name;
    size_t size;
    size_t offset; /* of its span in struct http_request */
};

#define ROW(text, member)                                                                                    \
    {                                                                                                        \
        text, sizeof(text) - 1, offsetof(struct http_request, member)                                        \
    }
static const struct header_row rows[] = {
    ROW("host", host),
    ROW("content-length", length),
    ROW("transfer-encoding", transfer),
    ROW("expect", expect),
    ROW("content-encoding", encoding),
    ROW("content-type", seen.content_type),
    ROW("authorization", seen.authorization),
    ROW("idempotency-key", seen.idempotency_key),
    ROW("traceparent", seen.traceparent),
    ROW("if-none-match", seen.if_none_match),
    ROW("prefer", seen.prefer),
};
#undef ROW

static bool blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static struct span trim(struct span text)
{
    while (text.size > 0 && blank(text.data[0]))
        text = (struct span){text.data + 1, text.size - 1};
    while (text.size > 0 && blank(text.data[text.size - 1]))
        text.size--;
    return text;
}

/* The text up to mark, trimmed; rest goes on behind it, its data NULL where there is no more. */
static struct span cut(struct span *rest, char mark)
{
    const char *at = memchr(rest->data, mark, rest->size);
    struct span part = {rest->data, at ? (size_t)(at - rest->data) : rest->size};
    *rest = at ? (struct span){at + 1, rest->size - part.size - 1} : (struct span){NULL, 0};
    return trim(part);
}

/* q=0, q=0.0 and so on: not wanted. */
static bool refuses(struct span parameters)
{
    while (parameters.data) {
        struct span value = cut(&parameters, ';'), name;
        name = cut(&value, '=');
        value = value.data ? trim(value) : value;
        if (!span_is_nocase(name, "q") || value.size == 0 || value.data[0] != '0')
            continue;
        for (size_t i = 1; i < value.size; i++)
            if (value.data[i] != '0' && value.data[i] != '.')
                return false;
        return true;
    }
    return false;
}

/* Whether JSON may answer: the most specific range that names it decides (RFC 9110 section 12.5.1). */
static bool accepts_json(struct span list)
{
    static const char *const ranges[] = {"*/*", "application/*", "application/json"};
    size_t best = 0;
    bool accepted = false;
    while (list.data) {
        struct span parameters = cut(&list, ','), range;
        range = cut(&parameters, ';');
        for (size_t i = best; i < sizeof(ranges) / sizeof(*ranges); i++) {
            if (!span_is_nocase(range, ranges[i]))
                continue;
            best = i;
            accepted = !refuses(parameters);
        }
    }
    return accepted;
}

static void take_accept(struct http_request *request, struct span value)
{
    request->accept_seen = true;
    request->accepts |= value.size == 0 || accepts_json(value);
    if (!request->seen.accept.data)
        request->seen.accept = value;
}

/* Keeps value where the field belongs; bit stands for the field among those seen. */
static int keep(struct http_request *request, size_t bit, struct span value, struct span *to)
{
    if (request->known & (1u << bit))
        return request_refuse(request, PROBLEM_BAD_REQUEST,
                              "A header field stands twice that may stand once.");
    request->known |= 1u << bit;
    *to = value;
    return 0;
}

int header_take(struct http_request *request)
{
    const char *const *wanted = request->connection->server->config.headers;
    const size_t known = sizeof(rows) / sizeof(*rows);
    if (request->name.size == 0)
        return request_refuse(request, PROBLEM_BAD_REQUEST, "A header field has no name.");
    struct span name = request->name, value = trim(request->value);
    if (!value.data)
        value.data = "";
    if (span_is_nocase(name, "accept")) {
        take_accept(request, value);
        return 0;
    }
    for (size_t i = 0; i < known; i++)
        if (name.size == rows[i].size && strncasecmp(name.data, rows[i].name, name.size) == 0)
            return keep(request, i, value, (struct span *)((char *)request + rows[i].offset));
    for (size_t i = 0; wanted && i < HTTP_HEADERS && wanted[i]; i++)
        if (span_is_nocase(name, wanted[i]))
            return keep(request, known + i, value, &request->seen.headers[i]);
    return 0;
}

bool header_names_json(struct span content_type)
{
    if (!content_type.data)
        return false;
    struct span rest = content_type;
    if (!span_is_nocase(cut(&rest, ';'), "application/json"))
        return false;
    if (!rest.data)
        return true;
    struct span value = cut(&rest, ';'), name;
    name = cut(&value, '=');
    return !rest.data && value.data && span_is_nocase(name, "charset") &&
           (span_is_nocase(value, "utf-8") || span_is_nocase(value, "\"utf-8\""));
}
