/* SPDX-License-Identifier: Apache-2.0
 * What a provider reported: never believed, always asked about. A report about what we do not know is kept,
 * with its reason, for staff. */
#include <string.h>

#include "consumers/payments/work.h"
#include "shared/domain/domain.h"
#include "shared/domain/payment_reference.h"

/* The payment a reference of ours is about, and the key of what is said to it. */
static bool payment_of(const char *reference, struct payment_reference *ret_reference, struct id *ret_payment)
{
    if (payment_reference_read(span_of(reference), ret_reference) != 0)
        return false;
    domain_payment_of(&ret_reference->base, ret_payment);
    return true;
}

static int away(int outcome)
{
    return outcome < 0 ? error_forward(outcome) : WORK_AWAY;
}

int charge_tell(struct work *work, const struct flutterwave_charge *charge)
{
    struct payment_record_charge_v1 data = {.amount = charge->amount, .fee = charge->fee};
    struct publication publication = {.command = &payment_record_charge_v1_schema,
                                      .data = &data,
                                      .said = {SPAN("charge"), span_of(charge->id)}};
    struct payment_reference reference;
    struct id payment, key;
    int32_t state = 0;

    if (payment_of(charge->reference, &reference, &payment)) {
        int outcome = task_payment_state(work->postgres, &payment, &state);

        if (outcome != 0)
            return away(outcome);
        key = reference.base;
    }
    if (state == 0 || state == PAYMENT_STATUS_CLOSED) {
        domain_unmatched_of(charge->id, &payment);
        key = payment;
        publication.said[2] = SPAN("unmatched");
    }
    data.has_reference = text_copy(data.reference, sizeof data.reference, span_of(charge->reference)) == 0 &&
                         charge->reference[0] != '\0';
    (void)!text_copy(data.charge, sizeof data.charge, span_of(charge->id));
    (void)!text_copy(data.currency, sizeof data.currency, span_of(charge->currency));
    publication.payment = &payment;
    publication.key = &key;
    return publish(work->publisher, &publication);
}

static int kept(struct task_result *ret_result, const char *why)
{
    *ret_result = (struct task_result){.step = "done", .reason = why};
    return 0;
}

static int charge_ask(struct work *work, const struct report_recorded_v1 *report,
                      struct flutterwave_charge *ret_charge)
{
    const char *id = report->has_charge_id     ? report->charge_id
                     : report->has_provider_id ? report->provider_id
                                               : "";
    int outcome = FLUTTERWAVE_NONE;

    /* The ids of v4 are words (chg_...): that charge is found by our reference. */
    if (id[0] >= '0' && id[0] <= '9')
        outcome = flutterwave_charge(work->flutterwave, id, ret_charge);
    if (outcome == FLUTTERWAVE_NONE && report->has_reference)
        outcome = flutterwave_charge_find(work->flutterwave, report->reference, ret_charge);
    return outcome;
}

static int attempt_tell(struct work *work, const struct flutterwave_charge *charge)
{
    struct payment_record_attempt_v1 data = {
        .outcome = charge->state == FLUTTERWAVE_PENDING ? ATTEMPT_OUTCOME_PENDING : ATTEMPT_OUTCOME_FAILED};
    const char *word = choice_text(attempt_outcome_choices, data.outcome);
    struct payment_reference reference;
    struct id payment, task;

    if (!payment_of(charge->reference, &reference, &payment))
        return 0;
    data.n = reference.n;
    task_id(&payment, "attempt", reference.n, 0, &task);
    return publish(work->publisher, &(struct publication){.command = &payment_record_attempt_v1_schema,
                                                          .data = &data,
                                                          .payment = &payment,
                                                          .key = &reference.base,
                                                          .said = {span_of(task.text), span_of(word)}});
}

static int verify_charge(struct work *work, const struct report_recorded_v1 *report, const struct task *task,
                         struct task_result *ret_result)
{
    struct flutterwave_charge charge;
    int outcome = charge_ask(work, report, &charge);

