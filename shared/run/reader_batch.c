/* SPDX-License-Identifier: Apache-2.0
 * The decisions about one batch. Whatever step the process dies at, the store alone tells where the next one
 * begins: nothing here is remembered beyond the batch, and an event is passed only after its position was
 * stored. */
#include "shared/run/reader_batch.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shared/base/cleanup.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/trace.h"
#include "shared/run/service.h"

enum { REASON = 201, MINUTE_MS = 60000, WHOLE_TRIES = 3, SINGLES_MS = 2000 };

static _Thread_local char because[REASON];

void reader_because(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(because, sizeof because, format, arguments);
    va_end(arguments);
}

const char *reader_reason(void)
{
    return because[0] != '\0' ? because : "no reason given";
}

int reader_fact(const struct event *event, bool (*takes)(const char *type),
                const struct message_row **ret_row)
{
    if (!event->readable) {
        reader_because("%s", event->reason);
        return READER_REJECT;
    }
    if (!takes(event->type))
        return READER_SKIP;
    *ret_row = message_of(event->type);
    if (*ret_row && (*ret_row)->kind == MESSAGE_FACT)
        return READER_DONE;
    reader_because("%s is newer than this program", event->type);
    return READER_STOP;
}

static int handle_all(struct reader_batch *batch, const struct event *events, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        int outcome = batch->verbs->handle(batch->self, &events[at]);
        if (outcome == READER_STOP || outcome == READER_SPLIT)
            batch->at = (size_t)(&events[at] - batch->events);
        if (outcome != READER_DONE && outcome != READER_SKIP)
            return outcome;
        batch->stores = batch->stores || outcome == READER_DONE;
    }
    return READER_DONE;
}

static bool same_partition(const struct event *event, const struct reader_position *position)
{
    return event->partition == position->partition && strcmp(event->topic, position->topic) == 0;
}

/* Where the positions are once the events before batch->at are done; only those that move. */
static size_t positions_before(const struct reader_batch *batch, const struct event *events,
                               struct reader_position *ret_positions)
{
    size_t count = 0;
    for (size_t at = 0; at < batch->position_count; at++) {
        struct reader_position *position = &ret_positions[count];
        *position = batch->positions[at];
        position->next = position->from;
        for (const struct event *event = events; event < batch->events + batch->at; event++)
            if (same_partition(event, position))
                position->next = event->offset + 1;
        count += position->next > position->from;
    }
    return count;
}

/* What was handled before the event that asked for it is committed; the rest is a batch of its own. */
static int split(struct reader_batch *batch, const struct event *events)
{
    CLEANUP(free_cleanup)
    struct reader_position *positions = memory_new(batch->position_count + 1, sizeof *positions);
    size_t count = positions_before(batch, events, positions);
    if (count == 0)
        return READER_RETRY; /* the first of a batch: nothing can have come before it */
    int outcome = batch->verbs->commit(batch->self, positions, count);
    if (outcome != READER_DONE)
        return outcome;
    for (size_t at = 0; at < batch->position_count; at++)
        for (size_t moved = 0; moved < count; moved++)
            if (batch->positions[at].partition == positions[moved].partition &&
                strcmp(batch->positions[at].topic, positions[moved].topic) == 0)
                batch->positions[at].from = positions[moved].next;
    batch->done = batch->at;
    return READER_SPLIT;
}

/* One transaction of the store. DONE RETRY MOVED FAILED STOP SPLIT, or fatal. */
static int attempt(struct reader_batch *batch, const struct event *events, size_t count,
                   const struct reader_position *positions, size_t position_count)
{
    because[0] = '\0';
    batch->stores = false;
    int outcome = batch->verbs->begin(batch->self, events, count, positions, position_count);
    if (outcome == READER_DONE || outcome == READER_SKIP)
        outcome = handle_all(batch, events, count);
    if (outcome == READER_DONE)
        outcome = batch->verbs->commit(batch->self, positions, position_count);
    else if (outcome == READER_SPLIT)
        outcome = split(batch, events);
    if (batch->stores && (outcome == READER_DONE || outcome == READER_SPLIT))
        batch->breaker->row_count = 0;
    if (outcome < 0 || outcome == READER_DONE || outcome == READER_SKIP)
        return outcome < 0 ? error_forward(outcome) : READER_DONE;
    if (outcome == READER_SPLIT)
        return READER_SPLIT;
    batch->verbs->rollback(batch->self);
    return outcome == READER_REJECT ? READER_FAILED : outcome;
}

/* Every event's partition has a position in its batch: who makes the batch sees to it. */
static int position_of(const struct reader_batch *batch, const struct event *event,
                       struct reader_position **ret_position)
{
    for (size_t at = 0; at < batch->position_count; at++) {
        *ret_position = &batch->positions[at];
        if (same_partition(event, *ret_position))
            return 0;
    }
    return error_new(ERROR_BUG, "%s/%d: an event without a position", event->topic, (int)event->partition);
}

/* The partition of events[at] ends before it: its later events leave the batch, so does a position that then
 * does not move. */
static int cut(struct reader_batch *batch, size_t at)
{
    struct event stopped = batch->events[at];
    struct reader_position *position;
    size_t kept = at;
    TRY(position_of(batch, &stopped, &position));
    for (size_t from = at; from < batch->count; from++) {
        if (!same_partition(&batch->events[from], position))
            batch->events[kept++] = batch->events[from];
    }
    batch->count = kept;
    position->next = stopped.offset;
    if (position->next <= position->from)
        *position = batch->positions[--batch->position_count];
    return error_forward(batch->stop(batch->owner, &stopped, reader_reason()));
}

