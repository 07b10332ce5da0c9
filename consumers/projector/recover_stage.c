/* SPDX-License-Identifier: Apache-2.0
 * Where a recovery begins: alone, and with every record past relay_position as a row. What was published may
 * have been acted on: that is noted before anything is brought back, since others go on as soon as it is. */
#include <poll.h>
#include <string.h>

#include "consumers/projector/recover.h"
#include "shared/run/service.h"

enum { LOCK_TRIES = 100, LOCK_WAIT_MS = 100, CHUNK = 500, PATIENCE_MS = 30000, STAGED = 13 };

static const enum postgres_type staged_types[STAGED] = {
    POSTGRES_UUID, POSTGRES_UUID, POSTGRES_TEXT, POSTGRES_INT4, POSTGRES_INT8, POSTGRES_TEXT, POSTGRES_UUID,
    POSTGRES_INT8, POSTGRES_TEXT, POSTGRES_TEXT, POSTGRES_TEXT, POSTGRES_INT4, POSTGRES_INT8};

static int try_lock(struct recover *recover, bool *ret_taken)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    const struct postgres_value class = {.type = POSTGRES_INT4, .integer = PAST_RECOVERY};
    int outcome = recover_ask(recover, "recover_lock", &class, 1, &rows);

    *ret_taken = outcome == 0 && postgres_integer(&rows, 0, 0) != 0;
    return outcome;
}

/* The session of one that was killed ends a moment after it. */
int recover_lock(struct recover *recover)
{
    struct pollfd stop = {.fd = service_stop_descriptor(), .events = POLLIN};
    int outcome = recover_postgres(recover, postgres_ready(recover->store.link));
    bool taken = false;

    for (int tries = 0; outcome == 0 && !taken && tries < LOCK_TRIES; tries++) {
        outcome = try_lock(recover, &taken);
        if (outcome == 0 && !taken)
            (void)poll(&stop, 1, LOCK_WAIT_MS);
    }
    if (outcome == 0 && !taken)
        return recover_away(recover, "another recovery of this namespace is running");
    return outcome;
}

/* --- from the topics --- */

struct staging {
    struct recover *recover;
    struct postgres_array columns[STAGED];
};

static void staging_start(struct staging *staging)
{
    for (int at = 0; at < STAGED; at++)
        postgres_array_start(&staging->columns[at], staged_types[at]);
}

static void staging_done(struct staging *staging)
{
    for (int at = 0; at < STAGED; at++)
        postgres_array_done(&staging->columns[at]);
}

static int staging_write(struct staging *staging)
{
    struct postgres_value values[STAGED];
    int outcome;

    if (staging->columns[0].count == 0)
        return 0;
    for (int at = 0; at < STAGED; at++)
        values[at] = (struct postgres_value){.type = staged_types[at], .array = &staging->columns[at]};
    outcome = recover_ask(staging->recover, "recover_stage", values, STAGED, NULL);
    staging_start(staging);
    return outcome;
}

/* A notice says which command it is about, where it stands. */
static void add_notice_place(struct postgres_array *columns, const struct event *event)
{
    struct command_parked_v1 notice;

    if (strcmp(event->type, command_parked_v1_schema.name) == 0 &&
        codec_decode(&command_parked_v1_schema, event->data, &notice, NULL) == 0) {
        postgres_array_integer(&columns[11], notice.partition);
        postgres_array_integer(&columns[12], notice.offset);
    } else {
        postgres_array_null(&columns[11]);
        postgres_array_null(&columns[12]);
    }
}

