/* SPDX-License-Identifier: Apache-2.0
 * The rules of a booking: cancelling, and who gets the money (B8 to B10, c1 row by row). */
#include "shared/domain/policy.h"
#include "tests/domain/scene.h"

static const char *cancel(enum actor actor)
{
    return SAYS(actor, "booking.cancel", booking_cancel_v1, .has_reason = true,
                .reason = BOOKING_CANCEL_REASON_OTHER_PLANS);
}

static const char *fan_out(void)
{
    return says(SYSTEM, "booking.cancel", NULL);
}

static void hours_before(int64_t hours)
{
    scene.now = scene.trip.departs - hours * HOURS;
}

START_TEST(a_request_is_cancelled_by_all_but_its_traveller)
{
    scene_requested();
    is(says(SENDER, "booking.cancel", NULL), "reason_missing");
    is(cancel(TRAVELLER), "not_allowed");
    is(cancel(SENDER), "accepted");
    is(facts(), "booking.cancelled trip.space_released parcel.unbooked");
    ck_assert(!scene.booking.has_split);
    is(cancel(SENDER), "ended");
}
END_TEST

START_TEST(staff_cancel_a_request)
{
    scene_requested();
    is(cancel(STAFF), "accepted");
    ck_assert_int_eq(FACT_OF(booking_cancelled_v1)->by, PARTY_STAFF);
}
END_TEST

START_TEST(an_accepted_booking_is_cancelled_and_its_payment_lapses)
{
    scene_accepted();
    is(cancel(TRAVELLER), "accepted");
    is(facts(), "booking.cancelled payment.lapsed trip.space_released parcel.unbooked");
    ck_assert_int_eq(scene.payment.state, PAYMENT_STATUS_LAPSED);
}
END_TEST

START_TEST(the_system_cancels_only_where_a_trip_was_given_up)
{
    scene_accepted();
    is(fan_out(), "timer_void");
    scene.trip.state = TRIP_STATUS_DEPARTED;
    is(fan_out(), "timer_void");
    scene.trip.state = TRIP_STATUS_CANCELLED;
    is(fan_out(), "accepted");
    ck_assert_int_eq(FACT_OF(booking_cancelled_v1)->reason, BOOKING_CANCEL_REASON_TRIP_CANCELLED);
    is(facts(), "booking.cancelled payment.lapsed parcel.unbooked");
}
END_TEST

static const struct {
    int32_t trip, reason;
} given_up_rows[] = {
    {TRIP_STATUS_CANCELLED, BOOKING_CANCEL_REASON_TRIP_CANCELLED},
    {TRIP_STATUS_ABANDONED, BOOKING_CANCEL_REASON_TRIP_ABANDONED},
    {TRIP_STATUS_LAPSED, BOOKING_CANCEL_REASON_TRIP_ENDED},
};

START_TEST(the_reason_is_how_the_trip_was_given_up)
{
    scene_requested();
    scene.trip.state = given_up_rows[_i].trip;
    is(fan_out(), "accepted");
    ck_assert_int_eq(FACT_OF(booking_cancelled_v1)->reason, given_up_rows[_i].reason);
}
END_TEST

/* c1 */

START_TEST(row_1_a_sender_who_flees_new_dates_gets_all_back)
{
    scene_paid();
    scene.trip.departs += 12 * HOURS;
    scene.trip.arrives += 12 * HOURS;
    scene.trip.schedule++;
    is(says(SYSTEM, "booking.redate", NULL), "accepted");
    ck_assert(!scene.booking.has_must_answer_by);
    scene.now += 24 * HOURS - 1;
    is(cancel(SENDER), "accepted");
    split_is(0, TOTAL, 0);
    fault_is(FAULT_NONE);
    ck_assert_int_eq(FACT_OF(booking_cancelled_v1)->row, 1);
}
END_TEST

