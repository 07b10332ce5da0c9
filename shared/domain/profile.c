/* SPDX-License-Identifier: Apache-2.0
 * A person's profile: known once they said how they are reached. What they said is private; the state and the
 * facts carry only its number, so that a reader can tell an old address from a new one. Standing (tier,
 * faults, done, blocked) is ours to say. */
#include <string.h>

#include "shared/domain/limits.h"
#include "shared/domain/rule.h"

static const struct profile_state *profile_of(const struct rule_situation *situation)
{
    return situation->world->profile;
}

static enum refusal refuse_unless(bool holds, enum refusal refusal)
{
    return holds ? REFUSAL_NONE : refusal;
}

static void keep(struct rule_situation *situation, const char *name, int64_t n)
{
    situation->decision->private_name = name;
    situation->decision->private_n = n;
}

/* U1, U2 */

/* The door sends each person's updates to their own profile; nobody else's can be named. */
static enum refusal own_profile(const struct rule_situation *situation)
{
    return refuse_unless(strcmp(situation->command->principal, situation->command->subject.text) == 0,
                         REFUSAL_NOT_FOUND);
}

static void update(struct rule_situation *situation)
{
    EMIT(situation, profile_updated_v1, .state = PROFILE_STATUS_KNOWN, .n = profile_of(situation)->n + 1);
    keep(situation, "profile", profile_of(situation)->n);
}

static void set_payout_account(struct rule_situation *situation)
{
    EMIT(situation, profile_payout_account_set_v1, .payout_n = profile_of(situation)->payout_n + 1);
    keep(situation, "payout_account", profile_of(situation)->payout_n);
}

/* U3 */

/* Staff travel and send too; others say their standing. */
static enum refusal not_of_oneself(const struct rule_situation *situation)
{
    return refuse_unless(!rule_is(situation, WHO_OWNER), REFUSAL_NOT_ALLOWED);
}

static enum refusal reason_for_tier_given(const struct rule_situation *situation)
{
    const struct profile_set_tier_v1 *asked = situation->command->data;

    return refuse_unless(asked->has_reason, REFUSAL_REASON_MISSING);
}

static enum refusal reason_to_block_given(const struct rule_situation *situation)
{
    const struct profile_block_v1 *asked = situation->command->data;

    return refuse_unless(asked->has_reason, REFUSAL_REASON_MISSING);
}

static enum refusal reason_to_unblock_given(const struct rule_situation *situation)
{
    const struct profile_unblock_v1 *asked = situation->command->data;

    return refuse_unless(asked->has_reason, REFUSAL_REASON_MISSING);
}

static void set_tier(struct rule_situation *situation)
{
    const struct profile_set_tier_v1 *asked = situation->command->data;

    EMIT(situation, profile_tier_set_v1, .tier = asked->tier, .has_reason = true, .reason = asked->reason);
}

static void block(struct rule_situation *situation)
{
    const struct profile_block_v1 *asked = situation->command->data;

    EMIT(situation, profile_blocked_v1, .has_reason = true, .reason = asked->reason);
}

static void unblock(struct rule_situation *situation)
{
    const struct profile_unblock_v1 *asked = situation->command->data;

    EMIT(situation, profile_unblocked_v1, .has_reason = true, .reason = asked->reason);
}

/* U4 */

/* Marks that still count. */
static int faults_counting(const struct rule_situation *situation)
{
    const struct profile_state *profile = profile_of(situation);
    int count = 0;

    for (int i = 0; i < profile->faults_count; i++)
        if (situation->now_ms - profile->faults[i].at < limits_delay(DELAY_FAULT_WINDOW))
            count++;
    return count;
}

/* One tier down as the marks reach their limit, not once more for each mark after it. A person whom staff
 * unblocked is blocked again by the next mark. */
static void count_fault(struct rule_situation *situation)
{
    const struct profile_count_fault_v1 *asked = situation->command->data;
    const struct profile_state *profile = profile_of(situation);
    int before = faults_counting(situation), after;

    for (int64_t i = 0; i < asked->marks; i++)
        EMIT(situation, profile_fault_counted_v1, .booking = asked->booking);
    after = faults_counting(situation);
    if (before < COUNT_FAULTS_TIER_DOWN && after >= COUNT_FAULTS_TIER_DOWN && profile->tier > 0)
        EMIT(situation, profile_tier_set_v1, .tier = profile->tier - 1, .has_reason = true,
             .reason = STAFF_REASON_STANDING);
    if (after >= COUNT_FAULTS_BLOCK && !profile->blocked)
        EMIT(situation, profile_blocked_v1, .has_reason = true, .reason = STAFF_REASON_STANDING);
}

static void count_done(struct rule_situation *situation)
{
    const struct profile_count_done_v1 *asked = situation->command->data;

    EMIT(situation, profile_done_counted_v1, .booking = asked->booking);
}

/* Folds */

static void apply_updated(void *state, const struct domain_fact *fact)
{
    struct profile_state *profile = state;

    profile->n = FACT(fact, profile_updated_v1)->n;
}

