/* SPDX-License-Identifier: Apache-2.0
 * Values in and out: what goes in as an array or a scalar comes back as it was, whatever it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/links/postgres_cases.h"
#include "tests/session.h"

enum { TYPES = 9, ROWS = 500 };

static const enum postgres_type types[TYPES] = {POSTGRES_TEXT, POSTGRES_UUID,  POSTGRES_INT2,
                                                POSTGRES_INT4, POSTGRES_INT8,  POSTGRES_BOOL,
                                                POSTGRES_TIME, POSTGRES_BYTEA, POSTGRES_JSONB};

static const struct postgres_statement statements[] = {
    {"arrays", "select * from unnest($1::text[], $2::uuid[], $3::int2[], $4::int4[], $5::int8[], $6::bool[], "
               "$7::timestamptz[], $8::bytea[], $9::jsonb[])"},
    {"scalars",
     "select $1::text, $2::uuid, $3::int2, $4::int4, $5::int8, $6::bool, $7::timestamptz, $8::bytea, "
     "$9::jsonb"},
    {"uuid", "select $1::uuid"},
    {"uuids", "select $1::uuid[]"},
    {"text", "select $1::text"},
    {"length", "select cardinality($1::text[])"},
    {"year", "select extract(year from $1::timestamptz at time zone 'utc')::int4"},
    {0},
};

/* One value of any of the types. */
struct sample {
    bool null;
    int64_t integer;
    char text[64];
    size_t size;
};

static struct postgres *session;

static void connect_link(void)
{
    database_make();
    session = database_link(statements);
    session_ready(session);
}

static void free_link(void)
{
    postgres_free(session);
}

static int64_t random_integer(enum postgres_type type)
{
    int64_t wide = (int64_t)((uint64_t)random() << 33 ^ (uint64_t)random() << 11 ^ (uint64_t)random());
    switch (type) {
    case POSTGRES_BOOL:
        return wide & 1;
    case POSTGRES_INT2:
        return (int16_t)wide;
    case POSTGRES_INT4:
        return (int32_t)wide;
    case POSTGRES_TIME: /* years 1700 to 2300 or so, before and after both day zeros */
        return wide % 10000000000000;
    default:
        return wide;
    }
}

static void random_text(enum postgres_type type, struct sample *sample)
{
    struct id id;
    sample->size = (size_t)(random() % 60);
    for (size_t at = 0; at < sample->size; at++)
        sample->text[at] = (char)(type == POSTGRES_BYTEA ? random() : 'a' + random() % 26);
    if (type == POSTGRES_UUID) {
        id_v7(random(), &id);
        memcpy(sample->text, id.text, sample->size = sizeof(id.text) - 1);
    }
    if (type == POSTGRES_JSONB)
        sample->size = (size_t)snprintf(sample->text, sizeof(sample->text), "{\"n\": %ld}", random());
}

static bool is_integer(enum postgres_type type)
{
    return (type >= POSTGRES_INT2 && type <= POSTGRES_TIME);
}

static void random_sample(enum postgres_type type, struct sample *sample)
{
    memset(sample, 0, sizeof(*sample));
    sample->null = random() % 7 == 0;
    if (is_integer(type))
        sample->integer = random_integer(type);
    else
        random_text(type, sample);
}

static void expect(const struct sample *sample, enum postgres_type type, struct postgres_rows *rows, int row,
                   int column)
{
    struct id id;
    struct span text = postgres_text(rows, row, column);
    ck_assert_int_eq(postgres_null(rows, row, column), sample->null);
    if (sample->null)
        return;
    if (type == POSTGRES_UUID) {
        postgres_id(rows, row, column, &id);
        text = span_of(id.text);
    }
    if (is_integer(type)) {
        ck_assert_int_eq(postgres_integer(rows, row, column), sample->integer);
    } else {
        ck_assert_uint_eq(text.size, sample->size);
        ck_assert_mem_eq(text.data, sample->text, sample->size);
    }
}

static void add_id(struct postgres_array *array, const struct sample *sample)
{
    struct id id = {0};
    if (!sample->null)
        memcpy(id.text, sample->text, sample->size);
    postgres_array_id(array, &id);
}

static void fill(struct postgres_array *array, enum postgres_type type, struct sample samples[ROWS],
                 int count)
{
    postgres_array_start(array, type);
    for (int row = 0; row < count; row++) {
        random_sample(type, &samples[row]);
        if (type == POSTGRES_UUID)
            add_id(array, &samples[row]);
        else if (samples[row].null)
            postgres_array_null(array);
        else if (is_integer(type))
            postgres_array_integer(array, samples[row].integer);
        else
            postgres_array_text(array, (struct span){samples[row].text, samples[row].size});
    }
}

static struct postgres_rows query(const char *name, const struct postgres_value *values, int count)
{
    struct postgres_rows rows;
    postgres_send(session, name, values, count, &rows);
    ck_assert_msg(postgres_sync(session, NULL) == POSTGRES_DONE, "%s", postgres_why(session));
    return rows;
}

