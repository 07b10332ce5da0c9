/* SPDX-License-Identifier: Apache-2.0
 * Dies where it was told to. Linked into the programs of tests/faults alone. */
#include "shared/base/fail.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char armed[64];
static long wanted;
static _Atomic long passed;

/* Before main, so that no thread has passed anything yet. */
__attribute__((constructor)) static void read_environment(void)
{
    const char *told = getenv("COLIS_FAIL_POINT"), *colon = told ? strrchr(told, ':') : NULL;

    if (!colon || (size_t)(colon - told) >= sizeof armed)
        return;
    memcpy(armed, told, (size_t)(colon - told));
    wanted = strtol(colon + 1, NULL, 10);
}

void fail_point(const char *name, const char *of)
{
    size_t size = strlen(name);

    if (wanted == 0 || strncmp(armed, name, size) != 0 || strcmp(armed + size, of) != 0)
        return;
    if (atomic_fetch_add(&passed, 1) + 1 != wanted)
        return;
    (void)dprintf(STDERR_FILENO, "dies at fail point %s\n", armed);
    (void)kill(getpid(), SIGKILL);
    for (;;)
        (void)pause(); /* it is on its way */
}
