/* SPDX-License-Identifier: Apache-2.0
 * How a connection lives: one request at a time, pipelining, late replies, half-close, clients that go,
 * 100 (Continue), draining and the end. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/base/cleanup.h"
#include "tests/http/cases.h"
#include "tests/http/site.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"

static void open_both(struct site *site, struct client *client)
{
    site_open(site, NULL);
    client_open(client, site);
}

static void close_both(struct site *site, struct client *client)
{
    client_close(client);
    site_close(site);
}

START_TEST(answers_pipelined_requests_in_order)
{
    struct site site;
    struct client client;
    open_both(&site, &client);
    client_text(&client,
                GET("/v1/things/1") POST "Content-Length: 3\r\n\r\n\"2\"" GET("/v1/things/3") "GET /v1/th");
    ck_assert_str_eq(client_answer(&client).body, "1||||");
    ck_assert_str_eq(client_answer(&client).body, "\"2\"");
    ck_assert_str_eq(client_answer(&client).body, "3||||");
    client_text(&client, "ings/4 HTTP/1.1\r\nHost: a\r\n\r\n");
    ck_assert_str_eq(client_answer(&client).body, "4||||");
    close_both(&site, &client);
}
END_TEST

START_TEST(parses_nothing_behind_an_unanswered_request)
{
    struct site site;
    struct client client;
    open_both(&site, &client);
    client_text(&client, GET("/later") GET("/later") GET("/hello") "nonsense\r\n\r\n");
    site_wait_for(&site, 1);
    site_turn(&site);
    ck_assert_str_eq(site.called.data, "GET /later ");
    site_answer(&site, 0);
    ck_assert_uint_eq(site.waits, 2);
    ck_assert_str_eq(client_answer(&client).body, "{\"late\":true}");
    site_answer(&site, 1);
    ck_assert_str_eq(client_answer(&client).body, "{\"late\":true}");
    ck_assert_str_eq(client_answer(&client).body, "{\"hello\":true}");
    ck_assert_int_eq(client_answer(&client).status, 400);
    ck_assert_uint_eq(site.gone, 0);
    close_both(&site, &client);
}
END_TEST

/* The client's own socket fills up; what the server keeps is one read. */
START_TEST(leaves_a_flood_behind_an_unanswered_request_in_the_socket)
{
    CLEANUP(buf_done) struct buf flood = {0};
    struct site site;
    struct client client;
    open_both(&site, &client);
    client_text(&client, GET("/later"));
    site_wait_for(&site, 1);
    for (int i = 0; i < 4000; i++)
        buf_text(&flood, GET("/hello"));
    size_t sent = 0;
    for (int idle = 0; idle < 3;) {
        ssize_t size = send(client.descriptor, flood.data + sent, flood.size - sent, MSG_NOSIGNAL);
        sent += size > 0 ? (size_t)size : 0;
        idle += size <= 0 || sent == flood.size;
        site_turn(&site);
    }
    ck_assert_str_eq(site.called.data, "GET /later ");
    site_answer(&site, 0);
    ck_assert_int_eq(client_answer(&client).status, 200);
    client_send(&client, (struct span){flood.data + sent, flood.size - sent});
    for (int i = 0; i < 4000; i++)
        ck_assert_int_eq(client_answer(&client).status, 200);
    close_both(&site, &client);
}
END_TEST

START_TEST(still_answers_a_client_that_closed_its_half)
{
    struct site site;
    struct client client;
    open_both(&site, &client);
    client_text(&client, GET("/later") GET("/hello"));
    client_shut(&client);
    site_wait_for(&site, 1);
    site_turn(&site);
    ck_assert_uint_eq(site.gone, 0);
    site_answer(&site, 0);
    ck_assert_str_eq(client_answer(&client).body, "{\"late\":true}");
    ck_assert_str_eq(client_answer(&client).body, "{\"hello\":true}");
    client_until_ended(&client);
    ck_assert(!client.reset);
    close_both(&site, &client);
}
END_TEST

START_TEST(refuses_half_a_request_of_a_client_that_closed_its_half)
{
    static const char *const halves[] = {"GET /hello HTTP/1.1\r\nHo", POST "Content-Length: 3\r\n\r\n1"};
    struct site site;
    struct client client;
    open_both(&site, &client);
    client_text(&client, halves[_i]);
    client_shut(&client);
    ck_assert_int_eq(client_answer(&client).status, 400);
    client_until_ended(&client);
    ck_assert_uint_eq(site.called.size, 0);
    close_both(&site, &client);
}
END_TEST

