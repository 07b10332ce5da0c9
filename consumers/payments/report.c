/* SPDX-License-Identifier: Apache-2.0
 * What a provider reported: never believed, always asked about. A report about what we do not know is kept,
 * with its reason, for staff. */
#include <string.h>

#include "consumers/payments/work.h"
#include "shared/domain/domain.h"
#include "shared/domain/money.h"
#include "shared/domain/payment_reference.h"

/* The payment a reference of ours is about, and the key of what is said to it. */
static bool payment_of(const char *reference, struct payment_reference *ret_reference, struct id *ret_payment)
{
    if (payment_reference_read(span_of(reference), ret_reference) != 0)
        return false;
    domain_payment_of(&ret_reference->base, ret_payment);
    return true;
}

static int kept(struct task_result *ret_result, const char *why)
{
    *ret_result = (struct task_result){.step = "done", .reason = why};
    return 0;
}

static bool is_number(const char *id)
{
    return id[0] >= '0' && id[0] <= '9';
}

/* By the provider's id; where that is a word (v4), or missing, all with our reference. */
static int charges_ask(struct work *work, const struct report_recorded_v1 *report,
                       struct flutterwave_charges *ret_charges)
{
    bool is_charge = report->event_kind == REPORT_KIND_CHARGE;
    const char *id = report->has_charge_id                  ? report->charge_id
                     : is_charge && report->has_provider_id ? report->provider_id
                                                            : "";
    int outcome = FLUTTERWAVE_NONE;

    ret_charges->count = 1;
    if (is_number(id))
        outcome = flutterwave_charge(work->flutterwave, id, &ret_charges->items[0]);
    if (outcome != FLUTTERWAVE_NONE || !report->has_reference)
        return outcome;
    return flutterwave_charges_find(work->flutterwave, report->reference, ret_charges);
}

/* A chargeback may name its charge by a reference of the provider's own. */
static int claimed_ask(struct work *work, const struct report_recorded_v1 *report,
                       struct flutterwave_charges *ret_charges)
{
    char charge[FLUTTERWAVE_ID];
    struct payment_reference reference;
    struct id payment;
    int outcome = charges_ask(work, report, ret_charges);

    if (outcome != FLUTTERWAVE_NONE || !report->has_reference ||
        payment_of(report->reference, &reference, &payment))
        return outcome;
    ret_charges->count = 1;
    outcome = flutterwave_claimed(work->flutterwave, report->reference, charge);
    return outcome == FLUTTERWAVE_DONE ? flutterwave_charge(work->flutterwave, charge, &ret_charges->items[0])
                                       : outcome;
}

/* Of a charge that failed, all with its reference tell how the page stands: the payer may have tried twice
 * on it. FLUTTERWAVE_DONE: asked, or there is no need. */
static int page_ask(struct work *work, struct flutterwave_charges *charges)
{
    const struct flutterwave_charge *charge = &charges->items[0];
    struct flutterwave_charges all;
    struct payment_reference reference;
    struct id payment;
    int outcome;

    if (charges->count > 1 || charge->state != FLUTTERWAVE_FAILED ||
        !payment_of(charge->reference, &reference, &payment))
        return FLUTTERWAVE_DONE;
    outcome = flutterwave_charges_find(work->flutterwave, charge->reference, &all);
    if (outcome == FLUTTERWAVE_DONE)
        *charges = all;
    return outcome == FLUTTERWAVE_NONE ? FLUTTERWAVE_DONE : outcome;
}

/* Without money: as attempt.c says it of the page, and so it is one command. */
static int attempt_tell(struct work *work, const struct flutterwave_charges *charges)
{
    const struct flutterwave_charge *newest = &charges->items[0];
    bool pends = charges_any(charges, FLUTTERWAVE_PENDING);
    struct payment_record_attempt_v1 data = {.outcome =
                                                 pends ? ATTEMPT_OUTCOME_PENDING : ATTEMPT_OUTCOME_FAILED};
    const char *word = choice_text(attempt_outcome_choices, data.outcome);
    struct payment_reference reference;
    struct id payment, task;

    if (charges_any(charges, FLUTTERWAVE_SUCCESSFUL) || !payment_of(newest->reference, &reference, &payment))
        return 0;
    data.n = reference.n;
    task_id(&payment, "attempt", reference.n, 0, &task);
    return publish(work->publisher,
                   &(struct publication){.command = &payment_record_attempt_v1_schema,
                                         .data = &data,
                                         .payment = &payment,
                                         .key = &reference.base,
                                         .said = {span_of(task.text), span_of(word), span_of(newest->id)}});
}

