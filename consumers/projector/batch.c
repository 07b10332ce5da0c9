/* SPDX-License-Identifier: Apache-2.0
 * Takes commands in: reads each by the tables and indexes what they name. What cannot be read is marked dead
 * with its reason; it never stops the others. */
#include "consumers/projector/batch.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* All 36 characters of an id, some twice: five words, mixed (the finalizer of MurmurHash3). */
static size_t hash_of(const struct id *id)
{
    uint64_t words[5], hash;

    memcpy(words, id->text, 4 * sizeof(words[0]));
    memcpy(&words[4], id->text + 28, sizeof(words[4]));
    hash = words[0] ^ words[1] * 0x9e3779b97f4a7c15ull ^ words[2] * 0xc2b2ae3d27d4eb4full ^
           words[3] * 0x165667b19e3779f9ull ^ words[4] * 0xd6e8feb86659fd93ull;
    hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdull;
    hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53ull;
    return (size_t)(hash ^ (hash >> 33));
}

void batch_index_start(struct batch_index *index)
{
    if (index->used)
        memset(index->slots, 0, index->capacity * sizeof(*index->slots));
    index->used = 0;
}

/* The slot where key is, or would be. There is always a free one. */
static struct batch_slot *index_slot(const struct batch_index *index, const struct id *key, size_t hash)
{
    size_t at = hash & (index->capacity - 1);

    /* the hash first: keys lie all over the memory of the batch */
    while (index->slots[at].key && (index->slots[at].hash != hash || !id_same(index->slots[at].key, key)))
        at = (at + 1) & (index->capacity - 1);
    return &index->slots[at];
}

/* At most half full. */
static void index_grow(struct batch_index *index)
{
    struct batch_index larger = {.capacity = index->capacity ? index->capacity * 2 : 64, .used = index->used};

    larger.slots = memory_new(larger.capacity, sizeof(*larger.slots));
    for (size_t i = 0; i < index->capacity; i++)
        if (index->slots[i].key)
            *index_slot(&larger, index->slots[i].key, index->slots[i].hash) = index->slots[i];
    free(index->slots);
    *index = larger;
}

/* The slot where key is; where its key is NULL the caller may put one there. */
static struct batch_slot *index_place(struct batch_index *index, const struct id *key)
{
    struct batch_slot *slot;
    size_t hash = hash_of(key);

    if ((index->used + 1) * 2 > index->capacity)
        index_grow(index);
    slot = index_slot(index, key, hash);
    slot->hash = hash;
    return slot;
}

static void index_put(struct batch_index *index, struct batch_slot *slot, const struct id *key, int value)
{
    index->used++;
    *slot = (struct batch_slot){key, slot->hash, value};
}

int batch_index_value_of(const struct batch_index *index, const struct id *key)
{
    const struct batch_slot *slot = index->used ? index_slot(index, key, hash_of(key)) : NULL;

    return slot && slot->key ? slot->value : -1;
}

void batch_index_add(struct batch_index *index, const struct id *key, int value)
{
    struct batch_slot *slot = index_place(index, key);

    index_put(index, slot, key, value);
}

size_t batch_machine_index(const struct machine *machine)
{
    size_t at = 0;

    while (machines[at] != machine)
        at++;
    return at;
}

int batch_index_of(const struct batch *batch, const struct machine *machine, const struct id *id)
{
    return batch_index_value_of(&batch->subjects[batch_machine_index(machine)], id);
}

int batch_state_of(struct batch *batch, const struct machine *machine, const struct id *id)
{
    struct batch_index *index = &batch->subjects[batch_machine_index(machine)];
    struct batch_slot *slot = index_place(index, id);
    struct domain_head *state;

    if (slot->key)
        return slot->value;
    if (batch->state_count == batch->state_capacity) {
        batch->state_capacity = batch->state_capacity ? batch->state_capacity * 2 : 64;
        batch->states = memory_grow(batch->states, batch->state_capacity, sizeof(*batch->states));
    }
    state = memset(memory_take(&batch->memory, machine->state->size), 0, machine->state->size);
    state->id = *id;
    batch->states[batch->state_count] = (struct batch_state){.state = state, .machine = machine};
    index_put(index, slot, &state->id, (int)batch->state_count);
    return (int)batch->state_count++;
}

struct batch_item *batch_item_of(struct batch *batch, const char *id)
{
    struct id key;
    int at = id_parse(span_of(id), &key) == 0 ? batch_index_value_of(&batch->ids, &key) : -1;

    return at >= 0 ? &batch->items[at] : NULL;
}

static void mark_dead(struct batch_item *item, const char *reason)
{
    (void)snprintf(item->dead, sizeof(item->dead), "%s", reason);
    item->row = NULL;
    item->subject = -1;
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
    item->data = memory_take(&batch->memory, row->schema->size);
    if (codec_decode(row->schema, event->data, item->data, &batch->errors) != 0) {
        data_refusal(&batch->errors, item->dead, sizeof(item->dead));
        item->subject = -1;
        return;
    }
    item->row = row;
    item->subject = batch_state_of(batch, machine_of(row->aggregate), &subject);
    (void)batch_name(batch, item, true);
}

void batch_sent(struct batch *batch)
{
    for (int i = 0; i < VERDICT_COLUMNS; i++)
        postgres_array_start(&batch->verdicts[i], batch_verdict_types[i]);
    for (int m = 0; m < BATCH_MACHINES; m++)
        for (int i = 0; i < PRIVATE_COLUMNS; i++)
            postgres_array_start(&batch->privates[m][i], batch_private_types[i]);
    for (int i = 0; i < PARKED_COLUMNS; i++)
        postgres_array_start(&batch->parked[i], batch_parked_types[i]);
    for (int i = 0; i < LEDGER_COLUMNS; i++)
        postgres_array_start(&batch->ledger[i], batch_ledger_types[i]);
    outbox_start(&batch->outbox);
}

static void make_room(struct batch *batch, size_t count)
{
    if (count > batch->item_capacity) {
        free(batch->items);
        batch->items = memory_new(count, sizeof(*batch->items));
        batch->item_capacity = count;
    }
    batch->count = count;
    batch->state_count = 0;
    memory_restart(&batch->memory);
    batch_index_start(&batch->ids);
    for (int m = 0; m < BATCH_MACHINES; m++)
        batch_index_start(&batch->subjects[m]);
}

void batch_start(struct batch *batch, const struct event *events, size_t count)
{
    make_room(batch, count);
    batch_sent(batch);
    for (size_t i = 0; i < count; i++) {
        struct batch_item *item = &batch->items[i];
        struct batch_slot *slot;

        memset(item, 0, sizeof(*item));
        item->event = &events[i];
        item_read(batch, item);
        if (item->dead[0])
            continue;
        slot = index_place(&batch->ids, &item->event->id);
        item->decided = slot->key; /* the first one decides */
        if (!slot->key)
            index_put(&batch->ids, slot, &item->event->id, (int)i);
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
    free(batch->states);
    memory_done(&batch->memory);
    free(batch->ids.slots);
    arrays_done(batch->verdicts, VERDICT_COLUMNS);
    for (int m = 0; m < BATCH_MACHINES; m++) {
        free(batch->subjects[m].slots);
        arrays_done(batch->privates[m], PRIVATE_COLUMNS);
    }
    arrays_done(batch->parked, PARKED_COLUMNS);
    arrays_done(batch->ledger, LEDGER_COLUMNS);
    outbox_done(&batch->outbox);
    buf_done(&batch->text);
    memset(batch, 0, offsetof(struct batch, decision)); /* behind it is scratch, and most of all */
}
