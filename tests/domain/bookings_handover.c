/* SPDX-License-Identifier: Apache-2.0
 * The rules of a booking: the pickup, the way, the door, and the codes (B14 to B28). */
#include "tests/domain/scene.h"

static const char *collect(const char *code, int64_t weighed)
{
    struct booking_collect_v1 data = {.opened_and_checked = true, .weighed_g = weighed};

    strcpy(data.code, code);
    return says(TRAVELLER, "booking.collect", &data);
}

static const char *deliver(enum actor actor, const char *code, bool identity)
{
    struct booking_deliver_v1 data = {.has_identity_checked = identity, .identity_checked = identity};

    strcpy(data.code, code);
    return says(actor, "booking.deliver", &data);
}

static const char *refuse(int32_t reason)
{
    return SAYS(TRAVELLER, "booking.refuse_at_pickup", booking_refuse_at_pickup_v1, .reason = reason);
}

static const char *report(int32_t step, int32_t reason)
{
    return SAYS(TRAVELLER, "booking.report", booking_report_v1, .step = step, .has_reason = reason != 0,
                .reason = reason);
}

static const char *reissue(enum actor actor, int32_t purpose)
{
    return SAYS(actor, "booking.reissue_code", booking_reissue_code_v1, .purpose = purpose);
}

static const char *contest(enum actor actor)
{
    return SAYS(actor, "booking.contest", booking_contest_v1, .statement = "I was there");
}

/* The pickup */

START_TEST(a_parcel_is_collected_with_code_check_photo_and_scale)
{
    scene_paid();
    scene_photo(PHOTO_STAGE_SEAL, PARTY_TRAVELLER);
    is(collect(code_of(CODE_PURPOSE_PICKUP), 2047), "accepted"); /* 5 % more: 2047.5 */
    is(facts(), "booking.collected parcel.collected trip.loaded booking.code_issued");
    is(timers(), "never_delivered");
    ck_assert_int_eq(timer_due("never_delivered"), scene.trip.arrives + 7 * DAYS);
    ck_assert_int_eq(scene.trip.loaded_g, 2047);
    ck_assert(scene.trip.bookings[0].on_board);
    ck_assert_int_eq(scene.booking.delivery_code.issue, 1);
    ck_assert_int_eq(FACT_OF(booking_code_issued_v1)->recipient_n, 1);
}
END_TEST

START_TEST(what_stands_against_collecting_is_named)
{
    struct booking_collect_v1 unchecked = {.weighed_g = GRAMS};

    scene_paid();
    strcpy(unchecked.code, code_of(CODE_PURPOSE_PICKUP));
    is(says(TRAVELLER, "booking.collect", &unchecked), "not_checked");
    is(collect(code_of(CODE_PURPOSE_PICKUP), GRAMS), "photo_missing");
    scene_photo(PHOTO_STAGE_SEAL, PARTY_TRAVELLER);
    is(collect(code_of(CODE_PURPOSE_PICKUP), 2048), "overweight");
    scene.trip.state = TRIP_STATUS_DEPARTED;
    is(collect(code_of(CODE_PURPOSE_PICKUP), GRAMS), "trip_left");
}
END_TEST

START_TEST(the_seal_of_an_earlier_booking_proves_nothing_in_this_one)
{
    scene_photo(PHOTO_STAGE_SEAL, PARTY_TRAVELLER);
    scene_paid();
    is(collect(code_of(CODE_PURPOSE_PICKUP), GRAMS), "photo_missing");
    scene_photo(PHOTO_STAGE_SEAL, PARTY_TRAVELLER);
    is(collect(code_of(CODE_PURPOSE_PICKUP), GRAMS), "accepted");
}
END_TEST

START_TEST(five_wrong_codes_block_even_the_right_one)
{
    scene_paid();
    scene_photo(PHOTO_STAGE_SEAL, PARTY_TRAVELLER);
    for (int left = 4; left >= 0; left--) {
        is(collect(wrong_code(CODE_PURPOSE_PICKUP), GRAMS), "code_wrong");
        is(facts(), "booking.code_failed");
        ck_assert_int_eq(FACT_OF(booking_code_failed_v1)->purpose, CODE_PURPOSE_PICKUP);
        ck_assert_int_eq(FACT_OF(booking_code_failed_v1)->left, left);
    }
    is(collect(code_of(CODE_PURPOSE_PICKUP), GRAMS), "code_blocked");
    is(facts(), "");
}
END_TEST

