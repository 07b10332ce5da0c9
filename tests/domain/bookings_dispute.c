/* SPDX-License-Identifier: Apache-2.0
 * The rules of a booking: how it ends (B29 to B37), c2 row by row. */
#include "shared/domain/booking_facts.h"
#include "shared/domain/policy.h"
#include "tests/domain/scene.h"

static const char *evidence(enum actor actor)
{
    return SAYS(actor, "booking.add_evidence", booking_add_evidence_v1, .statement = "It was whole");
}

static const char *resolve(enum actor actor, int64_t to_traveller, int64_t to_sender, int64_t to_fees)
{
    return SAYS(actor, "booking.resolve", booking_resolve_v1,
                .split = {.to_traveller = to_traveller, .to_sender = to_sender, .to_fees = to_fees},
                .has_fault = true, .fault = FAULT_TRAVELLER);
}

static const char *by_default(void)
{
    return timer("booking.resolve_default", scene.booking.dispute_epoch);
}

#define RELEASED "booking.completed payment.split_decided payment.payout_ordered parcel.closed review.opened"

START_TEST(a_confirmed_delivery_pays_the_traveller)
{
    scene_delivered();
    is(says(RECIPIENT, "booking.confirm", NULL), "not_allowed");
    is(says(TRAVELLER, "booking.confirm", NULL), "not_allowed");
    is(says(SENDER, "booking.confirm", NULL), "accepted");
    is(facts(), RELEASED);
    is(follows(), "profile.count_done/1 profile.count_done/2");
    split_is(CARRIAGE, 0, FEE);
    ck_assert_int_eq(scene.parcel.outcome, PARCEL_OUTCOME_DELIVERED);
    ck_assert_int_eq(scene.payment.state, PAYMENT_STATUS_SETTLING);
    is(says(SENDER, "booking.confirm", NULL), "ended");
}
END_TEST

START_TEST(silence_confirms_after_a_day)
{
    scene_delivered();
    is(timer("booking.auto_confirm", scene.booking.confirm_epoch + 1), "timer_void");
    scene.now = scene.booking.confirm_by;
    is(timer("booking.auto_confirm", scene.booking.confirm_epoch), "accepted");
    is(facts(), RELEASED);
    ck_assert_int_eq(FACT_OF(booking_completed_v1)->by, PARTY_SYSTEM);
}
END_TEST

START_TEST(a_complaint_after_the_delivery_has_a_cause_and_its_proof)
{
    const struct booking_dispute_v1 damaged = {.has_cause = true, .cause = DISPUTE_CAUSE_DAMAGED};
    const struct booking_dispute_v1 chargeback = {.has_cause = true, .cause = DISPUTE_CAUSE_CHARGEBACK};

    scene_delivered();
    is(says(SENDER, "booking.dispute", NULL), "reason_missing");
    is(says(SENDER, "booking.dispute", &chargeback), "reason_missing");
    is(says(SENDER, "booking.dispute", &damaged), "photo_missing");
    scene_photo(PHOTO_STAGE_DAMAGE, PARTY_TRAVELLER);
    is(says(SENDER, "booking.dispute", &damaged), "photo_missing");
    scene_photo(PHOTO_STAGE_EVIDENCE, PARTY_RECIPIENT);
    scene.now = scene.booking.confirm_by;
    is(says(RECIPIENT, "booking.dispute", &damaged), "window_closed");
    scene.now--;
    is(says(RECIPIENT, "booking.dispute", &damaged), "accepted");
    is(facts(), "booking.disputed");
    is(timers(), "staff_reminder"); /* no default */
    ck_assert_int_eq(timer_due("staff_reminder"), scene.now + 3 * DAYS);
    ck_assert_int_eq(scene.booking.evidence_by, scene.now + 72 * HOURS);
    ck_assert_int_eq(scene.booking.disputed_from, BOOKING_STATUS_DELIVERED);
}
END_TEST

