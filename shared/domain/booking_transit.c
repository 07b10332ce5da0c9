/* SPDX-License-Identifier: Apache-2.0
 * On the way and at the door: what B20 to B28 demand and do. */
#include "shared/domain/booking_facts.h"
#include "shared/domain/booking_inside.h"
#include "shared/domain/limits.h"

#define BY(party) (1u << (party))

/* B20 booking.start. What was reported since, or is damaged, stays as it is. */
void booking_act_start(struct rule_situation *s)
{
    if (booking_parcel_is(s, FROM(PARCEL_STATUS_COLLECTED) | FROM(PARCEL_STATUS_DELAYED)))
        EMIT(s, parcel_departed_v1, .state = PARCEL_STATUS_IN_TRANSIT, .booking = s->world->booking->id);
}

/* B21 booking.report */

static const struct booking_report_v1 *reporting(const struct rule_situation *s)
{
    return s->command->data;
}

static int32_t step_status(const struct rule_situation *s)
{
    static const int32_t statuses[] = {
        [REPORT_STEP_IN_TRANSIT] = PARCEL_STATUS_IN_TRANSIT,
        [REPORT_STEP_CUSTOMS] = PARCEL_STATUS_CUSTOMS,
        [REPORT_STEP_DELAYED] = PARCEL_STATUS_DELAYED,
        [REPORT_STEP_ARRIVED] = PARCEL_STATUS_ARRIVED,
    };

    return statuses[reporting(s)->step];
}

enum refusal booking_trip_on_its_way(const struct rule_situation *s)
{
    return FROM(s->world->trip->state) & (FROM(TRIP_STATUS_DEPARTED) | FROM(TRIP_STATUS_ARRIVED))
               ? REFUSAL_NONE
               : REFUSAL_TRIP_NOT_LEFT;
}

/* What a trip carried that was given up may reach its recipient after all. */
enum refusal booking_trip_left_or_ended(const struct rule_situation *s)
{
    return booking_trip_left(s) ? REFUSAL_NONE : REFUSAL_TRIP_NOT_LEFT;
}

/* One that was damaged after its delivery is not on its way any more. */
enum refusal booking_parcel_moving(const struct rule_situation *s)
{
    return booking_parcel_is(s, PARCEL_MOVING) && !s->world->parcel->has_delivered_at ? REFUSAL_NONE
                                                                                      : REFUSAL_WRONG_STATE;
}

enum refusal booking_not_the_current_step(const struct rule_situation *s)
{
    return s->world->parcel->state == step_status(s) ? REFUSAL_SAME_STATUS : REFUSAL_NONE;
}

enum refusal booking_reason_for_waiting_given(const struct rule_situation *s)
{
    const struct booking_report_v1 *asked = reporting(s);
    bool waits = asked->step == REPORT_STEP_DELAYED || asked->step == REPORT_STEP_CUSTOMS;

    return waits && !asked->has_reason ? REFUSAL_REASON_MISSING : REFUSAL_NONE;
}

void booking_act_report(struct rule_situation *s)
{
    const struct booking_report_v1 *asked = reporting(s);
    const struct id booking = s->world->booking->id;

    switch (asked->step) {
    case REPORT_STEP_IN_TRANSIT:
        EMIT(s, parcel_departed_v1, .state = PARCEL_STATUS_IN_TRANSIT, .booking = booking);
        break;
    case REPORT_STEP_CUSTOMS:
        EMIT(s, parcel_in_customs_v1, .state = PARCEL_STATUS_CUSTOMS, .booking = booking,
             .has_reason = asked->has_reason, .reason = asked->reason);
        break;
    case REPORT_STEP_DELAYED:
        EMIT(s, parcel_delayed_v1, .state = PARCEL_STATUS_DELAYED, .booking = booking,
             .has_reason = asked->has_reason, .reason = asked->reason);
        break;
    default:
        EMIT(s, parcel_arrived_v1, .state = PARCEL_STATUS_ARRIVED, .booking = booking);
        break;
    }
}

