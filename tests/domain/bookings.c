/* SPDX-License-Identifier: Apache-2.0
 * The rules of a booking: asking, answering, paying (B1 to B7). The other parts stand in bookings_cancel.c,
 * bookings_handover.c and bookings_dispute.c; bookings_walk.c walks over all of them. */
#include "tests/domain/scene.h"
#include "tests/suite.h"

static const char *request(int64_t min_grams)
{
    return SAYS(SENDER, "booking.request", booking_request_v1, .trip = scene.trip.id,
                .parcel = scene.parcel.id, .has_min_grams = min_grams > 0, .min_grams = min_grams);
}

static const char *accept(int64_t grams)
{
    return SAYS(TRAVELLER, "booking.accept", booking_accept_v1, .has_grams = grams > 0, .grams = grams);
}

START_TEST(a_request_fixes_price_ids_space_and_expiry)
{
    const struct booking_state *booking = &scene.booking;
    struct id payment, review;

    is(request(0), "accepted");
    is(facts(), "booking.requested trip.space_reserved parcel.booked");
    ck_assert_int_eq(booking->carriage, CARRIAGE);
    ck_assert_int_eq(booking->fee, FEE);
    is(booking->currency, "XOF");
    ck_assert_int_eq(booking->grams, GRAMS);
    ck_assert_int_eq(booking->min_grams, GRAMS);
    ck_assert_int_eq(booking->exposure, 667); /* 40000 of 3 x 200000, rounded up */
    domain_payment_of(&booking->id, &payment);
    domain_review_of(&booking->id, &review);
    is(booking->payment.text, payment.text);
    is(booking->review.text, review.text);
    is(booking->sender.text, scene.sender.id.text);
    is(booking->traveller.text, scene.traveller.id.text);
    is(scene.parcel.booking.text, booking->id.text);
    ck_assert_int_eq(scene.trip.reserved_g, GRAMS);
    ck_assert_int_eq(scene.trip.exposure, 667);
    is(timers(), "request_unanswered");
    ck_assert_int_eq(timer_due("request_unanswered"), NOW + 24 * HOURS);
    ck_assert_int_eq(booking->expires, NOW + 24 * HOURS);
    ck_assert_int_eq(booking->expire_epoch, booking->version);
}
END_TEST

START_TEST(a_request_close_to_departure_expires_three_hours_before_it)
{
    scene.trip.drop_off_until = scene.trip.departs - 1 * HOURS;
    scene.now = scene.trip.departs - 10 * HOURS;
    is(request(0), "accepted");
    ck_assert_int_eq(timer_due("request_unanswered"), scene.trip.departs - 3 * HOURS);
}
END_TEST

START_TEST(a_small_carriage_pays_the_least_fee_and_is_rounded)
{
    scene.parcel.weight_g = 501;
    scene.trip.price_per_kg = 1999;
    is(request(0), "accepted");
    ck_assert_int_eq(scene.booking.carriage, 1001); /* 1001.499 */
    ck_assert_int_eq(scene.booking.fee, 500);
}
END_TEST

START_TEST(a_message_with_a_request_is_kept_aside)
{
    is(SAYS(SENDER, "booking.request", booking_request_v1, .trip = scene.trip.id, .parcel = scene.parcel.id,
            .has_message = true, .message = "Fragile"),
       "accepted");
    is(scene.decision.private_name, "request");
    ck_assert_int_eq(scene.decision.private_n, 1);
}
END_TEST

