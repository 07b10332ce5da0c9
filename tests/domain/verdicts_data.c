/* SPDX-License-Identifier: Apache-2.0
 * What is said in each command: what its rows would take, so that a refusal is for the state or the role. */
#include <stdio.h>
#include <string.h>

#include "shared/domain/payment_facts.h"
#include "tests/domain/verdicts.h"

void verdict_epoch(void *told, int64_t epoch)
{
    struct booking_expire_v1 *data = told;

    *data = (struct booking_expire_v1){.has_epoch = true, .epoch = epoch};
}

SAYS(announces)
{
    DATA(trip_announce_v1);
    strcpy(data->origin.country, "FR");
    strcpy(data->origin.city, "Paris");
    strcpy(data->destination.country, "SN");
    strcpy(data->destination.city, "Dakar");
    data->departs = NOW + 5 * DAYS;
    data->arrives = data->departs + 6 * HOURS;
    data->drop_off_until = data->departs - 5 * HOURS;
    data->capacity_g = 10000;
    data->price_per_kg = 5000;
    strcpy(data->currency, "XOF");
}

SAYS(corrects_trip)
{
    DATA(trip_correct_v1);
    data->has_capacity_g = true;
    data->capacity_g = 15000;
}

SAYS(redates)
{
    DATA(trip_redate_v1);
    data->has_departs = world->trip.state != TRIP_STATUS_DEPARTED;
    data->departs = NOW + 2 * DAYS;
    data->arrives = data->has_departs ? data->departs + 6 * HOURS : NOW + 20 * HOURS;
}

SAYS(overdue)
{
    (void)by_system;
    verdict_epoch(told, world->trip.overdue_epoch);
}

SAYS(cancels_trip)
{
    DATA(trip_cancel_v1);
    *data = (struct trip_cancel_v1){.has_reason = true, .reason = TRIP_CANCEL_REASON_CANNOT_TRAVEL};
}

SAYS(abandons)
{
    DATA(trip_abandon_v1);
    *data = (struct trip_abandon_v1){.has_reason = true, .reason = TRIP_CANCEL_REASON_REFUSED_BOARDING};
}

static void loads(struct verdict_world *world)
{
    world->trip.bookings[0].on_board = true;
    world->trip.loaded_g = VERDICT_GRAMS;
}

SAYS(abandons_loaded)
{
    abandons(world, by_system, told);
    loads(world);
}

SAYS(overdue_loaded)
{
    overdue(world, by_system, told);
    loads(world);
}

SAYS(registers)
{
    DATA(parcel_register_v1);
    strcpy(data->recipient.name, "Moussa Fall");
    strcpy(data->origin.country, "FR");
    strcpy(data->origin.city, "Paris");
    strcpy(data->destination.country, "SN");
    strcpy(data->destination.city, "Dakar");
    data->weight_g = VERDICT_GRAMS;
    data->category = CATEGORY_CLOTHES;
    data->value = (struct money){40000, "XOF"};
    data->has_deliver_by = true;
    data->deliver_by = NOW + 20 * DAYS;
    data->has_declaration = data->declaration.agreed = true;
}

SAYS(corrects_weight)
{
    DATA(parcel_correct_v1);
    data->has_weight_g = true;
    data->weight_g = 1500;
}

SAYS(corrects_recipient)
{
    DATA(parcel_correct_v1);
    data->has_recipient = true;
    strcpy(data->recipient.name, "Fatou Fall");
}

SAYS(cancels_parcel)
{
    DATA(parcel_cancel_v1);
    data->has_reason = true;
    data->reason = CANCEL_REASON_MISTAKE;
    data->has_epoch = by_system;
    data->epoch = by_system ? world->parcel.stale_epoch : 0;
}

SAYS(attaches)
{
    DATA(parcel_attach_photo_v1);
    (void)snprintf(data->digest, sizeof(data->digest), "%064d", 99);
    data->stage = PHOTO_STAGE_EVIDENCE;
    data->type = PHOTO_TYPE_JPEG;
}

SAYS(returns)
{
    DATA(parcel_return_v1);
    *data = (struct parcel_return_v1){.has_reason = true, .reason = RETURN_REASON_OTHER};
}

SAYS(hands_back)
{
    DATA(parcel_hand_back_v1);
    code_make(&world->codes, &world->booking.id, CODE_PURPOSE_RETURN, 1, data->code);
}

SAYS(clears)
{
    (void)by_system;
    (void)told;
    world->parcel.has_flag = true;
    world->parcel.flag = FLAG_REASON_UNDECLARED;
}

SAYS(states_it)
{
    (void)world;
    (void)by_system;
    strcpy(told, "So it was.");
}

SAYS(requests)
{
    DATA(booking_request_v1);
    data->trip = world->trip.id;
    data->parcel = world->parcel.id;
}

