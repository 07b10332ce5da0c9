/* SPDX-License-Identifier: Apache-2.0
 * PostgreSQL for servers: segments are asked and answered by callback, in order; nothing here waits.
 * Happy path: start -> looking up -> connecting -> setting up -> ready; ask, end -> Sync's result ->
 * answered(DONE). Failures: asked while not ready or too many wait -> end says RETRY, no callback; the
 * connection dies, is silent for too long or proves unfit -> close, every waiting segment answered RETRY,
 * then connect again with back-off from step. The descriptor is an epoll of our own: libpq changes sockets
 * behind it, also to one of the same number, which a loop outside could not see. */
#include "shared/links/postgres_inside.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/crypto.h"
#include "shared/base/log.h"

enum { RETRY_LEAST_MS = 50, RETRY_MOST_MS = 2000 };

static void unwatch(struct postgres *link)
{
    if (link->watched >= 0)
        epoll_ctl(link->epoll, EPOLL_CTL_DEL, link->watched, NULL);
    link->watched = -1;
    if (link->lookup)
        epoll_ctl(link->epoll, EPOLL_CTL_DEL, postgres_lookup_descriptor(link->lookup), NULL);
}

/* While connecting libpq may close a socket and open another of the same number: register anew each time. */
static void watch(struct postgres *link, uint32_t events)
{
    int socket = PQsocket(link->connection);
    bool same = socket == link->watched && events == link->watched_events;
    if (socket < 0 || (same && link->state != POSTGRES_CONNECTING))
        return;
    struct epoll_event event = {.events = events};
    if (epoll_ctl(link->epoll, EPOLL_CTL_MOD, socket, &event) < 0)
        epoll_ctl(link->epoll, EPOLL_CTL_ADD, socket, &event);
    link->watched = socket;
    link->watched_events = events;
}

static bool flush(struct postgres *link)
{
    int unsent = PQflush(link->connection);
    if (unsent >= 0)
        watch(link, unsent ? EPOLLIN | EPOLLOUT : EPOLLIN);
    else
        postgres_because(link, PQerrorMessage(link->connection));
    return unsent >= 0;
}

static struct postgres_segment *segment_at(struct postgres *link, int place)
{
    return &link->segments[(link->first + place) % POSTGRES_SEGMENTS];
}

static void segment_free(struct postgres_segment *segment)
{
    for (int at = 0; at < segment->got; at++)
        postgres_rows_done(&segment->rows[at]);
    free(segment->rows);
}

/* Takes the oldest segment off the ring before it calls back: the callback may ask again. */
static void answer(struct postgres *link, int outcome)
{
    struct postgres_segment segment = *segment_at(link, 0);
    link->first = (link->first + 1) % POSTGRES_SEGMENTS;
    link->waiting--;
    for (int at = 0; outcome != POSTGRES_DONE && at < segment.got; at++)
        postgres_rows_done(&segment.rows[at]);
    segment.answered(segment.self, outcome, segment.rows, segment.count);
    segment_free(&segment);
}

static void lost(struct postgres *link)
{
    unwatch(link);
    postgres_close(link);
    link->asked = link->asked ? -1 : 0;
    link->was_lost = true;
    uint32_t dice;
    crypto_random(&dice, sizeof(dice));
    link->retry_after_ms = link->retry_after_ms ? 2 * link->retry_after_ms : RETRY_LEAST_MS;
    if (link->retry_after_ms > RETRY_MOST_MS)
        link->retry_after_ms = RETRY_MOST_MS;
    link->retry_at_ms = clock_steady_ms() + link->retry_after_ms / 2 + dice % link->retry_after_ms;
    log_seldom(LOG_LEVEL_WARN, "postgres is away", .err = postgres_why(link));
    for (int left = link->waiting; left > 0; left--)
        answer(link, POSTGRES_RETRY);
}

static void found(struct postgres *link)
{
    link->state = POSTGRES_READY;
    link->tries = 0;
    link->retry_after_ms = 0;
    link->heard_ms = clock_steady_ms();
    if (link->was_lost)
        log_plain(LOG_LEVEL_INFO, "postgres is back");
    link->was_lost = false;
}

/* One result of the oldest segment. */
static void take_result(struct postgres *link, PGresult *result)
{
    struct postgres_segment *segment = segment_at(link, 0);
    link->heard_ms = clock_steady_ms();
    if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
        PQclear(result);
        answer(link, segment->outcome);
        return;
    }
    if (segment->outcome == POSTGRES_DONE)
        segment->outcome = postgres_outcome_of(link, result);
    if (segment->outcome == POSTGRES_DONE && segment->got < segment->count)
        postgres_rows_take(&segment->rows[segment->got++], result);
    else
        PQclear(result);
}

static void take_set_up(struct postgres *link, PGresult *result)
{
    if (!postgres_set_up_took(link, result))
        return;
    if (link->set_up_outcome == POSTGRES_DONE)
        found(link);
    else
        link->broken = true;
}

/* All results that are whole. Each statement's is followed by a NULL of libpq's; two of them end the pass. */
static void take_results(struct postgres *link)
{
    int nothing = 0;
    while (nothing < 2 && link->connection && !link->broken && !PQisBusy(link->connection)) {
        PGresult *result = PQgetResult(link->connection);
        nothing = result ? 0 : nothing + 1;
        if (!result)
            continue;
        if (link->state == POSTGRES_SETTING_UP)
            take_set_up(link, result);
        else if (link->waiting > 0)
            take_result(link, result);
        else
            PQclear(result);
    }
}

