/* SPDX-License-Identifier: Apache-2.0
 * What a consumer asks of the cluster beside its reading. */
#include "shared/base/log.h"
#include "shared/links/kafka_delete.h"
#include "shared/links/kafka_in_inside.h"

enum { TOPIC_TEXT = 256, ASK_MS = 5000 };

int kafka_in_ends(struct kafka_in *in, const char *topic, int32_t partition, int64_t *ret_start,
                  int64_t *ret_end)
{
    char full[TOPIC_TEXT];
    int64_t start, end;
    kafka_topic(in->name_space, topic, full);
    rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(in->client, full, partition, &start, &end, ASK_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        log_seldom(LOG_LEVEL_WARN, "kafka: ends", .err = rd_kafka_err2str(code));
        return KAFKA_AWAY;
    }
    *ret_start = start;
    *ret_end = end;
    return 0;
}

int kafka_in_cluster(struct kafka_in *in, char ret_id[64])
{
    char *id = rd_kafka_clusterid(in->client, ASK_MS);
    if (!id)
        return KAFKA_AWAY;
    int result = text_copy(ret_id, 64, span_of(id));
    rd_kafka_mem_free(in->client, id);
    return result == 0 ? 0 : error_new(ERROR_LINK, "kafka: the cluster's id is over 63 bytes");
}

int kafka_in_delete_before(struct kafka_in *in, const struct kafka_in_place *places, size_t count)
{
    return kafka_delete(in->client, in->name_space, places, count);
}

int kafka_in_times(struct kafka_in *in, struct kafka_in_place *places, size_t count, int64_t since_ms)
{
    return kafka_times(in->client, in->name_space, places, count, since_ms);
}
