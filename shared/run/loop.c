/* SPDX-License-Identifier: Apache-2.0
 * The one place beside http/ that knows libuv. A handle lives until its close callback: free means "no more
 * callbacks from now", the memory goes a turn later. A negative result of any callback ends loop_run. */
#include "shared/run/loop.h"

#include <stdlib.h>
#include <uv.h>

#include "shared/base/cleanup.h"
#include "shared/base/log.h"

/* libuv's pool has four threads; what waits behind them is bounded so that a slow store sheds load at once.
 */
enum { WORK_MAX = 64, CLOSING_TURNS = 8 };

struct loop {
    uv_loop_t uv;
    int failed;
    size_t working;
};

struct loop_watch {
    uv_poll_t poll;
    struct loop *loop;
    loop_ready ready;
    void *self;
    int wanted;
};

struct loop_timer {
    uv_timer_t timer;
    struct loop *loop;
    loop_tick tick;
    void *self;
};

struct loop_job {
    uv_work_t work;
    struct loop *loop;
    void (*run)(void *job);
    void (*done)(void *job);
    void *job;
};

int loop_new(struct loop **ret_loop)
{
    struct loop *loop = memory_new(1, sizeof *loop);
    int result = uv_loop_init(&loop->uv);
    if (result < 0) {
        free(loop);
        return error_new(ERROR_SYSTEM, "no event loop: %s", uv_strerror(result));
    }
    *ret_loop = loop;
    return 0;
}

/* Close callbacks are still owed, and work in hand still calls done. */
void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    while (loop->working > 0)
        uv_run(&loop->uv, UV_RUN_ONCE);
    int result = UV_EBUSY;
    for (int turn = 0; turn < CLOSING_TURNS && result == UV_EBUSY; turn++) {
        uv_run(&loop->uv, UV_RUN_NOWAIT);
        result = uv_loop_close(&loop->uv);
    }
    if (result < 0) {
        log_with(LOG_LEVEL_ERROR, "loop freed while in use", .err = uv_strerror(result));
        return;
    }
    free(loop);
}

struct uv_loop_s *loop_uv(struct loop *loop)
{
    return &loop->uv;
}

static void fail(struct loop *loop, int result)
{
    if (result >= 0)
        return;
    if (loop->failed == 0)
        loop->failed = error_forward(result);
    uv_stop(&loop->uv);
}

/* An error of the descriptor is shown as both kinds of ready: the link meets it on its next step. */
static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct loop_watch *watch = poll->data;
    int seen = 0;
    if (status < 0 || events & (UV_READABLE | UV_DISCONNECT))
        seen |= LOOP_READ;
    if (status < 0 || events & UV_WRITABLE)
        seen |= LOOP_WRITE;
    if (status < 0)
        watch->wanted = 0; /* libuv stopped it */
    fail(watch->loop, watch->ready(watch->self, seen));
}

int loop_watch_new(struct loop *loop, int descriptor, loop_ready ready, void *self,
                   struct loop_watch **ret_watch)
{
    struct loop_watch *watch = memory_new(1, sizeof *watch);
    int result = uv_poll_init(&loop->uv, &watch->poll, descriptor);
    if (result < 0) {
        free(watch);
        return error_new(ERROR_SYSTEM, "descriptor %d cannot be watched: %s", descriptor,
                         uv_strerror(result));
    }
    watch->loop = loop;
    watch->ready = ready;
    watch->self = self;
    watch->poll.data = watch;
    *ret_watch = watch;
    return 0;
}

void loop_watch_want(struct loop_watch *watch, int events)
{
    if (events == watch->wanted)
        return;
    watch->wanted = events;
    if (events == 0) {
        uv_poll_stop(&watch->poll);
        return;
    }
    int wanted = (events & LOOP_READ ? UV_READABLE : 0) | (events & LOOP_WRITE ? UV_WRITABLE : 0);
    int result = uv_poll_start(&watch->poll, wanted, on_ready);
    if (result < 0)
        fail(watch->loop, error_new(ERROR_BUG, "watch was freed: %s", uv_strerror(result)));
}

/* The handle is the first member of each struct of ours. */
static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void loop_watch_free(struct loop_watch *watch)
{
    if (!watch)
        return;
    uv_poll_stop(&watch->poll);
    uv_close((uv_handle_t *)&watch->poll, on_closed);
}

struct loop_timer *loop_timer_new(struct loop *loop, loop_tick tick, void *self)
{
    struct loop_timer *timer = memory_new(1, sizeof *timer);
    timer->loop = loop;
    timer->tick = tick;
    timer->self = self;
    uv_timer_init(&loop->uv, &timer->timer);
    timer->timer.data = timer;
    return timer;
}

static void on_tick(uv_timer_t *handle)
{
    struct loop_timer *timer = handle->data;
    fail(timer->loop, timer->tick(timer->self));
}

static uint64_t not_negative(int64_t value)
{
    return value < 0 ? 0 : (uint64_t)value;
}

void loop_timer_start(struct loop_timer *timer, int64_t after_ms, int64_t every_ms)
{
    uv_timer_start(&timer->timer, on_tick, not_negative(after_ms), not_negative(every_ms));
}

void loop_timer_stop(struct loop_timer *timer)
{
    uv_timer_stop(&timer->timer);
}

void loop_timer_free(struct loop_timer *timer)
{
    if (timer)
        uv_close((uv_handle_t *)&timer->timer, on_closed);
}

static void on_work(uv_work_t *work)
{
    struct loop_job *job = work->data;
    job->run(job->job);
}

static void on_worked(uv_work_t *work, int status)
{
    (void)status; /* nothing is ever cancelled */
    struct loop_job *job = work->data;
    job->loop->working--;
    job->done(job->job);
    free(job);
}

int loop_work(struct loop *loop, void (*work)(void *job), void (*done)(void *job), void *job)
{
    if (loop->working == WORK_MAX)
        return LOOP_BUSY;
    struct loop_job *row = memory_new(1, sizeof *row);
    *row = (struct loop_job){.loop = loop, .run = work, .done = done, .job = job};
    row->work.data = row;
    int result = uv_queue_work(&loop->uv, &row->work, on_work, on_worked);
    if (result < 0) {
        free(row);
        return error_new(ERROR_SYSTEM, "no pool of threads: %s", uv_strerror(result));
    }
    loop->working++;
    return 0;
}

int loop_run(struct loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    int result = loop->failed;
    loop->failed = 0;
    return result;
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}
