/* SPDX-License-Identifier: Apache-2.0
 * One connection: read -> head -> body -> handler -> reply -> the next request, one at a time.
 * Failures: a refusal is answered and the connection lingers shut; a lost or late client is dropped. There is
 * one drop function, and only the close callback frees. Bytes behind an unanswered request are kept unparsed,
 * one read at the most, and then nothing more is read: the client waits in its own socket. */
#include "shared/http/connection.h"

#include <string.h>

#include "shared/base/cleanup.h"
#include "shared/base/clock.h"

enum { OVER_CAP = 64 }; /* connections above the cap that are told 503; beyond these, closed without a word */

static void resume(struct connection *connection);

static void list_remove(struct connection *connection)
{
    struct connection_list *list = &connection->server->lists[connection->state];
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        list->first = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    else
        list->last = connection->previous;
    connection->previous = connection->next = NULL;
}

static void list_append(struct connection *connection)
{
    struct connection_list *list = &connection->server->lists[connection->state];
    connection->previous = list->last;
    connection->next = NULL;
    if (list->last)
        list->last->next = connection;
    else
        list->first = connection;
    list->last = connection;
}

/* What it holds of requests, by what memory was taken. */
static void count_unread(struct connection *connection)
{
    const struct http_request *request = connection->request;
    size_t holds = connection->kept.capacity;
    if (request)
        holds += request->head.capacity + request->body.capacity;
    if (connection->state == CONNECTION_CLOSED)
        holds = 0;
    connection->server->unread += holds - connection->unread;
    connection->unread = holds;
}

/* From one state, and list, to another; the deadline starts anew. What is being written counts as unsent. */
static void enter(struct connection *connection, enum connection_state state)
{
    struct http_server *server = connection->server;
    list_remove(connection);
    connection->state = state;
    list_append(connection);
    server->unsent -= connection->unsent;
    connection->unsent = state == CONNECTION_WRITING ? connection->request->out.capacity : 0;
    server->unsent += connection->unsent;
    count_unread(connection);
    if (server->timeouts[state]) {
        connection->deadline = uv_now(server->loop) + server->timeouts[state];
        server_arm(server, connection->deadline);
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    struct http_server *server = connection->server;
    list_remove(connection);
    if (connection->request)
        request_give(server, connection->request);
    buf_done(&connection->kept);
    free(connection);
    server->open--;
    if (!server->config.uncounted)
        reply_connections(-1);
    server_closed(server);
}

void connection_drop(struct connection *connection)
{
    if (connection->state == CONNECTION_CLOSED)
        return;
    struct http_server *server = connection->server;
    struct http_request *request = connection->request;
    bool waiting = connection->state == CONNECTION_HANDLING && request && request->handed;
    enter(connection, CONNECTION_CLOSED);
    connection->reading = false;
    uv_close((uv_handle_t *)&connection->tcp, on_closed);
    if (waiting && server->config.gone)
        server->config.gone(server->config.self, request);
}

/* The one place that reads the shared buffer: libuv calls it right before it reads. */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
    (void)suggested;
    struct connection *connection = handle->data;
    *ret_buf = uv_buf_init(connection->server->read, READ_SIZE);
}

static void refuse(struct connection *connection)
{
    struct http_request *request = connection->request;
    request->keep_alive = false;
    enter(connection, CONNECTION_HANDLING);
    problem_reply(request, request->refusal, request->detail,
                  request->refusal == PROBLEM_UNAVAILABLE ? 1 : 0);
}

/* Why a whole request is not handed over; NULL: it is. One that stands alone may be larger than the cap. */
static const char *why_refused(const struct connection *connection)
{
    const struct http_server *server = connection->server;
    if (server->draining)
        return "The server is ending.";
    if (server->unread > server->unread_max && server->unread > connection->unread)
        return "Too many requests are unanswered.";
    return NULL;
}

static void hand_over(struct connection *connection)
{
    struct http_server *server = connection->server;
    struct http_request *request = connection->request;
    const char *why_not = why_refused(connection);
    if (why_not) {
        (void)!request_refuse(request, PROBLEM_UNAVAILABLE, why_not);
        refuse(connection);
        return;
    }
    enter(connection, CONNECTION_HANDLING);
    request->seen.body = buf_as_span(&request->body);
    request->handed = true;
    int result = server->config.handle(server->config.self, request, request->route->what);
    if (result != HTTP_LATER && connection->request == request && connection_waits_for(request))
        problem_reply(request, PROBLEM_INTERNAL, NULL, 0);
    if (result < 0 && server->config.failed)
        server->config.failed(server->config.self, result);
}

/* The client waits for this line before it sends the body; where bytes of it are here it does not. */
static int invite_body(struct connection *connection, size_t left)
{
    static char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!connection->request->expects || left > 0)
        return 0;
    uv_buf_t line = uv_buf_init(text, sizeof(text) - 1);
    return uv_try_write((uv_stream_t *)&connection->tcp, &line, 1) == (int)line.len ? 0 : UV_EPIPE;
}

