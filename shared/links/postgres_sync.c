/* SPDX-License-Identifier: Apache-2.0
 * PostgreSQL for readers: connect, send statements, sync. The working thread waits here, for ever reading and
 * writing at once, so that a pipeline of any size cannot stand still with both socket buffers full.
 * Whatever fails leaves nothing behind: the transaction is rolled back, or the connection closed. */
#include "shared/links/postgres_inside.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/base/fail.h"

/* false once until_ms has passed. */
static bool wait_on(int descriptor, short events, int64_t until_ms)
{
    struct pollfd on = {.fd = descriptor, .events = events};
    int got;
    do {
        int64_t left = until_ms - clock_steady_ms();
        got = left > 0 ? poll(&on, 1, (int)left) : 0;
    } while (got < 0 && errno == EINTR);
    return got > 0;
}

static bool socket_wait(const struct postgres *link, short events, int64_t until_ms)
{
    return wait_on(PQsocket(link->connection), events, until_ms);
}

/* One that takes longer than a try is awaited by the next. */
static bool look_up(struct postgres *link, int64_t until_ms)
{
    if (postgres_lookup_start(link) != POSTGRES_DONE)
        return false;
    if (!postgres_lookup_answered(link->lookup))
        (void)wait_on(postgres_lookup_descriptor(link->lookup), POLLIN, until_ms);
    if (postgres_lookup_answered(link->lookup))
        return true;
    postgres_because(link, "no address in time");
    return false;
}

static bool shake_hands(struct postgres *link, int64_t until_ms)
{
    while (link->polling != PGRES_POLLING_OK) {
        short events = link->polling == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (!socket_wait(link, events, until_ms)) {
            postgres_because(link, "no connection in time");
            return false;
        }
        link->polling = PQconnectPoll(link->connection);
        if (link->polling == PGRES_POLLING_FAILED) {
            postgres_because(link, PQerrorMessage(link->connection));
            return false;
        }
    }
    return true;
}

/* Sends what is left to send and takes in what has come; false where the connection is gone. */
static bool turn(struct postgres *link, int64_t until_ms)
{
    int unsent = PQflush(link->connection);
    if (unsent >= 0 && !socket_wait(link, unsent ? POLLIN | POLLOUT : POLLIN, until_ms)) {
        postgres_because(link, "no answer in time");
        return false;
    }
    if (unsent >= 0 && PQconsumeInput(link->connection))
        return true;
    postgres_because(link, PQerrorMessage(link->connection));
    return false;
}

/* The next result, NULL where the connection is gone. Each statement's result is followed by a NULL of
 * libpq's. */
static PGresult *next_result(struct postgres *link, int64_t patience_ms)
{
    PGresult *result = NULL;
    for (int nothing = 0; !result && nothing < 3; nothing++) {
        while (PQisBusy(link->connection)) {
            if (!turn(link, clock_steady_ms() + patience_ms))
                return NULL;
        }
        result = PQgetResult(link->connection);
    }
    if (!result)
        postgres_because(link, "the connection lost count");
    return result;
}

static int set_up(struct postgres *link)
{
    if (!postgres_set_up(link))
        return POSTGRES_RETRY;
    for (bool last = false; !last;) {
        PGresult *result = next_result(link, POSTGRES_CONNECT_MS);
        if (!result)
            return POSTGRES_RETRY;
        last = postgres_set_up_took(link, result);
    }
    return link->set_up_outcome;
}

int postgres_ready(struct postgres *link)
{
    if (postgres_connected(link))
        return POSTGRES_DONE;
    postgres_drop(link);
    int64_t until_ms = clock_steady_ms() + POSTGRES_CONNECT_MS;
    bool there =
        look_up(link, until_ms) && postgres_connect(link) == POSTGRES_DONE && shake_hands(link, until_ms);
    int outcome = there ? set_up(link) : POSTGRES_RETRY;
    if (outcome != POSTGRES_DONE) {
        postgres_drop(link);
        return outcome;
    }
    link->state = POSTGRES_READY;
    link->tries = 0;
    return POSTGRES_DONE;
}

void postgres_drop(struct postgres *link)
{
    postgres_close(link);
    link->sent_count = link->parts = 0;
}

int postgres_descriptor(const struct postgres *link)
{
    if (link->epoll >= 0)
        return link->epoll;
    return link->connection ? PQsocket(link->connection) : -1;
}

static struct postgres_sent *sent_push(struct postgres *link)
{
    if (link->sent_count == link->sent_capacity) {
        link->sent_capacity = link->sent_capacity ? 2 * link->sent_capacity : 64;
        link->sent = memory_grow(link->sent, (size_t)link->sent_capacity, sizeof(*link->sent));
    }
    return &link->sent[link->sent_count++];
}

/* Once something could not be sent nothing more is: a later commit must not follow half a segment. */
void postgres_send(struct postgres *link, const char *statement, const struct postgres_value *values,
                   int count, struct postgres_rows *ret_rows)
{
    struct postgres_sent *sent = sent_push(link);
    *sent = (struct postgres_sent){.ret_rows = ret_rows};
    if (ret_rows)
        *ret_rows = (struct postgres_rows){0};
    if (link->broken || link->state != POSTGRES_READY)
        return;
    sent->statement = postgres_put(link, statement, values, count);
    if (!sent->statement)
        link->broken = true;
}

