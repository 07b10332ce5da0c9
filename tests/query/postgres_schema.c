/* SPDX-License-Identifier: Apache-2.0
 * The schema of a run's database, from schemas/sql as it stands, made by the first test and emptied before
 * each other: making it anew would cost more than the tests. And SQL behind the program's back. */
#include <glob.h>
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/links/postgres_cases.h"
#include "tests/query/program.h"

static PGconn *owner;

static void run(const char *sql)
{
    PGresult *result = PQexec(owner, sql);
    ExecStatusType status = PQresultStatus(result);
    ck_assert_msg(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%.60s: %s", sql,
                  PQerrorMessage(owner));
    PQclear(result);
}

void site_sql(const char *format, ...)
{
    char sql[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sql, sizeof(sql), format, arguments);
    va_end(arguments);
    run(sql);
}

static void run_file(const char *path)
{
    static char sql[65536];
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    size_t size = fread(sql, 1, sizeof(sql) - 1, file);
    fclose(file);
    sql[size] = '\0';
    run(sql);
}

static void no_notice(void *self, const PGresult *result)
{
    (void)self;
    (void)result;
}

static bool present(void)
{
    PGresult *result = PQexec(owner, "select from pg_namespace where nspname = 'api'");
    bool found = PQntuples(result) == 1;
    PQclear(result);
    return found;
}

static void make(void)
{
    char pattern[512];
    glob_t files;
    snprintf(pattern, sizeof(pattern), "%s/schemas/sql/*.sql", getenv("COLIS_SOURCE"));
    ck_assert_int_eq(glob(pattern, 0, NULL, &files), 0);
    run("begin"); /* a test that dies in here leaves nothing half made */
    for (size_t at = 0; at < files.gl_pathc; at++)
        run_file(files.gl_pathv[at]);
    run("commit");
    globfree(&files);
}

/* As schemas/sql has it: a test may have put another in its place. */
void schema_verdicts(void)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/schemas/sql/0004_query.sql", getenv("COLIS_SOURCE"));
    run("drop function if exists bus.verdicts(uuid[], uuid[])");
    run_file(path);
}

/* Migrations write no rows: what is empty is new. */
static void empty(void)
{
    run("do $$ declare found regclass; begin "
        "for found in select oid from pg_class where relkind = 'r' and relnamespace::regnamespace::text "
        "in ('bus', 'state', 'private') loop "
        "execute 'delete from ' || found; end loop; end $$");
}

void schema_make(void)
{
    const char *const keys[] = {"dbname", "dbname", NULL};
    const char *const values[] = {getenv("COLIS_POSTGRES_URL"), database_name(), NULL};
    owner = PQconnectdbParams(keys, values, 1);
    ck_assert_msg(PQstatus(owner) == CONNECTION_OK, "%s", PQerrorMessage(owner));
    PQsetNoticeReceiver(owner, no_notice, NULL);
    if (!present())
        make();
    schema_verdicts();
    empty();
}

void schema_done(void)
{
    PQfinish(owner);
}
