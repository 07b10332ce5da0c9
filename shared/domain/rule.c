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

bool rule_is(const struct rule_situation *situation, uint32_t who)
{
    return (situation->who & who) != 0;
}

enum party rule_party(const struct rule_situation *situation)
{
    static const struct {
        uint32_t who;
        enum party party;
    } parties[] = {{WHO_SYSTEM, PARTY_SYSTEM},       {WHO_PAYMENTS, PARTY_PAYMENTS},
                   {WHO_RECIPIENT, PARTY_RECIPIENT}, {WHO_TRAVELLER, PARTY_TRAVELLER},
                   {WHO_SENDER, PARTY_SENDER},       {WHO_STAFF, PARTY_STAFF}};

    for (size_t i = 0; i < sizeof(parties) / sizeof(parties[0]); i++)
        if (situation->who & parties[i].who)
            return parties[i].party;
    return PARTY_NONE;
}

struct id rule_caller(const struct rule_situation *situation)
{
    struct id id;

    if (id_parse(span_of(situation->command->principal), &id) != 0)
        id.text[0] = '\0';
    return id;
}

static bool recipient_calls(const struct domain_world *world, const char *principal)
{
    struct id recipient;

    if (!world->booking || world->booking->version == 0 || !world->parcel || world->parcel->version == 0)
        return false;
    id_of_recipient(&world->booking->id, world->parcel->recipient_n, &recipient);
    return strcmp(recipient.text, principal) == 0;
}

static uint32_t who_calls(const struct machine *machine, const struct domain_world *world,
                          const struct domain_command *command)
{
    static const struct {
        const char *role;
        uint32_t who;
    } roles[] = {{"person", WHO_PERSON},
                 {"staff", WHO_PERSON | WHO_STAFF},
                 {"lead", WHO_PERSON | WHO_STAFF | WHO_LEAD},
                 {"system", WHO_SYSTEM},
                 {"payments", WHO_PAYMENTS},
                 {"webhook", WHO_WEBHOOK}};
    uint32_t who = 0;

    if (strcmp(command->role, "recipient") == 0)
        return recipient_calls(world, command->principal) ? WHO_RECIPIENT : 0;
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        if (strcmp(roles[i].role, command->role) == 0)
            who = roles[i].who;
    /* Staff are people too: they may own what they registered themselves. */
    if ((who & WHO_PERSON) && world->at[machine->slot]->version > 0)
        who |= machine->who(world, command->principal);
    return who;
}

/* What the rows of one command say, seen from one state and one caller. */
struct rule_search {
    const struct rule *found;
    uint32_t may;    /* who may in some state */
    uint32_t here;   /* who may in this one */
    uint32_t starts; /* all from-states */
};

static void rule_search(const struct machine *machine, const struct rule_situation *situation,
                        struct rule_search *ret_search)
{
    const struct domain_head *head = situation->world->at[machine->slot];
    uint32_t from = head->version > 0 ? FROM(head->state) : FROM_NOTHING;

    for (const struct rule *rule = machine->rules; rule_row_used(rule); rule++) {
        if (strcmp(rule->command, situation->command->row->family) != 0)
            continue;
        ret_search->may |= rule->who;
        ret_search->here |= rule->from & from ? rule->who : 0;
        ret_search->starts |= rule->from;
        if (!ret_search->found && (rule->from & from) && (rule->who & situation->who) &&
            (!rule->when.applies || rule->when.applies(situation)))
            ret_search->found = rule;
    }
}

/* The row for this command and state; NULL with the refusal where there is none. */
static const struct rule *rule_find(const struct machine *machine, const struct rule_situation *situation,
                                    enum refusal *ret_refusal)
{
    const struct domain_head *head = situation->world->at[machine->slot];
    struct rule_search search = {0};