START_TEST(a_dispute_beats_a_confirmation_by_time_that_comes_after_it)
{
    int64_t epoch;

    scene_delivered();
    epoch = scene.booking.confirm_epoch;
    scene.now = scene.booking.confirm_by - 1;
    is(SAYS(SENDER, "booking.dispute", booking_dispute_v1, .has_cause = true, .cause = DISPUTE_CAUSE_LATE),
       "accepted");
    is(timer("booking.auto_confirm", epoch), "wrong_state");
}
END_TEST

START_TEST(a_sender_waits_a_day_before_it_is_late)
{
    scene_on_the_way();
    scene.now = scene.trip.arrives + 24 * HOURS;
    is(says(SENDER, "booking.dispute", NULL), "too_early");
    is(timer("booking.dispute", scene.booking.late_epoch + 1), "timer_void");
    scene.now++;
    is(says(SENDER, "booking.dispute", NULL), "accepted");
    ck_assert_int_eq(timer_due("dispute_default"), scene.now + 14 * DAYS);
    ck_assert_int_eq(scene.booking.disputed_from, BOOKING_STATUS_COLLECTED);
}
END_TEST

START_TEST(each_party_says_ten_things_until_the_evidence_closes)
{
    scene_disputed(DISPUTE_CAUSE_DAMAGED);
    for (int n = 1; n <= 10; n++) {
        is(evidence(TRAVELLER), "accepted");
        ck_assert_int_eq(FACT_OF(booking_evidence_added_v1)->n, n);
        is(scene.decision.private_name, "evidence");
        ck_assert_int_eq(scene.decision.private_n, scene.booking.version);
    }
    is(evidence(TRAVELLER), "evidence_limit");
    is(evidence(RECIPIENT), "accepted");
    is(evidence(STAFF), "not_allowed");
    scene.now = scene.booking.evidence_by;
    is(evidence(SENDER), "window_closed");
}
END_TEST

START_TEST(a_second_cause_is_something_said)
{
    struct domain_world world = {.trip = &scene.trip, .parcel = &scene.parcel, .booking = &scene.booking};
    struct rule_situation situation = {.world = &world, .decision = &scene.decision};

    scene_disputed(DISPUTE_CAUSE_DAMAGED);
    situation.now_ms = scene.now;
    scene.decision.fact_count = 0;
    booking_dispute(&situation, DISPUTE_CAUSE_LOST, PARTY_TRAVELLER);
    booking_dispute(&situation, DISPUTE_CAUSE_LOST, PARTY_STAFF);
    ck_assert_int_eq(situation.broken, 0);
    is(facts(), "booking.evidence_added");
    ck_assert_int_eq(scene.booking.cause, DISPUTE_CAUSE_DAMAGED);
}
END_TEST

START_TEST(staff_split_exactly_what_is_held_once_both_have_spoken)
{
    scene_disputed(DISPUTE_CAUSE_DAMAGED);
    is(resolve(STAFF, 5000, 5000, 919), "split_mismatch");
    is(resolve(STAFF, 5000, 5000, 920), "evidence_open"); /* the sender opened it, the traveller is silent */
    is(evidence(TRAVELLER), "accepted");
    is(resolve(SENDER, 5000, 5000, 920), "not_allowed");
    is(resolve(STAFF, 5000, 5000, 920), "accepted");
    is(facts(), "booking.resolved payment.split_decided payment.payout_ordered payment.refund_ordered "
                "parcel.closed review.opened");
    split_is(5000, 5000, 920);
    fault_is(FAULT_TRAVELLER);
}
END_TEST

START_TEST(staff_resolve_a_silent_dispute_once_the_evidence_closed)
{
    scene_disputed(DISPUTE_CAUSE_CONTENT);
    scene.now = scene.booking.evidence_by;
    is(resolve(STAFF, 0, TOTAL, 0), "accepted");
}
END_TEST

