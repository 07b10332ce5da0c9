/* SPDX-License-Identifier: Apache-2.0
 * Drains what an operator marked. A marked head frees its whole key: each command is decided in a transaction
 * of its own, under the same fence as a batch; one that fails again loses its mark and keeps its key parked.
 */
#include "consumers/projector/parked.h"

#include <string.h>

#include "shared/base/clock.h"
#include "shared/base/fail.h"
#include "shared/base/log.h"
#include "shared/run/service.h"

enum { DRAIN_MS = 100 }; /* of a call: new commands wait as long */

/* clang-format off */
const struct postgres_statement parked_statements[] = {
    {"parked_marked", "select " PARKED_ROW " from bus.parked "
                      "where action is not null and partition = any($1::int[]) "
                      "order by partition, \"offset\" limit 1"},
    {"parked_unmark", "update bus.parked set action = null, reason = $3 where partition = $1 and \"offset\" = $2"},
    {NULL, NULL},
};
/* clang-format on */

enum column { C_PARTITION, C_OFFSET, C_KEY, C_ACTION, C_HEADERS, C_VALUE, C_AT };

static int ask(struct parked *parked, const char *statement, const struct postgres_value *value,
               struct postgres_rows *ret_rows)
{
    int outcome = store_ready(parked->store);

    if (outcome != READER_DONE)
        return outcome;
    postgres_send(parked->store->link, statement, value, value ? 1 : 0, ret_rows);
    return store_outcome(parked->store, postgres_sync(parked->store->link, NULL));
}

static const struct reader_position *owned_of(const struct parked *parked, int32_t partition)
{
    for (size_t i = 0; i < parked->owned_count; i++)
        if (parked->owned[i].partition == partition)
            return &parked->owned[i];
    return NULL;
}

void parked_event(const struct postgres_rows *rows, int row, struct event *event)
{
    struct span headers = postgres_text(rows, row, C_HEADERS);

    memset(event, 0, sizeof(*event));
    event->readable = event_from_headers_json(headers, event) == 0;
    event->topic = "commands";
    event->partition = (int32_t)postgres_integer(rows, row, C_PARTITION);
    event->offset = postgres_integer(rows, row, C_OFFSET);
    event->stored_ms = postgres_integer(rows, row, C_AT);
    event->data = postgres_text(rows, row, C_VALUE);
    event->raw_key = postgres_text(rows, row, C_KEY);
    /* ce_partitionkey may have been left out: then the record's key was taken */
    if (event->key[0] == '\0' && text_copy(event->key, sizeof(event->key), event->raw_key) != 0)
        event->readable = false;
    event->raw_headers = headers;
}

/* READER_REJECT: it stays, and what is behind it stays behind it. */
static int unmark(struct parked *parked, const struct event *event, const char *why)
{
    char reason[BATCH_REASON];
    struct postgres_value values[3] = {{.type = POSTGRES_INT4, .integer = event->partition},
                                       {.type = POSTGRES_INT8, .integer = event->offset},
                                       {.type = POSTGRES_TEXT}};
    int outcome;

    batch_plain(why, reason);
    values[2].text = span_of(reason);
    log_with(LOG_LEVEL_WARN, "a released command failed again and stays parked", .event = event->id.text,
             .topic = "commands", .partition = event->partition, .offset = event->offset, .err = reason);
    store_rollback(parked->store);
    postgres_send(parked->store->link, "parked_unmark", values, 3, NULL);
    outcome = store_outcome(parked->store, postgres_sync(parked->store->link, NULL));
    return outcome == READER_DONE ? READER_REJECT : outcome;
}

