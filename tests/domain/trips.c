/* SPDX-License-Identifier: Apache-2.0
 * Trips, row by row: what each accepts, and every reason it is refused for. */
#include "tests/domain/stage.h"

static struct trip_announce_v1 announcing(void)
{
    struct trip_announce_v1 says = {.departs = NOW + 2 * DAYS,
                                    .arrives = NOW + 2 * DAYS + 6 * HOURS,
                                    .drop_off_until = NOW + 2 * DAYS - 5 * HOURS,
                                    .capacity_g = 20000,
                                    .price_per_kg = 5000,
                                    .currency = "XOF"};

    strcpy(says.origin.country, "FR");
    strcpy(says.origin.city, "Paris");
    says.origin.has_point = true;
    says.origin.point = (struct point){488566140, -23522219};
    strcpy(says.destination.country, "SN");
    strcpy(says.destination.city, "Dakar");
    return says;
}

START_TEST(a_trip_is_announced_with_its_spot_rounded_and_arms_its_timer)
{
    struct trip_announce_v1 says = announcing();

    ck_assert_str_eq(verdict("trip.announce", traveller, "person", &says), "accepted");
    ck_assert_str_eq(facts(), "trip.announced");
    ck_assert_str_eq(timers(), "trip_overdue");
    ck_assert_str_eq(kept(), "announce 1");
    ck_assert_int_eq(stage.trip.state, TRIP_STATUS_ANNOUNCED);
    ck_assert_str_eq(stage.trip.traveller.text, traveller);
    ck_assert_int_eq(stage.trip.origin_spot.lat_c, 4886);
    ck_assert_int_eq(stage.trip.origin_spot.lon_c, -235);
    ck_assert(!stage.trip.has_destination_spot);
    ck_assert_int_eq(stage.trip.first_departs, says.departs);
    ck_assert_int_eq(stage.trip.overdue_epoch, 1);
    ck_assert_int_eq(stage.decision.follows[0].due_ms, says.departs + 12 * HOURS);
}
END_TEST

#define ANNOUNCED(change, word)                                                                              \
    do {                                                                                                     \
        struct trip_announce_v1 says = announcing();                                                         \
        stage_set();                                                                                         \
        change;                                                                                              \
        ck_assert_str_eq(verdict("trip.announce", traveller, "person", &says), word);                        \
    } while (0)

START_TEST(a_trip_is_not_announced_by_whom_or_for_what_it_may_not_be)
{
    ANNOUNCED(stage.traveller.blocked = true, "blocked");
    ANNOUNCED(stage.traveller.tier = 0, "tier_too_low");
    ANNOUNCED((stage.traveller.version = 0, stage.traveller.tier = 0), "tier_too_low");
    ANNOUNCED((says.destination = says.origin), "same_place");
    ANNOUNCED((says.destination = says.origin, strcpy(says.destination.city, "PARIS")), "same_place");
    ANNOUNCED(says.capacity_g = 499, "capacity_out_of_range");
    ANNOUNCED(says.capacity_g = 500, "accepted");
    ANNOUNCED(says.capacity_g = 100000, "accepted");
    ANNOUNCED(says.capacity_g = 100001, "capacity_out_of_range");
    ANNOUNCED(says.price_per_kg = 499, "price_out_of_range");
    ANNOUNCED(says.price_per_kg = 50001, "price_out_of_range");
    ANNOUNCED(says.price_per_kg = 50000, "accepted");
    ANNOUNCED(strcpy(says.currency, "EUR"), "accepted");
    ANNOUNCED((strcpy(says.currency, "EUR"), says.price_per_kg = 8001), "price_out_of_range");
    ANNOUNCED(strcpy(says.currency, "USD"), "currency_unsupported");
}
END_TEST

