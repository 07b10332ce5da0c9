/* SPDX-License-Identifier: Apache-2.0
 * What stands on topics past relay_position, as rows: found by their command, and by their aggregate's next
 * version. */
#include <stdio.h>
#include <string.h>

#include "consumers/projector/recover.h"
#include "shared/base/log.h"
#include "shared/run/ahead.h"
#include "shared/run/service.h"

enum { LOCK_CLASS = 0x7263, CHUNK = 500, PATIENCE_MS = 30000, STAGED = 13, ORPHANS = 500 };

#define FACT_COLUMNS                                                                                         \
    "r.event, r.causation, r.kind, r.subject, r.version, r.headers, r.value, r.partition, r.\"offset\""

/* clang-format off */
const struct postgres_statement recover_statements[] = {
    {"recover_lock",      "select pg_try_advisory_lock($1::int4, 0)"},
    {"recover_forget",    "delete from bus.recovery"},
    {"recover_relayed",   "select topic, partition, next from bus.relay_position"},
    {"recover_stage",     "insert into bus.recovery (event, causation, topic, partition, \"offset\", kind, subject, version,"
                          " key, headers, value, command_partition, command_offset) select * from unnest($1::uuid[],"
                          " $2::uuid[], $3::text[], $4::int4[], $5::int8[], $6::text[], $7::uuid[], $8::int8[],"
                          " $9::text[], $10::text[], $11::text[], $12::int4[], $13::int8[]) on conflict do nothing"},
    /* Decided before the time that was lost: published in it, or put aside in it. */
    {"recover_had",       "update bus.recovery r set had = true where exists (select from bus.outbox o"
                          " where o.event = r.event and o.topic <> 'commands')"},
    {"recover_decided",   "update bus.recovery r set had = true where not had and exists"
                          " (select from bus.verdict v where v.id = r.causation)"},
    {"recover_parked",    "update bus.recovery r set had = true where not had and kind = 'command' and exists"
                          " (select from bus.parked p where p.partition = r.command_partition and p.\"offset\" = r.command_offset)"},
    {"recover_missing",   "select count(*) from bus.recovery where not had"},
    {"recover_left",      "select count(*) from bus.recovery where not had and kind <> 'command'"},
    {"recover_lost",      "insert into bus.lost as l (topic, partition, until) select * from"
                          " unnest($1::text[], $2::int4[], $3::int8[]) on conflict (topic, partition) do update"
                          " set until = excluded.until, at = excluded.at where l.until < excluded.until"},
    {"recover_doubt",     "select bus.doubt()"},
    {"recover_place",     "update bus.recovery r set command_partition = c.partition, command_offset = c.place from"
                          " unnest($1::uuid[], $2::int4[], $3::int8[]) c (id, partition, place)"
                          " where r.causation = c.id and r.command_offset is null"},
    {"recover_last",      "select command_partition, max(command_offset) from bus.recovery where not had"
                          " and command_offset is not null group by 1"},
    {"recover_expect",    "select " FACT_COLUMNS " from bus.recovery r where r.causation = any($1::uuid[]) and not r.had"
                          " union all select " FACT_COLUMNS " from bus.recovery r where r.kind = 'command' and not r.had"
                          " and (r.command_partition, r.command_offset) in (select * from unnest($2::int4[], $3::int8[]))"
                          " order by 2, 4, 5"},
    {"recover_back",      "update bus.recovery set had = true where event = any($1::uuid[])"},
    /* One decided of which we have the facts alone. A code that failed is the one fact of a refusal. */
    {"recover_verdicts",  "insert into bus.verdict (id, principal, subject, decided_at, fingerprint, fact_count, accepted,"
                          " kind, reason) select r.causation, max(case when r.headers::json ->> 'ce_principal' ~ '^[0-9a-f-]{36}$'"
                          "  then r.headers::json ->> 'ce_principal' end)::uuid, (array_agg(r.subject order by r.\"offset\"))[1],"
                          " max((r.headers::json ->> 'ce_time')::timestamptz), null, count(*),"
                          " not bool_or(r.headers::json ->> 'ce_type' like 'booking.code_failed.%'),"
                          " (array_agg(r.kind order by r.\"offset\"))[1],"
                          " case when bool_or(r.headers::json ->> 'ce_type' like 'booking.code_failed.%') then 'code_wrong' end"
                          " from bus.recovery r where r.causation in (select causation from bus.recovery"
                          "  where event = any($1::uuid[])) group by 1 on conflict do nothing"},
    {"recover_settle",    "delete from bus.outbox o using bus.recovery r where o.event = r.event and o.topic <> 'commands'"},
    {"recover_fired",     "delete from bus.outbox o using bus.verdict v where o.topic = 'commands' and v.id = o.event"},
    {"recover_unpark",    "delete from bus.parked p using bus.verdict v where p.kind = 'parked' and v.id = p.id"},
    {"recover_relay",     "insert into bus.relay_position as p (topic, partition, next) select topic, partition, until"
                          " from bus.lost on conflict (topic, partition) do update set next = excluded.next"
                          " where p.next < excluded.next"},
    {"recover_hint",      "select pg_notify('outbox', '')"},
    {NULL, NULL},
};
/* clang-format on */