static void reset(struct client *client)
{
    struct linger linger = {1, 0};
    setsockopt(client->descriptor, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    client_close(client);
}

START_TEST(tells_once_that_a_waiting_client_is_gone)
{
    struct site site;
    struct client client;
    open_both(&site, &client);
    client_text(&client, GET("/later"));
    site_wait_for(&site, 1);
    reset(&client);
    while (site.gone == 0)
        site_turn(&site);
    ck_assert_uint_eq(site.gone, 1);
    ck_assert_ptr_null(site.waiting[0]);
    site_close(&site);
    ck_assert_uint_eq(site.gone, 1);
}
END_TEST

START_TEST(survives_a_client_that_goes_before_its_reply_is_written)
{
    struct site site;
    struct client client;
    open_both(&site, &client);
    client_text(&client, GET("/huge"));
    while (site.called.size == 0)
        site_turn(&site);
    reset(&client);
    client_open(&client, &site);
    client_text(&client, GET("/hello"));
    ck_assert_int_eq(client_answer(&client).status, 200);
    close_both(&site, &client);
}
END_TEST

START_TEST(writes_a_large_reply_to_a_reader_that_reads)
{
    struct site site;
    struct client client;
    open_both(&site, &client);
    client_text(&client, GET("/huge") GET("/hello"));
    while (client.in.size < 32 << 20) {
        site_turn(&site);
        client_read(&client);
    }
    ck_assert_int_eq(client_answer(&client).status, 200);
    ck_assert_str_eq(client_answer(&client).body, "{\"hello\":true}");
    close_both(&site, &client);
}
END_TEST

START_TEST(invites_a_body_that_waits_to_be_invited)
{
    struct site site;
    struct client client;
    open_both(&site, &client);
    client_text(&client, POST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    ck_assert_int_eq(client_answer_to_head(&client).status, 100);
    client_text(&client, "123");
    ck_assert_str_eq(client_answer(&client).body, "123");
    client_text(&client, POST "Expect: 100-Continue\r\nContent-Length: 3\r\n\r\n456");
    ck_assert_str_eq(client_answer(&client).body, "456");
    client_text(&client, POST "Expect: 100-continue\r\n\r\n");
    ck_assert_int_eq(client_answer(&client).status, 200);
    close_both(&site, &client);
}
END_TEST

/* Closing at once would reset the connection and the client would lose the reply that tells why. */
START_TEST(lets_a_refusal_be_read_while_the_body_still_comes)
{
    CLEANUP(buf_done) struct buf request = {0};
    struct site site;
    struct client client;
    open_both(&site, &client);
    buf_text(&request,
             "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 60000\r\n\r\n");
    for (int i = 0; i < 60000; i++)
        buf_byte(&request, 'x');
    client_send(&client, buf_as_span(&request));
    ck_assert_int_eq(client_answer(&client).status, 415);
    client_until_ended(&client);
    ck_assert(!client.reset);
    close_both(&site, &client);
}
END_TEST

START_TEST(closes_when_the_client_asked_to_close)
{
    struct site site;
    bool ended;
    site_open(&site, NULL);
    struct answer answer =
        site_ask(&site, "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n", &ended);
    ck_assert_int_eq(answer.status, 200);
    ck_assert(answer_has(&answer, "Connection: close"));
    ck_assert(ended);
    site_close(&site);
}
END_TEST

START_TEST(drains_by_closing_the_idle_and_answering_the_open)
{
    struct site site;
    struct client idle, open, half;
    site_open(&site, NULL);
    client_open(&idle, &site);
    client_open(&open, &site);
    client_open(&half, &site);
    client_text(&open, GET("/later"));
    client_text(&half, "GET /hello HTTP/1.1\r\n");
    site_wait_for(&site, 1);
    http_server_drain(site.server, site_drained, &site);
    client_until_ended(&idle);
    client_text(&half, "Host: a\r\n\r\n");
    ck_assert_int_eq(client_answer(&half).status, 503);
    ck_assert(!site.drained);
    site_answer(&site, 0);
    struct answer answer = client_answer(&open);
    ck_assert_int_eq(answer.status, 200);
    ck_assert(answer_has(&answer, "Connection: close"));
    client_close(&idle);
    client_close(&open);
    client_close(&half);
    while (!site.drained)
        site_turn(&site);
    site_close(&site);
}
END_TEST

START_TEST(drains_at_once_where_nobody_is)
{
    struct site site;
    site_open(&site, NULL);
    http_server_drain(site.server, site_drained, &site);
    while (!site.drained)
        site_turn(&site);
    site_close(&site);
}
END_TEST

START_TEST(tells_who_waits_when_it_ends_at_once)
{
    struct site site;
    struct client client;
    open_both(&site, &client);
    client_text(&client, GET("/later"));
    site_wait_for(&site, 1);
    site_close(&site);
    ck_assert_uint_eq(site.gone, 1);
    client_close(&client);
}
END_TEST

START_TEST(says_clearly_that_a_port_is_in_use)
{
    struct site site;
    site_open(&site, NULL);
    struct http_server *second = NULL;
    struct http_config config = {.host = "127.0.0.1", .port = http_server_port(site.server)};
    ck_assert_int_eq(http_server_new(&site.loop, &config, &second), ERROR_SYSTEM);
    ck_assert_ptr_nonnull(strstr(error_text(), "address already in use"));
    config.host = "a.example";
    ck_assert_int_eq(http_server_new(&site.loop, &config, &second), ERROR_SETTINGS);
    site_close(&site);
}
END_TEST

TCase *flow_cases(void)
{
    TCase *cases = tcase_create("flow");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, answers_pipelined_requests_in_order);
    tcase_add_test(cases, parses_nothing_behind_an_unanswered_request);
    tcase_add_test(cases, leaves_a_flood_behind_an_unanswered_request_in_the_socket);
    tcase_add_test(cases, still_answers_a_client_that_closed_its_half);
    tcase_add_loop_test(cases, refuses_half_a_request_of_a_client_that_closed_its_half, 0, 2);
    tcase_add_test(cases, tells_once_that_a_waiting_client_is_gone);
    tcase_add_test(cases, survives_a_client_that_goes_before_its_reply_is_written);
    tcase_add_test(cases, writes_a_large_reply_to_a_reader_that_reads);
    tcase_add_test(cases, invites_a_body_that_waits_to_be_invited);
    tcase_add_test(cases, lets_a_refusal_be_read_while_the_body_still_comes);
    tcase_add_test(cases, closes_when_the_client_asked_to_close);
    tcase_add_test(cases, drains_by_closing_the_idle_and_answering_the_open);
    tcase_add_test(cases, drains_at_once_where_nobody_is);
    tcase_add_test(cases, tells_who_waits_when_it_ends_at_once);
    tcase_add_test(cases, says_clearly_that_a_port_is_in_use);
    return cases;
}
