/* SPDX-License-Identifier: Apache-2.0
 * The rules of a booking: how one in dispute ends. Who lets go of it (B34), and what c2 judges when
 * nobody does. */
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
    return cases;
}
