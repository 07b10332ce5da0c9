/* SPDX-License-Identifier: Apache-2.0
 * The reading half: from facts to rows of bus.notification, with the positions in the same transaction. */
#ifndef COLIS_NOTIFIER_INTAKE_H
#define COLIS_NOTIFIER_INTAKE_H

#include "shared/run/reader.h"

void intake_metrics(void);
/* Reads until the program ends, on the calling thread. */
MUST_CHECK int intake_run(void);

#endif
