/* SPDX-License-Identifier: Apache-2.0
 * Who gets the money when a booking does not end well, as data: the rows of the cancellation table (c1) and
 * of the dispute table (c2). Pure: the facts of the case in, the outcome out. Rows are read top down, the
 * first that matches decides. */
#ifndef COLIS_DOMAIN_POLICY_H
#define COLIS_DOMAIN_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "schemas/messages.h"
#include "shared/base/error.h"

/* What a carriage costs: grams at a price a kilogram, rounded to the nearest minor unit. */
int64_t policy_carriage(int64_t grams, int64_t price_per_kg);
/* The service fee on it; 0 for a currency we do not deal in. */
int64_t policy_fee(int64_t carriage, const char *currency);
/* What a parcel of this value takes of the exposure of a trip whose traveller is of this tier, in parts of
 * COUNT_EXPOSURE_MOST, rounded up; more than that where it does not fit at all. */
int64_t policy_exposure(const struct money *value, int64_t tier);

/* What was paid, in minor units of the booking's currency. */
struct policy_price {
    int64_t carriage, fee;
    const char *currency; /* borrowed */
};

struct policy_outcome {
    struct split split; /* sums to carriage and fee */
    int64_t row;        /* of c1; 0: of c2 */
    int32_t fault;      /* enum fault; 0: nobody's */
};

/* No row decides: staff must. */
enum { POLICY_STAFF = 1 };

struct policy_cancelling {
    int32_t stage;        /* enum booking_status: paid, or refused_at_pickup */
    int32_t by;           /* enum party; traveller also where the trip was given up, system: no answer came */
    int32_t reason;       /* enum pickup_reason, where the pickup failed */
    bool redate_open;     /* a new date waits for an answer, or may still be fled from */
    int64_t since_paid;   /* milliseconds */
    int64_t to_departure; /* milliseconds, to the departure as it stood before any redate still open */
};
/* POLICY_STAFF: nobody foresaw this (before payment nothing moves). */
MUST_CHECK int policy_cancel(const struct policy_cancelling *cancelling, const struct policy_price *price,
                             struct policy_outcome *ret_outcome);

struct policy_dispute {
    int32_t cause;         /* enum dispute_cause */
    int32_t opener;        /* enum party */
    bool delivered;        /* proved */
    int64_t late;          /* milliseconds from the arrival to the delivery, if delivered */
    bool handed_back;      /* to the sender, proved */
    bool answered;         /* somebody spoke after a pickup was contested */
    int32_t pickup_reason; /* enum pickup_reason, of a contested pickup */
};
/* The outcome where staff do not speak. POLICY_STAFF: there is none. */
MUST_CHECK int policy_default(const struct policy_dispute *dispute, const struct policy_price *price,
                              struct policy_outcome *ret_outcome);
/* After how many milliseconds it falls. POLICY_STAFF: never. */
MUST_CHECK int policy_default_delay(const struct policy_dispute *dispute, int64_t *ret_ms);

/* The rows, for whoever prints them. */
#define POLICY_EVER    INT64_MAX
#define POLICY_ANYBODY UINT32_MAX
enum policy_fee { POLICY_FEE_BACK, POLICY_FEE_KEPT };         /* to the sender, to our fees */
enum policy_redate { POLICY_REDATE_ANY, POLICY_REDATE_OPEN }; /* is a new date that is still open needed? */
struct policy_cancel_row {
    int64_t row; /* its number in c1 */
    int32_t stage;
    uint32_t by, reasons; /* bits of enum party, of enum pickup_reason (0: none is needed) */
    enum policy_redate redate;
    int64_t paid_within;       /* less than this after paying */
    int64_t from_ms, to_ms;    /* time to departure: at least, less than */
    int64_t traveller_percent; /* of the carriage; the sender gets the rest */
    enum policy_fee fee;
    int32_t fault;
};
extern const struct policy_cancel_row policy_cancel_rows[]; /* ends with an empty row */

enum policy_proof {
    POLICY_ANY_PROOF,
    POLICY_DELIVERED_SOON,
    POLICY_DELIVERED_LATER,
    POLICY_HANDED_BACK,
    POLICY_UNANSWERED
};
enum policy_share { POLICY_PERCENT_OF_C, POLICY_BY_C1 }; /* BY_C1: rows 6 to 8, by the reason claimed */
struct policy_dispute_row {
    uint32_t causes, openers; /* bits of enum dispute_cause, of enum party */
    enum policy_proof proof;
    int64_t delay_ms; /* after the dispute, or the proof */
    enum policy_share share;
    int64_t traveller_percent;
    enum policy_fee fee;
    int32_t fault;
};
extern const struct policy_dispute_row policy_dispute_rows[]; /* ends with an empty row */

/* Whose fault a failed pickup is by c1: enum fault, 0: nobody's. */
int32_t policy_pickup_fault(int32_t pickup_reason);

/* The split of what is held where that is less than was paid (a lost chargeback took some): the sender's part
 * shrinks first, then the fees, then the traveller's. More: the sender's part grows. */
struct split policy_fit(const struct split *split, int64_t held);

#endif
