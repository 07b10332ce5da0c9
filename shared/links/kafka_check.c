/* SPDX-License-Identifier: Apache-2.0
 * Compares the topics of a cluster with schemas/topics.json at the start of a program: a topic that forgets,
 * that has another count of partitions or takes the writer's clock would break promises quietly, months
 * later. */
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/cleanup.h"
#include "shared/links/kafka.h"

enum { TOPICS_MAX = 16, TOPIC_TEXT = 256 };

DEFINE_CLEANUP(rd_kafka_t, rd_kafka_destroy)
DEFINE_CLEANUP(rd_kafka_queue_t, rd_kafka_queue_destroy)
DEFINE_CLEANUP(rd_kafka_event_t, rd_kafka_event_destroy)
DEFINE_CLEANUP(const struct rd_kafka_metadata, rd_kafka_metadata_destroy)

struct wanted {
    const struct topic_row *row;
    char name[TOPIC_TEXT];
    int replicas;
};

static const struct topic_row *row_of(const char *topic)
{
    for (const struct topic_row *row = topic_rows; row->name; row++) {
        if (strcmp(row->name, topic) == 0)
            return row;
    }
    return NULL;
}

static int list(const char *name_space, const char *const *topics, struct wanted *ret_wanted,
                size_t *ret_count)
{
    size_t count = 0;
    for (; topics[count]; count++) {
        if (count == TOPICS_MAX)
            return error_new(ERROR_BUG, "more than %d topics", TOPICS_MAX);
        ret_wanted[count].row = row_of(topics[count]);
        if (!ret_wanted[count].row)
            return error_new(ERROR_BUG, "topics.json has no topic %s", topics[count]);
        kafka_topic(name_space, topics[count], ret_wanted[count].name);
    }
    *ret_count = count;
    return 0;
}

/* A consumer: asking as a producer might create what is missing. */
static int client_new(rd_kafka_t **ret_client)
{
    char text[256];
    rd_kafka_conf_t *conf;
    TRY(kafka_conf_new("colis-check", &conf));
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    if (!client) {
        rd_kafka_conf_destroy(conf);
        return error_new(ERROR_SETTINGS, "kafka client: %s", text);
    }
    *ret_client = client;
    return 0;
}

static int check_partitions(const struct rd_kafka_metadata *metadata, struct wanted *wanted)
{
    for (int at = 0; at < metadata->topic_cnt; at++) {
        const struct rd_kafka_metadata_topic *topic = &metadata->topics[at];
        if (strcmp(topic->topic, wanted->name) != 0)
            continue;
        if (topic->partition_cnt != wanted->row->partitions)
            return error_new(ERROR_SETTINGS, "topic %s has %d partitions, must have %d", wanted->name,
                             topic->partition_cnt, wanted->row->partitions);
        wanted->replicas = topic->partitions[0].replica_cnt;
        return 0;
    }
    return error_new(ERROR_SETTINGS, "topic %s is not there", wanted->name);
}

static int check_value(const struct wanted *wanted, const char *name, const char *value, const char *must)
{
    if (strcmp(value, must) == 0)
        return 0;
    return error_new(ERROR_SETTINGS, "topic %s has %s %s, must have %s", wanted->name, name, value, must);
}

static int check_config(const struct wanted *wanted, const char *name, const char *value)
{
    char retention[24];
    snprintf(retention, sizeof retention, "%" PRId64, wanted->row->retention_ms);
    if (strcmp(name, "cleanup.policy") == 0)
        return check_value(wanted, name, value, wanted->row->cleanup);
    if (strcmp(name, "retention.ms") == 0)
        return check_value(wanted, name, value, retention);
    if (strcmp(name, "retention.bytes") == 0)
        return check_value(wanted, name, value, "-1");
    if (strcmp(name, "message.timestamp.type") == 0)
        return check_value(wanted, name, value, "LogAppendTime");
    if (strcmp(name, "min.insync.replicas") == 0 && wanted->replicas >= 3 && strtol(value, NULL, 10) < 2)
        return error_new(ERROR_SETTINGS, "topic %s has %s %s, must have 2 or more", wanted->name, name,
                         value);
    return 0;
}

static int check_resource(const struct wanted *wanted, size_t count,
                          const rd_kafka_ConfigResource_t *resource)
{
    size_t entries;
    const rd_kafka_ConfigEntry_t **rows = rd_kafka_ConfigResource_configs(resource, &entries);
    const char *name = rd_kafka_ConfigResource_name(resource);
    while (count > 0 && strcmp(wanted->name, name) != 0) {
        wanted++;
        count--;
    }
    if (rd_kafka_ConfigResource_error(resource) != 0 || count == 0)
        return error_new(ERROR_SETTINGS, "topic %s: %s", name,
                         rd_kafka_ConfigResource_error_string(resource));
    for (size_t at = 0; at < entries; at++) {
        const char *value = rd_kafka_ConfigEntry_value(rows[at]);
        TRY(error_forward(check_config(wanted, rd_kafka_ConfigEntry_name(rows[at]), value ? value : "")));
    }
    return 0;
}

static void ask_configs(rd_kafka_t *client, const struct wanted *wanted, size_t count,
                        rd_kafka_queue_t *queue)
{
    rd_kafka_ConfigResource_t *resources[TOPICS_MAX];
    for (size_t at = 0; at < count; at++)
        resources[at] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, wanted[at].name);
    rd_kafka_DescribeConfigs(client, resources, count, NULL, queue);
    rd_kafka_ConfigResource_destroy_array(resources, count);
}

static int check_configs(rd_kafka_t *client, const struct wanted *wanted, size_t count, int timeout_ms)
{
    CLEANUP(rd_kafka_queue_destroy_cleanup) rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    ask_configs(client, wanted, count, queue);
    CLEANUP(rd_kafka_event_destroy_cleanup) rd_kafka_event_t *event = rd_kafka_queue_poll(queue, timeout_ms);
    if (!event || rd_kafka_event_error(event) != 0)
        return KAFKA_AWAY;
    size_t found;
    const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
    const rd_kafka_ConfigResource_t **resources = rd_kafka_DescribeConfigs_result_resources(result, &found);
    for (size_t at = 0; at < found; at++)
        TRY(check_resource(wanted, count, resources[at]));
    return 0;
}

int kafka_check_topics(const char *name_space, const char *const *topics, int timeout_ms)
{
    struct wanted wanted[TOPICS_MAX];
    size_t count = 0;
    CLEANUP(rd_kafka_destroy_cleanup) rd_kafka_t *client = NULL;
    CLEANUP(rd_kafka_metadata_destroy_cleanup) const struct rd_kafka_metadata *metadata = NULL;
    TRY(list(name_space, topics, wanted, &count));
    TRY(client_new(&client));
    if (rd_kafka_metadata(client, 1, NULL, &metadata, timeout_ms) != 0)
        return KAFKA_AWAY;
    if (!kafka_checks_topics())
        return 0;
    for (size_t at = 0; at < count; at++)
        TRY(check_partitions(metadata, &wanted[at]));
    return check_configs(client, wanted, count, timeout_ms);
}
