/* SPDX-License-Identifier: Apache-2.0
 * The consumer. Where reading goes on is decided here, never by the broker: the list of places is ours, and a
 * seek is a new assignment of that list, which also drops what was fetched before. Nothing is committed to
 * Kafka. A broker that is away is waited for; only another holder of our static name ends the consumer. */
#include "shared/links/kafka_in_inside.h"

#include <string.h>

#include "shared/base/cleanup.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/links/kafka_record.h"

enum { TOPIC_TEXT = 256 };
enum { REST_MS = 200, PROBE_MS = 100, PROBE_EVERY_MS = 500, DEAF_MS = 5000 };
enum { DAMAGES = 3 };                                    /* in a row are told */
enum { NUDGE_RECORDS = 1000, NUDGE_BYTES = 512 * 1024 }; /* half of the queue and less: see nudge */
enum { START = -1, BEGINNING = -3 }; /* of a place: offset 0 is tried first; the log begins later than that */

DEFINE_CLEANUP(rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy)

static const char *topic_named(struct kafka_in *in, const char *topic)
{
    for (size_t at = 0; at < in->topic_count; at++) {
        if (strcmp(in->topics[at], topic) == 0)
            return in->topics[at];
    }
    in->topics = memory_grow(in->topics, in->topic_count + 1, sizeof *in->topics);
    in->topics[in->topic_count] = memory_text(topic);
    return in->topics[in->topic_count++];
}

/* "colis.parcel" -> "parcel" */
static const char *topic_of(struct kafka_in *in, const char *full)
{
    size_t prefix = strlen(in->name_space) + 1;
    return topic_named(in, strlen(full) > prefix ? full + prefix : full);
}

/* Records come in runs of one partition: the newest place is nearly always right. */
static struct kafka_in_place *place_of(struct kafka_in *in, const char *topic, int32_t partition)
{
    for (size_t tried = 0; tried < in->count; tried++) {
        size_t at = (in->newest + tried) % in->count;
        if (in->places[at].partition == partition && strcmp(in->places[at].topic, topic) == 0) {
            in->newest = at;
            return &in->places[at];
        }
    }
    return NULL;
}

static bool reads(const struct kafka_in *in, size_t at)
{
    return in->places[at].offset != KAFKA_HELD && in->hearing[at].rests_ms == 0;
}

/* The library answers "beginning" by a question that may wait for half a second, 0 is fetched at once. */
static int64_t begin_at(const struct kafka_in_place *place)
{
    if (place->offset == BEGINNING)
        return RD_KAFKA_OFFSET_BEGINNING;
    return place->offset == START ? 0 : place->offset;
}

static rd_kafka_topic_partition_list_t *list_of(const struct kafka_in *in)
{
    char full[TOPIC_TEXT];
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)in->count);
    for (size_t at = 0; at < in->count; at++) {
        const struct kafka_in_place *place = &in->places[at];
        if (!reads(in, at))
            continue;
        kafka_topic(in->name_space, place->topic, full);
        rd_kafka_topic_partition_list_add(list, full, place->partition)->offset = begin_at(place);
    }
    return list;
}

static void say(const char *what, rd_kafka_resp_err_t code)
{
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        log_seldom(LOG_LEVEL_WARN, what, .err = rd_kafka_err2str(code));
}

/* The library keeps a partition paused that is no longer ours, and still when it is ours again: whatever was
 * paused is noted until it is resumed. */
static void pause_all(struct kafka_in *in)
{
    CLEANUP(rd_kafka_topic_partition_list_destroy_cleanup)
    rd_kafka_topic_partition_list_t *list = list_of(in);
    for (int at = 0; at < list->cnt; at++) {
        const rd_kafka_topic_partition_t *row = &list->elems[at];
        if (!rd_kafka_topic_partition_list_find(in->silent, row->topic, row->partition))
            rd_kafka_topic_partition_list_add(in->silent, row->topic, row->partition);
    }
    say("kafka: not paused", rd_kafka_pause_partitions(in->client, list));
}

static void resume_all(struct kafka_in *in)
{
    say("kafka: not resumed", rd_kafka_resume_partitions(in->client, in->silent));
    rd_kafka_topic_partition_list_destroy(in->silent);
    in->silent = rd_kafka_topic_partition_list_new(0);
}

