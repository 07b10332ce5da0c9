/* SPDX-License-Identifier: Apache-2.0
 * Rows of the states room by their generated tables: whatever a state may hold is stored, updated and fetched
 * equal byte for byte, arrays too, and what is none of its words or items is said to be wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schemas/messages.h"
#include "tests/links/postgres_cases.h"
#include "tests/session.h"

enum { ROWS = 20, COLUMNS = POSTGRES_PARAMETERS - 1 };

static const struct schema *const states[] = {
    &trip_state_schema,   &parcel_state_schema, &booking_state_schema, &payment_state_schema,
    &review_state_schema, &report_state_schema, &profile_state_schema, &search_state_schema,
};
enum { STATES = sizeof(states) / sizeof(states[0]) };

static struct buf table, insert, update, fetch, references;
static struct postgres_array arrays[COLUMNS + 1];
static struct postgres_statement statements[5];
static struct postgres *session;
static const struct schema *state;
static enum postgres_type types[COLUMNS];
static int columns;

/* A row of any state: what all of them begin with, and the rest. */
union any_row {
    struct {
        struct id id;
        int64_t version;
    } head;
    unsigned char bytes[STATE_MAX];
};
static union any_row rows[ROWS], stored;

enum { CHANGED = 3 };
static struct buf changed[CHANGED];
static struct postgres_statement changing[CHANGED];

/* The table of a state from its own names and types. */
static void describe_table(void)
{
    static const char *const names[] = {
        [POSTGRES_TEXT] = "text",    [POSTGRES_UUID] = "uuid",        [POSTGRES_INT8] = "bigint",
        [POSTGRES_BOOL] = "boolean", [POSTGRES_TIME] = "timestamptz", [POSTGRES_JSONB] = "jsonb",
    };
    CLEANUP(buf_done) struct buf list = {0};
    columns = postgres_column_types(state, types, COLUMNS);
    ck_assert_int_le(columns, COLUMNS);
    postgres_columns(state, NULL, &list);
    buf_text(&table, "create table state.kept (");
    char *name = strtok(list.data, ",");
    for (int column = 0; column < columns; column++, name = strtok(NULL, ","))
        buf_format(&table, "%s%s %s", column ? ", " : "", name, names[types[column]]);
    ck_assert_ptr_null(name);
    buf_text(&table, ")");
}

static void describe(void)
{
    describe_table();
    postgres_insert_sql(state, "state.kept", &insert);
    postgres_update_sql(state, "state.kept", &update);
    buf_text(&fetch, "select 0, ");
    postgres_columns(state, "s.", &fetch);
    buf_text(&fetch, " from state.kept s order by s.id");
    buf_text(&references, "select ");
    postgres_references(state, &references);
    buf_text(&references, " from state.kept order by id");
}

static void open_state(const struct schema *schema)
{
    state = schema;
    describe();
    const struct postgres_statement tables[] = {
        {"schema", "create schema state"}, {"table", table.data}, {0}};
    database_run(tables);
    statements[0] = (struct postgres_statement){"insert", insert.data};
    statements[1] = (struct postgres_statement){"update", update.data};
    statements[2] = (struct postgres_statement){"select", fetch.data};
    statements[3] = (struct postgres_statement){"refer", references.data};
    session = database_link(statements);
    session_ready(session);
}

static void connect_link(void)
{
    unsigned seed = (unsigned)time(NULL);
    fprintf(stderr, "# seed %u\n", seed);
    srandom(seed);
    database_make();
}

static void free_link(void)
{
    struct buf *const texts[] = {&table, &insert, &update, &fetch, &references};
    for (int column = 0; column <= COLUMNS; column++)
        postgres_array_done(&arrays[column]);
    postgres_free(session);
    for (size_t text = 0; text < sizeof(texts) / sizeof(texts[0]); text++)
        buf_done(texts[text]);
    for (int row = 0; row < CHANGED; row++)
        buf_done(&changed[row]);
}

/* --- any value a schema allows --- */

static void fill(const struct schema *schema, char *message);

static void fill_string(const struct field *field, char *to)
{
    int64_t size = field->min + random() % (field->max - field->min + 1);
    if (field->format == FORMAT_CURRENCY || field->format == FORMAT_COUNTRY) {
        strcpy(to, field->format == FORMAT_CURRENCY ? "XOF" : "SN");
        return;
    }
    memset(to, 'a' + (int)(random() % 6), (size_t)size);
    if (field->format == FORMAT_LINE && size > 1)
        memcpy(to, "\xc3\x89", 2);
}

static int32_t choices_of(const struct field *field)
{
    int32_t count = 0;
    while (field->choices[count].text)
        count++;
    return count;
}

