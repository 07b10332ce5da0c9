/* SPDX-License-Identifier: Apache-2.0
 * A till for the tests of money: one booking of 9750 and a fee of 1170 XOF with its payment, and a provider
 * that says things. Each decision is held against its row (it emits what the row says and nothing else), the
 * fold (the facts alone lead from the old states to the new), the ledger (every journal and all balances sum
 * to zero) and the codec (the state is written and read back). */
#ifndef COLIS_TESTS_DOMAIN_TILL_H
#define COLIS_TESTS_DOMAIN_TILL_H

#include <check.h>
#include <string.h>

#include "shared/domain/ledger.h"
#include "shared/domain/limits.h"
#include "shared/domain/payment_facts.h"
#include "shared/domain/payment_known.h"
#include "shared/domain/payment_reference.h"
#include "shared/domain/rule.h"

#define NOW     INT64_C(1800000000000)
#define MINUTES INT64_C(60000)
#define HOURS   (60 * MINUTES)
#define DAYS    (24 * HOURS)

enum { CARRIAGE = 9750, FEE = 1170, TOTAL = 10920 };
enum teller { PAYMENTS, SYSTEM, STAFF, LEAD, LEAD_TRAVELS, SENDER, TRAVELLER, STRANGER };

extern struct till {
    struct trip_state trip;
    struct parcel_state parcel;
    struct booking_state booking;
    struct payment_state payment;
    struct review_state review;
    struct profile_state sender, traveller;
    int64_t now;
    struct domain_decision decision; /* the newest */
} till;

/* Accepted by the traveller, and the payment opened. Before every test. */
void till_open(void);
void till_unknown(void); /* a payment that does not exist */

/* What booking rows do to the payment. */
void till_attempt(void);
void till_lapse(void); /* the booking expired */
void till_split(int64_t to_traveller, int64_t to_sender, int64_t to_fees);

/* The word of the refusal, or "accepted". */
const char *says(enum teller teller, const char *family, const void *data);
#define SAYS(teller, family, type, ...) says(teller, "payment." family, &(const struct type){__VA_ARGS__})
#define is(verdict, word)               ck_assert_str_eq(verdict, word)

/* The provider's reports. fee 0: none. */
const char *charge(const char *id, int64_t amount, const char *currency, int64_t fee);
const char *paid(const char *id, int64_t amount); /* in XOF, without a fee */
const char *reported(int64_t order, int64_t number, int32_t outcome);
const char *done(int64_t order, int64_t number, int64_t fee); /* with the order's amount */
const char *failed(int64_t order, int64_t number, int32_t cause);
const char *sent(int64_t order, int64_t number); /* sending, then sent */
const char *came_back(int64_t order, int64_t number);
const char *claimed_back(const char *id, int64_t amount);
const char *won(const char *id);
const char *lost(const char *id);
const char *closes(void); /* the newest payment_close timer, when it is due */

/* Of the newest decision: its facts; its journals, "received: provider +10920 sender -10920; held: ...", with
 * the currency after the fact's name where it is not XOF; its timers. */
const char *facts(void);
const char *journal(void);
const char *timers(void);
const char *state(void); /* of the payment */
/* "provider +792 fees -1170 costs +378", accounts at 0 left out. */
const char *balances(const char *currency);
const struct money_order *order(int64_t n);

TCase *money_in_cases(void);
TCase *order_cases(void);
TCase *goodwill_cases(void);
TCase *chargeback_cases(void);
TCase *walk_cases(void);

#endif
