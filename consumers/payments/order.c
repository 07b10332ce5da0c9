/* SPDX-License-Identifier: Apache-2.0
 * An order of money, a refund or a payout: claimed from the projector, sent once, watched until it is known.
 * The two differ in what the provider is asked; both go the same way. */
#include <string.h>

#include "consumers/payments/work.h"
#include "shared/domain/limits.h"

enum { GRANT_WAIT_MS = 2000, UNKNOWN_WAIT_MS = 60000 };

/* What the fact ordered, whichever it was. */
struct order {
    bool refund;
    char reference[TASK_TEXT], charge[TASK_TEXT], currency[4];
    int64_t amount;
};

static int order_read(const struct task *task, struct order *ret_order)
{
    struct payment_refund_ordered_v1 refund;
    struct payment_payout_ordered_v1 payout;

    *ret_order = (struct order){.refund = strcmp(task->kind, "refund") == 0};
    if (ret_order->refund &&
        codec_decode(&payment_refund_ordered_v1_schema, task->data, &refund, NULL) == 0) {
        memcpy(ret_order->reference, refund.reference, sizeof refund.reference);
        memcpy(ret_order->charge, refund.charge, sizeof refund.charge);
        memcpy(ret_order->currency, refund.currency, sizeof refund.currency);
        ret_order->amount = refund.amount;
        return 0;
    }
    if (!ret_order->refund &&
        codec_decode(&payment_payout_ordered_v1_schema, task->data, &payout, NULL) == 0) {
        memcpy(ret_order->reference, payout.reference, sizeof payout.reference);
        memcpy(ret_order->currency, payout.currency, sizeof payout.currency);
        ret_order->amount = payout.amount;
        return 0;
    }
    return error_new(ERROR_DATA, "task %s holds no order", task->id.text);
}

static int tell(struct work *work, const struct task *task, const struct payment_record_order_v1 *data)
{
    const struct publication publication = {
        .command = &payment_record_order_v1_schema,
        .data = data,
        .payment = &task->payment,
        .key = id_none(&task->booking) ? &task->payment : &task->booking,
        .said = {span_of(task->id.text), span_of(choice_text(order_outcome_choices, data->outcome))}};

    return publish(work->publisher, &publication);
}

static struct payment_record_order_v1 said_of(const struct task *task, int32_t outcome)
{
    return (struct payment_record_order_v1){.order = task->n, .try = task->number, .outcome = outcome};
}

/* Money of a new account, and of a person of low standing, waits. */
static int64_t hold_ms(const struct work *work, const struct task *task)
{
    int64_t until = task->opened_ms + limits_tier(task->tier)->payout_hold_ms;
    int64_t account = task->account_since_ms ? task->account_since_ms + limits_delay(DELAY_ACCOUNT_HOLD) : 0;

    if (strcmp(task->kind, "payout") != 0)
        return 0;
    until = account > until ? account : until;
    return until > work->now_ms ? until - work->now_ms : 0;
}

int order_claim(struct work *work, const struct task *task, struct task_result *ret_result)
{
    const struct payment_record_order_v1 sending = said_of(task, ORDER_OUTCOME_SENDING);
    int64_t hold = hold_ms(work, task);

    switch (task->order_state) {
    case ORDER_STATE_ORDERED:
        *ret_result = (struct task_result){.step = "claim", .delay_ms = hold ? hold : GRANT_WAIT_MS};
        return hold ? 0 : tell(work, task, &sending);
    case ORDER_STATE_SENDING:
    case ORDER_STATE_UNKNOWN:
        *ret_result = (struct task_result){.step = "send"};
        return 0;
    case ORDER_STATE_SENT:
        *ret_result = (struct task_result){.step = "watch"};
        return 0;
    default:
        *ret_result = (struct task_result){.step = "done", .reason = "not ordered any more"};
        return 0;
    }
}

static int ask(struct work *work, const struct order *order, struct flutterwave_movement *ret_movement)
{
    const struct flutterwave_refund refund = {order->charge, order->reference, order->currency,
                                              order->amount};

    return order->refund ? flutterwave_refund_find(work->flutterwave, &refund, ret_movement)
                         : flutterwave_transfer_find(work->flutterwave, order->reference, order->currency,
                                                     ret_movement);
}

static int send(struct work *work, const struct task *task, const struct order *order,
                struct flutterwave_movement *ret_movement)
{
    const struct flutterwave_refund refund = {order->charge, order->reference, order->currency,
                                              order->amount};
    const struct flutterwave_transfer transfer = {.reference = order->reference,
                                                  .currency = order->currency,
                                                  .bank = task->account.provider,
                                                  .account = task->account.account,
                                                  .holder = task->account.holder,
                                                  .amount = order->amount};

