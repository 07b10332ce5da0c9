/* SPDX-License-Identifier: Apache-2.0
 * Payers claim back what they paid (M15-M17): before, while and after the money moves. */
#include "tests/domain/till.h"

static void pay(void)
{
    is(paid("chg_1", TOTAL), "accepted");
}

static void collect(void)
{
    till.booking.state = BOOKING_STATUS_COLLECTED;
    till.booking.has_collected_at = true;
    till.booking.collected_at = till.now;
    till.parcel.state = PARCEL_STATUS_COLLECTED;
}

START_TEST(a_claim_names_a_charge_we_know_and_no_more_than_it)
{
    is(claimed_back("chg_1", 100), "stale");
    is(won("chg_1"), "stale");
    pay();
    is(claimed_back("chg_1", TOTAL + 1), "amount_mismatch");
    is(claimed_back("chg_1", 0), "amount_mismatch");
    is(SAYS(PAYMENTS, "record_chargeback", payment_record_chargeback_v1, "chg_1", 100, "XAF", 0),
       "amount_mismatch");
    is(lost("chg_1"), "stale");
    is(claimed_back("chg_1", 100), "accepted");
    is(claimed_back("chg_1", 100), "already_recorded");
    is(won("chg_1"), "accepted");
    is(won("chg_1"), "already_recorded");
    is(lost("chg_1"), "already_recorded");
}
END_TEST

START_TEST(a_claim_on_a_paid_booking_disputes_it_and_frees_its_place)
{
    pay();
    is(SAYS(PAYMENTS, "record_chargeback", payment_record_chargeback_v1, "chg_1", TOTAL, "XOF", 900),
       "accepted");
    is(facts(), "payment.charged_back booking.disputed trip.space_released parcel.unbooked");
    is(journal(), "charged_back: chargeback +10920 provider -10920 costs +900 provider -900");
    ck_assert_int_eq(till.booking.state, BOOKING_STATUS_DISPUTED);
    ck_assert_int_eq(till.booking.cause, DISPUTE_CAUSE_CHARGEBACK);
    is(state(), "held");
    is(lost("chg_1"), "accepted");
    is(facts(), "payment.chargeback_lost booking.resolved");
    is(journal(), "chargeback_lost: chargeback -10920 escrow +10920");
    ck_assert_int_eq(till.booking.state, BOOKING_STATUS_RESOLVED);
    is(state(), "settled");
    is(timers(), "payment_close");
    is(closes(), "accepted");
    is(balances("XOF"), "provider -900 costs +900");
}
END_TEST

START_TEST(a_claim_on_a_failed_pickup_disputes_it_and_frees_nothing_twice)
{
    pay();
    till.booking.state = BOOKING_STATUS_REFUSED_AT_PICKUP;
    is(claimed_back("chg_1", TOTAL), "accepted");
    is(facts(), "payment.charged_back booking.disputed");
}
END_TEST

START_TEST(a_claim_that_was_won_leaves_the_money_to_staff)
{
    pay();
    claimed_back("chg_1", TOTAL);
    is(won("chg_1"), "accepted");
    is(facts(), "payment.chargeback_won");
    is(journal(), "chargeback_won: provider +10920 chargeback -10920");
    is(state(), "held");
    ck_assert_int_eq(till.booking.state, BOOKING_STATUS_DISPUTED);
    till_split(0, TOTAL, 0);
    is(facts(), "payment.split_decided payment.refund_ordered");
}
END_TEST

START_TEST(part_of_the_price_claimed_back_leaves_the_rest_to_staff)
{
    paid("chg_1", 6000);
    paid("chg_2", TOTAL - 6000);
    claimed_back("chg_1", 6000);
    ck_assert_int_eq(till.booking.state, BOOKING_STATUS_DISPUTED);
    is(lost("chg_1"), "accepted");
    is(facts(), "payment.chargeback_lost");
    is(journal(), "chargeback_lost: chargeback -6000 escrow +6000");
    is(state(), "held");
    ck_assert_int_eq(payment_escrow(&till.payment), 4920);
    till_split(0, 4920, 0);
    is(journal(), "split_decided: escrow +4920 sender -4920; refund_ordered: sender +4920 transit -4920");
    done(1, 1, 0);
    is(closes(), "accepted");
    is(balances("XOF"), "");
}
END_TEST

