/* SPDX-License-Identifier: Apache-2.0
 * The virtual database: tables of rows in memory, as PostgreSQL keeps them at READ COMMITTED. A row has what
 * is committed, and at most one session that holds it locked and may have written it. A statement sees what
 * was committed when it began and what its own transaction wrote; one that needs a row another session holds
 * waits for that session's end, for its lock timeout, or for the deadlock detector. */
#ifndef COLIS_TESTS_SIMULATOR_DATABASE_H
#define COLIS_TESTS_SIMULATOR_DATABASE_H

#include "shared/base/buf.h"
#include "shared/links/postgres.h"
#include "tests/simulator/schedule.h"

struct cell {
    const char *data; /* in the binary form of the wire; lives as long as the schedule */
    int32_t size;     /* -1: null */
};
int64_t cell_integer(struct cell cell);
bool cell_same(struct cell a, struct cell b);
struct span cell_span(struct cell cell);
bool cell_is(struct cell cell, const char *text);
struct cell cell_copy(const void *data, size_t size);
struct cell cell_of_integer(enum postgres_type type, int64_t value);

enum { DATABASE_MACHINES = 8 };
enum { TABLE_COLUMNS = 96, TABLE_KEY = 3, TABLE_BUCKETS = 64 };

struct row {
    struct row *next; /* of its bucket */
    uint32_t hash;
    struct table *table;
    struct cell *stored;  /* NULL: not there */
    struct cell *written; /* by its holder, not committed */
    bool deleted;         /* likewise */
    struct session *holder;
    uint64_t mark; /* of the statement that listed it */
};

struct table {
    char name[40];
    const char *columns[TABLE_COLUMNS];
    enum postgres_type types[TABLE_COLUMNS];
    int column_count, key[TABLE_KEY], key_count;
    int identity; /* a column numbered by itself; -1: none */
    int machine;  /* whose states they are; -1: no states */
    int xmin;     /* of states: the column behind all others, which nobody writes; -1: none */
    int64_t numbered;
    struct row **rows;
    int row_count, row_capacity;
    struct row *buckets[TABLE_BUCKETS];
};

void database_make(void);    /* once: the catalogue */
void database_restart(void); /* empty tables, no sessions */
void database_done(void);
struct table *table_named(const char *name);                   /* NULL where there is none */
int table_column(const struct table *table, const char *name); /* -1 */
extern struct table *database_tables[];
extern int database_table_count;

/* The row of this key, committed or not; NULL. cells: of the whole row, only its key is looked at. */
struct row *table_find(const struct table *table, const struct cell *cells);
struct row *table_add(struct table *table, const struct cell *cells); /* not there yet for anybody */
/* The row as this session sees it; NULL where it does not. session NULL: what is committed. */
struct cell *row_cells(const struct row *row, const struct session *session);

#endif