START_TEST(row_2_a_sender_cancels_free_of_charge_within_an_hour)
{
    scene_paid();
    scene.now += 1 * HOURS - 1;
    is(cancel(SENDER), "accepted");
    is(facts(), "booking.cancelled payment.split_decided payment.refund_ordered trip.space_released "
                "parcel.unbooked");
    split_is(0, TOTAL, 0);
    fault_is(FAULT_NONE);
    ck_assert_int_eq(FACT_OF(booking_cancelled_v1)->row, 2);
}
END_TEST

START_TEST(row_2_needs_24_hours_to_departure)
{
    scene_paid();
    hours_before(24);
    scene.booking.paid_at = scene.now - 1;
    scene.now++;
    is(cancel(SENDER), "accepted");
    split_is(4875, 4875, FEE);
}
END_TEST

static const struct {
    int64_t hours;
    enum actor actor;
    int64_t row, to_traveller, to_sender, to_fees;
    int32_t fault;
} cancel_rows[] = {
    /* clang-format off */
/*   hours  who        row  to T   to S   fees  fault */
    { 72,   SENDER,     3,     0,  9750,  1170, FAULT_NONE},
    { 71,   SENDER,     3,  1950,  7800,  1170, FAULT_SENDER},
    { 48,   SENDER,     3,  1950,  7800,  1170, FAULT_SENDER}, /* the specification's example */
    { 24,   SENDER,     3,  1950,  7800,  1170, FAULT_SENDER},
    { 23,   SENDER,     3,  4875,  4875,  1170, FAULT_SENDER},
    {-10,   SENDER,     3,  4875,  4875,  1170, FAULT_SENDER}, /* after a departure nobody declared */
    { 24,   TRAVELLER,  4,     0, 10920,     0, FAULT_TRAVELLER},
    { 23,   TRAVELLER,  4,     0, 10920,     0, FAULT_TRAVELLER_TWICE},
    { 48,   STAFF,      5,     0, 10920,     0, FAULT_NONE},
    {  1,   STAFF,      5,     0, 10920,     0, FAULT_NONE},
    /* clang-format on */
};

START_TEST(rows_3_to_5_split_by_who_and_hours_to_departure)
{
    scene_paid();
    hours_before(cancel_rows[_i].hours);
    is(cancel(cancel_rows[_i].actor), "accepted");
    split_is(cancel_rows[_i].to_traveller, cancel_rows[_i].to_sender, cancel_rows[_i].to_fees);
    fault_is(cancel_rows[_i].fault);
    ck_assert_int_eq(FACT_OF(booking_cancelled_v1)->row, cancel_rows[_i].row);
    ck_assert_int_eq(scene.payment.state, PAYMENT_STATUS_SETTLING);
}
END_TEST

START_TEST(row_4_a_trip_given_up_is_its_travellers_fault)
{
    scene_paid();
    hours_before(20);
    scene.trip.state = TRIP_STATUS_CANCELLED;
    is(fan_out(), "accepted");
    split_is(0, TOTAL, 0);
    fault_is(FAULT_TRAVELLER_TWICE);
    ck_assert_int_eq(FACT_OF(booking_cancelled_v1)->by, PARTY_SYSTEM);
    ck_assert_int_eq(FACT_OF(booking_cancelled_v1)->row, 4);
    ck_assert_int_eq(
        ((const struct profile_count_fault_v1 *)(const void *)scene.decision.follows[0].data.bytes)->marks,
        2);
}
END_TEST

/* The trip is gone, and its word to the booking still on its way: it decides, not who was quicker. */
START_TEST(neither_party_cancels_what_was_paid_once_the_trip_is_gone)
{
    static const int32_t gone[] = {TRIP_STATUS_DEPARTED, TRIP_STATUS_CANCELLED, TRIP_STATUS_ABANDONED,
                                   TRIP_STATUS_LAPSED};

    scene_paid();
    hours_before(20);
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
        scene.trip.state = gone[i];
        is(cancel(SENDER), "trip_left");
        is(cancel(TRAVELLER), "trip_left");
    }
    scene.trip.state = TRIP_STATUS_CANCELLED;
    is(fan_out(), "accepted");
    split_is(0, TOTAL, 0);
}
END_TEST

