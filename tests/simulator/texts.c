/* SPDX-License-Identifier: Apache-2.0
 * The texts of statements follow from the tables of schemas/states alone, and writing them costs more than
 * all else that a start of a projector is: each is written once by the real function and kept. (Weak: what a
 * version of the link does not have is not called either.) */
#include <string.h>

#include "tests/simulator/session.h"

enum { TEXTS = 1024 };
enum text_kind { TEXT_COLUMNS, TEXT_REFERENCES, TEXT_INSERT, TEXT_UPDATE, TEXT_TYPES };

static struct text {
    enum text_kind kind;
    const struct schema *state;
    uint64_t columns;
    const char *table; /* or the prefix */
    struct buf text;
    enum postgres_type types[POSTGRES_PARAMETERS];
    int count;
} texts[TEXTS];
static int count;

/* The place of this text; empty where it is not written yet. */
static struct text *kept(enum text_kind kind, const struct schema *state, uint64_t columns, const char *table)
{
    struct text *text;

    for (int i = 0; i < count; i++)
        if (texts[i].kind == kind && texts[i].state == state && texts[i].columns == columns &&
            strcmp(texts[i].table, table) == 0)
            return &texts[i];
    if (count == TEXTS)
        abort();
    text = &texts[count++];
    *text = (struct text){.kind = kind, .state = state, .columns = columns, .table = memory_text(table)};
    return text;
}

void __real_postgres_columns(const struct schema *state, const char *prefix, struct buf *to)
    __attribute__((weak));
void __wrap_postgres_columns(const struct schema *state, const char *prefix, struct buf *to);
void __wrap_postgres_columns(const struct schema *state, const char *prefix, struct buf *to)
{
    struct buf *text = &kept(TEXT_COLUMNS, state, 0, prefix ? prefix : "")->text;

    if (!text->size)
        __real_postgres_columns(state, prefix, text);
    buf_span(to, buf_as_span(text));
}

void __real_postgres_references(const struct schema *state, struct buf *to) __attribute__((weak));
void __wrap_postgres_references(const struct schema *state, struct buf *to);
void __wrap_postgres_references(const struct schema *state, struct buf *to)
{
    struct buf *text = &kept(TEXT_REFERENCES, state, 0, "")->text;

    if (!text->size)
        __real_postgres_references(state, text);
    buf_span(to, buf_as_span(text));
}

void __real_postgres_insert_sql(const struct schema *state, const char *table, struct buf *to)
    __attribute__((weak));
void __wrap_postgres_insert_sql(const struct schema *state, const char *table, struct buf *to);
void __wrap_postgres_insert_sql(const struct schema *state, const char *table, struct buf *to)
{
    struct buf *text = &kept(TEXT_INSERT, state, 0, table)->text;

    if (!text->size)
        __real_postgres_insert_sql(state, table, text);
    buf_span(to, buf_as_span(text));
}

void __real_postgres_update_sql(const struct schema *state, const char *table, struct buf *to)
    __attribute__((weak));
void __wrap_postgres_update_sql(const struct schema *state, const char *table, struct buf *to);
void __wrap_postgres_update_sql(const struct schema *state, const char *table, struct buf *to)
{
    struct buf *text = &kept(TEXT_UPDATE, state, 0, table)->text;

    if (!text->size)
        __real_postgres_update_sql(state, table, text);
    buf_span(to, buf_as_span(text));
}

void __real_postgres_update_of_sql(const struct schema *state, uint64_t columns, const char *table,
                                   struct buf *to) __attribute__((weak));
void __wrap_postgres_update_of_sql(const struct schema *state, uint64_t columns, const char *table,
                                   struct buf *to);
void __wrap_postgres_update_of_sql(const struct schema *state, uint64_t columns, const char *table,
                                   struct buf *to)
{
    struct buf *text = &kept(TEXT_UPDATE, state, columns, table)->text;

    if (!text->size)
        __real_postgres_update_of_sql(state, columns, table, text);
    buf_span(to, buf_as_span(text));
}

int __real_postgres_types_of(const struct schema *state, uint64_t columns, enum postgres_type *ret_types,
                             int capacity) __attribute__((weak));
int __wrap_postgres_types_of(const struct schema *state, uint64_t columns, enum postgres_type *ret_types,
                             int capacity);
int __wrap_postgres_types_of(const struct schema *state, uint64_t columns, enum postgres_type *ret_types,
                             int capacity)
{
    struct text *text = kept(TEXT_TYPES, state, columns, "");

    if (!text->count)
        text->count = __real_postgres_types_of(state, columns, text->types, POSTGRES_PARAMETERS);
    memcpy(ret_types, text->types,
           (size_t)(text->count < capacity ? text->count : capacity) * sizeof(*ret_types));
    return text->count;
}

void texts_done(void)
{
    while (count > 0) {
        buf_done(&texts[--count].text);
        free((char *)(uintptr_t)texts[count].table);
    }
}
