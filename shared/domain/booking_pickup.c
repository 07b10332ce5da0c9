/* SPDX-License-Identifier: Apache-2.0
 * From the money to the pickup, and the pickup that fails: what B11 to B19 demand and do. */
#include "shared/domain/booking_facts.h"
#include "shared/domain/booking_inside.h"
#include "shared/domain/limits.h"

enum { PERCENT = 100 };
#define BY(party) (1u << (party))

/* B11, B12 booking.redate; B13 booking.agree_redate */

static int64_t distance(int64_t one, int64_t other)
{
    return one > other ? one - other : other - one;
}

/* A window that is over is not taken from anybody. */
static bool drop_off_shrinks(const struct rule_situation *s)
{
    const struct booking_state *booking = s->world->booking;
    bool open = booking_redate_open(s) && booking->has_drop_off_before;
    int64_t agreed = open ? booking->drop_off_before : booking->drop_off_until;

    return agreed > s->now_ms && s->world->trip->drop_off_until < agreed;
}

/* Measured from the dates last agreed to: two short moves are one long one. */
static bool must_answer(const struct rule_situation *s)
{
    const struct booking_state *booking = s->world->booking;
    const struct trip_state *trip = s->world->trip;
    const struct parcel_state *parcel = s->world->parcel;
    bool open = booking_redate_open(s);
    int64_t arrives = open && booking->has_arrives_before ? booking->arrives_before : booking->arrives;
    int64_t most = limits_delay(DELAY_REDATE_MUST_ANSWER);

    if (distance(trip->departs, booking_departs_agreed(s)) > most ||
        distance(trip->arrives, arrives) > most || drop_off_shrinks(s))
        return true;
    return booking_has_parcel(s) && parcel->has_deliver_by && trip->arrives > parcel->deliver_by;
}

static struct booking_redated_v1 new_dates(const struct rule_situation *s)
{
    const struct trip_state *trip = s->world->trip;

    return (struct booking_redated_v1){.state = SAME,
                                       .schedule = trip->schedule,
                                       .departs = trip->departs,
                                       .arrives = trip->arrives,
                                       .drop_off_until = trip->drop_off_until};
}

void booking_act_redate(struct rule_situation *s)
{
    struct booking_redated_v1 fact = new_dates(s);
    int64_t last = fact.departs - limits_delay(DELAY_REDATE_NOTICE);

    if (last > fact.drop_off_until) /* who agrees can still hand over */
        last = fact.drop_off_until;
    fact.has_free_cancel_until = true;
    fact.free_cancel_until = s->now_ms + limits_delay(DELAY_REDATE_FREE);
    fact.has_must_answer_by = must_answer(s);
    if (fact.has_must_answer_by) {
        fact.must_answer_by = s->now_ms + limits_delay(DELAY_REDATE_ANSWER);
        if (fact.must_answer_by > last)
            fact.must_answer_by = last > s->now_ms ? last : s->now_ms;
    }
    rule_emit(s, &booking_redated_v1_schema, &fact);
}

/* A parcel that is damaged stays so, and one that is delayed is. */
void booking_act_redate_on_board(struct rule_situation *s)
{
    const struct booking_redated_v1 fact = new_dates(s);
    bool later = fact.arrives > s->world->booking->arrives;
    const uint32_t on_time = PARCEL_MOVING & ~(FROM(PARCEL_STATUS_DAMAGED) | FROM(PARCEL_STATUS_DELAYED));

    rule_emit(s, &booking_redated_v1_schema, &fact);
    if (later && booking_parcel_is(s, on_time))
        EMIT(s, parcel_delayed_v1, .state = PARCEL_STATUS_DELAYED, .booking = s->world->booking->id);
}

enum refusal booking_answer_open(const struct rule_situation *s)
{
    const struct booking_state *booking = s->world->booking;

    return booking_asks_answer(booking) && s->now_ms < booking->must_answer_by ? REFUSAL_NONE
                                                                               : REFUSAL_NOTHING_TO_ANSWER;
}

