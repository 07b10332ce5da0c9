/* SPDX-License-Identifier: Apache-2.0
 * What the kafka_in files share among themselves: the consumer's inside, and librdkafka. Nobody else includes
 * this. */
#ifndef COLIS_LINKS_KAFKA_IN_INSIDE_H
#define COLIS_LINKS_KAFKA_IN_INSIDE_H

#include "shared/links/kafka_in.h"

#include <librdkafka/rdkafka.h>

enum { KAFKA_NAME_TEXT = 128 };

struct kafka_hearing {
    bool heard;       /* a record or the end since it was assigned */
    int damages;      /* in a row */
    int64_t rests_ms; /* until then it is not assigned, for what came was damaged; 0: it does not rest */
};

struct kafka_in {
    rd_kafka_t *client;
    char name_space[KAFKA_NAME_TEXT];
    kafka_in_given given;
    kafka_in_taken taken;
    void *self;
    char **topics; /* short names, one copy of each */
    size_t topic_count;
    struct kafka_in_place *places; /* ours; offset: the next to be given out */
    struct kafka_hearing *hearing; /* one a place */
    size_t count, newest, unheard, resting;
    int64_t assigned_ms;
    bool changed;                      /* places were: assign them before the next poll */
    size_t nudge_records, nudge_bytes; /* given out since the newest nudge */
    bool paused, group, closing;
    rd_kafka_topic_partition_list_t *silent; /* paused in the library, ours or not */
    int failed;
    bool away;
    int64_t probed_ms; /* while away */
};

/* A consumer's rows for librdkafka, without its callbacks. */
MUST_CHECK int kafka_in_conf(const struct kafka_in_config *config, rd_kafka_conf_t *conf);

#endif
