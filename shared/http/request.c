/* SPDX-License-Identifier: Apache-2.0
 * Bytes into a request. The head is gathered whole (capped), its lines are looked at by us and its fields by
 * llhttp; then the body goes through llhttp piece by piece. What llhttp is lenient about even in strict mode
 * (obs-fold, spaces and versions in the request line, a bare LF at the end of chunks) is refused here. */
#include <string.h>

#include "shared/base/cleanup.h"
#include "shared/base/clock.h"
#include "shared/http/connection.h"

int request_refuse(struct http_request *request, enum problem problem, const char *detail)
{
    if (!request->refused) {
        request->refused = true;
        request->refusal = problem;
        request->detail = detail;
    }
    return REQUEST_REFUSED;
}

/* Names and values come in one piece, the head being one; two adjoining pieces would be one still. */
static void extend(struct span *span, const char *at, size_t size)
{
    if (span->data && span->data + span->size == at)
        span->size += size;
    else
        *span = (struct span){at, size};
}

static int on_field(llhttp_t *parser, const char *at, size_t size)
{
    struct http_request *request = parser->data;
    if (request->headed)
        return request_refuse(request, PROBLEM_BAD_REQUEST, "Trailer fields are not taken.") ? HPE_USER : 0;
    extend(&request->name, at, size);
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t size)
{
    struct http_request *request = parser->data;
    extend(&request->value, at, size);
    return 0;
}

static int on_value_complete(llhttp_t *parser)
{
    struct http_request *request = parser->data;
    int outcome = header_take(request);
    request->name = request->value = (struct span){NULL, 0};
    return outcome == 0 ? 0 : HPE_USER;
}

/* keep_alive is read from flags that llhttp forgets at the message's end. An Upgrade is ignored, as RFC 9110
 * section 7.8 allows: the request is answered as if it were not there. */
static int on_head(llhttp_t *parser)
{
    struct http_request *request = parser->data;
    request->headed = true;
    request->keep_alive = llhttp_should_keep_alive(parser) != 0;
    parser->upgrade = 0;
    return 0;
}

static const char TOO_SMALL[] = "The chunks are too small.";

/* A chunk costs the client at least one byte of body; framing beyond that is not worth reading. Asked before
 * each piece of body and after each read, the answer is the same however the bytes were cut. */
static bool framing_is_fair(const struct http_request *request, size_t raw)
{
    return raw <= 8 * request->body.size + request->connection->server->head_max;
}

static int on_body(llhttp_t *parser, const char *at, size_t size)
{
    struct http_request *request = parser->data;
    if (!framing_is_fair(request, request->raw + (size_t)(at - request->fed))) {
        (void)!request_refuse(request, PROBLEM_BAD_REQUEST, TOO_SMALL);
        return HPE_USER;
    }
    if (request->body.size + size > request->connection->server->body_max) {
        (void)!request_refuse(request, PROBLEM_TOO_LARGE, NULL);
        return HPE_USER;
    }
    buf_append(&request->body, at, size);
    return 0;
}