void booking_act_agree_redate(struct rule_situation *s)
{
    EMIT(s, booking_redate_agreed_v1, .state = SAME);
    booking_keep(s, "note", s->world->booking->version);
}

/* B14 booking.collect */

static const struct booking_collect_v1 *collecting(const struct rule_situation *s)
{
    return s->command->data;
}

enum refusal booking_pickup_code_not_blocked(const struct rule_situation *s)
{
    return booking_code_blocked(s, CODE_PURPOSE_PICKUP);
}

enum refusal booking_pickup_code_right(const struct rule_situation *s)
{
    return booking_code_wrong(s, CODE_PURPOSE_PICKUP, collecting(s)->code);
}

enum refusal booking_opened_and_checked(const struct rule_situation *s)
{
    return collecting(s)->opened_and_checked ? REFUSAL_NONE : REFUSAL_NOT_CHECKED;
}

enum refusal booking_seal_photo(const struct rule_situation *s)
{
    return photo_shown(s->world->parcel, PHOTO_STAGE_SEAL, BY(PARTY_TRAVELLER) | BY(PARTY_SENDER))
               ? REFUSAL_NONE
               : REFUSAL_PHOTO_MISSING;
}

enum refusal booking_weighed_within_tolerance(const struct rule_situation *s)
{
    int64_t most = s->world->booking->grams * (PERCENT + COUNT_OVERWEIGHT_PERCENT);

    return collecting(s)->weighed_g * PERCENT <= most ? REFUSAL_NONE : REFUSAL_OVERWEIGHT;
}

void booking_act_collect(struct rule_situation *s)
{
    const struct id booking = s->world->booking->id;
    int64_t weighed = collecting(s)->weighed_g;

    EMIT(s, booking_collected_v1, .state = BOOKING_STATUS_COLLECTED, .weighed_g = weighed);
    EMIT(s, parcel_collected_v1, .state = PARCEL_STATUS_COLLECTED, .booking = booking);
    EMIT(s, trip_loaded_v1, .state = SAME, .booking = booking, .grams = weighed);
    booking_issue_code(s, CODE_PURPOSE_DELIVERY, rule_party(s));
}

/* B15 to B17: the pickup fails */

static void fail_pickup(struct rule_situation *s, int32_t reason)
{
    EMIT(s, booking_pickup_failed_v1, .state = BOOKING_STATUS_REFUSED_AT_PICKUP, .reason = reason,
         .by = rule_party(s), .contest_by = s->now_ms + limits_delay(DELAY_PICKUP_CONTEST));
}

/* What a traveller says, as the reason of a failed pickup. */
static int32_t pickup_reason_of(const struct rule_situation *s)
{
    static const int32_t reasons[] = {
        [REFUSE_REASON_PROHIBITED] = PICKUP_REASON_PROHIBITED,
        [REFUSE_REASON_UNDECLARED] = PICKUP_REASON_UNDECLARED,
        [REFUSE_REASON_CONTENT_DIFFERS] = PICKUP_REASON_CONTENT_DIFFERS,
        [REFUSE_REASON_OVERWEIGHT] = PICKUP_REASON_OVERWEIGHT,
        [REFUSE_REASON_CHECK_REFUSED] = PICKUP_REASON_CHECK_REFUSED,
        [REFUSE_REASON_BAD_PACKING] = PICKUP_REASON_BAD_PACKING,
        [REFUSE_REASON_TOO_LARGE] = PICKUP_REASON_TOO_LARGE,
        [REFUSE_REASON_NO_ROOM] = PICKUP_REASON_NO_ROOM,
        [REFUSE_REASON_CHANGED_MIND] = PICKUP_REASON_CHANGED_MIND,
    };

    return reasons[((const struct booking_refuse_at_pickup_v1 *)s->command->data)->reason];
}

