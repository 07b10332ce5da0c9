/* SPDX-License-Identifier: Apache-2.0
 * Money that came in: to the payment whose reference it carries, else to a payment of its own, which staff
 * look at. A charge is told once: who knows it already is not told again. */
#include <string.h>

#include "consumers/payments/work.h"
#include "shared/domain/domain.h"
#include "shared/domain/payment_reference.h"

/* publish_decided's outcome as a charge's. */
static int told(int outcome)
{
    if (outcome == PUBLISH_REFUSED)
        return CHARGE_REFUSED;
    return outcome < 0 ? error_forward(outcome) : outcome == PUBLISH_DONE ? 0 : WORK_AWAY;
}

static int tell_at(struct work *work, const struct flutterwave_charge *charge, const struct charge_home *home,
                   const char *as)
{
    struct payment_record_charge_v1 data = {.amount = charge->amount, .fee = charge->fee};
    struct publication publication = {.command = &payment_record_charge_v1_schema,
                                      .data = &data,
                                      .payment = &home->payment,
                                      .key = &home->key,
                                      .said = {SPAN("charge"), span_of(charge->id), span_of(as)}};
    char amount[PUBLISH_AMOUNT];

    publication.said[3] = publish_amount(charge->amount, charge->currency, amount);
    data.has_reference = charge->reference[0] != '\0' &&
                         text_copy(data.reference, sizeof data.reference, span_of(charge->reference)) == 0;
    (void)!text_copy(data.charge, sizeof data.charge, span_of(charge->id));
    (void)!text_copy(data.currency, sizeof data.currency, span_of(charge->currency));
    return told(publish_decided(work->publisher, &publication));
}

/* Tells the payment a reference names. CHARGE_REFUSED: there is none, or it is closed, or has no room. */
static int tell_referred(struct work *work, const struct flutterwave_charge *charge,
                         struct charge_home *ret_home)
{
    struct payment_reference reference;
    struct task_payment payment;
    int outcome;

    if (payment_reference_read(span_of(charge->reference), &reference) != 0)
        return CHARGE_REFUSED;
    domain_payment_of(&reference.base, &ret_home->payment);
    ret_home->key = reference.base;
    outcome = task_payment_state(work->postgres, &ret_home->payment, charge->id, &payment);
    if (outcome != 0)
        return outcome < 0 ? error_forward(outcome) : WORK_AWAY;
    if (payment.has_charge)
        return 0;
    if (payment.state == 0 || payment.state == PAYMENT_STATUS_CLOSED)
        return CHARGE_REFUSED;
    outcome = tell_at(work, charge, ret_home, "");
    return outcome == CHARGE_REFUSED && publish_was(work->publisher, refusal_text(REFUSAL_ALREADY_RECORDED))
               ? 0
               : error_forward(outcome);
}

/* Where money for nobody stands, and whether this charge stands there. */
static int look_unmatched(struct work *work, const struct flutterwave_charge *charge,
                          struct charge_home *ret_home, bool *ret_known)
{
    struct task_payment payment;
    int outcome;

    domain_unmatched_of(charge->id, &ret_home->payment);
    ret_home->key = ret_home->payment;
    outcome = task_payment_state(work->postgres, &ret_home->payment, charge->id, &payment);
    *ret_known = payment.has_charge;
    return outcome > 0 ? WORK_AWAY : error_forward(outcome);
}

/* Once it is money for nobody it stays there, whatever reference it reads with later: it counts once. */
int charge_tell(struct work *work, const struct flutterwave_charge *charge, struct charge_home *ret_home)
{
    struct charge_home unmatched;
    bool is_known;
    int outcome = look_unmatched(work, charge, &unmatched, &is_known);

    *ret_home = unmatched;
    if (outcome != 0 || is_known)
        return error_forward(outcome);
    outcome = tell_referred(work, charge, ret_home);
    if (outcome != CHARGE_REFUSED)
        return error_forward(outcome);
    *ret_home = unmatched;
    return error_forward(tell_at(work, charge, ret_home, "unmatched"));
}

bool charges_any(const struct flutterwave_charges *charges, enum flutterwave_state state)
{
    for (int at = 0; at < charges->count; at++)
        if (charges->items[at].state == state)
            return true;
    return false;
}
