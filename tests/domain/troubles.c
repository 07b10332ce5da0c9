/* SPDX-License-Identifier: Apache-2.0
 * What befalls a parcel (P6-P13), row by row, and what its booking's facts do to it. */
#include "tests/domain/stage.h"

START_TEST(a_parcel_is_lost_by_word_of_its_traveller_and_found_again)
{
    struct parcel_declare_lost_v1 says = {.statement = "The bag did not come."};
    struct parcel_declare_found_v1 found = {.has_note = true, .note = "On the next belt."};

    stage_booked(PARCEL_STATUS_IN_TRANSIT, BOOKING_STATUS_COLLECTED);
    ck_assert_str_eq(verdict("parcel.declare_lost", traveller, "person", &says), "accepted");
    ck_assert_str_eq(facts(), "parcel.lost booking.disputed");
    ck_assert_str_eq(kept(), "declare_lost 2");
    ck_assert_int_eq(DATA(0, parcel_lost_v1)->by, PARTY_TRAVELLER);
    ck_assert_int_eq(DATA(1, booking_disputed_v1)->cause, DISPUTE_CAUSE_LOST);
    ck_assert_str_eq(verdict("parcel.declare_found", sender, "person", NULL), "not_allowed");
    ck_assert_str_eq(verdict("parcel.declare_found", traveller, "person", &found), "accepted");
    ck_assert_str_eq(facts(), "parcel.found");
    ck_assert_str_eq(kept(), "declare_found 3");
    ck_assert_int_eq(stage.parcel.state, PARCEL_STATUS_DELAYED);
    stage.parcel.state = PARCEL_STATUS_LOST;
    stage.booking.state = BOOKING_STATUS_RESOLVED;
    ck_assert_str_eq(verdict("parcel.declare_found", traveller, "person", NULL), "wrong_state");
}
END_TEST

START_TEST(a_sender_says_lost_72_hours_after_the_arrival)
{
    struct parcel_declare_lost_v1 says = {.statement = "Nobody answers."};

    stage_booked(PARCEL_STATUS_ARRIVED, BOOKING_STATUS_COLLECTED);
    stage.now = stage.trip.arrives + 72 * HOURS;
    ck_assert_str_eq(verdict("parcel.declare_lost", sender, "person", &says), "too_early");
    stage.now++;
    ck_assert_str_eq(verdict("parcel.declare_lost", sender, "person", &says), "accepted");
    ck_assert_int_eq(DATA(1, booking_disputed_v1)->by, PARTY_SENDER);
}
END_TEST

START_TEST(a_second_cause_is_evidence_not_a_second_dispute)
{
    struct parcel_declare_lost_v1 says = {.statement = "Gone."};

    stage_booked(PARCEL_STATUS_RETURNING, BOOKING_STATUS_DISPUTED);
    stage.booking.cause = DISPUTE_CAUSE_RETURN;
    ck_assert_str_eq(verdict("parcel.declare_lost", traveller, "person", &says), "accepted");
    ck_assert_str_eq(facts(), "parcel.lost booking.evidence_added");
    ck_assert_int_eq(stage.booking.cause, DISPUTE_CAUSE_RETURN);
}
END_TEST

START_TEST(damage_on_the_way_is_shown_by_the_traveller_and_the_booking_goes_on)
{
    struct parcel_declare_damaged_v1 says = {.has_statement = true, .statement = "A corner."};

    stage_booked(PARCEL_STATUS_IN_TRANSIT, BOOKING_STATUS_COLLECTED);
    ck_assert_str_eq(verdict("parcel.declare_damaged", traveller, "person", &says), "photo_missing");
    stage_photo(PHOTO_STAGE_DAMAGE, PARTY_SENDER);
    ck_assert_str_eq(verdict("parcel.declare_damaged", traveller, "person", &says), "photo_missing");
    stage_photo(PHOTO_STAGE_DAMAGE, PARTY_TRAVELLER);
    ck_assert_str_eq(verdict("parcel.declare_damaged", sender, "person", &says), "not_allowed");
    ck_assert_str_eq(verdict("parcel.declare_damaged", traveller, "person", &says), "accepted");
    ck_assert_str_eq(facts(), "parcel.damaged");
    ck_assert_str_eq(kept(), "declare_damaged 2");
    ck_assert_str_eq(verdict("parcel.declare_damaged", traveller, "person", &says), "wrong_state");
}
END_TEST

