/* SPDX-License-Identifier: Apache-2.0
 * The real program, its main.c included as it is: only main itself is left aside, so that there may be
 * several projectors in one process, each a coroutine with a struct projector of its own. What the service
 * and the settings would give it stands in service.c. */
#include "tests/simulator/process.h"

#include <stddef.h>

#ifndef __clang__
#pragma GCC diagnostic ignored "-Wold-style-declaration"
#endif
#define main static __attribute__((unused)) projector_main
#ifdef MUTANT
#include MUTANT
#else
#include "consumers/projector/main.c" /* NOLINT(bugprone-suspicious-include) */
#endif
#undef main

/* As large as it is mostly for the scratch of a decision, which says itself how much of it counts: that is
 * not zeroed for each life. */
int projector_live(void)
{
    static struct projector lives[PROCESSES];
    struct projector *projector = &lives[process_now()->number];
    size_t scratch = offsetof(struct projector, batch.decision);
    size_t behind = scratch + sizeof(projector->batch.decision);

    ahead = 3;      /* batches are small here */
    keep_hours = 1; /* long before the schedule's later timers: old records are given up */
    memset(projector, 0, scratch);
    memset((char *)projector + behind, 0, sizeof(*projector) - behind);
    return run(projector);
}

int64_t projector_splits(void)
{
    return metric_value(&splits);
}
