/* SPDX-License-Identifier: Apache-2.0
 * Money comes in (M3-M9): enough, a part, in another currency, twice, too late, or for nobody. A charge is
 * known by the provider's id and counts once. What is too much goes back, newest charge first. */
#include <string.h>

#include "shared/domain/limits.h"
#include "shared/domain/payment_facts.h"
#include "shared/domain/payment_rows.h"

static const struct payment_record_charge_v1 *told(const struct rule_situation *s)
{
    return s->command->data;
}

bool own_currency(const struct rule_situation *s)
{
    return payment_is_own(s->world->payment, told(s)->currency);
}

bool other_currency(const struct rule_situation *s)
{
    return !own_currency(s);
}

bool own_currency_and_enough(const struct rule_situation *s)
{
    return own_currency(s) && told(s)->amount >= payment_due_left(s->world->payment);
}

enum refusal charge_new(const struct rule_situation *s)
{
    return payment_charge(s->world->payment, told(s)->charge) ? REFUSAL_ALREADY_RECORDED : REFUSAL_NONE;
}

enum refusal charge_not_empty(const struct rule_situation *s)
{
    return told(s)->amount > 0 ? REFUSAL_NONE : REFUSAL_AMOUNT_MISMATCH;
}

/* A further charge is for the payment of its own id (M8). */
enum refusal charge_has_room(const struct rule_situation *s)
{
    const struct payment_state *payment = s->world->payment;

    return payment->charges_count < PAYMENT_CHARGES && payment_has_order_room(payment, 2)
               ? REFUSAL_NONE
               : REFUSAL_ATTEMPT_LIMIT;
}

enum refusal currency_has_room(const struct rule_situation *s)
{
    return ledger_has_room(s->world->payment, told(s)->currency) ? REFUSAL_NONE
                                                                 : REFUSAL_CURRENCY_UNSUPPORTED;
}

/* Nobody's charge has a payment of its own; any other payment is opened by its booking. */
enum refusal payment_is_of_this_charge(const struct rule_situation *s)
{
    struct id id;

    domain_unmatched_of(told(s)->charge, &id);
    return id_same(&id, &s->command->subject) ? REFUSAL_NONE : REFUSAL_NOT_FOUND;
}

enum refusal nothing_claimed_back(const struct rule_situation *s)
{
    return payment_chargebacks_open(s->world->payment, NULL) ? REFUSAL_CHARGEBACK_OPEN : REFUSAL_NONE;
}

/* A charge told without our reference goes by its own name. */
static const char *reference_told(const struct rule_situation *s)
{
    return told(s)->has_reference ? told(s)->reference : told(s)->charge;
}

static void emit_received(struct rule_situation *s)
{
    const struct payment_record_charge_v1 *charge = told(s);
    int32_t state = s->world->payment->state;
    bool over = state == PAYMENT_STATUS_SETTLED || state == PAYMENT_STATUS_LAPSED;
    struct payment_received_v1 fact = {
        .state = over ? PAYMENT_STATUS_SETTLING : SAME, .amount = charge->amount, .fee = charge->fee};

    memcpy(fact.charge, charge->charge, sizeof(fact.charge));
    memcpy(fact.reference, reference_told(s), sizeof(fact.reference));
    memcpy(fact.currency, charge->currency, sizeof(fact.currency));
    PAYMENT_JOURNAL(s, payment_received_v1, fact, .currency = charge->currency, .amount = charge->amount,
                    .fee = charge->fee);
    rule_emit(s, &payment_received_v1_schema, &fact);
}

static void emit_held(struct rule_situation *s)
{
    const struct payment_state *payment = s->world->payment;
    struct payment_held_v1 fact = {.state = PAYMENT_STATUS_HELD, .amount = payment->total};

    memcpy(fact.currency, payment->currency, sizeof(fact.currency));
    PAYMENT_JOURNAL(s, payment_held_v1, fact, .currency = payment->currency, .amount = payment->total);
    rule_emit(s, &payment_held_v1_schema, &fact);
}

void payment_hold(struct rule_situation *s)
{
    const struct payment_state *payment = s->world->payment;
    const struct limits_currency *limits = limits_of(payment->currency);
    int64_t excess = payment->received - payment->total;

    emit_held(s);
    EMIT(s, booking_paid_v1, .state = BOOKING_STATUS_PAID);
    if (excess > 0 && limits && excess <= limits->excess_floor)
        payment_aside(s, payment->currency, excess); /* too little to be worth sending */
    else
        payment_order_refunds(s);
}

void act_paid(struct rule_situation *s)
{
    emit_received(s);
    payment_hold(s);
}

void act_part_paid(struct rule_situation *s)
{
    emit_received(s);
}

void act_paid_and_sent_back(struct rule_situation *s)
{
    emit_received(s);
    payment_order_refunds(s);
}

void act_unmatched(struct rule_situation *s)
{
    const struct payment_record_charge_v1 *charge = told(s);
    struct payment_unmatched_v1 fact = {.state = PAYMENT_STATUS_UNMATCHED,
                                        .has_reference = charge->has_reference,
                                        .amount = charge->amount,
                                        .fee = charge->fee};

    memcpy(fact.charge, charge->charge, sizeof(fact.charge));
    memcpy(fact.reference, charge->reference, sizeof(fact.reference));
    memcpy(fact.currency, charge->currency, sizeof(fact.currency));
    PAYMENT_JOURNAL(s, payment_unmatched_v1, fact, .currency = charge->currency, .amount = charge->amount,
                    .fee = charge->fee);
    rule_emit(s, &payment_unmatched_v1_schema, &fact);
}

void act_return(struct rule_situation *s)
{
    payment_order_refunds(s);
}
