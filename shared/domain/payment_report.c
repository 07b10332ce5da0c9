/* SPDX-License-Identifier: Apache-2.0
 * What the provider says of an order (M10-M13): claimed, sent, nobody knows, done, failed, come back. What it
 * says it did is always booked, even after it said it had not; a try counts once. */
#include <string.h>

#include "shared/domain/limits.h"
#include "shared/domain/payment_rows.h"

static const struct payment_record_order_v1 *told(const struct rule_situation *s)
{
    return s->command->data;
}

static const struct money_order *reported(const struct rule_situation *s)
{
    return payment_order(s->world->payment, told(s)->order);
}

static bool outcome_is(const struct rule_situation *s, int32_t outcome)
{
    return told(s)->outcome == outcome;
}

bool outcome_is_sending(const struct rule_situation *s)
{
    return outcome_is(s, ORDER_OUTCOME_SENDING);
}

bool outcome_is_sent(const struct rule_situation *s)
{
    return outcome_is(s, ORDER_OUTCOME_SENT);
}

bool outcome_is_unknown(const struct rule_situation *s)
{
    return outcome_is(s, ORDER_OUTCOME_UNKNOWN);
}

bool outcome_is_done(const struct rule_situation *s)
{
    return outcome_is(s, ORDER_OUTCOME_DONE);
}

bool outcome_is_failed(const struct rule_situation *s)
{
    return outcome_is(s, ORDER_OUTCOME_FAILED);
}

bool outcome_is_fee(const struct rule_situation *s)
{
    return outcome_is(s, ORDER_OUTCOME_FEE_NOTED);
}

/* Is this the order's newest try, and the order in one of these states? */
static enum refusal newest_try_in(const struct rule_situation *s, uint32_t states)
{
    const struct money_order *order = reported(s);

    return order && order->try == told(s)->try && ((1u << order->state) & states) ? REFUSAL_NONE
                                                                                  : REFUSAL_STALE;
}

enum refusal try_is_ordered(const struct rule_situation *s)
{
    return newest_try_in(s, 1u << ORDER_STATE_ORDERED);
}

enum refusal try_is_claimed(const struct rule_situation *s)
{
    return newest_try_in(s, 1u << ORDER_STATE_SENDING | 1u << ORDER_STATE_UNKNOWN);
}

enum refusal try_is_under_way(const struct rule_situation *s)
{
    return newest_try_in(s, 1u << ORDER_STATE_SENDING | 1u << ORDER_STATE_SENT);
}

enum refusal try_is_known(const struct rule_situation *s)
{
    const struct money_order *order = reported(s);

    return order && told(s)->try <= order->try ? REFUSAL_NONE : REFUSAL_STALE;
}

enum refusal try_was_done(const struct rule_situation *s)
{
    const struct money_order *order = reported(s);

    return order && payment_try_done(order, told(s)->try) ? REFUSAL_NONE : REFUSAL_STALE;
}

enum refusal try_not_done(const struct rule_situation *s)
{
    return payment_try_done(reported(s), told(s)->try) ? REFUSAL_ALREADY_RECORDED : REFUSAL_NONE;
}

/* Only the newest try can still fail. */
enum refusal try_not_over(const struct rule_situation *s)
{
    const struct money_order *order = reported(s);

    return order->try == told(s)->try && payment_order_moving(order) ? REFUSAL_NONE
                                                                     : REFUSAL_ALREADY_RECORDED;
}

enum refusal fee_told(const struct rule_situation *s)
{
    return told(s)->has_fee && told(s)->fee > 0 ? REFUSAL_NONE : REFUSAL_AMOUNT_MISMATCH;
}

enum refusal amount_is_the_order_s(const struct rule_situation *s)
{
    const struct money_order *order = reported(s);

    return told(s)->has_amount && told(s)->amount == order->amount && told(s)->has_currency &&
                   strcmp(told(s)->currency, order->currency) == 0
               ? REFUSAL_NONE
               : REFUSAL_AMOUNT_MISMATCH;
}

void act_sending(struct rule_situation *s)
{
    EMIT(s, payment_order_sending_v1, .state = SAME, .order = told(s)->order, .try = told(s)->try);
}

void act_sent(struct rule_situation *s)
{
    struct payment_order_sent_v1 fact = {.state = SAME,
                                         .order = told(s)->order,
                                         .try = told(s)->try,
                                         .has_provider_id = told(s)->has_provider_id};

    memcpy(fact.provider_id, told(s)->provider_id, sizeof(fact.provider_id));
    rule_emit(s, &payment_order_sent_v1_schema, &fact);
}

void act_unknown(struct rule_situation *s)
{
    EMIT(s, payment_order_unknown_v1, .state = SAME, .order = told(s)->order, .try = told(s)->try);
}

void act_fee(struct rule_situation *s)
{
    const struct money_order *order = reported(s);
    struct payment_fee_noted_v1 fact = {
        .state = SAME, .order = order->n, .try = told(s)->try, .fee = told(s)->fee};

    memcpy(fact.currency, order->currency, sizeof(fact.currency));
    PAYMENT_JOURNAL(s, payment_fee_noted_v1, fact, .currency = order->currency, .fee = fact.fee);
    rule_emit(s, &payment_fee_noted_v1_schema, &fact);
}

/* Where the money of a done order stood: in transit; with its party again, if it failed; aside; or nowhere
 * any more, when it was paid by another try. Nothing that other orders need is touched. */
static struct ledger_amounts done_amounts(const struct rule_situation *s, const struct money_order *order)
{
    enum account party = payment_party_account(order->to);
    struct ledger_amounts amounts = {.currency = order->currency,
                                     .amount = order->amount,
                                     .fee = told(s)->has_fee ? told(s)->fee : 0,
                                     .party = party};

