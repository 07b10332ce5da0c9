/* SPDX-License-Identifier: Apache-2.0
 * Money comes in: attempts, charges of every kind, references, the journal of the specification line by line,
 * and the end of a payment (M1-M9, M20). */
#include <stdio.h>

#include "tests/domain/till.h"
#include "tests/suite.h"

START_TEST(a_payment_is_opened_with_what_the_booking_costs)
{
    is(facts(), "payment.opened");
    is(state(), "due");
    ck_assert_int_eq(till.payment.total, TOTAL);
    ck_assert_int_eq(payment_due_left(&till.payment), TOTAL);
    ck_assert(id_same(&till.payment.booking, &till.booking.id));
    is(balances("XOF"), "");
}
END_TEST

START_TEST(an_attempt_is_over_what_is_left_and_lives_half_an_hour)
{
    ck_assert(!payment_attempt_live(&till.payment, till.now));
    till_attempt();
    is(facts(), "payment.attempt_opened");
    ck_assert_int_eq(till.payment.attempts[0].amount, TOTAL);
    is(till.payment.attempts[0].reference, "cb-b0000000000080008000000000000001-p1");
    ck_assert(payment_attempt_live(&till.payment, till.now + 30 * MINUTES - 1));
    ck_assert(!payment_attempt_live(&till.payment, till.now + 30 * MINUTES));
    paid("chg_1", 4000);
    till_attempt();
    ck_assert_int_eq(till.payment.attempts[1].n, 2);
    ck_assert_int_eq(till.payment.attempts[1].amount, TOTAL - 4000);
}
END_TEST

START_TEST(a_link_is_kept_apart_and_only_for_an_attempt_that_lives)
{
    const struct payment_record_link_v1 told = {.n = 1, .link = "https://pay.example.org/1", .expires = NOW};

    is(says(PAYMENTS, "payment.record_link", &told), "stale");
    till_attempt();
    is(says(PAYMENTS, "payment.record_link", &told), "accepted");
    is(facts(), "payment.link_ready");
    is(till.decision.private_name, "link");
    ck_assert_int_eq(till.decision.private_n, till.payment.version);
    ck_assert_int_eq(FACT(&till.decision.facts[0], payment_link_ready_v1)->link_n, till.payment.version);
    till.now += 30 * MINUTES;
    is(says(PAYMENTS, "payment.record_link", &told), "stale");
    is(says(STAFF, "payment.record_link", &told), "not_allowed");
    is(says(STRANGER, "payment.record_link", &told), "not_found");
    is(says(SENDER, "payment.record_link", &told), "not_allowed");
}
END_TEST

START_TEST(an_attempt_pends_fails_pends_again_and_is_over_once_paid)
{
    till_attempt();
    is(SAYS(PAYMENTS, "record_attempt", payment_record_attempt_v1, 2, ATTEMPT_OUTCOME_PENDING), "stale");
    is(SAYS(PAYMENTS, "record_attempt", payment_record_attempt_v1, 1, ATTEMPT_OUTCOME_PENDING), "accepted");
    is(facts(), "payment.attempt_pending");
    ck_assert(payment_attempt_pending(&till.payment));
    ck_assert(payment_attempt_live(&till.payment, till.now + DAYS));
    is(SAYS(PAYMENTS, "record_attempt", payment_record_attempt_v1, 1, ATTEMPT_OUTCOME_PENDING), "stale");
    is(SAYS(PAYMENTS, "record_attempt", payment_record_attempt_v1, 1, ATTEMPT_OUTCOME_FAILED), "accepted");
    is(facts(), "payment.attempt_failed");
    ck_assert(!payment_attempt_live(&till.payment, till.now));
    is(SAYS(PAYMENTS, "record_attempt", payment_record_attempt_v1, 1, ATTEMPT_OUTCOME_PENDING), "accepted");
    paid("chg_1", 1000);
    is(SAYS(PAYMENTS, "record_attempt", payment_record_attempt_v1, 1, ATTEMPT_OUTCOME_FAILED), "stale");
    till_attempt();
    till_lapse();
    till.now += DAYS;
    is(SAYS(PAYMENTS, "record_attempt", payment_record_attempt_v1, 2, ATTEMPT_OUTCOME_EXPIRED),
       "wrong_state"); /* its refund is under way */
}
END_TEST

