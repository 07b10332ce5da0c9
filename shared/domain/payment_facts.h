/* SPDX-License-Identifier: Apache-2.0
 * What happens to the money of a booking when something happens to the booking: booking rows decide payment
 * facts through these, so that every amount is worked out in one place (payment_order.c, payment.c). Each
 * emits through rule_emit: the world's payment is folded when it returns. */
#ifndef COLIS_DOMAIN_PAYMENT_FACTS_H
#define COLIS_DOMAIN_PAYMENT_FACTS_H

#include "shared/domain/rule.h"

/* payment.opened, of a booking that is accepted already: ids, currency, carriage and fee are its own. */
void payment_open(struct rule_situation *situation);

/* payment.attempt_opened: the next attempt, over all that is still to be paid, good for DELAY_PAY_LINK. */
void payment_attempt_open(struct rule_situation *situation);

/* payment.lapsed, from due; where money is in, payment.refund_ordered for all of it. */
void payment_lapse(struct rule_situation *situation);

/* payment.split_decided, from held; then payment.payout_ordered for the traveller's part and
 * payment.refund_ordered for what the sender is owed: one a charge, newest first, never above what is left of
 * it. While a chargeback is open refunds wait for its end. A split that does not sum to payment_escrow() is
 * made to by policy_fit. Does nothing where nothing is held. */
void payment_split(struct rule_situation *situation, const struct split *split);

/* Minor units of the booking's currency. */
int64_t payment_due_left(const struct payment_state *payment); /* total less received, never below 0 */
int64_t payment_escrow(const struct payment_state *payment);   /* held, to be split */

/* May money still come by an attempt: its page is younger than DELAY_PAY_LINK, or the provider has it
 * pending? */
bool payment_attempt_live(const struct payment_state *payment, int64_t now_ms);
/* Has the provider an attempt pending: the payer confirmed, the money is not there yet? */
bool payment_attempt_pending(const struct payment_state *payment);

bool payment_chargeback_open(const struct payment_state *payment);

#endif
