/* SPDX-License-Identifier: Apache-2.0
 * The judge of a request's head, before any byte of its body is taken: request line, Host, framing, route,
 * what the client accepts and sends. The order of the questions is the order of the answers a client sees. */
#include <string.h>
#include <strings.h>

#include "shared/base/cleanup.h"
#include "shared/http/connection.h"

struct method_row {
    const char *name;
    bool body; /* may carry one; others that do are refused: a body nobody reads is how requests are smuggled
                */
};

/* What a route table may name, and TRACE and OPTIONS to be told 405. Anything else is 501. */
static const struct method_row methods[] = {
    {"GET", false},    {"POST", true},     {"HEAD", false},  {"PUT", true}, {"PATCH", true},
    {"DELETE", false}, {"OPTIONS", false}, {"TRACE", false}, {NULL, false},
};

static const struct method_row *method_find(struct span name)
{
    const struct method_row *row = methods;
    while (row->name && !span_is(name, row->name))
        row++;
    return row->name ? row : NULL;
}

static int bad_line(struct http_request *request)
{
    return request_refuse(request, PROBLEM_BAD_REQUEST, "The request line is malformed.");
}

static bool digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* "HTTP/1.1" and "HTTP/1.0" are spoken; another well-formed version is 505, anything else malformed. */
static int admit_version(struct http_request *request, struct span text)
{
    if (text.size != 8 || memcmp(text.data, "HTTP/", 5) != 0 || text.data[6] != '.' || !digit(text.data[5]) ||
        !digit(text.data[7]))
        return bad_line(request);
    if (text.data[5] != '1' || text.data[7] > '1')
        return request_refuse(request, PROBLEM_VERSION, NULL);
    request->minor = text.data[7] - '0';
    return 0;
}

/* Exactly: token SP target SP version. */
int admit_line(struct http_request *request, struct span line)
{
    const char *first = memchr(line.data, ' ', line.size);
    const char *last = memrchr(line.data, ' ', line.size);
    if (!first || first == last)
        return bad_line(request);
    struct span name = {line.data, (size_t)(first - line.data)};
    struct span target = {first + 1, (size_t)(last - first - 1)};
    if (!target_token(name))
        return bad_line(request);
    int outcome = admit_version(request, (struct span){last + 1, line.size - (size_t)(last + 1 - line.data)});
    if (outcome != 0)
        return outcome;
    const struct method_row *method = method_find(name);
    if (!method)
        return request_refuse(request, PROBLEM_NOT_IMPLEMENTED, NULL);
    if (target.size > TARGET_MAX)
        return request_refuse(request, PROBLEM_URI_TOO_LONG, NULL);
    request->seen.method = method->name;
    request->seen.path = target; /* split once llhttp has read the head: it is normalised in place */
    return 0;
}

static int admit_host(struct http_request *request)
{
    if (!request->host.data)
        return request->minor == 0 ? 0 : request_refuse(request, PROBLEM_BAD_REQUEST, "Host is missing.");
    if (!target_host(request->host))
        return request_refuse(request, PROBLEM_BAD_REQUEST, "Host is malformed.");
    return 0;
}

/* RFC 9112 section 6: chunked is the one coding we know and must stand last; never with HTTP/1.0, never with
 * a length. llhttp has refused two lengths, a length beside a coding, and what does not end with chunked. */
static int admit_framing(struct http_request *request)
{
    struct span transfer = request->transfer;
    if (!transfer.data)
        return 0;
    if (request->minor == 0 || request->length.data)
        return request_refuse(request, PROBLEM_BAD_REQUEST, "The framing is ambiguous.");
    request->chunked = true;
    if (span_is_nocase(transfer, "chunked"))
        return 0;
    const char *comma = memchr(transfer.data, ',', transfer.size);
    if (comma && comma > transfer.data)
        return request_refuse(request, PROBLEM_NOT_IMPLEMENTED,
                              "Of the transfer codings only chunked is known.");
    return request_refuse(request, PROBLEM_BAD_REQUEST, "The transfer coding is malformed.");
}

static int admit_route(struct http_request *request)
{
    const struct http_route *routes = request->connection->server->config.routes;
    switch (route_find(routes, &request->seen, &request->route, request->allow)) {
    case 0:
        return 0;
    case ROUTE_METHOD:
        return request_refuse(request, PROBLEM_METHOD, NULL);
    default:
        return request_refuse(request, PROBLEM_NOT_FOUND, NULL);
    }
}

/* The length as a number; llhttp has checked its digits and that it fits 64 bits. */
static uint64_t length_of(struct span text)
{
    uint64_t length = 0;
    for (size_t i = 0; i < text.size && digit(text.data[i]); i++)
        length = length * 10 + (uint64_t)(text.data[i] - '0');
    return length;
}

static int admit_body(struct http_request *request)
{
    uint64_t length = length_of(request->length);
    if (length == 0 && !request->chunked)
        return 0;
    if (!method_find(span_of(request->seen.method))->body)
        return request_refuse(request, PROBLEM_BAD_REQUEST, "This method takes no body.");
    if (length > request->connection->server->body_max)
        return request_refuse(request, PROBLEM_TOO_LARGE, NULL);
    if (!request->connection->server->config.any_media_type && !header_names_json(request->seen.content_type))
        return request_refuse(request, PROBLEM_MEDIA_TYPE, "Content-Type must be application/json in UTF-8.");
    if (request->encoding.data && !span_is_nocase(request->encoding, "identity"))
        return request_refuse(request, PROBLEM_MEDIA_TYPE, "Content-Encoding is not taken.");
    return 0;
}

/* An HTTP/1.0 client waits for nothing: its Expect is ignored (RFC 9110 section 10.1.1). */
static int admit_expect(struct http_request *request)
{
    if (!request->expect.data || request->minor == 0)
        return 0;
    if (!span_is_nocase(request->expect, "100-continue"))
        return request_refuse(request, PROBLEM_EXPECTATION, NULL);
    request->expects = true;
    return 0;
}

int admit_head(struct http_request *request)
{
    static int (*const questions[])(struct http_request *) = {admit_host, admit_framing, admit_expect};
    for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++)
        if (questions[i](request) != 0)
            return REQUEST_REFUSED;
    if (!target_read(request->seen.path, &request->seen))
        return request_refuse(request, PROBLEM_BAD_REQUEST, "The request target is malformed.");
    if (admit_route(request) != 0 || admit_body(request) != 0)
        return REQUEST_REFUSED;
    if (request->accept_seen && !request->accepts && !request->connection->server->config.any_media_type)
        return request_refuse(request, PROBLEM_NOT_ACCEPTABLE, NULL);
    return 0;
}

/* llhttp has told whether the message ended with its head. */
bool admit_has_body(const struct http_request *request)
{
    return !request->complete;
}
