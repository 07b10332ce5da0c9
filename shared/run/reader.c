/* SPDX-License-Identifier: Apache-2.0
 * The loop of a reader: takes what is there right now as a batch, drives it through reader_batch.c, and turns
 * its outcome into what happens next. Latency first: a batch never waits to be filled. Whatever waits, waits
 * polling, so that the group keeps us; partitions that are taken meanwhile take their batch with them. */
#include "shared/run/reader.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/cleanup.h"
#include "shared/base/clock.h"
#include "shared/base/crypto.h"
#include "shared/base/log.h"
#include "shared/base/metric.h"
#include "shared/run/reader_batch.h"
#include "shared/run/reader_keep.h"
#include "shared/run/reader_places.h"
#include "shared/run/service.h"

enum {
    POLL_MS = 100,    /* longest in one poll: SIGTERM is seen between two */
    JOIN_MS = 10,     /* and while the group shares out: who has partitions says ready between two */
    IDLE_MS = 200,    /* between two calls of idle */
    REST_MS = 1000,   /* nothing has come for so long: a load is over */
    MARKERS_MS = 250, /* a position past commit markers waits this long for a batch to travel with */
    BACKOFF_MS = 50,  /* first wait of a RETRY, doubled each time */
    BACKOFF_MAX_MS = 2000,
    AWAY_RETRIES = 3, /* a RETRY or two is a conflict, not an absence */
    CHECK_MS = 2000,
    CHECK_AGAIN_MS = 500,
    APART_MS = 10000, /* a group shares out anew within it, or keeps us out */
};

static struct {
    int64_t batch_count, batch_bytes, batch_ms, reject_rate, reject_row;
} values;

const struct setting reader_settings[] = {
    {"reader_batch_count", SETTING_INTEGER, "1000", 1, 10000, .help = "events in a batch at most",
     .target = &values.batch_count},
    {"reader_batch_bytes", SETTING_INTEGER, "4000000", 1, 64000000, .help = "bytes in a batch at most",
     .target = &values.batch_bytes},
    {"reader_batch_ms", SETTING_INTEGER, "20", 1, 10000, .help = "a batch is gathered no longer than this",
     .target = &values.batch_ms},
    {"reader_reject_rate", SETTING_INTEGER, "300", 0, 1000000,
     .help = "rejects a minute; beyond, the reader stops: more than one event is wrong",
     .target = &values.reject_rate},
    {"reader_reject_row", SETTING_INTEGER, "10", 0, READER_ROW_MOST,
     .help =
         "so many events of different keys fail in a row, none stored between: the reader stops; 0: never",
     .target = &values.reject_row},
    {0},
};

static struct metric events_total = {
    .name = "colis_reader_events_total", .help = "Events stored, or seen before.", .kind = METRIC_COUNTER};
static struct metric batch_seconds = {
    .name = "colis_reader_batch_seconds", .help = "From begin to committed.", .kind = METRIC_HISTOGRAM};
static struct metric late_seconds = {.name = "colis_reader_late_seconds",
                                     .help =
                                         "From the broker's clock to committed, of a batch's first event.",
                                     .kind = METRIC_HISTOGRAM};
static struct metric oldest_seconds = {.name = "colis_reader_oldest_seconds",
                                       .help =
                                           "When the broker stored the first record that was read and is not "
                                           "committed, since 1970; 0: there is none.",
                                       .kind = METRIC_GAUGE};
static struct metric retries_total = {
    .name = "colis_reader_retries_total", .help = "Batches tried again.", .kind = METRIC_COUNTER};
static struct metric moved_total = {.name = "colis_reader_moved_total",
                                    .help = "Batches dropped: the store's position was another.",
                                    .kind = METRIC_COUNTER};
static struct metric stopped_partitions = {.name = "colis_reader_stopped_partitions",
                                           .help = "Partitions of ours that nothing is read from.",
                                           .kind = METRIC_GAUGE};
