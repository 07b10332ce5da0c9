/* SPDX-License-Identifier: Apache-2.0
 * What a consumer asks of librdkafka. */
#include <inttypes.h>
#include <stdio.h>

#include "shared/links/kafka_in_inside.h"

enum { GROUP_TEXT = 256 };

/* A reader's memory is bounded: two batches wait, and a fetch brings no more than one. The library counts
 * values only and a record takes it over a kilobyte more, so facts are bounded by their number and large
 * records by their bytes. queued.min.messages is of the whole queue: all partitions share one. */
int kafka_in_conf(const struct kafka_in_config *config, rd_kafka_conf_t *conf)
{
    char wait[24], group[GROUP_TEXT];
    snprintf(wait, sizeof wait, "%" PRId64,
             config->fetch_wait_ms > 0 ? config->fetch_wait_ms : kafka_values.fetch_wait_ms);
    snprintf(group, sizeof group, "%s", config->group ? config->group : "unused");
    const struct kafka_conf_row rows[] = {
        {"group.id", group},
        {"isolation.level", "read_committed"},
        {"enable.partition.eof", "true"},
        {"auto.offset.reset", "error"},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"partition.assignment.strategy", "range"},
        {"session.timeout.ms", "6000"},
        {"heartbeat.interval.ms", "1500"},
        {"check.crcs", "true"},
        {"fetch.wait.max.ms", wait},
        {"fetch.error.backoff.ms", "100"},
        {"queued.min.messages", "2000"},
        {"queued.max.messages.kbytes", "2048"},
        {"fetch.max.bytes", "1048576"},
        {"max.partition.fetch.bytes", "262144"},
        {NULL, NULL},
    };
    TRY(kafka_conf_rows(conf, rows));
    if (config->group && config->instance && config->instance[0] != '\0')
        TRY(kafka_conf_set(conf, "group.instance.id", config->instance));
    return 0;
}
