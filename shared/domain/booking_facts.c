/* SPDX-License-Identifier: Apache-2.0
 * What parcel and payment rows decide about a booking too; the booking's own rows use the same words. */
#include "shared/domain/booking_facts.h"

#include <string.h>

#include "shared/domain/booking_inside.h"
#include "shared/domain/limits.h"
#include "shared/domain/payment_facts.h"
#include "shared/domain/review.h"

bool booking_has_parcel(const struct rule_situation *situation)
{
    const struct parcel_state *parcel = situation->world->parcel;

    return parcel && parcel->version > 0 && parcel->has_booking &&
           id_same(&parcel->booking, &situation->world->booking->id);
}

bool booking_parcel_is(const struct rule_situation *situation, uint32_t states)
{
    return booking_has_parcel(situation) && (FROM(situation->world->parcel->state) & states);
}

bool booking_was_collected(const struct booking_state *booking)
{
    return booking->has_collected_at;
}

static const struct trip_load *load_of(const struct rule_situation *situation)
{
    const struct trip_state *trip = situation->world->trip;

    if (!trip || trip->version == 0 || trip->state != TRIP_STATUS_ANNOUNCED)
        return NULL;
    for (int i = 0; i < trip->bookings_count; i++)
        if (id_same(&trip->bookings[i].booking, &situation->world->booking->id))
            return &trip->bookings[i];
    return NULL;
}

void booking_free(struct rule_situation *situation)
{
    const struct id booking = situation->world->booking->id;
    const struct trip_load *load = load_of(situation);

    if (load)
        EMIT(situation, trip_space_released_v1, .state = SAME, .booking = booking, .grams = load->grams,
             .has_loaded_g = load->on_board,
             .loaded_g = load->on_board ? situation->world->booking->weighed_g : 0);
    if (booking_parcel_is(situation, FROM(PARCEL_STATUS_BOOKED)))
        EMIT(situation, parcel_unbooked_v1, .state = PARCEL_STATUS_REGISTERED, .booking = booking);
}

struct code_count *booking_code(struct booking_state *booking, int32_t purpose)
{
    switch (purpose) {
    case CODE_PURPOSE_PICKUP:
        return &booking->pickup_code;
    case CODE_PURPOSE_DELIVERY:
        return &booking->delivery_code;
    default:
        return &booking->return_code;
    }
}

int64_t *booking_evidence(struct booking_state *booking, int32_t party)
{
    switch (party) {
    case PARTY_SENDER:
        return &booking->sender_evidence;
    case PARTY_TRAVELLER:
        return &booking->traveller_evidence;
    case PARTY_RECIPIENT:
        return &booking->recipient_evidence;
    default:
        return NULL;
    }
}

struct policy_price booking_price(const struct booking_state *booking)
{
    return (struct policy_price){booking->carriage, booking->fee, booking->currency};
}

struct policy_dispute booking_question(const struct rule_situation *situation)
{
    const struct booking_state *booking = situation->world->booking;
    int64_t delivered_at = booking->has_delivered_at ? booking->delivered_at : booking->delivery_proved_at;

    return (struct policy_dispute){
        .cause = booking->cause,
        .opener = booking->opener,
        .delivered = booking->has_delivered_at || booking->has_delivery_proved_at,
        .late = delivered_at - booking->arrives,
        .handed_back = booking->has_return_proved_at,
        .answered = booking->sender_evidence + booking->traveller_evidence + booking->recipient_evidence > 0,
        .pickup_reason = booking->pickup_reason,
    };
}

/* When c2's default falls, counted from now; false: never. */
static bool default_date(const struct rule_situation *situation, const struct policy_dispute *question,
                         int64_t *ret_at)
{
    int64_t delay = 0;
    bool known = policy_default_delay(question, &delay) == 0;

    *ret_at = situation->now_ms + delay;
    return known;
}

void booking_dispute(struct rule_situation *situation, int32_t cause, int32_t by)
{
    struct booking_state *booking = situation->world->booking;
    struct policy_dispute question = booking_question(situation);
    const int64_t *spoken = booking_evidence(booking, by);
    struct booking_disputed_v1 fact = {.state = BOOKING_STATUS_DISPUTED,
                                       .cause = cause,
                                       .by = by,
                                       .evidence_by = situation->now_ms + limits_delay(DELAY_EVIDENCE)};

    if (booking->state == BOOKING_STATUS_DISPUTED) {
        if (spoken)
            EMIT(situation, booking_evidence_added_v1, .state = SAME, .by = by, .n = *spoken + 1);
        return;
    }
    question.cause = cause;
    question.opener = by;
    fact.has_default_at = default_date(situation, &question, &fact.default_at);
    rule_emit(situation, &booking_disputed_v1_schema, &fact);
}

void booking_return_proved(struct rule_situation *situation)
{
    struct policy_dispute question = booking_question(situation);
    struct booking_return_proved_v1 fact = {.state = SAME};

    if (situation->world->booking->state != BOOKING_STATUS_DISPUTED)
        return;
    question.handed_back = true;
    fact.has_default_at = default_date(situation, &question, &fact.default_at);
    rule_emit(situation, &booking_return_proved_v1_schema, &fact);
}

