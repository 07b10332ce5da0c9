/* SPDX-License-Identifier: Apache-2.0
 * From the request to the money: what B1 to B10 demand and do. */
#include <string.h>

#include "shared/domain/booking_facts.h"
#include "shared/domain/booking_inside.h"
#include "shared/domain/limits.h"
#include "shared/domain/payment_facts.h"
#include "shared/domain/place.h"

static int64_t earlier(int64_t one, int64_t other)
{
    return one < other ? one : other;
}

/* B1 booking.request */

static int64_t least_grams(const struct rule_situation *s)
{
    const struct booking_request_v1 *asked = s->command->data;

    return asked->has_min_grams ? asked->min_grams : s->world->parcel->weight_g;
}

enum refusal booking_own_parcel_and_trip_known(const struct rule_situation *s)
{
    const struct parcel_state *parcel = s->world->parcel;
    bool known = parcel->version > 0 && s->world->trip->version > 0;

    return known && strcmp(parcel->sender.text, s->command->principal) == 0 ? REFUSAL_NONE
                                                                            : REFUSAL_NOT_FOUND;
}

enum refusal booking_parcel_not_ended(const struct rule_situation *s)
{
    return FROM(s->world->parcel->state) & parcel_machine.terminal ? REFUSAL_ENDED : REFUSAL_NONE;
}

enum refusal booking_parcel_registered(const struct rule_situation *s)
{
    return s->world->parcel->state == PARCEL_STATUS_REGISTERED ? REFUSAL_NONE : REFUSAL_PARCEL_BOOKED;
}

enum refusal booking_parcel_not_flagged(const struct rule_situation *s)
{
    return s->world->parcel->has_flag ? REFUSAL_PARCEL_FLAGGED : REFUSAL_NONE;
}

enum refusal booking_trip_announced(const struct rule_situation *s)
{
    return booking_trip_left(s) ? REFUSAL_TRIP_CLOSED : REFUSAL_NONE;
}

enum refusal booking_not_own_trip(const struct rule_situation *s)
{
    return strcmp(s->world->trip->traveller.text, s->command->principal) == 0 ? REFUSAL_OWN_TRIP
                                                                              : REFUSAL_NONE;
}

enum refusal booking_cities_match(const struct rule_situation *s)
{
    const struct parcel_state *parcel = s->world->parcel;
    const struct trip_state *trip = s->world->trip;

    return place_same(&parcel->origin, &trip->origin) && place_same(&parcel->destination, &trip->destination)
               ? REFUSAL_NONE
               : REFUSAL_ROUTE_MISMATCH;
}

enum refusal booking_in_time_before_departure(const struct rule_situation *s)
{
    return s->now_ms <= s->world->trip->departs - limits_delay(DELAY_REQUEST_NOTICE) ? REFUSAL_NONE
                                                                                     : REFUSAL_TOO_LATE;
}

/* B1, B2, B7: nobody is bound to a window they never had. A booking keeps the one it was asked under. */
enum refusal booking_before_drop_off_ends(const struct rule_situation *s)
{
    const struct booking_state *booking = s->world->booking;
    int64_t until = booking->version > 0 ? booking->drop_off_until : s->world->trip->drop_off_until;

    return s->now_ms < until ? REFUSAL_NONE : REFUSAL_TOO_LATE;
}

enum refusal booking_departs_when_parcel_is_ready(const struct rule_situation *s)
{
    const struct parcel_state *parcel = s->world->parcel;

    return parcel->has_ready_from && s->world->trip->departs < parcel->ready_from ? REFUSAL_DATES_MISMATCH
                                                                                  : REFUSAL_NONE;
}

enum refusal booking_arrives_by_when_it_must(const struct rule_situation *s)
{
    const struct parcel_state *parcel = s->world->parcel;

    return parcel->has_deliver_by && s->world->trip->arrives > parcel->deliver_by ? REFUSAL_DATES_MISMATCH
                                                                                  : REFUSAL_NONE;
}

enum refusal booking_goods_allowed(const struct rule_situation *s)
{
    const struct parcel_state *parcel = s->world->parcel;

