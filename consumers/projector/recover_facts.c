/* SPDX-License-Identifier: Apache-2.0
 * What stands on topics past relay_position, as rows: found by their command, and by their aggregate's next
 * version. */
#include <stdio.h>
#include <string.h>

#include "consumers/projector/recover.h"

enum { ORPHANS = 500 };

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
    {"recover_parked",    "update bus.recovery r set had = true where not had and kind = 'command' and exists"
                          " (select from bus.parked p where p.partition = r.command_partition and p.\"offset\" = r.command_offset)"},
    {"recover_missing",   "select count(*) from bus.recovery where not had"},
    {"recover_left",      "select count(*) from bus.recovery where not had and kind <> 'command'"},
    {"recover_lost",      "insert into bus.lost as l (topic, partition, until) select * from"
                          " unnest($1::text[], $2::int4[], $3::int8[]) on conflict (topic, partition) do update"
                          " set until = excluded.until, at = excluded.at where l.until <> excluded.until"},
    {"recover_doubt",     "select bus.doubt()"},
    /* Rows that were just written have no statistics: without a word the planner would walk over all of them. */
    {"recover_by_index",  "select set_config('enable_seqscan', 'off', false)"},
    {"recover_place",     "update bus.recovery r set command_partition = c.partition, command_offset = c.place from"
                          " unnest($1::uuid[], $2::int4[], $3::int8[]) c (id, partition, place)"
                          " where r.causation = c.id and r.command_offset is null"},
    {"recover_last",      "select command_partition, max(command_offset) from bus.recovery where not had"
                          " and command_offset is not null group by 1"},
    {"recover_expect",    "select " FACT_COLUMNS " from bus.recovery r where r.causation = any($1::uuid[]) and not r.had"
                          " union all select " FACT_COLUMNS " from bus.recovery r where r.causation is null and r.kind = 'command' and not r.had"
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
    {"recover_settle",    "select count(*) from bus.outbox_found((select array_agg(event) from bus.recovery))"},
    {"recover_fired",     "delete from bus.outbox_command o using bus.verdict v where v.id = o.event"},
    {"recover_unpark",    "delete from bus.parked p using bus.verdict v where p.kind = 'parked' and v.id = p.id"},
    /* Who stands first of its key, and is aside for who stood before it alone, was let go with that one. */
    {"recover_release",   "update bus.parked p set action = 'release' where p.kind = 'parked' and p.action is null"
                          " and p.reason = '" BATCH_BEHIND_WHY "' and not exists (select from bus.parked q where q.kind = 'parked'"
                          " and q.key = p.key and (q.partition, q.\"offset\") < (p.partition, p.\"offset\"))"},
    {"recover_relay",     "insert into bus.relay_position as p (topic, partition, next) select * from"
                          " unnest($1::text[], $2::int4[], $3::int8[]) on conflict (topic, partition) do update"
                          " set next = excluded.next where p.next < excluded.next"},
    /* Commands that are gone were decided: they are deleted no earlier. */
    {"recover_begin",     "update bus.position p set next = w.begins from unnest($1::int4[], $2::int8[]) w (partition, begins)"
                          " where p.reader = 'projector' and p.topic = 'commands' and p.partition = w.partition"
                          " and p.next < w.begins"},
    {"recover_hint",      "select pg_notify('outbox', '')"},
    {NULL, NULL},
};
/* clang-format on */

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

int recover_number(struct recover *recover, const char *statement, int64_t *ret_number)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    int outcome = recover_ask(recover, statement, NULL, 0, &rows);

    *ret_number = outcome == 0 ? postgres_integer(&rows, 0, 0) : 0;
    return outcome;
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
        postgres_array_id(&places.ids, &events[at].id);
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

/* What a recovery that was cut brought back. A command whose facts were folded as they are has a verdict from
 * the first of them on: the aggregate tells of each. */
void recover_decided_sql(struct buf *to)
{
    buf_text(to, "update bus.recovery r set had = true from bus.verdict v "
                 "where not r.had and v.id = r.causation and r.version <= case r.kind");
    for (int m = 0; machines[m]; m++)
        buf_format(to, " when '%s' then (select s.version from state.%s s where s.id = r.subject)",
                   machines[m]->kind, machines[m]->kind);
    buf_text(to, " else r.version end");
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

/* In an open transaction. */
static int begin_behind_what_is_gone(struct recover *recover)
{
    CLEANUP(postgres_array_done) struct postgres_array partitions = {0};
    CLEANUP(postgres_array_done) struct postgres_array begins = {0};
    const struct postgres_value values[] = {{.type = POSTGRES_INT4, .array = &partitions},
                                            {.type = POSTGRES_INT8, .array = &begins}};

    postgres_array_start(&partitions, POSTGRES_INT4);
    postgres_array_start(&begins, POSTGRES_INT8);
    for (size_t at = 0; at < recover->window_count; at++)
        if (recover->windows[at].begins >= 0) {
            postgres_array_integer(&partitions, (int64_t)at);
            postgres_array_integer(&begins, recover->windows[at].begins);
        }
    return recover_ask(recover, "recover_begin", values, 2, NULL);
}

/* Also of what is no aggregate's: it was published, there is nothing to bring back. */
int recover_finish(struct recover *recover)
{
    struct postgres *link = recover->store.link;
    int64_t left = 0;
    int outcome = recover_number(recover, "recover_left", &left);

    if (outcome != 0)
        return outcome;
    if (left > 0)
        return error_new(ERROR_DATA, "%lld facts of the lost time fit nowhere", (long long)left);
    postgres_send(link, "begin", NULL, 0, NULL);
    outcome = begin_behind_what_is_gone(recover);
    if (outcome != 0)
        return outcome;
    postgres_send(link, "recover_settle", NULL, 0, NULL);
    postgres_send(link, "recover_fired", NULL, 0, NULL);
    postgres_send(link, "recover_unpark", NULL, 0, NULL);
    postgres_send(link, "recover_release", NULL, 0, NULL);
    recover_send_ends(recover, "recover_relay");
    postgres_send(link, "recover_forget", NULL, 0, NULL);
    postgres_send(link, "recover_hint", NULL, 0, NULL);
    return recover_ask(recover, "commit", NULL, 0, NULL);
}
