/* SPDX-License-Identifier: Apache-2.0
 * Places as everyone may know them: country and city, and for a trip a spot no finer than about a kilometre.
 */
#ifndef COLIS_DOMAIN_PLACE_H
#define COLIS_DOMAIN_PLACE_H

#include <stdbool.h>

#include "schemas/messages.h"

struct place place_of(const struct address *address); /* without street, landmark and point */
/* Same country and same city, whatever the case of ASCII letters. */
bool place_same(const struct place *one, const struct place *other);
/* Rounded to 0.01 degree, halves away from zero (domain.md a6). */
struct spot spot_of(const struct point *point);

#endif
