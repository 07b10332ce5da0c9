/* SPDX-License-Identifier: Apache-2.0
 * The rows of the timers, for timer.c which arms them and for whoever prints them. */
#ifndef COLIS_DOMAIN_TIMER_H
#define COLIS_DOMAIN_TIMER_H

#include "shared/domain/limits.h"
#include "shared/domain/rule.h"

typedef int64_t (*timer_due)(const struct rule_situation *situation, enum limits_delay delay); /* 0: none */

struct timer {
    const char *name;
    const struct schema *fact, *command;
    timer_due due;
    const char *when;        /* the name of due, read by people */
    enum limits_delay delay; /* DELAY_COUNT: the fact itself holds the time */
    int64_t firing;
    int32_t what; /* enum reminder */
};
extern const struct timer timer_rows[]; /* ends with an empty row */

#endif
