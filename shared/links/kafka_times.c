/* SPDX-License-Identifier: Apache-2.0
 * Asks the broker from which offset on records are newer than a time, on a client that reads anyway. */
#include <librdkafka/rdkafka.h>

#include "shared/base/cleanup.h"
#include "shared/base/log.h"
#include "shared/links/kafka_delete.h"

enum { TOPIC_TEXT = 256, ANSWER_MS = 3000 };

DEFINE_CLEANUP(rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy)

int kafka_times(struct rd_kafka_s *client, const char *name_space, struct kafka_in_place *places,
                size_t count, int64_t since_ms)
{
    CLEANUP(rd_kafka_topic_partition_list_destroy_cleanup)
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    char full[TOPIC_TEXT];
    for (size_t at = 0; at < count; at++) {
        kafka_topic(name_space, places[at].topic, full);
        rd_kafka_topic_partition_list_add(list, full, places[at].partition)->offset = since_ms;
    }
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(client, list, ANSWER_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        log_seldom(LOG_LEVEL_WARN, "kafka: no offsets by time", .err = rd_kafka_err2str(code));
        return KAFKA_AWAY;
    }
    for (size_t at = 0; at < count; at++) {
        const rd_kafka_topic_partition_t *answer = &list->elems[at];
        places[at].offset = answer->offset < 0 ? -1 : answer->offset;
        if (answer->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            places[at].offset = 0; /* not known: as if all were newer */
    }
    return 0;
}