START_TEST(row_5_a_trip_staff_stopped_for_safety_is_nobodys_fault)
{
    scene_paid();
    hours_before(20);
    scene.trip.state = TRIP_STATUS_CANCELLED;
    is(SAYS(SYSTEM, "booking.cancel", booking_cancel_v1, .has_reason = true,
            .reason = BOOKING_CANCEL_REASON_CORRIDOR_CLOSED),
       "accepted");
    split_is(0, TOTAL, 0);
    fault_is(FAULT_NONE);
    ck_assert_int_eq(FACT_OF(booking_cancelled_v1)->row, 5);
    ck_assert_int_eq(FACT_OF(booking_cancelled_v1)->reason, BOOKING_CANCEL_REASON_CORRIDOR_CLOSED);
}
END_TEST

START_TEST(a_share_under_the_floor_goes_to_the_sender)
{
    const struct policy_cancelling cancelling = {.stage = BOOKING_STATUS_PAID,
                                                 .by = PARTY_SENDER,
                                                 .since_paid = 5 * HOURS,
                                                 .to_departure = 30 * HOURS};
    const struct policy_price small = {2499, 500, "XOF"}, enough = {2500, 500, "XOF"},
                              euro = {499, 100, "EUR"};
    struct policy_outcome outcome;

    ck_assert_int_eq(policy_cancel(&cancelling, &small, &outcome), 0); /* 20 %: 499 */
    ck_assert_int_eq(outcome.split.to_traveller, 0);
    ck_assert_int_eq(outcome.split.to_sender, 2499);
    ck_assert_int_eq(outcome.split.to_fees, 500);
    ck_assert_int_eq(policy_cancel(&cancelling, &enough, &outcome), 0); /* 500 */
    ck_assert_int_eq(outcome.split.to_traveller, 500);
    ck_assert_int_eq(policy_cancel(&cancelling, &euro, &outcome), 0); /* 0.99 */
    ck_assert_int_eq(outcome.split.to_traveller, 0);
}
END_TEST

static const struct {
    int32_t reason;
    int64_t row, to_traveller, to_sender, to_fees;
    int32_t fault;
} pickup_rows[] = {
    /* clang-format off */
    {PICKUP_REASON_NO_SHOW_SENDER,    6, 4875,  4875, 1170, FAULT_SENDER},
    {PICKUP_REASON_PROHIBITED,        6, 4875,  4875, 1170, FAULT_SENDER},
    {PICKUP_REASON_UNDECLARED,        6, 4875,  4875, 1170, FAULT_SENDER},
    {PICKUP_REASON_CONTENT_DIFFERS,   6, 4875,  4875, 1170, FAULT_SENDER},
    {PICKUP_REASON_OVERWEIGHT,        6, 4875,  4875, 1170, FAULT_SENDER},
    {PICKUP_REASON_CHECK_REFUSED,     6, 4875,  4875, 1170, FAULT_SENDER},
    {PICKUP_REASON_BAD_PACKING,       7, 1950,  7800, 1170, FAULT_NONE},
    {PICKUP_REASON_TOO_LARGE,         7, 1950,  7800, 1170, FAULT_NONE},
    {PICKUP_REASON_NO_SHOW_TRAVELLER, 8,    0, 10920,    0, FAULT_TRAVELLER},
    {PICKUP_REASON_NO_ROOM,           8,    0, 10920,    0, FAULT_TRAVELLER},
    {PICKUP_REASON_CHANGED_MIND,      8,    0, 10920,    0, FAULT_TRAVELLER},
    {PICKUP_REASON_UNKNOWN,           8,    0, 10920,    0, FAULT_NONE},
    /* clang-format on */
};

START_TEST(rows_6_to_8_split_by_why_the_pickup_failed)
{
    scene_failed(REFUSE_REASON_TOO_LARGE);
    scene.booking.pickup_reason = pickup_rows[_i].reason;
    is(timer("booking.settle_pickup", scene.booking.settle_epoch - 1), "timer_void");
    scene.now = scene.booking.contest_by;
    is(timer("booking.settle_pickup", scene.booking.settle_epoch), "accepted");
    split_is(pickup_rows[_i].to_traveller, pickup_rows[_i].to_sender, pickup_rows[_i].to_fees);
    fault_is(pickup_rows[_i].fault);
    ck_assert_int_eq(FACT_OF(booking_cancelled_v1)->row, pickup_rows[_i].row);
}
END_TEST

