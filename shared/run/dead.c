/* SPDX-License-Identifier: Apache-2.0
 * Writes dead letters and waits for the broker. The letter's data holds the record as it was: where it stood,
 * its headers, its value in base64url (left out where it would not fit a message; the record itself is still
 * on its topic). */
#include "shared/run/dead.h"

#include <stdio.h>
#include <string.h>

#include "shared/base/crypto.h"
#include "shared/base/log.h"
#include "shared/run/service.h"

enum { DEAD_WAIT_MS = 10000, DEAD_VALUE_MAX = 600000 };

struct dead {
    struct kafka_out *out;
    char topic[64], source[64];
    uintptr_t newest; /* a report of an older letter is not this one's */
    enum kafka_report report;
    bool reported;
};

static void dead_reported(void *self, void *cookie, enum kafka_report report, int32_t partition,
                          int64_t offset)
{
    struct dead *dead = self;

    (void)partition;
    (void)offset;
    if ((uintptr_t)cookie != dead->newest)
        return;
    dead->report = report;
    dead->reported = true;
}

int dead_new(const char *reader, struct dead **ret_dead)
{
    CLEANUP(dead_free_cleanup) struct dead *dead = memory_new(1, sizeof(*dead));
    const struct kafka_out_config config = {
        .name_space = service_values.name_space, .client = reader, .reported = dead_reported, .self = dead};

    (void)snprintf(dead->topic, sizeof(dead->topic), "dead.%s", reader);
    (void)snprintf(dead->source, sizeof(dead->source), "/%s", reader);
    TRY(kafka_out_new(&config, &dead->out));
    *ret_dead = take(dead);
    return 0;
}

void dead_free(struct dead *dead)
{
    if (dead->out)
        kafka_out_free(dead->out);
    free(dead);
}

static void letter_data(const struct event *event, const char *reason, struct buf *data)
{
    buf_text(data, "{\"reason\":");
    buf_json_string(data, span_of(reason));
    buf_format(data, ",\"topic\":\"%s\",\"partition\":%d,\"offset\":%lld,\"headers\":", event->topic,
               (int)event->partition, (long long)event->offset);
    if (event->raw_headers.size)
        buf_span(data, event->raw_headers);
    else
        buf_text(data, "{}");
    if (event->data.size <= DEAD_VALUE_MAX) {
        buf_text(data, ",\"value\":\"");
        crypto_base64url(event->data.data, event->data.size, data);
        buf_byte(data, '"');
    }
    buf_byte(data, '}');
}

static void letter_event(const struct dead *dead, const struct event *event, struct event *letter)
{
    char place[160];
    int size = snprintf(place, sizeof(place), "%s:%d:%lld", event->topic, (int)event->partition,
                        (long long)event->offset);
    const struct span parts[2] = {SPAN("dead"), {place, (size_t)size}};

    memset(letter, 0, sizeof(*letter));
    id_v8(parts, 2, &letter->id);
    memcpy(letter->source, dead->source, sizeof(letter->source));
    (void)snprintf(letter->type, sizeof(letter->type), "record.dead.v1");
    (void)snprintf(letter->subject, sizeof(letter->subject), "record/%s", letter->id.text);
    (void)snprintf(letter->key, sizeof(letter->key), "%s", event->key[0] ? event->key : letter->id.text);
    letter->time_ms = event->stored_ms;
    letter->causation = event->id;
}

/* Steps first: a letter that was refused waits for no report, and only a step hears that the one before it
 * is no longer open, or makes a new client where there is none. */
static int letter_send(struct dead *dead, const struct event *letter)
{
    TRY(kafka_out_step(dead->out));
    dead->reported = false;
    return error_forward(kafka_out_send(dead->out, dead->topic, letter, (void *)++dead->newest));
}

int dead_letter(struct dead *dead, const struct event *event, const char *reason)
{
    CLEANUP(buf_done) struct buf data = {0};
    struct event letter;
    int sent;

    letter_event(dead, event, &letter);
    letter_data(event, reason, &data);
    letter.data = buf_as_span(&data);
    sent = letter_send(dead, &letter);
    if (sent == 0)
        sent = kafka_out_flush(dead->out, DEAD_WAIT_MS);
    if (sent < 0)
        return error_forward(sent);
    if (sent != 0 || !dead->reported || dead->report != KAFKA_DELIVERED) {
        reader_because("the dead letter was not acknowledged");
        return READER_RETRY;
    }
    log_with(LOG_LEVEL_WARN, "a record was put on the dead topic", .event = event->id.text,
             .topic = event->topic, .partition = event->partition, .offset = event->offset, .err = reason);
    return READER_DONE;
}
