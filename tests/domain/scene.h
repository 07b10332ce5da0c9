/* SPDX-License-Identifier: Apache-2.0
 * A scene for the tests of bookings: one trip, one parcel, one booking at 9750 and a fee of 1170 XOF, and the
 * people about them. Commands are decided in it; each decision is held against its row (it emits what the row
 * says and nothing else), against the fold (the facts alone lead from the old states to the new ones) and
 * against the ledger (every journal sums to zero). */
#ifndef COLIS_TESTS_DOMAIN_SCENE_H
#define COLIS_TESTS_DOMAIN_SCENE_H

#include <check.h>
#include <string.h>

#include "shared/domain/limits.h"
#include "shared/domain/rule.h"

#define NOW     INT64_C(1800000000000)
#define MINUTES INT64_C(60000)
#define HOURS   (60 * MINUTES)
#define DAYS    (24 * HOURS)

enum { CARRIAGE = 9750, FEE = 1170, TOTAL = 10920, GRAMS = 1950 };

enum actor { SENDER, TRAVELLER, RECIPIENT, OLD_RECIPIENT, STAFF, LEAD, SYSTEM, PAYMENTS, STRANGER };

extern struct scene {
    struct trip_state trip;
    struct parcel_state parcel;
    struct booking_state booking;
    struct payment_state payment;
    struct review_state review;
    struct profile_state sender, traveller;
    struct code_key codes;
    int64_t now;
    struct domain_decision decision; /* the newest */
} scene;

/* A registered parcel, and a trip in ten days that would take it. Before every test. */
void scene_set(void);
/* What happened before, by the real rows; the money comes as payment's rows would leave it. */
void scene_requested(void);
void scene_accepted(void);
void scene_paid(void);
void scene_failed(int32_t refuse_reason); /* at the pickup, with a photo */
void scene_collected(void);
void scene_on_the_way(void); /* the trip left, the parcel with it */
void scene_arrived(void);    /* and is there */
void scene_delivered(void);
void scene_disputed(int32_t cause); /* after the delivery, by the sender, with a photo */
void scene_photo(int32_t photo_stage, int32_t by);

/* The word of the refusal, or "accepted". data NULL: all members absent. */
const char *says(enum actor actor, const char *family, const void *data);
#define SAYS(actor, family, type, ...) says(actor, family, &(const struct type){__VA_ARGS__})
const char *timer(const char *family, int64_t epoch);
#define is(verdict, word) ck_assert_str_eq(verdict, word)

/* The code in force; one that is not. */
const char *code_of(int32_t purpose);
const char *wrong_code(int32_t purpose);

/* Of the newest decision: the words of its facts, of its timers, of what follows ("profile.count_fault/2":
 * the last digit of whom). */
const char *facts(void);
const char *timers(void);
const char *follows(void);
const void *fact_of(const struct schema *schema); /* the first; fails where there is none */
#define FACT_OF(type) ((const struct type *)fact_of(&type##_schema))
int64_t timer_due(const char *name); /* 0 where it is not armed */
/* How the booking's money was split; whose fault it is. */
void split_is(int64_t to_traveller, int64_t to_sender, int64_t to_fees);
void fault_is(int32_t fault);

TCase *request_cases(void);
TCase *cancel_cases(void);
TCase *dates_cases(void);
TCase *handover_cases(void);
TCase *dispute_cases(void);
TCase *end_cases(void);
TCase *walk_cases(void);

#endif
