/* SPDX-License-Identifier: Apache-2.0
 * Local time of a named zone, from the system's TZif files (RFC 9636): without TZ and tzset, which belong to
 * the whole process. */
#ifndef COLIS_NOTIFIER_ZONE_H
#define COLIS_NOTIFIER_ZONE_H

#include <stdint.h>

#include "shared/base/buf.h"

enum { ZONE_UNKNOWN = 1 };
/* Seconds to add to UTC at that time (seconds since 1970). zone: an IANA name of capitals-first parts, as
 * FORMAT_ZONE has it. ZONE_UNKNOWN: no such file, or one that cannot be read. */
MUST_CHECK int zone_offset(const char *zone, int64_t at, int64_t *ret_seconds);
/* The same of a TZif file's bytes. */
MUST_CHECK int zone_offset_of(struct span file, int64_t at, int64_t *ret_seconds);

#endif
