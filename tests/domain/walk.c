/* SPDX-License-Identifier: Apache-2.0
 * What people say in the random walks, right or wrong, in their turn or not. */
#include <stdio.h>

#include "shared/domain/payment_facts.h"
#include "tests/domain/walk.h"

uint64_t walk_seed;
static int charges; /* each has a name of its own */

uint32_t any(uint32_t below)
{
    walk_seed ^= walk_seed << 13;
    walk_seed ^= walk_seed >> 7;
    walk_seed ^= walk_seed << 17;
    return (uint32_t)((walk_seed >> 20) % below);
}

static bool often(void)
{
    return any(4) > 0;
}

static int32_t one_of(const struct choice *choices)
{
    uint32_t count = 0;

    while (choices[count].text)
        count++;
    return 1 + (int32_t)any(count); /* 0 is none */
}

/* What people say */

#define SAY(actor, family, type, ...)                                                                        \
    do {                                                                                                     \
        (void)SAYS(actor, family, type, __VA_ARGS__);                                                        \
        walk_take_in();                                                                                      \
    } while (0)
#define ASK(actor, family)                                                                                   \
    do {                                                                                                     \
        (void)says(actor, family, NULL);                                                                     \
        walk_take_in();                                                                                      \
    } while (0)

static enum actor anybody(void)
{
    static const enum actor people[] = {SENDER, TRAVELLER, RECIPIENT, STAFF, LEAD, STRANGER};

    return people[any(sizeof(people) / sizeof(people[0]))];
}

static const char *some_code(int32_t purpose)
{
    return often() ? code_of(purpose) : wrong_code(purpose);
}

void walk_request(void)
{
    SAY(SENDER, "booking.request", booking_request_v1, .trip = scene.trip.id, .parcel = scene.parcel.id,
        .has_min_grams = true, .min_grams = 1000);
}
static void say_accept(void)
{
    SAY(TRAVELLER, "booking.accept", booking_accept_v1, .has_grams = any(2), .grams = 900 + any(1200));
}
static void say_decline(void)
{
    if (any(8) == 0)
        SAY(TRAVELLER, "booking.decline", booking_decline_v1, .has_reason = true,
            .reason = DECLINE_REASON_OTHER);
}
static void say_cancel(void)
{
    if (any(10) == 0)
        SAY(anybody(), "booking.cancel", booking_cancel_v1, .has_reason = often(),
            .reason = one_of(booking_cancel_reason_choices));
}
static void say_pay(void)
{
    ASK(SENDER, "booking.pay");
}
static void say_attempt(void)
{
    SAY(PAYMENTS, "payment.record_attempt", payment_record_attempt_v1,
        .n = scene.payment.attempts_count ? scene.payment.attempts_count : 1,
        .outcome = ATTEMPT_OUTCOME_PENDING);
}
static void say_charge(void)
{
    struct payment_record_charge_v1 data = {.currency = "XOF", .has_reference = true, .fee = any(300)};

    if (scene.payment.attempts_count == 0)
        return;
    data.amount = often() ? scene.payment.total : 1 + any(TOTAL);
    strcpy(data.reference, scene.payment.attempts[0].reference);
    snprintf(data.charge, sizeof(data.charge), "charge-%d", charges++);
    (void)says(PAYMENTS, "payment.record_charge", &data);
    walk_take_in();
}
static void say_chargeback(void)
{
    struct payment_record_chargeback_v1 data = {.currency = "XOF", .amount = scene.payment.total};

    if (any(4) != 0)
        return;
    snprintf(data.charge, sizeof(data.charge), "charge-%d", charges - 1);
    (void)says(PAYMENTS, "payment.record_chargeback", &data);
    walk_take_in();
}
static void say_chargeback_end(void)
{
    struct payment_record_chargeback_lost_v1 lost = {0};
    struct payment_record_chargeback_won_v1 won = {0};

    snprintf(lost.charge, sizeof(lost.charge), "charge-%d", charges - 1);
    snprintf(won.charge, sizeof(won.charge), "charge-%d", charges - 1);
    if (any(2))
        (void)says(PAYMENTS, "payment.record_chargeback_lost", &lost);
    else
        (void)says(PAYMENTS, "payment.record_chargeback_won", &won);
    walk_take_in();
}
static void photo(int32_t photo_stage, int32_t by)
{
    if (scene.parcel.photos_count < 12)
        scene_photo(photo_stage, by);
}
static void say_photo(void)
{
    static const int32_t parties[] = {PARTY_SENDER, PARTY_TRAVELLER, PARTY_STAFF};

    photo(one_of(photo_stage_choices), parties[any(3)]);
}
static void say_collect(void)
{
    struct booking_collect_v1 data = {.opened_and_checked = often(), .weighed_g = 1000 + any(1100)};

    photo(PHOTO_STAGE_SEAL, PARTY_TRAVELLER);
    strcpy(data.code, some_code(CODE_PURPOSE_PICKUP));
    (void)says(TRAVELLER, "booking.collect", &data);
    walk_take_in();
}
static void say_refuse(void)
{
    if (any(6) == 0)
        SAY(TRAVELLER, "booking.refuse_at_pickup", booking_refuse_at_pickup_v1,
            .reason = one_of(refuse_reason_choices));
}
static void say_no_show(void)
{
    ASK(any(2) ? SENDER : TRAVELLER, "booking.report_no_show");
}
static void say_contest(void)
{
    ASK(any(2) ? SENDER : TRAVELLER, "booking.contest");
}
static void say_report(void)
{
    SAY(TRAVELLER, "booking.report", booking_report_v1, .step = one_of(report_step_choices),
        .has_reason = often(), .reason = REPORT_REASON_OTHER);
}
static void say_deliver(void)
{
    struct booking_deliver_v1 data = {.has_identity_checked = true, .identity_checked = often()};

    strcpy(data.code, some_code(CODE_PURPOSE_DELIVERY));
    (void)says(often() ? TRAVELLER : STAFF, "booking.deliver", &data);
    walk_take_in();
}
static void say_staff_deliver(void)
{
    photo(PHOTO_STAGE_SIGNATURE, PARTY_STAFF);
    if (any(3) == 0)
        SAY(STAFF, "booking.deliver_by_staff", booking_deliver_by_staff_v1, .identity_checked = true);
}
static void say_reissue(void)
{
    SAY(anybody(), "booking.reissue_code", booking_reissue_code_v1, .purpose = one_of(code_purpose_choices));
}
static void say_undelivered(void)
{
    ASK(any(3) ? TRAVELLER : RECIPIENT, "booking.undelivered");
}
static void say_confirm(void)
{
    if (any(4) == 0)
        ASK(SENDER, "booking.confirm");
}
static void say_dispute(void)
{
    if (any(3) == 0)
        SAY(any(2) ? SENDER : RECIPIENT, "booking.dispute", booking_dispute_v1, .has_cause = often(),
            .cause = one_of(dispute_cause_choices));
}
static void say_evidence(void)
{
    ASK(anybody(), "booking.add_evidence");
}
static void say_drop(void)
{
    if (any(4) == 0)
        ASK(anybody(), "booking.drop_dispute");
}
static void say_resolve(void)
{
    int64_t held = payment_escrow(&scene.payment), part = held > 0 ? any((uint32_t)held + 1) : 0;

    if (any(4) == 0)
        SAY(STAFF, "booking.resolve", booking_resolve_v1,
            .split = {.to_traveller = part, .to_sender = held - part}, .has_fault = any(2),
            .fault = one_of(fault_choices));
}
static void say_agree(void)
{
    ASK(SENDER, "booking.agree_redate");
}
static void say_depart(void)
{
    ASK(TRAVELLER, "trip.depart");
}
static void say_arrive(void)
{
    ASK(TRAVELLER, "trip.arrive");
}
static void say_trip_redate(void)
{
    int64_t shift = ((int64_t)any(60) - 20) * HOURS;

    if (any(4) == 0)
        SAY(TRAVELLER, "trip.redate", trip_redate_v1,
            .has_departs = scene.trip.state == TRIP_STATUS_ANNOUNCED, .departs = scene.trip.departs + shift,
            .arrives = scene.trip.arrives + shift);
}
static void say_trip_end(void)
{
    if (any(12) == 0)
        SAY(TRAVELLER, "trip.cancel", trip_cancel_v1, .has_reason = true, .reason = TRIP_CANCEL_REASON_OTHER);
    if (any(12) == 0)
        SAY(TRAVELLER, "trip.abandon", trip_abandon_v1, .has_reason = true,
            .reason = TRIP_CANCEL_REASON_OTHER);
}
static void say_trouble(void)
{
    static const char *const troubles[] = {"parcel.declare_lost",   "parcel.declare_damaged",
                                           "parcel.declare_seized", "parcel.declare_found",
                                           "parcel.declare_found",  "parcel.seizure_lifted"};
    enum actor actor = any(3) ? TRAVELLER : SENDER;

    photo(PHOTO_STAGE_DAMAGE, actor == SENDER ? PARTY_SENDER : PARTY_TRAVELLER);
    ASK(actor, troubles[any(sizeof(troubles) / sizeof(troubles[0]))]);
}
static void say_return(void)
{
    struct parcel_hand_back_v1 data = {0};

    if (any(6) == 0)
        SAY(anybody(), "parcel.return", parcel_return_v1, .has_reason = true, .reason = RETURN_REASON_OTHER);
    strcpy(data.code, some_code(CODE_PURPOSE_RETURN));
    (void)says(TRAVELLER, "parcel.hand_back", &data);
    walk_take_in();
}
static void say_parcel(void)
{
    if (any(4) == 0)
        ASK(any(2) ? SENDER : STAFF, "parcel.cancel");
}

