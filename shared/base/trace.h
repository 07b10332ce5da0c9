/* SPDX-License-Identifier: Apache-2.0
 * W3C trace context: traceparent 00-<32 hex>-<16 hex>-<2 hex>. */
#ifndef COLIS_BASE_TRACE_H
#define COLIS_BASE_TRACE_H

#include "shared/base/buf.h"

enum { TRACE_PARENT = 56 };
/* Continues the caller's trace with a new span id; starts a new one where the text is absent or malformed. */
void trace_continue(struct span traceparent, char ret_parent[TRACE_PARENT]);
void trace_id(const char *traceparent, char ret_id[33]);

#endif
