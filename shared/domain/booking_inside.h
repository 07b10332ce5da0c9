/* SPDX-License-Identifier: Apache-2.0
 * What the files of the booking machine share: the guards and acts that the rows of booking.c name, grouped
 * as the rows are, and the folds. */
#ifndef COLIS_DOMAIN_BOOKING_INSIDE_H
#define COLIS_DOMAIN_BOOKING_INSIDE_H

#include "shared/domain/parcel.h"
#include "shared/domain/policy.h"
#include "shared/domain/rule.h"

typedef enum refusal booking_guard(const struct rule_situation *situation);
typedef void booking_act(struct rule_situation *situation);

/* booking_words.c: of more than one row */
booking_guard booking_not_blocked, booking_reason_given, booking_not_a_party, booking_trip_still_announced,
    booking_trip_has_left, booking_epoch_or_trip_left, booking_epoch_or_trip_ended, booking_newer_dates;
/* booking_request.c: B1 to B10 */
booking_guard booking_own_parcel_and_trip_known, booking_parcel_not_ended, booking_parcel_registered,
    booking_parcel_not_flagged, booking_trip_announced, booking_not_own_trip, booking_cities_match,
    booking_in_time_before_departure, booking_departs_when_parcel_is_ready, booking_arrives_by_when_it_must,
    booking_before_drop_off_ends, booking_goods_allowed, booking_value_within_cap_of_traveller,
    booking_exposure_within_cap, booking_least_weight_not_over_weight, booking_weight_traveller_may_carry,
    booking_weight_within_space_left, booking_trip_not_full, booking_answered_before_expiry,
    booking_trip_still_open_to_answer, booking_payout_account_set, booking_accepted_weight_in_range,
    booking_before_pay_by, booking_trip_still_open_to_pay, booking_no_open_attempt, booking_attempts_left,
    booking_trip_still_announced_if_a_party_says;
booking_act booking_act_request, booking_act_accept, booking_act_decline, booking_act_expire_request,
    booking_act_expire_unpaid, booking_act_give_grace, booking_act_pay, booking_act_cancel_request,
    booking_act_cancel_accepted, booking_act_cancel_paid;
/* booking_pickup.c: B11 to B19 */
booking_guard booking_answer_open, booking_pickup_code_not_blocked, booking_pickup_code_right,
    booking_opened_and_checked, booking_seal_photo, booking_weighed_within_tolerance,
    booking_photo_if_fault_of_sender, booking_drop_off_window_over_since_paid,
    booking_no_new_dates_open_if_traveller_says, booking_settle_epoch, booking_accused_or_unknown,
    booking_within_contest_window;
booking_act booking_act_redate, booking_act_redate_on_board, booking_act_agree_redate, booking_act_collect,
    booking_act_refuse_at_pickup, booking_act_report_no_show, booking_act_pickup_missed,
    booking_act_settle_pickup, booking_act_contest;
/* booking_transit.c: B20 to B28 */
booking_guard booking_trip_on_its_way, booking_trip_left_or_ended, booking_parcel_moving,
    booking_not_the_current_step, booking_reason_for_waiting_given, booking_parcel_deliverable,
    booking_parcel_deliverable_in_dispute, booking_cause_ends_by_delivery, booking_delivery_code_not_blocked,
    booking_delivery_code_right, booking_identity_checked, booking_signature_photo,
    booking_never_the_traveller, booking_purpose_fits_state_and_asker, booking_issues_left,
    booking_not_issued_just_now, booking_parcel_arrived, booking_traveller_waited, booking_trip_abandoned;
booking_act booking_act_start, booking_act_report, booking_act_deliver, booking_act_prove_delivery,
    booking_act_deliver_by_staff, booking_act_reissue_code, booking_act_undelivered, booking_act_abandon;
/* booking_dispute.c: B29 to B37 */
booking_guard booking_confirm_epoch, booking_within_complaint_window, booking_cause_given,
    booking_photo_for_content_or_damage, booking_arrival_long_past, booking_late_epoch,
    booking_before_evidence_by, booking_evidence_left, booking_parcel_delivered,
    booking_split_is_what_is_held, booking_within_authority, booking_evidence_over_or_both_spoke,
    booking_chargeback_over, booking_dispute_epoch, booking_default_known, booking_reminder_epoch;
booking_act booking_act_confirm, booking_act_dispute, booking_act_dispute_late, booking_act_add_evidence,
    booking_act_resolve, booking_act_resolve_default, booking_act_remind;

/* Chooses between B5 and B6. */
bool booking_payment_is_under_way(const struct rule_situation *situation);

extern const struct fold booking_folds[]; /* booking_fold.c; ends with an empty row */

/* The counts of a purpose (enum code_purpose). */
struct code_count *booking_code(struct booking_state *booking, int32_t purpose);
/* How often a party spoke; NULL for one that has no say. */
int64_t *booking_evidence(struct booking_state *booking, int32_t party);
/* The dispute as c2 asks about it. */
struct policy_dispute booking_question(const struct rule_situation *situation);
struct policy_price booking_price(const struct booking_state *booking);

/* booking.delivery_proved; restarts the date of the default. */
void booking_prove_delivery(struct rule_situation *situation);
/* booking.cancelled as c1 decided, and the money after it. reason: enum booking_cancel_reason, 0: none. */
void booking_cancel_as(struct rule_situation *situation, int32_t reason,
                       const struct policy_outcome *outcome);

/* The trip has departed or ended. */
bool booking_trip_left(const struct rule_situation *situation);
/* The trip was given up: cancelled, abandoned or lapsed. */
bool booking_trip_ended(const struct rule_situation *situation);
/* A trip tells its bookings such a reason (enum booking_cancel_reason) only where staff ended it. */
bool booking_nobodys_fault(int32_t reason);
/* Has the sender been asked to agree to new dates? */
bool booking_asks_answer(const struct booking_state *booking);
/* Do new dates wait for an answer, or may the sender still flee them free of charge? */
bool booking_redate_open(const struct rule_situation *situation);
/* The departure as it stood before any new date that is still open. */
int64_t booking_departs_agreed(const struct rule_situation *situation);
/* Is the parcel this booking's, and in one of these states? */
bool booking_parcel_is(const struct rule_situation *situation, uint32_t states);

/* What the command says in confidence is kept beside the booking, if it says anything: under name, numbered
 * n. */
void booking_keep(struct rule_situation *situation, const char *name, int64_t n);

#endif
