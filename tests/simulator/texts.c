/* SPDX-License-Identifier: Apache-2.0
 * The texts of statements follow from the tables of schemas/states alone, and writing them costs more than
 * all else that a start of a projector is: each is written once by the real function and kept. */
#include <string.h>

#include "tests/simulator/session.h"

enum { TEXTS = 256 };
enum text_kind { TEXT_COLUMNS, TEXT_REFERENCES, TEXT_INSERT, TEXT_UPDATE };

static struct text {
    enum text_kind kind;
    const struct schema *state;
    char table[48]; /* or the prefix */
    struct buf text;
} texts[TEXTS];
static int count;

/* The place of this text; empty where it is not written yet. */
static struct buf *kept(enum text_kind kind, const struct schema *state, const char *table)
{
    struct text *text;

    for (int i = 0; i < count; i++)
        if (texts[i].kind == kind && texts[i].state == state && strcmp(texts[i].table, table) == 0)
            return &texts[i].text;
    if (count == TEXTS || strlen(table) >= sizeof(texts[0].table))
        abort();
    text = &texts[count++];
    text->kind = kind;
    text->state = state;
    strcpy(text->table, table);
    return &text->text;
}

void __real_postgres_columns(const struct schema *state, const char *prefix, struct buf *to);
void __wrap_postgres_columns(const struct schema *state, const char *prefix, struct buf *to);
void __wrap_postgres_columns(const struct schema *state, const char *prefix, struct buf *to)
{
    struct buf *text = kept(TEXT_COLUMNS, state, prefix ? prefix : "");

    if (!text->size)
        __real_postgres_columns(state, prefix, text);
    buf_span(to, buf_as_span(text));
}

void __real_postgres_references(const struct schema *state, struct buf *to);
void __wrap_postgres_references(const struct schema *state, struct buf *to);
void __wrap_postgres_references(const struct schema *state, struct buf *to)
{
    struct buf *text = kept(TEXT_REFERENCES, state, "");

    if (!text->size)
        __real_postgres_references(state, text);
    buf_span(to, buf_as_span(text));
}

void __real_postgres_insert_sql(const struct schema *state, const char *table, struct buf *to);
void __wrap_postgres_insert_sql(const struct schema *state, const char *table, struct buf *to);
void __wrap_postgres_insert_sql(const struct schema *state, const char *table, struct buf *to)
{
    struct buf *text = kept(TEXT_INSERT, state, table);

    if (!text->size)
        __real_postgres_insert_sql(state, table, text);
    buf_span(to, buf_as_span(text));
}

void __real_postgres_update_sql(const struct schema *state, const char *table, struct buf *to);
void __wrap_postgres_update_sql(const struct schema *state, const char *table, struct buf *to);
void __wrap_postgres_update_sql(const struct schema *state, const char *table, struct buf *to)
{
    struct buf *text = kept(TEXT_UPDATE, state, table);

    if (!text->size)
        __real_postgres_update_sql(state, table, text);
    buf_span(to, buf_as_span(text));
}

void texts_done(void)
{
    while (count > 0)
        buf_done(&texts[--count].text);
}
