/* SPDX-License-Identifier: Apache-2.0
 * Money is ordered to go out: the split of what is held, back to the sender what is too much. An order is
 * made at once; the hold of a tier or of a new account is the payments service's to keep before it sends. */
#include <string.h>

#include "shared/domain/payment_facts.h"
#include "shared/domain/payment_reference.h"
#include "shared/domain/payment_rows.h"
#include "shared/domain/policy.h"

int64_t payment_escrow(const struct payment_state *payment)
{
    return -ledger_balance(payment, payment->currency, ACCOUNT_ESCROW);
}

bool payment_chargeback_open(const struct payment_state *payment)
{
    return payment_chargebacks_open(payment, NULL);
}

int32_t payment_settles(const struct payment_state *payment, int64_t but_order)
{
    bool over = !payment_orders_open(payment, but_order) && !payment_chargebacks_open(payment, NULL);

    return payment->state == PAYMENT_STATUS_SETTLING && over ? PAYMENT_STATUS_SETTLED : SAME;
}

/* An order wakes what was settled, lapsed or unmatched. */
static int32_t state_ordering(const struct payment_state *payment)
{
    return payment->state == PAYMENT_STATUS_DUE || payment->state == PAYMENT_STATUS_HELD
               ? SAME
               : PAYMENT_STATUS_SETTLING;
}

/* The number and try of the next order. Where all places are taken, what was withheld for good gives its
 * own: payment_has_order_room sees to it that one did. */
static bool next_order(const struct payment_state *payment, struct money_order *order)
{
    const struct money_order *withheld = payment_order_withheld(payment);

    if (payment->orders_count < PAYMENT_ORDERS) {
        order->n = payment->orders_count + 1;
        order->try = 1;
        return true;
    }
    if (withheld) {
        order->n = withheld->n;
        order->try = withheld->try + 1;
    }
    return withheld != NULL;
}

static void write_reference(const struct payment_state *payment, const struct money_order *order,
                            char ret_text[PAYMENT_REFERENCE_SIZE])
{
    static const enum payment_reference_kind kinds[] = {[ORDER_KIND_REFUND] = PAYMENT_REFERENCE_REFUND,
                                                        [ORDER_KIND_PAYOUT] = PAYMENT_REFERENCE_PAYOUT,
                                                        [ORDER_KIND_GOODWILL] = PAYMENT_REFERENCE_GOODWILL};
    const struct payment_reference reference = {.base = payment->has_booking ? payment->booking : payment->id,
                                                .kind = kinds[order->kind],
                                                .n = order->n,
                                                .try = order->try};

    payment_reference_write(&reference, ret_text);
}

static void emit_refund_ordered(struct rule_situation *s, const struct money_order *order, int32_t route)
{
    const struct payment_state *payment = s->world->payment;
    struct payment_refund_ordered_v1 fact = {.state = state_ordering(payment),
                                             .order = order->n,
                                             .try = order->try,
                                             .amount = order->amount,
                                             .has_route = route != 0,
                                             .route = route};

    write_reference(payment, order, fact.reference);
    memcpy(fact.charge, order->charge, sizeof(fact.charge));
    memcpy(fact.currency, order->currency, sizeof(fact.currency));
    PAYMENT_JOURNAL(s, payment_refund_ordered_v1, fact, .currency = order->currency, .amount = order->amount);
    rule_emit(s, &payment_refund_ordered_v1_schema, &fact);
}

static void emit_payout_ordered(struct rule_situation *s, const struct money_order *order, int32_t route)
{
    const struct payment_state *payment = s->world->payment;
    struct payment_payout_ordered_v1 fact = {.state = state_ordering(payment),
                                             .order = order->n,
                                             .try = order->try,
                                             .to = order->to,
                                             .amount = order->amount,
                                             .has_route = route != 0,
                                             .route = route,
                                             .goodwill = order->kind == ORDER_KIND_GOODWILL};

    write_reference(payment, order, fact.reference);
    memcpy(fact.currency, order->currency, sizeof(fact.currency));
    PAYMENT_JOURNAL(s, payment_payout_ordered_v1, fact, .currency = order->currency, .amount = order->amount,
                    .party = payment_party_account(order->to));
    rule_emit(s, &payment_payout_ordered_v1_schema, &fact);
}

void payment_order_out(struct rule_situation *s, const struct money_order *order, int32_t route)
{
    if (order->kind == ORDER_KIND_REFUND)
        emit_refund_ordered(s, order, route);
    else
        emit_payout_ordered(s, order, route);
}

