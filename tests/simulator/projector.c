/* SPDX-License-Identifier: Apache-2.0
 * The real program, its main.c included as it is: only main itself is left aside, so that there may be
 * several projectors in one process, each a coroutine with a struct projector of its own. What the service
 * and the settings would give it stands in service.c. */
#include "tests/simulator/process.h"

#ifndef __clang__
#pragma GCC diagnostic ignored "-Wold-style-declaration"
#endif
#define main static __attribute__((unused)) projector_main
#include "consumers/projector/main.c"
#undef main

int projector_live(void)
{
    struct projector *projector = memory_new(1, sizeof(*projector));
    int result = run(projector);

    free(projector);
    return result;
}

int64_t projector_splits(void)
{
    return metric_value(&splits);
}
