/* SPDX-License-Identifier: Apache-2.0
 * Money goes out: what the provider says of an order, retries, reversals, what is set aside (M10-M14, M19).
 */
#include "tests/domain/till.h"

/* Paid and released: order 1 is the payout of the carriage. */
static void released(void)
{
    paid("chg_1", TOTAL);
    till_split(CARRIAGE, 0, FEE);
}

/* Paid and cancelled: order 1 is the refund of everything. */
static void cancelled(void)
{
    paid("chg_1", TOTAL);
    till_split(0, TOTAL, 0);
}

static const char *retried_by(enum teller teller, int64_t n)
{
    return SAYS(teller, "retry_order", payment_retry_order_v1, .order = n);
}

static const char *retry_timer(int64_t n, int64_t epoch)
{
    return SAYS(SYSTEM, "retry_order", payment_retry_order_v1, .order = n, .has_epoch = true, .epoch = epoch);
}

START_TEST(an_order_is_claimed_before_it_is_sent_and_sent_once)
{
    released();
    is(reported(1, 1, ORDER_OUTCOME_SENT), "stale");
    is(reported(1, 1, ORDER_OUTCOME_UNKNOWN), "stale");
    is(reported(1, 2, ORDER_OUTCOME_SENDING), "stale");
    is(reported(2, 1, ORDER_OUTCOME_SENDING), "stale");
    is(reported(1, 1, ORDER_OUTCOME_SENDING), "accepted");
    is(facts(), "payment.order_sending");
    is(reported(1, 1, ORDER_OUTCOME_SENDING), "stale");
    is(reported(1, 1, ORDER_OUTCOME_UNKNOWN), "accepted");
    is(facts(), "payment.order_unknown");
    is(reported(1, 1, ORDER_OUTCOME_SENDING), "stale"); /* of unknown ones is asked, never sent again */
    is(reported(1, 1, ORDER_OUTCOME_SENT), "accepted");
    is(facts(), "payment.order_sent");
    is(reported(1, 1, ORDER_OUTCOME_SENT), "stale");
    is(reported(1, 1, ORDER_OUTCOME_UNKNOWN), "accepted");
    is(done(1, 1, 0), "accepted");
    is(reported(1, 1, ORDER_OUTCOME_UNKNOWN), "wrong_state");
    is(state(), "settled");
}
END_TEST

START_TEST(what_is_done_is_the_order_s_amount_and_counts_once)
{
    released();
    is(reported(1, 1, ORDER_OUTCOME_DONE), "amount_mismatch"); /* no amount told */
    is(SAYS(PAYMENTS, "record_order", payment_record_order_v1, 1, 1, ORDER_OUTCOME_DONE, true, CARRIAGE - 1,
            true, "XOF"),
       "amount_mismatch");
    is(SAYS(PAYMENTS, "record_order", payment_record_order_v1, 1, 1, ORDER_OUTCOME_DONE, true, CARRIAGE, true,
            "XAF"),
       "amount_mismatch");
    is(done(1, 2, 0), "stale");
    is(done(7, 1, 0), "stale");
    is(done(1, 1, 50), "accepted");
    is(facts(), "payment.paid_out");
    is(done(1, 1, 50), "already_recorded");
    is(balances("XOF"), "provider +1120 fees -1170 costs +50");
}
END_TEST

START_TEST(a_fee_known_later_is_booked_even_when_settled)
{
    released();
    is(SAYS(PAYMENTS, "record_order", payment_record_order_v1, .order = 1, .try = 1,
            .outcome = ORDER_OUTCOME_FEE_NOTED, .has_fee = true, .fee = 25),
       "stale");
    done(1, 1, 0);
    is(state(), "settled");
    is(reported(1, 1, ORDER_OUTCOME_FEE_NOTED), "amount_mismatch");
    is(SAYS(PAYMENTS, "record_order", payment_record_order_v1, .order = 1, .try = 1,
            .outcome = ORDER_OUTCOME_FEE_NOTED, .has_fee = true, .fee = 25),
       "accepted");
    is(journal(), "fee_noted: costs +25 provider -25");
    is(closes(), "accepted");
}
END_TEST

