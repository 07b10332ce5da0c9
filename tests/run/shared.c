/* SPDX-License-Identifier: Apache-2.0
 * Two processes of one reader on the real broker, and one store between them: partitions go from one to the
 * other while both are at work, and the position in the store decides who may write. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/run/service.h"
#include "tests/links/kafka_cases.h"
#include "tests/run/cases.h"
#include "tests/run/ram_store.h"

enum { PARTITIONS = 3, RECORDS = 900, WAIT_MS = 60000 };

/* Seen by all processes. A transaction holds the lock from begin to its end, as rows FOR UPDATE would. */
struct common {
    pthread_mutex_t lock;
    struct ram_store store;
    _Atomic size_t stored, allowed; /* no more than this many for now */
    pid_t given[8];                 /* processes that were given partitions, in that order */
    int given_count;
    pthread_cond_t changed;
    _Atomic int leaver; /* the process that is asked to leave */
};
static struct common *common;
static const char *const payment[] = {"payment", NULL};
static struct kafka_ledger ledger;

static int positions(void *self, struct reader_position *asked, size_t count)
{
    pthread_mutex_lock(&common->lock);
    if (common->given_count < 8)
        common->given[common->given_count++] = getpid();
    int outcome = ram_store_verbs.positions(self, asked, count);
    pthread_cond_broadcast(&common->changed);
    pthread_mutex_unlock(&common->lock);
    return outcome;
}

static int begin(void *self, const struct event *events, size_t count, const struct reader_position *moves,
                 size_t move_count)
{
    pthread_mutex_lock(&common->lock);
    int outcome = ram_store_verbs.begin(self, events, count, moves, move_count);
    return outcome == READER_DONE && common->stored >= common->allowed ? READER_RETRY : outcome;
}

static int handle(void *self, const struct event *event)
{
    return ram_store_verbs.handle(self, event);
}

static int commit(void *self, const struct reader_position *moves, size_t count)
{
    int outcome = ram_store_verbs.commit(self, moves, count);
    common->stored = common->store.stored_count;
    pthread_cond_broadcast(&common->changed);
    if (outcome == READER_DONE)
        pthread_mutex_unlock(&common->lock);
    return outcome;
}

static void rollback(void *self)
{
    ram_store_verbs.rollback(self);
    pthread_mutex_unlock(&common->lock);
}

static int leave_when_told(void *self)
{
    (void)self;
    if (common->stored == RECORDS || common->leaver == getpid())
        service_stop();
    return READER_DONE;
}

static pid_t reader_start(void)
{
    static const struct reader_verbs verbs = {.positions = positions,
                                              .begin = begin,
                                              .handle = handle,
                                              .commit = commit,
                                              .rollback = rollback,
                                              .idle = leave_when_told};
    const struct reader reader = {
        .name = "shared", .topics = payment, .verbs = &verbs, .self = &common->store};
    pid_t child = fork();
    if (child == 0)
        _exit(reader_run(&reader) == 0 ? 0 : 1);
    return child;
}

static void reader_join(pid_t child)
{
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void send_all(int count)
{
    struct kafka_out *out = NULL;
    char key[16];
    const struct kafka_out_config config = {.name_space = service_values.name_space,
                                            .client = "test",
                                            .reported = kafka_ledger_take,
                                            .self = &ledger};
    ck_assert_int_eq(kafka_out_new(&config, &out), 0);
    for (int number = 0; number < count; number++) {
        snprintf(key, sizeof key, "k%d", number % 31);
        kafka_send_some(out, "payment", key, 1);
    }
    ck_assert_int_eq(kafka_out_flush(out, WAIT_MS), 0);
    kafka_out_free(out);
}

static bool was_given(pid_t child)
{
    for (int at = 0; at < common->given_count; at++) {
        if (common->given[at] == child)
            return true;
    }
    return child == 0;
}

/* Until so many are stored, and child (0: nobody) has had partitions. */
static void await(size_t count, pid_t child)
{
    struct timespec until;
    int late = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_MS / 1000;
    pthread_mutex_lock(&common->lock);
    while (late == 0 && (common->stored < count || !was_given(child)))
        late = pthread_cond_timedwait(&common->changed, &common->lock, &until);
    pthread_mutex_unlock(&common->lock);
    ck_assert_int_eq(late, 0);
}

static void start(void)
{
    static char program[] = "test";
    char *argv[] = {program, NULL};
    const struct setting *const tables[] = {kafka_settings, kafka_out_settings, reader_settings,
                                            service_settings, NULL};
    struct id id;
    pthread_mutexattr_t across;
    pthread_condattr_t across_too;
    kafka_topic_patience();
    ck_assert_msg(settings_read(tables, 1, argv, getenv) == 0, "%s", error_text());
    id_v7(clock_wall_ms(), &id);
    snprintf(service_values.name_space, sizeof service_values.name_space, "test-%s", id.text);
    kafka_topic_make(service_values.name_space, "payment", PARTITIONS, NULL, NULL);
    common = mmap(NULL, sizeof *common, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(common, MAP_FAILED);
    pthread_mutexattr_init(&across);
    pthread_mutexattr_setpshared(&across, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&common->lock, &across);
    pthread_condattr_init(&across_too);
    pthread_condattr_setpshared(&across_too, PTHREAD_PROCESS_SHARED);
    pthread_cond_init(&common->changed, &across_too);
    ram_store_start(&common->store);
}

static void stop(void)
{
    kafka_topic_drop(service_values.name_space, "payment");
}

static void check_ledger(void)
{
    int64_t next[RAM_PARTITIONS] = {0};
    for (size_t at = 0; at < common->store.stored_count; at++) {
        const struct ram_entry *entry = &common->store.stored[at];
        ck_assert_int_eq(entry->offset, next[entry->partition]);
        next[entry->partition]++;
    }
    ck_assert_int_eq(next[0] + next[1] + next[2], RECORDS);
}

START_TEST(partitions_change_hands_and_nothing_is_lost_or_doubled)
{
    common->allowed = 1;
    pid_t first = reader_start();
    send_all(RECORDS / 3);
    await(1, first);
    pid_t second = reader_start();
    await(1, second); /* the first holds a batch it may not store while its partitions go */
    send_all(RECORDS / 3);
    common->allowed = RECORDS / 2;
    await(RECORDS / 2, 0);
    common->leaver = first;
    common->allowed = RECORDS + 1; /* who may not store does not come to leaving */
    reader_join(first);
    send_all(RECORDS / 3);
    reader_join(second);
    check_ledger();
    ck_assert_int_ge(common->store.calls[RAM_POSITIONS], 3);
}
END_TEST

TCase *shared_cases(void)
{
    TCase *cases = tcase_create("shared");
    if (!getenv("COLIS_KAFKA_BROKERS"))
        return cases;
    tcase_add_checked_fixture(cases, start, stop);
    tcase_set_timeout(cases, 90);
    tcase_add_test(cases, partitions_change_hands_and_nothing_is_lost_or_doubled);
    return cases;
}
