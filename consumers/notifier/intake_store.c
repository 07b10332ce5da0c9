/* SPDX-License-Identifier: Apache-2.0
 * Two round trips a batch: one opens the transaction and holds the positions, one writes everything and
 * commits. */
#include "consumers/notifier/intake_store.h"

#include <string.h>

#include "shared/run/service.h"

#define PLACES "unnest($1::text[], $2::int4[]) w (topic, partition)"
#define PLACED "p.reader = 'notifier' and p.topic = w.topic and p.partition = w.partition"

/* clang-format off */
static const struct postgres_statement statements[] = {
    {"in_cluster_keep", "insert into bus.cluster (reader, id) values ('notifier', $1::text) on conflict do nothing"},
    {"in_cluster",      "select id from bus.cluster where reader = 'notifier'"},
    {"in_places_make",  "insert into bus.position (reader, topic, partition, next)"
                        " select 'notifier', w.topic, w.partition, -1 from " PLACES " on conflict do nothing"},
    {"in_places",       "select p.topic, p.partition, p.next from bus.position p, " PLACES " where " PLACED},
    {"in_hold",         "select 1 from bus.position p,"
                        " unnest($1::text[], $2::int4[], $3::int8[]) w (topic, partition, next)"
                        " where " PLACED " and p.next = w.next order by p.topic, p.partition for update of p"},
    {"in_add",          "insert into bus.notification (id, fact, person, purpose, subject, data, channel)"
                        " select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[],"
                        " $6::text[], $7::text[]) on conflict (id) do nothing"},
    {"in_wake",         "update bus.notification set state = 'queued', reason = null, attempts = 0,"
                        " next_at = clock_timestamp() where person = any($1::uuid[]) and state = 'dead'"
                        " and reason = 'no_address' and created_at > clock_timestamp() - interval '1 day'"},
    {"in_hint",         "select pg_notify('notification', '')"},
    {"in_move",         "update bus.position p set next = w.next from"
                        " unnest($1::text[], $2::int4[], $3::int8[]) w (topic, partition, next) where " PLACED},
    {NULL, NULL},
};
/* clang-format on */

enum { ID, FACT, PERSON, PURPOSE, SUBJECT, DATA, CHANNEL };
static const enum postgres_type types[INTAKE_COLUMNS] = {
    [ID] = POSTGRES_UUID,      [FACT] = POSTGRES_UUID, [PERSON] = POSTGRES_UUID,  [PURPOSE] = POSTGRES_TEXT,
    [SUBJECT] = POSTGRES_TEXT, [DATA] = POSTGRES_TEXT, [CHANNEL] = POSTGRES_TEXT,
};

static void batch_start(struct intake_store *store)
{
    for (int at = 0; at < INTAKE_COLUMNS; at++)
        postgres_array_start(&store->columns[at], types[at]);
    postgres_array_start(&store->woken, POSTGRES_UUID);
}

int intake_store_new(struct intake_store *store)
{
    TRY(postgres_new("colis-notifier", service_values.name_space, &store->postgres));
    postgres_statements(store->postgres, statements);
    batch_start(store);
    return 0;
}

void intake_store_done(struct intake_store *store)
{
    for (int at = 0; at < INTAKE_COLUMNS; at++)
        postgres_array_done(&store->columns[at]);
    postgres_array_done(&store->woken);
    postgres_free(store->postgres);
}

static int outcome_of(struct intake_store *store, int outcome)
{
    if (outcome <= 0)
        return error_forward(outcome);
    reader_because("%s", postgres_why(store->postgres));
    return outcome == POSTGRES_RETRY ? READER_RETRY : READER_FAILED;
}

static int sync(struct intake_store *store)
{
    return outcome_of(store, postgres_sync(store->postgres, NULL));
}

int intake_store_cluster(struct intake_store *store, const char *cluster)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    const struct postgres_value value = {.type = POSTGRES_TEXT, .text = span_of(cluster)};
    int outcome = outcome_of(store, postgres_ready(store->postgres));
    if (outcome != 0)
        return outcome;
    postgres_send(store->postgres, "in_cluster_keep", &value, 1, NULL);
    postgres_send(store->postgres, "in_cluster", NULL, 0, &rows);
    outcome = sync(store);
    if (outcome != 0)
        return outcome;
    if (rows.count == 1 && span_is(postgres_text(&rows, 0, 0), cluster))
        return READER_DONE;
    reader_because("the positions in PostgreSQL mean another Kafka cluster");
    return READER_REJECT;
}

/* Positions as columns; which of their two offsets is the third one. */
struct places {
    struct postgres_array topics, partitions, offsets;
    struct postgres_value values[3];
};

static void places_done(struct places *places)
{
    postgres_array_done(&places->topics);
    postgres_array_done(&places->partitions);
    postgres_array_done(&places->offsets);
}

