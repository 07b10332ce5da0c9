/* SPDX-License-Identifier: Apache-2.0
 * The rules of a booking: new dates of its trip, and what they change (B11 to B13). */
#include "tests/domain/scene.h"

static const char *cancel(enum actor actor)
{
    return SAYS(actor, "booking.cancel", booking_cancel_v1, .has_reason = true,
                .reason = BOOKING_CANCEL_REASON_OTHER_PLANS);
}

static void hours_before(int64_t hours)
{
    scene.now = scene.trip.departs - hours * HOURS;
}

static void moved(int64_t hours)
{
    scene.trip.departs += hours * HOURS;
    scene.trip.arrives += hours * HOURS;
    scene.trip.drop_off_until += hours * HOURS;
    scene.trip.schedule++;
}

static const char *redate(void)
{
    return says(SYSTEM, "booking.redate", NULL);
}

START_TEST(a_move_over_24_hours_must_be_agreed_to)
{
    scene_paid();
    is(redate(), "stale");
    moved(25);
    is(redate(), "accepted");
    is(facts(), "booking.redated");
    ck_assert_int_eq(scene.booking.departs, scene.trip.departs);
    ck_assert_int_eq(timer_due("redate_unanswered"), NOW + 24 * HOURS);
    is(timers(), "redate_unanswered pickup_reminder pickup_reminder");
    is(redate(), "stale");
    is(says(TRAVELLER, "booking.agree_redate", NULL), "not_allowed");
    is(says(SENDER, "booking.agree_redate", NULL), "accepted");
    is(says(SENDER, "booking.agree_redate", NULL), "nothing_to_answer");
    is(timer("booking.cancel", scene.booking.redate_epoch), "timer_void");
}
END_TEST

START_TEST(two_short_moves_are_one_long_one)
{
    scene_paid();
    moved(20);
    is(redate(), "accepted");
    ck_assert(!scene.booking.has_must_answer_by);
    moved(20);
    is(redate(), "accepted");
    ck_assert(scene.booking.has_must_answer_by);
}
END_TEST

START_TEST(an_arrival_after_the_parcel_must_be_there_must_be_agreed_to)
{
    scene_paid();
    scene.parcel.deliver_by = scene.trip.arrives + 1 * HOURS;
    moved(2);
    is(redate(), "accepted");
    ck_assert(scene.booking.has_must_answer_by);
}
END_TEST

/* when: of the trip. */
static void put_off(int64_t *when, int64_t ms)
{
    *when += ms;
    scene.trip.schedule++;
    is(redate(), "accepted");
}

/* Or the traveller would take half of the price from a sender who never had the window. */
START_TEST(a_drop_off_that_ends_earlier_must_be_agreed_to)
{
    scene_paid();
    put_off(&scene.trip.drop_off_until, -1);
    ck_assert(scene.booking.has_must_answer_by);
    scene.now = scene.booking.must_answer_by;
    is(says(TRAVELLER, "booking.report_no_show", NULL), "too_early");
    is(timer("booking.cancel", scene.booking.redate_epoch), "accepted");
    split_is(0, TOTAL, 0);
    fault_is(FAULT_NONE);
}
END_TEST

START_TEST(a_drop_off_moved_twice_is_measured_from_the_one_agreed_to)
{
    scene_paid();
    put_off(&scene.trip.drop_off_until, -10 * HOURS);
    put_off(&scene.trip.drop_off_until, 5 * HOURS);
    ck_assert(scene.booking.has_must_answer_by);
    put_off(&scene.trip.drop_off_until, 5 * HOURS);
    ck_assert(!scene.booking.has_must_answer_by);
    put_off(&scene.trip.drop_off_until, -1);
    is(says(SENDER, "booking.agree_redate", NULL), "accepted");
    ck_assert(!scene.booking.has_drop_off_before);
    put_off(&scene.trip.drop_off_until, 1); /* counted anew */
    ck_assert(!scene.booking.has_must_answer_by);
}
END_TEST

START_TEST(a_drop_off_that_was_over_is_not_taken_from_anybody)
{
    scene_paid();
    scene.now = scene.trip.drop_off_until;
    put_off(&scene.trip.drop_off_until, -1 * HOURS);
    ck_assert(!scene.booking.has_must_answer_by);
}
END_TEST

START_TEST(who_agrees_can_still_hand_over)
{
    scene_paid();
    scene.trip.drop_off_until = scene.now + 2 * HOURS;
    put_off(&scene.trip.drop_off_until, -1 * HOURS);
    ck_assert_int_eq(scene.booking.must_answer_by, scene.now + 1 * HOURS);
    scene.now = scene.trip.drop_off_until;
    is(says(SENDER, "booking.agree_redate", NULL), "nothing_to_answer");
    is(says(TRAVELLER, "booking.report_no_show", NULL), "too_early");
}
END_TEST

