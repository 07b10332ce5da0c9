/* SPDX-License-Identifier: Apache-2.0
 * How payment facts enter the state: values of the fact only. Every money fact adds its entries to the
 * balances; what was received is counted again from the charges and orders, so that it is one sum. */
#include <string.h>

#include "shared/domain/payment_known.h"
#include "shared/domain/payment_rows.h"

/* The parts of a payment the folds change, by the questions that find them. */
static struct attempt *attempt_of(struct payment_state *payment, int64_t n)
{
    const struct attempt *found = payment_attempt(payment, n);

    return found ? &payment->attempts[found - payment->attempts] : NULL;
}

static struct charge *charge_of(struct payment_state *payment, const char *charge)
{
    const struct charge *found = payment_charge(payment, charge);

    return found ? &payment->charges[found - payment->charges] : NULL;
}

static struct money_order *order_of(struct payment_state *payment, int64_t n)
{
    const struct money_order *found = payment_order(payment, n);

    return found ? &payment->orders[found - payment->orders] : NULL;
}

static void fold_money(struct payment_state *payment, const struct domain_fact *fact)
{
    int count;
    const struct entry *entries = domain_entries(fact, &count);

    ledger_add(payment, entries, (uint16_t)count);
    payment->received = payment_charges_left(payment);
}

/* The facts after which payment_close is armed; an earlier arming is void. */
static void fold_close(struct payment_state *payment, const struct domain_fact *fact)
{
    payment->close_epoch = fact->version;
}

static void fold_opened(void *state, const struct domain_fact *fact)
{
    struct payment_state *payment = state;
    const struct payment_opened_v1 *opened = FACT(fact, payment_opened_v1);

    payment->has_booking = payment->has_trip = payment->has_parcel = true;
    payment->has_sender = payment->has_traveller = true;
    payment->booking = opened->booking;
    payment->trip = opened->trip;
    payment->parcel = opened->parcel;
    payment->sender = opened->sender;
    payment->traveller = opened->traveller;
    memcpy(payment->currency, opened->currency, sizeof(payment->currency));
    payment->carriage = opened->carriage;
    payment->fee = opened->fee;
    payment->total = opened->total;
    payment->opened_at = fact->at_ms;
}

static void fold_attempt_opened(void *state, const struct domain_fact *fact)
{
    struct payment_state *payment = state;
    const struct payment_attempt_opened_v1 *opened = FACT(fact, payment_attempt_opened_v1);
    struct attempt *attempt;

    if (payment->attempts_count == PAYMENT_ATTEMPTS)
        return;
    attempt = &payment->attempts[payment->attempts_count++];
    *attempt = (struct attempt){
        .n = opened->n, .amount = opened->amount, .state = ATTEMPT_STATE_OPEN, .opened_at = fact->at_ms};
    memcpy(attempt->reference, opened->reference, sizeof(attempt->reference));
}

static void fold_link_ready(void *state, const struct domain_fact *fact)
{
    struct attempt *attempt = attempt_of(state, FACT(fact, payment_link_ready_v1)->n);

    if (!attempt)
        return;
    attempt->has_link_n = true;
    attempt->link_n = FACT(fact, payment_link_ready_v1)->link_n;
}

static void fold_attempt_pending(void *state, const struct domain_fact *fact)
{
    struct attempt *attempt = attempt_of(state, FACT(fact, payment_attempt_pending_v1)->n);

    if (attempt)
        attempt->state = ATTEMPT_STATE_PENDING;
}

static void fold_attempt_failed(void *state, const struct domain_fact *fact)
{
    const struct payment_attempt_failed_v1 *failed = FACT(fact, payment_attempt_failed_v1);
    struct attempt *attempt = attempt_of(state, failed->n);

    if (attempt)
        attempt->state =
            failed->outcome == ATTEMPT_OUTCOME_EXPIRED ? ATTEMPT_STATE_EXPIRED : ATTEMPT_STATE_FAILED;
}

