/* SPDX-License-Identifier: Apache-2.0
 * What a command says: mostly what fits the town as it stands, now and then what does not. */
#include <stdio.h>
#include <string.h>

#include "shared/domain/limits.h"
#include "shared/domain/payment_facts.h"
#include "shared/domain/payment_known.h"
#include "tests/domain/history.h"

#define DATA(type) struct type *data = told->data

static int64_t now_of(const struct telling *told)
{
    return told->history->now;
}

static void text_set(char *to, const char *text)
{
    strcpy(to, text);
}

static void set_place(char *country, char *city, int which)
{
    static const char *const places[][2] = {
        {"FR", "Paris"}, {"SN", "Dakar"}, {"CI", "Abidjan"}, {"US", "Newark"}};

    text_set(country, places[which][0]);
    text_set(city, places[which][1]);
}

/* Nearly everybody goes one way. */
static void set_route(struct telling *told, struct address *origin, struct address *destination)
{
    bool usual = percent(told->chance, 92);

    set_place(origin->country, origin->city, usual ? 0 : (int)between(told->chance, 0, 3));
    set_place(destination->country, destination->city, usual ? 1 : (int)between(told->chance, 0, 3));
}

static void set_currency(struct telling *told, char currency[4])
{
    text_set(currency, percent(told->chance, 75)   ? "XOF"
                       : percent(told->chance, 80) ? "EUR"
                       : percent(told->chance, 80) ? "XAF"
                                                   : "USD");
}

/* Trips */

static void fill_announce(struct telling *told)
{
    DATA(trip_announce_v1);
    int64_t away = percent(told->chance, 3) ? between(told->chance, 0, 4 * HOURS)
                                            : between(told->chance, 10 * HOURS, 9 * DAYS);

    set_route(told, &data->origin, &data->destination);
    data->departs = now_of(told) + (percent(told->chance, 2) ? 200 * DAYS : away);
    data->arrives =
        data->departs + between(told->chance, percent(told->chance, 3) ? -HOURS : HOURS, 20 * HOURS);
    data->drop_off_until =
        data->departs - between(told->chance, percent(told->chance, 2) ? -HOURS : HOURS, 9 * HOURS);
    data->capacity_g = percent(told->chance, 3) ? 100 : between(told->chance, 4000, 40000);
    set_currency(told, data->currency);
    data->price_per_kg = strcmp(data->currency, "EUR") == 0 ? between(told->chance, 80, 8200)
                                                            : between(told->chance, 450, 51000);
}

static void fill_trip_correct(struct telling *told)
{
    DATA(trip_correct_v1);

    data->has_capacity_g = percent(told->chance, 60);
    data->capacity_g = between(told->chance, told->trip->reserved_g - 500, told->trip->capacity_g + 4000);
    data->has_price_per_kg = percent(told->chance, 40);
    data->price_per_kg = between(told->chance, 90, 9000);
    data->has_currency = percent(told->chance, 5);
    set_currency(told, data->currency);
    data->has_drop_off_until = percent(told->chance, 30);
    data->drop_off_until = told->trip->departs - between(told->chance, -HOURS, 30 * HOURS);
}

static void fill_redate(struct telling *told)
{
    DATA(trip_redate_v1);
    bool left = told->trip->state == TRIP_STATUS_DEPARTED;

    data->has_departs = left ? percent(told->chance, 5) : percent(told->chance, 90);
    data->departs = told->trip->departs +
                    between(told->chance, -1 * DAYS, percent(told->chance, 5) ? 40 * DAYS : 3 * DAYS);
    data->arrives = left ? told->trip->arrives + between(told->chance, -HOURS, 8 * DAYS)
                         : data->departs + between(told->chance, 0, 12 * HOURS);
    data->has_drop_off_until = percent(told->chance, 10) && !left;
    data->drop_off_until = data->departs - between(told->chance, -HOURS, 20 * HOURS);
}

static void fill_trip_cancel(struct telling *told)
{
    DATA(trip_cancel_v1);

    data->has_reason = percent(told->chance, 15);
    data->reason = (int32_t)between(told->chance, TRIP_CANCEL_REASON_CANNOT_TRAVEL, TRIP_CANCEL_REASON_OTHER);
}

static void fill_trip_abandon(struct telling *told)
{
    DATA(trip_abandon_v1);

    data->has_reason = percent(told->chance, 15);
    data->reason = (int32_t)between(told->chance, TRIP_CANCEL_REASON_CANNOT_TRAVEL, TRIP_CANCEL_REASON_OTHER);
}

