/* SPDX-License-Identifier: Apache-2.0
 * The rules of a booking: how one in dispute ends. Who lets go of it (B34), what c2 judges when
 * nobody does, and the space it gives back to a trip that is still announced. */
#include "tests/domain/scene.h"

static const char *drop(enum actor actor)
{
    return says(actor, "booking.drop_dispute", NULL);
}

static const char *deliver(void)
{
    struct booking_deliver_v1 data = {0};

    strcpy(data.code, code_of(CODE_PURPOSE_DELIVERY));
    return says(TRAVELLER, "booking.deliver", &data);
}

START_TEST(who_paid_drops_a_dispute_and_the_traveller_is_paid)
{
    scene_disputed(DISPUTE_CAUSE_DAMAGED);
    is(drop(TRAVELLER), "not_allowed");
    is(drop(RECIPIENT), "not_allowed");
    is(drop(STAFF), "not_allowed");
    is(drop(SENDER), "accepted");
    is(facts(), "booking.completed payment.split_decided payment.payout_ordered parcel.closed review.opened");
    split_is(CARRIAGE, 0, FEE);
}
END_TEST

START_TEST(a_parcel_damaged_after_delivery_counts_as_delivered)
{
    scene_disputed(DISPUTE_CAUSE_DAMAGED);
    scene.parcel.state = PARCEL_STATUS_DAMAGED;
    is(drop(SENDER), "accepted");
    ck_assert_int_eq(scene.parcel.outcome, PARCEL_OUTCOME_DAMAGED);
}
END_TEST

START_TEST(a_dispute_is_not_dropped_before_the_delivery)
{
    scene_arrived();
    scene.now = scene.trip.arrives + 25 * HOURS;
    is(says(SENDER, "booking.dispute", NULL), "accepted");
    is(drop(SENDER), "parcel_not_delivered");
}
END_TEST

static void judged(int64_t to_traveller, int64_t to_sender)
{
    scene.now = scene.booking.default_at;
    is(timer("booking.resolve_default", scene.booking.dispute_epoch), "accepted");
    split_is(to_traveller, to_sender, FEE);
}

START_TEST(a_traveller_who_opened_a_dispute_and_delivers_late_is_judged_by_c2)
{
    scene_on_the_way();
    scene.now = scene.trip.arrives + 10 * DAYS;
    is(says(TRAVELLER, "parcel.declare_lost", NULL), "accepted");
    ck_assert_int_eq(scene.booking.opener, PARTY_TRAVELLER);
    is(says(TRAVELLER, "parcel.declare_found", NULL), "accepted");
    is(deliver(), "accepted");
    is(drop(TRAVELLER), "not_allowed");
    judged(4875, 4875);
}
END_TEST

START_TEST(a_recipient_who_complained_does_not_cut_short_the_day_of_who_paid)
{
    scene_delivered();
    is(SAYS(RECIPIENT, "booking.dispute", booking_dispute_v1, .has_cause = true, .cause = DISPUTE_CAUSE_LATE),
       "accepted");
    is(drop(RECIPIENT), "not_allowed");
    is(SAYS(SENDER, "booking.add_evidence", booking_add_evidence_v1, .statement = "It is broken"),
       "accepted");
    is(drop(SENDER), "accepted");
    split_is(CARRIAGE, 0, FEE);
}
END_TEST

START_TEST(who_paid_drops_what_the_traveller_or_the_system_opened)
{
    scene_on_the_way();
    is(says(TRAVELLER, "parcel.declare_lost", NULL), "accepted");
    is(says(TRAVELLER, "parcel.declare_found", NULL), "accepted");
    is(drop(SENDER), "parcel_not_delivered");
    is(deliver(), "accepted");
    is(drop(SENDER), "accepted");
    scene_set();
    scene_arrived();
    scene.now = scene.trip.arrives + 7 * DAYS;
    is(timer("booking.dispute", scene.booking.late_epoch), "accepted");
    ck_assert_int_eq(scene.booking.opener, PARTY_SYSTEM);
    is(deliver(), "accepted");
    is(drop(SENDER), "accepted");
    split_is(CARRIAGE, 0, FEE);
}
END_TEST

/* What c2 calls late */

static const char *redate_arrival(int64_t days)
{
    is(SAYS(TRAVELLER, "trip.redate", trip_redate_v1, .arrives = scene.trip.arrives + days * DAYS),
       "accepted");
    return says(SYSTEM, "booking.redate", NULL);
}

START_TEST(a_new_arrival_in_dispute_makes_nothing_less_late)
{
    scene_on_the_way();
    scene.now = scene.trip.arrives + 5 * DAYS;
    is(says(SENDER, "booking.dispute", NULL), "accepted");
    is(redate_arrival(6), "wrong_state");
    is(deliver(), "accepted");
    is(redate_arrival(1), "wrong_state");
    ck_assert_int_lt(scene.booking.arrives, scene.trip.arrives);
    judged(4875, 4875);
}
END_TEST

START_TEST(a_new_arrival_before_the_dispute_counts)
{
    scene_on_the_way();
    is(redate_arrival(4), "accepted");
    scene.now = scene.trip.arrives + 25 * HOURS;
    is(says(SENDER, "booking.dispute", NULL), "accepted");
    is(deliver(), "accepted");
    judged(CARRIAGE, 0);
}
END_TEST