static void charge_add(struct payment_state *payment, const char *charge, const char *reference,
                       int64_t amount, const char *currency)
{
    struct charge *added;

    if (payment->charges_count == PAYMENT_CHARGES)
        return;
    added = &payment->charges[payment->charges_count++];
    *added = (struct charge){.amount = amount};
    memcpy(added->charge, charge, sizeof(added->charge));
    memcpy(added->reference, reference, sizeof(added->reference));
    memcpy(added->currency, currency, sizeof(added->currency));
}

static void fold_received(void *state, const struct domain_fact *fact)
{
    struct payment_state *payment = state;
    const struct payment_received_v1 *received = FACT(fact, payment_received_v1);

    charge_add(payment, received->charge, received->reference, received->amount, received->currency);
    for (int i = 0; i < payment->attempts_count; i++)
        if (strcmp(payment->attempts[i].reference, received->reference) == 0)
            payment->attempts[i].state = ATTEMPT_STATE_PAID;
    fold_money(payment, fact);
}

static void fold_unmatched(void *state, const struct domain_fact *fact)
{
    struct payment_state *payment = state;
    const struct payment_unmatched_v1 *unmatched = FACT(fact, payment_unmatched_v1);

    memcpy(payment->currency, unmatched->currency, sizeof(payment->currency));
    payment->opened_at = fact->at_ms;
    charge_add(payment, unmatched->charge,
               unmatched->has_reference ? unmatched->reference : unmatched->charge, unmatched->amount,
               unmatched->currency);
    fold_money(payment, fact);
}

static void fold_held(void *state, const struct domain_fact *fact)
{
    fold_money(state, fact);
}

static void fold_lapsed(void *state, const struct domain_fact *fact)
{
    fold_close(state, fact);
}

static void fold_split_decided(void *state, const struct domain_fact *fact)
{
    struct payment_state *payment = state;

    payment->has_split = true;
    payment->split = FACT(fact, payment_split_decided_v1)->split;
    fold_money(payment, fact);
    fold_close(payment, fact);
}

/* The order of this number: a new one, or the same again. */
static struct money_order *order_start(struct payment_state *payment, int64_t n, int64_t number,
                                       const char *reference)
{
    struct money_order *order = order_of(payment, n);

    if (!order && payment->orders_count < PAYMENT_ORDERS) {
        order = &payment->orders[payment->orders_count++];
        *order = (struct money_order){.n = n};
    }
    if (!order)
        return NULL;
    order->try = number;
    order->state = ORDER_STATE_ORDERED;
    order->has_charge = false;
    order->charge[0] = '\0';
    order->has_cause = false;
    order->cause = 0;
    memcpy(order->reference, reference, sizeof(order->reference));
    return order;
}

static void fold_refund_ordered(void *state, const struct domain_fact *fact)
{
    const struct payment_refund_ordered_v1 *ordered = FACT(fact, payment_refund_ordered_v1);
    struct money_order *order = order_start(state, ordered->order, ordered->try, ordered->reference);

    if (order) {
        order->kind = ORDER_KIND_REFUND;
        order->to = PARTY_SENDER;
        order->amount = ordered->amount;
        memcpy(order->currency, ordered->currency, sizeof(order->currency));
        order->has_charge = true;
        memcpy(order->charge, ordered->charge, sizeof(order->charge));
    }
    fold_money(state, fact);
}

static void fold_payout_ordered(void *state, const struct domain_fact *fact)
{
    const struct payment_payout_ordered_v1 *ordered = FACT(fact, payment_payout_ordered_v1);
    struct money_order *order = order_start(state, ordered->order, ordered->try, ordered->reference);

    if (order) {
        order->kind = ordered->goodwill ? ORDER_KIND_GOODWILL : ORDER_KIND_PAYOUT;
        order->to = ordered->to;
        order->amount = ordered->amount;
        memcpy(order->currency, ordered->currency, sizeof(order->currency));
    }
    fold_money(state, fact);
}

