/* SPDX-License-Identifier: Apache-2.0
 * A client of the program under test: one request a connection, the whole reply or a failed test. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/crypto.h"
#include "tests/query/program.h"

enum { REPLY_MS = 20000, CONNECT_TURNS = 2000 };

static void add_part(struct buf *to, const struct buf *json)
{
    crypto_base64url(json->data, json->size, to);
}

/* HS256, the claims Supabase Auth gives. */
static void token_of(const char *user, const char *role, struct buf *to)
{
    CLEANUP(buf_done) struct buf claims = {0};
    CLEANUP(crypto_mac_free_cleanup) struct crypto_mac *mac = NULL;
    const struct buf header = {.data = (char[]){"{\"alg\":\"HS256\",\"typ\":\"JWT\"}"}, .size = 27};
    uint8_t tag[32];
    size_t from = to->size;
    buf_format(&claims, "{\"iss\":\"" ISSUER "\",\"aud\":\"authenticated\",\"exp\":%lld,\"sub\":\"%s\"",
               (long long)(clock_wall_ms() / 1000 + 600), user);
    if (role)
        buf_format(&claims, ",\"app_metadata\":{\"colis_role\":\"%s\"}", role);
    buf_byte(&claims, '}');
    add_part(to, &header);
    buf_byte(to, '.');
    add_part(to, &claims);
    struct span signed_part = {to->data + from, to->size - from};
    ck_assert_int_eq(crypto_mac_new(SPAN(TOKEN_SECRET), &mac), 0);
    crypto_mac_parts(mac, &signed_part, 1, tag);
    buf_byte(to, '.');
    crypto_base64url(tag, sizeof(tag), to);
}

int client_connect(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int client = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_ge(client, 0);
    if (connect(client, (struct sockaddr *)&address, sizeof(address)) == 0)
        return client;
    close(client);
    return -1;
}

void client_write(int client, const struct buf *request)
{
    ck_assert_int_eq(send(client, request->data, request->size, MSG_NOSIGNAL), (ssize_t)request->size);
}

static int connected(void)
{
    int client = client_connect(program_port());
    /* the management port answers before the program listens */
    for (int turn = 0; turn < CONNECT_TURNS && client < 0; turn++) {
        (void)poll(NULL, 0, 5);
        client = client_connect(program_port());
    }
    ck_assert_int_ge(client, 0);
    return client;
}

static void write_head(const char *line, const char *user, const char *role, struct buf *to)
{
    buf_format(to, "%s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n", line);
    if (!user)
        return;
    buf_text(to, "Authorization: Bearer ");
    token_of(user, role, to);
    buf_text(to, "\r\n");
}

int client_send(const char *user, const char *role, const char *target, const char *more_headers)
{
    CLEANUP(buf_done) struct buf request = {0}, line = {0};
    int client = connected();
    buf_format(&line, "GET %s", target);
    write_head(line.data, user, role, &request);
    buf_format(&request, "%s\r\n", more_headers ? more_headers : "");
    client_write(client, &request);
    return client;
}

static void post(const char *user, const char *role, const char *target, const char *rest,
                 struct reply *ret_reply)
{
    CLEANUP(buf_done) struct buf request = {0}, line = {0};
    int client = connected();
    buf_format(&line, "POST %s", target);
    write_head(line.data, user, role, &request);
    buf_text(&request, rest);
    client_write(client, &request);
    client_read(client, ret_reply);
}

void post_as(const char *user, const char *role, const char *target, const char *body,
             struct reply *ret_reply)
{
    CLEANUP(buf_done) struct buf rest = {0};
    buf_format(&rest, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
    post(user, role, target, rest.data, ret_reply);
}

void post_head(const char *user, const char *target, const char *headers, struct reply *ret_reply)
{
    CLEANUP(buf_done) struct buf rest = {0};
    buf_format(&rest, "%s\r\n", headers);
    post(user, NULL, target, rest.data, ret_reply);
}

/* Connection: close frames the reply. */
void client_read(int client, struct reply *ret_reply)
{
    CLEANUP(buf_done) struct buf all = {0};
    int64_t until_ms = clock_steady_ms() + REPLY_MS;
    for (ssize_t got = 1; got > 0; all.size += (size_t)got) {
        struct pollfd on = {.fd = client, .events = POLLIN};
        ck_assert_msg(poll(&on, 1, (int)(until_ms - clock_steady_ms())) > 0, "no reply in time");
        buf_reserve(&all, 65536);
        got = recv(client, all.data + all.size, 65536, 0);
        ck_assert_int_ge(got, 0);
    }
    close(client);
    all.data[all.size] = '\0';
    char *body = strstr(all.data, "\r\n\r\n");
    ck_assert_msg(body && sscanf(all.data, "HTTP/1.1 %d", &ret_reply->status) == 1, "no reply: %s", all.data);
    snprintf(ret_reply->head, sizeof(ret_reply->head), "%.*s", (int)(body + 2 - all.data), all.data);
    ret_reply->body = (struct buf){0};
    buf_text(&ret_reply->body, body + 4);
}

/* An orderly end would not do: who shuts only their own side still waits for the reply. */
void client_vanish(int client)
{
    const struct linger at_once = {.l_onoff = 1};
    ck_assert_int_eq(setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    close(client);
}

void reply_done(struct reply *reply)
{
    buf_done(&reply->body);
}

const char *reply_header(const struct reply *reply, const char *name)
{
    static char value[256];
    size_t size = strlen(name);
    for (const char *line = strstr(reply->head, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, size) != 0 || line[2 + size] != ':')
            continue;
        snprintf(value, sizeof(value), "%.*s", (int)strcspn(line + size + 4, "\r"), line + size + 4);
        return value;
    }
    return NULL;
}

long long reply_version(const struct reply *reply)
{
    const char *tag = reply_header(reply, "ETag");
    ck_assert_ptr_nonnull(tag);
    ck_assert_int_eq(tag[0], '"');
    return strtoll(tag + 1, NULL, 10);
}

void get_as(const char *user, const char *role, const char *target, struct reply *ret_reply)
{
    client_read(client_send(user, role, target, NULL), ret_reply);
}
