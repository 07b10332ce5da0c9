/* SPDX-License-Identifier: Apache-2.0
 * A booking: requested -> accepted -> paid -> collected -> delivered -> completed. The rows below are the
 * specification (B1 to B37); a person who ships parcels can check them. What the guards and acts are stands
 * in booking_request.c, booking_pickup.c, booking_transit.c and booking_dispute.c, how facts become state in
 * booking_fold.c. */
#include <string.h>

#include "shared/domain/booking_facts.h"
#include "shared/domain/booking_inside.h"

static uint32_t who(const struct domain_world *world, const char *principal)
{
    const struct booking_state *booking = world->booking;
    uint32_t is = 0;

    if (strcmp(booking->sender.text, principal) == 0)
        is |= WHO_SENDER;
    if (strcmp(booking->traveller.text, principal) == 0)
        is |= WHO_TRAVELLER;
    return is;
}

/* B24: a wrong code is refused, and counted. */
static void refused(struct rule_situation *situation, enum refusal refusal)
{
    if (refusal == REFUSAL_CODE_WRONG)
        booking_code_failed(situation, situation->command->row->schema == &booking_collect_v1_schema
                                           ? CODE_PURPOSE_PICKUP
                                           : CODE_PURPOSE_DELIVERY);
}

#define REQUESTED FROM(BOOKING_STATUS_REQUESTED)
#define ACCEPTED  FROM(BOOKING_STATUS_ACCEPTED)
#define PAID      FROM(BOOKING_STATUS_PAID)
#define REFUSED   FROM(BOOKING_STATUS_REFUSED_AT_PICKUP)
#define COLLECTED FROM(BOOKING_STATUS_COLLECTED)
#define DELIVERED FROM(BOOKING_STATUS_DELIVERED)
#define DISPUTED  FROM(BOOKING_STATUS_DISPUTED)
#define S         WHO_SENDER
#define T         WHO_TRAVELLER
#define R         WHO_RECIPIENT
#define F         WHO_STAFF
#define Y         WHO_SYSTEM
/* clang-format off */
#define G(name)   {#name, booking_##name}
/* clang-format on */

/* What follows a decision about the money, and the facts of a booking that lets go. */
#define FREE   "?trip.space_released", "?parcel.unbooked"
#define LAPSE  "payment.lapsed", "?payment.refund_ordered"
#define ORDERS "payment.split_decided", "?payment.payout_ordered", "?payment.refund_ordered"

