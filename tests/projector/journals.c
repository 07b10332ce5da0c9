/* SPDX-License-Identifier: Apache-2.0
 * Money that moves: each fact is a journal that sums to zero, added and never changed. */
#include <stdio.h>
#include <string.h>

#include "tests/projector/scene.h"

START_TEST(a_charge_is_a_journal_of_the_fact_that_tells_of_it)
{
    struct bench bench;
    struct event events[6];
    struct id booking, payment;
    char text[512];

    bench_start(&bench);
    people_made(&bench);
    booking_begun(events, 5);
    id_numbered("booking", 1, &booking);
    domain_payment_of(&booking, &payment);
    /* 2.5 kg at 3900 and a fee of 12 %: 9750 + 1170 */
    events[5] =
        by_role(command_made("payment.record_charge.v1", "", 9, kept("payment/%s%s", payment.text, "").data,
                             "{\"charge\":\"flw-1\",\"amount\":10920,\"currency\":\"XOF\",\"fee\":328}"),
                "payments");
    strcpy(events[5].key, booking.text);
    events[5].raw_key = span_of(events[5].key);
    ck_assert_int_eq(bench_run(&bench, events, 6), READER_DONE);
    expect_refused("");
    sql_text("select string_agg(account || ' ' || amount, ' ' order by account, amount) from bus.ledger",
             text, sizeof(text));
    ck_assert_str_eq(text, "costs 328 escrow -10920 provider -328 provider 10920 sender -10920 sender 10920");
    ck_assert_int_eq(
        sql_number("select count(distinct journal) from bus.ledger l join bus.outbox o on o.event = "
                   "l.journal where o.topic = 'payment' and l.booking = (select id from state.booking)"),
        2);
    ck_assert_int_eq(sql_number("select count(*) from state.booking where state = 'paid'"), 1);
    bench_done(&bench);
}
END_TEST

static const char *const journals[] = {
    "insert into bus.ledger values (gen_random_uuid(), 0, null, gen_random_uuid(), 'fees', 'XOF', 1, now())",
    "insert into bus.ledger select j, n, null, j, 'fees', c, a, now() from (select gen_random_uuid() j) j, "
    "(values (0, 'XOF', 5), (1, 'EUR', -5)) l (n, c, a)",
    "insert into bus.ledger select gen_random_uuid(), 1, null, gen_random_uuid(), 'fees', 'XOF', a, now() "
    "from "
    "(values (5), (-5)) l (a)",
};

START_TEST(a_journal_that_does_not_sum_to_zero_is_refused)
{
    struct bench bench;

    bench_start(&bench);
    ck_assert_str_eq(sql_state(journals[_i]), "23514");
    ck_assert_int_eq(sql_number("select count(*) from bus.ledger"), 0);
    bench_done(&bench);
}
END_TEST

START_TEST(a_journal_is_added_to_by_the_projector_and_changed_by_nobody)
{
    struct bench bench;

    bench_start(&bench);
    sql_run("insert into bus.ledger select j, n, null, j, 'fees', 'XOF', a, now() from (select "
            "gen_random_uuid() j) "
            "j, (values (0, 5), (1, -5)) l (n, a)");
    ck_assert_int_eq(sql_number("select count(*) from bus.ledger"), 2);
    ck_assert_int_eq(sql_number("select has_table_privilege('colis_projector', 'bus.ledger', 'insert')::int"),
                     1);
    ck_assert_int_eq(sql_number("select has_table_privilege('colis_projector', 'bus.ledger', 'update')::int"),
                     0);
    ck_assert_int_eq(sql_number("select has_table_privilege('colis_projector', 'bus.ledger', 'delete')::int"),
                     0);
    bench_done(&bench);
}
END_TEST

TCase *journals_cases(void)
{
    TCase *cases = tcase_create("journals");

    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_charge_is_a_journal_of_the_fact_that_tells_of_it);
    tcase_add_loop_test(cases, a_journal_that_does_not_sum_to_zero_is_refused, 0,
                        sizeof(journals) / sizeof(journals[0]));
    tcase_add_test(cases, a_journal_is_added_to_by_the_projector_and_changed_by_nobody);
    return cases;
}