    if (payment_order_moving(order))
        amounts.at_most[ACCOUNT_TRANSIT] = order->amount;
    else if (payment_order_fell(order))
        amounts.at_most[party] = order->amount;
    else if (order->state == ORDER_STATE_SET_ASIDE)
        amounts.at_most[ACCOUNT_SET_ASIDE] = order->amount;
    else
        amounts.at_most[party] = payment_unordered(s->world->payment, order->currency, order->to);
    return amounts;
}

static void emit_refunded(struct rule_situation *s, const struct money_order *order)
{
    const struct payment_state *payment = s->world->payment;
    const struct ledger_amounts amounts = done_amounts(s, order);
    struct payment_refunded_v1 fact = {.state = payment_settles(payment, order->n),
                                       .order = order->n,
                                       .try = told(s)->try,
                                       .amount = order->amount,
                                       .fee = amounts.fee};

    memcpy(fact.currency, order->currency, sizeof(fact.currency));
    ledger_entries(&payment_refunded_v1_schema, &amounts, payment, fact.entries, &fact.entries_count);
    rule_emit(s, &payment_refunded_v1_schema, &fact);
}

static void emit_paid_out(struct rule_situation *s, const struct money_order *order)
{
    const struct payment_state *payment = s->world->payment;
    const struct ledger_amounts amounts = done_amounts(s, order);
    struct payment_paid_out_v1 fact = {.state = payment_settles(payment, order->n),
                                       .order = order->n,
                                       .try = told(s)->try,
                                       .to = order->to,
                                       .amount = order->amount,
                                       .fee = amounts.fee};

    memcpy(fact.currency, order->currency, sizeof(fact.currency));
    ledger_entries(&payment_paid_out_v1_schema, &amounts, payment, fact.entries, &fact.entries_count);
    rule_emit(s, &payment_paid_out_v1_schema, &fact);
}

void act_done(struct rule_situation *s)
{
    const struct money_order *order = reported(s);

    if (order->kind == ORDER_KIND_REFUND)
        emit_refunded(s, order);
    else
        emit_paid_out(s, order);
}

static void emit_refund_failed(struct rule_situation *s, const struct money_order *order, int32_t cause)
{
    struct payment_refund_failed_v1 fact = {
        .state = SAME, .order = order->n, .try = order->try, .cause = cause};

    PAYMENT_JOURNAL(s, payment_refund_failed_v1, fact, .currency = order->currency, .amount = order->amount);
    rule_emit(s, &payment_refund_failed_v1_schema, &fact);
}

static void emit_payout_failed(struct rule_situation *s, const struct money_order *order, int32_t cause)
{
    struct payment_payout_failed_v1 fact = {
        .state = SAME, .order = order->n, .try = order->try, .cause = cause};

    PAYMENT_JOURNAL(s, payment_payout_failed_v1, fact, .currency = order->currency, .amount = order->amount,
                    .party = payment_party_account(order->to));
    rule_emit(s, &payment_payout_failed_v1_schema, &fact);
}

void act_failed(struct rule_situation *s)
{
    const struct money_order *order = reported(s);
    int32_t cause = told(s)->has_cause ? told(s)->cause : ORDER_CAUSE_OTHER;

    if (order->kind == ORDER_KIND_REFUND)
        emit_refund_failed(s, order, cause);
    else
        emit_payout_failed(s, order, cause);
}

/* M13 */
static const struct payment_record_reversal_v1 *reversal(const struct rule_situation *s)
{
    return s->command->data;
}

static const struct money_order *reversed(const struct rule_situation *s)
{
    return payment_order(s->world->payment, reversal(s)->order);
}

/* A payout or a refund. */
enum refusal reversed_was_done(const struct rule_situation *s)
{
    const struct money_order *order = reversed(s);

    return order && payment_try_done(order, reversal(s)->try) ? REFUSAL_NONE : REFUSAL_STALE;
}

enum refusal reversal_new(const struct rule_situation *s)
{
    return payment_try_reversed(reversed(s), reversal(s)->try) ? REFUSAL_ALREADY_RECORDED : REFUSAL_NONE;
}

enum refusal reversed_amount_is_the_order_s(const struct rule_situation *s)
{
    return reversal(s)->amount == reversed(s)->amount &&
                   strcmp(reversal(s)->currency, reversed(s)->currency) == 0
               ? REFUSAL_NONE
               : REFUSAL_AMOUNT_MISMATCH;
}

static void emit_reversed(struct rule_situation *s, bool paid_still)
{
    const struct payment_state *payment = s->world->payment;
    const struct money_order *order = reversed(s);
    struct payment_payout_reversed_v1 fact = {
        .state = payment->state == PAYMENT_STATUS_SETTLED && !paid_still ? PAYMENT_STATUS_SETTLING : SAME,
        .order = order->n,
        .try = reversal(s)->try,
        .amount = order->amount};

    memcpy(fact.currency, order->currency, sizeof(fact.currency));
    PAYMENT_JOURNAL(s, payment_payout_reversed_v1, fact, .currency = order->currency, .amount = order->amount,
                    .party = payment_party_account(order->to),
                    .at_most = {[ACCOUNT_LOSS] = paid_still ? order->amount : 0});
    rule_emit(s, &payment_payout_reversed_v1_schema, &fact);
}

/* Owed again; but where another try left it with its party, this one was our loss, or was taken of what the
 * sender had paid beside (done_amounts): that goes back by an order of its own. */
void act_reversed(struct rule_situation *s)
{
    bool paid_still = payment_done_otherwise(reversed(s), reversal(s)->try);

    emit_reversed(s, paid_still);
    if (paid_still)
        payment_order_refunds(s);
}
