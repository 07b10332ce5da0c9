/* SPDX-License-Identifier: Apache-2.0
 * GET …/history: whose it is says PostgreSQL, what happened says MongoDB. libmongoc blocks, so that part runs
 * on a thread of the loop's pool and touches nothing but its call's page; while MongoDB is away only this
 * route answers 503. */
#include "consumers/query/query.h"

#include <stdio.h>

#include "shared/base/log.h"

/* Each may wait for a MongoDB that is away: at the end nobody begins to. */
static void work(void *job)
{
    struct call *call = job;
    char aggregate[80];
    call->outcome = MONGO_RETRY;
    if (call->query->draining)
        return;
    snprintf(aggregate, sizeof(aggregate), "%s/%s", call->route->aggregate, call->id.text);
    const struct mongo_page page = {
        .aggregate = aggregate, .after = call->version, .last = call->last, .limit = call->limit};
    call->outcome = mongo_history(call->query->mongo, &page, &call->page);
    if (call->outcome != MONGO_DONE)
        log_seldom(LOG_LEVEL_WARN, "mongo is away", .err = mongo_why());
}

static void done(void *job)
{
    struct call *call = job;
    if (!call->request)
        call_free(call);
    else if (call->outcome == MONGO_DONE)
        call_reply(call, &(struct http_answer){.status = 200, .body = buf_as_span(&call->page)});
    else
        call_problem(call, PROBLEM_UNAVAILABLE, NULL);
}

void timeline_answer(struct call *call, const struct postgres_rows *rows)
{
    if (rows->count == 0) {
        call_problem(call, PROBLEM_NOT_FOUND, NULL);
        return;
    }
    call->last = postgres_integer(rows, 0, 0);
    if (loop_work(call->query->loop, work, done, call) != 0)
        call_problem(call, PROBLEM_UNAVAILABLE, "too many read history");
}
