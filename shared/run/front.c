/* SPDX-License-Identifier: Apache-2.0
 * An HTTP server that ends in an orderly way. What its handlers own is theirs; it only listens, drains and
 * counts the time. */
#include "shared/run/front.h"

#include "shared/base/cleanup.h"
#include "shared/base/log.h"
#include "shared/run/service.h"

enum { END_SPARE_MS = 1500 }; /* for flushing, and for the threads of libraries to end on a busy machine */

struct front {
    struct front_config config;
    struct loop *loop;
    struct http_server *server;
    struct loop_watch *on_stop;
    struct loop_timer *deadline;
    int failed; /* what ends the program, besides SIGTERM */
};

void front_fail(struct front *front, int result)
{
    if (front->failed == 0)
        front->failed = error_forward(result);
    loop_stop(front->loop);
}

static void drained(void *self)
{
    struct front *front = self;
    loop_stop(front->loop);
}

static int too_late(void *self)
{
    log_plain(LOG_LEVEL_WARN, "clients were still waiting at the deadline");
    drained(self);
    return 0;
}

static int on_stop(void *self, int events)
{
    struct front *front = self;
    (void)events;
    loop_watch_want(front->on_stop, 0);
    if (front->config.ending)
        front->config.ending(front->config.self);
    int64_t deadline = service_values.deadline_ms - END_SPARE_MS;
    loop_timer_start(front->deadline, deadline > 0 ? deadline : 0, 0);
    http_server_drain(front->server, drained, front);
    return 0;
}

int front_open(struct loop *loop, const struct front_config *config, struct front **ret_front)
{
    struct front *front = *ret_front = memory_new(1, sizeof(*front));
    front->config = *config;
    front->loop = loop;
    front->deadline = loop_timer_new(loop, too_late, front);
    TRY(loop_watch_new(loop, service_stop_descriptor(), on_stop, front, &front->on_stop));
    loop_watch_want(front->on_stop, LOOP_READ);
    return error_forward(http_server_new(loop_uv(loop), &config->http, &front->server));
}

int front_run(struct front *front)
{
    int result = loop_run(front->loop);
    return error_forward(result == 0 ? front->failed : result);
}

void front_close(struct front *front)
{
    if (!front)
        return;
    http_server_free(front->server);
    loop_watch_free(front->on_stop);
    loop_timer_free(front->deadline);
    free(front);
}