void booking_prove_delivery(struct rule_situation *situation)
{
    struct policy_dispute question = booking_question(situation);
    struct booking_delivery_proved_v1 fact = {.state = SAME, .by = rule_party(situation)};

    question.delivered = true;
    question.late = situation->now_ms - situation->world->booking->arrives;
    fact.has_default_at = default_date(situation, &question, &fact.default_at);
    rule_emit(situation, &booking_delivery_proved_v1_schema, &fact);
}

void booking_issue_code(struct rule_situation *situation, int32_t purpose, int32_t by)
{
    const struct parcel_state *parcel = situation->world->parcel;
    struct booking_code_issued_v1 fact = {
        .state = SAME,
        .purpose = purpose,
        .issue = booking_code(situation->world->booking, purpose)->issue + 1,
        .by = by,
        .has_recipient_n = purpose == CODE_PURPOSE_DELIVERY,
    };

    fact.recipient_n = fact.has_recipient_n ? parcel->recipient_n : 0;
    rule_emit(situation, &booking_code_issued_v1_schema, &fact);
}

enum refusal booking_code_blocked(const struct rule_situation *situation, int32_t purpose)
{
    return booking_code(situation->world->booking, purpose)->tries < COUNT_CODE_TRIES ? REFUSAL_NONE
                                                                                      : REFUSAL_CODE_BLOCKED;
}

enum refusal booking_code_wrong(const struct rule_situation *situation, int32_t purpose, const char *code)
{
    struct booking_state *booking = situation->world->booking;

    return code_right(situation->world->codes, &booking->id, purpose, booking_code(booking, purpose)->issue,
                      code)
               ? REFUSAL_NONE
               : REFUSAL_CODE_WRONG;
}

void booking_code_failed(struct rule_situation *situation, int32_t purpose)
{
    int64_t tried = booking_code(situation->world->booking, purpose)->tries + 1;

    EMIT(situation, booking_code_failed_v1, .state = SAME, .purpose = purpose,
         .left = COUNT_CODE_TRIES - tried);
}

/* How the life of a parcel ends that its booking leaves in this state. */
static int32_t outcome_of(const struct booking_state *booking, int32_t parcel_status)
{
    switch (parcel_status) {
    case PARCEL_STATUS_DELIVERED:
        return PARCEL_OUTCOME_DELIVERED;
    case PARCEL_STATUS_DAMAGED:
        return PARCEL_OUTCOME_DAMAGED;
    case PARCEL_STATUS_LOST:
        return PARCEL_OUTCOME_LOST;
    case PARCEL_STATUS_SEIZED:
        return PARCEL_OUTCOME_SEIZED;
    case PARCEL_STATUS_RETURNING:
        return PARCEL_OUTCOME_ABANDONED;
    default:
        return booking->cause == DISPUTE_CAUSE_ABANDONED ? PARCEL_OUTCOME_ABANDONED
                                                         : PARCEL_OUTCOME_UNDELIVERED;
    }
}

void booking_close_parcel(struct rule_situation *situation, int32_t outcome)
{
    const uint32_t open =
        ~(FROM(PARCEL_STATUS_CLOSED) | FROM(PARCEL_STATUS_CANCELLED) | FROM(PARCEL_STATUS_RETURNED) |
          FROM(PARCEL_STATUS_REGISTERED) | FROM(PARCEL_STATUS_BOOKED));

    if (!booking_parcel_is(situation, open))
        return;
    if (outcome == PARCEL_OUTCOME_NONE)
        outcome = outcome_of(situation->world->booking, situation->world->parcel->state);
    EMIT(situation, parcel_closed_v1, .state = PARCEL_STATUS_CLOSED, .outcome = outcome);
}

void booking_count_fault(struct rule_situation *situation, int32_t fault)
{
    const struct booking_state *booking = situation->world->booking;
    const struct id *guilty = fault == FAULT_SENDER ? &booking->sender : &booking->traveller;
    const struct profile_count_fault_v1 data = {.booking = booking->id,
                                                .marks = fault == FAULT_TRAVELLER_TWICE ? 2 : 1};

    if (fault != FAULT_NONE)
        rule_follow(situation, &profile_count_fault_v1_schema, guilty, &data);
}

void booking_complete(struct rule_situation *situation, int32_t by)
{
    const struct booking_state *booking = situation->world->booking;
    const struct profile_count_done_v1 done = {.booking = booking->id};
    const struct split release = {.to_traveller = booking->carriage, .to_fees = booking->fee};
    const struct split split = policy_fit(&release, payment_escrow(situation->world->payment));

    EMIT(situation, booking_completed_v1, .state = BOOKING_STATUS_COMPLETED, .by = by, .split = split);
    rule_follow(situation, &profile_count_done_v1_schema, &booking->sender, &done);
    rule_follow(situation, &profile_count_done_v1_schema, &booking->traveller, &done);
    payment_split(situation, &split);
    booking_close_parcel(situation, PARCEL_OUTCOME_NONE);
    review_open(situation);
}

void booking_resolve(struct rule_situation *situation, const struct split *split, int32_t fault)
{
    EMIT(situation, booking_resolved_v1, .state = BOOKING_STATUS_RESOLVED, .by = rule_party(situation),
         .split = *split, .has_fault = fault != FAULT_NONE, .fault = fault);
    booking_count_fault(situation, fault);
    payment_split(situation, split);
    booking_free(situation); /* what was lost or kept before the departure is not on board */
    booking_close_parcel(situation, PARCEL_OUTCOME_NONE);
    review_open(situation);
}
