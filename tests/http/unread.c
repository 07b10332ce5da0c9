/* SPDX-License-Identifier: Apache-2.0
 * What all clients together send and nobody has answered yet: bounded, whoever they are and however far they
 * got. */
#include <string.h>

#include "shared/base/cleanup.h"
#include "tests/http/cases.h"
#include "tests/http/site.h"

enum { HALF_BODY = 50000 };

#define HELLO "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST  "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"

static void fill(struct buf *to, size_t size)
{
    CLEANUP(free_cleanup) char *bytes = memory_new(1, size);
    memset(bytes, 'x', size);
    buf_append(to, bytes, size);
}

static void large_get(const char *target, struct buf *to)
{
    buf_format(to, "GET %s HTTP/1.1\r\nHost: a\r\nLong: ", target);
    fill(to, 40000);
    buf_text(to, "\r\n\r\n");
}

/* The head, and once it is known to be read most of the body. */
static void post_half(struct client *client, struct site *site)
{
    CLEANUP(buf_done) struct buf half = {0};
    fill(&half, HALF_BODY);
    client_open(client, site);
    client_text(client, POST "Expect: 100-continue\r\nContent-Length: 50001\r\n\r\n");
    ck_assert_int_eq(client_answer_to_head(client).status, 100);
    client_send(client, buf_as_span(&half));
}

/* On a connection that is known to be read: the bytes are, one turn later. */
static void head_half(struct client *client, struct site *site, size_t size)
{
    CLEANUP(buf_done) struct buf half = {0};
    client_open(client, site);
    client_text(client, HELLO);
    ck_assert_int_eq(client_answer(client).status, 200);
    buf_text(&half, "GET /hello HTTP/1.1\r\nHost: a\r\nLong: ");
    fill(&half, size);
    client_send(client, buf_as_span(&half));
    site_turn(site);
}

/* Three may come at once, each in 64 KiB, the fourth is too much: who has been sending a body for longest
 * goes, and nobody else; a head, which came before, stays. */
START_TEST(half_requests_together_hold_no_more_than_the_cap)
{
    static const char *const three[] = {"--http-unread-bytes=200000", NULL};
    struct site site;
    struct client head, clients[4];
    site_open(&site, three);
    head_half(&head, &site, 1);
    for (int i = 0; i < 4; i++)
        post_half(&clients[i], &site);
    client_until_ended(&clients[0]);
    ck_assert_uint_eq(clients[0].in.size, 0);
    for (int i = 1; i < 4; i++) {
        client_text(&clients[i], "x");
        ck_assert_int_eq(client_answer(&clients[i]).status, 200);
    }
    client_text(&head, "\r\n\r\n");
    ck_assert_int_eq(client_answer(&head).status, 200);
    for (int i = 0; i < 4; i++)
        client_close(&clients[i]);
    client_close(&head);
    site_close(&site);
}
END_TEST

START_TEST(half_heads_together_hold_no_more_than_the_cap)
{
    static const char *const two[] = {"--http-unread-bytes=70000", "--http-header-bytes=32768", NULL};
    struct site site;
    struct client clients[3];
    site_open(&site, two);
    for (int i = 0; i < 3; i++)
        head_half(&clients[i], &site, 20000);
    client_until_ended(&clients[0]);
    ck_assert_uint_eq(clients[0].in.size, 0);
    for (int i = 1; i < 3; i++) {
        client_text(&clients[i], "\r\n\r\n");
        ck_assert_int_eq(client_answer(&clients[i]).status, 200);
    }
    for (int i = 0; i < 3; i++)
        client_close(&clients[i]);
    site_close(&site);
}
END_TEST

START_TEST(a_request_over_the_cap_alone_is_answered)
{
    static const char *const less[] = {"--http-unread-bytes=65536", "--http-body-bytes=200000", NULL};
    CLEANUP(buf_done) struct buf request = {0};
    struct site site;
    site_open(&site, less);
    buf_text(&request, POST "Content-Length: 150000\r\n\r\n");
    fill(&request, 150000);
    ck_assert_int_eq(site_ask(&site, request.data, NULL).status, 200);
    site_close(&site);
}
END_TEST

