/* SPDX-License-Identifier: Apache-2.0
 * Every percentage, cap and delay of the business, as data: a person who ships parcels can check limits.c. */
#ifndef COLIS_DOMAIN_LIMITS_H
#define COLIS_DOMAIN_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

enum { LIMITS_TIERS = 4 };

struct limits_currency {
    const char *code;                /* ISO 4217 */
    int exponent;                    /* digits after the point: minor units */
    int64_t value_cap[LIMITS_TIERS]; /* declared value of one parcel by its sender's tier */
    int64_t price_least, price_most; /* price of a kilogram */
    int64_t fee_least;               /* service fee of a booking */
    int64_t excess_floor;            /* less than this too much is set aside, not sent back */
    int64_t share_floor;             /* a traveller's share under it goes to the sender (c1 splits only) */
    int64_t staff_authority;         /* above it a dispute is resolved by a lead */
};
const struct limits_currency *limits_of(const char *currency); /* NULL where we do not deal in it */
extern const struct limits_currency limits_currencies[];       /* ends with an empty row */

struct limits_tier {
    int64_t carries_g;     /* one parcel; 0: may not carry */
    int64_t exposure_caps; /* value on one trip, in times the value cap */
    int64_t payout_hold_ms;
};
const struct limits_tier *limits_tier(int64_t tier);

/* clang-format off */
/* Delays in milliseconds, and what they are for: by the rule or timer that uses them. */
#define LIMITS_DELAYS(X)                                                                                  \
    X(TRIP_NOTICE,            3 * HOUR,    "T1: a trip is announced at least so long before it departs")  \
    X(TRIP_HORIZON,           180 * DAY,   "T1: and at most")                                             \
    X(TRIP_SHIFT,             30 * DAY,    "T3: departure moved at most, from the first date")            \
    X(TRIP_LONGEST,           30 * DAY,    "T1, T3: from departure to arrival")                           \
    X(ARRIVAL_SHIFT,          7 * DAY,     "T4: arrival moved at most")                                   \
    X(DEPART_EARLY,           12 * HOUR,   "T5: departs at most so early")                                \
    X(OVERDUE,                12 * HOUR,   "T6: not departed so long after")                              \
    X(FLIGHT_LEAST,           30 * MINUTE, "T8: arrived at the earliest after departing")                 \
    X(LOST_BY_SENDER,         72 * HOUR,   "P6: after the arrival")                                       \
    X(DAMAGE_WINDOW,          24 * HOUR,   "P9: after the delivery")                                      \
    X(REQUEST_NOTICE,         3 * HOUR,    "B1: before the departure")                                    \
    X(ANSWER,                 24 * HOUR,   "request_unanswered")                                          \
    X(ANSWER_NOTICE,          3 * HOUR,    "and not past so long before the departure")                   \
    X(PAY,                    2 * HOUR,    "unpaid: after the acceptance")                                \
    X(PAY_GRACE,              30 * MINUTE, "once, while an attempt is pending")                           \
    X(PAY_NOTICE,             1 * HOUR,    "and not past so long before the departure")                   \
    X(PAY_LINK,               30 * MINUTE, "B7: how long a page to pay on is good")                       \
    X(REDATE_FREE,            24 * HOUR,   "B11: cancel free of charge after a new date")                 \
    X(REDATE_MUST_ANSWER,     24 * HOUR,   "B11: a shift over this must be agreed to")                    \
    X(REDATE_ANSWER,          24 * HOUR,   "redate_unanswered: to agree in")                              \
    X(REDATE_NOTICE,          6 * HOUR,    "and not past so long before the departure")                   \
    X(PICKUP_REMIND_FIRST,    24 * HOUR,   "before the drop-off window ends")                             \
    X(PICKUP_REMIND_LAST,     3 * HOUR,    "and once more")                                               \
    X(PICKUP_CONTEST,         24 * HOUR,   "B19, pickup_settle: after the failed pickup")                 \
    X(HAND_OVER_REMIND_FIRST, 24 * HOUR,   "after the arrival of the parcel")                             \
    X(HAND_OVER_REMIND_LAST,  48 * HOUR,   "and once more")                                               \
    X(UNDELIVERED,            48 * HOUR,   "B27: by the traveller, after the arrival of the parcel")      \
    X(LATE_BY_SENDER,         24 * HOUR,   "B32: after the arrival of the trip")                          \
    X(LATE_BY_TIME,           7 * DAY,     "never_delivered: after the arrival of the trip")              \
    X(LATE_MILD,              72 * HOUR,   "c2: late by no more than this")                               \
    X(CONFIRM,                24 * HOUR,   "auto_confirm, B31: after the delivery")                       \
    X(CONFIRM_REMIND_FIRST,   12 * HOUR,   "after the delivery")                                          \
    X(CONFIRM_REMIND_LAST,    23 * HOUR,   "and once more")                                               \
    X(EVIDENCE,               72 * HOUR,   "B33: after the dispute began")                                \
    X(STAFF_REMIND_FIRST,     3 * DAY,     "a dispute without a default")                                 \
    X(STAFF_REMIND_AGAIN,     1 * DAY,     "and again, each time")                                        \
    X(CODE_AGAIN,             1 * MINUTE,  "B26: between two issues")                                     \
    X(CANCEL_SOON,            1 * HOUR,    "c1 row 2: after paying")                                      \
    X(ACCOUNT_HOLD,           24 * HOUR,   "after a new payout account")                                  \
    X(REVIEW,                 14 * DAY,    "review_close")                                                \
    X(CLOSE_SETTLED,          180 * DAY,   "payment_close: after the last movement")                      \
    X(CLOSE_LAPSED,           30 * DAY,    "payment_close: of what nobody paid")                          \
    X(SET_ASIDE,              90 * DAY,    "M19")                                                         \
    X(PARCEL_STALE,           7 * DAY,     "parcel_stale: after deliver_by")                              \
    X(FAULT_WINDOW,           90 * DAY,    "U4: how long a mark counts")

