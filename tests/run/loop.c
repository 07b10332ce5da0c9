/* SPDX-License-Identifier: Apache-2.0
 * shared/run/loop.h: watches, timers, work, and how each ends. */
#include "shared/run/loop.h"

#include <semaphore.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/run/cases.h"

static struct loop *loop;
static int descriptor;
static struct loop_watch *watch;
static struct loop_timer *timer;

static void start(void)
{
    ck_assert_int_eq(loop_new(&loop), 0);
    descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

static void stop(void)
{
    loop_watch_free(watch);
    loop_timer_free(timer);
    loop_free(loop);
    close(descriptor);
}

static void wake(void)
{
    uint64_t one = 1;
    ck_assert_int_eq(write(descriptor, &one, sizeof one), (ssize_t)sizeof one);
}

static int ready_stop(void *self, int events)
{
    uint64_t value;
    *(int *)self = events;
    ck_assert_int_eq(read(descriptor, &value, sizeof value), (ssize_t)sizeof value);
    loop_stop(loop);
    return 0;
}

START_TEST(calls_when_the_descriptor_is_ready)
{
    int seen = 0;
    ck_assert_int_eq(loop_watch_new(loop, descriptor, ready_stop, &seen, &watch), 0);
    loop_watch_want(watch, LOOP_READ);
    wake();
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_int_eq(seen, LOOP_READ);
}
END_TEST

static int ready_write(void *self, int events)
{
    *(int *)self = events;
    loop_watch_want(watch, 0);
    loop_stop(loop);
    return 0;
}

START_TEST(tells_reading_from_writing)
{
    int seen = 0;
    ck_assert_int_eq(loop_watch_new(loop, descriptor, ready_write, &seen, &watch), 0);
    loop_watch_want(watch, LOOP_WRITE);
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_int_eq(seen, LOOP_WRITE);
}
END_TEST

static int ready_fatal(void *self, int events)
{
    (void)self;
    (void)events;
    return error_new(ERROR_LINK, "gone");
}

START_TEST(a_fatal_callback_ends_the_run_with_its_result)
{
    ck_assert_int_eq(loop_watch_new(loop, descriptor, ready_fatal, NULL, &watch), 0);
    loop_watch_want(watch, LOOP_WRITE);
    ck_assert_int_eq(loop_run(loop), ERROR_LINK);
}
END_TEST

START_TEST(refuses_a_descriptor_that_is_not_open)
{
    ck_assert_int_eq(loop_watch_new(loop, 987, ready_fatal, NULL, &watch), ERROR_SYSTEM);
}
END_TEST

static int tick(void *self)
{
    int *times = self;
    if (++*times == 3)
        loop_stop(loop);
    return 0;
}

START_TEST(a_timer_ticks_until_stopped)
{
    int times = 0;
    timer = loop_timer_new(loop, tick, &times);
    loop_timer_start(timer, 1, 1);
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_int_eq(times, 3);
    loop_timer_stop(timer);
    ck_assert_int_eq(loop_run(loop), 0); /* nothing left to wait for */
    ck_assert_int_eq(times, 3);
}
END_TEST

static int tick_and_free(void *self)
{
    ++*(int *)self;
    loop_timer_free(timer);
    timer = NULL;
    return 0;
}

START_TEST(a_timer_may_free_itself)
{
    int times = 0;
    timer = loop_timer_new(loop, tick_and_free, &times);
    loop_timer_start(timer, -5, 1);
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_int_eq(times, 1);
}
END_TEST

static int tick_fatal(void *self)
{
    (void)self;
    return error_new(ERROR_DATA, "no");
}

START_TEST(a_fatal_tick_ends_the_run)
{
    timer = loop_timer_new(loop, tick_fatal, NULL);
    loop_timer_start(timer, 0, 0);
    ck_assert_int_eq(loop_run(loop), ERROR_DATA);
}
END_TEST

struct job {
    sem_t *gate;
    int worked, done;
};

static void work(void *self)
{
    struct job *job = self;
    if (job->gate)
        sem_wait(job->gate);
    job->worked++;
}

static void done(void *self)
{
    ((struct job *)self)->done++;
}

START_TEST(work_is_done_elsewhere_and_told_here)
{
    struct job job = {0};
    ck_assert_int_eq(loop_work(loop, work, done, &job), 0);
    ck_assert_int_eq(job.done, 0);
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_int_eq(job.worked, 1);
    ck_assert_int_eq(job.done, 1);
}
END_TEST

START_TEST(says_busy_when_too_much_waits)
{
    sem_t gate;
    static struct job jobs[100];
    int taken = 0;
    sem_init(&gate, 0, 0);
    for (int at = 0; at < 100; at++) {
        jobs[at].gate = &gate;
        int outcome = loop_work(loop, work, done, &jobs[at]);
        ck_assert(outcome == 0 || outcome == LOOP_BUSY);
        taken += outcome == 0;
    }
    ck_assert_int_eq(taken, 64);
    for (int at = 0; at < taken; at++)
        sem_post(&gate);
    ck_assert_int_eq(loop_run(loop), 0);
    struct job after = {0};
    ck_assert_int_eq(loop_work(loop, work, done, &after), 0);
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_int_eq(after.done, 1);
}
END_TEST

START_TEST(freeing_the_loop_waits_for_work)
{
    static struct job job;
    ck_assert_int_eq(loop_work(loop, work, done, &job), 0);
    loop_free(loop);
    ck_assert_int_eq(job.done, 1);
    ck_assert_int_eq(loop_new(&loop), 0);
}
END_TEST

TCase *loop_cases(void)
{
    TCase *cases = tcase_create("loop");
    tcase_add_checked_fixture(cases, start, stop);
    tcase_add_test(cases, calls_when_the_descriptor_is_ready);
    tcase_add_test(cases, tells_reading_from_writing);
    tcase_add_test(cases, a_fatal_callback_ends_the_run_with_its_result);
    tcase_add_test(cases, refuses_a_descriptor_that_is_not_open);
    tcase_add_test(cases, a_timer_ticks_until_stopped);
    tcase_add_test(cases, a_timer_may_free_itself);
    tcase_add_test(cases, a_fatal_tick_ends_the_run);
    tcase_add_test(cases, work_is_done_elsewhere_and_told_here);
    tcase_add_test(cases, says_busy_when_too_much_waits);
    tcase_add_test(cases, freeing_the_loop_waits_for_work);
    return cases;
}