/* The provider did not say: later. */
static int unsaid(struct work *work, const struct task *task, int outcome, struct task_result *ret_result)
{
    *ret_result = work_later(work, task, flutterwave_why(work->flutterwave));
    return outcome < 0 ? error_forward(outcome) : 0;
}

/* Told to where it belongs; *ret_result stays as it is where that is done. */
static int charge_told(struct work *work, const struct task *task, const struct flutterwave_charge *charge,
                       struct charge_home *ret_home, struct task_result *ret_result)
{
    int outcome = charge_tell(work, charge, ret_home);

    if (outcome == CHARGE_REFUSED)
        *ret_result = work_later(work, task, publish_reason(work->publisher));
    return error_forward(outcome);
}

static int verify_charge(struct work *work, const struct report_recorded_v1 *report, const struct task *task,
                         struct task_result *ret_result)
{
    struct flutterwave_charges charges;
    struct charge_home home;
    int outcome = charges_ask(work, report, &charges);

    if (outcome == FLUTTERWAVE_NONE)
        return kept(ret_result, "the provider knows no such charge");
    if (outcome == FLUTTERWAVE_DONE)
        outcome = page_ask(work, &charges);
    if (outcome != FLUTTERWAVE_DONE)
        return error_forward(unsaid(work, task, outcome, ret_result));
    *ret_result = (struct task_result){.step = "done"};
    outcome = attempt_tell(work, &charges);
    for (int at = charges.count - 1; outcome == 0 && at >= 0; at--)
        if (charges.items[at].state == FLUTTERWAVE_SUCCESSFUL)
            outcome = charge_told(work, task, &charges.items[at], &home, ret_result);
    return outcome == CHARGE_REFUSED ? 0 : error_forward(outcome);
}

static int verify_transfer(struct work *work, const struct report_recorded_v1 *report,
                           const struct task *task, struct task_result *ret_result)
{
    struct flutterwave_movement seen;
    struct payment_reference reference;
    struct id payment, order;
    int outcome;

    if (!report->has_reference || !payment_of(report->reference, &reference, &payment) ||
        reference.kind == PAYMENT_REFERENCE_ATTEMPT)
        return kept(ret_result, "a payout that is not ours");
    task_id(&payment, "order", reference.n, reference.try, &order);
    outcome = flutterwave_transfer_find(work->flutterwave, report->reference, &seen);
    if (outcome == FLUTTERWAVE_NONE)
        return kept(ret_result, "the provider knows no such payout");
    if (outcome != FLUTTERWAVE_DONE)
        return error_forward(unsaid(work, task, outcome, ret_result));
    *ret_result = (struct task_result){.step = "done"};
    return seen.state == FLUTTERWAVE_PENDING
               ? 0
               : error_forward(movement_tell(
                     work, task,
                     &(struct movement){&payment, &reference.base, &order, reference.n, reference.try, &seen},
                     ret_result));
}

/* A refund carries no reference of ours in its report: those of that charge are asked about. v4 has names of
 * its own for charges, and need not tell the currency: those of that amount in any are asked about. */
static int verify_refund(struct work *work, const struct report_recorded_v1 *report, const struct task *task,
                         struct task_result *ret_result)
{
    int64_t thousandths = 0;
    int outcome;

    (void)task;
    if (report->has_amount && money_parse(span_of(report->amount), "TND", &thousandths) != 0)
        thousandths = 0;
    outcome = is_number(report->charge_id) ? task_wake_refunds(work->postgres, report->charge_id)
                                           : task_wake_refunds_of(work->postgres, thousandths);
    *ret_result = (struct task_result){.step = "done"};
    return outcome < 0 ? error_forward(outcome) : outcome == 0 ? 0 : WORK_AWAY;
}

/* A chargeback as the provider tells it, and where its charge stands in our books. */
struct claim {
    const struct flutterwave_charge *charge;
    struct charge_home home;
    const struct flutterwave_chargeback *seen;
    bool is_only; /* of this charge */
};

/* What is known already is as good as accepted, but where if_known says why it is not; anything else the
 * projector says no to is staff's. */
static int claim_said(struct work *work, const struct task *task, const struct publication *publication,
                      const char *if_known, struct task_result *ret_result)
{
    int outcome = publish_decided(work->publisher, publication);
    bool is_known = publish_was(work->publisher, refusal_text(REFUSAL_ALREADY_RECORDED));
    const char *why = is_known ? if_known : publish_reason(work->publisher);

    if (outcome == PUBLISH_REFUSED && why)
        *ret_result = work_later(work, task, why);
    return outcome < 0 ? error_forward(outcome) : outcome == PUBLISH_AWAY ? WORK_AWAY : 0;
}

static struct publication claim_publication(const struct claim *claim)
{
    return (struct publication){.payment = &claim->home.payment,
                                .key = &claim->home.key,
                                .said = {SPAN("chargeback"), span_of(claim->charge->id)}};
}

