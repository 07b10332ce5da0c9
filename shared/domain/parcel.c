/* SPDX-License-Identifier: Apache-2.0
 * A parcel: registered -> booked -> collected -> in_transit <-> customs, delayed -> arrived -> delivered ->
 * closed. Lost, seized and damaged are not the end of it. What its booking does to it stands in the booking's
 * rows. */
#include "shared/domain/parcel.h"

#include <string.h>

#include "shared/base/buf.h"
#include "shared/domain/limits.h"

const struct booking_state *parcel_booking_of(const struct rule_situation *situation)
{
    const struct parcel_state *parcel = situation->world->parcel;
    const struct booking_state *booking = situation->world->booking;

    return booking && booking->version > 0 && parcel->has_booking && id_same(&booking->id, &parcel->booking)
               ? booking
               : NULL;
}

void parcel_keep(struct rule_situation *situation, const char *name)
{
    situation->decision->private_name = name;
    situation->decision->private_n = situation->world->parcel->version;
}

static enum refusal refuse_unless(bool holds, enum refusal refusal)
{
    return holds ? REFUSAL_NONE : refusal;
}

/* P4 cancel */

static enum refusal not_booked(const struct rule_situation *situation)
{
    return refuse_unless(situation->world->parcel->state != PARCEL_STATUS_BOOKED, REFUSAL_PARCEL_BOOKED);
}

static enum refusal timer_of_these_dates(const struct rule_situation *situation)
{
    return refuse_unless(situation->epoch == situation->world->parcel->stale_epoch, REFUSAL_TIMER_VOID);
}

static void cancel(struct rule_situation *situation)
{
    const struct parcel_cancel_v1 *asked = situation->command->data;

    EMIT(situation, parcel_cancelled_v1, .state = PARCEL_STATUS_CANCELLED,
         .sender = situation->world->parcel->sender, .has_reason = asked->has_reason,
         .reason = asked->reason);
}

static void cancel_stale(struct rule_situation *situation)
{
    EMIT(situation, parcel_cancelled_v1, .state = PARCEL_STATUS_CANCELLED,
         .sender = situation->world->parcel->sender, .has_reason = true,
         .reason = CANCEL_REASON_NO_TRAVELLER);
}

/* P5 attach a photo */

#define STAGE(stage) (1u << PHOTO_STAGE_##stage)
#define EVERY_STAGE  (~0u)

/* clang-format off */
static const struct {
    uint32_t who, stages;
} own_stages[] = {
    {WHO_SENDER,    STAGE(REGISTER) | STAGE(SEAL) | STAGE(PICKUP) | STAGE(DAMAGE) | STAGE(SIGNATURE) | STAGE(EVIDENCE)},
    {WHO_TRAVELLER, STAGE(PICKUP) | STAGE(SEAL) | STAGE(TRANSIT) | STAGE(DELIVERY) | STAGE(DAMAGE) | STAGE(CUSTOMS) |
                    STAGE(SIGNATURE) | STAGE(EVIDENCE)},
    {WHO_RECIPIENT, STAGE(DAMAGE) | STAGE(EVIDENCE)},
    {WHO_STAFF,     EVERY_STAGE},
};
/* clang-format on */

static const struct parcel_attach_photo_v1 *attaching(const struct rule_situation *situation)
{
    return situation->command->data;
}

static enum refusal own_stage(const struct rule_situation *situation)
{
    uint32_t stages = 0;

    for (size_t i = 0; i < sizeof(own_stages) / sizeof(own_stages[0]); i++)
        if (rule_is(situation, own_stages[i].who))
            stages |= own_stages[i].stages;
    return refuse_unless((stages & (1u << attaching(situation)->stage)) != 0, REFUSAL_NOT_ALLOWED);
}

/* Hexadecimal digits come in either case. */
static enum refusal digest_new(const struct rule_situation *situation)
{
    const struct parcel_state *parcel = situation->world->parcel;
    struct span digest = span_of(attaching(situation)->digest);

    for (int i = 0; i < parcel->photos_count; i++)
        if (span_is_nocase(digest, parcel->photos[i].digest))
            return REFUSAL_ALREADY_RECORDED;
    return REFUSAL_NONE;
}