static void stage_delivered(void)
{
    stage_booked(PARCEL_STATUS_DELIVERED, BOOKING_STATUS_DELIVERED);
    stage.parcel.has_delivered_at = true;
    stage.parcel.delivered_at = NOW;
}

START_TEST(damage_found_within_a_day_of_delivery_is_a_dispute)
{
    stage_delivered();
    stage_photo(PHOTO_STAGE_DAMAGE, PARTY_TRAVELLER);
    ck_assert_str_eq(verdict("parcel.declare_damaged", sender, "person", NULL), "photo_missing");
    stage_photo(PHOTO_STAGE_DAMAGE, PARTY_RECIPIENT);
    stage.now = NOW + 24 * HOURS;
    ck_assert_str_eq(verdict("parcel.declare_damaged", sender, "person", NULL), "window_closed");
    stage.now--;
    stage.booking.state = BOOKING_STATUS_DISPUTED;
    ck_assert_str_eq(verdict("parcel.declare_damaged", sender, "person", NULL), "wrong_state");
    stage.booking.state = BOOKING_STATUS_DELIVERED;
    ck_assert_str_eq(verdict("parcel.declare_damaged", sender, "person", NULL), "accepted");
    ck_assert_str_eq(facts(), "parcel.damaged booking.disputed");
    ck_assert_int_eq(DATA(1, booking_disputed_v1)->cause, DISPUTE_CAUSE_DAMAGED);
}
END_TEST

START_TEST(what_was_delivered_damaged_is_neither_lost_nor_seized_nor_sent_back)
{
    struct parcel_declare_lost_v1 lost = {.statement = "?"};
    struct parcel_return_v1 back = {.has_reason = true, .reason = RETURN_REASON_OTHER};

    stage_delivered();
    stage.parcel.state = PARCEL_STATUS_DAMAGED;
    ck_assert_str_eq(verdict("parcel.declare_lost", traveller, "person", &lost), "wrong_state");
    ck_assert_str_eq(verdict("parcel.declare_seized", traveller, "person", NULL), "wrong_state");
    ck_assert_str_eq(verdict("parcel.return", traveller, "person", &back), "wrong_state");
}
END_TEST

START_TEST(a_seizure_is_shown_by_its_paper_and_may_be_lifted)
{
    struct parcel_declare_seized_v1 says = {.has_statement = true, .statement = "At the desk."};
    struct parcel_seizure_lifted_v1 lifted = {.has_note = true, .note = "Duties paid."};

    stage_booked(PARCEL_STATUS_CUSTOMS, BOOKING_STATUS_COLLECTED);
    ck_assert_str_eq(verdict("parcel.declare_seized", traveller, "person", &says), "photo_missing");
    stage_photo(PHOTO_STAGE_CUSTOMS, PARTY_TRAVELLER);
    ck_assert_str_eq(verdict("parcel.declare_seized", traveller, "person", &says), "accepted");
    ck_assert_str_eq(facts(), "parcel.seized booking.disputed");
    ck_assert_str_eq(kept(), "declare_seized 2");
    ck_assert_str_eq(verdict("parcel.seizure_lifted", traveller, "person", &lifted), "accepted");
    ck_assert_str_eq(facts(), "parcel.released_by_customs");
    ck_assert_str_eq(kept(), "seizure_lifted 3");
    ck_assert_int_eq(stage.parcel.state, PARCEL_STATUS_CUSTOMS);
    stage_set();
    stage_booked(PARCEL_STATUS_CUSTOMS, BOOKING_STATUS_COLLECTED);
    ck_assert_str_eq(verdict("parcel.declare_seized", stranger, "staff", NULL), "accepted");
}
END_TEST

START_TEST(a_parcel_is_turned_round_with_a_reason_and_a_code_for_its_sender)
{
    struct parcel_return_v1 says = {.has_reason = true, .reason = RETURN_REASON_RECIPIENT_ABSENT};

    stage_booked(PARCEL_STATUS_ARRIVED, BOOKING_STATUS_COLLECTED);
    ck_assert_str_eq(verdict("parcel.return", traveller, "person", NULL), "reason_missing");
    ck_assert_str_eq(verdict("parcel.return", traveller, "person", &says), "accepted");
    ck_assert_str_eq(facts(), "parcel.return_started booking.disputed booking.code_issued");
    ck_assert_int_eq(DATA(0, parcel_return_started_v1)->reason, RETURN_REASON_RECIPIENT_ABSENT);
    ck_assert_int_eq(DATA(1, booking_disputed_v1)->cause, DISPUTE_CAUSE_RETURN);
    ck_assert_int_eq(DATA(2, booking_code_issued_v1)->purpose, CODE_PURPOSE_RETURN);
    ck_assert_int_eq(stage.parcel.state, PARCEL_STATUS_RETURNING);
}
END_TEST

