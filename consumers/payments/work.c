/* SPDX-License-Identifier: Apache-2.0
 * The turns of the working half: claim, do, record. A kill between doing and recording leaves the row to be
 * claimed again, marked as asked. */
#include "consumers/payments/work.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/base/crypto.h"
#include "shared/base/fail.h"
#include "shared/base/log.h"
#include "shared/base/metric.h"
#include "shared/run/service.h"

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    HOUR_MS = 60 * MINUTE_MS,
    DAY_MS = 24 * HOUR_MS,
    HINT_MS = 200, /* wait for a hint before looking by oneself */
    AWAY_MS = 500, /* before PostgreSQL is asked again */
    LATER_MS = 500,
    LATER_MOST_MS = 5 * MINUTE_MS,
};

static int64_t claim_ms, ahead_ms;

/* clang-format off */
const struct setting work_settings[] = {
    {"payments_claim_ms", SETTING_INTEGER, "150000", 1000, 3600000,
     .help = "a task still being done after this was cut by a crash; four times flutterwave_timeout_ms or more",
     .target = &claim_ms},
    {"payments_ahead_ms", SETTING_INTEGER, "0", 0, INT64_C(31536000000),
     .help = "for rehearsals: how far this program's clock runs ahead, so that holds end", .target = &ahead_ms},
    {0},
};

/* How old a thing is, and when it is asked about next. slow: banks take up to 15 working days for it. */
static const struct {
    int64_t until_ms, again_ms;
    bool slow;
} asking[] = {
    { 1 * MINUTE_MS,       1 * MINUTE_MS},
    { 5 * MINUTE_MS,       4 * MINUTE_MS},
    {15 * MINUTE_MS,      10 * MINUTE_MS},
    {60 * MINUTE_MS,      15 * MINUTE_MS},
    {72 * (int64_t)HOUR_MS, 1 * HOUR_MS},
    {30 * (int64_t)DAY_MS,  1 * DAY_MS, .slow = true},
};

static const struct step_row {
    const char *kind, *step;
    work_step act;
} steps[] = {
    {"attempt", "create", attempt_create},
    {"attempt", "watch",  attempt_watch},
    {"refund",  "claim",  order_claim},
    {"refund",  "send",   order_send},
    {"refund",  "watch",  order_watch},
    {"payout",  "claim",  order_claim},
    {"payout",  "send",   order_send},
    {"payout",  "watch",  order_watch},
    {"report",  "verify", report_verify},
};
/* clang-format on */

static struct metric done_metric = {
    .name = "colis_payments_turns_total", .kind = METRIC_COUNTER, .help = "steps of tasks that were taken"};
static struct metric later_metric = {.name = "colis_payments_later_total",
                                     .kind = METRIC_COUNTER,
                                     .help =
                                         "steps put off: the provider, or the projector, did not take them"};
static struct metric dead_metric = {.name = "colis_payments_dead_total",
                                    .kind = METRIC_COUNTER,
                                    .help = "tasks given up: staff must look at bus.payment_task"};

static struct {
    struct work work;
    struct past past;
    pthread_t thread;
    int result;
} working;

void work_metrics(void)
{
    metric_register(&done_metric);
    metric_register(&later_metric);
    metric_register(&dead_metric);
}

int64_t work_ask_again(int64_t age_ms, bool slow)
{
    for (size_t at = 0; at < sizeof asking / sizeof asking[0]; at++)
        if (age_ms < asking[at].until_ms && (slow || !asking[at].slow))
            return asking[at].again_ms;
    return -1;
}

int64_t work_age(const struct work *work, const struct task *task)
{
    return work->now_ms - task->since_ms;
}

/* Longer with each claim of the task; at least half of it, the rest by chance. */
static int64_t backoff_ms(const struct task *task)
{
    int64_t ms = LATER_MS;
    uint16_t chance;

    for (int64_t at = 1; at < task->attempts && ms < LATER_MOST_MS; at++)
        ms *= 2;
    ms = ms < LATER_MOST_MS ? ms : LATER_MOST_MS;
    crypto_random(&chance, sizeof chance);
    return ms / 2 + (ms / 2) * chance / UINT16_MAX;
}

/* What has to be made is tried for ever: it is owed. */
static bool may_end(const struct task *task)
{
    return strcmp(task->step, "create") != 0 && strcmp(task->step, "send") != 0;
}

struct task_result work_later(const struct work *work, const struct task *task, const char *why)
{
    int64_t ms = backoff_ms(task), rest_ms = flutterwave_rest(work->flutterwave) * SECOND_MS;

