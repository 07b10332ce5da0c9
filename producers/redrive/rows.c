/* SPDX-License-Identifier: Apache-2.0
 * The rows of bus.parked that a request means, and the mark it sets. The mark goes on the head of a key's
 * chain only: the projector drains the chain from there, so that no command overtakes an older one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "producers/redrive/redrive.h"
#include "shared/base/fail.h"

#define COLUMNS                                                                                              \
    "p.partition, p.\"offset\", p.id::text, p.kind, p.key, p.reason, p.at, p.parked_at, p.action, "          \
    "p.headers, "                                                                                            \
    "case when $1::bool then p.value end, "                                                                  \
    "p.kind = 'dead' or not exists (select from bus.parked o where o.kind = 'parked' and o.key = p.key "     \
    "and (o.partition, o.\"offset\") < (p.partition, p.\"offset\")) "                                        \
    "from bus.parked p where "
#define ORDER " order by p.partition, p.\"offset\" limit $2::int8"

/* clang-format off */
const struct postgres_statement redrive_statements[] = {
    {"rows_all",   "select " COLUMNS "$3::text in ('all', p.kind)" ORDER},
    {"rows_key",   "select " COLUMNS "p.key = $3::text" ORDER},
    {"rows_head",  "select " COLUMNS "p.key = $3::text and p.kind = 'parked'" ORDER},
    {"rows_id",    "select " COLUMNS "p.id = $3::uuid" ORDER},
    {"rows_place", "select " COLUMNS "p.partition = $3::int8 and p.\"offset\" = $4::int8" ORDER},
    {"rows_mark",  "update bus.parked set action = $1::text where partition = $2::int4 and \"offset\" = $3::int8"},
    {NULL, NULL},
};
/* clang-format on */

static int outcome_of(struct redrive *redrive, int outcome)
{
    if (outcome <= 0)
        return error_forward(outcome);
    fprintf(stderr, "colis-redrive: PostgreSQL: %s\n", postgres_why(redrive->postgres));
    return REDRIVE_AWAY;
}

/* "4:1234"; "4:-12" of a topic that was before this one */
static bool is_place(const char *text, int64_t *ret_partition, int64_t *ret_offset)
{
    char *end;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9 || text[digits] != ':')
        return false;
    const char *behind = text + digits + 1, *number = behind + (*behind == '-');
    size_t more = strspn(number, "0123456789");
    if (more == 0 || more > 18 || number[more] != '\0')
        return false;
    *ret_partition = strtoll(text, &end, 10);
    *ret_offset = strtoll(behind, &end, 10);
    return true;
}

/* Rows by --id, else by the target: a place or a key, of which statement says what of it. */
static int select_rows(struct redrive *redrive, const char *by_key, int64_t limit,
                       struct postgres_rows *ret_rows)
{
    int64_t partition = 0, offset = 0;
    struct postgres_value values[4] = {{.type = POSTGRES_BOOL, .integer = redrive->value},
                                       {.type = POSTGRES_INT8, .integer = limit}};
    const char *statement = by_key;
    int count = 3;
    if (redrive->id[0] != '\0') {
        statement = "rows_id";
        values[2] = (struct postgres_value){.type = POSTGRES_UUID, .text = span_of(redrive->id)};
    } else if (is_place(redrive->target, &partition, &offset)) {
        statement = "rows_place";
        values[2] = (struct postgres_value){.type = POSTGRES_INT8, .integer = partition};
        values[3] = (struct postgres_value){.type = POSTGRES_INT8, .integer = offset};
        count = 4;
    } else {
        values[2] = (struct postgres_value){.type = POSTGRES_TEXT, .text = span_of(redrive->target)};
    }
    postgres_send(redrive->postgres, statement, values, count, ret_rows);
    return outcome_of(redrive, postgres_sync(redrive->postgres, NULL));
}

int redrive_list(struct redrive *redrive)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    /* One more than is shown: then we know whether there are more. */
    const struct postgres_value values[] = {{.type = POSTGRES_BOOL, .integer = false},
                                            {.type = POSTGRES_INT8, .integer = redrive->limit + 1},
                                            {.type = POSTGRES_TEXT, .text = span_of(redrive->kind)}};
    postgres_send(redrive->postgres, "rows_all", values, 3, &rows);
    int result = outcome_of(redrive, postgres_sync(redrive->postgres, NULL));
    if (result != 0)
        return result;
    redrive->value = false;
    for (int row = 0; row < rows.count && row < redrive->limit; row++)
        row_print(redrive, &rows, row);
    if (rows.count > redrive->limit)
        fprintf(stderr, "colis-redrive: there are more: --limit %d\n", (int)redrive->limit * 10);
    return 0;
}

int redrive_show(struct redrive *redrive)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    int result = select_rows(redrive, "rows_key", redrive->limit, &rows);
    for (int row = 0; row < rows.count; row++)
        row_print(redrive, &rows, row);
    return result == 0 && rows.count == 0 ? REDRIVE_NOTHING : result;
}

static int mark_row(struct redrive *redrive, const char *action, const struct postgres_rows *rows)
{
    CLEANUP(postgres_rows_done) struct postgres_rows marked = {0};
    const struct postgres_value values[] = {
        {.type = POSTGRES_TEXT, .text = span_of(action)},
        {.type = POSTGRES_INT4, .integer = postgres_integer(rows, 0, ROW_PARTITION)},
        {.type = POSTGRES_INT8, .integer = postgres_integer(rows, 0, ROW_OFFSET)}};
    postgres_send(redrive->postgres, "rows_mark", values, 3, &marked);
    int result = outcome_of(redrive, postgres_sync(redrive->postgres, NULL));
    return result == 0 && marked.count == 0 ? REDRIVE_NOTHING : result;
}

int redrive_mark(struct redrive *redrive, const char *action)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    int result = select_rows(redrive, "rows_head", 1, &rows);
    if (result != 0)
        return result;
    if (rows.count == 0)
        return REDRIVE_NOTHING;
    if (!postgres_integer(&rows, 0, ROW_IS_HEAD)) {
        fprintf(stderr, "colis-redrive: an older command of its key is parked before it: %s the key\n",
                action);
        return REDRIVE_USAGE;
    }
    FAIL_POINT("redrive-found");
    result = mark_row(redrive, action, &rows);
    FAIL_POINT("redrive-marked");
    if (result == 0)
        row_print(redrive, &rows, 0);
    return result;
}
