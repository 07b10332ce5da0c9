/* SPDX-License-Identifier: Apache-2.0
 * One session of the relay: from taking the shard's lock to losing it. */
#ifndef COLIS_RELAY_SESSION_H
#define COLIS_RELAY_SESSION_H

#include "producers/relay/relay.h"

void session_metrics(void);
/* Stands by for the lock, catches up, relays. 0: ended because the program is to end; RELAY_OVER, RELAY_TORN.
 */
MUST_CHECK int session_run(struct relay *relay);

#endif
