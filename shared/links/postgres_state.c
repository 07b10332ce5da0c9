/* SPDX-License-Identifier: Apache-2.0
 * The rows of the states room: column names, types, arrays and structs, all by the generated tables, so that
 * no program binds a column by hand. A nested object's members are columns of their own, joined by _.
 * An array is one jsonb column, written canonically and read strictly. Names are quoted: a member may be a
 * word of SQL (from). */
#include "shared/links/postgres_inside.h"

#include <stdio.h>
#include <string.h>

static enum postgres_type type_of(const struct field *field)
{
    switch (field->kind) {
    case FIELD_ID:
        return POSTGRES_UUID;
    case FIELD_INTEGER:
        return POSTGRES_INT8;
    case FIELD_BOOLEAN:
        return POSTGRES_BOOL;
    case FIELD_TIME:
        return POSTGRES_TIME;
    case FIELD_STRING:
    case FIELD_CHOICE:
        return POSTGRES_TEXT;
    case FIELD_ARRAY:
        return POSTGRES_JSONB;
    default:
        abort();
    }
}

static const char *type_name(enum postgres_type type)
{
    static const char *const names[] = {
        [POSTGRES_TEXT] = "text",        [POSTGRES_UUID] = "uuid",   [POSTGRES_INT2] = "int2",
        [POSTGRES_INT4] = "int4",        [POSTGRES_INT8] = "int8",   [POSTGRES_BOOL] = "bool",
        [POSTGRES_TIME] = "timestamptz", [POSTGRES_BYTEA] = "bytea", [POSTGRES_JSONB] = "jsonb",
    };
    return names[type];
}

/* --- one walk over the columns, for everything that only wants their names and types --- */

enum { COLUMN_REST = 63 }; /* the bit of this column and all behind it */

static bool chosen(uint64_t columns, int number)
{
    return columns >> (number < COLUMN_REST ? number : COLUMN_REST) & 1;
}

/* Those that are always among the columns of a row: its id and its version come first. */
static uint64_t with_key(uint64_t columns)
{
    return columns | 3;
}

struct column {
    int number; /* from 0, of all */
    int place;  /* from 0, of those chosen */
    uint64_t chosen;
    char name[64];
    enum postgres_type type;
};
typedef void (*column_seen)(void *self, const struct column *column);

static void walk_into(const struct schema *schema, struct column *column, column_seen seen, void *self)
{
    size_t stem = strlen(column->name);
    for (int at = 0; at < schema->count; at++) {
        const struct field *field = &schema->fields[at];
        bool object = field->kind == FIELD_OBJECT;
        snprintf(column->name + stem, sizeof(column->name) - stem, "%s%s", field->name, object ? "_" : "");
        if (object) {
            walk_into(field->object, column, seen, self);
        } else {
            column->type = type_of(field);
            if (chosen(column->chosen, column->number)) {
                seen(self, column);
                column->place++;
            }
            column->number++;
        }
    }
    column->name[stem] = '\0';
}

/* How many columns were seen. */
static int walk_some(const struct schema *state, uint64_t columns, column_seen seen, void *self)
{
    struct column column = {.chosen = with_key(columns)};
    walk_into(state, &column, seen, self);
    return column.place;
}

static int walk(const struct schema *state, column_seen seen, void *self)
{
    return walk_some(state, UINT64_MAX, seen, self);
}

struct naming {
    const char *before, *after; /* each name */
    struct buf *to;
    bool skip_id;
    bool any;
};

static void name_column(void *self, const struct column *column)
{
    struct naming *naming = self;
    if (naming->skip_id && strcmp(column->name, "id") == 0)
        return;
    buf_format(naming->to, "%s%s\"%s\"", naming->any ? ", " : "", naming->before, column->name);
    if (naming->after) /* an assignment: the name once more */
        buf_format(naming->to, "%s\"%s\"", naming->after, column->name);
    naming->any = true;
}

void postgres_columns(const struct schema *state, const char *prefix, struct buf *to)
{
    struct naming naming = {.before = prefix ? prefix : "", .to = to};
    walk(state, name_column, &naming);
}