/* Counts, amounts in grams, and shares in percent or basis points. */
#define LIMITS_COUNTS(X)                                                                       \
    X(TRIP_GRAMS_LEAST,     500,    "T1: capacity of a trip")                                  \
    X(TRIP_GRAMS_MOST,      100000, "T1: and at most")                                         \
    X(TRIP_BOOKINGS,        40,     "B1: live bookings of a trip")                             \
    X(REDATES,              3,      "T3, T4: new dates of a trip, new arrivals once it left")  \
    X(EXPOSURE_MOST,        10000,  "B1: of a trip, in parts of its traveller's cap")          \
    X(OVERWEIGHT_PERCENT,   5,      "B14: more than was booked")                               \
    X(FEE_BASIS_POINTS,     1200,   "of the carriage: the service fee")                        \
    X(CODE_TRIES,           5,      "B24: wrong codes an issue")                               \
    X(CODE_ISSUES,          5,      "B26: of a code")                                          \
    X(CODE_ISSUES_STAFF,    8,      "B26: where staff ask")                                    \
    X(PAY_ATTEMPTS,         5,      "B7")                                                      \
    X(ORDER_TRIES,          5,      "M14")                                                     \
    X(ORDER_TRIES_STAFF,    30,     "M14: where staff ask")                                    \
    X(PHOTOS_EACH,          12,     "P5: of one party, in a booking")                          \
    X(RECIPIENT_CHANGES,    3,      "P3")                                                      \
    X(EVIDENCE_EACH,        10,     "B33: of one party")                                       \
    X(COVER_TIMES_CARRIAGE, 10,     "M18: goodwill at most so many times the carriage")        \
    X(FAULTS_TIER_DOWN,     3,      "U4: marks that cost a tier")                              \
    X(FAULTS_BLOCK,         5,      "U4: marks that block")

/* clang-format on */

enum limits_delay {
#define LIMITS_ROW(name, value, text) DELAY_##name,
    LIMITS_DELAYS(LIMITS_ROW)
#undef LIMITS_ROW
        DELAY_COUNT
};
enum limits_count {
#define LIMITS_ROW(name, value, text) COUNT_##name = (value),
    LIMITS_COUNTS(LIMITS_ROW)
#undef LIMITS_ROW
};
int64_t limits_delay(enum limits_delay delay);          /* milliseconds */
const char *limits_delay_name(enum limits_delay delay); /* "TRIP_NOTICE" */
const char *limits_delay_text(enum limits_delay delay); /* what it is for */

/* The counts, to be read by people. */
struct limits_counted {
    const char *name, *text;
    int64_t value;
};
extern const struct limits_counted limits_counts[]; /* ends with an empty row */

/* order_retry: how long after the n-th try, from 1; 0: not again by itself. */
int64_t limits_retry(int64_t try_number);

/* What no traveller takes. */
struct limits_prohibition {
    int32_t category;      /* enum category */
    const char *from, *to; /* NULL: any country */
};
extern const struct limits_prohibition limits_prohibitions[]; /* ends with an empty row */
/* May this category travel between these countries? */
bool limits_goods_allowed(int32_t category, const char *from, const char *to);

#endif