START_TEST(an_attempt_may_expire_after_the_booking_did)
{
    till_attempt();
    till_lapse();
    is(SAYS(PAYMENTS, "record_attempt", payment_record_attempt_v1, 1, ATTEMPT_OUTCOME_EXPIRED), "accepted");
    ck_assert_int_eq(till.payment.attempts[0].state, ATTEMPT_STATE_EXPIRED);
    is(state(), "lapsed");
}
END_TEST

/* The example of the specification, line by line. */
START_TEST(a_booking_cancelled_two_days_before_is_booked_as_the_specification_says)
{
    till_attempt();
    is(charge("chg_1", TOTAL, "XOF", 328), "accepted");
    is(facts(), "payment.received payment.held booking.paid");
    is(journal(), "received: provider +10920 sender -10920 costs +328 provider -328; "
                  "held: sender +10920 escrow -10920");
    is(state(), "held");
    ck_assert_int_eq(till.booking.state, BOOKING_STATUS_PAID);
    ck_assert_int_eq(payment_escrow(&till.payment), TOTAL);
    till_split(1950, 7800, 1170);
    is(facts(), "payment.split_decided payment.payout_ordered payment.refund_ordered");
    is(journal(), "split_decided: escrow +10920 traveller -1950 sender -7800 fees -1170; "
                  "payout_ordered: traveller +1950 transit -1950; "
                  "refund_ordered: sender +7800 transit -7800");
    is(state(), "settling");
    is(sent(2, 1), "accepted");
    is(done(2, 1, 0), "accepted");
    is(facts(), "payment.refunded");
    is(journal(), "refunded: transit +7800 provider -7800");
    is(state(), "settling");
    is(sent(1, 1), "accepted");
    is(done(1, 1, 50), "accepted");
    is(journal(), "paid_out: transit +1950 provider -1950 costs +50 provider -50");
    is(state(), "settled");
    is(timers(), "payment_close");
    is(balances("XOF"), "provider +792 fees -1170 costs +378");
    is(closes(), "accepted");
    is(state(), "closed");
    is(closes(), "ended");
}
END_TEST

START_TEST(a_charge_counts_once)
{
    is(paid("chg_1", TOTAL), "accepted");
    is(paid("chg_1", TOTAL), "already_recorded");
    is(paid("chg_2", 0), "amount_mismatch");
    is(SAYS(STAFF, "record_charge", payment_record_charge_v1, .charge = "chg_3", .amount = 1,
            .currency = "XOF"),
       "not_allowed");
}
END_TEST

START_TEST(a_part_is_kept_and_the_rest_may_follow)
{
    is(charge("chg_1", 4000, "XOF", 120), "accepted");
    is(facts(), "payment.received");
    is(journal(), "received: provider +4000 sender -4000 costs +120 provider -120");
    is(state(), "due");
    ck_assert_int_eq(till.booking.state, BOOKING_STATUS_ACCEPTED);
    is(paid("chg_2", TOTAL - 4000 - 1), "accepted");
    is(state(), "due");
    ck_assert_int_eq(payment_due_left(&till.payment), 1);
    is(paid("chg_3", 1), "accepted");
    is(facts(), "payment.received payment.held booking.paid");
    is(state(), "held");
    is(balances("XOF"), "provider +10800 escrow -10920 costs +120");
}
END_TEST

START_TEST(an_excess_over_the_floor_goes_back_and_a_smaller_one_is_set_aside)
{
    is(paid("chg_1", TOTAL + 51), "accepted");
    is(facts(), "payment.received payment.held booking.paid payment.refund_ordered");
    is(journal(), "received: provider +10971 sender -10971; held: sender +10920 escrow -10920; "
                  "refund_ordered: sender +51 transit -51");
    is(state(), "held");
    till_open();
    is(paid("chg_1", TOTAL + 50), "accepted");
    is(facts(), "payment.received payment.held booking.paid payment.set_aside");
    is(journal(), "received: provider +10970 sender -10970; held: sender +10920 escrow -10920; "
                  "set_aside: sender +50 set_aside -50");
}
END_TEST

START_TEST(a_booking_paid_twice_is_paid_once_and_the_second_goes_back_whole)
{
    paid("chg_1", TOTAL);
    is(paid("chg_2", TOTAL), "accepted");
    is(facts(), "payment.received payment.refund_ordered");
    is(journal(), "received: provider +10920 sender -10920; refund_ordered: sender +10920 transit -10920");
    is(order(1)->charge, "chg_2");
    is(order(1)->reference, "cb-b0000000000080008000000000000001-r1-1");
    is(state(), "held");
    sent(1, 1);
    done(1, 1, 0);
    is(state(), "held");
    till_split(CARRIAGE, 0, FEE);
    sent(2, 1);
    done(2, 1, 0);
    is(state(), "settled");
    is(paid("chg_3", 300), "accepted");
    is(state(), "settling");
    is(timers(), "");
    done(3, 1, 0);
    is(state(), "settled");
    is(timers(), "payment_close");
    is(balances("XOF"), "provider +1170 fees -1170");
}
END_TEST