START_TEST(a_trip_is_announced_three_hours_to_180_days_ahead_and_drop_off_ends_before_it_departs)
{
    ANNOUNCED((says.departs = NOW + 3 * HOURS, says.drop_off_until = NOW + HOURS), "bad_dates");
    ANNOUNCED((says.departs = NOW + 3 * HOURS + 1, says.drop_off_until = NOW + HOURS), "accepted");
    ANNOUNCED(says.arrives = says.departs, "bad_dates");
    ANNOUNCED(says.arrives = says.departs + 30 * DAYS, "accepted");
    ANNOUNCED(says.arrives = says.departs + 30 * DAYS + 1, "bad_dates");
    ANNOUNCED((says.departs = NOW + 180 * DAYS, says.arrives = says.departs + 1), "accepted");
    ANNOUNCED((says.departs = NOW + 180 * DAYS + 1, says.arrives = says.departs + 1), "too_far_ahead");
    ANNOUNCED(says.drop_off_until = says.departs, "bad_dates");
    ANNOUNCED(says.drop_off_until = NOW, "bad_dates");
}
END_TEST

START_TEST(a_trip_is_announced_once_and_by_a_person)
{
    struct trip_announce_v1 says = announcing();

    ck_assert_str_eq(verdict("trip.announce", "", "system", &says), "not_allowed");
    stage_trip();
    ck_assert_str_eq(verdict("trip.announce", traveller, "person", &says), "wrong_state");
    ck_assert_str_eq(verdict("trip.announce", stranger, "person", &says), "not_found");
}
END_TEST

#define CORRECTED(word, ...)                                                                                 \
    do {                                                                                                     \
        struct trip_correct_v1 says = {__VA_ARGS__};                                                         \
        stage_set();                                                                                         \
        stage_trip();                                                                                        \
        stage_load(1, false);                                                                                \
        ck_assert_str_eq(verdict("trip.correct", traveller, "person", &says), word);                         \
    } while (0)

START_TEST(a_trip_is_corrected_in_what_no_booking_rests_on)
{
    CORRECTED("accepted", .has_capacity_g = true, .capacity_g = 1000);
    ck_assert_int_eq(stage.trip.capacity_g, 1000);
    ck_assert_int_eq(stage.trip.price_per_kg, 5000);
    CORRECTED("accepted", .has_price_per_kg = true, .price_per_kg = 6000);
    ck_assert_int_eq(DATA(0, trip_corrected_v1)->price_per_kg, 6000);
    ck_assert_int_eq(DATA(0, trip_corrected_v1)->capacity_g, 20000);
    CORRECTED("accepted", .has_currency = true, .currency = "XOF");
    CORRECTED("accepted", .has_drop_off_until = true, .drop_off_until = NOW + HOURS);
    CORRECTED("capacity_in_use", .has_capacity_g = true, .capacity_g = 999);
    CORRECTED("capacity_out_of_range", .has_capacity_g = true, .capacity_g = 100001);
    CORRECTED("price_out_of_range", .has_price_per_kg = true, .price_per_kg = 1);
    CORRECTED("field_locked", .has_currency = true, .currency = "EUR");
    CORRECTED("bad_dates", .has_drop_off_until = true, .drop_off_until = NOW + 2 * DAYS);
}
END_TEST

static const char *redated(int64_t departs, int64_t arrives)
{
    struct trip_redate_v1 says = {.has_departs = departs != 0, .departs = departs, .arrives = arrives};

    return verdict("trip.redate", traveller, "person", &says);
}

START_TEST(a_new_date_moves_the_drop_off_window_and_is_told_to_every_booking)
{
    int64_t old_window = NOW + 2 * DAYS - 5 * HOURS;

    stage_trip();
    stage_load(1, false);
    stage_load(2, true);
    ck_assert_str_eq(redated(NOW + 3 * DAYS, NOW + 4 * DAYS), "accepted");
    ck_assert_str_eq(facts(), "trip.redated");
    ck_assert_str_eq(follows(), "booking.redate/1 booking.redate/2");
    ck_assert_str_eq(timers(), "trip_overdue");
    ck_assert_int_eq(stage.trip.departs, NOW + 3 * DAYS);
    ck_assert_int_eq(stage.trip.drop_off_until, old_window + DAYS);
    ck_assert_int_eq(stage.trip.first_departs, NOW + 2 * DAYS);
    ck_assert_int_eq(stage.trip.overdue_epoch, 2);
    ck_assert_int_eq(stage.trip.schedule, 2);
    ck_assert_str_eq(timer("trip.overdue", 1), "timer_void");
}
END_TEST

