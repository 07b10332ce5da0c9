/* SPDX-License-Identifier: Apache-2.0
 * Names and phones do not cross a network in the clear, nor to whoever answers for the server. */
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/links/postgres_cases.h"
#include "tests/session.h"

static const struct postgres_statement none[] = {{0}};

static int tried(const char *url)
{
    const struct setting *const tables[] = {postgres_settings, NULL};
    char *arguments[] = {"test", NULL};
    CLEANUP(postgres_free_cleanup) struct postgres *link = NULL;
    setenv("COLIS_POSTGRES_URL", url, 1);
    ck_assert_int_eq(settings_read(tables, 1, arguments, getenv), 0);
    return postgres_new("test", "unused", &link);
}

static void taken(const char *url)
{
    ck_assert_msg(tried(url) == 0, "%s: %s", url, error_text());
}

static void refused(const char *url)
{
    ck_assert_msg(tried(url) == ERROR_SETTINGS, "%s", url);
    ck_assert_ptr_nonnull(strstr(error_text(), "postgres_url"));
    ck_assert_ptr_null(strstr(error_text(), "secret"));
}

START_TEST(only_loopback_goes_without_tls)
{
    static const char *const good[] = {"postgresql://me:secret@127.0.0.1:5432",
                                       "postgresql://localhost",
                                       "postgresql://[::1]:5432",
                                       "postgresql://127.0.0.1:1,localhost:2,[::1]:3",
                                       "postgresql://db.example.org?hostaddr=127.0.0.1",
                                       "postgresql://%2Frun%2Fpostgresql",
                                       "postgresql://?host=/run/postgresql,localhost",
                                       "postgresql://?host=%40colis",
                                       "postgresql://"};
    static const char *const bad[] = {"postgresql://me:secret@db.example.org",
                                      "host=db.example.org password=secret",
                                      "postgresql://127.example.org",
                                      "postgresql://10.0.0.1",
                                      "postgresql://127.0.0.1,db.example.org",
                                      "postgresql://%2Frun%2Fpostgresql,db.example.org",
                                      "postgresql://localhost?hostaddr=10.0.0.1",
                                      "postgresql://localhost,localhost?hostaddr=127.0.0.1,10.0.0.1",
                                      "postgresql://127.0.0.1?service=other",
                                      "postgresql://me:secret@[",
                                      "me:secret"};
    for (size_t at = 0; at < sizeof(good) / sizeof(good[0]); at++)
        taken(good[at]);
    for (size_t at = 0; at < sizeof(bad) / sizeof(bad[0]); at++)
        refused(bad[at]);
}
END_TEST

START_TEST(nothing_less_than_verify_full_is_tls)
{
    static const char *const less[] = {"sslmode=disable",   "sslmode=allow",
                                       "sslmode=prefer",    "sslmode=require",
                                       "sslmode=verify-ca", "sslmode=verify-full&sslmode=require",
                                       "ssl=true",          "sslrootcert=ca.crt"};
    char url[128];
    taken("postgresql://db.example.org?sslmode=verify-full");
    taken("postgresql://db.example.org,10.0.0.1?sslmode=verify-full&sslrootcert=ca.crt");
    taken("postgresql://?service=other&sslmode=verify-full");
    for (size_t at = 0; at < sizeof(less) / sizeof(less[0]); at++) {
        (void)snprintf(url, sizeof(url), "postgresql://db.example.org?%s", less[at]);
        refused(url);
    }
}
END_TEST

START_TEST(the_environment_leads_nobody_off_this_machine)
{
    static const char *const names[] = {"PGHOST", "PGHOSTADDR", "PGSERVICE"};
    setenv("PGSSLMODE", "verify-full", 1); /* a service's file would outdo it */
    refused("postgresql://db.example.org");
    for (size_t at = 0; at < sizeof(names) / sizeof(names[0]); at++) {
        setenv(names[at], "10.0.0.1", 1);
        refused("postgresql://");
        taken("postgresql://?sslmode=verify-full");
        unsetenv(names[at]);
        taken("postgresql://");
    }
    setenv("PGHOSTADDR", "10.0.0.1", 1);
    refused("postgresql://127.0.0.1");
}
END_TEST

/* The server's end of what the link began; its first bytes, all of them asked for. */
static int heard(struct postgres *link, int ears, void *first, size_t size)
{
    struct pollfd at = {.fd = ears, .events = POLLIN};
    for (int turn = 0; turn < 300 && poll(&at, 1, 0) == 0; turn++)
        session_step(link);
    int server = accept(ears, NULL, NULL);
    ck_assert_int_ge(server, 0);
    for (int turn = 0; turn < 300 && recv(server, first, size, MSG_PEEK | MSG_DONTWAIT) < (ssize_t)size;
         turn++)
        session_step(link);
    ck_assert_int_eq(recv(server, first, size, MSG_DONTWAIT), (ssize_t)size);
    return server;
}

START_TEST(a_server_that_declines_tls_is_not_told_who_calls)
{
    static const unsigned char ask_tls[8] = {0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    unsigned char first[sizeof(ask_tls)];
    char url[96];
    int ears = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(ears, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(ears, 8), 0);
    ck_assert_int_eq(getsockname(ears, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(url, sizeof(url), "postgresql://me:secret@127.0.0.1:%d?sslmode=verify-full",
                   ntohs(address.sin_port));
    setenv("COLIS_POSTGRES_URL", url, 1);
    CLEANUP(postgres_free_cleanup) struct postgres *link = database_link(none);
    ck_assert_int_eq(postgres_start(link), 0);
    int server = heard(link, ears, first, sizeof(first));
    ck_assert_mem_eq(first, ask_tls, sizeof(first));
    ck_assert_int_eq(send(server, "N", 1, MSG_NOSIGNAL), 1);
    for (int turn = 0; turn < 300 && !strstr(postgres_why(link), "SSL"); turn++)
        session_step(link);
    ck_assert_msg(strstr(postgres_why(link), "SSL") != NULL, "%s", postgres_why(link));
    ck_assert_int_le(recv(server, first, sizeof(first), 0), 0);
    close(server);
    close(ears);
}
END_TEST

TCase *tls_cases(void)
{
    TCase *cases = tcase_create("tls");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, only_loopback_goes_without_tls);
    tcase_add_test(cases, nothing_less_than_verify_full_is_tls);
    tcase_add_test(cases, the_environment_leads_nobody_off_this_machine);
    tcase_add_test(cases, a_server_that_declines_tls_is_not_told_who_calls);
    return cases;
}
