/* SPDX-License-Identifier: Apache-2.0
 * A payment before money is there: opened with the acceptance, attempts to pay, lapsed with the booking
 * (B2, B5, B7, B9, M1, M2). */
#include <string.h>

#include "shared/domain/limits.h"
#include "shared/domain/payment_facts.h"
#include "shared/domain/payment_reference.h"
#include "shared/domain/payment_rows.h"

int64_t payment_due_left(const struct payment_state *payment)
{
    int64_t left = payment->total - payment->received;

    return left > 0 ? left : 0;
}

static bool attempt_live(const struct attempt *attempt, int64_t now_ms)
{
    return attempt->state == ATTEMPT_STATE_OPEN && now_ms < attempt->opened_at + limits_delay(DELAY_PAY_LINK);
}

bool payment_attempt_pending(const struct payment_state *payment)
{
    for (int i = 0; i < payment->attempts_count; i++)
        if (payment->attempts[i].state == ATTEMPT_STATE_PENDING)
            return true;
    return false;
}

bool payment_attempt_live(const struct payment_state *payment, int64_t now_ms)
{
    for (int i = 0; i < payment->attempts_count; i++)
        if (attempt_live(&payment->attempts[i], now_ms))
            return true;
    return payment_attempt_pending(payment);
}

void payment_open(struct rule_situation *situation)
{
    const struct booking_state *booking = situation->world->booking;
    struct payment_opened_v1 fact = {
        .state = PAYMENT_STATUS_DUE,
        .booking = booking->id,
        .trip = booking->trip,
        .parcel = booking->parcel,
        .sender = booking->sender,
        .traveller = booking->traveller,
        .carriage = booking->carriage,
        .fee = booking->fee,
        .total = booking->carriage + booking->fee,
    };

    memcpy(fact.currency, booking->currency, sizeof(fact.currency));
    rule_emit(situation, &payment_opened_v1_schema, &fact);
}

void payment_attempt_open(struct rule_situation *situation)
{
    const struct payment_state *payment = situation->world->payment;
    const struct payment_reference reference = {
        .base = payment->booking, .kind = PAYMENT_REFERENCE_ATTEMPT, .n = payment->attempts_count + 1};
    struct payment_attempt_opened_v1 fact = {
        .state = SAME,
        .n = reference.n,
        .amount = payment_due_left(payment),
        .expires = situation->now_ms + limits_delay(DELAY_PAY_LINK),
    };

    payment_reference_write(&reference, fact.reference);
    memcpy(fact.currency, payment->currency, sizeof(fact.currency));
    rule_emit(situation, &payment_attempt_opened_v1_schema, &fact);
}

/* Lapsed is what nobody paid. Where money has moved, a part or in another currency, it may yet be claimed
 * back, or its refund be told of again: that is settled. */
static int32_t state_lapsing(const struct payment_state *payment)
{
    if (payment_orders_open(payment, 0) || payment_chargebacks_open(payment, NULL))
        return PAYMENT_STATUS_SETTLING;
    return payment->charges_count > 0 ? PAYMENT_STATUS_SETTLED : PAYMENT_STATUS_LAPSED;
}

/* What is due to the sender wakes it. */
void payment_lapse(struct rule_situation *situation)
{
    EMIT(situation, payment_lapsed_v1, .state = state_lapsing(situation->world->payment));
    payment_order_refunds(situation);
}

static const struct payment_record_link_v1 *link_told(const struct rule_situation *s)
{
    return s->command->data;
}

enum refusal attempt_n_open(const struct rule_situation *s)
{
    const struct attempt *attempt = payment_attempt(s->world->payment, link_told(s)->n);

    return attempt && attempt_live(attempt, s->now_ms) ? REFUSAL_NONE : REFUSAL_STALE;
}

/* The page itself is private. */
void act_link(struct rule_situation *s)
{
    int64_t n = s->world->payment->version + 1;

    s->decision->private_name = "link";
    s->decision->private_n = n;
    EMIT(s, payment_link_ready_v1, .state = SAME, .n = link_told(s)->n, .link_n = n,
         .expires = link_told(s)->expires);
}

static const struct payment_record_attempt_v1 *attempt_told(const struct rule_situation *s)
{
    return s->command->data;
}

bool attempt_is_pending(const struct rule_situation *s)
{
    return attempt_told(s)->outcome == ATTEMPT_OUTCOME_PENDING;
}

/* A payer may try again on the same page, so a failed attempt may turn pending; a paid one is over. */
enum refusal attempt_n_news(const struct rule_situation *s)
{
    static const int32_t leads_to[] = {[ATTEMPT_OUTCOME_PENDING] = ATTEMPT_STATE_PENDING,
                                       [ATTEMPT_OUTCOME_FAILED] = ATTEMPT_STATE_FAILED,
                                       [ATTEMPT_OUTCOME_EXPIRED] = ATTEMPT_STATE_EXPIRED};
    const struct attempt *attempt = payment_attempt(s->world->payment, attempt_told(s)->n);

    return attempt && attempt->state != ATTEMPT_STATE_PAID &&
                   attempt->state != leads_to[attempt_told(s)->outcome]
               ? REFUSAL_NONE
               : REFUSAL_STALE;
}

void act_attempt_pending(struct rule_situation *s)
{
    EMIT(s, payment_attempt_pending_v1, .state = SAME, .n = attempt_told(s)->n);
}

void act_attempt_failed(struct rule_situation *s)
{
    EMIT(s, payment_attempt_failed_v1, .state = SAME, .n = attempt_told(s)->n,
         .outcome = attempt_told(s)->outcome);
}
