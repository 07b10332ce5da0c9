/* SPDX-License-Identifier: Apache-2.0
 * What RFC 9112 calls malformed, or what could be read in two ways: 400, closed, and nothing of it executed.
 */
#include <string.h>

#include "tests/http/cases.h"
#include "tests/http/site.h"

#define HOST "Host: a\r\n"
#define CHUNKED(body)                                                                                        \
    "POST /echo HTTP/1.1\r\n" HOST "Content-Type: application/json\r\nTransfer-Encoding: "                   \
    "chunked\r\n\r\n" body
#define GET(fields)    "GET /hello HTTP/1.1\r\n" fields "\r\n"
#define TARGET(target) "GET " target " HTTP/1.1\r\n" HOST "\r\n"

#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        literal, sizeof(literal) - 1                                                                         \
    }
static const struct span rows[] = {
    BYTES(GET("")),
    BYTES(GET("Host: a\r\nHost: a\r\n")),
    BYTES(GET("Host:\r\n")),
    BYTES(GET("Host: a b\r\n")),
    BYTES(GET("Host: a/b\r\n")),
    BYTES(GET("Host: u@a\r\n")),
    BYTES(GET("Host: a:b\r\n")),
    BYTES(GET("Host: a:99999\r\n")),
    BYTES(GET("Host: [::1\r\n")),
    BYTES(GET("Host: a, b\r\n")),
    BYTES("GET  /hello HTTP/1.1\r\n" HOST "\r\n"),
    BYTES("GET /hello  HTTP/1.1\r\n" HOST "\r\n"),
    BYTES("GET\t/hello HTTP/1.1\r\n" HOST "\r\n"),
    BYTES("GET /hello HTTP/1.1 \r\n" HOST "\r\n"),
    BYTES("GET /hello http/1.1\r\n" HOST "\r\n"),
    BYTES("GET /hello HTTP/11\r\n" HOST "\r\n"),
    BYTES("GET /hello HTTP/1.1a\r\n" HOST "\r\n"),
    BYTES("GET /hello RTSP/1.0\r\n" HOST "\r\n"),
    BYTES("GET /hello\r\n\r\n"),
    BYTES("G(T /hello HTTP/1.1\r\n" HOST "\r\n"),
    BYTES(" GET /hello HTTP/1.1\r\n" HOST "\r\n"),
    BYTES("\r\n\r\nGET /hello HTTP/1.1\r\n" HOST "\r\n"),
    BYTES("\nGET /hello HTTP/1.1\r\n" HOST "\r\n"),
    BYTES("GET /hello HTTP/1.1\n" HOST "\n"),
    BYTES("GET /hello HTTP/1.1\r\nHost: a\n\r\n"),
    BYTES("GET /hello HTTP/1.1\r\r\nHost: a\r\n\r\n"),
    BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    BYTES(TARGET("hello")),
    BYTES(TARGET("*")),
    BYTES(TARGET("a.example:80")),
    BYTES(TARGET("/hello#part")),
    BYTES(TARGET("/hel\"lo")),
    BYTES(TARGET("/hel\\lo")),
    BYTES(TARGET("/h\xc3\xa9llo")),
    BYTES(TARGET("/hello%")),
    BYTES(TARGET("/hello%2")),
    BYTES(TARGET("/hello%zz")),
    BYTES(TARGET("/hello%00")),
    BYTES(TARGET("/hello%0d%0a")),
    BYTES(TARGET("/hello?a=%7f")),
    BYTES(TARGET("/hello?a=[b]")),
    BYTES(TARGET("ftp://a.example/hello")),
    BYTES(TARGET("http:///hello")),
    BYTES(TARGET("http://u@a.example/hello")),
    BYTES(TARGET("http://a.example")),
    BYTES(GET(HOST " folded: x\r\n")),
    BYTES(GET(HOST "A: b\r\n c\r\n")),
    BYTES(GET(HOST "A: b\r\n\tc\r\n")),
    BYTES(GET(" Host: a\r\n")),
    BYTES(GET(HOST ": x\r\n")),
    BYTES(GET(HOST "A : x\r\n")),
    BYTES(GET(HOST "A\r\n")),
    BYTES(GET(HOST "A: \x01\r\n")),
    BYTES(GET(HOST "A: \x7f\r\n")),
    BYTES(GET(HOST "A: b\0c\r\n")),
    BYTES(GET(HOST "A\0: b\r\n")),
    BYTES(GET(HOST "A: b\rC: d\r\n")),
    BYTES(GET(HOST "Authorization: x\r\nAuthorization: x\r\n")),
    BYTES(GET(HOST "Idempotency-Key: x\r\nidempotency-key: y\r\n")),
    BYTES(GET(HOST "Content-Length: 2\r\n") "{}"),
    BYTES(GET(HOST "Transfer-Encoding: chunked\r\n") "0\r\n\r\n"),
    BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"),
    BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2, 2\r\n\r\n{}"),
    BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: +2\r\n\r\n{}"),
    BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2a\r\n\r\n{}"),
    BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0x2\r\n\r\n{}"),
    BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n{}"),
    BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n{}"),
    BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551618\r\n\r\n{}"),
    BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BYTES("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n"),
    BYTES("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n"),
    BYTES("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, gzip\r\n\r\n"),
    BYTES("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: ,chunked\r\n\r\n"),
    BYTES("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n\r\n"),
    BYTES("POST /echo HTTP/1.1\r\n" HOST
          "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BYTES("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BYTES(CHUNKED("\r\n")),
    BYTES(CHUNKED("x\r\n")),
    BYTES(CHUNKED("+1\r\n{\r\n0\r\n\r\n")),
    BYTES(CHUNKED("0x1\r\n{\r\n0\r\n\r\n")),
    BYTES(CHUNKED("1 \r\n{\r\n0\r\n\r\n")),
    BYTES(CHUNKED("1\n{\r\n0\r\n\r\n")),
    BYTES(CHUNKED("1\r\n{}\r\n0\r\n\r\n")),
    BYTES(CHUNKED("1\r\n{\n0\r\n\r\n")),
    BYTES(CHUNKED("1\r\n{\r\n0\r\n\n")),
    BYTES(CHUNKED("1;\x01\r\n{\r\n0\r\n\r\n")),
    BYTES(CHUNKED("fffffffffffffffff\r\n{\r\n0\r\n\r\n")),
    BYTES(CHUNKED("1\r\n{\r\n0\r\nHost: b\r\n\r\n")),
    BYTES(CHUNKED("1\r\n{\r\n0\r\nGET /hello HTTP/1.1\r\n\r\n")),
};

START_TEST(refuses_what_is_malformed_and_closes)
{
    struct site site;
    struct client client;
    site_open(&site, NULL);
    client_open(&client, &site);
    client_send(&client, rows[_i]);
    client_text(&client, "GET /hello HTTP/1.1\r\nHost: hidden\r\n\r\n");
    struct answer answer = client_answer(&client);
    ck_assert_msg(answer.status == 400, "row %d: %d %s", _i, answer.status, rows[_i].data);
    ck_assert(answer_has(&answer, "Connection: close"));
    ck_assert(answer_has(&answer, "Content-Type: application/problem+json"));
    client_until_ended(&client);
    ck_assert_uint_eq(client.in.size, 0);
    ck_assert_uint_eq(site.called.size, 0);
    client_close(&client);
    site_close(&site);
}
END_TEST

static const char *const fine[] = {
    GET(HOST),
    GET("Host: a.example\r\n"),
    GET("Host: a_b.example:8080\r\n"),
    GET("Host: [2001:db8::1]:80\r\n"),
    GET("Host: 127.0.0.1:\r\n"),
    GET("hOsT:\t a \t\r\n"),
    GET(HOST "Empty:\r\nX: \xe9\x80\r\n"),
    "\r\n" GET(HOST),
    TARGET("/hello?"),
    TARGET("/hello?a=b/c?d&e=%20"),
    TARGET("HTTPS://A.example/hello"),
    TARGET("http://[::1]:80/hello?x"),
    TARGET("/%68ello"),
};

START_TEST(reads_what_is_well_formed)
{
    struct site site;
    site_open(&site, NULL);
    struct answer answer = site_ask(&site, fine[_i], NULL);
    ck_assert_msg(answer.status == 200, "%d %s", answer.status, fine[_i]);
    ck_assert_str_eq(site.called.data, "GET /hello ");
    site_close(&site);
}
END_TEST

/* Piece by piece, so that every line, chunk and field is cut everywhere once. */
START_TEST(reads_a_request_the_same_however_it_is_cut)
{
    static const char request[] = "\r\n" CHUNKED("3;a=\"b\"\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n") GET(HOST);
    struct site site;
    struct client client;
    site_open(&site, NULL);
    client_open(&client, &site);
    for (size_t at = 0; at < sizeof(request) - 1; at++) {
        client_send(&client, (struct span){request + at, 1});
        site_turn(&site);
    }
    ck_assert_str_eq(client_answer(&client).body, "{\"a\":1}");
    ck_assert_str_eq(client_answer(&client).body, "{\"hello\":true}");
    ck_assert_str_eq(site.called.data, "POST /echo GET /hello ");
    client_close(&client);
    site_close(&site);
}
END_TEST

TCase *strict_cases(void)
{
    TCase *cases = tcase_create("strict");
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, refuses_what_is_malformed_and_closes, 0, (int)(sizeof(rows) / sizeof(*rows)));
    tcase_add_loop_test(cases, reads_what_is_well_formed, 0, (int)(sizeof(fine) / sizeof(*fine)));
    tcase_add_test(cases, reads_a_request_the_same_however_it_is_cut);
    return cases;
}
