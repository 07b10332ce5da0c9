/* SPDX-License-Identifier: Apache-2.0
 * The verbs of consumers/history against a real MongoDB: facts once, positions after them, dead letters
 * before. */
#include "consumers/history/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/links/mongo_cases.h"
#include "tests/suite.h"

#define PARCEL "8c1e0000-0000-8000-8000-000000000001"

static struct history history;
static struct letters {
    int count, outcome;
    int64_t position_before; /* what the store held when the newest letter was written */
    char reason[100];
} letters;

static int64_t stored_position(void)
{
    struct mongo_position position = {.topic = "parcel", .partition = 2};
    ck_assert_int_eq(mongo_positions_load(store_link(), "history", &position, 1), MONGO_DONE);
    return position.next;
}

static int letter(void *self, const struct event *event, const char *reason)
{
    (void)event;
    struct letters *to = self;
    to->position_before = stored_position();
    snprintf(to->reason, sizeof(to->reason), "%s", reason);
    to->count++;
    return to->outcome;
}

static void start(void)
{
    store_make();
    history = (struct history){.store = store_link(), .letter = letter, .letter_self = &letters};
    memset(&letters, 0, sizeof(letters));
    ck_assert_int_eq(history_verbs.cluster(&history, "cluster one"), READER_DONE);
}

static void stop(void)
{
    history_done(&history);
    store_free();
}

static struct event fact(int64_t version)
{
    struct event event = {.sequence = version,
                          .topic = "parcel",
                          .partition = 2,
                          .offset = 70 + version,
                          .readable = true,
                          .data = SPAN("{\"state\":\"registered\"}"),
                          .time_ms = 1000};
    snprintf(event.type, sizeof(event.type), "parcel.registered.v1");
    snprintf(event.subject, sizeof(event.subject), "parcel/" PARCEL);
    snprintf(event.id.text, sizeof(event.id.text), "5b900000-0000-8000-8000-%012lld", (long long)version);
    return event;
}

static int run_from(int64_t from, const struct event *events, size_t count, int64_t next)
{
    struct reader_position position = {"parcel", 2, from, next};
    int outcome = history_verbs.begin(&history, events, count, &position, 1);
    for (size_t at = 0; at < count && outcome == READER_DONE; at++)
        outcome = history_verbs.handle(&history, &events[at]);
    if (outcome == READER_DONE)
        outcome = history_verbs.commit(&history, &position, 1);
    if (outcome != READER_DONE)
        history_verbs.rollback(&history);
    return outcome;
}

static int run(const struct event *events, size_t count, int64_t next)
{
    return run_from(-1, events, count, next);
}

static char *elsewhere(const char *name)
{
    static char url[] = "mongodb://127.0.0.1:1/?directConnection=true", soon[] = "100";
    if (strcmp(name, "COLIS_MONGO_URL") == 0)
        return url;
    return strcmp(name, "COLIS_MONGO_TIMEOUT_MS") == 0 ? soon : NULL;
}

/* As a batch, or the reader between two, meets a server that is not there. */
static void be_away(bool idle)
{
    static const struct setting *const tables[] = {mongo_settings, NULL};
    char *arguments[] = {"test", NULL};
    struct event event = fact(9);
    struct mongo *away;
    ck_assert_msg(settings_read(tables, 1, arguments, elsewhere) == 0, "%s", error_text());
    ck_assert_int_eq(mongo_new("test", store_name(), &away), 0);
    history.store = away;
    history.written_ms = -100000;
    int outcome = idle ? history_verbs.idle(&history) : run(&event, 1, 80);
    ck_assert_int_eq(outcome, READER_RETRY);
    history.store = store_link();
    mongo_free(away);
}

START_TEST(keeps_facts_then_the_position)
{
    struct event events[] = {fact(1), fact(2), fact(3)};
    ck_assert_int_eq(run(events, 3, 74), READER_DONE);
    ck_assert_int_eq(store_count("history"), 3);
    struct reader_position position = {"parcel", 2, 0, 0};
    ck_assert_int_eq(history_verbs.positions(&history, &position, 1), READER_DONE);
    ck_assert_int_eq(position.next, 74);
}
END_TEST

