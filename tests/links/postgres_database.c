/* SPDX-License-Identifier: Apache-2.0
 * A database for the run, named after its process and emptied before each test: making and dropping one a
 * test would cost more than the tests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/error.h"
#include "tests/links/postgres_cases.h"
#include "tests/session.h"

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
    bool server = strcmp(database, "postgres") == 0; /* making and dropping databases may take its time */
    setenv("COLIS_POSTGRES_DATABASE", database, 1);
    setenv("COLIS_POSTGRES_STATEMENT_MS", server ? "120000" : "10000", 1);
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
    int outcome = session_tried(made);
    if (outcome == POSTGRES_DONE) {
        postgres_send(made, statement->name, NULL, 0, ret_rows);
        outcome = postgres_sync(made, NULL);
    }
    if (outcome != POSTGRES_DONE)
        fprintf(stderr, "# %s: %s\n", statement->sql, postgres_why(made));
    return outcome == POSTGRES_DONE;
}

/* Databases are made and dropped from the one named postgres. */
bool database_open(void)
{
    char sql[128];
    snprintf(name, sizeof(name), "t_%d_postgres", (int)getpid());
    snprintf(sql, sizeof(sql), "create database %s", name);
    return run("postgres", &(struct postgres_statement){"make", sql}, NULL);
}

void database_close(void)
{
    char sql[128];
    snprintf(sql, sizeof(sql), "drop database %s with (force)", name);
    (void)run("postgres", &(struct postgres_statement){"drop", sql}, NULL);
}

void database_make(void)
{
    static const char sql[] =
        "do $$ declare found name; begin "
        "for found in select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> "
        "'information_schema' loop "
        "execute format('drop schema %I cascade', found); end loop; create schema public; end $$";
    ck_assert(run(name, &(struct postgres_statement){"empty", sql}, NULL));
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
