/* SPDX-License-Identifier: Apache-2.0
 * An attempt to pay: a page to pay on, and what became of it. The charge itself is believed only as the
 * provider tells it when asked. A page is watched beyond its end, and beyond the payment's: money may come
 * late, or twice. */
#include <string.h>

#include "consumers/payments/work.h"
#include "shared/base/fail.h"

enum { LINK_TRIES = 3, PAID_TWICE_MS = 3600000 };
static const char paid[] = "paid";

/* The page is known here alone: it is said more than once where the broker does not answer. */
static int tell_link(struct work *work, const struct task *task,
                     const struct payment_attempt_opened_v1 *attempt, const char *link)
{
    struct payment_record_link_v1 data = {.n = attempt->n, .expires = attempt->expires};
    const struct publication publication = {.command = &payment_record_link_v1_schema,
                                            .data = &data,
                                            .payment = &task->payment,
                                            .key = &task->booking,
                                            .said = {span_of(attempt->reference), SPAN("link")}};
    int outcome = PUBLISH_AWAY;

    if (text_copy(data.link, sizeof data.link, span_of(link)) != 0)
        return error_new(ERROR_BUG, "a link longer than its schema");
    for (int try = 0; outcome == PUBLISH_AWAY && try < LINK_TRIES; try++)
        outcome = publish(work->publisher, &publication);
    return error_forward(outcome);
}

/* charge: which one, "" where there is none: a payer may try again on the same page. What this task told
 * last says nothing of where the attempt is by now, for reports tell too: the projector knows what is news.
 */
static int tell_outcome(struct work *work, const struct task *task, int32_t outcome, const char *charge,
                        struct task_result *ret_result)
{
    const struct payment_record_attempt_v1 data = {.n = task->n, .outcome = outcome};
    const char *word = choice_text(attempt_outcome_choices, outcome);
    const struct publication publication = {.command = &payment_record_attempt_v1_schema,
                                            .data = &data,
                                            .payment = &task->payment,
                                            .key = &task->booking,
                                            .said = {span_of(task->id.text), span_of(word), span_of(charge)}};

    if (strcmp(task->told, paid) == 0)
        return 0;
    ret_result->told = word;
    return error_forward(publish_news(work->publisher, &publication));
}

static int attempt_read(const struct task *task, struct payment_attempt_opened_v1 *ret_attempt)
{
    if (codec_decode(&payment_attempt_opened_v1_schema, task->data, ret_attempt, NULL) != 0)
        return error_new(ERROR_DATA, "task %s holds no attempt", task->id.text);
    return 0;
}

/* Nobody can pay on it: the sender may try anew. One that may have been made is watched all the same. */
static int give_up(struct work *work, const struct task *task, const char *why,
                   struct task_result *ret_result)
{
    *ret_result = (struct task_result){.step = task->asked ? "watch" : "done",
                                       .delay_ms = task->asked ? work_ask_again(0, false) : 0,
                                       .reason = why};
    return error_forward(tell_outcome(work, task, ATTEMPT_OUTCOME_FAILED, "", ret_result));
}

static int link_make(struct work *work, const struct task *task,
                     const struct payment_attempt_opened_v1 *attempt, struct task_result *ret_result)
{
    const struct flutterwave_payment payment = {.reference = attempt->reference,
                                                .currency = attempt->currency,
                                                .email = task->payer.email,
                                                .name = task->payer.name,
                                                .amount = attempt->amount};
    char link[FLUTTERWAVE_LINK];
    int outcome = flutterwave_link(work->flutterwave, &payment, link);
    const char *why = flutterwave_why(work->flutterwave);

    FAIL_POINT("payments-page-made");
    switch (outcome) {
    case FLUTTERWAVE_DONE:
        *ret_result = (struct task_result){.step = "watch", .delay_ms = work_ask_again(0, false)};
        return error_forward(tell_link(work, task, attempt, link));
    case FLUTTERWAVE_LATER:
        *ret_result = work_later(work, task, why);
        return 0;
    case FLUTTERWAVE_UNKNOWN: /* asked about at the next turn, before anything is made */
        *ret_result =
            (struct task_result){.step = "create", .delay_ms = flutterwave_patience(), .reason = why};
        return 0;
    default:
        return outcome < 0 ? error_forward(outcome) : give_up(work, task, why, ret_result);
    }
}

