/* SPDX-License-Identifier: Apache-2.0
 * Every cap: bytes of head and body, times of head, body, idleness and writing, connections; and that many
 * idle connections cost little. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "shared/base/cleanup.h"
#include "tests/http/cases.h"
#include "tests/http/site.h"
#include "tests/resident.h"

enum { IDLE_CONNECTIONS = 5000 };

/* A sanitizer's own memory is not ours to count. */
#ifdef __has_feature
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif
#if SANITIZED
#define MEMORY_MOST SIZE_MAX
#else
#define MEMORY_MOST ((size_t)20 << 20)
#endif

static const char *const small[] = {"--http-header-bytes=512", "--http-body-bytes=64", NULL};

#define POST "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"

static void fill(struct buf *to, char byte, size_t size)
{
    for (size_t i = 0; i < size; i++)
        buf_byte(to, byte);
}

/* Answered so, the connection ended, and nobody called for it. */
static void expect_refused(const char *const *flags, const char *request, int status)
{
    struct site site;
    bool ended;
    site_open(&site, flags);
    ck_assert_int_eq(site_ask(&site, request, &ended).status, status);
    ck_assert(ended);
    ck_assert_uint_eq(site.called.size, 0);
    site_close(&site);
}

START_TEST(refuses_a_head_over_its_cap)
{
    CLEANUP(buf_done) struct buf request = {0};
    buf_text(&request, "GET /hello HTTP/1.1\r\nHost: a\r\nLong: ");
    fill(&request, 'x', 512);
    expect_refused(small, request.data, 431);
    buf_clear(&request);
    buf_text(&request, "GET /");
    fill(&request, 'x', 512);
    expect_refused(small, request.data, 414);
}
END_TEST

/* The empty line is not of the head: what is read beside it must not be lost with it. */
START_TEST(reads_a_head_that_just_fits_behind_an_empty_line)
{
    static const char start[] = "GET /hello HTTP/1.1\r\nHost: a\r\nLong: ";
    struct site site;
    site_open(&site, small);
    for (size_t size = 508; size <= 514; size++) {
        CLEANUP(buf_done) struct buf request = {0};
        buf_text(&request, "\r\n");
        buf_text(&request, start);
        fill(&request, 'x', size - strlen(start) - 4);
        buf_text(&request, "\r\n\r\n");
        ck_assert_int_eq(site_ask(&site, request.data, NULL).status, size <= 512 ? 200 : 431);
    }
    site_close(&site);
}
END_TEST

START_TEST(refuses_a_chunk_that_is_mostly_extension_however_it_comes)
{
    CLEANUP(buf_done) struct buf request = {0};
    buf_text(&request, POST "Transfer-Encoding: chunked\r\n\r\n40;");
    fill(&request, 'x', 600);
    buf_text(&request, "\r\n");
    fill(&request, 'x', 64);
    buf_text(&request, "\r\n0\r\n\r\n");
    expect_refused(small, request.data, 400);
}
END_TEST

