/* SPDX-License-Identifier: Apache-2.0
 * What a new session does between fence and first publication: reads each of its partitions from the position
 * kept to its end, and takes out of the outbox what already stands there. */
#ifndef COLIS_RELAY_REREAD_H
#define COLIS_RELAY_REREAD_H

#include "producers/relay/relay.h"

/* RELAY_TORN where a record is there that the outbox never had, or is there twice, or records are gone. */
MUST_CHECK int reread(struct relay *relay);

#endif