static struct metric *const metrics[] = {&events_total,  &batch_seconds, &late_seconds,       &oldest_seconds,
                                         &retries_total, &moved_total,   &stopped_partitions, NULL};

static atomic_bool doubted;

void reader_doubt(void)
{
    atomic_store(&doubted, true);
}

struct reading {
    const struct reader *reader;
    struct reader_places places;
    struct kafka_record **records; /* gathered, in the order read */
    struct event *events;          /* theirs, side by side as begin takes them */
    size_t count, bytes;
    uint64_t generation; /* grows when partitions, and what was gathered of them, are gone */
    struct reader_breaker breaker;
    bool broken;                      /* the breaker is open */
    bool paused;                      /* a batch is in hand longer than a poll may wait */
    int retries, idle_retries, moves; /* in a row */
    int64_t idle_ms, moved_ms;        /* newest idle; newest record or end of a partition */
    int64_t worked_ms;                /* end of the newest batch since the newest rest; 0: none */
};

static bool waits_for_partitions(const struct reader_places *places)
{
    return !places->assigned || (places->taken_ms > 0 && clock_steady_ms() - places->taken_ms >= APART_MS);
}

static void beat(struct reading *reading)
{
    const struct reader_places *places = &reading->places;
    int64_t stopped = reader_places_stopped(places);
    const char *why = NULL;
    if (reading->broken)
        why = "too many events were rejected";
    else if (waits_for_partitions(places))
        why = "waits for its partitions";
    else if (kafka_in_away(places->in))
        why = "no broker answers";
    else if (kafka_in_damaged(places->in))
        why = "what the broker sends is damaged";
    else if (places->wrong_cluster)
        why = "the store knows another cluster";
    else if (places->unplaced || reading->retries >= AWAY_RETRIES || reading->idle_retries >= AWAY_RETRIES)
        why = "the store is away";
    else if (stopped > 0)
        why = "a partition is stopped";
    metric_set(&stopped_partitions, stopped);
    service_ready(!why, why);
    service_beat();
}

static void drop_gathered(struct reading *reading)
{
    for (size_t at = 0; at < reading->count; at++)
        kafka_record_free(reading->records[at]);
    reading->count = reading->bytes = 0;
    metric_set(&oldest_seconds, 0);
}

/* One poll. 0 with *ret_record or without; what is no record is dealt with here. */
static int poll_once(struct reading *reading, int timeout_ms, struct kafka_record **ret_record)
{
    struct kafka_in_place seen;
    *ret_record = NULL;
    int outcome = kafka_in_poll(reading->places.in, timeout_ms, ret_record, &seen);
    if (reading->places.taken) {
        drop_gathered(reading); /* read for an assignment that is over */
        reading->generation++;
        reading->places.taken = false;
    }
    if (outcome < 0)
        return error_forward(outcome);
    if (outcome == KAFKA_LOST)
        return error_forward(reader_places_lost(&reading->places, &seen));
    if (outcome == KAFKA_EOF) {
        struct reader_place *place = reader_places_find(&reading->places, seen.topic, seen.partition);
        if (place && seen.offset > place->at.next) {
            place->at.next = seen.offset;
            reading->moved_ms = clock_steady_ms();
        }
    }
    return outcome == KAFKA_NOTHING ? READER_SKIP : 0;
}

static void keep(struct reading *reading, struct kafka_record *record)
{
    const struct event *event = kafka_record_event(record);
    struct reader_place *place = reader_places_find(&reading->places, event->topic, event->partition);
    if (!place) {
        kafka_record_free(record);
        return;
    }
    if (reading->count == 0)
        metric_set(&oldest_seconds, event->stored_ms / 1000);
    place->at.next = event->offset + 1;
    if (event->stored_ms > reading->places.newest_ms)
        reading->places.newest_ms = event->stored_ms;
    reading->records[reading->count] = record;
    reading->events[reading->count] = *event;
    reading->bytes += kafka_record_bytes(record);
    reading->count++;
    reading->moved_ms = clock_steady_ms();
}

