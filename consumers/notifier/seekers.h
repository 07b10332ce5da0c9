/* SPDX-License-Identifier: Apache-2.0
 * Whose saved search a trip answers, read with the batch that announces it. Of a batch the first few trips
 * only: each may have thousands who wait for it. */
#ifndef COLIS_NOTIFIER_SEEKERS_H
#define COLIS_NOTIFIER_SEEKERS_H

#include "consumers/notifier/notice.h"
#include "shared/run/position_store.h"

enum { SEEKERS_TRIPS = 4, SEEKERS_MOST = 5000 /* of one trip */ };

extern const struct postgres_statement seekers_statements[];

struct seekers {
    struct id facts[SEEKERS_TRIPS]; /* that announce the trips */
    size_t first[SEEKERS_TRIPS + 1];
    size_t trip_count;
    struct id *owners; /* of the first trip, then of the second ... */
    size_t capacity;
    struct postgres_array trips;
};
void seekers_start(struct seekers *seekers); /* of a new batch */
void seekers_done(struct seekers *seekers);
/* Those of SEEKERS_TRIPS facts are loaded; what is asked beyond them is not. */
void seekers_ask(struct seekers *seekers, const struct event *fact);
/* Inside the batch's transaction; answers as position_store_sync. Nothing asked: no round trip. */
MUST_CHECK int seekers_load(struct seekers *seekers, const struct position_store *store);
/* NULL where this fact's were not loaded. Good until the next batch. */
const struct id *seekers_of(const struct seekers *seekers, const struct id *fact, size_t *ret_count);

#endif