START_TEST(a_refund_that_failed_is_owed_again_and_retried_by_time)
{
    cancelled();
    sent(1, 1);
    is(failed(1, 1, ORDER_CAUSE_PROVIDER), "accepted");
    is(facts(), "payment.refund_failed");
    is(journal(), "refund_failed: transit +10920 sender -10920");
    is(timers(), "order_retry");
    ck_assert_int_eq(till.decision.follows[0].due_ms, till.now + 15 * MINUTES);
    is(state(), "settling");
    is(failed(1, 1, ORDER_CAUSE_PROVIDER), "already_recorded");
    is(retry_timer(1, 2), "timer_void");
    is(retry_timer(2, 1), "timer_void");
    is(retry_timer(1, 1), "accepted");
    is(facts(), "payment.refund_ordered");
    is(journal(), "refund_ordered: sender +10920 transit -10920");
    ck_assert_int_eq(order(1)->try, 2);
    is(order(1)->reference, "cb-b0000000000080008000000000000001-r1-2");
    is(retry_timer(1, 1), "timer_void");
    is(done(1, 2, 0), "accepted");
    is(balances("XOF"), "");
    is(closes(), "accepted");
}
END_TEST

START_TEST(a_refund_done_after_it_failed_is_booked_from_what_is_owed)
{
    cancelled();
    sent(1, 1);
    failed(1, 1, ORDER_CAUSE_PROVIDER);
    is(done(1, 1, 0), "accepted");
    is(journal(), "refunded: sender +10920 provider -10920");
    is(state(), "settled");
    is(retry_timer(1, 1), "wrong_state");
    is(balances("XOF"), "");
}
END_TEST

START_TEST(an_older_try_done_while_the_newer_is_under_way_ends_the_order)
{
    cancelled();
    failed(1, 1, ORDER_CAUSE_PROVIDER);
    retry_timer(1, 1);
    is(done(1, 1, 0), "accepted");
    is(journal(), "refunded: transit +10920 provider -10920");
    is(state(), "settled");
    is(done(1, 2, 0), "accepted"); /* the provider did both: what it did is booked */
    is(journal(), "refunded: loss +10920 provider -10920");
    is(done(1, 2, 0), "already_recorded");
    ck_assert_int_eq(till.payment.charges[0].refunded, 2 * TOTAL);
    is(closes(), "accepted");
    is(balances("XOF"), "provider -10920 loss +10920");
}
END_TEST

START_TEST(a_second_payment_of_one_order_takes_nothing_that_another_order_needs)
{
    paid("chg_1", TOTAL);
    paid("chg_2", 500);
    till_split(0, TOTAL, 0);
    failed(1, 1, ORDER_CAUSE_PROVIDER);
    failed(2, 1, ORDER_CAUSE_PROVIDER);
    retry_timer(1, 1);
    is(done(1, 1, 0), "accepted");
    is(done(1, 2, 0), "accepted");
    is(journal(), "refunded: loss +500 provider -500");
    is(retry_timer(2, 1), "accepted");
    is(done(2, 2, 0), "accepted");
    is(state(), "settled");
    is(balances("XOF"), "provider -500 loss +500");
}
END_TEST

START_TEST(a_payout_to_a_bad_account_waits_for_its_owner)
{
    released();
    sent(1, 1);
    is(failed(1, 1, ORDER_CAUSE_BAD_ACCOUNT), "accepted");
    is(facts(), "payment.payout_failed");
    is(journal(), "payout_failed: transit +9750 traveller -9750");
    is(timers(), "");
    till.traveller.payout_since = till.now;
    is(retried_by(TRAVELLER, 1), "payout_account_missing");
    is(retried_by(LEAD_TRAVELS, 1), "payout_account_missing"); /* a party first */
    till.now += 24 * HOURS;
    is(retried_by(STRANGER, 1), "not_found");
    is(retried_by(SENDER, 1), "not_allowed");
    is(retried_by(TRAVELLER, 2), "order_not_failed");
    is(SAYS(TRAVELLER, "retry_order", payment_retry_order_v1, .order = 1, .has_route = true,
            .route = ORDER_ROUTE_ACCOUNT),
       "not_allowed");
    till.traveller.payout_n = 0;
    is(retried_by(TRAVELLER, 1), "payout_account_missing");
    is(retried_by(STAFF, 1), "payout_account_missing");
    till.traveller.payout_n = 2;
    is(retried_by(TRAVELLER, 1), "accepted");
    is(facts(), "payment.payout_ordered");
    is(order(1)->reference, "cb-b0000000000080008000000000000001-t1-2");
    is(retried_by(TRAVELLER, 1), "order_not_failed");
    is(done(1, 2, 0), "accepted");
    is(state(), "settled");
}
END_TEST

