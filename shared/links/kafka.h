/* SPDX-License-Identifier: Apache-2.0
 * What kafka_in and kafka_out share: settings, the client's configuration, the check of topics at start. */
#ifndef COLIS_LINKS_KAFKA_H
#define COLIS_LINKS_KAFKA_H

#include "schemas/event.h"
#include "schemas/tables.h"
#include "shared/base/settings.h"

struct rd_kafka_s;
struct rd_kafka_conf_s;
struct rd_kafka_message_s;
struct rd_kafka_headers_s;

/* kafka_brokers kafka_security (plaintext ssl sasl_ssl sasl_plaintext) kafka_sasl_mechanism kafka_user
 * kafka_password kafka_ca_file check_topics (on, off: off only on loopback, for the mock cluster) */
extern const struct setting kafka_settings[]; /* and kafka_fetch_wait_ms */
extern struct kafka_values {
    int64_t fetch_wait_ms;
} kafka_values;

/* A configuration with brokers, security, client.id and our log callback; caller hands it on. */
MUST_CHECK int kafka_conf_new(const char *client, struct rd_kafka_conf_s **ret_conf);
MUST_CHECK int kafka_conf_set(struct rd_kafka_conf_s *conf, const char *name, const char *value);
struct kafka_conf_row {
    const char *name, *value;
};
MUST_CHECK int kafka_conf_rows(struct rd_kafka_conf_s *conf,
                               const struct kafka_conf_row *rows); /* ends with NULL */
/* Setting check_topics; where it is off kafka_check_topics only asks whether a broker is there. */
bool kafka_checks_topics(void);
/* Topic name with the namespace: "colis.parcel" from "parcel". text must hold 256 bytes. */
void kafka_topic(const char *name_space, const char *topic, char ret_text[256]);
/* Partitions, cleanup, retention, LogAppendTime, min.insync of the named topics (NULL-terminated, no
 * namespace) against topic_rows. ERROR_SETTINGS with the difference; KAFKA_AWAY where no broker answers in
 * time. */
enum { KAFKA_AWAY = 1 };
MUST_CHECK int kafka_check_topics(const char *name_space, const char *const *topics, int timeout_ms);
/* Event <-> record headers. */
struct rd_kafka_headers_s *kafka_headers_of(const struct event *event);
/* Fills event from a record: attributes, data, position, readable or reason. Borrows from the record.
 * raw_headers gets the headers as JSON (base64 for what is not UTF-8 under "name;b64"). */
void kafka_event_of(const struct rd_kafka_message_s *record, const char *topic, struct buf *raw_headers,
                    struct event *ret_event);

#endif
