/* SPDX-License-Identifier: Apache-2.0
 * What holds of each aggregate at any time, whatever was asked: a trip's space, a parcel's one booking, a
 * payment's accounts, and that a timer waits for whatever holds money or space. */
#include <string.h>

#include "shared/domain/limits.h"
#include "shared/domain/parcel.h"
#include "shared/domain/payment_known.h"
#include "tests/domain/history.h"

#define IN(state)   FROM(BOOKING_STATUS_##state)
#define UNCOLLECTED (IN(REQUESTED) | IN(ACCEPTED) | IN(PAID))
#define HOLDS_MONEY (IN(PAID) | IN(REFUSED_AT_PICKUP) | IN(COLLECTED) | IN(DELIVERED) | IN(DISPUTED))

static bool booking_in(const struct booking_state *booking, uint32_t states)
{
    return booking->version > 0 && (FROM(booking->state) & states);
}

static const struct booking_state *booking_of(struct history *history, const struct id *id)
{
    return (const void *)town_of(&history->live, id);
}

/* The parcel is bound by it: until it fails before the pickup, or ends. */
static bool booking_live(const struct booking_state *booking)
{
    if (booking_in(booking, IN(DISPUTED)))
        return booking->has_collected_at;
    return booking_in(booking, UNCOLLECTED | IN(COLLECTED) | IN(DELIVERED));
}

/* Is this command, of this arming, still to be sent? epoch 0: any that follows at once. */
static bool waits(const struct history *history, const struct id *subject, const struct schema *command,
                  int64_t epoch)
{
    for (int i = 0; i < history->pending_count; i++) {
        const struct pending *pending = &history->pending[i];

        if (pending->row->schema == command && (epoch == 0 ? !pending->timer : pending->epoch == epoch) &&
            id_same(&pending->subject, subject))
            return true;
    }
    return false;
}

/* Orders of one payment have timers of one name: of this order, then, and of its newest try. */
static bool retry_waits(const struct history *history, const struct payment_state *payment,
                        const struct money_order *order)
{
    for (int i = 0; i < history->pending_count; i++) {
        const struct pending *pending = &history->pending[i];
        const struct payment_retry_order_v1 *retry = (const void *)history->data[pending->data];

        if (pending->row->schema == &payment_retry_order_v1_schema && pending->epoch == order->try &&
            retry->order == order->n && id_same(&pending->subject, &payment->id))
            return true;
    }
    return false;
}

/* Trips */

static void load_fits(struct history *history, const struct trip_state *trip, const struct trip_load *load)
{
    const struct booking_state *booking = booking_of(history, &load->booking);
    uint32_t holds = load->on_board ? ~booking_machine.terminal : UNCOLLECTED;

    if (!booking || booking->version == 0 || !id_same(&booking->trip, &trip->id))
        broken(history, "trip: a load of no booking of it");
    else if (load->on_board != booking->has_collected_at)
        broken(history, "trip: on board is not what was collected");
    else if (trip->state == TRIP_STATUS_ANNOUNCED && !booking_in(booking, holds))
        broken(history, "trip: space of a booking that let go of it");
    else if (!load->on_board && booking_in(booking, UNCOLLECTED) && load->grams != booking->grams)
        broken(history, "trip: other grams than its booking's");
    else if (load->grams <= 0)
        broken(history, "trip: a load of nothing");
}

static void keep_trip(struct history *history, const struct domain_head *head)
{
    const struct trip_state *trip = (const void *)head;
    int64_t grams = 0, on_board = 0, exposure = 0;

    for (int i = 0; i < trip->bookings_count; i++) {
        load_fits(history, trip, &trip->bookings[i]);
        grams += trip->bookings[i].grams;
        on_board += trip->bookings[i].on_board ? trip->bookings[i].grams : 0;
        exposure += trip->bookings[i].exposure;
    }
    if (trip->reserved_g != grams || trip->exposure != exposure)
        broken(history, "trip: what is reserved is not the sum of its loads");
    if (trip->reserved_g < 0 || trip->reserved_g > trip->capacity_g)
        broken(history, "trip: %lld g reserved of %lld", (long long)trip->reserved_g,
               (long long)trip->capacity_g);
    if (trip->loaded_g * 100 > on_board * (100 + COUNT_OVERWEIGHT_PERCENT))
        broken(history, "trip: %lld g on board for %lld", (long long)trip->loaded_g, (long long)on_board);
    if (trip->bookings_count > COUNT_TRIP_BOOKINGS || trip->exposure > COUNT_EXPOSURE_MOST)
        broken(history, "trip: more on it than its limits");
    if (trip->state == TRIP_STATUS_ANNOUNCED &&
        !waits(history, &trip->id, &trip_overdue_v1_schema, trip->overdue_epoch))
        broken(history, "trip: announced, and no timer waits for it");
}