/* Counts it: is it the last of the row? What makes no event is at fault alone; a key that is wrong counts
 * once. */
static bool row_full(struct reader_breaker *breaker, const struct event *event)
{
    if (breaker->row_limit == 0 || !event->readable)
        return false;
    for (int64_t at = 0; at < breaker->row_count; at++) {
        if (strcmp(breaker->keys[at], event->key) == 0)
            return false;
    }
    if (breaker->row_count + 1 >= breaker->row_limit)
        return true;
    memcpy(breaker->keys[breaker->row_count++], event->key, sizeof event->key);
    return false;
}

static bool minute_full(struct reader_breaker *breaker)
{
    int64_t now = clock_steady_ms();
    if (now - breaker->began_ms >= MINUTE_MS) {
        breaker->began_ms = now;
        breaker->count = 0;
    }
    return ++breaker->count > breaker->limit;
}

/* Not every store moves the position with the reject: where it did not, it is moved now. */
static int pass(struct reader_batch *batch, const struct reader_position *position)
{
    struct reader_position stored = *position;
    int outcome = batch->verbs->positions(batch->self, &stored, 1);
    if (outcome != READER_DONE)
        return outcome < 0 ? error_forward(outcome) : READER_RETRY;
    if (stored.next == position->from)
        return attempt(batch, NULL, 0, position, 1);
    return stored.next == position->next ? READER_DONE : READER_MOVED;
}

/* What cannot even be rejected waits: passing it would lose it. */
static int refuse(struct reader_batch *batch, const struct event *event,
                  const struct reader_position *position)
{
    char reason[REASON], trace[33];
    snprintf(reason, sizeof reason, "%s", reader_reason());
    if (minute_full(batch->breaker) || row_full(batch->breaker, event))
        return READER_FAILED;
    int outcome = batch->verbs->reject(batch->self, event, reason, position);
    if (outcome < 0)
        return error_forward(outcome);
    if (outcome == READER_MOVED)
        return READER_MOVED;
    if (outcome != READER_DONE && outcome != READER_SKIP)
        return READER_RETRY;
    trace_id(event->traceparent, trace);
    log_with(LOG_LEVEL_ERROR, "event rejected", .event = event->id.text, .trace_id = trace,
             .topic = event->topic, .partition = event->partition, .offset = event->offset, .err = reason);
    outcome = pass(batch, position);
    return outcome == READER_FAILED ? READER_RETRY : outcome;
}

static int single(struct reader_batch *batch)
{
    struct event *event = &batch->events[batch->done];
    struct reader_position *position;
    TRY(position_of(batch, event, &position));
    struct reader_position alone = *position;
    alone.next = event->offset + 1;
    service_beat(); /* a thousand transactions may take longer than health allows */
    int outcome = attempt(batch, event, 1, &alone, 1);
    if (outcome == READER_FAILED)
        outcome = refuse(batch, event, &alone);
    if (outcome == READER_STOP)
        return error_forward(cut(batch, batch->done));
    if (outcome == READER_DONE) {
        position->from = alone.next;
        batch->done++;
    }
    return outcome;
}

/* What is left when every event is done: commit markers behind the last one. */
static int markers(struct reader_batch *batch)
{
    for (size_t at = 0; at < batch->position_count; at++) {
        struct reader_position *position = &batch->positions[at];
        if (position->from >= position->next)
            continue;
        int outcome = attempt(batch, NULL, 0, position, 1);
        if (outcome != READER_DONE)
            return outcome == READER_FAILED ? READER_RETRY : outcome;
        position->from = position->next;
    }
    return READER_DONE;
}

/* A thousand transactions may take longer than the program has to end, or a group waits for its member. */
static int singles(struct reader_batch *batch)
{
    int64_t until = clock_steady_ms() + SINGLES_MS;
    while (batch->done < batch->count) {
        if (service_stopping())
            return READER_RETRY;
        if (clock_steady_ms() >= until)
            return READER_SPLIT;
        int outcome = single(batch);
        if (outcome != READER_DONE)
            return outcome;
    }
    return markers(batch);
}

static int whole(struct reader_batch *batch)
{
    int outcome = attempt(batch, batch->events + batch->done, batch->count - batch->done, batch->positions,
                          batch->position_count);
    if (outcome != READER_DONE)
        return outcome;
    for (size_t at = 0; at < batch->position_count; at++)
        batch->positions[at].from = batch->positions[at].next;
    batch->done = batch->count;
    return READER_DONE;
}

int reader_batch_run(struct reader_batch *batch)
{
    int outcome = READER_DONE;
    while (!batch->one_by_one && batch->position_count > 0) {
        outcome = whole(batch);
        if (outcome == READER_SPLIT && !service_stopping())
            continue;
        if (outcome == READER_SPLIT)
            return READER_RETRY;
        /* A store that is away fails singles, too; one that is slow may fail only what is much at once. */
        if (outcome == READER_RETRY)
            batch->one_by_one = ++batch->retries >= WHOLE_TRIES;
        if (outcome != READER_STOP && outcome != READER_FAILED)
            return outcome < 0 ? error_forward(outcome) : outcome;
        batch->one_by_one = outcome == READER_FAILED;
        if (outcome == READER_STOP)
            TRY(cut(batch, batch->at));
    }
    if (batch->position_count == 0)
        return READER_DONE;
    log_seldom(LOG_LEVEL_WARN, "batch goes one by one", .err = reader_reason());
    outcome = singles(batch);
    return outcome < 0 ? error_forward(outcome) : outcome;
}
