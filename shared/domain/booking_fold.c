/* SPDX-License-Identifier: Apache-2.0
 * How the facts of a booking enter its state. Values of the fact only: no clock, no policy. A fact that arms
 * a timer is the timer's epoch. */
#include <string.h>

#include "shared/domain/booking_inside.h"

static void apply_requested(void *state, const struct domain_fact *fact)
{
    const struct booking_requested_v1 *requested = FACT(fact, booking_requested_v1);
    struct booking_state *booking = state;

    booking->trip = requested->trip;
    booking->parcel = requested->parcel;
    booking->payment = requested->payment;
    booking->review = requested->review;
    booking->sender = requested->sender;
    booking->traveller = requested->traveller;
    booking->grams = requested->grams;
    booking->min_grams = requested->min_grams;
    booking->price_per_kg = requested->price_per_kg;
    booking->carriage = requested->carriage;
    booking->fee = requested->fee;
    memcpy(booking->currency, requested->currency, sizeof(booking->currency));
    booking->exposure = requested->exposure;
    booking->requested_at = fact->at_ms;
    booking->expires = requested->expires;
    booking->schedule = requested->schedule;
    booking->departs = requested->departs;
    booking->arrives = requested->arrives;
    booking->drop_off_until = requested->drop_off_until;
    booking->expire_epoch = fact->version;
}

static void apply_accepted(void *state, const struct domain_fact *fact)
{
    const struct booking_accepted_v1 *accepted = FACT(fact, booking_accepted_v1);
    struct booking_state *booking = state;

    booking->grams = accepted->grams;
    booking->carriage = accepted->carriage;
    booking->fee = accepted->fee;
    booking->has_pay_by = true;
    booking->pay_by = accepted->pay_by;
    booking->expire_epoch = fact->version;
}

static void apply_grace_given(void *state, const struct domain_fact *fact)
{
    struct booking_state *booking = state;

    booking->pay_by = FACT(fact, booking_grace_given_v1)->pay_by;
    booking->grace_used = true;
    booking->expire_epoch = fact->version;
}

/* The first pickup code comes with the money. */
static void apply_paid(void *state, const struct domain_fact *fact)
{
    struct booking_state *booking = state;

    booking->has_paid_at = true;
    booking->paid_at = fact->at_ms;
    booking->pickup_code = (struct code_count){.issue = 1, .has_issued_at = true, .issued_at = fact->at_ms};
    booking->pickup_epoch = fact->version;
}

static void apply_cancelled(void *state, const struct domain_fact *fact)
{
    const struct booking_cancelled_v1 *cancelled = FACT(fact, booking_cancelled_v1);
    struct booking_state *booking = state;

    booking->has_split = cancelled->has_split;
    booking->split = cancelled->split;
    booking->has_fault = cancelled->has_fault;
    booking->fault = cancelled->fault;
}

/* The dates last agreed to are kept while new ones are open. B12 tells a dispute none any more: those that
 * were told are read all the same. */
static void apply_redated(void *state, const struct domain_fact *fact)
{
    const struct booking_redated_v1 *redated = FACT(fact, booking_redated_v1);
    struct booking_state *booking = state;
    bool open = booking->has_departs_before &&
                (booking->has_must_answer_by || fact->at_ms < booking->free_cancel_until);

    if (!open) {
        booking->departs_before = booking->departs;
        booking->has_arrives_before = true;
        booking->arrives_before = booking->arrives;
        booking->has_drop_off_before = true;
        booking->drop_off_before = booking->drop_off_until;
    }
    booking->has_departs_before = true;
    booking->schedule = redated->schedule;
    booking->departs = redated->departs;
    booking->arrives = redated->arrives;
    booking->drop_off_until = redated->drop_off_until;
    booking->has_free_cancel_until = redated->has_free_cancel_until;
    booking->free_cancel_until = redated->free_cancel_until;
    booking->has_must_answer_by = redated->has_must_answer_by;
    booking->must_answer_by = redated->must_answer_by;
    booking->redate_epoch = fact->version;
    booking->pickup_epoch = fact->version;
    booking->late_epoch = fact->version;
}

static void apply_redate_agreed(void *state, const struct domain_fact *fact)
{
    struct booking_state *booking = state;

    (void)fact;
    booking->has_must_answer_by = false;
    booking->must_answer_by = 0;
    booking->has_free_cancel_until = false;
    booking->free_cancel_until = 0;
    booking->has_departs_before = false;
    booking->departs_before = 0;
    booking->has_arrives_before = false;
    booking->arrives_before = 0;
    booking->has_drop_off_before = false;
    booking->drop_off_before = 0;
}