/* Parcels */

static void keep_parcel(struct history *history, const struct domain_head *head)
{
    const struct parcel_state *parcel = (const void *)head;
    const struct booking_state *holder = parcel->has_booking ? booking_of(history, &parcel->booking) : NULL;
    int live = 0;

    for (int n = 0; n < BOOKINGS; n++)
        live += booking_live(&history->live.bookings[n]) &&
                id_same(&history->live.bookings[n].parcel, &parcel->id);
    if (live > 1)
        broken(history, "parcel: %d live bookings", live);
    if ((parcel->state == PARCEL_STATUS_REGISTERED || parcel->state == PARCEL_STATUS_CANCELLED) != !holder)
        broken(history, "parcel: registered and booked");
    if (parcel->state == PARCEL_STATUS_REGISTERED && live > 0)
        broken(history, "parcel: registered, with a live booking");
    if (parcel->state == PARCEL_STATUS_BOOKED && !booking_in(holder, UNCOLLECTED))
        broken(history, "parcel: booked by one that let go of it");
    if ((FROM(parcel->state) & PARCEL_MOVING) && holder && !holder->has_collected_at)
        broken(history, "parcel: moving, and not collected");
    if (parcel->state == PARCEL_STATUS_REGISTERED && parcel->has_deliver_by &&
        !waits(history, &parcel->id, &parcel_cancel_v1_schema, parcel->stale_epoch))
        broken(history, "parcel: registered, and no timer waits for it");
}

/* Bookings */

/* A trip that left or was given up tells each of its bookings, once. */
static bool told_by_trip(const struct history *history, const struct booking_state *booking)
{
    return waits(history, &booking->id, &booking_pickup_missed_v1_schema, 0) ||
           waits(history, &booking->id, &booking_cancel_v1_schema, 0);
}

static bool paid_is_awaited(struct history *history, const struct booking_state *booking)
{
    const struct trip_state *trip = (const void *)town_of(&history->live, &booking->trip);

    return trip->state == TRIP_STATUS_ANNOUNCED
               ? waits(history, &trip->id, &trip_overdue_v1_schema, trip->overdue_epoch)
               : told_by_trip(history, booking);
}

static bool end_is_awaited(struct history *history, const struct booking_state *booking)
{
    const struct id *id = &booking->id;

    switch (booking->state) {
    case BOOKING_STATUS_REQUESTED:
    case BOOKING_STATUS_ACCEPTED:
        return waits(history, id, &booking_expire_v1_schema, booking->expire_epoch) ||
               waits(history, id, &booking_expire_v1_schema, 0) ||
               waits(history, id, &booking_cancel_v1_schema, 0);
    case BOOKING_STATUS_PAID:
        return paid_is_awaited(history, booking);
    case BOOKING_STATUS_REFUSED_AT_PICKUP:
        return waits(history, id, &booking_settle_pickup_v1_schema, booking->settle_epoch);
    case BOOKING_STATUS_COLLECTED:
        return waits(history, id, &booking_dispute_v1_schema, booking->late_epoch);
    case BOOKING_STATUS_DELIVERED:
        return waits(history, id, &booking_auto_confirm_v1_schema, booking->confirm_epoch);
    case BOOKING_STATUS_DISPUTED:
        return booking->has_default_at
                   ? waits(history, id, &booking_resolve_default_v1_schema, booking->dispute_epoch)
                   : waits(history, id, &booking_remind_v1_schema, booking->dispute_epoch);
    default:
        return true;
    }
}