    if (outcome == FLUTTERWAVE_NONE)
        return kept(ret_result, "the provider knows no such charge");
    if (outcome != FLUTTERWAVE_DONE) {
        *ret_result = work_later(work, task, flutterwave_why(work->flutterwave));
        return outcome < 0 ? error_forward(outcome) : 0;
    }
    *ret_result = (struct task_result){.step = "done", .provider_id = NULL};
    return charge.state == FLUTTERWAVE_SUCCESSFUL ? charge_tell(work, &charge) : attempt_tell(work, &charge);
}

/* What is said of a payout: the one order it is, and its payment. */
struct payout {
    struct payment_reference reference;
    struct id payment, task;
    const char *currency;
    struct flutterwave_movement movement;
};

static int reversal_tell(struct work *work, const struct payout *payout)
{
    struct payment_record_reversal_v1 data = {
        .order = payout->reference.n, .try = payout->reference.try, .amount = payout->movement.amount};

    (void)!text_copy(data.currency, sizeof data.currency, span_of(payout->currency));
    return publish(work->publisher,
                   &(struct publication){.command = &payment_record_reversal_v1_schema,
                                         .data = &data,
                                         .payment = &payout->payment,
                                         .key = &payout->reference.base,
                                         .said = {span_of(payout->task.text), SPAN("reversed")}});
}

static int payout_tell(struct work *work, const struct payout *payout)
{
    bool done = payout->movement.state == FLUTTERWAVE_SUCCESSFUL;
    struct payment_record_order_v1 data = {.order = payout->reference.n, .try = payout->reference.try};

    data.outcome = done ? ORDER_OUTCOME_DONE : ORDER_OUTCOME_FAILED;
    data.has_amount = data.has_currency = data.has_fee = done;
    data.amount = payout->movement.amount;
    data.fee = payout->movement.fee;
    (void)!text_copy(data.currency, sizeof data.currency, span_of(payout->currency));
    data.has_cause = !done;
    data.cause = payout->movement.bad_account ? ORDER_CAUSE_BAD_ACCOUNT : ORDER_CAUSE_PROVIDER;
    return publish(work->publisher, &(struct publication){
                                        .command = &payment_record_order_v1_schema,
                                        .data = &data,
                                        .payment = &payout->payment,
                                        .key = &payout->reference.base,
                                        .said = {span_of(payout->task.text),
                                                 span_of(choice_text(order_outcome_choices, data.outcome))}});
}

/* The provider says FAILED of a payout that never arrived and of one that came back: which of the two is
 * known by whether it was done. */
static int payout_said(struct work *work, const struct payout *payout)
{
    int32_t state = 0;
    int outcome;

    if (payout->movement.state != FLUTTERWAVE_FAILED)
        return payout_tell(work, payout);
    outcome = task_order_state(work->postgres, &payout->payment, payout->reference.n, payout->reference.try,
                               &state);
    if (outcome != 0)
        return away(outcome);
    return state == ORDER_STATE_DONE ? reversal_tell(work, payout) : payout_tell(work, payout);
}

static int verify_transfer(struct work *work, const struct report_recorded_v1 *report,
                           const struct task *task, struct task_result *ret_result)
{
    struct payout payout = {.currency = report->currency};
    int outcome;

    if (!report->has_reference || !report->has_currency ||
        !payment_of(report->reference, &payout.reference, &payout.payment))
        return kept(ret_result, "a payout that is not ours");
    task_id(&payout.payment, "order", payout.reference.n, payout.reference.try, &payout.task);
    outcome =
        flutterwave_transfer_find(work->flutterwave, report->reference, report->currency, &payout.movement);
    if (outcome == FLUTTERWAVE_NONE)
        return kept(ret_result, "the provider knows no such payout");
    if (outcome != FLUTTERWAVE_DONE) {
        *ret_result = work_later(work, task, flutterwave_why(work->flutterwave));
        return outcome < 0 ? error_forward(outcome) : 0;
    }
    *ret_result = (struct task_result){.step = "done", .provider_id = NULL};
    return payout.movement.state == FLUTTERWAVE_PENDING ? 0 : payout_said(work, &payout);
}

