/* SPDX-License-Identifier: Apache-2.0
 * Commands of a booking: Awa sends, Moussa travels, Fatou sends too. All are stored at 2027-01-15T08:00Z. And
 * commands that are parked. */
#ifndef COLIS_TESTS_PROJECTOR_SCENE_H
#define COLIS_TESTS_PROJECTOR_SCENE_H

#include "tests/projector/cases.h"

extern const char awa[37], moussa[37], fatou[37];

/* A text of two parts that outlives the batch it stands in. */
struct span kept(const char *format, const char *first, const char *second);
void named(const char *kind, int number, char ret_subject[80]);
struct event by_role(struct event event, const char *role);

/* Moussa may carry and be paid; offsets 0 to 3. */
void people_made(struct bench *bench);
/* number: of the command, its offset; the others number their aggregates. */
struct event trip_announced(int number, int trip, const char *capacity);
struct event parcel_of(int number, const char *person, int parcel);
struct event asked_for(int number, const char *person, int booking, int trip, int parcel);
struct event on_booking(const char *type, int number, const char *person, int booking, const char *data);
/* The first count of: trip 1 announced, Awa's parcel 1 registered, booking 1 asked for, accepted, to be paid.
 * Offsets 4 to 8. */
void booking_begun(struct event *events, int count);

/* A parcel of 666 g cannot be stored: as a constraint somebody got wrong. */
void poison_on(void);
void poison_off(void);
struct event poisoned(const char *person, int number); /* registers one */
/* A parked row is read back from its headers. */
void headers_written(struct event *event, struct buf *headers);
/* Parks the poisoned command 0 of awa, and command 1 of awa behind it; moussa's command 2 is decided. */
void park_two(struct bench *bench);
int parked_drained(struct bench *bench); /* parked_drain, of the bench's partition; the clock stands still */

#endif
