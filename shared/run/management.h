/* SPDX-License-Identifier: Apache-2.0
 * The management thread of a program: takes SIGTERM and SIGINT, ends the process when it does not end in
 * time, and answers /healthz /readyz /metrics. It only reads atomics. Used by service.c alone. */
#ifndef COLIS_RUN_MANAGEMENT_H
#define COLIS_RUN_MANAGEMENT_H

#include "shared/base/buf.h"

struct management;
struct management_config {
    const char *host;
    int port; /* 0: no answers, only signals and the deadline */
    int64_t deadline_ms;
    bool (*alive)(void);        /* /healthz */
    const char *(*waits)(void); /* /readyz: why not, or NULL */
    bool (*counts)(void);       /* /metrics: all are registered */
};

/* Call before any other thread starts: SIGTERM and SIGINT are blocked here and inherited blocked. */
MUST_CHECK int management_start(const struct management_config *config, struct management **ret_management);
void management_stop(struct management *management);

#endif
