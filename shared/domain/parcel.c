/* SPDX-License-Identifier: Apache-2.0
 * A parcel: registered -> cancelled. The rows below are the specification (P1, P4); a person who ships
 * parcels can check them. */
#include <stddef.h>
#include <string.h>

#include "shared/domain/limits.h"
#include "shared/domain/rule.h"

static const struct parcel_register_v1 *registering(const struct rule_situation *situation)
{
    return situation->command->data;
}

static enum refusal dates_in_order(const struct rule_situation *situation)
{
    const struct parcel_register_v1 *asked = registering(situation);

    if (asked->has_deliver_by && asked->deliver_by <= situation->now_ms)
        return REFUSAL_BAD_DATES;
    if (asked->has_deliver_by && asked->has_ready_from && asked->ready_from >= asked->deliver_by)
        return REFUSAL_BAD_DATES;
    return REFUSAL_NONE;
}

/* Everyone is of tier 0 until their identity is checked. */
static enum refusal value_in_cap(const struct rule_situation *situation)
{
    const struct money *value = &registering(situation)->value;
    const struct limits_currency *limits = limits_of(value->currency);

    if (!limits)
        return REFUSAL_CURRENCY_UNSUPPORTED;
    return value->amount <= limits->value_cap[0] ? REFUSAL_NONE : REFUSAL_VALUE_OVER_CAP;
}

/* What everyone may know of an address. */
static struct place place_of(const struct address *address)
{
    struct place place = {0};

    memcpy(place.country, address->country, sizeof(place.country));
    memcpy(place.city, address->city, sizeof(place.city));
    return place;
}

static void write_registered(const struct rule_situation *situation, struct domain_decision *decision,
                             union domain_data *data)
{
    const struct parcel_register_v1 *asked = registering(situation);
    struct parcel_registered_v1 *fact = &data->parcel_registered;

    if (text_copy(fact->sender.text, sizeof(fact->sender.text), span_of(situation->command->principal)) != 0)
        fact->sender.text[0] = '\0';
    fact->origin = place_of(&asked->origin);
    fact->destination = place_of(&asked->destination);
    fact->weight_g = asked->weight_g;
    fact->category = asked->category;
    fact->value = asked->value;
    fact->has_ready_from = asked->has_ready_from;
    fact->ready_from = asked->ready_from;
    fact->has_deliver_by = asked->has_deliver_by;
    fact->deliver_by = asked->deliver_by;
    fact->has_fragile = asked->has_fragile;
    fact->fragile = asked->fragile;
    decision->private_name = "register";
    decision->private_n = 1;
}

static void write_cancelled(const struct rule_situation *situation, struct domain_decision *decision,
                            union domain_data *data)
{
    const struct parcel_cancel_v1 *asked = situation->command->data;
    struct parcel_cancelled_v1 *fact = &data->parcel_cancelled;

    (void)decision;
    fact->sender = situation->state->parcel.sender;
    fact->has_reason = asked->has_reason;
    fact->reason = asked->reason;
}

static void apply(union domain_state *state, const struct domain_fact *fact)
{
    struct parcel_state *parcel = &state->parcel;
    const struct parcel_registered_v1 *registered = &fact->data.parcel_registered;

    if (fact->row->schema == &parcel_cancelled_v1_schema) {
        parcel->has_cancel_reason = fact->data.parcel_cancelled.has_reason;
        parcel->cancel_reason = fact->data.parcel_cancelled.reason;
        return;
    }
    parcel->sender = registered->sender;
    parcel->origin = registered->origin;
    parcel->destination = registered->destination;
    parcel->weight_g = registered->weight_g;
    parcel->category = registered->category;
    parcel->value = registered->value;
    parcel->has_ready_from = registered->has_ready_from;
    parcel->ready_from = registered->ready_from;
    parcel->has_deliver_by = registered->has_deliver_by;
    parcel->deliver_by = registered->deliver_by;
    parcel->has_fragile = registered->has_fragile;
    parcel->fragile = registered->fragile;
    parcel->registered_at = fact->at_ms;
}

static const struct id *owner(const union domain_state *state)
{
    return &state->parcel.sender;
}

/* clang-format off */
static const struct rule rules[] = {
/*   no    command            from                              who                     provided that                    fact                    becomes                    written by */
    {"P1", "parcel.register", FROM_NOTHING,                     WHO_PERSON,             {dates_in_order, value_in_cap},  "parcel.registered.v1", PARCEL_STATUS_REGISTERED,  write_registered},
    {"P4", "parcel.cancel",   FROM(PARCEL_STATUS_REGISTERED),   WHO_OWNER | WHO_STAFF,  {NULL},                          "parcel.cancelled.v1",  PARCEL_STATUS_CANCELLED,   write_cancelled},
    {0},
};
/* clang-format on */

_Static_assert(offsetof(struct parcel_registered_v1, state) == offsetof(struct parcel_cancelled_v1, state),
               "state stands first in every parcel fact");

const struct machine parcel_machine = {
    .kind = "parcel",
    .state = &parcel_state_schema,
    .rules = rules,
    .terminal = FROM(PARCEL_STATUS_CANCELLED),
    .states = parcel_status_choices,
    .owner = owner,
    .apply = apply,
    .fact_state_offset = offsetof(struct parcel_registered_v1, state),
};
