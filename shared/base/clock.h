/* SPDX-License-Identifier: Apache-2.0
 * Time, in milliseconds: wall since 1970-01-01 UTC, steady since some start. Tests hold both still. */
#ifndef COLIS_BASE_CLOCK_H
#define COLIS_BASE_CLOCK_H

#include <stdint.h>

#include "shared/base/buf.h"

int64_t clock_wall_ms(void);
int64_t clock_steady_ms(void);
void clock_hold(int64_t wall_ms, int64_t steady_ms); /* tests only: both stand still from here */
void clock_release(void);

/* RFC 3339 in UTC: 2026-11-22T10:00:00Z, with .123 where the milliseconds are not zero. */
enum { CLOCK_TEXT = 25, CLOCK_MALFORMED = 1 };
void clock_format(int64_t wall_ms, char ret_text[CLOCK_TEXT]);
/* Takes years 1970-9999, upper case T and Z only, no leap second, none or 1 to 3 fraction digits. */
MUST_CHECK int clock_parse(struct span text, int64_t *ret_wall_ms);

#endif