static void fill_overdue(struct telling *told)
{
    DATA(trip_overdue_v1);

    data->has_epoch = true;
    data->epoch = between(told->chance, 0, 3);
}

/* Parcels */

static void set_value(struct telling *told, struct money *value)
{
    set_currency(told, value->currency);
    value->amount = strcmp(value->currency, "EUR") == 0 ? between(told->chance, 0, 9000)
                                                        : between(told->chance, 0, 60000);
    if (percent(told->chance, 4))
        value->amount *= 10;
}

static void fill_register(struct telling *told)
{
    DATA(parcel_register_v1);

    text_set(data->recipient.name, "Moussa");
    text_set(data->recipient.phone, "+221770000000");
    set_route(told, &data->origin, &data->destination);
    data->weight_g = percent(told->chance, 2) ? 40000 : between(told->chance, 100, 6000);
    data->category = (int32_t)between(told->chance, CATEGORY_DOCUMENTS, CATEGORY_OTHER);
    set_value(told, &data->value);
    data->has_ready_from = percent(told->chance, 30);
    data->ready_from = now_of(told) + between(told->chance, 0, 3 * DAYS);
    data->has_deliver_by = percent(told->chance, 60);
    data->deliver_by =
        now_of(told) + between(told->chance, percent(told->chance, 5) ? -DAYS : 4 * DAYS, 30 * DAYS);
    data->has_declaration = percent(told->chance, 98);
    data->declaration.agreed = percent(told->chance, 99);
}

static void fill_parcel_correct(struct telling *told)
{
    DATA(parcel_correct_v1);
    bool booked = told->parcel->has_booking;

    data->has_recipient = percent(told->chance, booked ? 90 : 20);
    text_set(data->recipient.name, "Fatou");
    text_set(data->recipient.phone, "+221780000000");
    if (booked && percent(told->chance, 90))
        return;
    data->has_weight_g = percent(told->chance, 30);
    data->weight_g = between(told->chance, 100, 7000);
    data->has_value = percent(told->chance, 20);
    set_value(told, &data->value);
    data->has_deliver_by = percent(told->chance, 20);
    data->deliver_by = now_of(told) + between(told->chance, -DAYS, 20 * DAYS);
    data->has_declaration = percent(told->chance, 70);
    data->declaration.agreed = true;
}

static void fill_parcel_cancel(struct telling *told)
{
    DATA(parcel_cancel_v1);

    data->has_epoch = percent(told->chance, 50);
    data->epoch = between(told->chance, 0, 5);
    data->has_reason = percent(told->chance, 50);
    data->reason = CANCEL_REASON_MISTAKE;
}

/* The photo that the next rows ask for, more often than another. */
static int32_t stage_wanted(struct telling *told)
{
    if (percent(told->chance, 35))
        return (int32_t)between(told->chance, PHOTO_STAGE_REGISTER, PHOTO_STAGE_EVIDENCE);
    if (told->parcel->state == PARCEL_STATUS_REGISTERED || told->parcel->state == PARCEL_STATUS_BOOKED)
        return percent(told->chance, 70) ? PHOTO_STAGE_SEAL : PHOTO_STAGE_PICKUP;
    return percent(told->chance, 40)   ? PHOTO_STAGE_DAMAGE
           : percent(told->chance, 50) ? PHOTO_STAGE_SIGNATURE
                                       : PHOTO_STAGE_CUSTOMS;
}

static void fill_photo(struct telling *told)
{
    DATA(parcel_attach_photo_v1);

    (void)snprintf(data->digest, sizeof(data->digest), "%064x", (unsigned)between(told->chance, 0, 200));
    data->stage = stage_wanted(told);
    data->type = PHOTO_TYPE_JPEG;
}

static void fill_return(struct telling *told)
{
    DATA(parcel_return_v1);

    data->has_reason = percent(told->chance, 90);
    data->reason = RETURN_REASON_SENDER_ASKED;
}

/* Mostly the right one. */
static void set_code(struct telling *told, int32_t purpose, char code[CODE_DIGITS + 1])
{
    const struct booking_state *booking = told->booking;
    const struct code_count *count = purpose == CODE_PURPOSE_PICKUP     ? &booking->pickup_code
                                     : purpose == CODE_PURPOSE_DELIVERY ? &booking->delivery_code
                                                                        : &booking->return_code;

    if (percent(told->chance, count->tries == 0 ? 75 : 40))
        code_make(&town_codes, &booking->id, purpose, count->issue, code);
    else
        (void)snprintf(code, CODE_DIGITS + 1, "%06d", (int)between(told->chance, 0, 999999));
}

