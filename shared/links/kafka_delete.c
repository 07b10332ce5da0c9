/* SPDX-License-Identifier: Apache-2.0
 * DeleteRecords by the admin API on a client that reads anyway. What is not deleted now is asked for again
 * later: nothing here is more than a warning. */
#include <librdkafka/rdkafka.h>

#include "shared/base/cleanup.h"
#include "shared/base/log.h"
#include "shared/links/kafka_delete.h"

enum { TOPIC_TEXT = 256, ANSWER_MS = 5000 };

DEFINE_CLEANUP(rd_kafka_queue_t, rd_kafka_queue_destroy)
DEFINE_CLEANUP(rd_kafka_event_t, rd_kafka_event_destroy)

static int check(rd_kafka_event_t *event)
{
    if (!event || rd_kafka_event_error(event) != 0) {
        log_seldom(LOG_LEVEL_WARN, "kafka: records not deleted",
                   .err = event ? rd_kafka_event_error_string(event) : "no answer in time");
        return KAFKA_AWAY;
    }
    const rd_kafka_DeleteRecords_result_t *result = rd_kafka_event_DeleteRecords_result(event);
    const rd_kafka_topic_partition_list_t *list = rd_kafka_DeleteRecords_result_offsets(result);
    for (int at = 0; at < list->cnt; at++) {
        if (list->elems[at].err == RD_KAFKA_RESP_ERR_NO_ERROR)
            continue;
        log_seldom(LOG_LEVEL_WARN, "kafka: records not deleted",
                   .err = rd_kafka_err2str(list->elems[at].err));
        return KAFKA_AWAY;
    }
    return 0;
}

int kafka_delete(struct rd_kafka_s *client, const char *name_space, const struct kafka_in_place *places,
                 size_t count)
{
    char full[TOPIC_TEXT];
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t at = 0; at < count; at++) {
        kafka_topic(name_space, places[at].topic, full);
        rd_kafka_topic_partition_list_add(list, full, places[at].partition)->offset = places[at].offset;
    }
    rd_kafka_DeleteRecords_t *request = rd_kafka_DeleteRecords_new(list);
    rd_kafka_topic_partition_list_destroy(list);
    CLEANUP(rd_kafka_queue_destroy_cleanup) rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_DeleteRecords(client, &request, 1, NULL, queue);
    rd_kafka_DeleteRecords_destroy(request);
    CLEANUP(rd_kafka_event_destroy_cleanup) rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ANSWER_MS);
    return check(event);
}
