/* SPDX-License-Identifier: Apache-2.0
 * A trip: announced -> departed -> arrived, or cancelled, lapsed, abandoned. Its bookings follow by commands,
 * one each, never by facts: a trip may carry forty. */
#include "shared/domain/trip.h"

#include <string.h>

#include "shared/domain/limits.h"
#include "shared/domain/place.h"

static const struct trip_state *trip_of(const struct rule_situation *situation)
{
    return situation->world->trip;
}

static enum refusal refuse_unless(bool holds, enum refusal refusal)
{
    return holds ? REFUSAL_NONE : refusal;
}

/* T1 announce */

static const struct trip_announce_v1 *announcing(const struct rule_situation *situation)
{
    return situation->command->data;
}

static enum refusal traveller_not_blocked(const struct rule_situation *situation)
{
    const struct profile_state *traveller = situation->world->traveller;

    return refuse_unless(!traveller || !traveller->blocked, REFUSAL_BLOCKED);
}

static enum refusal tier_may_carry(const struct rule_situation *situation)
{
    const struct profile_state *traveller = situation->world->traveller;

    return refuse_unless(traveller && limits_tier(traveller->tier)->carries_g > 0, REFUSAL_TIER_TOO_LOW);
}

static enum refusal places_differ(const struct rule_situation *situation)
{
    const struct place origin = place_of(&announcing(situation)->origin);
    const struct place destination = place_of(&announcing(situation)->destination);

    return refuse_unless(!place_same(&origin, &destination), REFUSAL_SAME_PLACE);
}

static enum refusal departs_in_three_hours_or_later(const struct rule_situation *situation)
{
    return refuse_unless(announcing(situation)->departs > situation->now_ms + limits_delay(DELAY_TRIP_NOTICE),
                         REFUSAL_BAD_DATES);
}

static enum refusal departs_within_180_days(const struct rule_situation *s)
{
    return refuse_unless(announcing(s)->departs <= s->now_ms + limits_delay(DELAY_TRIP_HORIZON),
                         REFUSAL_TOO_FAR_AHEAD);
}

static bool capacity_fits(int64_t grams)
{
    return grams >= COUNT_TRIP_GRAMS_LEAST && grams <= COUNT_TRIP_GRAMS_MOST;
}

/* A currency we do not deal in has no range: that is refused for itself. */
static bool price_fits(int64_t price, const char *currency)
{
    const struct limits_currency *limits = limits_of(currency);

    return !limits || (price >= limits->price_least && price <= limits->price_most);
}

static enum refusal capacity_in_range(const struct rule_situation *situation)
{
    return refuse_unless(capacity_fits(announcing(situation)->capacity_g), REFUSAL_CAPACITY_OUT_OF_RANGE);
}

static enum refusal price_in_range(const struct rule_situation *situation)
{
    return refuse_unless(price_fits(announcing(situation)->price_per_kg, announcing(situation)->currency),
                         REFUSAL_PRICE_OUT_OF_RANGE);
}

static enum refusal currency_known(const struct rule_situation *situation)
{
    return refuse_unless(limits_of(announcing(situation)->currency) != NULL, REFUSAL_CURRENCY_UNSUPPORTED);
}

static bool drop_off_fits(const struct rule_situation *situation, int64_t until, int64_t departs)
{
    return until > situation->now_ms && until < departs;
}

static enum refusal drop_off_ends_before_it_departs(const struct rule_situation *situation)
{
    return refuse_unless(
        drop_off_fits(situation, announcing(situation)->drop_off_until, announcing(situation)->departs),
        REFUSAL_BAD_DATES);
}

static void announce(struct rule_situation *situation)
{
    const struct trip_announce_v1 *asked = announcing(situation);
    struct trip_announced_v1 fact = {
        .state = TRIP_STATUS_ANNOUNCED,
        .traveller = rule_caller(situation),
        .origin = place_of(&asked->origin),
        .has_origin_spot = asked->origin.has_point,
        .origin_spot = asked->origin.has_point ? spot_of(&asked->origin.point) : (struct spot){0},
        .destination = place_of(&asked->destination),
        .has_destination_spot = asked->destination.has_point,
        .destination_spot =
            asked->destination.has_point ? spot_of(&asked->destination.point) : (struct spot){0},
        .departs = asked->departs,
        .arrives = asked->arrives,
        .drop_off_until = asked->drop_off_until,
        .capacity_g = asked->capacity_g,
        .price_per_kg = asked->price_per_kg,
    };

    memcpy(fact.currency, asked->currency, sizeof(fact.currency));
    rule_emit(situation, &trip_announced_v1_schema, &fact);
    situation->decision->private_name = "announce";
    situation->decision->private_n = 1;
}

