/* SPDX-License-Identifier: Apache-2.0
 * An answer into bytes, and the figures of what was answered. It says nothing about the server's make. */
#include <string.h>

#include "shared/base/clock.h"
#include "shared/base/metric.h"
#include "shared/http/connection.h"

struct status_row {
    int status;
    const char *reason;
    struct metric metric;
};

#define ROW(code, text)                                                                                      \
    {                                                                                                        \
        code, text,                                                                                          \
        {                                                                                                    \
            .name = "colis_http_requests_total", .labels = "code=\"" #code "\"",                             \
            .help = "Requests answered, by status"                                                           \
        }                                                                                                    \
    }
static struct status_row statuses[] = {
    ROW(200, "OK"),
    ROW(201, "Created"),
    ROW(202, "Accepted"),
    ROW(204, "No Content"),
    ROW(303, "See Other"),
    ROW(304, "Not Modified"),
    ROW(400, "Bad Request"),
    ROW(401, "Unauthorized"),
    ROW(403, "Forbidden"),
    ROW(404, "Not Found"),
    ROW(405, "Method Not Allowed"),
    ROW(406, "Not Acceptable"),
    ROW(408, "Request Timeout"),
    ROW(409, "Conflict"),
    ROW(412, "Precondition Failed"),
    ROW(413, "Content Too Large"),
    ROW(414, "URI Too Long"),
    ROW(415, "Unsupported Media Type"),
    ROW(417, "Expectation Failed"),
    ROW(422, "Unprocessable Content"),
    ROW(429, "Too Many Requests"),
    ROW(431, "Request Header Fields Too Large"),
    ROW(500, "Internal Server Error"),
    ROW(501, "Not Implemented"),
    ROW(503, "Service Unavailable"),
    ROW(504, "Gateway Timeout"),
    ROW(505, "HTTP Version Not Supported"),
};
#undef ROW

static struct metric seconds = {.name = "colis_http_request_seconds",
                                .kind = METRIC_HISTOGRAM,
                                .help = "From a request's first byte to its reply"};
static struct metric connections = {
    .name = "colis_http_connections", .kind = METRIC_GAUGE, .help = "Open connections"};
static struct metric crowded = {.name = "colis_http_crowded_total",
                                .kind = METRIC_COUNTER,
                                .help =
                                    "Connections dropped because all of them together held too many bytes"};

/* Before main: the management thread walks the list of figures from the program's start. */
__attribute__((constructor)) static void figures_register(void)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++)
        metric_register(&statuses[i].metric);
    metric_register(&seconds);
    metric_register(&connections);
    metric_register(&crowded);
}

void reply_connections(int64_t more)
{
    metric_add(&connections, more);
}

void reply_crowded(void)
{
    metric_add(&crowded, 1);
}

static struct status_row *status_find(int status)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++)
        if (statuses[i].status == status)
            return &statuses[i];
    return NULL;
}

static bool fit_for_a_header(const char *text)
{
    for (; text && *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

static bool answer_valid(const struct http_answer *answer)
{
    return status_find(answer->status) && fit_for_a_header(answer->content_type) &&
           fit_for_a_header(answer->location) && fit_for_a_header(answer->retry_after) &&
           fit_for_a_header(answer->etag) && fit_for_a_header(answer->allow) &&
           fit_for_a_header(answer->cache_control) && fit_for_a_header(answer->www_authenticate);
}

static void field(struct buf *out, const char *name, const char *value)
{
    if (!value)
        return;
    buf_text(out, name);
    buf_text(out, value);
    buf_append(out, "\r\n", 2);
}

static void write_head(struct http_request *request, const struct http_answer *answer, const char *reason)
{
    struct buf *out = &request->out;
    bool bare = answer->status == 204 || answer->status == 304;
    buf_reserve(out, 512 + answer->body.size);
    buf_text(out, "HTTP/1.1 ");
    buf_integer(out, answer->status);
    buf_byte(out, ' ');
    field(out, reason, "");
    field(out, "Date: ", server_date(request->connection->server));
    if (!bare) {
        field(out, "Content-Type: ", answer->content_type ? answer->content_type : "application/json");
        buf_text(out, "Content-Length: ");
        buf_integer(out, (int64_t)answer->body.size);
        buf_append(out, "\r\n", 2);
    }
    field(out, "Cache-Control: ", answer->cache_control ? answer->cache_control : "no-store");
    field(out, "Location: ", answer->location);
    field(out, "Retry-After: ", answer->retry_after);
    field(out, "ETag: ", answer->etag);
    field(out, "Allow: ", answer->allow);
    field(out, "WWW-Authenticate: ", answer->www_authenticate);
    if (!request->keep_alive)
        field(out, "Connection: ", "close");
    else if (request->minor == 0)
        field(out, "Connection: ", "keep-alive");
    buf_append(out, "\r\n", 2);
    if (!bare && strcmp(request->seen.method, "HEAD") != 0)
        buf_span(out, answer->body);
}

void http_reply(struct http_request *request, const struct http_answer *answer)
{
    static const struct http_answer internal = {.status = 500, .close = true};
    if (!connection_waits_for(request))
        return; /* a second reply, or one after gone: the first one stands */
    if (!answer_valid(answer))
        answer = &internal;
    if (answer->close || request->connection->server->draining)
        request->keep_alive = false;
    struct status_row *row = status_find(answer->status);
    write_head(request, answer, row->reason);
    if (!request->connection->server->config.uncounted) {
        metric_add(&row->metric, 1);
        metric_observe_us(&seconds, (clock_steady_ms() - request->seen.began_ms) * 1000);
    }
    connection_send(request);
}

const struct http_seen *http_seen(const struct http_request *request)
{
    return &request->seen;
}

void http_set_data(struct http_request *request, void *data)
{
    request->data = data;
}

void *http_data(const struct http_request *request)
{
    return request->data;
}
