/* SPDX-License-Identifier: Apache-2.0
 * The server as a whole: settings, listening, the timer over all connections, draining and the end.
 * It never looks into a request, and never frees a connection that libuv still holds. */
#include "shared/http/server.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "shared/base/cleanup.h"
#include "shared/base/clock.h"
#include "shared/base/error.h"
#include "shared/http/connection.h"

static struct {
    int64_t connections, header_bytes, body_bytes, unread_bytes, unsent_bytes, header_ms, body_ms, idle_ms,
        write_ms;
} values;

#define ROW(member, default_text, least, most, what)                                                         \
    {                                                                                                        \
        .name = "http_" #member, .kind = SETTING_INTEGER, .fallback = default_text, .min = least,            \
        .max = most, .help = what, .target = &values.member, .size = sizeof(values.member)                   \
    }

const struct setting http_settings[] = {
    ROW(connections, "8192", 1, 1000000, "open connections at the most; more are answered 503"),
    ROW(header_bytes, "16384", 256, 1 << 20, "bytes of a request line and its header fields"),
    ROW(body_bytes, "65536", 0, 1 << 24, "bytes of a request body"),
    ROW(unread_bytes, "33554432", 65536, INT64_C(1) << 40,
        "bytes that requests not answered yet may hold together; then of those that are still coming the one "
        "that has taken longest is dropped"),
    ROW(unsent_bytes, "33554432", 65536, INT64_C(1) << 40,
        "bytes that replies not read yet may hold together; then who has waited longest is dropped"),
    ROW(header_ms, "10000", 1, 600000, "time a request's head may take"),
    ROW(body_ms, "20000", 1, 600000, "time a request's body may take"),
    ROW(idle_ms, "60000", 1, 3600000, "time a connection may stay without a request"),
    ROW(write_ms, "10000", 1, 600000, "time a client may take to read a reply"),
    {0},
};

enum { BACKLOG = 1024, SPARE_DESCRIPTORS = 192 };

/* The soft limit is for programs that use select(); we do not. Returns what may be open. */
static size_t raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1024;
    if (limit.rlim_cur < limit.rlim_max) {
        rlim_t soft = limit.rlim_cur;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            limit.rlim_cur = soft;
    }
    return limit.rlim_cur > 2 * SPARE_DESCRIPTORS ? limit.rlim_cur - SPARE_DESCRIPTORS : SPARE_DESCRIPTORS;
}

static void take_settings(struct http_server *server)
{
    size_t most = raise_descriptors();
    size_t wanted = server->config.connections ? server->config.connections : (size_t)values.connections;
    server->cap = wanted < most ? wanted : most;
    server->body_max = server->config.body_max ? server->config.body_max : (size_t)values.body_bytes;
    server->head_max = (size_t)values.header_bytes;
    server->unread_max = (size_t)values.unread_bytes;
    server->unsent_max = (size_t)values.unsent_bytes;
    server->timeouts[CONNECTION_IDLE] = (uint64_t)values.idle_ms;
    server->timeouts[CONNECTION_HEAD] = (uint64_t)values.header_ms;
    server->timeouts[CONNECTION_BODY] = (uint64_t)values.body_ms;
    server->timeouts[CONNECTION_WRITING] = (uint64_t)values.write_ms;
    server->timeouts[CONNECTION_LINGER] = LINGER_MS;
}

static void on_closed(uv_handle_t *handle)
{
    server_closed(handle->data);
}

/* done is told when the last connection is gone; memory goes when libuv has let go of every handle. */
void server_closed(struct http_server *server)
{
    server->handles--;
    if (server->draining && !server->settled && server->open == 0) {
        server->settled = true;
        if (server->drained)
            server->drained(server->drained_self);
    }
    if (!server->freed || server->handles > 0)
        return;
    for (struct http_request *spare = server->spare, *next; spare; spare = next) {
        next = spare->next_spare;
        request_free(spare);
    }
    free(server);
}

