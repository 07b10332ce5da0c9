/* SPDX-License-Identifier: Apache-2.0
 * Values as PostgreSQL's binary protocol has them: arrays that go in, one a column, and cells that come out.
 * Memory only. What is no value of its type is sent so that the server refuses it (22P03), never as another.
 */
#include "shared/links/postgres_inside.h"

#include <endian.h>
#include <string.h>

/* Of an array: dimensions, has nulls, element type, length, lower bound. */
enum { HEAD_NULLS = 4, HEAD_TYPE = 8, HEAD_COUNT = 12, HEAD_LOWER = 16, HEAD = 20 };

/* Between 1970-01-01 and PostgreSQL's day zero, 2000-01-01. */
static const int64_t epoch_us = INT64_C(946684800) * 1000000;

/* Numbers of pg_type.dat, fixed since each type was made. */
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_OID = 26,
    OID_TIMESTAMP = 1114,
    OID_TIMESTAMPTZ = 1184,
    OID_UUID = 2950,
    OID_JSONB = 3802,
};

static const Oid type_oids[] = {
    [POSTGRES_TEXT] = OID_TEXT,        [POSTGRES_UUID] = OID_UUID,   [POSTGRES_INT2] = OID_INT2,
    [POSTGRES_INT4] = OID_INT4,        [POSTGRES_INT8] = OID_INT8,   [POSTGRES_BOOL] = OID_BOOL,
    [POSTGRES_TIME] = OID_TIMESTAMPTZ, [POSTGRES_BYTEA] = OID_BYTEA, [POSTGRES_JSONB] = OID_JSONB,
};

/* --- in --- */

static void put_u32(char *to, uint32_t value)
{
    uint32_t wire = htobe32(value);
    memcpy(to, &wire, sizeof(wire));
}

int postgres_wire_integer(enum postgres_type type, int64_t value, char ret_wire[POSTGRES_WIRE])
{
    uint16_t two = htobe16((uint16_t)value);
    bool moment = type == POSTGRES_TIME && value != POSTGRES_BEFORE_ALL;
    uint64_t eight = htobe64((uint64_t)(moment ? value * 1000 - epoch_us : value));
    switch (type) {
    case POSTGRES_BOOL:
        ret_wire[0] = value != 0;
        return 1;
    case POSTGRES_INT2:
        memcpy(ret_wire, &two, sizeof(two));
        return sizeof(two);
    case POSTGRES_INT4:
        put_u32(ret_wire, (uint32_t)value);
        return 4;
    default:
        memcpy(ret_wire, &eight, sizeof(eight));
        return sizeof(eight);
    }
}

/* A malformed uuid becomes 17 bytes, which no uuid has: the server refuses the statement. */
int postgres_wire_id(struct span text, char ret_wire[POSTGRES_WIRE])
{
    struct id id;
    memset(ret_wire, 0, POSTGRES_WIRE);
    if (id_parse(text, &id) != 0)
        return 17;
    id_to_bytes(&id, (uint8_t *)ret_wire);
    return 16;
}

void postgres_array_start(struct postgres_array *array, enum postgres_type type)
{
    char head[HEAD] = {0};
    put_u32(head, 1);
    put_u32(head + HEAD_TYPE, type_oids[type]);
    put_u32(head + HEAD_LOWER, 1);
    buf_clear(&array->bytes);
    buf_append(&array->bytes, head, sizeof(head));
    array->type = type;
    array->count = 0;
    array->nulls = false;
}

void postgres_array_done(struct postgres_array *array)
{
    buf_done(&array->bytes);
    *array = (struct postgres_array){0};
}

/* The header is kept true after every element, so that there is no closing step to forget. */
static void put_element(struct postgres_array *array, const char *bytes, size_t size)
{
    char length[4];
    put_u32(length, (uint32_t)size);
    buf_append(&array->bytes, length, sizeof(length));
    buf_append(&array->bytes, bytes, size);
    array->count++;
    put_u32(array->bytes.data + HEAD_COUNT, (uint32_t)array->count);
}

