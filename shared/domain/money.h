/* SPDX-License-Identifier: Apache-2.0
 * Amounts of providers, decimal text in major units, to and from our counts of minor units (ISO 4217). Exact:
 * no float anywhere. */
#ifndef COLIS_DOMAIN_MONEY_H
#define COLIS_DOMAIN_MONEY_H

#include <stdint.h>

#include "shared/base/buf.h"

enum { MONEY_TEXT = 24, MONEY_WRONG = 1 };

/* Digits after the point; -1 where we do not know the currency. */
MUST_CHECK int money_exponent(const char *currency);
/* Digits, at most one point with digits on both sides; MONEY_WRONG: anything else, more digits after the
 * point than the currency has, an unknown currency, or more than 2^53. */
MUST_CHECK int money_parse(struct span text, const char *currency, int64_t *ret_minor);
/* A fee may be told more finely than the currency counts: rounded half up. */
MUST_CHECK int money_parse_fee(struct span text, const char *currency, int64_t *ret_minor);
/* "2500" XOF, "25.00" EUR. minor >= 0, the currency known. */
void money_text(int64_t minor, const char *currency, char ret_text[MONEY_TEXT]);

#endif
