/* SPDX-License-Identifier: Apache-2.0
 * The states a batch changed, as rows to write: those of one kind whose facts changed the same columns are
 * one shape, and one statement that writes these columns only. Shapes are met once and kept with their
 * prepared statements and their buffers; past a number of them a state is written whole. */
#ifndef COLIS_PROJECTOR_SHAPES_H
#define COLIS_PROJECTOR_SHAPES_H

#include "consumers/projector/batch.h"
#include "shared/links/postgres.h"

struct shapes;

struct shapes *shapes_new(void);
void shapes_free(struct shapes *shapes);

/* Takes in every state that differs from what is stored. Statements of shapes not met before are prepared, in
 * a round trip of their own: an outcome of the link's, where it is another than done the connection is
 * closed. */
MUST_CHECK int shapes_gather(struct shapes *shapes, const struct batch *batch, struct postgres *link);
/* Queues what was gathered: machines in order, of each first what is new. */
void shapes_send(struct shapes *shapes, struct postgres *link);
/* After the segment: was every row still of the version that was read? Lets the results go. */
bool shapes_held(struct shapes *shapes);

#endif
