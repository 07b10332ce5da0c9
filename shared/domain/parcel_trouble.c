/* SPDX-License-Identifier: Apache-2.0
 * What befalls a parcel on its way: lost and found, damaged, seized, sent back (P6-P13). */
#include "shared/domain/booking_facts.h"
#include "shared/domain/limits.h"
#include "shared/domain/parcel.h"

#define BY(party) (1u << PARTY_##party)

static enum refusal refuse_unless(bool holds, enum refusal refusal)
{
    return holds ? REFUSAL_NONE : refusal;
}

static int32_t caller(const struct rule_situation *situation)
{
    return (int32_t)rule_party(situation);
}

static void dispute(struct rule_situation *situation, int32_t cause)
{
    if (parcel_booking_of(situation))
        booking_dispute(situation, cause, caller(situation));
}

enum refusal parcel_not_handed_over(const struct rule_situation *situation)
{
    return refuse_unless(!situation->world->parcel->has_delivered_at, REFUSAL_WRONG_STATE);
}

/* P6, P7 */

/* The traveller and staff know; the sender waits first, staff or not. */
enum refusal parcel_72_hours_overdue_if_sender_says(const struct rule_situation *situation)
{
    const struct trip_state *trip = situation->world->trip;

    if (rule_party(situation) != PARTY_SENDER)
        return REFUSAL_NONE;
    return refuse_unless(trip && situation->now_ms > trip->arrives + limits_delay(DELAY_LOST_BY_SENDER),
                         REFUSAL_TOO_EARLY);
}

void parcel_lose(struct rule_situation *situation)
{
    EMIT(situation, parcel_lost_v1, .state = PARCEL_STATUS_LOST, .by = caller(situation));
    dispute(situation, DISPUTE_CAUSE_LOST);
    parcel_keep(situation, "declare_lost");
}

enum refusal parcel_booking_not_resolved(const struct rule_situation *situation)
{
    const struct booking_state *booking = parcel_booking_of(situation);

    return refuse_unless(!booking || booking->state != BOOKING_STATUS_RESOLVED, REFUSAL_WRONG_STATE);
}

void parcel_find(struct rule_situation *situation)
{
    const struct parcel_declare_found_v1 *asked = situation->command->data;

    EMIT(situation, parcel_found_v1, .state = PARCEL_STATUS_DELAYED, .by = caller(situation));
    if (asked->has_note)
        parcel_keep(situation, "declare_found");
}

/* P8, P9 */

enum refusal parcel_damage_photographed_by_carrier(const struct rule_situation *situation)
{
    return refuse_unless(photo_shown(situation->world->parcel, PHOTO_STAGE_DAMAGE, BY(TRAVELLER) | BY(STAFF)),
                         REFUSAL_PHOTO_MISSING);
}

enum refusal parcel_delivered_within_24_hours(const struct rule_situation *situation)
{
    return refuse_unless(situation->now_ms <
                             situation->world->parcel->delivered_at + limits_delay(DELAY_DAMAGE_WINDOW),
                         REFUSAL_WINDOW_CLOSED);
}

enum refusal parcel_damage_photographed_by_receiver(const struct rule_situation *situation)
{
    return refuse_unless(
        photo_shown(situation->world->parcel, PHOTO_STAGE_DAMAGE, BY(SENDER) | BY(RECIPIENT)),
        REFUSAL_PHOTO_MISSING);
}

enum refusal parcel_booking_delivered(const struct rule_situation *situation)
{
    const struct booking_state *booking = parcel_booking_of(situation);

    return refuse_unless(booking && booking->state == BOOKING_STATUS_DELIVERED, REFUSAL_WRONG_STATE);
}

void parcel_damage(struct rule_situation *situation)
{
    const struct parcel_declare_damaged_v1 *asked = situation->command->data;

    EMIT(situation, parcel_damaged_v1, .state = PARCEL_STATUS_DAMAGED, .by = caller(situation));
    if (asked->has_statement)
        parcel_keep(situation, "declare_damaged");
}

void parcel_damage_after_delivery(struct rule_situation *situation)
{
    parcel_damage(situation);
    dispute(situation, DISPUTE_CAUSE_DAMAGED);
}

/* P10, P11 */

enum refusal parcel_customs_paper_photographed(const struct rule_situation *situation)
{
    return refuse_unless(
        rule_party(situation) == PARTY_STAFF ||
            photo_shown(situation->world->parcel, PHOTO_STAGE_CUSTOMS, BY(TRAVELLER) | BY(STAFF)),
        REFUSAL_PHOTO_MISSING);
}

void parcel_seize(struct rule_situation *situation)
{
    const struct parcel_declare_seized_v1 *asked = situation->command->data;

    EMIT(situation, parcel_seized_v1, .state = PARCEL_STATUS_SEIZED, .by = caller(situation));
    dispute(situation, DISPUTE_CAUSE_SEIZED);
    if (asked->has_statement)
        parcel_keep(situation, "declare_seized");
}

void parcel_lift_seizure(struct rule_situation *situation)
{
    const struct parcel_seizure_lifted_v1 *asked = situation->command->data;

    EMIT(situation, parcel_released_by_customs_v1, .state = PARCEL_STATUS_CUSTOMS, .by = caller(situation));
    if (asked->has_note)
        parcel_keep(situation, "seizure_lifted");
}

/* P12, P13 */

/* Once the trip has left only the traveller and staff can turn the parcel round. */
enum refusal parcel_trip_announced_if_sender_asks(const struct rule_situation *situation)
{
    const struct trip_state *trip = situation->world->trip;

    if (rule_party(situation) != PARTY_SENDER)
        return REFUSAL_NONE;
    return refuse_unless(trip && trip->state == TRIP_STATUS_ANNOUNCED, REFUSAL_TRIP_LEFT);
}

enum refusal parcel_return_reason_given(const struct rule_situation *situation)
{
    const struct parcel_return_v1 *asked = situation->command->data;

    return refuse_unless(asked->has_reason, REFUSAL_REASON_MISSING);
}

void parcel_start_return(struct rule_situation *situation)
{
    const struct parcel_return_v1 *asked = situation->command->data;
    const struct booking_state *booking = parcel_booking_of(situation);

    EMIT(situation, parcel_return_started_v1, .state = PARCEL_STATUS_RETURNING, .by = caller(situation),
         .has_reason = asked->has_reason, .reason = asked->reason);
    dispute(situation, DISPUTE_CAUSE_RETURN);
    /* The code of an earlier return is in force, with its tries. */
    if (booking && booking->return_code.issue == 0)
        booking_issue_code(situation, CODE_PURPOSE_RETURN, caller(situation));
}

enum refusal parcel_return_tries_left(const struct rule_situation *situation)
{
    return parcel_booking_of(situation) ? booking_code_blocked(situation, CODE_PURPOSE_RETURN)
                                        : REFUSAL_WRONG_STATE;
}

enum refusal parcel_return_code_right(const struct rule_situation *situation)
{
    const struct parcel_hand_back_v1 *asked = situation->command->data;

    return booking_code_wrong(situation, CODE_PURPOSE_RETURN, asked->code);
}

void parcel_hand_back(struct rule_situation *situation)
{
    EMIT(situation, parcel_returned_v1, .state = PARCEL_STATUS_RETURNED);
    booking_free(situation); /* what is handed back before the departure is not on board */
    booking_return_proved(situation);
}

void parcel_count_wrong_code(struct rule_situation *situation, enum refusal refusal)
{
    if (refusal == REFUSAL_CODE_WRONG)
        booking_code_failed(situation, CODE_PURPOSE_RETURN);
}
