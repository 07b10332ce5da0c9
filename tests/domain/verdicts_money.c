/* SPDX-License-Identifier: Apache-2.0
 * What is said of money: by the provider, by staff, by the one who is owed. */
#include <string.h>

#include "tests/domain/verdicts.h"

SAYS(links)
{
    DATA(payment_record_link_v1);
    data->n = 1;
    data->expires = NOW + HOURS;
}

static void attempt(void *told, int32_t outcome)
{
    struct payment_record_attempt_v1 *data = told;

    *data = (struct payment_record_attempt_v1){1, outcome};
}

SAYS(pends)
{
    (void)world;
    (void)by_system;
    attempt(told, ATTEMPT_OUTCOME_PENDING);
}

SAYS(fails)
{
    (void)world;
    (void)by_system;
    attempt(told, ATTEMPT_OUTCOME_FAILED);
}

static void charge(void *told, const char *name, int64_t amount, const char *currency)
{
    struct payment_record_charge_v1 *data = told;

    strcpy(data->charge, name);
    data->amount = amount;
    strcpy(data->currency, currency);
    data->fee = 100;
}

SAYS(charges_all)
{
    (void)by_system;
    charge(told, "charge-9", world->payment.total + 10, "XOF");
    if (world->payment.version == 0 || world->payment.state == PAYMENT_STATUS_UNMATCHED)
        domain_unmatched_of("charge-9", &world->payment.id);
}

SAYS(charges_part)
{
    (void)world;
    (void)by_system;
    charge(told, "charge-8", 3000, "XOF");
}

SAYS(charges_foreign)
{
    (void)world;
    (void)by_system;
    charge(told, "charge-8", 3000, "XAF");
}

static void order(void *told, int64_t n, int32_t outcome)
{
    struct payment_record_order_v1 *data = told;

    *data =
        (struct payment_record_order_v1){.order = n,
                                         .try = 1,
                                         .outcome = outcome,
                                         .has_amount = true,
                                         .amount = 500,
                                         .has_currency = true,
                                         .currency = "XOF",
                                         .has_fee = true,
                                         .fee = 25,
                                         .has_cause = outcome == ORDER_OUTCOME_FAILED,
                                         .cause = outcome == ORDER_OUTCOME_FAILED ? ORDER_CAUSE_PROVIDER : 0};
}

#define ORDER(function, n, outcome)                                                                          \
    SAYS(function)                                                                                           \
    {                                                                                                        \
        (void)world;                                                                                         \
        (void)by_system;                                                                                     \
        order(told, n, ORDER_OUTCOME_##outcome);                                                             \
    }
ORDER(claims, 1, SENDING)
ORDER(sends, 2, SENT)
ORDER(knows_not, 2, UNKNOWN)
ORDER(has_done, 2, DONE)
ORDER(has_paid, 3, DONE)
ORDER(has_failed, 2, FAILED)
ORDER(notes_fee, 5, FEE_NOTED)

SAYS(reverses)
{
    DATA(payment_record_reversal_v1);
    *data = (struct payment_record_reversal_v1){5, 1, 500, "XOF"};
}

SAYS(claims_back)
{
    DATA(payment_record_chargeback_v1);
    *data = (struct payment_record_chargeback_v1){.amount = 700, .currency = "XOF", .fee = 100};
    strcpy(data->charge, world->payment.charges[0].charge);
    data->amount = world->payment.charges[0].amount;
}

/* Won and lost are told alike; what is claimed back is with the payer meanwhile. */
SAYS(ends_claim)
{
    struct payment_record_chargeback_won_v1 *data = told;
    struct charge *claimed = &world->payment.charges[0];

    (void)by_system;
    strcpy(data->charge, claimed->charge);
    if (world->payment.version == 0)
        return;
    claimed->has_chargeback = true;
    claimed->chargeback = CHARGEBACK_STATE_OPENED;
    claimed->charged_back = claimed->amount;
    world->payment.balances[0].chargeback += claimed->amount;
    world->payment.balances[0].provider -= claimed->amount;
}

SAYS(retries)
{
    DATA(payment_retry_order_v1);
    *data = (struct payment_retry_order_v1){.order = 3, .has_epoch = by_system, .epoch = by_system ? 1 : 0};
}

SAYS(indemnifies)
{
    DATA(payment_indemnify_v1);
    data->to = PARTY_SENDER;
    data->amount = 1000;
}

SAYS(sends_back)
{
    DATA(payment_return_unmatched_v1);
    data->reason = UNMATCHED_REASON_UNKNOWN_PAYER;
}

SAYS(sets_aside)
{
    DATA(payment_set_order_aside_v1);
    data->order = 4;
}

SAYS(closes)
{
    (void)by_system;
    verdict_epoch(told, world->payment.close_epoch);
    if (world->payment.state == PAYMENT_STATUS_LAPSED)
        world->payment.balances_count = 0;
}

const struct verdict_saying verdict_money_sayings[] = {
    {"payment.record_link", NULL, links},
    {"payment.record_attempt", "pending", pends},
    {"payment.record_attempt", "failed", fails},
    {"payment.record_charge", "all", charges_all},
    {"payment.record_charge", "a part", charges_part},
    {"payment.record_charge", "in XAF", charges_foreign},
    {"payment.record_order", "sending", claims},
    {"payment.record_order", "sent", sends},
    {"payment.record_order", "unknown", knows_not},
    {"payment.record_order", "done", has_done},
    {"payment.record_order", "failed, done", has_paid},
    {"payment.record_order", "failed", has_failed},
    {"payment.record_order", "fee", notes_fee},
    {"payment.record_reversal", NULL, reverses},
    {"payment.retry_order", NULL, retries},
    {"payment.record_chargeback", NULL, claims_back},
    {"payment.record_chargeback_won", NULL, ends_claim},
    {"payment.record_chargeback_lost", NULL, ends_claim},
    {"payment.return_unmatched", NULL, sends_back},
    {"payment.indemnify", NULL, indemnifies},
    {"payment.set_order_aside", NULL, sets_aside},
    {"payment.close", NULL, closes},
    {0},
};
