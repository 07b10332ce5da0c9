/* SPDX-License-Identifier: Apache-2.0
 * The store in memory. Breaking the order of the verbs fails the test here, wherever it is called from. */
#include "tests/run/ram_store.h"

#include <check.h>
#include <string.h>

#include "shared/run/service.h"

void ram_store_start(struct ram_store *store)
{
    memset(store, 0, sizeof *store);
    for (int at = 0; at < RAM_PARTITIONS; at++)
        store->positions[at] = -1;
    store->bad_offset = -1;
}

void ram_store_restart(struct ram_store *store)
{
    struct ram_store next;
    ram_store_start(&next);
    memcpy(next.positions, store->positions, sizeof next.positions);
    memcpy(next.stored, store->stored, sizeof next.stored);
    memcpy(next.rejected, store->rejected, sizeof next.rejected);
    next.stored_count = store->stored_count;
    next.rejected_count = store->rejected_count;
    next.rejects_elsewhere = store->rejects_elsewhere;
    next.bad_offset = store->bad_offset;
    next.bad_as = store->bad_as;
    *store = next;
}

static bool crashes(struct ram_store *store, bool after)
{
    return store->crash_at > 0 && store->steps == store->crash_at && store->crash_after == after;
}

/* What the plan says of this call: an outcome, or negative. */
static int planned(struct ram_store *store, enum ram_step step)
{
    int call = ++store->calls[step], from = store->fail_at[step];
    store->steps++;
    if (crashes(store, false))
        return error_new(ERROR_SYSTEM, "crash before step %d", store->steps);
    if (from > 0 && call >= from && call <= from + store->fail_times[step]) {
        reader_because("planned");
        return (int)store->fail_as[step];
    }
    return READER_DONE;
}

static int done(struct ram_store *store)
{
    if (crashes(store, true))
        return error_new(ERROR_SYSTEM, "crash after step %d", store->steps);
    return READER_DONE;
}

static void stop_when_enough(const struct ram_store *store)
{
    if (store->stop_after > 0 && store->stored_count + store->rejected_count >= store->stop_after)
        service_stop();
}

static int positions(void *self, struct reader_position *asked, size_t count)
{
    struct ram_store *store = self;
    int outcome = planned(store, RAM_POSITIONS);
    for (size_t at = 0; at < count && outcome == READER_DONE; at++)
        asked[at].next = store->positions[asked[at].partition];
    return outcome == READER_DONE ? done(store) : outcome;
}

static int begin(void *self, const struct event *events, size_t count, const struct reader_position *moves,
                 size_t move_count)
{
    struct ram_store *store = self;
    (void)events;
    ck_assert_msg(!store->open, "begin inside a transaction");
    ck_assert_uint_ge(move_count, 1);
    ck_assert_uint_le(count, RAM_EVENTS);
    int outcome = planned(store, RAM_BEGIN);
    store->open = true;
    store->pending_count = 0;
    for (size_t at = 0; at < move_count && outcome == READER_DONE; at++) {
        ck_assert_int_gt(moves[at].next, moves[at].from);
        if (store->positions[moves[at].partition] != moves[at].from)
            outcome = READER_MOVED;
    }
    return outcome == READER_DONE ? done(store) : outcome;
}

static int handle(void *self, const struct event *event)
{
    struct ram_store *store = self;
    ck_assert(store->open);
    int outcome = planned(store, RAM_HANDLE);
    if (outcome == READER_DONE && event->offset == store->bad_offset && !store->fails_late) {
        reader_because("bad event %d", (int)event->offset);
        return (int)store->bad_as;
    }
    if (outcome == READER_DONE)
        store->pending[store->pending_count++] = (struct ram_entry){event->partition, event->offset};
    return outcome == READER_DONE ? done(store) : outcome;
}

static bool holds_bad(const struct ram_store *store)
{
    for (size_t at = 0; at < store->pending_count; at++) {
        if (store->pending[at].offset == store->bad_offset)
            return true;
    }
    return false;
}

static void make_durable(struct ram_store *store, const struct reader_position *moves, size_t count)
{
    memcpy(store->stored + store->stored_count, store->pending,
           store->pending_count * sizeof store->pending[0]);
    store->stored_count += store->pending_count;
    for (size_t at = 0; at < count; at++)
        store->positions[moves[at].partition] = moves[at].next;
    store->pending_count = 0;
}

static int commit(void *self, const struct reader_position *moves, size_t count)
{
    struct ram_store *store = self;
    ck_assert(store->open);
    int outcome = planned(store, RAM_COMMIT);
    if (outcome == READER_DONE && store->fails_late && holds_bad(store)) {
        reader_because("bad event inside");
        return (int)store->bad_as;
    }
    if (outcome == READER_DONE && store->slow_beyond && store->pending_count > store->slow_beyond) {
        reader_because("too much at once");
        return READER_RETRY;
    }
    if (outcome == READER_DONE || (outcome > 0 && store->commit_reply_lost))
        make_durable(store, moves, count);
    if (outcome != READER_DONE)
        return outcome;
    store->open = false;
    stop_when_enough(store);
    return done(store);
}

static void rollback(void *self)
{
    struct ram_store *store = self;
    store->open = false;
    store->pending_count = 0;
}

static int reject(void *self, const struct event *event, const char *reason,
                  const struct reader_position *move)
{
    struct ram_store *store = self;
    ck_assert_msg(!store->open, "reject inside a transaction");
    ck_assert_str_ne(reason, "");
    ck_assert_int_eq(move->next, event->offset + 1);
    int outcome = planned(store, RAM_REJECT);
    if (outcome != READER_DONE)
        return outcome;
    store->rejected[store->rejected_count++] = (struct ram_entry){event->partition, event->offset};
    if (!store->rejects_elsewhere)
        store->positions[move->partition] = move->next;
    stop_when_enough(store);
    return done(store);
}

static void revoked(void *self, const struct reader_position *gone, size_t count)
{
    struct ram_store *store = self;
    (void)gone;
    store->revoked += (int)count;
}

static int idle(void *self)
{
    struct ram_store *store = self;
    ck_assert_msg(!store->open, "idle inside a transaction");
    return planned(store, RAM_IDLE);
}

static int cluster(void *self, const char *id)
{
    struct ram_store *store = self;
    store->seen_cluster = store->cluster ? store->cluster : "any";
    return !store->cluster || strcmp(store->cluster, id) == 0 ? READER_DONE : READER_REJECT;
}

const struct reader_verbs ram_store_verbs = {.positions = positions,
                                             .begin = begin,
                                             .handle = handle,
                                             .commit = commit,
                                             .rollback = rollback,
                                             .reject = reject,
                                             .revoked = revoked,
                                             .idle = idle,
                                             .cluster = cluster};
const struct reader_verbs ram_store_verbs_plain = {.positions = positions,
                                                   .begin = begin,
                                                   .handle = handle,
                                                   .commit = commit,
                                                   .rollback = rollback,
                                                   .reject = reject};