/* T2 correct. A booking keeps the price and the drop-off window it was asked under. */

static struct trip_corrected_v1 corrected(const struct rule_situation *situation)
{
    const struct trip_correct_v1 *asked = situation->command->data;
    const struct trip_state *trip = trip_of(situation);

    return (struct trip_corrected_v1){
        .capacity_g = asked->has_capacity_g ? asked->capacity_g : trip->capacity_g,
        .price_per_kg = asked->has_price_per_kg ? asked->price_per_kg : trip->price_per_kg,
        .drop_off_until = asked->has_drop_off_until ? asked->drop_off_until : trip->drop_off_until,
    };
}

static enum refusal capacity_not_below_reserved(const struct rule_situation *situation)
{
    return refuse_unless(corrected(situation).capacity_g >= trip_of(situation)->reserved_g,
                         REFUSAL_CAPACITY_IN_USE);
}

static enum refusal corrected_capacity_in_range(const struct rule_situation *situation)
{
    return refuse_unless(capacity_fits(corrected(situation).capacity_g), REFUSAL_CAPACITY_OUT_OF_RANGE);
}

static enum refusal corrected_price_in_range(const struct rule_situation *situation)
{
    return refuse_unless(price_fits(corrected(situation).price_per_kg, trip_of(situation)->currency),
                         REFUSAL_PRICE_OUT_OF_RANGE);
}

static enum refusal currency_stays(const struct rule_situation *situation)
{
    const struct trip_correct_v1 *asked = situation->command->data;

    return refuse_unless(!asked->has_currency || strcmp(asked->currency, trip_of(situation)->currency) == 0,
                         REFUSAL_FIELD_LOCKED);
}

static enum refusal corrected_drop_off_ends_before_it_departs(const struct rule_situation *situation)
{
    const struct trip_correct_v1 *asked = situation->command->data;

    return refuse_unless(!asked->has_drop_off_until ||
                             drop_off_fits(situation, asked->drop_off_until, trip_of(situation)->departs),
                         REFUSAL_BAD_DATES);
}

static void correct(struct rule_situation *situation)
{
    const struct trip_corrected_v1 fact = corrected(situation);

    rule_emit(situation, &trip_corrected_v1_schema, &fact);
}

/* T3, T4 redate */

static const struct trip_redate_v1 *redating(const struct rule_situation *situation)
{
    return situation->command->data;
}

/* The drop-off window moves with the departure unless it is given. */
static struct trip_redated_v1 redated(const struct rule_situation *situation)
{
    const struct trip_redate_v1 *asked = redating(situation);
    const struct trip_state *trip = trip_of(situation);
    int64_t departs = asked->has_departs ? asked->departs : trip->departs;

    return (struct trip_redated_v1){
        .departs = departs,
        .arrives = asked->arrives,
        .drop_off_until = asked->has_drop_off_until ? asked->drop_off_until
                                                    : trip->drop_off_until + departs - trip->departs,
    };
}

static enum refusal new_departure_to_come(const struct rule_situation *situation)
{
    return refuse_unless(redated(situation).departs > situation->now_ms, REFUSAL_BAD_DATES);
}

/* Of T1 too. Late is counted from the arrival: one a year away would keep the sender's money for a year. */
static enum refusal arrives_within_30_days(const struct rule_situation *s)
{
    bool first = trip_of(s)->version == 0;
    int64_t departs = first ? announcing(s)->departs : redated(s).departs;
    int64_t travels = (first ? announcing(s)->arrives : redated(s).arrives) - departs;

    return refuse_unless(travels > 0 && travels <= limits_delay(DELAY_TRIP_LONGEST), REFUSAL_BAD_DATES);
}

/* One that is over moves along: a flight may be late on its day. */
static enum refusal new_drop_off_ends_before_it_departs(const struct rule_situation *s)
{
    const struct trip_redated_v1 fact = redated(s);
    bool over = !redating(s)->has_drop_off_until && trip_of(s)->drop_off_until <= s->now_ms;

    return refuse_unless(over || drop_off_fits(s, fact.drop_off_until, fact.departs), REFUSAL_BAD_DATES);
}

