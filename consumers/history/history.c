/* SPDX-License-Identifier: Apache-2.0
 * A batch of facts becomes one unordered bulk of documents, then the positions are moved. A crash between the
 * two reads the batch again, and the same names meet the same facts. Nothing is ever changed or left out:
 * what cannot be stored goes to the dead letters, a contradiction stops the program. */
#include "consumers/history/history.h"

#include <string.h>

#include "shared/base/clock.h"
#include "shared/base/fail.h"
#include "shared/base/log.h"
#include "shared/base/metric.h"

enum { ALIVE_MS = 2000 }; /* without a write for so long the store is asked by one */

static struct metric documents_total = {
    .name = "colis_history_documents_total",
    .help = "Facts that are in the history, counted each time they were stored.",
    .kind = METRIC_COUNTER};
static struct metric rejected_total = {
    .name = "colis_history_rejected_total", .help = "Records put on the dead topic.", .kind = METRIC_COUNTER};

void history_metrics(void)
{
    metric_register(&documents_total);
    metric_register(&rejected_total);
}

void history_done(struct history *history)
{
    free(history->entries);
    free(history->kinds);
    history->entries = NULL;
    history->kinds = NULL;
    history->count = history->capacity = 0;
}

/* A store that was away may have been put back to an earlier hour. */
static int away(struct history *history)
{
    history->doubted = true;
    reader_doubt();
    return READER_RETRY;
}

/* What a store's outcome means for the loop. A conflict is nothing the loop could mend: it is fatal. */
static int outcome_of(struct history *history, int outcome)
{
    if (outcome == MONGO_DONE) {
        history->written_ms = clock_steady_ms();
        return READER_DONE;
    }
    reader_because("mongo: %s", mongo_why());
    if (outcome == MONGO_CONFLICT)
        return error_new(ERROR_DATA, "history: %s", mongo_why());
    return outcome == MONGO_REFUSED ? READER_FAILED : away(history);
}

static int prepare(struct history *history)
{
    if (history->prepared)
        return READER_DONE;
    int outcome = outcome_of(history, mongo_prepare(history->store));
    history->prepared = outcome == READER_DONE;
    return outcome;
}

/* The reader asks for all positions next. */
static int history_cluster(void *self, const char *id)
{
    struct history *history = self;
    int outcome = prepare(history);
    if (outcome != READER_DONE)
        return outcome;
    history->doubted = false;
    int stored = mongo_cluster(history->store, "history", id);
    if (stored != MONGO_CONFLICT)
        return outcome_of(history, stored);
    reader_because("mongo: %s", mongo_why());
    return READER_REJECT;
}

/* stored: room for count. */
static int load_positions(struct history *history, const struct reader_position *positions, size_t count,
                          struct mongo_position *stored)
{
    for (size_t at = 0; at < count; at++)
        stored[at] =
            (struct mongo_position){.topic = positions[at].topic, .partition = positions[at].partition};
    int outcome = mongo_positions_load(history->store, "history", stored, count);
    return outcome == MONGO_DONE ? READER_DONE : outcome_of(history, outcome);
}

static int history_positions(void *self, struct reader_position *positions, size_t count)
{
    CLEANUP(free_cleanup) struct mongo_position *stored = memory_new(count + 1, sizeof(*stored));
    int outcome = load_positions(self, positions, count, stored);
    if (outcome != READER_DONE)
        return outcome;
    for (size_t at = 0; at < count; at++)
        positions[at].next = stored[at].next;
    return READER_DONE;
}

static int save_positions(struct history *history, const struct reader_position *positions, size_t count)
{
    CLEANUP(free_cleanup) struct mongo_position *next = memory_new(count + 1, sizeof(*next));
    for (size_t at = 0; at < count; at++)
        next[at] = (struct mongo_position){positions[at].topic, positions[at].partition, positions[at].next};
    return outcome_of(history, mongo_positions_save(history->store, "history", next, count));
}

/* A batch begins where memory has it, and a position is only ever moved forward: of a store put back, what
 * lies between would never be read again. */
static int compare_positions(struct history *history, const struct reader_position *positions, size_t count)
{
    CLEANUP(free_cleanup) struct mongo_position *stored = memory_new(count + 1, sizeof(*stored));
    int outcome = load_positions(history, positions, count, stored);
    for (size_t at = 0; at < count && outcome == READER_DONE; at++) {
        if (stored[at].next == positions[at].from)
            continue;
        reader_because("%s/%d is at %lld", stored[at].topic, (int)stored[at].partition,
                       (long long)stored[at].next);
        outcome = READER_MOVED;
    }
    return outcome;
}

static int history_begin(void *self, const struct event *events, size_t count,
                         const struct reader_position *positions, size_t position_count)
{
    struct history *history = self;
    (void)events;
    history->count = 0;
    if (count > history->capacity) {
        history->entries = memory_grow(history->entries, count, sizeof(*history->entries));
        history->kinds = memory_grow(history->kinds, count, sizeof(*history->kinds));
        history->capacity = count;
    }
    return history->doubted ? compare_positions(history, positions, position_count) : READER_DONE;
}

static int reject(const char *reason)
{
    reader_because("%s", reason);
    return READER_REJECT;
}

/* Any type is taken, also one this program was built before; only its envelope must be whole. */
static int history_handle(void *self, const struct event *event)
{
    struct history *history = self;
    struct history_kind *kind = &history->kinds[history->count];
    struct id id;
    if (!event->readable)
        return reject(event->reason);
    if (event->sequence < 1)
        return reject("a fact without its version");
    if (event_subject_parse(span_of(event->subject), kind->text, &id) != 0)
        return reject("a subject that is not kind/id");
    history->entries[history->count++] = (struct mongo_entry){
        .aggregate = event->subject,
        .kind = kind->text,
        .id = strchr(event->subject, '/') + 1,
        .version = event->sequence,
        .fact = event->id.text,
        .type = event->type,
        .by = event->principal,
        .at_ms = event->time_ms,
        .data = event->data,
        .topic = event->topic,
        .partition = event->partition,
        .offset = event->offset,
    };
    return READER_DONE;
}

static int history_commit(void *self, const struct reader_position *positions, size_t count)
{
    struct history *history = self;
    int bad = -1;
    int outcome = outcome_of(history, mongo_append(history->store, history->entries, history->count, &bad));
    if (outcome != READER_DONE)
        return outcome < 0 ? error_forward(outcome) : outcome;
    metric_add(&documents_total, (int64_t)history->count);
    FAIL_POINT("history-appended");
    outcome = save_positions(history, positions, count);
    FAIL_POINT("history-placed");
    return outcome < 0 ? error_forward(outcome) : outcome;
}

static void history_rollback(void *self)
{
    struct history *history = self;
    history->count = 0;
}

static int history_reject(void *self, const struct event *event, const char *reason,
                          const struct reader_position *position)
{
    struct history *history = self;
    int outcome = history->letter(history->letter_self, event, reason);
    if (outcome != READER_DONE)
        return outcome;
    metric_add(&rejected_total, 1);
    return save_positions(history, position, 1);
}

/* While nothing is to be stored, a write of its own says whether something could be. */
static int history_idle(void *self)
{
    struct history *history = self;
    if (clock_steady_ms() - history->written_ms < ALIVE_MS)
        return READER_DONE;
    return outcome_of(history, mongo_alive(history->store));
}

const struct reader_verbs history_verbs = {
    .positions = history_positions,
    .begin = history_begin,
    .handle = history_handle,
    .commit = history_commit,
    .rollback = history_rollback,
    .reject = history_reject,
    .idle = history_idle,
    .cluster = history_cluster,
};