START_TEST(a_partition_never_read_has_no_position)
{
    struct reader_position position = {"trip", 0, 0, 0};
    ck_assert_int_eq(history_verbs.positions(&history, &position, 1), READER_DONE);
    ck_assert_int_eq(position.next, -1);
}
END_TEST

START_TEST(a_batch_read_again_changes_nothing)
{
    struct event events[] = {fact(1), fact(2), fact(3)};
    ck_assert_int_eq(run(events, 2, 73), READER_DONE);
    ck_assert_int_eq(run(events, 3, 74), READER_DONE);
    ck_assert_int_eq(run(events, 1, 72), READER_DONE);
    ck_assert_int_eq(store_count("history"), 3);
    ck_assert_int_eq(stored_position(), 74);
}
END_TEST

START_TEST(takes_facts_of_types_it_does_not_know)
{
    struct event event = fact(1);
    snprintf(event.type, sizeof(event.type), "parcel.weighed.v7");
    event.data = SPAN("{\"anything\":[1,{\"at\":\"all\"}]}");
    ck_assert_int_eq(run(&event, 1, 72), READER_DONE);
    ck_assert_int_eq(store_count("history"), 1);
}
END_TEST

START_TEST(moves_past_commit_markers_alone)
{
    ck_assert_int_eq(run(NULL, 0, 80), READER_DONE);
    ck_assert_int_eq(stored_position(), 80);
}
END_TEST

START_TEST(another_fact_of_that_version_is_fatal)
{
    struct event first = fact(1), second = fact(1);
    ck_assert_int_eq(run(&first, 1, 72), READER_DONE);
    second.id.text[0] = 'f';
    ck_assert_int_eq(run(&second, 1, 73), ERROR_DATA);
    ck_assert_int_eq(stored_position(), 72);
}
END_TEST

START_TEST(an_unreadable_record_is_rejected)
{
    struct event events[] = {fact(1), fact(2), fact(3)};
    events[0].readable = false;
    events[0].reason = "ce_id is missing";
    events[1].sequence = 0;
    snprintf(events[2].subject, sizeof(events[2].subject), "nothing");
    for (int at = 0; at < 3; at++)
        ck_assert_int_eq(run(&events[at], 1, 80), READER_REJECT);
    ck_assert_int_eq(stored_position(), -1);
}
END_TEST

START_TEST(data_that_cannot_be_kept_fails_its_batch)
{
    struct event events[] = {fact(1), fact(2)};
    events[1].data = SPAN("[]");
    ck_assert_int_eq(run(events, 2, 73), READER_FAILED);
    ck_assert_int_eq(stored_position(), -1);
    ck_assert_int_eq(run(&events[0], 1, 72), READER_DONE);
    ck_assert_int_eq(run(&events[1], 1, 73), READER_FAILED);
    ck_assert_int_eq(stored_position(), 72);
}
END_TEST

/* It is stored: what went wrong was none of its doing. */
START_TEST(a_position_that_cannot_be_kept_blames_no_fact)
{
    struct event event = fact(1);
    store_refuse_positions();
    ck_assert_int_eq(run(&event, 1, 72), READER_RETRY);
    ck_assert_int_eq(store_count("history"), 1);
    ck_assert_int_eq(letters.count, 0);
}
END_TEST

START_TEST(the_dead_letter_comes_before_the_position)
{
    struct event event = fact(1);
    struct reader_position position = {"parcel", 2, 71, 72};
    letters.outcome = READER_RETRY;
    ck_assert_int_eq(history_verbs.reject(&history, &event, "wrong", &position), READER_RETRY);
    ck_assert_int_eq(stored_position(), -1);
    letters.outcome = READER_DONE;
    ck_assert_int_eq(history_verbs.reject(&history, &event, "wrong", &position), READER_DONE);
    ck_assert_int_eq(letters.count, 2);
    ck_assert_int_eq(letters.position_before, -1);
    ck_assert_str_eq(letters.reason, "wrong");
    ck_assert_int_eq(stored_position(), 72);
}
END_TEST

