/* SPDX-License-Identifier: Apache-2.0
 * How the facts of a trip enter its state. The load of each booking is listed once, from the request to the
 * release; reserved_g and exposure are their sums. */
#include "shared/domain/trip.h"

#include <string.h>

static void apply_announced(void *state, const struct domain_fact *fact)
{
    const struct trip_announced_v1 *announced = FACT(fact, trip_announced_v1);
    struct trip_state *trip = state;

    trip->traveller = announced->traveller;
    trip->origin = announced->origin;
    trip->has_origin_spot = announced->has_origin_spot;
    trip->origin_spot = announced->origin_spot;
    trip->destination = announced->destination;
    trip->has_destination_spot = announced->has_destination_spot;
    trip->destination_spot = announced->destination_spot;
    trip->departs = announced->departs;
    trip->first_departs = announced->departs;
    trip->arrives = announced->arrives;
    trip->drop_off_until = announced->drop_off_until;
    trip->capacity_g = announced->capacity_g;
    trip->price_per_kg = announced->price_per_kg;
    memcpy(trip->currency, announced->currency, sizeof(trip->currency));
    trip->announced_at = fact->at_ms;
    trip->schedule = fact->version;
    trip->overdue_epoch = fact->version;
}

static void apply_corrected(void *state, const struct domain_fact *fact)
{
    const struct trip_corrected_v1 *corrected = FACT(fact, trip_corrected_v1);
    struct trip_state *trip = state;

    trip->capacity_g = corrected->capacity_g;
    trip->price_per_kg = corrected->price_per_kg;
    trip->drop_off_until = corrected->drop_off_until;
}

static void apply_redated(void *state, const struct domain_fact *fact)
{
    const struct trip_redated_v1 *redated = FACT(fact, trip_redated_v1);
    struct trip_state *trip = state;

    trip->departs = redated->departs;
    trip->arrives = redated->arrives;
    trip->drop_off_until = redated->drop_off_until;
    trip->redates++;
    trip->schedule = fact->version;
    trip->overdue_epoch = fact->version;
}

static void apply_arrival_redated(void *state, const struct domain_fact *fact)
{
    struct trip_state *trip = state;

    trip->arrives = FACT(fact, trip_arrival_redated_v1)->arrives;
    trip->arrival_redates++;
    trip->schedule = fact->version;
}

static void apply_departed(void *state, const struct domain_fact *fact)
{
    struct trip_state *trip = state;

    trip->has_departed_at = true;
    trip->departed_at = fact->at_ms;
}

static struct trip_load *load_of(struct trip_state *trip, const struct id *booking)
{
    for (int i = 0; i < trip->bookings_count; i++)
        if (id_same(&trip->bookings[i].booking, booking))
            return &trip->bookings[i];
    return NULL;
}

static void apply_space_reserved(void *state, const struct domain_fact *fact)
{
    const struct trip_space_reserved_v1 *reserved = FACT(fact, trip_space_reserved_v1);
    struct trip_state *trip = state;

    if (trip->bookings_count == sizeof(trip->bookings) / sizeof(trip->bookings[0]))
        return; /* B1 never lets it come so far */
    trip->bookings[trip->bookings_count++] = (struct trip_load){
        .booking = reserved->booking, .grams = reserved->grams, .exposure = reserved->exposure};
    trip->reserved_g += reserved->grams;
    trip->exposure += reserved->exposure;
}

/* live: the booking goes on with fewer grams; else it leaves the trip. */
static void apply_space_released(void *state, const struct domain_fact *fact)
{
    const struct trip_space_released_v1 *released = FACT(fact, trip_space_released_v1);
    struct trip_state *trip = state;
    struct trip_load *load = load_of(trip, &released->booking), *end = trip->bookings + trip->bookings_count;

    if (!load)
        return;
    trip->reserved_g -= released->grams;
    trip->loaded_g -= released->loaded_g;
    load->grams -= released->grams;
    if (released->live)
        return;
    trip->exposure -= load->exposure;
    memmove(load, load + 1, (size_t)(end - load - 1) * sizeof(*load));
    trip->bookings[--trip->bookings_count] = (struct trip_load){0};
}

static void apply_loaded(void *state, const struct domain_fact *fact)
{
    const struct trip_loaded_v1 *loaded = FACT(fact, trip_loaded_v1);
    struct trip_state *trip = state;
    struct trip_load *load = load_of(trip, &loaded->booking);

    if (!load)
        return;
    load->on_board = true;
    trip->loaded_g += loaded->grams;
}

#define ON(state) FROM(TRIP_STATUS_##state)

/* clang-format off */
const struct fold trip_folds[] = {
/*   fact                             from                         to             enters by */
    {&trip_announced_v1_schema,       FROM_NOTHING,                ON(ANNOUNCED), apply_announced},
    {&trip_corrected_v1_schema,       ON(ANNOUNCED),               TO_SAME,       apply_corrected},
    {&trip_redated_v1_schema,         ON(ANNOUNCED),               TO_SAME,       apply_redated},
    {&trip_arrival_redated_v1_schema, ON(DEPARTED),                TO_SAME,       apply_arrival_redated},
    {&trip_space_reserved_v1_schema,  ON(ANNOUNCED),               TO_SAME,       apply_space_reserved},
    {&trip_space_released_v1_schema,  ON(ANNOUNCED),               TO_SAME,       apply_space_released},
    {&trip_loaded_v1_schema,          ON(ANNOUNCED),               TO_SAME,       apply_loaded},
    {&trip_departed_v1_schema,        ON(ANNOUNCED),               ON(DEPARTED),  apply_departed},
    {&trip_lapsed_v1_schema,          ON(ANNOUNCED),               ON(LAPSED),    NULL},
    {&trip_arrived_v1_schema,         ON(DEPARTED),                ON(ARRIVED),   NULL},
    {&trip_cancelled_v1_schema,       ON(ANNOUNCED),               ON(CANCELLED), NULL},
    {&trip_abandoned_v1_schema,       ON(ANNOUNCED) | ON(DEPARTED), ON(ABANDONED), NULL},
    {0},
};
/* clang-format on */