/* Decides the row's command, or refuses it as discarded, and removes the row, all in one transaction. */
static int drain_row(struct parked *parked, const struct postgres_rows *rows, const struct event *event)
{
    const struct reader_position *owned = owned_of(parked, event->partition);
    const struct store_place place = {event->partition, event->offset};
    const struct reader_position fence = {"commands", event->partition, owned->next, owned->next};
    bool discard = span_is(postgres_text(rows, 0, C_ACTION), "discard");
    struct batch *batch = parked->batch;
    enum batch_outcome decided = BATCH_ACCEPTED;
    int outcome;

    batch_start(batch, event, 1);
    outcome = store_load(parked->store, batch, &fence, 1, true);
    if (outcome == READER_FAILED)
        return unmark(parked, event, reader_reason());
    if (outcome != READER_DONE)
        return outcome;
    if (discard && !batch->items[0].decided)
        batch_discard(batch, event);
    else if (!discard && batch->items[0].dead[0])
        return unmark(parked, event, batch->items[0].dead);
    else if (!discard && batch_decide(batch, &batch->items[0], &decided) != READER_DONE)
        return unmark(parked, event, reader_reason());
    if (decided == BATCH_SPLIT)
        return READER_RETRY; /* alone it is never split: its row must not go without a verdict */
    FAIL_POINT("projector-released");
    outcome = store_commit(parked->store, batch, NULL, 0, &place);
    FAIL_POINT("projector-drained");
    if (outcome == READER_FAILED)
        return unmark(parked, event, postgres_why(parked->store->link));
    if (outcome == READER_DONE)
        log_with(LOG_LEVEL_INFO, discard ? "a parked command was discarded" : "a parked command was decided",
                 .event = event->id.text, .topic = "commands", .partition = event->partition,
                 .offset = event->offset);
    return outcome;
}

/* A row of its own key that is there already may be a transaction that beat ours, or stay for good: it is met
 * three times. Counted apart from the batches, of which each that is committed would begin the count anew. */
static int drain_again(struct parked *parked, const struct postgres_rows *rows, const struct event *event)
{
    struct store *store = parked->store;
    int of_batches = store->unique_failures, met, outcome;

    store->unique_failures = 0;
    do {
        met = store->unique_failures;
        service_beat();
        outcome = drain_row(parked, rows, event);
        if (outcome > 0 && outcome != READER_REJECT)
            store_rollback(store);
    } while (outcome == READER_RETRY && store->unique_failures > met);
    store->unique_failures = of_batches;
    return outcome;
}

/* The first marked row behind the partition that is stuck. READER_SKIP: there is none. */
static int drain_next(struct parked *parked, int32_t *stuck)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    CLEANUP(postgres_array_done) struct postgres_array partitions = {0};
    const struct postgres_value value = {.type = POSTGRES_INT4, .array = &partitions};
    struct event event;
    int outcome;

    postgres_array_start(&partitions, POSTGRES_INT4);
    for (size_t i = 0; i < parked->owned_count; i++)
        if (parked->owned[i].partition > *stuck)
            postgres_array_integer(&partitions, parked->owned[i].partition);
    outcome = ask(parked, "parked_marked", &value, &rows);
    if (outcome != READER_DONE)
        return outcome;
    if (rows.count == 0)
        return READER_SKIP;
    parked_event(&rows, 0, &event);
    if (span_is(postgres_text(&rows, 0, C_ACTION), "discard")) {
        event.readable = false; /* no state is asked for: that may be what nobody can read */
        event.reason = "discarded";
    }
    outcome = drain_again(parked, &rows, &event);
    if (outcome > 0 && outcome != READER_REJECT)
        *stuck = event.partition;
    return outcome < 0 ? error_forward(outcome) : READER_DONE;
}

int parked_drain(struct parked *parked)
{
    int64_t until_ms = clock_steady_ms() + DRAIN_MS;
    int32_t stuck = -1;
    int outcome = parked->owned_count > 0 ? READER_DONE : READER_SKIP;

    while (outcome == READER_DONE && clock_steady_ms() < until_ms && !service_stopping())
        outcome = drain_next(parked, &stuck);
    if (outcome < 0)
        return error_forward(outcome);
    /* What is left has its marks in the table: the next call goes on. */
    return outcome == READER_RETRY || stuck >= 0 ? READER_RETRY : READER_DONE;
}
