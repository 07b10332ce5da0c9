/* SPDX-License-Identifier: Apache-2.0
 * The review of a booking, as its booking and payment rows need it. */
#ifndef COLIS_DOMAIN_REVIEW_H
#define COLIS_DOMAIN_REVIEW_H

#include "shared/domain/rule.h"

/* Emits review.opened for the world's booking, which is over (B29, B30, B34, B35, B36): sender and traveller
 * may rate each other. Nothing where the review is open already. */
void review_open(struct rule_situation *situation);

#endif
