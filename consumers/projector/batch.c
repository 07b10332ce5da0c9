/* SPDX-License-Identifier: Apache-2.0
 * Takes commands in: reads each by the tables and indexes what they name. What cannot be read is marked dead
 * with its reason; it never stops the others. */
#include "consumers/projector/batch.h"

#include <stdio.h>
#include <string.h>

enum { ALIGNMENT = 16 };

static size_t hash_of(const char *text)
{
    uint64_t hash = 14695981039346656037ull;

    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211ull;
    return (size_t)(hash ^ (hash >> 32));
}

/* Empties the index and makes it at most half full with count keys. */
static void index_start(struct batch_index *index, size_t count)
{
    size_t wanted = 64;

    while (wanted < count * 2)
        wanted *= 2;
    if (wanted > index->capacity) {
        free(index->slots);
        index->slots = memory_new(wanted, sizeof(*index->slots));
        index->capacity = wanted;
    } else {
        memset(index->slots, 0, index->capacity * sizeof(*index->slots));
    }
    index->used = 0;
}

/* The slot where key is, or would be. */
static struct batch_slot *index_slot(const struct batch_index *index, const char *key)
{
    size_t at = hash_of(key) & (index->capacity - 1);

    while (index->slots[at].key && strcmp(index->slots[at].key, key) != 0)
        at = (at + 1) & (index->capacity - 1);
    return &index->slots[at];
}

size_t batch_machine_index(const struct machine *machine)
{
    size_t at = 0;

    while (machines[at] != machine)
        at++;
    return at;
}

struct batch_state *batch_state_of(struct batch *batch, const struct machine *machine, const struct id *id,
                                   int *ret_index)
{
    struct batch_state *state = &batch->states[batch->state_count];
    struct batch_slot *slot;

    /* The next free one holds the key while it is looked up: room for it was made. */
    (void)snprintf(state->subject, sizeof(state->subject), "%s/%s", machine->kind, id->text);
    slot = index_slot(&batch->subjects, state->subject);
    if (!slot->key) {
        memset(&state->state, 0, sizeof(state->state));
        state->state.head.id = *id;
        state->machine = machine;
        state->stored_version = 0;
        state->changed = false;
        slot->key = state->subject;
        slot->value = (int)batch->state_count++;
    }
    if (ret_index)
        *ret_index = slot->value;
    return &batch->states[slot->value];
}

struct batch_item *batch_item_of(struct batch *batch, const char *id)
{
    const struct batch_slot *slot = index_slot(&batch->ids, id);

    return slot->key ? &batch->items[slot->value] : NULL;
}

static void mark_dead(struct batch_item *item, const char *reason)
{
    (void)snprintf(item->dead, sizeof(item->dead), "%s", reason);
    item->row = NULL;
    item->state = -1;
}

/* Is the type a command this program knows? The reason where it is not. */
static const char *type_refusal(const struct event *event, const struct message_row *row)
{
    if (!event->readable)
        return event->reason ? event->reason : "the headers are not those of an event";
    if (!row)
        return message_family_known(event->type) ? "unknown version of a known type" : "unknown type";
    if (row->kind != MESSAGE_COMMAND)
        return "not a command";
    if (event->key[0] == '\0' || event->raw_key.size == 0)
        return "no key";
    return NULL;
}

/* Reads the subject; the reason where it is not one of the command's kind. */
static const char *subject_refusal(const struct event *event, const struct message_row *row,
                                   struct id *ret_id)
{
    char kind[24];

    if (event_subject_parse(span_of(event->subject), kind, ret_id) != 0)
        return "the subject is not kind/uuid";
    if (strcmp(kind, row->aggregate) != 0 || !machine_of(kind))
        return "the subject is of another kind than the type";
    return NULL;
}

static void data_refusal(const struct codec_errors *errors, char *ret_reason, size_t capacity)
{
    if (errors->syntax)
        (void)snprintf(ret_reason, capacity, "not JSON at byte %zu: %s", errors->at, errors->syntax);
    else
        (void)snprintf(ret_reason, capacity, "data is invalid: %s %s",
                       errors->count ? errors->items[0].pointer : "",
                       errors->count ? errors->items[0].reason : "");
}