static const struct rule rules[] = {
    /* clang-format off */
/*   no     command                     from                             who            when
 *      provided that, else refused by the first that does not hold
 *      facts
 *      becomes, by */

/* Asking and answering */
    {"B1",  "booking.request",          FROM_NOTHING,                    WHO_PERSON,    ALWAYS,
        {G(own_parcel_and_trip_known), G(not_blocked), G(parcel_not_ended), G(parcel_registered), G(parcel_not_flagged),
         G(trip_announced), G(not_own_trip), G(cities_match), G(in_time_before_departure),
         G(before_drop_off_ends), G(departs_when_parcel_is_ready), G(arrives_by_when_it_must), G(goods_allowed),
         G(value_within_cap_of_traveller), G(exposure_within_cap), G(least_weight_not_over_weight),
         G(weight_traveller_may_carry), G(weight_within_space_left), G(trip_not_full)},
        {"booking.requested", "trip.space_reserved", "parcel.booked"},
        BOOKING_STATUS_REQUESTED, booking_act_request},
    {"B2",  "booking.accept",           REQUESTED,                       T,             ALWAYS,
        {G(not_blocked), G(answered_before_expiry), G(trip_still_open_to_answer), G(before_drop_off_ends),
         G(payout_account_set), G(accepted_weight_in_range)},
        {"booking.accepted", "payment.opened", "?trip.space_released"},
        BOOKING_STATUS_ACCEPTED, booking_act_accept},
    {"B3",  "booking.decline",          REQUESTED,                       T,             ALWAYS,
        {G(reason_given)},
        {"booking.declined", FREE},
        BOOKING_STATUS_DECLINED, booking_act_decline},
    {"B4",  "booking.expire",           REQUESTED,                       Y,             ALWAYS,
        {G(epoch_or_trip_left)},
        {"booking.expired", FREE},
        BOOKING_STATUS_EXPIRED, booking_act_expire_request},

/* Paying */
    {"B6",  "booking.expire",           ACCEPTED,                        Y,             {"payment_is_under_way", booking_payment_is_under_way},
        {G(epoch_or_trip_left)},
        {"booking.grace_given"},
        SAME, booking_act_give_grace},
    {"B5",  "booking.expire",           ACCEPTED,                        Y,             ALWAYS,
        {G(epoch_or_trip_left)},
        {"booking.expired", LAPSE, FREE},
        BOOKING_STATUS_EXPIRED, booking_act_expire_unpaid},
    {"B7",  "booking.pay",              ACCEPTED,                        S,             ALWAYS,
        {G(not_blocked), G(before_pay_by), G(trip_still_open_to_pay), G(before_drop_off_ends),
         G(no_open_attempt), G(attempts_left)},
        {"payment.attempt_opened", "?booking.redate_agreed"},
        SAME, booking_act_pay},

/* Cancelling: the split is a row of c1 */
    {"B8",  "booking.cancel",           REQUESTED,                       S | F | Y,     ALWAYS,
        {G(reason_given), G(epoch_or_trip_ended)},
        {"booking.cancelled", FREE},
        BOOKING_STATUS_CANCELLED, booking_act_cancel_request},
    {"B9",  "booking.cancel",           ACCEPTED,                        S | T | F | Y, ALWAYS,
        {G(reason_given), G(epoch_or_trip_ended)},
        {"booking.cancelled", LAPSE, FREE},
        BOOKING_STATUS_CANCELLED, booking_act_cancel_accepted},
    {"B10", "booking.cancel",           PAID,                            S | T | F | Y, ALWAYS,
        {G(reason_given), G(epoch_or_trip_ended), G(trip_still_announced_if_a_party_says)},
        {"booking.cancelled", "=> profile.count_fault", ORDERS, FREE},
        BOOKING_STATUS_CANCELLED, booking_act_cancel_paid},

/* The trip moves */
    {"B11", "booking.redate",           REQUESTED | ACCEPTED | PAID,     Y,             ALWAYS,
        {G(newer_dates)},
        {"booking.redated"},
        SAME, booking_act_redate},
    {"B12", "booking.redate",           COLLECTED,                       Y,             ALWAYS,
        {G(newer_dates)},
        {"booking.redated", "?parcel.delayed"},
        SAME, booking_act_redate_on_board},
    {"B13", "booking.agree_redate",     REQUESTED | ACCEPTED | PAID,     S,             ALWAYS,
        {G(answer_open)},
        {"booking.redate_agreed"},
        SAME, booking_act_agree_redate},

/* The pickup */
    {"B14", "booking.collect",          PAID,                            T,             ALWAYS,
        {G(trip_still_announced), G(pickup_code_not_blocked), G(pickup_code_right), G(opened_and_checked),
         G(seal_photo), G(weighed_within_tolerance)},
        {"booking.collected", "parcel.collected", "trip.loaded", "booking.code_issued"},
        BOOKING_STATUS_COLLECTED, booking_act_collect},
    {"B15", "booking.refuse_at_pickup", PAID,                            T,             ALWAYS,
        {G(trip_still_announced), G(photo_if_fault_of_sender)},
        {"booking.pickup_failed", FREE, "?parcel.flagged"},
        BOOKING_STATUS_REFUSED_AT_PICKUP, booking_act_refuse_at_pickup},
    {"B16", "booking.report_no_show",   PAID,                            S | T,         ALWAYS,
        {G(drop_off_window_over_since_paid), G(no_new_dates_open_if_traveller_says)},
        {"booking.pickup_failed", FREE},
        BOOKING_STATUS_REFUSED_AT_PICKUP, booking_act_report_no_show},
    {"B17", "booking.pickup_missed",    PAID,                            Y,             ALWAYS,
        {G(trip_has_left)},
        {"booking.pickup_failed", "?parcel.unbooked"},
        BOOKING_STATUS_REFUSED_AT_PICKUP, booking_act_pickup_missed},
    {"B18", "booking.settle_pickup",    REFUSED,                         Y,             ALWAYS,
        {G(settle_epoch)},
        {"booking.cancelled", "=> profile.count_fault", ORDERS},
        BOOKING_STATUS_CANCELLED, booking_act_settle_pickup},
    {"B19", "booking.contest",          REFUSED,                         S | T,         ALWAYS,
        {G(accused_or_unknown), G(within_contest_window)},
        {"booking.disputed"},
        BOOKING_STATUS_DISPUTED, booking_act_contest},

/* On the way */
    {"B20", "booking.start",            COLLECTED,                       Y,             ALWAYS,
        {ALWAYS},
        {"?parcel.departed"},
        SAME, booking_act_start},
    {"B21", "booking.report",           COLLECTED | DISPUTED,            T | Y,         ALWAYS,
        {G(trip_on_its_way), G(parcel_moving), G(not_the_current_step), G(reason_for_waiting_given)},
        {"?parcel.departed", "?parcel.in_customs", "?parcel.delayed", "?parcel.arrived"},
        SAME, booking_act_report},

/* At the door. B24: where a code is wrong, booking.code_failed counts it though the command is refused. */
    {"B22", "booking.deliver",          COLLECTED,                       T,             ALWAYS,
        {G(trip_on_its_way), G(parcel_deliverable), G(delivery_code_not_blocked), G(delivery_code_right)},
        {"booking.delivered", "parcel.delivered"},
        BOOKING_STATUS_DELIVERED, booking_act_deliver},
    {"B23", "booking.deliver",          DISPUTED,                        T,             ALWAYS,
        {G(trip_left_or_ended), G(cause_ends_by_delivery), G(parcel_deliverable_in_dispute),
         G(delivery_code_not_blocked), G(delivery_code_right)},
        {"booking.delivery_proved", "parcel.delivered"},
        SAME, booking_act_prove_delivery},
    {"B23", "booking.deliver",          DISPUTED,                        F,             ALWAYS,
        {G(not_a_party), G(trip_left_or_ended), G(cause_ends_by_delivery), G(parcel_deliverable_in_dispute),
         G(identity_checked)},
        {"booking.delivery_proved", "parcel.delivered"},
        SAME, booking_act_prove_delivery},
    {"B25", "booking.deliver_by_staff", COLLECTED,                       F,             ALWAYS,
        {G(not_a_party), G(identity_checked), G(signature_photo), G(trip_on_its_way), G(parcel_deliverable)},
        {"booking.delivered", "parcel.delivered"},
        BOOKING_STATUS_DELIVERED, booking_act_deliver_by_staff},
    {"B26", "booking.reissue_code",     PAID | COLLECTED | DISPUTED,     S | R | F,     ALWAYS,
        {G(never_the_traveller), G(purpose_fits_state_and_asker), G(issues_left), G(not_issued_just_now)},
        {"booking.code_issued"},
        SAME, booking_act_reissue_code},
    {"B27", "booking.undelivered",      COLLECTED,                       T | R,         ALWAYS,
        {G(parcel_arrived), G(traveller_waited)},
        {"booking.disputed"},
        BOOKING_STATUS_DISPUTED, booking_act_undelivered},
    {"B28", "booking.abandon",          COLLECTED,                       Y,             ALWAYS,
        {G(trip_abandoned)},
        {"booking.disputed", "?parcel.return_started", "booking.code_issued"},
        BOOKING_STATUS_DISPUTED, booking_act_abandon},

/* Ending well */
    {"B29", "booking.confirm",          DELIVERED,                       S,             ALWAYS,
        {ALWAYS},
        {"booking.completed", "=> profile.count_done", ORDERS, "?parcel.closed", "review.opened"},
        BOOKING_STATUS_COMPLETED, booking_act_confirm},
    {"B30", "booking.auto_confirm",     DELIVERED,                       Y,             ALWAYS,
        {G(confirm_epoch)},
        {"booking.completed", "=> profile.count_done", ORDERS, "?parcel.closed", "review.opened"},
        BOOKING_STATUS_COMPLETED, booking_act_confirm},

/* Disputes: what staff do not decide, a row of c2 does */
    {"B31", "booking.dispute",          DELIVERED,                       S | R,         ALWAYS,
        {G(within_complaint_window), G(cause_given), G(photo_for_content_or_damage)},
        {"booking.disputed"},
        BOOKING_STATUS_DISPUTED, booking_act_dispute},
    {"B32", "booking.dispute",          COLLECTED,                       S | Y,         ALWAYS,
        {G(arrival_long_past), G(late_epoch)},
        {"booking.disputed"},
        BOOKING_STATUS_DISPUTED, booking_act_dispute_late},
    {"B33", "booking.add_evidence",     DISPUTED,                        S | T | R,     ALWAYS,
        {G(before_evidence_by), G(evidence_left)},
        {"booking.evidence_added", "?booking.reminded"},
        SAME, booking_act_add_evidence},
    {"B34", "booking.drop_dispute",     DISPUTED,                        S,             ALWAYS,
        {G(parcel_delivered)},
        {"booking.completed", "=> profile.count_done", ORDERS, "?parcel.closed", "review.opened"},
        BOOKING_STATUS_COMPLETED, booking_act_confirm},
    {"B35", "booking.resolve",          DISPUTED,                        F,             ALWAYS,
        {G(not_a_party), G(split_is_what_is_held), G(within_authority), G(evidence_over_or_both_spoke),
         G(chargeback_over)},
        {"booking.resolved", "=> profile.count_fault", ORDERS, "?trip.space_released", "?parcel.closed", "review.opened"},
        BOOKING_STATUS_RESOLVED, booking_act_resolve},
    {"B36", "booking.resolve_default",  DISPUTED,                        Y,             ALWAYS,
        {G(dispute_epoch), G(default_known)},
        {"booking.resolved", "=> profile.count_fault", ORDERS, "?trip.space_released", "?parcel.closed", "review.opened"},
        BOOKING_STATUS_RESOLVED, booking_act_resolve_default},
    {"B37", "booking.remind",           PAID | COLLECTED | DELIVERED | DISPUTED, Y,             ALWAYS,
        {G(reminder_epoch)},
        {"booking.reminded"},
        SAME, booking_act_remind},
    {0},
    /* clang-format on */
};

const struct machine booking_machine = {
    .kind = "booking",
    .slot = SLOT_BOOKING,
    .state = &booking_state_schema,
    .rules = rules,
    .folds = booking_folds,
    .terminal = FROM(BOOKING_STATUS_DECLINED) | FROM(BOOKING_STATUS_EXPIRED) |
                FROM(BOOKING_STATUS_CANCELLED) | FROM(BOOKING_STATUS_COMPLETED) |
                FROM(BOOKING_STATUS_RESOLVED),
    .states = booking_status_choices,
    .who = who,
    .refused = refused,
};
