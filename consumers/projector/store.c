/* SPDX-License-Identifier: Apache-2.0
 * Writes what a batch decided and commits, in one round trip: states, private rows, verdicts, outbox, parked
 * rows and the positions that say how far we read. All of it, or nothing. */
#include "consumers/projector/store.h"

#include <stdio.h>
#include <string.h>

#include "shared/base/fail.h"
#include "shared/base/log.h"

enum { UNIQUE_RETRIES = 3, STATEMENTS_A_MACHINE = 7 };

/* What many rows are written by has its unnest in the list of what is selected: the columns come side by side
 * as the rows are made. Behind from each of them would be laid down whole, and read again. */
/* clang-format off */
static const struct postgres_statement fixed[] = {
    {"position_make", "insert into bus.position (reader, topic, partition, next) "
                      "select 'projector', 'commands', p, -1 from unnest($1::int[]) p on conflict do nothing"},
    {"position_read", "select partition, next from bus.position "
                      "where reader = 'projector' and topic = 'commands' and partition = any($1::int[])"},
    /* What is parked stands before the position: at it or behind it only on a topic that was before this one. All of
     * its partition goes below all that may come: older, and in the order it had. */
    {"parked_older",  "update bus.parked k set \"offset\" = k.\"offset\" - o.span from (select p.partition, "
                      "(select max(\"offset\") - least(min(\"offset\"), 0) + 1 from bus.parked where partition = "
                      "p.partition) as span from bus.position p where reader = 'projector' and topic = 'commands' and "
                      "partition = any($1::int[]) and exists (select from bus.parked where partition = p.partition and "
                      "\"offset\" >= greatest(p.next, 0))) o where k.partition = o.partition"},
    {"position_lock", "select partition, next, pg_current_xact_id() from bus.position where reader = 'projector' "
                      "and topic = 'commands' and partition = any($1::int[]) order by partition for update"},
    {"position_move", "update bus.position p set next = n.next "
                      "from unnest($1::int[], $2::bigint[], $3::bigint[]) n (partition, was, next) "
                      "where p.reader = 'projector' and p.topic = 'commands' and p.partition = n.partition "
                      "and p.next = n.was"},
    {"cluster_make",  "insert into bus.cluster (reader, id) values ('projector', $1) on conflict do nothing"},
    {"cluster_read",  "select id from bus.cluster where reader = 'projector'"},
    {"verdict_known", "select id from bus.verdict where id = any($1::uuid[])"},
    {"parked_keys",   "select distinct key from bus.parked where kind = 'parked' and key = any($1::text[])"},
    {"verdict_insert","insert into bus.verdict (id, principal, subject, decided_at, fingerprint, fact_count, accepted, "
                      "kind, reason) select unnest($1::uuid[]), unnest($2::uuid[]), unnest($3::uuid[]), "
                      "unnest($4::timestamptz[]), unnest($5::bytea[]), unnest($6::smallint[]), unnest($7::boolean[]), "
                      "unnest($8::text[]), unnest($9::text[])"},
    {"verdict_hint",  "select pg_notify('verdict', '')"},
    {"ledger_insert", "insert into bus.ledger (journal, line, booking, payment, account, currency, amount, at) "
                      "select unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::uuid[]), "
                      "unnest($5::text[]), unnest($6::text[]), unnest($7::bigint[]), unnest($8::timestamptz[])"},
    {"parked_insert", "insert into bus.parked (partition, \"offset\", id, at, key, headers, value, reason, kind) "
                      "select * from unnest($1::int[], $2::bigint[], $3::uuid[], $4::timestamptz[], $5::text[], "
                      "$6::text[], $7::bytea[], $8::text[], $9::text[])"},
    /* What was marked frees its whole key: the mark goes on to the next of it, in the same transaction. */
    {"parked_remove", "with gone as (delete from bus.parked where partition = $1 and \"offset\" = $2 "
                      "returning key, kind) update bus.parked set action = 'release' where (partition, \"offset\") = "
                      "(select p.partition, p.\"offset\" from bus.parked p join gone on p.key = gone.key "
                      "where p.kind = 'parked' and gone.kind = 'parked' and (p.partition, p.\"offset\") <> ($1, $2) "
                      "order by p.partition, p.\"offset\" limit 1) and action is null"},
    {NULL, NULL},
};
/* clang-format on */