    rule_search(machine, situation, &search);
    if (search.found)
        return search.found;
    if (head->version == 0)
        *ret_refusal = search.starts & FROM_NOTHING ? REFUSAL_NOT_ALLOWED : REFUSAL_NOT_FOUND;
    else if (!(situation->who & ~(uint32_t)WHO_PERSON))
        *ret_refusal = REFUSAL_NOT_FOUND; /* somebody else's is as good as unknown */
    else if (!(search.may & situation->who))
        *ret_refusal = REFUSAL_NOT_ALLOWED;
    else if (FROM(head->state) & machine->terminal)
        *ret_refusal = REFUSAL_ENDED;
    else
        *ret_refusal =
            search.here && !(search.here & situation->who) ? REFUSAL_NOT_ALLOWED : REFUSAL_WRONG_STATE;
    return NULL;
}

static enum refusal guards_refuse(const struct rule *rule, const struct rule_situation *situation)
{
    for (int i = 0; i < RULE_GUARDS && rule->guards[i].refuses; i++) {
        enum refusal refusal = rule->guards[i].refuses(situation);

        if (refusal != REFUSAL_NONE)
            return refusal;
    }
    return REFUSAL_NONE;
}

/* A system command tells which arming it fires, and when it was due. */
static void read_timing(struct rule_situation *situation)
{
    const struct schema *schema = situation->command->row->schema;
    const char *data = situation->command->data;

    if (!(situation->who & WHO_SYSTEM))
        return;
    for (int i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        int64_t *to = strcmp(field->name, "epoch") == 0 ? &situation->epoch
                      : strcmp(field->name, "due") == 0 ? &situation->due_ms
                                                        : NULL;

        if (to)
            memcpy(to, data + field->offset, sizeof(*to));
    }
    if (situation->now_ms < situation->due_ms)
        situation->now_ms = situation->due_ms;
}

static void raise_now(struct rule_situation *situation)
{
    for (int slot = 0; slot < SLOT_COUNT; slot++) {
        const struct domain_head *head = situation->world->at[slot];

        if (head && situation->now_ms < head->changed_at)
            situation->now_ms = head->changed_at;
    }
}

static void decision_start(struct domain_decision *decision)
{
    decision->refusal = REFUSAL_NONE;
    decision->rule = NULL;
    decision->fact_count = 0;
    decision->follow_count = 0;
    decision->private_name = NULL;
    decision->private_n = 0;
}

int domain_decide(struct domain_world *world, const struct domain_command *command,
                  struct domain_decision *ret_decision)
{
    const struct machine *machine = machine_of(command->row->aggregate);
    struct rule_situation situation = {
        .world = world, .command = command, .now_ms = command->now_ms, .decision = ret_decision};
    const struct rule *rule;

    decision_start(ret_decision);
    situation.who = who_calls(machine, world, command);
    read_timing(&situation);
    raise_now(&situation);
    rule = rule_find(machine, &situation, &ret_decision->refusal);
    if (!rule)
        return 0;
    ret_decision->rule = rule->number;
    ret_decision->refusal = guards_refuse(rule, &situation);
    if (ret_decision->refusal == REFUSAL_NONE)
        rule->act(&situation);
    else if (machine->refused)
        machine->refused(&situation, ret_decision->refusal);
    if (situation.broken)
        return error_new(ERROR_DATA, "%s/%s: a fact of row %s does not fit (%d)", machine->kind,
                         command->subject.text, rule->number, situation.broken);
    return 0;
}

void rule_emit(struct rule_situation *situation, const struct schema *schema, const void *data)
{
    struct domain_decision *decision = situation->decision;
    const struct message_row *row = message_of(schema->name);
    const struct machine *machine = row ? machine_of(row->aggregate) : NULL;
    struct domain_head *head = machine ? situation->world->at[machine->slot] : NULL;
    struct domain_fact *fact = &decision->facts[decision->fact_count];
    int32_t state;

    if (situation->broken)
        return;
    if (!head || decision->fact_count == DOMAIN_FACTS || schema->size > DOMAIN_DATA_MAX) {
        situation->broken = FOLD_UNFIT;
        return;
    }
    memset(fact, 0, sizeof(*fact));
    fact->row = row;
    fact->subject = head->id;
    fact->version = head->version + 1;
    fact->at_ms = situation->now_ms;
    memcpy(fact->data.bytes, data, schema->size);
    memcpy(&state, fact->data.bytes + schema->fields[0].offset, sizeof(state));
    if (state == SAME)
        memcpy(fact->data.bytes + schema->fields[0].offset, &head->state, sizeof(head->state));
    situation->broken = domain_fold(head, fact);
    if (situation->broken)
        return;
    fact->key = machine->key ? *machine->key(situation->world) : head->id;
    decision->fact_count++;
    timers_arm(situation, fact);
}

