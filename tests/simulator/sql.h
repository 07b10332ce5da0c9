/* SPDX-License-Identifier: Apache-2.0
 * The projector's statements, read from their own text into plans. Only the shapes the projector uses are
 * known; a statement of another shape ends the program and says so, for it would not be simulated. */
#ifndef COLIS_TESTS_SIMULATOR_SQL_H
#define COLIS_TESTS_SIMULATOR_SQL_H

#include "tests/simulator/database.h"

enum sql_verb {
    SQL_NOTHING, /* a hint, a setting */
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_SELECT,
    SQL_INSERT,
    SQL_UPDATE,
    SQL_UNPARK, /* parked_remove: delete one, mark the next of its key */
};
enum operand_kind {
    OPERAND_NULL,
    OPERAND_LITERAL,
    OPERAND_COLUMN,
    OPERAND_SOURCE,
    OPERAND_PARAMETER,
    OPERAND_XACT
};
struct operand {
    enum operand_kind kind;
    int at; /* column, place in the source, or parameter from 0 */
    struct cell literal;
};
enum condition_kind { CONDITION_IS, CONDITION_ANY, CONDITION_NULL, CONDITION_NOT_NULL };
struct condition {
    enum condition_kind kind;
    int column;
    struct operand with;
};
struct assignment {
    int column;
    struct operand value;
};

enum { SQL_PLANS = 1024, SQL_WHERE = 8, SQL_ORDER = 3 };

struct plan {
    int number; /* from 0 */
    char name[64];
    char *sql;
    enum sql_verb verb;
    struct table *table;
    struct operand outputs[TABLE_COLUMNS];
    int output_count;
    struct assignment set[TABLE_COLUMNS];
    int set_count;
    int source[TABLE_COLUMNS]; /* the parameters of unnest */
    int source_count;
    struct condition where[SQL_WHERE];
    int where_count;
    int order[SQL_ORDER], order_count;
    bool distinct, locks, one, ignores; /* for update; limit 1; on conflict do nothing */
    bool arrays[TABLE_COLUMNS];         /* which parameters are */
};

/* Kept from one schedule to the next. */
const struct plan *sql_plan(const char *name, const char *sql);
/* That of this name among those a connection has prepared; NULL. */
const struct plan *sql_prepared(const char *name, const bool prepared[SQL_PLANS]);
void sql_done(void);

#endif
