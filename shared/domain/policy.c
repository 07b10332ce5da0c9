/* SPDX-License-Identifier: Apache-2.0
 * The two tables of the money, as rows a person who ships parcels can check, and the arithmetic of a price.
 */
#include "shared/domain/policy.h"

#include <stddef.h>

#include "shared/domain/limits.h"

#define HOUR        INT64_C(3600000)
#define DAY         (24 * HOUR)
#define EVER        POLICY_EVER
#define BIT(choice) (1u << (choice))

enum { PERCENT = 100, BASIS_POINTS = 10000, GRAMS_A_KILOGRAM = 1000 };

int64_t policy_carriage(int64_t grams, int64_t price_per_kg)
{
    return (grams * price_per_kg + GRAMS_A_KILOGRAM / 2) / GRAMS_A_KILOGRAM;
}

int64_t policy_fee(int64_t carriage, const char *currency)
{
    const struct limits_currency *limits = limits_of(currency);
    int64_t fee = carriage * COUNT_FEE_BASIS_POINTS / BASIS_POINTS;

    if (!limits)
        return 0;
    return fee > limits->fee_least ? fee : limits->fee_least;
}

int64_t policy_exposure(const struct money *value, int64_t tier)
{
    const struct limits_currency *limits = limits_of(value->currency);
    int64_t most = limits && tier >= 0 && tier < LIMITS_TIERS
                       ? limits->value_cap[tier] * limits_tier(tier)->exposure_caps
                       : 0;

    if (most == 0)
        return COUNT_EXPOSURE_MOST + 1;
    return (value->amount * COUNT_EXPOSURE_MOST + most - 1) / most;
}

/* c1. Cancellation and failed pickup. */
#define S       BIT(PARTY_SENDER)
#define T       BIT(PARTY_TRAVELLER)
#define F       BIT(PARTY_STAFF)
#define Y       BIT(PARTY_SYSTEM)
#define ANYBODY POLICY_ANYBODY
#define SENDERS_FAULT                                                                                        \
    (BIT(PICKUP_REASON_NO_SHOW_SENDER) | BIT(PICKUP_REASON_PROHIBITED) | BIT(PICKUP_REASON_UNDECLARED) |     \
     BIT(PICKUP_REASON_CONTENT_DIFFERS) | BIT(PICKUP_REASON_OVERWEIGHT) | BIT(PICKUP_REASON_CHECK_REFUSED))
#define NOBODYS_FAULT (BIT(PICKUP_REASON_BAD_PACKING) | BIT(PICKUP_REASON_TOO_LARGE))
#define TRAVELLERS_FAULT                                                                                     \
    (BIT(PICKUP_REASON_NO_SHOW_TRAVELLER) | BIT(PICKUP_REASON_NO_ROOM) | BIT(PICKUP_REASON_CHANGED_MIND))
#define NOT_KNOWN BIT(PICKUP_REASON_UNKNOWN)
#define ANY       POLICY_REDATE_ANY
#define OPEN      POLICY_REDATE_OPEN
#define BACK      POLICY_FEE_BACK
#define KEPT      POLICY_FEE_KEPT