static void assign(struct kafka_in *in)
{
    CLEANUP(rd_kafka_topic_partition_list_destroy_cleanup)
    rd_kafka_topic_partition_list_t *list = list_of(in);
    in->changed = false;
    for (size_t at = 0; at < in->count; at++)
        in->hearing[at].heard = !reads(in, at);
    in->unheard = (size_t)list->cnt;
    in->assigned_ms = clock_steady_ms();
    say("kafka: not assigned", rd_kafka_assign(in->client, list));
    if (in->paused)
        pause_all(in);
}

static void places_set(struct kafka_in *in, size_t count)
{
    free(in->places);
    free(in->hearing);
    in->places = memory_new(count > 0 ? count : 1, sizeof *in->places);
    in->hearing = memory_new(count > 0 ? count : 1, sizeof *in->hearing);
    in->count = count;
    in->newest = in->resting = 0;
}

static void on_given(struct kafka_in *in, const rd_kafka_topic_partition_list_t *list)
{
    places_set(in, (size_t)list->cnt);
    for (int at = 0; at < list->cnt; at++) {
        in->places[at] = (struct kafka_in_place){.topic = topic_of(in, list->elems[at].topic),
                                                 .partition = list->elems[at].partition,
                                                 .offset = KAFKA_HELD};
    }
    int result = in->given(in->self, in->places, in->count);
    if (result < 0)
        in->failed = result;
    assign(in);
}

static void on_taken(struct kafka_in *in)
{
    if (in->count > 0 && in->taken && !in->closing)
        in->taken(in->self, in->places, in->count);
    in->count = in->unheard = in->resting = 0;
    in->changed = false;
    say("kafka: not unassigned", rd_kafka_assign(in->client, NULL));
}

static void on_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list,
                         void *opaque)
{
    (void)client;
    struct kafka_in *in = opaque;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !in->closing)
        on_given(in, list);
    else
        on_taken(in);
}

/* Called inside a poll, for what is no partition's. */
static void on_trouble(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    (void)client;
    struct kafka_in *in = opaque;
    in->away = in->away || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
    log_seldom(LOG_LEVEL_WARN, "kafka: consumer", .err = reason);
}

static int client_open(struct kafka_in *in, const struct kafka_in_config *config)
{
    char text[256];
    rd_kafka_conf_t *conf;
    TRY(kafka_conf_new(config->client, &conf));
    if (config->group)
        rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_error_cb(conf, on_trouble);
    rd_kafka_conf_set_opaque(conf, in);
    int result = kafka_in_conf(config, conf);
    if (result == 0) {
        in->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
        if (!in->client)
            result = error_new(ERROR_SETTINGS, "kafka consumer: %s", text);
    }
    if (result < 0) {
        rd_kafka_conf_destroy(conf);
        return error_forward(result);
    }
    rd_kafka_poll_set_consumer(in->client);
    return 0;
}

