/* SPDX-License-Identifier: Apache-2.0
 * A crash before and after every single step of a batch: the next life begins where the store is, and in the
 * end every event was stored or rejected once. A step is one call of one verb. */
#include <check.h>

#include "tests/run/batch.h"
#include "tests/run/cases.h"

enum { PARTITIONS = 3, LENGTH = 6, MARKERS = 1, STEPS_MAX = 400 };

/* What goes wrong beside the crash. */
static const struct plan {
    int64_t bad_offset;
    bool elsewhere;         /* rejects store no position */
    enum ram_step failing;  /* the first call of this ... */
    enum reader_outcome as; /* ... gives this; DONE: nothing */
} plans[] = {
    {-1, false, RAM_BEGIN, READER_DONE},    {2, false, RAM_BEGIN, READER_DONE},
    {2, true, RAM_BEGIN, READER_DONE},      {-1, false, RAM_COMMIT, READER_RETRY},
    {2, false, RAM_REJECT, READER_RETRY},   {2, true, RAM_POSITIONS, READER_RETRY},
    {-1, false, RAM_HANDLE, READER_FAILED},
};
static struct batch_fixture fixture;

static void follow(const struct plan *plan)
{
    fixture.store.bad_offset = plan->bad_offset;
    fixture.store.bad_as = READER_REJECT;
    fixture.store.rejects_elsewhere = plan->elsewhere;
    if (plan->as != READER_DONE)
        fixture.store.fail_at[plan->failing] = 1;
    fixture.store.fail_as[plan->failing] = plan->as;
}

/* As reader.c does: RETRY again, MOVED from where the store is. Negative: it crashed. */
static int live(void)
{
    int outcome = READER_MOVED;
    while (outcome == READER_MOVED || outcome == READER_RETRY) {
        if (outcome == READER_MOVED)
            batch_make(&fixture, PARTITIONS, LENGTH, MARKERS);
        outcome = reader_batch_run(&fixture.batch);
    }
    return outcome;
}

/* False: the plan has no such step. */
static bool crash_at(const struct plan *plan, int step, bool after)
{
    ram_store_start(&fixture.store);
    fixture.breaker = (struct reader_breaker){0};
    follow(plan);
    fixture.store.crash_at = step;
    fixture.store.crash_after = after;
    int outcome = live();
    if (outcome == READER_DONE)
        return fixture.store.steps >= step;
    ck_assert_int_lt(outcome, 0);
    ram_store_restart(&fixture.store);
    ck_assert_int_eq(live(), READER_DONE);
    return true;
}

START_TEST(a_crash_between_any_two_steps_loses_and_doubles_nothing)
{
    const struct plan *plan = &plans[_i];
    int step = 1;
    for (bool more = true; more && step < STEPS_MAX; step++) {
        more = crash_at(plan, step, false);
        batch_check_ledger(&fixture.store, PARTITIONS, LENGTH, plan->elsewhere);
        crash_at(plan, step, true);
        batch_check_ledger(&fixture.store, PARTITIONS, LENGTH, plan->elsewhere);
        for (int partition = 0; partition < PARTITIONS; partition++)
            ck_assert_int_eq(fixture.store.positions[partition], LENGTH + MARKERS);
    }
    ck_assert_int_gt(step, PARTITIONS * LENGTH);
    ck_assert_int_lt(step, STEPS_MAX);
}
END_TEST

TCase *crash_cases(void)
{
    TCase *cases = tcase_create("crash");
    tcase_add_loop_test(cases, a_crash_between_any_two_steps_loses_and_doubles_nothing, 0,
                        (int)(sizeof plans / sizeof plans[0]));
    return cases;
}
