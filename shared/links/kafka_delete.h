/* SPDX-License-Identifier: Apache-2.0
 * What is asked of old records on a client of any kind. Used by kafka_in_ask.c alone. */
#ifndef COLIS_LINKS_KAFKA_DELETE_H
#define COLIS_LINKS_KAFKA_DELETE_H

#include "shared/links/kafka_in.h"

MUST_CHECK int kafka_delete(struct rd_kafka_s *client, const char *name_space,
                            const struct kafka_in_place *places, size_t count);
/* Fills offset of each place with that of its first record stored at since_ms or later; -1: there is none. */
MUST_CHECK int kafka_times(struct rd_kafka_s *client, const char *name_space, struct kafka_in_place *places,
                           size_t count, int64_t since_ms);

#endif
