/* SPDX-License-Identifier: Apache-2.0
 * Why a command is refused: a closed list, in the words the verdict carries. */
#ifndef COLIS_DOMAIN_REFUSAL_H
#define COLIS_DOMAIN_REFUSAL_H

/* clang-format off */
#define REFUSALS(X)                                                                    \
    X(NOT_FOUND, "not_found") /* unknown, or not yours */                                                    \
    X(NOT_ALLOWED, "not_allowed") /* yours, but not for your role */                                         \
    X(ENDED, "ended") /* in a terminal state */                                                              \
    X(WRONG_STATE, "wrong_state") /* no row for this state */                                                \
    X(BLOCKED, "blocked") /* a person who may begin nothing new */                                           \
    X(STALE, "stale") /* older than what is known */                                                         \
    X(TIMER_VOID, "timer_void") /* a timer of an earlier arming, or not due */                               \
    X(REASON_MISSING, "reason_missing")                                                                      \
    X(TIER_TOO_LOW, "tier_too_low")                                                                          \
    X(SAME_PLACE, "same_place")                                                                              \
    X(BAD_DATES, "bad_dates")                                                                                \
    X(TOO_FAR_AHEAD, "too_far_ahead")                                                                        \
    X(CAPACITY_OUT_OF_RANGE, "capacity_out_of_range")                                                        \
    X(PRICE_OUT_OF_RANGE, "price_out_of_range")                                                              \
    X(CURRENCY_UNSUPPORTED, "currency_unsupported")                                                          \
    X(CAPACITY_IN_USE, "capacity_in_use")                                                                    \
    X(FIELD_LOCKED, "field_locked")                                                                          \
    X(REDATE_TOO_FAR, "redate_too_far")                                                                      \
    X(REDATE_LIMIT, "redate_limit")                                                                          \
    X(TOO_EARLY, "too_early")                                                                                \
    X(PARCELS_ON_BOARD, "parcels_on_board")                                                                  \
    X(NOTHING_ON_BOARD, "nothing_on_board")                                                                  \
    X(DECLARATION_MISSING, "declaration_missing")                                                            \
    X(GOODS_PROHIBITED, "goods_prohibited")                                                                  \
    X(VALUE_OVER_CAP, "value_over_cap")                                                                      \
    X(WEIGHT_OUT_OF_RANGE, "weight_out_of_range")                                                            \
    X(PARCEL_FLAGGED, "parcel_flagged")                                                                      \
    X(PARCEL_BOOKED, "parcel_booked")                                                                        \
    X(CORRECTION_LIMIT, "correction_limit")                                                                  \
    X(PHOTO_LIMIT, "photo_limit")                                                                            \
    X(PHOTO_MISSING, "photo_missing")                                                                        \
    X(WINDOW_CLOSED, "window_closed")                                                                        \
    X(TRIP_CLOSED, "trip_closed")                                                                            \
    X(OWN_TRIP, "own_trip")                                                                                  \
    X(ROUTE_MISMATCH, "route_mismatch")                                                                      \
    X(TOO_LATE, "too_late")                                                                                  \
    X(DATES_MISMATCH, "dates_mismatch")                                                                      \
    X(EXPOSURE_OVER_CAP, "exposure_over_cap")                                                                \
    X(CAPACITY_TAKEN, "capacity_taken")                                                                      \
    X(TRIP_FULL, "trip_full")                                                                                \
    X(REQUEST_EXPIRED, "request_expired")                                                                    \
    X(PAYOUT_ACCOUNT_MISSING, "payout_account_missing")                                                      \
    X(ATTEMPT_OPEN, "attempt_open")                                                                          \
    X(ATTEMPT_LIMIT, "attempt_limit")                                                                        \
    X(NOTHING_TO_ANSWER, "nothing_to_answer")                                                                \
    X(TRIP_LEFT, "trip_left") /* the trip has departed or ended */                                           \
    X(TRIP_NOT_LEFT, "trip_not_left")                                                                        \
    X(CODE_WRONG, "code_wrong")                                                                              \
    X(NOT_CHECKED, "not_checked")                                                                            \
    X(OVERWEIGHT, "overweight")                                                                              \
    X(SAME_STATUS, "same_status")                                                                            \
    X(PARCEL_NOT_DELIVERABLE, "parcel_not_deliverable")                                                      \
    X(CODE_BLOCKED, "code_blocked")                                                                          \
    X(PURPOSE_MISMATCH, "purpose_mismatch")                                                                  \
    X(REISSUE_LIMIT, "reissue_limit")                                                                        \
    X(TOO_SOON, "too_soon")                                                                                  \
    X(EVIDENCE_LIMIT, "evidence_limit")                                                                      \
    X(EVIDENCE_OPEN, "evidence_open")                                                                        \
    X(PARCEL_NOT_DELIVERED, "parcel_not_delivered")                                                          \
    X(SPLIT_MISMATCH, "split_mismatch")                                                                      \
    X(OVER_AUTHORITY, "over_authority")                                                                      \
    X(CHARGEBACK_OPEN, "chargeback_open")                                                                    \
    X(NEEDS_STAFF, "needs_staff")                                                                            \
    X(ALREADY_RECORDED, "already_recorded")                                                                  \
    X(AMOUNT_MISMATCH, "amount_mismatch")                                                                    \
    X(ORDER_NOT_FAILED, "order_not_failed")                                                                  \
    X(TRY_LIMIT, "try_limit")                                                                                \
    X(MONEY_OPEN, "money_open")                                                                              \
    X(DISCARDED, "discarded") /* an operator threw the parked command away */
/* clang-format on */

enum refusal {
    REFUSAL_NONE,
#define REFUSAL_ROW(name, text) REFUSAL_##name,
    REFUSALS(REFUSAL_ROW)
#undef REFUSAL_ROW
        REFUSAL_COUNT
};

const char *refusal_text(enum refusal refusal); /* NULL for REFUSAL_NONE */

#endif
