/* SPDX-License-Identifier: Apache-2.0
 * The money of a booking: due -> held -> settling -> settled -> closed; lapsed where nobody paid, unmatched
 * where nobody knows whose it is. The rows below are the specification (M1-M20); its words stand in
 * payment_attempt.c, payment_charge.c, payment_order.c, payment_report.c and payment_chargeback.c, its
 * journals in ledger.c. P rows are sent after the provider was asked: what it says is a fact, what is new
 * about it is decided here. */
#include <string.h>

#include "shared/domain/payment_rows.h"

static uint32_t who(const struct domain_world *world, const char *principal)
{
    const struct payment_state *payment = world->payment;
    uint32_t is = 0;

    if (payment->has_sender && strcmp(payment->sender.text, principal) == 0)
        is |= WHO_SENDER;
    if (payment->has_traveller && strcmp(payment->traveller.text, principal) == 0)
        is |= WHO_TRAVELLER;
    return is;
}

/* It travels with its booking. */
static const struct id *key(const struct domain_world *world)
{
    return world->payment->has_booking ? &world->payment->booking : &world->payment->id;
}

static enum refusal timer_is_newest(const struct rule_situation *s)
{
    return s->epoch == s->world->payment->close_epoch ? REFUSAL_NONE : REFUSAL_TIMER_VOID;
}

static enum refusal no_order_or_chargeback_open(const struct rule_situation *s)
{
    const struct payment_state *payment = s->world->payment;

    return payment_orders_open(payment, 0) || payment_chargebacks_open(payment, NULL) ? REFUSAL_MONEY_OPEN
                                                                                      : REFUSAL_NONE;
}

static enum refusal accounts_even(const struct rule_situation *s)
{
    return ledger_is_even(s->world->payment) ? REFUSAL_NONE : REFUSAL_MONEY_OPEN;
}

/* Staff do not decide about money of their own. */
static enum refusal not_a_party(const struct rule_situation *s)
{
    return rule_is(s, WHO_SENDER | WHO_TRAVELLER) ? REFUSAL_NOT_ALLOWED : REFUSAL_NONE;
}

static void act_close(struct rule_situation *s)
{
    EMIT(s, payment_closed_v1, .state = PAYMENT_STATUS_CLOSED);
}

#define ON(state)      FROM(PAYMENT_STATUS_##state)
#define OPEN           (ON(DUE) | ON(HELD) | ON(SETTLING))
#define OPEN_OR_OVER   (OPEN | ON(SETTLED))
#define BECOMES(state) PAYMENT_STATUS_##state
#define NEW_CHARGE                                                                                           \
    GUARD(charge_new), GUARD(charge_not_empty), GUARD(charge_has_room), GUARD(currency_has_room)
#define SENT_BACK                                                                                            \
    {                                                                                                        \
        "payment.received", "?payment.refund_ordered"                                                        \
    }
#define ORDERED                                                                                              \
    {                                                                                                        \
        "?payment.refund_ordered", "?payment.payout_ordered"                                                 \
    }

