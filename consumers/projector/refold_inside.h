/* SPDX-License-Identifier: Apache-2.0
 * What the files of refold share: refold.c folds, refold_rows.c speaks to the tables, refold_topics.c reads.
 * Included by them alone. */
#ifndef COLIS_PROJECTOR_REFOLD_INSIDE_H
#define COLIS_PROJECTOR_REFOLD_INSIDE_H

#include "consumers/projector/batch.h"
#include "consumers/projector/refold.h"

enum { REFOLD_WHY = 256 };

/* A fact that waits. */
struct refold_item {
    struct event event;
    const struct message_row *row;
    const struct machine *machine;
    int state; /* index into batch.states */
};

struct refold {
    struct refold_config config;
    struct postgres_statement *statements;
    struct refold_item *items;
    size_t count;
    int64_t folded;          /* in all */
    struct batch batch;      /* the states of the facts that wait, and the rows of their journals */
    struct domain_fact fact; /* scratch */
    char why[REFOLD_WHY];
    struct refold_reader *reader; /* refold_topics.c's; NULL before the first read */
    void (*reader_free)(struct refold_reader *reader);
};

/* refold_rows.c */
void refold_rows_new(struct refold *refold); /* makes and hands over the statements */
void refold_rows_free(struct refold *refold);
MUST_CHECK int refold_rows_load(struct refold *refold);  /* REFOLD_AWAY */
MUST_CHECK int refold_rows_write(struct refold *refold); /* REFOLD_AWAY */

#endif
