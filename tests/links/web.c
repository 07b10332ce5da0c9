/* SPDX-License-Identifier: Apache-2.0
 * links/curl_http against a server of the test's own, which does as the path says: whether a request may have
 * been taken is told rightly, and none that makes something is sent twice. */
#include "shared/links/curl_http.h"

#include <arpa/inet.h>
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/suite.h"

enum { TIMEOUT_MS = 5000, BODY_MOST = 1000, BIG = 5000 };

static atomic_int requests;      /* that came whole */
static char newest[4096];        /* the last of them */
static atomic_size_t hello_size; /* of a client that speaks TLS: then that is in newest */
static int listener;
static char base[64];

static const struct {
    const char *path, *reply; /* NULL: none, and the connection ends */
} replies[] = {
    {"/ok", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
    {"/later", "HTTP/1.1 503 Unavailable\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"},
    {"/long", "HTTP/1.1 429 Slow\r\nRetry-After: 99999999\r\nContent-Length: 0\r\n\r\n"},
    {"/moved", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n"},
    {"/half", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello"},
    {"/cut", NULL},
};

/* A request whole, as none here is longer than the buffer. false: the client has gone. */
static bool request_read(int connection, char *text, size_t size)
{
    size_t got = 0, length = 0;
    char *body = NULL;

    while (!body || got < (size_t)(body - text) + length) {
        ssize_t more = recv(connection, text + got, size - 1 - got, 0);

        if (more <= 0)
            return false;
        got += (size_t)more;
        text[got] = '\0';
        body = strstr(text, "\r\n\r\n");
        if (body && strstr(text, "Content-Length: "))
            length = (size_t)atoi(strstr(text, "Content-Length: ") + strlen("Content-Length: "));
        body = body ? body + strlen("\r\n\r\n") : NULL;
    }
    return true;
}

static bool answer(int connection, const char *path)
{
    char big[BIG + 100];
    int size;

    if (strcmp(path, "/silent") == 0)
        return true;
    if (strcmp(path, "/big") == 0) {
        size = snprintf(big, sizeof big, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%*d", BIG, BIG, 0);
        return send(connection, big, (size_t)size, MSG_NOSIGNAL) == size;
    }
    for (size_t at = 0; at < sizeof replies / sizeof replies[0]; at++)
        if (strcmp(replies[at].path, path) == 0 && replies[at].reply)
            (void)!send(connection, replies[at].reply, strlen(replies[at].reply), MSG_NOSIGNAL);
    return strcmp(path, "/cut") != 0 && strcmp(path, "/half") != 0;
}

/* The client's first record of TLS, whose header tells its length. Nobody answers it. */
static bool takes_hello(int connection)
{
    unsigned char head[5];
    size_t size;

    if (recv(connection, head, sizeof head, MSG_PEEK | MSG_WAITALL) != sizeof head || head[0] != 22)
        return false;
    size = sizeof head + (size_t)(head[3] << 8 | head[4]);
    if (size <= sizeof newest && recv(connection, newest, size, MSG_WAITALL) == (ssize_t)size)
        atomic_store(&hello_size, size);
    return true;
}

static void *serve_one(void *self)
{
    int connection = (int)(intptr_t)self;
    char text[4096], path[64];

    if (takes_hello(connection)) {
        close(connection);
        return NULL;
    }
    while (request_read(connection, text, sizeof text)) {
        memcpy(newest, text, sizeof newest);
        atomic_fetch_add(&requests, 1);
        if (sscanf(text, "%*s %63s", path) != 1 || !answer(connection, path))
            break;
    }
    close(connection);
    return NULL;
}

static void *serve(void *unused)
{
    int connection;
    pthread_t thread;

    (void)unused;
    while ((connection = accept(listener, NULL, NULL)) >= 0)
        if (pthread_create(&thread, NULL, serve_one, (void *)(intptr_t)connection) == 0)
            pthread_detach(thread);
    return NULL;
}

/* A port of our own that nobody listens on yet. */
static int port_open(int *ret_socket)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;

    *ret_socket = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(*ret_socket, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(getsockname(*ret_socket, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

static struct web *web;
static struct web_reply reply;

static void setup(void)
{
    pthread_t thread;

    (void)snprintf(base, sizeof base, "http://127.0.0.1:%d", port_open(&listener));
    ck_assert_int_eq(listen(listener, 8), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, serve, NULL), 0);
    pthread_detach(thread);
    ck_assert_int_eq(web_new(TIMEOUT_MS, BODY_MOST, &web), 0);
}

static void teardown(void)
{
    web_reply_done(&reply);
    web_free(web);
}

static int call(const char *method, const char *path)
{
    bool makes = strcmp(method, "GET") != 0;
    char url[128];

    (void)snprintf(url, sizeof url, "%s%s", base, path);
    return web_call(web,
                    &(struct web_call){.method = method,
                                       .url = url,
                                       .headers = {"X-Ours: yes"},
                                       .body = makes ? SPAN("{\"a\":1}") : (struct span){0}},
                    &reply);
}

START_TEST(a_whole_reply_is_answered_whatever_its_status)
{
    ck_assert_int_eq(call("GET", "/ok"), WEB_ANSWERED);
    ck_assert_int_eq(reply.status, 200);
    ck_assert(span_is(buf_as_span(&reply.body), "hello"));
    ck_assert_ptr_nonnull(strstr(newest, "X-Ours: yes\r\n"));
    ck_assert_int_eq(call("GET", "/later"), WEB_ANSWERED);
    ck_assert_int_eq(reply.status, 503);
    ck_assert_int_eq(reply.retry_after_s, 7);
    ck_assert_uint_eq(reply.body.size, 0);
}
END_TEST

START_TEST(nobody_is_made_to_wait_for_ever)
{
    ck_assert_int_eq(call("GET", "/long"), WEB_ANSWERED);
    ck_assert_int_eq(reply.retry_after_s, WEB_RETRY_MOST_S);
}
END_TEST

START_TEST(where_nothing_listens_nothing_was_sent)
{
    char url[64];
    int silent;

    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d/ok", port_open(&silent));
    ck_assert_int_eq(
        web_call(web, &(struct web_call){.method = "POST", .url = url, .body = SPAN("{}")}, &reply),
        WEB_AWAY);
    ck_assert_str_ne(web_why(web), "");
}
END_TEST

START_TEST(what_is_cut_or_silent_after_the_request_may_have_been_done)
{
    static const char *const paths[] = {"/cut", "/half", "/silent", "/big"};

    for (size_t at = 0; at < sizeof paths / sizeof paths[0]; at++) {
        ck_assert_int_eq(call("POST", paths[at]), WEB_UNKNOWN);
        ck_assert_uint_le(reply.body.size, BODY_MOST);
        ck_assert_int_eq(atomic_load(&requests), (int)at + 1);
    }
}
END_TEST

/* libcurl sends a request again by itself when a kept connection ends under it. */
START_TEST(a_request_that_makes_something_is_sent_once)
{
    ck_assert_int_eq(call("GET", "/ok"), WEB_ANSWERED);
    ck_assert_int_eq(call("POST", "/cut"), WEB_UNKNOWN);
    ck_assert_int_eq(atomic_load(&requests), 2);
}
END_TEST

static bool offers(const char *protocol)
{
    return memmem(newest, atomic_load(&hello_size), protocol, strlen(protocol)) != NULL;
}

/* In HTTP/2 a server may refuse a stream, and libcurl asks it up to five times more. */
START_TEST(only_a_protocol_that_sends_a_request_once_is_offered)
{
    char url[128];

    (void)snprintf(url, sizeof url, "https%s/ok", base + strlen("http"));
    ck_assert_int_eq(
        web_call(web, &(struct web_call){.method = "POST", .url = url, .body = SPAN("{}")}, &reply),
        WEB_AWAY);
    ck_assert(offers("\x08http/1.1"));
    ck_assert(!offers("\x02h2"));
}
END_TEST

START_TEST(no_redirect_is_followed)
{
    ck_assert_int_eq(call("POST", "/moved"), WEB_ANSWERED);
    ck_assert_int_eq(reply.status, 302);
    ck_assert_int_eq(atomic_load(&requests), 1);
}
END_TEST

START_TEST(a_method_is_of_its_call_alone)
{
    static const char *const methods[] = {"PUT", "GET", "POST", "GET"};

    for (size_t at = 0; at < sizeof methods / sizeof methods[0]; at++) {
        ck_assert_int_eq(call(methods[at], "/ok"), WEB_ANSWERED);
        ck_assert_int_eq(strncmp(newest, methods[at], strlen(methods[at])), 0);
        ck_assert_int_eq(strstr(newest, "{\"a\":1}") != NULL, strcmp(methods[at], "GET") != 0);
    }
}
END_TEST

START_TEST(only_loopback_goes_without_tls)
{
    static const char *const good[] = {"https://api.example.org", "http://127.0.0.1:8030",
                                       "http://localhost:1", "http://[::1]:1"};
    static const char *const bad[] = {"http://api.example.org", "http://127.example.org", "ftp://127.0.0.1",
                                      "https://me@example.org", "nothing"};

    for (size_t at = 0; at < sizeof good / sizeof good[0]; at++)
        ck_assert_int_eq(web_url_check("x_url", good[at]), 0);
    for (size_t at = 0; at < sizeof bad / sizeof bad[0]; at++) {
        ck_assert_int_eq(web_url_check("x_url", bad[at]), ERROR_SETTINGS);
        ck_assert_ptr_nonnull(strstr(error_text(), "x_url"));
    }
}
END_TEST

START_TEST(a_value_is_escaped)
{
    struct buf text = {0};

    web_escape(SPAN("a-Z_9.~ &=/?%\xc3\xa9"), &text);
    ck_assert(span_is(buf_as_span(&text), "a-Z_9.~%20%26%3D%2F%3F%25%C3%A9"));
    buf_done(&text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("web");
    TCase *cases = tcase_create("web");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_whole_reply_is_answered_whatever_its_status);
    tcase_add_test(cases, nobody_is_made_to_wait_for_ever);
    tcase_add_test(cases, where_nothing_listens_nothing_was_sent);
    tcase_add_test(cases, what_is_cut_or_silent_after_the_request_may_have_been_done);
    tcase_add_test(cases, a_request_that_makes_something_is_sent_once);
    tcase_add_test(cases, only_a_protocol_that_sends_a_request_once_is_offered);
    tcase_add_test(cases, no_redirect_is_followed);
    tcase_add_test(cases, a_method_is_of_its_call_alone);
    tcase_add_test(cases, only_loopback_goes_without_tls);
    tcase_add_test(cases, a_value_is_escaped);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