START_TEST(another_currency_goes_back_whole_and_pays_nothing)
{
    is(charge("chg_1", TOTAL, "XAF", 7), "accepted");
    is(facts(), "payment.received payment.refund_ordered");
    is(journal(), "received XAF: provider +10920 sender -10920 costs +7 provider -7; "
                  "refund_ordered XAF: sender +10920 transit -10920");
    is(state(), "due");
    ck_assert_int_eq(payment_due_left(&till.payment), TOTAL);
    paid("chg_2", TOTAL);
    is(state(), "held");
    sent(1, 1);
    is(done(1, 1, 0), "accepted");
    is(balances("XAF"), "provider -7 costs +7");
    is(balances("XOF"), "provider +10920 escrow -10920");
}
END_TEST

START_TEST(another_currency_wakes_what_was_lapsed_or_settled)
{
    till_lapse();
    is(charge("chg_1", 500, "EUR", 0), "accepted");
    is(state(), "settling");
    done(1, 1, 0);
    is(state(), "settled");
    is(charge("chg_2", 700, "EUR", 0), "accepted");
    is(state(), "settling");
}
END_TEST

START_TEST(a_fifth_currency_and_a_seventeenth_charge_have_no_room)
{
    static const char *const currencies[] = {"XAF", "EUR", "GHS", "NGN"};
    char id[16];

    for (int i = 0; i < 4; i++) {
        snprintf(id, sizeof(id), "chg_%d", i);
        is(charge(id, 100, currencies[i], 0), "accepted");
    }
    is(paid("chg_own", 100), "currency_unsupported");
    is(charge("chg_again", 100, "XAF", 0), "accepted");
    till_open();
    for (int i = 0; i < PAYMENT_CHARGES; i++) {
        snprintf(id, sizeof(id), "chg_%d", i);
        is(paid(id, 100), "accepted");
    }
    is(paid("chg_more", 100), "attempt_limit");
    till_lapse();
    ck_assert_int_eq(till.decision.fact_count, 1 + PAYMENT_CHARGES);
    is(balances("XOF"), "provider +1600 transit -1600");
}
END_TEST

START_TEST(nothing_paid_lapses_and_closes_after_thirty_days)
{
    till_lapse();
    is(facts(), "payment.lapsed");
    is(state(), "lapsed");
    is(timers(), "payment_close");
    ck_assert_int_eq(till.decision.follows[0].due_ms, till.now + 30 * DAYS);
    is(SAYS(SYSTEM, "close", payment_close_v1, .has_epoch = true, .epoch = till.payment.close_epoch + 1),
       "timer_void");
    is(closes(), "accepted");
}
END_TEST

START_TEST(a_part_goes_back_charge_by_charge_when_the_booking_lapses)
{
    paid("chg_1", 4000);
    paid("chg_2", 3000);
    till_lapse();
    is(facts(), "payment.lapsed payment.refund_ordered payment.refund_ordered");
    is(order(1)->charge, "chg_2");
    is(order(2)->charge, "chg_1");
    is(state(), "settling");
    done(1, 1, 0);
    is(state(), "settling");
    done(2, 1, 0);
    is(state(), "settled");
    is(balances("XOF"), "");
    is(closes(), "accepted");
}
END_TEST

START_TEST(a_payment_waits_for_a_refund_that_was_open_before_it_lapsed)
{
    charge("chg_1", 500, "EUR", 0);
    till_lapse();
    is(facts(), "payment.lapsed");
    is(state(), "settling");
    done(1, 1, 0);
    is(state(), "settled");
}
END_TEST

/* The refund of the only charge done, the booking expires. */
static void moved_and_lapsed(void)
{
    till_attempt();
    charge("chg_1", 2000, "USD", 0);
    sent(1, 1);
    failed(1, 1, ORDER_CAUSE_PROVIDER);
    is(SAYS(STAFF, "retry_order", payment_retry_order_v1, .order = 1), "accepted");
    sent(1, 2);
    is(done(1, 2, 0), "accepted");
    till_lapse();
    is(facts(), "payment.lapsed");
    is(state(), "settled");
    is(timers(), "payment_close");
    ck_assert_int_eq(till.decision.follows[0].due_ms, till.now + 180 * DAYS);
}

