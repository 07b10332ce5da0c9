/* SPDX-License-Identifier: Apache-2.0
 * What the random walks over bookings share: chance, what was decided, and what people say. */
#ifndef COLIS_TESTS_DOMAIN_WALK_H
#define COLIS_TESTS_DOMAIN_WALK_H

#include "tests/domain/scene.h"

extern uint64_t walk_seed;
uint32_t any(uint32_t below); /* 0 to below - 1 */

/* Notes the newest decision: its row, and what follows it. */
void walk_take_in(void);

void walk_request(void);
void walk_onward(void); /* what leads on from the booking's state, so that walks get far */
void walk_anything(void);

#endif
