/* SPDX-License-Identifier: Apache-2.0
 * The projectors: each a coroutine that runs the real program's run() from its main.c, and gives way at every
 * call of a link. A killed one runs on to its end with links that answer nothing, so that nothing is leaked;
 * no one but itself can tell. */
#ifndef COLIS_TESTS_SIMULATOR_PROCESS_H
#define COLIS_TESTS_SIMULATOR_PROCESS_H

#include "tests/simulator/schedule.h"

enum { PROCESSES = 4 };

struct member;
struct process {
    int number;
    bool running;
    bool killed;   /* it does not know yet */
    bool stopping; /* asked to end in an orderly way */
    int64_t paused_until_ms;
    /* what it waits for: the time, or sooner once this is true */
    int64_t wait_until_ms;
    bool (*wait_over)(const void *self);
    const void *wait_self;
    struct member *member; /* of the group, once it has joined */
    char reason[201];      /* of the reader: one a process */
    struct coroutine *coroutine;
};

struct process *process_at(int number);
struct process *process_now(void); /* whose turn it is; NULL outside of all */
void process_start(struct process *process);
bool process_ready(const struct process *process);
int64_t process_due_ms(const struct process *process);
void process_turn(struct process *process); /* until its next wait, or its end */
void process_kill(struct process *process);
/* Called by the links: gives way until the time, or until over. Returns at once in a killed one. */
void process_wait(int64_t ms, bool (*over)(const void *self), const void *self);
bool process_dead(void); /* is this one killed? then its links answer nothing */
void processes_done(void);

/* projector.c: one whole life of a projector; its result, and why where that is negative. */
int projector_live(void);
int64_t projector_splits(void); /* batches cut, over all lives */

/* coroutine.c */
struct coroutine *coroutine_new(void (*run)(void *self), void *self);
void coroutine_free(struct coroutine *coroutine);
void coroutine_start(struct coroutine *coroutine);  /* anew, from run's beginning; after its end only */
bool coroutine_resume(struct coroutine *coroutine); /* false: it has ended */
void coroutine_yield(struct coroutine *coroutine);

#endif
