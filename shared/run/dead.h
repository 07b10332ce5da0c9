/* SPDX-License-Identifier: Apache-2.0
 * The dead letters of readers that park nothing (history, notifier, payments): what cannot be taken goes to
 * <namespace>.dead.<reader>, whole, and only once the broker has it does the reader move on.
 * The letter's id derives from topic:partition:offset, so a second copy is known for what it is. */
#ifndef COLIS_RUN_DEAD_H
#define COLIS_RUN_DEAD_H

#include "shared/base/cleanup.h"
#include "shared/links/kafka_out.h"
#include "shared/run/reader.h"

struct dead;
MUST_CHECK int dead_new(const char *reader, struct dead **ret_dead);
void dead_free(struct dead *dead);
DEFINE_CLEANUP(struct dead, dead_free)

/* Blocks until the broker has it: READER_DONE; READER_RETRY where it does not, in time. */
MUST_CHECK int dead_letter(struct dead *dead, const struct event *event, const char *reason);

#endif