/* A refund carries no reference of ours in its report: whoever watches one of that charge asks. */
static int verify_refund(struct work *work, const struct report_recorded_v1 *report, const struct task *task,
                         struct task_result *ret_result)
{
    int outcome;

    (void)task;
    if (!report->has_charge_id)
        return kept(ret_result, "a refund of no charge");
    outcome = task_wake_refunds(work->postgres, report->charge_id);
    if (outcome != 0)
        return away(outcome);
    *ret_result = (struct task_result){.step = "done", .provider_id = NULL};
    return 0;
}

static int chargeback_tell(struct work *work, const struct flutterwave_charge *charge,
                           const struct flutterwave_chargeback *chargeback)
{
    struct payment_record_chargeback_v1 opened = {.amount = chargeback->amount, .fee = chargeback->fee};
    struct payment_record_chargeback_won_v1 won = {{0}};
    struct payment_record_chargeback_lost_v1 lost = {{0}};
    struct payment_reference reference;
    struct id payment;
    struct publication publication = {.command = &payment_record_chargeback_v1_schema,
                                      .data = &opened,
                                      .payment = &payment,
                                      .key = &reference.base,
                                      .said = {SPAN("chargeback"), span_of(charge->id)}};
    int outcome;

    if (!payment_of(charge->reference, &reference, &payment))
        return 0;
    (void)!text_copy(opened.charge, sizeof opened.charge, span_of(charge->id));
    (void)!text_copy(opened.currency, sizeof opened.currency, span_of(charge->currency));
    memcpy(won.charge, opened.charge, sizeof won.charge);
    memcpy(lost.charge, opened.charge, sizeof lost.charge);
    /* The end may be heard of before the beginning: both are said, in their order. */
    outcome = publish(work->publisher, &publication);
    if (outcome != 0 || chargeback->state == CHARGEBACK_OPEN)
        return outcome < 0 ? error_forward(outcome) : outcome;
    publication.command = chargeback->state == CHARGEBACK_WON ? &payment_record_chargeback_won_v1_schema
                                                              : &payment_record_chargeback_lost_v1_schema;
    publication.data = chargeback->state == CHARGEBACK_WON ? (const void *)&won : (const void *)&lost;
    return publish(work->publisher, &publication);
}

static int verify_chargeback(struct work *work, const struct report_recorded_v1 *report,
                             const struct task *task, struct task_result *ret_result)
{
    struct flutterwave_chargeback chargeback;
    struct flutterwave_charge charge;
    int outcome = charge_ask(work, report, &charge);

    if (outcome == FLUTTERWAVE_DONE)
        outcome = flutterwave_chargeback_find(work->flutterwave, charge.id, charge.currency, &chargeback);
    if (outcome == FLUTTERWAVE_NONE)
        return kept(ret_result, "the provider knows no such chargeback");
    if (outcome != FLUTTERWAVE_DONE) {
        *ret_result = work_later(work, task, flutterwave_why(work->flutterwave));
        return outcome < 0 ? error_forward(outcome) : 0;
    }
    *ret_result = (struct task_result){.step = "done", .provider_id = NULL};
    return chargeback_tell(work, &charge, &chargeback);
}

/* clang-format off */
static int (*const verifications[])(struct work *, const struct report_recorded_v1 *, const struct task *,
                                    struct task_result *) = {
    [REPORT_KIND_CHARGE]     = verify_charge,
    [REPORT_KIND_TRANSFER]   = verify_transfer,
    [REPORT_KIND_REFUND]     = verify_refund,
    [REPORT_KIND_CHARGEBACK] = verify_chargeback,
    [REPORT_KIND_UNREADABLE] = NULL,
    [REPORT_KIND_UNKNOWN]    = NULL,
};
/* clang-format on */

int report_verify(struct work *work, const struct task *task, struct task_result *ret_result)
{
    struct report_recorded_v1 report;

    if (codec_decode(&report_recorded_v1_schema, task->data, &report, NULL) != 0)
        return error_new(ERROR_DATA, "task %s holds no report", task->id.text);
    if (!verifications[report.event_kind])
        return kept(ret_result, choice_text(report_kind_choices, report.event_kind));
    return verifications[report.event_kind](work, &report, task, ret_result);
}
