/* SPDX-License-Identifier: Apache-2.0
 * DeleteRecords on a client of any kind. Used by kafka_in.c alone. */
#ifndef COLIS_LINKS_KAFKA_DELETE_H
#define COLIS_LINKS_KAFKA_DELETE_H

#include "shared/links/kafka_in.h"

MUST_CHECK int kafka_delete(struct rd_kafka_s *client, const char *name_space,
                            const struct kafka_in_place *places, size_t count);

#endif
