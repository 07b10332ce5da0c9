/* SPDX-License-Identifier: Apache-2.0
 * From rows to records. Facts go out in one Kafka transaction and then leave the outbox in one of
 * PostgreSQL's; commands that are due go out plainly, since a second copy meets its verdict. */
#ifndef COLIS_RELAY_PUBLISH_H
#define COLIS_RELAY_PUBLISH_H

#include "producers/relay/store.h"

void publish_metrics(void);
/* A new producer under the shard's transactional id: whoever held it before can commit no more. */
MUST_CHECK int publish_fence(struct relay *relay);
MUST_CHECK int publish_facts(struct relay *relay, const struct store_scan *scan);
MUST_CHECK int publish_due(struct relay *relay, const struct store_scan *scan);
void publish_end(struct relay *relay); /* drops the producers; what was open is void */

#endif