static enum refusal at_most_30_days_from_first_date(const struct rule_situation *situation)
{
    int64_t shift = redated(situation).departs - trip_of(situation)->first_departs;

    return refuse_unless((shift < 0 ? -shift : shift) <= limits_delay(DELAY_TRIP_SHIFT),
                         REFUSAL_REDATE_TOO_FAR);
}

static enum refusal redates_left(const struct rule_situation *situation)
{
    return refuse_unless(trip_of(situation)->redates < COUNT_REDATES, REFUSAL_REDATE_LIMIT);
}

static enum refusal only_the_arrival(const struct rule_situation *situation)
{
    return refuse_unless(!redating(situation)->has_departs && !redating(situation)->has_drop_off_until,
                         REFUSAL_FIELD_LOCKED);
}

static enum refusal new_arrival_to_come(const struct rule_situation *situation)
{
    return refuse_unless(redating(situation)->arrives > situation->now_ms, REFUSAL_BAD_DATES);
}

static enum refusal at_most_7_days_later(const struct rule_situation *situation)
{
    return refuse_unless(redating(situation)->arrives <=
                             trip_of(situation)->arrives + limits_delay(DELAY_ARRIVAL_SHIFT),
                         REFUSAL_REDATE_TOO_FAR);
}

/* Or the arrival, and with it the date of a late parcel, could be put off for ever. */
static enum refusal arrival_redates_left(const struct rule_situation *situation)
{
    return refuse_unless(trip_of(situation)->arrival_redates < COUNT_REDATES, REFUSAL_REDATE_LIMIT);
}

/* What follows for the bookings on the trip. */
enum { ON_BOARD = 1, NOT_ON_BOARD = 2, ALL_LIVE = ON_BOARD | NOT_ON_BOARD };

static void tell(struct rule_situation *situation, unsigned which, const struct schema *command,
                 const void *data)
{
    const struct trip_state *trip = trip_of(situation);

    for (int i = 0; i < trip->bookings_count; i++)
        if (which & (trip->bookings[i].on_board ? ON_BOARD : NOT_ON_BOARD))
            rule_follow(situation, command, &trip->bookings[i].booking, data);
}

static void redate(struct rule_situation *situation)
{
    const struct trip_redated_v1 fact = redated(situation);

    rule_emit(situation, &trip_redated_v1_schema, &fact);
    tell(situation, ALL_LIVE, &booking_redate_v1_schema, &(struct booking_redate_v1){0});
}

static void redate_arrival(struct rule_situation *situation)
{
    EMIT(situation, trip_arrival_redated_v1, .arrives = redating(situation)->arrives);
    tell(situation, ON_BOARD, &booking_redate_v1_schema, &(struct booking_redate_v1){0});
}

/* T5-T8 depart, overdue, arrive */

static bool something_on_board(const struct rule_situation *situation)
{
    const struct trip_state *trip = trip_of(situation);

    for (int i = 0; i < trip->bookings_count; i++)
        if (trip->bookings[i].on_board)
            return true;
    return false;
}

static bool nothing_on_board(const struct rule_situation *situation)
{
    return !something_on_board(situation);
}

static enum refusal at_most_12_hours_early(const struct rule_situation *situation)
{
    return refuse_unless(situation->now_ms >= trip_of(situation)->departs - limits_delay(DELAY_DEPART_EARLY),
                         REFUSAL_TOO_EARLY);
}

static enum refusal timer_of_this_date(const struct rule_situation *situation)
{
    return refuse_unless(situation->epoch == trip_of(situation)->overdue_epoch, REFUSAL_TIMER_VOID);
}

static enum refusal departed_30_minutes_ago(const struct rule_situation *situation)
{
    return refuse_unless(situation->now_ms >=
                             trip_of(situation)->departed_at + limits_delay(DELAY_FLIGHT_LEAST),
                         REFUSAL_TOO_EARLY);
}

/* A request or an accepted booking expires, a paid one was missed: each refuses the other command. */
static void leave_behind(struct rule_situation *situation)
{
    tell(situation, NOT_ON_BOARD, &booking_expire_v1_schema, &(struct booking_expire_v1){0});
    tell(situation, NOT_ON_BOARD, &booking_pickup_missed_v1_schema, &(struct booking_pickup_missed_v1){0});
}

