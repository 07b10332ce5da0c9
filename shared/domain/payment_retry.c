/* SPDX-License-Identifier: Apache-2.0
 * An order that failed is tried again (M14), and given up where nobody is reached (M19). Only what fell is:
 * an order of which nobody knows may have been done. */
#include <string.h>

#include "shared/domain/limits.h"
#include "shared/domain/payment_rows.h"

/* M14: the same order again, under a new reference. */
static const struct payment_retry_order_v1 *retry(const struct rule_situation *s)
{
    return s->command->data;
}

static const struct money_order *retried(const struct rule_situation *s)
{
    return payment_order(s->world->payment, retry(s)->order);
}

/* The timer's arming number is the try that failed. */
enum refusal retry_still_awaited(const struct rule_situation *s)
{
    const struct money_order *order = retried(s);

    return order && payment_order_fell(order) && order->try == s->epoch ? REFUSAL_NONE : REFUSAL_TIMER_VOID;
}

enum refusal order_failed(const struct rule_situation *s)
{
    const struct money_order *order = retried(s);

    return order && payment_order_fell(order) ? REFUSAL_NONE : REFUSAL_ORDER_NOT_FAILED;
}

enum refusal order_to_traveller(const struct rule_situation *s)
{
    return retried(s)->to == PARTY_TRAVELLER ? REFUSAL_NONE : REFUSAL_NOT_ALLOWED;
}

/* A refund's route is for staff to choose. */
enum refusal order_is_goodwill_to_sender(const struct rule_situation *s)
{
    const struct money_order *order = retried(s);

    return order->kind == ORDER_KIND_GOODWILL && order->to == PARTY_SENDER ? REFUSAL_NONE
                                                                           : REFUSAL_NOT_ALLOWED;
}

enum refusal tries_left(const struct rule_situation *s)
{
    return retried(s)->try < COUNT_ORDER_TRIES ? REFUSAL_NONE : REFUSAL_TRY_LIMIT;
}

/* What used up the tries may have been ours: a wallet without funds, a key that was not let in. */
enum refusal tries_left_for_staff(const struct rule_situation *s)
{
    return retried(s)->try < COUNT_ORDER_TRIES_STAFF ? REFUSAL_NONE : REFUSAL_TRY_LIMIT;
}

enum refusal no_refund_while_claimed_back(const struct rule_situation *s)
{
    return retried(s)->kind == ORDER_KIND_REFUND ? nothing_claimed_back(s) : REFUSAL_NONE;
}

enum refusal route_not_chosen(const struct rule_situation *s)
{
    return retry(s)->has_route ? REFUSAL_NOT_ALLOWED : REFUSAL_NONE;
}

enum refusal route_not_of_a_payout(const struct rule_situation *s)
{
    return retried(s)->kind == ORDER_KIND_PAYOUT ? route_not_chosen(s) : REFUSAL_NONE;
}

/* Of whom the order is, with an account to pay to; NULL: they have none. */
static const struct profile_state *payee(const struct rule_situation *s)
{
    const struct profile_state *profile =
        retried(s)->to == PARTY_TRAVELLER ? s->world->traveller : s->world->sender;

    return profile && profile->version > 0 && profile->payout_n > 0 ? profile : NULL;
}

enum refusal payout_account_set(const struct rule_situation *s)
{
    return retried(s)->to != PARTY_TRAVELLER || payee(s) ? REFUSAL_NONE : REFUSAL_PAYOUT_ACCOUNT_MISSING;
}

enum refusal payout_account_held_24_hours(const struct rule_situation *s)
{
    const struct profile_state *profile = payee(s);

    return profile && (!profile->has_payout_since ||
                       s->now_ms >= profile->payout_since + limits_delay(DELAY_ACCOUNT_HOLD))
               ? REFUSAL_NONE
               : REFUSAL_PAYOUT_ACCOUNT_MISSING;
}

void act_retry(struct rule_situation *s)
{
    struct money_order again = *retried(s);

    again.try++;
    payment_order_out(s, &again, retry(s)->has_route ? retry(s)->route : 0);
}

/* M19: nobody is reached. */
static const struct money_order *given_up(const struct rule_situation *s)
{
    const struct payment_set_order_aside_v1 *asked = s->command->data;

    return payment_order(s->world->payment, asked->order);
}

enum refusal order_tried_in_full(const struct rule_situation *s)
{
    const struct money_order *order = given_up(s);

    if (!order || !payment_order_fell(order))
        return REFUSAL_ORDER_NOT_FAILED;
    return order->try >= COUNT_ORDER_TRIES ? REFUSAL_NONE : REFUSAL_TOO_EARLY;
}

enum refusal nothing_moved_for_90_days(const struct rule_situation *s)
{
    return s->now_ms >= s->world->payment->changed_at + limits_delay(DELAY_SET_ASIDE) ? REFUSAL_NONE
                                                                                      : REFUSAL_TOO_EARLY;
}

void act_set_aside(struct rule_situation *s)
{
    const struct payment_state *payment = s->world->payment;
    const struct money_order *order = given_up(s);
    struct payment_set_aside_v1 fact = {.state = payment_settles(payment, order->n),
                                        .has_order = true,
                                        .order = order->n,
                                        .owed_to = order->to,
                                        .amount = order->amount};

    memcpy(fact.currency, order->currency, sizeof(fact.currency));
    PAYMENT_JOURNAL(s, payment_set_aside_v1, fact, .currency = order->currency, .amount = order->amount,
                    .party = payment_party_account(order->to));
    rule_emit(s, &payment_set_aside_v1_schema, &fact);
}
