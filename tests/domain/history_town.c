/* SPDX-License-Identifier: Apache-2.0
 * The town of the random histories: all ids are worked out once, so that an id is found without a search. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/domain/limits.h"
#include "tests/domain/history.h"

enum { TABLE = 2048 };

const struct code_key town_codes = {{42, 1, 2, 3}};

static struct {
    struct id people[PEOPLE], trips[TRIPS], parcels[PARCELS], bookings[BOOKINGS], payments[PAYMENTS],
        reviews[BOOKINGS], searches[SEARCHES], reports[REPORTS];
    char strays[STRAYS][16];
} ids;

static struct found {
    struct id id;
    enum domain_slot slot;
    int n;
} table[TABLE];

static struct found *place_for(const struct id *id)
{
    uint32_t hash = 2166136261u;

    for (const char *at = id->text; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    for (uint32_t i = hash % TABLE;; i = (i + 1) % TABLE)
        if (id_none(&table[i].id) || strcmp(table[i].id.text, id->text) == 0)
            return &table[i];
}

static void name_all(struct id *of, int count, enum domain_slot slot, char letter)
{
    char text[40];

    for (int n = 0; n < count; n++) {
        if (letter) {
            (void)snprintf(text, sizeof(text), "%c0000000-0000-4000-8000-%012d", letter, n + 1);
            if (id_parse(span_of(text), &of[n]) != 0)
                abort();
        }
        *place_for(&of[n]) = (struct found){of[n], slot, n};
    }
}

void town_found(void)
{
    name_all(ids.people, PEOPLE, SLOT_PROFILE, '1');
    name_all(ids.trips, TRIPS, SLOT_TRIP, 'a');
    name_all(ids.bookings, BOOKINGS, SLOT_BOOKING, 'b');
    name_all(ids.parcels, PARCELS, SLOT_PARCEL, 'c');
    name_all(ids.reports, REPORTS, SLOT_REPORT, 'd');
    name_all(ids.searches, SEARCHES, SLOT_SEARCH, 'e');
    for (int n = 0; n < BOOKINGS; n++) {
        domain_payment_of(&ids.bookings[n], &ids.payments[n]);
        domain_review_of(&ids.bookings[n], &ids.reviews[n]);
    }
    for (int n = 0; n < STRAYS; n++) {
        (void)snprintf(ids.strays[n], sizeof(ids.strays[n]), "stray-%d", n);
        domain_unmatched_of(ids.strays[n], &ids.payments[BOOKINGS + n]);
    }
    name_all(ids.payments, PAYMENTS, SLOT_PAYMENT, '\0');
    name_all(ids.reviews, BOOKINGS, SLOT_REVIEW, '\0');
}

const char *town_stray(int n)
{
    return ids.strays[n];
}

bool town_find(const struct id *id, enum domain_slot *ret_slot, int *ret_n)
{
    const struct found *found = place_for(id);

    if (id_none(&found->id))
        return false;
    *ret_slot = found->slot;
    *ret_n = found->n;
    return true;
}

struct domain_head *town_at(struct town *town, enum domain_slot slot, int n)
{
    const struct {
        void *first;
        size_t size;
        int count;
    } kinds[SLOT_COUNT] = {
        [SLOT_TRIP] = {town->trips, sizeof(town->trips[0]), TRIPS},
        [SLOT_PARCEL] = {town->parcels, sizeof(town->parcels[0]), PARCELS},
        [SLOT_BOOKING] = {town->bookings, sizeof(town->bookings[0]), BOOKINGS},
        [SLOT_PAYMENT] = {town->payments, sizeof(town->payments[0]), PAYMENTS},
        [SLOT_REVIEW] = {town->reviews, sizeof(town->reviews[0]), BOOKINGS},
        [SLOT_REPORT] = {town->reports, sizeof(town->reports[0]), REPORTS},
        [SLOT_PROFILE] = {town->people, sizeof(town->people[0]), PEOPLE},
        [SLOT_SEARCH] = {town->searches, sizeof(town->searches[0]), SEARCHES},
    };

    return n < kinds[slot].count ? (void *)((char *)kinds[slot].first + (size_t)n * kinds[slot].size) : NULL;
}

struct domain_head *town_of(struct town *town, const struct id *id)
{
    enum domain_slot slot;
    int n;

    return town_find(id, &slot, &n) ? town_at(town, slot, n) : NULL;
}

static void name_heads(struct town *town)
{
    static const enum domain_slot slots[] = {SLOT_TRIP,   SLOT_PARCEL, SLOT_BOOKING, SLOT_PAYMENT,
                                             SLOT_REVIEW, SLOT_REPORT, SLOT_PROFILE, SLOT_SEARCH};
    const struct id *const of[SLOT_COUNT] = {
        [SLOT_TRIP] = ids.trips,       [SLOT_PARCEL] = ids.parcels, [SLOT_BOOKING] = ids.bookings,
        [SLOT_PAYMENT] = ids.payments, [SLOT_REVIEW] = ids.reviews, [SLOT_REPORT] = ids.reports,
        [SLOT_PROFILE] = ids.people,   [SLOT_SEARCH] = ids.searches};

    for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
        struct domain_head *head;

        for (int n = 0; (head = town_at(town, slots[i], n)); n++)
            head->id = of[slots[i]][n];
    }
}

/* Two of each tier; some with an account to be paid on; one is not known yet, one is blocked, now and then.
 */
void town_set(struct town *town, uint64_t seed)
{
    memset(town, 0, sizeof(*town));
    name_heads(town);
    for (int n = 0; n < PEOPLE; n++) {
        struct profile_state *person = &town->people[n];

        person->version = 1;
        person->state = PROFILE_STATUS_KNOWN;
        person->tier = n % LIMITS_TIERS;
        person->payout_n = n % 3 == 2 && seed % 3 == 0 ? 0 : 1;
        person->blocked = n == 5 && seed % 4 == 0;
    }
    if (seed % 5 == 0)
        town->people[4] = (struct profile_state){.id = town->people[4].id};
}
