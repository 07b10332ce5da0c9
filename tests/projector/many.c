/* SPDX-License-Identifier: Apache-2.0
 * Commands that touch several aggregates at once: a trip, a parcel, a booking, a payment. Chains within a
 * batch, two projectors after the last kilogram, references that move between peek and lock, timers and
 * journals. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "tests/projector/cases.h"

static const char awa[] = "11111111-1111-4111-8111-111111111111";
static const char moussa[] = "22222222-2222-4222-8222-222222222222";
static const char fatou[] = "33333333-3333-4333-8333-333333333333";
static const char staff[] = "99999999-9999-4999-8999-999999999999";

enum { DEADLINE_MS = 20000 };

/* Text that outlives the batch it stands in. */
static struct span kept(const char *format, const char *first, const char *second)
{
    static char texts[64][400];
    static int next;
    char *text = texts[next++ % 64];

    return (struct span){text, (size_t)snprintf(text, sizeof(texts[0]), format, first, second)};
}

static void named(const char *kind, int number, char ret_subject[80])
{
    struct id id;

    id_numbered(kind, number, &id);
    (void)snprintf(ret_subject, 80, "%s/%s", kind, id.text);
}

static struct event by_role(struct event event, const char *role)
{
    strcpy(event.role, role);
    return event;
}

static struct event on_profile(const char *type, const char *person, const char *by, int number,
                               const char *data)
{
    return command_made(type, by, number, kept("profile/%s%s", person, "").data, data);
}

/* Moussa may carry and be paid; offsets 0 to 3. */
static void people_made(struct bench *bench)
{
    struct event events[4] = {
        on_profile("profile.update.v1", awa, awa, 0,
                   "{\"name\":\"Awa\",\"email\":\"someone@example.org\",\"language\":\"fr\"}"),
        on_profile("profile.update.v1", moussa, moussa, 1,
                   "{\"name\":\"Moussa\",\"email\":\"someone@example.org\",\"language\":\"fr\"}"),
        by_role(on_profile("profile.set_tier.v1", moussa, staff, 2,
                           "{\"tier\":1,\"reason\":\"identity_checked\"}"),
                "staff"),
        on_profile("profile.set_payout_account.v1", moussa, moussa, 3,
                   "{\"method\":\"mobile_money\",\"country\":\"SN\",\"provider\":\"orange\",\"account\":"
                   "\"770000001\","
                   "\"holder\":\"Moussa Ba\"}"),
    };

    ck_assert_int_eq(bench_run(bench, events, 4), READER_DONE);
    expect_refused("");
}

/* The stored time of all is 2027-01-15T08:00Z. */
static struct event trip_announced(int number, int trip, const char *capacity)
{
    char subject[80];

    named("trip", trip, subject);
    return command_made(
        "trip.announce.v1", moussa, number, subject,
        kept("{\"origin\":{\"country\":\"FR\",\"city\":\"Paris\"},\"destination\":{\"country\":\"SN\","
             "\"city\":\"Dakar\"},\"departs\":\"2027-01-20T08:00:00Z\",\"arrives\":"
             "\"2027-01-20T14:00:00Z\",\"drop_off_until\":\"2027-01-20T05:00:00Z\",\"capacity_g\":%s,"
             "\"price_per_kg\":3900,\"currency\":\"XOF\"}%s",
             capacity, "")
            .data);
}

static struct event asked_for(int number, const char *person, int booking, int trip, int parcel)
{
    char subject[80];
    struct id trip_id, parcel_id;

    named("booking", booking, subject);
    id_numbered("trip", trip, &trip_id);
    id_numbered("parcel", parcel, &parcel_id);
    return command_made("booking.request.v1", person, number, subject,
                        kept("{\"trip\":\"%s\",\"parcel\":\"%s\"}", trip_id.text, parcel_id.text).data);
}

static struct event on_booking(const char *type, int number, const char *person, int booking,
                               const char *data)
{
    char subject[80];

    named("booking", booking, subject);
    return command_made(type, person, number, subject, data);
}

/* parcel_made with a number of its own for the command. */
static struct event parcel_of(int number, const char *person, int parcel)
{
    struct event event = parcel_made(person, number);

    subject_of(parcel, event.subject);
    return event;
}

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
    events[0] = trip_announced(4, 1, "10000");
    events[1] = parcel_of(5, awa, 1);
    events[2] = asked_for(6, awa, 1, 1, 1);
    events[3] = on_booking("booking.accept.v1", 7, moussa, 1, "{}");
    events[4] = on_booking("booking.pay.v1", 8, awa, 1, "{}");
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
    events[0] = trip_announced(4, 1, "10000");
    events[1] = parcel_of(5, awa, 1);
    events[2] = asked_for(6, awa, 1, 1, 1);
    events[3] = on_booking("booking.accept.v1", 7, moussa, 1, "{}");
    events[4] = on_booking("booking.pay.v1", 8, awa, 1, "{}");
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
    events[0] = trip_announced(4, 1, "10000");
    events[1] = parcel_of(5, awa, 1);
    events[2] = asked_for(6, awa, 1, 1, 1);
    events[3] = on_booking("booking.accept.v1", 7, moussa, 1, "{}");
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
    events[0] = trip_announced(4, 1, "10000");
    events[1] = parcel_of(5, awa, 1);
    events[2] = asked_for(6, awa, 1, 1, 1);
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
    events[0] = trip_announced(4, 1, "10000");
    events[1] = parcel_of(5, awa, 1);
    events[2] = asked_for(6, awa, 1, 1, 1);
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
    events[0] = trip_announced(4, 1, "10000");
    events[1] = parcel_of(5, awa, 1);
    events[2] = asked_for(6, awa, 1, 1, 1);
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

