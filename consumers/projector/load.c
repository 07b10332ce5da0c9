/* SPDX-License-Identifier: Apache-2.0
 * One round trip that begins the transaction and reads all that a batch names: positions and states are
 * locked, states in the order of the machines and then by id, so that two projectors never wait for each
 * other.
 *
 * A command on a booking, a payment or a booked parcel does not say all that it touches: the rows it names
 * do. Only where a batch has such commands, one more round trip goes before: the rows are peeked at, without
 * locks and outside the transaction, for what they refer to. Between peek and lock another projector may have
 * changed that: the locked rows are asked again, and where they name what is not locked, all is let go and
 * done anew.
 *
 * What is kept of the batches before (kept.h) is not peeked at, and locked without being read; where another
 * projector, or an operator, has changed it, it is read in one more round trip. */
#include <stdio.h>
#include <string.h>

#include "consumers/projector/store.h"

enum { NAMING_TRIES = 5 };

/* How rows were read: without locks; locking them; by a statement after the one that locked them. */
enum taking { PEEKED, LOADED, LOCKED_BEFORE };

struct loaded {
    struct postgres_rows positions, verdicts, parked;
    struct postgres_rows locked[BATCH_MACHINES]; /* without what is in them */
    struct postgres_rows states[BATCH_MACHINES];
    enum taking taking[BATCH_MACHINES];
};

static void loaded_done(struct loaded *loaded)
{
    postgres_rows_done(&loaded->positions);
    postgres_rows_done(&loaded->verdicts);
    postgres_rows_done(&loaded->parked);
    for (int m = 0; m < BATCH_MACHINES; m++) {
        postgres_rows_done(&loaded->locked[m]);
        postgres_rows_done(&loaded->states[m]);
    }
}

struct asked {
    struct postgres_array partitions, ids, keys;
    struct postgres_array states[BATCH_MACHINES], read[BATCH_MACHINES]; /* all; those that are not kept */
};

