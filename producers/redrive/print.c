/* SPDX-License-Identifier: Apache-2.0
 * A row as people or as programs read it. A command's value may hold what is private: it is printed only
 * where
 * --value asks for it, and control characters of what strangers wrote never reach a terminal. */
#include <inttypes.h>
#include <stdio.h>

#include "producers/redrive/redrive.h"
#include "schemas/json.h"
#include "shared/base/clock.h"
#include "shared/base/crypto.h"

static void put_time(const struct postgres_rows *rows, int row, int column, struct buf *to)
{
    char text[CLOCK_TEXT];
    clock_format(postgres_integer(rows, row, column), text);
    buf_text(to, text);
}

/* Text of strangers, for people: control characters and what stands outside ASCII become dots. */
static void put_plain(struct span text, struct buf *to)
{
    for (size_t at = 0; at < text.size; at++)
        buf_byte(to, text.data[at] < 0x20 || text.data[at] > 0x7e ? '.' : text.data[at]);
}

static void put_optional(const struct postgres_rows *rows, int row, int column, struct buf *to)
{
    buf_byte(to, ' ');
    if (postgres_null(rows, row, column))
        buf_byte(to, '-');
    else
        put_plain(postgres_text(rows, row, column), to);
}

static void put_line(const struct redrive *redrive, const struct postgres_rows *rows, int row, struct buf *to)
{
    buf_format(to, "%" PRId64 ":%" PRId64 " ", postgres_integer(rows, row, ROW_PARTITION),
               postgres_integer(rows, row, ROW_OFFSET));
    put_plain(postgres_text(rows, row, ROW_KIND), to);
    buf_byte(to, ' ');
    put_time(rows, row, ROW_AT, to);
    put_optional(rows, row, ROW_ID, to);
    put_optional(rows, row, ROW_KEY, to);
    put_optional(rows, row, ROW_ACTION, to);
    buf_text(to, "  ");
    put_plain(postgres_text(rows, row, ROW_REASON), to);
    buf_byte(to, '\n');
    if (redrive->verb[0] != 's')
        return;
    buf_text(to, "  headers ");
    put_plain(postgres_text(rows, row, ROW_HEADERS), to);
    buf_byte(to, '\n');
    if (redrive->value) {
        buf_text(to, "  value   ");
        put_plain(postgres_text(rows, row, ROW_VALUE), to);
        buf_byte(to, '\n');
    }
}

static void put_member(const char *name, const struct postgres_rows *rows, int row, int column,
                       struct buf *to)
{
    if (postgres_null(rows, row, column))
        return;
    buf_format(to, ",\"%s\":", name);
    buf_json_string(to, postgres_text(rows, row, column));
}

static void put_member_time(const char *name, const struct postgres_rows *rows, int row, int column,
                            struct buf *to)
{
    buf_format(to, ",\"%s\":\"", name);
    put_time(rows, row, column, to);
    buf_byte(to, '"');
}

/* Whatever bytes it is made of: text where it is UTF-8, else base64url under another name. */
static void put_value(struct span value, struct buf *to)
{
    CLEANUP(buf_done) struct buf quoted = {0};
    size_t at;
    const char *reason;
    buf_json_string(&quoted, value);
    if (scan_check(buf_as_span(&quoted), &at, &reason) == 0) {
        buf_text(to, ",\"value\":");
        buf_span(to, buf_as_span(&quoted));
        return;
    }
    buf_text(to, ",\"value_base64url\":\"");
    crypto_base64url(value.data, value.size, to);
    buf_byte(to, '"');
}

static void put_json(const struct redrive *redrive, const struct postgres_rows *rows, int row, struct buf *to)
{
    buf_format(to, "{\"partition\":%" PRId64 ",\"offset\":%" PRId64,
               postgres_integer(rows, row, ROW_PARTITION), postgres_integer(rows, row, ROW_OFFSET));
    put_member("id", rows, row, ROW_ID, to);
    put_member("kind", rows, row, ROW_KIND, to);
    put_member("key", rows, row, ROW_KEY, to);
    put_member("reason", rows, row, ROW_REASON, to);
    put_member_time("at", rows, row, ROW_AT, to);
    put_member_time("parked_at", rows, row, ROW_PARKED_AT, to);
    put_member("action", rows, row, ROW_ACTION, to);
    if (redrive->verb[0] == 's') {
        buf_text(to, ",\"headers\":");
        buf_span(to, postgres_text(rows, row, ROW_HEADERS));
        if (redrive->value)
            put_value(postgres_text(rows, row, ROW_VALUE), to);
    }
    buf_text(to, "}\n");
}

void row_print(const struct redrive *redrive, const struct postgres_rows *rows, int row)
{
    CLEANUP(buf_done) struct buf line = {0};
    if (redrive->json)
        put_json(redrive, rows, row, &line);
    else
        put_line(redrive, rows, row, &line);
    fwrite(line.data, 1, line.size, stdout);
}