static const enum postgres_type staged_types[STAGED] = {
    POSTGRES_UUID, POSTGRES_UUID, POSTGRES_TEXT, POSTGRES_INT4, POSTGRES_INT8, POSTGRES_TEXT, POSTGRES_UUID,
    POSTGRES_INT8, POSTGRES_TEXT, POSTGRES_TEXT, POSTGRES_TEXT, POSTGRES_INT4, POSTGRES_INT8};

int recover_away(struct recover *recover, const char *why)
{
    (void)snprintf(recover->text, sizeof(recover->text), "%s", why);
    recover->why = recover->text;
    return RECOVER_AWAY;
}

int recover_postgres(struct recover *recover, int outcome)
{
    if (outcome <= 0)
        return error_forward(outcome);
    if (outcome == POSTGRES_RETRY)
        return recover_away(recover, postgres_why(recover->store.link));
    return error_new(ERROR_LINK, "PostgreSQL: %s", postgres_why(recover->store.link));
}

int recover_reader(struct recover *recover, int outcome)
{
    if (outcome <= 0)
        return error_forward(outcome);
    if (outcome == READER_RETRY || outcome == READER_MOVED)
        return recover_away(recover, reader_reason());
    return error_new(ERROR_LINK, "%s", reader_reason());
}

int recover_ask(struct recover *recover, const char *statement, const struct postgres_value *values,
                int count, struct postgres_rows *ret_rows)
{
    postgres_send(recover->store.link, statement, values, count, ret_rows);
    return recover_postgres(recover, postgres_sync(recover->store.link, NULL));
}

static int number(struct recover *recover, const char *statement, int64_t *ret_number)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    int outcome = recover_ask(recover, statement, NULL, 0, &rows);

    *ret_number = outcome == 0 ? postgres_integer(&rows, 0, 0) : 0;
    return outcome;
}

int recover_lock(struct recover *recover)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    const struct postgres_value class = {.type = POSTGRES_INT4, .integer = LOCK_CLASS};
    int outcome = recover_postgres(recover, postgres_ready(recover->store.link));

    if (outcome == 0)
        outcome = recover_ask(recover, "recover_lock", &class, 1, &rows);
    if (outcome == 0 && postgres_integer(&rows, 0, 0) == 0)
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

static void id_or_null(struct postgres_array *column, const struct id *id)
{
    if (id_none(id))
        postgres_array_null(column);
    else
        postgres_array_text(column, span_of(id->text));
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
    id_or_null(&columns[1], &event->causation);
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

static int pulse(void *self)
{
    (void)self;
    return 0;
}

static int places_known(struct recover *recover, struct ahead_place *places, size_t count)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    int outcome = recover_ask(recover, "recover_relayed", NULL, 0, &rows);

    for (int row = 0; row < rows.count; row++) {
        char topic[64];
        struct ahead_place *place = NULL;

        if (text_copy(topic, sizeof(topic), postgres_text(&rows, row, 0)) == 0)
            place = ahead_find(places, count, topic, (int32_t)postgres_integer(&rows, row, 1));
        if (place)
            place->next = postgres_integer(&rows, row, 2);
    }
    return outcome;
}

static int read_topics(struct recover *recover, struct ahead_place *places, size_t count)
{
    CLEANUP(staging_done) struct staging staging = {.recover = recover};
    struct ahead ahead = {.places = places,
                          .count = count,
                          .client = "recover",
                          .patience_ms = PATIENCE_MS,
                          .pulse = pulse,
                          .record = take_record,
                          .gone = take_gone,
                          .self = &staging};
    int outcome = places_known(recover, places, count);

    staging_start(&staging);
    if (outcome == 0)
        outcome = ahead_read(&ahead);
    if (outcome > 0 && !recover->why)
        outcome = recover_away(recover, "Kafka did not answer");
    return outcome == 0 ? staging_write(&staging) : outcome;
}

