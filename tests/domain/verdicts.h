/* SPDX-License-Identifier: Apache-2.0
 * Every state by every command by every role, as text: what verdicts.expect holds. Each decision is taken in
 * a fresh copy of one and the same world: a booking of 2 kg from Paris to Dakar, and all that belongs to it,
 * in the state asked about. */
#ifndef COLIS_TESTS_DOMAIN_VERDICTS_H
#define COLIS_TESTS_DOMAIN_VERDICTS_H

#include "shared/domain/rule.h"

#define NOW   INT64_C(1800000000000)
#define HOURS INT64_C(3600000)
#define DAYS  (24 * HOURS)

enum { VERDICT_GRAMS = 2000, VERDICT_CARRIAGE = 10000, VERDICT_FEE = 1200 };

struct verdict_world {
    struct trip_state trip;
    struct parcel_state parcel;
    struct booking_state booking;
    struct payment_state payment;
    struct review_state review;
    struct report_state report;
    struct profile_state profile, sender, traveller;
    struct search_state search;
    struct code_key codes;
};

/* verdicts_world.c: the subject of this machine is in this state (0: it does not exist), all else fits. */
void verdict_world_set(struct verdict_world *world, const struct machine *machine, int32_t state);
struct domain_world verdict_world_of(struct verdict_world *world);

/* verdicts_data.c, verdicts_money.c: the commands, some of them in more than one way. */
struct verdict_saying {
    const char *command;
    const char *how; /* NULL: there is one way */
    void (*says)(struct verdict_world *world, bool by_system,
                 void *data); /* may prepare the world; may be NULL */
};
const struct verdict_saying *verdict_saying(int n);         /* NULL past the last */
extern const struct verdict_saying verdict_money_sayings[]; /* verdicts_money.c; ends with an empty row */
/* Commands of timers hold the arming number and the due time, and nothing else. */
void verdict_epoch(void *told, int64_t epoch);

#define SAYS(function) static void function(struct verdict_world *world, bool by_system, void *told)
#define DATA(type)                                                                                           \
    struct type *data = told;                                                                                \
    (void)world;                                                                                             \
    (void)by_system

/* verdicts.c: the whole text. */
void verdicts_write(struct buf *to);
#endif