START_TEST(a_sender_asks_for_the_parcel_back_only_before_the_trip_leaves)
{
    struct parcel_return_v1 says = {.has_reason = true, .reason = RETURN_REASON_SENDER_ASKED};

    stage_booked(PARCEL_STATUS_COLLECTED, BOOKING_STATUS_COLLECTED);
    stage.trip.state = TRIP_STATUS_DEPARTED;
    ck_assert_str_eq(verdict("parcel.return", sender, "person", &says), "trip_left");
    stage.trip.state = TRIP_STATUS_ANNOUNCED;
    ck_assert_str_eq(verdict("parcel.return", sender, "person", &says), "accepted");
}
END_TEST

START_TEST(staff_say_of_their_own_parcel_what_any_sender_or_traveller_may)
{
    struct parcel_declare_lost_v1 lost = {.statement = "Nobody answers."};
    struct parcel_return_v1 back = {.has_reason = true, .reason = RETURN_REASON_SENDER_ASKED};
    struct booking_reissue_code_v1 again = {.purpose = CODE_PURPOSE_DELIVERY};

    stage_booked(PARCEL_STATUS_ARRIVED, BOOKING_STATUS_COLLECTED);
    stage.trip.state = TRIP_STATUS_DEPARTED;
    stage.booking.delivery_code.issue = COUNT_CODE_ISSUES;
    ck_assert_str_eq(verdict("parcel.declare_lost", sender, "staff", &lost), "too_early");
    ck_assert_str_eq(verdict("parcel.return", sender, "lead", &back), "trip_left");
    ck_assert_str_eq(verdict("parcel.declare_seized", sender, "staff", NULL), "photo_missing");
    ck_assert_str_eq(verdict("parcel.declare_seized", traveller, "staff", NULL), "photo_missing");
    ck_assert_str_eq(verdict("booking.reissue_code", sender, "staff", &again), "reissue_limit");
    ck_assert_str_eq(verdict("booking.reissue_code", stranger, "staff", &again), "accepted");
}
END_TEST

static const char *handed_back(const char *code)
{
    struct parcel_hand_back_v1 says = {{0}};

    strcpy(says.code, code);
    return verdict("parcel.hand_back", traveller, "person", &says);
}

static void stage_returning(char code[CODE_DIGITS + 1], char wrong[CODE_DIGITS + 1])
{
    stage_booked(PARCEL_STATUS_RETURNING, BOOKING_STATUS_DISPUTED);
    stage.booking.cause = DISPUTE_CAUSE_RETURN;
    stage.booking.opener = PARTY_TRAVELLER;
    stage.booking.return_code.issue = 1;
    code_make(&stage.codes, &stage.booking.id, CODE_PURPOSE_RETURN, 1, code);
    strcpy(wrong, code);
    wrong[0] = (char)(wrong[0] == '9' ? '0' : wrong[0] + 1);
}

START_TEST(the_sender_has_the_parcel_back_when_the_code_is_right)
{
    char code[CODE_DIGITS + 1], wrong[CODE_DIGITS + 1];

    stage_returning(code, wrong);
    ck_assert_str_eq(handed_back(wrong), "code_wrong");
    ck_assert_str_eq(facts(), "booking.code_failed");
    ck_assert_int_eq(DATA(0, booking_code_failed_v1)->purpose, CODE_PURPOSE_RETURN);
    ck_assert_int_eq(stage.booking.return_code.tries, 1);
    ck_assert_str_eq(handed_back(code), "accepted");
    ck_assert_str_eq(facts(), "parcel.returned trip.space_released booking.return_proved");
    ck_assert(stage.booking.has_return_proved_at);
    ck_assert_str_eq(handed_back(code), "ended");
}
END_TEST

