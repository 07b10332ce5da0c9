/* SPDX-License-Identifier: Apache-2.0
 * The reading half: payment facts and providers' reports become rows of bus.payment_task, with the positions
 * in the same transaction. A fact read twice is the same row. */
#ifndef COLIS_PAYMENTS_INTAKE_H
#define COLIS_PAYMENTS_INTAKE_H

#include "shared/run/reader.h"

void intake_metrics(void);
/* Reads until the program ends, on the calling thread. */
MUST_CHECK int intake_run(void);

#endif
