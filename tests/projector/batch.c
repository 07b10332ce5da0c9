/* SPDX-License-Identifier: Apache-2.0
 * Once and only once, whatever is read twice: batches, fences, copies, dead commands. */
#include <string.h>

#include "tests/projector/cases.h"

static const char awa[] = "11111111-1111-4111-8111-111111111111";
static const char moussa[] = "22222222-2222-4222-8222-222222222222";

static void expect_counts(int verdicts, int parcels, int facts)
{
    ck_assert_int_eq(sql_number("select count(*) from bus.verdict"), verdicts);
    ck_assert_int_eq(sql_number("select count(*) from state.parcel"), parcels);
    ck_assert_int_eq(sql_number("select count(*) from bus.outbox where version > 0"), facts);
}

START_TEST(a_batch_is_decided_with_its_state_verdict_fact_and_private_values)
{
    struct bench bench;
    struct event events[2] = {parcel_made(awa, 0), parcel_made(moussa, 1)};
    char text[512];

    bench_start(&bench);
    ck_assert_int_eq(bench_run(&bench, events, 2), READER_DONE);
    expect_counts(2, 2, 2);
    sql_text("select value ->> 'recipient' from private.parcel limit 1", text, sizeof(text));
    ck_assert_str_eq(text, "{\"name\": \"Awa\", \"phone\": \"+221770000000\"}");
    sql_text("select value from bus.outbox order by id limit 1", text, sizeof(text));
    ck_assert_ptr_null(strstr(text, "Awa"));
    ck_assert_int_eq(sql_number("select next from bus.position where partition = 0"), 2);
    bench_done(&bench);
}
END_TEST

START_TEST(a_batch_read_again_after_a_lost_reply_moves_nothing)
{
    struct bench bench;
    struct event events[2] = {parcel_made(awa, 0), parcel_made(moussa, 1)};

    bench_start(&bench);
    ck_assert_int_eq(bench_run(&bench, events, 2), READER_DONE);
    bench.position.from = -1; /* as a reader that never saw the COMMIT's answer */
    ck_assert_int_eq(bench_run(&bench, events, 2), READER_MOVED);
    expect_counts(2, 2, 2);
    bench_done(&bench);
}
END_TEST

START_TEST(what_goes_ahead_of_its_commit_is_there_once_with_it_and_not_without)
{
    struct event events[10];
    struct bench bench;
    enum batch_outcome outcome;

    bench_start(&bench);
    for (int i = 0; i < 10; i++)
        events[i] = parcel_made(awa, i);
    batch_start(&bench.batch, events, 10);
    ck_assert_int_eq(store_load(&bench.store, &bench.batch, &bench.position, 1, false), READER_DONE);
    for (int i = 0; i < 7; i++) {
        ck_assert_int_eq(batch_decide(&bench.batch, &bench.batch.items[i], &outcome), READER_DONE);
        if (i % 3 == 2)
            store_ahead(&bench.store, &bench.batch);
    }
    store_rollback(&bench.store);
    expect_counts(0, 0, 0);
    bench_done(&bench);
    for (size_t ahead = 1; ahead <= 11; ahead += 2) {
        bench_start(&bench);
        bench.ahead = ahead;
        ck_assert_int_eq(bench_run(&bench, events, 10), READER_DONE);
        expect_counts(10, 10, 10);
        bench_done(&bench);
    }
}
END_TEST

START_TEST(a_row_that_went_ahead_and_was_refused_fails_its_batch_and_nothing_else)
{
    struct event events[6];
    struct bench bench;

    bench_start(&bench);
    for (int i = 0; i < 6; i++)
        events[i] = parcel_made(awa, i);
    sql_run("alter table bus.verdict add constraint poison check (fact_count < 0)");
    bench.ahead = 2;
    ck_assert_int_eq(bench_run(&bench, events, 6), READER_FAILED);
    expect_counts(0, 0, 0);
    sql_run("alter table bus.verdict drop constraint poison");
    ck_assert_int_eq(bench_run(&bench, events, 6), READER_DONE);
    expect_counts(6, 6, 6);
    bench_done(&bench);
}
END_TEST

