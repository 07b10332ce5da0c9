/* SPDX-License-Identifier: Apache-2.0
 * States kept from one batch to the next. A row that is kept is locked and compared like any other, but not
 * read: its version and the transaction that wrote it (xmin) say that it is what we know. Within one session
 * a row of that id which that transaction left has one content only, whoever wrote it; of another session
 * nothing is kept, for it may be of a database put back to an earlier hour.
 *
 * Two halves: what is used goes to the young one; once that is full the old one is emptied and takes its
 * place. So the least lately used go first, and memory stays bounded. */
#ifndef COLIS_PROJECTOR_KEPT_H
#define COLIS_PROJECTOR_KEPT_H

#include "consumers/projector/batch.h"

struct kept_row {
    struct domain_head *state; /* in the half's memory, until the next kept_turn but one */
    int32_t xmin;              /* 0: it was wrong */
};

struct kept {
    struct kept_half {
        struct memory memory;
        struct batch_index subjects[BATCH_MACHINES];
        struct kept_row *rows; /* moves when it grows */
        size_t count, capacity, bytes;
    } halves[2];
    int young;
    uint64_t session;
};

void kept_done(struct kept *kept);
/* Before a batch, which may hold what it finds until its end: empties what is of another session, and makes
 * room. */
void kept_turn(struct kept *kept, uint64_t session);
/* NULL: not known. Until the next kept_put. */
const struct kept_row *kept_find(const struct kept *kept, size_t machine, const struct id *id);
void kept_drop(struct kept *kept, size_t machine, const struct id *id);
/* state: as it is in the database now, written by xmin; it may be what kept_find gave. */
void kept_put(struct kept *kept, size_t machine, const struct domain_head *state, int32_t xmin);

#endif
