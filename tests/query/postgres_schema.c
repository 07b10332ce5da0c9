/* SPDX-License-Identifier: Apache-2.0
 * The schema of a test's database, from schemas/sql as it stands, and SQL behind the program's back. */
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

void schema_make(void)
{
    const char *const keys[] = {"dbname", "dbname", NULL};
    const char *const values[] = {getenv("COLIS_POSTGRES_URL"), database_name(), NULL};
    char pattern[512];
    glob_t files;
    owner = PQconnectdbParams(keys, values, 1);
    ck_assert_msg(PQstatus(owner) == CONNECTION_OK, "%s", PQerrorMessage(owner));
    PQsetNoticeReceiver(owner, no_notice, NULL);
    snprintf(pattern, sizeof(pattern), "%s/schemas/sql/*.sql", getenv("COLIS_SOURCE"));
    ck_assert_int_eq(glob(pattern, 0, NULL, &files), 0);
    for (size_t at = 0; at < files.gl_pathc; at++)
        run_file(files.gl_pathv[at]);
    globfree(&files);
}

void schema_done(void)
{
    PQfinish(owner);
}
