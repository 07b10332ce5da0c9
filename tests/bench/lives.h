/* SPDX-License-Identifier: Apache-2.0
 * Commands of made lives for the projector's bench: parcels registered, or whole bookings from the trip to
 * the money, with the codes and reports that make every one of them accepted. */
#ifndef COLIS_TESTS_BENCH_LIVES_H
#define COLIS_TESTS_BENCH_LIVES_H

#include "schemas/event.h"
#include "shared/domain/domain.h"

/* A parcel registered, the number-th. Its body is static. */
void lives_parcel(struct event *event, int64_t number);

enum { LIVES_STAGES = 19, LIVES_BODY = 640 };
/* The stage-th command (from 0) of the life-th booking. body: LIVES_BODY bytes that outlive the event. */
void lives_booking(struct event *event, int64_t life, int stage, const struct code_key *codes, char *body);

#endif