/* Before anything is brought back: as soon as it is, others go on. */
static int mark_lost(struct recover *recover, const struct ahead_place *places, size_t count)
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
    for (size_t at = 0; at < count; at++) {
        postgres_array_text(&topics, span_of(places[at].topic));
        postgres_array_integer(&partitions, places[at].partition);
        postgres_array_integer(&nexts, places[at].next);
    }
    postgres_send(recover->store.link, "recover_lost", values, 3, NULL);
    return recover_ask(recover, "recover_doubt", NULL, 0, NULL);
}

int recover_stage(struct recover *recover)
{
    size_t count;
    CLEANUP(free_cleanup) struct ahead_place *places = ahead_places(&count);
    int outcome = recover_ask(recover, "recover_forget", NULL, 0, NULL);

    if (outcome == 0)
        outcome = read_topics(recover, places, count);
    if (outcome == 0)
        outcome = mark_lost(recover, places, count);
    if (outcome == 0)
        outcome = recover_ask(recover, "recover_had", NULL, 0, NULL);
    if (outcome == 0)
        outcome = recover_ask(recover, "recover_decided", NULL, 0, NULL);
    if (outcome == 0)
        outcome = recover_ask(recover, "recover_parked", NULL, 0, NULL);
    return outcome == 0 ? number(recover, "recover_missing", &recover->missing) : outcome;
}

/* --- beside the commands --- */

struct places {
    struct postgres_array ids, partitions, offsets;
};

static void places_done(struct places *places)
{
    postgres_array_done(&places->ids);
    postgres_array_done(&places->partitions);
    postgres_array_done(&places->offsets);
}

static int ask_places(struct recover *recover, const char *statement, const struct event *events,
                      size_t count, struct postgres_rows *ret_rows)
{
    CLEANUP(places_done) struct places places = {0};
    const struct postgres_value values[] = {{.type = POSTGRES_UUID, .array = &places.ids},
                                            {.type = POSTGRES_INT4, .array = &places.partitions},
                                            {.type = POSTGRES_INT8, .array = &places.offsets}};

    postgres_array_start(&places.ids, POSTGRES_UUID);
    postgres_array_start(&places.partitions, POSTGRES_INT4);
    postgres_array_start(&places.offsets, POSTGRES_INT8);
    for (size_t at = 0; at < count; at++) {
        id_or_null(&places.ids, &events[at].id);
        postgres_array_integer(&places.partitions, events[at].partition);
        postgres_array_integer(&places.offsets, events[at].offset);
    }
    return recover_ask(recover, statement, values, 3, ret_rows);
}

int recover_place_commands(struct recover *recover, const struct event *events, size_t count)
{
    return ask_places(recover, "recover_place", events, count, NULL);
}

int recover_last(struct recover *recover)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    int outcome = recover_ask(recover, "recover_last", NULL, 0, &rows);

    for (int row = 0; row < rows.count; row++) {
        size_t at = (size_t)postgres_integer(&rows, row, 0);

        if (at < recover->window_count)
            recover->windows[at].last = postgres_integer(&rows, row, 1);
    }
    return outcome;
}

static struct recover_fact fact_read(const struct postgres_rows *rows, int row)
{
    struct recover_fact fact = {.version = postgres_integer(rows, row, EXPECTED_VERSION)};
    char kind[24];

    postgres_id(rows, row, EXPECTED_EVENT, &fact.event);
    if (!postgres_null(rows, row, EXPECTED_CAUSATION))
        postgres_id(rows, row, EXPECTED_CAUSATION, &fact.causation);
    postgres_id(rows, row, EXPECTED_SUBJECT, &fact.subject);
    if (text_copy(kind, sizeof(kind), postgres_text(rows, row, EXPECTED_KIND)) == 0)
        fact.machine = machine_of(kind);
    fact.notice = span_is(postgres_text(rows, row, EXPECTED_KIND), "command");
    return fact;
}

int recover_expect(struct recover *recover, const struct event *events, size_t count)
{
    int outcome;

    postgres_rows_done(&recover->expected);
    outcome = ask_places(recover, "recover_expect", events, count, &recover->expected);
    recover->facts =
        memory_grow(recover->facts, (size_t)recover->expected.count + 1, sizeof(*recover->facts));
    for (int row = 0; row < recover->expected.count; row++)
        recover->facts[row] = fact_read(&recover->expected, row);
    return outcome;
}