START_TEST(an_arrival_moved_twice_is_measured_from_the_one_agreed_to)
{
    scene_paid();
    put_off(&scene.trip.arrives, 25 * HOURS);
    ck_assert(scene.booking.has_must_answer_by);
    put_off(&scene.trip.arrives, 1);
    ck_assert(scene.booking.has_must_answer_by);
    put_off(&scene.trip.arrives, -25 * HOURS);
    ck_assert(!scene.booking.has_must_answer_by);
}
END_TEST

START_TEST(short_moves_of_the_arrival_are_one_long_one)
{
    scene_paid();
    put_off(&scene.trip.arrives, 20 * HOURS);
    ck_assert(!scene.booking.has_must_answer_by);
    scene.now += 24 * HOURS - 1;
    put_off(&scene.trip.arrives, 20 * HOURS);
    ck_assert(scene.booking.has_must_answer_by);
    is(says(SENDER, "booking.agree_redate", NULL), "accepted");
    ck_assert(!scene.booking.has_arrives_before);
    put_off(&scene.trip.arrives, 20 * HOURS); /* counted anew */
    ck_assert(!scene.booking.has_must_answer_by);
}
END_TEST

START_TEST(an_answer_is_never_awaited_past_six_hours_before_departure)
{
    scene_paid();
    hours_before(48);
    moved(-30);
    is(redate(), "accepted");
    ck_assert_int_eq(scene.booking.must_answer_by, scene.trip.departs - 6 * HOURS);
    scene.now = scene.booking.must_answer_by;
    is(says(SENDER, "booking.agree_redate", NULL), "nothing_to_answer");
}
END_TEST

START_TEST(no_answer_to_new_dates_cancels_and_gives_all_back)
{
    scene_paid();
    moved(100);
    is(redate(), "accepted");
    is(timer("booking.cancel", scene.booking.redate_epoch - 1), "timer_void");
    scene.now = scene.booking.must_answer_by;
    is(timer("booking.cancel", scene.booking.redate_epoch), "accepted");
    ck_assert_int_eq(FACT_OF(booking_cancelled_v1)->reason, BOOKING_CANCEL_REASON_REDATE_UNANSWERED);
    ck_assert_int_eq(FACT_OF(booking_cancelled_v1)->row, 1);
    split_is(0, TOTAL, 0);
    fault_is(FAULT_NONE);
}
END_TEST

START_TEST(paying_under_new_dates_agrees_to_them)
{
    scene_accepted();
    moved(48);
    is(redate(), "accepted");
    is(says(SENDER, "booking.pay", NULL), "accepted");
    is(facts(), "payment.attempt_opened booking.redate_agreed");
    ck_assert(!scene.booking.has_must_answer_by);
    is(timer("booking.cancel", scene.booking.redate_epoch), "timer_void");
}
END_TEST

START_TEST(paying_after_the_time_to_answer_agrees_to_nothing)
{
    scene_accepted();
    moved(48);
    is(redate(), "accepted");
    scene.booking.must_answer_by = scene.now;
    is(says(SENDER, "booking.pay", NULL), "accepted");
    is(facts(), "payment.attempt_opened");
    is(timer("booking.cancel", scene.booking.redate_epoch), "accepted");
}
END_TEST

START_TEST(a_traveller_who_moves_and_cancels_is_judged_by_the_first_departure)
{
    scene_paid();
    hours_before(20);
    moved(10);
    is(redate(), "accepted");
    is(cancel(TRAVELLER), "accepted");
    fault_is(FAULT_TRAVELLER_TWICE);
}
END_TEST

START_TEST(a_sender_who_agreed_is_judged_by_the_new_departure)
{
    scene_paid();
    hours_before(80);
    moved(-30);
    is(redate(), "accepted");
    is(says(SENDER, "booking.agree_redate", NULL), "accepted");
    is(cancel(SENDER), "accepted");
    split_is(1950, 7800, 1170);
}
END_TEST

/* c1 row 1 against row 6: while new dates are open the sender owes nothing. */
START_TEST(who_may_flee_new_dates_free_of_charge_is_no_no_show)
{
    scene_paid();
    hours_before(20);
    moved(2);
    is(redate(), "accepted");
    ck_assert(!scene.booking.has_must_answer_by);
    scene.now = scene.booking.drop_off_until;
    is(says(TRAVELLER, "booking.report_no_show", NULL), "too_early");
    is(cancel(SENDER), "accepted");
    split_is(0, TOTAL, 0);
    fault_is(FAULT_NONE);
}
END_TEST

