/* SPDX-License-Identifier: Apache-2.0
 * Topics of the real broker that COLIS_KAFKA_BROKERS names, made and dropped by a test. */
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "tests/links/kafka_cases.h"

enum { TOPIC_TEXT = 256, ANSWER_MS = 30000, DONE_MS = 120000 };

static void wait_done(rd_kafka_queue_t *queue)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, DONE_MS);
    ck_assert_ptr_nonnull(event);
    ck_assert_int_eq(rd_kafka_event_error(event), 0);
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
}

/* The controller has it at once, the brokers tell of it a moment later. */
static bool shown(rd_kafka_t *client, const char *full, int partitions)
{
    const struct rd_kafka_metadata *metadata;
    bool found = false;
    if (rd_kafka_metadata(client, 1, NULL, &metadata, ANSWER_MS) != 0)
        return false;
    for (int at = 0; at < metadata->topic_cnt; at++)
        found = found || (strcmp(metadata->topics[at].topic, full) == 0 &&
                          metadata->topics[at].partition_cnt == partitions);
    rd_kafka_metadata_destroy(metadata);
    return found;
}

/* Like infra/migrate, but for one topic; extra is a name, value pair that goes against topics.json. */
void kafka_topic_make(const char *name_space, const char *topic, int partitions, const char *extra,
                      const char *value)
{
    static const char *const configs[][2] = {{"message.timestamp.type", "LogAppendTime"},
                                             {"retention.ms", "-1"},
                                             {"retention.bytes", "-1"},
                                             {"cleanup.policy", "delete"}};
    char text[TOPIC_TEXT], full[TOPIC_TEXT];
    int64_t began_ms = clock_steady_ms();
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", getenv("COLIS_KAFKA_BROKERS"), text, sizeof text);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    kafka_topic(name_space, topic, full);
    rd_kafka_NewTopic_t *row = rd_kafka_NewTopic_new(full, partitions, 1, text, sizeof text);
    for (size_t at = 0; at < sizeof configs / sizeof configs[0]; at++)
        ck_assert_int_eq(rd_kafka_NewTopic_set_config(row, configs[at][0], configs[at][1]), 0);
    if (extra)
        ck_assert_int_eq(rd_kafka_NewTopic_set_config(row, extra, value), 0);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_CreateTopics(client, &row, 1, NULL, queue);
    wait_done(queue);
    rd_kafka_NewTopic_destroy(row);
    while (!shown(client, full, partitions))
        ck_assert_int_lt(clock_steady_ms() - began_ms, DONE_MS);
    rd_kafka_destroy(client);
}

void kafka_topic_drop(const char *name_space, const char *topic)
{
    char text[TOPIC_TEXT], full[TOPIC_TEXT];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", getenv("COLIS_KAFKA_BROKERS"), text, sizeof text);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    kafka_topic(name_space, topic, full);
    rd_kafka_DeleteTopic_t *row = rd_kafka_DeleteTopic_new(full);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_DeleteTopics(client, &row, 1, NULL, queue);
    wait_done(queue);
    rd_kafka_DeleteTopic_destroy(row);
    rd_kafka_destroy(client);
}

void kafka_topic_patience(void)
{
    ck_assert_int_eq(setenv("COLIS_KAFKA_DELIVERY_MS", "60000", 1), 0);
    ck_assert_int_eq(setenv("COLIS_KAFKA_LATE_MS", "60000", 1), 0);
}
