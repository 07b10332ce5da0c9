/* SPDX-License-Identifier: Apache-2.0
 * Two round trips a batch: one opens the transaction and holds the positions, one writes and commits. */
#include "shared/run/position_store.h"

#define PLACES "unnest($2::text[], $3::int4[]) w (topic, partition)"
#define PLACED "p.reader = $1::text and p.topic = w.topic and p.partition = w.partition"

/* clang-format off */
const struct postgres_statement position_store_statements[] = {
    {"cluster_keep",   "insert into bus.cluster (reader, id) values ($1::text, $2::text) on conflict do nothing"},
    {"cluster_kept",   "select id from bus.cluster where reader = $1::text"},
    {"places_make",    "insert into bus.position (reader, topic, partition, next)"
                       " select $1::text, w.topic, w.partition, -1 from " PLACES " on conflict do nothing"},
    {"places_read",    "select p.topic, p.partition, p.next from bus.position p, " PLACES " where " PLACED},
    {"places_hold",    "select 1 from bus.position p,"
                       " unnest($2::text[], $3::int4[], $4::int8[]) w (topic, partition, next)"
                       " where " PLACED " and p.next = w.next order by p.topic, p.partition for update of p"},
    {"places_move",    "update bus.position p set next = w.next from"
                       " unnest($2::text[], $3::int4[], $4::int8[]) w (topic, partition, next) where " PLACED},
    {NULL, NULL},
};
/* clang-format on */

int position_store_outcome(const struct position_store *store, int outcome)
{
    if (outcome <= 0)
        return error_forward(outcome);
    reader_because("%s", postgres_why(store->postgres));
    return outcome == POSTGRES_RETRY ? READER_RETRY : READER_FAILED;
}

int position_store_sync(const struct position_store *store)
{
    return position_store_outcome(store, postgres_sync(store->postgres, NULL));
}

int position_store_ready(const struct position_store *store)
{
    int outcome = position_store_outcome(store, postgres_ready(store->postgres));

    if (outcome == READER_FAILED)
        return READER_RETRY; /* its tables are not there (yet): no event is to blame */
    if (outcome != 0 || !store->past)
        return outcome;
    outcome = past_check(store->past);
    if (outcome > 0)
        reader_because("%s", past_why(outcome));
    return outcome > 0 ? READER_RETRY : error_forward(outcome);
}

int position_store_cluster(const struct position_store *store, const char *cluster)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    const struct postgres_value values[2] = {{.type = POSTGRES_TEXT, .text = span_of(store->reader)},
                                             {.type = POSTGRES_TEXT, .text = span_of(cluster)}};
    int outcome = position_store_ready(store);

    if (outcome != 0)
        return outcome;
    postgres_send(store->postgres, "cluster_keep", values, 2, NULL);
    postgres_send(store->postgres, "cluster_kept", values, 1, &rows);
    outcome = position_store_sync(store);
    if (outcome != 0)
        return outcome;
    if (rows.count == 1 && span_is(postgres_text(&rows, 0, 0), cluster))
        return READER_DONE;
    reader_because("the positions in PostgreSQL mean another Kafka cluster");
    return READER_REJECT;
}

/* Positions as columns; which of their two offsets is the last one. */
struct places {
    struct postgres_array topics, partitions, offsets;
    struct postgres_value values[4];
};

static void places_done(struct places *places)
{
    postgres_array_done(&places->topics);
    postgres_array_done(&places->partitions);
    postgres_array_done(&places->offsets);
}

static void places_of(const struct position_store *store, const struct reader_position *positions,
                      size_t count, bool from, struct places *places)
{
    postgres_array_start(&places->topics, POSTGRES_TEXT);
    postgres_array_start(&places->partitions, POSTGRES_INT4);
    postgres_array_start(&places->offsets, POSTGRES_INT8);
    for (size_t at = 0; at < count; at++) {
        postgres_array_text(&places->topics, span_of(positions[at].topic));
        postgres_array_integer(&places->partitions, positions[at].partition);
        postgres_array_integer(&places->offsets, from ? positions[at].from : positions[at].next);
    }
    places->values[0] = (struct postgres_value){.type = POSTGRES_TEXT, .text = span_of(store->reader)};
    places->values[1] = (struct postgres_value){.type = POSTGRES_TEXT, .array = &places->topics};
    places->values[2] = (struct postgres_value){.type = POSTGRES_INT4, .array = &places->partitions};
    places->values[3] = (struct postgres_value){.type = POSTGRES_INT8, .array = &places->offsets};
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

int position_store_read(const struct position_store *store, struct reader_position *positions, size_t count)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    CLEANUP(places_done) struct places places = {0};
    int outcome = position_store_ready(store);

    if (outcome != 0)
        return outcome;
    places_of(store, positions, count, true, &places);
    postgres_send(store->postgres, "places_make", places.values, 3, NULL);
    postgres_send(store->postgres, "places_read", places.values, 3, &rows);
    outcome = position_store_sync(store);
    for (int row = 0; row < rows.count; row++)
        position_fill(positions, count, &rows, row);
    return outcome;
}

int position_store_begin(const struct position_store *store, const struct reader_position *positions,
                         size_t count)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    CLEANUP(places_done) struct places places = {0};
    int outcome = position_store_ready(store);

    if (outcome != 0)
        return outcome;
    places_of(store, positions, count, true, &places);
    postgres_send(store->postgres, "begin", NULL, 0, NULL);
    postgres_send(store->postgres, "places_hold", places.values, 4, &rows);
    outcome = position_store_sync(store);
    if (outcome == 0 && (size_t)rows.count != count)
        return READER_MOVED;
    return outcome;
}

int position_store_commit(const struct position_store *store, const struct reader_position *positions,
                          size_t count)
{
    CLEANUP(places_done) struct places places = {0};

    places_of(store, positions, count, false, &places);
    postgres_send(store->postgres, "places_move", places.values, 4, NULL);
    postgres_send(store->postgres, "commit", NULL, 0, NULL);
    return position_store_sync(store);
}

void position_store_rollback(const struct position_store *store)
{
    if (!postgres_connected(store->postgres))
        return;
    postgres_send(store->postgres, "rollback", NULL, 0, NULL);
    if (postgres_sync(store->postgres, NULL) != POSTGRES_DONE)
        postgres_drop(store->postgres);
}