const struct policy_cancel_row policy_cancel_rows[] = {
    /* clang-format off */
/*   row stage                             by       failed pickup     redate paid within departs from less than to T: % C fee   fault */
    {1,  BOOKING_STATUS_PAID,              S | Y,   0,                OPEN,  EVER,       -EVER,       EVER,     0,        BACK, FAULT_NONE},
    {2,  BOOKING_STATUS_PAID,              S,       0,                ANY,   1*HOUR,     24*HOUR,     EVER,     0,        BACK, FAULT_NONE},
    {3,  BOOKING_STATUS_PAID,              S,       0,                ANY,   EVER,       72*HOUR,     EVER,     0,        KEPT, FAULT_NONE},
    {3,  BOOKING_STATUS_PAID,              S,       0,                ANY,   EVER,       24*HOUR,     72*HOUR,  20,       KEPT, FAULT_SENDER},
    {3,  BOOKING_STATUS_PAID,              S,       0,                ANY,   EVER,       -EVER,       24*HOUR,  50,       KEPT, FAULT_SENDER},
    {4,  BOOKING_STATUS_PAID,              T,       0,                ANY,   EVER,       24*HOUR,     EVER,     0,        BACK, FAULT_TRAVELLER},
    {4,  BOOKING_STATUS_PAID,              T,       0,                ANY,   EVER,       -EVER,       24*HOUR,  0,        BACK, FAULT_TRAVELLER_TWICE},
    {5,  BOOKING_STATUS_PAID,              F,       0,                ANY,   EVER,       -EVER,       EVER,     0,        BACK, FAULT_NONE},
    {6,  BOOKING_STATUS_REFUSED_AT_PICKUP, ANYBODY, SENDERS_FAULT,    ANY,   EVER,       -EVER,       EVER,     50,       KEPT, FAULT_SENDER},
    {7,  BOOKING_STATUS_REFUSED_AT_PICKUP, ANYBODY, NOBODYS_FAULT,    ANY,   EVER,       -EVER,       EVER,     20,       KEPT, FAULT_NONE},
    {8,  BOOKING_STATUS_REFUSED_AT_PICKUP, ANYBODY, TRAVELLERS_FAULT, ANY,   EVER,       -EVER,       EVER,     0,        BACK, FAULT_TRAVELLER},
    {8,  BOOKING_STATUS_REFUSED_AT_PICKUP, ANYBODY, NOT_KNOWN,        ANY,   EVER,       -EVER,       EVER,     0,        BACK, FAULT_NONE},
    {0},
    /* clang-format on */
};

static bool cancel_row_matches(const struct policy_cancel_row *row, const struct policy_cancelling *asked)
{
    return row->stage == asked->stage && (row->by & BIT(asked->by)) &&
           (!row->reasons || (row->reasons & BIT(asked->reason))) &&
           (row->redate == ANY || asked->redate_open) && asked->since_paid < row->paid_within &&
           asked->to_departure >= row->from_ms && asked->to_departure < row->to_ms;
}

static struct split split_of(const struct policy_price *price, int64_t traveller_percent, enum policy_fee fee)
{
    struct split split = {.to_traveller = price->carriage * traveller_percent / PERCENT,
                          .to_fees = fee == KEPT ? price->fee : 0};

    split.to_sender = price->carriage + price->fee - split.to_traveller - split.to_fees;
    return split;
}

int policy_cancel(const struct policy_cancelling *asked, const struct policy_price *price,
                  struct policy_outcome *ret_outcome)
{
    const struct limits_currency *limits = limits_of(price->currency);

    for (const struct policy_cancel_row *row = policy_cancel_rows; row->row; row++) {
        if (!cancel_row_matches(row, asked))
            continue;
        *ret_outcome =
            (struct policy_outcome){split_of(price, row->traveller_percent, row->fee), row->row, row->fault};
        if (limits && ret_outcome->split.to_traveller < limits->share_floor) {
            /* Not worth a payout. */
            ret_outcome->split.to_sender += ret_outcome->split.to_traveller;
            ret_outcome->split.to_traveller = 0;
        }
        return 0;
    }
    return POLICY_STAFF;
}

int32_t policy_pickup_fault(int32_t pickup_reason)
{
    return BIT(pickup_reason) & SENDERS_FAULT      ? FAULT_SENDER
           : BIT(pickup_reason) & TRAVELLERS_FAULT ? FAULT_TRAVELLER
                                                   : FAULT_NONE;
}

/* c2. Disputes: what happens if staff have not spoken. What has no row waits for staff. */
#define LATE        BIT(DISPUTE_CAUSE_LATE)
#define LOST        BIT(DISPUTE_CAUSE_LOST)
#define ABANDONED   BIT(DISPUTE_CAUSE_ABANDONED)
#define RETURN      BIT(DISPUTE_CAUSE_RETURN)
#define UNDELIVERED BIT(DISPUTE_CAUSE_UNDELIVERED)
#define PICKUP      BIT(DISPUTE_CAUSE_PICKUP)

#define ANY_PROOF       POLICY_ANY_PROOF
#define DELIVERED_SOON  POLICY_DELIVERED_SOON
#define DELIVERED_LATER POLICY_DELIVERED_LATER
#define HANDED_BACK     POLICY_HANDED_BACK
#define UNANSWERED      POLICY_UNANSWERED
#define PERCENT_OF_C    POLICY_PERCENT_OF_C
#define BY_C1           POLICY_BY_C1

