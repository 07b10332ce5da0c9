/* SPDX-License-Identifier: Apache-2.0
 * Records past relay_position are asked about some hundreds at a time: each must be in the outbox, or below a
 * relay_position that has moved meanwhile. In health there are hardly any. It changes nothing. */
#include "shared/run/past.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/run/reader.h"
#include "shared/run/service.h"

enum { CHUNK = 500, PATIENCE_MS = 5000, AGAIN_MS = 3000 };

static const char lost_text[] = "PostgreSQL lost time: topics hold facts it never had (projector --recover)";

/* clang-format off */
const struct postgres_statement past_statements[] = {
    {"past_positions", "select topic, partition, next from bus.relayed()"},
    {"past_recovering", "select not pg_try_advisory_xact_lock_shared($1::int4, 0)"},
    {"past_never_had", "select bus.never_had($1::text[], $2::int4[], $3::int8[], $4::uuid[])"},
    {NULL, NULL},
};
/* clang-format on */

/* One look. */
struct look {
    struct postgres *postgres;
    struct postgres_array topics, partitions, offsets, events;
};

static void look_start(struct look *look)
{
    postgres_array_start(&look->topics, POSTGRES_TEXT);
    postgres_array_start(&look->partitions, POSTGRES_INT4);
    postgres_array_start(&look->offsets, POSTGRES_INT8);
    postgres_array_start(&look->events, POSTGRES_UUID);
}

static void look_done(struct look *look)
{
    postgres_array_done(&look->topics);
    postgres_array_done(&look->partitions);
    postgres_array_done(&look->offsets);
    postgres_array_done(&look->events);
}

const char *past_why(int outcome)
{
    return outcome == PAST_LOST ? lost_text : "whether PostgreSQL lost time is not known yet";
}

static int sync(struct look *look)
{
    int outcome = postgres_sync(look->postgres, NULL);
    if (outcome > 0)
        log_seldom(LOG_LEVEL_WARN, "PostgreSQL did not answer", .err = postgres_why(look->postgres));
    return outcome > 0 ? PAST_AWAY : error_forward(outcome);
}

static int ask(struct look *look)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    const struct postgres_value values[] = {{.type = POSTGRES_TEXT, .array = &look->topics},
                                            {.type = POSTGRES_INT4, .array = &look->partitions},
                                            {.type = POSTGRES_INT8, .array = &look->offsets},
                                            {.type = POSTGRES_UUID, .array = &look->events}};
    if (look->events.count == 0)
        return 0;
    postgres_send(look->postgres, "past_never_had", values, 4, &rows);
    int outcome = sync(look);
    look_start(look);
    return outcome != 0 ? outcome : postgres_null(&rows, 0, 0) ? 0 : PAST_LOST;
}

static int take_record(void *self, struct ahead_place *place, const struct event *event)
{
    struct look *look = self;
    if (id_none(&event->id))
        return 0; /* no event: the relay's to complain of */
    postgres_array_text(&look->topics, span_of(place->topic));
    postgres_array_integer(&look->partitions, place->partition);
    postgres_array_integer(&look->offsets, event->offset);
    postgres_array_text(&look->events, span_of(event->id.text));
    return look->events.count == CHUNK ? ask(look) : 0;
}

/* Kafka lost records: that is no reason to doubt PostgreSQL. The relay stops and says so. */
static int take_gone(void *self, struct ahead_place *place)
{
    (void)self;
    (void)place;
    return 0;
}

static int pulse(void *self)
{
    (void)self;
    return service_stopping() ? PAST_AWAY : 0;
}

static int positions_read(struct look *look, struct ahead_place *places, size_t count)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    postgres_send(look->postgres, "past_positions", NULL, 0, &rows);
    int result = sync(look);
    ahead_known(places, count, &rows);
    return result;
}

static int ask_recovery(struct look *look)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    const struct postgres_value class = {.type = POSTGRES_INT4, .integer = PAST_RECOVERY};
    postgres_send(look->postgres, "past_recovering", &class, 1, &rows);
    int outcome = sync(look);
    return outcome != 0 ? outcome : postgres_integer(&rows, 0, 0) != 0 ? PAST_AWAY : 0;
}

static int look_at(struct postgres *postgres)
{
    size_t count;
    CLEANUP(free_cleanup) struct ahead_place *places = ahead_places(&count);
    CLEANUP(look_done) struct look look = {.postgres = postgres};
    struct ahead ahead = {.places = places,
                          .count = count,
                          .client = "past",
                          .patience_ms = PATIENCE_MS,
                          .pulse = pulse,
                          .record = take_record,
                          .gone = take_gone,
                          .self = &look};
    look_start(&look);
    int result = positions_read(&look, places, count);
    if (result == 0)
        result = ahead_read(&ahead);
    if (result == 0)
        result = ask(&look);
    return result == 0 ? ask_recovery(&look) : result;
}

int past_check(struct past *past)
{
    uint64_t session = postgres_session(past->postgres);
    if (past->session == session)
        return 0;
    if (past->lost_ms > 0 && clock_steady_ms() - past->lost_ms < AGAIN_MS)
        return PAST_LOST;
    int outcome = look_at(past->postgres);
    if (outcome == PAST_LOST) {
        past->lost_ms = clock_steady_ms();
        log_seldom(LOG_LEVEL_ERROR, "does nothing", .err = lost_text);
        service_hold(lost_text);
    } else if (outcome == 0) {
        if (past->session > 0 || past->lost_ms > 0)
            reader_doubt();
        past->session = session;
        past->lost_ms = 0;
        service_hold(NULL);
    }
    return outcome < 0 ? error_forward(outcome) : outcome;
}
