/* SPDX-License-Identifier: Apache-2.0
 * A decision against the row it was made by: what the row does not tell must not happen. */
#include "tests/domain/row_tells.h"

#include <string.h>

static bool row_names(const struct rule *rule, const char *before, const char *family)
{
    for (int i = 0; i < RULE_FACTS && rule->facts[i]; i++) {
        const char *told = rule->facts[i] + (rule->facts[i][0] == '?');

        if (strncmp(told, before, strlen(before)) == 0 && strcmp(told + strlen(before), family) == 0)
            return true;
    }
    return false;
}

static bool emitted(const struct domain_decision *decision, const char *family)
{
    for (int i = 0; i < decision->fact_count; i++)
        if (strcmp(decision->facts[i].row->family, family) == 0)
            return true;
    return false;
}

bool row_tells(const struct rule *rule, const struct domain_decision *decision)
{
    for (int i = 0; i < decision->fact_count; i++)
        if (!row_names(rule, "", decision->facts[i].row->family))
            return false;
    for (int i = 0; i < decision->follow_count; i++)
        if (!decision->follows[i].timer && !row_names(rule, "=> ", decision->follows[i].row->family))
            return false;
    for (int i = 0; i < RULE_FACTS && rule->facts[i]; i++)
        if (!strchr("?=", rule->facts[i][0]) && !emitted(decision, rule->facts[i]))
            return false;
    return true;
}