/* One statement made from a machine's table of columns. */
static void make_statement(struct postgres_statement *statement, const char *verb, const char *kind,
                           struct buf *sql)
{
    struct buf name = {0};

    buf_format(&name, "%s_%s", verb, kind);
    statement->name = take(name.data);
    statement->sql = take(sql->data);
    *sql = (struct buf){0};
}

/* Read, of those that were locked just before; or locked in the order of their ids, and read, or only told of
 * which transaction they are. */
static void make_reading(struct postgres_statement *statements, const struct machine *machine,
                         const char *table)
{
    static const char *const verbs[] = {"read", "load", "lock"};
    struct buf sql = {0};

    for (int i = 0; i < 3; i++) {
        buf_text(&sql, "select xmin, ");
        if (i < 2)
            postgres_columns(machine->state, NULL, &sql);
        else
            buf_text(&sql, "id, version");
        if (i == 0)
            buf_format(&sql, " from %s where id = any($1::uuid[])", table);
        else
            buf_format(&sql, " from %s where id = any($1::uuid[]) order by id for update", table);
        make_statement(&statements[i], verbs[i], machine->kind, &sql);
    }
}

static void make_machine(struct postgres_statement *statements, const struct machine *machine)
{
    struct buf sql = {0}, table = {0};

    buf_format(&table, "state.%s", machine->kind);
    make_reading(&statements[4], machine, table.data);
    postgres_insert_sql(machine->state, table.data, &sql);
    make_statement(&statements[0], "insert", machine->kind, &sql);
    postgres_update_sql(machine->state, table.data, &sql);
    make_statement(&statements[1], "update", machine->kind, &sql);
    buf_format(&sql,
               "insert into private.%s (id, name, n, value) "
               "select unnest($1::uuid[]), unnest($2::text[]), unnest($3::bigint[]), unnest($4::jsonb[])",
               machine->kind);
    make_statement(&statements[2], "private", machine->kind, &sql);
    buf_text(&sql, "select ");
    postgres_references(machine->state, &sql);
    buf_format(&sql, " from %s where id = any($1::uuid[])", table.data);
    make_statement(&statements[3], "peek", machine->kind, &sql);
    buf_done(&table);
}

int store_new(struct store *store, const char *application, const char *name_space)
{
    size_t count = 0;

    while (machines[count])
        count++;
    TRY(postgres_new(application, name_space, &store->link));
    store->statements = memory_new(count * STATEMENTS_A_MACHINE + 1, sizeof(*store->statements));
    for (size_t m = 0; m < count; m++)
        make_machine(&store->statements[m * STATEMENTS_A_MACHINE], machines[m]);
    postgres_statements(store->link, fixed);
    postgres_statements(store->link, outbox_statements);
    postgres_statements(store->link, store->statements);
    store->shapes = shapes_new();
    return 0;
}

void store_done(struct store *store)
{
    postgres_free(store->link);
    for (struct postgres_statement *statement = store->statements; statement && statement->name;
         statement++) {
        free((char *)(uintptr_t)statement->name);
        free((char *)(uintptr_t)statement->sql);
    }
    free(store->statements);
    kept_done(&store->kept);
    shapes_free(store->shapes);
}

