/* SPDX-License-Identifier: Apache-2.0
 * What redrive's files share: the request as the command line put it, and the outcomes of carrying it out. */
#ifndef COLIS_REDRIVE_REDRIVE_H
#define COLIS_REDRIVE_REDRIVE_H

#include "shared/links/postgres.h"

enum {
    REDRIVE_NOTHING = 1, /* no such row */
    REDRIVE_USAGE = 2,   /* the request makes no sense: said on standard error */
    REDRIVE_AWAY = 3,    /* PostgreSQL did not answer: try again */
};

struct redrive {
    const char *verb;
    const char *target; /* a key or PARTITION:OFFSET; NULL: none was given */
    char kind[8];       /* dead, parked or all */
    char id[40];        /* of a command; "": not given */
    int64_t limit;
    bool json, value;
    struct postgres *postgres;
};

extern const struct postgres_statement redrive_statements[];

/* Carries the verb out. 0, an outcome above, or negative. */
MUST_CHECK int redrive_list(struct redrive *redrive);
MUST_CHECK int redrive_show(struct redrive *redrive);
MUST_CHECK int redrive_mark(struct redrive *redrive, const char *action);

/* Columns of every row that is printed. */
enum {
    ROW_PARTITION,
    ROW_OFFSET,
    ROW_ID,
    ROW_KIND,
    ROW_KEY,
    ROW_REASON,
    ROW_AT,
    ROW_PARKED_AT,
    ROW_ACTION,
    ROW_HEADERS,
    ROW_VALUE, /* null unless it was asked for */
    ROW_IS_HEAD,
};
void row_print(const struct redrive *redrive, const struct postgres_rows *rows, int row);

#endif