SAYS(declines)
{
    DATA(booking_decline_v1);
    *data = (struct booking_decline_v1){.has_reason = true, .reason = DECLINE_REASON_DATES};
}

SAYS(expires)
{
    (void)by_system;
    verdict_epoch(told, world->booking.expire_epoch);
}

SAYS(expires_under_way)
{
    expires(world, by_system, told);
    world->payment.attempts[0].state = ATTEMPT_STATE_PENDING;
}

SAYS(pays)
{
    (void)by_system;
    (void)told;
    world->payment.attempts[0].state = ATTEMPT_STATE_FAILED;
}

SAYS(cancels_booking)
{
    DATA(booking_cancel_v1);
    data->has_reason = true;
    data->reason = BOOKING_CANCEL_REASON_OTHER_PLANS;
    data->has_epoch = by_system;
    data->epoch = by_system ? world->booking.redate_epoch : 0;
}

SAYS(collects)
{
    DATA(booking_collect_v1);
    code_make(&world->codes, &world->booking.id, CODE_PURPOSE_PICKUP, 1, data->code);
    data->opened_and_checked = true;
    data->weighed_g = VERDICT_GRAMS;
}

SAYS(collects_wrongly)
{
    DATA(booking_collect_v1);
    collects(world, by_system, told);
    strcpy(data->code, "000000");
}

SAYS(refuses)
{
    DATA(booking_refuse_at_pickup_v1);
    data->reason = REFUSE_REASON_PROHIBITED;
}

SAYS(waits_in_vain)
{
    (void)by_system;
    (void)told;
    world->booking.drop_off_until = NOW - 1 * HOURS;
}

SAYS(misses)
{
    (void)by_system;
    (void)told;
    world->trip.state = TRIP_STATUS_DEPARTED;
}

SAYS(settles)
{
    (void)by_system;
    verdict_epoch(told, world->booking.settle_epoch);
}

SAYS(reports)
{
    DATA(booking_report_v1);
    *data = (struct booking_report_v1){REPORT_STEP_DELAYED, true, REPORT_REASON_WEATHER};
}

SAYS(delivers)
{
    DATA(booking_deliver_v1);
    code_make(&world->codes, &world->booking.id, CODE_PURPOSE_DELIVERY, 1, data->code);
    data->has_identity_checked = data->identity_checked = true;
}

SAYS(delivers_by_staff)
{
    DATA(booking_deliver_by_staff_v1);
    data->identity_checked = true;
}

SAYS(reissues)
{
    DATA(booking_reissue_code_v1);
    data->purpose = world->booking.state == BOOKING_STATUS_PAID ? CODE_PURPOSE_PICKUP : CODE_PURPOSE_DELIVERY;
}

SAYS(is_abandoned)
{
    (void)by_system;
    (void)told;
    world->trip.state = TRIP_STATUS_ABANDONED;
}

SAYS(confirms_by_time)
{
    (void)by_system;
    verdict_epoch(told, world->booking.confirm_epoch);
}

SAYS(disputes)
{
    DATA(booking_dispute_v1);
    data->has_cause = true;
    data->cause = DISPUTE_CAUSE_DAMAGED;
    data->has_epoch = by_system;
    data->epoch = by_system ? world->booking.late_epoch : 0;
}

/* Delivered in the meantime. */
SAYS(drops)
{
    (void)by_system;
    (void)told;
    world->parcel.state = PARCEL_STATUS_DELIVERED;
    world->booking.has_delivery_proved_at = true;
}

SAYS(resolves)
{
    DATA(booking_resolve_v1);
    data->split = (struct split){5000, 5000, payment_escrow(&world->payment) - 10000};
    data->has_fault = true;
    data->fault = FAULT_TRAVELLER;
}

SAYS(resolves_by_time)
{
    (void)by_system;
    verdict_epoch(told, world->booking.dispute_epoch);
}

SAYS(reminds)
{
    DATA(booking_remind_v1);
    int32_t state = world->booking.state;

    data->what = state == BOOKING_STATUS_PAID        ? REMINDER_PICKUP
                 : state == BOOKING_STATUS_COLLECTED ? REMINDER_HAND_OVER
                 : state == BOOKING_STATUS_DELIVERED ? REMINDER_CONFIRM
                                                     : REMINDER_STAFF;
    data->has_epoch = true;
    data->epoch = state == BOOKING_STATUS_PAID        ? world->booking.pickup_epoch
                  : state == BOOKING_STATUS_COLLECTED ? world->parcel.arrived_epoch
                                                      : world->booking.dispute_epoch;
}

/* People and the rest */

SAYS(rates)
{
    DATA(review_rate_v1);
    data->score = 5;
}

SAYS(publishes)
{
    (void)by_system;
    verdict_epoch(told, world->review.close_epoch);
}

SAYS(sets_tier)
{
    DATA(profile_set_tier_v1);
    *data = (struct profile_set_tier_v1){3, true, STAFF_REASON_FLIGHT_PROOF};
}