static void fill_hand_back(struct telling *told)
{
    DATA(parcel_hand_back_v1);

    set_code(told, CODE_PURPOSE_RETURN, data->code);
}

static void fill_declared(struct telling *told)
{
    text_set(told->data, "So it is.");
}

/* Bookings */

static void fill_request(struct telling *told)
{
    DATA(booking_request_v1);

    data->trip = told->trip->id;
    data->parcel = told->parcel->id;
    data->has_min_grams = percent(told->chance, 40);
    data->min_grams = told->parcel->weight_g - between(told->chance, -50, 800);
    if (data->min_grams < 1)
        data->min_grams = 1;
}

static void fill_accept(struct telling *told)
{
    DATA(booking_accept_v1);

    data->has_grams = percent(told->chance, 40);
    data->grams = between(told->chance, told->booking->min_grams - 20, told->booking->grams + 10);
    if (data->grams < 1)
        data->grams = 1;
}

static void fill_decline(struct telling *told)
{
    DATA(booking_decline_v1);

    data->has_reason = percent(told->chance, 50);
    data->reason = DECLINE_REASON_DATES;
}

static void fill_cancel(struct telling *told)
{
    DATA(booking_cancel_v1);

    data->has_reason = percent(told->chance, 30);
    data->reason =
        (int32_t)between(told->chance, BOOKING_CANCEL_REASON_CHANGED_MIND, BOOKING_CANCEL_REASON_OTHER);
    data->has_epoch = percent(told->chance, 30);
    data->epoch = between(told->chance, 0, 6);
}

static void fill_collect(struct telling *told)
{
    DATA(booking_collect_v1);

    set_code(told, CODE_PURPOSE_PICKUP, data->code);
    data->opened_and_checked = percent(told->chance, 95);
    data->weighed_g = told->booking->grams * between(told->chance, 90, 106) / 100;
}

static void fill_refuse(struct telling *told)
{
    DATA(booking_refuse_at_pickup_v1);

    data->reason = (int32_t)between(told->chance, REFUSE_REASON_PROHIBITED, REFUSE_REASON_CHANGED_MIND);
}

static void fill_report(struct telling *told)
{
    DATA(booking_report_v1);

    data->step = percent(told->chance, 50)
                     ? REPORT_STEP_ARRIVED
                     : (int32_t)between(told->chance, REPORT_STEP_IN_TRANSIT, REPORT_STEP_ARRIVED);
    data->has_reason = percent(told->chance, 80);
    data->reason = REPORT_REASON_DOCUMENTS;
}

static void fill_deliver(struct telling *told)
{
    DATA(booking_deliver_v1);

    set_code(told, CODE_PURPOSE_DELIVERY, data->code);
    data->has_identity_checked = data->identity_checked = percent(told->chance, 70);
}

static void fill_deliver_by_staff(struct telling *told)
{
    DATA(booking_deliver_by_staff_v1);

    data->identity_checked = percent(told->chance, 80);
}

static void fill_reissue(struct telling *told)
{
    DATA(booking_reissue_code_v1);

    data->purpose = told->booking->state == BOOKING_STATUS_PAID && percent(told->chance, 80)
                        ? CODE_PURPOSE_PICKUP
                        : (int32_t)between(told->chance, CODE_PURPOSE_PICKUP, CODE_PURPOSE_RETURN);
}

static void fill_dispute(struct telling *told)
{
    DATA(booking_dispute_v1);

    data->has_cause = percent(told->chance, 90);
    data->cause = (int32_t)between(told->chance, DISPUTE_CAUSE_PICKUP, DISPUTE_CAUSE_CHARGEBACK);
    data->has_epoch = percent(told->chance, 20);
    data->epoch = between(told->chance, 0, 9);
}

static void fill_resolve(struct telling *told)
{
    DATA(booking_resolve_v1);
    int64_t held = payment_escrow(told->payment);

    data->split.to_traveller = between(told->chance, 0, held);
    data->split.to_sender = between(told->chance, 0, held - data->split.to_traveller);
    data->split.to_fees = held - data->split.to_traveller - data->split.to_sender;
    if (percent(told->chance, 8))
        data->split.to_fees++;
    data->has_fault = percent(told->chance, 50);
    data->fault = (int32_t)between(told->chance, FAULT_SENDER, FAULT_TRAVELLER_TWICE);
}

