/* SPDX-License-Identifier: Apache-2.0
 * A state has up to sixty columns and a fact changes few of them; what is not sent is not received, joined,
 * checked and written. Statements insert_KIND and update_KIND are the store's own. */
#include "consumers/projector/shapes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Of one machine: the first inserts, the second writes whole rows, the others some columns. */
enum { FRESH, WHOLE, SHAPES = 64, COLUMNS = POSTGRES_PARAMETERS };

struct shape {
    uint64_t columns;
    struct postgres_statement statement;
    enum postgres_type types[COLUMNS];
    struct postgres_array *arrays; /* of an update one more: the versions before */
    int array_count, rows;
    struct postgres_rows changed;
};

struct shapes {
    struct shape of[BATCH_MACHINES][SHAPES];
    int count[BATCH_MACHINES];
};

static void shape_make(struct shape *shape, const struct machine *machine, const char *verb, uint64_t columns)
{
    CLEANUP(buf_done) struct buf table = {0};
    struct buf name = {0}, sql = {0};
    bool fresh = strcmp(verb, "insert") == 0, some = columns != UINT64_MAX;

    buf_format(&name, some ? "%s_%s_%" PRIx64 : "%s_%s", verb, machine->kind, columns);
    if (some) {
        buf_format(&table, "state.%s", machine->kind);
        postgres_update_of_sql(machine->state, columns, table.data, &sql);
    }
    shape->columns = columns;
    shape->statement.name = take(name.data);
    shape->statement.sql = take(sql.data);
    shape->array_count = postgres_types_of(machine->state, columns, shape->types, COLUMNS - 1);
    if (!fresh)
        shape->types[shape->array_count++] = POSTGRES_INT8;
    shape->arrays = memory_new((size_t)shape->array_count, sizeof(*shape->arrays));
}

struct shapes *shapes_new(void)
{
    struct shapes *shapes = memory_new(1, sizeof(*shapes));

    for (int m = 0; machines[m]; m++) {
        shape_make(&shapes->of[m][FRESH], machines[m], "insert", UINT64_MAX);
        shape_make(&shapes->of[m][WHOLE], machines[m], "update", UINT64_MAX);
        shapes->count[m] = WHOLE + 1;
    }
    return shapes;
}

static void shape_done(struct shape *shape)
{
    for (int i = 0; i < shape->array_count; i++)
        postgres_array_done(&shape->arrays[i]);
    free(shape->arrays);
    postgres_rows_done(&shape->changed);
    free((char *)(uintptr_t)shape->statement.name);
    free((char *)(uintptr_t)shape->statement.sql);
}

void shapes_free(struct shapes *shapes)
{
    for (int m = 0; shapes && machines[m]; m++)
        for (int i = 0; i < shapes->count[m]; i++)
            shape_done(&shapes->of[m][i]);
    free(shapes);
}

static struct shape *shape_of(struct shapes *shapes, size_t m, const struct batch_state *state,
                              struct postgres *link)
{
    uint64_t columns;

    if (state->stored_version == 0)
        return &shapes->of[m][FRESH];
    columns = postgres_changed(machines[m]->state, state->stored, state->state);
    for (int i = WHOLE + 1; i < shapes->count[m]; i++)
        if (shapes->of[m][i].columns == columns)
            return &shapes->of[m][i];
    if (shapes->count[m] == SHAPES)
        return &shapes->of[m][WHOLE];
    shape_make(&shapes->of[m][shapes->count[m]], machines[m], "update", columns);
    postgres_prepare(link, &shapes->of[m][shapes->count[m]].statement);
    return &shapes->of[m][shapes->count[m]++];
}

static void shape_add(struct shape *shape, const struct machine *machine, const struct batch_state *state)
{
    if (shape->rows++ == 0)
        for (int i = 0; i < shape->array_count; i++)
            postgres_array_start(&shape->arrays[i], shape->types[i]);
    postgres_bind_of(machine->state, shape->columns, state->state, shape->arrays);
    if (state->stored_version > 0)
        postgres_array_integer(&shape->arrays[shape->array_count - 1], state->stored_version);
}

static int known(const struct shapes *shapes)
{
    int count = 0;

    for (int m = 0; machines[m]; m++)
        count += shapes->count[m];
    return count;
}

static void empty(struct shapes *shapes)
{
    for (int m = 0; machines[m]; m++)
        for (int i = 0; i < shapes->count[m]; i++)
            shapes->of[m][i].rows = 0;
}

int shapes_gather(struct shapes *shapes, const struct batch *batch, struct postgres *link)
{
    int before = known(shapes), outcome;

    empty(shapes);
    for (size_t i = 0; i < batch->state_count; i++) {
        const struct batch_state *state = &batch->states[i];

        if (state->state->version != state->stored_version)
            shape_add(shape_of(shapes, batch_machine_index(state->machine), state, link), state->machine,
                      state);
    }
    if (known(shapes) == before)
        return POSTGRES_DONE;
    outcome = postgres_sync(link, NULL);
    if (outcome != POSTGRES_DONE)
        postgres_drop(link); /* nobody knows which of them it has */
    return outcome;
}

static void shape_send(struct shape *shape, struct postgres *link)
{
    struct postgres_value values[COLUMNS] = {0};

    if (shape->rows == 0)
        return;
    for (int i = 0; i < shape->array_count; i++)
        values[i] = (struct postgres_value){.type = shape->types[i], .array = &shape->arrays[i]};
    postgres_send(link, shape->statement.name, values, shape->array_count, &shape->changed);
}

void shapes_send(struct shapes *shapes, struct postgres *link)
{
    for (int m = 0; machines[m]; m++)
        for (int i = 0; i < shapes->count[m]; i++)
            shape_send(&shapes->of[m][i], link);
}

bool shapes_held(struct shapes *shapes)
{
    bool held = true;

    for (int m = 0; machines[m]; m++)
        for (int i = 0; i < shapes->count[m]; i++) {
            struct shape *shape = &shapes->of[m][i];

            held = held && (shape->rows == 0 || i == FRESH || shape->changed.count == shape->rows);
            postgres_rows_done(&shape->changed);
            shape->rows = 0;
        }
    return held;
}