static void keep_booking(struct history *history, const struct domain_head *head)
{
    const struct booking_state *booking = (const void *)head;
    const struct payment_state *payment = (const void *)town_of(&history->live, &booking->payment);
    bool due = payment->version > 0 && payment->state == PAYMENT_STATUS_DUE;
    bool held = payment->version > 0 && payment->state == PAYMENT_STATUS_HELD;

    if (due != booking_in(booking, IN(ACCEPTED)))
        broken(history, "booking: accepted is not payment due");
    if (held != booking_in(booking, HOLDS_MONEY))
        broken(history, "booking: money held is not a booking that holds it");
    if (booking->min_grams < 1 || booking->min_grams > booking->grams)
        broken(history, "booking: grams out of what was asked");
    if (!end_is_awaited(history, booking))
        broken(history, "booking: %s, and no timer waits for it",
               booking_status_choices[booking->state - 1].text);
}

/* Payments */

static void keep_balance(struct history *history, const struct payment_state *payment,
                         const struct balance *of)
{
    int64_t rest = of->fees + of->costs + of->loss + of->set_aside;
    int64_t owed = of->sender + of->escrow + of->traveller + of->transit + of->chargeback;

    if (of->provider + owed + rest != 0)
        broken(history, "payment: accounts in %s do not sum to zero", of->currency);
    if (of->sender > 0 || of->escrow > 0 || of->traveller > 0 || of->transit > 0 || of->fees > 0 ||
        of->set_aside > 0 || of->chargeback < 0 || of->loss < 0 || of->costs < 0)
        broken(history, "payment: an account in %s on the wrong side", of->currency);
    if (of->provider + of->costs + of->loss + of->chargeback < 0)
        broken(history, "payment: more went out than came in");
    if (payment->state == PAYMENT_STATUS_CLOSED &&
        (of->sender | of->escrow | of->traveller | of->transit | of->chargeback) != 0)
        broken(history, "payment: closed over %s", of->currency);
}

/* A refund that may not go while a charge is claimed back waits for the end of the claim. */
static bool order_is_awaited(const struct history *history, const struct payment_state *payment,
                             const struct money_order *order)
{
    bool by_itself =
        payment_order_fell(order) && order->cause != ORDER_CAUSE_BAD_ACCOUNT && limits_retry(order->try) > 0;

    if (order->kind == ORDER_KIND_REFUND && payment_chargebacks_open(payment, NULL))
        return true;
    return !by_itself || retry_waits(history, payment, order);
}

static void keep_payment(struct history *history, const struct domain_head *head)
{
    const struct payment_state *payment = (const void *)head;
    int n = (int)(payment - history->live.payments);
    uint32_t over = FROM(PAYMENT_STATUS_SETTLED) | FROM(PAYMENT_STATUS_LAPSED);
    bool open = payment_orders_open(payment, 0) || payment_chargebacks_open(payment, NULL);

    for (int i = 0; i < payment->balances_count; i++)
        keep_balance(history, payment, &payment->balances[i]);
    if (memcmp(payment->balances, history->sums[n], sizeof(payment->balances)) != 0)
        broken(history, "payment: balances are not the sum of the journals");
    for (int i = 0; i < payment->orders_count; i++)
        if (!order_is_awaited(history, payment, &payment->orders[i]))
            broken(history, "payment: order %d fell, and no timer waits for it", i + 1);
    if ((FROM(payment->state) & over) && !open &&
        !waits(history, &payment->id, &payment_close_v1_schema, payment->close_epoch))
        broken(history, "payment: over, and no timer waits for it");
    if ((FROM(payment->state) & over) && payment_orders_open(payment, 0))
        broken(history, "payment: over, with an order open");
    if ((FROM(payment->state) & over) && !open && !ledger_is_even(payment))
        broken(history, "payment: over, and somebody is owed something");
    if (payment->state == PAYMENT_STATUS_SETTLING && !open)
        broken(history, "payment: settling, and nothing is open");
}

static void keep_review(struct history *history, const struct domain_head *head)
{
    const struct review_state *review = (const void *)head;
    bool open = review->state == REVIEW_STATUS_OPEN || review->state == REVIEW_STATUS_SEALED;

    if (open && !waits(history, &review->id, &review_publish_v1_schema, review->close_epoch))
        broken(history, "review: open, and no timer waits for it");
}

extern void (*const keeps[SLOT_COUNT])(struct history *history, const struct domain_head *head);
void (*const keeps[SLOT_COUNT])(struct history *history, const struct domain_head *head) = {
    [SLOT_TRIP] = keep_trip,       [SLOT_PARCEL] = keep_parcel, [SLOT_BOOKING] = keep_booking,
    [SLOT_PAYMENT] = keep_payment, [SLOT_REVIEW] = keep_review,
};