START_TEST(a_parcel_handed_back_before_departure_leaves_the_trip)
{
    struct trip_cancel_v1 cancel = {.has_reason = true, .reason = TRIP_CANCEL_REASON_OTHER};
    char code[CODE_DIGITS + 1], wrong[CODE_DIGITS + 1];

    stage_returning(code, wrong);
    stage.trip.loaded_g = 1040;
    stage.booking.has_collected_at = stage.booking.has_weighed_g = true;
    stage.booking.weighed_g = 1040;
    stage_load(2, false);
    ck_assert_str_eq(verdict("trip.cancel", traveller, "person", &cancel), "parcels_on_board");
    ck_assert_str_eq(handed_back(code), "accepted");
    ck_assert_int_eq(DATA(1, trip_space_released_v1)->loaded_g, 1040);
    ck_assert_int_eq(stage.trip.bookings_count, 1);
    ck_assert_int_eq(stage.trip.reserved_g, 1000);
    ck_assert_int_eq(stage.trip.exposure, 10);
    ck_assert_int_eq(stage.trip.loaded_g, 0);
    ck_assert_str_eq(verdict("trip.cancel", traveller, "person", &cancel), "accepted");
    ck_assert_str_eq(follows(), "booking.cancel/2");
}
END_TEST

START_TEST(a_parcel_handed_back_on_the_way_leaves_a_trip_that_left_as_it_is)
{
    char code[CODE_DIGITS + 1], wrong[CODE_DIGITS + 1];

    stage_returning(code, wrong);
    stage.trip.state = TRIP_STATUS_DEPARTED;
    ck_assert_str_eq(handed_back(code), "accepted");
    ck_assert_str_eq(facts(), "parcel.returned booking.return_proved");
}
END_TEST

START_TEST(the_sixth_code_is_refused_even_if_it_is_right)
{
    char code[CODE_DIGITS + 1], wrong[CODE_DIGITS + 1];

    stage_returning(code, wrong);
    for (int i = 0; i < COUNT_CODE_TRIES; i++)
        ck_assert_str_eq(handed_back(wrong), "code_wrong");
    ck_assert_str_eq(handed_back(code), "code_blocked");
    ck_assert_str_eq(facts(), "");
}
END_TEST

/* In dispute a parcel may be turned round as often as it is found: that makes no code new. */
START_TEST(a_parcel_turned_round_again_keeps_its_code_and_its_tries)
{
    struct parcel_return_v1 back = {.has_reason = true, .reason = RETURN_REASON_RECIPIENT_ABSENT};
    struct parcel_declare_lost_v1 lost = {.statement = "Gone."};
    struct booking_reissue_code_v1 again = {.purpose = CODE_PURPOSE_RETURN};
    char code[CODE_DIGITS + 1], wrong[CODE_DIGITS + 1];

    stage_returning(code, wrong);
    for (int i = 0; i < COUNT_CODE_TRIES; i++)
        ck_assert_str_eq(handed_back(wrong), "code_wrong");
    ck_assert_str_eq(verdict("parcel.declare_lost", traveller, "person", &lost), "accepted");
    ck_assert_str_eq(verdict("parcel.declare_found", traveller, "person", NULL), "accepted");
    ck_assert_str_eq(verdict("parcel.return", traveller, "person", &back), "accepted");
    ck_assert_str_eq(facts(), "parcel.return_started booking.evidence_added");
    ck_assert_str_eq(handed_back(code), "code_blocked");
    ck_assert_int_eq(stage.booking.return_code.issue, 1);
    ck_assert_str_eq(verdict("booking.reissue_code", sender, "person", &again), "accepted");
    ck_assert_int_eq(stage.booking.return_code.issue, 2);
    code_make(&stage.codes, &stage.booking.id, CODE_PURPOSE_RETURN, 2, code);
    ck_assert_str_eq(handed_back(code), "accepted");
}
END_TEST

static int folded(const char *type, int32_t to, const void *data, size_t size)
{
    struct domain_fact fact = {.row = message_of(type), .subject = stage.parcel.id, .at_ms = NOW};

    fact.version = stage.parcel.version + 1;
    memcpy(fact.data.bytes, data, size);
    memcpy(fact.data.bytes, &to, sizeof(to));
    return domain_fold((struct domain_head *)&stage.parcel, &fact);
}

