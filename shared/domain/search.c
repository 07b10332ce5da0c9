/* SPDX-License-Identifier: Apache-2.0
 * A saved search: the notifier tells its owner of trips that match. */
#include <string.h>

#include "shared/domain/limits.h"
#include "shared/domain/place.h"
#include "shared/domain/rule.h"

static const struct search_save_v1 *saving(const struct rule_situation *situation)
{
    return situation->command->data;
}

static enum refusal places_differ(const struct rule_situation *situation)
{
    return place_same(&saving(situation)->origin, &saving(situation)->destination) ? REFUSAL_SAME_PLACE
                                                                                   : REFUSAL_NONE;
}

static enum refusal dates_in_order(const struct rule_situation *situation)
{
    const struct search_save_v1 *asked = saving(situation);

    if (asked->has_until && asked->until <= situation->now_ms)
        return REFUSAL_BAD_DATES;
    return asked->has_from && asked->has_until && asked->from > asked->until ? REFUSAL_BAD_DATES
                                                                             : REFUSAL_NONE;
}

/* A price means nothing without its currency. */
static enum refusal currency_known(const struct rule_situation *situation)
{
    const struct search_save_v1 *asked = saving(situation);

    if (!asked->has_currency)
        return asked->has_max_price ? REFUSAL_CURRENCY_UNSUPPORTED : REFUSAL_NONE;
    return limits_of(asked->currency) ? REFUSAL_NONE : REFUSAL_CURRENCY_UNSUPPORTED;
}

static void save(struct rule_situation *situation)
{
    const struct search_save_v1 *asked = saving(situation);
    struct search_saved_v1 fact = {
        .state = SEARCH_STATUS_SAVED,
        .owner = rule_caller(situation),
        .origin = asked->origin,
        .destination = asked->destination,
        .has_from = asked->has_from,
        .from = asked->from,
        .has_until = asked->has_until,
        .until = asked->until,
        .has_min_grams = asked->has_min_grams,
        .min_grams = asked->min_grams,
        .has_max_price = asked->has_max_price,
        .max_price = asked->max_price,
        .has_currency = asked->has_currency,
    };

    memcpy(fact.currency, asked->currency, sizeof(fact.currency));
    rule_emit(situation, &search_saved_v1_schema, &fact);
}

static void drop(struct rule_situation *situation)
{
    const struct search_drop_v1 *asked = situation->command->data;

    EMIT(situation, search_dropped_v1, .state = SEARCH_STATUS_DROPPED,
         .owner = situation->world->search->owner);
    if (asked->has_note) {
        situation->decision->private_name = "drop";
        situation->decision->private_n = situation->world->search->version;
    }
}

static void apply_saved(void *state, const struct domain_fact *fact)
{
    const struct search_saved_v1 *saved = FACT(fact, search_saved_v1);
    struct search_state *search = state;

    search->owner = saved->owner;
    search->origin = saved->origin;
    search->destination = saved->destination;
    search->has_from = saved->has_from;
    search->from = saved->from;
    search->has_until = saved->has_until;
    search->until = saved->until;
    search->has_min_grams = saved->has_min_grams;
    search->min_grams = saved->min_grams;
    search->has_max_price = saved->has_max_price;
    search->max_price = saved->max_price;
    search->has_currency = saved->has_currency;
    memcpy(search->currency, saved->currency, sizeof(search->currency));
    search->saved_at = fact->at_ms;
}

static uint32_t who(const struct domain_world *world, const char *principal)
{
    return strcmp(world->search->owner.text, principal) == 0 ? WHO_OWNER : 0;
}

#define SAVED FROM(SEARCH_STATUS_SAVED)

/* clang-format off */
static const struct rule rules[] = {
/*   no    command        from          who                 guards                                                               facts               to                     act */
    {"U5", "search.save", FROM_NOTHING, WHO_PERSON, ALWAYS, {GUARD(places_differ), GUARD(dates_in_order), GUARD(currency_known)}, {"search.saved"},   SEARCH_STATUS_SAVED,   save},
    {"U6", "search.drop", SAVED,        WHO_OWNER,  ALWAYS, {{0}},                                                               {"search.dropped"}, SEARCH_STATUS_DROPPED, drop},
    {0},
};

static const struct fold folds[] = {
/*   fact                       from          to                         enters by */
    {&search_saved_v1_schema,   FROM_NOTHING, SAVED,                     apply_saved},
    {&search_dropped_v1_schema, SAVED,        TO(SEARCH_STATUS_DROPPED), NULL},
    {0},
};
/* clang-format on */

const struct machine search_machine = {
    .kind = "search",
    .slot = SLOT_SEARCH,
    .state = &search_state_schema,
    .rules = rules,
    .folds = folds,
    .terminal = FROM(SEARCH_STATUS_DROPPED),
    .states = search_status_choices,
    .who = who,
};