START_TEST(refuses_a_target_over_its_cap)
{
    CLEANUP(buf_done) struct buf request = {0};
    buf_text(&request, "GET /");
    fill(&request, 'x', 4096);
    buf_text(&request, " HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_refused(NULL, request.data, 414);
}
END_TEST

START_TEST(refuses_a_body_over_its_cap_before_it_comes)
{
    expect_refused(small, POST "Content-Length: 65\r\n\r\n", 413);
    expect_refused(small, POST "Expect: 100-continue\r\nContent-Length: 65\r\n\r\n", 413);
}
END_TEST

START_TEST(refuses_chunks_over_the_cap_when_they_pass_it)
{
    CLEANUP(buf_done) struct buf request = {0};
    buf_text(&request, POST "Transfer-Encoding: chunked\r\n\r\n40\r\n");
    fill(&request, 'x', 64);
    buf_text(&request, "\r\n1\r\nx");
    expect_refused(small, request.data, 413);
}
END_TEST

START_TEST(refuses_chunks_that_are_mostly_framing)
{
    CLEANUP(buf_done) struct buf request = {0};
    buf_text(&request, POST "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 16; i++) {
        buf_text(&request, "1;");
        fill(&request, 'x', 64);
        buf_text(&request, "\r\nx\r\n");
    }
    expect_refused(small, request.data, 400);
}
END_TEST

START_TEST(ends_a_slow_head)
{
    static const char *const hasty[] = {"--http-header-ms=40", NULL};
    struct site site;
    struct client client;
    site_open(&site, hasty);
    client_open(&client, &site);
    for (const char *at = "GET /hello HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
         *at && !client.ended; at++) {
        client_send(&client, (struct span){at, 1});
        site_turn(&site);
        client_read(&client);
    }
    ck_assert_int_eq(client_answer(&client).status, 408);
    client_until_ended(&client);
    client_close(&client);
    site_close(&site);
}
END_TEST

START_TEST(ends_a_slow_body)
{
    static const char *const hasty[] = {"--http-body-ms=40", NULL};
    struct site site;
    struct client client;
    site_open(&site, hasty);
    client_open(&client, &site);
    client_text(&client, POST "Content-Length: 60\r\n\r\n{");
    ck_assert_int_eq(client_answer(&client).status, 408);
    client_until_ended(&client);
    ck_assert_uint_eq(site.called.size, 0);
    client_close(&client);
    site_close(&site);
}
END_TEST

START_TEST(closes_an_idle_connection_without_a_word)
{
    static const char *const hasty[] = {"--http-idle-ms=1000", NULL};
    struct site site;
    struct client fresh, used;
    site_open(&site, hasty);
    client_open(&fresh, &site);
    client_open(&used, &site);
    client_text(&used, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    ck_assert_int_eq(client_answer(&used).status, 200);
    client_until_ended(&fresh);
    client_until_ended(&used);
    ck_assert_uint_eq(fresh.in.size + used.in.size, 0);
    client_close(&fresh);
    client_close(&used);
    site_close(&site);
}
END_TEST

/* What was sent stays sent; the rest of the reply is not kept for a client that does not read. */
START_TEST(drops_a_reader_that_does_not_read)
{
    static const char *const hasty[] = {"--http-write-ms=40", NULL};
    struct site site;
    struct client client;
    site_open(&site, hasty);
    client_open(&client, &site);
    client_text(&client, "GET /huge HTTP/1.1\r\nHost: a\r\n\r\n");
    while (site.called.size == 0)
        site_turn(&site);
    http_server_drain(site.server, site_drained, &site); /* done tells when no connection is left */
    while (!site.drained)
        site_turn(&site);
    client_until_ended(&client);
    ck_assert_uint_lt(client.in.size, 32 << 20);
    client_close(&client);
    site_close(&site);
}
END_TEST

/* Asks for 32 MiB and reads nothing yet; the reply waits in a buffer of twice that. */
static void ask_huge(struct client *client, struct site *site)
{
    size_t before = site->called.size;
    client_open(client, site);
    client_text(client, "GET /huge HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    while (site->called.size == before)
        site_turn(site);
}

/* Two may wait, the third is too much: who has waited longest goes, and nobody else. */
START_TEST(slow_readers_together_hold_no_more_than_the_cap)
{
    static const char *const two[] = {"--http-unsent-bytes=150000000", "--http-write-ms=600000", NULL};
    struct site site;
    struct client clients[4];
    site_open(&site, two);
    for (int i = 0; i < 3; i++)
        ask_huge(&clients[i], &site);
    for (int i = 0; i < 3; i++)
        client_until_ended(&clients[i]);
    ck_assert_uint_lt(clients[0].in.size, 32 << 20);
    ck_assert_uint_gt(clients[1].in.size, 32 << 20);
    ck_assert_uint_gt(clients[2].in.size, 32 << 20);
    ask_huge(&clients[3], &site); /* what is out counts no more */
    client_until_ended(&clients[3]);
    ck_assert_uint_gt(clients[3].in.size, 32 << 20);
    for (int i = 0; i < 4; i++)
        client_close(&clients[i]);
    site_close(&site);
}
END_TEST

START_TEST(a_reply_over_the_cap_alone_is_sent_whole)
{
    static const char *const less[] = {"--http-unsent-bytes=65536", NULL};
    struct site site;
    struct client client;
    site_open(&site, less);
    ask_huge(&client, &site);
    client_until_ended(&client);
    ck_assert_uint_gt(client.in.size, 32 << 20);
    client_close(&client);
    site_close(&site);
}
END_TEST

START_TEST(answers_503_beyond_the_cap_of_connections)
{
    static const char *const few[] = {"--http-connections=2", NULL};
    struct site site;
    struct client clients[3];
    site_open(&site, few);
    for (int i = 0; i < 3; i++) {
        client_open(&clients[i], &site);
        site_turn(&site);
    }
    struct answer answer = client_answer(&clients[2]);
    ck_assert_int_eq(answer.status, 503);
    ck_assert(answer_has(&answer, "Retry-After: 1"));
    client_close(&clients[2]);
    client_text(&clients[1], "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    ck_assert_int_eq(client_answer(&clients[1]).status, 200);
    client_close(&clients[0]);
    client_close(&clients[1]);
    site_close(&site);
}
END_TEST

START_TEST(keeps_five_thousand_idle_connections_and_answers_on_each)
{
    struct rlimit limit;
    struct site site;
    site_open(&site, NULL);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < 2 * IDLE_CONNECTIONS + 64) {
        fprintf(stderr, "SKIPPED: only %zu descriptors may be open here\n", (size_t)limit.rlim_cur);
        site_close(&site);
        return;
    }
    struct client *clients = memory_new(IDLE_CONNECTIONS, sizeof(*clients));
    size_t before = resident();
    for (int i = 0; i < IDLE_CONNECTIONS; i++) {
        client_open(&clients[i], &site);
        if (i % 100 == 99)
            site_turn(&site);
    }
    for (int i = 0; i < IDLE_CONNECTIONS; i++) {
        client_text(&clients[i], "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
        ck_assert_int_eq(client_answer(&clients[i]).status, 200);
        buf_done(&clients[i].in);
    }
    ck_assert_uint_lt(resident() - before, MEMORY_MOST);
    for (int i = 0; i < IDLE_CONNECTIONS; i++)
        client_close(&clients[i]);
    free(clients);
    site_close(&site);
}
END_TEST

TCase *caps_cases(void)
{
    TCase *cases = tcase_create("caps");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, refuses_a_head_over_its_cap);
    tcase_add_test(cases, refuses_a_target_over_its_cap);
    tcase_add_test(cases, refuses_a_body_over_its_cap_before_it_comes);
    tcase_add_test(cases, refuses_chunks_over_the_cap_when_they_pass_it);
    tcase_add_test(cases, refuses_chunks_that_are_mostly_framing);
    tcase_add_test(cases, refuses_a_chunk_that_is_mostly_extension_however_it_comes);
    tcase_add_test(cases, reads_a_head_that_just_fits_behind_an_empty_line);
    tcase_add_test(cases, ends_a_slow_head);
    tcase_add_test(cases, ends_a_slow_body);
    tcase_add_test(cases, closes_an_idle_connection_without_a_word);
    tcase_add_test(cases, drops_a_reader_that_does_not_read);
    tcase_add_test(cases, slow_readers_together_hold_no_more_than_the_cap);
    tcase_add_test(cases, a_reply_over_the_cap_alone_is_sent_whole);
    tcase_add_test(cases, answers_503_beyond_the_cap_of_connections);
    tcase_add_test(cases, keeps_five_thousand_idle_connections_and_answers_on_each);
    return cases;
}
