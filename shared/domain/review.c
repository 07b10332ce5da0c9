/* SPDX-License-Identifier: Apache-2.0
 * The review of a booking that is over: sender and traveller rate each other, unseen by the other until both
 * did or the time is up. */
#include "shared/domain/review.h"

#include <string.h>

void review_open(struct rule_situation *situation)
{
    const struct booking_state *booking = situation->world->booking;
    const struct review_state *review = situation->world->review;

    if (!review || review->version > 0)
        return;
    EMIT(situation, review_opened_v1, .state = REVIEW_STATUS_OPEN, .booking = booking->id,
         .sender = booking->sender, .traveller = booking->traveller);
}

static enum refusal refuse_unless(bool holds, enum refusal refusal)
{
    return holds ? REFUSAL_NONE : refusal;
}

/* R1 rate */

static enum refusal own_not_given(const struct rule_situation *situation)
{
    const struct review_state *review = situation->world->review;
    bool given = rule_is(situation, WHO_SENDER) ? review->has_sender_score : review->has_traveller_score;

    return refuse_unless(!given, REFUSAL_ALREADY_RECORDED);
}

static void publish(struct rule_situation *situation)
{
    const struct review_state *review = situation->world->review;

    EMIT(situation, review_published_v1, .state = REVIEW_STATUS_PUBLISHED,
         .has_sender_score = review->has_sender_score, .sender_score = review->sender_score,
         .has_traveller_score = review->has_traveller_score, .traveller_score = review->traveller_score);
}

/* n: which of the two this is, and of the private record that holds the text. */
static void rate(struct rule_situation *situation)
{
    const struct review_rate_v1 *asked = situation->command->data;
    const struct review_state *review = situation->world->review;
    bool sender = rule_is(situation, WHO_SENDER);

    EMIT(situation, review_rated_v1, .state = REVIEW_STATUS_SEALED,
         .by = sender ? PARTY_SENDER : PARTY_TRAVELLER, .score = asked->score, .n = review->rated_n + 1);
    if (asked->has_text) {
        situation->decision->private_name = "rate";
        situation->decision->private_n = review->rated_n;
    }
    if (review->has_sender_score && review->has_traveller_score)
        publish(situation);
}

/* R2 publish */

static enum refusal timer_of_this_review(const struct rule_situation *situation)
{
    return refuse_unless(situation->epoch == situation->world->review->close_epoch, REFUSAL_TIMER_VOID);
}

static void void_review(struct rule_situation *situation)
{
    EMIT(situation, review_voided_v1, .state = REVIEW_STATUS_VOID);
}

/* Folds */

static void apply_opened(void *state, const struct domain_fact *fact)
{
    const struct review_opened_v1 *opened = FACT(fact, review_opened_v1);
    struct review_state *review = state;

    review->booking = opened->booking;
    review->sender = opened->sender;
    review->traveller = opened->traveller;
    review->opened_at = fact->at_ms;
    review->close_epoch = fact->version;
}

static void apply_rated(void *state, const struct domain_fact *fact)
{
    const struct review_rated_v1 *rated = FACT(fact, review_rated_v1);
    struct review_state *review = state;

    if (rated->by == PARTY_SENDER) {
        review->has_sender_score = true;
        review->sender_score = rated->score;
    } else {
        review->has_traveller_score = true;
        review->traveller_score = rated->score;
    }
    review->rated_n = rated->n;
}

static uint32_t who(const struct domain_world *world, const char *principal)
{
    if (strcmp(world->review->sender.text, principal) == 0)
        return WHO_SENDER;
    return strcmp(world->review->traveller.text, principal) == 0 ? WHO_TRAVELLER : 0;
}

/* Its facts travel under their booking. */
static const struct id *key(const struct domain_world *world)
{
    return &world->review->booking;
}

#define ON(state) FROM(REVIEW_STATUS_##state)

/* clang-format off */
static const struct rule rules[] = {
/*   no    command           from                    who */
    {"R1", "review.rate",    ON(OPEN) | ON(SEALED),  WHO_SENDER | WHO_TRAVELLER, ALWAYS, {GUARD(own_not_given)},
     {"review.rated", "?review.published"}, REVIEW_STATUS_SEALED, rate},
    {"R2", "review.publish", ON(SEALED),             WHO_SYSTEM,                 ALWAYS, {GUARD(timer_of_this_review)},
     {"review.published"}, REVIEW_STATUS_PUBLISHED, publish},
    {"R2", "review.publish", ON(OPEN),               WHO_SYSTEM,                 ALWAYS, {GUARD(timer_of_this_review)},
     {"review.voided"}, REVIEW_STATUS_VOID, void_review},
    {0},
};

static const struct fold folds[] = {
/*   fact                          from                    to             enters by */
    {&review_opened_v1_schema,     FROM_NOTHING,           ON(OPEN),      apply_opened},
    {&review_rated_v1_schema,      ON(OPEN) | ON(SEALED),  ON(SEALED),    apply_rated},
    {&review_published_v1_schema,  ON(SEALED),             ON(PUBLISHED), NULL},
    {&review_voided_v1_schema,     ON(OPEN),               ON(VOID),      NULL},
    {0},
};
/* clang-format on */

const struct machine review_machine = {
    .kind = "review",
    .slot = SLOT_REVIEW,
    .state = &review_state_schema,
    .rules = rules,
    .folds = folds,
    .terminal = ON(PUBLISHED) | ON(VOID),
    .states = review_status_choices,
    .who = who,
    .key = key,
};