/* --- two projectors --- */

struct other {
    struct bench bench;
    const struct event *events;
    size_t count;
    int outcome;
};

static void *run_other(void *self)
{
    struct other *other = self;

    other->outcome = bench_run(&other->bench, other->events, other->count);
    return NULL;
}

/* Until some session waits for a row that another holds. */
static void wait_until_blocked(void)
{
    int64_t began = clock_steady_ms();

    while (sql_number("select count(*) from pg_stat_activity where datname = current_database() and "
                      "wait_event_type = 'Lock'") == 0) {
        ck_assert_msg(clock_steady_ms() - began < DEADLINE_MS, "nobody waits for a lock");
        usleep(5000);
    }
}

/* The first decides and keeps its locks; the other comes and waits; the first commits. */
static void run_both(struct bench *first, const struct event *event, struct other *other)
{
    enum batch_outcome outcome;
    pthread_t thread;

    batch_start(&first->batch, event, 1);
    ck_assert_int_eq(store_load(&first->store, &first->batch, &first->position, 1, false), READER_DONE);
    ck_assert_int_eq(batch_decide(&first->batch, &first->batch.items[0], &outcome), 0);
    ck_assert_int_eq(outcome, BATCH_ACCEPTED);
    ck_assert_int_eq(pthread_create(&thread, NULL, run_other, other), 0);
    wait_until_blocked();
    first->position.next = event->offset + 1;
    ck_assert_int_eq(store_commit(&first->store, &first->batch, &first->position, 1, NULL), READER_DONE);
    first->position.from = first->position.next;
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

START_TEST(two_projectors_after_the_last_kilogram_give_it_once)
{
    struct bench bench;
    static struct other other;
    struct event made[3], second;

    bench_start(&bench);
    people_made(&bench);
    made[0] = trip_announced(4, 1, "3000");
    made[1] = parcel_of(5, awa, 1);
    made[2] = parcel_of(6, fatou, 2);
    ck_assert_int_eq(bench_run(&bench, made, 3), READER_DONE);
    made[0] = asked_for(7, awa, 1, 1, 1);
    second = asked_for(8, fatou, 2, 1, 2);
    second.partition = 1;
    memset(&other, 0, sizeof(other));
    bench_join(&other.bench, 1);
    other.events = &second;
    other.count = 1;
    run_both(&bench, &made[0], &other);
    ck_assert_int_eq(other.outcome, READER_DONE);
    expect_refused("capacity_taken");
    ck_assert_int_eq(sql_number("select reserved_g from state.trip"), 2500);
    ck_assert_int_eq(sql_number("select count(*) from state.booking"), 1);
    bench_done(&other.bench);
    bench_done(&bench);
}
END_TEST

START_TEST(a_reference_that_moves_between_peek_and_lock_is_followed)
{
    struct bench bench;
    static struct other other;
    struct event made[2], photo;

    bench_start(&bench);
    people_made(&bench);
    made[0] = trip_announced(4, 1, "3000");
    made[1] = parcel_of(5, awa, 1);
    ck_assert_int_eq(bench_run(&bench, made, 2), READER_DONE);
    made[0] = asked_for(6, awa, 1, 1, 1); /* books the parcel while the other has only peeked at it */
    photo = command_made("parcel.attach_photo.v1", awa, 7, made[1].subject,
                         "{\"digest\":\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\","
                         "\"stage\":\"register\",\"type\":\"jpeg\"}");
    photo.partition = 1;
    memset(&other, 0, sizeof(other));
    bench_join(&other.bench, 1);
    other.events = &photo;
    other.count = 1;
    run_both(&bench, &made[0], &other);
    ck_assert_int_eq(other.outcome, READER_DONE);
    expect_refused("");
    ck_assert_int_ge(other.bench.batch.items[0].slots[SLOT_BOOKING], 0);
    ck_assert_int_ge(other.bench.batch.items[0].slots[SLOT_TRIP], 0);
    ck_assert_int_eq(sql_number("select jsonb_array_length(photos) from state.parcel where state = 'booked'"),
                     1);
    bench_done(&other.bench);
    bench_done(&bench);
}
END_TEST

/* --- journals --- */

START_TEST(a_charge_is_a_journal_of_the_fact_that_tells_of_it)
{
    struct bench bench;
    struct event events[6];
    struct id booking, payment;
    char text[512];

    bench_start(&bench);
    people_made(&bench);
    events[0] = trip_announced(4, 1, "10000");
    events[1] = parcel_of(5, awa, 1);
    events[2] = asked_for(6, awa, 1, 1, 1);
    events[3] = on_booking("booking.accept.v1", 7, moussa, 1, "{}");
    events[4] = on_booking("booking.pay.v1", 8, awa, 1, "{}");
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
    tcase_add_test(cases, two_projectors_after_the_last_kilogram_give_it_once);
    tcase_add_test(cases, a_reference_that_moves_between_peek_and_lock_is_followed);
    tcase_add_test(cases, a_charge_is_a_journal_of_the_fact_that_tells_of_it);
    tcase_add_loop_test(cases, a_journal_that_does_not_sum_to_zero_is_refused, 0,
                        sizeof(journals) / sizeof(journals[0]));
    tcase_add_test(cases, a_journal_is_added_to_by_the_projector_and_changed_by_nobody);
    return cases;
}
