/* SPDX-License-Identifier: Apache-2.0
 * Pages of the outbox: what is added is there, whole and in its order, whatever its size; what was found on
 * its topic leaves, and nothing else. And what SQL makes of a line is what the programs make of it. */
#include <stdio.h>
#include <string.h>

#include "tests/projector/cases.h"

enum { FACTS = 300, LARGEST = 30000 };

static char data[LARGEST + 16];

/* Small ones mostly; now and then one that fills a page, or is larger than any. */
static struct event fact_made(int number)
{
    static const int sizes[] = {20, 200, 90, 1500, 40, 7600, 60, LARGEST, 33};
    struct event event = {.source = "/projector", .type = "parcel.registered.v1", .time_ms = 1800000000000};

    id_numbered("fact", number, &event.id);
    subject_of(number, event.subject);
    memcpy(event.key, event.id.text, sizeof(event.id.text));
    event.sequence = number + 1;
    (void)snprintf(data, sizeof(data), "{\"n\":\"%0*d\"}", sizes[number % 9], number);
    event.data = span_of(data);
    return event;
}

static void send(struct bench *bench, struct outbox *outbox)
{
    outbox_send(outbox, bench->store.link);
    ck_assert_msg(postgres_sync(bench->store.link, NULL) == POSTGRES_DONE, "%s",
                  postgres_why(bench->store.link));
}

static void some_written(struct bench *bench, struct outbox *outbox)
{
    bench_start(bench);
    outbox_start(outbox);
    for (int i = 0; i < FACTS; i++) {
        struct event event = fact_made(i);

        outbox_add_fact(outbox, i % 2 ? "parcel" : "trip", &event);
    }
    ck_assert_int_eq(outbox_count(outbox), FACTS);
    send(bench, outbox);
}

START_TEST(facts_stand_in_pages_in_their_order_whatever_their_size)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    struct outbox outbox = {0};
    struct bench bench;
    int number = 0;

    some_written(&bench, &outbox);
    sql_rows("select messages from bus.outbox_page order by id", &rows);
    ck_assert_int_gt(rows.count, FACTS / 9);
    ck_assert_int_lt(rows.count, FACTS / 2);
    for (int row = 0; row < rows.count; row++) {
        struct span page = postgres_text(&rows, row, 0), topic;
        struct event event;

        while (outbox_next(&page, &topic, &event) == 0) {
            struct event made = fact_made(number);

            ck_assert_str_eq(event.id.text, made.id.text);
            ck_assert_str_eq(event.subject, made.subject);
            ck_assert_int_eq(event.sequence, made.sequence);
            ck_assert_uint_eq(event.data.size, made.data.size);
            ck_assert(memcmp(event.data.data, made.data.data, made.data.size) == 0);
            ck_assert(span_is(topic, number++ % 2 ? "parcel" : "trip"));
        }
        ck_assert_uint_eq(page.size, 0);
    }
    ck_assert_int_eq(number, FACTS);
    /* in one piece, and not beside its table */
    ck_assert_int_ge(sql_number("select pg_relation_size('bus.outbox_page')"),
                     sql_number("select sum(octet_length(messages)) from bus.outbox_page where "
                                "octet_length(messages) < 8100"));
    outbox_done(&outbox);
    bench_done(&bench);
}
END_TEST

START_TEST(what_was_found_leaves_and_the_rest_of_its_page_stays)
{
    struct outbox outbox = {0};
    struct bench bench;

    some_written(&bench, &outbox);
    sql_run("create table public.was as select id, event, value from bus.outbox where version % 3 <> 0");
    ck_assert_int_eq(sql_number("select count(*) from bus.outbox_found((select array_agg(event) || "
                                "gen_random_uuid() from bus.outbox where version % 3 = 0))"),
                     FACTS / 3);
    ck_assert_int_eq(
        sql_number("select count(*) from (select event, value, row_number() over (order by id) from "
                   "public.was intersect select event, value, row_number() over (order by id) "
                   "from bus.outbox) same"),
        FACTS - FACTS / 3);
    ck_assert_int_eq(sql_number("select count(*) from bus.outbox"), FACTS - FACTS / 3);
    ck_assert_int_eq(
        sql_number("select count(*) from bus.outbox_found((select array_agg(event) from bus.outbox))"),
        FACTS - FACTS / 3);
    ck_assert_int_eq(sql_number("select count(*) from bus.outbox_page"), 0);
    ck_assert_int_eq(sql_number("select count(*) from bus.outbox_found(array[gen_random_uuid()])"), 0);
    sql_run("drop table public.was");
    outbox_done(&outbox);
    bench_done(&bench);
}
END_TEST

START_TEST(sql_reads_and_writes_the_line_as_the_programs_do)
{
    struct event event =
                     command_made("parcel.cancel.v1", "11111111-2222-4333-8444-555555555555", 7, "", "{}"),
                 read;
    CLEANUP(buf_done) struct buf line = {0}, again = {0};
    struct outbox outbox = {0};
    struct bench bench;
    char text[1000];

    bench_start(&bench);
    subject_of(7, event.subject);
    strcpy(event.dataschema, "/schemas/commands/parcel.cancel.v1");
    strcpy(event.traceparent, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    event.causation = event.id;
    event.sequence = 12;
    outbox_start(&outbox);
    outbox_add_command(&outbox, &event, 0);
    send(&bench, &outbox);
    event_line(&event, &line);
    sql_text("select bus.line_of(headers::jsonb) from bus.outbox", text, sizeof(text));
    ck_assert_str_eq(text, line.data);
    sql_text("select headers from bus.outbox where due is null and topic = 'commands'", text, sizeof(text));
    ck_assert_int_eq(event_from_headers_json(span_of(text), &read), 0);
    event_line(&read, &again);
    ck_assert_str_eq(again.data, line.data);
    outbox_done(&outbox);
    bench_done(&bench);
}
END_TEST

START_TEST(a_page_that_is_none_is_malformed_and_says_why)
{
    static const char *const pages[] = {"\n", "topic\n", "topic\tline\tdata\n", "topic\tline\tdata",
                                        "no end"};
    struct event event;
    struct span topic;

    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        struct span page = span_of(pages[i]);

        ck_assert_int_eq(outbox_next(&page, &topic, &event), OUTBOX_MALFORMED);
        ck_assert_ptr_nonnull(event.reason);
    }
}
END_TEST

TCase *outbox_cases(void)
{
    TCase *cases = tcase_create("outbox");

    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, facts_stand_in_pages_in_their_order_whatever_their_size);
    tcase_add_test(cases, what_was_found_leaves_and_the_rest_of_its_page_stays);
    tcase_add_test(cases, sql_reads_and_writes_the_line_as_the_programs_do);
    tcase_add_test(cases, a_page_that_is_none_is_malformed_and_says_why);
    return cases;
}
