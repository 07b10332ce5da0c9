/* SPDX-License-Identifier: Apache-2.0
 * An order of money, a refund or a payout: claimed from the projector, sent once, watched until it is known.
 * The two differ in what the provider is asked; both go the same way. */
#include <string.h>

#include "consumers/payments/work.h"
#include "shared/base/fail.h"
#include "shared/domain/limits.h"

static const char not_owed[] = "not ordered any more";

/* What the fact ordered, whichever it was. */
struct order {
    bool refund; /* at its charge; else paid out */
    char reference[FLUTTERWAVE_ID], charge[FLUTTERWAVE_ID], currency[4];
    int64_t amount;
};

static int refund_read(const struct task *task, struct order *ret_order)
{
    struct payment_refund_ordered_v1 refund;

    if (codec_decode(&payment_refund_ordered_v1_schema, task->data, &refund, NULL) != 0)
        return error_new(ERROR_DATA, "task %s holds no refund", task->id.text);
    /* Where a charge takes nothing back, staff send the money to the payer's account instead. */
    *ret_order = (struct order){.refund = !refund.has_route || refund.route != ORDER_ROUTE_ACCOUNT,
                                .amount = refund.amount};
    memcpy(ret_order->reference, refund.reference, sizeof refund.reference);
    memcpy(ret_order->charge, refund.charge, sizeof refund.charge);
    memcpy(ret_order->currency, refund.currency, sizeof refund.currency);
    return 0;
}

static int order_read(const struct task *task, struct order *ret_order)
{
    struct payment_payout_ordered_v1 payout;

    if (strcmp(task->kind, "refund") == 0)
        return error_forward(refund_read(task, ret_order));
    if (codec_decode(&payment_payout_ordered_v1_schema, task->data, &payout, NULL) != 0)
        return error_new(ERROR_DATA, "task %s holds no payout", task->id.text);
    *ret_order = (struct order){.amount = payout.amount};
    memcpy(ret_order->reference, payout.reference, sizeof payout.reference);
    memcpy(ret_order->currency, payout.currency, sizeof payout.currency);
    return 0;
}

static const struct id *key_of(const struct task *task)
{
    return id_none(&task->booking) ? &task->payment : &task->booking;
}

static struct publication publication_of(const struct task *task, const struct payment_record_order_v1 *data)
{
    return (struct publication){
        .command = &payment_record_order_v1_schema,
        .data = data,
        .payment = &task->payment,
        .key = key_of(task),
        .said = {span_of(task->id.text), span_of(choice_text(order_outcome_choices, data->outcome))}};
}

static struct payment_record_order_v1 said_of(const struct task *task, int32_t outcome)
{
    return (struct payment_record_order_v1){.order = task->n, .try = task->number, .outcome = outcome};
}

/* Said in order with what follows; nothing waits for its verdict. */
static int tell(struct work *work, const struct task *task, const struct payment_record_order_v1 *data)
{
    const struct publication publication = publication_of(task, data);

    return error_forward(publish(work->publisher, &publication));
}

/* Money of a new account waits, whatever goes there, and that of a person of low standing; that once, not at
 * each try. */
static int64_t hold_ms(const struct work *work, const struct task *task, const struct order *order)
{
    int64_t until = task->number == 1 ? task->opened_ms + limits_tier(task->tier)->payout_hold_ms : 0;
    int64_t account = task->account_since_ms ? task->account_since_ms + limits_delay(DELAY_ACCOUNT_HOLD) : 0;

    if (order->refund)
        return 0;
    until = account > until ? account : until;
    return until > work->now_ms ? until - work->now_ms : 0;
}

/* The projector grants the sending, or has meanwhile withheld the order. */
static int grant(struct work *work, const struct task *task, struct task_result *ret_result)
{
    const struct payment_record_order_v1 sending = said_of(task, ORDER_OUTCOME_SENDING);
    const struct publication publication = publication_of(task, &sending);
    int outcome = publish_decided(work->publisher, &publication);

    *ret_result = (struct task_result){.step = "send"};
    if (outcome == PUBLISH_REFUSED) /* its state says why, at the next turn */
        *ret_result = work_later(work, task, publish_reason(work->publisher));
    return outcome < 0 ? error_forward(outcome) : outcome == PUBLISH_AWAY ? WORK_AWAY : 0;
}

int order_claim(struct work *work, const struct task *task, struct task_result *ret_result)
{
    struct order order;
    int64_t hold;

    TRY(order_read(task, &order));
    switch (task->order_state) {
    case ORDER_STATE_ORDERED:
        hold = hold_ms(work, task, &order);
        *ret_result = (struct task_result){.step = "claim", .delay_ms = hold, .reason = "held"};
        return hold ? 0 : error_forward(grant(work, task, ret_result));
    case ORDER_STATE_SENDING:
    case ORDER_STATE_UNKNOWN:
        *ret_result = (struct task_result){.step = "send"};
        return 0;
    case ORDER_STATE_SENT:
        *ret_result = (struct task_result){.step = "watch"};
        return 0;
    default:
        *ret_result = (struct task_result){.step = "done", .reason = not_owed};
        return 0;
    }
}