START_TEST(a_traveller_does_not_retry_a_refund_and_staff_choose_its_route)
{
    cancelled();
    failed(1, 1, ORDER_CAUSE_DECLINED);
    is(retried_by(TRAVELLER, 1), "not_allowed");
    is(retried_by(LEAD_TRAVELS, 1), "not_allowed");
    is(SAYS(STAFF, "retry_order", payment_retry_order_v1, .order = 1, .has_route = true,
            .route = ORDER_ROUTE_ACCOUNT),
       "accepted");
    ck_assert_int_eq(FACT(&till.decision.facts[0], payment_refund_ordered_v1)->route, ORDER_ROUTE_ACCOUNT);
    till_open();
    released();
    failed(1, 1, ORDER_CAUSE_OTHER);
    is(SAYS(STAFF, "retry_order", payment_retry_order_v1, .order = 1, .has_route = true,
            .route = ORDER_ROUTE_ACCOUNT),
       "not_allowed");
}
END_TEST

/* Fails the order until no try is left. */
static void exhaust(int64_t n)
{
    for (int64_t number = order(n)->try;; number++) {
        is(failed(n, number, ORDER_CAUSE_PROVIDER), "accepted");
        if (number == COUNT_ORDER_TRIES)
            return;
        is(retry_timer(n, number), "accepted");
    }
}

START_TEST(after_five_tries_an_order_is_for_people)
{
    cancelled();
    exhaust(1);
    is(timers(), "");
    is(retry_timer(1, COUNT_ORDER_TRIES), "try_limit");
    is(retried_by(STAFF, 1), "accepted");
    is(order(1)->reference, "cb-b0000000000080008000000000000001-r1-6");
    is(failed(1, 6, ORDER_CAUSE_PROVIDER), "accepted");
    is(timers(), "");
    is(retried_by(STAFF, 1), "accepted");
    is(done(1, 7, 0), "accepted");
    is(state(), "settled");
    is(balances("XOF"), "");
    is(closes(), "accepted");
}
END_TEST

START_TEST(a_traveller_tries_no_more_than_five_times_and_staff_no_more_than_thirty)
{
    released();
    exhaust(1);
    is(retried_by(TRAVELLER, 1), "try_limit");
    for (int64_t number = COUNT_ORDER_TRIES + 1; number <= COUNT_ORDER_TRIES_STAFF; number++) {
        is(retried_by(STAFF, 1), "accepted");
        is(failed(1, number, ORDER_CAUSE_DECLINED), "accepted");
        is(timers(), "");
    }
    is(retried_by(STAFF, 1), "try_limit");
    is(done(1, COUNT_ORDER_TRIES_STAFF, 0), "accepted"); /* and yet it arrived */
    is(state(), "settled");
}
END_TEST

START_TEST(what_reaches_nobody_for_ninety_days_is_set_aside_and_owed_for_ever)
{
    const struct payment_set_order_aside_v1 told = {.order = 1};

    cancelled();
    is(says(LEAD, "payment.set_order_aside", &told), "order_not_failed");
    failed(1, 1, ORDER_CAUSE_PROVIDER);
    till.now += 90 * DAYS;
    is(says(LEAD, "payment.set_order_aside", &told), "too_early"); /* tried once */
    retry_timer(1, 1);
    exhaust(1);
    till.now += 90 * DAYS - 1;
    is(says(LEAD, "payment.set_order_aside", &told), "too_early");
    till.now += 1;
    is(says(STAFF, "payment.set_order_aside", &told), "not_allowed");
    is(says(LEAD, "payment.set_order_aside", &told), "accepted");
    is(facts(), "payment.set_aside");
    is(journal(), "set_aside: sender +10920 set_aside -10920");
    is(state(), "settled");
    is(timers(), "payment_close");
    is(says(LEAD, "payment.set_order_aside", &told), "wrong_state");
    is(done(1, 2, 0), "accepted"); /* and yet it arrived */
    is(journal(), "refunded: set_aside +10920 provider -10920");
    is(closes(), "accepted");
    is(balances("XOF"), "");
}
END_TEST

START_TEST(what_is_set_aside_stays_in_the_books_when_the_payment_closes)
{
    cancelled();
    exhaust(1);
    till.now += 90 * DAYS;
    is(SAYS(LEAD, "set_order_aside", payment_set_order_aside_v1, 1), "accepted");
    is(closes(), "accepted");
    is(balances("XOF"), "provider +10920 set_aside -10920");
}
END_TEST

