/* SPDX-License-Identifier: Apache-2.0
 * Money is ordered to go out: to the traveller, back to the sender, as goodwill; again where it failed; set
 * aside where nobody is reached (M9, M14, M18, M19). An order is made at once; the hold of a tier or of a new
 * account is the payments service's to keep before it sends. */
#include <string.h>

#include "shared/domain/limits.h"
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

static int64_t next_order(const struct payment_state *payment)
{
    return payment->orders_count + 1;
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

/* The route staff chose; 0: as always. */
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

/* Up to amount of this charge goes back. Returns what was ordered. */
static int64_t refund_charge(struct rule_situation *s, const struct charge *charge, int64_t amount)
{
    const struct payment_state *payment = s->world->payment;
    int64_t left = payment_charge_left(payment, charge);
    struct money_order order = {.n = next_order(payment),
                                .kind = ORDER_KIND_REFUND,
                                .to = PARTY_SENDER,
                                .amount = left < amount ? left : amount,
                                .try = 1,
                                .has_charge = true};

    if (order.amount == 0 || payment->orders_count == PAYMENT_ORDERS)
        return 0;
    memcpy(order.charge, charge->charge, sizeof(order.charge));
    memcpy(order.currency, charge->currency, sizeof(order.currency));
    emit_refund_ordered(s, &order, 0);
    return order.amount;
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
    }
}

static void order_payout(struct rule_situation *s, int32_t to, int64_t amount, int32_t kind)
{
    const struct payment_state *payment = s->world->payment;
    struct money_order order = {.n = next_order(payment), .kind = kind, .to = to, .amount = amount, .try = 1};

    memcpy(order.currency, payment->currency, sizeof(order.currency));
    emit_payout_ordered(s, &order, 0);
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
        order_payout(situation, PARTY_TRAVELLER, payable.to_traveller, ORDER_KIND_PAYOUT);
    payment_order_refunds(situation);
}

/* M14: the same order again, under a new reference. */
static const struct payment_retry_order_v1 *retry(const struct rule_situation *s)
{
    return s->command->data;
}

static const struct money_order *retried(const struct rule_situation *s)
{
    return payment_order(s->world->payment, retry(s)->order);
}

enum refusal order_known(const struct rule_situation *s)
{
    return retried(s) ? REFUSAL_NONE : REFUSAL_ORDER_NOT_FAILED;
}

/* The timer's arming number is the try that failed. */
enum refusal retry_still_awaited(const struct rule_situation *s)
{
    const struct money_order *order = retried(s);

    return order && payment_order_fell(order) && order->try == s->epoch ? REFUSAL_NONE : REFUSAL_TIMER_VOID;
}

/* A traveller sends only their own payout again. */
enum refusal order_not_of_another(const struct rule_situation *s)
{
    return retried(s)->to == PARTY_TRAVELLER ? REFUSAL_NONE : REFUSAL_NOT_ALLOWED;
}

enum refusal order_fell(const struct rule_situation *s)
{
    return payment_order_fell(retried(s)) ? REFUSAL_NONE : REFUSAL_ORDER_NOT_FAILED;
}

enum refusal tries_left(const struct rule_situation *s)
{
    return retried(s)->try < COUNT_ORDER_TRIES ? REFUSAL_NONE : REFUSAL_TRY_LIMIT;
}

enum refusal no_refund_while_claimed_back(const struct rule_situation *s)
{
    return retried(s)->kind == ORDER_KIND_REFUND ? nothing_claimed_back(s) : REFUSAL_NONE;
}

enum refusal route_not_of_a_payout(const struct rule_situation *s)
{
    return retry(s)->has_route && retried(s)->kind == ORDER_KIND_PAYOUT ? REFUSAL_NOT_ALLOWED : REFUSAL_NONE;
}

static const struct profile_state *payee(const struct rule_situation *s)
{
    const struct profile_state *traveller = s->world->traveller;

    return traveller && traveller->version > 0 && traveller->payout_n > 0 ? traveller : NULL;
}

enum refusal payout_account_set(const struct rule_situation *s)
{
    return retried(s)->to != PARTY_TRAVELLER || payee(s) ? REFUSAL_NONE : REFUSAL_PAYOUT_ACCOUNT_MISSING;
}

enum refusal payout_account_held(const struct rule_situation *s)
{
    const struct profile_state *traveller = payee(s);

    return traveller && (!traveller->has_payout_since ||
                         s->now_ms >= traveller->payout_since + limits_delay(DELAY_ACCOUNT_HOLD))
               ? REFUSAL_NONE
               : REFUSAL_PAYOUT_ACCOUNT_MISSING;
}

void act_retry(struct rule_situation *s)
{
    struct money_order again = *retried(s);

    again.try++;
    if (again.kind == ORDER_KIND_REFUND)
        emit_refund_ordered(s, &again, retry(s)->has_route ? retry(s)->route : 0);
    else
        emit_payout_ordered(s, &again, retry(s)->has_route ? retry(s)->route : 0);
}

/* M18: what we pay ourselves. */
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
    return s->world->payment->orders_count < PAYMENT_ORDERS - PAYMENT_ORDERS_SPARE ? REFUSAL_NONE
                                                                                   : REFUSAL_TRY_LIMIT;
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
    order_payout(s, fact.to, fact.amount, ORDER_KIND_GOODWILL);
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

enum refusal order_long_unmoved(const struct rule_situation *s)
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
