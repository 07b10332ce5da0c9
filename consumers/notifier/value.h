/* SPDX-License-Identifier: Apache-2.0
 * Amounts, weights, times and words as people read them, in the languages we write. */
#ifndef COLIS_NOTIFIER_VALUE_H
#define COLIS_NOTIFIER_VALUE_H

#include "schemas/messages.h"

/* "10 920 XOF", "12,50 EUR" (the spaces do not break); in English "XOF 10,920", "EUR 12.50". minor >= 0 */
void value_money(int64_t minor, const char *currency, enum language language, struct buf *to);
/* 2500 -> "2,5 kg", in English "2.5 kg" */
void value_weight(int64_t grams, enum language language, struct buf *to);
/* "24 novembre 2026 à 14:05 (Africa/Dakar)", in English "24 November 2026, 14:05 (Africa/Dakar)". zone NULL
 * or unknown: in UTC, and it says so. */
void value_time(int64_t ms, const char *zone, enum language language, struct buf *to);
/* A word of an enum as people say it; NULL where we have none. */
const char *value_word(struct span text, enum language language);

#endif