START_TEST(much_money_is_for_a_lead)
{
    scene_disputed(DISPUTE_CAUSE_DAMAGED);
    scene.now = scene.booking.evidence_by;
    scene.payment.balances[0].provider = scene.payment.charges[0].amount = 300001;
    scene.payment.balances[0].escrow = -300001;
    is(resolve(STAFF, 300000, 0, 1), "over_authority");
    is(resolve(LEAD, 300000, 0, 1), "accepted");
}
END_TEST

START_TEST(staff_do_not_resolve_their_own_booking)
{
    scene_disputed(DISPUTE_CAUSE_DAMAGED);
    strcpy(scene.booking.traveller.text, "44444444-4444-4444-8444-444444444444");
    is(resolve(STAFF, TOTAL, 0, 0), "not_allowed");
}
END_TEST

START_TEST(a_chargeback_is_waited_for)
{
    scene_disputed(DISPUTE_CAUSE_DAMAGED);
    scene.booking.cause = DISPUTE_CAUSE_CHARGEBACK;
    scene.payment.charges[0].has_chargeback = true;
    scene.payment.charges[0].chargeback = CHARGEBACK_STATE_OPENED;
    scene.now = scene.booking.evidence_by;
    is(resolve(STAFF, CARRIAGE, 0, FEE), "chargeback_open");
    scene.payment.charges[0].chargeback = CHARGEBACK_STATE_WON;
    is(resolve(STAFF, CARRIAGE, 0, FEE), "accepted");
}
END_TEST

/* c2 */

static const struct {
    const char *what;
    struct policy_dispute dispute;
    int64_t days, to_traveller, to_sender, to_fees; /* days 0: staff must */
    int32_t fault;
} default_rows[] = {
    /* clang-format off */
    {"late, delivered 72 h late",     {.cause = DISPUTE_CAUSE_LATE, .delivered = true, .late = 72 * HOURS},                      14, 9750,     0, 1170, FAULT_NONE},
    {"late, delivered later",         {.cause = DISPUTE_CAUSE_LATE, .delivered = true, .late = 72 * HOURS + 1},                  14, 4875,  4875, 1170, FAULT_NONE},
    {"late, not delivered",           {.cause = DISPUTE_CAUSE_LATE},                                                             14,    0, 10920,    0, FAULT_TRAVELLER},
    {"lost",                          {.cause = DISPUTE_CAUSE_LOST},                                                             14,    0, 10920,    0, FAULT_TRAVELLER},
    {"lost, found and delivered",     {.cause = DISPUTE_CAUSE_LOST, .delivered = true, .late = 100 * HOURS},                     14, 4875,  4875, 1170, FAULT_NONE},
    {"abandoned",                     {.cause = DISPUTE_CAUSE_ABANDONED, .opener = PARTY_SYSTEM},                                14,    0, 10920,    0, FAULT_TRAVELLER},
    {"abandoned, handed back",        {.cause = DISPUTE_CAUSE_ABANDONED, .opener = PARTY_SYSTEM, .handed_back = true},            3,    0, 10920,    0, FAULT_TRAVELLER},
    {"abandoned by staff",            {.cause = DISPUTE_CAUSE_ABANDONED, .opener = PARTY_STAFF},                                 14,    0, 10920,    0, FAULT_TRAVELLER},
    {"abandoned by staff, back",      {.cause = DISPUTE_CAUSE_ABANDONED, .opener = PARTY_STAFF, .handed_back = true},             3,    0, 10920,    0, FAULT_NONE},
    {"return by T",                   {.cause = DISPUTE_CAUSE_RETURN, .opener = PARTY_TRAVELLER},                                14,    0, 10920,    0, FAULT_TRAVELLER},
    {"return by T, handed back",      {.cause = DISPUTE_CAUSE_RETURN, .opener = PARTY_TRAVELLER, .handed_back = true},            3,    0, 10920,    0, FAULT_TRAVELLER},
    {"return by S",                   {.cause = DISPUTE_CAUSE_RETURN, .opener = PARTY_SENDER},                                   14,    0, 10920,    0, FAULT_TRAVELLER},
    {"return by S, handed back",      {.cause = DISPUTE_CAUSE_RETURN, .opener = PARTY_SENDER, .handed_back = true},               7, 9750,     0, 1170, FAULT_NONE},
    {"undelivered",                   {.cause = DISPUTE_CAUSE_UNDELIVERED, .opener = PARTY_TRAVELLER},                            7, 9750,     0, 1170, FAULT_NONE},
    {"pickup, sender's fault",        {.cause = DISPUTE_CAUSE_PICKUP, .pickup_reason = PICKUP_REASON_OVERWEIGHT},                 7, 4875,  4875, 1170, FAULT_SENDER},
    {"pickup, nobody's fault",        {.cause = DISPUTE_CAUSE_PICKUP, .pickup_reason = PICKUP_REASON_TOO_LARGE},                  7, 1950,  7800, 1170, FAULT_NONE},
    {"pickup, unknown",               {.cause = DISPUTE_CAUSE_PICKUP, .pickup_reason = PICKUP_REASON_UNKNOWN},                    7,    0, 10920,    0, FAULT_NONE},
    {"pickup, answered",              {.cause = DISPUTE_CAUSE_PICKUP, .pickup_reason = PICKUP_REASON_UNKNOWN, .answered = true},  0,    0,     0,    0, FAULT_NONE},
    {"damaged",                       {.cause = DISPUTE_CAUSE_DAMAGED},                                                           0,    0,     0,    0, FAULT_NONE},
    {"content",                       {.cause = DISPUTE_CAUSE_CONTENT},                                                           0,    0,     0,    0, FAULT_NONE},
    {"seized",                        {.cause = DISPUTE_CAUSE_SEIZED},                                                            0,    0,     0,    0, FAULT_NONE},
    {"chargeback",                    {.cause = DISPUTE_CAUSE_CHARGEBACK},                                                        0,    0,     0,    0, FAULT_NONE},
    /* clang-format on */
};

