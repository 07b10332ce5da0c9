/* SPDX-License-Identifier: Apache-2.0
 * Requests mutilated at random, from a seed that is printed: bytes changed, cut out, doubled, several in a
 * row, sent in pieces. Whatever comes, each reply is a whole one with a status we know, and the server goes
 * on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/cleanup.h"
#include "tests/http/cases.h"
#include "tests/http/site.h"

enum { ROUNDS = 4000, SEEDS = 4 };

static const char *const whole[] = {
    "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3;x=\"y\"\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n",
    "GET http://a.example:80/v1/things/a%2fb/parts/%7e?a=b&c=%20 HTTP/1.1\r\nHost: a.example\r\nAccept: "
    "*/*;q=0.1\r\n\r\n",
    "HEAD /query?a=1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: [::1]:80\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: "
    "0\r\n\r\n",
};

static uint64_t state;

static size_t any(size_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (size_t)(state % below);
}

static void mutilate(struct buf *text)
{
    static const char bytes[] = "\r\n\t :;,%/?#\"\0\x01\x7f\x80\xff"
                                "0159afAZ";
    size_t at = any(text->size), size = any(text->size - at < 8 ? text->size - at + 1 : 8);
    switch (any(4)) {
    case 0:
        text->data[at] = bytes[any(sizeof(bytes) - 1)];
        break;
    case 1:
        text->data[at] = (char)any(256);
        break;
    case 2:
        memmove(text->data + at, text->data + at + size, text->size - at - size);
        text->size -= size;
        break;
    default:
        buf_reserve(text, size);
        memmove(text->data + at + size, text->data + at, text->size - at);
        text->size += size;
    }
}

static void compose(struct buf *text)
{
    buf_clear(text);
    for (size_t count = 1 + any(3); count > 0; count--)
        buf_text(text, whole[any(sizeof(whole) / sizeof(*whole))]);
    for (size_t count = any(4); count > 0 && text->size > 1; count--)
        mutilate(text);
}

static void send_in_pieces(struct client *client, const struct buf *text)
{
    size_t at = 0;
    while (at < text->size) {
        size_t size = any(3) ? text->size - at : 1 + any(text->size - at);
        client_send(client, (struct span){text->data + at, size});
        at += size;
        site_turn(client->site);
    }
}

/* Where the next status line stands; a title may name the version too, but no digit follows it there. */
static const char *next_reply(const char *from)
{
    const char *at = strstr(from, "HTTP/1.1 ");
    while (at && (at[9] < '0' || at[9] > '9'))
        at = strstr(at + 1, "HTTP/1.1 ");
    return at;
}

/* All that came: replies one after the other, none of them cut, none of them unknown. */
static void judge(const struct client *client)
{
    const char *all = client->in.size ? client->in.data : "";
    ck_assert(all[0] == 0 || next_reply(all) == all);
    for (const char *at = all[0] ? all : NULL; at; at = next_reply(at + 1)) {
        int status = 0;
        ck_assert_int_eq(sscanf(at, "HTTP/1.1 %3d ", &status), 1);
        ck_assert_msg(status == 100 || status == 200 || (status >= 400 && status <= 505), "%.200s", at);
        ck_assert_msg(strstr(at, "\r\n\r\n") != NULL, "%.200s", at);
    }
}

START_TEST(goes_on_whatever_comes)
{
    CLEANUP(buf_done) struct buf text = {0};
    struct site site;
    state = UINT64_C(0x9e3779b97f4a7c15) * (uint64_t)(_i + 1);
    printf("# seed %d\n", _i);
    site_open(&site, NULL);
    for (int round = 0; round < ROUNDS / SEEDS; round++) {
        struct client client;
        client_open(&client, &site);
        compose(&text);
        send_in_pieces(&client, &text);
        client_shut(&client);
        client_until_ended(&client);
        judge(&client);
        client_close(&client);
    }
    ck_assert_int_eq(site_ask(&site, whole[0], NULL).status, 200);
    site_close(&site);
}
END_TEST

TCase *mutilated_cases(void)
{
    TCase *cases = tcase_create("mutilated");
    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, goes_on_whatever_comes, 0, SEEDS);
    return cases;
}
