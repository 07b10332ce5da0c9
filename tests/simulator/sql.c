/* SPDX-License-Identifier: Apache-2.0
 * Reads a statement by its shape. Names are resolved against the catalogue at once, so that a column that is
 * not there is seen before the first schedule. */
#include "tests/simulator/sql.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { NAME = 64, BUCKETS = 256 };

struct reading {
    const char *at;
    struct plan *plan;
    char alias[NAME], source[NAME], names[TABLE_COLUMNS][NAME]; /* of the table, of unnest, of its columns */
    int name_count;
    bool wrong;
};

static struct plan *plans[SQL_PLANS];
static int heads[BUCKETS]; /* of a name's bucket, from 1 */
static int following[SQL_PLANS];
static int plan_count;

static void skip(struct reading *reading)
{
    while (*reading->at == ' ')
        reading->at++;
}

static bool in_name(char letter)
{
    return isalnum((unsigned char)letter) || letter == '_';
}

/* A word, or a sign, if it is what comes next. */
static bool word(struct reading *reading, const char *text)
{
    size_t size = strlen(text);

    skip(reading);
    if (strncmp(reading->at, text, size) != 0 || (in_name(text[size - 1]) && in_name(reading->at[size])))
        return false;
    reading->at += size;
    return true;
}

static void must(struct reading *reading, const char *text)
{
    if (!word(reading, text))
        reading->wrong = true;
}

static bool name(struct reading *reading, char ret_name[NAME])
{
    size_t size = 0;
    bool quoted = word(reading, "\"");

    while ((in_name(reading->at[size]) || (quoted && reading->at[size] != '"')) && size < NAME - 1)
        size++;
    if (size == 0)
        return false;
    memcpy(ret_name, reading->at, size);
    ret_name[size] = '\0';
    reading->at += size;
    if (quoted)
        must(reading, "\"");
    return true;
}

/* ::uuid[] */
static bool cast(struct reading *reading)
{
    char type[NAME];

    if (!word(reading, "::"))
        return false;
    if (!name(reading, type))
        reading->wrong = true;
    return word(reading, "[]");
}

static int number(struct reading *reading)
{
    char *end;
    long value = strtol(reading->at, &end, 10);

    if (end == reading->at)
        reading->wrong = true;
    reading->at = end;
    return (int)value;
}

static int parameter(struct reading *reading)
{
    int at = number(reading) - 1;

    if (at < 0 || at >= TABLE_COLUMNS) {
        reading->wrong = true;
        return 0;
    }
    if (cast(reading))
        reading->plan->arrays[at] = true;
    return at;
}

static int column(struct reading *reading, const char *text)
{
    int at = reading->plan->table ? table_column(reading->plan->table, text) : -1;

    if (at < 0)
        reading->wrong = true;
    return at < 0 ? 0 : at;
}

static struct operand named(struct reading *reading, const char *qualifier, const char *text)
{
    bool of_source = reading->source[0] && (qualifier[0] ? strcmp(qualifier, reading->source) == 0
                                                         : strcmp(text, reading->source) == 0);

    if (of_source && !qualifier[0])
        return (struct operand){.kind = OPERAND_SOURCE}; /* unnest(...) p: p is its only column */
    for (int i = 0; of_source && i < reading->name_count; i++)
        if (strcmp(reading->names[i], text) == 0)
            return (struct operand){.kind = OPERAND_SOURCE, .at = i};
    if (of_source || (qualifier[0] && strcmp(qualifier, reading->alias) != 0))
        reading->wrong = true;
    return (struct operand){.kind = OPERAND_COLUMN, .at = column(reading, text)};
}

static struct cell kept(const void *data, size_t size)
{
    char *copy = memory_new(size + 1, 1);

    memcpy(copy, data, size);
    return (struct cell){copy, (int32_t)size};
}

static struct operand literal(struct reading *reading)
{
    size_t size = strcspn(reading->at, "'");
    struct operand operand = {.kind = OPERAND_LITERAL, .literal = kept(reading->at, size)};

