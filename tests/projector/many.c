/* SPDX-License-Identifier: Apache-2.0
 * Commands that touch several aggregates at once: a trip, a parcel, a booking, a payment. Chains within a
 * batch, and what leaves by the outbox: facts under their keys, timers, fan-out. */
#include <stdio.h>
#include <string.h>

#include "tests/projector/scene.h"

START_TEST(every_table_has_the_columns_of_its_state)
{
    for (int m = 0; machines[m]; m++) {
        static const char *const names[] = {
            [POSTGRES_TEXT] = "text", [POSTGRES_UUID] = "uuid",        [POSTGRES_INT8] = "int8",
            [POSTGRES_BOOL] = "bool", [POSTGRES_TIME] = "timestamptz", [POSTGRES_JSONB] = "jsonb",
        };
        CLEANUP(buf_done) struct buf columns = {0}, sql = {0};
        enum postgres_type types[POSTGRES_PARAMETERS];
        int count = postgres_column_types(machines[m]->state, types, POSTGRES_PARAMETERS);
        char there[8192], wanted[8192];
        char *name;

        postgres_columns(machines[m]->state, NULL, &columns);
        buf_text(&sql, "select string_agg(c, ' ' order by c) from (values ");
        name = strtok(columns.data, "\", ");
        for (int i = 0; i < count; i++, name = strtok(NULL, "\", "))
            buf_format(&sql, "%s('%s %s')", i ? ", " : "", name, names[types[i]]);
        buf_text(&sql, ") w (c)");
        sql_text(sql.data, wanted, sizeof(wanted));
        buf_clear(&sql);
        buf_format(
            &sql,
            "select string_agg(column_name || ' ' || udt_name, ' ' order by column_name || ' ' || udt_name) "
            "from information_schema.columns where table_schema = 'state' and table_name = '%s'",
            machines[m]->kind);
        sql_text(sql.data, there, sizeof(there));
        ck_assert_str_eq(there, wanted);
    }
}
END_TEST

START_TEST(a_booking_announced_requested_accepted_and_paid_in_one_batch_is_one_transaction)
{
    struct bench bench;
    struct event events[5];
    char text[256];

    bench_start(&bench);
    people_made(&bench);
    booking_begun(events, 5);
    ck_assert_int_eq(bench_run(&bench, events, 5), READER_DONE);
    expect_refused("");
    ck_assert_int_eq(bench.splits, 0);
    sql_text("select state from state.booking", text, sizeof(text));
    ck_assert_str_eq(text, "accepted");
    sql_text("select state || ' ' || (booking = (select id from state.booking))::text from state.parcel",
             text, sizeof(text));
    ck_assert_str_eq(text, "booked true");
    sql_text("select state || ' ' || jsonb_array_length(attempts) from state.payment", text, sizeof(text));
    ck_assert_str_eq(text, "due 1");
    ck_assert_int_eq(sql_number("select reserved_g from state.trip"), 2500);
    ck_assert_int_eq(sql_number("select jsonb_array_length(bookings) from state.trip"), 1);
    bench_done(&bench);
}
END_TEST

START_TEST(the_same_chain_one_by_one_gives_the_same_states)
{
    struct bench bench;
    struct event events[5];

    bench_start(&bench);
    people_made(&bench);
    booking_begun(events, 5);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(bench_run(&bench, &events[i], 1), READER_DONE);
    expect_refused("");
    ck_assert_int_eq(sql_number("select count(*) from state.booking where state = 'accepted'"), 1);
    ck_assert_int_eq(sql_number("select count(*) from state.payment where state = 'due'"), 1);
    ck_assert_int_eq(
        sql_number("select sum(version)::bigint from (select version from state.trip union all select "
                   "version from state.parcel union all select version from state.booking union all "
                   "select version from state.payment union all select version from state.profile) s"),
        sql_number("select count(*) from bus.outbox where version > 0"));
    bench_done(&bench);
}
END_TEST

START_TEST(a_fact_is_its_aggregate_s_but_travels_under_its_key)
{
    struct bench bench;
    struct event events[4];

    bench_start(&bench);
    people_made(&bench);
    booking_begun(events, 4);
    ck_assert_int_eq(bench_run(&bench, events, 4), READER_DONE);
    ck_assert_int_eq(
        sql_number("select count(*) from bus.outbox where topic = 'payment' and key = (select id::text "
                   "from state.booking) and aggregate = 'payment/' || (select id from state.payment)"),
        1);
    ck_assert_int_eq(
        sql_number("select count(*) from bus.outbox where topic = 'trip' and version = 2 and "
                   "headers::json ->> 'ce_principal' = '11111111-1111-4111-8111-111111111111' and "
                   "headers::json ->> 'ce_type' = 'trip.space_reserved.v1'"),
        1);
    bench_done(&bench);
}
END_TEST

