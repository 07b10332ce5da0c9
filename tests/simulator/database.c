/* SPDX-License-Identifier: Apache-2.0
 * The catalogue and the rows. States and private records have the columns of the tables of schemas/states;
 * what is bus.* stands here as in schemas/sql, as far as the projector sees it. */
#include "tests/simulator/database.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "shared/domain/rule.h"

enum { TABLES = 32 };

static const struct fixed_table {
    const char *name, *columns; /* "name type, ..." */
    int key_count;              /* its first columns */
} fixed_tables[] = {
    {"bus.position", "reader text, topic text, partition int4, next int8", 3},
    {"bus.cluster", "reader text, id text", 1},
    {"bus.verdict",
     "id uuid, principal uuid, subject uuid, decided_at time, fingerprint bytea, fact_count int2, accepted "
     "bool, "
     "kind text, reason text",
     1},
    {"bus.ledger",
     "journal uuid, line int2, booking uuid, payment uuid, account text, currency text, amount int8, at time",
     2},
    {"bus.parked",
     "partition int4, offset int8, id uuid, at time, key text, headers text, value bytea, reason text, kind "
     "text, "
     "action text",
     2},
    {"bus.outbox_page", "id int8, messages text", 1},
    {"bus.outbox_command",
     "id int8, key text, aggregate text, event uuid, headers text, value text, due time", 1},
};

struct table *database_tables[TABLES];
int database_table_count;

int64_t cell_integer(struct cell cell)
{
    uint64_t eight = 0;
    uint32_t four = 0;
    uint16_t two = 0;

    switch (cell.size) {
    case 1:
        return cell.data[0] != 0;
    case 2:
        memcpy(&two, cell.data, sizeof(two));
        return (int16_t)be16toh(two);
    case 4:
        memcpy(&four, cell.data, sizeof(four));
        return (int32_t)be32toh(four);
    case 8:
        memcpy(&eight, cell.data, sizeof(eight));
        return (int64_t)be64toh(eight);
    default:
        return 0;
    }
}

/* Null is like nothing, not even null. */
bool cell_same(struct cell a, struct cell b)
{
    return a.size >= 0 && a.size == b.size && memcmp(a.data, b.data, (size_t)a.size) == 0;
}

struct span cell_span(struct cell cell)
{
    return (struct span){cell.data, cell.size > 0 ? (size_t)cell.size : 0};
}

bool cell_is(struct cell cell, const char *text)
{
    return cell.size >= 0 && span_is(cell_span(cell), text);
}

struct cell cell_copy(const void *data, size_t size)
{
    char *copy = memory_take(&schedule.memory, size + 1);

    if (size)
        memcpy(copy, data, size);
    return (struct cell){copy, (int32_t)size};
}

struct cell cell_of_integer(enum postgres_type type, int64_t value)
{
    uint64_t eight = htobe64((uint64_t)value);
    int size = type == POSTGRES_BOOL ? 1 : type == POSTGRES_INT2 ? 2 : type == POSTGRES_INT4 ? 4 : 8;

    return cell_copy((const char *)&eight + 8 - size, (size_t)size);
}

static enum postgres_type type_called(const char *text)
{
    static const struct {
        const char *text;
        enum postgres_type type;
    } types[] = {{"text", POSTGRES_TEXT}, {"uuid", POSTGRES_UUID},   {"int2", POSTGRES_INT2},
                 {"int4", POSTGRES_INT4}, {"int8", POSTGRES_INT8},   {"bool", POSTGRES_BOOL},
                 {"time", POSTGRES_TIME}, {"bytea", POSTGRES_BYTEA}, {"jsonb", POSTGRES_JSONB}};
    size_t at = 0;

    while (strcmp(types[at].text, text) != 0)
        at++;
    return types[at].type;
}

static struct table *table_make(const char *first, const char *second, int key_count)
{
    struct table *table = memory_new(1, sizeof(*table));

    (void)snprintf(table->name, sizeof(table->name), "%s%s", first, second);
    table->key_count = key_count;
    for (int i = 0; i < key_count; i++)
        table->key[i] = i;
    table->identity = table->machine = table->xmin = -1;
    database_tables[database_table_count++] = table;
    return table;
}