START_TEST(a_no_show_is_reported_again_once_new_dates_are_settled)
{
    scene_paid();
    hours_before(60);
    moved(-30);
    is(redate(), "accepted");
    scene.now = scene.trip.drop_off_until;
    is(says(TRAVELLER, "booking.report_no_show", NULL), "too_early"); /* not answered */
    scene.now = scene.booking.must_answer_by - 1;
    is(says(SENDER, "booking.agree_redate", NULL), "accepted");
    is(says(TRAVELLER, "booking.report_no_show", NULL), "too_early"); /* the window */
    scene.now = scene.trip.drop_off_until;
    is(says(TRAVELLER, "booking.report_no_show", NULL), "accepted");
}
END_TEST

START_TEST(who_paid_after_the_drop_off_missed_none)
{
    scene_paid();
    scene.booking.paid_at = scene.now = scene.booking.drop_off_until;
    is(says(TRAVELLER, "booking.report_no_show", NULL), "too_early");
    is(says(SENDER, "booking.report_no_show", NULL), "too_early");
    scene.booking.paid_at--;
    is(says(TRAVELLER, "booking.report_no_show", NULL), "accepted");
}
END_TEST

START_TEST(a_traveller_who_stays_away_hides_behind_no_new_dates)
{
    scene_paid();
    hours_before(20);
    moved(-10);
    is(redate(), "accepted");
    scene.now = scene.trip.drop_off_until;
    is(says(SENDER, "booking.report_no_show", NULL), "accepted");
    ck_assert_int_eq(scene.booking.pickup_reason, PICKUP_REASON_NO_SHOW_TRAVELLER);
}
END_TEST

START_TEST(new_dates_on_board_delay_the_parcel)
{
    scene_on_the_way();
    moved(30);
    is(redate(), "accepted");
    is(facts(), "booking.redated parcel.delayed");
    ck_assert_int_eq(timer_due("never_delivered"), scene.trip.arrives + 7 * DAYS);
    moved(-2);
    is(redate(), "accepted");
    is(facts(), "booking.redated"); /* earlier */
}
END_TEST

START_TEST(new_dates_on_board_leave_damage_in_sight)
{
    scene_on_the_way();
    scene.parcel.state = PARCEL_STATUS_DAMAGED;
    moved(30);
    is(redate(), "accepted");
    is(facts(), "booking.redated");
}
END_TEST

TCase *dates_cases(void)
{
    TCase *cases = tcase_create("dates");

    tcase_add_checked_fixture(cases, scene_set, NULL);
    tcase_add_test(cases, a_move_over_24_hours_must_be_agreed_to);
    tcase_add_test(cases, two_short_moves_are_one_long_one);
    tcase_add_test(cases, an_arrival_after_the_parcel_must_be_there_must_be_agreed_to);
    tcase_add_test(cases, a_drop_off_that_ends_earlier_must_be_agreed_to);
    tcase_add_test(cases, a_drop_off_moved_twice_is_measured_from_the_one_agreed_to);
    tcase_add_test(cases, a_drop_off_that_was_over_is_not_taken_from_anybody);
    tcase_add_test(cases, who_agrees_can_still_hand_over);
    tcase_add_test(cases, an_arrival_moved_twice_is_measured_from_the_one_agreed_to);
    tcase_add_test(cases, short_moves_of_the_arrival_are_one_long_one);
    tcase_add_test(cases, an_answer_is_never_awaited_past_six_hours_before_departure);
    tcase_add_test(cases, no_answer_to_new_dates_cancels_and_gives_all_back);
    tcase_add_test(cases, paying_under_new_dates_agrees_to_them);
    tcase_add_test(cases, paying_after_the_time_to_answer_agrees_to_nothing);
    tcase_add_test(cases, a_traveller_who_moves_and_cancels_is_judged_by_the_first_departure);
    tcase_add_test(cases, a_sender_who_agreed_is_judged_by_the_new_departure);
    tcase_add_test(cases, who_may_flee_new_dates_free_of_charge_is_no_no_show);
    tcase_add_test(cases, a_no_show_is_reported_again_once_new_dates_are_settled);
    tcase_add_test(cases, who_paid_after_the_drop_off_missed_none);
    tcase_add_test(cases, a_traveller_who_stays_away_hides_behind_no_new_dates);
    tcase_add_test(cases, new_dates_on_board_delay_the_parcel);
    tcase_add_test(cases, new_dates_on_board_leave_damage_in_sight);
    return cases;
}
