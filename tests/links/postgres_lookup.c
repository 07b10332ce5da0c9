/* SPDX-License-Identifier: Apache-2.0
 * The names of a server's hosts are looked up beside the thread that steps or reads, however long that takes,
 * and none of its addresses hides another. The name server is this file's: getaddrinfo below stands before
 * the C library's. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "tests/links/postgres_cases.h"
#include "tests/session.h"

static const struct postgres_statement statements[] = {{"one", "select 1::int8"}, {0}};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t waiting; /* the thread that may not ask */
    int asked, open;   /* how often; whether it answers */
    bool blocked;      /* the waiting thread asked */
} names = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .open = 1};

static struct postgres *session;
static char real_url[256];

static void ask_name(void)
{
    pthread_mutex_lock(&names.lock);
    names.blocked = names.blocked || pthread_equal(names.waiting, pthread_self());
    names.asked++;
    pthread_cond_broadcast(&names.changed);
    while (!names.open)
        pthread_cond_wait(&names.changed, &names.lock);
    pthread_mutex_unlock(&names.lock);
}

/* An address of this machine where somebody listens who never greets: each process has its own, as the port
 * is everybody's. */
static const char *mute(void)
{
    static char text[16];
    unsigned pid = (unsigned)getpid();
    snprintf(text, sizeof(text), "127.%u.%u.%u", 1 + pid / 62500 % 250, 1 + pid / 250 % 250, 1 + pid % 250);
    return text;
}

/* known.test is this machine, two.test the mute one and this; other names of test are nobody's. */
int getaddrinfo(const char *host, const char *service, const struct addrinfo *wanted, struct addrinfo **ret)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    bool ours = host && strstr(host, ".test"), two = ours && strcmp(host, "two.test") == 0;

    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (ours)
        ask_name();
    if (ours && !two && strcmp(host, "known.test") != 0)
        return EAI_NONAME;
    int problem = two ? real(mute(), service, wanted, ret) : 0;
    if (problem != 0)
        return problem;
    return real(ours ? "127.0.0.1" : host, service, wanted, two ? &(*ret)->ai_next : ret);
}

static void open_names(int open)
{
    pthread_mutex_lock(&names.lock);
    names.open = open;
    pthread_cond_broadcast(&names.changed);
    pthread_mutex_unlock(&names.lock);
}

static int asked(void)
{
    pthread_mutex_lock(&names.lock);
    int count = names.asked;
    pthread_mutex_unlock(&names.lock);
    return count;
}

/* The server's own url, with other hosts: told behind the making of the link, as without TLS that takes no
 * names, and the server has none. */
static void link_at(const char *hosts)
{
    const struct setting *const tables[] = {postgres_settings, NULL};
    char *arguments[] = {"test", NULL};
    struct buf url = {0};
    const char *host = strstr(real_url, "127.0.0.1"), *behind = host ? host + strlen("127.0.0.1") : NULL;

    ck_assert_ptr_nonnull(host);
    buf_span(&url, (struct span){real_url, (size_t)(host - real_url)});
    for (const char *at = hosts; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        buf_format(&url, "%s%.*s", at == hosts ? "" : ",", (int)strcspn(at, ","), at);
        buf_span(&url, (struct span){behind, strcspn(behind, "/?")}); /* :port */
    }
    buf_text(&url, behind + strcspn(behind, "/?"));
    session = database_link(statements);
    setenv("COLIS_POSTGRES_URL", url.data, 1);
    ck_assert_int_eq(settings_read(tables, 1, arguments, getenv), 0);
    buf_done(&url);
}

static void start_at(const char *hosts)
{
    link_at(hosts);
    ck_assert_int_eq(postgres_start(session), 0);
}

/* Until the test's process ends. */
static void listen_mutely(void)
{
    const char *port = strstr(real_url, "127.0.0.1:") + strlen("127.0.0.1:");
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtol(port, NULL, 10))};
    int yes = 1, ears = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(inet_pton(AF_INET, mute(), &at.sin_addr), 1);
    ck_assert_int_eq(setsockopt(ears, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)), 0);
    ck_assert_int_eq(bind(ears, (struct sockaddr *)&at, sizeof(at)), 0);
    ck_assert_int_eq(listen(ears, 8), 0);
}

static void before(void)
{
    ck_assert_uint_lt(strlen(getenv("COLIS_POSTGRES_URL")), sizeof(real_url));
    strcpy(real_url, getenv("COLIS_POSTGRES_URL"));
    database_make();
    names.waiting = pthread_self();
}

static void after(void)
{
    postgres_free(session);
    ck_assert(!names.blocked);
}