const struct policy_dispute_row policy_dispute_rows[] = {
    /* clang-format off */
/*   cause                             opened by   proved            falls after  to T: % C           fee    fault */
    {PICKUP,                           ANYBODY,    UNANSWERED,        7*DAY,      BY_C1,         0,   KEPT,  FAULT_NONE},
    {LATE | LOST | ABANDONED | RETURN, ANYBODY,    DELIVERED_SOON,   14*DAY,      PERCENT_OF_C,  100, KEPT,  FAULT_NONE},
    {LATE | LOST | ABANDONED | RETURN, ANYBODY,    DELIVERED_LATER,  14*DAY,      PERCENT_OF_C,  50,  KEPT,  FAULT_NONE},
    {ABANDONED,                        F,          HANDED_BACK,       3*DAY,      PERCENT_OF_C,  0,   BACK,  FAULT_NONE},
    {ABANDONED,                        ANYBODY,    HANDED_BACK,       3*DAY,      PERCENT_OF_C,  0,   BACK,  FAULT_TRAVELLER},
    {RETURN,                           ~S,         HANDED_BACK,       3*DAY,      PERCENT_OF_C,  0,   BACK,  FAULT_TRAVELLER},
    {RETURN,                           S,          HANDED_BACK,       7*DAY,      PERCENT_OF_C,  100, KEPT,  FAULT_NONE},
    {LATE | LOST | ABANDONED | RETURN, ANYBODY,    ANY_PROOF,        14*DAY,      PERCENT_OF_C,  0,   BACK,  FAULT_TRAVELLER},
    {UNDELIVERED,                      ANYBODY,    ANY_PROOF,         7*DAY,      PERCENT_OF_C,  100, KEPT,  FAULT_NONE},
    {0},
    /* clang-format on */
};

static bool proof_is(enum policy_proof proof, const struct policy_dispute *dispute)
{
    bool soon = dispute->late <= limits_delay(DELAY_LATE_MILD);

    switch (proof) {
    case DELIVERED_SOON:
        return dispute->delivered && soon;
    case DELIVERED_LATER:
        return dispute->delivered && !soon;
    case HANDED_BACK:
        return dispute->handed_back;
    case UNANSWERED:
        return !dispute->answered;
    case ANY_PROOF:
    default:
        return true;
    }
}

static const struct policy_dispute_row *dispute_row_of(const struct policy_dispute *dispute)
{
    for (const struct policy_dispute_row *row = policy_dispute_rows; row->causes; row++)
        if ((row->causes & BIT(dispute->cause)) && (row->openers & BIT(dispute->opener)) &&
            proof_is(row->proof, dispute))
            return row;
    return NULL;
}

int policy_default(const struct policy_dispute *dispute, const struct policy_price *price,
                   struct policy_outcome *ret_outcome)
{
    const struct policy_dispute_row *row = dispute_row_of(dispute);
    const struct policy_cancelling claimed = {
        .stage = BOOKING_STATUS_REFUSED_AT_PICKUP, .by = PARTY_SYSTEM, .reason = dispute->pickup_reason};

    if (!row)
        return POLICY_STAFF;
    if (row->share == BY_C1)
        return policy_cancel(&claimed, price, ret_outcome);
    *ret_outcome = (struct policy_outcome){split_of(price, row->traveller_percent, row->fee), 0, row->fault};
    return 0;
}

int policy_default_delay(const struct policy_dispute *dispute, int64_t *ret_ms)
{
    const struct policy_dispute_row *row = dispute_row_of(dispute);

    if (!row)
        return POLICY_STAFF;
    *ret_ms = row->delay_ms;
    return 0;
}

static int64_t less(int64_t *part, int64_t by)
{
    int64_t taken = *part < by ? *part : by;

    *part -= taken;
    return by - taken;
}

struct split policy_fit(const struct split *split, int64_t held)
{
    struct split fit = *split;
    int64_t missing = fit.to_traveller + fit.to_sender + fit.to_fees - held;

    if (missing < 0) {
        fit.to_sender -= missing;
        return fit;
    }
    missing = less(&fit.to_sender, missing);
    missing = less(&fit.to_fees, missing);
    (void)less(&fit.to_traveller, missing);
    return fit;
}
