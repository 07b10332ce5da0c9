/* SPDX-License-Identifier: Apache-2.0
 * The world a verdict is given in: set directly, each state with what must be true of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/domain/payment_known.h"
#include "tests/domain/verdicts.h"

static void id_set(struct id *id, const char *text)
{
    if (id_parse(span_of(text), id) != 0)
        abort();
}

static void set_ids(struct verdict_world *world)
{
    id_set(&world->trip.id, "a0000000-0000-4000-8000-000000000001");
    id_set(&world->booking.id, "b0000000-0000-4000-8000-000000000001");
    id_set(&world->parcel.id, "c0000000-0000-4000-8000-000000000001");
    id_set(&world->report.id, "d0000000-0000-4000-8000-000000000001");
    id_set(&world->search.id, "e0000000-0000-4000-8000-000000000001");
    id_set(&world->sender.id, "11111111-1111-4111-8111-111111111111");
    id_set(&world->traveller.id, "22222222-2222-4222-8222-222222222222");
    world->profile.id = world->sender.id;
    domain_payment_of(&world->booking.id, &world->payment.id);
    domain_review_of(&world->booking.id, &world->review.id);
}

static void set_person(struct profile_state *person)
{
    person->version = 1;
    person->state = PROFILE_STATUS_KNOWN;
    person->tier = 2;
    person->payout_n = 1;
}

/* Announced: it departs in ten hours, and has a newer date than its booking knows. Left: it arrived long ago.
 */
static void set_trip(struct verdict_world *world, int32_t state)
{
    struct trip_state *trip = &world->trip;
    bool announced = state == TRIP_STATUS_ANNOUNCED;

    trip->version = 3;
    trip->state = state;
    trip->traveller = world->traveller.id;
    trip->origin = (struct place){"FR", "Paris"};
    trip->destination = (struct place){"SN", "Dakar"};
    trip->departs = trip->first_departs = announced ? NOW + 10 * HOURS : NOW - 86 * HOURS;
    trip->arrives = trip->departs + 6 * HOURS;
    trip->drop_off_until = trip->departs - 9 * HOURS;
    trip->capacity_g = 20000;
    trip->price_per_kg = 5000;
    strcpy(trip->currency, "XOF");
    trip->schedule = trip->overdue_epoch = 3;
    if (!announced) {
        trip->has_departed_at = true;
        trip->departed_at = trip->departs;
    }
}

static void set_load(struct verdict_world *world, bool on_board)
{
    struct trip_state *trip = &world->trip;

    trip->bookings_count = 1;
    trip->bookings[0] = (struct trip_load){world->booking.id, VERDICT_GRAMS, 267, on_board};
    trip->reserved_g = VERDICT_GRAMS;
    trip->loaded_g = on_board ? VERDICT_GRAMS : 0;
    trip->exposure = 267;
}

/* What anybody may be asked to show. */
static void set_photos(struct parcel_state *parcel)
{
    static const struct photo photos[] = {{.stage = PHOTO_STAGE_SEAL, .by = PARTY_TRAVELLER},
                                          {.stage = PHOTO_STAGE_PICKUP, .by = PARTY_TRAVELLER},
                                          {.stage = PHOTO_STAGE_DAMAGE, .by = PARTY_TRAVELLER},
                                          {.stage = PHOTO_STAGE_DAMAGE, .by = PARTY_SENDER},
                                          {.stage = PHOTO_STAGE_CUSTOMS, .by = PARTY_TRAVELLER},
                                          {.stage = PHOTO_STAGE_SIGNATURE, .by = PARTY_STAFF}};

    parcel->photos_count = sizeof(photos) / sizeof(photos[0]);
    for (int i = 0; i < parcel->photos_count; i++) {
        parcel->photos[i] = photos[i];
        (void)snprintf(parcel->photos[i].digest, sizeof(parcel->photos[i].digest), "%064d", i + 1);
    }
}

