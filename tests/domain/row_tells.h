/* SPDX-License-Identifier: Apache-2.0
 * The law every decision obeys, in histories and in the table of verdicts. */
#ifndef COLIS_TESTS_DOMAIN_ROW_TELLS_H
#define COLIS_TESTS_DOMAIN_ROW_TELLS_H

#include "shared/domain/domain.h"
#include "shared/domain/rule.h"

/* Whether the decision's facts and fan-out commands are those its row names, and none that it always emits is
 * missing. Timers follow from states: they stand in no row. */
bool row_tells(const struct rule *rule, const struct domain_decision *decision);

#endif