static void item_read(struct batch *batch, struct batch_item *item)
{
    const struct event *event = item->event;
    const struct message_row *row = message_of(event->type);
    const char *reason = type_refusal(event, row);
    struct id subject;

    if (!reason)
        reason = subject_refusal(event, row, &subject);
    if (reason) {
        mark_dead(item, reason);
        return;
    }
    batch->errors.count = 0;
    batch->errors.syntax = NULL;
    if (codec_decode(row->schema, event->data, item->data, &batch->errors) != 0) {
        data_refusal(&batch->errors, item->dead, sizeof(item->dead));
        item->state = -1;
        return;
    }
    item->row = row;
    (void)batch_state_of(batch, machine_of(row->aggregate), &subject, &item->state);
}

static size_t data_size(const struct event *event)
{
    const struct message_row *row = event->readable ? message_of(event->type) : NULL;
    size_t size = row ? row->schema->size : 0;

    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Room for count items and all their decoded data, taken once so that pointers into it stay good. */
static void make_room(struct batch *batch, const struct event *events, size_t count)
{
    size_t bytes = ALIGNMENT;

    for (size_t i = 0; i < count; i++)
        bytes += data_size(&events[i]);
    if (bytes > batch->memory_capacity) {
        free(batch->memory);
        batch->memory = memory_new(1, bytes);
        batch->memory_capacity = bytes;
    }
    if (count > batch->item_capacity) {
        free(batch->items);
        batch->items = memory_new(count, sizeof(*batch->items));
        batch->item_capacity = count;
    }
    /* A command names at most one aggregate, and keys point into states: they never move. One is always free.
     */
    if (count + 1 > batch->state_capacity) {
        free(batch->states);
        batch->states = memory_new(count + 1, sizeof(*batch->states));
        batch->state_capacity = count + 1;
    }
    index_start(&batch->ids, count);
    index_start(&batch->subjects, count);
    batch->count = count;
    batch->state_count = 0;
}

static void rows_start(struct batch *batch)
{
    for (int i = 0; i < VERDICT_COLUMNS; i++)
        postgres_array_start(&batch->verdicts[i], batch_verdict_types[i]);
    for (int m = 0; m < BATCH_MACHINES; m++)
        for (int i = 0; i < PRIVATE_COLUMNS; i++)
            postgres_array_start(&batch->privates[m][i], batch_private_types[i]);
    for (int i = 0; i < PARKED_COLUMNS; i++)
        postgres_array_start(&batch->parked[i], batch_parked_types[i]);
    outbox_start(&batch->outbox);
}

void batch_start(struct batch *batch, const struct event *events, size_t count)
{
    char *free_memory;

    make_room(batch, events, count);
    rows_start(batch);
    free_memory = batch->memory;
    for (size_t i = 0; i < count; i++) {
        struct batch_item *item = &batch->items[i];
        struct batch_slot *slot;

        memset(item, 0, sizeof(*item));
        item->event = &events[i];
        item->data = free_memory;
        free_memory += data_size(&events[i]);
        item_read(batch, item);
        if (item->dead[0])
            continue;
        slot = index_slot(&batch->ids, item->event->id.text);
        if (slot->key) {
            item->decided = true; /* the first one decides */
        } else {
            slot->key = item->event->id.text;
            slot->value = (int)i;
        }
    }
}

static void arrays_done(struct postgres_array *arrays, int count)
{
    for (int i = 0; i < count; i++)
        postgres_array_done(&arrays[i]);
}

void batch_done(struct batch *batch)
{
    free(batch->items);
    free(batch->memory);
    free(batch->states);
    free(batch->ids.slots);
    free(batch->subjects.slots);
    arrays_done(batch->verdicts, VERDICT_COLUMNS);
    for (int m = 0; m < BATCH_MACHINES; m++)
        arrays_done(batch->privates[m], PRIVATE_COLUMNS);
    arrays_done(batch->parked, PARKED_COLUMNS);
    outbox_done(&batch->outbox);
    buf_done(&batch->text);
    memset(batch, 0, sizeof(*batch));
}
