/* SPDX-License-Identifier: Apache-2.0
 * The rows of the caps; what they mean stands in limits.h. */
#include "shared/domain/limits.h"

#include <stddef.h>
#include <string.h>

/* clang-format off */
static const struct limits_currency currencies[] = {
/*   code   exponent  tier 0   tier 1   tier 2    tier 3 */
    {"XOF", 0,       {50000,  200000,  500000,  1500000}},
    {"XAF", 0,       {50000,  200000,  500000,  1500000}},
    {"EUR", 2,       { 8000,   30000,   75000,   230000}},
};
/* clang-format on */

const struct limits_currency *limits_of(const char *currency)
{
    for (size_t i = 0; i < sizeof(currencies) / sizeof(currencies[0]); i++)
        if (strcmp(currencies[i].code, currency) == 0)
            return &currencies[i];
    return NULL;
}