START_TEST(a_late_copy_meets_its_verdict_and_changes_nothing)
{
    struct bench bench;
    struct event events[3] = {parcel_made(awa, 0), parcel_made(awa, 0), parcel_made(awa, 0)};

    bench_start(&bench);
    events[1].offset = 1;
    events[2].offset = 2;
    ck_assert_int_eq(bench_run(&bench, events, 2), READER_DONE);     /* twice in one batch */
    ck_assert_int_eq(bench_run(&bench, &events[2], 1), READER_DONE); /* and once more in the next */
    expect_counts(1, 1, 1);
    ck_assert_int_eq(sql_number("select next from bus.position where partition = 0"), 3);
    bench_done(&bench);
}
END_TEST

START_TEST(a_parcel_registered_and_cancelled_in_one_batch_has_both_facts_in_order)
{
    struct bench bench;
    char subject[80], text[128];
    struct event events[2];

    subject_of(0, subject);
    events[0] = parcel_made(awa, 0);
    events[1] = command_made("parcel.cancel.v1", awa, 1, subject, "{\"reason\":\"mistake\"}");
    bench_start(&bench);
    ck_assert_int_eq(bench_run(&bench, events, 2), READER_DONE);
    sql_text("select string_agg(version::text, ' ' order by id) from bus.outbox", text, sizeof(text));
    ck_assert_str_eq(text, "1 2");
    sql_text("select state || ' ' || version || ' ' || cancel_reason from state.parcel", text, sizeof(text));
    ck_assert_str_eq(text, "cancelled 2 mistake");
    bench_done(&bench);
}
END_TEST

START_TEST(a_state_changed_in_a_later_batch_is_updated_and_not_made_again)
{
    struct bench bench;
    char subject[80];
    struct event events[2];

    subject_of(0, subject);
    events[0] = parcel_made(awa, 0);
    events[1] = command_made("parcel.cancel.v1", awa, 1, subject, "{}");
    bench_start(&bench);
    ck_assert_int_eq(bench_run(&bench, &events[0], 1), READER_DONE);
    ck_assert_int_eq(bench_run(&bench, &events[1], 1), READER_DONE);
    expect_counts(2, 1, 2);
    ck_assert_int_eq(sql_number("select version from state.parcel"), 2);
    bench_done(&bench);
}
END_TEST

START_TEST(a_refusal_is_a_verdict_without_a_fact)
{
    struct bench bench;
    char subject[80], text[64];
    struct event events[2];

    subject_of(0, subject);
    events[0] = parcel_made(awa, 0);
    events[1] = command_made("parcel.cancel.v1", moussa, 1, subject, "{}");
    bench_start(&bench);
    ck_assert_int_eq(bench_run(&bench, events, 2), READER_DONE);
    expect_counts(2, 1, 1);
    sql_text("select reason from bus.verdict where not accepted", text, sizeof(text));
    ck_assert_str_eq(text, "not_found");
    bench_done(&bench);
}
END_TEST

START_TEST(what_nobody_can_read_is_kept_as_dead_and_the_others_go_on)
{
    struct bench bench;
    struct event events[6];
    char text[256];

    for (int i = 0; i < 6; i++)
        events[i] = parcel_made(i % 2 ? awa : moussa, i);
    strcpy(events[0].type, "parcel.teleport.v1");
    strcpy(events[1].type, "parcel.register.v9");
    events[2].data = SPAN("{\"weight_g\":");
    events[3].readable = false;
    events[3].reason = "ce_id is missing";
    events[4].key[0] = '\0';
    bench_start(&bench);
    ck_assert_int_eq(bench_run(&bench, events, 6), READER_DONE);
    expect_counts(1, 1, 1);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked where kind = 'dead'"), 5);
    ck_assert_int_eq(sql_number("select count(*) from bus.outbox where topic = 'dead.projector'"), 5);
    sql_text("select reason from bus.parked where \"offset\" = 1", text, sizeof(text));
    ck_assert_str_eq(text, "unknown version of a known type");
    sql_text("select reason from bus.parked where \"offset\" = 3", text, sizeof(text));
    ck_assert_str_eq(text, "ce_id is missing");
    bench_done(&bench);
}
END_TEST

