/* SPDX-License-Identifier: Apache-2.0
 * Rows of the states room by their generated tables: a struct that is inserted, updated and fetched is equal
 * byte for byte, and stored text that is no word of its enum is said to be wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schemas/messages.h"
#include "tests/links/postgres_cases.h"

enum { ROWS = 60, COLUMNS = 18 };

static const struct postgres_statement tables[] = {
    {"schema", "create schema state"},
    {"parcel",
     "create table state.parcel (id uuid primary key, version bigint not null, state text not null, "
     "changed_at timestamptz not null, sender uuid not null, origin_country text not null, "
     "origin_city text not null, destination_country text not null, destination_city text not null, "
     "weight_g bigint not null, category text not null, value_amount bigint not null, "
     "value_currency text not null, ready_from timestamptz, deliver_by timestamptz, fragile boolean, "
     "registered_at timestamptz not null, cancel_reason text)"},
    {0},
};

static struct buf insert, update, fetch;
static struct postgres_statement statements[5];
static struct postgres_array arrays[COLUMNS + 1];
static struct postgres *session;

static void connect_link(void)
{
    database_make();
    database_run(tables);
    postgres_insert_sql(&parcel_state_schema, "state.parcel", &insert);
    postgres_update_sql(&parcel_state_schema, "state.parcel", &update);
    buf_text(&fetch, "select 0, ");
    postgres_columns(&parcel_state_schema, "s.", &fetch);
    buf_text(&fetch, " from state.parcel s order by s.weight_g");
    statements[0] = (struct postgres_statement){"insert", insert.data};
    statements[1] = (struct postgres_statement){"update", update.data};
    statements[2] = (struct postgres_statement){"select", fetch.data};
    statements[3] = (struct postgres_statement){"spoil", "update state.parcel set category = 'bricks'"};
    session = database_link(statements);
    ck_assert_msg(postgres_ready(session) == POSTGRES_DONE, "%s", postgres_why(session));
}

static void free_link(void)
{
    for (int column = 0; column <= COLUMNS; column++)
        postgres_array_done(&arrays[column]);
    postgres_free(session);
    buf_done(&insert);
    buf_done(&update);
    buf_done(&fetch);
}

static void random_row(int number, struct parcel_state *row)
{
    memset(row, 0, sizeof(*row));
    id_v7(random(), &row->id);
    id_v7(random(), &row->sender);
    row->version = random();
    row->state = 1 + (int32_t)(random() % 2);
    row->changed_at = random() * 1000LL + random() % 1000;
    snprintf(row->origin.country, sizeof(row->origin.country), "FR");
    snprintf(row->origin.city, sizeof(row->origin.city), "Saint-\xc3\x89tienne %d", number);
    snprintf(row->destination.country, sizeof(row->destination.country), "SN");
    snprintf(row->destination.city, sizeof(row->destination.city), "Dakar");
    row->weight_g = number + 1;
    row->category = 1 + (int32_t)(random() % 7);
    row->value.amount = random();
    snprintf(row->value.currency, sizeof(row->value.currency), "XOF");
    row->has_ready_from = random() % 2;
    row->ready_from = row->has_ready_from ? random() * 1000LL : 0;
    row->has_fragile = random() % 2;
    row->fragile = row->has_fragile && random() % 2;
    row->registered_at = random() * 1000LL;
    row->has_cancel_reason = random() % 2;
    row->cancel_reason = row->has_cancel_reason ? 1 + (int32_t)(random() % 4) : 0;
}

static void start_arrays(void)
{
    enum postgres_type types[COLUMNS];
    ck_assert_int_eq(postgres_column_types(&parcel_state_schema, types, COLUMNS), COLUMNS);
    for (int column = 0; column < COLUMNS; column++)
        postgres_array_start(&arrays[column], types[column]);
    postgres_array_start(&arrays[COLUMNS], POSTGRES_INT8);
}

static struct postgres_rows run(const char *name, int count)
{
    struct postgres_value values[COLUMNS + 1] = {0};
    for (int column = 0; column < count; column++)
        values[column].array = &arrays[column];
    struct postgres_rows rows;
    postgres_send(session, name, values, count, &rows);
    ck_assert_msg(postgres_sync(session, NULL) == POSTGRES_DONE, "%s: %s", name, postgres_why(session));
    return rows;
}

static void expect_stored(const struct parcel_state *rows)
{
    struct parcel_state stored;
    struct postgres_rows found = run("select", 0);
    ck_assert_int_eq(found.count, ROWS);
    for (int row = 0; row < ROWS; row++) {
        ck_assert_int_eq(postgres_fetch(&parcel_state_schema, &found, row, 1, &stored), 0);
        ck_assert_mem_eq(&stored, &rows[row], sizeof(stored));
    }
    postgres_rows_done(&found);
}

static void insert_rows(struct parcel_state *rows)
{
    start_arrays();
    for (int row = 0; row < ROWS; row++) {
        random_row(row, &rows[row]);
        postgres_bind(&parcel_state_schema, &rows[row], arrays);
    }
    struct postgres_rows done = run("insert", COLUMNS);
    ck_assert_int_eq(done.count, ROWS);
    postgres_rows_done(&done);
}

static void seeded(void)
{
    unsigned seed = (unsigned)time(NULL);
    fprintf(stderr, "# seed %u\n", seed);
    srandom(seed);
}

START_TEST(a_row_comes_back_as_it_was_stored)
{
    static struct parcel_state rows[ROWS];
    seeded();
    insert_rows(rows);
    expect_stored(rows);
}
END_TEST

START_TEST(an_update_changes_every_column_but_the_id)
{
    static struct parcel_state rows[ROWS];
    seeded();
    insert_rows(rows);
    start_arrays();
    for (int row = 0; row < ROWS; row++) {
        struct parcel_state was = rows[row];
        random_row(row, &rows[row]);
        rows[row].id = was.id;
        rows[row].version = was.version + 1;
        postgres_bind(&parcel_state_schema, &rows[row], arrays);
        postgres_array_integer(&arrays[COLUMNS], was.version);
    }
    struct postgres_rows done = run("update", COLUMNS + 1);
    ck_assert_int_eq(done.count, ROWS);
    postgres_rows_done(&done);
    expect_stored(rows);
}
END_TEST

START_TEST(an_update_passes_over_another_version)
{
    static struct parcel_state rows[ROWS];
    insert_rows(rows);
    start_arrays();
    postgres_bind(&parcel_state_schema, &rows[0], arrays);
    postgres_array_integer(&arrays[COLUMNS], rows[0].version - 1);
    struct postgres_rows done = run("update", COLUMNS + 1);
    ck_assert_int_eq(done.count, 0);
    postgres_rows_done(&done);
}
END_TEST

START_TEST(a_word_that_is_none_of_the_enum_is_wrong_data)
{
    static struct parcel_state rows[ROWS];
    struct parcel_state stored;
    insert_rows(rows);
    struct postgres_rows spoiled = run("spoil", 0), found = run("select", 0);
    ck_assert_int_eq(postgres_fetch(&parcel_state_schema, &found, 0, 1, &stored), ERROR_DATA);
    ck_assert_ptr_nonnull(strstr(error_text(), "category"));
    postgres_rows_done(&spoiled);
    postgres_rows_done(&found);
}
END_TEST

TCase *state_cases(void)
{
    TCase *cases = tcase_create("state");
    tcase_add_checked_fixture(cases, connect_link, free_link);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_row_comes_back_as_it_was_stored);
    tcase_add_test(cases, an_update_changes_every_column_but_the_id);
    tcase_add_test(cases, an_update_passes_over_another_version);
    tcase_add_test(cases, a_word_that_is_none_of_the_enum_is_wrong_data);
    return cases;
}