int store_outcome(struct store *store, int outcome)
{
    if (outcome < 0)
        return error_forward(outcome);
    if (outcome == POSTGRES_DONE)
        return READER_DONE;
    reader_because("%s", postgres_why(store->link));
    if (outcome == POSTGRES_RETRY)
        return READER_RETRY;
    /* One of our own keys is there already: somebody else's transaction beat ours, most likely. */
    if (outcome == POSTGRES_UNIQUE && store->unique_failures++ < UNIQUE_RETRIES)
        return READER_RETRY;
    store->unique_failures = 0;
    return READER_FAILED;
}

int store_ready(struct store *store)
{
    int outcome = store_outcome(store, postgres_ready(store->link));

    if (outcome == READER_FAILED)
        return READER_RETRY; /* its tables are not there (yet): no command is to blame */
    if (outcome != READER_DONE || !store->past)
        return outcome;
    outcome = past_check(store->past);
    if (outcome > 0)
        reader_because("%s", past_why(outcome));
    return outcome > 0 ? READER_RETRY : error_forward(outcome);
}

int store_positions(struct store *store, struct reader_position *positions, size_t count)
{
    CLEANUP(postgres_array_done) struct postgres_array partitions = {0};
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0}, older = {0};
    struct postgres_value value = {.type = POSTGRES_INT4, .array = &partitions};
    int outcome = store_ready(store);

    if (outcome != READER_DONE)
        return outcome;
    postgres_array_start(&partitions, POSTGRES_INT4);
    for (size_t i = 0; i < count; i++)
        postgres_array_integer(&partitions, positions[i].partition);
    postgres_send(store->link, "position_make", &value, 1, NULL);
    postgres_send(store->link, "position_read", &value, 1, &rows);
    postgres_send(store->link, "parked_older", &value, 1, &older);
    outcome = postgres_sync(store->link, NULL);
    if (outcome != POSTGRES_DONE)
        return store_outcome(store, outcome);
    if (older.count > 0)
        log_plain(LOG_LEVEL_WARN, "commands parked on an earlier topic stand before all of this one");
    for (size_t i = 0; i < count; i++)
        for (int row = 0; row < rows.count; row++)
            if (postgres_integer(&rows, row, 0) == positions[i].partition)
                positions[i].next = postgres_integer(&rows, row, 1);
    return READER_DONE;
}

int store_cluster(struct store *store, const char *cluster)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    struct postgres_value value = {.type = POSTGRES_TEXT, .text = span_of(cluster)};
    int outcome = store_ready(store);

    if (outcome != READER_DONE)
        return outcome;
    postgres_send(store->link, "cluster_make", &value, 1, NULL);
    postgres_send(store->link, "cluster_read", NULL, 0, &rows);
    outcome = postgres_sync(store->link, NULL);
    if (outcome != POSTGRES_DONE)
        return store_outcome(store, outcome);
    if (rows.count == 1 && span_is(postgres_text(&rows, 0, 0), cluster))
        return READER_DONE;
    reader_because("our positions are those of another Kafka cluster");
    return READER_REJECT;
}

static void send_columns(struct postgres *link, const char *statement, const struct postgres_array *columns,
                         int count)
{
    struct postgres_value values[PARKED_COLUMNS] = {0};

    if (columns[0].count == 0)
        return;
    for (int i = 0; i < count; i++) {
        values[i].type = columns[i].type;
        values[i].array = &columns[i];
    }
    postgres_send(link, statement, values, count, NULL);
}

struct position_rows {
    struct postgres_array partitions, was, next;
    struct postgres_rows moved;
};

static void position_rows_done(struct position_rows *rows)
{
    postgres_array_done(&rows->partitions);
    postgres_array_done(&rows->was);
    postgres_array_done(&rows->next);
    postgres_rows_done(&rows->moved);
}

static void send_positions(struct postgres *link, const struct reader_position *positions, size_t count,
                           struct position_rows *rows)
{
    const struct postgres_value values[3] = {
        {.type = POSTGRES_INT4, .array = &rows->partitions},
        {.type = POSTGRES_INT8, .array = &rows->was},
        {.type = POSTGRES_INT8, .array = &rows->next},
    };