START_TEST(a_parcel_asked_for_by_its_owner_s_own_id_is_no_profile)
{
    struct bench bench;
    struct event events[4];
    char text[128];

    events[0] = command_made("profile.update.v1", awa, 0, "profile/11111111-1111-4111-8111-111111111111",
                             "{\"name\":\"Awa\",\"email\":\"awa@example.org\",\"language\":\"fr\"}");
    for (int i = 1; i < 4; i++)
        events[i] =
            command_made("parcel.cancel.v1", awa, i, "parcel/11111111-1111-4111-8111-111111111111", "{}");
    bench_start(&bench);
    ck_assert_int_eq(bench_run(&bench, events, 4), READER_DONE);
    sql_text(
        "select string_agg(coalesce(reason, 'accepted'), ' ' order by reason nulls first) from bus.verdict",
        text, sizeof(text));
    ck_assert_str_eq(text, "accepted not_found not_found not_found");
    ck_assert_int_eq(bench.batch.state_count, 2);
    bench_done(&bench);
}
END_TEST

START_TEST(another_kafka_cluster_is_refused)
{
    struct bench bench;

    bench_start(&bench);
    ck_assert_int_eq(store_cluster(&bench.store, "first"), READER_DONE);
    ck_assert_int_eq(store_cluster(&bench.store, "first"), READER_DONE);
    ck_assert_int_eq(store_cluster(&bench.store, "second"), READER_REJECT);
    bench_done(&bench);
}
END_TEST

START_TEST(a_thousand_commands_over_forty_parcels_keep_every_version)
{
    static struct event events[1000];
    struct bench bench;

    for (int i = 0; i < 1000; i++) {
        char subject[80];

        subject_of(i % 40, subject);
        events[i] = i < 40 ? parcel_made(awa, i) : command_made("parcel.cancel.v1", awa, i, subject, "{}");
    }
    bench_start(&bench);
    ck_assert_int_eq(bench_run(&bench, events, 1000), READER_DONE);
    expect_counts(1000, 40, 80);
    ck_assert_int_eq(sql_number("select count(*) from state.parcel where version = 2"), 40);
    bench_done(&bench);
}
END_TEST

TCase *batch_cases(void)
{
    TCase *cases = tcase_create("batch");

    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_batch_is_decided_with_its_state_verdict_fact_and_private_values);
    tcase_add_test(cases, a_batch_read_again_after_a_lost_reply_moves_nothing);
    tcase_add_test(cases, what_goes_ahead_of_its_commit_is_there_once_with_it_and_not_without);
    tcase_add_test(cases, a_row_that_went_ahead_and_was_refused_fails_its_batch_and_nothing_else);
    tcase_add_test(cases, a_late_copy_meets_its_verdict_and_changes_nothing);
    tcase_add_test(cases, a_parcel_registered_and_cancelled_in_one_batch_has_both_facts_in_order);
    tcase_add_test(cases, a_state_changed_in_a_later_batch_is_updated_and_not_made_again);
    tcase_add_test(cases, a_refusal_is_a_verdict_without_a_fact);
    tcase_add_test(cases, what_nobody_can_read_is_kept_as_dead_and_the_others_go_on);
    tcase_add_test(cases, a_parcel_asked_for_by_its_owner_s_own_id_is_no_profile);
    tcase_add_test(cases, another_kafka_cluster_is_refused);
    tcase_add_test(cases, a_thousand_commands_over_forty_parcels_keep_every_version);
    return cases;
}