START_TEST(what_becomes_of_money_that_moved_is_booked_after_the_booking_lapsed)
{
    moved_and_lapsed();
    is(SAYS(PAYMENTS, "record_order", payment_record_order_v1, .order = 1, .try = 2,
            .outcome = ORDER_OUTCOME_FEE_NOTED, .has_fee = true, .fee = 25),
       "accepted");
    is(claimed_back("chg_1", 2000), "accepted");
    is(lost("chg_1"), "accepted");
    is(state(), "settled");
    is(balances("USD"), "provider -2025 costs +25 loss +2000");
    is(done(1, 1, 0), "accepted"); /* the first try after all */
    is(balances("USD"), "provider -4025 costs +25 loss +4000");
    is(closes(), "accepted");
}
END_TEST

START_TEST(a_payment_of_which_money_moved_closes_as_settled_ones_do)
{
    moved_and_lapsed();
    is(charge("chg_2", TOTAL, "XOF", 0), "accepted");
    is(facts(), "payment.received payment.refund_ordered");
    is(state(), "settling");
    is(done(2, 1, 0), "accepted");
    is(closes(), "accepted");
    is(balances("XOF"), "");
}
END_TEST

START_TEST(money_after_the_booking_lapsed_goes_back_and_revives_nothing)
{
    till_attempt();
    till_lapse();
    is(charge("chg_1", TOTAL, "XOF", 328), "accepted");
    is(facts(), "payment.received payment.refund_ordered");
    is(state(), "settling");
    ck_assert_int_eq(till.booking.state, BOOKING_STATUS_EXPIRED);
    is(paid("chg_2", 100), "accepted");
    is(order(2)->charge, "chg_2");
    done(1, 1, 0);
    done(2, 1, 0);
    is(balances("XOF"), "provider -328 costs +328");
    is(closes(), "accepted");
}
END_TEST

START_TEST(the_money_of_nobody_has_a_payment_of_its_own_and_staff_send_it_back)
{
    till_unknown();
    is(paid("chg_9", 5000), "not_found"); /* of another name */
    domain_unmatched_of("chg_9", &till.payment.id);
    is(charge("chg_9", 5000, "XOF", 40), "accepted");
    is(facts(), "payment.unmatched");
    is(journal(), "unmatched: provider +5000 sender -5000 costs +40 provider -40");
    is(paid("chg_9", 5000), "already_recorded");
    is(state(), "unmatched");
    is(SAYS(SENDER, "return_unmatched", payment_return_unmatched_v1, UNMATCHED_REASON_OTHER), "not_found");
    is(SAYS(STAFF, "return_unmatched", payment_return_unmatched_v1, UNMATCHED_REASON_OTHER), "accepted");
    is(journal(), "refund_ordered: sender +5000 transit -5000");
    is(state(), "settling");
    ck_assert_int_eq(strncmp(order(1)->reference, "cb-", 3), 0);
    done(1, 1, 0);
    is(state(), "settled");
    is(closes(), "accepted");
    is(balances("XOF"), "provider -40 costs +40");
}
END_TEST

START_TEST(nothing_closes_while_money_is_open)
{
    paid("chg_1", TOTAL);
    till_split(CARRIAGE, 0, FEE);
    is(closes(), "wrong_state");
    done(1, 1, 0);
    is(claimed_back("chg_1", TOTAL), "accepted");
    is(state(), "settled");
    is(closes(), "money_open");
    is(lost("chg_1"), "accepted");
    is(timers(), "payment_close");
    is(closes(), "accepted");
    is(balances("XOF"), "provider -9750 fees -1170 loss +10920");
}
END_TEST

static void survives(enum payment_reference_kind kind, int64_t n, int64_t number, const char *wanted)
{
    const struct payment_reference wrote = {till.booking.id, kind, n, number};
    struct payment_reference read;
    char text[PAYMENT_REFERENCE_SIZE];

    payment_reference_write(&wrote, text);
    is(text, wanted);
    ck_assert_int_eq(payment_reference_read(span_of(text), &read), 0);
    ck_assert(id_same(&read.base, &till.booking.id));
    ck_assert_int_eq(read.kind, kind);
    ck_assert_int_eq(read.n, n);
    ck_assert_int_eq(read.try, number);
}

