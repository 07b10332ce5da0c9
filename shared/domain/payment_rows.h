/* SPDX-License-Identifier: Apache-2.0
 * What stands in the rows of payment.c: words, guards and acts, by theme. Seen by the files of the payment
 * only; others use payment_facts.h. */
#ifndef COLIS_DOMAIN_PAYMENT_ROWS_H
#define COLIS_DOMAIN_PAYMENT_ROWS_H

#include "shared/domain/payment_known.h"
#include "shared/domain/rule.h"

extern const struct fold payment_folds[];

/* Fills the entries of a local fact of this type from the payment as it stands. */
#define PAYMENT_JOURNAL(situation, type, local, ...)                                                         \
    ledger_entries(&type##_schema, &(const struct ledger_amounts){__VA_ARGS__}, (situation)->world->payment, \
                   (local).entries, &(local).entries_count)

/* payment_attempt.c */
enum refusal attempt_n_open(const struct rule_situation *s);
enum refusal attempt_n_news(const struct rule_situation *s);
bool attempt_is_pending(const struct rule_situation *s);
void act_link(struct rule_situation *s);
void act_attempt_pending(struct rule_situation *s);
void act_attempt_failed(struct rule_situation *s);

/* payment_charge.c */
/* payment.held and booking.paid, from due with the total received; an excess goes back, or aside. */
void payment_hold(struct rule_situation *s);
bool own_currency_and_enough(const struct rule_situation *s);
bool own_currency(const struct rule_situation *s);
bool other_currency(const struct rule_situation *s);
enum refusal charge_new(const struct rule_situation *s);
enum refusal charge_not_empty(const struct rule_situation *s);
enum refusal charge_has_room(const struct rule_situation *s);
enum refusal currency_has_room(const struct rule_situation *s);
enum refusal payment_is_of_this_charge(const struct rule_situation *s);
enum refusal nothing_claimed_back(const struct rule_situation *s);
void act_paid(struct rule_situation *s);
void act_part_paid(struct rule_situation *s);
void act_paid_and_sent_back(struct rule_situation *s);
void act_unmatched(struct rule_situation *s);
void act_return(struct rule_situation *s);

/* payment_order.c */
/* SETTLED where the payment is settling and neither another order nor a chargeback is open; else SAME. */
int32_t payment_settles(const struct payment_state *payment, int64_t but_order);
/* payment.refund_ordered or payment.payout_ordered. order: as it will stand, but for its reference. route:
 * the one staff chose; 0: as always. */
void payment_order_out(struct rule_situation *s, const struct money_order *order, int32_t route);
/* A new order to a party in the booking's currency. kind: payout or goodwill. */
void payment_order_payout(struct rule_situation *s, int32_t to, int64_t amount, int32_t kind);
/* payment.set_aside, of the sender's: owed for ever. */
void payment_aside(struct rule_situation *s, const char *currency, int64_t amount);
/* payment.refund_ordered for all the sender is to get back and no order sends; nothing while a chargeback is
 * open. What no charge can take back any more, after a provider contradicted itself, is set aside. */
void payment_order_refunds(struct rule_situation *s);

/* payment_retry.c */
enum refusal retry_still_awaited(const struct rule_situation *s);
enum refusal order_failed(const struct rule_situation *s);
enum refusal order_to_traveller(const struct rule_situation *s);
enum refusal order_is_goodwill_to_sender(const struct rule_situation *s);
enum refusal tries_left(const struct rule_situation *s);
enum refusal tries_left_for_staff(const struct rule_situation *s);
enum refusal no_refund_while_claimed_back(const struct rule_situation *s);
enum refusal route_not_chosen(const struct rule_situation *s);
enum refusal route_not_of_a_payout(const struct rule_situation *s);
enum refusal payout_account_set(const struct rule_situation *s);
enum refusal payout_account_held_24_hours(const struct rule_situation *s);
void act_retry(struct rule_situation *s);
enum refusal order_tried_in_full(const struct rule_situation *s);
enum refusal nothing_moved_for_90_days(const struct rule_situation *s);
void act_set_aside(struct rule_situation *s);

/* payment_goodwill.c */
enum refusal goodwill_to_sender_or_traveller(const struct rule_situation *s);
enum refusal goodwill_in_cover(const struct rule_situation *s);
enum refusal goodwill_has_room(const struct rule_situation *s);
void act_indemnify(struct rule_situation *s);

/* payment_report.c: what the provider says of an order */
bool outcome_is_sending(const struct rule_situation *s);
bool outcome_is_sent(const struct rule_situation *s);
bool outcome_is_unknown(const struct rule_situation *s);
bool outcome_is_done(const struct rule_situation *s);
bool outcome_is_failed(const struct rule_situation *s);
bool outcome_is_fee(const struct rule_situation *s);
enum refusal try_is_ordered(const struct rule_situation *s);
enum refusal try_is_claimed(const struct rule_situation *s);
enum refusal try_is_under_way(const struct rule_situation *s);
enum refusal try_is_known(const struct rule_situation *s);
enum refusal try_was_done(const struct rule_situation *s);
enum refusal try_not_done(const struct rule_situation *s);
enum refusal try_not_over(const struct rule_situation *s);
enum refusal fee_told(const struct rule_situation *s);
enum refusal amount_is_the_order_s(const struct rule_situation *s);
enum refusal reversed_was_done(const struct rule_situation *s);
enum refusal reversal_new(const struct rule_situation *s);
enum refusal reversed_amount_is_the_order_s(const struct rule_situation *s);
void act_sending(struct rule_situation *s);
void act_sent(struct rule_situation *s);
void act_unknown(struct rule_situation *s);
void act_done(struct rule_situation *s);
void act_failed(struct rule_situation *s);
void act_fee(struct rule_situation *s);
void act_reversed(struct rule_situation *s);

/* payment_chargeback.c */
enum refusal charge_known(const struct rule_situation *s);
enum refusal chargeback_new(const struct rule_situation *s);
enum refusal chargeback_within_charge(const struct rule_situation *s);
enum refusal won_charge_open(const struct rule_situation *s);
enum refusal lost_charge_open(const struct rule_situation *s);
void act_charged_back(struct rule_situation *s);
void act_chargeback_won(struct rule_situation *s);
void act_chargeback_lost(struct rule_situation *s);

#endif