/* Up to amount of this charge goes back. Returns what was ordered. */
static int64_t refund_charge(struct rule_situation *s, const struct charge *charge, int64_t amount)
{
    const struct payment_state *payment = s->world->payment;
    int64_t left = payment_charge_left(payment, charge);
    struct money_order order = {.kind = ORDER_KIND_REFUND,
                                .to = PARTY_SENDER,
                                .amount = left < amount ? left : amount,
                                .has_charge = true};

    if (order.amount == 0 || !next_order(payment, &order))
        return 0;
    memcpy(order.charge, charge->charge, sizeof(order.charge));
    memcpy(order.currency, charge->currency, sizeof(order.currency));
    payment_order_out(s, &order, 0);
    return order.amount;
}

/* Where nothing is left under way, that was the last of it. */
static int32_t state_aside(const struct payment_state *payment)
{
    return payment->state == PAYMENT_STATUS_LAPSED || payment->state == PAYMENT_STATUS_UNMATCHED
               ? PAYMENT_STATUS_SETTLED
               : payment_settles(payment, 0);
}

void payment_aside(struct rule_situation *s, const char *currency, int64_t amount)
{
    const struct payment_state *payment = s->world->payment;
    struct payment_set_aside_v1 fact = {
        .state = state_aside(payment), .owed_to = PARTY_SENDER, .amount = amount};

    memcpy(fact.currency, currency, sizeof(fact.currency));
    PAYMENT_JOURNAL(s, payment_set_aside_v1, fact, .currency = currency, .amount = amount,
                    .party = ACCOUNT_SENDER);
    rule_emit(s, &payment_set_aside_v1_schema, &fact);
}

void payment_order_refunds(struct rule_situation *s)
{
    const struct payment_state *payment = s->world->payment;

    if (payment_chargebacks_open(payment, NULL))
        return;
    for (int b = 0; b < payment->balances_count; b++) {
        const char *currency = payment->balances[b].currency;
        int64_t due = payment_refund_due(payment, currency);

        for (int c = payment->charges_count - 1; c >= 0 && due > 0; c--)
            if (strcmp(payment->charges[c].currency, currency) == 0)
                due -= refund_charge(s, &payment->charges[c], due);
        if (due > 0)
            payment_aside(s, currency, due);
    }
}

void payment_order_payout(struct rule_situation *s, int32_t to, int64_t amount, int32_t kind)
{
    const struct payment_state *payment = s->world->payment;
    struct money_order order = {.kind = kind, .to = to, .amount = amount};

    if (!next_order(payment, &order))
        return;
    memcpy(order.currency, payment->currency, sizeof(order.currency));
    payment_order_out(s, &order, 0);
}

/* What could still go back to the sender: charges less what went back, is ordered to, or was lost. */
static int64_t returnable(const struct payment_state *payment)
{
    int64_t sum = payment_charges_left(payment);

    for (int i = 0; i < payment->charges_count; i++)
        if (payment_is_own(payment, payment->charges[i].currency) && payment->charges[i].has_chargeback &&
            payment->charges[i].chargeback == CHARGEBACK_STATE_OPENED)
            sum += payment->charges[i].charged_back;
    return sum;
}

/* What the sender has claimed back already does not go back a second time: it makes up our loss. */
static struct split split_payable(const struct payment_state *payment, const struct split *asked)
{
    struct split split = policy_fit(asked, payment_escrow(payment));
    int64_t most = returnable(payment) - payment_refund_due(payment, payment->currency);

    most = most > 0 ? most : 0;
    if (split.to_sender > most) {
        split.to_fees += split.to_sender - most;
        split.to_sender = most;
    }
    return split;
}

static void emit_split(struct rule_situation *s, const struct split *split)
{
    const struct payment_state *payment = s->world->payment;
    bool goes_on = split->to_traveller > 0 || split->to_sender > 0 || payment_orders_open(payment, 0) ||
                   payment_chargebacks_open(payment, NULL);
    struct payment_split_decided_v1 fact = {
        .state = goes_on ? PAYMENT_STATUS_SETTLING : PAYMENT_STATUS_SETTLED, .split = *split};

    memcpy(fact.currency, payment->currency, sizeof(fact.currency));
    PAYMENT_JOURNAL(s, payment_split_decided_v1, fact, .currency = payment->currency,
                    .amount = payment_escrow(payment), .split = *split);
    rule_emit(s, &payment_split_decided_v1_schema, &fact);
}

void payment_split(struct rule_situation *situation, const struct split *split)
{
    const struct payment_state *payment = situation->world->payment;
    struct split payable;

    if (payment->state != PAYMENT_STATUS_HELD)
        return;
    payable = split_payable(payment, split);
    emit_split(situation, &payable);
    if (payable.to_traveller > 0)
        payment_order_payout(situation, PARTY_TRAVELLER, payable.to_traveller, ORDER_KIND_PAYOUT);
    payment_order_refunds(situation);
}