static void parcel_of_nobody(void)
{
    scene.parcel.version = 0;
}
static void parcel_of_another(void)
{
    scene.parcel.sender = scene.traveller.id;
}
static void trip_unknown(void)
{
    scene.trip.version = 0;
}
static void blocked(void)
{
    scene.sender.blocked = true;
}
static void parcel_cancelled(void)
{
    scene.parcel.state = PARCEL_STATUS_CANCELLED;
}
static void parcel_booked(void)
{
    scene.parcel.state = PARCEL_STATUS_BOOKED;
}
static void flagged(void)
{
    scene.parcel.has_flag = true;
    scene.parcel.flag = FLAG_REASON_PROHIBITED;
}
static void departed(void)
{
    scene.trip.state = TRIP_STATUS_DEPARTED;
}
static void own_trip(void)
{
    scene.trip.traveller = scene.sender.id;
}
static void other_city(void)
{
    strcpy(scene.trip.destination.city, "Thies");
}
static void almost_gone(void)
{
    scene.now = scene.trip.departs - 3 * HOURS + 1;
}
static void drop_off_over(void)
{
    scene.trip.drop_off_until = scene.now;
}
static void not_ready(void)
{
    scene.parcel.ready_from = scene.trip.departs + 1;
}
static void arrives_late(void)
{
    scene.parcel.deliver_by = scene.trip.arrives - 1;
}
static void prohibited(void)
{
    scene.parcel.category = CATEGORY_MEDICINE;
    strcpy(scene.parcel.destination.country, "US");
    strcpy(scene.trip.destination.country, "US");
}
static void too_dear(void)
{
    scene.parcel.value.amount = 200001;
}
static void exposed(void)
{
    scene.trip.exposure = 10000 - 666;
}
static void too_heavy(void)
{
    scene.parcel.weight_g = 15001;
}
static void taken(void)
{
    scene.trip.reserved_g = 20000 - GRAMS + 1;
}
static void full(void)
{
    scene.trip.bookings_count = 40;
}

static const struct {
    void (*change)(void);
    const char *word;
} request_rows[] = {
    /* clang-format off */
    {parcel_of_nobody,  "not_found"},
    {parcel_of_another, "not_found"},
    {trip_unknown,      "not_found"},
    {blocked,           "blocked"},
    {parcel_cancelled,  "ended"},
    {parcel_booked,     "parcel_booked"},
    {flagged,           "parcel_flagged"},
    {departed,          "trip_closed"},
    {own_trip,          "own_trip"},
    {other_city,        "route_mismatch"},
    {almost_gone,       "too_late"},
    {drop_off_over,     "too_late"},
    {not_ready,         "dates_mismatch"},
    {arrives_late,      "dates_mismatch"},
    {prohibited,        "goods_prohibited"},
    {too_dear,          "value_over_cap"},
    {exposed,           "exposure_over_cap"},
    {too_heavy,         "weight_out_of_range"},
    {taken,             "capacity_taken"},
    {full,              "trip_full"},
    /* clang-format on */
};

START_TEST(each_thing_that_stands_against_a_request_is_named)
{
    request_rows[_i].change();
    is(request(0), request_rows[_i].word);
}
END_TEST

/* All of them wrong from here on: the first in the row is named. */
START_TEST(the_first_thing_that_stands_against_a_request_is_named)
{
    for (int i = (int)(sizeof(request_rows) / sizeof(request_rows[0])) - 1; i >= _i; i--)
        request_rows[i].change();
    is(request(0), request_rows[_i].word);
}
END_TEST

START_TEST(a_request_may_not_ask_for_more_than_the_parcel_weighs)
{
    is(request(GRAMS + 1), "weight_out_of_range");
    is(request(GRAMS), "accepted");
}
END_TEST

START_TEST(a_parcel_worth_the_last_of_the_exposure_fits)
{
    scene.trip.exposure = 10000 - 667;
    is(request(0), "accepted");
    ck_assert_int_eq(scene.trip.exposure, 10000);
}
END_TEST

START_TEST(a_traveller_of_tier_0_carries_nothing)
{
    scene.traveller.tier = 0;
    is(request(0), "exposure_over_cap");
}
END_TEST

START_TEST(an_accepted_request_is_to_be_paid_within_two_hours)
{
    scene_requested();
    scene.now += 1 * HOURS;
    is(accept(0), "accepted");
    is(facts(), "booking.accepted payment.opened");
    ck_assert_int_eq(scene.payment.state, PAYMENT_STATUS_DUE);
    ck_assert_int_eq(scene.payment.total, TOTAL);
    ck_assert_int_eq(timer_due("unpaid"), scene.now + 2 * HOURS);
    ck_assert_int_eq(scene.booking.pay_by, scene.now + 2 * HOURS);
}
END_TEST