static void apply_collected(void *state, const struct domain_fact *fact)
{
    struct booking_state *booking = state;

    booking->has_collected_at = true;
    booking->collected_at = fact->at_ms;
    booking->has_weighed_g = true;
    booking->weighed_g = FACT(fact, booking_collected_v1)->weighed_g;
    booking->late_epoch = fact->version;
}

static void apply_pickup_failed(void *state, const struct domain_fact *fact)
{
    const struct booking_pickup_failed_v1 *failed = FACT(fact, booking_pickup_failed_v1);
    struct booking_state *booking = state;

    booking->has_pickup_reason = true;
    booking->pickup_reason = failed->reason;
    booking->has_pickup_failed_by = true;
    booking->pickup_failed_by = failed->by;
    booking->has_contest_by = true;
    booking->contest_by = failed->contest_by;
    booking->settle_epoch = fact->version;
}

static void dispute_from(struct booking_state *booking, const struct domain_fact *fact, int32_t from)
{
    const struct booking_disputed_v1 *disputed = FACT(fact, booking_disputed_v1);

    booking->has_disputed_from = true;
    booking->disputed_from = from;
    booking->has_cause = true;
    booking->cause = disputed->cause;
    booking->has_opener = true;
    booking->opener = disputed->by;
    booking->has_disputed_at = true;
    booking->disputed_at = fact->at_ms;
    booking->has_evidence_by = true;
    booking->evidence_by = disputed->evidence_by;
    booking->has_default_at = disputed->has_default_at;
    booking->default_at = disputed->default_at;
    booking->dispute_epoch = fact->version;
}

static void apply_disputed_paid(void *state, const struct domain_fact *fact)
{
    dispute_from(state, fact, BOOKING_STATUS_PAID);
}

static void apply_disputed_at_pickup(void *state, const struct domain_fact *fact)
{
    dispute_from(state, fact, BOOKING_STATUS_REFUSED_AT_PICKUP);
}

static void apply_disputed_collected(void *state, const struct domain_fact *fact)
{
    dispute_from(state, fact, BOOKING_STATUS_COLLECTED);
}

static void apply_disputed_delivered(void *state, const struct domain_fact *fact)
{
    dispute_from(state, fact, BOOKING_STATUS_DELIVERED);
}

static void apply_code_issued(void *state, const struct domain_fact *fact)
{
    const struct booking_code_issued_v1 *issued = FACT(fact, booking_code_issued_v1);

    *booking_code(state, issued->purpose) =
        (struct code_count){.issue = issued->issue, .has_issued_at = true, .issued_at = fact->at_ms};
}

static void apply_code_failed(void *state, const struct domain_fact *fact)
{
    booking_code(state, FACT(fact, booking_code_failed_v1)->purpose)->tries++;
}

static void apply_delivered(void *state, const struct domain_fact *fact)
{
    struct booking_state *booking = state;

    booking->has_delivered_at = true;
    booking->delivered_at = fact->at_ms;
    booking->has_confirm_by = true;
    booking->confirm_by = FACT(fact, booking_delivered_v1)->confirm_by;
    booking->confirm_epoch = fact->version;
}

/* Another date, or none; the timer of the one before is void. A proof that sets no date leaves staff
 * reminded. */
static void set_default(struct booking_state *booking, const struct domain_fact *fact, bool known, int64_t at)
{
    booking->has_default_at = known;
    booking->default_at = at;
    booking->dispute_epoch = fact->version;
}

static void apply_delivery_proved(void *state, const struct domain_fact *fact)
{
    const struct booking_delivery_proved_v1 *proved = FACT(fact, booking_delivery_proved_v1);
    struct booking_state *booking = state;

    booking->has_delivery_proved_at = true;
    booking->delivery_proved_at = fact->at_ms;
    if (proved->has_default_at)
        set_default(booking, fact, true, proved->default_at);
}

static void apply_return_proved(void *state, const struct domain_fact *fact)
{
    const struct booking_return_proved_v1 *proved = FACT(fact, booking_return_proved_v1);
    struct booking_state *booking = state;

    booking->has_return_proved_at = true;
    booking->return_proved_at = fact->at_ms;
    if (proved->has_default_at)
        set_default(booking, fact, true, proved->default_at);
}

static void apply_evidence_added(void *state, const struct domain_fact *fact)
{
    const struct booking_evidence_added_v1 *added = FACT(fact, booking_evidence_added_v1);
    int64_t *spoken = booking_evidence(state, added->by);

    if (spoken)
        *spoken = added->n;
}

static void apply_completed(void *state, const struct domain_fact *fact)
{
    struct booking_state *booking = state;

    booking->has_split = true;
    booking->split = FACT(fact, booking_completed_v1)->split;
}

