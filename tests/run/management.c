/* SPDX-License-Identifier: Apache-2.0
 * The management port through a real socket, while the program is at work on its own thread. */
#include "shared/run/management.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/run/service.h"
#include "tests/port.h"
#include "tests/run/cases.h"

static int port;

static void ask(const char *path, char *reply, size_t size)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char request[200];
    int one = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(one, (struct sockaddr *)&address, sizeof address), 0);
    int length =
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    ck_assert_int_eq(write(one, request, (size_t)length), length);
    size_t got = 0;
    for (ssize_t more = 1; more > 0 && got < size - 1; got += (size_t)more) {
        more = read(one, reply + got, size - 1 - got);
        ck_assert_int_ge(more, 0);
    }
    reply[got] = '\0';
    close(one);
}

static void answers(const char *path, const char *status, const char *part)
{
    static char reply[100000];
    ask(path, reply, sizeof reply);
    ck_assert_msg(strncmp(reply + 9, status, 3) == 0 && strstr(reply, part), "%s\n%s", path, reply);
}

static int while_running(int (*run)(void *))
{
    static char program[] = "colis-test", port_flag[64];
    char *argv[] = {program, port_flag, NULL};
    const struct service service = {.name = "test", .purpose = "", .run = run};
    port = port_hold();
    snprintf(port_flag, sizeof port_flag, "--management-port=%d", port);
    return service_main(&service, 2, argv);
}

static int through_a_life(void *self)
{
    (void)self;
    answers("/healthz", "200", "{\"alive\":true}");
    answers("/readyz", "503", "{\"ready\":false,\"why\":\"starting\"}");
    answers("/metrics", "503", "starting");
    service_beat();
    service_ready(false, "the store is away");
    answers("/readyz", "503", "{\"ready\":false,\"why\":\"the store is away\"}");
    service_ready(true, NULL);
    answers("/readyz", "200", "{\"ready\":true}");
    answers("/metrics", "200", "\nprocess_resident_memory_bytes ");
    service_stop();
    answers("/readyz", "503", "{\"ready\":false,\"why\":\"stopping\"}");
    answers("/healthz", "200", "{\"alive\":true}");
    return 0;
}

START_TEST(tells_how_a_program_is_from_start_to_stop)
{
    ck_assert_int_eq(while_running(through_a_life), 0);
}
END_TEST

static int silent(void *self)
{
    (void)self;
    clock_hold(1700000000000, 1000000);
    service_beat();
    clock_hold(1700000000000, 1009999);
    answers("/healthz", "200", "{\"alive\":true}");
    clock_hold(1700000000000, 1010000);
    answers("/healthz", "503", "{\"alive\":false}");
    clock_release();
    return 0;
}

START_TEST(says_dead_after_ten_silent_seconds)
{
    ck_assert_int_eq(while_running(silent), 0);
}
END_TEST

static int elsewhere(void *self)
{
    (void)self;
    answers("/", "404", "");
    answers("/healthz/x", "404", "");
    return 0;
}

START_TEST(knows_nothing_else)
{
    ck_assert_int_eq(while_running(elsewhere), 0);
}
END_TEST

static int takes_the_same_port(void *self)
{
    (void)self;
    struct management *other = NULL;
    const struct management_config config = {.host = "127.0.0.1", .port = port, .deadline_ms = 1000};
    ck_assert_int_eq(management_start(&config, &other), ERROR_SYSTEM);
    return 0;
}

START_TEST(refuses_a_port_in_use)
{
    ck_assert_int_eq(while_running(takes_the_same_port), 0);
}
END_TEST

/* Standard error is a pipe without room from now on. */
static void fill_log(void)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    while (write(ends[1], "x", 1) == 1)
        ;
    ck_assert_int_eq(fcntl(ends[1], F_SETFL, 0), 0);
    ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
}

static int says_much_to_nobody(void *self)
{
    struct pollfd stop = {.fd = service_stop_descriptor(), .events = POLLIN};
    (void)self;
    fill_log();
    log_plain(LOG_LEVEL_ERROR, "nobody reads this");
    answers("/healthz", "200", "{\"alive\":true}");
    ck_assert_int_eq(kill(getpid(), SIGTERM), 0);
    ck_assert_int_eq(poll(&stop, 1, 10000), 1);
    answers("/readyz", "503", "{\"ready\":false,\"why\":\"stopping\"}");
    return 0;
}

START_TEST(a_log_nobody_reads_holds_no_request_and_no_end)
{
    ck_assert_int_eq(while_running(says_much_to_nobody), 0);
}
END_TEST

TCase *management_cases(void)
{
    TCase *cases = tcase_create("management");
    tcase_set_timeout(cases, 20);
    tcase_add_test(cases, tells_how_a_program_is_from_start_to_stop);
    tcase_add_test(cases, says_dead_after_ten_silent_seconds);
    tcase_add_test(cases, knows_nothing_else);
    tcase_add_test(cases, refuses_a_port_in_use);
    tcase_add_test(cases, a_log_nobody_reads_holds_no_request_and_no_end);
    return cases;
}