/* B22 to B25: at the door */

#define AT_THE_DOOR                                                                                          \
    (FROM(PARCEL_STATUS_IN_TRANSIT) | FROM(PARCEL_STATUS_CUSTOMS) | FROM(PARCEL_STATUS_DELAYED) |            \
     FROM(PARCEL_STATUS_ARRIVED) | FROM(PARCEL_STATUS_DAMAGED))

enum refusal booking_parcel_deliverable(const struct rule_situation *s)
{
    return booking_parcel_is(s, AT_THE_DOOR) ? REFUSAL_NONE : REFUSAL_PARCEL_NOT_DELIVERABLE;
}

/* One on its way back may reach its recipient after all. */
enum refusal booking_parcel_deliverable_in_dispute(const struct rule_situation *s)
{
    return booking_parcel_is(s, AT_THE_DOOR | FROM(PARCEL_STATUS_RETURNING)) ? REFUSAL_NONE
                                                                             : REFUSAL_PARCEL_NOT_DELIVERABLE;
}

enum refusal booking_cause_ends_by_delivery(const struct rule_situation *s)
{
    switch (s->world->booking->cause) {
    case DISPUTE_CAUSE_LATE:
    case DISPUTE_CAUSE_UNDELIVERED:
    case DISPUTE_CAUSE_LOST:
    case DISPUTE_CAUSE_ABANDONED:
    case DISPUTE_CAUSE_RETURN:
        return REFUSAL_NONE;
    default:
        return REFUSAL_PARCEL_NOT_DELIVERABLE;
    }
}

enum refusal booking_delivery_code_not_blocked(const struct rule_situation *s)
{
    return booking_code_blocked(s, CODE_PURPOSE_DELIVERY);
}

enum refusal booking_delivery_code_right(const struct rule_situation *s)
{
    const struct booking_deliver_v1 *asked = s->command->data;

    return booking_code_wrong(s, CODE_PURPOSE_DELIVERY, asked->code);
}

enum refusal booking_identity_checked(const struct rule_situation *s)
{
    const struct booking_deliver_v1 *by_code = s->command->data;
    const struct booking_deliver_by_staff_v1 *by_staff = s->command->data;
    bool checked = s->command->row->schema == &booking_deliver_v1_schema
                       ? by_code->has_identity_checked && by_code->identity_checked
                       : by_staff->identity_checked;

    return checked ? REFUSAL_NONE : REFUSAL_NOT_CHECKED;
}

enum refusal booking_signature_photo(const struct rule_situation *s)
{
    return photo_shown(s->world->parcel, PHOTO_STAGE_SIGNATURE, BY(PARTY_STAFF)) ? REFUSAL_NONE
                                                                                 : REFUSAL_PHOTO_MISSING;
}

static void deliver(struct rule_situation *s, int32_t proof)
{
    EMIT(s, booking_delivered_v1, .state = BOOKING_STATUS_DELIVERED, .proof = proof,
         .confirm_by = s->now_ms + limits_delay(DELAY_CONFIRM));
    EMIT(s, parcel_delivered_v1, .state = PARCEL_STATUS_DELIVERED, .booking = s->world->booking->id);
}

void booking_act_deliver(struct rule_situation *s)
{
    deliver(s, DELIVERY_PROOF_CODE);
}

void booking_act_deliver_by_staff(struct rule_situation *s)
{
    deliver(s, DELIVERY_PROOF_STAFF);
}

void booking_act_prove_delivery(struct rule_situation *s)
{
    booking_prove_delivery(s);
    EMIT(s, parcel_delivered_v1, .state = PARCEL_STATUS_DELIVERED, .booking = s->world->booking->id);
}

/* B26 booking.reissue_code */

static int32_t purpose_asked(const struct rule_situation *s)
{
    return ((const struct booking_reissue_code_v1 *)s->command->data)->purpose;
}

