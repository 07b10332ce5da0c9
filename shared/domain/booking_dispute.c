/* SPDX-License-Identifier: Apache-2.0
 * How a booking ends once the parcel was taken over: what B29 to B37 demand and do. */
#include "shared/domain/booking_facts.h"
#include "shared/domain/booking_inside.h"
#include "shared/domain/limits.h"
#include "shared/domain/payment_facts.h"

#define BY(party) (1u << (party))

/* B29 booking.confirm, B30 booking.auto_confirm, B34 booking.drop_dispute */

enum refusal booking_confirm_epoch(const struct rule_situation *s)
{
    return s->epoch == s->world->booking->confirm_epoch ? REFUSAL_NONE : REFUSAL_TIMER_VOID;
}

void booking_act_confirm(struct rule_situation *s)
{
    booking_complete(s, rule_party(s));
    booking_keep(s, "note", s->world->booking->version);
}

enum refusal booking_parcel_delivered(const struct rule_situation *s)
{
    const struct booking_state *booking = s->world->booking;
    bool was = booking->has_delivered_at || booking->has_delivery_proved_at;

    return booking_parcel_is(s, FROM(PARCEL_STATUS_DELIVERED)) ||
                   (was && booking_parcel_is(s, FROM(PARCEL_STATUS_DAMAGED)))
               ? REFUSAL_NONE
               : REFUSAL_PARCEL_NOT_DELIVERED;
}

/* B31, B32 booking.dispute */

static const struct booking_dispute_v1 *disputing(const struct rule_situation *s)
{
    return s->command->data;
}

enum refusal booking_within_complaint_window(const struct rule_situation *s)
{
    return s->now_ms < s->world->booking->confirm_by ? REFUSAL_NONE : REFUSAL_WINDOW_CLOSED;
}

/* One that can be complained of after a delivery. */
enum refusal booking_cause_given(const struct rule_situation *s)
{
    switch (disputing(s)->has_cause ? disputing(s)->cause : DISPUTE_CAUSE_NONE) {
    case DISPUTE_CAUSE_LATE:
    case DISPUTE_CAUSE_UNDELIVERED:
    case DISPUTE_CAUSE_DAMAGED:
    case DISPUTE_CAUSE_CONTENT:
        return REFUSAL_NONE;
    default:
        return REFUSAL_REASON_MISSING;
    }
}

enum refusal booking_photo_for_content_or_damage(const struct rule_situation *s)
{
    const uint32_t by = BY(PARTY_SENDER) | BY(PARTY_RECIPIENT);
    int32_t cause = disputing(s)->cause;

    if (cause != DISPUTE_CAUSE_CONTENT && cause != DISPUTE_CAUSE_DAMAGED)
        return REFUSAL_NONE;
    return photo_shown(s->world->parcel, PHOTO_STAGE_DAMAGE, by) ||
                   photo_shown(s->world->parcel, PHOTO_STAGE_EVIDENCE, by)
               ? REFUSAL_NONE
               : REFUSAL_PHOTO_MISSING;
}

void booking_act_dispute(struct rule_situation *s)
{
    booking_dispute(s, disputing(s)->cause, rule_party(s));
    booking_keep(s, "dispute", s->world->booking->version);
}

enum refusal booking_arrival_long_past(const struct rule_situation *s)
{
    bool past = s->now_ms > s->world->booking->arrives + limits_delay(DELAY_LATE_BY_SENDER);

    return past || rule_is(s, WHO_SYSTEM) ? REFUSAL_NONE : REFUSAL_TOO_EARLY;
}

enum refusal booking_late_epoch(const struct rule_situation *s)
{
    return !rule_is(s, WHO_SYSTEM) || s->epoch == s->world->booking->late_epoch ? REFUSAL_NONE
                                                                                : REFUSAL_TIMER_VOID;
}

void booking_act_dispute_late(struct rule_situation *s)
{
    booking_dispute(s, DISPUTE_CAUSE_LATE, rule_party(s));
    booking_keep(s, "dispute", s->world->booking->version);
}

/* B33 booking.add_evidence */

enum refusal booking_before_evidence_by(const struct rule_situation *s)
{
    return s->now_ms < s->world->booking->evidence_by ? REFUSAL_NONE : REFUSAL_WINDOW_CLOSED;
}

enum refusal booking_evidence_left(const struct rule_situation *s)
{
    const int64_t *spoken = booking_evidence(s->world->booking, rule_party(s));

    return spoken && *spoken < COUNT_EVIDENCE_EACH ? REFUSAL_NONE : REFUSAL_EVIDENCE_LIMIT;
}