/* A charge has one chargeback in our books: of several, who is not the recorded one is staff's. */
static int claim_opened(struct work *work, const struct task *task, const struct claim *claim,
                        struct task_result *ret_result)
{
    struct payment_record_chargeback_v1 data = {.amount = claim->seen->amount, .fee = claim->seen->fee};
    struct publication publication = claim_publication(claim);
    char amount[PUBLISH_AMOUNT];

    publication.said[2] = publish_amount(data.amount, claim->charge->currency, amount);
    publication.said[3] = span_of(claim->seen->id);
    publication.command = &payment_record_chargeback_v1_schema;
    publication.data = &data;
    (void)!text_copy(data.charge, sizeof data.charge, span_of(claim->charge->id));
    (void)!text_copy(data.currency, sizeof data.currency, span_of(claim->charge->currency));
    return error_forward(claim_said(work, task, &publication,
                                    claim->is_only ? NULL : "another chargeback of this charge is recorded",
                                    ret_result));
}

static int claim_ended(struct work *work, const struct task *task, const struct claim *claim,
                       struct task_result *ret_result)
{
    struct payment_record_chargeback_won_v1 won = {{0}};
    struct payment_record_chargeback_lost_v1 lost = {{0}};
    struct publication publication = claim_publication(claim);
    bool is_won = claim->seen->state == CHARGEBACK_WON;

    (void)!text_copy(won.charge, sizeof won.charge, span_of(claim->charge->id));
    memcpy(lost.charge, won.charge, sizeof lost.charge);
    publication.command =
        is_won ? &payment_record_chargeback_won_v1_schema : &payment_record_chargeback_lost_v1_schema;
    publication.data = is_won ? (const void *)&won : (const void *)&lost;
    return error_forward(claim_said(work, task, &publication, NULL, ret_result));
}

/* The end may be heard of before the beginning: both are said, in their order. *ret_result stays as it is
 * where that is done. */
static int claim_follow(struct work *work, const struct task *task, const struct claim *claim,
                        struct task_result *ret_result)
{
    struct task_result result = {.step = "done"};
    int outcome = claim_opened(work, task, claim, &result);

    if (outcome == 0 && strcmp(result.step, "done") == 0 && claim->seen->state != CHARGEBACK_OPEN)
        outcome = claim_ended(work, task, claim, &result);
    if (strcmp(result.step, "done") != 0)
        *ret_result = result;
    return error_forward(outcome);
}

/* A chargeback may be heard of before its charge: that is said first. ret_any: set where there are any. */
static int claims_tell(struct work *work, const struct task *task, const struct flutterwave_charge *charge,
                       bool *ret_any, struct task_result *ret_result)
{
    struct flutterwave_chargebacks seen;
    struct claim claim = {.charge = charge};
    int outcome = flutterwave_chargebacks_find(work->flutterwave, charge->id, charge->currency, &seen);

    if (outcome == FLUTTERWAVE_NONE)
        return 0;
    if (outcome != FLUTTERWAVE_DONE)
        return error_forward(unsaid(work, task, outcome, ret_result));
    *ret_any = true;
    claim.is_only = seen.count == 1;
    outcome = charge_told(work, task, charge, &claim.home, ret_result);
    for (int at = seen.count - 1; outcome == 0 && at >= 0; at--) {
        claim.seen = &seen.items[at];
        outcome = claim_follow(work, task, &claim, ret_result);
    }
    return outcome == CHARGE_REFUSED ? 0 : error_forward(outcome);
}

/* Money was claimed, says a report that was signed: it is not over where its claim is not found. */
static int unlisted(struct work *work, const struct task *task, struct task_result *ret_result)
{
    *ret_result = work_later(work, task, "the provider lists no such chargeback");
    return 0;
}

static int verify_chargeback(struct work *work, const struct report_recorded_v1 *report,
                             const struct task *task, struct task_result *ret_result)
{
    struct flutterwave_charges charges;
    bool any = false;
    int outcome = claimed_ask(work, report, &charges);

    if (outcome == FLUTTERWAVE_NONE)
        return unlisted(work, task, ret_result);
    if (outcome != FLUTTERWAVE_DONE)
        return error_forward(unsaid(work, task, outcome, ret_result));
    *ret_result = (struct task_result){.step = "done"};
    for (int at = charges.count - 1; outcome == 0 && at >= 0; at--)
        outcome = claims_tell(work, task, &charges.items[at], &any, ret_result);
    return outcome == 0 && !any && strcmp(ret_result->step, "done") == 0 ? unlisted(work, task, ret_result)
                                                                         : error_forward(outcome);
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