static bool full(const struct reading *reading)
{
    return reading->count >= (size_t)values.batch_count || reading->bytes >= (size_t)values.batch_bytes;
}

/* Waits for the first, then takes what is there already. */
static int gather(struct reading *reading)
{
    struct kafka_record *record;
    int outcome = poll_once(reading, reading->places.assigned ? POLL_MS : JOIN_MS, &record);
    int64_t until = clock_steady_ms() + values.batch_ms;
    while (outcome == 0) {
        if (record)
            keep(reading, record);
        if (full(reading) || clock_steady_ms() > until)
            return 0;
        outcome = poll_once(reading, 0, &record);
    }
    return outcome < 0 ? error_forward(outcome) : 0;
}

/* 50 ms, 100, 200 ... 2 s, each shortened at random by up to a half: many readers of one store spread out. */
static int64_t backoff_ms(int retries)
{
    uint16_t random;
    crypto_random(&random, sizeof random);
    int64_t most = retries > 6 ? BACKOFF_MAX_MS : BACKOFF_MS << (retries > 1 ? retries - 1 : 0);
    if (most > BACKOFF_MAX_MS)
        most = BACKOFF_MAX_MS;
    return most - most * random / (2 * 65536);
}

/* The partitions are paused, so a record here was on its way before: it is asked for again. */
static int put_back(struct reading *reading, struct kafka_record *record)
{
    const struct event *event = kafka_record_event(record);
    const struct kafka_in_place back = {
        .topic = event->topic, .partition = event->partition, .offset = event->offset};
    int result = kafka_in_seek(reading->places.in, &back);
    kafka_record_free(record);
    return error_forward(result);
}

/* Polls for so long, once at least. What was gathered is gone afterwards where its partitions are. */
static int stay(struct reading *reading, int64_t wait_ms)
{
    struct kafka_record *record;
    int64_t until = clock_steady_ms() + wait_ms, left = wait_ms;
    reading->paused = true;
    TRY(kafka_in_pause(reading->places.in, true));
    do {
        int outcome = poll_once(reading, (int)(left < POLL_MS ? left : POLL_MS), &record);
        if (outcome < 0)
            return error_forward(outcome);
        if (record)
            TRY(put_back(reading, record));
        beat(reading);
        left = until - clock_steady_ms();
    } while (left > 0 && !service_stopping());
    return 0;
}

/* One wait before the next try. */
static int wait_for_store(struct reading *reading)
{
    reading->retries++;
    return error_forward(stay(reading, backoff_ms(reading->retries)));
}

static int go_on(struct reading *reading)
{
    if (!reading->paused)
        return 0;
    reading->paused = false;
    reading->retries = 0;
    return error_forward(kafka_in_pause(reading->places.in, false));
}

/* The store says where to begin; until it does, nothing is read. */
static int settle(struct reading *reading)
{
    drop_gathered(reading);
    int outcome = reader_places_settle(&reading->places);
    while (outcome == READER_RETRY && !service_stopping()) {
        log_seldom(LOG_LEVEL_WARN, "the store does not say where to begin", .err = reader_reason());
        TRY(wait_for_store(reading));
        outcome = reader_places_settle(&reading->places);
    }
    return outcome < 0 ? error_forward(outcome) : error_forward(go_on(reading));
}

static int on_stop(void *owner, const struct event *event, const char *reason)
{
    struct reading *reading = owner;
    struct reader_place *place = reader_places_find(&reading->places, event->topic, event->partition);
    log_with(LOG_LEVEL_ERROR, "partition stopped", .event = event->id.text, .topic = event->topic,
             .partition = event->partition, .offset = event->offset, .err = reason);
    if (!place)
        return 0;
    place->at.next = place->at.from; /* the batch in hand knows how far it goes; none after it moves it */
    return error_forward(reader_places_stop(&reading->places, place));
}

static bool moves(const struct reader_place *place)
{
    return place->at.next > place->at.from;
}

