/* SPDX-License-Identifier: Apache-2.0
 * What we pay ourselves, above the price (M18): a loss, ordered like any payout. */
#include <string.h>

#include "shared/domain/limits.h"
#include "shared/domain/payment_rows.h"

static const struct payment_indemnify_v1 *goodwill(const struct rule_situation *s)
{
    return s->command->data;
}

enum refusal goodwill_to_sender_or_traveller(const struct rule_situation *s)
{
    return goodwill(s)->to == PARTY_SENDER || goodwill(s)->to == PARTY_TRAVELLER ? REFUSAL_NONE
                                                                                 : REFUSAL_NOT_ALLOWED;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The declared value, the cap of the sender's tier, and so many times the carriage; the value counts where it
 * is in the booking's currency, for nothing is converted. */
static int64_t cover(const struct rule_situation *s)
{
    const struct payment_state *payment = s->world->payment;
    const struct parcel_state *parcel = s->world->parcel;
    const struct profile_state *sender = s->world->sender;
    const struct limits_currency *limits = limits_of(payment->currency);
    int64_t tier = sender && sender->version > 0 ? sender->tier : 0;
    int64_t most = payment->carriage * COUNT_COVER_TIMES_CARRIAGE;

    if (!limits)
        return 0;
    most = smaller(most, limits->value_cap[tier >= 0 && tier < LIMITS_TIERS ? tier : 0]);
    if (parcel && parcel->version > 0 && payment_is_own(payment, parcel->value.currency))
        most = smaller(most, parcel->value.amount);
    return most;
}

static int64_t goodwill_given(const struct payment_state *payment)
{
    int64_t given = 0;

    for (int i = 0; i < payment->orders_count; i++)
        if (payment->orders[i].kind == ORDER_KIND_GOODWILL)
            given += payment->orders[i].amount;
    return given;
}

enum refusal goodwill_in_cover(const struct rule_situation *s)
{
    if (goodwill(s)->amount == 0)
        return REFUSAL_AMOUNT_MISMATCH;
    return goodwill_given(s->world->payment) + goodwill(s)->amount <= cover(s) ? REFUSAL_NONE
                                                                               : REFUSAL_OVER_AUTHORITY;
}

enum refusal goodwill_has_room(const struct rule_situation *s)
{
    return payment_has_order_room(s->world->payment, 1) ? REFUSAL_NONE : REFUSAL_TRY_LIMIT;
}

void act_indemnify(struct rule_situation *s)
{
    const struct payment_state *payment = s->world->payment;
    struct payment_goodwill_granted_v1 fact = {
        .state = SAME, .to = goodwill(s)->to, .amount = goodwill(s)->amount};

    s->decision->private_name = "indemnify";
    s->decision->private_n = payment->version + 1;
    memcpy(fact.currency, payment->currency, sizeof(fact.currency));
    PAYMENT_JOURNAL(s, payment_goodwill_granted_v1, fact, .currency = payment->currency,
                    .amount = fact.amount, .party = payment_party_account(fact.to));
    rule_emit(s, &payment_goodwill_granted_v1_schema, &fact);
    payment_order_payout(s, fact.to, fact.amount, ORDER_KIND_GOODWILL);
}