    return limits_goods_allowed(parcel->category, parcel->origin.country, parcel->destination.country)
               ? REFUSAL_NONE
               : REFUSAL_GOODS_PROHIBITED;
}

static int64_t traveller_tier(const struct rule_situation *s)
{
    const struct profile_state *traveller = s->world->traveller;

    return traveller && traveller->version > 0 ? traveller->tier : 0;
}

enum refusal booking_value_within_cap_of_traveller(const struct rule_situation *s)
{
    const struct money *value = &s->world->parcel->value;
    const struct limits_currency *limits = limits_of(value->currency);

    return limits && value->amount <= limits->value_cap[traveller_tier(s)] ? REFUSAL_NONE
                                                                           : REFUSAL_VALUE_OVER_CAP;
}

enum refusal booking_exposure_within_cap(const struct rule_situation *s)
{
    int64_t exposure = policy_exposure(&s->world->parcel->value, traveller_tier(s));

    return s->world->trip->exposure + exposure <= COUNT_EXPOSURE_MOST ? REFUSAL_NONE
                                                                      : REFUSAL_EXPOSURE_OVER_CAP;
}

enum refusal booking_least_weight_not_over_weight(const struct rule_situation *s)
{
    return least_grams(s) <= s->world->parcel->weight_g ? REFUSAL_NONE : REFUSAL_WEIGHT_OUT_OF_RANGE;
}

enum refusal booking_weight_traveller_may_carry(const struct rule_situation *s)
{
    return s->world->parcel->weight_g <= limits_tier(traveller_tier(s))->carries_g
               ? REFUSAL_NONE
               : REFUSAL_WEIGHT_OUT_OF_RANGE;
}

enum refusal booking_weight_within_space_left(const struct rule_situation *s)
{
    const struct trip_state *trip = s->world->trip;

    return s->world->parcel->weight_g <= trip->capacity_g - trip->reserved_g ? REFUSAL_NONE
                                                                             : REFUSAL_CAPACITY_TAKEN;
}

enum refusal booking_trip_not_full(const struct rule_situation *s)
{
    return s->world->trip->bookings_count < COUNT_TRIP_BOOKINGS ? REFUSAL_NONE : REFUSAL_TRIP_FULL;
}

static void request_terms(const struct rule_situation *s, struct booking_requested_v1 *fact)
{
    const struct trip_state *trip = s->world->trip;

    fact->grams = s->world->parcel->weight_g;
    fact->min_grams = least_grams(s);
    fact->price_per_kg = trip->price_per_kg;
    fact->carriage = policy_carriage(fact->grams, trip->price_per_kg);
    fact->fee = policy_fee(fact->carriage, trip->currency);
    memcpy(fact->currency, trip->currency, sizeof(fact->currency));
    fact->exposure = policy_exposure(&s->world->parcel->value, traveller_tier(s));
    fact->expires =
        earlier(s->now_ms + limits_delay(DELAY_ANSWER), trip->departs - limits_delay(DELAY_ANSWER_NOTICE));
    fact->expires = earlier(fact->expires, trip->drop_off_until);
    fact->schedule = trip->schedule;
    fact->departs = trip->departs;
    fact->arrives = trip->arrives;
    fact->drop_off_until = trip->drop_off_until;
}

void booking_act_request(struct rule_situation *s)
{
    const struct id booking = s->command->subject, trip = s->world->trip->id;
    const struct id traveller = s->world->trip->traveller;
    struct booking_requested_v1 fact = {.state = BOOKING_STATUS_REQUESTED,
                                        .trip = trip,
                                        .parcel = s->world->parcel->id,
                                        .sender = s->world->parcel->sender,
                                        .traveller = traveller};

    domain_payment_of(&booking, &fact.payment);
    domain_review_of(&booking, &fact.review);
    request_terms(s, &fact);
    rule_emit(s, &booking_requested_v1_schema, &fact);
    EMIT(s, trip_space_reserved_v1, .state = SAME, .booking = booking, .grams = fact.grams,
         .exposure = fact.exposure);
    EMIT(s, parcel_booked_v1, .state = PARCEL_STATUS_BOOKED, .booking = booking, .trip = trip,
         .traveller = traveller);
    booking_keep(s, "request", s->world->booking->version);
}