static void set_parcel(struct verdict_world *world, int32_t state)
{
    struct parcel_state *parcel = &world->parcel;

    parcel->version = 5;
    parcel->state = state;
    parcel->sender = world->sender.id;
    parcel->origin = (struct place){"FR", "Paris"};
    parcel->destination = (struct place){"SN", "Dakar"};
    parcel->weight_g = VERDICT_GRAMS;
    parcel->category = CATEGORY_CLOTHES;
    parcel->value = (struct money){40000, "XOF"};
    parcel->has_deliver_by = true;
    parcel->deliver_by = NOW + 20 * DAYS;
    parcel->recipient_n = parcel->stale_epoch = 1;
    parcel->has_arrived_at = state == PARCEL_STATUS_ARRIVED;
    parcel->arrived_at = NOW - 50 * HOURS;
    parcel->arrived_epoch = 4;
    parcel->has_delivered_at = state == PARCEL_STATUS_DELIVERED || state == PARCEL_STATUS_CLOSED;
    parcel->delivered_at = NOW - 2 * HOURS;
    set_photos(parcel);
    if (state == PARCEL_STATUS_REGISTERED || state == PARCEL_STATUS_CANCELLED)
        return;
    parcel->has_booking = parcel->has_trip = parcel->has_traveller = true;
    parcel->booking = world->booking.id;
    parcel->trip = world->trip.id;
    parcel->traveller = world->traveller.id;
}

static void set_terms(struct verdict_world *world)
{
    struct booking_state *booking = &world->booking;

    booking->trip = world->trip.id;
    booking->parcel = world->parcel.id;
    booking->payment = world->payment.id;
    booking->review = world->review.id;
    booking->sender = world->sender.id;
    booking->traveller = world->traveller.id;
    booking->grams = VERDICT_GRAMS;
    booking->min_grams = VERDICT_GRAMS / 2;
    booking->price_per_kg = 5000;
    booking->carriage = VERDICT_CARRIAGE;
    booking->fee = VERDICT_FEE;
    strcpy(booking->currency, "XOF");
    booking->exposure = 267;
    booking->requested_at = NOW - 5 * HOURS;
    booking->expires = booking->must_answer_by = booking->pay_by = booking->evidence_by = NOW + 1 * HOURS;
    booking->has_must_answer_by = booking->has_pay_by = true;
    booking->confirm_by = booking->contest_by = NOW + 12 * HOURS;
    booking->schedule = 1;
    booking->departs = world->trip.departs;
    booking->arrives = world->trip.arrives;
    booking->drop_off_until = world->trip.drop_off_until;
}

static void set_dispute(struct booking_state *booking)
{
    booking->has_cause = booking->has_opener = booking->has_default_at = true;
    booking->cause = DISPUTE_CAUSE_LATE;
    booking->opener = PARTY_SENDER;
    booking->default_at = NOW + 9 * DAYS;
    booking->disputed_from = BOOKING_STATUS_COLLECTED;
    booking->traveller_evidence = 1;
}

#define SINCE(state) (1u << BOOKING_STATUS_##state)

static void set_booking(struct verdict_world *world, int32_t state)
{
    const struct code_count issued = {.issue = 1, .has_issued_at = true, .issued_at = NOW - 1 * HOURS};
    struct booking_state *booking = &world->booking;
    uint32_t is = 1u << state;

    set_terms(world);
    booking->version = 7;
    booking->state = state;
    if (is & ~(SINCE(REQUESTED) | SINCE(ACCEPTED) | SINCE(DECLINED) | SINCE(EXPIRED))) {
        booking->has_paid_at = true;
        booking->paid_at = NOW - 2 * HOURS;
    }
    booking->has_collected_at =
        (is & (SINCE(COLLECTED) | SINCE(DELIVERED) | SINCE(DISPUTED) | SINCE(COMPLETED) | SINCE(RESOLVED))) !=
        0;
    booking->collected_at = NOW - 90 * HOURS;
    booking->has_delivered_at = (is & (SINCE(DELIVERED) | SINCE(COMPLETED))) != 0;
    booking->delivered_at = NOW - 2 * HOURS;
    booking->pickup_code = booking->delivery_code = issued;
    if (is & SINCE(DISPUTED))
        booking->return_code = issued;
    booking->pickup_reason = PICKUP_REASON_NO_SHOW_SENDER;
    booking->pickup_failed_by = PARTY_TRAVELLER;
    booking->expire_epoch = 1;
    booking->redate_epoch = booking->pickup_epoch = booking->settle_epoch = 2;
    booking->late_epoch = booking->confirm_epoch = booking->dispute_epoch = 3;
    if (state == BOOKING_STATUS_DISPUTED)
        set_dispute(booking);
}