static void on_timer(uv_timer_t *timer)
{
    struct http_server *server = timer->data;
    uint64_t now = uv_now(server->loop), earliest = 0;
    server->armed = 0;
    for (int state = 0; state < CONNECTION_STATES; state++) {
        struct connection_list *list = &server->lists[state];
        while (server->timeouts[state] && list->first && list->first->deadline <= now)
            connection_expire(list->first);
    }
    for (int state = 0; state < CONNECTION_STATES; state++) {
        struct connection *first = server->timeouts[state] ? server->lists[state].first : NULL;
        if (first && (!earliest || first->deadline < earliest))
            earliest = first->deadline;
    }
    if (earliest)
        server_arm(server, earliest);
}

void server_arm(struct http_server *server, uint64_t deadline)
{
    if (server->freed || (server->armed && server->armed <= deadline))
        return;
    uint64_t now = uv_now(server->loop);
    server->armed = deadline;
    (void)!uv_timer_start(&server->timer, on_timer, deadline > now ? deadline - now : 1, 0);
}

const char *server_date(struct http_server *server)
{
    int64_t now = clock_wall_ms() / 1000;
    if (now != server->date_s) {
        time_t seconds = (time_t)now;
        struct tm parts;
        gmtime_r(&seconds, &parts);
        strftime(server->date, sizeof(server->date), "%a, %d %b %Y %H:%M:%S GMT", &parts);
        server->date_s = now;
    }
    return server->date;
}

static void on_connection(uv_stream_t *listener, int status)
{
    if (status == 0)
        connection_accept(listener->data);
}

static int listen_at(struct http_server *server, const char *host, int port)
{
    struct sockaddr_storage address;
    int size = sizeof(address);
    if (uv_ip4_addr(host, port, (struct sockaddr_in *)&address) != 0 &&
        uv_ip6_addr(host, port, (struct sockaddr_in6 *)&address) != 0)
        return error_new(ERROR_SETTINGS, "%s is not a numeric address to listen on", host);
    int result = uv_tcp_bind(&server->listener, (struct sockaddr *)&address, 0);
    if (result == 0)
        result = uv_listen((uv_stream_t *)&server->listener, BACKLOG, on_connection);
    if (result == 0)
        result = uv_tcp_getsockname(&server->listener, (struct sockaddr *)&address, &size);
    if (result != 0)
        return error_new(ERROR_SYSTEM, "cannot listen on %s port %d: %s", host, port, uv_strerror(result));
    server->port = ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                                       : ((struct sockaddr_in *)&address)->sin_port);
    return 0;
}

int http_server_new(struct uv_loop_s *loop, const struct http_config *config, struct http_server **ret_server)
{
    struct http_server *server = memory_new(1, sizeof(*server));
    server->loop = loop;
    server->config = *config;
    take_settings(server);
    server->timer.data = server->listener.data = server;
    int result = uv_timer_init(loop, &server->timer);
    if (result != 0) {
        free(server);
        return error_new(ERROR_SYSTEM, "no timer: %s", uv_strerror(result));
    }
    server->handles = 1;
    result = uv_tcp_init(loop, &server->listener);
    if (result != 0) {
        http_server_free(server);
        return error_new(ERROR_SYSTEM, "no socket: %s", uv_strerror(result));
    }
    server->handles++;
    result = listen_at(server, config->host, config->port);
    if (result != 0) {
        http_server_free(server);
        return error_forward(result);
    }
    server->config.host = NULL;
    *ret_server = server;
    return 0;
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

static void close_listener(struct http_server *server)
{
    if (server->handles && server->listener.type == UV_TCP &&
        !uv_is_closing((uv_handle_t *)&server->listener))
        uv_close((uv_handle_t *)&server->listener, on_closed);
}

void http_server_drain(struct http_server *server, void (*done)(void *self), void *self)
{
    if (server->draining)
        return;
    server->draining = true;
    server->drained = done;
    server->drained_self = self;
    while (server->lists[CONNECTION_IDLE].first)
        connection_drop(server->lists[CONNECTION_IDLE].first);
    close_listener(server); /* its close callback looks whether anybody is left */
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    server->freed = true;
    server->settled = true;
    for (int state = 0; state < CONNECTION_CLOSED; state++)
        while (server->lists[state].first)
            connection_drop(server->lists[state].first);
    close_listener(server);
    uv_close((uv_handle_t *)&server->timer, on_closed);
}
