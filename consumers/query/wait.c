/* SPDX-License-Identifier: Apache-2.0
 * Those who wait for verdicts, asked for all at once: one statement for everybody whenever the projector
 * hints that it decided something, and every 250 ms in case a hint was lost. A session of its own listens and
 * asks, so that reads never stand behind it. A batch follows another no sooner than that one took: however
 * many wait and however often it is hinted, half of the server's time there is left to others. */
#include "consumers/query/query.h"

#include <string.h>

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/metric.h"

enum { TICK_MS = 250 };

/* The pairs of command and principal; who is not the principal gets nothing. */
static const struct postgres_statement statements[] = {
    {"verdicts", "select v.place, " VERDICT_SQL " from bus.verdicts($1::uuid[], $2::uuid[]) v"}, {0}};

static struct metric waiters = {
    .name = "colis_query_waiters", .help = "Requests that wait for a verdict.", .kind = METRIC_GAUGE};
static struct metric batches_total = {.name = "colis_query_wait_batches_total",
                                      .help = "Statements asked for those who wait.",
                                      .kind = METRIC_COUNTER};

void waits_metrics(void)
{
    metric_register(&waiters);
    metric_register(&batches_total);
}

void waits_leave(struct waits *waits, struct waiter *waiter)
{
    if (!waiter->told)
        return;
    if (waiter->previous)
        waiter->previous->next = waiter->next;
    else
        waits->first = waiter->next;
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    if (waits->asked && waiter->place < waits->batch_count)
        waits->batch[waiter->place] = NULL;
    waiter->told = NULL;
    waits->count--;
    metric_set(&waiters, (int64_t)waits->count);
}

static void tell(struct waits *waits, struct waiter *waiter, const struct verdict *verdict)
{
    void (*told)(struct call * call, const struct verdict *verdict) = waiter->told;
    waits_leave(waits, waiter);
    told(waiter->call, verdict);
}

static void look(struct waits *waits);

/* As long as the batch took; then for those who came since, if any did. */
static void rest(struct waits *waits)
{
    int64_t now_ms = clock_steady_ms(), took_ms = now_ms - waits->asked_ms;
    waits->rest_until_ms = now_ms + (took_ms > 0 ? took_ms : 1);
    if (waits->again)
        look(waits);
}

static void answered(void *self, int outcome, struct postgres_rows *rows, int count)
{
    struct waits *waits = self;
    struct verdict verdict;
    (void)count;
    if (outcome != POSTGRES_DONE)
        log_seldom(LOG_LEVEL_WARN, "verdicts could not be asked for", .err = postgres_why(waits->link));
    for (int row = 0; outcome == POSTGRES_DONE && row < rows[0].count; row++) {
        uint64_t place = (uint64_t)postgres_integer(&rows[0], row, 0);
        if (place >= waits->batch_count || !waits->batch[place])
            continue;
        verdict_fetch(&rows[0], row, 1, &verdict);
        tell(waits, waits->batch[place], &verdict);
    }
    waits->asked = false;
    for (struct waiter *waiter = waits->first; waiter; waiter = waiter->next)
        waiter->place = SIZE_MAX;
    rest(waits);
}

static void ask(struct waits *waits)
{
    if (waits->count == 0)
        return;
    postgres_array_start(&waits->ids, POSTGRES_UUID);
    postgres_array_start(&waits->principals, POSTGRES_UUID);
    waits->batch_count = 0;
    for (struct waiter *waiter = waits->first; waiter; waiter = waiter->next) {
        waiter->place = waits->batch_count;
        waits->batch[waits->batch_count++] = waiter;
        postgres_array_text(&waits->ids, span_of(waiter->command.text));
        postgres_array_text(&waits->principals, span_of(waiter->call->claims.subject.text));
    }
    const struct postgres_value values[] = {{.array = &waits->ids}, {.array = &waits->principals}};
    waits->asked_ms = clock_steady_ms();
    postgres_ask(waits->link, "verdicts", values, 2);
    waits->asked = postgres_end(waits->link, answered, waits) == POSTGRES_DONE;
    if (waits->asked)
        metric_add(&batches_total, 1);
}

/* While a batch is on its way or rests, this only makes sure that another follows. */
static void look(struct waits *waits)
{
    int64_t left_ms = waits->rest_until_ms - clock_steady_ms();
    waits->again = waits->asked || left_ms > 0;
    if (!waits->again)
        ask(waits);
    else if (!waits->asked)
        loop_timer_start(waits->pace, left_ms, 0);
}

static void hint(void *self)
{
    struct waits *waits = self;
    if (!waits->again)
        look(waits);
}

static int on_pace(void *self)
{
    look(self);
    return 0;
}

static int on_tick(void *self)
{
    struct waits *waits = self;
    int64_t now_ms = clock_steady_ms();
    struct waiter *next;
    for (struct waiter *waiter = waits->first; waiter; waiter = next) {
        next = waiter->next;
        if (waiter->until_ms <= now_ms)
            tell(waits, waiter, NULL);
    }
    if (waits->count == 0)
        loop_timer_stop(waits->tick);
    hint(waits);
    return 0;
}

int waits_add(struct waits *waits, struct call *call, const struct id *command, int64_t for_ms,
              void (*told)(struct call *call, const struct verdict *verdict))
{
    if (waits->count >= waits->cap)
        return WAITS_FULL;
    if (waits->count++ == 0)
        loop_timer_start(waits->tick, TICK_MS, TICK_MS);
    call->waiter = (struct waiter){.call = call,
                                   .next = waits->first,
                                   .command = *command,
                                   .until_ms = clock_steady_ms() + for_ms,
                                   .place = SIZE_MAX,
                                   .told = told};
    if (waits->first)
        waits->first->previous = &call->waiter;
    waits->first = &call->waiter;
    metric_set(&waiters, (int64_t)waits->count);
    hint(waits); /* decided between the look that found nothing and now: no hint would come */
    return 0;
}

void waits_end(struct waits *waits)
{
    while (waits->first)
        tell(waits, waits->first, NULL);
}

int waits_start(struct waits *waits, struct loop *loop, size_t cap)
{
    waits->loop = loop;
    waits->cap = cap;
    waits->batch = memory_new(cap, sizeof(struct waiter *));
    waits->tick = loop_timer_new(loop, on_tick, waits);
    waits->pace = loop_timer_new(loop, on_pace, waits);
    postgres_statements(waits->link, statements);
    postgres_listen(waits->link, "verdict", hint, waits);
    return error_forward(postgres_start(waits->link));
}

void waits_stop(struct waits *waits)
{
    waits_end(waits);
    postgres_free(waits->link);
    waits->link = NULL;
    loop_timer_free(waits->tick);
    loop_timer_free(waits->pace);
    postgres_array_done(&waits->ids);
    postgres_array_done(&waits->principals);
    free(waits->batch);
}
