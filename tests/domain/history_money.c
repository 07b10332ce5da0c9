/* SPDX-License-Identifier: Apache-2.0
 * What the payments service, staff and travellers say about money: charges of the right amount, too little,
 * too much, twice, in another currency, of nobody; orders done, failed, unknown, told twice or of another
 * try; claims back, and how they end. */
#include <stdio.h>
#include <string.h>

#include "shared/domain/payment_facts.h"
#include "shared/domain/payment_known.h"
#include "tests/domain/history.h"

#define DATA(type) struct type *data = told->data

static void set_currency(struct telling *told, char currency[4])
{
    strcpy(currency, percent(told->chance, 94)   ? told->payment->currency
                     : percent(told->chance, 50) ? "XAF"
                                                 : "EUR");
    if (currency[0] == '\0')
        strcpy(currency, "XOF");
}

static void fill_link(struct telling *told)
{
    DATA(payment_record_link_v1);

    data->n = told->payment->attempts_count - (percent(told->chance, 10) ? 1 : 0);
    data->n = data->n < 1 ? 1 : data->n;
    strcpy(data->link, "https://pay.example/1");
    data->expires = told->history->now + 30 * MINUTES;
}

static void fill_attempt(struct telling *told)
{
    DATA(payment_record_attempt_v1);

    data->n = between(told->chance, 1, told->payment->attempts_count);
    data->outcome = (int32_t)between(told->chance, ATTEMPT_OUTCOME_PENDING, ATTEMPT_OUTCOME_EXPIRED);
}

static int64_t amount_paid(struct telling *told)
{
    int64_t left = payment_due_left(told->payment);

    if (percent(told->chance, 60))
        return left;
    if (percent(told->chance, 50))
        return between(told->chance, 0, left);
    return left + (percent(told->chance, 40) ? between(told->chance, 1, 60) : between(told->chance, 0, 4000));
}

static void fill_charge(struct telling *told)
{
    DATA(payment_record_charge_v1);
    const struct payment_state *payment = told->payment;
    int stray = (int)(payment - told->history->live.payments) - BOOKINGS;

    if (stray >= 0 && percent(told->chance, 95))
        strcpy(data->charge, town_stray(stray));
    else
        (void)snprintf(data->charge, sizeof(data->charge), "charge-%d",
                       percent(told->chance, 85) ? told->history->charges++
                                                 : (int)between(told->chance, 0, told->history->charges));
    data->has_reference = payment->attempts_count > 0 && percent(told->chance, 90);
    if (data->has_reference)
        strcpy(data->reference,
               payment->attempts[between(told->chance, 0, payment->attempts_count - 1)].reference);
    data->amount = payment->state == PAYMENT_STATUS_DUE ? amount_paid(told) : between(told->chance, 0, 20000);
    set_currency(told, data->currency);
    data->fee = percent(told->chance, 50) ? data->amount * 3 / 100 : 0;
}

static const struct money_order *order_by_chance(struct telling *told)
{
    const struct payment_state *payment = told->payment;
    const struct money_order *found = NULL;
    uint64_t seen = 0;

    for (int i = 0; i < payment->orders_count; i++) {
        const struct money_order *order = &payment->orders[i];
        bool open = payment_order_moving(order) || payment_order_fell(order);

        if ((open || percent(told->chance, 15)) && chance_next(told->chance) % ++seen == 0)
            found = order;
    }
    return found;
}

/* What comes next of an order that is where it is. */
static int32_t outcome_expected(struct telling *told, const struct money_order *order)
{
    if (percent(told->chance, 20))
        return (int32_t)between(told->chance, ORDER_OUTCOME_SENDING, ORDER_OUTCOME_FEE_NOTED);
    switch (order->state) {
    case ORDER_STATE_ORDERED:
        return percent(told->chance, 60) ? ORDER_OUTCOME_SENDING : ORDER_OUTCOME_FAILED;
    case ORDER_STATE_SENDING:
        return percent(told->chance, 70) ? ORDER_OUTCOME_SENT : ORDER_OUTCOME_UNKNOWN;
    default:
        return percent(told->chance, order->try > 1 ? 15 : 55) ? ORDER_OUTCOME_DONE : ORDER_OUTCOME_FAILED;
    }
}