static bool in_hands_of_traveller(const struct rule_situation *s)
{
    const struct booking_state *booking = s->world->booking;

    return booking->state == BOOKING_STATUS_COLLECTED ||
           (booking->state == BOOKING_STATUS_DISPUTED && booking_was_collected(booking) &&
            !booking->has_delivered_at && !booking->has_delivery_proved_at);
}

/* Whoever is to be met never asks for the code they are to be told. */
enum refusal booking_never_the_traveller(const struct rule_situation *s)
{
    return rule_is(s, WHO_TRAVELLER) ? REFUSAL_NOT_ALLOWED : REFUSAL_NONE;
}

enum refusal booking_purpose_fits_state_and_asker(const struct rule_situation *s)
{
    int32_t purpose = purpose_asked(s);
    bool fits = purpose == CODE_PURPOSE_PICKUP     ? s->world->booking->state == BOOKING_STATUS_PAID
                : purpose == CODE_PURPOSE_DELIVERY ? in_hands_of_traveller(s)
                                                   : booking_parcel_is(s, FROM(PARCEL_STATUS_RETURNING));

    if (rule_is(s, WHO_RECIPIENT) && purpose != CODE_PURPOSE_DELIVERY)
        fits = false;
    return fits ? REFUSAL_NONE : REFUSAL_PURPOSE_MISMATCH;
}

enum refusal booking_issues_left(const struct rule_situation *s)
{
    int64_t most = rule_party(s) == PARTY_STAFF ? COUNT_CODE_ISSUES_STAFF : COUNT_CODE_ISSUES;

    return booking_code(s->world->booking, purpose_asked(s))->issue < most ? REFUSAL_NONE
                                                                           : REFUSAL_REISSUE_LIMIT;
}

enum refusal booking_not_issued_just_now(const struct rule_situation *s)
{
    const struct code_count *count = booking_code(s->world->booking, purpose_asked(s));
    bool just_now = count->has_issued_at && s->now_ms < count->issued_at + limits_delay(DELAY_CODE_AGAIN);

    return just_now ? REFUSAL_TOO_SOON : REFUSAL_NONE;
}

void booking_act_reissue_code(struct rule_situation *s)
{
    booking_issue_code(s, purpose_asked(s), rule_party(s));
}

/* B27 booking.undelivered, B28 booking.abandon */

enum refusal booking_parcel_arrived(const struct rule_situation *s)
{
    return booking_parcel_is(s, FROM(PARCEL_STATUS_ARRIVED)) ? REFUSAL_NONE : REFUSAL_TOO_EARLY;
}

/* The recipient may refuse at once; the traveller waits for them first. */
enum refusal booking_traveller_waited(const struct rule_situation *s)
{
    const struct parcel_state *parcel = s->world->parcel;
    bool waited = s->now_ms >= parcel->arrived_at + limits_delay(DELAY_UNDELIVERED);

    return waited || !rule_is(s, WHO_TRAVELLER) ? REFUSAL_NONE : REFUSAL_TOO_EARLY;
}

void booking_act_undelivered(struct rule_situation *s)
{
    booking_dispute(s, DISPUTE_CAUSE_UNDELIVERED, rule_party(s));
    booking_keep(s, "note", s->world->booking->version);
}

enum refusal booking_trip_abandoned(const struct rule_situation *s)
{
    return s->world->trip->state == TRIP_STATUS_ABANDONED ? REFUSAL_NONE : REFUSAL_WRONG_STATE;
}

/* A trip that staff stopped for what is nobody's fault is theirs to answer for. */
void booking_act_abandon(struct rule_situation *s)
{
    const struct booking_abandon_v1 *told = s->command->data;
    int32_t by = told->has_reason && booking_nobodys_fault(told->reason) ? PARTY_STAFF : PARTY_SYSTEM;

    booking_dispute(s, DISPUTE_CAUSE_ABANDONED, by);
    if (booking_parcel_is(s, PARCEL_MOVING))
        EMIT(s, parcel_return_started_v1, .state = PARCEL_STATUS_RETURNING, .by = by);
    booking_issue_code(s, CODE_PURPOSE_RETURN, by);
}
