/* SPDX-License-Identifier: Apache-2.0
 * A payer claims a charge back (M15-M17). While any claim is open no refund is ordered; what is owed then is
 * ordered when the last one ends. What the traveller has earned, and what was paid out, is never touched. */
#include <string.h>

#include "shared/domain/booking_facts.h"
#include "shared/domain/payment_facts.h"
#include "shared/domain/payment_rows.h"

static const struct payment_record_chargeback_v1 *claim(const struct rule_situation *s)
{
    return s->command->data;
}

static const struct charge *claimed(const struct rule_situation *s)
{
    return payment_charge(s->world->payment, claim(s)->charge);
}

enum refusal charge_known(const struct rule_situation *s)
{
    return claimed(s) ? REFUSAL_NONE : REFUSAL_STALE;
}

enum refusal chargeback_new(const struct rule_situation *s)
{
    return claimed(s)->has_chargeback ? REFUSAL_ALREADY_RECORDED : REFUSAL_NONE;
}

enum refusal chargeback_within_charge(const struct rule_situation *s)
{
    return claim(s)->amount > 0 && claim(s)->amount <= claimed(s)->amount &&
                   strcmp(claim(s)->currency, claimed(s)->currency) == 0
               ? REFUSAL_NONE
               : REFUSAL_AMOUNT_MISMATCH;
}

static enum refusal still_open(const struct charge *charge)
{
    if (!charge || !charge->has_chargeback)
        return REFUSAL_STALE;
    return charge->chargeback == CHARGEBACK_STATE_OPENED ? REFUSAL_NONE : REFUSAL_ALREADY_RECORDED;
}

static const struct charge *charge_won(const struct rule_situation *s)
{
    const struct payment_record_chargeback_won_v1 *won = s->command->data;

    return payment_charge(s->world->payment, won->charge);
}

static const struct charge *charge_lost(const struct rule_situation *s)
{
    const struct payment_record_chargeback_lost_v1 *lost = s->command->data;

    return payment_charge(s->world->payment, lost->charge);
}

enum refusal won_charge_open(const struct rule_situation *s)
{
    return still_open(charge_won(s));
}

enum refusal lost_charge_open(const struct rule_situation *s)
{
    return still_open(charge_lost(s));
}

static void emit_charged_back(struct rule_situation *s)
{
    const struct payment_record_chargeback_v1 *told = claim(s);
    struct payment_charged_back_v1 fact = {.state = SAME, .amount = told->amount, .fee = told->fee};

    memcpy(fact.charge, told->charge, sizeof(fact.charge));
    memcpy(fact.currency, told->currency, sizeof(fact.currency));
    PAYMENT_JOURNAL(s, payment_charged_back_v1, fact, .currency = told->currency, .amount = told->amount,
                    .fee = told->fee);
    rule_emit(s, &payment_charged_back_v1_schema, &fact);
}

/* What was in transit is owed again; a failed order's money is owed already. */
static void emit_withheld(struct rule_situation *s, const struct money_order *order)
{
    struct payment_refund_withheld_v1 fact = {.state = SAME, .order = order->n, .amount = order->amount};

    memcpy(fact.currency, order->currency, sizeof(fact.currency));
    PAYMENT_JOURNAL(s, payment_refund_withheld_v1, fact, .currency = order->currency,
                    .amount = payment_order_moving(order) ? order->amount : 0);
    rule_emit(s, &payment_refund_withheld_v1_schema, &fact);
}

/* Refunds of this charge that the payments service has not claimed, and those that failed. */
static void withhold(struct rule_situation *s, const char *charge)
{
    const struct payment_state *payment = s->world->payment;

    for (int i = 0; i < payment->orders_count; i++) {
        const struct money_order *order = &payment->orders[i];

        if (order->kind == ORDER_KIND_REFUND && strcmp(order->charge, charge) == 0 &&
            (payment_order_fell(order) || order->state == ORDER_STATE_ORDERED))
            emit_withheld(s, order);
    }
}

/* Failed refunds that waited for the claims are ordered anew; but for what was claimed back with success
 * while its refund was under way: that is staff's to look at. */
static void withhold_failed(struct rule_situation *s)
{
    const struct payment_state *payment = s->world->payment;

    for (int i = 0; i < payment->orders_count; i++) {
        const struct money_order *order = &payment->orders[i];

        if (order->kind == ORDER_KIND_REFUND && payment_order_fell(order) &&
            !payment_charge_overdrawn(payment, payment_charge(payment, order->charge)))
            emit_withheld(s, order);
    }
}

/* Is the price no longer covered by what is left of the charges, and the parcel not yet handed over? A claim
 * on a charge that was paid twice leaves the booking alone. */
static bool booking_uncovered(const struct rule_situation *s)
{
    const struct payment_state *payment = s->world->payment;
    const struct booking_state *booking = s->world->booking;

    return booking && booking->version > 0 && payment->state == PAYMENT_STATUS_HELD &&
           payment->received < payment_escrow(payment) &&
           (booking->state == BOOKING_STATUS_PAID || booking->state == BOOKING_STATUS_REFUSED_AT_PICKUP);
}

void act_charged_back(struct rule_situation *s)
{
    bool was_paid;

    emit_charged_back(s);
    withhold(s, claim(s)->charge);
    if (!booking_uncovered(s))
        return;
    was_paid = s->world->booking->state == BOOKING_STATUS_PAID;
    booking_dispute(s, DISPUTE_CAUSE_CHARGEBACK, PARTY_PAYMENTS);
    if (was_paid)
        booking_free(s);
}

