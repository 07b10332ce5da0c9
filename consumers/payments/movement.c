/* SPDX-License-Identifier: Apache-2.0
 * What became of an order at the provider's, said to its payment until the projector has decided it. The
 * provider says FAILED of money that never arrived and of money that came back: which of the two it is, is
 * known by whether we have it as done. */
#include <string.h>

#include "consumers/payments/work.h"
#include "shared/domain/refusal.h"

static const struct task_result over = {.step = "done"};

/* Accepted, or known already: the task is over. What the projector will not have is asked about again, while
 * it may yet read otherwise. */
static int answered(struct work *work, const struct task *task, int outcome, struct task_result *ret_result)
{
    const struct publisher *publisher = work->publisher;

    *ret_result = over;
    if (outcome == PUBLISH_AWAY)
        return WORK_AWAY;
    if (outcome == PUBLISH_REFUSED && !publish_was(publisher, refusal_text(REFUSAL_ALREADY_RECORDED))) {
        *ret_result = work_later(work, task, publish_reason(publisher));
        if (strcmp(task->step, "send") == 0)
            ret_result->step = "watch";
    }
    return outcome < 0 ? error_forward(outcome) : 0;
}

static int say(struct work *work, const struct movement *movement, const struct payment_record_order_v1 *data)
{
    struct publication publication = {
        .command = &payment_record_order_v1_schema,
        .data = data,
        .payment = movement->payment,
        .key = movement->key,
        .said = {span_of(movement->task->text), span_of(choice_text(order_outcome_choices, data->outcome))}};
    char amount[PUBLISH_AMOUNT];

    if (data->has_amount)
        publication.said[2] = publish_amount(data->amount, data->currency, amount);
    return error_forward(publish_decided(work->publisher, &publication));
}

static int done(struct work *work, const struct task *task, const struct movement *movement,
                struct task_result *ret_result)
{
    const struct flutterwave_movement *seen = movement->seen;
    struct payment_record_order_v1 data = {.order = movement->order,
                                           .try = movement->number,
                                           .outcome = ORDER_OUTCOME_DONE,
                                           .has_amount = true,
                                           .amount = seen->amount,
                                           .has_currency = true,
                                           .has_fee = true,
                                           .fee = seen->fee};

    memcpy(data.currency, seen->currency, sizeof data.currency);
    return answered(work, task, say(work, movement, &data), ret_result);
}

/* Told in vain once it has been told: already_recorded. */
static int reversed(struct work *work, const struct task *task, const struct movement *movement,
                    struct task_result *ret_result)
{
    struct payment_record_reversal_v1 data = {
        .order = movement->order, .try = movement->number, .amount = movement->seen->amount};
    struct publication publication = {.command = &payment_record_reversal_v1_schema,
                                      .data = &data,
                                      .payment = movement->payment,
                                      .key = movement->key,
                                      .said = {span_of(movement->task->text), SPAN("reversed")}};
    char amount[PUBLISH_AMOUNT];
    int outcome;

    memcpy(data.currency, movement->seen->currency, sizeof data.currency);
    publication.said[2] = publish_amount(data.amount, data.currency, amount);
    outcome = publish_decided(work->publisher, &publication);
    if (outcome == PUBLISH_REFUSED && publish_was(work->publisher, refusal_text(REFUSAL_STALE))) {
        *ret_result = (struct task_result){.step = "done", .reason = "it was never done"};
        return 0;
    }
    return answered(work, task, outcome, ret_result);
}

/* State of the order while this try is its newest; of an older one it is asked whether it was done. */
static int order_done(struct work *work, const struct movement *movement, bool *ret_done)
{
    int32_t state = 0;
    int outcome =
        task_order_state(work->postgres, movement->payment, movement->order, movement->number, &state);

    *ret_done = state == ORDER_STATE_DONE || state == 0;
    return outcome < 0 ? error_forward(outcome) : outcome == 0 ? 0 : WORK_AWAY;
}

int movement_failed(struct work *work, const struct task *task, const struct movement *movement,
                    int32_t cause, struct task_result *ret_result)
{
    const struct payment_record_order_v1 data = {.order = movement->order,
                                                 .try = movement->number,
                                                 .outcome = ORDER_OUTCOME_FAILED,
                                                 .has_cause = true,
                                                 .cause = cause};
    int outcome = answered(work, task, say(work, movement, &data), ret_result);

    if (outcome == 0 && strcmp(ret_result->step, over.step) == 0)
        ret_result->reason = choice_text(order_cause_choices, cause);
    return outcome;
}

int movement_tell(struct work *work, const struct task *task, const struct movement *movement,
                  struct task_result *ret_result)
{
    bool was_done = false;

    if (movement->seen->state == FLUTTERWAVE_SUCCESSFUL)
        return error_forward(done(work, task, movement, ret_result));
    /* Looked at twice: what was under way to the projector may have been decided meanwhile. */
    for (int look = 0; look < 2; look++) {
        int outcome = order_done(work, movement, &was_done);

        if (outcome != 0)
            return error_forward(outcome);
        if (was_done)
            return error_forward(reversed(work, task, movement, ret_result));
        if (look == 0)
            outcome = movement_failed(
                work, task, movement,
                movement->seen->bad_account ? ORDER_CAUSE_BAD_ACCOUNT : ORDER_CAUSE_PROVIDER, ret_result);
        if (outcome != 0)
            return error_forward(outcome);
    }
    return 0;
}
