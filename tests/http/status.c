/* SPDX-License-Identifier: Apache-2.0
 * Each answer the server gives by itself, with its headers, through a real socket. */
#include <stdio.h>
#include <string.h>

#include "tests/http/cases.h"
#include "tests/http/site.h"

#define POST(headers, body) "POST /echo HTTP/1.1\r\nHost: a\r\n" headers "\r\n" body

struct status_row {
    int status;
    const char *request;
    const char *line; /* of the reply's head; NULL: any */
};

static const struct status_row rows[] = {
    {200, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", "Content-Type: application/json"},
    {200, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", "Cache-Control: no-store"},
    {200, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", "Content-Length: 14"},
    {200, "GET /hello HTTP/1.0\r\n\r\n", "Connection: close"},
    {200, "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "Connection: keep-alive"},
    {200, "GET http://a.example:80/hello HTTP/1.1\r\nHost: b\r\n\r\n", NULL},
    {200, POST("Content-Type: application/json\r\nContent-Length: 2\r\n", "{}"), NULL},
    {200, POST("Content-Type: application/json;charset=UTF-8\r\nContent-Length: 2\r\n", "{}"), NULL},
    {200, POST("Content-Type: application/json; charset=\"utf-8\"\r\nContent-Length: 2\r\n", "{}"), NULL},
    {200, POST("Content-Length: 0\r\n", ""), NULL},
    {200, POST("", ""), NULL},
    {200,
     POST("Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n",
          "1;x=y\r\n{\r\n1\r\n}\r\n0\r\n\r\n"),
     NULL},
    {200, "GET /hello HTTP/1.1\r\nHost: a\r\nAccept: text/html, application/*;q=0.1\r\n\r\n", NULL},
    {200, "GET /hello HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nAccept: */*\r\n\r\n", NULL},
    {200,
     "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: "
     "h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
     NULL},
    {404, "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", "Content-Type: application/problem+json"},
    {404, "GET /hello/ HTTP/1.1\r\nHost: a\r\n\r\n", NULL},
    {405, "DELETE /v1/things/7 HTTP/1.1\r\nHost: a\r\n\r\n", "Allow: PUT, GET, HEAD"},
    {405, "TRACE /hello HTTP/1.1\r\nHost: a\r\n\r\n", "Allow: GET, HEAD"},
    {405, "OPTIONS /echo HTTP/1.1\r\nHost: a\r\n\r\n", "Allow: POST"},
    {406, "GET /hello HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n", NULL},
    {406, "GET /hello HTTP/1.1\r\nHost: a\r\nAccept: application/json;q=0.0, text/*\r\n\r\n", NULL},
    {406, "GET /hello HTTP/1.1\r\nHost: a\r\nAccept: */*, application/json; q=0\r\n\r\n", NULL},
    {413, POST("Content-Type: application/json\r\nContent-Length: 99999999\r\n", ""), NULL},
    {415, POST("Content-Length: 2\r\n", "{}"), NULL},
    {415, POST("Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}"), NULL},
    {415, POST("Content-Type: application/json; charset=latin1\r\nContent-Length: 2\r\n", "{}"), NULL},
    {415, POST("Content-Type: application/json; charset=utf-8; x=y\r\nContent-Length: 2\r\n", "{}"), NULL},
    {415, POST("Content-Type: application/jsonp\r\nContent-Length: 2\r\n", "{}"), NULL},
    {415, POST("Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n", "{}"),
     NULL},
    {417, POST("Expect: 200-ok\r\nContent-Length: 2\r\n", "{}"), NULL},
    {501, "BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n", NULL},
    {501, "get /hello HTTP/1.1\r\nHost: a\r\n\r\n", NULL},
    {501, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", NULL},
    {501, POST("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), NULL},
    {505, "GET /hello HTTP/2.0\r\nHost: a\r\n\r\n", NULL},
    {505, "GET /hello HTTP/1.2\r\nHost: a\r\n\r\n", NULL},
    {505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", NULL},
};

START_TEST(answers_each_request_with_its_status)
{
    const struct status_row *row = &rows[_i];
    struct site site;
    bool ended;
    site_open(&site, NULL);
    struct answer answer = site_ask(&site, row->request, &ended);
    ck_assert_msg(answer.status == row->status, "%d instead of %d: %s", answer.status, row->status,
                  row->request);
    ck_assert_msg(!row->line || answer_has(&answer, row->line), "%s", answer.head);
    bool keeps = answer.status == 200 && !answer_has(&answer, "Connection: close");
    ck_assert_msg(keeps != ended, "kept or closed wrongly: %s", row->request);
    if (answer.status != 200)
        ck_assert_ptr_nonnull(strstr(answer.body, "\"type\":\"/problems/"));
    ck_assert_int_eq((int)(site.called.size > 0), (int)(answer.status == 200));
    site_close(&site);
}
END_TEST

static const char *const wanted[] = {"x-one", "x-two", NULL};

static struct answer ask_for_headers(const char *request)
{
    struct site site;
    site_open_as(&site, NULL,
                 &(struct http_config){.headers = wanted, .any_media_type = true, .body_max = 8});
    struct answer answer = site_ask(&site, request, NULL);
    site_close(&site);
    return answer;
}

#define TO_HEADERS(fields, body) "POST /headers HTTP/1.1\r\nHost: a\r\n" fields "\r\n" body

START_TEST(hands_over_the_headers_that_were_named_once_each)
{
    struct answer answer = ask_for_headers(TO_HEADERS("X-TWO:  b \r\nX-Three: c\r\n", ""));
    ck_assert_str_eq(answer.body, "-|b|-|-|");
    answer = ask_for_headers(TO_HEADERS("X-Two:\r\nx-one: a\r\n", ""));
    ck_assert_str_eq(answer.body, "a||-|-|");
    answer = ask_for_headers(TO_HEADERS("X-Two: a\r\nx-two: a\r\n", ""));
    ck_assert_int_eq(answer.status, 400);
}
END_TEST

START_TEST(takes_any_media_type_where_the_handler_judges_it)
{
    struct answer answer = ask_for_headers(
        TO_HEADERS("Content-Type: text/html\r\nAccept: text/html\r\nContent-Length: 2\r\n", "hi"));
    ck_assert_str_eq(answer.body, "-|-|-|-|hi");
    ck_assert_int_eq(ask_for_headers(TO_HEADERS("Content-Length: 9\r\n", "")).status, 413);
}
END_TEST

START_TEST(says_nothing_about_its_make)
{
    struct site site;
    site_open(&site, NULL);
    struct answer answer = site_ask(&site, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", NULL);
    ck_assert_ptr_null(strstr(answer.head, "Server:"));
    ck_assert_ptr_nonnull(strstr(answer.head, "\r\nDate: "));
    ck_assert_ptr_nonnull(strstr(answer.head, " GMT\r\n"));
    site_close(&site);
}
END_TEST

START_TEST(answers_500_where_the_handler_failed_and_tells_the_program)
{
    struct site site;
    site_open(&site, NULL);
    ck_assert_int_eq(site_ask(&site, "GET /fatal HTTP/1.1\r\nHost: a\r\n\r\n", NULL).status, 500);
    ck_assert_uint_eq(site.failed, 1);
    ck_assert_int_eq(site_ask(&site, "GET /silent HTTP/1.1\r\nHost: a\r\n\r\n", NULL).status, 500);
    ck_assert_uint_eq(site.failed, 1);
    site_close(&site);
}
END_TEST

START_TEST(never_splits_a_reply_by_a_header_value)
{
    struct site site;
    site_open(&site, NULL);
    struct answer answer = site_ask(&site, "GET /split HTTP/1.1\r\nHost: a\r\n\r\n", NULL);
    ck_assert_int_eq(answer.status, 500);
    ck_assert_ptr_null(strstr(answer.head, "Set-Cookie"));
    site_close(&site);
}
END_TEST

START_TEST(answers_head_like_get_without_a_body)
{
    struct site site;
    struct client client;
    site_open(&site, NULL);
    client_open(&client, &site);
    client_text(&client, "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    struct answer answer = client_answer_to_head(&client);
    ck_assert_int_eq(answer.status, 200);
    ck_assert(answer_has(&answer, "Content-Length: 14"));
    ck_assert_int_eq(client_answer(&client).status, 200);
    ck_assert_uint_eq(client.in.size, 0);
    client_close(&client);
    site_close(&site);
}
END_TEST

START_TEST(finds_the_route_and_its_parameters)
{
    struct site site;
    site_open(&site, NULL);
    ck_assert_str_eq(site_ask(&site, "GET /v1/things/7 HTTP/1.1\r\nHost: a\r\n\r\n", NULL).body, "7||||");
    ck_assert_str_eq(site_ask(&site, "GET /v1/things/mine HTTP/1.1\r\nHost: a\r\n\r\n", NULL).body, "||||");
    ck_assert_str_eq(site_ask(&site, "GET /v1/things/a/parts/b?c HTTP/1.1\r\nHost: a\r\n\r\n", NULL).body,
                     "a|b|||");
    ck_assert_str_eq(site_ask(&site, "GET /v1/%74hings/a%2fb%7E HTTP/1.1\r\nHost: a\r\n\r\n", NULL).body,
                     "a%2fb~||||");
    ck_assert_int_eq(site_ask(&site, "GET /v1/things/ HTTP/1.1\r\nHost: a\r\n\r\n", NULL).status, 404);
    ck_assert_int_eq(site_ask(&site, "GET /v1/things/a/b HTTP/1.1\r\nHost: a\r\n\r\n", NULL).status, 404);
    ck_assert_int_eq(site_ask(&site, "GET //v1/things/a HTTP/1.1\r\nHost: a\r\n\r\n", NULL).status, 404);
    site_close(&site);
}
END_TEST

START_TEST(reads_a_query_parameter_once_or_refuses_it)
{
    static const struct {
        const char *query, *body;
    } queries[] = {
        {"", "1 "},
        {"?a=b", "0 b"},
        {"?b=a&a=c%26d+e&x", "0 c&d e"},
        {"?a", "0 "},
        {"?a=", "0 "},
        {"?a=1&a=2", "2 "},
        {"?aa=1&ba=2", "1 "},
        {"?a=%C3%A9", "0 \xc3\xa9"},
        {"?a=0123456789abcdef", "2 "},
    };
    struct site site;
    site_open(&site, NULL);
    for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
        char request[128];
        snprintf(request, sizeof(request), "GET /query%s HTTP/1.1\r\nHost: a\r\n\r\n", queries[i].query);
        ck_assert_str_eq(site_ask(&site, request, NULL).body, queries[i].body);
    }
    site_close(&site);
}
END_TEST

TCase *status_cases(void)
{
    TCase *cases = tcase_create("status");
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, answers_each_request_with_its_status, 0, (int)(sizeof(rows) / sizeof(*rows)));
    tcase_add_test(cases, hands_over_the_headers_that_were_named_once_each);
    tcase_add_test(cases, takes_any_media_type_where_the_handler_judges_it);
    tcase_add_test(cases, says_nothing_about_its_make);
    tcase_add_test(cases, answers_500_where_the_handler_failed_and_tells_the_program);
    tcase_add_test(cases, never_splits_a_reply_by_a_header_value);
    tcase_add_test(cases, answers_head_like_get_without_a_body);
    tcase_add_test(cases, finds_the_route_and_its_parameters);
    tcase_add_test(cases, reads_a_query_parameter_once_or_refuses_it);
    return cases;
}