START_TEST(c2_decides_what_staff_do_not)
{
    const struct policy_price price = {CARRIAGE, FEE, "XOF"};
    struct policy_outcome outcome;
    int64_t delay = 0;
    int staff = default_rows[_i].days == 0 ? POLICY_STAFF : 0;

    ck_assert_msg(policy_default_delay(&default_rows[_i].dispute, &delay) == staff, "%s",
                  default_rows[_i].what);
    ck_assert_int_eq(delay, default_rows[_i].days * DAYS);
    ck_assert_int_eq(policy_default(&default_rows[_i].dispute, &price, &outcome), staff);
    if (staff)
        return;
    ck_assert_int_eq(outcome.split.to_traveller, default_rows[_i].to_traveller);
    ck_assert_int_eq(outcome.split.to_sender, default_rows[_i].to_sender);
    ck_assert_int_eq(outcome.split.to_fees, default_rows[_i].to_fees);
    ck_assert_int_eq(outcome.fault, default_rows[_i].fault);
}
END_TEST

START_TEST(a_parcel_that_never_came_is_paid_back_by_default)
{
    scene_arrived();
    scene.now = scene.trip.arrives + 7 * DAYS;
    is(timer("booking.dispute", scene.booking.late_epoch), "accepted");
    is(timer("booking.resolve_default", scene.booking.dispute_epoch - 1), "timer_void");
    scene.now = scene.booking.default_at;
    is(by_default(), "accepted");
    is(facts(), "booking.resolved payment.split_decided payment.refund_ordered parcel.closed review.opened");
    split_is(0, TOTAL, 0);
    fault_is(FAULT_TRAVELLER);
    ck_assert_int_eq(FACT_OF(booking_resolved_v1)->by, PARTY_SYSTEM);
    ck_assert_int_eq(scene.parcel.outcome, PARCEL_OUTCOME_UNDELIVERED);
}
END_TEST

