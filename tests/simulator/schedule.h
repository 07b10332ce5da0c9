/* SPDX-License-Identifier: Apache-2.0
 * The schedule in hand: its seed, its clock, its chances, and the first law it broke. One schedule is one run
 * of several projectors over one virtual broker and one virtual database; everything in it follows from the
 * seed and the two limits. One at a time, in one thread. */
#ifndef COLIS_TESTS_SIMULATOR_SCHEDULE_H
#define COLIS_TESTS_SIMULATOR_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "consumers/projector/memory.h"
#include "shared/base/error.h"

struct chance {
    uint64_t state;
};
uint64_t chance_next(struct chance *chance);
uint32_t chance_below(struct chance *chance, uint32_t count); /* 0 to count - 1 */
bool chance_one_in(struct chance *chance, uint32_t count);    /* count 0: never */

enum { SCHEDULE_ENDLESS = 1 << 20, LAW_TEXT = 700 };

struct schedule {
    uint64_t seed;
    /* What is asked, what goes wrong, who is next: apart, so that cutting one short leaves the others. */
    struct chance story, fault, order;
    int command_limit, fault_limit; /* SCHEDULE_ENDLESS: as many as the seed says */
    int commands, faults;           /* so far */
    uint32_t rough;                 /* how many times more often things go wrong than in a mild one */
    int64_t now_ms;                 /* steady; the wall clock is SCHEDULE_BASE_MS more */
    bool settled;                   /* the group shares out rightly, and nobody is killed or stands still */
    bool calm;                      /* nothing goes wrong any more: all must come to an end now */
    bool told;                      /* every step is printed */
    bool rushed;                    /* every story has its rush: see rush() of story.c */
    int64_t steps;
    uint64_t digest;      /* of all steps: the same seed, the same digest */
    struct memory memory; /* of all that lives as long as the schedule */
    char law[32], broken[LAW_TEXT];
};
extern struct schedule schedule;

#define SCHEDULE_BASE_MS INT64_C(1800000000000)

void schedule_start(uint64_t seed, int command_limit, int fault_limit);
/* Runs it to its end, or to the first law it breaks: schedule.law is "" where all held. */
void schedule_run(void);
void schedule_done(void); /* frees what was kept from one to the next */

void *schedule_take(size_t size); /* zeroed, good until the next schedule_start */
const char *schedule_text(const char *text, size_t size);
/* Does one more thing go wrong here? one in count, as long as things may. */
bool schedule_fault(uint32_t count);
void law_broken(const char *law, const char *format, ...) FORMAT_LIKE(2, 3);
void tell(const char *format, ...) FORMAT_LIKE(1, 2);

/* What was met over all schedules: a simulator that never meets a fault proves nothing. */
struct met {
    int64_t schedules, steps, commands, accepted, refused, seen, parked, drained, facts, commits, rollbacks,
        waits, deadlocks, lock_timeouts, crashes, pauses, cuts, lost_replies, restarts, rebalances, overlaps,
        moved, splits, timers, markers, copies, replayed;
};
extern struct met met;

#endif