    reading->at += size;
    must(reading, "'");
    return operand;
}

/* unnest($1::int[]), the next column of the source. */
static int source_column(struct reading *reading)
{
    must(reading, "(");
    must(reading, "$");
    reading->plan->source[reading->plan->source_count] = parameter(reading);
    must(reading, ")");
    return reading->plan->source_count++;
}

/* type: of the column it is for. */
static struct operand operand(struct reading *reading, enum postgres_type type)
{
    char first[NAME], second[NAME];
    struct cell integer;

    if (word(reading, "null")) {
        (void)cast(reading);
        return (struct operand){.kind = OPERAND_NULL};
    }
    if (word(reading, "'"))
        return literal(reading);
    if (word(reading, "pg_current_xact_id()"))
        return (struct operand){.kind = OPERAND_XACT};
    if (word(reading, "unnest"))
        return (struct operand){.kind = OPERAND_SOURCE, .at = source_column(reading)};
    if (word(reading, "$"))
        return (struct operand){.kind = OPERAND_PARAMETER, .at = parameter(reading)};
    if (*reading->at == '-' || isdigit((unsigned char)*reading->at)) {
        integer = cell_of_integer(type, number(reading));
        return (struct operand){.kind = OPERAND_LITERAL, .literal = kept(integer.data, (size_t)integer.size)};
    }
    if (!name(reading, first)) {
        reading->wrong = true;
        return (struct operand){.kind = OPERAND_NULL};
    }
    if (!word(reading, "."))
        return named(reading, "", first);
    if (!name(reading, second))
        reading->wrong = true;
    return named(reading, first, second);
}

/* bus.parcel, and its alias where it has one. */
static void table(struct reading *reading)
{
    char schema[NAME], text[NAME], full[2 * NAME];
    const char *before;

    reading->wrong |= !name(reading, schema) || !word(reading, ".") || !name(reading, text);
    if (reading->wrong)
        return;
    (void)snprintf(full, sizeof(full), "%s.%s", schema, text);
    reading->plan->table = table_named(full);
    reading->wrong |= !reading->plan->table;
    before = reading->at;
    if (!name(reading, reading->alias) || strcmp(reading->alias, "set") == 0 ||
        strcmp(reading->alias, "where") == 0) {
        reading->at = before;
        reading->alias[0] = '\0';
    }
}

/* unnest($1::int[], ...) n (a, b) */
static void source_rows(struct reading *reading)
{
    must(reading, "unnest");
    must(reading, "(");
    do {
        must(reading, "$");
        reading->plan->source[reading->plan->source_count++] = parameter(reading);
    } while (word(reading, ",") && !reading->wrong);
    must(reading, ")");
    if (*reading->at && name(reading, reading->source) && word(reading, "(")) {
        do
            reading->wrong |= !name(reading, reading->names[reading->name_count++]);
        while (word(reading, ",") && !reading->wrong);
        must(reading, ")");
    }
}

/* (select unnest($1::int[]) as a, unnest($2::int[]) as b) n */
static void source_columns(struct reading *reading)
{
    must(reading, "select");
    do {
        (void)operand(reading, POSTGRES_TEXT);
        must(reading, "as");
        reading->wrong |= !name(reading, reading->names[reading->name_count++]);
    } while (!reading->wrong && reading->name_count < TABLE_COLUMNS && word(reading, ","));
    must(reading, ")");
    reading->wrong |= !name(reading, reading->source);
}

/* Looked for ahead: what stands before refers to it. */
static const char *source(struct reading *reading)
{
    const char *rows = strstr(reading->at, " from unnest("), *back = reading->at;
    const char *from = rows ? rows : strstr(reading->at, " from (select unnest(");

    if (!from)
        return NULL;
    reading->at = from;
    must(reading, "from");
    (word(reading, "(") ? source_columns : source_rows)(reading);
    from = reading->at;
    reading->at = back;
    return from;
}