static void order_becomes(struct payment_state *payment, int64_t n, int32_t state)
{
    struct money_order *order = order_of(payment, n);

    if (order)
        order->state = state;
}

static void fold_order_sending(void *state, const struct domain_fact *fact)
{
    order_becomes(state, FACT(fact, payment_order_sending_v1)->order, ORDER_STATE_SENDING);
}

static void fold_order_sent(void *state, const struct domain_fact *fact)
{
    order_becomes(state, FACT(fact, payment_order_sent_v1)->order, ORDER_STATE_SENT);
}

static void fold_order_unknown(void *state, const struct domain_fact *fact)
{
    order_becomes(state, FACT(fact, payment_order_unknown_v1)->order, ORDER_STATE_UNKNOWN);
}

static void order_done(struct payment_state *payment, int64_t n, int64_t number)
{
    struct money_order *order = order_of(payment, n);

    if (!order)
        return;
    order->state = ORDER_STATE_DONE;
    order->has_done_tries = true;
    order->done_tries |= INT64_C(1) << (number - 1);
}

static void fold_refunded(void *state, const struct domain_fact *fact)
{
    struct payment_state *payment = state;
    const struct payment_refunded_v1 *refunded = FACT(fact, payment_refunded_v1);
    const struct money_order *order = payment_order(payment, refunded->order);
    struct charge *charge = order ? charge_of(payment, order->charge) : NULL;

    order_done(payment, refunded->order, refunded->try);
    if (charge)
        charge->refunded += refunded->amount;
    fold_money(payment, fact);
    fold_close(payment, fact);
}

static void fold_paid_out(void *state, const struct domain_fact *fact)
{
    const struct payment_paid_out_v1 *paid = FACT(fact, payment_paid_out_v1);

    order_done(state, paid->order, paid->try);
    fold_money(state, fact);
    fold_close(state, fact);
}

static void order_falls(struct payment_state *payment, int64_t n, int32_t cause)
{
    struct money_order *order = order_of(payment, n);

    if (!order)
        return;
    order->state = ORDER_STATE_FAILED;
    order->has_cause = true;
    order->cause = cause;
}

static void fold_refund_failed(void *state, const struct domain_fact *fact)
{
    const struct payment_refund_failed_v1 *failed = FACT(fact, payment_refund_failed_v1);

    order_falls(state, failed->order, failed->cause);
    fold_money(state, fact);
}

static void fold_payout_failed(void *state, const struct domain_fact *fact)
{
    const struct payment_payout_failed_v1 *failed = FACT(fact, payment_payout_failed_v1);

    order_falls(state, failed->order, failed->cause);
    fold_money(state, fact);
}

static void fold_refund_withheld(void *state, const struct domain_fact *fact)
{
    order_becomes(state, FACT(fact, payment_refund_withheld_v1)->order, ORDER_STATE_WITHHELD);
    fold_money(state, fact);
}

static void order_reversed(struct money_order *order, int64_t number)
{
    if (!payment_done_otherwise(order, number))
        order->state = ORDER_STATE_REVERSED;
    order->has_reversed_tries = true;
    order->reversed_tries |= INT64_C(1) << (number - 1);
}

/* What came back of a refund did not go back of its charge. */
static void fold_payout_reversed(void *state, const struct domain_fact *fact)
{
    const struct payment_payout_reversed_v1 *reversed = FACT(fact, payment_payout_reversed_v1);
    struct money_order *order = order_of(state, reversed->order);
    struct charge *charge =
        order && order->kind == ORDER_KIND_REFUND ? charge_of(state, order->charge) : NULL;

    if (order)
        order_reversed(order, reversed->try);
    if (charge)
        charge->refunded -= reversed->amount;
    fold_money(state, fact);
}