START_TEST(a_new_issue_unblocks_and_voids_the_old_code)
{
    char old[8];

    scene_paid();
    scene_photo(PHOTO_STAGE_SEAL, PARTY_TRAVELLER);
    strcpy(old, code_of(CODE_PURPOSE_PICKUP));
    for (int i = 0; i < 5; i++)
        is(collect(wrong_code(CODE_PURPOSE_PICKUP), GRAMS), "code_wrong");
    scene.now += 1 * MINUTES;
    is(reissue(SENDER, CODE_PURPOSE_PICKUP), "accepted");
    is(collect(old, GRAMS), "code_wrong");
    is(collect(code_of(CODE_PURPOSE_PICKUP), GRAMS), "accepted");
}
END_TEST

START_TEST(a_code_of_another_purpose_opens_nothing)
{
    scene_arrived();
    is(deliver(TRAVELLER, code_of(CODE_PURPOSE_PICKUP), false), "code_wrong");
    ck_assert_int_eq(scene.booking.delivery_code.tries, 1);
    ck_assert_int_eq(scene.booking.pickup_code.tries, 0);
}
END_TEST

START_TEST(a_refused_pickup_frees_and_may_flag)
{
    scene_paid();
    is(refuse(REFUSE_REASON_PROHIBITED), "photo_missing");
    scene_photo(PHOTO_STAGE_PICKUP, PARTY_TRAVELLER);
    is(refuse(REFUSE_REASON_PROHIBITED), "accepted");
    is(facts(), "booking.pickup_failed trip.space_released parcel.unbooked parcel.flagged");
    is(timers(), "pickup_settle parcel_stale");
    ck_assert_int_eq(timer_due("pickup_settle"), scene.now + 24 * HOURS);
    ck_assert_int_eq(scene.parcel.flag, FLAG_REASON_PROHIBITED);
    ck_assert_int_eq(scene.booking.pickup_reason, PICKUP_REASON_PROHIBITED);
}
END_TEST

START_TEST(a_pickup_refused_by_nobodys_fault_needs_no_photo)
{
    scene_paid();
    is(refuse(REFUSE_REASON_BAD_PACKING), "accepted");
    is(facts(), "booking.pickup_failed trip.space_released parcel.unbooked");
}
END_TEST

START_TEST(a_pickup_is_not_refused_once_the_trip_left)
{
    scene_paid();
    scene.trip.state = TRIP_STATUS_DEPARTED;
    is(refuse(REFUSE_REASON_BAD_PACKING), "trip_left");
}
END_TEST

START_TEST(a_no_show_is_reported_once_the_window_is_over)
{
    scene_paid();
    scene.now = scene.trip.drop_off_until - 1;
    is(says(TRAVELLER, "booking.report_no_show", NULL), "too_early");
    scene.now++;
    is(says(TRAVELLER, "booking.report_no_show", NULL), "accepted");
    is(facts(), "booking.pickup_failed trip.space_released parcel.unbooked");
    ck_assert_int_eq(scene.booking.pickup_reason, PICKUP_REASON_NO_SHOW_SENDER);
}
END_TEST

START_TEST(a_sender_reports_the_no_show_of_the_traveller)
{
    scene_paid();
    scene.now = scene.trip.drop_off_until;
    is(says(SENDER, "booking.report_no_show", NULL), "accepted");
    ck_assert_int_eq(scene.booking.pickup_reason, PICKUP_REASON_NO_SHOW_TRAVELLER);
    is(contest(SENDER), "not_allowed");
    is(contest(TRAVELLER), "accepted");
}
END_TEST