static void condition(struct reading *reading)
{
    struct plan *plan = reading->plan;
    struct condition *condition = &plan->where[plan->where_count];
    struct operand left = operand(reading, POSTGRES_TEXT);

    if (left.kind != OPERAND_COLUMN || ++plan->where_count == SQL_WHERE) {
        reading->wrong = true;
        return;
    }
    condition->column = left.at;
    if (word(reading, "is")) {
        condition->kind = word(reading, "not") ? CONDITION_NOT_NULL : CONDITION_NULL;
        must(reading, "null");
        return;
    }
    must(reading, "=");
    if (word(reading, "any")) {
        condition->kind = CONDITION_ANY;
        must(reading, "(");
        condition->with = operand(reading, POSTGRES_TEXT);
        reading->wrong |= condition->with.kind != OPERAND_PARAMETER || !plan->arrays[condition->with.at];
        must(reading, ")");
        return;
    }
    condition->kind = CONDITION_IS;
    condition->with = operand(reading, plan->table->types[left.at]);
}

static void where(struct reading *reading)
{
    if (!word(reading, "where"))
        return;
    do
        condition(reading);
    while (!reading->wrong && word(reading, "and"));
}

static void select_statement(struct reading *reading)
{
    struct plan *plan = reading->plan;
    const char *from = strstr(reading->at, " from "), *list;

    plan->distinct = word(reading, "distinct");
    list = reading->at;
    if (!from)
        return;
    reading->at = from;
    must(reading, "from");
    table(reading);
    from = reading->at;
    reading->at = list;
    do
        plan->outputs[plan->output_count++] = operand(reading, POSTGRES_TEXT);
    while (!reading->wrong && plan->output_count < TABLE_COLUMNS && word(reading, ","));
    reading->at = from;
    where(reading);
    if (word(reading, "order by"))
        do
            plan->order[plan->order_count++] = operand(reading, POSTGRES_TEXT).at;
        while (!reading->wrong && plan->order_count < SQL_ORDER && word(reading, ","));
    plan->one = word(reading, "limit 1");
    plan->locks = word(reading, "for update");
}

static void values(struct reading *reading, const char *end)
{
    struct plan *plan = reading->plan;
    bool fixed = word(reading, "values");

    if (fixed)
        must(reading, "(");
    else
        must(reading, "select");
    if (!fixed && word(reading, "*")) {
        reading->wrong |= plan->source_count != plan->set_count;
        for (int i = 0; i < plan->set_count; i++)
            plan->set[i].value = (struct operand){.kind = OPERAND_SOURCE, .at = i};
    } else {
        for (int i = 0; i < plan->set_count && !reading->wrong; i++) {
            plan->set[i].value = operand(reading, plan->table->types[plan->set[i].column]);
            if (i + 1 < plan->set_count)
                must(reading, ",");
        }
    }
    if (fixed)
        must(reading, ")");
    else if (end)
        reading->at = end;
}

static void insert_statement(struct reading *reading)
{
    struct plan *plan = reading->plan;
    char text[NAME];
    const char *end = source(reading);

    table(reading);
    must(reading, "(");
    do {
        reading->wrong |= !name(reading, text);
        plan->set[plan->set_count++].column = column(reading, text);
    } while (!reading->wrong && plan->set_count < TABLE_COLUMNS && word(reading, ","));
    must(reading, ")");
    if (!reading->wrong)
        values(reading, end);
    plan->ignores = word(reading, "on conflict do nothing");
}

static void update_statement(struct reading *reading)
{
    struct plan *plan = reading->plan;
    char text[NAME];
    const char *end = source(reading);

    table(reading);
    must(reading, "set");
    do {
        struct assignment *set = &plan->set[plan->set_count++];

        reading->wrong |= !name(reading, text);
        set->column = column(reading, text);
        must(reading, "=");
        if (!reading->wrong)
            set->value = operand(reading, plan->table->types[set->column]);
    } while (!reading->wrong && plan->set_count < TABLE_COLUMNS && word(reading, ","));
    if (end)
        reading->at = end;
    where(reading);
}