static void keep_note(struct rule_situation *situation, const char *name, bool has_note)
{
    if (!has_note)
        return;
    situation->decision->private_name = name;
    situation->decision->private_n = trip_of(situation)->version;
}

static void leave(struct rule_situation *situation, bool presumed)
{
    EMIT(situation, trip_departed_v1, .state = TRIP_STATUS_DEPARTED, .presumed = presumed);
    tell(situation, ON_BOARD, &booking_start_v1_schema, &(struct booking_start_v1){0});
    leave_behind(situation);
}

static void depart(struct rule_situation *situation)
{
    const struct trip_depart_v1 *asked = situation->command->data;

    leave(situation, false);
    keep_note(situation, "depart", asked->has_note);
}

static void presume_departed(struct rule_situation *situation)
{
    leave(situation, true);
}

static void lapse(struct rule_situation *situation)
{
    EMIT(situation, trip_lapsed_v1, .state = TRIP_STATUS_LAPSED);
    leave_behind(situation);
}

static void arrive(struct rule_situation *situation)
{
    const struct trip_arrive_v1 *asked = situation->command->data;

    EMIT(situation, trip_arrived_v1, .state = TRIP_STATUS_ARRIVED);
    tell(situation, ON_BOARD, &booking_report_v1_schema,
         &(struct booking_report_v1){.step = REPORT_STEP_ARRIVED});
    keep_note(situation, "arrive", asked->has_note);
}

/* T9, T10 cancel, abandon */

static enum refusal reason_to_cancel_given(const struct rule_situation *situation)
{
    const struct trip_cancel_v1 *asked = situation->command->data;

    return refuse_unless(asked->has_reason, REFUSAL_REASON_MISSING);
}

static enum refusal no_parcel_on_board(const struct rule_situation *situation)
{
    return refuse_unless(nothing_on_board(situation), REFUSAL_PARCELS_ON_BOARD);
}

static enum refusal reason_to_abandon_given(const struct rule_situation *situation)
{
    const struct trip_abandon_v1 *asked = situation->command->data;

    return refuse_unless(asked->has_reason, REFUSAL_REASON_MISSING);
}

static enum refusal a_parcel_on_board(const struct rule_situation *situation)
{
    return refuse_unless(something_on_board(situation), REFUSAL_NOTHING_ON_BOARD);
}

/* What the bookings are told. Staff who end a trip for safety, fraud or a closed corridor end its bookings
 * for the same: that is not the traveller's fault (c1 row 5, c2). */
static int32_t reason_told(const struct rule_situation *situation, int32_t reason, int32_t otherwise)
{
    static const struct {
        int32_t trip, booking;
    } kept[] = {{TRIP_CANCEL_REASON_SAFETY, BOOKING_CANCEL_REASON_SAFETY},
                {TRIP_CANCEL_REASON_FRAUD, BOOKING_CANCEL_REASON_FRAUD},
                {TRIP_CANCEL_REASON_CORRIDOR_CLOSED, BOOKING_CANCEL_REASON_CORRIDOR_CLOSED}};

    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        if (kept[i].trip == reason && !rule_is(situation, WHO_TRAVELLER))
            return kept[i].booking;
    return otherwise;
}

static void cancel(struct rule_situation *situation)
{
    const struct trip_cancel_v1 *asked = situation->command->data;
    int32_t reason = reason_told(situation, asked->reason, BOOKING_CANCEL_REASON_TRIP_CANCELLED);

    EMIT(situation, trip_cancelled_v1, .state = TRIP_STATUS_CANCELLED, .reason = asked->reason);
    tell(situation, ALL_LIVE, &booking_cancel_v1_schema, &(struct booking_cancel_v1){true, reason});
}

static void abandon(struct rule_situation *situation)
{
    const struct trip_abandon_v1 *asked = situation->command->data;
    int32_t reason = reason_told(situation, asked->reason, BOOKING_CANCEL_REASON_TRIP_ABANDONED);

    EMIT(situation, trip_abandoned_v1, .state = TRIP_STATUS_ABANDONED, .reason = asked->reason);
    tell(situation, ON_BOARD, &booking_abandon_v1_schema,
         &(struct booking_abandon_v1){.has_reason = true, .reason = reason});
    tell(situation, NOT_ON_BOARD, &booking_cancel_v1_schema, &(struct booking_cancel_v1){true, reason});
}