/* An answer may take the default away (c2: pickup): then staff are told, and reminded from now on. */
void booking_act_add_evidence(struct rule_situation *s)
{
    int32_t by = rule_party(s);
    const int64_t *spoken = booking_evidence(s->world->booking, by);
    struct policy_dispute question;
    int64_t delay;

    EMIT(s, booking_evidence_added_v1, .state = SAME, .by = by, .n = *spoken + 1);
    booking_keep(s, "evidence", s->world->booking->version);
    question = booking_question(s);
    if (s->world->booking->has_default_at && policy_default_delay(&question, &delay) != 0)
        EMIT(s, booking_reminded_v1, .state = SAME, .what = REMINDER_STAFF);
}

/* B35 booking.resolve, B36 booking.resolve_default */

static const struct booking_resolve_v1 *resolving(const struct rule_situation *s)
{
    return s->command->data;
}

enum refusal booking_split_is_what_is_held(const struct rule_situation *s)
{
    const struct split *split = &resolving(s)->split;

    return split->to_traveller + split->to_sender + split->to_fees == payment_escrow(s->world->payment)
               ? REFUSAL_NONE
               : REFUSAL_SPLIT_MISMATCH;
}

enum refusal booking_within_authority(const struct rule_situation *s)
{
    const struct limits_currency *limits = limits_of(s->world->booking->currency);
    bool within = limits && payment_escrow(s->world->payment) <= limits->staff_authority;

    return within || rule_is(s, WHO_LEAD) ? REFUSAL_NONE : REFUSAL_OVER_AUTHORITY;
}

/* Who opened a dispute has spoken. */
static bool spoke(struct booking_state *booking, int32_t party)
{
    return booking->opener == party || *booking_evidence(booking, party) > 0;
}

enum refusal booking_evidence_over_or_both_spoke(const struct rule_situation *s)
{
    struct booking_state *booking = s->world->booking;
    bool over = s->now_ms >= booking->evidence_by;

    return over || (spoke(booking, PARTY_SENDER) && spoke(booking, PARTY_TRAVELLER)) ? REFUSAL_NONE
                                                                                     : REFUSAL_EVIDENCE_OPEN;
}

enum refusal booking_chargeback_over(const struct rule_situation *s)
{
    bool waits =
        s->world->booking->cause == DISPUTE_CAUSE_CHARGEBACK && payment_chargeback_open(s->world->payment);

    return waits ? REFUSAL_CHARGEBACK_OPEN : REFUSAL_NONE;
}

void booking_act_resolve(struct rule_situation *s)
{
    const struct booking_resolve_v1 *asked = resolving(s);

    booking_resolve(s, &asked->split, asked->has_fault ? asked->fault : FAULT_NONE);
    booking_keep(s, "resolve", s->world->booking->version);
}

enum refusal booking_dispute_epoch(const struct rule_situation *s)
{
    return s->epoch == s->world->booking->dispute_epoch ? REFUSAL_NONE : REFUSAL_TIMER_VOID;
}

static int default_outcome(const struct rule_situation *s, struct policy_outcome *ret_outcome)
{
    const struct policy_dispute question = booking_question(s);
    const struct policy_price price = booking_price(s->world->booking);

    return policy_default(&question, &price, ret_outcome);
}

enum refusal booking_default_known(const struct rule_situation *s)
{
    struct policy_outcome outcome;

    return default_outcome(s, &outcome) == 0 ? REFUSAL_NONE : REFUSAL_NEEDS_STAFF;
}

void booking_act_resolve_default(struct rule_situation *s)
{
    struct policy_outcome outcome;
    struct split split;

    if (default_outcome(s, &outcome) != 0) {
        s->broken = FOLD_UNFIT;
        return;
    }
    split = policy_fit(&outcome.split, payment_escrow(s->world->payment));
    booking_resolve(s, &split, outcome.fault);
}

/* B37 booking.remind */

enum refusal booking_reminder_epoch(const struct rule_situation *s)
{
    const struct booking_state *booking = s->world->booking;
    bool ours = booking_has_parcel(s);
    const struct {
        int32_t what, state;
        int64_t epoch;
    } reminders[] = {
        {REMINDER_PICKUP, BOOKING_STATUS_PAID, booking->pickup_epoch},
        {REMINDER_HAND_OVER, BOOKING_STATUS_COLLECTED, ours ? s->world->parcel->arrived_epoch : 0},
        {REMINDER_CONFIRM, BOOKING_STATUS_DELIVERED, booking->confirm_epoch},
        {REMINDER_STAFF, BOOKING_STATUS_DISPUTED, booking->dispute_epoch},
    };
    int32_t what = ((const struct booking_remind_v1 *)s->command->data)->what;

    for (size_t i = 0; i < sizeof(reminders) / sizeof(reminders[0]); i++)
        if (reminders[i].what == what && reminders[i].state == booking->state && s->epoch > 0 &&
            reminders[i].epoch == s->epoch)
            return REFUSAL_NONE;
    return REFUSAL_TIMER_VOID;
}

void booking_act_remind(struct rule_situation *s)
{
    EMIT(s, booking_reminded_v1, .state = SAME,
         .what = ((const struct booking_remind_v1 *)s->command->data)->what);
}