static void round_trip(struct postgres_array arrays[TYPES], int count)
{
    static struct sample samples[TYPES][ROWS];
    struct postgres_value values[TYPES] = {0};
    for (int column = 0; column < TYPES; column++) {
        fill(&arrays[column], types[column], samples[column], count);
        values[column].array = &arrays[column];
    }
    struct postgres_rows rows = query("arrays", values, TYPES);
    ck_assert_int_eq(rows.count, count);
    for (int row = 0; row < count; row++) {
        for (int column = 0; column < TYPES; column++)
            expect(&samples[column][row], types[column], &rows, row, column);
    }
    postgres_rows_done(&rows);
}

START_TEST(gives_back_arrays_of_every_type_as_they_went_in)
{
    struct postgres_array arrays[TYPES] = {0};
    unsigned seed = (unsigned)time(NULL);
    fprintf(stderr, "# seed %u\n", seed);
    srandom(seed);
    for (int batch = 0; batch < 10; batch++)
        round_trip(arrays, batch == 3 ? 0 : batch == 5 ? 1 : ROWS - 40 * batch);
    for (int column = 0; column < TYPES; column++)
        postgres_array_done(&arrays[column]);
}
END_TEST

START_TEST(gives_back_scalars_of_every_type_as_they_went_in)
{
    struct sample samples[TYPES];
    for (int round = 0; round < 200; round++) {
        struct postgres_value values[TYPES] = {0};
        for (int at = 0; at < TYPES; at++) {
            random_sample(types[at], &samples[at]);
            values[at] = (struct postgres_value){.type = types[at],
                                                 .null = samples[at].null,
                                                 .text = {samples[at].text, samples[at].size},
                                                 .integer = samples[at].integer};
        }
        struct postgres_rows rows = query("scalars", values, TYPES);
        for (int at = 0; at < TYPES; at++)
            expect(&samples[at], types[at], &rows, 0, at);
        postgres_rows_done(&rows);
    }
}
END_TEST

START_TEST(takes_an_array_without_elements)
{
    struct postgres_array array = {0};
    postgres_array_start(&array, POSTGRES_TEXT);
    struct postgres_value value = ARRAY(&array);
    struct postgres_rows rows = query("length", &value, 1);
    ck_assert_int_eq(postgres_integer(&rows, 0, 0), 0);
    postgres_rows_done(&rows);
    postgres_array_done(&array);
}
END_TEST

START_TEST(an_empty_text_is_not_null)
{
    struct postgres_value value = {.type = POSTGRES_TEXT};
    struct postgres_rows rows = query("text", &value, 1);
    ck_assert(!postgres_null(&rows, 0, 0));
    ck_assert_uint_eq(postgres_text(&rows, 0, 0).size, 0);
    postgres_rows_done(&rows);
}
END_TEST

START_TEST(a_time_is_the_time_the_server_reads)
{
    struct postgres_value value = {.type = POSTGRES_TIME, .integer = INT64_C(1795341600123)};
    struct postgres_rows rows = query("year", &value, 1);
    ck_assert_int_eq(postgres_integer(&rows, 0, 0), 2026);
    postgres_rows_done(&rows);
}
END_TEST

/* Never sent as another value, and never as a protocol error, which would look like a lost connection. */
START_TEST(refuses_what_is_no_uuid_and_goes_on)
{
    static const char *const wrong[] = {"", "8c1e", "not-a-uuid", "8c1e0000-0000-7000-8000-00000000000g"};
    struct postgres_array array = {0};
    for (size_t at = 0; at < sizeof(wrong) / sizeof(wrong[0]); at++) {
        postgres_array_start(&array, POSTGRES_UUID);
        postgres_array_text(&array, span_of(wrong[at]));
        struct postgres_value one = {.type = POSTGRES_UUID, .text = span_of(wrong[at])}, many = ARRAY(&array);
        postgres_send(session, "uuid", &one, 1, NULL);
        ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_REFUSED);
        postgres_send(session, "uuids", &many, 1, NULL);
        ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_REFUSED);
        ck_assert(postgres_connected(session));
    }
    postgres_array_done(&array);
}
END_TEST

START_TEST(refuses_text_that_is_not_utf8_and_goes_on)
{
    struct postgres_value value = TEXT("caf\xe9"), nul = TEXT("a\0b");
    postgres_send(session, "text", &value, 1, NULL);
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_REFUSED);
    postgres_send(session, "text", &nul, 1, NULL);
    ck_assert_int_eq(postgres_sync(session, NULL), POSTGRES_REFUSED);
    ck_assert(postgres_connected(session));
}
END_TEST

TCase *array_cases(void)
{
    TCase *cases = tcase_create("arrays");
    tcase_add_checked_fixture(cases, connect_link, free_link);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, gives_back_arrays_of_every_type_as_they_went_in);
    tcase_add_test(cases, gives_back_scalars_of_every_type_as_they_went_in);
    tcase_add_test(cases, takes_an_array_without_elements);
    tcase_add_test(cases, an_empty_text_is_not_null);
    tcase_add_test(cases, a_time_is_the_time_the_server_reads);
    tcase_add_test(cases, refuses_what_is_no_uuid_and_goes_on);
    tcase_add_test(cases, refuses_text_that_is_not_utf8_and_goes_on);
    return cases;
}
