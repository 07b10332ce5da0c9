/* SPDX-License-Identifier: Apache-2.0
 * Random walks over payments, from one seed: whatever is said in whatever order, every journal and all
 * balances sum to zero (till.c looks after each command), no more goes out than came in, and every payment
 * can be brought to its end with all that is owed at zero. */
#include <stdio.h>

#include "tests/domain/till.h"

/* COMMANDS comes from the build: a sanitizer's is ten times slower, and has fewer. */
enum { ROUND = 120 };

static struct walk {
    uint64_t seed;
    int commands, charges, closed;
    bool honest; /* the provider never says done of what it said had failed */
} walk;

static uint32_t any(uint32_t below)
{
    walk.seed ^= walk.seed << 13;
    walk.seed ^= walk.seed >> 7;
    walk.seed ^= walk.seed << 17;
    return (uint32_t)((walk.seed >> 20) % below);
}

static bool is_live(const struct money_order *of)
{
    return payment_order_moving(of) || of->state == ORDER_STATE_DONE;
}

/* What was ordered and did not fail, in this currency; goodwill aside, which is ours. */
static int64_t going_out(const char *currency)
{
    int64_t sum = 0;

    for (int i = 0; i < till.payment.orders_count; i++) {
        const struct money_order *of = &till.payment.orders[i];

        if (of->kind != ORDER_KIND_GOODWILL && is_live(of) && strcmp(of->currency, currency) == 0)
            sum += of->amount;
    }
    return sum;
}

static int64_t came_in(const char *currency)
{
    int64_t sum = 0;

    for (int i = 0; i < till.payment.charges_count; i++)
        if (strcmp(till.payment.charges[i].currency, currency) == 0)
            sum += till.payment.charges[i].amount;
    return sum;
}

static int64_t sent_back_of(const struct charge *of)
{
    int64_t sum = 0;

    for (int i = 0; i < till.payment.orders_count; i++)
        if (till.payment.orders[i].has_charge && is_live(&till.payment.orders[i]) &&
            strcmp(till.payment.orders[i].charge, of->charge) == 0)
            sum += till.payment.orders[i].amount;
    return sum;
}

/* Of an honest provider's money only small excesses are set aside by themselves. */
static void check_aside(const struct domain_fact *fact)
{
    const struct payment_set_aside_v1 *aside = FACT(fact, payment_set_aside_v1);

    if (fact->row->schema == &payment_set_aside_v1_schema && !aside->has_order)
        ck_assert_int_le(aside->amount, limits_of("XOF")->excess_floor);
}

static void check_bounds(void)
{
    static const char *const currencies[] = {"XOF", "XAF", "EUR"};

    for (int i = 0; i < 3 && walk.honest; i++)
        ck_assert_int_le(going_out(currencies[i]), came_in(currencies[i]));
    for (int i = 0; i < till.payment.charges_count && walk.honest; i++)
        ck_assert_int_le(sent_back_of(&till.payment.charges[i]), till.payment.charges[i].amount);
    for (int i = 0; i < till.decision.fact_count && walk.honest; i++)
        check_aside(&till.decision.facts[i]);
    if (till.payment.state == PAYMENT_STATUS_SETTLED || till.payment.state == PAYMENT_STATUS_LAPSED)
        ck_assert(!payment_orders_open(&till.payment, 0));
}

static const struct money_order *any_order(void)
{
    return till.payment.orders_count > 0 ? &till.payment.orders[any(till.payment.orders_count)] : NULL;
}

static const struct charge *any_charge(void)
{
    return till.payment.charges_count > 0 ? &till.payment.charges[any(till.payment.charges_count)] : NULL;
}

static void step_charge(void)
{
    static const int64_t amounts[] = {1, 50, 4000, TOTAL - 4000, TOTAL, TOTAL + 30, TOTAL + 500};
    static const char *const currencies[] = {"XOF", "XOF", "XOF", "XAF", "EUR"};
    const struct charge *old = any_charge();
    char id[24];

    if (old && any(6) == 0)
        snprintf(id, sizeof(id), "%s", old->charge);
    else
        snprintf(id, sizeof(id), "chg_%d", ++walk.charges);
    charge(id, amounts[any(7)], currencies[any(5)], any(3) ? 0 : (int64_t)any(300));
}

static void step_attempt(void)
{
    if (till.payment.state == PAYMENT_STATUS_DUE && till.payment.attempts_count < COUNT_PAY_ATTEMPTS)
        till_attempt();
    SAYS(PAYMENTS, "record_attempt", payment_record_attempt_v1, 1 + any(5),
         ATTEMPT_OUTCOME_PENDING + (int32_t)any(3));
}

/* The booking moves on: it lapses, is handed over, or ends. */
static void step_booking(void)
{
    struct booking_state *booking = &till.booking;
    bool disputed = booking->state == BOOKING_STATUS_DISPUTED;
    int64_t held = payment_escrow(&till.payment), to_traveller = any((uint32_t)held + 1);
    int64_t to_sender = any((uint32_t)(held - to_traveller) + 1);

    if (till.payment.state == PAYMENT_STATUS_DUE && any(20) == 0)
        till_lapse();
    else if (booking->state == BOOKING_STATUS_PAID && any(3) == 0) {
        booking->state = BOOKING_STATUS_COLLECTED;
        booking->has_collected_at = true;
        till.parcel.state = PARCEL_STATUS_COLLECTED;
    } else if (till.payment.state == PAYMENT_STATUS_HELD && any(8) == 0 &&
               !(disputed && payment_chargeback_open(&till.payment)))
        till_split(to_traveller, to_sender, held - to_traveller - to_sender);
}

/* What an honest provider can still do is what is under way. */
static bool can_be_done(const struct money_order *of)
{
    return payment_order_moving(of) || !walk.honest;
}