/* Positions that move, as the batch takes them. A partition that was lost behind records of it is stopped,
 * yet these were read: they go where they would have gone a moment earlier. */
static size_t moving(const struct reading *reading, struct reader_position *positions)
{
    size_t count = 0;
    for (size_t at = 0; at < reading->places.count; at++) {
        const struct reader_place *place = &reading->places.rows[at];
        if (moves(place))
            positions[count++] = place->at;
    }
    return count;
}

static void stored(struct reading *reading, const struct reader_batch *batch, int64_t began_ms)
{
    for (size_t at = 0; at < batch->position_count; at++) {
        const struct reader_position *position = &batch->positions[at];
        reader_places_find(&reading->places, position->topic, position->partition)->at.from = position->next;
    }
    metric_add(&events_total, (int64_t)reading->count);
    metric_observe_us(&batch_seconds, (clock_steady_ms() - began_ms) * 1000);
    if (reading->count > 0)
        metric_observe_us(&late_seconds, (clock_wall_ms() - reading->events[0].stored_ms) * 1000);
}

/* What an outcome of a batch means for the loop. */
static int finish(struct reading *reading, const struct reader_batch *batch, int outcome, int64_t began_ms)
{
    switch (outcome) {
    case READER_DONE:
        stored(reading, batch, began_ms);
        drop_gathered(reading);
        reading->moves = 0;
        return error_forward(go_on(reading));
    case READER_MOVED:
        metric_add(&moved_total, 1);
        log_seldom(LOG_LEVEL_WARN, "the store is at another position", .err = reader_reason());
        if (++reading->moves > 2) /* two owners would chase each other */
            TRY(wait_for_store(reading));
        return error_forward(settle(reading));
    case READER_FAILED:
        log_with(LOG_LEVEL_ERROR, "too many events were rejected: stopped", .err = reader_reason());
        reading->broken = true;
        return 0;
    default: /* RETRY or SPLIT, and the program ends: the next one begins where the store is */
        return 0;
    }
}

static int try_later(struct reading *reading)
{
    metric_add(&retries_total, 1);
    log_seldom(LOG_LEVEL_WARN, "batch is tried again", .err = reader_reason());
    return error_forward(wait_for_store(reading));
}

static int process(struct reading *reading)
{
    CLEANUP(free_cleanup)
    struct reader_position *positions = memory_new(reading->places.count + 1, sizeof *positions);
    struct reader_batch batch = {.verbs = reading->reader->verbs,
                                 .self = reading->reader->self,
                                 .events = reading->events,
                                 .count = reading->count,
                                 .positions = positions,
                                 .position_count = moving(reading, positions),
                                 .breaker = &reading->breaker,
                                 .stop = on_stop,
                                 .owner = reading};
    uint64_t generation = reading->generation;
    int64_t began_ms = clock_steady_ms();
    int outcome = reader_batch_run(&batch);
    while ((outcome == READER_RETRY || outcome == READER_SPLIT) && !service_stopping()) {
        TRY(outcome == READER_SPLIT ? stay(reading, 0) : try_later(reading));
        if (reading->generation != generation)
            return error_forward(go_on(reading));
        outcome = reader_batch_run(&batch);
    }
    return outcome < 0 ? error_forward(outcome) : error_forward(finish(reading, &batch, outcome, began_ms));
}

/* Positions that only pass commit markers travel with the next batch, or alone once nothing comes. */
static bool due(const struct reading *reading)
{
    if (reading->count > 0)
        return true;
    if (clock_steady_ms() - reading->moved_ms < MARKERS_MS)
        return false;
    for (size_t at = 0; at < reading->places.count; at++) {
        if (moves(&reading->places.rows[at]))
            return true;
    }
    return false;
}

