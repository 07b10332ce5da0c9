/* SPDX-License-Identifier: Apache-2.0
 * The database of the run, made by infra/migrate, and what drives batches over it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/run/service.h"
#include "tests/projector/cases.h"
#include "tests/session.h"
#include "tests/suite.h"

static char name[64];

static bool migrate(const char *option)
{
    char command[512];

    (void)snprintf(command, sizeof(command), "%s --namespace %s %s >&2", getenv("COLIS_MIGRATE"), name,
                   option);
    return system(command) == 0;
}

bool database_make(void)
{
    static const struct setting *const tables[] = {postgres_settings, NULL};
    char *arguments[] = {"test", NULL};

    if (!getenv("COLIS_POSTGRES_URL") || !getenv("COLIS_MIGRATE"))
        return false;
    (void)snprintf(name, sizeof(name), "t_projector_%d", (int)getpid());
    setenv("COLIS_POSTGRES_LOCK_MS", "60000", 1); /* no test waits for its end; a busy machine holds locks */
    setenv("COLIS_POSTGRES_STATEMENT_MS", "120000", 1);
    return settings_read(tables, 1, arguments, getenv) == 0 && migrate("");
}

void database_drop(void)
{
    if (!migrate("--drop"))
        fprintf(stderr, "# %s was not dropped\n", name);
}

/* A statement in a session of its own. */
static void run(const char *sql, struct postgres_rows *ret_rows)
{
    const struct postgres_statement statements[] = {{"one", sql}, {0}};
    CLEANUP(postgres_free_cleanup) struct postgres *link = NULL;

    ck_assert_int_eq(postgres_new("test", name, &link), 0);
    postgres_statements(link, statements);
    session_ready(link);
    postgres_send(link, "one", NULL, 0, ret_rows);
    ck_assert_msg(postgres_sync(link, NULL) == POSTGRES_DONE, "%s: %s", sql, postgres_why(link));
}

const char *sql_state(const char *sql)
{
    const struct postgres_statement statements[] = {{"one", sql}, {0}};
    CLEANUP(postgres_free_cleanup) struct postgres *link = NULL;
    static char state[6];

    ck_assert_int_eq(postgres_new("test", name, &link), 0);
    postgres_statements(link, statements);
    session_ready(link);
    postgres_send(link, "one", NULL, 0, NULL);
    ck_assert_int_ne(postgres_sync(link, NULL), POSTGRES_DONE);
    (void)snprintf(state, sizeof(state), "%s", postgres_why(link));
    return state;
}

void expect_refused(const char *reasons)
{
    char refused[1024];

    sql_text("select coalesce(string_agg(reason, ' ' order by decided_at, id), '') from bus.verdict "
             "where not accepted",
             refused, sizeof(refused));
    ck_assert_str_eq(refused, reasons);
    sql_text("select coalesce(string_agg(reason, ' '), '') from bus.parked", refused, sizeof(refused));
    ck_assert_str_eq(refused, "");
}

void sql_run(const char *sql)
{
    run(sql, NULL);
}

void sql_rows(const char *sql, struct postgres_rows *ret_rows)
{
    run(sql, ret_rows);
}

int64_t sql_number(const char *sql)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};

    run(sql, &rows);
    ck_assert_int_eq(rows.count, 1);
    return postgres_integer(&rows, 0, 0);
}

int64_t sql_number_as(const char *claims, const char *sql)
{
    const struct postgres_statement statements[] = {
        {"role", "set role authenticated"},
        {"claims", "select set_config('request.jwt.claims', $1, false)"},
        {"one", sql},
        {0},
    };
    const struct postgres_value value = {.type = POSTGRES_TEXT, .text = span_of(claims)};
    CLEANUP(postgres_free_cleanup) struct postgres *link = NULL;
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};

    ck_assert_int_eq(postgres_new("test", name, &link), 0);
    postgres_statements(link, statements);
    session_ready(link);
    postgres_send(link, "role", NULL, 0, NULL);
    postgres_send(link, "claims", &value, 1, NULL);
    postgres_send(link, "one", NULL, 0, &rows);
    ck_assert_msg(postgres_sync(link, NULL) == POSTGRES_DONE, "%s: %s", sql, postgres_why(link));
    return postgres_integer(&rows, 0, 0);
}

void sql_text(const char *sql, char *ret_text, size_t capacity)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};

    run(sql, &rows);
    ck_assert_int_eq(rows.count, 1);
    ck_assert_int_eq(text_copy(ret_text, capacity, postgres_text(&rows, 0, 0)), 0);
}

void bench_join(struct bench *bench, int32_t partition)
{
    static const struct code_key codes = {"a handover key of thirty-two byt"};

    memset(bench, 0, sizeof(*bench));
    bench->batch.codes = &codes;
    ck_assert_int_eq(store_new(&bench->store, "test", name), 0);
    postgres_plan_once(bench->store.link);
    postgres_statements(bench->store.link, parked_statements);
    bench->position = (struct reader_position){"commands", partition, -1, -1};
    session_ready(bench->store.link);
    ck_assert_msg(store_positions(&bench->store, &bench->position, 1) == READER_DONE, "%s", reader_reason());
    bench->position.from = bench->position.next;
}

