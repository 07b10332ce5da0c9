/* SPDX-License-Identifier: Apache-2.0
 * Reads ranges of fact topics by a consumer without a group, all partitions at once: an aggregate's facts
 * stand on one partition, so how partitions interleave does not matter. Records are held until their flush.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "consumers/projector/refold_inside.h"
#include "shared/base/clock.h"
#include "shared/links/kafka_in.h"

enum { POLL_MS = 100, PATIENCE_MS = 60000, ENDS_MS = 15000 };

struct refold_reader {
    struct kafka_in *in;
    struct kafka_record *records[REFOLD_FACTS];
    size_t count;
};

static void records_drop(struct refold_reader *reader)
{
    for (size_t at = 0; at < reader->count; at++)
        kafka_record_free(reader->records[at]);
    reader->count = 0;
}

static void reader_free(struct refold_reader *reader)
{
    records_drop(reader);
    if (reader->in)
        kafka_in_free(reader->in);
    free(reader);
}

static int reader_open(struct refold *refold)
{
    const struct kafka_in_config config = {.name_space = refold->config.name_space, .client = "refold"};

    if (refold->reader)
        return 0;
    refold->reader = memory_new(1, sizeof(*refold->reader));
    refold->reader_free = reader_free;
    return error_forward(kafka_in_new(&config, &refold->reader->in));
}

static int away(struct refold *refold, const char *what)
{
    (void)snprintf(refold->why, sizeof(refold->why), "Kafka: %s", what);
    return REFOLD_AWAY;
}

/* --- places --- */

static bool holds_facts(const char *topic)
{
    for (const struct message_row *row = message_rows; row->type; row++)
        if (row->kind == MESSAGE_FACT && strcmp(row->topic, topic) == 0 && machine_of(row->aggregate))
            return true;
    return false;
}

size_t refold_places(struct refold_place **ret_places)
{
    struct refold_place *places = NULL;
    size_t count = 0;

    for (const struct topic_row *row = topic_rows; row->name; row++) {
        if (!holds_facts(row->name))
            continue;
        places = memory_grow(places, count + (size_t)row->partitions, sizeof(*places));
        for (int32_t partition = 0; partition < row->partitions; partition++)
            places[count++] = (struct refold_place){.topic = row->name, .partition = partition};
    }
    *ret_places = places;
    return count;
}

struct refold_place *refold_place_of(struct refold_place *places, size_t count, struct span topic,
                                     int32_t partition)
{
    for (size_t at = 0; at < count; at++)
        if (places[at].partition == partition && span_is(topic, places[at].topic))
            return &places[at];
    return NULL;
}

int refold_cluster(struct refold *refold, char ret_id[64])
{
    int result;

    TRY(reader_open(refold));
    result = kafka_in_cluster(refold->reader->in, ret_id);
    return result > 0 ? away(refold, "it does not say which cluster it is") : error_forward(result);
}

static int lost(const struct refold_place *place, int64_t start, int64_t end)
{
    return error_new(ERROR_DATA, "%s/%d holds %lld to %lld: offset %lld is not in it", place->topic,
                     (int)place->partition, (long long)start, (long long)end, (long long)place->next);
}

/* Kafka answers a commit before its marker is in every partition, so an end may lag behind what is known to
 * be published. */
static int ask_end(struct refold *refold, struct refold_place *place, int64_t until_ms, int64_t *ret_start)
{
    int64_t least = place->end;

    for (;;) {
        int result =
            kafka_in_ends(refold->reader->in, place->topic, place->partition, ret_start, &place->end);

        if (result == 0 && place->end >= least)
            return 0;
        if (result < 0 || clock_steady_ms() >= until_ms)
            return result > 0 ? away(refold, "it does not say where topics end") : error_forward(result);
        (void)poll(NULL, 0, POLL_MS);
    }
}

int refold_ends(struct refold *refold, struct refold_place *places, size_t count)
{
    int64_t until_ms = clock_steady_ms() + ENDS_MS;

    TRY(reader_open(refold));
    for (size_t at = 0; at < count; at++) {
        struct refold_place *place = &places[at];
        int64_t start = 0;
        int result = ask_end(refold, place, until_ms, &start);

        if (result != 0)
            return error_forward(result);
        if (place->next >= 0 && (place->next < start || place->next > place->end))
            return lost(place, start, place->end);
    }
    return 0;
}

/* --- reading --- */

struct reading {
    struct refold *refold;
    struct refold_place *places;
    size_t count;
    refold_progress progress;
    refold_seen seen; /* set: records are shown, and nothing is folded */
    void *self;
};

