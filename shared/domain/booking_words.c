/* SPDX-License-Identifier: Apache-2.0
 * Words that booking rows of more than one theme use. */
#include <string.h>

#include "shared/domain/booking_facts.h"
#include "shared/domain/booking_inside.h"
#include "shared/domain/payment_facts.h"

bool booking_trip_left(const struct rule_situation *situation)
{
    return situation->world->trip->state != TRIP_STATUS_ANNOUNCED;
}

bool booking_trip_ended(const struct rule_situation *situation)
{
    return FROM(situation->world->trip->state) &
           (FROM(TRIP_STATUS_CANCELLED) | FROM(TRIP_STATUS_ABANDONED) | FROM(TRIP_STATUS_LAPSED));
}

bool booking_nobodys_fault(int32_t reason)
{
    return reason == BOOKING_CANCEL_REASON_SAFETY || reason == BOOKING_CANCEL_REASON_FRAUD ||
           reason == BOOKING_CANCEL_REASON_CORRIDOR_CLOSED;
}

bool booking_asks_answer(const struct booking_state *booking)
{
    return booking->has_must_answer_by;
}

bool booking_redate_open(const struct rule_situation *situation)
{
    const struct booking_state *booking = situation->world->booking;

    return booking_asks_answer(booking) ||
           (booking->has_free_cancel_until && situation->now_ms < booking->free_cancel_until);
}

int64_t booking_departs_agreed(const struct rule_situation *situation)
{
    const struct booking_state *booking = situation->world->booking;

    return booking_redate_open(situation) && booking->has_departs_before ? booking->departs_before
                                                                         : booking->departs;
}

/* The person who asks may begin nothing new. */
enum refusal booking_not_blocked(const struct rule_situation *s)
{
    const struct profile_state *person = rule_is(s, WHO_TRAVELLER) ? s->world->traveller : s->world->sender;

    return person && person->version > 0 && person->blocked ? REFUSAL_BLOCKED : REFUSAL_NONE;
}

/* A person says why; the system's reason is what it acts upon. */
enum refusal booking_reason_given(const struct rule_situation *s)
{
    bool given = strcmp(s->command->row->family, "booking.decline") == 0
                     ? ((const struct booking_decline_v1 *)s->command->data)->has_reason
                     : ((const struct booking_cancel_v1 *)s->command->data)->has_reason;

    return given || rule_is(s, WHO_SYSTEM) ? REFUSAL_NONE : REFUSAL_REASON_MISSING;
}

/* Staff do not judge their own parcels and trips. */
enum refusal booking_not_a_party(const struct rule_situation *s)
{
    return rule_is(s, WHO_SENDER | WHO_TRAVELLER) ? REFUSAL_NOT_ALLOWED : REFUSAL_NONE;
}

enum refusal booking_trip_still_announced(const struct rule_situation *s)
{
    return booking_trip_left(s) ? REFUSAL_TRIP_LEFT : REFUSAL_NONE;
}

/* Of fan-out: what it tells of must be so. */
enum refusal booking_trip_has_left(const struct rule_situation *s)
{
    return booking_trip_left(s) ? REFUSAL_NONE : REFUSAL_WRONG_STATE;
}

enum refusal booking_epoch_or_trip_left(const struct rule_situation *s)
{
    return booking_trip_left(s) || s->epoch == s->world->booking->expire_epoch ? REFUSAL_NONE
                                                                               : REFUSAL_TIMER_VOID;
}

/* The system cancels where a trip was given up, or where new dates were not agreed to. */
enum refusal booking_epoch_or_trip_ended(const struct rule_situation *s)
{
    const struct booking_state *booking = s->world->booking;

    if (!rule_is(s, WHO_SYSTEM) || booking_trip_ended(s))
        return REFUSAL_NONE;
    return booking_asks_answer(booking) && s->epoch == booking->redate_epoch ? REFUSAL_NONE
                                                                             : REFUSAL_TIMER_VOID;
}

enum refusal booking_newer_dates(const struct rule_situation *s)
{
    return s->world->trip->schedule > s->world->booking->schedule ? REFUSAL_NONE : REFUSAL_STALE;
}

void booking_keep(struct rule_situation *situation, const char *name, int64_t n)
{
    const struct schema *schema = situation->command->row->schema;
    const char *data = situation->command->data;

    for (int i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];

        if (!field->is_private)
            continue;
        if (field->has_offset != UINT16_MAX && !*(const bool *)(data + field->has_offset))
            continue;
        situation->decision->private_name = name;
        situation->decision->private_n = n;
    }
}

void booking_cancel_as(struct rule_situation *situation, int32_t reason, const struct policy_outcome *outcome)
{
    struct policy_outcome decided = *outcome;

    decided.split = policy_fit(&outcome->split, payment_escrow(situation->world->payment));
    EMIT(situation, booking_cancelled_v1, .state = BOOKING_STATUS_CANCELLED, .by = rule_party(situation),
         .has_reason = reason != BOOKING_CANCEL_REASON_NONE, .reason = reason, .has_split = true,
         .split = decided.split, .has_row = true, .row = decided.row,
         .has_fault = decided.fault != FAULT_NONE, .fault = decided.fault);
    booking_count_fault(situation, decided.fault);
    payment_split(situation, &decided.split);
}