static int ask(struct work *work, const struct order *order, struct flutterwave_movement *ret_movement)
{
    const struct flutterwave_refund refund = {order->charge, order->reference, order->currency,
                                              order->amount};

    return order->refund ? flutterwave_refund_find(work->flutterwave, &refund, ret_movement)
                         : flutterwave_transfer_find(work->flutterwave, order->reference, ret_movement);
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

/* The provider has it: it is watched, or over. */
static int moved(struct work *work, const struct task *task, const struct flutterwave_movement *seen,
                 struct task_result *ret_result)
{
    const struct movement movement = {&task->payment, key_of(task), &task->id, task->n, task->number, seen};
    struct payment_record_order_v1 sent = said_of(task, ORDER_OUTCOME_SENT);

    if (seen->state != FLUTTERWAVE_PENDING)
        return error_forward(movement_tell(work, task, &movement, ret_result));
    *ret_result = (struct task_result){.step = "watch", .delay_ms = work_ask_again(0, false)};
    sent.has_provider_id =
        seen->id[0] != '\0' && text_copy(sent.provider_id, sizeof sent.provider_id, span_of(seen->id)) == 0;
    return error_forward(tell(work, task, &sent));
}

static int failed(struct work *work, const struct task *task, int32_t cause, struct task_result *ret_result)
{
    const struct movement movement = {&task->payment, key_of(task), &task->id, task->n, task->number, NULL};

    return error_forward(movement_failed(work, task, &movement, cause, ret_result));
}

/* Refused: because it will never be done, or because it was done already: it is asked about before it is
 * called failed. */
static int refused(struct work *work, const struct task *task, const struct order *order,
                   struct task_result *ret_result)
{
    struct flutterwave_movement movement;
    int outcome = ask(work, order, &movement);

    if (outcome == FLUTTERWAVE_DONE)
        return error_forward(moved(work, task, &movement, ret_result));
    if (outcome == FLUTTERWAVE_NONE)
        return error_forward(failed(work, task, ORDER_CAUSE_DECLINED, ret_result));
    *ret_result = work_later(work, task, flutterwave_why(work->flutterwave));
    return outcome < 0 ? error_forward(outcome) : 0;
}

static int send_now(struct work *work, const struct task *task, const struct order *order,
                    struct task_result *ret_result)
{
    const struct payment_record_order_v1 unknown = said_of(task, ORDER_OUTCOME_UNKNOWN);
    struct flutterwave_movement movement;
    const char *why = flutterwave_why(work->flutterwave);
    int64_t hold = hold_ms(work, task, order);
    int outcome;

    if (!order->refund && !task->has_account)
        return error_forward(failed(work, task, ORDER_CAUSE_BAD_ACCOUNT, ret_result));
    if (hold > 0) { /* the account changed while the provider took nothing */
        *ret_result = (struct task_result){.step = "send", .delay_ms = hold, .reason = "held"};
        return 0;
    }
    outcome = send(work, task, order, &movement);
    FAIL_POINT_OF("payments-sent", task->kind);
    switch (outcome) {
    case FLUTTERWAVE_DONE:
        return error_forward(moved(work, task, &movement, ret_result));
    case FLUTTERWAVE_LATER:
        *ret_result = work_later(work, task, why);
        return 0;
    case FLUTTERWAVE_UNKNOWN: /* asked about before anything is sent again */
        *ret_result = (struct task_result){.step = "send", .delay_ms = flutterwave_patience(), .reason = why};
        return error_forward(tell(work, task, &unknown));
    default:
        return outcome < 0 ? error_forward(outcome) : refused(work, task, order, ret_result);
    }
}

static bool under_way(int32_t state)
{
    return state == ORDER_STATE_SENDING || state == ORDER_STATE_UNKNOWN || state == ORDER_STATE_SENT;
}

/* An earlier try may have been done after all while this one waited: looked at last, as asking takes time.
 * What may have been sent is watched. */
static int send_if_owed(struct work *work, const struct task *task, const struct order *order,
                        struct task_result *ret_result)
{
    int32_t state = 0;
    int outcome = task_order_state(work->postgres, &task->payment, task->n, task->number, &state);

    if (outcome != 0)
        return outcome < 0 ? error_forward(outcome) : WORK_AWAY;
    if (under_way(state))
        return error_forward(send_now(work, task, order, ret_result));
    *ret_result = (struct task_result){.step = task->asked ? "watch" : "done", .reason = not_owed};
    return 0;
}

int order_send(struct work *work, const struct task *task, struct task_result *ret_result)
{
    struct flutterwave_movement movement;
    struct order order;
    int outcome;

    TRY(order_read(task, &order));
    outcome = task->asked ? ask(work, &order, &movement) : FLUTTERWAVE_NONE;
    if (outcome == FLUTTERWAVE_NONE)
        return error_forward(send_if_owed(work, task, &order, ret_result));
    if (outcome == FLUTTERWAVE_DONE)
        return error_forward(moved(work, task, &movement, ret_result));
    *ret_result = work_later(work, task, flutterwave_why(work->flutterwave));
    return outcome < 0 ? error_forward(outcome) : 0;
}

int order_watch(struct work *work, const struct task *task, struct task_result *ret_result)
{
    struct flutterwave_movement movement;
    struct order order;
    int64_t again;
    int outcome;

    TRY(order_read(task, &order));
    outcome = ask(work, &order, &movement);
    if (outcome == FLUTTERWAVE_DONE && movement.state != FLUTTERWAVE_PENDING)
        return error_forward(moved(work, task, &movement, ret_result));
    if (outcome == FLUTTERWAVE_NONE && !under_way(task->order_state)) {
        *ret_result = (struct task_result){.step = "done", .reason = "not under way, and not there"};
        return 0;
    }
    again = work_ask_again(work_age(work, task), order.refund);
    *ret_result = (struct task_result){.step = "watch", .delay_ms = again};
    if (again < 0)
        *ret_result = (struct task_result){
            .step = "dead", .reason = order.refund ? "not known after 30 days" : "not known after 72 hours"};
    return outcome < 0 ? error_forward(outcome) : 0;
}
