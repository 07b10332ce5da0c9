/* SPDX-License-Identifier: Apache-2.0
 * What we pay ourselves: how much at most, how it goes out, and who asks for it again (M18, M14). */
#include "tests/domain/till.h"

/* Paid and released: order 1 is the payout of the carriage. */
static void released(void)
{
    paid("chg_1", TOTAL);
    till_split(CARRIAGE, 0, FEE);
}

static const char *retried_by(enum teller teller, int64_t n)
{
    return SAYS(teller, "retry_order", payment_retry_order_v1, .order = n);
}

static const char *indemnified(enum teller teller, int32_t to, int64_t amount)
{
    return SAYS(teller, "indemnify", payment_indemnify_v1, .to = to, .amount = amount, .statement = "lost");
}

START_TEST(goodwill_is_our_loss_and_goes_out_like_a_payout)
{
    released();
    done(1, 1, 0);
    is(indemnified(STAFF, PARTY_SENDER, 500), "not_allowed");
    is(indemnified(LEAD_TRAVELS, PARTY_TRAVELLER, 500), "not_allowed"); /* to themselves */
    is(indemnified(LEAD, PARTY_RECIPIENT, 500), "not_allowed");
    is(indemnified(LEAD, PARTY_SENDER, 0), "amount_mismatch");
    is(indemnified(LEAD, PARTY_SENDER, 500), "accepted");
    is(facts(), "payment.goodwill_granted payment.payout_ordered");
    is(journal(), "goodwill_granted: loss +500 sender -500; payout_ordered: sender +500 transit -500");
    is(till.decision.private_name, "indemnify");
    is(order(2)->reference, "cb-b0000000000080008000000000000001-g2-1");
    is(state(), "settling");
    is(failed(2, 1, ORDER_CAUSE_LIMIT), "accepted");
    is(journal(), "payout_failed: transit +500 sender -500");
    is(SAYS(SYSTEM, "retry_order", payment_retry_order_v1, .order = 2, .has_epoch = true, .epoch = 1),
       "accepted");
    ck_assert(FACT(&till.decision.facts[0], payment_payout_ordered_v1)->goodwill);
    is(done(2, 2, 0), "accepted");
    is(state(), "settled");
    is(balances("XOF"), "provider +670 fees -1170 loss +500");
    is(indemnified(LEAD, PARTY_TRAVELLER, 500), "accepted");
    is(journal(), "goodwill_granted: loss +500 traveller -500; payout_ordered: traveller +500 transit -500");
    done(3, 1, 0);
    is(closes(), "accepted");
}
END_TEST

START_TEST(goodwill_to_a_sender_without_an_account_waits_for_one_and_the_sender_asks_for_it)
{
    released();
    done(1, 1, 0);
    is(indemnified(LEAD, PARTY_SENDER, 500), "accepted");
    is(retried_by(SENDER, 2), "order_not_failed");
    is(failed(2, 1, ORDER_CAUSE_BAD_ACCOUNT), "accepted");
    is(timers(), "");
    is(retried_by(SENDER, 2), "payout_account_missing");
    till.sender.payout_n = 1;
    till.sender.has_payout_since = true;
    till.sender.payout_since = till.now;
    is(retried_by(SENDER, 2), "payout_account_missing"); /* too new */
    till.now += 24 * HOURS;
    is(retried_by(TRAVELLER, 2), "not_allowed");
    is(SAYS(SENDER, "retry_order", payment_retry_order_v1, .order = 2, .has_route = true,
            .route = ORDER_ROUTE_ACCOUNT),
       "not_allowed");
    is(retried_by(SENDER, 2), "accepted");
    is(facts(), "payment.payout_ordered");
    is(done(2, 2, 0), "accepted");
    is(state(), "settled");
}
END_TEST

START_TEST(goodwill_stays_under_the_value_the_cap_of_the_tier_and_ten_times_the_carriage)
{
    paid("chg_1", TOTAL);
    is(indemnified(LEAD, PARTY_SENDER, 40001), "over_authority"); /* the declared value */
    is(indemnified(LEAD, PARTY_SENDER, 30000), "accepted");
    is(state(), "held");
    is(indemnified(LEAD, PARTY_SENDER, 10001), "over_authority"); /* what was given counts */
    is(indemnified(LEAD, PARTY_SENDER, 10000), "accepted");
    till_open();
    paid("chg_1", TOTAL);
    till.parcel.value.amount = 500000;
    is(indemnified(LEAD, PARTY_SENDER, 10 * CARRIAGE + 1), "over_authority");
    till.sender.tier = 0;
    is(indemnified(LEAD, PARTY_SENDER, 50001), "over_authority");
    is(indemnified(LEAD, PARTY_SENDER, 50000), "accepted");
}
END_TEST

START_TEST(goodwill_leaves_room_for_the_payout_and_the_refunds)
{
    int given = 0;

    paid("chg_1", 6000);
    paid("chg_2", TOTAL - 6000);
    while (strcmp(indemnified(LEAD, PARTY_SENDER, 1), "accepted") == 0)
        given++;
    ck_assert_int_eq(till.decision.refusal, REFUSAL_TRY_LIMIT);
    ck_assert_int_ge(given, 16);
    till_split(1950, 7800, 1170);
    is(facts(), "payment.split_decided payment.payout_ordered payment.refund_ordered payment.refund_ordered");
}
END_TEST

TCase *goodwill_cases(void)
{
    TCase *cases = tcase_create("goodwill");

    tcase_add_checked_fixture(cases, till_open, NULL);
    tcase_add_test(cases, goodwill_is_our_loss_and_goes_out_like_a_payout);
    tcase_add_test(cases, goodwill_to_a_sender_without_an_account_waits_for_one_and_the_sender_asks_for_it);
    tcase_add_test(cases, goodwill_stays_under_the_value_the_cap_of_the_tier_and_ten_times_the_carriage);
    tcase_add_test(cases, goodwill_leaves_room_for_the_payout_and_the_refunds);
    return cases;
}
