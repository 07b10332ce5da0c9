/* SPDX-License-Identifier: Apache-2.0
 * A consumer's rows for librdkafka, without its callbacks. Used by kafka_in.c alone. */
#ifndef COLIS_LINKS_KAFKA_IN_CONF_H
#define COLIS_LINKS_KAFKA_IN_CONF_H

#include "shared/links/kafka_in.h"

MUST_CHECK int kafka_in_conf(const struct kafka_in_config *config, struct rd_kafka_conf_s *conf);

#endif