static void fill_value(const struct field *field, char *to)
{
    int64_t span = field->max - field->min, integer = field->min;
    int32_t choice;
    switch ((enum field_kind)field->kind) {
    case FIELD_OBJECT:
        fill(field->object, to);
        break;
    case FIELD_ID:
        id_v7(random(), (struct id *)to);
        break;
    case FIELD_STRING:
        fill_string(field, to);
        break;
    case FIELD_BOOLEAN:
        *(bool *)to = random() % 2;
        break;
    case FIELD_CHOICE:
        choice = 1 + (int32_t)(random() % choices_of(field));
        memcpy(to, &choice, sizeof(choice));
        break;
    default:
        integer = field->kind == FIELD_TIME
                      ? random() * 1000LL + random() % 1000
                      : field->min + (random() * (INT64_C(1) << 22) + random()) % (span + 1);
        memcpy(to, &integer, sizeof(integer));
        break;
    }
}

static void fill_items(const struct field *field, char *message)
{
    uint16_t count = (uint16_t)(field->min + random() % (field->max - field->min + 1));
    memcpy(message + field->count_offset, &count, sizeof(count));
    for (int item = 0; item < count; item++)
        fill_value(field->item, message + field->offset + item * field->size);
}

static void fill(const struct schema *schema, char *message)
{
    for (int at = 0; at < schema->count; at++) {
        const struct field *field = &schema->fields[at];
        bool here = field->has_offset == UINT16_MAX || random() % 2;
        if (field->has_offset != UINT16_MAX)
            *(bool *)(message + field->has_offset) = here;
        if (here && field->kind == FIELD_ARRAY)
            fill_items(field, message);
        else if (here)
            fill_value(field, message + field->offset);
    }
}

static void random_row(int number, union any_row *row)
{
    memset(row, 0, sizeof(*row));
    fill(state, (char *)row->bytes);
    snprintf(row->head.id.text, sizeof(row->head.id.text), "11111111-1111-4111-8111-%012d", number);
}

static void start_arrays(void)
{
    for (int column = 0; column < columns; column++)
        postgres_array_start(&arrays[column], types[column]);
    postgres_array_start(&arrays[columns], POSTGRES_INT8);
}

static struct postgres_rows run(const char *name, int count)
{
    struct postgres_value values[COLUMNS + 1] = {0};
    for (int column = 0; column < count; column++)
        values[column].array = &arrays[column];
    struct postgres_rows found;
    postgres_send(session, name, values, count, &found);
    ck_assert_msg(postgres_sync(session, NULL) == POSTGRES_DONE, "%s: %s", name, postgres_why(session));
    return found;
}

static void expect_count(const char *statement, int count, int expected)
{
    struct postgres_rows done = run(statement, count);
    ck_assert_int_eq(done.count, expected);
    postgres_rows_done(&done);
}

static void expect_stored(void)
{
    struct postgres_rows found = run("select", 0);
    ck_assert_int_eq(found.count, ROWS);
    for (int row = 0; row < ROWS; row++) {
        ck_assert_msg(postgres_fetch(state, &found, row, 1, &stored) == 0, "%s: %s", state->name,
                      error_text());
        ck_assert_mem_eq(&stored, &rows[row], state->size);
    }
    postgres_rows_done(&found);
}

static void insert_rows(void)
{
    start_arrays();
    for (int row = 0; row < ROWS; row++) {
        random_row(row, &rows[row]);
        postgres_bind(state, &rows[row], arrays);
    }
    expect_count("insert", columns, ROWS);
}

START_TEST(a_row_of_any_state_comes_back_as_it_was_stored)
{
    open_state(states[_i]);
    insert_rows();
    expect_stored();
}
END_TEST

START_TEST(an_update_changes_every_column_but_the_id)
{
    open_state(states[_i]);
    insert_rows();
    start_arrays();
    for (int row = 0; row < ROWS; row++) {
        int64_t was = rows[row].head.version;
        random_row(row, &rows[row]);
        postgres_bind(state, &rows[row], arrays);
        postgres_array_integer(&arrays[columns], was);
    }
    expect_count("update", columns + 1, ROWS);
    expect_stored();
}
END_TEST

START_TEST(an_update_passes_over_another_version)
{
    open_state(&parcel_state_schema);
    insert_rows();
    start_arrays();
    postgres_bind(state, &rows[0], arrays);
    postgres_array_integer(&arrays[columns], rows[0].head.version - 1);
    expect_count("update", columns + 1, 0);
}
END_TEST

/* A row by a statement of its own. */
static void update_changed(int row)
{
    static const char *const names[CHANGED] = {"first", "second", "third"};
    static union any_row was;
    enum postgres_type some[COLUMNS];

    memcpy(&was, &rows[row], sizeof(was));
    random_row(row, &rows[row]);
    uint64_t columns_changed = postgres_changed(state, &was, &rows[row]);
    ck_assert_uint_ne(columns_changed & 2, 0); /* the version */
    postgres_update_of_sql(state, columns_changed, "state.kept", &changed[row]);
    changing[row] = (struct postgres_statement){names[row], changed[row].data};
    postgres_prepare(session, &changing[row]);
    int count = postgres_types_of(state, columns_changed, some, COLUMNS);
    for (int column = 0; column < count; column++)
        postgres_array_start(&arrays[column], some[column]);
    postgres_array_start(&arrays[count], POSTGRES_INT8);
    postgres_bind_of(state, columns_changed, &rows[row], arrays);
    postgres_array_integer(&arrays[count], was.head.version);
    expect_count(names[row], count + 1, 1);
}