START_TEST(a_trip_that_left_without_a_paid_parcel_failed_its_pickup)
{
    scene_paid();
    is(says(SYSTEM, "booking.pickup_missed", NULL), "wrong_state");
    scene.trip.state = TRIP_STATUS_LAPSED;
    is(says(SYSTEM, "booking.pickup_missed", NULL), "accepted");
    is(facts(), "booking.pickup_failed parcel.unbooked");
    ck_assert_int_eq(scene.booking.pickup_reason, PICKUP_REASON_UNKNOWN);
    is(contest(TRAVELLER), "accepted"); /* either may */
}
END_TEST

START_TEST(the_accused_contests_within_24_hours)
{
    scene_failed(REFUSE_REASON_CHECK_REFUSED);
    is(contest(TRAVELLER), "not_allowed");
    scene.now = scene.booking.contest_by;
    is(contest(SENDER), "window_closed");
    scene.now--;
    is(contest(SENDER), "accepted");
    is(facts(), "booking.disputed");
    is(timers(), "dispute_default");
    is(scene.decision.private_name, "contest");
    ck_assert_int_eq(timer_due("dispute_default"), scene.now + 7 * DAYS);
    ck_assert_int_eq(scene.booking.disputed_from, BOOKING_STATUS_REFUSED_AT_PICKUP);
    is(timer("booking.settle_pickup", scene.booking.settle_epoch), "wrong_state");
}
END_TEST

/* On the way */

START_TEST(a_parcel_on_board_leaves_with_its_trip)
{
    scene_collected();
    is(says(SYSTEM, "booking.start", NULL), "accepted");
    is(facts(), "parcel.departed");
    is(says(SYSTEM, "booking.start", NULL), "accepted");
    is(facts(), "");
}
END_TEST

START_TEST(a_late_start_does_not_undo_what_was_reported)
{
    scene_arrived();
    is(says(SYSTEM, "booking.start", NULL), "accepted");
    is(facts(), "");
    ck_assert_int_eq(scene.parcel.state, PARCEL_STATUS_ARRIVED);
}
END_TEST

START_TEST(a_traveller_reports_where_the_parcel_is)
{
    scene_on_the_way();
    is(report(REPORT_STEP_IN_TRANSIT, 0), "same_status");
    is(report(REPORT_STEP_CUSTOMS, 0), "reason_missing");
    is(report(REPORT_STEP_CUSTOMS, REPORT_REASON_DUTIES), "accepted");
    is(facts(), "parcel.in_customs");
    is(report(REPORT_STEP_DELAYED, 0), "reason_missing");
    is(report(REPORT_STEP_DELAYED, REPORT_REASON_WEATHER), "accepted");
    is(facts(), "parcel.delayed");
    is(report(REPORT_STEP_IN_TRANSIT, 0), "accepted");
    is(facts(), "parcel.departed");
    is(report(REPORT_STEP_ARRIVED, 0), "accepted");
    is(facts(), "parcel.arrived");
    is(timers(), "hand_over_reminder hand_over_reminder");
    is(report(REPORT_STEP_ARRIVED, 0), "same_status");
    scene.parcel.state = PARCEL_STATUS_LOST;
    is(report(REPORT_STEP_ARRIVED, 0), "wrong_state");
}
END_TEST

START_TEST(a_parcel_damaged_after_its_delivery_is_not_on_its_way_again)
{
    scene_disputed(DISPUTE_CAUSE_DAMAGED);
    is(report(REPORT_STEP_ARRIVED, 0), "wrong_state");
    scene.parcel.state = PARCEL_STATUS_DAMAGED;
    is(report(REPORT_STEP_ARRIVED, 0), "wrong_state");
}
END_TEST

START_TEST(nothing_is_reported_before_the_trip_left)
{
    scene_collected();
    is(report(REPORT_STEP_IN_TRANSIT, 0), "trip_not_left");
}
END_TEST

START_TEST(the_arrival_of_a_trip_is_reported_by_the_system)
{
    scene_on_the_way();
    scene.trip.state = TRIP_STATUS_ARRIVED;
    is(SAYS(SYSTEM, "booking.report", booking_report_v1, .step = REPORT_STEP_ARRIVED), "accepted");
    is(facts(), "parcel.arrived");
}
END_TEST

/* At the door */