void postgres_prepare(struct postgres *link, const struct postgres_statement *statement)
{
    struct postgres_sent *sent = sent_push(link);
    if (link->added_count == link->added_capacity) {
        link->added_capacity = link->added_capacity ? 2 * link->added_capacity : 16;
        link->added = memory_grow(link->added, (size_t)link->added_capacity, sizeof(*link->added));
    }
    link->added[link->added_count++] = statement;
    *sent = (struct postgres_sent){.statement = statement};
    if (link->broken || link->state != POSTGRES_READY)
        return;
    if (!postgres_put_prepare(link, statement)) {
        postgres_because(link, PQerrorMessage(link->connection));
        link->broken = true;
    }
}

/* A COMMIT that the server turned into a ROLLBACK says so only by its tag. */
static int outcome_of(struct postgres *link, const struct postgres_sent *sent, PGresult *result)
{
    int outcome = postgres_outcome_of(link, result);
    bool undone = outcome == POSTGRES_DONE && strcmp(PQcmdStatus(result), "ROLLBACK") == 0 &&
                  strcmp(sent->statement->name, "commit") == 0;
    if (undone)
        postgres_because(link, "the transaction had failed before its commit");
    return undone ? POSTGRES_RETRY : outcome;
}

/* Results up to the last Sync's. at counts statements; the first failure is kept. One behind the last
 * statement is the Sync's own: the commit of a segment that is a transaction by itself. */
static int collect(struct postgres *link, int *ret_failed)
{
    int failure = POSTGRES_DONE, parts = link->parts;
    int64_t patience_ms = postgres_given.statement_ms + POSTGRES_SPARE_MS;
    for (int at = 0;; at++) {
        PGresult *result = next_result(link, patience_ms);
        if (!result) {
            link->broken = true;
            return POSTGRES_RETRY;
        }
        bool sync = PQresultStatus(result) == PGRES_PIPELINE_SYNC, last = sync && parts-- == 0;
        if (sync || failure != POSTGRES_DONE || at >= link->sent_count) {
            if (!sync && failure == POSTGRES_DONE)
                failure = postgres_outcome_of(link, result);
            PQclear(result);
            if (last)
                return failure;
            continue;
        }
        failure = outcome_of(link, &link->sent[at], result);
        if (failure != POSTGRES_DONE)
            *ret_failed = at;
        if (failure == POSTGRES_DONE && link->sent[at].ret_rows)
            postgres_rows_take(link->sent[at].ret_rows, result);
        else
            PQclear(result);
    }
}

/* Nothing of a failed segment stays: its rows are emptied, its transaction ended. The text of why is kept. */
static void undo(struct postgres *link)
{
    for (int at = 0; at < link->sent_count; at++) {
        if (link->sent[at].ret_rows)
            postgres_rows_done(link->sent[at].ret_rows);
    }
    char why[POSTGRES_WHY];
    memcpy(why, link->why, sizeof(why));
    int failed = 0;
    link->sent_count = link->parts = 0;
    if (!link->broken && PQtransactionStatus(link->connection) != PQTRANS_IDLE) {
        postgres_send(link, "rollback", NULL, 0, NULL);
        if (link->broken || !PQpipelineSync(link->connection) || collect(link, &failed) != POSTGRES_DONE)
            link->broken = true;
    }
    if (link->broken)
        postgres_drop(link);
    memcpy(link->why, why, sizeof(why));
}

int postgres_sync(struct postgres *link, int *ret_failed)
{
    int failed = link->sent_count ? link->sent_count - 1 : 0;
    int outcome = POSTGRES_RETRY;
    if (link->state != POSTGRES_READY) {
        link->broken = true;
    } else if (link->broken) {
        outcome = PQstatus(link->connection) == CONNECTION_OK ? POSTGRES_REFUSED : POSTGRES_RETRY;
    } else if (!PQpipelineSync(link->connection)) {
        postgres_because(link, PQerrorMessage(link->connection));
        link->broken = true;
    } else {
        FAIL_POINT_OF("sent", link->sent_count && link->sent[link->sent_count - 1].statement
                                  ? link->sent[link->sent_count - 1].statement->name
                                  : "");
        outcome = collect(link, &failed);
    }
    if (ret_failed)
        *ret_failed = failed;
    if (outcome != POSTGRES_DONE)
        undo(link);
    else
        postgres_hear(link);
    link->sent_count = link->parts = 0;
    return outcome;
}

void postgres_push(struct postgres *link)
{
    *sent_push(link) = (struct postgres_sent){0};
    link->parts++;
    if (link->broken || link->state != POSTGRES_READY)
        return;
    if (PQpipelineSync(link->connection) && PQflush(link->connection) >= 0)
        return;
    postgres_because(link, PQerrorMessage(link->connection));
    link->broken = true;
}

int postgres_wait(struct postgres *link, int timeout_ms)
{
    if (!postgres_connected(link))
        return POSTGRES_RETRY;
    if (socket_wait(link, POLLIN, clock_steady_ms() + timeout_ms) && !PQconsumeInput(link->connection)) {
        postgres_because(link, PQerrorMessage(link->connection));
        postgres_drop(link);
        return POSTGRES_RETRY;
    }
    postgres_hear(link);
    return POSTGRES_DONE;
}
