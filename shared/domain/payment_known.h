/* SPDX-License-Identifier: Apache-2.0
 * What is known of a payment: questions over its state alone, asked by its rows and by its folds. */
#ifndef COLIS_DOMAIN_PAYMENT_KNOWN_H
#define COLIS_DOMAIN_PAYMENT_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "schemas/messages.h"
#include "shared/domain/ledger.h"

enum {
    PAYMENT_ATTEMPTS = sizeof(((struct payment_state *)0)->attempts) / sizeof(struct attempt),
    PAYMENT_CHARGES = sizeof(((struct payment_state *)0)->charges) / sizeof(struct charge),
    PAYMENT_ORDERS = sizeof(((struct payment_state *)0)->orders) / sizeof(struct money_order),
};

/* By their number or the provider's id; NULL where unknown. */
const struct attempt *payment_attempt(const struct payment_state *payment, int64_t n);
const struct charge *payment_charge(const struct payment_state *payment, const char *charge);
const struct money_order *payment_order(const struct payment_state *payment, int64_t n);

bool payment_is_own(const struct payment_state *payment, const char *currency); /* the booking's */

/* Its money is in transit: ordered, sending, sent or unknown. */
bool payment_order_moving(const struct money_order *order);
/* Failed, or came back: it may be tried again. */
bool payment_order_fell(const struct money_order *order);
/* Any order but this one (0: any at all) that is not over: moving, or fallen. */
bool payment_orders_open(const struct payment_state *payment, int64_t but);
/* Any chargeback but that of this charge (NULL: any at all) not yet decided. */
bool payment_chargebacks_open(const struct payment_state *payment, const char *but);

/* Of this try: the provider has done it; and it came back. */
bool payment_try_done(const struct money_order *order, int64_t number);
bool payment_try_reversed(const struct money_order *order, int64_t number);
/* Has any try but this one left the money where it was sent? */
bool payment_done_otherwise(const struct money_order *order, int64_t number);

/* The account of whom the order is for. */
enum account payment_party_account(int32_t party);

/* What of a charge neither went back, nor is ordered to, nor was claimed back. Never below 0. */
int64_t payment_charge_left(const struct payment_state *payment, const struct charge *charge);
/* More went back, is ordered to, or was claimed back than came. charge NULL: no. */
bool payment_charge_overdrawn(const struct payment_state *payment, const struct charge *charge);
/* What is left of all charges in the booking's currency: what the sender has paid. */
int64_t payment_charges_left(const struct payment_state *payment);

/* Is there room for so many orders more, besides those that may still have to come: a refund of each charge
 * with something left, another for each that may be withheld, and the split? */
bool payment_has_order_room(const struct payment_state *payment, int orders);
/* An order that was withheld for good, whose place another may take; NULL: none. */
const struct money_order *payment_order_withheld(const struct payment_state *payment);

/* What the account of a party holds in a currency beyond what its fallen orders will take up again. */
int64_t payment_unordered(const struct payment_state *payment, const char *currency, int32_t party);
/* What the sender is to get back now and no order sends: nothing of the booking's currency while due. */
int64_t payment_refund_due(const struct payment_state *payment, const char *currency);

#endif