START_TEST(a_parcel_is_delivered_with_the_recipients_code)
{
    scene_arrived();
    is(deliver(TRAVELLER, code_of(CODE_PURPOSE_DELIVERY), false), "accepted");
    is(facts(), "booking.delivered parcel.delivered");
    is(timers(), "confirm_reminder confirm_reminder auto_confirm");
    ck_assert_int_eq(timer_due("auto_confirm"), scene.now + 24 * HOURS);
    ck_assert_int_eq(FACT_OF(booking_delivered_v1)->proof, DELIVERY_PROOF_CODE);
}
END_TEST

START_TEST(what_stands_against_delivering_is_named)
{
    scene_collected();
    is(deliver(TRAVELLER, code_of(CODE_PURPOSE_DELIVERY), false), "trip_not_left");
    scene.trip.state = TRIP_STATUS_DEPARTED;
    is(deliver(TRAVELLER, code_of(CODE_PURPOSE_DELIVERY), false),
       "parcel_not_deliverable"); /* not in transit */
    scene.parcel.state = PARCEL_STATUS_DAMAGED;
    scene.booking.delivery_code.tries = 5;
    is(deliver(TRAVELLER, code_of(CODE_PURPOSE_DELIVERY), false), "code_blocked");
    scene.booking.delivery_code.tries = 4;
    is(deliver(TRAVELLER, wrong_code(CODE_PURPOSE_DELIVERY), false), "code_wrong");
    is(deliver(SENDER, code_of(CODE_PURPOSE_DELIVERY), false), "not_allowed");
}
END_TEST

START_TEST(staff_deliver_on_a_signature_and_an_identity)
{
    const struct booking_deliver_by_staff_v1 checked = {.identity_checked = true};

    scene_on_the_way();
    is(says(STAFF, "booking.deliver_by_staff", NULL), "not_checked");
    is(says(STAFF, "booking.deliver_by_staff", &checked), "photo_missing");
    scene_photo(PHOTO_STAGE_SIGNATURE, PARTY_STAFF);
    scene.trip.state = TRIP_STATUS_ANNOUNCED;
    is(says(STAFF, "booking.deliver_by_staff", &checked), "trip_not_left");
    scene.trip.state = TRIP_STATUS_DEPARTED;
    is(says(TRAVELLER, "booking.deliver_by_staff", &checked), "not_allowed");
    is(says(STAFF, "booking.deliver_by_staff", &checked), "accepted");
    ck_assert_int_eq(FACT_OF(booking_delivered_v1)->proof, DELIVERY_PROOF_STAFF);
}
END_TEST

START_TEST(a_delivery_beats_a_late_dispute_that_comes_after_it)
{
    int64_t epoch;

    scene_arrived();
    epoch = scene.booking.late_epoch;
    scene.now = scene.trip.arrives + 7 * DAYS - 1;
    is(deliver(TRAVELLER, code_of(CODE_PURPOSE_DELIVERY), false), "accepted");
    scene.now++;
    is(timer("booking.dispute", epoch), "not_allowed"); /* a delivered booking is disputed by people */
    ck_assert_int_eq(scene.booking.state, BOOKING_STATUS_DELIVERED);
}
END_TEST

START_TEST(a_delivery_after_a_late_dispute_is_a_proof_and_restarts_the_default)
{
    scene_arrived();
    scene.now = scene.trip.arrives + 7 * DAYS;
    is(timer("booking.dispute", scene.booking.late_epoch), "accepted");
    scene.now += 1 * HOURS;
    is(deliver(TRAVELLER, code_of(CODE_PURPOSE_DELIVERY), false), "accepted");
    is(facts(), "booking.delivery_proved parcel.delivered");
    ck_assert_int_eq(timer_due("dispute_default"), scene.now + 14 * DAYS);
    ck_assert_int_eq(scene.booking.state, BOOKING_STATUS_DISPUTED);
    is(deliver(TRAVELLER, code_of(CODE_PURPOSE_DELIVERY), false), "parcel_not_deliverable");
    is(reissue(SENDER, CODE_PURPOSE_DELIVERY), "purpose_mismatch");
}
END_TEST