static void fold_set_aside(void *state, const struct domain_fact *fact)
{
    const struct payment_set_aside_v1 *aside = FACT(fact, payment_set_aside_v1);

    if (aside->has_order)
        order_becomes(state, aside->order, ORDER_STATE_SET_ASIDE);
    fold_money(state, fact);
    fold_close(state, fact);
}

static void chargeback_becomes(struct payment_state *payment, const char *charge, int32_t state,
                               int64_t charged_back)
{
    struct charge *claimed = charge_of(payment, charge);

    if (!claimed)
        return;
    claimed->has_chargeback = true;
    claimed->chargeback = state;
    claimed->charged_back = charged_back;
}

static void fold_charged_back(void *state, const struct domain_fact *fact)
{
    const struct payment_charged_back_v1 *claimed = FACT(fact, payment_charged_back_v1);

    chargeback_becomes(state, claimed->charge, CHARGEBACK_STATE_OPENED, claimed->amount);
    fold_money(state, fact);
}

static void fold_chargeback_won(void *state, const struct domain_fact *fact)
{
    chargeback_becomes(state, FACT(fact, payment_chargeback_won_v1)->charge, CHARGEBACK_STATE_WON, 0);
    fold_money(state, fact);
    fold_close(state, fact);
}

static void fold_chargeback_lost(void *state, const struct domain_fact *fact)
{
    const struct payment_chargeback_lost_v1 *lost = FACT(fact, payment_chargeback_lost_v1);

    chargeback_becomes(state, lost->charge, CHARGEBACK_STATE_LOST, lost->amount);
    fold_money(state, fact);
    fold_close(state, fact);
}

static void fold_journal(void *state, const struct domain_fact *fact)
{
    fold_money(state, fact);
}

#define S(state)   FROM(PAYMENT_STATUS_##state)
#define TO_(state) TO(PAYMENT_STATUS_##state)

