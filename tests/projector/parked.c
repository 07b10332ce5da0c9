/* SPDX-License-Identifier: Apache-2.0
 * Parked commands: the database refuses one command, its key waits, the others go on; released it is decided
 * in order, discarded it is refused. */
#include <stdio.h>
#include <string.h>

#include "tests/projector/scene.h"

START_TEST(a_refused_command_parks_its_key_and_no_other)
{
    struct bench bench;

    park_two(&bench);
    ck_assert_int_eq(sql_number("select count(*) from bus.verdict"), 1);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked where kind = 'parked' and key like '1111%'"),
                     2);
    ck_assert_int_eq(sql_number("select count(*) from bus.outbox where topic = 'dead.projector'"), 2);
    poison_off();
    bench_done(&bench);
}
END_TEST

START_TEST(nothing_is_drained_before_an_operator_says_so)
{
    struct bench bench;

    park_two(&bench);
    poison_off();
    ck_assert_int_eq(parked_drained(&bench), READER_DONE);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked"), 2);
    bench_done(&bench);
}
END_TEST

START_TEST(a_released_head_frees_its_whole_key_oldest_first)
{
    struct bench bench;
    struct event late = parcel_made(awa, 3);
    struct buf headers = {0};
    char first[80], second[80], third[80], wanted[256];
    char order[256];

    park_two(&bench);
    poison_off();
    event_headers_json(&late, &headers);
    late.raw_headers = buf_as_span(&headers);
    ck_assert_int_eq(bench_run(&bench, &late, 1),
                     READER_DONE); /* joins the others: the key is still parked */
    ck_assert_int_eq(sql_number("select count(*) from bus.parked"), 3);
    sql_run("update bus.parked set action = 'release' where \"offset\" = 0");
    ck_assert_int_eq(parked_drained(&bench), READER_DONE);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked"), 0);
    sql_text("select string_agg((headers::json ->> 'ce_subject'), ' ' order by id) from bus.outbox "
             "where version > 0 and headers::json ->> 'ce_principal' like '1111%'",
             order, sizeof(order));
    subject_of(0, first);
    subject_of(1, second);
    subject_of(3, third);
    (void)snprintf(wanted, sizeof(wanted), "%s %s %s", first, second, third);
    ck_assert_str_eq(order, wanted);
    buf_done(&headers);
    bench_done(&bench);
}
END_TEST

START_TEST(a_released_command_that_fails_again_stays_parked_with_its_key)
{
    struct bench bench;

    park_two(&bench);
    sql_run("update bus.parked set action = 'release' where \"offset\" = 0");
    ck_assert_int_eq(parked_drained(&bench), READER_DONE);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked where action is null"), 2);
    ck_assert_int_eq(
        sql_number("select count(*) from bus.parked where reason like '%poison%' and \"offset\" = 0"), 1);
    ck_assert_int_eq(sql_number("select count(*) from bus.verdict"), 1);
    poison_off();
    bench_done(&bench);
}
END_TEST

START_TEST(a_discarded_command_is_refused_and_the_next_of_its_key_is_decided)
{
    struct bench bench;
    char reason[64];

    park_two(&bench);
    sql_run("update bus.parked set action = 'discard' where \"offset\" = 0");
    ck_assert_int_eq(parked_drained(&bench), READER_DONE);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked"), 0);
    sql_text("select reason from bus.verdict where not accepted", reason, sizeof(reason));
    ck_assert_str_eq(reason, "discarded");
    ck_assert_int_eq(sql_number("select count(*) from state.parcel"), 2);
    poison_off();
    bench_done(&bench);
}
END_TEST

START_TEST(a_discarded_dead_copy_of_a_decided_command_leaves_its_verdict)
{
    struct bench bench;
    struct event good = parcel_made(awa, 0), copy = parcel_made(awa, 0);
    struct buf headers = {0};

    bench_start(&bench);
    poison_off();
    event_headers_json(&copy, &headers);
    copy.raw_headers = buf_as_span(&headers);
    copy.offset = 1;
    copy.data = SPAN("{}");
    ck_assert_int_eq(bench_run(&bench, &good, 1), READER_DONE);
    ck_assert_int_eq(bench_run(&bench, &copy, 1), READER_DONE);
    sql_run("update bus.parked set action = 'discard'");
    ck_assert_int_eq(parked_drained(&bench), READER_DONE);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked"), 0);
    ck_assert_int_eq(sql_number("select count(*) from bus.verdict where accepted"), 1);
    buf_done(&headers);
    bench_done(&bench);
}
END_TEST