START_TEST(staff_prove_a_delivery_in_dispute_by_identity)
{
    scene_arrived();
    scene.now = scene.trip.arrives + 25 * HOURS;
    is(says(SENDER, "booking.dispute", NULL), "accepted");
    is(deliver(STAFF, "0", false), "not_checked");
    is(deliver(STAFF, "0", true), "accepted");
    ck_assert_int_eq(FACT_OF(booking_delivery_proved_v1)->by, PARTY_STAFF);
}
END_TEST

START_TEST(a_dispute_over_a_seizure_does_not_end_at_the_door)
{
    scene_arrived();
    scene.now = scene.trip.arrives + 25 * HOURS;
    is(says(SENDER, "booking.dispute", NULL), "accepted");
    scene.booking.cause = DISPUTE_CAUSE_SEIZED;
    is(deliver(TRAVELLER, code_of(CODE_PURPOSE_DELIVERY), false), "parcel_not_deliverable");
}
END_TEST

/* Codes */

START_TEST(codes_are_issued_anew_by_those_who_may_when_they_may)
{
    scene_paid();
    is(reissue(SENDER, CODE_PURPOSE_PICKUP), "too_soon");
    scene.now += 1 * MINUTES - 1;
    is(reissue(SENDER, CODE_PURPOSE_PICKUP), "too_soon");
    scene.now++;
    is(reissue(TRAVELLER, CODE_PURPOSE_PICKUP), "not_allowed");
    is(reissue(SENDER, CODE_PURPOSE_DELIVERY), "purpose_mismatch");
    is(reissue(SENDER, CODE_PURPOSE_RETURN), "purpose_mismatch");
    is(reissue(RECIPIENT, CODE_PURPOSE_PICKUP), "purpose_mismatch");
    is(reissue(SENDER, CODE_PURPOSE_PICKUP), "accepted");
    ck_assert_int_eq(scene.booking.pickup_code.issue, 2);
    ck_assert_int_eq(scene.booking.pickup_code.tries, 0);
}
END_TEST

START_TEST(a_purpose_has_five_issues_and_three_more_by_staff)
{
    scene_arrived();
    for (int issue = 2; issue <= 5; issue++) {
        scene.now += 1 * MINUTES;
        is(reissue(issue % 2 ? SENDER : RECIPIENT, CODE_PURPOSE_DELIVERY), "accepted");
        ck_assert_int_eq(scene.booking.delivery_code.issue, issue);
    }
    scene.now += 1 * MINUTES;
    is(reissue(RECIPIENT, CODE_PURPOSE_DELIVERY), "reissue_limit");
    for (int issue = 6; issue <= 8; issue++) {
        scene.now += 1 * MINUTES;
        is(reissue(STAFF, CODE_PURPOSE_DELIVERY), "accepted");
    }
    is(reissue(STAFF, CODE_PURPOSE_DELIVERY), "reissue_limit");
}
END_TEST

START_TEST(a_recipient_who_was_replaced_is_nobody)
{
    scene_arrived();
    scene.parcel.recipient_n = 2;
    scene.now += 1 * HOURS;
    is(reissue(OLD_RECIPIENT, CODE_PURPOSE_DELIVERY), "not_found");
    is(reissue(RECIPIENT, CODE_PURPOSE_DELIVERY), "accepted");
}
END_TEST

/* Not delivered */

START_TEST(a_traveller_waits_48_hours_before_a_parcel_is_undelivered)
{
    scene_on_the_way();
    is(says(TRAVELLER, "booking.undelivered", NULL), "too_early");
    scene.now = scene.trip.arrives;
    is(report(REPORT_STEP_ARRIVED, 0), "accepted");
    scene.now += 48 * HOURS - 1;
    is(says(TRAVELLER, "booking.undelivered", NULL), "too_early");
    scene.now++;
    is(says(TRAVELLER, "booking.undelivered", NULL), "accepted");
    is(facts(), "booking.disputed");
    ck_assert_int_eq(timer_due("dispute_default"), scene.now + 7 * DAYS);
}
END_TEST

