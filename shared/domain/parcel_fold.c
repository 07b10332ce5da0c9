/* SPDX-License-Identifier: Apache-2.0
 * How the facts of a parcel enter its state; the booking's rows post most of them. */
#include "shared/domain/parcel.h"

#include <string.h>

#include "shared/domain/limits.h"

/* Four parties attach photos. */
#define PHOTOS_MOST (sizeof(((struct parcel_state *)NULL)->photos) / sizeof(struct photo))
_Static_assert(PHOTOS_MOST >= 4 * COUNT_PHOTOS_EACH, "the photos of one booking fit");

static void apply_registered(void *state, const struct domain_fact *fact)
{
    const struct parcel_registered_v1 *registered = FACT(fact, parcel_registered_v1);
    struct parcel_state *parcel = state;

    parcel->sender = registered->sender;
    parcel->origin = registered->origin;
    parcel->destination = registered->destination;
    parcel->weight_g = registered->weight_g;
    parcel->has_size = registered->has_size;
    parcel->size = registered->size;
    parcel->category = registered->category;
    parcel->value = registered->value;
    parcel->has_ready_from = registered->has_ready_from;
    parcel->ready_from = registered->ready_from;
    parcel->has_deliver_by = registered->has_deliver_by;
    parcel->deliver_by = registered->deliver_by;
    parcel->has_fragile = registered->has_fragile;
    parcel->fragile = registered->fragile;
    parcel->registered_at = fact->at_ms;
    parcel->recipient_n = fact->version;
    parcel->stale_epoch = fact->version;
}

/* The fact holds the whole new truth. Of a booked parcel it is one of old, when B2 still told one. */
static void apply_corrected(void *state, const struct domain_fact *fact)
{
    const struct parcel_corrected_v1 *corrected = FACT(fact, parcel_corrected_v1);
    struct parcel_state *parcel = state;

    parcel->origin = corrected->origin;
    parcel->destination = corrected->destination;
    parcel->weight_g = corrected->weight_g;
    parcel->has_size = corrected->has_size;
    parcel->size = corrected->size;
    parcel->category = corrected->category;
    parcel->value = corrected->value;
    parcel->has_ready_from = corrected->has_ready_from;
    parcel->ready_from = corrected->ready_from;
    parcel->has_deliver_by = corrected->has_deliver_by;
    parcel->deliver_by = corrected->deliver_by;
    parcel->has_fragile = corrected->has_fragile;
    parcel->fragile = corrected->fragile;
    parcel->recipient_n = corrected->recipient_n;
    parcel->stale_epoch = fact->version;
}

static void apply_recipient_changed(void *state, const struct domain_fact *fact)
{
    struct parcel_state *parcel = state;

    parcel->recipient_n = FACT(fact, parcel_recipient_changed_v1)->recipient_n;
    parcel->recipient_changes++;
}

static void apply_cancelled(void *state, const struct domain_fact *fact)
{
    struct parcel_state *parcel = state;

    parcel->has_cancel_reason = FACT(fact, parcel_cancelled_v1)->has_reason;
    parcel->cancel_reason = FACT(fact, parcel_cancelled_v1)->reason;
}

/* The oldest photo of an earlier booking makes room: those of this one, of four parties, always fit. */
static void drop_oldest_photo(struct parcel_state *parcel)
{
    memmove(&parcel->photos[0], &parcel->photos[1], (PHOTOS_MOST - 1u) * sizeof(parcel->photos[0]));
    parcel->photos_count--;
    parcel->photos_before--;
}

static void apply_photo_attached(void *state, const struct domain_fact *fact)
{
    const struct parcel_photo_attached_v1 *attached = FACT(fact, parcel_photo_attached_v1);
    struct parcel_state *parcel = state;
    struct photo *photo;

    if (parcel->photos_count == PHOTOS_MOST && parcel->photos_before > 0)
        drop_oldest_photo(parcel);
    if (parcel->photos_count == PHOTOS_MOST)
        return; /* P5 never lets it come so far */
    photo = &parcel->photos[parcel->photos_count];
    memcpy(photo->digest, attached->digest, sizeof(photo->digest));
    photo->stage = attached->stage;
    photo->by = attached->by;
    photo->type = attached->type;
    parcel->photos_count++;
}

static void apply_flagged(void *state, const struct domain_fact *fact)
{
    struct parcel_state *parcel = state;

    parcel->has_flag = true;
    parcel->flag = FACT(fact, parcel_flagged_v1)->reason;
}

static void apply_flag_cleared(void *state, const struct domain_fact *fact)
{
    struct parcel_state *parcel = state;

    (void)fact;
    parcel->has_flag = false;
    parcel->flag = FLAG_REASON_NONE;
}