START_TEST(what_has_no_default_needs_staff_who_are_reminded_daily)
{
    scene_disputed(DISPUTE_CAUSE_DAMAGED);
    is(by_default(), "needs_staff");
    scene.now += 3 * DAYS;
    is(SAYS(SYSTEM, "booking.remind", booking_remind_v1, .what = REMINDER_STAFF, .has_epoch = true,
            .epoch = scene.booking.dispute_epoch),
       "accepted");
    is(facts(), "booking.reminded");
    is(timers(), "staff_reminder");
    ck_assert_int_eq(timer_due("staff_reminder"), scene.now + 1 * DAYS);
}
END_TEST

START_TEST(an_answer_to_a_contest_takes_the_default_away)
{
    int64_t epoch;

    scene_failed(REFUSE_REASON_OVERWEIGHT);
    is(SAYS(SENDER, "booking.contest", booking_contest_v1, .statement = "It is light"), "accepted");
    epoch = scene.booking.dispute_epoch;
    is(evidence(TRAVELLER), "accepted");
    is(facts(), "booking.evidence_added booking.reminded");
    is(timers(), "staff_reminder");
    is(timer("booking.resolve_default", epoch), "timer_void");
    is(by_default(), "needs_staff");
    is(evidence(SENDER), "accepted");
    is(facts(), "booking.evidence_added"); /* staff know */
}
END_TEST

START_TEST(a_contest_without_an_answer_falls_by_the_reason_claimed)
{
    scene_failed(REFUSE_REASON_OVERWEIGHT);
    is(SAYS(SENDER, "booking.contest", booking_contest_v1, .statement = "It is light"), "accepted");
    scene.now = scene.booking.default_at;
    is(by_default(), "accepted");
    is(facts(), "booking.resolved payment.split_decided payment.payout_ordered payment.refund_ordered "
                "review.opened");
    split_is(4875, 4875, FEE);
    fault_is(FAULT_SENDER);
}
END_TEST

START_TEST(a_return_that_is_proved_restarts_the_default)
{
    struct domain_world world = {.trip = &scene.trip, .parcel = &scene.parcel, .booking = &scene.booking};
    struct rule_situation situation = {.world = &world, .decision = &scene.decision};

    scene_on_the_way();
    scene.trip.state = TRIP_STATUS_ABANDONED;
    is(says(SYSTEM, "booking.abandon", NULL), "accepted");
    situation.now_ms = scene.now + 5 * DAYS;
    scene.decision.fact_count = scene.decision.follow_count = 0;
    booking_return_proved(&situation);
    is(facts(), "booking.return_proved");
    ck_assert_int_eq(timer_due("dispute_default"), situation.now_ms + 3 * DAYS);
    scene.parcel.state = PARCEL_STATUS_RETURNED;
    scene.now = scene.booking.default_at;
    is(by_default(), "accepted");
    is(facts(), "booking.resolved payment.split_decided payment.refund_ordered review.opened");
    split_is(0, TOTAL, 0);
}
END_TEST

START_TEST(staff_who_stop_a_trip_for_safety_open_the_disputes_of_what_is_on_board)
{
    scene_on_the_way();
    scene.trip.state = TRIP_STATUS_ABANDONED;
    is(SAYS(SYSTEM, "booking.abandon", booking_abandon_v1, .has_reason = true,
            .reason = BOOKING_CANCEL_REASON_SAFETY),
       "accepted");
    ck_assert_int_eq(scene.booking.opener, PARTY_STAFF);
}
END_TEST

