/* SPDX-License-Identifier: Apache-2.0
 * The rows of the caps, delays and goods; what they mean stands in limits.h. */
#include "shared/domain/limits.h"

#include <stddef.h>
#include <string.h>

#include "schemas/messages.h"

#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* clang-format off */
const struct limits_currency limits_currencies[] = {
/*   code   exp   value cap of a parcel by tier             price of a kg    fee    excess  share  authority */
    {"XOF", 0,   {50000,  200000,  500000,  1500000},       500,   50000,    500,   50,     500,   300000},
    {"XAF", 0,   {50000,  200000,  500000,  1500000},       500,   50000,    500,   50,     500,   300000},
    {"EUR", 2,   { 8000,   30000,   75000,   230000},       100,    8000,    100,   10,     100,    50000},
    {0},
};

static const struct limits_tier tiers[LIMITS_TIERS] = {
/*   carries  exposure  payout hold */
    {    0,   0,         24 * HOUR},
    {15000,   3,         24 * HOUR},
    {23000,   3,          0},
    {32000,   3,          0},
};

const struct limits_prohibition limits_prohibitions[] = {
/*   category            from   to */
    {CATEGORY_MEDICINE,  NULL,  "US"},
    {CATEGORY_MEDICINE,  NULL,  "CA"},
    {CATEGORY_FOOD,      NULL,  "US"},
    {CATEGORY_FOOD,      NULL,  "CA"},
    {0},
};

static const int64_t retries[] = {15 * MINUTE, 1 * HOUR, 6 * HOUR, 24 * HOUR};
/* clang-format on */

static const struct {
    const char *name, *text;
    int64_t ms;
} delays[DELAY_COUNT] = {
#define LIMITS_ROW(name, value, text) [DELAY_##name] = {#name, text, value},
    LIMITS_DELAYS(LIMITS_ROW)
#undef LIMITS_ROW
};

const struct limits_counted limits_counts[] = {
#define LIMITS_ROW(name, value, text) {#name, text, value},
    LIMITS_COUNTS(LIMITS_ROW)
#undef LIMITS_ROW
        {0},
};

const struct limits_currency *limits_of(const char *currency)
{
    for (const struct limits_currency *row = limits_currencies; row->code; row++)
        if (strcmp(row->code, currency) == 0)
            return row;
    return NULL;
}

const struct limits_tier *limits_tier(int64_t tier)
{
    return &tiers[tier < 0 || tier >= LIMITS_TIERS ? 0 : tier];
}

int64_t limits_delay(enum limits_delay delay)
{
    return delays[delay].ms;
}

const char *limits_delay_name(enum limits_delay delay)
{
    return delays[delay].name;
}

const char *limits_delay_text(enum limits_delay delay)
{
    return delays[delay].text;
}

int64_t limits_retry(int64_t try_number)
{
    const int64_t count = (int64_t)(sizeof(retries) / sizeof(retries[0]));

    return try_number >= 1 && try_number <= count ? retries[try_number - 1] : 0;
}

bool limits_goods_allowed(int32_t category, const char *from, const char *to)
{
    for (const struct limits_prohibition *row = limits_prohibitions; row->category; row++)
        if (row->category == category && (!row->from || strcmp(row->from, from) == 0) &&
            (!row->to || strcmp(row->to, to) == 0))
            return false;
    return true;
}
