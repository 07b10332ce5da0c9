/* SPDX-License-Identifier: Apache-2.0
 * Where a reader begins is what its store says, nothing else: neither the group nor what was read before
 * counts. A store that is away at that moment leaves the partitions ours, but held. */
#include "shared/run/reader_places.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/base/cleanup.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"

struct reader_place *reader_places_find(struct reader_places *places, const char *topic, int32_t partition)
{
    for (size_t at = 0; at < places->count; at++) {
        struct reader_place *place = &places->rows[at];
        if (place->at.partition == partition && strcmp(place->at.topic, topic) == 0)
            return place;
    }
    return NULL;
}

int64_t reader_places_stopped(const struct reader_places *places)
{
    int64_t stopped = 0;
    for (size_t at = 0; at < places->count; at++)
        stopped += places->rows[at].stopped;
    return stopped;
}

void reader_places_done(struct reader_places *places)
{
    free(places->rows);
    places->rows = NULL;
    places->count = 0;
}

/* A copy of the positions, as the verbs take them. */
static struct reader_position *positions_of(const struct reader_places *places)
{
    struct reader_position *positions = memory_new(places->count + 1, sizeof *positions);
    for (size_t at = 0; at < places->count; at++)
        positions[at] = places->rows[at].at;
    return positions;
}

static int ask_positions(struct reader_places *places)
{
    CLEANUP(free_cleanup) struct reader_position *asked = positions_of(places);
    for (size_t at = 0; at < places->count; at++)
        asked[at].next = -1;
    int outcome = READER_DONE;
    if (places->count > 0)
        outcome = places->reader->verbs->positions(places->reader->self, asked, places->count);
    if (outcome < 0)
        return error_forward(outcome);
    if (outcome != READER_DONE)
        return READER_RETRY;
    for (size_t at = 0; at < places->count; at++)
        places->rows[at].at.from = places->rows[at].at.next = asked[at].next;
    return READER_DONE;
}

/* A store filled from another cluster would skip or repeat, by offsets that mean nothing here. */
static int ask_cluster(struct reader_places *places)
{
    char id[64];
    const struct reader *reader = places->reader;
    places->wrong_cluster = false;
    if (!reader->verbs->cluster)
        return READER_DONE;
    int outcome = kafka_in_cluster(places->in, id);
    if (outcome != 0)
        return outcome < 0 ? error_forward(outcome) : READER_RETRY;
    outcome = reader->verbs->cluster(reader->self, id);
    if (outcome == READER_REJECT) { /* FAILED says nothing of the cluster: asked again, as RETRY */
        places->wrong_cluster = true;
        log_with(LOG_LEVEL_ERROR, "the store knows another cluster: nothing is read", .err = id);
        return READER_DONE;
    }
    if (outcome < 0)
        return error_forward(outcome);
    return outcome == READER_DONE || outcome == READER_SKIP ? READER_DONE : READER_RETRY;
}

static int ask_store(struct reader_places *places)
{
    int outcome = ask_cluster(places);
    if (outcome == READER_DONE && !places->wrong_cluster)
        outcome = ask_positions(places);
    places->unplaced = outcome != READER_DONE;
    return outcome < 0 ? error_forward(outcome) : outcome;
}

static int64_t begin_at(const struct reader_places *places, const struct reader_place *place)
{
    bool held = places->unplaced || places->wrong_cluster || place->stopped;
    return held ? KAFKA_HELD : place->at.next;
}

static int seek(struct reader_places *places, const struct reader_place *place)
{
    const struct kafka_in_place to = {
        .topic = place->at.topic, .partition = place->at.partition, .offset = begin_at(places, place)};
    return error_forward(kafka_in_seek(places->in, &to));
}

int reader_places_given(void *self, struct kafka_in_place *given, size_t count)
{
    struct reader_places *places = self;
    reader_places_done(places);
    places->rows = memory_new(count + 1, sizeof *places->rows);
    places->count = count;
    places->assigned = true;
    places->taken_ms = 0;
    for (size_t at = 0; at < count; at++)
        places->rows[at].at = (struct reader_position){given[at].topic, given[at].partition, -1, -1};
    int outcome = ask_store(places);
    if (outcome < 0)
        return error_forward(outcome);
    for (size_t at = 0; at < count; at++)
        given[at].offset = begin_at(places, &places->rows[at]);
    char text[64];
    snprintf(text, sizeof text, "%zu partitions given", count);
    log_plain(LOG_LEVEL_INFO, text);
    return 0;
}

void reader_places_taken(void *self, const struct kafka_in_place *gone, size_t count)
{
    struct reader_places *places = self;
    (void)gone;
    (void)count; /* the assignor takes all of them, always */
    CLEANUP(free_cleanup) struct reader_position *positions = positions_of(places);
    const struct reader *reader = places->reader;
    if (reader->verbs->revoked)
        reader->verbs->revoked(reader->self, positions, places->count);
    places->count = 0;
    places->taken = true;
    places->taken_ms = clock_steady_ms();
    places->unplaced = places->wrong_cluster = false;
    log_plain(LOG_LEVEL_INFO, "partitions taken");
}

int reader_places_settle(struct reader_places *places)
{
    int outcome = ask_store(places);
    for (size_t at = 0; at < places->count && outcome >= 0; at++)
        TRY(seek(places, &places->rows[at]));
    return outcome < 0 ? error_forward(outcome) : outcome;
}

int reader_places_stop(struct reader_places *places, struct reader_place *place)
{
    place->stopped = true;
    return seek(places, place);
}

/* Between the end and the position, or the position and the start: that many this reader will never see,
 * unless somebody brings them back. Going on by itself would hide it. */
int reader_places_lost(struct reader_places *places, const struct kafka_in_place *lost)
{
    struct reader_place *place = reader_places_find(places, lost->topic, lost->partition);
    if (!place)
        return 0;
    char text[160] = "the position is not in the log";
    int64_t start, end;
    int outcome = kafka_in_ends(places->in, lost->topic, lost->partition, &start, &end);
    if (outcome < 0)
        return error_forward(outcome);
    if (outcome == 0 && lost->offset < start)
        snprintf(text, sizeof text, "the log begins at %" PRId64 ": %" PRId64 " records are missing", start,
                 start - lost->offset);
    else if (outcome == 0 && lost->offset > end)
        snprintf(text, sizeof text, "the log ends at %" PRId64 ": %" PRId64 " records are missing", end,
                 lost->offset - end);
    log_with(LOG_LEVEL_ERROR, "partition stopped", .topic = lost->topic, .partition = lost->partition,
             .offset = lost->offset, .err = text);
    return reader_places_stop(places, place);
}