/* clang-format off */
const struct fold payment_folds[] = {
/*   fact                                from                                                      to                           values */
    {&payment_opened_v1_schema,          FROM_NOTHING,                                             TO_(DUE),                    fold_opened},
    {&payment_attempt_opened_v1_schema,  S(DUE),                                                   TO_SAME,                     fold_attempt_opened},
    {&payment_link_ready_v1_schema,      S(DUE),                                                   TO_SAME,                     fold_link_ready},
    {&payment_attempt_pending_v1_schema, S(DUE) | S(LAPSED),                                       TO_SAME,                     fold_attempt_pending},
    {&payment_attempt_failed_v1_schema,  S(DUE) | S(LAPSED),                                       TO_SAME,                     fold_attempt_failed},
    {&payment_received_v1_schema,        S(DUE) | S(HELD) | S(SETTLING),                           TO_SAME,                     fold_received},
    {&payment_received_v1_schema,        S(SETTLED) | S(LAPSED),                                   TO_(SETTLING),               fold_received},
    {&payment_held_v1_schema,            S(DUE),                                                   TO_(HELD),                   fold_held},
    {&payment_unmatched_v1_schema,       FROM_NOTHING,                                             TO_(UNMATCHED),              fold_unmatched},
    {&payment_lapsed_v1_schema,          S(DUE),                                                   TO_(LAPSED) | TO_(SETTLING) | TO_(SETTLED), fold_lapsed},
    {&payment_split_decided_v1_schema,   S(HELD),                                                  TO_(SETTLING) | TO_(SETTLED), fold_split_decided},
    {&payment_refund_ordered_v1_schema,  S(DUE) | S(HELD) | S(SETTLING),                           TO_SAME,                     fold_refund_ordered},
    {&payment_refund_ordered_v1_schema,  S(SETTLED) | S(LAPSED) | S(UNMATCHED),                    TO_(SETTLING),               fold_refund_ordered},
    {&payment_payout_ordered_v1_schema,  S(HELD) | S(SETTLING),                                    TO_SAME,                     fold_payout_ordered},
    {&payment_payout_ordered_v1_schema,  S(SETTLED),                                               TO_(SETTLING),               fold_payout_ordered},
    {&payment_order_sending_v1_schema,   S(DUE) | S(HELD) | S(SETTLING),                           TO_SAME,                     fold_order_sending},
    {&payment_order_sent_v1_schema,      S(DUE) | S(HELD) | S(SETTLING),                           TO_SAME,                     fold_order_sent},
    {&payment_order_unknown_v1_schema,   S(DUE) | S(HELD) | S(SETTLING),                           TO_SAME,                     fold_order_unknown},
    {&payment_fee_noted_v1_schema,       S(DUE) | S(HELD) | S(SETTLING) | S(SETTLED),              TO_SAME,                     fold_journal},
    {&payment_refunded_v1_schema,        S(DUE) | S(HELD) | S(SETTLED),                            TO_SAME,                     fold_refunded},
    {&payment_refunded_v1_schema,        S(SETTLING),                                              TO_SAME | TO_(SETTLED),      fold_refunded},
    {&payment_paid_out_v1_schema,        S(HELD) | S(SETTLED),                                     TO_SAME,                     fold_paid_out},
    {&payment_paid_out_v1_schema,        S(SETTLING),                                              TO_SAME | TO_(SETTLED),      fold_paid_out},
    {&payment_refund_failed_v1_schema,   S(DUE) | S(HELD) | S(SETTLING),                           TO_SAME,                     fold_refund_failed},
    {&payment_payout_failed_v1_schema,   S(HELD) | S(SETTLING),                                    TO_SAME,                     fold_payout_failed},
    {&payment_refund_withheld_v1_schema, S(DUE) | S(HELD) | S(SETTLING),                           TO_SAME,                     fold_refund_withheld},
    {&payment_payout_reversed_v1_schema, S(DUE) | S(HELD) | S(SETTLING),                           TO_SAME,                     fold_payout_reversed},
    {&payment_payout_reversed_v1_schema, S(SETTLED),                                               TO_SAME | TO_(SETTLING),     fold_payout_reversed},
    {&payment_charged_back_v1_schema,    S(DUE) | S(HELD) | S(SETTLING) | S(SETTLED) | S(UNMATCHED), TO_SAME,                   fold_charged_back},
    {&payment_chargeback_won_v1_schema,  S(DUE) | S(HELD) | S(SETTLED) | S(UNMATCHED),             TO_SAME,                     fold_chargeback_won},
    {&payment_chargeback_won_v1_schema,  S(SETTLING),                                              TO_SAME | TO_(SETTLED),      fold_chargeback_won},
    {&payment_chargeback_lost_v1_schema, S(DUE) | S(SETTLED),                                      TO_SAME,                     fold_chargeback_lost},
    {&payment_chargeback_lost_v1_schema, S(HELD),                                                  TO_SAME | TO_(SETTLING) | TO_(SETTLED), fold_chargeback_lost},
    {&payment_chargeback_lost_v1_schema, S(SETTLING) | S(UNMATCHED),                               TO_SAME | TO_(SETTLED),      fold_chargeback_lost},
    {&payment_goodwill_granted_v1_schema, S(HELD) | S(SETTLING) | S(SETTLED),                      TO_SAME,                     fold_journal},
    {&payment_set_aside_v1_schema,       S(DUE) | S(HELD) | S(SETTLED),                            TO_SAME,                     fold_set_aside},
    {&payment_set_aside_v1_schema,       S(SETTLING) | S(LAPSED) | S(UNMATCHED),                   TO_SAME | TO_(SETTLED),      fold_set_aside},
    {&payment_closed_v1_schema,          S(SETTLED) | S(LAPSED),                                   TO_(CLOSED),                 NULL},
    {0},
};
/* clang-format on */