/* Will a refund be ordered, once taken of the sender's money in this currency is gone? */
static bool refund_follows(const struct payment_state *payment, const char *currency, int64_t taken)
{
    for (int i = 0; i < payment->balances_count; i++) {
        const char *other = payment->balances[i].currency;

        if (payment_refund_due(payment, other) > (strcmp(other, currency) == 0 ? taken : 0))
            return true;
    }
    return false;
}

/* May what waited for the claims go on: is this the last of them? */
static bool ends_last_claim(struct rule_situation *s, const char *charge)
{
    withhold(s, charge);
    if (payment_chargebacks_open(s->world->payment, charge))
        return false;
    withhold_failed(s);
    return true;
}

static void emit_won(struct rule_situation *s, const struct charge *charge, bool last)
{
    const struct payment_state *payment = s->world->payment;
    bool over = last && payment->state == PAYMENT_STATUS_SETTLING && !payment_orders_open(payment, 0) &&
                !refund_follows(payment, charge->currency, 0);
    struct payment_chargeback_won_v1 fact = {.state = over ? PAYMENT_STATUS_SETTLED : SAME,
                                             .amount = charge->charged_back};

    memcpy(fact.charge, charge->charge, sizeof(fact.charge));
    memcpy(fact.currency, charge->currency, sizeof(fact.currency));
    PAYMENT_JOURNAL(s, payment_chargeback_won_v1, fact, .currency = charge->currency, .amount = fact.amount);
    rule_emit(s, &payment_chargeback_won_v1_schema, &fact);
}

void act_chargeback_won(struct rule_situation *s)
{
    const struct payment_state *payment = s->world->payment;
    const struct charge *charge = charge_won(s);
    bool last = ends_last_claim(s, charge->charge);

    emit_won(s, charge, last);
    if (payment->state == PAYMENT_STATUS_DUE && payment->received >= payment->total)
        payment_hold(s);
    else if (payment->state != PAYMENT_STATUS_UNMATCHED)
        payment_order_refunds(s);
}

/* Escrow gives way only where nothing was collected, and the booking will not be. */
static bool escrow_gives_way(const struct rule_situation *s)
{
    const struct booking_state *booking = s->world->booking;

    return booking && booking->version > 0 && !booking->has_collected_at &&
           booking->state == BOOKING_STATUS_DISPUTED;
}

static int32_t state_lost(const struct rule_situation *s, const struct charge *charge, int64_t from_sender,
                          int64_t from_escrow)
{
    const struct payment_state *payment = s->world->payment;
    bool nothing_held =
        payment->state != PAYMENT_STATUS_HELD || (from_escrow > 0 && from_escrow == payment_escrow(payment) &&
                                                  s->world->booking->cause == DISPUTE_CAUSE_CHARGEBACK);
    bool goes_on = payment_orders_open(payment, 0) || payment_chargebacks_open(payment, charge->charge) ||
                   refund_follows(payment, charge->currency, from_sender);

    if (payment->state == PAYMENT_STATUS_DUE || payment->state == PAYMENT_STATUS_SETTLED || !nothing_held)
        return SAME;
    if (payment->state == PAYMENT_STATUS_UNMATCHED)
        return goes_on ? SAME : PAYMENT_STATUS_SETTLED;
    return goes_on ? PAYMENT_STATUS_SETTLING : PAYMENT_STATUS_SETTLED;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void emit_lost(struct rule_situation *s, const struct charge *charge)
{
    const struct payment_state *payment = s->world->payment;
    int64_t amount = charge->charged_back;
    int64_t from_sender = smaller(amount, payment_unordered(payment, charge->currency, PARTY_SENDER));
    int64_t held =
        payment_is_own(payment, charge->currency) && escrow_gives_way(s) ? payment_escrow(payment) : 0;
    int64_t from_escrow = smaller(amount - from_sender, held);
    struct payment_chargeback_lost_v1 fact = {.state = state_lost(s, charge, from_sender, from_escrow),
                                              .amount = amount};

    memcpy(fact.charge, charge->charge, sizeof(fact.charge));
    memcpy(fact.currency, charge->currency, sizeof(fact.currency));
    PAYMENT_JOURNAL(s, payment_chargeback_lost_v1, fact, .currency = charge->currency, .amount = amount,
                    .at_most = {[ACCOUNT_SENDER] = from_sender, [ACCOUNT_ESCROW] = from_escrow});
    rule_emit(s, &payment_chargeback_lost_v1_schema, &fact);
}

/* Nothing is left to decide for staff. */
static void resolve_empty(struct rule_situation *s)
{
    const struct payment_state *payment = s->world->payment;
    const struct booking_state *booking = s->world->booking;

    if (booking && booking->version > 0 && booking->state == BOOKING_STATUS_DISPUTED &&
        booking->cause == DISPUTE_CAUSE_CHARGEBACK && payment_escrow(payment) == 0)
        EMIT(s, booking_resolved_v1, .state = BOOKING_STATUS_RESOLVED, .by = PARTY_PAYMENTS);
}

void act_chargeback_lost(struct rule_situation *s)
{
    const struct charge *charge = charge_lost(s);

    (void)ends_last_claim(s, charge->charge);
    emit_lost(s, charge);
    resolve_empty(s);
    if (s->world->payment->state != PAYMENT_STATUS_UNMATCHED)
        payment_order_refunds(s);
}