START_TEST(a_recipient_refuses_at_once)
{
    scene_arrived();
    is(says(RECIPIENT, "booking.undelivered", NULL), "accepted");
    ck_assert_int_eq(scene.booking.opener, PARTY_RECIPIENT);
}
END_TEST

START_TEST(a_trip_abandoned_with_the_parcel_on_board_opens_a_dispute_and_a_way_back)
{
    scene_on_the_way();
    is(says(SYSTEM, "booking.abandon", NULL), "wrong_state");
    scene.trip.state = TRIP_STATUS_ABANDONED;
    is(says(SYSTEM, "booking.abandon", NULL), "accepted");
    is(facts(), "booking.disputed parcel.return_started booking.code_issued");
    ck_assert_int_eq(timer_due("dispute_default"), scene.now + 14 * DAYS);
    ck_assert_int_eq(scene.booking.return_code.issue, 1);
    ck_assert_int_eq(scene.booking.cause, DISPUTE_CAUSE_ABANDONED);
    scene.now += 1 * MINUTES;
    is(reissue(SENDER, CODE_PURPOSE_RETURN), "accepted");
}
END_TEST

TCase *handover_cases(void)
{
    TCase *cases = tcase_create("handover");

    tcase_add_checked_fixture(cases, scene_set, NULL);
    tcase_add_test(cases, a_parcel_is_collected_with_code_check_photo_and_scale);
    tcase_add_test(cases, what_stands_against_collecting_is_named);
    tcase_add_test(cases, the_seal_of_an_earlier_booking_proves_nothing_in_this_one);
    tcase_add_test(cases, five_wrong_codes_block_even_the_right_one);
    tcase_add_test(cases, a_new_issue_unblocks_and_voids_the_old_code);
    tcase_add_test(cases, a_code_of_another_purpose_opens_nothing);
    tcase_add_test(cases, a_refused_pickup_frees_and_may_flag);
    tcase_add_test(cases, a_pickup_refused_by_nobodys_fault_needs_no_photo);
    tcase_add_test(cases, a_pickup_is_not_refused_once_the_trip_left);
    tcase_add_test(cases, a_no_show_is_reported_once_the_window_is_over);
    tcase_add_test(cases, a_sender_reports_the_no_show_of_the_traveller);
    tcase_add_test(cases, a_trip_that_left_without_a_paid_parcel_failed_its_pickup);
    tcase_add_test(cases, the_accused_contests_within_24_hours);
    tcase_add_test(cases, a_parcel_on_board_leaves_with_its_trip);
    tcase_add_test(cases, a_late_start_does_not_undo_what_was_reported);
    tcase_add_test(cases, a_traveller_reports_where_the_parcel_is);
    tcase_add_test(cases, a_parcel_damaged_after_its_delivery_is_not_on_its_way_again);
    tcase_add_test(cases, nothing_is_reported_before_the_trip_left);
    tcase_add_test(cases, the_arrival_of_a_trip_is_reported_by_the_system);
    tcase_add_test(cases, a_parcel_is_delivered_with_the_recipients_code);
    tcase_add_test(cases, what_stands_against_delivering_is_named);
    tcase_add_test(cases, staff_deliver_on_a_signature_and_an_identity);
    tcase_add_test(cases, a_delivery_beats_a_late_dispute_that_comes_after_it);
    tcase_add_test(cases, a_delivery_after_a_late_dispute_is_a_proof_and_restarts_the_default);
    tcase_add_test(cases, staff_prove_a_delivery_in_dispute_by_identity);
    tcase_add_test(cases, a_dispute_over_a_seizure_does_not_end_at_the_door);
    tcase_add_test(cases, codes_are_issued_anew_by_those_who_may_when_they_may);
    tcase_add_test(cases, a_purpose_has_five_issues_and_three_more_by_staff);
    tcase_add_test(cases, a_recipient_who_was_replaced_is_nobody);
    tcase_add_test(cases, a_traveller_waits_48_hours_before_a_parcel_is_undelivered);
    tcase_add_test(cases, a_recipient_refuses_at_once);
    tcase_add_test(cases, a_trip_abandoned_with_the_parcel_on_board_opens_a_dispute_and_a_way_back);
    return cases;
}