START_TEST(a_command_whose_key_was_the_record_s_only_is_released_too)
{
    struct bench bench;

    park_two(&bench);
    poison_off();
    sql_run("update bus.parked set headers = (headers::jsonb - 'ce_partitionkey')::text");
    sql_run("update bus.parked set action = 'release' where \"offset\" = 0");
    ck_assert_int_eq(parked_drained(&bench), READER_DONE);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked"), 0);
    ck_assert_int_eq(sql_number("select count(*) from state.parcel"), 3);
    bench_done(&bench);
}
END_TEST

/* A command on a state as a projector of a later release would leave it: with a word this one does not know.
 */
static struct event of_unreadable(struct bench *bench)
{
    struct event made = parcel_made(awa, 0);
    char subject[80];

    bench_start(bench);
    poison_off();
    ck_assert_int_eq(bench_run(bench, &made, 1), READER_DONE);
    sql_run("update state.parcel set state = 'teleported'");
    subject_of(0, subject);
    return command_made("parcel.cancel.v1", awa, 1, subject, "{}");
}

START_TEST(a_state_nobody_here_can_read_parks_its_command_and_no_other)
{
    struct bench bench;
    struct event events[2];

    events[0] = of_unreadable(&bench);
    events[1] = parcel_made(moussa, 2);
    ck_assert_int_eq(bench_run(&bench, events, 2), READER_FAILED);
    ck_assert_int_eq(bench_run(&bench, events, 1), READER_FAILED);
    ck_assert_int_eq(bench_reject(&bench, &events[0], "na\xc3"),
                     READER_DONE); /* a reason cut inside a letter */
    ck_assert_int_eq(bench_run(&bench, &events[1], 1), READER_DONE);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked where reason = 'na?'"), 1);
    ck_assert_int_eq(sql_number("select count(*) from bus.verdict"), 2);
    bench_done(&bench);
}
END_TEST

START_TEST(a_command_whose_state_nobody_can_read_can_be_discarded_and_its_key_goes_on)
{
    static struct buf headers[2];
    struct bench bench;
    char reason[64];
    struct event events[2];

    events[0] = of_unreadable(&bench);
    events[1] = parcel_made(awa, 2);
    for (int i = 0; i < 2; i++)
        headers_written(&events[i], &headers[i]);
    ck_assert_int_eq(bench_run(&bench, events, 1), READER_FAILED);
    ck_assert_int_eq(bench_reject(&bench, events, reader_reason()), READER_DONE);
    ck_assert_int_eq(bench_run(&bench, &events[1], 1), READER_DONE);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked"), 2);
    sql_run("update bus.parked set action = 'discard' where \"offset\" = 1");
    ck_assert_int_eq(parked_drained(&bench), READER_DONE);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked"), 0);
    sql_text("select reason from bus.verdict where not accepted", reason, sizeof(reason));
    ck_assert_str_eq(reason, "discarded");
    ck_assert_int_eq(sql_number("select count(*) from state.parcel"), 2);
    bench_done(&bench);
}
END_TEST

/* A booking that waits for an answer and has its payment already: as a bug, or a hand in the database, leaves
 * it. */
static void contradict(struct bench *bench)
{
    struct event made[4];

    bench_start(bench);
    people_made(bench);
    made[0] = trip_announced(4, 1, "5000");
    made[1] = parcel_of(5, awa, 1);
    made[2] = asked_for(6, awa, 1, 1, 1);
    made[3] = on_booking("booking.accept.v1", 7, moussa, 1, "{}");
    ck_assert_int_eq(bench_run(bench, made, 4), READER_DONE);
    sql_run("update state.booking set state = 'requested'");
}