static void columns_read(struct table *table, const char *columns)
{
    char name[64], type[16];
    int size;

    while (sscanf(columns, "%63s %15[a-z0-9]%n", name, type, &size) == 2) {
        table->columns[table->column_count] = memory_text(name);
        table->types[table->column_count++] = type_called(type);
        columns += size + (columns[size] == ',');
    }
}

/* "id", "version", ...: as the link itself names them. */
static void columns_of(struct table *table, const struct schema *state)
{
    CLEANUP(buf_done) struct buf text = {0};
    int count = postgres_column_types(state, table->types, TABLE_COLUMNS);
    char *at;

    postgres_columns(state, NULL, &text);
    at = text.data;
    for (int i = 0; i < count; i++) {
        char *end;

        at = strchr(at, '"') + 1;
        end = strchr(at, '"');
        *end = '\0';
        table->columns[table->column_count++] = memory_text(at);
        at = end + 1;
    }
}

void database_make(void)
{
    for (size_t i = 0; i < sizeof(fixed_tables) / sizeof(fixed_tables[0]); i++)
        columns_read(table_make(fixed_tables[i].name, "", fixed_tables[i].key_count),
                     fixed_tables[i].columns);
    table_named("bus.outbox_page")->identity = 0;
    table_named("bus.outbox_command")->identity = 0;
    for (int m = 0; machines[m]; m++) {
        struct table *states = table_make("state.", machines[m]->kind, 1);

        states->machine = m;
        columns_of(states, machines[m]->state);
        states->xmin = states->column_count;
        columns_read(states, "xmin int4");
        columns_read(table_make("private.", machines[m]->kind, 3), "id uuid, name text, n int8, value jsonb");
    }
}

void database_restart(void)
{
    for (int i = 0; i < database_table_count; i++) {
        database_tables[i]->row_count = 0;
        database_tables[i]->numbered = 0;
        memset(database_tables[i]->buckets, 0, sizeof(database_tables[i]->buckets));
    }
}

void database_done(void)
{
    for (int i = 0; i < database_table_count; i++) {
        for (int at = 0; at < database_tables[i]->column_count; at++)
            free((char *)(uintptr_t)database_tables[i]->columns[at]);
        free(database_tables[i]->rows);
        free(database_tables[i]);
    }
    database_table_count = 0;
}

struct table *table_named(const char *name)
{
    for (int i = 0; i < database_table_count; i++)
        if (strcmp(database_tables[i]->name, name) == 0)
            return database_tables[i];
    return NULL;
}

int table_column(const struct table *table, const char *name)
{
    for (int i = 0; i < table->column_count; i++)
        if (strcmp(table->columns[i], name) == 0)
            return i;
    return -1;
}

static uint32_t hash_of(const struct table *table, const struct cell *cells)
{
    uint32_t hash = 2166136261u;

    for (int i = 0; i < table->key_count; i++)
        for (int at = 0; at < cells[table->key[i]].size; at++)
            hash = (hash ^ (uint8_t)cells[table->key[i]].data[at]) * 16777619u;
    return hash;
}

static bool same_key(const struct table *table, const struct row *row, const struct cell *cells)
{
    const struct cell *own = row->written ? row->written : row->stored;

    for (int i = 0; i < table->key_count && own; i++)
        if (!cell_same(own[table->key[i]], cells[table->key[i]]))
            return false;
    return own != NULL;
}

struct row *table_find(const struct table *table, const struct cell *cells)
{
    uint32_t hash = hash_of(table, cells);
    struct row *row = table->buckets[hash % TABLE_BUCKETS];

    while (row && (row->hash != hash || !same_key(table, row, cells)))
        row = row->next;
    return row;
}

struct row *table_add(struct table *table, const struct cell *cells)
{
    struct row *row = schedule_take(sizeof(*row));
    struct row **bucket;

    row->hash = hash_of(table, cells);
    row->table = table;
    bucket = &table->buckets[row->hash % TABLE_BUCKETS];
    row->next = *bucket;
    *bucket = row;
    if (table->row_count == table->row_capacity) {
        table->row_capacity = table->row_capacity ? 2 * table->row_capacity : 64;
        table->rows = memory_grow(table->rows, (size_t)table->row_capacity, sizeof(struct row *));
    }
    table->rows[table->row_count++] = row;
    return row;
}

struct cell *row_cells(const struct row *row, const struct session *session)
{
    if (session && row->holder == session && (row->written || row->deleted))
        return row->deleted ? NULL : row->written;
    return row->stored;
}