static bool done(const struct reading *reading)
{
    for (size_t at = 0; at < reading->count; at++)
        if (reading->places[at].next < reading->places[at].end)
            return false;
    return true;
}

static int assign(const struct reading *reading)
{
    CLEANUP(free_cleanup)
    struct kafka_in_place *places = memory_new(reading->count, sizeof(*places));
    size_t count = 0;

    for (size_t at = 0; at < reading->count; at++) {
        const struct refold_place *place = &reading->places[at];

        if (place->next < place->end)
            places[count++] = (struct kafka_in_place){place->topic, place->partition, place->next};
    }
    return error_forward(kafka_in_assign(reading->refold->reader->in, places, count));
}

static int flush(const struct reading *reading)
{
    int outcome = refold_flush(reading->refold);

    if (reading->refold->reader)
        records_drop(reading->refold->reader);
    if (outcome == 0 && reading->progress)
        reading->progress(reading->refold->config.self, reading->places, reading->count);
    return outcome;
}

/* The record is ours from here on. What stands past the end is somebody else's next reading. */
static int take_record(const struct reading *reading, struct kafka_record *record)
{
    struct refold_reader *reader = reading->refold->reader;
    const struct event *event = kafka_record_event(record);
    struct refold_place *place =
        refold_place_of(reading->places, reading->count, span_of(event->topic), event->partition);
    int outcome;

    if (!place || event->offset >= place->end) {
        if (place)
            place->next = place->end;
        kafka_record_free(record);
        return 0;
    }
    place->next = event->offset + 1;
    if (reading->seen) {
        reading->seen(reading->self, event);
        kafka_record_free(record);
        return 0;
    }
    reader->records[reader->count++] = record;
    if (!event->readable)
        return error_new(ERROR_DATA, "%s/%d at %lld: %s", event->topic, (int)event->partition,
                         (long long)event->offset, event->reason ? event->reason : "no event");
    outcome = refold_event(reading->refold, event);
    return outcome == 0 && reader->count == REFOLD_FACTS ? flush(reading) : outcome;
}

/* Markers of transactions take offsets: the end may lie behind the last record. */
static int take_mark(const struct reading *reading, int outcome, const struct kafka_in_place *mark)
{
    struct refold_place *place =
        refold_place_of(reading->places, reading->count, span_of(mark->topic), mark->partition);

    if (!place)
        return 0;
    if (outcome == KAFKA_LOST)
        return error_new(ERROR_DATA, "%s/%d: offset %lld is not in it", mark->topic, (int)mark->partition,
                         (long long)mark->offset);
    if (mark->offset >= place->end)
        place->next = place->end;
    return 0;
}

static int take_one(const struct reading *reading, bool *ret_moved)
{
    struct kafka_record *record = NULL;
    struct kafka_in_place mark = {0};
    int outcome = kafka_in_poll(reading->refold->reader->in, POLL_MS, &record, &mark);

    *ret_moved = outcome == 0;
    if (outcome == 0)
        return take_record(reading, record);
    if (outcome == KAFKA_EOF || outcome == KAFKA_LOST)
        return error_forward(take_mark(reading, outcome, &mark));
    return outcome < 0 ? error_forward(outcome) : 0;
}

/* Until every place is at its end. */
static int read_all(const struct reading *reading)
{
    int64_t until = clock_steady_ms() + PATIENCE_MS;
    bool moved;

    TRY(reader_open(reading->refold));
    TRY(assign(reading));
    while (!done(reading)) {
        int outcome = take_one(reading, &moved);

        if (outcome != 0)
            return error_forward(outcome);
        if (moved)
            until = clock_steady_ms() + PATIENCE_MS;
        else if (clock_steady_ms() > until)
            return away(reading->refold, "the topics end before the records that were asked for");
    }
    return 0;
}

int refold_read(struct refold *refold, struct refold_place *places, size_t count, refold_progress progress)
{
    const struct reading reading = {.refold = refold, .places = places, .count = count, .progress = progress};
    int outcome = done(&reading) ? 0 : read_all(&reading);

    return outcome == 0 ? flush(&reading) : outcome;
}

int refold_scan(struct refold *refold, struct refold_place *places, size_t count, refold_seen seen,
                void *self)
{
    const struct reading reading = {
        .refold = refold, .places = places, .count = count, .seen = seen, .self = self};

    return done(&reading) ? 0 : read_all(&reading);
}