int attempt_create(struct work *work, const struct task *task, struct task_result *ret_result)
{
    struct payment_attempt_opened_v1 attempt;
    struct flutterwave_charges charges;
    int outcome;

    TRY(attempt_read(task, &attempt));
    if (task->payment_state != PAYMENT_STATUS_DUE) {
        *ret_result =
            (struct task_result){.step = task->asked ? "watch" : "done", .reason = "not due any more"};
        return 0;
    }
    if (!task->has_payer)
        return error_forward(give_up(work, task, "the payer's address is not known", ret_result));
    if (!task->asked)
        return error_forward(link_make(work, task, &attempt, ret_result));
    outcome = flutterwave_charges_find(work->flutterwave, attempt.reference, &charges);
    if (outcome == FLUTTERWAVE_NONE)
        return error_forward(link_make(work, task, &attempt, ret_result));
    if (outcome == FLUTTERWAVE_DONE)
        *ret_result = (struct task_result){.step = "watch"};
    else
        *ret_result = work_later(work, task, flutterwave_why(work->flutterwave));
    return outcome < 0 ? error_forward(outcome) : 0;
}

/* To be asked about again, or over: 72 h after the page was made, or soon after it could last be paid on.
 * What is still under way by then is staff's. */
static struct task_result again(const struct work *work, const struct task *task,
                                const struct payment_attempt_opened_v1 *attempt,
                                const struct flutterwave_charges *charges)
{
    int64_t ms = work_ask_again(work_age(work, task), false);
    bool pending = charges_any(charges, FLUTTERWAVE_PENDING);
    bool is_over = charges_any(charges, FLUTTERWAVE_SUCCESSFUL) && !pending &&
                   work->now_ms > attempt->expires + PAID_TWICE_MS;

    if (ms < 0 && pending)
        return (struct task_result){.step = "dead", .reason = "still pending after 72 hours"};
    if (ms < 0 || is_over)
        return (struct task_result){.step = "done"};
    return (struct task_result){.step = "watch", .delay_ms = ms};
}

/* Every one that was paid is told: enough, too little, or too much, it was money. */
static int charges_tell(struct work *work, const struct flutterwave_charges *charges)
{
    struct charge_home home;

    for (int at = charges->count - 1; at >= 0; at--) {
        int outcome = charges->items[at].state == FLUTTERWAVE_SUCCESSFUL
                          ? charge_tell(work, &charges->items[at], &home)
                          : CHARGE_REFUSED;

        if (outcome < 0 || outcome == WORK_AWAY)
            return error_forward(outcome);
    }
    return 0;
}

/* Without money: what is to be said of the page. It pends as long as any charge on it does: another that
 * failed meanwhile is no reason to let the payer have a second page. */
static int32_t outcome_of(const struct work *work, const struct payment_attempt_opened_v1 *attempt,
                          const struct flutterwave_charges *charges)
{
    if (charges_any(charges, FLUTTERWAVE_PENDING))
        return ATTEMPT_OUTCOME_PENDING;
    if (work->now_ms >= attempt->expires)
        return ATTEMPT_OUTCOME_EXPIRED;
    return charges->count > 0 ? ATTEMPT_OUTCOME_FAILED : 0;
}

int attempt_watch(struct work *work, const struct task *task, struct task_result *ret_result)
{
    struct payment_attempt_opened_v1 attempt;
    struct flutterwave_charges charges;
    bool is_paid;
    int32_t word;
    int outcome;

    TRY(attempt_read(task, &attempt));
    outcome = flutterwave_charges_find(work->flutterwave, attempt.reference, &charges);
    if (outcome != FLUTTERWAVE_DONE && outcome != FLUTTERWAVE_NONE) {
        *ret_result = work_later(work, task, flutterwave_why(work->flutterwave));
        return outcome < 0 ? error_forward(outcome) : 0;
    }
    outcome = charges_tell(work, &charges);
    if (outcome != 0)
        return error_forward(outcome);
    *ret_result = again(work, task, &attempt, &charges);
    is_paid = charges_any(&charges, FLUTTERWAVE_SUCCESSFUL);
    if (is_paid)
        ret_result->told = paid;
    word = is_paid ? 0 : outcome_of(work, &attempt, &charges);
    return word == 0 ? 0
                     : error_forward(tell_outcome(work, task, word,
                                                  charges.count > 0 ? charges.items[0].id : "", ret_result));
}
