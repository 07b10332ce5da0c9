/* SPDX-License-Identifier: Apache-2.0
 * Keeps a message of the library alive as long as the event that points into it. */
#include "shared/links/kafka_record.h"

#include <librdkafka/rdkafka.h>

#include "shared/base/cleanup.h"

struct kafka_record {
    struct event event;
    struct buf raw_headers;
    rd_kafka_message_t *message;
};

struct kafka_record *kafka_record_new(struct rd_kafka_message_s *message, const char *topic)
{
    struct kafka_record *record = memory_new(1, sizeof *record);
    record->message = message;
    kafka_event_of(message, topic, &record->raw_headers, &record->event);
    return record;
}

void kafka_record_free(struct kafka_record *record)
{
    if (!record)
        return;
    buf_done(&record->raw_headers);
    rd_kafka_message_destroy(record->message);
    free(record);
}

const struct event *kafka_record_event(const struct kafka_record *record)
{
    return &record->event;
}

size_t kafka_record_bytes(const struct kafka_record *record)
{
    return record->message->len + record->message->key_len + record->raw_headers.size;
}