static struct money_order order_of(int64_t n, int32_t kind, int32_t state)
{
    struct money_order order = {.n = n,
                                .kind = kind,
                                .to = kind == ORDER_KIND_REFUND ? PARTY_SENDER : PARTY_TRAVELLER,
                                .amount = 500,
                                .currency = "XOF",
                                .try = 1,
                                .state = state,
                                .has_charge = kind == ORDER_KIND_REFUND};

    if (order.has_charge)
        strcpy(order.charge, "charge-2");
    if (state == ORDER_STATE_DONE) {
        order.has_done_tries = true;
        order.done_tries = 1;
    }
    return order;
}

/* Five orders: a refund ordered, one on its way, a goodwill that failed once, one five times, one done;
 * before the price is paid there are only refunds, of other currencies. */
static void set_orders(struct payment_state *payment, bool over)
{
    int32_t kind = payment->state == PAYMENT_STATUS_DUE ? ORDER_KIND_REFUND : ORDER_KIND_GOODWILL;

    payment->orders_count = 5;
    payment->orders[0] = order_of(1, ORDER_KIND_REFUND, over ? ORDER_STATE_DONE : ORDER_STATE_ORDERED);
    payment->orders[1] = order_of(2, ORDER_KIND_REFUND, over ? ORDER_STATE_DONE : ORDER_STATE_SENDING);
    payment->orders[2] = order_of(3, kind, over ? ORDER_STATE_DONE : ORDER_STATE_FAILED);
    payment->orders[3] = order_of(4, kind, over ? ORDER_STATE_DONE : ORDER_STATE_FAILED);
    payment->orders[3].try = over ? 1 : 5;
    payment->orders[4] = order_of(5, kind, ORDER_STATE_DONE);
}

static void add_charge(struct payment_state *payment, const char *name, int64_t amount)
{
    struct charge *charge = &payment->charges[payment->charges_count++];

    *charge = (struct charge){.amount = amount, .currency = "XOF"};
    strcpy(charge->charge, name);
    strcpy(charge->reference, name);
}

static void set_money(struct payment_state *payment, bool over)
{
    struct balance *balance = &payment->balances[0];

    payment->balances_count = 1;
    *balance = (struct balance){.currency = "XOF"};
    if (!over && payment->state != PAYMENT_STATUS_LAPSED) {
        balance->transit = -1000;
        balance->traveller = -1000;
        balance->loss = 1500;
    }
    if (payment->state == PAYMENT_STATUS_HELD)
        balance->escrow = -payment->total;
    if (payment->state == PAYMENT_STATUS_UNMATCHED)
        balance->sender = -payment->charges[0].amount;
    balance->provider =
        -(balance->transit + balance->traveller + balance->loss + balance->escrow + balance->sender);
}

static void set_unmatched(struct verdict_world *world)
{
    struct payment_state *payment = &world->payment;

    domain_unmatched_of("charge-9", &payment->id);
    add_charge(payment, "charge-9", 700);
    set_money(payment, true);
}

