/* SPDX-License-Identifier: Apache-2.0
 * After the fence nobody else can add to these partitions, so their ends stand still. Positions and rows
 * always move together: what stands past a position is a record whose row is still in the outbox, or
 * PostgreSQL has lost time. It never publishes. */
#include "producers/relay/reread.h"

#include "producers/relay/store.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/links/kafka_in.h"
#include "shared/run/service.h"

enum { CHUNK = 500, SLICE_MS = 200, PATIENCE_MS = 60000 };

struct found {
    struct id events[CHUNK];
    int count;
};

DEFINE_CLEANUP(struct kafka_in, kafka_in_free)

static int keep(struct relay *relay, struct found *found)
{
    struct id missing = {0};
    int result = store_found(relay, found->events, found->count, &missing);
    if (result == RELAY_TORN)
        log_seldom(LOG_LEVEL_ERROR, "a topic holds a fact that the outbox never had", .event = missing.text);
    else if (result == 0 && found->count > 0)
        log_plain(LOG_LEVEL_INFO, "facts of an earlier session were found on their topics");
    found->count = 0;
    return result;
}

static int take_record(struct relay *relay, struct found *found, const struct event *event)
{
    struct relay_place *place = relay_place_find(relay, event->topic, event->partition);
    if (!place || id_none(&event->id)) {
        log_seldom(LOG_LEVEL_ERROR, "a record that is no event", .topic = event->topic,
                   .partition = event->partition, .offset = event->offset);
        relay->torn = "a topic of the relay holds a record that is not the relay's";
        return RELAY_TORN;
    }
    if (event->offset < place->next)
        return 0;
    found->events[found->count++] = event->id;
    place->next = event->offset + 1;
    place->moved = true;
    return found->count == CHUNK ? keep(relay, found) : 0;
}

static void take_end(struct relay *relay, const struct kafka_in_place *end)
{
    struct relay_place *place = relay_place_find(relay, end->topic, end->partition);
    if (!place)
        return;
    place->ended = true;
    /* Markers of transactions take offsets: the end lies behind the last record. */
    place->moved = place->moved || place->next != end->offset;
    place->next = end->offset;
}

/* The position is outside its log. A topic that forgets may have forgotten what we knew; else records are
 * gone. */
static int take_lost(struct relay *relay, struct kafka_in *in, const struct kafka_in_place *at)
{
    struct relay_place *place = relay_place_find(relay, at->topic, at->partition);
    int64_t start = 0, end = 0;
    if (!place)
        return error_new(ERROR_BUG, "a place nobody asked for: %s/%d", at->topic, (int)at->partition);
    int result = kafka_in_ends(in, at->topic, at->partition, &start, &end);
    if (result != 0)
        return result > 0 ? RELAY_OVER : error_forward(result);
    if (!place->for_ever && place->next < start) {
        place->next = start;
        const struct kafka_in_place to = {place->topic, place->partition, start};
        return kafka_in_seek(in, &to) == 0 ? 0 : RELAY_OVER;
    }
    log_seldom(LOG_LEVEL_ERROR, "a position is outside its log", .topic = place->topic,
               .partition = place->partition, .offset = place->next);
    relay->torn = "Kafka lost records: a position is outside its log";
    return RELAY_TORN;
}

static int take_one(struct relay *relay, struct kafka_in *in, struct found *found)
{
    struct kafka_record *record = NULL;
    struct kafka_in_place place = {0};
    int outcome = kafka_in_poll(in, SLICE_MS, &record, &place);
    if (outcome == 0) {
        int result = take_record(relay, found, kafka_record_event(record));
        kafka_record_free(record);
        return result;
    }
    if (outcome == KAFKA_EOF)
        take_end(relay, &place);
    if (outcome == KAFKA_LOST)
        return take_lost(relay, in, &place);
    return outcome < 0 ? error_forward(outcome) : 0;
}

static bool all_ended(const struct relay *relay)
{
    for (size_t at = 0; at < relay->place_count; at++) {
        if (!relay->places[at].ended)
            return false;
    }
    return true;
}

static int read_all(struct relay *relay, struct kafka_in *in)
{
    struct found found = {.count = 0};
    int64_t until = clock_steady_ms() + PATIENCE_MS;
    while (!all_ended(relay)) {
        int result = relay_pulse(relay);
        if (result == 0)
            result = take_one(relay, in, &found);
        if (result != 0)
            return result;
        if (found.count > 0)
            until = clock_steady_ms() + PATIENCE_MS;
        if (clock_steady_ms() > until)
            return RELAY_OVER;
    }
    return keep(relay, &found);
}

static int assign(struct relay *relay, struct kafka_in *in)
{
    CLEANUP(free_cleanup) struct kafka_in_place *places = memory_new(relay->place_count, sizeof *places);
    for (size_t at = 0; at < relay->place_count; at++) {
        const struct relay_place *place = &relay->places[at];
        places[at] = (struct kafka_in_place){place->topic, place->partition, place->next};
    }
    return error_forward(kafka_in_assign(in, places, relay->place_count));
}

/* The broker has nothing to wait for: the ends stand still. */
static int consumer_open(struct kafka_in **ret_in)
{
    const struct kafka_in_config config = {.name_space = service_values.name_space, .client = "relay-reread"};
    kafka_values.fetch_wait_ms = 1;
    return error_forward(kafka_in_new(&config, ret_in));
}

/* Asked once something is assigned: before that the client has no reason to connect, and takes a second to.
 */
static int check_cluster(struct relay *relay, struct kafka_in *in)
{
    char cluster[64];
    int result = kafka_in_cluster(in, cluster);
    if (result != 0)
        return result > 0 ? RELAY_OVER : error_forward(result);
    return store_cluster(relay, cluster);
}

int reread(struct relay *relay)
{
    CLEANUP(kafka_in_free_cleanup) struct kafka_in *in = NULL;
    int result = store_positions(relay);
    if (result != 0)
        return result;
    TRY(consumer_open(&in));
    TRY(assign(relay, in));
    result = check_cluster(relay, in);
    return result != 0 ? result : read_all(relay, in);
}