    if (may_end(task) && work_ask_again(work_age(work, task), strcmp(task->kind, "refund") == 0) < 0)
        return (struct task_result){.step = "dead", .reason = why};
    metric_add(&later_metric, 1);
    log_seldom(LOG_LEVEL_WARN, "a step is put off", .err = why);
    return (struct task_result){.step = task->step, .delay_ms = ms > rest_ms ? ms : rest_ms, .reason = why};
}

static void wait_ms(int64_t ms)
{
    struct pollfd stop = {.fd = service_stop_descriptor(), .events = POLLIN};

    if (!service_stopping())
        (void)poll(&stop, 1, (int)ms);
}

/* What was done is known here alone until it is recorded: it is tried for as long as the claim lasts.
 * TASK_AWAY: in vain; whoever claims the task next does it again. */
static int record(const struct task *task, const struct task_result *result)
{
    int64_t until = clock_steady_ms() + claim_ms;

    for (;;) {
        int outcome = task_record(working.work.postgres, task, ahead_ms, result);

        if (outcome <= 0)
            return error_forward(outcome);
        if (service_stopping() || clock_steady_ms() > until)
            return TASK_AWAY;
        wait_ms(AWAY_MS);
    }
}

static void count(const struct task *task, const struct task_result *result)
{
    metric_add(&done_metric, 1);
    if (strcmp(result->step, "dead") != 0)
        return;
    metric_add(&dead_metric, 1);
    log_with(LOG_LEVEL_ERROR, "a payment task is given up", .event = task->id.text, .err = result->reason);
}

static work_step step_of(const struct task *task)
{
    for (size_t at = 0; at < sizeof steps / sizeof steps[0]; at++)
        if (strcmp(steps[at].kind, task->kind) == 0 && strcmp(steps[at].step, task->step) == 0)
            return steps[at].act;
    return NULL;
}

static struct task_result not_said(const struct task *task, int64_t least_ms)
{
    int64_t ms = backoff_ms(task);

    return (struct task_result){
        .step = task->step, .delay_ms = ms > least_ms ? ms : least_ms, .reason = "not decided yet"};
}

static int act(const struct task *task)
{
    struct task_result result = {.step = task->step};
    work_step step = step_of(task);
    int outcome;

    if (!step)
        return error_new(ERROR_DATA, "task %s stands at %s, which is no step of %s", task->id.text,
                         task->step, task->kind);
    FAIL_POINT_OF("payments-claimed", task->step);
    outcome = step(&working.work, task, &result);
    FAIL_POINT_OF("payments-acted", task->step);
    if (outcome < 0)
        return error_forward(outcome);
    if (outcome == WORK_AWAY) /* whatever was to follow, it follows only what was said */
        result = not_said(task, result.delay_ms);
    outcome = record(task, &result);
    if (outcome == 0)
        count(task, &result);
    return outcome < 0 ? error_forward(outcome) : 0;
}

static int turn(void)
{
    CLEANUP(task_done) struct task task = {0};
    int outcome = task_claim(&working.past, claim_ms, ahead_ms, &task);

    working.work.now_ms = clock_wall_ms() + ahead_ms;
    if (outcome == 0)
        return error_forward(act(&task));
    if (outcome == TASK_EMPTY)
        outcome = postgres_wait(working.work.postgres, HINT_MS) == POSTGRES_DONE ? 0 : TASK_AWAY;
    if (outcome == TASK_AWAY)
        wait_ms(AWAY_MS);
    return outcome < 0 ? error_forward(outcome) : 0;
}

static void *turns(void *unused)
{
    (void)unused;
    while (working.result == 0 && !service_stopping())
        working.result = turn();
    if (working.result < 0)
        log_with(LOG_LEVEL_ERROR, "the working half ends on a failure", .err = error_text());
    service_stop();
    return NULL;
}

int work_start(void)
{
    struct work *work = &working.work;

    TRY(flutterwave_new(claim_ms, &work->flutterwave));
    TRY(postgres_new("colis-payments", service_values.name_space, &work->postgres));
    postgres_statements(work->postgres, task_statements);
    postgres_statements(work->postgres, past_statements);
    working.past = (struct past){.postgres = work->postgres};
    postgres_listen(work->postgres, "payment_task", NULL, NULL);
    TRY(publisher_new(work->postgres, &work->publisher));
    if (pthread_create(&working.thread, NULL, turns, NULL) != 0)
        return error_new(ERROR_SYSTEM, "no thread for the work");
    return 0;
}

int work_stop(void)
{
    pthread_join(working.thread, NULL);
    flutterwave_free(working.work.flutterwave);
    publisher_free(working.work.publisher);
    postgres_free(working.work.postgres);
    return working.result < 0 ? error_new(working.result, "the working half failed: see the log") : 0;
}