static void (*const sayings[])(void) = {
    say_accept,     say_decline,        say_cancel,  say_pay,     say_attempt,     say_charge,
    say_chargeback, say_chargeback_end, say_photo,   say_collect, say_collect,     say_refuse,
    say_no_show,    say_contest,        say_report,  say_deliver, say_deliver,     say_staff_deliver,
    say_reissue,    say_undelivered,    say_confirm, say_dispute, say_evidence,    say_drop,
    say_resolve,    say_agree,          say_depart,  say_arrive,  say_trip_redate, say_trip_end,
    say_trouble,    say_return,         say_parcel,
};

/* What leads on from each state, so that walks get far. */
static void (*const onward[][4])(void) = {
    [BOOKING_STATUS_REQUESTED] = {say_accept, say_accept, say_trip_redate, say_accept},
    [BOOKING_STATUS_ACCEPTED] = {say_pay, say_charge, say_attempt, say_charge},
    [BOOKING_STATUS_PAID] = {say_collect, say_refuse, say_collect, say_trip_redate},
    [BOOKING_STATUS_REFUSED_AT_PICKUP] = {say_contest, say_contest, say_chargeback, say_photo},
    [BOOKING_STATUS_COLLECTED] = {say_depart, say_report, say_deliver, say_trip_end},
    [BOOKING_STATUS_DELIVERED] = {say_photo, say_dispute, say_confirm, say_trouble},
    [BOOKING_STATUS_DISPUTED] = {say_evidence, say_resolve, say_deliver, say_drop},
};

void walk_onward(void)
{
    onward[scene.booking.state][any(4)]();
}

void walk_anything(void)
{
    sayings[any(sizeof(sayings) / sizeof(sayings[0]))]();
}
