/* SPDX-License-Identifier: Apache-2.0
 * decide and fold over any machine's rows. The common refusals come first and in one order: not_found,
 * not_allowed, ended, wrong_state; then the row's guards, left to right. */
#include "shared/domain/rule.h"

#include <string.h>

#define REFUSAL_ROW(name, text) [REFUSAL_##name] = text,
static const char *const refusal_texts[REFUSAL_COUNT] = {REFUSALS(REFUSAL_ROW)};

const char *refusal_text(enum refusal refusal)
{
    return refusal < REFUSAL_COUNT ? refusal_texts[refusal] : NULL;
}

bool rule_row_used(const struct rule *rule)
{
    return rule->command != NULL;
}

static uint32_t who_calls(const struct machine *machine, const union domain_state *state,
                          const struct domain_command *command)
{
    uint32_t who = 0;

    if (strcmp(command->role, "staff") == 0)
        who |= WHO_STAFF;
    else if (strcmp(command->role, "lead") == 0)
        who |= WHO_STAFF | WHO_LEAD;
    else if (strcmp(command->role, "system") == 0)
        return WHO_SYSTEM;
    else if (strcmp(command->role, "person") != 0)
        return 0;
    /* Staff are people too: they may own what they registered themselves. */
    who |= WHO_PERSON;
    if (state->head.version > 0 && strcmp(machine->owner(state)->text, command->principal) == 0)
        who |= WHO_OWNER;
    return who;
}

/* The row for this command and state; NULL with the refusal where there is none. */
static const struct rule *rule_find(const struct machine *machine, const struct rule_situation *situation,
                                    enum refusal *ret_refusal)
{
    const struct domain_head *head = &situation->state->head;
    uint32_t who = who_calls(machine, situation->state, situation->command);
    uint32_t from = head->version > 0 ? FROM(head->state) : FROM_NOTHING;
    uint32_t may = 0, here = 0, starts = 0;
    const struct rule *found = NULL;

    for (const struct rule *rule = machine->rules; rule_row_used(rule); rule++) {
        if (strcmp(rule->command, situation->command->row->family) != 0)
            continue;
        may |= rule->who;
        here |= rule->from & from ? rule->who : 0;
        starts |= rule->from;
        if (!found && (rule->from & from) && (rule->who & who))
            found = rule;
    }
    if (found)
        return found;
    if (head->version == 0)
        *ret_refusal = starts & FROM_NOTHING ? REFUSAL_NOT_ALLOWED : REFUSAL_NOT_FOUND;
    else if (!(who & (WHO_OWNER | WHO_STAFF | WHO_SYSTEM)))
        *ret_refusal = REFUSAL_NOT_FOUND; /* somebody else's is as good as unknown */
    else if (!(may & who) || here)
        *ret_refusal = REFUSAL_NOT_ALLOWED;
    else
        *ret_refusal = from & machine->terminal ? REFUSAL_ENDED : REFUSAL_WRONG_STATE;
    return NULL;
}

static enum refusal guards_refuse(const struct rule *rule, const struct rule_situation *situation)
{
    for (int i = 0; i < RULE_GUARDS && rule->guards[i]; i++) {
        enum refusal refusal = rule->guards[i](situation);

        if (refusal != REFUSAL_NONE)
            return refusal;
    }
    return REFUSAL_NONE;
}

void domain_decide(const union domain_state *state, const struct domain_command *command,
                   struct domain_decision *ret_decision)
{
    const struct machine *machine = machine_of(command->row->aggregate);
    struct rule_situation situation = {state, command, command->now_ms};
    const struct rule *rule;
    struct domain_fact *fact;

    if (situation.now_ms < state->head.changed_at)
        situation.now_ms = state->head.changed_at;
    ret_decision->fact_count = 0;
    ret_decision->private_name = NULL;
    ret_decision->private_n = 0;
    rule = rule_find(machine, &situation, &ret_decision->refusal);
    if (!rule)
        return;
    ret_decision->refusal = guards_refuse(rule, &situation);
    if (ret_decision->refusal != REFUSAL_NONE)
        return;

    fact = &ret_decision->facts[ret_decision->fact_count++];
    memset(fact, 0, sizeof(*fact));
    fact->row = message_of(rule->fact);
    fact->subject = command->subject;
    fact->version = state->head.version + 1;
    fact->at_ms = situation.now_ms;
    rule->write(&situation, ret_decision, &fact->data);
    memcpy((char *)&fact->data + machine->fact_state_offset, &rule->to, sizeof(rule->to));
}

static const struct rule *rule_of_fact(const struct machine *machine, const union domain_state *state,
                                       const struct domain_fact *fact, int32_t to)
{
    uint32_t from = state->head.version > 0 ? FROM(state->head.state) : FROM_NOTHING;

    for (const struct rule *rule = machine->rules; rule_row_used(rule); rule++)
        if (strcmp(rule->fact, fact->row->type) == 0 && (rule->from & from) && rule->to == to)
            return rule;
    return NULL;
}

int domain_fold(union domain_state *state, const struct domain_fact *fact)
{
    const struct machine *machine = machine_of(fact->row->aggregate);
    int32_t to;

    if (fact->version <= state->head.version)
        return FOLD_OLD;
    if (fact->version != state->head.version + 1)
        return FOLD_GAP;
    memcpy(&to, (const char *)&fact->data + machine->fact_state_offset, sizeof(to));
    if (!rule_of_fact(machine, state, fact, to))
        return FOLD_UNFIT;
    machine->apply(state, fact);
    state->head.id = fact->subject;
    state->head.version = fact->version;
    state->head.state = to;
    state->head.changed_at = fact->at_ms;
    return 0;
}
