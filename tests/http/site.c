/* SPDX-License-Identifier: Apache-2.0
 * The server and the clients the cases talk with. Clients never block: while one waits, the loop turns. */
#include "tests/http/site.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/base/cleanup.h"

enum { HUGE_REPLY = 32 << 20, TURN_MS = 20 };

static const struct http_route routes[] = {
    {"GET", "/", NULL},
    {"POST", "/", NULL},
    {"GET", "/hello", NULL},
    {"GET", "/login", NULL},
    {"GET", "/query", NULL},
    {"POST", "/headers", NULL},
    {"GET", "/huge", NULL},
    {"GET", "/later", NULL},
    {"POST", "/later", NULL},
    {"GET", "/fatal", NULL},
    {"GET", "/silent", NULL},
    {"GET", "/split", NULL},
    {"POST", "/echo", NULL},
    {"PUT", "/v1/things/{id}", NULL},
    {"GET", "/v1/things/mine", NULL},
    {"GET", "/v1/things/{id}", NULL},
    {"GET", "/v1/things/{id}/parts/{part}", NULL},
    {0},
};

static void reply(struct http_request *request, struct span body)
{
    http_reply(request, &(struct http_answer){.status = 200, .body = body});
}

static void reply_huge(struct http_request *request)
{
    CLEANUP(free_cleanup) char *body = memory_new(1, HUGE_REPLY);
    memset(body, 'x', HUGE_REPLY);
    reply(request, (struct span){body, HUGE_REPLY});
}

static void reply_query(struct http_request *request)
{
    char value[16], text[64];
    int outcome = http_query(request, "a", value, sizeof(value));
    snprintf(text, sizeof(text), "%d %s", outcome, outcome == 0 ? value : "");
    reply(request, span_of(text));
}

static void reply_parameters(struct http_request *request)
{
    CLEANUP(buf_done) struct buf text = {0};
    for (size_t i = 0; i < HTTP_PARAMETERS; i++) {
        buf_span(&text, http_seen(request)->parameters[i]);
        buf_byte(&text, '|');
    }
    reply(request, buf_as_span(&text));
}

static void reply_headers(struct http_request *request)
{
    CLEANUP(buf_done) struct buf text = {0};
    for (size_t i = 0; i < HTTP_HEADERS; i++) {
        struct span header = http_seen(request)->headers[i];
        buf_span(&text, header.data ? header : SPAN("-"));
        buf_byte(&text, '|');
    }
    buf_span(&text, http_seen(request)->body);
    reply(request, buf_as_span(&text));
}

static int wait_for_later(struct site *site, struct http_request *request)
{
    ck_assert_uint_lt(site->waits, SITE_WAITING);
    http_set_data(request, site);
    site->waiting[site->waits++] = request;
    return HTTP_LATER;
}

static int handle(void *self, struct http_request *request, const void *what)
{
    struct site *site = self;
    const struct http_seen *seen = http_seen(request);
    (void)what;
    buf_format(&site->called, "%s %.*s ", seen->method, (int)seen->path.size, seen->path.data);
    if (span_is(seen->path, "/later"))
        return wait_for_later(site, request);
    if (span_is(seen->path, "/fatal"))
        return -5;
    if (span_is(seen->path, "/silent"))
        return 0;
    if (span_is(seen->path, "/split"))
        http_reply(request, &(struct http_answer){.status = 200, .location = "/a\r\nSet-Cookie: b"});
    else if (span_is(seen->path, "/huge"))
        reply_huge(request);
    else if (span_is(seen->path, "/query"))
        reply_query(request);
    else if (span_is(seen->path, "/headers"))
        reply_headers(request);
    else if (seen->path.size > 4 && memcmp(seen->path.data, "/v1/", 4) == 0)
        reply_parameters(request);
    else
        reply(request, seen->body.size ? seen->body : SPAN("{\"hello\":true}"));
    return 0;
}

static void gone(void *self, struct http_request *request)
{
    struct site *site = self;
    ck_assert_ptr_eq(http_data(request), site);
    site->gone++;
    for (size_t i = 0; i < site->waits; i++)
        if (site->waiting[i] == request)
            site->waiting[i] = NULL;
}

static void failed(void *self, int result)
{
    struct site *site = self;
    ck_assert_int_eq(result, -5);
    site->failed++;
}

static char *no_environment(const char *name)
{
    (void)name;
    return NULL;
}

void site_open(struct site *site, const char *const *settings)
{
    site_open_as(site, settings, &(struct http_config){0});
}