static bool overdue(const struct postgres *link)
{
    if (link->state == POSTGRES_SETTING_UP)
        return clock_steady_ms() > link->connect_by_ms;
    int64_t since_ms = link->segments[link->first].since_ms;
    int64_t heard_ms = link->heard_ms > since_ms ? link->heard_ms : since_ms;
    return link->waiting > 0 &&
           clock_steady_ms() - heard_ms > postgres_given.statement_ms + POSTGRES_SPARE_MS;
}

static void step_ready(struct postgres *link)
{
    if (!PQconsumeInput(link->connection)) {
        take_results(link); /* why it was closed may stand in what came before */
        postgres_because(link, PQerrorMessage(link->connection));
        lost(link);
        return;
    }
    take_results(link);
    postgres_hear(link);
    bool late = overdue(link);
    if (late)
        postgres_because(link, "no answer in time");
    if (late || link->broken || !flush(link))
        lost(link);
}

/* One that takes longer than a try is awaited by the next. */
static void step_looking_up(struct postgres *link)
{
    bool known = postgres_lookup_answered(link->lookup);
    if (!known && clock_steady_ms() <= link->connect_by_ms)
        return;
    if (!known)
        postgres_because(link, "no address in time");
    unwatch(link);
    link->connect_by_ms = clock_steady_ms() + POSTGRES_CONNECT_MS;
    if (known && postgres_connect(link) == POSTGRES_DONE)
        watch(link, EPOLLOUT);
    else
        lost(link);
}

static void step_closed(struct postgres *link)
{
    if (clock_steady_ms() < link->retry_at_ms)
        return;
    link->connect_by_ms = clock_steady_ms() + POSTGRES_CONNECT_MS;
    if (postgres_lookup_start(link) != POSTGRES_DONE) {
        lost(link);
        return;
    }
    link->state = POSTGRES_LOOKING_UP;
    step_looking_up(link);
    if (link->state != POSTGRES_LOOKING_UP)
        return;
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(link->epoll, EPOLL_CTL_ADD, postgres_lookup_descriptor(link->lookup), &event);
}

/* PQconnectPoll may only be called when the socket is ready for what it waits for. */
static void step_connecting(struct postgres *link)
{
    short events = link->polling == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    struct pollfd on = {.fd = PQsocket(link->connection), .events = events};
    if (poll(&on, 1, 0) <= 0) {
        if (clock_steady_ms() <= link->connect_by_ms)
            return;
        postgres_because(link, "no connection in time");
        lost(link);
        return;
    }
    link->polling = PQconnectPoll(link->connection);
    if (link->polling == PGRES_POLLING_FAILED) {
        postgres_because(link, PQerrorMessage(link->connection));
        lost(link);
        return;
    }
    watch(link, link->polling == PGRES_POLLING_READING ? EPOLLIN : EPOLLOUT);
    if (link->polling != PGRES_POLLING_OK)
        return;
    link->state = POSTGRES_SETTING_UP;
    if (!postgres_set_up(link) || !flush(link))
        lost(link);
}

int postgres_step(struct postgres *link)
{
    if (link->stepping || link->epoll < 0)
        return 0;
    link->stepping = true;
    if (link->state == POSTGRES_CLOSED)
        step_closed(link);
    else if (link->state == POSTGRES_LOOKING_UP)
        step_looking_up(link);
    else if (link->state == POSTGRES_CONNECTING)
        step_connecting(link);
    else
        step_ready(link);
    link->stepping = false;
    return 0;
}

int postgres_start(struct postgres *link)
{
    if (link->epoll >= 0)
        return 0;
    link->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (link->epoll < 0)
        return error_new(ERROR_SYSTEM, "epoll_create1: %s", strerror(errno));
    link->segments = memory_new(POSTGRES_SEGMENTS, sizeof(*link->segments));
    return postgres_step(link);
}

int postgres_wants(const struct postgres *link)
{
    return link->epoll >= 0 ? 1 : 0;
}

/* What is refused here is told by postgres_end. A statement libpq would not take spoils the pipeline: the
 * connection is closed by the next step. */
void postgres_ask(struct postgres *link, const char *statement, const struct postgres_value *values,
                  int count)
{
    if (link->asked == 0 && (!postgres_connected(link) || link->waiting == POSTGRES_SEGMENTS))
        link->asked = -1;
    if (link->asked < 0)
        return;
    if (link->asked < POSTGRES_ASKED && postgres_put(link, statement, values, count)) {
        link->asked++;
        return;
    }
    link->broken = true;
    link->asked = -1;
}

int postgres_end(struct postgres *link, postgres_answered answered, void *self)
{
    int asked = link->asked;
    link->asked = 0;
    if (asked <= 0)
        return POSTGRES_RETRY;
    if (!postgres_connected(link) || !PQpipelineSync(link->connection) || !flush(link)) {
        link->broken = true;
        return POSTGRES_RETRY;
    }
    struct postgres_segment *segment = segment_at(link, link->waiting++);
    *segment = (struct postgres_segment){
        .answered = answered, .self = self, .count = asked, .since_ms = clock_steady_ms()};
    segment->rows = memory_new((size_t)asked, sizeof(*segment->rows));
    return POSTGRES_DONE;
}

size_t postgres_waiting(const struct postgres *link)
{
    return (size_t)link->waiting;
}

void postgres_free(struct postgres *link)
{
    if (!link)
        return;
    postgres_lookup_free(link->lookup);
    postgres_close(link);
    while (link->waiting > 0)
        answer(link, POSTGRES_RETRY);
    if (link->epoll >= 0)
        close(link->epoll);
    free(link->segments);
    free(link->sent);
    free(link->added);
    free(link);
}