static void apply_resolved(void *state, const struct domain_fact *fact)
{
    const struct booking_resolved_v1 *resolved = FACT(fact, booking_resolved_v1);
    struct booking_state *booking = state;

    booking->has_split = true;
    booking->split = resolved->split;
    booking->has_fault = resolved->has_fault;
    booking->fault = resolved->fault;
}

/* Once staff are reminded, no date ends the dispute by itself. */
static void apply_reminded(void *state, const struct domain_fact *fact)
{
    if (FACT(fact, booking_reminded_v1)->what == REMINDER_STAFF)
        set_default(state, fact, false, 0);
}

#define REQUESTED FROM(BOOKING_STATUS_REQUESTED)
#define ACCEPTED  FROM(BOOKING_STATUS_ACCEPTED)
#define PAID      FROM(BOOKING_STATUS_PAID)
#define REFUSED   FROM(BOOKING_STATUS_REFUSED_AT_PICKUP)
#define COLLECTED FROM(BOOKING_STATUS_COLLECTED)
#define DELIVERED FROM(BOOKING_STATUS_DELIVERED)
#define DISPUTED  FROM(BOOKING_STATUS_DISPUTED)

const struct fold booking_folds[] = {
    /* clang-format off */
/*   fact                               from                                      to                                      values */
    {&booking_requested_v1_schema,       FROM_NOTHING,                             TO(BOOKING_STATUS_REQUESTED),           apply_requested},
    {&booking_accepted_v1_schema,        REQUESTED,                                TO(BOOKING_STATUS_ACCEPTED),            apply_accepted},
    {&booking_declined_v1_schema,        REQUESTED,                                TO(BOOKING_STATUS_DECLINED),            NULL},
    {&booking_expired_v1_schema,         REQUESTED | ACCEPTED,                     TO(BOOKING_STATUS_EXPIRED),             NULL},
    {&booking_grace_given_v1_schema,     ACCEPTED,                                 TO_SAME,                                apply_grace_given},
    {&booking_paid_v1_schema,            ACCEPTED,                                 TO(BOOKING_STATUS_PAID),                apply_paid},
    {&booking_cancelled_v1_schema,       REQUESTED | ACCEPTED | PAID | REFUSED,    TO(BOOKING_STATUS_CANCELLED),           apply_cancelled},
    {&booking_redated_v1_schema,         REQUESTED | ACCEPTED | PAID,              TO_SAME,                                apply_redated},
    {&booking_redated_v1_schema,         COLLECTED | DISPUTED,                     TO_SAME,                                apply_redated},
    {&booking_redate_agreed_v1_schema,   REQUESTED | ACCEPTED | PAID,              TO_SAME,                                apply_redate_agreed},
    {&booking_pickup_failed_v1_schema,   PAID,                                     TO(BOOKING_STATUS_REFUSED_AT_PICKUP),   apply_pickup_failed},
    {&booking_collected_v1_schema,       PAID,                                     TO(BOOKING_STATUS_COLLECTED),           apply_collected},
    {&booking_delivered_v1_schema,       COLLECTED,                                TO(BOOKING_STATUS_DELIVERED),           apply_delivered},
    {&booking_code_issued_v1_schema,     PAID | COLLECTED | DISPUTED,              TO_SAME,                                apply_code_issued},
    {&booking_code_failed_v1_schema,     PAID | COLLECTED | DISPUTED,              TO_SAME,                                apply_code_failed},
    {&booking_disputed_v1_schema,        PAID,                                     TO(BOOKING_STATUS_DISPUTED),            apply_disputed_paid},
    {&booking_disputed_v1_schema,        REFUSED,                                  TO(BOOKING_STATUS_DISPUTED),            apply_disputed_at_pickup},
    {&booking_disputed_v1_schema,        COLLECTED,                                TO(BOOKING_STATUS_DISPUTED),            apply_disputed_collected},
    {&booking_disputed_v1_schema,        DELIVERED,                                TO(BOOKING_STATUS_DISPUTED),            apply_disputed_delivered},
    {&booking_delivery_proved_v1_schema, DISPUTED,                                 TO_SAME,                                apply_delivery_proved},
    {&booking_return_proved_v1_schema,   DISPUTED,                                 TO_SAME,                                apply_return_proved},
    {&booking_evidence_added_v1_schema,  DISPUTED,                                 TO_SAME,                                apply_evidence_added},
    {&booking_completed_v1_schema,       DELIVERED | DISPUTED,                     TO(BOOKING_STATUS_COMPLETED),           apply_completed},
    {&booking_resolved_v1_schema,        DISPUTED,                                 TO(BOOKING_STATUS_RESOLVED),            apply_resolved},
    {&booking_reminded_v1_schema,        PAID | COLLECTED | DELIVERED | DISPUTED,  TO_SAME,                                apply_reminded},
    {0},
    /* clang-format on */
};
