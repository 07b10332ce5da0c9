/* SPDX-License-Identifier: Apache-2.0
 * links/curl where names are looked up: no call outlasts its time for a name server's silence, and a name is
 * no address. The name server is this file's: getaddrinfo below stands before the C library's. */
#include "shared/links/curl.h"

#include <arpa/inet.h>
#include <check.h>
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/links/curl_http.h"
#include "tests/suite.h"

enum { MOST_MS = 60000, WEB_MS = 200, BODY_MOST = 1000 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int asked;
    bool open;
} names = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static atomic_int mails; /* begun at the server */
static int listener;
static struct smtp *smtp;

/* silent.test is answered once names are open; every other name is this machine. */
int getaddrinfo(const char *host, const char *service, const struct addrinfo *wanted, struct addrinfo **ret)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    pthread_mutex_lock(&names.lock);
    names.asked++;
    while (strcmp(host, "silent.test") == 0 && !names.open)
        pthread_cond_wait(&names.changed, &names.lock);
    pthread_mutex_unlock(&names.lock);
    return real("127.0.0.1", service, wanted, ret);
}

static int asked(void)
{
    pthread_mutex_lock(&names.lock);
    int count = names.asked;
    pthread_mutex_unlock(&names.lock);
    return count;
}

/* A server without TLS, which counts who would hand it a mail and takes none. */
static void *serve(void *unused)
{
    int connection;

    (void)unused;
    while ((connection = accept(listener, NULL, NULL)) >= 0) {
        char text[512] = "";
        ssize_t size = send(connection, "220 here\r\n", 10, MSG_NOSIGNAL);

        while (size > 0 && recv(connection, text, sizeof text, 0) > 0) {
            bool mail = strncmp(text, "MAIL", 4) == 0;

            atomic_fetch_add(&mails, mail);
            size = send(connection, mail ? "550 no\r\n" : "250 OK\r\n", 8, MSG_NOSIGNAL);
        }
        close(connection);
    }
    return NULL;
}

static int port_open(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    pthread_t thread;

    listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    ck_assert_int_eq(listen(listener, 8), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, serve, NULL), 0);
    pthread_detach(thread);
    return ntohs(address.sin_port);
}

static char *from_nothing(const char *name)
{
    (void)name;
    return NULL;
}

static int send_by(const char *host, int port, const char *timeout_ms)
{
    static const struct setting *const tables[] = {smtp_settings, NULL};
    char url[128], timeout[64];
    char *arguments[] = {"test", url, timeout, NULL};

    (void)snprintf(url, sizeof url, "--smtp-url=smtp://%s:%d", host, port);
    (void)snprintf(timeout, sizeof timeout, "--smtp-timeout-ms=%s", timeout_ms);
    ck_assert_int_eq(settings_read(tables, 3, arguments, from_nothing), 0);
    ck_assert_int_eq(smtp_new(MOST_MS, &smtp), 0);
    return smtp_send(smtp, "colis@example.org", "awa@example.org", SPAN("Subject: a\r\n\r\nb\r\n"));
}

static void teardown(void)
{
    pthread_mutex_lock(&names.lock);
    names.open = true;
    pthread_cond_broadcast(&names.changed);
    pthread_mutex_unlock(&names.lock);
    smtp_free(smtp);
}

START_TEST(a_name_server_that_says_nothing_holds_no_mail_past_its_time)
{
    ck_assert_int_eq(send_by("silent.test", 25, "200"), SMTP_AWAY);
    ck_assert_int_eq(asked(), 1);
    ck_assert_int_eq(smtp_send(smtp, "a@example.org", "b@example.org", SPAN("again")), SMTP_AWAY);
}
END_TEST

START_TEST(a_name_server_that_says_nothing_holds_no_call_past_its_time)
{
    CLEANUP(web_free_cleanup) struct web *web = NULL;
    struct web_reply reply = {0};

    ck_assert_int_eq(web_new(WEB_MS, BODY_MOST, &web), 0);
    ck_assert_int_eq(web_call(web, &(struct web_call){.method = "GET", .url = "http://silent.test/"}, &reply),
                     WEB_AWAY);
    ck_assert_int_eq(asked(), 1);
    web_reply_done(&reply);
}
END_TEST

START_TEST(a_name_that_begins_like_loopback_is_asked_for_tls)
{
    ck_assert_int_eq(send_by("127.example.net", port_open(), "5000"), SMTP_AWAY);
    ck_assert_int_eq(asked(), 1);
    ck_assert_int_eq(atomic_load(&mails), 0);
}
END_TEST

START_TEST(an_address_of_loopback_is_spoken_to_in_the_clear)
{
    ck_assert_int_eq(send_by("127.0.0.1", port_open(), "5000"), SMTP_AWAY);
    ck_assert_str_eq(smtp_why(smtp), "MAIL answered 550");
    ck_assert_int_eq(atomic_load(&mails), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("smtp");
    TCase *cases = tcase_create("smtp");

    tcase_add_checked_fixture(cases, NULL, teardown);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_name_server_that_says_nothing_holds_no_mail_past_its_time);
    tcase_add_test(cases, a_name_server_that_says_nothing_holds_no_call_past_its_time);
    tcase_add_test(cases, a_name_that_begins_like_loopback_is_asked_for_tls);
    tcase_add_test(cases, an_address_of_loopback_is_spoken_to_in_the_clear);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
