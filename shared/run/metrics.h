/* SPDX-License-Identifier: Apache-2.0
 * The figures of base/metric.h, and a few of the process itself, as the text Prometheus reads (0.0.4). */
#ifndef COLIS_RUN_METRICS_H
#define COLIS_RUN_METRICS_H

#include "shared/base/buf.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
void metrics_text(struct buf *to);

#endif