    postgres_array_start(&rows->partitions, POSTGRES_INT4);
    postgres_array_start(&rows->was, POSTGRES_INT8);
    postgres_array_start(&rows->next, POSTGRES_INT8);
    for (size_t i = 0; i < count; i++) {
        postgres_array_integer(&rows->partitions, positions[i].partition);
        postgres_array_integer(&rows->was, positions[i].from);
        postgres_array_integer(&rows->next, positions[i].next);
    }
    postgres_send(link, "position_move", values, 3, &rows->moved);
}

static void send_batch(struct store *store, struct batch *batch)
{
    char statement[64];

    for (int m = 0; machines[m]; m++) {
        (void)snprintf(statement, sizeof(statement), "private_%s", machines[m]->kind);
        send_columns(store->link, statement, batch->privates[m], PRIVATE_COLUMNS);
    }
    send_columns(store->link, "verdict_insert", batch->verdicts, VERDICT_COLUMNS);
    send_columns(store->link, "ledger_insert", batch->ledger, LEDGER_COLUMNS);
    send_columns(store->link, "parked_insert", batch->parked, PARKED_COLUMNS);
    outbox_send(&batch->outbox, store->link);
    if (batch->verdicts[0].count)
        postgres_send(store->link, "verdict_hint", NULL, 0, NULL);
}

void store_ahead(struct store *store, struct batch *batch)
{
    send_batch(store, batch);
    batch_sent(batch);
    postgres_push(store->link);
}

static void send_remove(struct postgres *link, const struct store_place *remove)
{
    const struct postgres_value values[2] = {{.type = POSTGRES_INT4, .integer = remove->partition},
                                             {.type = POSTGRES_INT8, .integer = remove->offset}};

    postgres_send(link, "parked_remove", values, 2, NULL);
}

/* What was committed, and what was locked and stayed as it was. */
static void keep(struct store *store, const struct batch *batch)
{
    for (size_t i = 0; i < batch->state_count; i++) {
        const struct batch_state *state = &batch->states[i];
        size_t machine = batch_machine_index(state->machine);

        if (state->state->version != state->stored_version)
            kept_put(&store->kept, machine, state->state, store->transaction);
        else if (state->stored_version > 0)
            kept_put(&store->kept, machine, state->stored, state->xmin);
    }
}

/* Two segments would be two round trips: the COMMIT goes with the writes. What they must have changed was
 * locked by store_load in this very transaction, so a difference found after it is a bug, not a race. */
int store_commit(struct store *store, struct batch *batch, const struct reader_position *positions,
                 size_t count, const struct store_place *remove)
{
    CLEANUP(position_rows_done) struct position_rows moved = {0};
    int outcome = shapes_gather(store->shapes, batch, store->link);
    bool held;

    if (outcome != POSTGRES_DONE)
        return store_outcome(store, outcome);
    shapes_send(store->shapes, store->link);
    send_batch(store, batch);
    if (remove)
        send_remove(store->link, remove);
    if (count)
        send_positions(store->link, positions, count, &moved);
    postgres_send(store->link, "commit", NULL, 0, NULL);
    FAIL_POINT("projector-decided");
    outcome = postgres_sync(store->link, NULL);
    FAIL_POINT("projector-committed");
    held = shapes_held(store->shapes) && moved.moved.count == (int)count;
    if (outcome == POSTGRES_DONE && !held)
        return error_new(ERROR_BUG, "a locked row was not what it was");
    if (outcome == POSTGRES_DONE) {
        store->unique_failures = 0;
        keep(store, batch);
    }
    return store_outcome(store, outcome);
}

void store_rollback(struct store *store)
{
    if (!postgres_connected(store->link))
        return;
    postgres_send(store->link, "rollback", NULL, 0, NULL);
    if (postgres_sync(store->link, NULL) != POSTGRES_DONE)
        postgres_drop(store->link);
}