/* For the room it holds. */
static void crowd_out(struct connection *connection)
{
    if (!connection->server->config.uncounted)
        reply_crowded();
    connection_drop(connection);
}

static struct connection *first_but(const struct connection_list *list, const struct connection *one)
{
    return list->first == one ? one->next : list->first;
}

/* Who has been at a body for longest goes, then who has been at a head, and at once what they sent. The one
 * in hand stays, whatever its size: a request larger than the cap can be made. */
static void cap_unread(struct connection *newest)
{
    struct http_server *server = newest->server;
    count_unread(newest);
    while (server->unread > server->unread_max) {
        struct connection *longest = first_but(&server->lists[CONNECTION_BODY], newest);
        if (!longest)
            longest = first_but(&server->lists[CONNECTION_HEAD], newest);
        if (!longest)
            return;
        crowd_out(longest);
        buf_done(&longest->request->head);
        buf_done(&longest->request->body);
    }
}

static void take_head(struct connection *connection, struct span bytes, size_t *ret_used)
{
    int outcome = request_head(connection->request, bytes, ret_used);
    cap_unread(connection);
    if (outcome == REQUEST_MORE)
        return;
    if (outcome == REQUEST_REFUSED)
        refuse(connection);
    else if (!admit_has_body(connection->request))
        hand_over(connection);
    else if (invite_body(connection, bytes.size - *ret_used) != 0)
        connection_drop(connection);
    else
        enter(connection, CONNECTION_BODY);
}

static void take_body(struct connection *connection, struct span bytes, size_t *ret_used)
{
    int outcome = request_body(connection->request, bytes, ret_used);
    cap_unread(connection);
    if (outcome == REQUEST_REFUSED)
        refuse(connection);
    else if (outcome == 0)
        hand_over(connection);
}

/* Takes requests out of bytes until one is unanswered or the bytes are used up. */
static size_t feed(struct connection *connection, struct span bytes)
{
    size_t at = 0;
    connection->feeding = true;
    while (at < bytes.size && connection->state <= CONNECTION_BODY) {
        size_t used = 0;
        struct span rest = {bytes.data + at, bytes.size - at};
        if (connection->state == CONNECTION_IDLE) {
            connection->request = request_take(connection->server, connection);
            enter(connection, CONNECTION_HEAD);
        }
        if (connection->state == CONNECTION_HEAD)
            take_head(connection, rest, &used);
        else
            take_body(connection, rest, &used);
        at += used;
    }
    connection->feeding = false;
    return at;
}

static void stop_reading(struct connection *connection)
{
    if (connection->reading)
        uv_read_stop((uv_stream_t *)&connection->tcp);
    connection->reading = false;
}

/* The client's side is shut. What is whole is still answered; half a request never will be. */
static void take_end(struct connection *connection)
{
    connection->ended = true;
    connection->reading = false;
    switch (connection->state) {
    case CONNECTION_HEAD:
    case CONNECTION_BODY:
        (void)!request_refuse(connection->request, PROBLEM_BAD_REQUEST, "The request is not complete.");
        refuse(connection);
        return;
    case CONNECTION_HANDLING:
    case CONNECTION_WRITING:
        return;
    default:
        connection_drop(connection);
    }
}

/* What is sent ahead has what others leave of half the room, and takes nothing from them: there is always
 * some for a request that comes. */
static void keep_for_later(struct connection *connection, struct span rest)
{
    struct http_server *server = connection->server;
    if (server->unread + rest.size > server->unread_max / 2) {
        crowd_out(connection);
        return;
    }
    buf_span(&connection->kept, rest);
    count_unread(connection);
    stop_reading(connection);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    struct connection *connection = stream->data;
    if (size == 0 || connection->state == CONNECTION_CLOSED)
        return;
    if (size == UV_EOF) {
        take_end(connection);
        return;
    }
    if (size < 0) {
        connection_drop(connection);
        return;
    }
    if (connection->state == CONNECTION_LINGER) {
        connection->lingered += (size_t)size;
        if (connection->lingered > LINGER_BYTES)
            connection_drop(connection);
        return;
    }
    size_t used = feed(connection, (struct span){buf->base, (size_t)size});
    if (used < (size_t)size && connection->state <= CONNECTION_WRITING)
        keep_for_later(connection, (struct span){buf->base + used, (size_t)size - used});
}

static void start_reading(struct connection *connection)
{
    if (connection->reading || connection->ended || connection->state == CONNECTION_CLOSED)
        return;
    connection->reading = true;
    if (uv_read_start((uv_stream_t *)&connection->tcp, on_alloc, on_read) != 0)
        connection_drop(connection);
}