START_TEST(a_return_that_is_proved_leaves_staff_reminded_of_what_has_no_default)
{
    struct domain_world world = {.trip = &scene.trip, .parcel = &scene.parcel, .booking = &scene.booking};
    struct rule_situation situation = {
        .world = &world, .decision = &scene.decision, .now_ms = NOW + 30 * DAYS};
    int64_t epoch;

    scene_on_the_way();
    scene.trip.state = TRIP_STATUS_ABANDONED;
    is(says(SYSTEM, "booking.abandon", NULL), "accepted");
    scene.booking.cause = DISPUTE_CAUSE_SEIZED;
    scene.booking.has_default_at = false;
    epoch = scene.booking.dispute_epoch;
    booking_return_proved(&situation);
    ck_assert(scene.booking.has_return_proved_at);
    ck_assert_int_eq(scene.booking.dispute_epoch, epoch);
}
END_TEST

START_TEST(staff_resolve_what_a_lost_chargeback_left_nothing_of)
{
    scene_failed(REFUSE_REASON_OVERWEIGHT);
    is(SAYS(SENDER, "booking.contest", booking_contest_v1, .statement = "It is light"), "accepted");
    scene.payment.balances[0].escrow = 0;
    scene.payment.balances[0].provider = 0;
    scene.now = scene.booking.default_at;
    is(by_default(), "accepted");
    is(facts(), "booking.resolved payment.split_decided review.opened");
    ck_assert_int_eq(
        scene.booking.split.to_traveller + scene.booking.split.to_sender + scene.booking.split.to_fees, 0);
}
END_TEST

static const struct {
    int32_t parcel, outcome;
} outcome_rows[] = {
    {PARCEL_STATUS_LOST, PARCEL_OUTCOME_LOST},           {PARCEL_STATUS_SEIZED, PARCEL_OUTCOME_SEIZED},
    {PARCEL_STATUS_RETURNING, PARCEL_OUTCOME_ABANDONED}, {PARCEL_STATUS_DAMAGED, PARCEL_OUTCOME_DAMAGED},
    {PARCEL_STATUS_DELIVERED, PARCEL_OUTCOME_DELIVERED}, {PARCEL_STATUS_ARRIVED, PARCEL_OUTCOME_UNDELIVERED},
};

START_TEST(a_parcel_is_closed_as_what_it_was)
{
    scene_arrived();
    scene.now = scene.trip.arrives + 25 * HOURS;
    is(says(SENDER, "booking.dispute", NULL), "accepted");
    scene.parcel.state = outcome_rows[_i].parcel;
    scene.now = scene.booking.evidence_by;
    is(resolve(STAFF, 0, TOTAL, 0), "accepted");
    ck_assert_int_eq(scene.parcel.state, PARCEL_STATUS_CLOSED);
    ck_assert_int_eq(scene.parcel.outcome, outcome_rows[_i].outcome);
}
END_TEST

START_TEST(a_chargeback_disputes_a_paid_booking_and_lets_the_parcel_go)
{
    struct domain_world world = {.trip = &scene.trip, .parcel = &scene.parcel, .booking = &scene.booking};
    struct rule_situation situation = {.world = &world, .decision = &scene.decision};

    scene_paid();
    situation.now_ms = scene.now;
    scene.decision.fact_count = scene.decision.follow_count = 0;
    booking_dispute(&situation, DISPUTE_CAUSE_CHARGEBACK, PARTY_PAYMENTS);
    booking_free(&situation);
    is(facts(), "booking.disputed trip.space_released parcel.unbooked");
    ck_assert_int_eq(scene.booking.disputed_from, BOOKING_STATUS_PAID);
    is(timers(), "staff_reminder parcel_stale");
}
END_TEST

/* Reminders */

static const char *remind(int32_t what, int64_t epoch)
{
    return SAYS(SYSTEM, "booking.remind", booking_remind_v1, .what = what, .has_epoch = true, .epoch = epoch);
}

