/* SPDX-License-Identifier: Apache-2.0
 * How the facts of a trip enter its state (trip_fold.c); its rules stand in trip.c. */
#ifndef COLIS_DOMAIN_TRIP_H
#define COLIS_DOMAIN_TRIP_H

#include "shared/domain/rule.h"

extern const struct fold trip_folds[];

#endif