/* Whatever the price: nothing is lost, nobody owes. */
START_TEST(every_split_is_the_price_to_the_last_unit)
{
    struct policy_cancelling cancelling = {.stage = BOOKING_STATUS_REFUSED_AT_PICKUP, .by = PARTY_SYSTEM};

    for (int64_t carriage = 1; carriage < 3000; carriage += 7)
        for (int32_t reason = PICKUP_REASON_NO_SHOW_SENDER; reason <= PICKUP_REASON_UNKNOWN; reason++) {
            const struct policy_price price = {carriage, policy_fee(carriage, "EUR"), "EUR"};
            struct policy_outcome outcome;
            const struct split *split = &outcome.split;

            cancelling.reason = reason;
            ck_assert_int_eq(policy_cancel(&cancelling, &price, &outcome), 0);
            ck_assert_int_eq(split->to_traveller + split->to_sender + split->to_fees, carriage + price.fee);
            ck_assert(split->to_traveller >= 0 && split->to_sender >= 0 && split->to_fees >= 0);
            ck_assert(split->to_traveller == 0 || split->to_traveller >= 100);
        }
}
END_TEST

START_TEST(what_was_taken_from_the_money_held_is_missing_in_the_senders_part_first)
{
    const struct split split = {1950, 7800, 1170};

    ck_assert_int_eq(policy_fit(&split, TOTAL).to_sender, 7800);
    ck_assert_int_eq(policy_fit(&split, 5000).to_sender, 1880);
    ck_assert_int_eq(policy_fit(&split, 2000).to_sender, 0);
    ck_assert_int_eq(policy_fit(&split, 2000).to_fees, 50);
    ck_assert_int_eq(policy_fit(&split, 100).to_fees, 0);
    ck_assert_int_eq(policy_fit(&split, 100).to_traveller, 100);
    ck_assert_int_eq(policy_fit(&split, TOTAL + 7).to_sender, 7807);
}
END_TEST

TCase *cancel_cases(void)
{
    TCase *cases = tcase_create("cancel");

    tcase_add_checked_fixture(cases, scene_set, NULL);
    tcase_add_test(cases, a_request_is_cancelled_by_all_but_its_traveller);
    tcase_add_test(cases, staff_cancel_a_request);
    tcase_add_test(cases, an_accepted_booking_is_cancelled_and_its_payment_lapses);
    tcase_add_test(cases, the_system_cancels_only_where_a_trip_was_given_up);
    tcase_add_loop_test(cases, the_reason_is_how_the_trip_was_given_up, 0,
                        sizeof(given_up_rows) / sizeof(given_up_rows[0]));
    tcase_add_test(cases, row_1_a_sender_who_flees_new_dates_gets_all_back);
    tcase_add_test(cases, row_2_a_sender_cancels_free_of_charge_within_an_hour);
    tcase_add_test(cases, row_2_needs_24_hours_to_departure);
    tcase_add_loop_test(cases, rows_3_to_5_split_by_who_and_hours_to_departure, 0,
                        sizeof(cancel_rows) / sizeof(cancel_rows[0]));
    tcase_add_test(cases, row_4_a_trip_given_up_is_its_travellers_fault);
    tcase_add_test(cases, neither_party_cancels_what_was_paid_once_the_trip_is_gone);
    tcase_add_test(cases, row_5_a_trip_staff_stopped_for_safety_is_nobodys_fault);
    tcase_add_test(cases, a_share_under_the_floor_goes_to_the_sender);
    tcase_add_loop_test(cases, rows_6_to_8_split_by_why_the_pickup_failed, 0,
                        sizeof(pickup_rows) / sizeof(pickup_rows[0]));
    tcase_add_test(cases, every_split_is_the_price_to_the_last_unit);
    tcase_add_test(cases, what_was_taken_from_the_money_held_is_missing_in_the_senders_part_first);
    return cases;
}