void site_open_as(struct site *site, const char *const *settings, const struct http_config *more)
{
    const struct setting *tables[] = {http_settings, NULL};
    char *arguments[16] = {(char *)"test"};
    int count = 1;
    for (; settings && settings[count - 1]; count++)
        arguments[count] = (char *)settings[count - 1];
    ck_assert_int_eq(settings_read(tables, count, arguments, no_environment), 0);
    *site = (struct site){.waits = 0};
    ck_assert_int_eq(uv_loop_init(&site->loop), 0);
    struct http_config config = *more;
    config.routes = routes;
    config.handle = handle;
    config.gone = gone;
    config.failed = failed;
    config.self = site;
    config.host = "127.0.0.1";
    ck_assert_int_eq(http_server_new(&site->loop, &config, &site->server), 0);
}

void site_close(struct site *site)
{
    http_server_free(site->server);
    uv_run(&site->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&site->loop), 0);
    buf_done(&site->called);
}

void site_turn(struct site *site)
{
    struct pollfd events = {uv_backend_fd(&site->loop), POLLIN, 0};
    int timeout = uv_backend_timeout(&site->loop);
    poll(&events, 1, timeout >= 0 && timeout < TURN_MS ? timeout : TURN_MS);
    uv_run(&site->loop, UV_RUN_NOWAIT);
}

void site_drained(void *self)
{
    struct site *site = self;
    ck_assert(!site->drained);
    site->drained = true;
}

void site_answer(struct site *site, size_t index)
{
    struct http_request *request = site->waiting[index];
    site->waiting[index] = NULL;
    reply(request, SPAN("{\"late\":true}"));
}

void site_wait_for(struct site *site, size_t waits)
{
    while (site->waits < waits)
        site_turn(site);
}

void client_open(struct client *client, struct site *site)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)http_server_port(site->server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *client = (struct client){.site = site, .descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    ck_assert_int_ge(client->descriptor, 0);
    ck_assert_int_eq(connect(client->descriptor, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(fcntl(client->descriptor, F_SETFL, O_NONBLOCK), 0);
}

void client_close(struct client *client)
{
    close(client->descriptor);
    buf_done(&client->in);
}

void client_send(struct client *client, struct span bytes)
{
    while (bytes.size > 0) {
        ssize_t sent = send(client->descriptor, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return; /* the server closed: the reply tells why */
        if (sent < 0)
            site_turn(client->site);
        else
            bytes = (struct span){bytes.data + sent, bytes.size - (size_t)sent};
    }
}

void client_text(struct client *client, const char *text)
{
    client_send(client, span_of(text));
}

void client_shut(struct client *client)
{
    ck_assert_int_eq(shutdown(client->descriptor, SHUT_WR), 0);
}

void client_read(struct client *client)
{
    char bytes[65536];
    ssize_t size;
    while ((size = recv(client->descriptor, bytes, sizeof(bytes), 0)) > 0)
        buf_append(&client->in, bytes, (size_t)size);
    client->ended |= size == 0 || errno != EAGAIN;
    client->reset |= size < 0 && errno != EAGAIN;
}

void client_until_ended(struct client *client)
{
    while (!client->ended) {
        site_turn(client->site);
        client_read(client);
    }
}

static void copy(char *to, size_t capacity, const char *from, size_t size)
{
    size = size < capacity ? size : capacity - 1;
    memcpy(to, from, size);
    to[size] = 0;
}

static struct answer next_answer(struct client *client, bool has_body)
{
    struct answer answer = {0};
    char *end;
    while (!(end = client->in.size ? strstr(client->in.data, "\r\n\r\n") : NULL) && !client->ended) {
        site_turn(client->site);
        client_read(client);
    }
    if (!end)
        return answer;
    size_t head = (size_t)(end - client->in.data) + 4, body = 0;
    copy(answer.head, sizeof(answer.head), client->in.data, head);
    ck_assert_int_eq(sscanf(answer.head, "HTTP/1.1 %d ", &answer.status), 1);
    const char *length = strstr(answer.head, "\r\nContent-Length: ");
    if (length && has_body)
        body = strtoul(length + 18, NULL, 10);
    while (client->in.size < head + body && !client->ended) {
        site_turn(client->site);
        client_read(client);
    }
    ck_assert_uint_ge(client->in.size, head + body);
    copy(answer.body, sizeof(answer.body), client->in.data + head, body);
    memmove(client->in.data, client->in.data + head + body, client->in.size - head - body + 1);
    client->in.size -= head + body;
    return answer;
}

struct answer client_answer(struct client *client)
{
    return next_answer(client, true);
}

struct answer client_answer_to_head(struct client *client)
{
    return next_answer(client, false);
}

struct answer site_ask(struct site *site, const char *request, bool *ret_ended)
{
    struct client client;
    client_open(&client, site);
    client_text(&client, request);
    struct answer answer = client_answer(&client);
    site_turn(site);
    client_read(&client);
    if (ret_ended)
        *ret_ended = client.ended;
    client_close(&client);
    return answer;
}

bool answer_has(const struct answer *answer, const char *line)
{
    const char *at = strstr(answer->head, line);
    return at && at > answer->head && at[-1] == '\n' && at[strlen(line)] == '\r';
}
