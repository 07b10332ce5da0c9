/* SPDX-License-Identifier: Apache-2.0
 * Gathers facts, loads the states they name, folds them in the order they came, writes what changed. The
 * order that counts is that within an aggregate, and an aggregate's facts all stand on one partition. */
#include "consumers/projector/refold.h"

#include <stdio.h>
#include <string.h>

#include "consumers/projector/refold_inside.h"

int refold_new(const struct refold_config *config, struct refold **ret_refold)
{
    struct refold *refold = memory_new(1, sizeof(*refold));

    refold->config = *config;
    refold->items = memory_new(REFOLD_FACTS, sizeof(*refold->items));
    batch_start(&refold->batch, NULL, 0);
    refold_rows_new(refold);
    *ret_refold = refold;
    return 0;
}

void refold_free(struct refold *refold)
{
    if (refold->reader)
        refold->reader_free(refold->reader);
    refold_rows_free(refold);
    batch_done(&refold->batch);
    free(refold->items);
    free(refold);
}

const char *refold_why(const struct refold *refold)
{
    return refold->why;
}

int64_t refold_count(const struct refold *refold)
{
    return refold->folded;
}

static int spoilt(const struct event *event, const char *what)
{
    return error_new(ERROR_DATA, "%s/%d at %lld: %s %s, version %lld: %s", event->topic ? event->topic : "",
                     (int)event->partition, (long long)event->offset, event->type, event->subject,
                     (long long)event->sequence, what);
}

/* What the event is a fact of. A kind without a machine: NULL, it is nothing to us. */
static int identify(const struct event *event, struct refold_item *ret_item, struct id *ret_id)
{
    char kind[24];

    if (event_subject_parse(span_of(event->subject), kind, ret_id) != 0)
        return spoilt(event, "its subject is not kind/uuid");
    ret_item->machine = machine_of(kind);
    if (!ret_item->machine)
        return 0;
    ret_item->row = message_of(event->type);
    if (!ret_item->row || ret_item->row->kind != MESSAGE_FACT || strcmp(ret_item->row->aggregate, kind) != 0)
        return spoilt(event, "no fact this program knows: is it older than what wrote it?");
    return 0;
}

int refold_event(struct refold *refold, const struct event *event)
{
    struct refold_item item = {.event = *event};
    struct id id;
    int outcome = refold->count == REFOLD_FACTS ? refold_flush(refold) : 0;

    if (outcome != 0)
        return outcome;
    TRY(identify(event, &item, &id));
    if (!item.machine)
        return 0;
    item.state = batch_state_of(&refold->batch, item.machine, &id);
    refold->items[refold->count++] = item;
    return 0;
}

static int decode(struct refold *refold, const struct refold_item *item, const struct id *subject)
{
    struct domain_fact *fact = &refold->fact;
    struct codec_errors *errors = &refold->batch.errors;

    if (item->row->schema->size > sizeof(fact->data))
        return error_new(ERROR_BUG, "%s is larger than a fact", item->row->type);
    memset(fact, 0, sizeof(*fact));
    fact->row = item->row;
    fact->subject = *subject;
    fact->version = item->event.sequence;
    fact->at_ms = item->event.time_ms;
    if (id_parse(span_of(item->event.key), &fact->key) != 0)
        return spoilt(&item->event, "its key is no id");
    errors->count = 0;
    errors->syntax = NULL;
    if (codec_decode(item->row->schema, item->event.data, fact->data.bytes, errors) != 0)
        return spoilt(&item->event, "its data is invalid");
    return 0;
}

/* The timers that the fact, just folded, arms: from its own aggregate's state alone, as when it was decided.
 * Only whom a timer of a parcel is for, its booking, is another's. */
static int arm(struct refold *refold, const struct refold_item *item, struct domain_head *state)
{
    const struct event command = {.id = item->event.causation, .stored_ms = refold->fact.at_ms};
    struct domain_decision *decision = &refold->batch.decision;
    struct booking_state booking = {0};
    struct domain_world world = {.booking = &booking};
    struct rule_situation situation = {.world = &world, .now_ms = refold->fact.at_ms, .decision = decision};

    world.at[item->machine->slot] = state;
    if (item->machine == &parcel_machine)
        booking.id = world.parcel->booking;
    decision->fact_count = 1;
    decision->follow_count = 0;
    timers_arm(&situation, &refold->fact);
    if (situation.broken)
        return spoilt(&item->event, "it arms too many timers");
    for (int at = 0; at < decision->follow_count; at++)
        if (!id_none(&decision->follows[at].subject))
            batch_add_follow(&refold->batch, &command, &decision->follows[at]);
    return 0;
}

static int fold(struct refold *refold, const struct refold_item *item)
{
    struct domain_head *state = refold->batch.states[item->state].state;
    const struct payment_state *payment =
        item->machine == &payment_machine ? (const struct payment_state *)(const void *)state : NULL;
    struct refold_fact folded = {&item->event, &refold->fact, item->machine, state};
    char why[96];
    int result;

    TRY(decode(refold, item, &state->id));
    result = domain_fold(state, &refold->fact);
    if (result == FOLD_OLD)
        return 0;
    if (result != 0) {
        (void)snprintf(why, sizeof(why), "%s after version %lld",
                       result == FOLD_GAP ? "facts are missing" : "no rule leads to it",
                       (long long)state->version);
        if (!refold->config.unfit)
            return spoilt(&item->event, why);
        refold->config.unfit(refold->config.self, &item->event, item->machine, why);
        return 0;
    }
    batch_add_entries(&refold->batch, payment, &refold->fact, &item->event.id);
    if (refold->config.timers)
        TRY(arm(refold, item, state));
    if (refold->config.folded)
        refold->config.folded(refold->config.self, &folded);
    refold->folded++;
    return 0;
}

int refold_flush(struct refold *refold)
{
    int64_t before = refold->folded;
    int outcome;

    if (refold->count == 0)
        return 0;
    outcome = refold_rows_load(refold);
    if (outcome != 0)
        return error_forward(outcome);
    for (size_t at = 0; at < refold->count; at++)
        TRY(fold(refold, &refold->items[at]));
    outcome = refold->folded > before ? refold_rows_write(refold) : 0;
    batch_start(&refold->batch, NULL, 0);
    refold->count = 0;
    return error_forward(outcome);
}