START_TEST(a_new_date_is_to_come_near_the_first_and_the_third_is_the_last)
{
    struct trip_redate_v1 window = {
        .arrives = NOW + 3 * DAYS, .has_drop_off_until = true, .drop_off_until = NOW + 2 * DAYS};

    stage_trip();
    ck_assert_str_eq(redated(NOW, NOW + DAYS), "bad_dates");
    ck_assert_str_eq(redated(NOW + DAYS, NOW + DAYS), "bad_dates");
    ck_assert_str_eq(redated(NOW + DAYS, NOW + 31 * DAYS + 1), "bad_dates");
    ck_assert_str_eq(verdict("trip.redate", traveller, "person", &window), "bad_dates");
    ck_assert_str_eq(redated(NOW + 32 * DAYS + 1, NOW + 40 * DAYS), "redate_too_far");
    ck_assert_str_eq(redated(NOW + 32 * DAYS, NOW + 40 * DAYS), "accepted");
    ck_assert_str_eq(redated(NOW + 20 * DAYS, NOW + 40 * DAYS), "accepted");
    ck_assert_str_eq(redated(0, NOW + 41 * DAYS), "accepted");
    ck_assert_str_eq(redated(0, NOW + 42 * DAYS), "redate_limit");
}
END_TEST

START_TEST(new_dates_move_no_drop_off_into_the_past_but_one_that_is_over_moves_along)
{
    stage_trip();
    ck_assert_str_eq(redated(NOW + 5 * HOURS, NOW + DAYS), "bad_dates");
    ck_assert_str_eq(redated(NOW + 5 * HOURS + 1, NOW + DAYS), "accepted");
    stage.now = stage.trip.drop_off_until;
    ck_assert_str_eq(redated(NOW + 6 * HOURS, NOW + DAYS), "accepted");
    stage.now = stage.trip.drop_off_until + HOURS;
    ck_assert_str_eq(redated(NOW + 7 * HOURS - 1, NOW + DAYS), "accepted"); /* a flight that is late */
}
END_TEST

START_TEST(on_the_way_only_the_arrival_moves_and_only_what_is_on_board_is_told)
{
    int64_t arrives;

    stage_trip();
    stage_load(1, false);
    stage_load(2, true);
    stage.trip.state = TRIP_STATUS_DEPARTED;
    arrives = stage.trip.arrives;
    ck_assert_str_eq(redated(NOW + DAYS, arrives), "field_locked");
    ck_assert_str_eq(redated(0, NOW), "bad_dates");
    ck_assert_str_eq(redated(0, arrives + 7 * DAYS + 1), "redate_too_far");
    ck_assert_str_eq(redated(0, arrives + 7 * DAYS), "accepted");
    ck_assert_str_eq(facts(), "trip.arrival_redated");
    ck_assert_str_eq(follows(), "booking.redate/2");
    ck_assert_int_eq(stage.trip.schedule, 2);
    ck_assert_str_eq(redated(0, arrives), "accepted");
    ck_assert_str_eq(redated(0, arrives), "accepted");
    ck_assert_str_eq(redated(0, arrives), "redate_limit");
}
END_TEST

