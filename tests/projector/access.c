/* SPDX-License-Identifier: Apache-2.0
 * Who may see what: the policies of the tables, asked as the people themselves ask through the query. */
#include <stdio.h>
#include <string.h>

#include "tests/projector/cases.h"

static const char awa[] = "11111111-1111-4111-8111-111111111111";    /* the sender */
static const char moussa[] = "22222222-2222-4222-8222-222222222222"; /* the traveller */
static const char fatou[] = "33333333-3333-4333-8333-333333333333";  /* nobody to them */

/* A booking as it stands in the given state, with all that belongs to it; rows by hand: only policies count
 * here. */
static void booking_stands(const char *state)
{
    CLEANUP(buf_done) struct buf sql = {0};

    buf_format(
        &sql,
        "with ids as (select gen_random_uuid() b, gen_random_uuid() p, gen_random_uuid() t, "
        "gen_random_uuid() m, "
        "gen_random_uuid() r, '%s'::uuid s, '%s'::uuid v), "
        "parcel as (insert into state.parcel (id, version, state, changed_at, sender, origin_country, "
        "origin_city, "
        "destination_country, destination_city, weight_g, category, value_amount, value_currency, "
        "registered_at, "
        "booking, trip, traveller, recipient_n, recipient_changes, stale_epoch, arrived_epoch, photos) "
        "select p, 1, "
        "'booked', now(), s, 'FR', 'Paris', 'SN', 'Dakar', 1, 'clothes', 1, 'XOF', now(), b, t, v, 1, 0, 0, "
        "0, '[]' "
        "from ids), "
        "shown as (insert into private.parcel select p, 'register', 1, '{\"recipient\":{\"name\":\"Awa\"}}' "
        "from ids), "
        "booking as (insert into state.booking (id, version, state, changed_at, trip, parcel, payment, "
        "review, sender, "
        "traveller, grams, min_grams, price_per_kg, carriage, fee, currency, exposure, requested_at, "
        "expires, schedule, "
        "departs, arrives, drop_off_until, grace_used, pickup_code_issue, pickup_code_tries, "
        "delivery_code_issue, "
        "delivery_code_tries, return_code_issue, return_code_tries, sender_evidence, traveller_evidence, "
        "recipient_evidence, expire_epoch, redate_epoch, pickup_epoch, settle_epoch, late_epoch, "
        "confirm_epoch, "
        "dispute_epoch) select b, 1, '%s', now(), t, p, m, r, s, v, 1, 1, 1, 1, 1, 'XOF', 1, now(), now(), "
        "1, now(), "
        "now(), now(), false, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 from ids), "
        "journal as (insert into bus.ledger select m, n, b, m, 'fees', 'XOF', 3 - 2 * n, now() from ids, "
        "(values (1), (2)) l (n)), "
        "payment as (insert into state.payment (id, version, state, changed_at, booking, sender, traveller, "
        "currency, "
        "carriage, fee, total, received, opened_at, close_epoch, retry_epoch, attempts, charges, orders, "
        "balances) "
        "select m, 1, 'due', now(), b, s, v, 'XOF', 1, 1, 2, 0, now(), 0, 0, '[]', '[]', '[]', '[]' from "
        "ids) "
        "insert into private.payment select m, 'case', 1, '{}' from ids",
        awa, moussa, state);
    sql_run(sql.data);
}

static int64_t seen(const char *person, const char *role, const char *table)
{
    char claims[256], sql[128];

    (void)snprintf(claims, sizeof(claims), "{\"sub\":\"%s\",\"app_metadata\":{\"colis_role\":\"%s\"}}",
                   person, role);
    (void)snprintf(sql, sizeof(sql), "select count(*) from %s", table);
    return sql_number_as(claims, sql);
}

/* State of the booking: does its traveller see the parcel? */
static const struct {
    const char *state;
    int shown;
} states[] = {
    {"requested", 0}, {"accepted", 0}, {"paid", 1},     {"collected", 1},
    {"delivered", 1}, {"disputed", 1}, {"declined", 0}, {"cancelled", 0},
    {"completed", 0}, {"resolved", 0}, {"expired", 0},  {"refused_at_pickup", 1},
};