void postgres_array_null(struct postgres_array *array)
{
    char length[4];
    put_u32(length, UINT32_MAX); /* -1 */
    buf_append(&array->bytes, length, sizeof(length));
    array->count++;
    array->nulls = true;
    put_u32(array->bytes.data + HEAD_COUNT, (uint32_t)array->count);
    put_u32(array->bytes.data + HEAD_NULLS, 1);
}

void postgres_array_text(struct postgres_array *array, struct span text)
{
    char wire[POSTGRES_WIRE];
    if (array->type == POSTGRES_UUID) {
        put_element(array, wire, (size_t)postgres_wire_id(text, wire));
        return;
    }
    if (array->type != POSTGRES_JSONB) {
        put_element(array, text.data, text.size);
        return;
    }
    char head[5];
    put_u32(head, (uint32_t)text.size + 1);
    head[4] = POSTGRES_JSONB_VERSION;
    buf_append(&array->bytes, head, sizeof(head));
    buf_append(&array->bytes, text.data, text.size);
    array->count++;
    put_u32(array->bytes.data + HEAD_COUNT, (uint32_t)array->count);
}

void postgres_array_id(struct postgres_array *array, const struct id *id)
{
    if (id_none(id))
        postgres_array_null(array);
    else
        postgres_array_text(array, span_of(id->text));
}

void postgres_array_integer(struct postgres_array *array, int64_t value)
{
    char wire[POSTGRES_WIRE];
    put_element(array, wire, (size_t)postgres_wire_integer(array->type, value, wire));
}

/* --- out --- */

void postgres_rows_take(struct postgres_rows *rows, PGresult *result)
{
    rows->result = result;
    rows->count = PQntuples(result);
    const char *changed = PQcmdTuples(result);
    if (PQresultStatus(result) == PGRES_COMMAND_OK)
        rows->count = changed[0] ? (int)strtol(changed, NULL, 10) : 0;
}

void postgres_rows_done(struct postgres_rows *rows)
{
    PQclear(rows->result);
    *rows = (struct postgres_rows){0};
}

bool postgres_null(const struct postgres_rows *rows, int row, int column)
{
    return PQgetisnull(rows->result, row, column) != 0;
}

struct span postgres_text(const struct postgres_rows *rows, int row, int column)
{
    struct span text = {PQgetvalue(rows->result, row, column),
                        (size_t)PQgetlength(rows->result, row, column)};
    if (PQftype(rows->result, column) == OID_JSONB && text.size > 0)
        text = (struct span){text.data + 1, text.size - 1};
    return text;
}

static int64_t milliseconds(int64_t wire_us)
{
    int64_t us = wire_us + epoch_us;
    return us >= 0 ? us / 1000 : -((-us + 999) / 1000);
}

int64_t postgres_integer(const struct postgres_rows *rows, int row, int column)
{
    const char *bytes = PQgetvalue(rows->result, row, column);
    Oid type = PQftype(rows->result, column);
    uint64_t eight = 0;
    uint32_t four = 0;
    uint16_t two = 0;
    switch (postgres_null(rows, row, column) ? 0 : PQgetlength(rows->result, row, column)) {
    case 1:
        return bytes[0] != 0;
    case 2:
        memcpy(&two, bytes, sizeof(two));
        return (int16_t)be16toh(two);
    case 4:
        memcpy(&four, bytes, sizeof(four));
        return type == OID_OID ? (int64_t)be32toh(four) : (int32_t)be32toh(four);
    case 8:
        memcpy(&eight, bytes, sizeof(eight));
        eight = be64toh(eight);
        return type == OID_TIMESTAMPTZ || type == OID_TIMESTAMP ? milliseconds((int64_t)eight)
                                                                : (int64_t)eight;
    default:
        return 0;
    }
}

void postgres_id(const struct postgres_rows *rows, int row, int column, struct id *ret_id)
{
    *ret_id = (struct id){0};
    if (!postgres_null(rows, row, column) && PQgetlength(rows->result, row, column) == 16)
        id_from_bytes((const uint8_t *)PQgetvalue(rows->result, row, column), ret_id);
}