static uint32_t who(const struct domain_world *world, const char *principal)
{
    return strcmp(world->trip->traveller.text, principal) == 0 ? WHO_TRAVELLER : 0;
}

#define ON(state)   FROM(TRIP_STATUS_##state)
#define LEFT_BEHIND "=> booking.expire", "=> booking.pickup_missed"

/* clang-format off */
static const struct rule rules[] = {
/*   no     command          from           who */
    {"T1",  "trip.announce", FROM_NOTHING,  WHO_PERSON, ALWAYS,
     {GUARD(traveller_not_blocked), GUARD(tier_may_carry), GUARD(places_differ),
      GUARD(departs_in_three_hours_or_later), GUARD(arrives_within_30_days), GUARD(departs_within_180_days),
      GUARD(capacity_in_range), GUARD(price_in_range), GUARD(currency_known), GUARD(drop_off_ends_before_it_departs)},
     {"trip.announced"}, TRIP_STATUS_ANNOUNCED, announce},
    {"T2",  "trip.correct",  ON(ANNOUNCED), WHO_TRAVELLER, ALWAYS,
     {GUARD(capacity_not_below_reserved), GUARD(corrected_capacity_in_range), GUARD(corrected_price_in_range),
      GUARD(currency_stays), GUARD(corrected_drop_off_ends_before_it_departs)},
     {"trip.corrected"}, SAME, correct},
    {"T3",  "trip.redate",   ON(ANNOUNCED), WHO_TRAVELLER, ALWAYS,
     {GUARD(new_departure_to_come), GUARD(arrives_within_30_days), GUARD(new_drop_off_ends_before_it_departs),
      GUARD(at_most_30_days_from_first_date), GUARD(redates_left)},
     {"trip.redated", "=> booking.redate"}, SAME, redate},
    {"T4",  "trip.redate",   ON(DEPARTED),  WHO_TRAVELLER, ALWAYS,
     {GUARD(only_the_arrival), GUARD(new_arrival_to_come), GUARD(at_most_7_days_later), GUARD(arrival_redates_left)},
     {"trip.arrival_redated", "=> booking.redate"}, SAME, redate_arrival},
    {"T5",  "trip.depart",   ON(ANNOUNCED), WHO_TRAVELLER, ALWAYS,
     {GUARD(at_most_12_hours_early)},
     {"trip.departed", "=> booking.start", LEFT_BEHIND}, TRIP_STATUS_DEPARTED, depart},
    {"T6",  "trip.overdue",  ON(ANNOUNCED), WHO_SYSTEM, WHEN(something_on_board),
     {GUARD(timer_of_this_date)},
     {"trip.departed", "=> booking.start", LEFT_BEHIND}, TRIP_STATUS_DEPARTED, presume_departed},
    {"T7",  "trip.overdue",  ON(ANNOUNCED), WHO_SYSTEM, WHEN(nothing_on_board),
     {GUARD(timer_of_this_date)},
     {"trip.lapsed", LEFT_BEHIND}, TRIP_STATUS_LAPSED, lapse},
    {"T8",  "trip.arrive",   ON(DEPARTED),  WHO_TRAVELLER | WHO_STAFF, ALWAYS,
     {GUARD(departed_30_minutes_ago)},
     {"trip.arrived", "=> booking.report"}, TRIP_STATUS_ARRIVED, arrive},
    {"T9",  "trip.cancel",   ON(ANNOUNCED), WHO_TRAVELLER | WHO_STAFF, ALWAYS,
     {GUARD(reason_to_cancel_given), GUARD(no_parcel_on_board)},
     {"trip.cancelled", "=> booking.cancel"}, TRIP_STATUS_CANCELLED, cancel},
    {"T10", "trip.abandon",  ON(ANNOUNCED) | ON(DEPARTED), WHO_TRAVELLER | WHO_STAFF, ALWAYS,
     {GUARD(reason_to_abandon_given), GUARD(a_parcel_on_board)},
     {"trip.abandoned", "=> booking.abandon", "=> booking.cancel"}, TRIP_STATUS_ABANDONED, abandon},
    {0},
};
/* clang-format on */

const struct machine trip_machine = {
    .kind = "trip",
    .slot = SLOT_TRIP,
    .state = &trip_state_schema,
    .rules = rules,
    .folds = trip_folds,
    .terminal = ON(ARRIVED) | ON(CANCELLED) | ON(LAPSED) | ON(ABANDONED),
    .states = trip_status_choices,
    .who = who,
};