/* clang-format off */
static const struct rule rules[] = {
/*   no     command                   from                      who            where */
/* before money is there */
    {"M1",  "payment.record_link",    ON(DUE),                  WHO_PAYMENTS,  ALWAYS,
     {GUARD(attempt_n_open)},
     {"payment.link_ready"}, SAME, act_link},
    {"M2",  "payment.record_attempt", ON(DUE) | ON(LAPSED),     WHO_PAYMENTS,  WHEN(attempt_is_pending),
     {GUARD(attempt_n_news)},
     {"payment.attempt_pending"}, SAME, act_attempt_pending},
    {"M2",  "payment.record_attempt", ON(DUE) | ON(LAPSED),     WHO_PAYMENTS,  ALWAYS,
     {GUARD(attempt_n_news)},
     {"payment.attempt_failed"}, SAME, act_attempt_failed},

/* money comes in */
    {"M3",  "payment.record_charge",  ON(DUE),                  WHO_PAYMENTS,  WHEN(own_currency_and_enough),
     {NEW_CHARGE},
     {"payment.received", "payment.held", "booking.paid", "?payment.refund_ordered", "?payment.set_aside"},
     BECOMES(HELD), act_paid},
    {"M4",  "payment.record_charge",  ON(DUE),                  WHO_PAYMENTS,  WHEN(own_currency),
     {NEW_CHARGE},
     {"payment.received"}, SAME, act_part_paid},
    {"M5",  "payment.record_charge",  OPEN,                     WHO_PAYMENTS,  WHEN(other_currency),
     {NEW_CHARGE},
     SENT_BACK, SAME, act_paid_and_sent_back},
    {"M5",  "payment.record_charge",  ON(SETTLED) | ON(LAPSED), WHO_PAYMENTS,  WHEN(other_currency),
     {NEW_CHARGE},
     SENT_BACK, BECOMES(SETTLING), act_paid_and_sent_back},
    {"M6",  "payment.record_charge",  ON(HELD) | ON(SETTLING),  WHO_PAYMENTS,  ALWAYS,
     {NEW_CHARGE},
     SENT_BACK, SAME, act_paid_and_sent_back},
    {"M6",  "payment.record_charge",  ON(SETTLED),              WHO_PAYMENTS,  ALWAYS,
     {NEW_CHARGE},
     SENT_BACK, BECOMES(SETTLING), act_paid_and_sent_back},
    {"M7",  "payment.record_charge",  ON(LAPSED),               WHO_PAYMENTS,  ALWAYS,
     {NEW_CHARGE},
     SENT_BACK, BECOMES(SETTLING), act_paid_and_sent_back},
    {"M8",  "payment.record_charge",  FROM_NOTHING | ON(UNMATCHED), WHO_PAYMENTS, ALWAYS,
     {GUARD(charge_new), GUARD(payment_is_of_this_charge), GUARD(charge_not_empty)},
     {"payment.unmatched"}, BECOMES(UNMATCHED), act_unmatched},
    {"M9",  "payment.return_unmatched", ON(UNMATCHED),          WHO_STAFF,     ALWAYS,
     {GUARD(nothing_claimed_back)},
     {"payment.refund_ordered", "?payment.set_aside"}, BECOMES(SETTLING), act_return},

/* orders go out */
    {"M10", "payment.record_order",   OPEN,                     WHO_PAYMENTS,  WHEN(outcome_is_sending),
     {GUARD(try_is_ordered)},
     {"payment.order_sending"}, SAME, act_sending},
    {"M10", "payment.record_order",   OPEN,                     WHO_PAYMENTS,  WHEN(outcome_is_sent),
     {GUARD(try_is_claimed)},
     {"payment.order_sent"}, SAME, act_sent},
    {"M10", "payment.record_order",   OPEN,                     WHO_PAYMENTS,  WHEN(outcome_is_unknown),
     {GUARD(try_is_under_way)},
     {"payment.order_unknown"}, SAME, act_unknown},
    {"M10", "payment.record_order",   OPEN_OR_OVER,             WHO_PAYMENTS,  WHEN(outcome_is_fee),
     {GUARD(try_was_done), GUARD(fee_told)},
     {"payment.fee_noted"}, SAME, act_fee},
    {"M11", "payment.record_order",   OPEN_OR_OVER,             WHO_PAYMENTS,  WHEN(outcome_is_done),
     {GUARD(try_is_known), GUARD(try_not_done), GUARD(amount_is_the_order_s)},
     {"?payment.refunded", "?payment.paid_out"}, SAME, act_done}, /* settled with the last */
    {"M12", "payment.record_order",   OPEN,                     WHO_PAYMENTS,  WHEN(outcome_is_failed),
     {GUARD(try_is_known), GUARD(try_not_over)},
     {"?payment.refund_failed", "?payment.payout_failed"}, SAME, act_failed},
    {"M13", "payment.record_reversal", OPEN_OR_OVER,            WHO_PAYMENTS,  ALWAYS,
     {GUARD(reversed_was_done), GUARD(reversal_new), GUARD(reversed_amount_is_the_order_s)},
     {"payment.payout_reversed", "?payment.refund_ordered", "?payment.set_aside"}, SAME,
     act_reversed}, /* from settled: settling */
    {"M14", "payment.retry_order",    OPEN,                     WHO_SYSTEM,    ALWAYS,
     {GUARD(retry_still_awaited), GUARD(tries_left), GUARD(no_refund_while_claimed_back)},
     ORDERED, SAME, act_retry},
    {"M14", "payment.retry_order",    OPEN,                     WHO_TRAVELLER, ALWAYS,
     {GUARD(order_failed), GUARD(order_to_traveller), GUARD(tries_left), GUARD(route_not_chosen),
      GUARD(payout_account_held_24_hours)},
     ORDERED, SAME, act_retry},
    {"M14", "payment.retry_order",    OPEN,                     WHO_SENDER,    ALWAYS,
     {GUARD(order_failed), GUARD(order_is_goodwill_to_sender), GUARD(tries_left), GUARD(route_not_chosen),
      GUARD(payout_account_held_24_hours)},
     ORDERED, SAME, act_retry},
    {"M14", "payment.retry_order",    OPEN,                     WHO_STAFF,     ALWAYS,
     {GUARD(order_failed), GUARD(tries_left_for_staff), GUARD(no_refund_while_claimed_back),
      GUARD(route_not_of_a_payout), GUARD(payout_account_set)},
     ORDERED, SAME, act_retry}, /* below the parties: of a booking of their own staff are its party */

/* a payer claims back */
    {"M15", "payment.record_chargeback", OPEN_OR_OVER | ON(UNMATCHED), WHO_PAYMENTS, ALWAYS,
     {GUARD(charge_known), GUARD(chargeback_new), GUARD(chargeback_within_charge)},
     {"payment.charged_back", "?payment.refund_withheld", "?booking.disputed", "?trip.space_released",
      "?parcel.unbooked"}, SAME, act_charged_back},
    {"M16", "payment.record_chargeback_won", OPEN_OR_OVER | ON(UNMATCHED), WHO_PAYMENTS | WHO_STAFF, ALWAYS,
     {GUARD(not_a_party), GUARD(won_charge_open)},
     {"payment.chargeback_won", "?payment.refund_withheld", "?payment.refund_ordered", "?payment.held", "?booking.paid",
      "?payment.set_aside"}, SAME, act_chargeback_won},
    {"M17", "payment.record_chargeback_lost", OPEN_OR_OVER | ON(UNMATCHED), WHO_PAYMENTS | WHO_STAFF, ALWAYS,
     {GUARD(not_a_party), GUARD(lost_charge_open)},
     {"payment.chargeback_lost", "?payment.refund_withheld", "?payment.refund_ordered", "?booking.resolved",
      "?payment.set_aside"}, SAME, act_chargeback_lost}, /* settled where nothing is held and no order open */

/* the end */
    {"M18", "payment.indemnify",      ON(HELD) | ON(SETTLING),  WHO_LEAD,      ALWAYS,
     {GUARD(not_a_party), GUARD(goodwill_to_sender_or_traveller), GUARD(goodwill_in_cover), GUARD(goodwill_has_room)},
     {"payment.goodwill_granted", "payment.payout_ordered"}, SAME, act_indemnify},
    {"M18", "payment.indemnify",      ON(SETTLED),              WHO_LEAD,      ALWAYS,
     {GUARD(not_a_party), GUARD(goodwill_to_sender_or_traveller), GUARD(goodwill_in_cover), GUARD(goodwill_has_room)},
     {"payment.goodwill_granted", "payment.payout_ordered"}, BECOMES(SETTLING), act_indemnify},
    {"M19", "payment.set_order_aside", ON(SETTLING),            WHO_LEAD,      ALWAYS,
     {GUARD(order_tried_in_full), GUARD(nothing_moved_for_90_days)},
     {"payment.set_aside"}, SAME, act_set_aside}, /* settled with the last */
    {"M20", "payment.close",          ON(SETTLED) | ON(LAPSED), WHO_SYSTEM,    ALWAYS,
     {GUARD(timer_is_newest), GUARD(no_order_or_chargeback_open), GUARD(accounts_even)},
     {"payment.closed"}, BECOMES(CLOSED), act_close},
    {0},
};
/* clang-format on */

const struct machine payment_machine = {
    .kind = "payment",
    .slot = SLOT_PAYMENT,
    .state = &payment_state_schema,
    .rules = rules,
    .folds = payment_folds,
    .terminal = FROM(PAYMENT_STATUS_CLOSED),
    .states = payment_status_choices,
    .who = who,
    .key = key,
};
