/* SPDX-License-Identifier: Apache-2.0
 * What a command touches. A booking fixes its trip, parcel, payment and review when it is requested, so that
 * from any of them all others are found; the ids of a payment and a review follow from the booking's. */
#include <string.h>

#include "shared/domain/rule.h"

static void derived(const char *what, const char *from, struct id *ret_id)
{
    const struct span parts[2] = {span_of(what), span_of(from)};

    id_v8(parts, 2, ret_id);
}

void domain_payment_of(const struct id *booking, struct id *ret_id)
{
    derived("payment of booking", booking->text, ret_id);
}

void domain_review_of(const struct id *booking, struct id *ret_id)
{
    derived("review of booking", booking->text, ret_id);
}

void domain_unmatched_of(const char *charge, struct id *ret_id)
{
    derived("payment of unmatched charge", charge, ret_id);
}

#define SLOT(name) (1u << SLOT_##name)
#define EVERY_SLOT (~0u)

/* What the rows of a command read and change beside its subject, where that is less than the whole of its
 * booking: what is not named is not locked, and nobody waits for it. */
static const struct {
    const char *family;
    uint32_t slots;
} narrow[] = {
    /* clang-format off */
    {"booking.request",         SLOT(TRIP) | SLOT(PARCEL) | SLOT(PAYMENT) | SLOT(SENDER) | SLOT(TRAVELLER)},
    {"booking.accept",          SLOT(TRIP) | SLOT(PARCEL) | SLOT(PAYMENT) | SLOT(TRAVELLER)},
    {"booking.pay",             SLOT(TRIP) | SLOT(PAYMENT) | SLOT(SENDER)},
    {"booking.collect",         SLOT(TRIP) | SLOT(PARCEL)},
    {"booking.start",           SLOT(PARCEL)},
    {"booking.deliver",         SLOT(TRIP) | SLOT(PARCEL)},
    {"booking.confirm",         SLOT(PARCEL) | SLOT(PAYMENT) | SLOT(REVIEW)},
    {"booking.auto_confirm",    SLOT(PARCEL) | SLOT(PAYMENT) | SLOT(REVIEW)},
    {"parcel.attach_photo",     SLOT(BOOKING)},
    {"payment.record_link",     0},
    {"payment.record_attempt",  0},
    {"payment.record_charge",   SLOT(BOOKING)},
    {"payment.record_order",    0},
    {"payment.record_reversal", 0},
    {"payment.retry_order",     SLOT(SENDER) | SLOT(TRAVELLER)},
    {"payment.set_order_aside", 0},
    {"payment.return_unmatched", 0},
    {"payment.close",           0},
    /* clang-format on */
};

struct naming {
    const struct domain_command *command;
    const struct domain_world *world;
    struct domain_name *names;
    int count;
    uint32_t slots; /* those the command touches */
};

/* Who a recipient is, the booking and the parcel tell, whatever the command. */
static uint32_t slots_of(const struct domain_command *command)
{
    for (size_t i = 0; i < sizeof(narrow) / sizeof(narrow[0]); i++)
        if (strcmp(narrow[i].family, command->row->family) == 0)
            return strcmp(command->role, "recipient") == 0 ? EVERY_SLOT : narrow[i].slots;
    return EVERY_SLOT;
}

static void name(struct naming *naming, enum domain_slot slot, const struct id *id)
{
    static const struct machine *const of_slot[SLOT_COUNT] = {
        [SLOT_TRIP] = &trip_machine,         [SLOT_PARCEL] = &parcel_machine,
        [SLOT_BOOKING] = &booking_machine,   [SLOT_PAYMENT] = &payment_machine,
        [SLOT_REVIEW] = &review_machine,     [SLOT_REPORT] = &report_machine,
        [SLOT_PROFILE] = &profile_machine,   [SLOT_SENDER] = &profile_machine,
        [SLOT_TRAVELLER] = &profile_machine, [SLOT_SEARCH] = &search_machine,
    };

    if (!(naming->slots & (1u << slot)) || id_none(id) || naming->count == DOMAIN_NAMES)
        return;
    naming->names[naming->count++] = (struct domain_name){slot, of_slot[slot], *id};
}

static void name_caller(struct naming *naming, enum domain_slot slot)
{
    struct id id;

    if (id_parse(span_of(naming->command->principal), &id) == 0)
        name(naming, slot, &id);
}

static bool family_is(const struct naming *naming, const char *family)
{
    return strcmp(naming->command->row->family, family) == 0;
}

static const struct booking_state *booking_known(const struct naming *naming)
{
    const struct booking_state *booking = naming->world->booking;

    return booking && booking->version > 0 ? booking : NULL;
}

/* The others of the booking that is known, but for the subject itself. */
static void name_others(struct naming *naming, enum domain_slot subject)
{
    const struct booking_state *booking = booking_known(naming);

    if (!booking)
        return;
    name(naming, SLOT_TRIP, &booking->trip);
    if (subject != SLOT_PARCEL)
        name(naming, SLOT_PARCEL, &booking->parcel);
    if (subject != SLOT_PAYMENT)
        name(naming, SLOT_PAYMENT, &booking->payment);
    name(naming, SLOT_REVIEW, &booking->review);
}

static void name_review_of(struct naming *naming, const struct id *booking)
{
    struct id id;

    if (!(naming->slots & SLOT(REVIEW)))
        return;
    domain_review_of(booking, &id);
    name(naming, SLOT_REVIEW, &id);
}

/* The same before the booking itself is known: whoever bears its id bears the others or lets them be derived.
 */
