/* SPDX-License-Identifier: Apache-2.0
 * One thread with a loop of its own. Signals arrive by signalfd, so no handler of ours ever runs and no
 * system call of the working threads is interrupted. After the deadline the process ends here, at once: what
 * is unfinished is then no different from a kill, which everything is made to survive. */
#include "shared/run/management.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "shared/base/cleanup.h"
#include "shared/base/log.h"
#include "shared/http/problem.h"
#include "shared/http/server.h"
#include "shared/run/loop.h"
#include "shared/run/metrics.h"
#include "shared/run/service.h"

/* Few ask, and none sends anything. */
enum { CONNECTIONS = 16, BODY_MAX = 1 };

struct management {
    struct management_config config;
    pthread_t thread;
    struct loop *loop;
    int signals, end; /* descriptors */
    struct loop_watch *on_signal, *on_stop, *on_end;
    struct loop_timer *deadline;
    struct http_server *server;
};

typedef void (*answer)(const struct management *management, struct http_request *request);

static void reply(struct http_request *request, int status, const char *type, const struct buf *body)
{
    http_reply(request,
               &(struct http_answer){.status = status, .content_type = type, .body = buf_as_span(body)});
}

static void health(const struct management *management, struct http_request *request)
{
    CLEANUP(buf_done) struct buf body = {0};
    bool alive = management->config.alive();
    buf_format(&body, "{\"alive\":%s}", alive ? "true" : "false");
    reply(request, alive ? 200 : 503, NULL, &body);
}

static void readiness(const struct management *management, struct http_request *request)
{
    CLEANUP(buf_done) struct buf body = {0};
    const char *why = management->config.waits();
    buf_format(&body, "{\"ready\":%s", why ? "false,\"why\":" : "true");
    if (why)
        buf_json_string(&body, span_of(why));
    buf_byte(&body, '}');
    reply(request, why ? 503 : 200, NULL, &body);
}

/* The list of metrics grows while a program starts, on another thread. */
static void figures(const struct management *management, struct http_request *request)
{
    CLEANUP(buf_done) struct buf body = {0};
    if (!management->config.counts()) {
        problem_reply(request, PROBLEM_UNAVAILABLE, "starting", 1);
        return;
    }
    metrics_text(&body);
    reply(request, 200, METRICS_TYPE, &body);
}

static const struct question {
    answer answer;
} healthz = {health}, readyz = {readiness}, metrics = {figures};

static const struct http_route routes[] = {
    {"GET", "/healthz", &healthz}, {"GET", "/readyz", &readyz}, {"GET", "/metrics", &metrics}, {0}};

static int asked(void *self, struct http_request *request, const void *what)
{
    const struct question *question = what;
    question->answer(self, request);
    return 0;
}

static int signalled(void *self, int events)
{
    (void)events;
    struct management *management = self;
    struct signalfd_siginfo info;
    if (read(management->signals, &info, sizeof info) == sizeof info)
        service_stop();
    return 0;
}

static int too_late(void *self)
{
    (void)self;
    log_plain(LOG_LEVEL_ERROR, "did not end in time: ends now");
    _exit(EXIT_FAILURE);
}

static int stopping(void *self, int events)
{
    (void)events;
    struct management *management = self;
    loop_watch_want(management->on_stop, 0); /* it stays readable */
    loop_timer_start(management->deadline, management->config.deadline_ms, 0);
    log_plain(LOG_LEVEL_INFO, "stopping");
    return 0;
}

static int ended(void *self, int events)
{
    (void)events;
    struct management *management = self;
    loop_watch_want(management->on_end, 0);
    loop_stop(management->loop);
    return 0;
}

static void *turn(void *self)
{
    struct management *management = self;
    if (loop_run(management->loop) < 0)
        log_with(LOG_LEVEL_ERROR, "management ended", .err = error_text());
    return NULL;
}

static void drop(struct management *management)
{
    http_server_free(management->server);
    loop_watch_free(management->on_signal);
    loop_watch_free(management->on_stop);
    loop_watch_free(management->on_end);
    loop_timer_free(management->deadline);
    loop_free(management->loop);
    if (management->signals >= 0)
        close(management->signals);
    if (management->end >= 0)
        close(management->end);
    free(management);
}

static int open_descriptors(struct management *management)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    management->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    management->end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (management->signals < 0 || management->end < 0)
        return error_new(ERROR_SYSTEM, "no descriptor for signals: %s", strerror(errno));
    return 0;
}

static int prepare(struct management *management)
{
    TRY(open_descriptors(management));
    TRY(loop_new(&management->loop));
    struct loop *loop = management->loop;
    TRY(loop_watch_new(loop, management->signals, signalled, management, &management->on_signal));
    TRY(loop_watch_new(loop, service_stop_descriptor(), stopping, management, &management->on_stop));
    TRY(loop_watch_new(loop, management->end, ended, management, &management->on_end));
    loop_watch_want(management->on_signal, LOOP_READ);
    loop_watch_want(management->on_stop, LOOP_READ);
    loop_watch_want(management->on_end, LOOP_READ);
    management->deadline = loop_timer_new(loop, too_late, management);
    const struct http_config http = {.routes = routes,
                                     .handle = asked,
                                     .self = management,
                                     .host = management->config.host,
                                     .port = management->config.port,
                                     .connections = CONNECTIONS,
                                     .body_max = BODY_MAX};
    if (management->config.port != 0)
        TRY(http_server_new(loop_uv(loop), &http, &management->server));
    return 0;
}

int management_start(const struct management_config *config, struct management **ret_management)
{
    struct management *management = memory_new(1, sizeof *management);
    management->config = *config;
    management->signals = management->end = -1;
    int result = prepare(management);
    if (result == 0) {
        int failed = pthread_create(&management->thread, NULL, turn, management);
        if (failed != 0)
            result = error_new(ERROR_SYSTEM, "no thread: %s", strerror(failed));
    }
    if (result < 0) {
        drop(management);
        return error_forward(result);
    }
    *ret_management = management;
    return 0;
}

void management_stop(struct management *management)
{
    uint64_t one = 1;
    if (write(management->end, &one, sizeof one) != sizeof one)
        abort(); /* an eventfd of our own takes 1 */
    pthread_join(management->thread, NULL);
    drop(management);
}