static void until_why(const char *text)
{
    for (int turn = 0; turn < 300 && !strstr(postgres_why(session), text); turn++)
        session_step(session);
    ck_assert_msg(strstr(postgres_why(session), text) != NULL, "%s", postgres_why(session));
}

START_TEST(a_name_is_connected_to)
{
    start_at("known.test");
    session_until_connected(session);
    ck_assert_int_eq(asked(), 1);
}
END_TEST

START_TEST(the_name_with_an_address_serves_for_one_without)
{
    start_at("nobody.test,known.test");
    session_until_connected(session);
    ck_assert_int_eq(asked(), 2);
}
END_TEST

START_TEST(an_address_is_not_looked_up)
{
    start_at("127.0.0.1");
    session_until_connected(session);
    ck_assert_int_eq(asked(), 0);
}
END_TEST

START_TEST(a_name_of_nobody_is_told_and_asked_about_again)
{
    start_at("nobody.test");
    until_why("not known");
    for (int turn = 0; turn < 300 && asked() < 3; turn++)
        session_step(session);
    ck_assert_int_ge(asked(), 3);
}
END_TEST

/* Over three tries of 5 s the same question stays on its way, and the descriptor is quiet. */
START_TEST(a_slow_name_server_is_waited_for_by_one_thread)
{
    open_names(0);
    start_at("known.test");
    for (int turn = 1; turn <= 6; turn++) { /* given up, and begun again, in turn */
        clock_hold(clock_wall_ms(), clock_steady_ms() + 10000);
        session_step(session);
    }
    ck_assert_ptr_nonnull(strstr(postgres_why(session), "no address in time"));
    ck_assert_int_le(asked(), 1);
    open_names(1);
    session_until_connected(session);
    ck_assert_int_eq(asked(), 1);
}
END_TEST

START_TEST(a_link_ends_before_its_name_is_known)
{
    open_names(0);
    start_at("known.test");
    for (int turn = 0; turn < 300 && asked() == 0; turn++)
        session_step(session);
    postgres_free(session);
    session = NULL;
    open_names(1);
}
END_TEST

/* One try is lost to it; the clock then stands where the next begins. */
START_TEST(an_address_that_swallows_packets_does_not_hide_the_next)
{
    char both[32];
    snprintf(both, sizeof(both), "%s,127.0.0.1", mute());
    listen_mutely();
    start_at(_i == 0 ? both : "two.test");
    for (int turn = 0; turn < 300 && !strstr(postgres_why(session), "no connection in time"); turn++) {
        clock_hold(clock_wall_ms(), clock_steady_ms() + 6000);
        session_step(session);
    }
    clock_hold(clock_wall_ms(), clock_steady_ms() + 3000);
    session_until_connected(session);
}
END_TEST

START_TEST(an_address_that_swallows_packets_costs_a_reader_one_try)
{
    listen_mutely();
    link_at("two.test");
    ck_assert_int_eq(postgres_ready(session), POSTGRES_RETRY);
    ck_assert_str_eq(postgres_why(session), "no connection in time");
    session_ready(session);
}
END_TEST

/* The next try waits on for the same answer. */
START_TEST(a_reader_waits_five_seconds_for_a_name_and_no_longer)
{
    int64_t before_ms = clock_steady_ms();
    open_names(0);
    link_at("known.test");
    ck_assert_int_eq(postgres_ready(session), POSTGRES_RETRY);
    ck_assert_str_eq(postgres_why(session), "no address in time");
    ck_assert_int_ge(clock_steady_ms() - before_ms, 5000);
    open_names(1);
    session_ready(session);
    ck_assert_int_eq(asked(), 1);
}
END_TEST

TCase *lookup_cases(void)
{
    TCase *cases = tcase_create("lookup");
    tcase_add_checked_fixture(cases, before, after);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_name_is_connected_to);
    tcase_add_test(cases, the_name_with_an_address_serves_for_one_without);
    tcase_add_test(cases, an_address_is_not_looked_up);
    tcase_add_test(cases, a_name_of_nobody_is_told_and_asked_about_again);
    tcase_add_test(cases, a_slow_name_server_is_waited_for_by_one_thread);
    tcase_add_test(cases, a_link_ends_before_its_name_is_known);
    tcase_add_loop_test(cases, an_address_that_swallows_packets_does_not_hide_the_next, 0, 2);
    tcase_add_test(cases, an_address_that_swallows_packets_costs_a_reader_one_try);
    tcase_add_test(cases, a_reader_waits_five_seconds_for_a_name_and_no_longer);
    return cases;
}