START_TEST(a_timer_waits_in_the_outbox_until_it_is_due)
{
    struct bench bench;
    struct event events[3];
    struct id timer;
    char subject[80], sql[512], text[512];

    bench_start(&bench);
    people_made(&bench);
    booking_begun(events, 3);
    ck_assert_int_eq(bench_run(&bench, events, 3), READER_DONE);
    named("booking", 1, subject);
    id_of_timer(subject, "request_unanswered", 1, 1, &timer);
    (void)snprintf(
        sql, sizeof(sql),
        "select topic || ' ' || (key = (select id::text from state.booking))::text || ' ' || version || ' ' "
        "|| (due at time zone 'UTC')::text || ' ' || value from bus.outbox where event = '%s'",
        timer.text);
    sql_text(sql, text, sizeof(text));
    ck_assert_str_eq(text,
                     "commands true 0 2027-01-16 08:00:00 {\"epoch\":1,\"due\":\"2027-01-16T08:00:00Z\"}");
    (void)snprintf(
        sql, sizeof(sql),
        "select concat_ws(' ', h ->> 'ce_type', h ->> 'ce_source', h ->> 'ce_role', h ->> 'ce_principal', "
        "h ->> 'ce_causationid', length(h ->> 'ce_fingerprint'), h ->> 'ce_dataschema') from (select "
        "headers::json h from bus.outbox where event = '%s') o",
        timer.text);
    sql_text(sql, text, sizeof(text));
    (void)snprintf(sql, sizeof(sql),
                   "booking.expire.v1 /projector system %s 32 /schemas/commands/booking.expire.v1",
                   events[2].id.text);
    ck_assert_str_eq(text, sql);
    bench_done(&bench);
}
END_TEST

START_TEST(a_timer_that_fires_is_decided_and_a_void_one_is_refused)
{
    struct bench bench;
    struct event events[5];

    bench_start(&bench);
    people_made(&bench);
    booking_begun(events, 3);
    events[3] =
        by_role(on_booking("booking.expire.v1", 7, "", 1, "{\"epoch\":7,\"due\":\"2027-01-16T08:00:00Z\"}"),
                "system");
    events[4] =
        by_role(on_booking("booking.expire.v1", 8, "", 1, "{\"epoch\":1,\"due\":\"2027-01-16T08:00:00Z\"}"),
                "system");
    strcpy(events[3].key, events[2].subject + strlen("booking/"));
    strcpy(events[4].key, events[3].key);
    events[3].raw_key = span_of(events[3].key);
    events[4].raw_key = span_of(events[4].key);
    ck_assert_int_eq(bench_run(&bench, events, 5), READER_DONE);
    expect_refused("timer_void");
    ck_assert_int_eq(sql_number("select count(*) from state.booking where state = 'expired'"), 1);
    ck_assert_int_eq(sql_number("select reserved_g from state.trip"), 0);
    ck_assert_int_eq(
        sql_number("select count(*) from state.parcel where state = 'registered' and booking is null"), 1);
    bench_done(&bench);
}
END_TEST

START_TEST(a_fan_out_is_a_command_to_each_booking_due_at_once)
{
    struct bench bench;
    struct event events[4];
    struct id fact, fan;
    char subject[80], sql[2048];

    bench_start(&bench);
    people_made(&bench);
    booking_begun(events, 3);
    named("trip", 1, subject);
    events[3] = command_made("trip.redate.v1", moussa, 7, subject,
                             "{\"departs\":\"2027-01-21T08:00:00Z\",\"arrives\":\"2027-01-21T14:00:00Z\","
                             "\"drop_off_until\":\"2027-01-21T05:00:00Z\"}");
    ck_assert_int_eq(bench_run(&bench, events, 4), READER_DONE);
    expect_refused("");
    id_of_fact(&events[3].id, 0, &fact);
    id_of_fan_out(&fact, events[2].subject + strlen("booking/"), "booking.redate.v1", &fan);
    (void)snprintf(
        sql, sizeof(sql),
        "select count(*) from bus.outbox where event = '%s' and topic = 'commands' and due is null and "
        "key = '%s'",
        fan.text, events[2].subject + strlen("booking/"));
    ck_assert_int_eq(sql_number(sql), 1);
    bench_done(&bench);
}
END_TEST

START_TEST(what_was_not_locked_is_left_to_the_next_batch)
{
    struct bench bench;
    struct event event;
    struct booking_state *booking;
    enum batch_outcome outcome;

    bench_start(&bench);
    event = on_booking("booking.pay.v1", 0, awa, 1, "{}");
    batch_start(&bench.batch, &event, 1);
    ck_assert_int_eq(store_load(&bench.store, &bench.batch, &bench.position, 1, false), READER_DONE);
    /* as an earlier command of the batch would have made it, unforeseen */
    booking = (struct booking_state *)(void *)bench.batch.states[bench.batch.items[0].subject].state;
    booking->version = 1;
    booking->state = BOOKING_STATUS_ACCEPTED;
    id_numbered("trip", 1, &booking->trip);
    id_numbered("parcel", 1, &booking->parcel);
    ck_assert_int_eq(batch_decide(&bench.batch, &bench.batch.items[0], &outcome), 0);
    ck_assert_int_eq(outcome, BATCH_SPLIT);
    ck_assert_int_eq(bench.batch.verdicts[0].count, 0);
    ck_assert_int_eq(outbox_count(&bench.batch.outbox), 0);
    store_rollback(&bench.store);
    bench_done(&bench);
}
END_TEST

TCase *many_cases(void)
{
    TCase *cases = tcase_create("many");

    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, every_table_has_the_columns_of_its_state);
    tcase_add_test(cases, a_booking_announced_requested_accepted_and_paid_in_one_batch_is_one_transaction);
    tcase_add_test(cases, the_same_chain_one_by_one_gives_the_same_states);
    tcase_add_test(cases, a_fact_is_its_aggregate_s_but_travels_under_its_key);
    tcase_add_test(cases, a_timer_waits_in_the_outbox_until_it_is_due);
    tcase_add_test(cases, a_timer_that_fires_is_decided_and_a_void_one_is_refused);
    tcase_add_test(cases, a_fan_out_is_a_command_to_each_booking_due_at_once);
    tcase_add_test(cases, what_was_not_locked_is_left_to_the_next_batch);
    return cases;
}
