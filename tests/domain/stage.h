/* SPDX-License-Identifier: Apache-2.0
 * A world for the tests of trips, parcels and people: every state there is, and commands decided in it. Each
 * decision is also held against its row (it emits what the row says, nothing else) and against the fold (the
 * facts alone lead from the old states to the new ones). */
#ifndef COLIS_TESTS_DOMAIN_STAGE_H
#define COLIS_TESTS_DOMAIN_STAGE_H

#include <check.h>
#include <string.h>

#include "shared/domain/limits.h"
#include "shared/domain/rule.h"

#define NOW   INT64_C(1800000000000)
#define HOURS INT64_C(3600000)
#define DAYS  (24 * HOURS)

extern const char *const sender, *const traveller, *const stranger;

extern struct stage {
    struct trip_state trip;
    struct parcel_state parcel;
    struct booking_state booking;
    struct payment_state payment;
    struct review_state review;
    struct report_state report;
    struct profile_state profile, sender, traveller;
    struct search_state search;
    struct code_key codes;
    int64_t now;
    struct domain_decision decision; /* the newest */
} stage;

/* Nothing exists but two people of tier 1. Before every test. */
void stage_set(void);
/* An announced trip of 20 kg in two days, and what is booked on it. */
void stage_trip(void);
void stage_load(int n, bool on_board); /* the n-th booking, of 1 kg */
/* A registered parcel; then one booked on the trip, with its booking, in these states. */
void stage_parcel(void);
void stage_booked(int32_t parcel, int32_t booking);
void stage_photo(int32_t photo_stage, int32_t by);
struct id stage_booking(int n);
struct domain_world stage_world(void);

/* Decides; a type without version, "trip.depart". data NULL: all members absent. */
enum refusal asked(const char *family, const char *principal, const char *role, const void *data);
/* asked, and the word of its refusal, "accepted" where there is none. */
const char *verdict(const char *family, const char *principal, const char *role, const void *data);
const char *timer(const char *family, int64_t epoch); /* verdict of a timer's command */

/* The words of the newest decision's facts: "trip.departed trip.lapsed"; of what follows at once, with the
 * last digit of its booking: "booking.start/1 booking.expire/2"; of its timers: "trip_overdue". */
const char *facts(void);
const char *follows(void);
const char *timers(void);
const void *fact_data(int index, const struct schema *schema);
#define DATA(index, type) ((const struct type *)fact_data(index, &type##_schema))
/* "announce 1": where private values are kept; "" where none are. */
const char *kept(void);

TCase *trip_cases(void);
TCase *parcel_cases(void);
TCase *trouble_cases(void);
TCase *people_cases(void);

#endif
