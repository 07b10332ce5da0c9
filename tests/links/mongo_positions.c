/* SPDX-License-Identifier: Apache-2.0
 * Positions of a reader in MongoDB: they never move back, and belong to one cluster. */
#include <stdlib.h>

#include "tests/links/mongo_cases.h"

static int64_t stored(const char *reader, int32_t partition)
{
    struct mongo_position position = {.topic = "parcel", .partition = partition};
    ck_assert_int_eq(mongo_positions_load(store_link(), reader, &position, 1), MONGO_DONE);
    return position.next;
}

static void save(const char *reader, int32_t partition, int64_t next)
{
    struct mongo_position position = {.topic = "parcel", .partition = partition, .next = next};
    ck_assert_int_eq(mongo_positions_save(store_link(), reader, &position, 1), MONGO_DONE);
}

START_TEST(a_position_nobody_saved_is_none)
{
    ck_assert_int_eq(stored("history", 0), -1);
}
END_TEST

START_TEST(a_position_never_moves_back)
{
    save("history", 0, 10);
    ck_assert_int_eq(stored("history", 0), 10);
    save("history", 0, 7);
    ck_assert_int_eq(stored("history", 0), 10);
    save("history", 0, 10);
    save("history", 0, INT64_C(5000000000));
    ck_assert_int_eq(stored("history", 0), INT64_C(5000000000));
}
END_TEST

START_TEST(readers_and_partitions_have_their_own)
{
    save("history", 0, 1);
    save("history", 10, 2);
    save("other", 0, 3);
    ck_assert_int_eq(stored("history", 0), 1);
    ck_assert_int_eq(stored("history", 10), 2);
    ck_assert_int_eq(stored("other", 0), 3);
    ck_assert_int_eq(stored("other", 10), -1);
}
END_TEST

START_TEST(many_are_saved_and_loaded_at_once)
{
    struct mongo_position positions[20];
    for (int at = 0; at < 20; at++)
        positions[at] = (struct mongo_position){at % 2 ? "parcel" : "trip", at, 100 + at};
    ck_assert_int_eq(mongo_positions_save(store_link(), "history", positions, 20), MONGO_DONE);
    for (int at = 0; at < 20; at++)
        positions[at].next = 0;
    ck_assert_int_eq(mongo_positions_load(store_link(), "history", positions, 20), MONGO_DONE);
    for (int at = 0; at < 20; at++)
        ck_assert_int_eq(positions[at].next, 100 + at);
}
END_TEST

START_TEST(positions_belong_to_one_cluster)
{
    ck_assert_int_eq(mongo_cluster(store_link(), "history", "one"), MONGO_DONE);
    ck_assert_int_eq(mongo_cluster(store_link(), "history", "one"), MONGO_DONE);
    ck_assert_int_eq(mongo_cluster(store_link(), "history", "two"), MONGO_CONFLICT);
    ck_assert_int_eq(mongo_cluster(store_link(), "other", "two"), MONGO_DONE);
}
END_TEST

START_TEST(a_position_that_is_refused_is_to_be_tried_again)
{
    struct mongo_position position = {.topic = "parcel", .partition = 0, .next = 7};
    store_refuse_positions();
    ck_assert_int_eq(mongo_positions_save(store_link(), "history", &position, 1), MONGO_RETRY);
    ck_assert_str_eq(mongo_why(), "server error 121");
}
END_TEST

START_TEST(is_alive_when_a_write_goes_through)
{
    ck_assert_int_eq(mongo_alive(store_link()), MONGO_DONE);
    ck_assert_int_eq(mongo_alive(store_link()), MONGO_DONE);
}
END_TEST

TCase *position_cases(void)
{
    TCase *cases = tcase_create("positions");
    tcase_add_checked_fixture(cases, store_make, store_free);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_position_nobody_saved_is_none);
    tcase_add_test(cases, a_position_never_moves_back);
    tcase_add_test(cases, readers_and_partitions_have_their_own);
    tcase_add_test(cases, many_are_saved_and_loaded_at_once);
    tcase_add_test(cases, positions_belong_to_one_cluster);
    tcase_add_test(cases, a_position_that_is_refused_is_to_be_tried_again);
    tcase_add_test(cases, is_alive_when_a_write_goes_through);
    return cases;
}