static void places_of(const struct reader_position *positions, size_t count, bool from, struct places *places)
{
    postgres_array_start(&places->topics, POSTGRES_TEXT);
    postgres_array_start(&places->partitions, POSTGRES_INT4);
    postgres_array_start(&places->offsets, POSTGRES_INT8);
    for (size_t at = 0; at < count; at++) {
        postgres_array_text(&places->topics, span_of(positions[at].topic));
        postgres_array_integer(&places->partitions, positions[at].partition);
        postgres_array_integer(&places->offsets, from ? positions[at].from : positions[at].next);
    }
    places->values[0] = (struct postgres_value){.type = POSTGRES_TEXT, .array = &places->topics};
    places->values[1] = (struct postgres_value){.type = POSTGRES_INT4, .array = &places->partitions};
    places->values[2] = (struct postgres_value){.type = POSTGRES_INT8, .array = &places->offsets};
}

static void position_fill(struct reader_position *positions, size_t count, const struct postgres_rows *rows,
                          int row)
{
    for (size_t at = 0; at < count; at++) {
        if (positions[at].partition == postgres_integer(rows, row, 1) &&
            span_is(postgres_text(rows, row, 0), positions[at].topic))
            positions[at].next = postgres_integer(rows, row, 2);
    }
}

int intake_store_positions(struct intake_store *store, struct reader_position *positions, size_t count)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    CLEANUP(places_done) struct places places = {0};
    int outcome = outcome_of(store, postgres_ready(store->postgres));
    if (outcome != 0)
        return outcome;
    places_of(positions, count, true, &places);
    postgres_send(store->postgres, "in_places_make", places.values, 2, NULL);
    postgres_send(store->postgres, "in_places", places.values, 2, &rows);
    outcome = sync(store);
    for (int row = 0; row < rows.count; row++)
        position_fill(positions, count, &rows, row);
    return outcome;
}

int intake_store_begin(struct intake_store *store, const struct reader_position *positions, size_t count)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    CLEANUP(places_done) struct places places = {0};
    batch_start(store);
    int outcome = outcome_of(store, postgres_ready(store->postgres));
    if (outcome != 0)
        return outcome;
    places_of(positions, count, true, &places);
    postgres_send(store->postgres, "begin", NULL, 0, NULL);
    postgres_send(store->postgres, "in_hold", places.values, 3, &rows);
    outcome = sync(store);
    if (outcome == 0 && (size_t)rows.count != count)
        return READER_MOVED;
    return outcome;
}

void intake_store_add(struct intake_store *store, const struct intake_row *row)
{
    struct postgres_array *columns = store->columns;
    postgres_array_text(&columns[ID], span_of(row->id->text));
    postgres_array_text(&columns[FACT], span_of(row->event->id.text));
    postgres_array_text(&columns[PERSON], span_of(row->person->text));
    postgres_array_text(&columns[PURPOSE], span_of(row->notice->fact));
    postgres_array_text(&columns[SUBJECT], span_of(row->event->subject));
    postgres_array_text(&columns[DATA], row->event->data);
    postgres_array_text(&columns[CHANNEL], span_of(row->notice->channel));
}

void intake_store_wake(struct intake_store *store, const struct id *person)
{
    postgres_array_text(&store->woken, span_of(person->text));
}

static void send_rows(struct intake_store *store)
{
    struct postgres_value values[INTAKE_COLUMNS];
    const struct postgres_value woken = {.type = POSTGRES_UUID, .array = &store->woken};
    for (int at = 0; at < INTAKE_COLUMNS; at++)
        values[at] = (struct postgres_value){.type = types[at], .array = &store->columns[at]};
    if (store->columns[ID].count > 0)
        postgres_send(store->postgres, "in_add", values, INTAKE_COLUMNS, NULL);
    if (store->woken.count > 0)
        postgres_send(store->postgres, "in_wake", &woken, 1, NULL);
    if (store->columns[ID].count + store->woken.count > 0)
        postgres_send(store->postgres, "in_hint", NULL, 0, NULL);
}

int intake_store_commit(struct intake_store *store, const struct reader_position *positions, size_t count)
{
    CLEANUP(places_done) struct places places = {0};
    places_of(positions, count, false, &places);
    send_rows(store);
    postgres_send(store->postgres, "in_move", places.values, 3, NULL);
    postgres_send(store->postgres, "commit", NULL, 0, NULL);
    return sync(store);
}

/* Where it does not get through the connection is gone, and the transaction with it. */
void intake_store_rollback(struct intake_store *store)
{
    batch_start(store);
    if (!postgres_connected(store->postgres))
        return;
    postgres_send(store->postgres, "rollback", NULL, 0, NULL);
    if (postgres_sync(store->postgres, NULL) != POSTGRES_DONE)
        postgres_drop(store->postgres);
}