/* B2 booking.accept */

static int64_t accepted_grams(const struct rule_situation *s)
{
    const struct booking_accept_v1 *asked = s->command->data;

    return asked->has_grams ? asked->grams : s->world->booking->grams;
}

enum refusal booking_answered_before_expiry(const struct rule_situation *s)
{
    return s->now_ms < s->world->booking->expires ? REFUSAL_NONE : REFUSAL_REQUEST_EXPIRED;
}

/* The trip may be gone, and the booking's own end still on its way. */
enum refusal booking_trip_still_open_to_answer(const struct rule_situation *s)
{
    return booking_trip_left(s) ? REFUSAL_REQUEST_EXPIRED : REFUSAL_NONE;
}

enum refusal booking_payout_account_set(const struct rule_situation *s)
{
    const struct profile_state *traveller = s->world->traveller;

    return traveller && traveller->version > 0 && traveller->payout_n > 0 ? REFUSAL_NONE
                                                                          : REFUSAL_PAYOUT_ACCOUNT_MISSING;
}

enum refusal booking_accepted_weight_in_range(const struct rule_situation *s)
{
    const struct booking_state *booking = s->world->booking;
    int64_t grams = accepted_grams(s);

    return booking->min_grams <= grams && grams <= booking->grams ? REFUSAL_NONE
                                                                  : REFUSAL_WEIGHT_OUT_OF_RANGE;
}

void booking_act_accept(struct rule_situation *s)
{
    const struct booking_state *booking = s->world->booking;
    int64_t grams = accepted_grams(s), rest = booking->grams - grams;
    struct booking_accepted_v1 fact = {.state = BOOKING_STATUS_ACCEPTED, .grams = grams};

    fact.carriage = policy_carriage(grams, booking->price_per_kg);
    fact.fee = policy_fee(fact.carriage, booking->currency);
    memcpy(fact.currency, booking->currency, sizeof(fact.currency));
    fact.pay_by =
        earlier(s->now_ms + limits_delay(DELAY_PAY), booking->departs - limits_delay(DELAY_PAY_NOTICE));
    fact.pay_by = earlier(fact.pay_by, booking->drop_off_until);
    rule_emit(s, &booking_accepted_v1_schema, &fact);
    payment_open(s);
    if (rest > 0)
        EMIT(s, trip_space_released_v1, .state = SAME, .booking = booking->id, .grams = rest, .live = true);
}

/* B3 booking.decline, B4 to B6 booking.expire */

void booking_act_decline(struct rule_situation *s)
{
    const struct booking_decline_v1 *asked = s->command->data;

    EMIT(s, booking_declined_v1, .state = BOOKING_STATUS_DECLINED, .has_reason = asked->has_reason,
         .reason = asked->reason);
    booking_free(s);
}

void booking_act_expire_request(struct rule_situation *s)
{
    EMIT(s, booking_expired_v1, .state = BOOKING_STATUS_EXPIRED);
    booking_free(s);
}

void booking_act_expire_unpaid(struct rule_situation *s)
{
    EMIT(s, booking_expired_v1, .state = BOOKING_STATUS_EXPIRED);
    payment_lapse(s);
    booking_free(s);
}

bool booking_payment_is_under_way(const struct rule_situation *s)
{
    return payment_attempt_pending(s->world->payment) && !s->world->booking->grace_used &&
           !booking_trip_left(s);
}

void booking_act_give_grace(struct rule_situation *s)
{
    const struct booking_state *booking = s->world->booking;
    int64_t last = booking->departs - limits_delay(DELAY_PAY_NOTICE);
    int64_t pay_by = earlier(booking->pay_by + limits_delay(DELAY_PAY_GRACE), last);

    EMIT(s, booking_grace_given_v1, .state = SAME,
         .pay_by = pay_by > booking->pay_by ? pay_by : booking->pay_by);
}

/* B7 booking.pay */

