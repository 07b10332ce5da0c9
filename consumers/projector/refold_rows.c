/* SPDX-License-Identifier: Apache-2.0
 * The states that waiting facts name, read from and written to the caller's schema: columns as arrays, by the
 * tables made from schemas/states. */
#include <stdio.h>
#include <string.h>

#include "consumers/projector/refold_inside.h"

enum { STATEMENTS_A_MACHINE = 3, COLUMNS = POSTGRES_PARAMETERS };
static const char *const verbs[STATEMENTS_A_MACHINE] = {"refold_load", "refold_insert", "refold_update"};

static size_t machine_count(void)
{
    size_t count = 0;

    while (machines[count])
        count++;
    return count;
}

static void statement_make(struct postgres_statement *statement, const char *name, struct buf *sql)
{
    statement->name = memory_text(name);
    statement->sql = take(sql->data);
    *sql = (struct buf){0};
}

static void machine_make(const struct refold *refold, const struct machine *machine,
                         struct postgres_statement *statements)
{
    CLEANUP(buf_done) struct buf table = {0};
    struct buf sql[STATEMENTS_A_MACHINE] = {0};
    char name[64];

    buf_format(&table, "%s.%s", refold->config.schema, machine->kind);
    buf_text(&sql[0], "select ");
    postgres_columns(machine->state, NULL, &sql[0]);
    buf_format(&sql[0], " from %s where id = any($1::uuid[])", table.data);
    postgres_insert_sql(machine->state, table.data, &sql[1]);
    postgres_update_sql(machine->state, table.data, &sql[2]);
    for (int at = 0; at < STATEMENTS_A_MACHINE; at++) {
        (void)snprintf(name, sizeof(name), "%s_%s", verbs[at], machine->kind);
        statement_make(&statements[at], name, &sql[at]);
    }
}

void refold_rows_new(struct refold *refold)
{
    size_t count = machine_count();
    struct buf ledger = {0}, timers = {0};

    refold->statements = memory_new(count * STATEMENTS_A_MACHINE + 3, sizeof(*refold->statements));
    for (size_t m = 0; m < count; m++)
        machine_make(refold, machines[m], &refold->statements[m * STATEMENTS_A_MACHINE]);
    buf_format(&ledger,
               "insert into %s (journal, line, booking, payment, account, currency, amount, at) "
               "select * from unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::uuid[], $5::text[], "
               "$6::text[], $7::bigint[], $8::timestamptz[])",
               refold->config.ledger);
    statement_make(&refold->statements[count * STATEMENTS_A_MACHINE], "refold_ledger", &ledger);
    if (refold->config.timers) {
        buf_format(&timers,
                   "insert into %s (topic, key, aggregate, version, event, headers, value, due) "
                   "select 'commands', t.key, t.aggregate, 0, t.event, t.headers, t.value, t.due from unnest("
                   "$1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[]) "
                   "t (key, aggregate, event, headers, value, due) where not exists (select from bus.verdict "
                   "v where v.id = t.event) on conflict do "
                   "nothing",
                   refold->config.timers);
        statement_make(&refold->statements[count * STATEMENTS_A_MACHINE + 1], "refold_timers", &timers);
    }
    postgres_statements(refold->config.link, refold->statements);
}

void refold_rows_free(struct refold *refold)
{
    for (struct postgres_statement *statement = refold->statements; statement->name; statement++) {
        free((char *)(uintptr_t)statement->name);
        free((char *)(uintptr_t)statement->sql);
    }
    free(refold->statements);
}

static int outcome_of(struct refold *refold, int outcome)
{
    if (outcome <= 0)
        return error_forward(outcome);
    (void)snprintf(refold->why, sizeof(refold->why), "PostgreSQL: %s", postgres_why(refold->config.link));
    if (outcome == POSTGRES_RETRY)
        return REFOLD_AWAY;
    return error_new(ERROR_LINK, "%s", refold->why);
}

/* --- loading --- */

struct asked {
    struct postgres_array ids[BATCH_MACHINES];
    struct postgres_rows rows[BATCH_MACHINES];
};

static void asked_done(struct asked *asked)
{
    for (int m = 0; m < BATCH_MACHINES; m++) {
        postgres_array_done(&asked->ids[m]);
        postgres_rows_done(&asked->rows[m]);
    }
}

static void ask(struct refold *refold, struct asked *asked)
{
    char name[64];

    for (int m = 0; m < BATCH_MACHINES; m++)
        postgres_array_start(&asked->ids[m], POSTGRES_UUID);
    for (size_t at = 0; at < refold->batch.state_count; at++)
        postgres_array_text(&asked->ids[batch_machine_index(refold->batch.states[at].machine)],
                            span_of(refold->batch.states[at].state->id.text));
    for (int m = 0; machines[m]; m++) {
        const struct postgres_value value = {.type = POSTGRES_UUID, .array = &asked->ids[m]};

        (void)snprintf(name, sizeof(name), "refold_load_%s", machines[m]->kind);
        if (asked->ids[m].count > 0)
            postgres_send(refold->config.link, name, &value, 1, &asked->rows[m]);
    }
}