    return order->refund ? flutterwave_refund(work->flutterwave, &refund, ret_movement)
                         : flutterwave_transfer(work->flutterwave, &transfer, ret_movement);
}

static int failed(struct work *work, const struct task *task, int32_t cause, struct task_result *ret_result)
{
    struct payment_record_order_v1 data = said_of(task, ORDER_OUTCOME_FAILED);

    data.has_cause = true;
    data.cause = cause;
    *ret_result = (struct task_result){.step = "done", .reason = choice_text(order_cause_choices, cause)};
    return tell(work, task, &data);
}

/* The provider has it. */
static int moved(struct work *work, const struct task *task, const struct order *order,
                 const struct flutterwave_movement *movement, struct task_result *ret_result)
{
    struct payment_record_order_v1 data = said_of(task, ORDER_OUTCOME_SENT);

    if (movement->state == FLUTTERWAVE_FAILED)
        return failed(work, task, movement->bad_account ? ORDER_CAUSE_BAD_ACCOUNT : ORDER_CAUSE_PROVIDER,
                      ret_result);
    *ret_result = (struct task_result){.step = "watch", .delay_ms = work_ask_again(0)};
    data.has_provider_id = text_copy(data.provider_id, sizeof data.provider_id, span_of(movement->id)) == 0 &&
                           movement->id[0] != '\0';
    if (movement->state == FLUTTERWAVE_SUCCESSFUL) {
        *ret_result = (struct task_result){.step = "done"};
        data.outcome = ORDER_OUTCOME_DONE;
        data.has_amount = data.has_currency = data.has_fee = true;
        data.amount = movement->amount;
        data.fee = movement->fee;
        memcpy(data.currency, order->currency, sizeof order->currency);
    }
    return tell(work, task, &data);
}

static int send_now(struct work *work, const struct task *task, const struct order *order,
                    struct task_result *ret_result)
{
    const struct payment_record_order_v1 unknown = said_of(task, ORDER_OUTCOME_UNKNOWN);
    struct flutterwave_movement movement;
    const char *why = flutterwave_why(work->flutterwave);
    int outcome;

    if (!order->refund && !task->has_account)
        return failed(work, task, ORDER_CAUSE_BAD_ACCOUNT, ret_result);
    outcome = send(work, task, order, &movement);
    switch (outcome) {
    case FLUTTERWAVE_DONE:
        return moved(work, task, order, &movement, ret_result);
    case FLUTTERWAVE_LATER:
        *ret_result = work_later(work, task, why);
        return 0;
    case FLUTTERWAVE_UNKNOWN: /* asked about before anything is sent again */
        *ret_result = (struct task_result){.step = "send", .delay_ms = UNKNOWN_WAIT_MS, .reason = why};
        return tell(work, task, &unknown);
    default:
        return outcome < 0 ? error_forward(outcome) : failed(work, task, ORDER_CAUSE_DECLINED, ret_result);
    }
}

int order_send(struct work *work, const struct task *task, struct task_result *ret_result)
{
    struct flutterwave_movement movement;
    struct order order;
    int outcome;

    TRY(order_read(task, &order));
    outcome = task->asked ? ask(work, &order, &movement) : FLUTTERWAVE_NONE;
    if (outcome == FLUTTERWAVE_NONE)
        return send_now(work, task, &order, ret_result);
    if (outcome == FLUTTERWAVE_DONE)
        return moved(work, task, &order, &movement, ret_result);
    *ret_result = work_later(work, task, flutterwave_why(work->flutterwave));
    return outcome < 0 ? error_forward(outcome) : 0;
}

int order_watch(struct work *work, const struct task *task, struct task_result *ret_result)
{
    int64_t again = work_ask_again(work->now_ms - task->opened_ms);
    struct flutterwave_movement movement;
    struct order order;
    int outcome;

    TRY(order_read(task, &order));
    outcome = ask(work, &order, &movement);
    if (outcome == FLUTTERWAVE_DONE && movement.state != FLUTTERWAVE_PENDING)
        return moved(work, task, &order, &movement, ret_result);
    *ret_result = (struct task_result){.step = again < 0 ? "dead" : "watch",
                                       .delay_ms = again < 0 ? 0 : again,
                                       .reason = again < 0 ? "not known after 72 hours" : NULL};
    return outcome < 0 ? error_forward(outcome) : 0;
}