START_TEST(a_traveller_sees_the_parcel_from_paid_until_the_booking_ends)
{
    struct bench bench;

    bench_start(&bench);
    booking_stands(states[_i].state);
    ck_assert_int_eq(seen(moussa, "", "state.parcel"), states[_i].shown);
    ck_assert_int_eq(seen(moussa, "", "private.parcel"), states[_i].shown);
    ck_assert_int_eq(seen(awa, "", "state.parcel"), 1);
    ck_assert_int_eq(seen(awa, "", "private.parcel"), 1);
    ck_assert_int_eq(seen(fatou, "", "state.parcel"), 0);
    ck_assert_int_eq(seen(fatou, "", "private.parcel"), 0);
    bench_done(&bench);
}
END_TEST

START_TEST(a_parcel_that_another_took_over_is_the_other_s_to_see)
{
    struct bench bench;

    bench_start(&bench);
    booking_stands("refused_at_pickup");
    sql_run("update state.parcel set booking = null, trip = null, traveller = null");
    ck_assert_int_eq(seen(moussa, "", "state.parcel"), 0);
    ck_assert_int_eq(seen(moussa, "", "private.parcel"), 0);
    bench_done(&bench);
}
END_TEST

START_TEST(a_booking_and_its_money_are_its_parties_and_staff_s)
{
    static const char *const tables[] = {"state.booking", "state.payment", "bus.ledger"};
    struct bench bench;

    bench_start(&bench);
    booking_stands("paid");
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        int rows = i == 2 ? 2 : 1;

        ck_assert_int_eq(seen(awa, "", tables[i]), rows);
        ck_assert_int_eq(seen(moussa, "", tables[i]), rows);
        ck_assert_int_eq(seen(fatou, "staff", tables[i]), rows);
        ck_assert_int_eq(seen(fatou, "", tables[i]), 0);
    }
    ck_assert_int_eq(seen(fatou, "lead", "private.payment"), 1);
    ck_assert_int_eq(seen(awa, "", "private.payment"), 0);
    bench_done(&bench);
}
END_TEST

START_TEST(programs_are_granted_what_they_need_and_no_more)
{
    static const struct {
        const char *role, *table, *what;
        int granted;
    } rows[] = {
        {"colis_projector", "state.trip", "update", 1},
        {"colis_projector", "private.review", "insert", 1},
        {"colis_notifier", "state.booking", "select", 1},
        {"colis_notifier", "state.booking", "update", 0},
        {"colis_notifier", "private.trip", "select", 1},
        {"colis_payments", "private.profile", "select", 1},
        {"colis_payments", "state.payment", "select", 1},
        {"colis_payments", "state.payment", "update", 0},
        {"colis_payments", "private.parcel", "select", 0},
        {"authenticated", "state.trip", "select", 1},
        {"authenticated", "state.payment", "update", 0},
        {"authenticated", "bus.outbox", "select", 0},
        {"authenticated", "bus.outbox_page", "select", 0},
        {"colis_relay", "bus.outbox_page", "update", 1},
        {"colis_relay", "bus.outbox_page", "insert", 0},
        {"colis_relay", "bus.outbox_command", "delete", 1},
        {"colis_query", "bus.outbox", "select", 0},
        {"colis_projector", "bus.outbox_command", "insert", 1},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char sql[256];

        (void)snprintf(sql, sizeof(sql), "select has_table_privilege('%s', '%s', '%s')::int", rows[i].role,
                       rows[i].table, rows[i].what);
        ck_assert_msg(sql_number(sql) == rows[i].granted, "%s", sql);
    }
}
END_TEST

TCase *access_cases(void)
{
    TCase *cases = tcase_create("access");

    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, a_traveller_sees_the_parcel_from_paid_until_the_booking_ends, 0,
                        sizeof(states) / sizeof(states[0]));
    tcase_add_test(cases, a_parcel_that_another_took_over_is_the_other_s_to_see);
    tcase_add_test(cases, a_booking_and_its_money_are_its_parties_and_staff_s);
    tcase_add_test(cases, programs_are_granted_what_they_need_and_no_more);
    return cases;
}
