/* SPDX-License-Identifier: Apache-2.0
 * What every program is: settings, --help, --version, log, signals, the management thread with /healthz
 * /readyz /metrics, and an orderly end on SIGTERM or SIGINT within service_deadline_ms. */
#ifndef COLIS_RUN_SERVICE_H
#define COLIS_RUN_SERVICE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "shared/base/settings.h"

struct service {
    const char *name;    /* "ingress": the log's service, colis-ingress --version */
    const char *purpose; /* one line of --help */
    const struct setting *const
        *settings;          /* NULL-terminated list of tables; service_settings, http_settings are added */
    int (*run)(void *self); /* the program: returns when service_stopping(), 0 or negative */
    void *self;
};

struct service_values {
    char name_space[49]; /* setting namespace: prefixes topics, groups, databases */
    char instance[65];   /* group.instance.id; "" dynamic */
    int64_t deadline_ms; /* for ending */
};
extern struct service_values service_values;
/* namespace instance log_level management_host management_port (0: none) service_deadline_ms */
extern const struct setting service_settings[];

/* main is one call: int main(int argc, char **argv) { return service_main(&row, argc, argv); } */
int service_main(const struct service *service, int argc, char **argv);

bool service_stopping(void);
int service_stop_descriptor(void); /* an eventfd readable once stopping: for loops and polls */
void service_stop(void);           /* ends the program in an orderly way, as SIGTERM does */

/* The work turns: called by the program's loop at least every second; /healthz fails after 10 s without.
 * Metrics are registered before the first call: /metrics answers from then on. */
void service_beat(void);
/* Can do its work. why: static text, shown by /readyz while false. */
void service_ready(bool ready, const char *why);
/* A reason that holds whatever service_ready says, until it is lifted by NULL: not of this work, of the
 * ground it stands on. Static text. */
void service_hold(const char *why);
const char *service_waits(void); /* what /readyz says: why not, or NULL */

#endif