START_TEST(a_payout_that_came_back_is_owed_again)
{
    released();
    is(came_back(1, 1), "stale");
    done(1, 1, 50);
    is(state(), "settled");
    is(SAYS(PAYMENTS, "record_reversal", payment_record_reversal_v1, 1, 1, CARRIAGE - 1, "XOF"),
       "amount_mismatch");
    is(came_back(1, 1), "accepted");
    is(facts(), "payment.payout_reversed");
    is(journal(), "payout_reversed: provider +9750 traveller -9750");
    is(state(), "settling");
    is(timers(), "order_retry");
    is(came_back(1, 1), "already_recorded");
    is(done(1, 1, 0), "already_recorded");
    is(retry_timer(1, 1), "accepted");
    is(done(1, 2, 50), "accepted");
    is(state(), "settled");
    is(came_back(1, 1), "already_recorded");
    is(balances("XOF"), "provider +1070 fees -1170 costs +100");
    is(closes(), "accepted");
}
END_TEST

/* By its charge or to the payer's account: the provider may take back either. */
START_TEST(a_refund_that_came_back_is_owed_again)
{
    cancelled();
    sent(1, 1);
    failed(1, 1, ORDER_CAUSE_DECLINED);
    is(came_back(1, 1), "stale");
    is(SAYS(STAFF, "retry_order", payment_retry_order_v1, .order = 1, .has_route = true,
            .route = ORDER_ROUTE_ACCOUNT),
       "accepted");
    sent(1, 2);
    is(done(1, 2, 0), "accepted");
    is(state(), "settled");
    is(came_back(1, 1), "stale");
    is(came_back(1, 2), "accepted");
    is(facts(), "payment.payout_reversed");
    is(journal(), "payout_reversed: provider +10920 sender -10920");
    is(state(), "settling");
    is(timers(), "order_retry");
    ck_assert_int_eq(till.payment.charges[0].refunded, 0);
    is(came_back(1, 2), "already_recorded");
    is(retried_by(STAFF, 1), "accepted");
    is(journal(), "refund_ordered: sender +10920 transit -10920");
    is(done(1, 3, 0), "accepted");
    is(state(), "settled");
    ck_assert_int_eq(till.payment.charges[0].refunded, TOTAL);
    is(balances("XOF"), "");
    is(closes(), "accepted");
}
END_TEST

START_TEST(a_refund_that_came_back_before_the_price_was_paid_is_owed_again)
{
    charge("chg_1", 500, "EUR", 0);
    done(1, 1, 0);
    is(came_back(1, 1), "accepted");
    is(journal(), "payout_reversed EUR: provider +500 sender -500");
    is(state(), "due");
    is(retry_timer(1, 1), "accepted");
    paid("chg_2", TOTAL);
    is(state(), "held");
    is(done(1, 2, 0), "accepted");
    is(balances("EUR"), "");
}
END_TEST

/* Else the second would meet the verdict of the first, and never be heard. */
START_TEST(a_try_that_failed_then_came_back_has_two_timers)
{
    int64_t firing;

    released();
    failed(1, 1, ORDER_CAUSE_PROVIDER);
    is(timers(), "order_retry");
    firing = till.decision.follows[0].firing;
    is(done(1, 1, 0), "accepted");
    is(retry_timer(1, 1), "wrong_state");
    is(came_back(1, 1), "accepted");
    is(timers(), "order_retry");
    ck_assert_int_ne(till.decision.follows[0].firing, firing);
    is(retry_timer(1, 1), "accepted");
}
END_TEST

START_TEST(what_came_back_of_an_earlier_try_is_tried_again_by_the_newest)
{
    released();
    failed(1, 1, ORDER_CAUSE_PROVIDER);
    is(retry_timer(1, 1), "accepted");
    is(done(1, 1, 0), "accepted");
    is(came_back(1, 1), "accepted");
    is(timers(), "order_retry");
    ck_assert_int_eq(till.decision.follows[0].epoch, 2);
    is(retry_timer(1, 1), "timer_void");
    is(retry_timer(1, 2), "accepted");
}
END_TEST

START_TEST(of_a_payout_done_twice_the_one_that_comes_back_makes_up_the_loss)
{
    released();
    failed(1, 1, ORDER_CAUSE_PROVIDER);
    retry_timer(1, 1);
    done(1, 2, 0);
    is(done(1, 1, 0), "accepted");
    is(journal(), "paid_out: loss +9750 provider -9750");
    is(came_back(1, 1), "accepted");
    is(journal(), "payout_reversed: provider +9750 loss -9750");
    is(state(), "settled");
    is(balances("XOF"), "provider +1170 fees -1170");
}
END_TEST

