/* SPDX-License-Identifier: Apache-2.0
 * Reads by a consumer of its own, assigned by hand, that lives as long as the reading. Ends may move while it
 * reads, where a relay is at work: it reads to the end it comes to. It never writes and never decides. */
#include "shared/run/ahead.h"

#include <string.h>

#include "schemas/tables.h"
#include "shared/base/cleanup.h"
#include "shared/base/clock.h"
#include "shared/links/kafka_in.h"
#include "shared/run/service.h"

enum { SLICE_MS = 200 };

DEFINE_CLEANUP(struct kafka_in, kafka_in_free)

/* Commands have other writers, and readers write their own dead letters; the projector's go through the
 * outbox. */
static bool is_relayed(const char *topic)
{
    return strcmp(topic, "commands") != 0 &&
           (strncmp(topic, "dead.", 5) != 0 || strcmp(topic, "dead.projector") == 0);
}

struct ahead_place *ahead_places(size_t *ret_count)
{
    struct ahead_place *places = NULL;
    size_t count = 0;
    for (const struct topic_row *row = topic_rows; row->name; row++) {
        if (!is_relayed(row->name))
            continue;
        places = memory_grow(places, count + (size_t)row->partitions, sizeof *places);
        for (int32_t at = 0; at < row->partitions; at++)
            places[count++] = (struct ahead_place){
                .topic = row->name, .partition = at, .for_ever = row->retention_ms < 0, .next = -1};
    }
    *ret_count = count;
    return places;
}

struct ahead_place *ahead_find(struct ahead_place *places, size_t count, struct span topic, int32_t partition)
{
    for (size_t at = 0; at < count; at++) {
        if (places[at].partition == partition && span_is(topic, places[at].topic))
            return &places[at];
    }
    return NULL;
}

void ahead_known(struct ahead_place *places, size_t count, const struct postgres_rows *rows)
{
    for (int row = 0; row < rows->count; row++) {
        struct ahead_place *place =
            ahead_find(places, count, postgres_text(rows, row, 0), (int32_t)postgres_integer(rows, row, 1));
        if (place)
            place->next = postgres_integer(rows, row, 2);
    }
}

static struct ahead_place *place_of(struct ahead *ahead, const char *topic, int32_t partition)
{
    return ahead_find(ahead->places, ahead->count, span_of(topic), partition);
}

static int take_record(struct ahead *ahead, const struct event *event)
{
    struct ahead_place *place = place_of(ahead, event->topic, event->partition);
    if (!place || event->offset < place->next)
        return 0;
    place->next = event->offset + 1;
    place->moved = true;
    return ahead->record(ahead->self, place, event);
}

static void take_end(struct ahead *ahead, const struct kafka_in_place *end)
{
    struct ahead_place *place = place_of(ahead, end->topic, end->partition);
    if (!place)
        return;
    place->ended = true;
    /* Markers of transactions take offsets: the end lies behind the last record. */
    place->moved = place->moved || place->next != end->offset;
    place->next = end->offset;
}

/* The position is outside its log. A topic that forgets may have forgotten what we knew; else records are
 * gone. */
static int take_gone(struct ahead *ahead, struct kafka_in *in, const struct kafka_in_place *at)
{
    struct ahead_place *place = place_of(ahead, at->topic, at->partition);
    int64_t start = 0, end = 0;
    if (!place)
        return error_new(ERROR_BUG, "a place nobody asked for: %s/%d", at->topic, (int)at->partition);
    int result = kafka_in_ends(in, at->topic, at->partition, &start, &end);
    if (result != 0)
        return result > 0 ? AHEAD_OVER : error_forward(result);
    if (!place->for_ever && place->next < start) {
        place->next = start;
        const struct kafka_in_place to = {place->topic, place->partition, start};
        return kafka_in_seek(in, &to) == 0 ? 0 : AHEAD_OVER;
    }
    place->ended = true;
    return ahead->gone(ahead->self, place);
}

static int take_one(struct ahead *ahead, struct kafka_in *in)
{
    struct kafka_record *record = NULL;
    struct kafka_in_place place = {0};
    int outcome = kafka_in_poll(in, SLICE_MS, &record, &place);
    if (outcome == 0) {
        int result = take_record(ahead, kafka_record_event(record));
        kafka_record_free(record);
        return result;
    }
    if (outcome == KAFKA_EOF)
        take_end(ahead, &place);
    if (outcome == KAFKA_LOST)
        return take_gone(ahead, in, &place);
    return outcome < 0 ? error_forward(outcome) : 0;
}

static bool all_ended(const struct ahead *ahead)
{
    for (size_t at = 0; at < ahead->count; at++) {
        if (!ahead->places[at].ended)
            return false;
    }
    return true;
}

/* How far it has come, as one number that grows. */
static int64_t progress(const struct ahead *ahead)
{
    int64_t sum = 0;
    for (size_t at = 0; at < ahead->count; at++)
        sum += ahead->places[at].next + ahead->places[at].ended;
    return sum;
}

static int read_all(struct ahead *ahead, struct kafka_in *in)
{
    int64_t until = clock_steady_ms() + ahead->patience_ms;
    while (!all_ended(ahead)) {
        int64_t before = progress(ahead);
        int result = ahead->pulse ? ahead->pulse(ahead->self) : 0;
        if (result == 0)
            result = take_one(ahead, in);
        if (result != 0)
            return result;
        if (progress(ahead) != before)
            until = clock_steady_ms() + ahead->patience_ms;
        if (clock_steady_ms() > until)
            return AHEAD_OVER;
    }
    return 0;
}

static int assign(struct ahead *ahead, struct kafka_in *in)
{
    CLEANUP(free_cleanup) struct kafka_in_place *places = memory_new(ahead->count, sizeof *places);
    for (size_t at = 0; at < ahead->count; at++) {
        struct ahead_place *place = &ahead->places[at];
        place->moved = place->ended = false;
        places[at] = (struct kafka_in_place){place->topic, place->partition, place->next};
    }
    return error_forward(kafka_in_assign(in, places, ahead->count));
}

/* Asked once something is assigned: before that the client has no reason to connect, and takes a second to.
 */
static int check_cluster(struct ahead *ahead, struct kafka_in *in)
{
    char id[64];
    if (!ahead->cluster)
        return 0;
    int result = kafka_in_cluster(in, id);
    if (result != 0)
        return result > 0 ? AHEAD_OVER : error_forward(result);
    return ahead->cluster(ahead->self, id);
}

/* The broker has nothing to wait for. */
int ahead_read(struct ahead *ahead)
{
    CLEANUP(kafka_in_free_cleanup) struct kafka_in *in = NULL;
    const struct kafka_in_config config = {
        .name_space = service_values.name_space, .client = ahead->client, .fetch_wait_ms = 1};
    TRY(kafka_in_new(&config, &in));
    TRY(assign(ahead, in));
    int result = check_cluster(ahead, in);
    return result != 0 ? result : read_all(ahead, in);
}