static void note_reference(void *self, const struct column *column)
{
    uint64_t *columns = self;
    if (column->type == POSTGRES_UUID)
        *columns |= UINT64_C(1) << (column->number < COLUMN_REST ? column->number : COLUMN_REST);
}

uint64_t postgres_reference_columns(const struct schema *state)
{
    uint64_t columns = 0;
    walk(state, note_reference, &columns);
    return with_key(columns);
}

void postgres_references(const struct schema *state, struct buf *to)
{
    struct naming naming = {.before = "", .to = to};
    walk_some(state, postgres_reference_columns(state), name_column, &naming);
}

struct typing {
    enum postgres_type *types;
    int capacity;
};

static void type_column(void *self, const struct column *column)
{
    struct typing *typing = self;
    if (column->place < typing->capacity)
        typing->types[column->place] = column->type;
}

int postgres_types_of(const struct schema *state, uint64_t columns, enum postgres_type *ret_types,
                      int capacity)
{
    struct typing typing = {ret_types, capacity};
    return walk_some(state, columns, type_column, &typing);
}

int postgres_column_types(const struct schema *state, enum postgres_type *ret_types, int capacity)
{
    return postgres_types_of(state, UINT64_MAX, ret_types, capacity);
}

static void parameter_column(void *self, const struct column *column)
{
    buf_format(self, "%sunnest($%d::%s[])", column->place ? ", " : "", column->place + 1,
               type_name(column->type));
}

static void source_column(void *self, const struct column *column)
{
    parameter_column(self, column);
    buf_format(self, " as \"%s\"", column->name);
}

void postgres_insert_sql(const struct schema *state, const char *table, struct buf *to)
{
    buf_format(to, "insert into %s (", table);
    postgres_columns(state, NULL, to);
    buf_text(to, ") select ");
    walk(state, parameter_column, to);
}

void postgres_update_of_sql(const struct schema *state, uint64_t columns, const char *table, struct buf *to)
{
    struct naming set = {.before = "", .after = " = n.", .to = to, .skip_id = true};
    buf_format(to, "update %s s set ", table);
    walk_some(state, columns, name_column, &set);
    buf_text(to, " from (select ");
    int count = walk_some(state, columns, source_column, to);
    buf_format(to, ", unnest($%d::int8[]) as was) n where s.id = n.id and s.version = n.was", count + 1);
}

void postgres_update_sql(const struct schema *state, const char *table, struct buf *to)
{
    postgres_update_of_sql(state, UINT64_MAX, table, to);
}

/* --- structs to arrays --- */

static void bind_member(const struct field *field, const char *member, struct postgres_array *array)
{
    int32_t choice;
    int64_t integer;
    switch (field->kind) {
    case FIELD_STRING:
    case FIELD_ID: /* struct id is its text */
        postgres_array_text(array, span_of(member));
        break;
    case FIELD_CHOICE:
        memcpy(&choice, member, sizeof(choice));
        if (choice_text(field->choices, choice))
            postgres_array_text(array, span_of(choice_text(field->choices, choice)));
        else
            postgres_array_null(array);
        break;
    case FIELD_BOOLEAN:
        postgres_array_integer(array, *(const bool *)member);
        break;
    default:
        memcpy(&integer, member, sizeof(integer));
        postgres_array_integer(array, integer);
        break;
    }
}

static void bind_items(const struct field *field, const char *message, struct postgres_array *array)
{
    struct buf items = {0};
    codec_encode_items(field, message, &items);
    postgres_array_text(array, buf_as_span(&items));
    buf_done(&items);
}

static bool has(const struct field *field, const char *message)
{
    return field->has_offset == UINT16_MAX || *(const bool *)(message + field->has_offset);
}

struct binding {
    uint64_t columns;
    int number;
    struct postgres_array *arrays; /* the next */
};

static void bind(struct binding *binding, const struct schema *schema, const char *message, bool present)
{
    for (int at = 0; at < schema->count; at++) {
        const struct field *field = &schema->fields[at];
        bool here = present && has(field, message);
        if (field->kind == FIELD_OBJECT) {
            bind(binding, field->object, message + field->offset, here);
            continue;
        }
        if (!chosen(binding->columns, binding->number++))
            continue;
        if (here && field->kind == FIELD_ARRAY)
            bind_items(field, message, binding->arrays);
        else if (here)
            bind_member(field, message + field->offset, binding->arrays);
        else
            postgres_array_null(binding->arrays);
        binding->arrays++;
    }
}