START_TEST(what_is_on_board_starts_and_the_others_expire_or_were_missed)
{
    struct trip_depart_v1 says = {.has_note = true, .note = "early"};

    stage_trip();
    stage_load(1, false);
    stage_load(2, true);
    stage.now = stage.trip.departs - 12 * HOURS - 1;
    ck_assert_str_eq(verdict("trip.depart", traveller, "person", NULL), "too_early");
    stage.now++;
    ck_assert_str_eq(verdict("trip.depart", stranger, "staff", NULL), "not_allowed");
    ck_assert_str_eq(verdict("trip.depart", traveller, "person", &says), "accepted");
    ck_assert_str_eq(facts(), "trip.departed");
    ck_assert_str_eq(follows(), "booking.start/2 booking.expire/1 booking.pickup_missed/1");
    ck_assert_str_eq(kept(), "depart 2");
    ck_assert(!DATA(0, trip_departed_v1)->presumed);
    ck_assert_int_eq(stage.trip.departed_at, stage.now);
}
END_TEST

START_TEST(forty_bookings_are_all_told)
{
    stage_trip();
    for (int n = 0; n < COUNT_TRIP_BOOKINGS; n++)
        stage_load(n, false);
    stage.now = stage.trip.departs;
    ck_assert_str_eq(verdict("trip.depart", traveller, "person", NULL), "accepted");
    ck_assert_int_eq(stage.decision.follow_count, 80);
}
END_TEST

START_TEST(an_overdue_trip_is_presumed_departed_with_parcels_and_lapses_without)
{
    stage_trip();
    stage_load(1, true);
    ck_assert_str_eq(timer("trip.overdue", 7), "timer_void");
    ck_assert_str_eq(timer("trip.overdue", 1), "accepted");
    ck_assert_str_eq(stage.decision.rule, "T6");
    ck_assert(DATA(0, trip_departed_v1)->presumed);
    ck_assert_str_eq(follows(), "booking.start/1");
    ck_assert_str_eq(timer("trip.overdue", 1), "wrong_state");
    stage_set();
    stage_trip();
    stage_load(1, false);
    ck_assert_str_eq(timer("trip.overdue", 2), "timer_void");
    ck_assert_str_eq(verdict("trip.overdue", traveller, "person", NULL), "not_allowed");
    ck_assert_str_eq(timer("trip.overdue", 1), "accepted");
    ck_assert_str_eq(stage.decision.rule, "T7");
    ck_assert_str_eq(facts(), "trip.lapsed");
    ck_assert_str_eq(follows(), "booking.expire/1 booking.pickup_missed/1");
    ck_assert_str_eq(verdict("trip.depart", traveller, "person", NULL), "ended");
}
END_TEST

START_TEST(a_trip_arrives_half_an_hour_after_it_departed_at_the_earliest)
{
    stage_trip();
    stage_load(1, true);
    stage_load(2, false);
    ck_assert_str_eq(verdict("trip.arrive", traveller, "person", NULL), "wrong_state");
    stage.trip.state = TRIP_STATUS_DEPARTED;
    stage.trip.has_departed_at = true;
    stage.trip.departed_at = NOW;
    stage.now = NOW + HOURS / 2 - 1;
    ck_assert_str_eq(verdict("trip.arrive", stranger, "staff", NULL), "too_early");
    stage.now++;
    ck_assert_str_eq(verdict("trip.arrive", stranger, "staff", NULL), "accepted");
    ck_assert_str_eq(facts(), "trip.arrived");
    ck_assert_str_eq(follows(), "booking.report/1");
    ck_assert_int_eq(
        ((const struct booking_report_v1 *)(const void *)stage.decision.follows[0].data.bytes)->step,
        REPORT_STEP_ARRIVED);
}
END_TEST

static int32_t told_reason(int follow)
{
    const struct domain_follow *told = &stage.decision.follows[follow];

    ck_assert_str_eq(told->row->family, "booking.cancel");
    return ((const struct booking_cancel_v1 *)(const void *)told->data.bytes)->reason;
}