static void apply_payout_account_set(void *state, const struct domain_fact *fact)
{
    struct profile_state *profile = state;

    profile->payout_n = FACT(fact, profile_payout_account_set_v1)->payout_n;
    profile->has_payout_since = true;
    profile->payout_since = fact->at_ms;
}

static void apply_tier_set(void *state, const struct domain_fact *fact)
{
    struct profile_state *profile = state;

    profile->tier = FACT(fact, profile_tier_set_v1)->tier;
}

static void apply_blocked(void *state, const struct domain_fact *fact)
{
    struct profile_state *profile = state;

    (void)fact;
    profile->blocked = true;
}

static void apply_unblocked(void *state, const struct domain_fact *fact)
{
    struct profile_state *profile = state;

    (void)fact;
    profile->blocked = false;
}

/* The newest marks are kept, oldest first. */
static void apply_fault_counted(void *state, const struct domain_fact *fact)
{
    struct profile_state *profile = state;
    const uint16_t most = sizeof(profile->faults) / sizeof(profile->faults[0]);

    if (profile->faults_count == most) {
        memmove(&profile->faults[0], &profile->faults[1], (most - 1u) * sizeof(profile->faults[0]));
        profile->faults_count--;
    }
    profile->faults[profile->faults_count++] =
        (struct fault_mark){.at = fact->at_ms, .booking = FACT(fact, profile_fault_counted_v1)->booking};
}

static void apply_done_counted(void *state, const struct domain_fact *fact)
{
    struct profile_state *profile = state;

    (void)fact;
    profile->done++;
}

/* A profile belongs to the person whose id it bears. */
static uint32_t who(const struct domain_world *world, const char *principal)
{
    return strcmp(world->profile->id.text, principal) == 0 ? WHO_OWNER : 0;
}

#define KNOWN FROM(PROFILE_STATUS_KNOWN)

/* clang-format off */
static const struct rule rules[] = {
/*   no    command                       from          who                 guards                            facts                         to                    act */
    {"U1", "profile.update",             FROM_NOTHING, WHO_PERSON, ALWAYS, {GUARD(own_profile)},             {"profile.updated"},            PROFILE_STATUS_KNOWN, update},
    {"U1", "profile.update",             KNOWN,        WHO_OWNER,  ALWAYS, {GUARD(own_profile)},             {"profile.updated"},            PROFILE_STATUS_KNOWN, update},
    {"U2", "profile.set_payout_account", KNOWN,        WHO_OWNER,  ALWAYS, {{0}},                            {"profile.payout_account_set"}, SAME,                 set_payout_account},
    {"U3", "profile.set_tier",           KNOWN,        WHO_STAFF,  ALWAYS,
     {GUARD(not_of_oneself), GUARD(reason_for_tier_given)}, {"profile.tier_set"}, SAME, set_tier},
    {"U3", "profile.block",              KNOWN,        WHO_STAFF,  ALWAYS,
     {GUARD(not_of_oneself), GUARD(reason_to_block_given)}, {"profile.blocked"}, SAME, block},
    {"U3", "profile.unblock",            KNOWN,        WHO_STAFF,  ALWAYS,
     {GUARD(not_of_oneself), GUARD(reason_to_unblock_given)}, {"profile.unblocked"}, SAME, unblock},
    {"U4", "profile.count_fault",        KNOWN,        WHO_SYSTEM, ALWAYS, {{0}},
     {"profile.fault_counted", "?profile.tier_set", "?profile.blocked"}, SAME, count_fault},
    {"U4", "profile.count_done",         KNOWN,        WHO_SYSTEM, ALWAYS, {{0}},                            {"profile.done_counted"},       SAME,                 count_done},
    {0},
};

static const struct fold folds[] = {
/*   fact                                   from                  to                          enters by */
    {&profile_updated_v1_schema,            FROM_NOTHING | KNOWN, TO(PROFILE_STATUS_KNOWN),   apply_updated},
    {&profile_payout_account_set_v1_schema, KNOWN,                TO_SAME,                    apply_payout_account_set},
    {&profile_tier_set_v1_schema,           KNOWN,                TO_SAME,                    apply_tier_set},
    {&profile_blocked_v1_schema,            KNOWN,                TO_SAME,                    apply_blocked},
    {&profile_unblocked_v1_schema,          KNOWN,                TO_SAME,                    apply_unblocked},
    {&profile_fault_counted_v1_schema,      KNOWN,                TO_SAME,                    apply_fault_counted},
    {&profile_done_counted_v1_schema,       KNOWN,                TO_SAME,                    apply_done_counted},
    {0},
};
/* clang-format on */

const struct machine profile_machine = {
    .kind = "profile",
    .slot = SLOT_PROFILE,
    .state = &profile_state_schema,
    .rules = rules,
    .folds = folds,
    .terminal = 0,
    .states = profile_status_choices,
    .who = who,
};