/* What one party attached takes no room of another's proof, nor does what an earlier booking left. */
static enum refusal fewer_than_12_photos_of_this_party(const struct rule_situation *situation)
{
    const struct parcel_state *parcel = situation->world->parcel;
    int count = 0;

    for (int64_t i = parcel->photos_before; i < parcel->photos_count; i++)
        if (parcel->photos[i].by == (int32_t)rule_party(situation))
            count++;
    return refuse_unless(count < COUNT_PHOTOS_EACH, REFUSAL_PHOTO_LIMIT);
}

static void attach_photo(struct rule_situation *situation)
{
    const struct parcel_attach_photo_v1 *asked = attaching(situation);
    struct parcel_photo_attached_v1 fact = {
        .stage = asked->stage, .type = asked->type, .by = (int32_t)rule_party(situation)};

    memcpy(fact.digest, asked->digest, sizeof(fact.digest));
    rule_emit(situation, &parcel_photo_attached_v1_schema, &fact);
}

bool photo_shown(const struct parcel_state *parcel, int32_t stage, uint32_t by_parties)
{
    /* those of an earlier booking prove nothing in this one */
    for (int64_t i = parcel->photos_before; i < parcel->photos_count; i++)
        if (parcel->photos[i].stage == stage && (by_parties & (1u << parcel->photos[i].by)))
            return true;
    return false;
}

/* P14 clear the flag */

/* Staff do not clear what they send themselves. */
static enum refusal not_a_party(const struct rule_situation *situation)
{
    return refuse_unless(!rule_is(situation, WHO_SENDER), REFUSAL_NOT_ALLOWED);
}

static enum refusal flagged(const struct rule_situation *situation)
{
    return refuse_unless(situation->world->parcel->has_flag, REFUSAL_WRONG_STATE);
}

static void clear_flag(struct rule_situation *situation)
{
    const struct parcel_clear_flag_v1 *asked = situation->command->data;

    EMIT(situation, parcel_flag_cleared_v1, .state = SAME);
    if (asked->has_note)
        parcel_keep(situation, "clear_flag");
}

static uint32_t who(const struct domain_world *world, const char *principal)
{
    const struct parcel_state *parcel = world->parcel;
    uint32_t who = strcmp(parcel->sender.text, principal) == 0 ? WHO_SENDER : 0;

    if (parcel->has_traveller && strcmp(parcel->traveller.text, principal) == 0)
        who |= WHO_TRAVELLER;
    return who;
}

#define ON(state) FROM(PARCEL_STATUS_##state)
#define MOVING    PARCEL_MOVING
#define S         WHO_SENDER
#define T         WHO_TRAVELLER
#define R         WHO_RECIPIENT
#define F         WHO_STAFF
#define TERMS                                                                                                \
    GUARD(parcel_declaration_signed), GUARD(parcel_goods_allowed), GUARD(parcel_value_within_cap),           \
        GUARD(parcel_weight_in_range), GUARD(parcel_dates_in_order), GUARD(parcel_currency_known)
#define MAY_DISPUTE "?booking.disputed", "?booking.evidence_added"