static int subscribe(struct kafka_in *in, const char *const *topics)
{
    char full[TOPIC_TEXT];
    CLEANUP(rd_kafka_topic_partition_list_destroy_cleanup)
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
    for (; *topics; topics++) {
        kafka_topic(in->name_space, *topics, full);
        rd_kafka_topic_partition_list_add(list, full, RD_KAFKA_PARTITION_UA);
    }
    rd_kafka_resp_err_t code = rd_kafka_subscribe(in->client, list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_new(ERROR_SETTINGS, "kafka topics: %s", rd_kafka_err2str(code));
    in->group = true;
    return 0;
}

int kafka_in_new(const struct kafka_in_config *config, struct kafka_in **ret_in)
{
    struct kafka_in *in = memory_new(1, sizeof *in);
    in->given = config->given;
    in->taken = config->taken;
    in->self = config->self;
    in->silent = rd_kafka_topic_partition_list_new(0);
    int result = 0;
    if (text_copy(in->name_space, sizeof in->name_space, span_of(config->name_space)) != 0)
        result =
            error_new(ERROR_SETTINGS, "kafka consumer: the namespace is over %d bytes", KAFKA_NAME_TEXT - 1);
    if (result == 0)
        result = client_open(in, config);
    if (result == 0 && config->group)
        result = subscribe(in, config->topics);
    if (result < 0) {
        kafka_in_free(in);
        return error_forward(result);
    }
    *ret_in = in;
    return 0;
}

/* Closing a static member sends no leave: its partitions wait for it. */
void kafka_in_free(struct kafka_in *in)
{
    if (!in)
        return;
    in->closing = true;
    if (in->client) {
        rd_kafka_consumer_close(in->client);
        rd_kafka_destroy(in->client);
    }
    rd_kafka_topic_partition_list_destroy(in->silent);
    for (size_t at = 0; at < in->topic_count; at++)
        free(in->topics[at]);
    free(in->topics);
    free(in->places);
    free(in->hearing);
    free(in);
}

static void hear(struct kafka_in *in, const struct kafka_in_place *place)
{
    struct kafka_hearing *hearing = &in->hearing[place - in->places];
    in->unheard -= !hearing->heard;
    hearing->heard = true;
    hearing->damages = 0;
    in->away = false; /* it may be too slow for probe */
}

/* After what was damaged the library goes on, past it or at an offset that it read from the damage. We do
 * not: after a rest the partition is assigned where we are. */
static int on_damage(struct kafka_in *in, const rd_kafka_message_t *message, struct kafka_in_place *place)
{
    if (!place)
        return KAFKA_NOTHING;
    log_seldom(LOG_LEVEL_ERROR, "kafka: damaged", .topic = place->topic, .partition = place->partition,
               .offset = place->offset, .err = rd_kafka_message_errstr(message));
    struct kafka_hearing *hearing = &in->hearing[place - in->places];
    hearing->damages++;
    in->resting += hearing->rests_ms == 0;
    hearing->rests_ms = clock_steady_ms() + REST_MS;
    in->changed = true;
    return KAFKA_NOTHING;
}

static void wake(struct kafka_in *in)
{
    int64_t now = in->resting > 0 ? clock_steady_ms() : 0;
    for (size_t at = 0; at < in->count && in->resting > 0; at++) {
        struct kafka_hearing *hearing = &in->hearing[at];
        if (hearing->rests_ms == 0 || now < hearing->rests_ms)
            continue;
        hearing->rests_ms = 0;
        in->resting--;
        in->changed = true;
    }
}

/* The library says it of an offset, but not of which assignment: it may be one from before a seek, or where
 * the library went by itself. Only our own offset is lost; after any other we ask for ours again. The
 * beginning is in the log, whatever was. */
static int on_lost(struct kafka_in *in, int64_t offset, struct kafka_in_place *place)
{
    if (!place)
        return KAFKA_NOTHING;
    in->changed = true;
    if (place->offset == BEGINNING || offset != begin_at(place)) {
        log_seldom(LOG_LEVEL_WARN, "kafka: no record at an offset that is not ours", .topic = place->topic,
                   .partition = place->partition, .offset = offset);
        return KAFKA_NOTHING;
    }
    if (place->offset != START)
        return KAFKA_LOST;
    place->offset = BEGINNING;
    return KAFKA_NOTHING;
}

/* Errors of a partition that do not pass by waiting; place: NULL where it is not read now. The rest does
 * pass: logged, and nothing was read. */
static int on_error(struct kafka_in *in, const rd_kafka_message_t *message, struct kafka_in_place *place)
{
    char text[256];
    switch (message->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        if (!place)
            return KAFKA_NOTHING;
        hear(in, place);
        place->offset = message->offset;
        return KAFKA_EOF;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        return on_lost(in, message->offset, place);
    case RD_KAFKA_RESP_ERR__FATAL:
        rd_kafka_fatal_error(in->client, text, sizeof text);
        return error_new(ERROR_LINK, "kafka consumer: %s", text);
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED: /* a version of records that is none */
        return on_damage(in, message, place);
    default:
        log_seldom(LOG_LEVEL_WARN, "kafka: reading", .err = rd_kafka_message_errstr(message));
        return KAFKA_NOTHING;
    }
}

/* 0: ret_record. Anything older than the place's offset was fetched before a seek. */
static int take_message(struct kafka_in *in, rd_kafka_message_t *message, struct kafka_record **ret_record,
                        struct kafka_in_place *ret_place)
{
    const char *topic = message->rkt ? topic_of(in, rd_kafka_topic_name(message->rkt)) : "";
    struct kafka_in_place *place = place_of(in, topic, message->partition);
    if (place && !reads(in, (size_t)(place - in->places)))
        place = NULL;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && place && message->offset >= place->offset) {
        hear(in, place);
        place->offset = message->offset + 1;
        *ret_record = kafka_record_new(message, place->topic);
        return 0;
    }
    int outcome = message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? KAFKA_NOTHING : on_error(in, message, place);
    if (outcome == KAFKA_EOF || outcome == KAFKA_LOST)
        *ret_place = *place;
    if (outcome == KAFKA_LOST)
        place->offset = KAFKA_HELD;
    rd_kafka_message_destroy(message);
    return outcome;
}