static int idle(struct reading *reading)
{
    const struct reader *reader = reading->reader;
    int64_t now = clock_steady_ms();
    if (!reader->verbs->idle || !reading->places.assigned || now - reading->idle_ms < IDLE_MS)
        return 0;
    reading->idle_ms = now;
    int outcome = reader->verbs->idle(reader->self);
    if (outcome < 0)
        return error_forward(outcome);
    if (outcome == READER_MOVED)
        return error_forward(settle(reading));
    bool away = outcome != READER_DONE && outcome != READER_SKIP;
    reading->idle_retries = away ? reading->idle_retries + 1 : 0;
    if (away)
        log_seldom(LOG_LEVEL_WARN, "work between batches failed", .err = reader_reason());
    return 0;
}

static void rest(struct reading *reading)
{
    const struct reader *reader = reading->reader;
    int64_t quiet_since_ms = reading->moved_ms > reading->worked_ms ? reading->moved_ms : reading->worked_ms;
    if (reading->worked_ms == 0 || clock_steady_ms() - quiet_since_ms < REST_MS)
        return;
    reading->worked_ms = 0;
    if (reader->verbs->rest)
        reader->verbs->rest(reader->self);
    memory_return();
}

static int turn(struct reading *reading)
{
    beat(reading);
    TRY(gather(reading));
    if (atomic_exchange(&doubted, false) || reading->places.unplaced)
        TRY(settle(reading));
    if (due(reading)) {
        TRY(process(reading));
        reading->worked_ms = clock_steady_ms();
    }
    if (!reading->broken)
        TRY(idle(reading));
    rest(reading);
    return error_forward(reader_keep(&reading->places, reading->reader->keep_ms));
}

/* Until the program is told to end, or ms are over. */
static void sleep_beating(struct reading *reading, int ms)
{
    struct pollfd stop = {.fd = service_stop_descriptor(), .events = POLLIN};
    beat(reading);
    (void)poll(&stop, 1, ms);
}

/* No broker yet is waited for, wrong topics are not: somebody must mend them first. */
static int check_topics(struct reading *reading)
{
    const struct reader *reader = reading->reader;
    int outcome = kafka_check_topics(service_values.name_space, reader->topics, CHECK_MS);
    while (outcome == KAFKA_AWAY && !service_stopping()) {
        log_seldom(LOG_LEVEL_WARN, "kafka: no broker answers", .err = reader->name);
        sleep_beating(reading, CHECK_AGAIN_MS);
        outcome = kafka_check_topics(service_values.name_space, reader->topics, CHECK_MS);
    }
    return outcome < 0 ? error_forward(outcome) : 0;
}

static int read_on(struct reading *reading)
{
    char group[128];
    snprintf(group, sizeof group, "%s.%s", service_values.name_space, reading->reader->name);
    const struct kafka_in_config config = {.name_space = service_values.name_space,
                                           .client = group,
                                           .group = group,
                                           .instance = service_values.instance,
                                           .topics = reading->reader->topics,
                                           .given = reader_places_given,
                                           .taken = reader_places_taken,
                                           .self = &reading->places};
    TRY(kafka_in_new(&config, &reading->places.in)); /* joins the group beside the check */
    TRY(check_topics(reading));
    while (!service_stopping() && !reading->broken)
        TRY(turn(reading));
    return 0;
}

static void leave(struct reading *reading)
{
    drop_gathered(reading);
    kafka_in_free(take(reading->places.in));
    reader_places_done(&reading->places);
}

int reader_run(const struct reader *reader)
{
    for (size_t at = 0; metrics[at]; at++)
        metric_register(metrics[at]);
    size_t most = (size_t)values.batch_count;
    CLEANUP(free_cleanup) struct kafka_record **records = memory_new(most, sizeof *records);
    CLEANUP(free_cleanup) struct event *events = memory_new(most, sizeof *events);
    struct reading reading = {.reader = reader,
                              .records = records,
                              .events = events,
                              .places = {.reader = reader},
                              .breaker = {.limit = values.reject_rate, .row_limit = values.reject_row}};
    int result = read_on(&reading);
    leave(&reading);
    while (result == 0 && reading.broken && !service_stopping())
        sleep_beating(&reading, POLL_MS);
    return error_forward(result);
}