/* clang-format off */
static const struct rule rules[] = {
/*   no     command                   from                          who */
    {"P1",  "parcel.register",        FROM_NOTHING,                 WHO_PERSON, ALWAYS,
     {GUARD(parcel_sender_not_blocked), TERMS},
     {"parcel.registered"}, PARCEL_STATUS_REGISTERED, parcel_register},
    {"P2",  "parcel.correct",         ON(REGISTERED),               S, ALWAYS,
     {TERMS, GUARD(parcel_not_flagged)},
     {"parcel.corrected"}, SAME, parcel_correct},
    {"P3",  "parcel.correct",         ON(BOOKED) | MOVING,          S, ALWAYS,
     {GUARD(parcel_not_handed_over), GUARD(parcel_only_recipient_given), GUARD(parcel_recipient_changes_left)},
     {"parcel.recipient_changed", "?booking.code_issued"}, SAME, parcel_change_recipient},
    {"P4",  "parcel.cancel",          ON(REGISTERED) | ON(BOOKED),  S | F, ALWAYS,
     {GUARD(not_booked)},
     {"parcel.cancelled"}, PARCEL_STATUS_CANCELLED, cancel},
    {"P4",  "parcel.cancel",          ON(REGISTERED) | ON(BOOKED),  WHO_SYSTEM, ALWAYS,
     {GUARD(not_booked), GUARD(timer_of_these_dates)},
     {"parcel.cancelled"}, PARCEL_STATUS_CANCELLED, cancel_stale},
    {"P5",  "parcel.attach_photo",    PARCEL_PHOTOGRAPHED,          S | T | R | F, ALWAYS,
     {GUARD(own_stage), GUARD(digest_new), GUARD(fewer_than_12_photos_of_this_party)},
     {"parcel.photo_attached"}, SAME, attach_photo},
    {"P6",  "parcel.declare_lost",    MOVING | ON(RETURNING),       T | F | S, ALWAYS,
     {GUARD(parcel_not_handed_over), GUARD(parcel_72_hours_overdue_if_sender_says)},
     {"parcel.lost", MAY_DISPUTE}, PARCEL_STATUS_LOST, parcel_lose},
    {"P7",  "parcel.declare_found",   ON(LOST),                     T | F, ALWAYS,
     {GUARD(parcel_booking_not_resolved)},
     {"parcel.found"}, PARCEL_STATUS_DELAYED, parcel_find},
    {"P8",  "parcel.declare_damaged", MOVING & ~ON(DAMAGED),        T | F, ALWAYS,
     {GUARD(parcel_damage_photographed_by_carrier)},
     {"parcel.damaged"}, PARCEL_STATUS_DAMAGED, parcel_damage},
    {"P9",  "parcel.declare_damaged", ON(DELIVERED),                S | R, ALWAYS,
     {GUARD(parcel_delivered_within_24_hours), GUARD(parcel_damage_photographed_by_receiver),
      GUARD(parcel_booking_delivered)},
     {"parcel.damaged", "booking.disputed"}, PARCEL_STATUS_DAMAGED, parcel_damage_after_delivery},
    {"P10", "parcel.declare_seized",  MOVING | ON(RETURNING),       T | F, ALWAYS,
     {GUARD(parcel_not_handed_over), GUARD(parcel_customs_paper_photographed)},
     {"parcel.seized", MAY_DISPUTE}, PARCEL_STATUS_SEIZED, parcel_seize},
    {"P11", "parcel.seizure_lifted",  ON(SEIZED),                   T | F, ALWAYS,
     {GUARD(parcel_booking_not_resolved)},
     {"parcel.released_by_customs"}, PARCEL_STATUS_CUSTOMS, parcel_lift_seizure},
    {"P12", "parcel.return",          MOVING,                       T | F | S, ALWAYS,
     {GUARD(parcel_not_handed_over), GUARD(parcel_trip_announced_if_sender_asks), GUARD(parcel_return_reason_given)},
     {"parcel.return_started", MAY_DISPUTE, "?booking.code_issued"}, PARCEL_STATUS_RETURNING, parcel_start_return},
    {"P13", "parcel.hand_back",       ON(RETURNING),                T, ALWAYS,
     {GUARD(parcel_return_tries_left), GUARD(parcel_return_code_right)},
     {"parcel.returned", "?trip.space_released", "booking.return_proved"}, PARCEL_STATUS_RETURNED, parcel_hand_back},
    {"P14", "parcel.clear_flag",      ON(REGISTERED),               F, ALWAYS,
     {GUARD(not_a_party), GUARD(flagged)},
     {"parcel.flag_cleared"}, SAME, clear_flag},
    {0},
};
/* clang-format on */

const struct machine parcel_machine = {
    .kind = "parcel",
    .slot = SLOT_PARCEL,
    .state = &parcel_state_schema,
    .rules = rules,
    .folds = parcel_folds,
    .terminal = ON(CLOSED) | ON(CANCELLED) | ON(RETURNED),
    .states = parcel_status_choices,
    .who = who,
    .refused = parcel_count_wrong_code,
};
