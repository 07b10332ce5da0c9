/* SPDX-License-Identifier: Apache-2.0
 * A database for each test, named after the run and the test's own process. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/base/error.h"
#include "tests/links/postgres_cases.h"

static char name[64];

const char *database_name(void)
{
    return name;
}

/* What main uses too, outside of any test, must not assert: it tells. */
static struct postgres *link_to(const char *database, const struct postgres_statement *statements)
{
    const struct setting *const tables[] = {postgres_settings, NULL};
    char *arguments[] = {"test", NULL};
    struct postgres *made = NULL;
    setenv("COLIS_POSTGRES_DATABASE", database, 1);
    if (settings_read(tables, 1, arguments, getenv) != 0 || postgres_new("test", "unused", &made) != 0)
        abort();
    postgres_statements(made, statements);
    return made;
}

/* One statement in a session of its own: it is prepared when those before it have run. */
static bool run(const char *database, const struct postgres_statement *statement,
                struct postgres_rows *ret_rows)
{
    const struct postgres_statement one[] = {*statement, {0}};
    CLEANUP(postgres_free_cleanup) struct postgres *made = link_to(database, one);
    int outcome = postgres_ready(made);
    if (outcome == POSTGRES_DONE) {
        postgres_send(made, statement->name, NULL, 0, ret_rows);
        outcome = postgres_sync(made, NULL);
    }
    if (outcome != POSTGRES_DONE)
        fprintf(stderr, "# %s: %s\n", statement->sql, postgres_why(made));
    return outcome == POSTGRES_DONE;
}

/* Databases are made and dropped from the one named postgres. */
void database_make(void)
{
    char sql[128];
    snprintf(name, sizeof(name), "t_%d_%d", (int)getppid(), (int)getpid());
    snprintf(sql, sizeof(sql), "create database %s", name);
    ck_assert(run("postgres", &(struct postgres_statement){"make", sql}, NULL));
}

void database_drop_all(void)
{
    char sql[160];
    struct postgres_rows rows;
    snprintf(sql, sizeof(sql), "select datname::text from pg_database where datname like 't\\_%d\\_%%'",
             (int)getpid());
    if (!run("postgres", &(struct postgres_statement){"list", sql}, &rows))
        return;
    bool dropped = true;
    for (int row = 0; row < rows.count && dropped; row++) {
        struct span text = postgres_text(&rows, row, 0);
        snprintf(sql, sizeof(sql), "drop database %.*s with (force)", (int)text.size, text.data);
        dropped = run("postgres", &(struct postgres_statement){"drop", sql}, NULL);
    }
    postgres_rows_done(&rows);
}

struct postgres *database_link(const struct postgres_statement *statements)
{
    return link_to(name, statements);
}

void database_run(const struct postgres_statement *statements)
{
    for (; statements->name; statements++)
        ck_assert(run(name, statements, NULL));
}