static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
    struct connection *connection = shutdown->data;
    if (status != 0)
        connection_drop(connection);
}

/* Closing with unread bytes would reset the connection and could take the reply with it: our side is shut
 * first, and what still comes is read and forgotten for a moment. */
static void linger(struct connection *connection)
{
    buf_done(&connection->kept);
    if (connection->ended) {
        connection_drop(connection);
        return;
    }
    enter(connection, CONNECTION_LINGER);
    connection->shutdown.data = connection;
    if (uv_shutdown(&connection->shutdown, (uv_stream_t *)&connection->tcp, on_shutdown) != 0)
        connection_drop(connection);
    else
        start_reading(connection);
}

/* The reply is out. */
static void sent(struct connection *connection)
{
    bool keep = connection->request->keep_alive && !connection->server->draining;
    request_give(connection->server, connection->request);
    connection->request = NULL;
    if (!keep) {
        linger(connection);
        return;
    }
    enter(connection, CONNECTION_IDLE);
    if (!connection->feeding)
        resume(connection);
}

/* Goes on with what was kept, then with the socket. */
static void resume(struct connection *connection)
{
    if (connection->kept.size > connection->kept_at) {
        struct span kept = {connection->kept.data + connection->kept_at,
                            connection->kept.size - connection->kept_at};
        connection->kept_at += feed(connection, kept);
    }
    if (connection->kept_at >= connection->kept.size) {
        buf_done(&connection->kept);
        count_unread(connection);
        connection->kept_at = 0;
        start_reading(connection);
        if (connection->ended && connection->state <= CONNECTION_BODY)
            take_end(connection);
    }
}

static void on_written(uv_write_t *write, int status)
{
    struct connection *connection = write->data;
    if (connection->state == CONNECTION_CLOSED)
        return;
    if (status != 0)
        connection_drop(connection);
    else
        sent(connection);
}

bool connection_waits_for(const struct http_request *request)
{
    return request->connection->request == request && request->connection->state == CONNECTION_HANDLING;
}

/* The list begins with who has waited longest. The newest stays, whatever its size: a reply larger than the
 * cap can be had. */
static void cap_unsent(const struct connection *newest)
{
    struct http_server *server = newest->server;
    struct connection_list *writing = &server->lists[CONNECTION_WRITING];
    while (server->unsent > server->unsent_max && writing->first && writing->first != newest)
        crowd_out(writing->first);
}

void connection_send(struct http_request *request)
{
    struct connection *connection = request->connection;
    uv_stream_t *stream = (uv_stream_t *)&connection->tcp;
    request->handed = false;
    uv_buf_t out = uv_buf_init(request->out.data, (unsigned)request->out.size);
    int written = uv_try_write(stream, &out, 1);
    if (written == UV_EAGAIN)
        written = 0;
    if (written < 0) {
        connection_drop(connection);
        return;
    }
    if ((size_t)written == request->out.size) {
        sent(connection);
        return;
    }
    out = uv_buf_init(request->out.data + written, (unsigned)(request->out.size - (size_t)written));
    connection->write.data = connection;
    buf_done(&request->head); /* its reply is all that is still wanted of it */
    buf_done(&request->body);
    enter(connection, CONNECTION_WRITING);
    if (uv_write(&connection->write, stream, &out, 1, on_written) != 0)
        connection_drop(connection);
    else
        cap_unsent(connection);
}

void connection_expire(struct connection *connection)
{
    if (connection->state != CONNECTION_HEAD && connection->state != CONNECTION_BODY) {
        connection_drop(connection);
        return;
    }
    (void)!request_refuse(connection->request, PROBLEM_TIMEOUT, "The request took too long to come.");
    refuse(connection);
}

/* Over the cap: told 503 before anything is read. */
static void turn_away(struct connection *connection)
{
    connection->request = request_take(connection->server, connection);
    (void)!request_refuse(connection->request, PROBLEM_UNAVAILABLE, "Too many connections.");
    refuse(connection);
}

void connection_accept(struct http_server *server)
{
    struct connection *connection = memory_new(1, sizeof(*connection));
    connection->server = server;
    if (uv_tcp_init(server->loop, &connection->tcp) != 0) {
        free(connection);
        return;
    }
    connection->tcp.data = connection;
    connection->state = CONNECTION_IDLE;
    list_append(connection);
    server->open++;
    server->handles++;
    if (!server->config.uncounted)
        reply_connections(1);
    if (uv_accept((uv_stream_t *)&server->listener, (uv_stream_t *)&connection->tcp) != 0 ||
        server->open > server->cap + OVER_CAP) {
        connection_drop(connection);
        return;
    }
    (void)!uv_tcp_nodelay(&connection->tcp, 1);
    enter(connection, CONNECTION_IDLE);
    if (server->open > server->cap)
        turn_away(connection);
    else
        start_reading(connection);
}