/* Once its queue is full, the library (2.0.2) looks for room again a second later, or when anything else
 * makes its broker's thread turn. So that a small queue does not mean a slow reader, a question of no
 * interest is sent to the leaders after every part of it; nobody waits for the answer. */
static void nudge(struct kafka_in *in, const struct kafka_record *record)
{
    in->nudge_records++;
    in->nudge_bytes += kafka_record_event(record)->data.size; /* as the library counts */
    if (in->nudge_records < NUDGE_RECORDS && in->nudge_bytes < NUDGE_BYTES)
        return;
    in->nudge_records = in->nudge_bytes = 0;
    CLEANUP(rd_kafka_topic_partition_list_destroy_cleanup)
    rd_kafka_topic_partition_list_t *list = list_of(in);
    for (int at = 0; at < list->cnt; at++)
        list->elems[at].offset = RD_KAFKA_OFFSET_END;
    (void)rd_kafka_offsets_for_times(in->client, list, 1);
}

/* The library tells that the last broker went, not that one came back. */
static void probe(struct kafka_in *in)
{
    const struct rd_kafka_metadata *metadata;
    int64_t now = clock_steady_ms();
    if (!in->away || now - in->probed_ms < PROBE_EVERY_MS)
        return;
    in->probed_ms = now;
    if (rd_kafka_metadata(in->client, 0, NULL, &metadata, PROBE_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    rd_kafka_metadata_destroy(metadata);
    in->away = false;
}

/* Each partition assigned soon tells a record or its end. One that does not, while nothing else is there to
 * be read, is assigned again: a library that lost its way must not stop a reader. */
static void watch(struct kafka_in *in)
{
    if (in->unheard == 0 || in->paused || in->away || clock_steady_ms() - in->assigned_ms < DEAF_MS)
        return;
    log_seldom(LOG_LEVEL_WARN, "kafka: nothing heard of a partition, it is assigned again",
               .err = in->name_space);
    in->changed = true;
}

bool kafka_in_away(const struct kafka_in *in)
{
    return in->away;
}

bool kafka_in_damaged(const struct kafka_in *in)
{
    for (size_t at = 0; at < in->count; at++) {
        if (in->hearing[at].damages >= DAMAGES)
            return true;
    }
    return false;
}

int kafka_in_poll(struct kafka_in *in, int timeout_ms, struct kafka_record **ret_record,
                  struct kafka_in_place *ret_place)
{
    int outcome = KAFKA_NOTHING;
    rd_kafka_message_t *message;
    probe(in);
    wake(in);
    do {
        if (in->changed)
            assign(in);
        message = rd_kafka_consumer_poll(in->client, timeout_ms);
        timeout_ms = 0; /* what was passed over does not make it wait again */
        if (message)
            outcome = take_message(in, message, ret_record, ret_place);
    } while (message && outcome == KAFKA_NOTHING && in->failed == 0);
    if (outcome == 0)
        nudge(in, *ret_record);
    else if (!message)
        watch(in);
    if (in->failed == 0)
        return outcome < 0 ? error_forward(outcome) : outcome;
    if (outcome == 0)
        kafka_record_free(*ret_record);
    return error_forward(in->failed);
}

int kafka_in_assign(struct kafka_in *in, const struct kafka_in_place *places, size_t count)
{
    if (in->group)
        return error_new(ERROR_BUG, "a member of a group does not choose its partitions");
    places_set(in, count);
    for (size_t at = 0; at < count; at++) {
        in->places[at] = places[at];
        in->places[at].topic = topic_named(in, places[at].topic);
    }
    assign(in);
    return 0;
}

int kafka_in_seek(struct kafka_in *in, const struct kafka_in_place *place)
{
    struct kafka_in_place *ours = place_of(in, place->topic, place->partition);
    if (!ours)
        return 0;
    ours->offset = place->offset;
    in->changed = true;
    return 0;
}

int kafka_in_pause(struct kafka_in *in, bool pause)
{
    in->paused = pause;
    if (pause)
        pause_all(in);
    else
        resume_all(in);
    if (!pause && in->count > 0)
        in->changed = true; /* goes on exactly where our list says */
    return 0;
}