START_TEST(a_reference_leads_back_to_what_it_stands_for)
{
    survives(PAYMENT_REFERENCE_ATTEMPT, 1, 0, "cb-b0000000000080008000000000000001-p1");
    survives(PAYMENT_REFERENCE_REFUND, 24, 5, "cb-b0000000000080008000000000000001-r24-5");
    survives(PAYMENT_REFERENCE_PAYOUT, 1, 1, "cb-b0000000000080008000000000000001-t1-1");
    survives(PAYMENT_REFERENCE_GOODWILL, 999, 999, "cb-b0000000000080008000000000000001-g999-999");
}
END_TEST

START_TEST(a_reference_of_others_is_none_of_ours)
{
    static const char *const others[] = {
        "",
        "cb-",
        "cb-b0000000000080008000000000000001",
        "cb-b0000000000080008000000000000001-",
        "cb-b0000000000080008000000000000001-p",
        "cb-b0000000000080008000000000000001-p0",
        "cb-b0000000000080008000000000000001-p01",
        "cb-b0000000000080008000000000000001-p1000",
        "cb-b0000000000080008000000000000001-p1 ",
        "cb-b0000000000080008000000000000001-p1-1",
        "cb-B0000000000080008000000000000001-p1",
        "cb-b000000000008000800000000000000g-p1",
        "cb-b0000000-0000-8000-8000-000000000001-p1",
        "cb-b0000000000080008000000000000001-r1",
        "cb-b0000000000080008000000000000001-r1-",
        "cb-b0000000000080008000000000000001-r1-0",
        "cb-b0000000000080008000000000000001-r-1",
        "cb-b0000000000080008000000000000001-x1-1",
        "xb-b0000000000080008000000000000001-p1",
        "cb-b0000000000080008000000000000001-p99999999999999999999999999999"};
    struct payment_reference read;

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        ck_assert_msg(payment_reference_read(span_of(others[i]), &read) == PAYMENT_REFERENCE_FOREIGN, "%s",
                      others[i]);
}
END_TEST

TCase *money_in_cases(void)
{
    TCase *cases = tcase_create("money in");

    tcase_add_checked_fixture(cases, till_open, NULL);
    tcase_add_test(cases, a_payment_is_opened_with_what_the_booking_costs);
    tcase_add_test(cases, an_attempt_is_over_what_is_left_and_lives_half_an_hour);
    tcase_add_test(cases, a_link_is_kept_apart_and_only_for_an_attempt_that_lives);
    tcase_add_test(cases, an_attempt_pends_fails_pends_again_and_is_over_once_paid);
    tcase_add_test(cases, an_attempt_may_expire_after_the_booking_did);
    tcase_add_test(cases, a_booking_cancelled_two_days_before_is_booked_as_the_specification_says);
    tcase_add_test(cases, a_charge_counts_once);
    tcase_add_test(cases, a_part_is_kept_and_the_rest_may_follow);
    tcase_add_test(cases, an_excess_over_the_floor_goes_back_and_a_smaller_one_is_set_aside);
    tcase_add_test(cases, a_booking_paid_twice_is_paid_once_and_the_second_goes_back_whole);
    tcase_add_test(cases, another_currency_goes_back_whole_and_pays_nothing);
    tcase_add_test(cases, another_currency_wakes_what_was_lapsed_or_settled);
    tcase_add_test(cases, a_fifth_currency_and_a_seventeenth_charge_have_no_room);
    tcase_add_test(cases, nothing_paid_lapses_and_closes_after_thirty_days);
    tcase_add_test(cases, a_part_goes_back_charge_by_charge_when_the_booking_lapses);
    tcase_add_test(cases, a_payment_waits_for_a_refund_that_was_open_before_it_lapsed);
    tcase_add_test(cases, what_becomes_of_money_that_moved_is_booked_after_the_booking_lapsed);
    tcase_add_test(cases, a_payment_of_which_money_moved_closes_as_settled_ones_do);
    tcase_add_test(cases, money_after_the_booking_lapsed_goes_back_and_revives_nothing);
    tcase_add_test(cases, the_money_of_nobody_has_a_payment_of_its_own_and_staff_send_it_back);
    tcase_add_test(cases, nothing_closes_while_money_is_open);
    tcase_add_test(cases, a_reference_leads_back_to_what_it_stands_for);
    tcase_add_test(cases, a_reference_of_others_is_none_of_ours);
    return cases;
}

int main(void)
{
    Suite *suite = suite_create("payments");

    suite_add_tcase(suite, money_in_cases());
    suite_add_tcase(suite, order_cases());
    suite_add_tcase(suite, goodwill_cases());
    suite_add_tcase(suite, chargeback_cases());
    suite_add_tcase(suite, walk_cases());
    return suite_run(suite);
}