static void step_report(void)
{
    const struct money_order *of = any_order();
    int64_t number;

    if (!of)
        return;
    number = walk.honest || any(3) ? of->
    try:
        1 + any((uint32_t)of->try);
    switch (any(6)) {
    case 0:
        reported(of->n, number, ORDER_OUTCOME_SENDING);
        break;
    case 1:
        reported(of->n, number, ORDER_OUTCOME_SENT);
        break;
    case 2:
        reported(of->n, number, ORDER_OUTCOME_UNKNOWN);
        break;
    case 3:
        failed(of->n, number, any(4) ? ORDER_CAUSE_PROVIDER : ORDER_CAUSE_BAD_ACCOUNT);
        break;
    case 4:
        came_back(of->n, number);
        break;
    default:
        if (can_be_done(of))
            done(of->n, number, any(2) ? 0 : (int64_t)any(100));
        break;
    }
}

static void step_retry(void)
{
    const struct money_order *of = any_order();

    if (of && any(2))
        SAYS(SYSTEM, "retry_order", payment_retry_order_v1, .order = of->n, .has_epoch = true,
             .epoch = of->try);
    else if (of)
        SAYS(any(2) ? STAFF : TRAVELLER, "retry_order", payment_retry_order_v1, .order = of->n);
}

static void step_claim(void)
{
    const struct charge *of = any_charge();
    uint32_t what = any(8);

    if (!of)
        return;
    if (what == 0)
        claimed_back(of->charge, 1 + any((uint32_t)of->amount));
    else if (what < 3)
        won(of->charge);
    else if (what < 5)
        lost(of->charge);
}

static void step_lead(void)
{
    const struct money_order *of = any_order();

    if (any(6) == 0)
        SAYS(LEAD, "indemnify", payment_indemnify_v1, .to = PARTY_SENDER + (int32_t)any(2),
             .amount = any(900));
    if (of && any(3) == 0) {
        till.now += 90 * DAYS;
        SAYS(LEAD, "set_order_aside", payment_set_order_aside_v1, .order = of->n);
    }
}

static void step(void)
{
    static void (*const steps[])(void) = {step_charge, step_attempt, step_booking, step_report, step_report,
                                          step_report, step_retry,   step_retry,   step_claim,  step_lead};

    till.now += any(3600000);
    steps[any(10)]();
    walk.commands++;
    check_bounds();
}

/* Brings an order to its end: done, or tried until it is set aside. */
static void finish(int64_t n)
{
    if (payment_order_moving(order(n))) {
        is(done(n, order(n)->try, 0), "accepted");
    } else if (payment_order_fell(order(n)) && order(n)->try < COUNT_ORDER_TRIES) {
        is(SAYS(STAFF, "retry_order", payment_retry_order_v1, .order = n), "accepted");
        is(done(n, order(n)->try, 0), "accepted");
    } else if (payment_order_fell(order(n))) {
        till.now += 90 * DAYS;
        is(SAYS(LEAD, "set_order_aside", payment_set_order_aside_v1, .order = n), "accepted");
    }
}

static void end_claims(void)
{
    for (int i = 0; i < till.payment.charges_count; i++) {
        const struct charge *of = &till.payment.charges[i];

        if (of->has_chargeback && of->chargeback == CHARGEBACK_STATE_OPENED)
            is(any(2) ? won(of->charge) : lost(of->charge), "accepted");
    }
}

/* Nothing is held or claimed any more. */
static void end_booking(void)
{
    end_claims();
    if (till.payment.state == PAYMENT_STATUS_DUE)
        till_lapse();
    if (till.payment.state == PAYMENT_STATUS_HELD)
        till_split(payment_escrow(&till.payment), 0, 0);
}

static void check_closed(void)
{
    for (int i = 0; i < till.payment.balances_count; i++) {
        const struct balance *of = &till.payment.balances[i];

        ck_assert_int_eq(of->sender, 0);
        ck_assert_int_eq(of->escrow, 0);
        ck_assert_int_eq(of->traveller, 0);
        ck_assert_int_eq(of->transit, 0);
        ck_assert_int_eq(of->chargeback, 0);
        ck_assert_int_eq(of->provider + of->fees + of->costs + of->loss + of->set_aside, 0);
    }
}

static void finish_all(void)
{
    end_booking();
    for (int64_t n = 1; n <= till.payment.orders_count; n++)
        finish(n);
    check_bounds();
    ck_assert_msg(strcmp(closes(), "accepted") == 0, "%s, %s: command %d", state(),
                  refusal_text(till.decision.refusal), walk.commands);
    check_closed();
    walk.closed++;
}

static void walk_all(uint64_t seed, bool honest)
{
    walk = (struct walk){.seed = seed, .honest = honest};
    while (walk.commands < COMMANDS) {
        till_open();
        for (int i = 0; i < ROUND; i++)
            step();
        finish_all();
    }
    ck_assert_int_eq(walk.closed, (COMMANDS + ROUND - 1) / ROUND);
}

START_TEST(no_order_of_reports_unbalances_a_payment_or_sends_more_than_came_in)
{
    walk_all(20261122 + (uint64_t)_i, true);
}
END_TEST

START_TEST(no_provider_that_contradicts_itself_unbalances_a_payment)
{
    walk_all(77 + (uint64_t)_i, false);
}
END_TEST

TCase *walk_cases(void)
{
    TCase *cases = tcase_create("walks");

    tcase_set_timeout(cases, 600);
    tcase_add_loop_test(cases, no_order_of_reports_unbalances_a_payment_or_sends_more_than_came_in, 0, 3);
    tcase_add_loop_test(cases, no_provider_that_contradicts_itself_unbalances_a_payment, 0, 3);
    return cases;
}