static void fill_order(struct telling *told)
{
    DATA(payment_record_order_v1);
    const struct money_order *order = order_by_chance(told);

    data->order = data->try = 1;
    data->outcome = ORDER_OUTCOME_SENT;
    if (!order)
        return;
    data->order = order->n;
    data->try = percent(told->chance, 90) ? order->
    try : between(told->chance, 1, order->try + 1)
        ;
    data->outcome = outcome_expected(told, order);
    data->has_amount = data->has_currency = percent(told->chance, 97);
    data->amount = order->amount + (percent(told->chance, 4) ? 1 : 0);
    strcpy(data->currency, order->currency);
    data->has_fee = percent(told->chance, 50);
    data->fee = between(told->chance, 0, 60);
    data->has_cause = percent(told->chance, 80);
    data->cause = (int32_t)between(told->chance, ORDER_CAUSE_BAD_ACCOUNT, ORDER_CAUSE_OTHER);
}

static void fill_reversal(struct telling *told)
{
    DATA(payment_record_reversal_v1);
    const struct payment_state *payment = told->payment;
    const struct money_order *order =
        payment->orders_count > 0 ? &payment->orders[between(told->chance, 0, payment->orders_count - 1)]
                                  : NULL;

    data->order = order ? order->n : 1;
    data->try = order ? between(told->chance, 1, order->try) : 1;
    data->amount = order ? order->amount + (percent(told->chance, 5) ? 1 : 0) : 1;
    strcpy(data->currency, order ? order->currency : "XOF");
}

static const struct charge *charge_by_chance(struct telling *told)
{
    const struct payment_state *payment = told->payment;

    return payment->charges_count > 0
               ? &payment->charges[between(told->chance, 0, payment->charges_count - 1)]
               : NULL;
}

static void fill_chargeback(struct telling *told)
{
    DATA(payment_record_chargeback_v1);
    const struct charge *charge = charge_by_chance(told);

    strcpy(data->charge, charge && percent(told->chance, 25) ? charge->charge : "charge-x");
    strcpy(data->currency, charge ? charge->currency : "XOF");
    data->amount = charge && percent(told->chance, 70)
                       ? charge->amount
                       : between(told->chance, 0, charge ? charge->amount + 1 : 5);
    data->fee = percent(told->chance, 50) ? between(told->chance, 0, 2000) : 0;
}

/* Won and lost are told alike. */
static void fill_end(struct telling *told)
{
    const struct charge *charge = charge_by_chance(told);

    strcpy(told->data, charge ? charge->charge : "charge-x");
}

static void fill_retry(struct telling *told)
{
    DATA(payment_retry_order_v1);
    const struct money_order *order = order_by_chance(told);

    data->order = order ? order->n : 1;
    data->has_route = percent(told->chance, 20);
    data->route = ORDER_ROUTE_ACCOUNT;
    data->has_epoch = percent(told->chance, 30);
    data->epoch = between(told->chance, 0, 5);
}

static void fill_indemnify(struct telling *told)
{
    DATA(payment_indemnify_v1);

    data->to = (int32_t)between(told->chance, PARTY_SENDER,
                                percent(told->chance, 10) ? PARTY_STAFF : PARTY_TRAVELLER);
    data->amount =
        percent(told->chance, 70) ? between(told->chance, 0, 2000) : between(told->chance, 0, 90000);
    strcpy(data->statement, "We are sorry.");
}

static void fill_unmatched(struct telling *told)
{
    DATA(payment_return_unmatched_v1);

    data->reason = UNMATCHED_REASON_UNKNOWN_PAYER;
}

/* The order that was tried most often: given up is what nobody could be reached with. */
static void fill_aside(struct telling *told)
{
    DATA(payment_set_order_aside_v1);
    const struct payment_state *payment = told->payment;
    const struct money_order *most = NULL;

    for (int i = 0; i < payment->orders_count; i++)
        if (payment_order_fell(&payment->orders[i]) && (!most || payment->orders[i].try > most->try))
            most = &payment->orders[i];
    data->order = most ? most->n : 1;
}

static void fill_close(struct telling *told)
{
    DATA(payment_close_v1);

    data->has_epoch = true;
    data->epoch = between(told->chance, 0, 12);
}

const struct filling money_fillings[] = {
    {"payment.record_link", fill_link},
    {"payment.record_attempt", fill_attempt},
    {"payment.record_charge", fill_charge},
    {"payment.record_order", fill_order},
    {"payment.record_reversal", fill_reversal},
    {"payment.record_chargeback", fill_chargeback},
    {"payment.record_chargeback_won", fill_end},
    {"payment.record_chargeback_lost", fill_end},
    {"payment.retry_order", fill_retry},
    {"payment.indemnify", fill_indemnify},
    {"payment.return_unmatched", fill_unmatched},
    {"payment.set_order_aside", fill_aside},
    {"payment.close", fill_close},
    {0},
};