static void apply_booked(void *state, const struct domain_fact *fact)
{
    const struct parcel_booked_v1 *booked = FACT(fact, parcel_booked_v1);
    struct parcel_state *parcel = state;

    parcel->has_booking = parcel->has_trip = parcel->has_traveller = true;
    parcel->booking = booked->booking;
    parcel->trip = booked->trip;
    parcel->traveller = booked->traveller;
    parcel->has_photos_before = true;
    parcel->photos_before = parcel->photos_count;
}

static void apply_unbooked(void *state, const struct domain_fact *fact)
{
    struct parcel_state *parcel = state;

    parcel->has_booking = parcel->has_trip = parcel->has_traveller = false;
    memset(&parcel->booking, 0, sizeof(parcel->booking));
    memset(&parcel->trip, 0, sizeof(parcel->trip));
    memset(&parcel->traveller, 0, sizeof(parcel->traveller));
    parcel->stale_epoch = fact->version;
}

static void apply_arrived(void *state, const struct domain_fact *fact)
{
    struct parcel_state *parcel = state;

    parcel->has_arrived_at = true;
    parcel->arrived_at = fact->at_ms;
    parcel->arrived_epoch = fact->version;
}

static void apply_delivered(void *state, const struct domain_fact *fact)
{
    struct parcel_state *parcel = state;

    parcel->has_delivered_at = true;
    parcel->delivered_at = fact->at_ms;
}

static void apply_closed(void *state, const struct domain_fact *fact)
{
    struct parcel_state *parcel = state;

    parcel->has_outcome = true;
    parcel->outcome = FACT(fact, parcel_closed_v1)->outcome;
}

#define ON(state) FROM(PARCEL_STATUS_##state)

/* clang-format off */
const struct fold parcel_folds[] = {
/*   fact                                  from                                                   to               enters by */
    {&parcel_registered_v1_schema,         FROM_NOTHING,                                          ON(REGISTERED),  apply_registered},
    {&parcel_corrected_v1_schema,          ON(REGISTERED) | ON(BOOKED),                           TO_SAME,         apply_corrected},
    {&parcel_recipient_changed_v1_schema,  ON(BOOKED) | PARCEL_MOVING,                            TO_SAME,         apply_recipient_changed},
    {&parcel_cancelled_v1_schema,          ON(REGISTERED),                                        ON(CANCELLED),   apply_cancelled},
    {&parcel_photo_attached_v1_schema,     PARCEL_PHOTOGRAPHED,                                   TO_SAME,         apply_photo_attached},
    {&parcel_flagged_v1_schema,            ON(REGISTERED) | ON(BOOKED),                           TO_SAME,         apply_flagged},
    {&parcel_flag_cleared_v1_schema,       ON(REGISTERED),                                        TO_SAME,         apply_flag_cleared},
    {&parcel_booked_v1_schema,             ON(REGISTERED),                                        ON(BOOKED),      apply_booked},
    {&parcel_unbooked_v1_schema,           ON(BOOKED),                                            ON(REGISTERED),  apply_unbooked},
    {&parcel_collected_v1_schema,          ON(BOOKED),                                            ON(COLLECTED),   NULL},
    {&parcel_departed_v1_schema,           PARCEL_MOVING,                                         ON(IN_TRANSIT),  NULL},
    {&parcel_in_customs_v1_schema,         PARCEL_MOVING,                                         ON(CUSTOMS),     NULL},
    {&parcel_delayed_v1_schema,            PARCEL_MOVING,                                         ON(DELAYED),     NULL},
    {&parcel_arrived_v1_schema,            PARCEL_MOVING,                                         ON(ARRIVED),     apply_arrived},
    {&parcel_delivered_v1_schema,          PARCEL_MOVING | ON(LOST) | ON(RETURNING),              ON(DELIVERED),   apply_delivered},
    {&parcel_lost_v1_schema,               PARCEL_MOVING | ON(RETURNING),                         ON(LOST),        NULL},
    {&parcel_found_v1_schema,              ON(LOST),                                              ON(DELAYED),     NULL},
    {&parcel_damaged_v1_schema,            (PARCEL_MOVING & ~ON(DAMAGED)) | ON(DELIVERED),        ON(DAMAGED),     NULL},
    {&parcel_seized_v1_schema,             PARCEL_MOVING | ON(RETURNING),                         ON(SEIZED),      NULL},
    {&parcel_released_by_customs_v1_schema, ON(SEIZED),                                           ON(CUSTOMS),     NULL},
    {&parcel_return_started_v1_schema,     PARCEL_MOVING,                                         ON(RETURNING),   NULL},
    {&parcel_returned_v1_schema,           ON(RETURNING),                                         ON(RETURNED),    NULL},
    {&parcel_closed_v1_schema,             PARCEL_MOVING | ON(LOST) | ON(SEIZED) | ON(RETURNING) | ON(DELIVERED), ON(CLOSED), apply_closed},
    {0},
};
/* clang-format on */