static void set_payment(struct verdict_world *world, int32_t state)
{
    struct payment_state *payment = &world->payment;
    bool over = state == PAYMENT_STATUS_SETTLED || state == PAYMENT_STATUS_CLOSED;

    payment->version = 4;
    payment->state = state;
    payment->carriage = VERDICT_CARRIAGE;
    payment->fee = VERDICT_FEE;
    payment->total = VERDICT_CARRIAGE + VERDICT_FEE;
    payment->close_epoch = 2;
    strcpy(payment->currency, "XOF");
    if (state == PAYMENT_STATUS_UNMATCHED) {
        set_unmatched(world);
        return;
    }
    payment->has_booking = payment->has_trip = payment->has_parcel = true;
    payment->has_sender = payment->has_traveller = true;
    payment->booking = world->booking.id;
    payment->trip = world->trip.id;
    payment->parcel = world->parcel.id;
    payment->sender = world->sender.id;
    payment->traveller = world->traveller.id;
    payment->attempts_count = 1;
    payment->attempts[0] = (struct attempt){
        .n = 1, .amount = payment->total, .state = ATTEMPT_STATE_OPEN, .opened_at = NOW - HOURS / 4};
    strcpy(payment->attempts[0].reference, "charge-1");
    if (state != PAYMENT_STATUS_LAPSED)
        set_orders(payment, over);
    if (state != PAYMENT_STATUS_DUE && state != PAYMENT_STATUS_LAPSED)
        add_charge(payment, "charge-1", payment->total);
    add_charge(payment, "charge-2", 1000);
    set_money(payment, over);
    payment->received = payment_charges_left(payment);
}

static void set_review(struct verdict_world *world, int32_t state)
{
    struct review_state *review = &world->review;

    review->version = 2;
    review->state = state;
    review->booking = world->booking.id;
    review->sender = world->sender.id;
    review->traveller = world->traveller.id;
    review->has_traveller_score = state == REVIEW_STATUS_SEALED || state == REVIEW_STATUS_PUBLISHED;
    review->traveller_score = review->has_traveller_score ? 4 : 0;
    review->rated_n = review->has_traveller_score;
    review->close_epoch = 1;
}

/* What is where, while the subject is in each of its states. 0: it does not exist. */
struct together {
    int32_t trip, parcel, booking, payment;
};
#define TRIP(s)    TRIP_STATUS_##s
#define PARCEL(s)  PARCEL_STATUS_##s
#define BOOKING(s) BOOKING_STATUS_##s
#define PAYMENT(s) PAYMENT_STATUS_##s