START_TEST(data_that_contradict_the_rules_park_one_key_and_stop_nobody)
{
    struct bench bench;
    struct event events[2];
    struct buf headers = {0};

    contradict(&bench);
    events[0] = on_booking("booking.accept.v1", 8, moussa, 1, "{}");
    events[1] = parcel_of(9, fatou, 2);
    event_headers_json(&events[0], &headers);
    events[0].raw_headers = buf_as_span(&headers);
    ck_assert_int_eq(bench_run(&bench, events, 2), READER_FAILED);
    ck_assert_int_eq(bench_run(&bench, &events[0], 1), READER_FAILED);
    ck_assert_ptr_nonnull(strstr(reader_reason(), "does not fit"));
    ck_assert_int_eq(bench_reject(&bench, &events[0], reader_reason()), READER_DONE);
    ck_assert_int_eq(bench_run(&bench, &events[1], 1), READER_DONE);
    ck_assert_int_eq(sql_number("select count(*) from state.parcel"), 2);
    sql_run("update bus.parked set action = 'release'");
    ck_assert_int_eq(parked_drained(&bench), READER_DONE); /* it still contradicts */
    ck_assert_int_eq(sql_number("select count(*) from bus.parked where action is null"), 1);
    sql_run("delete from state.payment");
    sql_run("update bus.parked set action = 'release'");
    ck_assert_int_eq(parked_drained(&bench), READER_DONE);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked"), 0);
    ck_assert_int_eq(sql_number("select count(*) from state.booking where state = 'accepted'"), 1);
    expect_refused("");
    buf_done(&headers);
    bench_done(&bench);
}
END_TEST

/* Their offsets may come again, as those of others. */
START_TEST(what_an_earlier_topic_left_parked_stands_before_all_of_the_next)
{
    struct event events[] = {parcel_made(awa, 0), parcel_made(awa, 1)};
    static struct buf headers[2];
    struct bench bench, next;
    char order[256];

    for (int i = 0; i < 2; i++)
        headers_written(&events[i], &headers[i]);
    park_two(&bench);
    poison_off();
    sql_run("update bus.position set next = 0");
    sql_run("update bus.parked set reason = 'old ' || \"offset\"");
    bench_join(&next, 0);
    ck_assert_int_eq(bench_run(&next, events, 2), READER_DONE);
    sql_text("select string_agg(case when \"offset\" < 0 then reason else 'new ' || \"offset\" end, ', ' "
             "order by \"offset\") from bus.parked",
             order, sizeof(order));
    ck_assert_str_eq(order, "old 0, old 1, new 0, new 1");
    bench_done(&next);
    sql_run("update bus.position set next = 1"); /* and once more, with a record deleted */
    bench_join(&next, 0);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked where \"offset\" < 0"), 4);
    sql_run("update bus.parked set action = 'release' where reason = 'old 0'");
    ck_assert_int_eq(parked_drained(&next), READER_DONE);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked"), 0);
    bench_done(&next);
    bench_done(&bench);
}
END_TEST

START_TEST(what_is_parked_stays_where_it_is_while_the_topic_does)
{
    struct bench bench, next;

    park_two(&bench);
    poison_off();
    bench_join(&next, 0);
    ck_assert_int_eq(sql_number("select max(\"offset\") from bus.parked"), 1);
    bench_done(&next);
    bench_done(&bench);
}
END_TEST

TCase *parked_cases(void)
{
    TCase *cases = tcase_create("parked");

    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, data_that_contradict_the_rules_park_one_key_and_stop_nobody);
    tcase_add_test(cases, a_refused_command_parks_its_key_and_no_other);
    tcase_add_test(cases, nothing_is_drained_before_an_operator_says_so);
    tcase_add_test(cases, a_released_head_frees_its_whole_key_oldest_first);
    tcase_add_test(cases, a_released_command_that_fails_again_stays_parked_with_its_key);
    tcase_add_test(cases, a_discarded_command_is_refused_and_the_next_of_its_key_is_decided);
    tcase_add_test(cases, a_discarded_dead_copy_of_a_decided_command_leaves_its_verdict);
    tcase_add_test(cases, a_command_whose_key_was_the_record_s_only_is_released_too);
    tcase_add_test(cases, a_state_nobody_here_can_read_parks_its_command_and_no_other);
    tcase_add_test(cases, a_command_whose_state_nobody_can_read_can_be_discarded_and_its_key_goes_on);
    tcase_add_test(cases, what_an_earlier_topic_left_parked_stands_before_all_of_the_next);
    tcase_add_test(cases, what_is_parked_stays_where_it_is_while_the_topic_does);
    return cases;
}