START_TEST(what_was_collected_is_earned_whatever_is_claimed_back)
{
    pay();
    collect();
    is(claimed_back("chg_1", TOTAL), "accepted");
    is(facts(), "payment.charged_back");
    is(lost("chg_1"), "accepted");
    is(journal(), "chargeback_lost: chargeback -10920 loss +10920");
    is(state(), "held");
    till_split(CARRIAGE, 0, FEE);
    is(journal(), "split_decided: escrow +10920 traveller -9750 fees -1170; "
                  "payout_ordered: traveller +9750 transit -9750");
    done(1, 1, 0);
    is(closes(), "accepted");
    is(balances("XOF"), "provider -9750 fees -1170 loss +10920");
}
END_TEST

START_TEST(what_was_collected_is_earned_in_a_dispute_too)
{
    pay();
    collect();
    till.booking.state = BOOKING_STATUS_DISPUTED;
    till.booking.has_cause = true;
    till.booking.cause = DISPUTE_CAUSE_DAMAGED;
    claimed_back("chg_1", TOTAL);
    is(lost("chg_1"), "accepted");
    is(journal(), "chargeback_lost: chargeback -10920 loss +10920");
    ck_assert_int_eq(payment_escrow(&till.payment), TOTAL);
    ck_assert_int_eq(till.booking.state, BOOKING_STATUS_DISPUTED);
}
END_TEST

START_TEST(a_refund_of_another_charge_that_waited_is_ordered_anew_after_the_claim)
{
    pay();
    paid("chg_2", 500);
    sent(1, 1);
    claimed_back("chg_1", TOTAL);
    failed(1, 1, ORDER_CAUSE_PROVIDER);
    is(won("chg_1"), "accepted");
    is(facts(), "payment.refund_withheld payment.chargeback_won payment.refund_ordered");
    ck_assert_int_eq(order(1)->state, ORDER_STATE_WITHHELD);
    is(order(2)->charge, "chg_2");
}
END_TEST

START_TEST(who_claimed_it_back_does_not_get_it_twice)
{
    pay();
    collect();
    claimed_back("chg_1", 6000);
    lost("chg_1");
    till_split(0, TOTAL, 0); /* the parcel was lost: the default gives all back */
    is(journal(), "split_decided: escrow +10920 sender -4920 fees -6000; "
                  "refund_ordered: sender +4920 transit -4920");
    done(1, 1, 0);
    is(closes(), "accepted");
    is(balances("XOF"), "fees -6000 loss +6000");
}
END_TEST

START_TEST(a_refund_not_yet_sent_is_withheld_and_ordered_when_the_claim_is_won)
{
    pay();
    till_split(1950, 7800, 1170);
    is(claimed_back("chg_1", TOTAL), "accepted");
    is(facts(), "payment.charged_back payment.refund_withheld");
    is(journal(), "charged_back: chargeback +10920 provider -10920; "
                  "refund_withheld: transit +7800 sender -7800");
    ck_assert_int_eq(order(2)->state, ORDER_STATE_WITHHELD);
    is(reported(2, 1, ORDER_OUTCOME_SENDING), "stale");
    sent(1, 1);
    is(done(1, 1, 0), "accepted"); /* releases go on */
    is(state(), "settling");       /* for the claim */
    is(won("chg_1"), "accepted");
    is(facts(), "payment.chargeback_won payment.refund_ordered");
    is(journal(), "chargeback_won: provider +10920 chargeback -10920; "
                  "refund_ordered: sender +7800 transit -7800");
    ck_assert_int_eq(order(3)->state, ORDER_STATE_ORDERED);
    done(3, 1, 0);
    is(state(), "settled");
    is(balances("XOF"), "provider +1170 fees -1170");
}
END_TEST

START_TEST(a_withheld_refund_makes_up_for_the_claim_that_was_lost)
{
    pay();
    till_split(1950, 7800, 1170);
    claimed_back("chg_1", TOTAL);
    done(1, 1, 0);
    is(lost("chg_1"), "accepted");
    is(journal(), "chargeback_lost: chargeback -10920 sender +7800 loss +3120");
    is(state(), "settled");
    is(closes(), "accepted");
    is(balances("XOF"), "provider -1950 fees -1170 loss +3120");
}
END_TEST