static void asked_done(struct asked *asked)
{
    postgres_array_done(&asked->partitions);
    postgres_array_done(&asked->ids);
    postgres_array_done(&asked->keys);
    for (int m = 0; m < BATCH_MACHINES; m++) {
        postgres_array_done(&asked->states[m]);
        postgres_array_done(&asked->read[m]);
    }
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

/* What was peeked at has only the columns that refer to others; before the columns of the others stands xmin.
 */
static int take_states(struct batch *batch, const struct machine *machine, const struct postgres_rows *rows,
                       enum taking taking)
{
    bool peeked = taking == PEEKED;
    uint64_t references = peeked && rows->count ? postgres_reference_columns(machine->state) : 0;

    for (int row = 0; row < rows->count; row++) {
        struct batch_state *state;
        struct id id;
        int result;

        postgres_id(rows, row, peeked ? 0 : 1, &id); /* the first member of every state */
        state = &batch->states[batch_index_of(batch, machine, &id)];
        if (taking == LOCKED_BEFORE && !state->locked)
            continue;
        result = peeked ? postgres_fetch_of(machine->state, references, rows, row, state->state)
                        : postgres_fetch(machine->state, rows, row, 1, state->state);
        if (result != 0) {
            reader_because("%s",
                           error_text()); /* a row this program cannot read: a newer one's, most likely */
            return READER_FAILED;
        }
        if (peeked)
            continue;
        state->xmin = (int32_t)postgres_integer(rows, row, 0);
        keep_stored(batch, state);
    }
    return READER_DONE;
}

static int take_all(struct batch *batch, const struct loaded *loaded)
{
    int outcome = READER_DONE;

    for (int m = 0; machines[m] && outcome == READER_DONE; m++)
        outcome = take_states(batch, machines[m], &loaded->states[m], loaded->taking[m]);
    return outcome;
}

static void send_of(struct postgres *link, const char *verb, const struct machine *machine,
                    const struct postgres_array *ids, struct postgres_rows *ret_rows)
{
    char statement[64];

    if (ids->count == 0)
        return;
    (void)snprintf(statement, sizeof(statement), "%s_%s", verb, machine->kind);
    send_array(link, statement, ids, ret_rows);
}

/* Where some are kept all are locked first, in order, and the others read then. */
static void send_states(struct postgres *link, const struct asked *asked, struct loaded *loaded)
{
    for (int m = 0; machines[m]; m++) {
        bool kept = asked->read[m].count < asked->states[m].count;

        loaded->taking[m] = kept ? LOCKED_BEFORE : LOADED;
        if (kept)
            send_of(link, "lock", machines[m], &asked->states[m], &loaded->locked[m]);
        send_of(link, kept ? "read" : "load", machines[m], &asked->read[m], &loaded->states[m]);
    }
}

/* Once more, and of each machine: those in read only. */
static int look(struct store *store, struct batch *batch, const struct asked *asked, enum taking taking)
{
    CLEANUP(loaded_done) struct loaded loaded = {0};
    size_t count = 0;
    int outcome;

    for (int m = 0; machines[m]; m++) {
        send_of(store->link, taking == PEEKED ? "peek" : "read", machines[m], &asked->read[m],
                &loaded.states[m]);
        loaded.taking[m] = taking;
        count += (size_t)asked->read[m].count;
    }
    if (count == 0)
        return READER_DONE;
    outcome = postgres_sync(store->link, NULL);
    if (outcome != POSTGRES_DONE)
        return store_outcome(store, outcome);
    return take_all(batch, &loaded);
}

static void ask_start(struct asked *asked)
{
    for (int m = 0; m < BATCH_MACHINES; m++) {
        postgres_array_start(&asked->states[m], POSTGRES_UUID);
        postgres_array_start(&asked->read[m], POSTGRES_UUID);
    }
}

static void ask_read(struct asked *asked, size_t machine, const struct id *id)
{
    postgres_array_text(&asked->read[machine], span_of(id->text));
}

static void ask_states(struct asked *asked, const struct kept *kept, struct batch *batch)
{
    ask_start(asked);
    for (size_t i = 0; i < batch->state_count; i++) {
        struct batch_state *state = &batch->states[i];
        size_t machine = batch_machine_index(state->machine);

        state->stored = NULL;
        state->stored_version = 0;
        state->locked = false;
        postgres_array_text(&asked->states[machine], span_of(state->state->id.text));
        if (!kept_find(kept, machine, &state->state->id))
            ask_read(asked, machine, &state->state->id);
    }
}

static void ask_wanted(struct asked *asked, const struct kept *kept, struct batch *batch)
{
    ask_start(asked);
    for (size_t i = 0; i < batch->state_count; i++) {
        struct batch_state *state = &batch->states[i];
        size_t machine = batch_machine_index(state->machine);
        const struct kept_row *row = state->wanted ? kept_find(kept, machine, &state->state->id) : NULL;

        if (row)
            memcpy(state->state, row->state, state->machine->state->size);
        else if (state->wanted)
            ask_read(asked, machine, &state->state->id);
    }
}

/* What the rows that commands name refer to themselves, without locks. */
static int peek(struct store *store, struct batch *batch)
{
    CLEANUP(asked_done) struct asked asked = {0};
    int outcome;

    if (!batch_want(batch))
        return READER_DONE;
    ask_wanted(&asked, &store->kept, batch);
    outcome = look(store, batch, &asked, PEEKED);
    if (outcome == READER_DONE)
        batch_foresee(batch);
    return outcome;
}

/* From what is kept where that is still so; else it is asked for. */
static void take_locked(struct store *store, struct batch *batch, size_t machine,
                        const struct postgres_rows *rows, struct asked *asked)
{
    for (int row = 0; row < rows->count; row++) {
        const struct kept_row *kept;
        struct batch_state *state;
        struct id id;

        postgres_id(rows, row, 1, &id);
        state = &batch->states[batch_index_of(batch, machines[machine], &id)];
        state->locked = true;
        kept = kept_find(&store->kept, machine, &id);
        if (!kept)
            continue; /* it was read with the others */
        if (kept->xmin != postgres_integer(rows, row, 0) ||
            kept->state->version != postgres_integer(rows, row, 2)) {
            kept_drop(&store->kept, machine, &id);
            ask_read(asked, machine, &id);
            continue;
        }
        memcpy(state->state, kept->state, machines[machine]->state->size);
        state->stored = kept->state;
        state->stored_version = kept->state->version;
        state->xmin = kept->xmin;
    }
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
    ask_states(&asked, &store->kept, batch);
    send_marks(store->link, &asked, &loaded);
    send_states(store->link, &asked, &loaded);
    outcome = postgres_sync(store->link, NULL);
    if (outcome != POSTGRES_DONE)
        return store_outcome(store, outcome);
    if (!positions_hold(&loaded.positions, positions, count)) {
        reader_because("a position moved under us");
        return READER_MOVED;
    }
    if (count > 0)
        store->transaction = (int32_t)postgres_integer(&loaded.positions, 0, 2);
    mark_decided(batch, &loaded.verdicts);
    if (!parked_too)
        mark_behind(batch, &loaded.parked);
    ask_start(&asked);
    for (size_t m = 0; machines[m]; m++)
        take_locked(store, batch, m, &loaded.locked[m], &asked);
    outcome = take_all(batch, &loaded);
    return outcome == READER_DONE ? look(store, batch, &asked, LOCKED_BEFORE) : outcome;
}

int store_load(struct store *store, struct batch *batch, const struct reader_position *positions,
               size_t count, bool parked_too)
{
    int outcome = store_ready(store);

    if (outcome != READER_DONE)
        return outcome;
    for (int tries = 0; tries < NAMING_TRIES; tries++) {
        kept_turn(&store->kept, postgres_session(store->link));
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