START_TEST(reminders_are_void_once_what_they_are_about_is_done)
{
    scene_paid();
    is(remind(REMINDER_PICKUP, scene.booking.pickup_epoch), "accepted");
    is(remind(REMINDER_PICKUP, scene.booking.pickup_epoch), "accepted"); /* the second of its firings */
    is(remind(REMINDER_PICKUP, scene.booking.pickup_epoch + 1), "timer_void");
    is(remind(REMINDER_CONFIRM, 0), "timer_void");
    is(remind(REMINDER_HAND_OVER, 0), "timer_void");
    scene.trip.state = TRIP_STATUS_DEPARTED;
    is(says(SYSTEM, "booking.pickup_missed", NULL), "accepted");
    is(remind(REMINDER_PICKUP, scene.booking.pickup_epoch), "wrong_state");
}
END_TEST

START_TEST(the_traveller_is_reminded_to_hand_over_and_the_sender_to_confirm)
{
    scene_arrived();
    is(remind(REMINDER_HAND_OVER, scene.parcel.arrived_epoch), "accepted");
    is(remind(REMINDER_PICKUP, scene.booking.pickup_epoch), "timer_void");
}
END_TEST

START_TEST(the_sender_is_reminded_to_confirm)
{
    scene_delivered();
    is(remind(REMINDER_CONFIRM, scene.booking.confirm_epoch), "accepted");
    is(remind(REMINDER_HAND_OVER, scene.parcel.arrived_epoch), "timer_void");
}
END_TEST

TCase *dispute_cases(void)
{
    TCase *cases = tcase_create("dispute");

    tcase_add_checked_fixture(cases, scene_set, NULL);
    tcase_add_test(cases, a_confirmed_delivery_pays_the_traveller);
    tcase_add_test(cases, silence_confirms_after_a_day);
    tcase_add_test(cases, a_complaint_after_the_delivery_has_a_cause_and_its_proof);
    tcase_add_test(cases, a_dispute_beats_a_confirmation_by_time_that_comes_after_it);
    tcase_add_test(cases, a_sender_waits_a_day_before_it_is_late);
    tcase_add_test(cases, each_party_says_ten_things_until_the_evidence_closes);
    tcase_add_test(cases, a_second_cause_is_something_said);
    tcase_add_test(cases, staff_split_exactly_what_is_held_once_both_have_spoken);
    tcase_add_test(cases, staff_resolve_a_silent_dispute_once_the_evidence_closed);
    tcase_add_test(cases, much_money_is_for_a_lead);
    tcase_add_test(cases, staff_do_not_resolve_their_own_booking);
    tcase_add_test(cases, a_chargeback_is_waited_for);
    tcase_add_loop_test(cases, c2_decides_what_staff_do_not, 0,
                        sizeof(default_rows) / sizeof(default_rows[0]));
    tcase_add_test(cases, a_parcel_that_never_came_is_paid_back_by_default);
    tcase_add_test(cases, what_has_no_default_needs_staff_who_are_reminded_daily);
    tcase_add_test(cases, an_answer_to_a_contest_takes_the_default_away);
    tcase_add_test(cases, a_contest_without_an_answer_falls_by_the_reason_claimed);
    tcase_add_test(cases, a_return_that_is_proved_restarts_the_default);
    tcase_add_test(cases, staff_who_stop_a_trip_for_safety_open_the_disputes_of_what_is_on_board);
    tcase_add_test(cases, a_return_that_is_proved_leaves_staff_reminded_of_what_has_no_default);
    tcase_add_test(cases, staff_resolve_what_a_lost_chargeback_left_nothing_of);
    tcase_add_loop_test(cases, a_parcel_is_closed_as_what_it_was, 0,
                        sizeof(outcome_rows) / sizeof(outcome_rows[0]));
    tcase_add_test(cases, a_chargeback_disputes_a_paid_booking_and_lets_the_parcel_go);
    tcase_add_test(cases, reminders_are_void_once_what_they_are_about_is_done);
    tcase_add_test(cases, the_traveller_is_reminded_to_hand_over_and_the_sender_to_confirm);
    tcase_add_test(cases, the_sender_is_reminded_to_confirm);
    return cases;
}