static int take_record(void *self, struct ahead_place *place, const struct event *event)
{
    struct staging *staging = self;
    struct postgres_array *columns = staging->columns;
    struct id subject;
    char kind[24];

    if (id_none(&event->id) || event_subject_parse(span_of(event->subject), kind, &subject) != 0)
        return error_new(ERROR_DATA, "%s/%d at %lld is no fact", place->topic, (int)place->partition,
                         (long long)event->offset);
    postgres_array_text(&columns[0], span_of(event->id.text));
    postgres_array_id(&columns[1], &event->causation);
    postgres_array_text(&columns[2], span_of(place->topic));
    postgres_array_integer(&columns[3], place->partition);
    postgres_array_integer(&columns[4], event->offset);
    postgres_array_text(&columns[5], span_of(kind));
    postgres_array_text(&columns[6], span_of(subject.text));
    postgres_array_integer(&columns[7], event->sequence);
    postgres_array_text(&columns[8], span_of(event->key));
    postgres_array_text(&columns[9], event->raw_headers);
    postgres_array_text(&columns[10], event->data);
    add_notice_place(columns, event);
    return columns[0].count == CHUNK ? staging_write(staging) : 0;
}

static int take_gone(void *self, struct ahead_place *place)
{
    (void)self;
    return error_new(ERROR_DATA, "%s/%d does not hold %lld: Kafka lost facts, too", place->topic,
                     (int)place->partition, (long long)place->next);
}

static int places_known(struct recover *recover)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    int outcome = recover_ask(recover, "recover_relayed", NULL, 0, &rows);

    ahead_known(recover->places, recover->place_count, &rows);
    return outcome;
}

static int read_topics(struct recover *recover)
{
    CLEANUP(staging_done) struct staging staging = {.recover = recover};
    struct ahead ahead = {.places = recover->places,
                          .count = recover->place_count,
                          .client = "recover",
                          .patience_ms = PATIENCE_MS,
                          .record = take_record,
                          .gone = take_gone,
                          .self = &staging};
    int outcome = places_known(recover);

    staging_start(&staging);
    if (outcome == 0)
        outcome = ahead_read(&ahead);
    if (outcome > 0 && !recover->why)
        outcome = recover_away(recover, "Kafka did not answer");
    return outcome == 0 ? staging_write(&staging) : outcome;
}

void recover_send_ends(struct recover *recover, const char *statement)
{
    CLEANUP(postgres_array_done) struct postgres_array topics = {0};
    CLEANUP(postgres_array_done) struct postgres_array partitions = {0};
    CLEANUP(postgres_array_done) struct postgres_array nexts = {0};
    const struct postgres_value values[] = {{.type = POSTGRES_TEXT, .array = &topics},
                                            {.type = POSTGRES_INT4, .array = &partitions},
                                            {.type = POSTGRES_INT8, .array = &nexts}};

    postgres_array_start(&topics, POSTGRES_TEXT);
    postgres_array_start(&partitions, POSTGRES_INT4);
    postgres_array_start(&nexts, POSTGRES_INT8);
    for (size_t at = 0; at < recover->place_count; at++) {
        postgres_array_text(&topics, span_of(recover->places[at].topic));
        postgres_array_integer(&partitions, recover->places[at].partition);
        postgres_array_integer(&nexts, recover->places[at].next);
    }
    postgres_send(recover->store.link, statement, values, 3, NULL);
}

/* Before anything is brought back: as soon as it is, others go on. */
static int mark_lost(struct recover *recover)
{
    recover_send_ends(recover, "recover_lost");
    return recover_ask(recover, "recover_doubt", NULL, 0, NULL);
}

int recover_stage(struct recover *recover)
{
    int outcome = recover_ask(recover, "recover_forget", NULL, 0, NULL);

    recover->places = ahead_places(&recover->place_count);
    if (outcome == 0)
        outcome = read_topics(recover);
    if (outcome == 0)
        outcome = mark_lost(recover);
    if (outcome == 0)
        outcome = recover_ask(recover, "recover_had", NULL, 0, NULL);
    if (outcome == 0)
        outcome = recover_ask(recover, "recover_decided", NULL, 0, NULL);
    if (outcome == 0)
        outcome = recover_ask(recover, "recover_parked", NULL, 0, NULL);
    return outcome == 0 ? recover_number(recover, "recover_missing", &recover->missing) : outcome;
}