SAYS(blocks)
{
    DATA(profile_block_v1);
    *data = (struct profile_block_v1){true, STAFF_REASON_FRAUD};
}

SAYS(unblocks)
{
    DATA(profile_unblock_v1);
    *data = (struct profile_unblock_v1){true, STAFF_REASON_APPEAL};
}

SAYS(counts_fault)
{
    DATA(profile_count_fault_v1);
    *data = (struct profile_count_fault_v1){world->booking.id, 2};
}

SAYS(counts_done)
{
    DATA(profile_count_done_v1);
    data->booking = world->booking.id;
}

SAYS(saves)
{
    DATA(search_save_v1);
    data->origin = (struct place){"FR", "Paris"};
    data->destination = (struct place){"SN", "Dakar"};
}

SAYS(tells)
{
    DATA(report_record_v1);
    data->provider = PAYMENT_PROVIDER_FLUTTERWAVE;
    data->event_kind = REPORT_KIND_CHARGE;
    (void)snprintf(data->digest, sizeof(data->digest), "%064d", 1);
}

static const struct verdict_saying sayings[] = {
    {"trip.announce", NULL, announces},
    {"trip.correct", NULL, corrects_trip},
    {"trip.redate", NULL, redates},
    {"trip.depart", NULL, NULL},
    {"trip.overdue", NULL, overdue},
    {"trip.overdue", "loaded", overdue_loaded},
    {"trip.arrive", NULL, NULL},
    {"trip.cancel", NULL, cancels_trip},
    {"trip.abandon", NULL, abandons},
    {"trip.abandon", "loaded", abandons_loaded},
    {"parcel.register", NULL, registers},
    {"parcel.correct", "weight", corrects_weight},
    {"parcel.correct", "recipient", corrects_recipient},
    {"parcel.cancel", NULL, cancels_parcel},
    {"parcel.attach_photo", NULL, attaches},
    {"parcel.declare_lost", NULL, states_it},
    {"parcel.declare_found", NULL, NULL},
    {"parcel.declare_damaged", NULL, NULL},
    {"parcel.declare_seized", NULL, NULL},
    {"parcel.seizure_lifted", NULL, NULL},
    {"parcel.return", NULL, returns},
    {"parcel.hand_back", NULL, hands_back},
    {"parcel.clear_flag", "flagged", clears},
    {"booking.request", NULL, requests},
    {"booking.accept", NULL, NULL},
    {"booking.decline", NULL, declines},
    {"booking.expire", NULL, expires},
    {"booking.expire", "under way", expires_under_way},
    {"booking.pay", NULL, pays},
    {"booking.cancel", NULL, cancels_booking},
    {"booking.redate", NULL, NULL},
    {"booking.agree_redate", NULL, NULL},
    {"booking.collect", NULL, collects},
    {"booking.collect", "wrong code", collects_wrongly},
    {"booking.refuse_at_pickup", NULL, refuses},
    {"booking.report_no_show", NULL, waits_in_vain},
    {"booking.pickup_missed", "trip left", misses},
    {"booking.settle_pickup", NULL, settles},
    {"booking.contest", NULL, states_it},
    {"booking.start", NULL, NULL},
    {"booking.report", NULL, reports},
    {"booking.deliver", NULL, delivers},
    {"booking.deliver_by_staff", NULL, delivers_by_staff},
    {"booking.reissue_code", NULL, reissues},
    {"booking.undelivered", NULL, NULL},
    {"booking.abandon", "trip abandoned", is_abandoned},
    {"booking.confirm", NULL, NULL},
    {"booking.auto_confirm", NULL, confirms_by_time},
    {"booking.dispute", NULL, disputes},
    {"booking.add_evidence", NULL, states_it},
    {"booking.drop_dispute", "delivered", drops},
    {"booking.resolve", NULL, resolves},
    {"booking.resolve_default", NULL, resolves_by_time},
    {"booking.remind", NULL, reminds},
    {"review.rate", NULL, rates},
    {"review.publish", NULL, publishes},
    {"report.record", NULL, tells},
    {"profile.update", NULL, NULL},
    {"profile.set_payout_account", NULL, NULL},
    {"profile.set_tier", NULL, sets_tier},
    {"profile.block", NULL, blocks},
    {"profile.unblock", NULL, unblocks},
    {"profile.count_fault", NULL, counts_fault},
    {"profile.count_done", NULL, counts_done},
    {"search.save", NULL, saves},
    {"search.drop", NULL, NULL},
    {0},
};

const struct verdict_saying *verdict_saying(int n)
{
    const int count = (int)(sizeof(sayings) / sizeof(sayings[0])) - 1;
    const struct verdict_saying *row = n < count ? &sayings[n] : &verdict_money_sayings[n - count];

    return row->command ? row : NULL;
}
