/* SPDX-License-Identifier: Apache-2.0
 * An attempt to pay: a page to pay on, and what became of it. The charge itself is believed only as the
 * provider tells it when asked. */
#include <string.h>

#include "consumers/payments/work.h"

enum { UNKNOWN_WAIT_MS = 2000 };

static int tell_link(struct work *work, const struct task *task,
                     const struct payment_attempt_opened_v1 *attempt, const char *link)
{
    struct payment_record_link_v1 data = {.n = attempt->n, .expires = attempt->expires};
    const struct publication publication = {.command = &payment_record_link_v1_schema,
                                            .data = &data,
                                            .payment = &task->payment,
                                            .key = &task->booking,
                                            .said = {span_of(attempt->reference), SPAN("link")}};

    if (text_copy(data.link, sizeof data.link, span_of(link)) != 0)
        return error_new(ERROR_BUG, "a link longer than its schema");
    return publish(work->publisher, &publication);
}

static int tell_outcome(struct work *work, const struct task *task, int32_t outcome,
                        struct task_result *ret_result)
{
    const struct payment_record_attempt_v1 data = {.n = task->n, .outcome = outcome};
    const char *word = choice_text(attempt_outcome_choices, outcome);
    const struct publication publication = {.command = &payment_record_attempt_v1_schema,
                                            .data = &data,
                                            .payment = &task->payment,
                                            .key = &task->booking,
                                            .said = {span_of(task->id.text), span_of(word)}};

    if (strcmp(task->told, word) == 0)
        return 0;
    ret_result->told = word;
    return publish(work->publisher, &publication);
}

static int attempt_read(const struct task *task, struct payment_attempt_opened_v1 *ret_attempt)
{
    if (codec_decode(&payment_attempt_opened_v1_schema, task->data, ret_attempt, NULL) != 0)
        return error_new(ERROR_DATA, "task %s holds no attempt", task->id.text);
    return 0;
}

/* Nobody can pay on it: the sender may try anew. */
static int give_up(struct work *work, const struct task *task, const char *why,
                   struct task_result *ret_result)
{
    *ret_result = (struct task_result){.step = "done", .reason = why};
    return tell_outcome(work, task, ATTEMPT_OUTCOME_FAILED, ret_result);
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

    switch (outcome) {
    case FLUTTERWAVE_DONE:
        *ret_result = (struct task_result){.step = "watch", .delay_ms = work_ask_again(0)};
        return tell_link(work, task, attempt, link);
    case FLUTTERWAVE_LATER:
        *ret_result = work_later(work, task, why);
        return 0;
    case FLUTTERWAVE_UNKNOWN: /* asked about at the next turn, before anything is made */
        *ret_result = (struct task_result){.step = "create", .delay_ms = UNKNOWN_WAIT_MS, .reason = why};
        return 0;
    default:
        return outcome < 0 ? error_forward(outcome) : give_up(work, task, why, ret_result);
    }
}

int attempt_create(struct work *work, const struct task *task, struct task_result *ret_result)
{
    struct payment_attempt_opened_v1 attempt;
    struct flutterwave_charge charge;
    int outcome;

    TRY(attempt_read(task, &attempt));
    if (task->payment_state != PAYMENT_STATUS_DUE) {
        *ret_result = (struct task_result){.step = "done", .reason = "not due any more"};
        return 0;
    }
    if (!task->has_payer)
        return give_up(work, task, "the payer's address is not known", ret_result);
    if (!task->asked)
        return link_make(work, task, &attempt, ret_result);
    outcome = flutterwave_charge_find(work->flutterwave, attempt.reference, &charge);
    if (outcome == FLUTTERWAVE_NONE)
        return link_make(work, task, &attempt, ret_result);
    *ret_result = outcome == FLUTTERWAVE_DONE ? (struct task_result){.step = "watch"}
                                              : work_later(work, task, flutterwave_why(work->flutterwave));
    return outcome < 0 ? error_forward(outcome) : 0;
}

/* Without news: again at the next time of asking; told expired once its page is over. */
static int no_news(struct work *work, const struct task *task,
                   const struct payment_attempt_opened_v1 *attempt, struct task_result *ret_result)
{
    int64_t again = work_ask_again(work->now_ms - task->opened_ms);

    *ret_result =
        (struct task_result){.step = again < 0 ? "done" : "watch", .delay_ms = again < 0 ? 0 : again};
    if (work->now_ms < attempt->expires)
        return 0;
    return tell_outcome(work, task, ATTEMPT_OUTCOME_EXPIRED, ret_result);
}

int attempt_watch(struct work *work, const struct task *task, struct task_result *ret_result)
{
    struct payment_attempt_opened_v1 attempt;
    struct flutterwave_charge charge;
    int outcome;

    TRY(attempt_read(task, &attempt));
    outcome = flutterwave_charge_find(work->flutterwave, attempt.reference, &charge);
    if (outcome == FLUTTERWAVE_NONE)
        return no_news(work, task, &attempt, ret_result);
    if (outcome != FLUTTERWAVE_DONE) {
        *ret_result = work_later(work, task, flutterwave_why(work->flutterwave));
        return outcome < 0 ? error_forward(outcome) : 0;
    }
    if (charge.state == FLUTTERWAVE_SUCCESSFUL) {
        *ret_result = (struct task_result){.step = "done", .provider_id = NULL};
        return charge_tell(work, &charge);
    }
    outcome = no_news(work, task, &attempt, ret_result);
    if (outcome != 0)
        return outcome < 0 ? error_forward(outcome) : outcome;
    return tell_outcome(
        work, task, charge.state == FLUTTERWAVE_PENDING ? ATTEMPT_OUTCOME_PENDING : ATTEMPT_OUTCOME_FAILED,
        ret_result);
}