START_TEST(an_update_of_the_changed_columns_leaves_the_whole_row_as_it_is_now)
{
    open_state(states[_i]);
    insert_rows();
    for (int row = 0; row < CHANGED; row++)
        update_changed(row);
    expect_stored();
    postgres_drop(session); /* prepared again on the next connection */
    session_ready(session);
    expect_stored();
}
END_TEST

START_TEST(a_column_that_did_not_change_is_not_written)
{
    struct booking_state was = {.version = 4, .grams = 900}, is = was;
    CLEANUP(buf_done) struct buf sql = {0};

    is.version = 5;
    is.state = BOOKING_STATUS_PAID;
    is.has_paid_at = true;
    postgres_update_of_sql(&booking_state_schema, postgres_changed(&booking_state_schema, &was, &is),
                           "state.booking", &sql);
    ck_assert_str_eq(sql.data,
                     "update state.booking s set \"version\" = n.\"version\", \"state\" = n.\"state\", "
                     "\"paid_at\" = n.\"paid_at\" from (select unnest($1::uuid[]) as \"id\", "
                     "unnest($2::int8[]) as \"version\", unnest($3::text[]) as \"state\", "
                     "unnest($4::timestamptz[]) as \"paid_at\", unnest($5::int8[]) as was) n "
                     "where s.id = n.id and s.version = n.was");
}
END_TEST

START_TEST(references_are_the_ids_and_the_version_and_nothing_else)
{
    struct booking_state seen, wanted = {0};
    open_state(&booking_state_schema);
    insert_rows();
    struct postgres_rows found = run("refer", 0);
    const struct booking_state *whole = (const struct booking_state *)rows[3].bytes;
    ck_assert_int_eq(postgres_fetch_of(state, postgres_reference_columns(state), &found, 3, &seen), 0);
    wanted.id = whole->id;
    wanted.version = whole->version;
    wanted.trip = whole->trip;
    wanted.parcel = whole->parcel;
    wanted.payment = whole->payment;
    wanted.review = whole->review;
    wanted.sender = whole->sender;
    wanted.traveller = whole->traveller;
    ck_assert_mem_eq(&seen, &wanted, sizeof(seen));
    postgres_rows_done(&found);
}
END_TEST

static void expect_wrong(const char *what, const char *sql)
{
    const struct postgres_statement spoil[] = {{"spoil", sql}, {0}};
    database_run(spoil);
    struct postgres_rows found = run("select", 0);
    ck_assert_int_eq(postgres_fetch(state, &found, 0, 1, &stored), ERROR_DATA);
    ck_assert_ptr_nonnull(strstr(error_text(), what));
    postgres_rows_done(&found);
}

START_TEST(a_word_that_is_none_of_the_enum_is_wrong_data)
{
    open_state(&parcel_state_schema);
    insert_rows();
    expect_wrong("category", "update state.kept set category = 'bricks'");
}
END_TEST

static const char *const spoiled_items[] = {
    "update state.kept set bookings = '{}'",
    "update state.kept set bookings = '[1]'",
    "update state.kept set bookings = '[{\"grams\": 1}]'",
    "update state.kept set bookings = '[{\"booking\": \"11111111-1111-4111-8111-111111111111\", \"grams\": "
    "1, "
    "\"exposure\": 1, \"on_board\": true, \"colour\": \"red\"}]'",
    "update state.kept set bookings = (select jsonb_agg(jsonb_build_object('booking', "
    "'11111111-1111-4111-8111-111111111111', 'grams', n, 'exposure', 1, 'on_board', true)) from "
    "generate_series(1, 41) n)",
};

START_TEST(items_of_another_shape_are_wrong_data)
{
    open_state(&trip_state_schema);
    insert_rows();
    expect_wrong("bookings", spoiled_items[_i]);
}
END_TEST

TCase *state_cases(void)
{
    TCase *cases = tcase_create("state");
    tcase_add_checked_fixture(cases, connect_link, free_link);
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, a_row_of_any_state_comes_back_as_it_was_stored, 0, STATES);
    tcase_add_loop_test(cases, an_update_changes_every_column_but_the_id, 0, STATES);
    tcase_add_test(cases, an_update_passes_over_another_version);
    tcase_add_loop_test(cases, an_update_of_the_changed_columns_leaves_the_whole_row_as_it_is_now, 0, STATES);
    tcase_add_test(cases, a_column_that_did_not_change_is_not_written);
    tcase_add_test(cases, references_are_the_ids_and_the_version_and_nothing_else);
    tcase_add_test(cases, a_word_that_is_none_of_the_enum_is_wrong_data);
    tcase_add_loop_test(cases, items_of_another_shape_are_wrong_data, 0,
                        sizeof(spoiled_items) / sizeof(spoiled_items[0]));
    return cases;
}