/* One unanswered request, and behind it more than a quarter of the cap. */
static void send_ahead(struct client *client, struct site *site)
{
    CLEANUP(buf_done) struct buf ahead = {0};
    size_t waits = site->waits;
    client_open(client, site);
    client_text(client, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    site_wait_for(site, waits + 1);
    while (ahead.size < 20000)
        buf_text(&ahead, HELLO);
    client_send(client, buf_as_span(&ahead));
    site_turn(site);
}

/* The second would be in more than half of what there is. */
START_TEST(what_is_sent_ahead_leaves_room_for_requests_that_come)
{
    static const char *const less[] = {"--http-unread-bytes=65536", NULL};
    struct site site;
    struct client first, second;
    site_open(&site, less);
    send_ahead(&first, &site);
    send_ahead(&second, &site);
    client_until_ended(&second);
    ck_assert_uint_eq(second.in.size, 0);
    ck_assert_uint_eq(site.gone, 1);
    ck_assert_int_eq(site_ask(&site, HELLO, NULL).status, 200);
    site_answer(&site, 0);
    ck_assert_int_eq(client_answer(&first).status, 200);
    ck_assert_int_eq(client_answer(&first).status, 200);
    client_close(&first);
    client_close(&second);
    site_close(&site);
}
END_TEST

/* Their heads would be too much together, were they not forgotten with the reply. */
START_TEST(who_does_not_read_a_reply_holds_no_request)
{
    static const char *const one[] = {"--http-unread-bytes=100000", "--http-header-bytes=65536",
                                      "--http-unsent-bytes=1000000000", NULL};
    CLEANUP(buf_done) struct buf request = {0};
    struct site site;
    struct client half, clients[2];
    site_open(&site, one);
    head_half(&half, &site, 1);
    large_get("/huge", &request);
    for (int i = 0; i < 2; i++) {
        size_t before = site.called.size;
        client_open(&clients[i], &site);
        client_send(&clients[i], buf_as_span(&request));
        while (site.called.size == before)
            site_turn(&site);
    }
    client_text(&half, "\r\n\r\n");
    ck_assert_int_eq(client_answer(&half).status, 200);
    for (int i = 0; i < 2; i++)
        client_close(&clients[i]);
    client_close(&half);
    site_close(&site);
}
END_TEST

/* Nobody is left to be dropped: whoever has handed in a request is owed its answer. */
START_TEST(answers_503_while_unanswered_requests_take_all_the_room)
{
    static const char *const one[] = {"--http-unread-bytes=100000", "--http-header-bytes=65536", NULL};
    CLEANUP(buf_done) struct buf request = {0};
    struct site site;
    struct client client;
    site_open(&site, one);
    large_get("/later", &request);
    client_open(&client, &site);
    client_send(&client, buf_as_span(&request));
    site_wait_for(&site, 1);
    struct answer answer = site_ask(&site, request.data, NULL);
    ck_assert_int_eq(answer.status, 503);
    ck_assert(answer_has(&answer, "Retry-After: 1"));
    ck_assert_int_eq(site_ask(&site, HELLO, NULL).status, 200);
    site_answer(&site, 0);
    ck_assert_int_eq(client_answer(&client).status, 200);
    client_send(&client, buf_as_span(&request));
    site_wait_for(&site, 2);
    client_close(&client);
    site_close(&site);
}
END_TEST

TCase *unread_cases(void)
{
    TCase *cases = tcase_create("unread");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, half_requests_together_hold_no_more_than_the_cap);
    tcase_add_test(cases, half_heads_together_hold_no_more_than_the_cap);
    tcase_add_test(cases, a_request_over_the_cap_alone_is_answered);
    tcase_add_test(cases, what_is_sent_ahead_leaves_room_for_requests_that_come);
    tcase_add_test(cases, who_does_not_read_a_reply_holds_no_request);
    tcase_add_test(cases, answers_503_while_unanswered_requests_take_all_the_room);
    return cases;
}