void bench_start(struct bench *bench)
{
    CLEANUP(buf_done) struct buf sql = {0};

    buf_text(&sql, "truncate bus.ledger, bus.verdict, bus.outbox_page, bus.outbox_command, bus.position, "
                   "bus.parked, bus.cluster");
    for (int m = 0; machines[m]; m++)
        buf_format(&sql, ", state.%s, private.%s", machines[m]->kind, machines[m]->kind);
    sql_run(sql.data);
    bench_join(bench, 0);
}

void bench_done(struct bench *bench)
{
    store_done(&bench->store);
    batch_done(&bench->batch);
}

void id_numbered(const char *what, int number, struct id *ret_id)
{
    char text[16];
    const struct span parts[2] = {span_of(what), {text, (size_t)snprintf(text, sizeof(text), "%d", number)}};

    id_v8(parts, 2, ret_id);
}

void subject_of(int number, char ret_subject[80])
{
    struct id id;

    id_numbered("parcel", number, &id);
    (void)snprintf(ret_subject, 80, "parcel/%s", id.text);
}

struct event command_made(const char *type, const char *person, int number, const char *subject,
                          const char *data)
{
    struct event event = {
        .readable = true, .topic = "commands", .offset = number, .stored_ms = 1800000000000};

    id_numbered("command", number, &event.id);
    strcpy(event.source, "/ingress");
    strcpy(event.type, type);
    strcpy(event.subject, subject);
    strcpy(event.key, person);
    strcpy(event.principal, person);
    strcpy(event.role, "person");
    strcpy(event.fingerprint, "00112233445566778899aabbccddeeff");
    event.time_ms = event.stored_ms;
    event.data = span_of(data);
    event.raw_key = span_of(person);
    event.raw_headers = SPAN("{}");
    return event;
}

struct event parcel_made(const char *person, int number)
{
    char subject[80];

    subject_of(number, subject);
    return command_made(
        "parcel.register.v1", person, number, subject,
        "{\"recipient\":{\"name\":\"Awa\",\"phone\":\"+221770000000\"},\"origin\":{\"country\":\"FR\","
        "\"city\":\"Paris\"},\"destination\":{\"country\":\"SN\",\"city\":\"Dakar\"},\"weight_g\":2500,"
        "\"category\":\"clothes\",\"value\":{\"amount\":40000,\"currency\":\"XOF\"},"
        "\"declaration\":{\"agreed\":true,\"text_version\":1}}");
}

/* Decides from first on. READER_DONE, or READER_SPLIT with how many were decided before it, or READER_FAILED.
 */
static int decide(struct bench *bench, size_t count, size_t *ret_decided)
{
    enum batch_outcome outcome;

    for (size_t i = 0; i < count; i++) {
        if (batch_decide(&bench->batch, &bench->batch.items[i], &outcome) != READER_DONE)
            return READER_FAILED;
        *ret_decided = i;
        if (outcome == BATCH_SPLIT)
            return READER_SPLIT;
        if (bench->ahead && (i + 1) % bench->ahead == 0)
            store_ahead(&bench->store, &bench->batch);
    }
    *ret_decided = count;
    return READER_DONE;
}

int bench_run(struct bench *bench, const struct event *events, size_t count)
{
    while (count > 0) {
        size_t decided = 0;
        int result;

        batch_start(&bench->batch, events, count);
        result = store_load(&bench->store, &bench->batch, &bench->position, 1, false);
        if (result == READER_DONE)
            result = decide(bench, count, &decided);
        bench->splits += result == READER_SPLIT;
        result = result == READER_SPLIT ? READER_DONE : result;
        if (result == READER_DONE) {
            ck_assert_uint_gt(decided, 0);
            bench->position.next = events[decided - 1].offset + 1;
            result = store_commit(&bench->store, &bench->batch, &bench->position, 1, NULL);
        }
        if (result != READER_DONE) {
            store_rollback(&bench->store);
            return result;
        }
        bench->position.from = bench->position.next;
        events += decided;
        count -= decided;
    }
    return READER_DONE;
}

int bench_reject(struct bench *bench, const struct event *event, const char *reason)
{
    int result;

    batch_start(&bench->batch, NULL, 0);
    result = store_load(&bench->store, &bench->batch, &bench->position, 1, false);
    if (result != READER_DONE)
        return result;
    batch_park(&bench->batch, event, PARKED_KIND_PARKED, reason);
    bench->position.next = event->offset + 1;
    result = store_commit(&bench->store, &bench->batch, &bench->position, 1, NULL);
    bench->position.from = bench->position.next;
    return result;
}

int main(void)
{
    Suite *suite = suite_create("projector");

    if (!database_make()) {
        printf("1..0 # SKIP COLIS_POSTGRES_URL or COLIS_MIGRATE is not set: no database to test against\n");
        return EXIT_SUCCESS;
    }
    suite_add_tcase(suite, batch_cases());
    suite_add_tcase(suite, parked_cases());
    suite_add_tcase(suite, drains_cases());
    suite_add_tcase(suite, many_cases());
    suite_add_tcase(suite, races_cases());
    suite_add_tcase(suite, journals_cases());
    suite_add_tcase(suite, mixed_cases());
    suite_add_tcase(suite, access_cases());
    suite_add_tcase(suite, refold_cases());
    suite_add_tcase(suite, outbox_cases());
    int code = suite_run(suite);
    database_drop();
    return code;
}