void postgres_bind_of(const struct schema *state, uint64_t columns, const void *row,
                      struct postgres_array *arrays)
{
    struct binding binding = {.columns = with_key(columns), .arrays = arrays};
    bind(&binding, state, row, true);
}

void postgres_bind(const struct schema *state, const void *row, struct postgres_array *arrays)
{
    postgres_bind_of(state, UINT64_MAX, row, arrays);
}

/* --- rows to structs --- */

struct fetching {
    const struct postgres_rows *rows;
    uint64_t columns; /* those the rows have */
    int row, column;
    int number;  /* of the column, of all */
    int present; /* cells that were not null */
};

static int fetch_choice(const struct field *field, struct span text, char *member)
{
    int32_t choice = choice_of(field->choices, text);
    memcpy(member, &choice, sizeof(choice));
    return choice ? 0 : error_new(ERROR_DATA, "%s holds a word that is none of its own", field->name);
}

static int fetch_text(const struct field *field, struct span text, char *member)
{
    if (text_copy(member, field->size, text) != 0)
        return error_new(ERROR_DATA, "%s holds %zu bytes, more than it may", field->name, text.size);
    return 0;
}

static int fetch_items(const struct field *field, struct span text, char *message)
{
    return codec_decode_items(field, text, message, NULL) == 0
               ? 0
               : error_new(ERROR_DATA, "%s holds items that are not of its own", field->name);
}

static int fetch_cell(const struct field *field, const struct fetching *fetching, char *member)
{
    const struct postgres_rows *rows = fetching->rows;
    int row = fetching->row, column = fetching->column;
    int64_t integer;
    switch (field->kind) {
    case FIELD_STRING:
        return fetch_text(field, postgres_text(rows, row, column), member);
    case FIELD_ID:
        postgres_id(rows, row, column, (struct id *)member);
        return 0;
    case FIELD_CHOICE:
        return fetch_choice(field, postgres_text(rows, row, column), member);
    case FIELD_BOOLEAN:
        *(bool *)member = postgres_integer(rows, row, column) != 0;
        return 0;
    default:
        integer = postgres_integer(rows, row, column);
        memcpy(member, &integer, sizeof(integer));
        return 0;
    }
}

static int fetch(const struct schema *schema, struct fetching *fetching, char *message);

static int fetch_field(const struct field *field, struct fetching *fetching, char *message)
{
    if (field->kind == FIELD_OBJECT)
        return fetch(field->object, fetching, message + field->offset);
    if (!chosen(fetching->columns, fetching->number++))
        return 0;
    int cell = fetching->column;
    int result = 0;
    if (!postgres_null(fetching->rows, fetching->row, cell)) {
        result = field->kind == FIELD_ARRAY
                     ? fetch_items(field, postgres_text(fetching->rows, fetching->row, cell), message)
                     : fetch_cell(field, fetching, message + field->offset);
        fetching->present++;
    }
    fetching->column++;
    return error_forward(result);
}

/* A member is there when any of its cells is. */
static int fetch(const struct schema *schema, struct fetching *fetching, char *message)
{
    for (int at = 0; at < schema->count; at++) {
        const struct field *field = &schema->fields[at];
        int before = fetching->present;
        TRY(fetch_field(field, fetching, message));
        if (field->has_offset != UINT16_MAX)
            *(bool *)(message + field->has_offset) = fetching->present > before;
    }
    return 0;
}

int postgres_fetch(const struct schema *state, const struct postgres_rows *rows, int row, int first,
                   void *ret_row)
{
    struct fetching fetching = {.rows = rows, .columns = UINT64_MAX, .row = row, .column = first};
    memset(ret_row, 0, state->size);
    return error_forward(fetch(state, &fetching, ret_row));
}

int postgres_fetch_of(const struct schema *state, uint64_t columns, const struct postgres_rows *rows, int row,
                      void *ret_row)
{
    struct fetching fetching = {.rows = rows, .columns = columns, .row = row};
    memset(ret_row, 0, state->size);
    return error_forward(fetch(state, &fetching, ret_row));
}