static void fill_remind(struct telling *told)
{
    DATA(booking_remind_v1);

    data->what = (int32_t)between(told->chance, REMINDER_PICKUP, REMINDER_STAFF);
    data->has_epoch = true;
    data->epoch = between(told->chance, 0, 12);
}

/* A timer of some arming, perhaps of this one, which c2 has no row for. */
static void fill_default(struct telling *told)
{
    DATA(booking_resolve_default_v1);

    data->has_epoch = true;
    data->epoch = percent(told->chance, 20) ? told->booking->dispute_epoch : between(told->chance, 0, 12);
}

/* People */

static void fill_tier(struct telling *told)
{
    DATA(profile_set_tier_v1);

    data->tier = between(told->chance, 0, LIMITS_TIERS - 1);
    data->has_reason = percent(told->chance, 90);
    data->reason = STAFF_REASON_IDENTITY_CHECKED;
}

static void fill_block(struct telling *told)
{
    DATA(profile_block_v1);

    data->has_reason = percent(told->chance, 25);
    data->reason = STAFF_REASON_FRAUD;
}

static void fill_unblock(struct telling *told)
{
    DATA(profile_unblock_v1);

    data->has_reason = percent(told->chance, 95);
    data->reason = STAFF_REASON_APPEAL;
}

static void fill_count_fault(struct telling *told)
{
    DATA(profile_count_fault_v1);

    data->booking = told->history->live.bookings[0].id;
    data->marks = between(told->chance, 1, 2);
}

static void fill_rate(struct telling *told)
{
    DATA(review_rate_v1);

    data->score = between(told->chance, 1, 5);
}

static void fill_search(struct telling *told)
{
    DATA(search_save_v1);

    set_place(data->origin.country, data->origin.city, 0);
    set_place(data->destination.country, data->destination.city, percent(told->chance, 90) ? 1 : 0);
    data->has_until = percent(told->chance, 50);
    data->until = now_of(told) + between(told->chance, -DAYS, 9 * DAYS);
    data->has_max_price = percent(told->chance, 30);
    data->max_price = 4000;
    data->has_currency = percent(told->chance, 50);
    set_currency(told, data->currency);
}

static void fill_event(struct telling *told)
{
    DATA(report_record_v1);

    data->provider = PAYMENT_PROVIDER_FLUTTERWAVE;
    data->event_kind = REPORT_KIND_CHARGE;
    (void)snprintf(data->digest, sizeof(data->digest), "%064x", (unsigned)between(told->chance, 0, 99));
}

/* What has no row says nothing, or only what nobody reads. */
static const struct filling fillings[] = {
    {"trip.announce", fill_announce},
    {"trip.correct", fill_trip_correct},
    {"trip.redate", fill_redate},
    {"trip.cancel", fill_trip_cancel},
    {"trip.abandon", fill_trip_abandon},
    {"trip.overdue", fill_overdue},
    {"parcel.register", fill_register},
    {"parcel.correct", fill_parcel_correct},
    {"parcel.cancel", fill_parcel_cancel},
    {"parcel.attach_photo", fill_photo},
    {"parcel.return", fill_return},
    {"parcel.hand_back", fill_hand_back},
    {"parcel.declare_lost", fill_declared},
    {"booking.request", fill_request},
    {"booking.accept", fill_accept},
    {"booking.decline", fill_decline},
    {"booking.cancel", fill_cancel},
    {"booking.collect", fill_collect},
    {"booking.refuse_at_pickup", fill_refuse},
    {"booking.report", fill_report},
    {"booking.deliver", fill_deliver},
    {"booking.deliver_by_staff", fill_deliver_by_staff},
    {"booking.reissue_code", fill_reissue},
    {"booking.contest", fill_declared},
    {"booking.add_evidence", fill_declared},
    {"booking.dispute", fill_dispute},
    {"booking.resolve", fill_resolve},
    {"booking.resolve_default", fill_default},
    {"booking.remind", fill_remind},
    {"profile.set_tier", fill_tier},
    {"profile.block", fill_block},
    {"profile.unblock", fill_unblock},
    {"profile.count_fault", fill_count_fault},
    {"review.rate", fill_rate},
    {"search.save", fill_search},
    {"report.record", fill_event},
    {0},
};

static bool fill_from(const struct filling *rows, struct telling *told)
{
    for (; rows->family; rows++)
        if (strcmp(rows->family, told->command->row->family) == 0) {
            rows->fill(told);
            return true;
        }
    return false;
}

void history_fill(struct telling *told)
{
    if (!fill_from(fillings, told))
        (void)fill_from(money_fillings, told);
}