/* --- folding as they are --- */

static int fold_row(struct recover *recover, const struct postgres_rows *rows, int row)
{
    struct event event = {.topic = "recovery"};

    if (event_from_headers_json(postgres_text(rows, row, EXPECTED_HEADERS), &event) != 0)
        return error_new(ERROR_DATA, "a fact of the lost time makes no event: %s", event.reason);
    event.data = postgres_text(rows, row, EXPECTED_VALUE);
    recover->folded++;
    return refold_event(recover->refold, &event);
}

static int refold_outcome(struct recover *recover, int outcome)
{
    return outcome > 0 ? recover_away(recover, refold_why(recover->refold)) : error_forward(outcome);
}

int recover_fold(struct recover *recover, const struct postgres_rows *rows, const struct id *causation)
{
    int outcome = 0;

    for (int row = 0; row < rows->count && outcome == 0; row++) {
        struct id id = {0};

        if (!postgres_null(rows, row, EXPECTED_CAUSATION))
            postgres_id(rows, row, EXPECTED_CAUSATION, &id);
        if (!causation || id_same(&id, causation))
            outcome = refold_outcome(recover, fold_row(recover, rows, row));
    }
    return outcome == 0 ? refold_outcome(recover, refold_flush(recover->refold)) : outcome;
}

static int fold_orphans(struct recover *recover, const struct postgres_rows *rows)
{
    CLEANUP(postgres_array_done) struct postgres_array events = {0};
    const struct postgres_value value = {.type = POSTGRES_UUID, .array = &events};
    struct postgres *link = recover->store.link;
    int outcome = recover_ask(recover, "begin", NULL, 0, NULL);

    postgres_array_start(&events, POSTGRES_UUID);
    for (int row = 0; row < rows->count; row++) {
        struct id id;

        postgres_id(rows, row, EXPECTED_EVENT, &id);
        postgres_array_text(&events, span_of(id.text));
    }
    if (outcome == 0)
        outcome = recover_fold(recover, rows, NULL);
    if (outcome != 0) {
        store_rollback(&recover->store);
        return outcome;
    }
    postgres_send(link, "recover_verdicts", &value, 1, NULL);
    postgres_send(link, "recover_back", &value, 1, NULL);
    return recover_ask(recover, "commit", NULL, 0, NULL);
}

void recover_next_sql(const char *kind, struct buf *to)
{
    buf_format(to,
               "select " FACT_COLUMNS " from bus.recovery r left join state.%s s on s.id = r.subject "
               "where not r.had and r.command_offset is null and r.kind = '%s' "
               "and r.version = coalesce(s.version, 0) + 1 limit %d",
               kind, kind, ORPHANS);
}

/* The next version of each aggregate of a kind, where its command will not come. */
static int orphans_of(struct recover *recover, const struct machine *machine, int64_t *ret_folded)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    char statement[64];
    int outcome;

    (void)snprintf(statement, sizeof(statement), "recover_next_%s", machine->kind);
    outcome = recover_ask(recover, statement, NULL, 0, &rows);
    if (outcome == 0 && rows.count > 0)
        outcome = fold_orphans(recover, &rows);
    *ret_folded += rows.count;
    return outcome;
}

int recover_orphans(struct recover *recover, int64_t *ret_folded)
{
    int outcome = 0;

    *ret_folded = 0;
    for (int m = 0; machines[m] && outcome == 0; m++)
        outcome = orphans_of(recover, machines[m], ret_folded);
    return outcome;
}

/* Also of what is no aggregate's: it was published, there is nothing to bring back. */
int recover_finish(struct recover *recover)
{
    struct postgres *link = recover->store.link;
    int64_t left = 0;
    int outcome = number(recover, "recover_left", &left);

    if (outcome != 0)
        return outcome;
    if (left > 0)
        return error_new(ERROR_DATA, "%lld facts of the lost time fit nowhere", (long long)left);
    postgres_send(link, "begin", NULL, 0, NULL);
    postgres_send(link, "recover_settle", NULL, 0, NULL);
    postgres_send(link, "recover_fired", NULL, 0, NULL);
    postgres_send(link, "recover_unpark", NULL, 0, NULL);
    postgres_send(link, "recover_relay", NULL, 0, NULL);
    postgres_send(link, "recover_forget", NULL, 0, NULL);
    postgres_send(link, "recover_hint", NULL, 0, NULL);
    return recover_ask(recover, "commit", NULL, 0, NULL);
}