START_TEST(a_refund_under_way_goes_on_and_the_claim_is_our_loss)
{
    pay();
    till_split(0, TOTAL, 0);
    sent(1, 1);
    is(claimed_back("chg_1", TOTAL), "accepted");
    is(facts(), "payment.charged_back");
    done(1, 1, 0);
    is(state(), "settling");
    is(lost("chg_1"), "accepted");
    is(journal(), "chargeback_lost: chargeback -10920 loss +10920");
    is(state(), "settled");
    ck_assert_int_eq(till.payment.received, 0);
}
END_TEST

START_TEST(no_refund_is_tried_again_while_a_claim_is_open)
{
    pay();
    till_split(0, TOTAL, 0);
    sent(1, 1);
    claimed_back("chg_1", 4000);
    is(failed(1, 1, ORDER_CAUSE_PROVIDER), "accepted");
    is(SAYS(SYSTEM, "retry_order", payment_retry_order_v1, .order = 1, .has_epoch = true, .epoch = 1),
       "chargeback_open");
    is(SAYS(STAFF, "retry_order", payment_retry_order_v1, .order = 1), "chargeback_open");
    is(lost("chg_1"), "accepted");
    is(facts(), "payment.refund_withheld payment.chargeback_lost payment.refund_ordered");
    is(journal(), "chargeback_lost: chargeback -4000 sender +4000; "
                  "refund_ordered: sender +6920 transit -6920");
    is(state(), "settling");
    done(2, 1, 0);
    is(closes(), "accepted");
    is(balances("XOF"), "");
}
END_TEST

START_TEST(a_claim_on_what_was_paid_twice_leaves_the_booking_alone)
{
    pay();
    paid("chg_2", TOTAL);
    is(claimed_back("chg_2", TOTAL), "accepted");
    is(facts(), "payment.charged_back payment.refund_withheld");
    ck_assert_int_eq(till.booking.state, BOOKING_STATUS_PAID);
    is(paid("chg_3", 500), "accepted");
    is(facts(), "payment.received"); /* no refund while the claim is open */
    is(lost("chg_2"), "accepted");
    is(facts(), "payment.chargeback_lost payment.refund_ordered");
    is(journal(),
       "chargeback_lost: chargeback -10920 sender +10920; refund_ordered: sender +500 transit -500");
    is(state(), "held");
    ck_assert_int_eq(payment_escrow(&till.payment), TOTAL);
}
END_TEST

START_TEST(a_paid_booking_keeps_what_is_held_when_the_money_went_back_twice)
{
    pay();
    paid("chg_2", TOTAL);
    sent(1, 1);
    done(1, 1, 0);
    claimed_back("chg_2", TOTAL);
    ck_assert_int_eq(till.booking.state, BOOKING_STATUS_PAID);
    is(lost("chg_2"), "accepted");
    is(journal(), "chargeback_lost: chargeback -10920 loss +10920");
    ck_assert_int_eq(payment_escrow(&till.payment), TOTAL);
}
END_TEST

START_TEST(a_part_claimed_back_before_it_is_all_paid_is_to_be_paid_again)
{
    paid("chg_1", 4000);
    is(claimed_back("chg_1", 4000), "accepted");
    is(facts(), "payment.charged_back");
    ck_assert_int_eq(payment_due_left(&till.payment), TOTAL);
    is(lost("chg_1"), "accepted");
    is(journal(), "chargeback_lost: chargeback -4000 sender +4000");
    is(state(), "due");
    till_lapse();
    is(facts(), "payment.lapsed");
    is(closes(), "accepted");
    is(balances("XOF"), "");
}
END_TEST

START_TEST(a_claim_won_may_be_what_completes_the_price)
{
    paid("chg_1", 4000);
    claimed_back("chg_1", 4000);
    paid("chg_2", TOTAL - 4000);
    is(state(), "due");
    is(won("chg_1"), "accepted");
    is(facts(), "payment.chargeback_won payment.held booking.paid");
    is(state(), "held");
}
END_TEST

START_TEST(a_payment_that_lapses_waits_for_its_claim)
{
    paid("chg_1", 4000);
    paid("chg_2", 1000);
    claimed_back("chg_1", 4000);
    till_lapse();
    is(facts(), "payment.lapsed");
    is(state(), "settling");
    is(won("chg_1"), "accepted");
    is(journal(), "chargeback_won: provider +4000 chargeback -4000; "
                  "refund_ordered: sender +1000 transit -1000; refund_ordered: sender +4000 transit -4000");
    done(1, 1, 0);
    done(2, 1, 0);
    is(state(), "settled");
}
END_TEST