START_TEST(an_accepted_request_is_never_paid_later_than_an_hour_before_departure)
{
    scene_requested();
    scene.booking.departs = NOW + 150 * MINUTES;
    is(accept(0), "accepted");
    ck_assert_int_eq(scene.booking.pay_by, NOW + 90 * MINUTES);
}
END_TEST

START_TEST(part_of_the_weight_may_be_accepted_at_its_own_price)
{
    is(request(1000), "accepted");
    scene.trip.price_per_kg = 9000; /* for later requests */
    is(accept(1200), "accepted");
    is(facts(), "booking.accepted payment.opened trip.space_released");
    ck_assert(FACT_OF(trip_space_released_v1)->live);
    ck_assert_int_eq(FACT_OF(trip_space_released_v1)->grams, 750);
    ck_assert_int_eq(scene.booking.grams, 1200);
    ck_assert_int_eq(scene.booking.carriage, 6000);
    ck_assert_int_eq(scene.booking.fee, 720);
    ck_assert_int_eq(scene.payment.total, 6720);
    ck_assert_int_eq(scene.trip.reserved_g, 1200);
    ck_assert_int_eq(scene.trip.bookings_count, 1);
    ck_assert_int_eq(scene.parcel.weight_g, GRAMS); /* the next booking asks for all of it */
}
END_TEST

START_TEST(what_stands_against_accepting_is_named)
{
    is(request(1000), "accepted");
    is(accept(999), "weight_out_of_range");
    is(accept(GRAMS + 1), "weight_out_of_range");
    scene.traveller.payout_n = 0;
    is(accept(0), "payout_account_missing");
    scene.trip.state = TRIP_STATUS_DEPARTED;
    is(accept(0), "request_expired");
    scene.trip.state = TRIP_STATUS_ANNOUNCED;
    scene.now = scene.booking.expires;
    is(accept(0), "request_expired");
    scene.traveller.blocked = true;
    is(accept(0), "blocked");
    is(says(SENDER, "booking.accept", NULL), "not_allowed");
    is(says(STRANGER, "booking.accept", NULL), "not_found");
}
END_TEST

/* Nobody is bound to a window they never had. */
START_TEST(a_booking_whose_drop_off_is_over_is_neither_accepted_nor_paid)
{
    scene_requested();
    scene.booking.drop_off_until = scene.now;
    is(accept(0), "too_late");
    scene.booking.drop_off_until++;
    is(accept(0), "accepted");
    is(says(SENDER, "booking.pay", NULL), "accepted");
    scene.now = scene.booking.drop_off_until;
    scene.booking.pay_by = scene.now + 1 * HOURS;
    is(says(SENDER, "booking.pay", NULL), "too_late");
}
END_TEST

START_TEST(what_is_told_of_expiry_and_payment_ends_with_the_drop_off)
{
    scene.trip.drop_off_until = NOW + 90 * MINUTES;
    scene_requested();
    ck_assert_int_eq(scene.booking.expires, NOW + 90 * MINUTES);
    is(accept(0), "accepted");
    ck_assert_int_eq(scene.booking.pay_by, NOW + 90 * MINUTES);
    ck_assert_int_eq(timer_due("unpaid"), NOW + 90 * MINUTES);
}
END_TEST

START_TEST(accepting_beats_an_expiry_that_comes_after_it)
{
    int64_t epoch;

    scene_requested();
    epoch = scene.booking.expire_epoch;
    scene.now = scene.booking.expires - 1;
    is(accept(0), "accepted");
    is(timer("booking.expire", epoch), "timer_void");
    ck_assert_int_eq(scene.booking.state, BOOKING_STATUS_ACCEPTED);
}
END_TEST

