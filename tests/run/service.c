/* SPDX-License-Identifier: Apache-2.0
 * shared/run/service.h: a program from its arguments to its exit code. Each test is a process of its own,
 * which check has forked: service_main is called as main would. */
#include "shared/run/service.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/base/error.h"
#include "tests/run/cases.h"

enum { ARGUMENTS = 8 };

static int times_run;

static int wait_for_stop(void *self)
{
    (void)self;
    times_run++;
    struct pollfd stop = {.fd = service_stop_descriptor(), .events = POLLIN};
    while (poll(&stop, 1, -1) < 0)
        ;
    ck_assert(service_stopping());
    return 0;
}

static int main_with(int (*run)(void *), const char *const *arguments)
{
    static char copies[ARGUMENTS][128];
    char *argv[ARGUMENTS + 1] = {copies[0]};
    const struct service service = {.name = "test", .purpose = "Tests main().", .run = run};
    int argc = 1;
    for (; arguments[argc - 1]; argc++) {
        snprintf(copies[argc], sizeof copies[argc], "%s", arguments[argc - 1]);
        argv[argc] = copies[argc];
    }
    snprintf(copies[0], sizeof copies[0], "colis-test");
    return service_main(&service, argc, argv);
}

static int main_with_one(int (*run)(void *), const char *argument)
{
    return main_with(run, (const char *const[]){argument, NULL});
}

/* Standard output of what was run since, into text. */
static FILE *capture(void)
{
    FILE *file = tmpfile();
    fflush(stdout);
    ck_assert_int_ge(dup2(fileno(file), STDOUT_FILENO), 0);
    return file;
}

static void captured(FILE *file, char *text, size_t size)
{
    fflush(stdout);
    rewind(file);
    text[fread(text, 1, size - 1, file)] = '\0';
}

START_TEST(prints_its_version)
{
    char text[200];
    FILE *file = capture();
    ck_assert_int_eq(main_with_one(wait_for_stop, "--version"), 0);
    captured(file, text, sizeof text);
    ck_assert_int_eq(strncmp(text, "colis-test 0.", 13), 0);
    ck_assert_int_eq(times_run, 0);
}
END_TEST

START_TEST(prints_help_with_every_setting)
{
    static char text[20000];
    FILE *file = capture();
    ck_assert_int_eq(main_with_one(wait_for_stop, "--help"), 0);
    captured(file, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "Tests main()."));
    ck_assert_ptr_nonnull(strstr(text, "--management-port"));
    ck_assert_ptr_nonnull(strstr(text, "--service-deadline-ms"));
    ck_assert_int_eq(times_run, 0);
}
END_TEST

static const char *const refused[] = {
    "--unknown=1",     "--namespace=",   "--namespace=a b",         "--namespace=a/b",
    "--namespace=A",   "--instance=a:b", "--management-port=70000", "--service-deadline-ms=0",
    "--log-level=loud"};

START_TEST(refuses_to_start_on_a_wrong_setting)
{
    ck_assert_int_eq(main_with_one(wait_for_stop, refused[_i]), 2);
    ck_assert_int_eq(times_run, 0);
}
END_TEST

static int end_well(void *self)
{
    (void)self;
    return 0;
}

START_TEST(ends_well_when_the_program_does)
{
    ck_assert_int_eq(main_with_one(end_well, "--namespace=a-b_c.9"), 0);
    ck_assert_str_eq(service_values.name_space, "a-b_c.9");
    ck_assert_str_eq(service_values.instance, "");
}
END_TEST

static int end_badly(void *self)
{
    (void)self;
    return error_new(ERROR_DATA, "the data contradict themselves");
}

START_TEST(ends_on_a_failure_with_1)
{
    ck_assert_int_eq(main_with_one(end_badly, NULL), 1);
}
END_TEST

static int signal_then_wait(void *self)
{
    kill(getpid(), *(int *)self);
    return wait_for_stop(NULL);
}

START_TEST(a_signal_ends_it_in_order)
{
    static const int signals[] = {SIGTERM, SIGINT};
    char name[] = "colis-test";
    char *argv[] = {name, NULL};
    int number = signals[_i];
    const struct service service = {.name = "test", .purpose = "", .run = signal_then_wait, .self = &number};
    ck_assert_int_eq(service_main(&service, 1, argv), 0);
}
END_TEST

static int stop_itself(void *self)
{
    service_stop();
    service_stop();
    return wait_for_stop(self);
}

START_TEST(may_stop_itself)
{
    ck_assert_int_eq(main_with_one(stop_itself, NULL), 0);
}
END_TEST

static int write_to_nobody(void *self)
{
    (void)self;
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    close(ends[0]);
    ck_assert_int_eq(write(ends[1], "x", 1), -1);
    close(ends[1]);
    return 0;
}

START_TEST(survives_a_reader_that_went)
{
    ck_assert_int_eq(main_with_one(write_to_nobody, NULL), 0);
}
END_TEST

static int never_end(void *self)
{
    (void)self;
    service_stop();
    for (;;)
        pause();
    return 0;
}

START_TEST(is_ended_after_its_deadline)
{
    pid_t child = fork();
    int status;
    if (child == 0)
        _exit(main_with_one(never_end, "--service-deadline-ms=100"));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 1);
}
END_TEST

TCase *service_cases(void)
{
    TCase *cases = tcase_create("service");
    tcase_set_timeout(cases, 20);
    tcase_add_test(cases, prints_its_version);
    tcase_add_test(cases, prints_help_with_every_setting);
    tcase_add_loop_test(cases, refuses_to_start_on_a_wrong_setting, 0,
                        (int)(sizeof refused / sizeof refused[0]));
    tcase_add_test(cases, ends_well_when_the_program_does);
    tcase_add_test(cases, ends_on_a_failure_with_1);
    tcase_add_loop_test(cases, a_signal_ends_it_in_order, 0, 2);
    tcase_add_test(cases, may_stop_itself);
    tcase_add_test(cases, survives_a_reader_that_went);
    tcase_add_test(cases, is_ended_after_its_deadline);
    return cases;
}
