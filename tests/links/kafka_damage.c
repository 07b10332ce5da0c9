/* SPDX-License-Identifier: Apache-2.0
 * shared/links/kafka_in.h where what a broker sends was damaged: no record is skipped, and damage that stays
 * is told. The wire is this process's own recvmsg and recv: they spoil a record of one key. */
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "tests/links/kafka_cases.h"

static const char damaged[] =
    "QZJXKVWY";           /* the key; like nothing else in a batch, so no compressor hides it */
static atomic_int spoils; /* so many replies are */

static struct kafka_cluster cluster;
static struct kafka_ledger ledger;

static void spoil(char *data, size_t size)
{
    char *found = size > 0 ? memmem(data, size, damaged, strlen(damaged)) : NULL;
    if (found && atomic_load(&spoils) > 0) {
        atomic_fetch_sub(&spoils, 1);
        found[0] ^= 1;
    }
}

/* Instead of the C library's, for librdkafka in this process. */
ssize_t recvmsg(int descriptor, struct msghdr *message, int flags)
{
    ssize_t got = syscall(SYS_recvmsg, descriptor, message, flags);
    size_t left = got > 0 ? (size_t)got : 0;
    for (size_t at = 0; at < message->msg_iovlen && left > 0; at++) {
        size_t size = left < message->msg_iov[at].iov_len ? left : message->msg_iov[at].iov_len;
        spoil(message->msg_iov[at].iov_base, size);
        left -= size;
    }
    return got;
}

ssize_t recv(int descriptor, void *data, size_t size, int flags)
{
    ssize_t got = syscall(SYS_recvfrom, descriptor, data, size, flags, NULL, NULL);
    if (got > 0)
        spoil(data, (size_t)got);
    return got;
}

/* 0..2, the damaged 3, 4..6, each a batch of its own. */
static void start(void)
{
    kafka_cluster_start(&cluster);
    kafka_cluster_topic(&cluster, "commands", 1);
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    for (int number = 0; number < 7; number++) {
        kafka_send_some(out, "commands", number == 3 ? damaged : "k", 1);
        ck_assert_int_eq(kafka_out_flush(out, KAFKA_PATIENCE_MS), 0);
    }
    ck_assert_int_eq(ledger.delivered, 7);
    kafka_out_free(out);
}

static void stop(void)
{
    kafka_cluster_stop(&cluster);
}

static void next_is(struct kafka_in *in, int64_t offset)
{
    struct kafka_record *record;
    struct kafka_in_place place;
    ck_assert_int_eq(kafka_next(in, &record, &place), 0);
    ck_assert_int_eq(kafka_record_event(record)->offset, offset);
    kafka_record_free(record);
}

START_TEST(what_came_damaged_once_is_read_again)
{
    atomic_store(&spoils, 1); /* before the reader: its library fetches from then on */
    struct kafka_in *in = kafka_hand_reader("commands");
    for (int64_t offset = 0; offset < 7; offset++)
        next_is(in, offset);
    ck_assert_int_eq(atomic_load(&spoils), 0);
    ck_assert(!kafka_in_damaged(in));
    kafka_in_free(in);
}
END_TEST

START_TEST(damage_that_stays_is_told_and_nothing_is_skipped_or_lost)
{
    atomic_store(&spoils, 1000);
    struct kafka_in *in = kafka_hand_reader("commands");
    struct kafka_record *record;
    struct kafka_in_place place;
    for (int64_t offset = 0; offset < 3; offset++)
        next_is(in, offset);
    int64_t until = clock_steady_ms() + KAFKA_PATIENCE_MS;
    while (!kafka_in_damaged(in)) {
        ck_assert_int_lt(clock_steady_ms(), until);
        ck_assert_int_eq(kafka_in_poll(in, 100, &record, &place), KAFKA_NOTHING);
    }
    ck_assert_int_ge(atomic_load(&spoils), 900); /* it is not asked without a rest */
    atomic_store(&spoils, 0);
    for (int64_t offset = 3; offset < 7; offset++)
        next_is(in, offset);
    ck_assert(!kafka_in_damaged(in));
    kafka_in_free(in);
}
END_TEST

START_TEST(a_damaged_partition_does_not_stop_another)
{
    kafka_cluster_topic(&cluster, "dead", 1);
    struct kafka_out *out = kafka_producer(&ledger, NULL);
    kafka_send_some(out, "dead", "k", 5);
    ck_assert_int_eq(kafka_out_flush(out, KAFKA_PATIENCE_MS), 0);
    kafka_out_free(out);
    atomic_store(&spoils, 1000);
    struct kafka_in *in = kafka_hand_reader("commands");
    const struct kafka_in_place places[] = {{"commands", 0, 3}, {"dead", 0, -1}};
    ck_assert_int_eq(kafka_in_assign(in, places, 2), 0);
    for (int64_t offset = 0; offset < 5; offset++)
        next_is(in, offset);
    kafka_in_free(in);
}
END_TEST

TCase *kafka_damage_cases(void)
{
    TCase *cases = tcase_create("damage");
    tcase_add_checked_fixture(cases, start, stop);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, what_came_damaged_once_is_read_again);
    tcase_add_test(cases, damage_that_stays_is_told_and_nothing_is_skipped_or_lost);
    tcase_add_test(cases, a_damaged_partition_does_not_stop_another);
    return cases;
}
