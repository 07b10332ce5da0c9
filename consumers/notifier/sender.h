/* SPDX-License-Identifier: Apache-2.0
 * The sending half: claims rows of bus.notification, one at a time, sends, records. It meets the reading half
 * in PostgreSQL only and has a thread and a connection of its own. */
#ifndef COLIS_NOTIFIER_SENDER_H
#define COLIS_NOTIFIER_SENDER_H

#include "shared/base/settings.h"

/* notifier_claim_ms notifier_attempts notifier_retry_ms */
extern const struct setting sender_settings[];

void sender_metrics(void);
/* Starts the thread. ERROR_SETTINGS where a provider cannot work. */
MUST_CHECK int sender_start(void);
/* After service_stopping(): waits for the thread; what its loop ended with. */
MUST_CHECK int sender_stop(void);

#endif