static int on_complete(llhttp_t *parser)
{
    struct http_request *request = parser->data;
    request->complete = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t callbacks = {
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_head,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

struct http_request *request_take(struct http_server *server, struct connection *connection)
{
    struct http_request *request = server->spare;
    if (request) {
        server->spare = request->next_spare;
        server->spares--;
        struct buf head = request->head, body = request->body, out = request->out;
        memset(request, 0, sizeof(*request));
        request->head = head;
        request->body = body;
        request->out = out;
    } else {
        request = memory_new(1, sizeof(*request));
    }
    request->connection = connection;
    request->seen.method = "";
    request->seen.began_ms = clock_steady_ms();
    llhttp_init(&request->parser, HTTP_REQUEST, &callbacks);
    request->parser.data = request;
    return request;
}

static void spare_buffer(struct buf *buf)
{
    if (buf->capacity > SPARE_BUFFER)
        buf_done(buf);
    else
        buf_clear(buf);
}

void request_free(struct http_request *request)
{
    buf_done(&request->head);
    buf_done(&request->body);
    buf_done(&request->out);
    free(request);
}

void request_give(struct http_server *server, struct http_request *request)
{
    if (server->spares >= SPARE_REQUESTS || server->freed) {
        request_free(request);
        return;
    }
    spare_buffer(&request->head);
    spare_buffer(&request->body);
    spare_buffer(&request->out);
    request->next_spare = server->spare;
    server->spare = request;
    server->spares++;
}

enum line_kind { LINE_WANTED, LINE_READ, LINE_LAST, LINE_BAD };

/* The next line of the head, if it is whole. Lines end with CRLF alone, and none begins with white space:
 * that would continue the field above (obs-fold) or hide one below the request line. */
static enum line_kind next_line(struct http_request *request)
{
    struct buf *head = &request->head;
    if (head->size == request->scanned)
        return LINE_WANTED;
    char *feed = memchr(head->data + request->scanned, '\n', head->size - request->scanned);
    if (!feed) {
        request->scanned = head->size;
        return LINE_WANTED;
    }
    size_t at = (size_t)(feed - head->data), start = request->line;
    request->line = request->scanned = at + 1;
    if (at == start || head->data[at - 1] != '\r')
        return LINE_BAD;
    if (at == start + 1)
        return LINE_LAST;
    return head->data[start] == ' ' || head->data[start] == '\t' ? LINE_BAD : LINE_READ;
}

static int look_at_beginning(struct http_request *request)
{
    const struct buf *head = &request->head;
    if (head->size == 0 || head->data[0] == '\r' || target_token((struct span){head->data, 1}))
        return 0;
    return request_refuse(request, PROBLEM_BAD_REQUEST, "This is no request.");
}

/* RFC 9112 section 2.2: an empty line before the request line is skipped; one, here. */
static int skip_empty_line(struct http_request *request)
{
    struct buf *head = &request->head;
    if (request->skipped > 0)
        return request_refuse(request, PROBLEM_BAD_REQUEST, "Empty lines stand before the request line.");
    memmove(head->data, head->data + 2, head->size - 2);
    head->size -= 2;
    request->scanned = request->line = 0;
    request->skipped = 2;
    return look_at_beginning(request);
}

/* Looks for the head's end; ret_end is the head's size then. */
static int find_end(struct http_request *request, size_t *ret_end)
{
    for (;;) {
        switch (next_line(request)) {
        case LINE_WANTED:
            return REQUEST_MORE;
        case LINE_BAD:
            return request_refuse(request, PROBLEM_BAD_REQUEST, "A line of the head is malformed.");
        case LINE_READ:
            break;
        case LINE_LAST:
            if (request->line > 2) {
                *ret_end = request->line;
                return 0;
            }
            if (skip_empty_line(request) != 0)
                return REQUEST_REFUSED;
        }
    }
}

static int read_head(struct http_request *request)
{
    struct buf *head = &request->head;
    const char *end = memchr(head->data, '\r', head->size);
    int outcome = admit_line(request, (struct span){head->data, end ? (size_t)(end - head->data) : 0});
    if (outcome != 0)
        return outcome;
    enum llhttp_errno result = llhttp_execute(&request->parser, head->data, head->size);
    if (request->refused)
        return REQUEST_REFUSED;
    if ((result != HPE_OK && result != HPE_PAUSED) || !request->headed)
        return request_refuse(request, PROBLEM_BAD_REQUEST, "The head is malformed.");
    return admit_head(request);
}

int request_head(struct http_request *request, struct span bytes, size_t *ret_used)
{
    struct buf *head = &request->head;
    size_t before = head->size, most = request->connection->server->head_max;
    size_t take = bytes.size < most - before ? bytes.size : most - before, end = 0;
    buf_append(head, bytes.data, take);
    *ret_used = take; /* an empty line that is skipped makes room for more */
    if (look_at_beginning(request) != 0)
        return REQUEST_REFUSED;
    size_t skipped = request->skipped;
    int outcome = find_end(request, &end);
    if (outcome == REQUEST_MORE && head->size >= most)
        return request->line == 0 ? request_refuse(request, PROBLEM_URI_TOO_LONG, NULL)
                                  : request_refuse(request, PROBLEM_HEADERS_TOO_LARGE, NULL);
    if (outcome != 0)
        return outcome;
    *ret_used = end + (request->skipped - skipped) - before;
    head->size = end;
    head->data[end] = 0;
    return read_head(request);
}

int request_body(struct http_request *request, struct span bytes, size_t *ret_used)
{
    *ret_used = bytes.size;
    request->fed = bytes.data;
    enum llhttp_errno result = llhttp_execute(&request->parser, bytes.data, bytes.size);
    if (request->refused)
        return REQUEST_REFUSED;
    if (request->complete)
        *ret_used = (size_t)(llhttp_get_error_pos(&request->parser) - bytes.data);
    else if (result != HPE_OK)
        return request_refuse(request, PROBLEM_BAD_REQUEST, "The body's framing is malformed.");
    request->raw += *ret_used;
    if (!framing_is_fair(request, request->raw))
        return request_refuse(request, PROBLEM_BAD_REQUEST, TOO_SMALL);
    char before = *ret_used > 1 ? bytes.data[*ret_used - 2] : request->last;
    if (*ret_used > 0)
        request->last = bytes.data[*ret_used - 1];
    if (!request->complete)
        return REQUEST_MORE;
    if (request->chunked && (request->last != '\n' || before != '\r'))
        return request_refuse(request, PROBLEM_BAD_REQUEST, "The last chunk is not ended by CRLF.");
    return 0;
}
