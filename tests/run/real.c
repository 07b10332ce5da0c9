/* SPDX-License-Identifier: Apache-2.0
 * A reader on the broker COLIS_KAFKA_BROKERS names: what the mock cluster has not. Not run without one. */
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/run/reader_keep.h"
#include "shared/run/service.h"
#include "tests/links/kafka_cases.h"
#include "tests/run/cases.h"
#include "tests/run/ram_store.h"

enum { PARTITIONS = 3, WAIT_MS = 60000, HOUR_MS = 3600000 };
static const int64_t day_ms = 86400000;

static const char *const payment[] = {"payment", NULL};
static struct ram_store store;
static struct kafka_ledger ledger;
static char *const name_space = service_values.name_space;

static void start(void)
{
    static char program[] = "test";
    char *argv[] = {program, NULL};
    const struct setting *const tables[] = {kafka_settings, kafka_out_settings, reader_settings,
                                            service_settings, NULL};
    struct id id;
    kafka_topic_patience();
    ck_assert_msg(settings_read(tables, 1, argv, getenv) == 0, "%s", error_text());
    id_v7(clock_wall_ms(), &id);
    snprintf(service_values.name_space, sizeof service_values.name_space, "test-%s", id.text);
    kafka_topic_make(name_space, "payment", PARTITIONS, NULL, NULL);
    ram_store_start(&store);
}

static void stop(void)
{
    kafka_topic_drop(name_space, "payment");
}

static struct kafka_out *producer_new(const char *transactional_id)
{
    struct kafka_out *out = NULL;
    const struct kafka_out_config config = {.name_space = name_space,
                                            .client = "test",
                                            .reported = kafka_ledger_take,
                                            .self = &ledger,
                                            .transactional_id = transactional_id};
    ck_assert_msg(kafka_out_new(&config, &out) == 0, "%s", error_text());
    return out;
}

static int64_t highest_position(void)
{
    int64_t highest = -1;
    for (int at = 0; at < RAM_PARTITIONS; at++)
        highest = store.positions[at] > highest ? store.positions[at] : highest;
    return highest;
}

static int stop_past_the_marker(void *self)
{
    (void)self;
    if (highest_position() == 4)
        service_stop();
    return READER_DONE;
}

/* One key, one partition: three records and the marker behind them. The key's partition is below
 * RAM_PARTITIONS. */
START_TEST(a_position_moves_past_the_marker_of_a_transaction)
{
    struct reader_verbs verbs = ram_store_verbs;
    const struct reader reader = {.name = "reader", .topics = payment, .verbs = &verbs, .self = &store};
    struct kafka_out *out = producer_new(name_space);
    ck_assert_int_eq(kafka_out_fence(out, WAIT_MS), 0);
    ck_assert_int_eq(kafka_out_begin(out), 0);
    kafka_send_some(out, "payment", "foobar", 3);
    ck_assert_int_eq(kafka_out_commit(out, WAIT_MS), 0);
    verbs.idle = stop_past_the_marker;
    ck_assert_msg(reader_run(&reader) == 0, "%s", error_text());
    ck_assert_uint_eq(store.stored_count, 3);
    kafka_out_free(out);
}
END_TEST

START_TEST(old_records_are_deleted_up_to_what_is_stored)
{
    int64_t first, end;
    struct kafka_out *out = producer_new(NULL);
    struct kafka_in *in = NULL;
    const struct kafka_in_config config = {.name_space = name_space, .client = "test"};
    const struct kafka_in_place place = {.topic = "payment", .partition = 0, .offset = -1};
    struct reader_place row = {.at = {"payment", 0, 4, 4}};
    kafka_send_some(out, "payment", "foobar", 9);
    ck_assert_int_eq(kafka_out_flush(out, WAIT_MS), 0);
    ck_assert_int_eq(kafka_in_new(&config, &in), 0);
    ck_assert_int_eq(kafka_in_assign(in, &place, 1), 0);
    struct reader_places places = {.in = in, .rows = &row, .count = 1, .assigned = true};
    places.newest_ms = clock_wall_ms() + day_ms;  /* one broker's clock is ahead: ours then counts */
    ck_assert_int_eq(reader_keep(&places, 1), 0); /* not at once */
    kafka_ends(in, "payment", &first, &end);
    ck_assert_int_eq(first, 0);
    ck_assert_int_eq(end, 9);
    for (int64_t until = clock_steady_ms() + WAIT_MS; first == 0 && clock_steady_ms() < until;) {
        places.kept_ms -= HOUR_MS; /* a broker that does not answer is asked again in the next hour */
        ck_assert_int_eq(reader_keep(&places, 1), 0);
        kafka_ends(in, "payment", &first, &end);
    }
    ck_assert_int_eq(first, 4);
    kafka_in_free(in);
    kafka_out_free(out);
}
END_TEST

START_TEST(a_clock_that_is_ahead_deletes_nothing)
{
    int64_t first, end, now = clock_wall_ms(), steady = clock_steady_ms();
    struct kafka_out *out = producer_new(NULL);
    struct kafka_in *in = NULL;
    const struct kafka_in_config config = {.name_space = name_space, .client = "test"};
    const struct kafka_in_place place = {.topic = "payment", .partition = 0, .offset = -1};
    struct reader_place row = {.at = {"payment", 0, 9, 9}};
    kafka_send_some(out, "payment", "foobar", 9);
    ck_assert_int_eq(kafka_out_flush(out, WAIT_MS), 0);
    ck_assert_int_eq(kafka_in_new(&config, &in), 0);
    ck_assert_int_eq(kafka_in_assign(in, &place, 1), 0);
    struct reader_places places = {.in = in, .rows = &row, .count = 1, .assigned = true};
    for (int seen = 0; seen < 2; seen++) {
        places.kept_ms = steady - HOUR_MS;
        places.newest_ms = seen ? now : 0; /* nothing was read yet; then one of just now */
        clock_hold(now + 30 * day_ms, steady);
        int result = reader_keep(&places, 7 * day_ms);
        clock_release();
        ck_assert_int_eq(result, 0);
        ck_assert_int_eq(places.kept_ms, seen ? steady : steady - HOUR_MS);
        kafka_ends(in, "payment", &first, &end);
        ck_assert_int_eq(first, 0);
    }
    kafka_in_free(in);
    kafka_out_free(out);
}
END_TEST

TCase *real_cases(void)
{
    TCase *cases = tcase_create("real");
    if (!getenv("COLIS_KAFKA_BROKERS"))
        return cases;
    tcase_add_checked_fixture(cases, start, stop);
    tcase_set_timeout(cases, 90);
    tcase_add_test(cases, a_position_moves_past_the_marker_of_a_transaction);
    tcase_add_test(cases, old_records_are_deleted_up_to_what_is_stored);
    tcase_add_test(cases, a_clock_that_is_ahead_deletes_nothing);
    return cases;
}
