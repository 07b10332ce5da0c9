/* SPDX-License-Identifier: Apache-2.0
 * Questions over the state of a payment; nothing here changes it. */
#include "shared/domain/payment_known.h"

#include <string.h>

#define STATE(state) (1u << ORDER_STATE_##state)

static bool order_in(const struct money_order *order, uint32_t states)
{
    return ((1u << order->state) & states) != 0;
}

const struct attempt *payment_attempt(const struct payment_state *payment, int64_t n)
{
    for (int i = 0; i < payment->attempts_count; i++)
        if (payment->attempts[i].n == n)
            return &payment->attempts[i];
    return NULL;
}

const struct charge *payment_charge(const struct payment_state *payment, const char *charge)
{
    for (int i = 0; i < payment->charges_count; i++)
        if (strcmp(payment->charges[i].charge, charge) == 0)
            return &payment->charges[i];
    return NULL;
}

const struct money_order *payment_order(const struct payment_state *payment, int64_t n)
{
    for (int i = 0; i < payment->orders_count; i++)
        if (payment->orders[i].n == n)
            return &payment->orders[i];
    return NULL;
}

bool payment_is_own(const struct payment_state *payment, const char *currency)
{
    return strcmp(payment->currency, currency) == 0;
}

bool payment_order_moving(const struct money_order *order)
{
    return order_in(order, STATE(ORDERED) | STATE(SENDING) | STATE(SENT) | STATE(UNKNOWN));
}

bool payment_order_fell(const struct money_order *order)
{
    return order_in(order, STATE(FAILED) | STATE(REVERSED));
}

bool payment_orders_open(const struct payment_state *payment, int64_t but)
{
    for (int i = 0; i < payment->orders_count; i++) {
        const struct money_order *order = &payment->orders[i];

        if (order->n != but && (payment_order_moving(order) || payment_order_fell(order)))
            return true;
    }
    return false;
}

static bool chargeback_opened(const struct charge *charge)
{
    return charge->has_chargeback && charge->chargeback == CHARGEBACK_STATE_OPENED;
}

bool payment_chargebacks_open(const struct payment_state *payment, const char *but)
{
    for (int i = 0; i < payment->charges_count; i++)
        if (chargeback_opened(&payment->charges[i]) && (!but || strcmp(payment->charges[i].charge, but) != 0))
            return true;
    return false;
}

/* Tries are at most 100, bits 53. None comes near: COUNT_ORDER_TRIES_STAFF, and one for each claim that
 * withheld the order whose place another took. */
static int64_t try_bit(int64_t number)
{
    return number >= 1 && number <= 53 ? INT64_C(1) << (number - 1) : 0;
}

bool payment_try_done(const struct money_order *order, int64_t number)
{
    return (order->done_tries & try_bit(number)) != 0;
}

bool payment_try_reversed(const struct money_order *order, int64_t number)
{
    return (order->reversed_tries & try_bit(number)) != 0;
}

bool payment_done_otherwise(const struct money_order *order, int64_t number)
{
    return (order->done_tries & ~order->reversed_tries & ~try_bit(number)) != 0;
}

enum account payment_party_account(int32_t party)
{
    return party == PARTY_TRAVELLER ? ACCOUNT_TRAVELLER : ACCOUNT_SENDER;
}

static int64_t charge_less_all(const struct payment_state *payment, const struct charge *charge)
{
    int64_t left = charge->amount - charge->refunded - charge->charged_back;

    for (int i = 0; i < payment->orders_count; i++) {
        const struct money_order *order = &payment->orders[i];

        if (order->kind == ORDER_KIND_REFUND && order->has_charge &&
            strcmp(order->charge, charge->charge) == 0 && !order_in(order, STATE(DONE) | STATE(WITHHELD)))
            left -= order->amount;
    }
    return left;
}

int64_t payment_charge_left(const struct payment_state *payment, const struct charge *charge)
{
    int64_t left = charge_less_all(payment, charge);

    return left > 0 ? left : 0;
}

bool payment_charge_overdrawn(const struct payment_state *payment, const struct charge *charge)
{
    return charge && charge_less_all(payment, charge) < 0;
}

int64_t payment_charges_left(const struct payment_state *payment)
{
    int64_t left = 0;

    for (int i = 0; i < payment->charges_count; i++)
        if (payment_is_own(payment, payment->charges[i].currency))
            left += payment_charge_left(payment, &payment->charges[i]);
    return left;
}

bool payment_has_order_room(const struct payment_state *payment, int orders)
{
    int count = payment->orders_count + orders;

    for (int i = 0; i < payment->charges_count; i++)
        count += payment_charge_left(payment, &payment->charges[i]) > 0;
    for (int i = 0; i < payment->orders_count; i++)
        count += payment->orders[i].kind == ORDER_KIND_REFUND &&
                 (payment->orders[i].state == ORDER_STATE_ORDERED || payment_order_fell(&payment->orders[i]));
    if (payment->state == PAYMENT_STATUS_DUE || payment->state == PAYMENT_STATUS_HELD)
        count += 2; /* a payout, and a second refund of the charge that had an excess */
    return count <= PAYMENT_ORDERS;
}

const struct money_order *payment_order_withheld(const struct payment_state *payment)
{
    for (int i = 0; i < payment->orders_count; i++)
        if (payment->orders[i].state == ORDER_STATE_WITHHELD)
            return &payment->orders[i];
    return NULL;
}

int64_t payment_unordered(const struct payment_state *payment, const char *currency, int32_t party)
{
    int64_t owed = -ledger_balance(payment, currency, payment_party_account(party));

    for (int i = 0; i < payment->orders_count; i++) {
        const struct money_order *order = &payment->orders[i];

        if (payment_order_fell(order) && order->to == party && strcmp(order->currency, currency) == 0)
            owed -= order->amount;
    }
    return owed > 0 ? owed : 0;
}

int64_t payment_refund_due(const struct payment_state *payment, const char *currency)
{
    if (payment->state == PAYMENT_STATUS_DUE && payment_is_own(payment, currency))
        return 0;
    return payment_unordered(payment, currency, PARTY_SENDER);
}