/* Before the departure */

static void collected_nine_days_early(void)
{
    struct booking_collect_v1 data = {.opened_and_checked = true, .weighed_g = GRAMS};

    scene_paid();
    scene.now = scene.trip.departs - 9 * DAYS;
    scene_photo(PHOTO_STAGE_SEAL, PARTY_TRAVELLER);
    strcpy(data.code, code_of(CODE_PURPOSE_PICKUP));
    is(says(TRAVELLER, "booking.collect", &data), "accepted");
}

static const char *cancel_trip(void)
{
    return SAYS(TRAVELLER, "trip.cancel", trip_cancel_v1, .has_reason = true,
                .reason = TRIP_CANCEL_REASON_CANNOT_TRAVEL);
}

static const char *turn_round(void)
{
    return SAYS(SENDER, "parcel.return", parcel_return_v1, .has_reason = true, .reason = RETURN_REASON_OTHER);
}

static void trip_let_go(void)
{
    ck_assert_int_eq(scene.trip.bookings_count, 0);
    ck_assert_int_eq(scene.trip.reserved_g, 0);
    ck_assert_int_eq(scene.trip.loaded_g, 0);
    ck_assert_int_eq(scene.trip.exposure, 0);
    is(cancel_trip(), "accepted");
}

static void staff_refund(void)
{
    scene.now = scene.booking.evidence_by;
    is(SAYS(STAFF, "booking.resolve", booking_resolve_v1, .split = {.to_sender = TOTAL}), "accepted");
    is(facts(), "booking.resolved payment.split_decided payment.refund_ordered trip.space_released "
                "parcel.closed review.opened");
}

START_TEST(a_parcel_lost_before_the_departure_leaves_its_trip_once_staff_decided)
{
    collected_nine_days_early();
    is(says(TRAVELLER, "parcel.declare_lost", NULL), "accepted");
    is(cancel_trip(), "parcels_on_board"); /* it may be found */
    staff_refund();
    trip_let_go();
}
END_TEST

START_TEST(a_parcel_seized_before_the_departure_leaves_its_trip_once_staff_decided)
{
    collected_nine_days_early();
    is(says(STAFF, "parcel.declare_seized", NULL), "accepted");
    staff_refund();
    trip_let_go();
}
END_TEST

START_TEST(a_parcel_never_handed_back_leaves_its_trip_by_default)
{
    collected_nine_days_early();
    is(turn_round(), "accepted");
    scene.trip.departs += 20 * DAYS;
    scene.now = scene.booking.default_at;
    is(timer("booking.resolve_default", scene.booking.dispute_epoch), "accepted");
    is(facts(), "booking.resolved payment.split_decided payment.refund_ordered trip.space_released "
                "parcel.closed review.opened");
    trip_let_go();
}
END_TEST

START_TEST(a_trip_that_left_keeps_what_it_carried)
{
    scene_on_the_way();
    is(says(TRAVELLER, "parcel.declare_lost", NULL), "accepted");
    scene.now = scene.booking.default_at;
    is(timer("booking.resolve_default", scene.booking.dispute_epoch), "accepted");
    is(facts(), "booking.resolved payment.split_decided payment.refund_ordered parcel.closed review.opened");
    ck_assert_int_eq(scene.trip.bookings_count, 1);
}
END_TEST

START_TEST(nothing_in_dispute_is_delivered_before_the_departure)
{
    collected_nine_days_early();
    is(turn_round(), "accepted");
    is(deliver(), "trip_not_left");
    is(SAYS(STAFF, "booking.deliver", booking_deliver_v1, .has_identity_checked = true,
            .identity_checked = true),
       "trip_not_left");
    scene.trip.state = TRIP_STATUS_ABANDONED;
    is(deliver(), "accepted"); /* somebody else carried it */
}
END_TEST

TCase *end_cases(void)
{
    TCase *cases = tcase_create("end");

    tcase_add_checked_fixture(cases, scene_set, NULL);
    tcase_add_test(cases, who_paid_drops_a_dispute_and_the_traveller_is_paid);
    tcase_add_test(cases, a_parcel_damaged_after_delivery_counts_as_delivered);
    tcase_add_test(cases, a_dispute_is_not_dropped_before_the_delivery);
    tcase_add_test(cases, a_traveller_who_opened_a_dispute_and_delivers_late_is_judged_by_c2);
    tcase_add_test(cases, a_recipient_who_complained_does_not_cut_short_the_day_of_who_paid);
    tcase_add_test(cases, who_paid_drops_what_the_traveller_or_the_system_opened);
    tcase_add_test(cases, a_new_arrival_in_dispute_makes_nothing_less_late);
    tcase_add_test(cases, a_new_arrival_before_the_dispute_counts);
    tcase_add_test(cases, a_parcel_lost_before_the_departure_leaves_its_trip_once_staff_decided);
    tcase_add_test(cases, a_parcel_seized_before_the_departure_leaves_its_trip_once_staff_decided);
    tcase_add_test(cases, a_parcel_never_handed_back_leaves_its_trip_by_default);
    tcase_add_test(cases, a_trip_that_left_keeps_what_it_carried);
    tcase_add_test(cases, nothing_in_dispute_is_delivered_before_the_departure);
    return cases;
}