static struct domain_follow *follow_new(struct rule_situation *situation, const struct schema *command,
                                        const void *data)
{
    struct domain_decision *decision = situation->decision;
    struct domain_follow *follow = &decision->follows[decision->follow_count];

    if (situation->broken)
        return NULL;
    if (decision->follow_count == DOMAIN_FOLLOWS || command->size > DOMAIN_FOLLOW_MAX) {
        situation->broken = FOLD_UNFIT;
        return NULL;
    }
    decision->follow_count++;
    memset(follow, 0, sizeof(*follow));
    follow->row = message_of(command->name);
    follow->fact = decision->fact_count - 1;
    memcpy(follow->data.bytes, data, command->size);
    return follow;
}

void rule_follow(struct rule_situation *situation, const struct schema *command, const struct id *subject,
                 const void *data)
{
    struct domain_follow *follow = follow_new(situation, command, data);

    if (follow) {
        follow->subject = *subject;
        follow->key = *subject;
    }
}

/* Sets an optional integer or time member by name. */
static void set_member(const struct schema *schema, unsigned char *data, const char *name, int64_t value)
{
    for (int i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];

        if (strcmp(field->name, name) != 0)
            continue;
        memcpy(data + field->offset, &value, sizeof(value));
        if (field->has_offset != UINT16_MAX)
            *(bool *)(data + field->has_offset) = true;
    }
}

void rule_timer(struct rule_situation *situation, const struct schema *command,
                const struct rule_timing *timing, const void *data)
{
    struct domain_follow *follow = timing->due_ms > 0 ? follow_new(situation, command, data) : NULL;
    const struct machine *machine;

    if (!follow)
        return;
    machine = machine_of(follow->row->aggregate);
    follow->subject = situation->world->at[machine->slot]->id;
    follow->key = machine->key ? *machine->key(situation->world) : follow->subject;
    follow->timer = timing->name;
    follow->due_ms = timing->due_ms;
    follow->epoch = timing->epoch;
    follow->firing = timing->firing;
    set_member(command, follow->data.bytes, "epoch", timing->epoch);
    set_member(command, follow->data.bytes, "due", timing->due_ms);
}

static const struct fold *fold_of(const struct machine *machine, const struct domain_head *state,
                                  const struct domain_fact *fact, int32_t to)
{
    uint32_t from = state->version > 0 ? FROM(state->state) : FROM_NOTHING;
    uint32_t into = state->version > 0 && to == state->state ? TO(to) | TO_SAME : TO(to);

    for (const struct fold *fold = machine->folds; fold->fact; fold++)
        if (fold->fact == fact->row->schema && (fold->from & from) && (fold->to & into))
            return fold;
    return NULL;
}

int domain_fold(struct domain_head *state, const struct domain_fact *fact)
{
    const struct machine *machine = machine_of(fact->row->aggregate);
    const struct fold *fold;
    int32_t to;

    if (fact->version <= state->version)
        return FOLD_OLD;
    if (fact->version != state->version + 1)
        return FOLD_GAP;
    memcpy(&to, fact->data.bytes + fact->row->schema->fields[0].offset, sizeof(to));
    fold = fold_of(machine, state, fact, to);
    if (!fold)
        return FOLD_UNFIT;
    state->id = fact->subject;
    state->version = fact->version;
    state->state = to;
    state->changed_at = fact->at_ms;
    if (fold->apply)
        fold->apply(state, fact);
    return 0;
}

const struct entry *domain_entries(const struct domain_fact *fact, int *ret_count)
{
    const struct schema *schema = fact->row->schema;
    uint16_t count;

    *ret_count = 0;
    for (int i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];

        if (field->kind != FIELD_ARRAY || field->object != &entry_schema)
            continue;
        memcpy(&count, fact->data.bytes + field->count_offset, sizeof(count));
        *ret_count = count;
        return (const struct entry *)(const void *)(fact->data.bytes + field->offset);
    }
    return NULL;
}
