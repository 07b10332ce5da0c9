/* SPDX-License-Identifier: Apache-2.0
 * The cases of the kafka*.c files of this folder, and what they share: a mock cluster inside the test's
 * process, the real broker where COLIS_KAFKA_BROKERS names one, events to send, and a record of what was
 * reported. */
#ifndef COLIS_TESTS_LINKS_KAFKA_CASES_H
#define COLIS_TESTS_LINKS_KAFKA_CASES_H

#include <check.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "shared/links/kafka_in.h"
#include "shared/links/kafka_out.h"

TCase *kafka_settings_cases(void);
TCase *kafka_open_cases(void);
TCase *kafka_event_cases(void);
TCase *kafka_out_cases(void);
TCase *kafka_fault_cases(void);
TCase *kafka_in_cases(void);
TCase *kafka_damage_cases(void);
TCase *kafka_real_cases(void);

enum { KAFKA_PATIENCE_MS = 40000 }; /* for what hangs: on a machine with other work all else comes sooner */

/* Settings as a program reads them: NAME, value pairs ending with NULL stand for the environment. */
void kafka_configure(const char *const *pairs);
bool kafka_configure_refused(const char *const *pairs); /* by settings_read or the first client */

struct kafka_cluster {
    rd_kafka_t *owner;
    rd_kafka_mock_cluster_t *mock;
    char brokers[256];
};
void kafka_cluster_start(struct kafka_cluster *cluster);                 /* and configures the links for it */
void kafka_cluster_start_of(struct kafka_cluster *cluster, int brokers); /* theirs: 1, 2 ... */
/* Configures them anew, for who waits for a delivery to end; else it takes as long as it does. */
void kafka_cluster_delivery(struct kafka_cluster *cluster, const char *delivery_ms);
void kafka_cluster_topic(struct kafka_cluster *cluster, const char *topic, int partitions); /* "t.topic" */
void kafka_cluster_stop(struct kafka_cluster *cluster);

/* On the real broker, as topics.json has it; extra and value go against it (NULL: nothing does). */
void kafka_topic_make(const char *name_space, const char *topic, int partitions, const char *extra,
                      const char *value);
void kafka_topic_drop(const char *name_space, const char *topic);
/* Before the settings are read: no record is given up, or refused, because the real broker is slow. */
void kafka_topic_patience(void);

/* Event number n of a key; its data stays good until the next call. */
struct event kafka_event_make(const char *key, int number);

/* What a producer reported, in order. */
struct kafka_ledger {
    int delivered, unknown;
    int64_t offset;  /* of the newest delivery */
    intptr_t newest; /* cookie */
};
void kafka_ledger_take(void *ledger, void *cookie, enum kafka_report report, int32_t partition,
                       int64_t offset);
struct kafka_out *kafka_producer(struct kafka_ledger *ledger, const char *transactional_id);
void kafka_send_some(struct kafka_out *out, const char *topic, const char *key, int count);

/* By hand, from the start of partition 0 of topic. */
struct kafka_in *kafka_hand_reader(const char *topic);
/* The next outcome that is not NOTHING, within KAFKA_PATIENCE_MS. */
int kafka_next(struct kafka_in *in, struct kafka_record **ret_record, struct kafka_in_place *ret_place);
/* kafka_in_ends of partition 0, asked until it is told. */
void kafka_ends(struct kafka_in *in, const char *topic, int64_t *ret_first, int64_t *ret_end);

#endif