enum refusal booking_before_pay_by(const struct rule_situation *s)
{
    return s->now_ms < s->world->booking->pay_by ? REFUSAL_NONE : REFUSAL_TOO_LATE;
}

enum refusal booking_trip_still_open_to_pay(const struct rule_situation *s)
{
    return booking_trip_left(s) ? REFUSAL_TOO_LATE : REFUSAL_NONE;
}

enum refusal booking_no_open_attempt(const struct rule_situation *s)
{
    return payment_attempt_live(s->world->payment, s->now_ms) ? REFUSAL_ATTEMPT_OPEN : REFUSAL_NONE;
}

enum refusal booking_attempts_left(const struct rule_situation *s)
{
    return s->world->payment->attempts_count < COUNT_PAY_ATTEMPTS ? REFUSAL_NONE : REFUSAL_ATTEMPT_LIMIT;
}

/* Who pays under new dates agrees to them: silence would else end what is paid. */
void booking_act_pay(struct rule_situation *s)
{
    payment_attempt_open(s);
    if (booking_answer_open(s) == REFUSAL_NONE)
        EMIT(s, booking_redate_agreed_v1, .state = SAME);
}

/* B8 to B10 booking.cancel */

/* Or a sender would pay the traveller who has just given up: what the trip tells its bookings decides. */
enum refusal booking_trip_still_announced_if_a_party_says(const struct rule_situation *s)
{
    return rule_is(s, WHO_SENDER | WHO_TRAVELLER) ? booking_trip_still_announced(s) : REFUSAL_NONE;
}

/* Told by a trip that staff ended for what is nobody's fault on it. */
static bool ended_by_staff(const struct rule_situation *s)
{
    const struct booking_cancel_v1 *asked = s->command->data;

    return rule_is(s, WHO_SYSTEM) && booking_trip_ended(s) && asked->has_reason &&
           booking_nobodys_fault(asked->reason);
}

static int32_t cancel_reason_of(const struct rule_situation *s)
{
    const struct booking_cancel_v1 *asked = s->command->data;

    if (!rule_is(s, WHO_SYSTEM) || ended_by_staff(s))
        return asked->reason;
    switch (s->world->trip->state) {
    case TRIP_STATUS_CANCELLED:
        return BOOKING_CANCEL_REASON_TRIP_CANCELLED;
    case TRIP_STATUS_ABANDONED:
        return BOOKING_CANCEL_REASON_TRIP_ABANDONED;
    case TRIP_STATUS_LAPSED:
        return BOOKING_CANCEL_REASON_TRIP_ENDED;
    default:
        return BOOKING_CANCEL_REASON_REDATE_UNANSWERED;
    }
}

static void emit_cancelled(struct rule_situation *s)
{
    EMIT(s, booking_cancelled_v1, .state = BOOKING_STATUS_CANCELLED, .by = rule_party(s), .has_reason = true,
         .reason = cancel_reason_of(s));
}

void booking_act_cancel_request(struct rule_situation *s)
{
    emit_cancelled(s);
    booking_free(s);
}

void booking_act_cancel_accepted(struct rule_situation *s)
{
    emit_cancelled(s);
    payment_lapse(s);
    booking_free(s);
}

void booking_act_cancel_paid(struct rule_situation *s)
{
    const struct booking_state *booking = s->world->booking;
    const struct policy_price price = booking_price(booking);
    struct policy_cancelling asked = {.stage = BOOKING_STATUS_PAID,
                                      .by = rule_party(s),
                                      .redate_open = booking_redate_open(s),
                                      .since_paid = s->now_ms - booking->paid_at,
                                      .to_departure = booking_departs_agreed(s) - s->now_ms};
    struct policy_outcome outcome;

    if (ended_by_staff(s))
        asked.by = PARTY_STAFF;
    else if (rule_is(s, WHO_SYSTEM) && booking_trip_ended(s))
        asked.by = PARTY_TRAVELLER; /* a trip that is given up is its traveller's doing */
    if (policy_cancel(&asked, &price, &outcome) != 0) {
        s->broken = FOLD_UNFIT;
        return;
    }
    booking_cancel_as(s, cancel_reason_of(s), &outcome);
    booking_free(s);
}