START_TEST(a_parcel_follows_the_facts_its_booking_posts)
{
    struct parcel_booked_v1 booked = {.booking = stage_booking(1)};
    struct parcel_closed_v1 closed = {.outcome = PARCEL_OUTCOME_DELIVERED};
    struct parcel_flagged_v1 flagged = {.reason = FLAG_REASON_PROHIBITED};
    const int32_t registered = PARCEL_STATUS_REGISTERED;
    struct parcel_unbooked_v1 other = {.booking = stage_booking(1)};

    strcpy(booked.traveller.text, traveller);
    stage_parcel();
    ck_assert_int_eq(folded("parcel.booked.v1", PARCEL_STATUS_BOOKED, &booked, sizeof(booked)), 0);
    ck_assert(stage.parcel.has_booking && stage.parcel.has_traveller);
    ck_assert_int_eq(folded("parcel.unbooked.v1", registered, &other, sizeof(other)), 0);
    ck_assert(!stage.parcel.has_booking && !stage.parcel.has_trip && !stage.parcel.has_traveller);
    ck_assert_int_eq(stage.parcel.stale_epoch, 3);
    ck_assert_int_eq(folded("parcel.flagged.v1", registered, &flagged, sizeof(flagged)), 0);
    ck_assert_int_eq(stage.parcel.flag, FLAG_REASON_PROHIBITED);
    ck_assert_int_eq(folded("parcel.booked.v1", PARCEL_STATUS_BOOKED, &booked, sizeof(booked)), 0);
    ck_assert_int_eq(folded("parcel.collected.v1", PARCEL_STATUS_COLLECTED, &other, sizeof(other)), 0);
    ck_assert_int_eq(folded("parcel.departed.v1", PARCEL_STATUS_IN_TRANSIT, &other, sizeof(other)), 0);
    ck_assert_int_eq(folded("parcel.in_customs.v1", PARCEL_STATUS_CUSTOMS, &other, sizeof(other)), 0);
    ck_assert_int_eq(folded("parcel.delayed.v1", PARCEL_STATUS_DELAYED, &other, sizeof(other)), 0);
    ck_assert_int_eq(folded("parcel.arrived.v1", PARCEL_STATUS_ARRIVED, &other, sizeof(other)), 0);
    ck_assert_int_eq(stage.parcel.arrived_epoch, stage.parcel.version);
    ck_assert_int_eq(folded("parcel.delivered.v1", PARCEL_STATUS_DELIVERED, &other, sizeof(other)), 0);
    ck_assert_int_eq(stage.parcel.delivered_at, NOW);
    ck_assert_int_eq(folded("parcel.collected.v1", PARCEL_STATUS_COLLECTED, &other, sizeof(other)),
                     FOLD_UNFIT);
    ck_assert_int_eq(folded("parcel.closed.v1", PARCEL_STATUS_CLOSED, &closed, sizeof(closed)), 0);
    ck_assert_int_eq(stage.parcel.outcome, PARCEL_OUTCOME_DELIVERED);
}
END_TEST

TCase *trouble_cases(void)
{
    TCase *cases = tcase_create("trouble");

    tcase_add_checked_fixture(cases, stage_set, NULL);
    tcase_add_test(cases, a_parcel_is_lost_by_word_of_its_traveller_and_found_again);
    tcase_add_test(cases, a_sender_says_lost_72_hours_after_the_arrival);
    tcase_add_test(cases, a_second_cause_is_evidence_not_a_second_dispute);
    tcase_add_test(cases, damage_on_the_way_is_shown_by_the_traveller_and_the_booking_goes_on);
    tcase_add_test(cases, damage_found_within_a_day_of_delivery_is_a_dispute);
    tcase_add_test(cases, what_was_delivered_damaged_is_neither_lost_nor_seized_nor_sent_back);
    tcase_add_test(cases, a_seizure_is_shown_by_its_paper_and_may_be_lifted);
    tcase_add_test(cases, a_parcel_is_turned_round_with_a_reason_and_a_code_for_its_sender);
    tcase_add_test(cases, a_sender_asks_for_the_parcel_back_only_before_the_trip_leaves);
    tcase_add_test(cases, staff_say_of_their_own_parcel_what_any_sender_or_traveller_may);
    tcase_add_test(cases, the_sender_has_the_parcel_back_when_the_code_is_right);
    tcase_add_test(cases, a_parcel_handed_back_before_departure_leaves_the_trip);
    tcase_add_test(cases, a_parcel_handed_back_on_the_way_leaves_a_trip_that_left_as_it_is);
    tcase_add_test(cases, the_sixth_code_is_refused_even_if_it_is_right);
    tcase_add_test(cases, a_parcel_turned_round_again_keeps_its_code_and_its_tries);
    tcase_add_test(cases, a_parcel_follows_the_facts_its_booking_posts);
    return cases;
}