enum refusal booking_photo_if_fault_of_sender(const struct rule_situation *s)
{
    if (policy_pickup_fault(pickup_reason_of(s)) != FAULT_SENDER)
        return REFUSAL_NONE;
    return photo_shown(s->world->parcel, PHOTO_STAGE_PICKUP, BY(PARTY_TRAVELLER)) ? REFUSAL_NONE
                                                                                  : REFUSAL_PHOTO_MISSING;
}

void booking_act_refuse_at_pickup(struct rule_situation *s)
{
    int32_t reason = pickup_reason_of(s);
    int32_t flag = reason == PICKUP_REASON_PROHIBITED   ? FLAG_REASON_PROHIBITED
                   : reason == PICKUP_REASON_UNDECLARED ? FLAG_REASON_UNDECLARED
                                                        : FLAG_REASON_NONE;
    bool ours = booking_has_parcel(s);

    fail_pickup(s, reason);
    booking_free(s);
    if (ours && flag != FLAG_REASON_NONE)
        EMIT(s, parcel_flagged_v1, .state = SAME, .reason = flag);
    booking_keep(s, "statement", s->world->booking->version);
}

/* Who paid after it missed none: the departure ends that booking (B17). */
enum refusal booking_drop_off_window_over_since_paid(const struct rule_situation *s)
{
    const struct booking_state *booking = s->world->booking;
    bool over = s->now_ms >= booking->drop_off_until && booking->paid_at < booking->drop_off_until;

    return over ? REFUSAL_NONE : REFUSAL_TOO_EARLY;
}

/* Who may flee the new dates misses nothing. */
enum refusal booking_no_new_dates_open_if_traveller_says(const struct rule_situation *s)
{
    return rule_is(s, WHO_TRAVELLER) && booking_redate_open(s) ? REFUSAL_TOO_EARLY : REFUSAL_NONE;
}

void booking_act_report_no_show(struct rule_situation *s)
{
    fail_pickup(s, rule_is(s, WHO_SENDER) ? PICKUP_REASON_NO_SHOW_TRAVELLER : PICKUP_REASON_NO_SHOW_SENDER);
    booking_free(s);
    booking_keep(s, "note", s->world->booking->version);
}

void booking_act_pickup_missed(struct rule_situation *s)
{
    fail_pickup(s, PICKUP_REASON_UNKNOWN);
    booking_free(s);
}

/* B18 booking.settle_pickup, B19 booking.contest */

enum refusal booking_settle_epoch(const struct rule_situation *s)
{
    return s->epoch == s->world->booking->settle_epoch ? REFUSAL_NONE : REFUSAL_TIMER_VOID;
}

void booking_act_settle_pickup(struct rule_situation *s)
{
    const struct policy_price price = booking_price(s->world->booking);
    const struct policy_cancelling asked = {.stage = BOOKING_STATUS_REFUSED_AT_PICKUP,
                                            .by = PARTY_SYSTEM,
                                            .reason = s->world->booking->pickup_reason};
    struct policy_outcome outcome;

    if (policy_cancel(&asked, &price, &outcome) != 0) {
        s->broken = FOLD_UNFIT;
        return;
    }
    booking_cancel_as(s, BOOKING_CANCEL_REASON_NONE, &outcome);
}

enum refusal booking_accused_or_unknown(const struct rule_situation *s)
{
    return rule_party(s) != (enum party)s->world->booking->pickup_failed_by ? REFUSAL_NONE
                                                                            : REFUSAL_NOT_ALLOWED;
}

enum refusal booking_within_contest_window(const struct rule_situation *s)
{
    return s->now_ms < s->world->booking->contest_by ? REFUSAL_NONE : REFUSAL_WINDOW_CLOSED;
}

void booking_act_contest(struct rule_situation *s)
{
    booking_dispute(s, DISPUTE_CAUSE_PICKUP, rule_party(s));
    booking_keep(s, "contest", s->world->booking->version);
}
