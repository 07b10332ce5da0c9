/* SPDX-License-Identifier: Apache-2.0
 * One round trip that begins the transaction and reads all that a batch names: positions and states are
 * locked, states in the order of the machines and then by id, so that two projectors never wait for each
 * other.
 *
 * A command on a booking, a payment or a booked parcel does not say all that it touches: the rows it names
 * do. Only where a batch has such commands, one more round trip goes before: the rows are peeked at, without
 * locks and outside the transaction, for what they refer to. Between peek and lock another projector may have
 * changed that: the locked rows are asked again, and where they name what is not locked, all is let go and
 * done anew. */
#include <stdio.h>
#include <string.h>

#include "consumers/projector/store.h"

enum { NAMING_TRIES = 5 };

struct loaded {
    struct postgres_rows positions, verdicts, parked, states[BATCH_MACHINES];
};

static void loaded_done(struct loaded *loaded)
{
    postgres_rows_done(&loaded->positions);
    postgres_rows_done(&loaded->verdicts);
    postgres_rows_done(&loaded->parked);
    for (int m = 0; m < BATCH_MACHINES; m++)
        postgres_rows_done(&loaded->states[m]);
}

struct asked {
    struct postgres_array partitions, ids, keys, states[BATCH_MACHINES];
};

static void asked_done(struct asked *asked)
{
    postgres_array_done(&asked->partitions);
    postgres_array_done(&asked->ids);
    postgres_array_done(&asked->keys);
    for (int m = 0; m < BATCH_MACHINES; m++)
        postgres_array_done(&asked->states[m]);
}

static void ask_for(struct asked *asked, struct batch *batch, const struct reader_position *positions,
                    size_t count)
{
    postgres_array_start(&asked->partitions, POSTGRES_INT4);
    postgres_array_start(&asked->ids, POSTGRES_UUID);
    postgres_array_start(&asked->keys, POSTGRES_TEXT);
    for (size_t i = 0; i < count; i++)
        postgres_array_integer(&asked->partitions, positions[i].partition);
    for (size_t i = 0; i < batch->count; i++) {
        const struct batch_item *item = &batch->items[i];

        /* also of a dead one: it may be a spoiled copy of what was decided */
        if (!id_none(&item->event->id))
            postgres_array_text(&asked->ids, span_of(item->event->id.text));
        if (!item->dead[0])
            postgres_array_text(&asked->keys, span_of(item->event->key));
    }
}

static void send_array(struct postgres *link, const char *statement, const struct postgres_array *array,
                       struct postgres_rows *ret_rows)
{
    const struct postgres_value value = {.type = array->type, .array = array};

    postgres_send(link, statement, &value, 1, ret_rows);
}

static void send_marks(struct postgres *link, const struct asked *asked, struct loaded *loaded)
{
    postgres_send(link, "begin", NULL, 0, NULL);
    send_array(link, "position_lock", &asked->partitions, &loaded->positions);
    if (asked->ids.count) {
        send_array(link, "verdict_known", &asked->ids, &loaded->verdicts);
        send_array(link, "parked_keys", &asked->keys, &loaded->parked);
    }
}

/* Each position must be where the batch began: another owner, or a COMMIT whose reply was lost, moved it. */
static bool positions_hold(const struct postgres_rows *rows, const struct reader_position *positions,
                           size_t count)
{
    if (rows->count != (int)count)
        return false;
    for (int row = 0; row < rows->count; row++) {
        size_t i = 0;

        while (i < count && positions[i].partition != postgres_integer(rows, row, 0))
            i++;
        if (i == count || positions[i].from != postgres_integer(rows, row, 1))
            return false;
    }
    return true;
}

/* Dead ones are not indexed: their id must not keep a good one from being decided. */
static void mark_dead_copies(struct batch *batch, const struct id *id)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->items[i].dead[0] && id_same(&batch->items[i].event->id, id))
            batch->items[i].decided = true;
}

static void mark_decided(struct batch *batch, const struct postgres_rows *rows)
{
    for (int row = 0; row < rows->count; row++) {
        struct id id;
        struct batch_item *item;

        postgres_id(rows, row, 0, &id);
        item = batch_item_of(batch, id.text);
        if (item)
            item->decided = true;
        mark_dead_copies(batch, &id);
    }
}

static void mark_behind(struct batch *batch, const struct postgres_rows *rows)
{
    for (int row = 0; row < rows->count; row++) {
        struct span key = postgres_text(rows, row, 0);

        for (size_t i = 0; i < batch->count; i++)
            if (!batch->items[i].dead[0] && span_is(key, batch->items[i].event->key))
                batch->items[i].behind = true;
    }
}