START_TEST(a_trip_is_cancelled_with_a_reason_while_nothing_is_on_board)
{
    struct trip_cancel_v1 says = {.has_reason = true, .reason = TRIP_CANCEL_REASON_SAFETY};

    stage_trip();
    stage_load(1, false);
    stage_load(2, true);
    ck_assert_str_eq(verdict("trip.cancel", traveller, "person", NULL), "reason_missing");
    ck_assert_str_eq(verdict("trip.cancel", traveller, "person", &says), "parcels_on_board");
    ck_assert_str_eq(verdict("trip.cancel", stranger, "person", &says), "not_found");
    stage.trip.bookings[1].on_board = false;
    ck_assert_str_eq(verdict("trip.cancel", traveller, "person", &says), "accepted");
    ck_assert_str_eq(facts(), "trip.cancelled");
    ck_assert_str_eq(follows(), "booking.cancel/1 booking.cancel/2");
    ck_assert_int_eq(told_reason(0), BOOKING_CANCEL_REASON_TRIP_CANCELLED);
}
END_TEST

START_TEST(staff_who_stop_a_trip_for_safety_tell_its_bookings_so)
{
    struct trip_cancel_v1 says = {.has_reason = true, .reason = TRIP_CANCEL_REASON_SAFETY};

    stage_trip();
    stage_load(1, false);
    ck_assert_str_eq(verdict("trip.cancel", stranger, "staff", &says), "accepted");
    ck_assert_int_eq(told_reason(0), BOOKING_CANCEL_REASON_SAFETY);
}
END_TEST

START_TEST(a_trip_with_parcels_on_board_is_abandoned_not_cancelled)
{
    struct trip_abandon_v1 says = {.has_reason = true, .reason = TRIP_CANCEL_REASON_REFUSED_BOARDING};

    stage_trip();
    stage_load(1, false);
    ck_assert_str_eq(verdict("trip.abandon", traveller, "person", NULL), "reason_missing");
    ck_assert_str_eq(verdict("trip.abandon", traveller, "person", &says), "nothing_on_board");
    stage_load(2, true);
    stage.trip.state = TRIP_STATUS_DEPARTED;
    ck_assert_str_eq(verdict("trip.abandon", traveller, "person", &says), "accepted");
    ck_assert_str_eq(facts(), "trip.abandoned");
    ck_assert_str_eq(follows(), "booking.abandon/2 booking.cancel/1");
    ck_assert_int_eq(told_reason(1), BOOKING_CANCEL_REASON_TRIP_ABANDONED);
    ck_assert_str_eq(verdict("trip.abandon", traveller, "person", &says), "ended");
}
END_TEST

static int32_t reason_on_board(int follow)
{
    const struct domain_follow *told = &stage.decision.follows[follow];

    ck_assert_str_eq(told->row->family, "booking.abandon");
    return ((const struct booking_abandon_v1 *)(const void *)told->data.bytes)->reason;
}

START_TEST(what_is_on_board_is_told_why_staff_abandon_its_trip)
{
    struct trip_abandon_v1 says = {.has_reason = true, .reason = TRIP_CANCEL_REASON_CORRIDOR_CLOSED};

    stage_trip();
    stage_load(1, false);
    stage_load(2, true);
    ck_assert_str_eq(verdict("trip.abandon", stranger, "staff", &says), "accepted");
    ck_assert_int_eq(reason_on_board(0), BOOKING_CANCEL_REASON_CORRIDOR_CLOSED);
    ck_assert_int_eq(told_reason(1), BOOKING_CANCEL_REASON_CORRIDOR_CLOSED);
    stage_set();
    stage_trip();
    stage_load(2, true);
    ck_assert_str_eq(verdict("trip.abandon", traveller, "person", &says), "accepted");
    ck_assert_int_eq(reason_on_board(0), BOOKING_CANCEL_REASON_TRIP_ABANDONED);
}
END_TEST

static void fold_trip(const char *type, const void *data, size_t size, int expect)
{
    struct domain_fact fact = {.row = message_of(type), .subject = stage.trip.id, .at_ms = NOW};

    fact.version = stage.trip.version + 1;
    memcpy(fact.data.bytes, data, size);
    ck_assert_int_eq(domain_fold((struct domain_head *)&stage.trip, &fact), expect);
}