START_TEST(a_claim_after_everything_was_paid_out_is_our_loss)
{
    pay();
    till_split(CARRIAGE, 0, FEE);
    done(1, 1, 0);
    is(claimed_back("chg_1", TOTAL), "accepted");
    is(state(), "settled");
    is(won("chg_1"), "accepted");
    is(timers(), "payment_close");
    is(closes(), "accepted");
    is(balances("XOF"), "provider +1170 fees -1170");
}
END_TEST

START_TEST(staff_may_say_how_a_claim_ended_others_may_not)
{
    const struct payment_record_chargeback_won_v1 told = {"chg_1"};

    pay();
    claimed_back("chg_1", TOTAL);
    is(says(SENDER, "payment.record_chargeback_won", &told), "not_allowed");
    is(says(STRANGER, "payment.record_chargeback_won", &told), "not_found");
    is(says(STAFF, "payment.record_chargeback_won", &told), "accepted");
}
END_TEST

START_TEST(the_money_of_nobody_may_be_claimed_back_too)
{
    till_unknown();
    domain_unmatched_of("chg_9", &till.payment.id);
    paid("chg_9", 5000);
    is(claimed_back("chg_9", 5000), "accepted");
    is(SAYS(STAFF, "return_unmatched", payment_return_unmatched_v1, UNMATCHED_REASON_REQUEST),
       "chargeback_open");
    is(lost("chg_9"), "accepted");
    is(state(), "settled");
    is(closes(), "accepted");
    till_unknown();
    domain_unmatched_of("chg_9", &till.payment.id);
    paid("chg_9", 5000);
    claimed_back("chg_9", 2000);
    is(won("chg_9"), "accepted");
    is(state(), "unmatched");
    is(SAYS(STAFF, "return_unmatched", payment_return_unmatched_v1, UNMATCHED_REASON_REQUEST), "accepted");
    is(journal(), "refund_ordered: sender +5000 transit -5000");
}
END_TEST

TCase *chargeback_cases(void)
{
    TCase *cases = tcase_create("chargebacks");

    tcase_add_checked_fixture(cases, till_open, NULL);
    tcase_add_test(cases, a_claim_names_a_charge_we_know_and_no_more_than_it);
    tcase_add_test(cases, a_claim_on_a_paid_booking_disputes_it_and_frees_its_place);
    tcase_add_test(cases, a_claim_on_a_failed_pickup_disputes_it_and_frees_nothing_twice);
    tcase_add_test(cases, a_claim_that_was_won_leaves_the_money_to_staff);
    tcase_add_test(cases, part_of_the_price_claimed_back_leaves_the_rest_to_staff);
    tcase_add_test(cases, what_was_collected_is_earned_whatever_is_claimed_back);
    tcase_add_test(cases, what_was_collected_is_earned_in_a_dispute_too);
    tcase_add_test(cases, a_refund_of_another_charge_that_waited_is_ordered_anew_after_the_claim);
    tcase_add_test(cases, who_claimed_it_back_does_not_get_it_twice);
    tcase_add_test(cases, a_refund_not_yet_sent_is_withheld_and_ordered_when_the_claim_is_won);
    tcase_add_test(cases, a_withheld_refund_makes_up_for_the_claim_that_was_lost);
    tcase_add_test(cases, a_refund_under_way_goes_on_and_the_claim_is_our_loss);
    tcase_add_test(cases, no_refund_is_tried_again_while_a_claim_is_open);
    tcase_add_test(cases, a_claim_on_what_was_paid_twice_leaves_the_booking_alone);
    tcase_add_test(cases, a_paid_booking_keeps_what_is_held_when_the_money_went_back_twice);
    tcase_add_test(cases, a_part_claimed_back_before_it_is_all_paid_is_to_be_paid_again);
    tcase_add_test(cases, a_claim_won_may_be_what_completes_the_price);
    tcase_add_test(cases, a_payment_that_lapses_waits_for_its_claim);
    tcase_add_test(cases, a_claim_after_everything_was_paid_out_is_our_loss);
    tcase_add_test(cases, staff_may_say_how_a_claim_ended_others_may_not);
    tcase_add_test(cases, the_money_of_nobody_may_be_claimed_back_too);
    return cases;
}