static void keep_stored(struct batch *batch, struct batch_state *state)
{
    size_t size = state->machine->state->size;

    state->stored = memcpy(memory_take(&batch->memory, size), state->state, size);
    state->stored_version = state->state->version;
}

/* What was peeked at has only the columns that refer to others. */
static int take_states(struct batch *batch, const struct machine *machine, const struct postgres_rows *rows,
                       bool peeked)
{
    uint64_t columns = peeked && rows->count ? postgres_reference_columns(machine->state) : UINT64_MAX;

    for (int row = 0; row < rows->count; row++) {
        struct batch_state *state;
        struct id id;

        postgres_id(rows, row, 0, &id); /* the first member of every state */
        state = &batch->states[batch_index_of(batch, machine, &id)];
        if (postgres_fetch_of(machine->state, columns, rows, row, state->state) != 0) {
            reader_because("%s",
                           error_text()); /* a row this program cannot read: a newer one's, most likely */
            return READER_FAILED;
        }
        state->stored_version = 0;
        if (!peeked)
            keep_stored(batch, state);
    }
    return READER_DONE;
}

static int take_all(struct batch *batch, const struct loaded *loaded, bool peeked)
{
    int outcome = READER_DONE;

    for (int m = 0; machines[m] && outcome == READER_DONE; m++)
        outcome = take_states(batch, machines[m], &loaded->states[m], peeked);
    return outcome;
}

static void send_states(struct postgres *link, const char *verb, const struct asked *asked,
                        struct loaded *loaded)
{
    char statement[64];

    for (int m = 0; machines[m]; m++) {
        if (asked->states[m].count == 0)
            continue;
        (void)snprintf(statement, sizeof(statement), "%s_%s", verb, machines[m]->kind);
        send_array(link, statement, &asked->states[m], &loaded->states[m]);
    }
}

static void ask_states(struct asked *asked, const struct batch *batch, bool wanted_only)
{
    for (int m = 0; m < BATCH_MACHINES; m++)
        postgres_array_start(&asked->states[m], POSTGRES_UUID);
    for (size_t i = 0; i < batch->state_count; i++)
        if (batch->states[i].wanted || !wanted_only)
            postgres_array_text(&asked->states[batch_machine_index(batch->states[i].machine)],
                                span_of(batch->states[i].state->id.text));
}

/* What the rows that commands name refer to themselves, without locks. */
static int peek(struct store *store, struct batch *batch)
{
    CLEANUP(loaded_done) struct loaded loaded = {0};
    CLEANUP(asked_done) struct asked asked = {0};
    int outcome;

    if (!batch_want(batch))
        return READER_DONE;
    ask_states(&asked, batch, true);
    send_states(store->link, "peek", &asked, &loaded);
    outcome = postgres_sync(store->link, NULL);
    if (outcome != POSTGRES_DONE)
        return store_outcome(store, outcome);
    outcome = take_all(batch, &loaded, true);
    if (outcome == READER_DONE)
        batch_foresee(batch);
    return outcome;
}

/* Do the locked rows still name nothing else? */
static bool names_hold(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->items[i].open && !batch->items[i].decided && !batch_name(batch, &batch->items[i], false))
            return false;
    return true;
}

static int lock(struct store *store, struct batch *batch, const struct reader_position *positions,
                size_t count, bool parked_too)
{
    CLEANUP(loaded_done) struct loaded loaded = {0};
    CLEANUP(asked_done) struct asked asked = {0};
    int outcome;

    ask_for(&asked, batch, positions, count);
    ask_states(&asked, batch, false);
    send_marks(store->link, &asked, &loaded);
    send_states(store->link, "load", &asked, &loaded);
    outcome = postgres_sync(store->link, NULL);
    if (outcome != POSTGRES_DONE)
        return store_outcome(store, outcome);
    if (!positions_hold(&loaded.positions, positions, count)) {
        reader_because("a position moved under us");
        return READER_MOVED;
    }
    mark_decided(batch, &loaded.verdicts);
    if (!parked_too)
        mark_behind(batch, &loaded.parked);
    return take_all(batch, &loaded, false);
}

int store_load(struct store *store, struct batch *batch, const struct reader_position *positions,
               size_t count, bool parked_too)
{
    int outcome = store_ready(store);

    if (outcome != READER_DONE)
        return outcome;
    for (int tries = 0; tries < NAMING_TRIES; tries++) {
        outcome = peek(store, batch);
        if (outcome == READER_DONE)
            outcome = lock(store, batch, positions, count, parked_too);
        if (outcome != READER_DONE || names_hold(batch))
            return outcome;
        store_rollback(store);
        outcome = store_ready(store);
        if (outcome != READER_DONE)
            return outcome;
    }
    reader_because("what the commands refer to changed again and again");
    return READER_RETRY;
}