/* clang-format off */
static const struct together of_booking[] = {
/*                                  trip             parcel               booking                     payment */
    [0]                          = {TRIP(ANNOUNCED), PARCEL(REGISTERED),  0,                          0},
    [BOOKING(REQUESTED)]         = {TRIP(ANNOUNCED), PARCEL(BOOKED),      BOOKING(REQUESTED),         0},
    [BOOKING(ACCEPTED)]          = {TRIP(ANNOUNCED), PARCEL(BOOKED),      BOOKING(ACCEPTED),          PAYMENT(DUE)},
    [BOOKING(PAID)]              = {TRIP(ANNOUNCED), PARCEL(BOOKED),      BOOKING(PAID),              PAYMENT(HELD)},
    [BOOKING(REFUSED_AT_PICKUP)] = {TRIP(ANNOUNCED), PARCEL(REGISTERED),  BOOKING(REFUSED_AT_PICKUP), PAYMENT(HELD)},
    [BOOKING(COLLECTED)]         = {TRIP(DEPARTED),  PARCEL(ARRIVED),     BOOKING(COLLECTED),         PAYMENT(HELD)},
    [BOOKING(DELIVERED)]         = {TRIP(ARRIVED),   PARCEL(DELIVERED),   BOOKING(DELIVERED),         PAYMENT(HELD)},
    [BOOKING(DISPUTED)]          = {TRIP(DEPARTED),  PARCEL(IN_TRANSIT),  BOOKING(DISPUTED),          PAYMENT(HELD)},
    [BOOKING(DECLINED)]          = {TRIP(ANNOUNCED), PARCEL(REGISTERED),  BOOKING(DECLINED),          0},
    [BOOKING(EXPIRED)]           = {TRIP(ANNOUNCED), PARCEL(REGISTERED),  BOOKING(EXPIRED),           PAYMENT(LAPSED)},
    [BOOKING(CANCELLED)]         = {TRIP(ANNOUNCED), PARCEL(REGISTERED),  BOOKING(CANCELLED),         PAYMENT(SETTLING)},
    [BOOKING(COMPLETED)]         = {TRIP(ARRIVED),   PARCEL(CLOSED),      BOOKING(COMPLETED),         PAYMENT(SETTLING)},
    [BOOKING(RESOLVED)]          = {TRIP(ARRIVED),   PARCEL(CLOSED),      BOOKING(RESOLVED),          PAYMENT(SETTLING)},
};
static const struct together of_parcel[] = {
    [0]                   = {TRIP(ANNOUNCED), 0,                   0,                  0},
    [PARCEL(REGISTERED)]  = {TRIP(ANNOUNCED), PARCEL(REGISTERED),  0,                  0},
    [PARCEL(BOOKED)]      = {TRIP(ANNOUNCED), PARCEL(BOOKED),      BOOKING(PAID),      PAYMENT(HELD)},
    [PARCEL(COLLECTED)]   = {TRIP(ANNOUNCED), PARCEL(COLLECTED),   BOOKING(COLLECTED), PAYMENT(HELD)},
    [PARCEL(IN_TRANSIT)]  = {TRIP(DEPARTED),  PARCEL(IN_TRANSIT),  BOOKING(COLLECTED), PAYMENT(HELD)},
    [PARCEL(CUSTOMS)]     = {TRIP(DEPARTED),  PARCEL(CUSTOMS),     BOOKING(COLLECTED), PAYMENT(HELD)},
    [PARCEL(DELAYED)]     = {TRIP(DEPARTED),  PARCEL(DELAYED),     BOOKING(COLLECTED), PAYMENT(HELD)},
    [PARCEL(ARRIVED)]     = {TRIP(ARRIVED),   PARCEL(ARRIVED),     BOOKING(COLLECTED), PAYMENT(HELD)},
    [PARCEL(DAMAGED)]     = {TRIP(ARRIVED),   PARCEL(DAMAGED),     BOOKING(COLLECTED), PAYMENT(HELD)},
    [PARCEL(LOST)]        = {TRIP(DEPARTED),  PARCEL(LOST),        BOOKING(DISPUTED),  PAYMENT(HELD)},
    [PARCEL(SEIZED)]      = {TRIP(DEPARTED),  PARCEL(SEIZED),      BOOKING(DISPUTED),  PAYMENT(HELD)},
    [PARCEL(RETURNING)]   = {TRIP(DEPARTED),  PARCEL(RETURNING),   BOOKING(DISPUTED),  PAYMENT(HELD)},
    [PARCEL(DELIVERED)]   = {TRIP(ARRIVED),   PARCEL(DELIVERED),   BOOKING(DELIVERED), PAYMENT(HELD)},
    [PARCEL(CLOSED)]      = {TRIP(ARRIVED),   PARCEL(CLOSED),      BOOKING(COMPLETED), PAYMENT(SETTLING)},
    [PARCEL(CANCELLED)]   = {TRIP(ANNOUNCED), PARCEL(CANCELLED),   0,                  0},
    [PARCEL(RETURNED)]    = {TRIP(DEPARTED),  PARCEL(RETURNED),    BOOKING(DISPUTED),  PAYMENT(HELD)},
};
static const struct together of_payment[] = {
    [0]                   = {TRIP(ANNOUNCED), PARCEL(BOOKED),      BOOKING(REQUESTED), 0},
    [PAYMENT(DUE)]        = {TRIP(ANNOUNCED), PARCEL(BOOKED),      BOOKING(ACCEPTED),  PAYMENT(DUE)},
    [PAYMENT(HELD)]       = {TRIP(ANNOUNCED), PARCEL(BOOKED),      BOOKING(PAID),      PAYMENT(HELD)},
    [PAYMENT(SETTLING)]   = {TRIP(ARRIVED),   PARCEL(CLOSED),      BOOKING(COMPLETED), PAYMENT(SETTLING)},
    [PAYMENT(SETTLED)]    = {TRIP(ARRIVED),   PARCEL(CLOSED),      BOOKING(COMPLETED), PAYMENT(SETTLED)},
    [PAYMENT(LAPSED)]     = {TRIP(ANNOUNCED), PARCEL(REGISTERED),  BOOKING(EXPIRED),   PAYMENT(LAPSED)},
    [PAYMENT(UNMATCHED)]  = {TRIP(ANNOUNCED), PARCEL(REGISTERED),  0,                  PAYMENT(UNMATCHED)},
    [PAYMENT(CLOSED)]     = {TRIP(ARRIVED),   PARCEL(CLOSED),      BOOKING(COMPLETED), PAYMENT(CLOSED)},
};
static const struct together of_trip[] = {
    [0]                   = {0,               PARCEL(REGISTERED),  0,                  0},
    [TRIP(ANNOUNCED)]     = {TRIP(ANNOUNCED), PARCEL(BOOKED),      BOOKING(PAID),      PAYMENT(HELD)},
    [TRIP(DEPARTED)]      = {TRIP(DEPARTED),  PARCEL(IN_TRANSIT),  BOOKING(COLLECTED), PAYMENT(HELD)},
    [TRIP(ARRIVED)]       = {TRIP(ARRIVED),   PARCEL(ARRIVED),     BOOKING(COLLECTED), PAYMENT(HELD)},
    [TRIP(CANCELLED)]     = {TRIP(CANCELLED), PARCEL(REGISTERED),  BOOKING(CANCELLED), PAYMENT(SETTLING)},
    [TRIP(LAPSED)]        = {TRIP(LAPSED),    PARCEL(REGISTERED),  BOOKING(EXPIRED),   PAYMENT(LAPSED)},
    [TRIP(ABANDONED)]     = {TRIP(ABANDONED), PARCEL(IN_TRANSIT),  BOOKING(COLLECTED), PAYMENT(HELD)},
};
/* clang-format on */