static int take_rows(struct batch *batch, const struct machine *machine, const struct postgres_rows *rows)
{
    for (int row = 0; row < rows->count; row++) {
        struct batch_state *state;
        struct id id;

        postgres_id(rows, row, 0, &id); /* the first member of every state */
        state = &batch->states[batch_index_of(batch, machine, &id)];
        TRY(postgres_fetch(machine->state, rows, row, 0, state->state));
        state->stored_version = state->state->version;
    }
    return 0;
}

int refold_rows_load(struct refold *refold)
{
    CLEANUP(asked_done) struct asked asked = {0};
    int outcome = outcome_of(refold, postgres_ready(refold->config.link));

    if (outcome != 0)
        return outcome;
    ask(refold, &asked);
    outcome = outcome_of(refold, postgres_sync(refold->config.link, NULL));
    if (outcome != 0)
        return outcome;
    for (int m = 0; machines[m]; m++)
        TRY(take_rows(&refold->batch, machines[m], &asked.rows[m]));
    return 0;
}

/* --- writing --- */

/* The states of one machine that changed: new ones are inserted, the others updated. */
struct written {
    struct postgres_array columns[COLUMNS];
    int column_count, expected;
    struct postgres_rows changed;
};

static void written_done(struct written *written)
{
    for (int at = 0; at < written->column_count; at++)
        postgres_array_done(&written->columns[at]);
    postgres_rows_done(&written->changed);
}

static void bind_state(const struct batch_state *state, bool fresh, struct written *written)
{
    if (state->state->version == state->stored_version || (state->stored_version == 0) != fresh)
        return;
    postgres_bind(state->machine->state, state->state, written->columns);
    if (!fresh)
        postgres_array_integer(&written->columns[written->column_count - 1], state->stored_version);
    written->expected++;
}

static void send_states(struct refold *refold, const struct machine *machine, bool fresh,
                        struct written *written)
{
    struct postgres_value values[COLUMNS] = {0};
    enum postgres_type types[COLUMNS];
    char name[64];
    int count = postgres_column_types(machine->state, types, COLUMNS - 1);

    types[count] = POSTGRES_INT8; /* the version before */
    written->column_count = fresh ? count : count + 1;
    for (int at = 0; at < written->column_count; at++) {
        postgres_array_start(&written->columns[at], types[at]);
        values[at] = (struct postgres_value){.type = types[at], .array = &written->columns[at]};
    }
    for (size_t at = 0; at < refold->batch.state_count; at++)
        if (refold->batch.states[at].machine == machine)
            bind_state(&refold->batch.states[at], fresh, written);
    (void)snprintf(name, sizeof(name), "%s_%s", verbs[fresh ? 1 : 2], machine->kind);
    if (written->expected > 0)
        postgres_send(refold->config.link, name, values, written->column_count, &written->changed);
}

static void send_arrays(struct refold *refold, const char *name, const struct postgres_array *arrays,
                        int count)
{
    struct postgres_value values[OUTBOX_COLUMNS + LEDGER_COLUMNS] = {0};

    for (int at = 0; at < count; at++) {
        values[at].type = arrays[at].type;
        values[at].array = &arrays[at];
    }
    if (arrays[0].count > 0)
        postgres_send(refold->config.link, name, values, count, NULL);
}

struct writes {
    struct written fresh[BATCH_MACHINES], changed[BATCH_MACHINES];
};

static void writes_done(struct writes *writes)
{
    for (int m = 0; m < BATCH_MACHINES; m++) {
        written_done(&writes->fresh[m]);
        written_done(&writes->changed[m]);
    }
}

int refold_rows_write(struct refold *refold)
{
    CLEANUP(writes_done) struct writes writes = {0};
    int outcome;

    for (int m = 0; machines[m]; m++) {
        send_states(refold, machines[m], true, &writes.fresh[m]);
        send_states(refold, machines[m], false, &writes.changed[m]);
    }
    send_arrays(refold, "refold_ledger", refold->batch.ledger, LEDGER_COLUMNS);
    send_arrays(refold, "refold_timers", refold->batch.outbox.columns, OUTBOX_COLUMNS);
    if (refold->config.sending)
        refold->config.sending(refold->config.self, refold->config.link);
    outcome = outcome_of(refold, postgres_sync(refold->config.link, NULL));
    if (outcome != 0)
        return outcome;
    for (int m = 0; machines[m]; m++)
        if (writes.changed[m].changed.count != writes.changed[m].expected)
            return error_new(ERROR_DATA, "%s.%s: somebody else writes it", refold->config.schema,
                             machines[m]->kind);
    return 0;
}