/* By hand in plan.c: its text must be the one that was read there. */
static const char unpark[] =
    "with gone as (delete from bus.parked where partition = $1 and \"offset\" = $2 "
    "returning key, kind) update bus.parked set action = 'release' where (partition, \"offset\") = "
    "(select p.partition, p.\"offset\" from bus.parked p join gone on p.key = gone.key "
    "where p.kind = 'parked' and gone.kind = 'parked' and (p.partition, p.\"offset\") <> ($1, $2) "
    "order by p.partition, p.\"offset\" limit 1) and action is null";

static void statement(struct reading *reading)
{
    struct plan *plan = reading->plan;

    /* The topic here is never made anew. */
    if (strcmp(plan->sql, unpark) == 0 || strncmp(plan->sql, "select pg_notify(", 17) == 0 ||
        strncmp(plan->sql, "update bus.parked k ", 20) == 0) {
        plan->verb = plan->sql[0] == 'w' ? SQL_UNPARK : SQL_NOTHING;
        plan->table = table_named("bus.parked");
        reading->at = "";
        return;
    }
    if (word(reading, "begin"))
        plan->verb = SQL_BEGIN;
    else if (word(reading, "commit"))
        plan->verb = SQL_COMMIT;
    else if (word(reading, "rollback"))
        plan->verb = SQL_ROLLBACK;
    else if (word(reading, "select")) {
        plan->verb = SQL_SELECT;
        select_statement(reading);
    } else if (word(reading, "insert into")) {
        plan->verb = SQL_INSERT;
        insert_statement(reading);
    } else if (word(reading, "update")) {
        plan->verb = SQL_UPDATE;
        update_statement(reading);
    }
}

static const struct plan *plan_new(const char *text, const char *sql)
{
    struct plan *plan = memory_new(1, sizeof(*plan));
    struct reading reading = {.plan = plan};

    (void)snprintf(plan->name, sizeof(plan->name), "%s", text);
    plan->sql = memory_text(sql);
    reading.at = plan->sql;
    statement(&reading);
    skip(&reading);
    if (reading.wrong || *reading.at || plan_count == SQL_PLANS) {
        fprintf(stderr,
                "simulate: statement %s has a shape tests/simulator/sql.c does not know, near \"%.40s\"\n",
                text, reading.at);
        exit(EXIT_FAILURE);
    }
    plan->number = plan_count;
    plans[plan_count++] = plan;
    return plan;
}

static uint32_t bucket_of(const char *text)
{
    uint32_t hash = 2166136261u;

    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619u;
    return hash % BUCKETS;
}

const struct plan *sql_plan(const char *text, const char *sql)
{
    uint32_t bucket = bucket_of(text);
    const struct plan *plan;

    for (int at = heads[bucket]; at > 0; at = following[at - 1])
        if (strcmp(plans[at - 1]->name, text) == 0 && strcmp(plans[at - 1]->sql, sql) == 0)
            return plans[at - 1];
    plan = plan_new(text, sql);
    following[plan->number] = heads[bucket];
    heads[bucket] = plan->number + 1;
    return plan;
}

const struct plan *sql_prepared(const char *text, const bool prepared[SQL_PLANS])
{
    for (int at = heads[bucket_of(text)]; at > 0; at = following[at - 1])
        if (prepared[at - 1] && strcmp(plans[at - 1]->name, text) == 0)
            return plans[at - 1];
    return NULL;
}

static void operand_done(struct operand *operand)
{
    if (operand->kind == OPERAND_LITERAL)
        free((char *)(uintptr_t)operand->literal.data);
}

void sql_done(void)
{
    for (int i = 0; i < plan_count; i++) {
        for (int at = 0; at < plans[i]->set_count; at++)
            operand_done(&plans[i]->set[at].value);
        for (int at = 0; at < plans[i]->where_count; at++)
            operand_done(&plans[i]->where[at].with);
        for (int at = 0; at < plans[i]->output_count; at++)
            operand_done(&plans[i]->outputs[at]);
        free(plans[i]->sql);
        free(plans[i]);
    }
    plan_count = 0;
    memset(heads, 0, sizeof(heads));
}