START_TEST(positions_of_another_cluster_are_not_used)
{
    ck_assert_int_eq(history_verbs.cluster(&history, "cluster one"), READER_DONE);
    ck_assert_int_eq(history_verbs.cluster(&history, "cluster two"), READER_REJECT);
}
END_TEST

START_TEST(says_while_idle_that_the_store_takes_writes)
{
    history.written_ms = -100000;
    ck_assert_int_eq(history_verbs.idle(&history), READER_DONE);
    ck_assert_int_gt(history.written_ms, 0);
}
END_TEST

/* Not from where memory has it: the facts between would be missing for ever. */
START_TEST(a_store_put_back_is_read_from_where_it_is)
{
    struct event events[] = {fact(1), fact(2), fact(3), fact(4)};
    struct reader_position position = {"parcel", 2, 74, 75};
    ck_assert_int_eq(run(events, 3, 74), READER_DONE);
    be_away(_i);
    store_set_position("history:parcel", "2", 72);
    ck_assert_int_eq(run_from(74, &events[3], 1, 75), READER_MOVED);
    ck_assert_int_eq(stored_position(), 72);
    ck_assert_int_eq(history_verbs.cluster(&history, "cluster one"), READER_DONE);
    ck_assert_int_eq(history_verbs.positions(&history, &position, 1), READER_DONE);
    ck_assert_int_eq(position.next, 72);
    ck_assert_int_eq(run_from(72, &events[1], 3, 75), READER_DONE);
    ck_assert_int_eq(store_count("history"), 4);
    ck_assert_int_eq(stored_position(), 75);
}
END_TEST

/* A batch that is tried again goes on; another partition is asked for all the same. */
START_TEST(a_place_that_is_as_it_was_says_nothing_of_another)
{
    struct event events[] = {fact(1), fact(2)};
    struct reader_position other = {"parcel", 3, 50, 51};
    ck_assert_int_eq(run(events, 1, 72), READER_DONE);
    be_away(_i);
    ck_assert_int_eq(run_from(72, &events[1], 1, 73), READER_DONE);
    ck_assert_int_eq(history_verbs.begin(&history, NULL, 0, &other, 1), READER_MOVED);
}
END_TEST

static TCase *history_cases(void)
{
    TCase *cases = tcase_create("history");
    tcase_add_checked_fixture(cases, start, stop);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, keeps_facts_then_the_position);
    tcase_add_test(cases, a_partition_never_read_has_no_position);
    tcase_add_test(cases, a_batch_read_again_changes_nothing);
    tcase_add_test(cases, takes_facts_of_types_it_does_not_know);
    tcase_add_test(cases, moves_past_commit_markers_alone);
    tcase_add_test(cases, another_fact_of_that_version_is_fatal);
    tcase_add_test(cases, an_unreadable_record_is_rejected);
    tcase_add_test(cases, data_that_cannot_be_kept_fails_its_batch);
    tcase_add_test(cases, a_position_that_cannot_be_kept_blames_no_fact);
    tcase_add_test(cases, the_dead_letter_comes_before_the_position);
    tcase_add_test(cases, positions_of_another_cluster_are_not_used);
    tcase_add_test(cases, says_while_idle_that_the_store_takes_writes);
    tcase_add_loop_test(cases, a_store_put_back_is_read_from_where_it_is, 0, 2);
    tcase_add_loop_test(cases, a_place_that_is_as_it_was_says_nothing_of_another, 0, 2);
    return cases;
}

int main(void)
{
    if (!getenv("COLIS_MONGO_URL")) {
        printf("1..0 # SKIP COLIS_MONGO_URL is not set: no MongoDB to test against\n");
        return EXIT_SUCCESS;
    }
    Suite *suite = suite_create("history");
    suite_add_tcase(suite, history_cases());
    int code = suite_run(suite);
    store_drop_all();
    return code;
}