START_TEST(an_expiry_beats_accepting_that_comes_after_it)
{
    scene_requested();
    scene.now = scene.booking.expires;
    is(timer("booking.expire", scene.booking.expire_epoch), "accepted");
    is(facts(), "booking.expired trip.space_released parcel.unbooked");
    is(accept(0), "ended");
    ck_assert_int_eq(scene.trip.reserved_g, 0);
    ck_assert_int_eq(scene.trip.exposure, 0);
    ck_assert_int_eq(scene.parcel.state, PARCEL_STATUS_REGISTERED);
}
END_TEST

START_TEST(a_request_expires_when_the_trip_left_whatever_the_timer)
{
    scene_requested();
    is(timer("booking.expire", 99), "timer_void");
    scene.trip.state = TRIP_STATUS_DEPARTED;
    is(timer("booking.expire", 0), "accepted");
    is(facts(), "booking.expired parcel.unbooked"); /* no space on a trip that left */
}
END_TEST

START_TEST(a_declined_request_frees_trip_and_parcel)
{
    scene_requested();
    is(says(TRAVELLER, "booking.decline", NULL), "reason_missing");
    is(SAYS(TRAVELLER, "booking.decline", booking_decline_v1, .has_reason = true,
            .reason = DECLINE_REASON_GOODS),
       "accepted");
    is(facts(), "booking.declined trip.space_released parcel.unbooked");
    ck_assert_int_eq(scene.trip.bookings_count, 0);
    ck_assert(!scene.parcel.has_booking);
    is(SAYS(TRAVELLER, "booking.decline", booking_decline_v1, .has_reason = true,
            .reason = DECLINE_REASON_GOODS),
       "ended");
}
END_TEST

static void attempt(int32_t state)
{
    struct attempt *made = &scene.payment.attempts[scene.payment.attempts_count++];

    *made = (struct attempt){
        .n = scene.payment.attempts_count, .amount = TOTAL, .state = state, .opened_at = scene.now};
    strcpy(made->reference, "reference");
}

START_TEST(paying_opens_an_attempt_over_what_is_not_paid_yet)
{
    scene_accepted();
    scene.payment.received = 5000;
    is(says(SENDER, "booking.pay", NULL), "accepted");
    is(facts(), "payment.attempt_opened");
    ck_assert_int_eq(FACT_OF(payment_attempt_opened_v1)->amount, TOTAL - 5000);
    is(says(SENDER, "booking.pay", NULL), "attempt_open");
    scene.now += 30 * MINUTES;
    is(says(SENDER, "booking.pay", NULL), "accepted"); /* the first page is closed */
}
END_TEST

START_TEST(what_stands_against_paying_is_named)
{
    scene_accepted();
    for (int i = 0; i < 5; i++)
        attempt(ATTEMPT_STATE_FAILED);
    is(says(SENDER, "booking.pay", NULL), "attempt_limit");
    attempt(ATTEMPT_STATE_OPEN);
    is(says(SENDER, "booking.pay", NULL), "attempt_open");
    scene.trip.state = TRIP_STATUS_DEPARTED;
    is(says(SENDER, "booking.pay", NULL), "too_late");
    scene.trip.state = TRIP_STATUS_ANNOUNCED;
    scene.now = scene.booking.pay_by;
    is(says(SENDER, "booking.pay", NULL), "too_late");
    scene.sender.blocked = true;
    is(says(SENDER, "booking.pay", NULL), "blocked");
    is(says(TRAVELLER, "booking.pay", NULL), "not_allowed");
}
END_TEST

START_TEST(a_booking_nobody_paid_expires)
{
    scene_accepted();
    is(timer("booking.expire", scene.booking.expire_epoch - 1), "timer_void");
    scene.now = scene.booking.pay_by;
    is(timer("booking.expire", scene.booking.expire_epoch), "accepted");
    is(facts(), "booking.expired payment.lapsed trip.space_released parcel.unbooked");
    ck_assert_int_eq(scene.payment.state, PAYMENT_STATUS_LAPSED);
}
END_TEST