static void set_together(struct verdict_world *world, const struct together *is)
{
    uint32_t loaded = SINCE(REQUESTED) | SINCE(ACCEPTED) | SINCE(PAID);

    if (is->trip)
        set_trip(world, is->trip);
    if (is->parcel)
        set_parcel(world, is->parcel);
    if (is->booking)
        set_booking(world, is->booking);
    if (is->payment)
        set_payment(world, is->payment);
    if (is->trip && is->booking && ((1u << is->booking & loaded) || world->booking.has_collected_at))
        set_load(world, world->booking.has_collected_at);
}

static void set_owned(struct verdict_world *world, const struct machine *machine, int32_t state)
{
    if (machine == &review_machine && state)
        set_review(world, state);
    if (machine == &report_machine) {
        world->report.version = state ? 1 : 0;
        world->report.state = state;
    }
    if (machine == &search_machine && state) {
        world->search.version = 1;
        world->search.state = state;
        world->search.owner = world->sender.id;
    }
    if (machine == &profile_machine && state)
        set_person(&world->profile);
}

void verdict_world_set(struct verdict_world *world, const struct machine *machine, int32_t state)
{
    memset(world, 0, sizeof(*world));
    memset(world->codes.bytes, 7, sizeof(world->codes.bytes));
    set_ids(world);
    set_person(&world->sender);
    set_person(&world->traveller);
    set_together(world, machine == &trip_machine      ? &of_trip[state]
                        : machine == &parcel_machine  ? &of_parcel[state]
                        : machine == &booking_machine ? &of_booking[state]
                        : machine == &payment_machine ? &of_payment[state]
                                                      : &of_booking[BOOKING_STATUS_COMPLETED]);
    set_owned(world, machine, state);
}

struct domain_world verdict_world_of(struct verdict_world *world)
{
    return (struct domain_world){.trip = &world->trip,
                                 .parcel = &world->parcel,
                                 .booking = &world->booking,
                                 .payment = &world->payment,
                                 .review = &world->review,
                                 .report = &world->report,
                                 .profile = &world->profile,
                                 .sender = &world->sender,
                                 .traveller = &world->traveller,
                                 .search = &world->search,
                                 .codes = &world->codes};
}