static void name_by_id(struct naming *naming, const struct id *booking, const struct id *trip)
{
    name(naming, SLOT_BOOKING, booking);
    if (booking_known(naming))
        return;
    name(naming, SLOT_TRIP, trip);
    name_review_of(naming, booking);
}

static void name_request(struct naming *naming)
{
    const struct booking_request_v1 *asked = naming->command->data;
    const struct trip_state *trip = naming->world->trip;
    struct id id;

    name(naming, SLOT_TRIP, &asked->trip);
    name(naming, SLOT_PARCEL, &asked->parcel);
    domain_payment_of(&naming->command->subject, &id);
    name(naming, SLOT_PAYMENT, &id);
    name_review_of(naming, &naming->command->subject);
    name_caller(naming, SLOT_SENDER);
    if (trip && trip->version > 0)
        name(naming, SLOT_TRAVELLER, &trip->traveller);
}

static void name_booking(struct naming *naming)
{
    const struct booking_state *booking = booking_known(naming);

    name_others(naming, SLOT_BOOKING);
    if (booking && family_is(naming, "booking.pay"))
        name(naming, SLOT_SENDER, &booking->sender);
    if (booking && family_is(naming, "booking.accept"))
        name(naming, SLOT_TRAVELLER, &booking->traveller);
}

static bool name_parcel(struct naming *naming)
{
    const struct parcel_state *parcel = naming->world->parcel;
    struct id id;

    if (family_is(naming, "parcel.register") || family_is(naming, "parcel.correct"))
        name_caller(naming, SLOT_SENDER);
    if (family_is(naming, "parcel.register") || family_is(naming, "parcel.cancel") ||
        family_is(naming, "parcel.clear_flag"))
        return false;
    if (parcel && parcel->version > 0 && parcel->has_booking) {
        name_by_id(naming, &parcel->booking, &parcel->trip);
        name_others(naming, SLOT_PARCEL);
        if (!booking_known(naming) && (naming->slots & SLOT(PAYMENT))) {
            domain_payment_of(&parcel->booking, &id);
            name(naming, SLOT_PAYMENT, &id);
        }
    }
    return true;
}

static void name_payment(struct naming *naming)
{
    const struct payment_state *payment = naming->world->payment;

    if (!payment || payment->version == 0 || !payment->has_booking)
        return;
    name_by_id(naming, &payment->booking, &payment->trip);
    name_others(naming, SLOT_PAYMENT);
    if (!booking_known(naming))
        name(naming, SLOT_PARCEL, &payment->parcel);
    if (payment->has_traveller && family_is(naming, "payment.retry_order"))
        name(naming, SLOT_TRAVELLER, &payment->traveller);
    if (payment->has_sender &&
        (family_is(naming, "payment.retry_order") || family_is(naming, "payment.indemnify")))
        name(naming, SLOT_SENDER, &payment->sender);
}

int domain_names(const struct domain_command *command, const struct domain_world *world,
                 struct domain_name ret_names[DOMAIN_NAMES], bool *ret_open)
{
    const struct machine *machine = machine_of(command->row->aggregate);
    struct naming naming = {command, world, ret_names, 0, slots_of(command) | 1u << machine->slot};

    *ret_open = false;
    name(&naming, machine->slot, &command->subject);
    switch (machine->slot) {
    case SLOT_TRIP:
        if (family_is(&naming, "trip.announce"))
            name_caller(&naming, SLOT_TRAVELLER);
        break;
    case SLOT_PARCEL:
        *ret_open = name_parcel(&naming);
        break;
    case SLOT_BOOKING:
        if (family_is(&naming, "booking.request"))
            name_request(&naming);
        else
            name_booking(&naming);
        *ret_open = true;
        break;
    case SLOT_PAYMENT:
        name_payment(&naming);
        *ret_open = naming.slots != SLOT(PAYMENT);
        break;
    default:
        break;
    }
    return naming.count;
}

static void foresee_trip(const struct domain_command *command, struct trip_state *trip)
{
    if (trip->version == 0 && id_parse(span_of(command->principal), &trip->traveller) == 0)
        trip->version = 1;
}

static void foresee_payment(struct payment_state *payment, const struct booking_state *booking)
{
    if (payment->version > 0)
        return;
    payment->version = 1;
    payment->has_booking = true;
    payment->booking = booking->id;
    payment->trip = booking->trip;
    payment->parcel = booking->parcel;
}

static void foresee_parcel(struct parcel_state *parcel, const struct booking_state *booking)
{
    if (parcel->has_booking)
        return;
    parcel->version = parcel->version > 0 ? parcel->version : 1;
    parcel->has_booking = true;
    parcel->booking = booking->id;
    parcel->trip = booking->trip;
}

static void foresee_booking(const struct domain_command *command, struct domain_world *world)
{
    const struct booking_request_v1 *asked = command->data;
    struct booking_state *booking = world->booking;

    if (booking->version > 0 || id_parse(span_of(command->principal), &booking->sender) != 0)
        return;
    booking->version = 1;
    booking->trip = asked->trip;
    booking->parcel = asked->parcel;
    domain_payment_of(&booking->id, &booking->payment);
    domain_review_of(&booking->id, &booking->review);
    if (world->trip && world->trip->version > 0)
        booking->traveller = world->trip->traveller;
    if (world->parcel)
        foresee_parcel(world->parcel, booking);
    if (world->payment)
        foresee_payment(world->payment, booking);
}

void domain_foresee(const struct domain_command *command, struct domain_world *world)
{
    if (strcmp(command->row->family, "trip.announce") == 0)
        foresee_trip(command, world->trip);
    else if (strcmp(command->row->family, "booking.request") == 0)
        foresee_booking(command, world);
}