static void release(int n, int64_t grams, bool live, int expect)
{
    struct trip_space_released_v1 fact = {
        .state = stage.trip.state, .booking = stage_booking(n), .grams = grams, .live = live};

    fold_trip("trip.space_released.v1", &fact, sizeof(fact), expect);
}

START_TEST(space_is_reserved_lowered_loaded_and_released)
{
    struct trip_space_reserved_v1 reserved = {
        .state = TRIP_STATUS_ANNOUNCED, .booking = stage_booking(2), .grams = 4000, .exposure = 500};
    struct trip_loaded_v1 loaded = {
        .state = TRIP_STATUS_ANNOUNCED, .booking = stage_booking(2), .grams = 3100};

    stage_trip();
    stage_load(1, false);
    fold_trip("trip.space_reserved.v1", &reserved, sizeof(reserved), 0);
    ck_assert_int_eq(stage.trip.reserved_g, 5000);
    ck_assert_int_eq(stage.trip.exposure, 510);
    release(2, 1000, true, 0);
    ck_assert_int_eq(stage.trip.reserved_g, 4000);
    ck_assert_int_eq(stage.trip.bookings[1].grams, 3000);
    ck_assert_int_eq(stage.trip.exposure, 510);
    fold_trip("trip.loaded.v1", &loaded, sizeof(loaded), 0);
    ck_assert(stage.trip.bookings[1].on_board);
    ck_assert_int_eq(stage.trip.loaded_g, 3100);
    release(1, 1000, false, 0);
    ck_assert_int_eq(stage.trip.reserved_g, 3000);
    ck_assert_int_eq(stage.trip.exposure, 500);
    ck_assert_int_eq(stage.trip.bookings_count, 1);
    ck_assert_str_eq(stage.trip.bookings[0].booking.text, stage_booking(2).text);
    stage.trip.state = TRIP_STATUS_DEPARTED;
    release(2, 3000, false, FOLD_UNFIT);
}
END_TEST

TCase *trip_cases(void)
{
    TCase *cases = tcase_create("trip");

    tcase_add_checked_fixture(cases, stage_set, NULL);
    tcase_add_test(cases, a_trip_is_announced_with_its_spot_rounded_and_arms_its_timer);
    tcase_add_test(cases, a_trip_is_not_announced_by_whom_or_for_what_it_may_not_be);
    tcase_add_test(cases,
                   a_trip_is_announced_three_hours_to_180_days_ahead_and_drop_off_ends_before_it_departs);
    tcase_add_test(cases, a_trip_is_announced_once_and_by_a_person);
    tcase_add_test(cases, a_trip_is_corrected_in_what_no_booking_rests_on);
    tcase_add_test(cases, a_new_date_moves_the_drop_off_window_and_is_told_to_every_booking);
    tcase_add_test(cases, a_new_date_is_to_come_near_the_first_and_the_third_is_the_last);
    tcase_add_test(cases, new_dates_move_no_drop_off_into_the_past_but_one_that_is_over_moves_along);
    tcase_add_test(cases, on_the_way_only_the_arrival_moves_and_only_what_is_on_board_is_told);
    tcase_add_test(cases, what_is_on_board_starts_and_the_others_expire_or_were_missed);
    tcase_add_test(cases, forty_bookings_are_all_told);
    tcase_add_test(cases, an_overdue_trip_is_presumed_departed_with_parcels_and_lapses_without);
    tcase_add_test(cases, a_trip_arrives_half_an_hour_after_it_departed_at_the_earliest);
    tcase_add_test(cases, a_trip_is_cancelled_with_a_reason_while_nothing_is_on_board);
    tcase_add_test(cases, staff_who_stop_a_trip_for_safety_tell_its_bookings_so);
    tcase_add_test(cases, a_trip_with_parcels_on_board_is_abandoned_not_cancelled);
    tcase_add_test(cases, what_is_on_board_is_told_why_staff_abandon_its_trip);
    tcase_add_test(cases, space_is_reserved_lowered_loaded_and_released);
    return cases;
}