START_TEST(a_split_of_nothing_to_send_is_settled_at_once)
{
    paid("chg_1", TOTAL);
    till_split(0, 0, TOTAL);
    is(facts(), "payment.split_decided");
    is(state(), "settled");
    is(timers(), "payment_close");
    is(closes(), "accepted");
}
END_TEST

START_TEST(a_split_is_made_to_fit_what_is_held)
{
    paid("chg_1", TOTAL);
    till_split(0, TOTAL + 1, 0);
    is(journal(), "split_decided: escrow +10920 sender -10920; refund_ordered: sender +10920 transit -10920");
}
END_TEST

START_TEST(a_refund_over_two_charges_takes_the_newest_first_and_never_more_than_is_left)
{
    paid("chg_1", 6000);
    paid("chg_2", TOTAL - 6000 + 100);
    is(order(1)->charge, "chg_2"); /* the excess */
    till_split(1950, 7800, 1170);
    is(journal(), "split_decided: escrow +10920 traveller -1950 sender -7800 fees -1170; "
                  "payout_ordered: traveller +1950 transit -1950; "
                  "refund_ordered: sender +4920 transit -4920; refund_ordered: sender +2880 transit -2880");
    is(order(3)->charge, "chg_2");
    is(order(4)->charge, "chg_1");
}
END_TEST

START_TEST(a_sender_retries_no_refund_and_no_payout)
{
    till.sender.payout_n = 1;
    cancelled();
    failed(1, 1, ORDER_CAUSE_DECLINED);
    is(retried_by(SENDER, 1), "not_allowed"); /* its route is for staff to choose */
    till_open();
    till.sender.payout_n = 1;
    released();
    failed(1, 1, ORDER_CAUSE_BAD_ACCOUNT);
    is(retried_by(SENDER, 1), "not_allowed");
}
END_TEST

TCase *order_cases(void)
{
    TCase *cases = tcase_create("orders");

    tcase_add_checked_fixture(cases, till_open, NULL);
    tcase_add_test(cases, an_order_is_claimed_before_it_is_sent_and_sent_once);
    tcase_add_test(cases, what_is_done_is_the_order_s_amount_and_counts_once);
    tcase_add_test(cases, a_fee_known_later_is_booked_even_when_settled);
    tcase_add_test(cases, a_refund_that_failed_is_owed_again_and_retried_by_time);
    tcase_add_test(cases, a_refund_done_after_it_failed_is_booked_from_what_is_owed);
    tcase_add_test(cases, an_older_try_done_while_the_newer_is_under_way_ends_the_order);
    tcase_add_test(cases, a_second_payment_of_one_order_takes_nothing_that_another_order_needs);
    tcase_add_test(cases, a_payout_to_a_bad_account_waits_for_its_owner);
    tcase_add_test(cases, a_traveller_does_not_retry_a_refund_and_staff_choose_its_route);
    tcase_add_test(cases, after_five_tries_an_order_is_for_people);
    tcase_add_test(cases, a_traveller_tries_no_more_than_five_times_and_staff_no_more_than_thirty);
    tcase_add_test(cases, what_reaches_nobody_for_ninety_days_is_set_aside_and_owed_for_ever);
    tcase_add_test(cases, what_is_set_aside_stays_in_the_books_when_the_payment_closes);
    tcase_add_test(cases, a_payout_that_came_back_is_owed_again);
    tcase_add_test(cases, a_refund_that_came_back_is_owed_again);
    tcase_add_test(cases, a_refund_that_came_back_before_the_price_was_paid_is_owed_again);
    tcase_add_test(cases, a_try_that_failed_then_came_back_has_two_timers);
    tcase_add_test(cases, what_came_back_of_an_earlier_try_is_tried_again_by_the_newest);
    tcase_add_test(cases, of_a_payout_done_twice_the_one_that_comes_back_makes_up_the_loss);
    tcase_add_test(cases, a_split_of_nothing_to_send_is_settled_at_once);
    tcase_add_test(cases, a_split_is_made_to_fit_what_is_held);
    tcase_add_test(cases, a_refund_over_two_charges_takes_the_newest_first_and_never_more_than_is_left);
    tcase_add_test(cases, a_sender_retries_no_refund_and_no_payout);
    return cases;
}