START_TEST(a_pending_payment_is_given_half_an_hour_once)
{
    scene_accepted();
    attempt(ATTEMPT_STATE_PENDING);
    is(timer("booking.expire", scene.booking.expire_epoch - 1), "timer_void");
    scene.now = scene.booking.pay_by;
    is(timer("booking.expire", scene.booking.expire_epoch), "accepted");
    is(facts(), "booking.grace_given");
    ck_assert_int_eq(timer_due("unpaid"), NOW + 150 * MINUTES);
    ck_assert_int_eq(scene.booking.pay_by, NOW + 150 * MINUTES);
    is(timer("booking.expire", scene.booking.expire_epoch), "accepted");
    is(facts(), "booking.expired payment.lapsed trip.space_released parcel.unbooked");
}
END_TEST

START_TEST(a_trip_that_left_gives_no_grace)
{
    scene_accepted();
    attempt(ATTEMPT_STATE_PENDING);
    scene.trip.state = TRIP_STATUS_DEPARTED;
    is(timer("booking.expire", 0), "accepted");
    is(facts(), "booking.expired payment.lapsed parcel.unbooked");
}
END_TEST

static TCase *cases_of(const char *name)
{
    TCase *cases = tcase_create(name);

    tcase_add_checked_fixture(cases, scene_set, NULL);
    return cases;
}

TCase *request_cases(void)
{
    TCase *cases = cases_of("request");
    const int rows = sizeof(request_rows) / sizeof(request_rows[0]);

    tcase_add_test(cases, a_request_fixes_price_ids_space_and_expiry);
    tcase_add_test(cases, a_request_close_to_departure_expires_three_hours_before_it);
    tcase_add_test(cases, a_small_carriage_pays_the_least_fee_and_is_rounded);
    tcase_add_test(cases, a_message_with_a_request_is_kept_aside);
    tcase_add_loop_test(cases, each_thing_that_stands_against_a_request_is_named, 0, rows);
    tcase_add_loop_test(cases, the_first_thing_that_stands_against_a_request_is_named, 0, rows);
    tcase_add_test(cases, a_request_may_not_ask_for_more_than_the_parcel_weighs);
    tcase_add_test(cases, a_parcel_worth_the_last_of_the_exposure_fits);
    tcase_add_test(cases, a_traveller_of_tier_0_carries_nothing);
    tcase_add_test(cases, an_accepted_request_is_to_be_paid_within_two_hours);
    tcase_add_test(cases, an_accepted_request_is_never_paid_later_than_an_hour_before_departure);
    tcase_add_test(cases, part_of_the_weight_may_be_accepted_at_its_own_price);
    tcase_add_test(cases, what_stands_against_accepting_is_named);
    tcase_add_test(cases, a_booking_whose_drop_off_is_over_is_neither_accepted_nor_paid);
    tcase_add_test(cases, what_is_told_of_expiry_and_payment_ends_with_the_drop_off);
    tcase_add_test(cases, accepting_beats_an_expiry_that_comes_after_it);
    tcase_add_test(cases, an_expiry_beats_accepting_that_comes_after_it);
    tcase_add_test(cases, a_request_expires_when_the_trip_left_whatever_the_timer);
    tcase_add_test(cases, a_declined_request_frees_trip_and_parcel);
    tcase_add_test(cases, paying_opens_an_attempt_over_what_is_not_paid_yet);
    tcase_add_test(cases, what_stands_against_paying_is_named);
    tcase_add_test(cases, a_booking_nobody_paid_expires);
    tcase_add_test(cases, a_pending_payment_is_given_half_an_hour_once);
    tcase_add_test(cases, a_trip_that_left_gives_no_grace);
    return cases;
}

int main(void)
{
    Suite *suite = suite_create("bookings");

    suite_add_tcase(suite, request_cases());
    suite_add_tcase(suite, cancel_cases());
    suite_add_tcase(suite, dates_cases());
    suite_add_tcase(suite, handover_cases());
    suite_add_tcase(suite, dispute_cases());
    suite_add_tcase(suite, end_cases());
    suite_add_tcase(suite, walk_cases());
    return suite_run(suite);
}
