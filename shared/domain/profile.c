/* SPDX-License-Identifier: Apache-2.0
 * A person's profile: known once they said how they are reached. What they said is private; the state and the
 * fact carry only its number, so that a reader can tell an old address from a new one. */
#include <stddef.h>

#include "shared/domain/rule.h"

static void write_updated(const struct rule_situation *situation, struct domain_decision *decision,
                          union domain_data *data)
{
    data->profile_updated.n = situation->state->profile.n + 1;
    decision->private_name = "profile";
    decision->private_n = data->profile_updated.n;
}

static void apply(union domain_state *state, const struct domain_fact *fact)
{
    state->profile.n = fact->data.profile_updated.n;
}

/* A profile belongs to the person whose id it bears. */
static const struct id *owner(const union domain_state *state)
{
    return &state->head.id;
}

/* The door sends each person's updates to their own profile; nobody else's can be named. */
static enum refusal own_profile(const struct rule_situation *situation)
{
    return span_is(span_of(situation->command->principal), situation->command->subject.text)
               ? REFUSAL_NONE
               : REFUSAL_NOT_FOUND;
}

/* clang-format off */
static const struct rule rules[] = {
/*   no    command           from                                        who         provided that   fact                  becomes               written by */
    {"U1", "profile.update", FROM_NOTHING,                               WHO_PERSON, {own_profile},  "profile.updated.v1", PROFILE_STATUS_KNOWN, write_updated},
    {"U1", "profile.update", FROM(PROFILE_STATUS_KNOWN),                 WHO_OWNER,  {own_profile},  "profile.updated.v1", PROFILE_STATUS_KNOWN, write_updated},
    {0},
};
/* clang-format on */

const struct machine profile_machine = {
    .kind = "profile",
    .state = &profile_state_schema,
    .rules = rules,
    .terminal = 0,
    .states = profile_status_choices,
    .owner = owner,
    .apply = apply,
    .fact_state_offset = offsetof(struct profile_updated_v1, state),
};
