/* SPDX-License-Identifier: Apache-2.0
 * Every cap and delay of the business, as data. */
#ifndef COLIS_DOMAIN_LIMITS_H
#define COLIS_DOMAIN_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

enum { LIMITS_TIERS = 4 };

struct limits_currency {
    const char *code;                /* ISO 4217 */
    int exponent;                    /* digits after the point: minor units */
    int64_t value_cap[LIMITS_TIERS]; /* declared value of one parcel by its sender's tier */
};

const struct limits_currency *limits_of(const char *currency); /* NULL where we do not deal in it */

#endif
