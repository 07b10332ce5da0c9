/* SPDX-License-Identifier: Apache-2.0
 * A record as kafka_in gives it out: the library's message, and the event that borrows from it. Used by
 * kafka_in.c alone. */
#ifndef COLIS_LINKS_KAFKA_RECORD_H
#define COLIS_LINKS_KAFKA_RECORD_H

#include "shared/links/kafka_in.h"

/* Takes message over. */
struct kafka_record *kafka_record_new(struct rd_kafka_message_s *message, const char *topic);

#endif
