/* SPDX-License-Identifier: Apache-2.0
 * Memory of one batch: pieces are taken one after another, never moved, given back all at once. Blocks are
 * kept for the next batch, so that it takes none from the heap, until the reader rests. */
#ifndef COLIS_PROJECTOR_MEMORY_H
#define COLIS_PROJECTOR_MEMORY_H

#include <stddef.h>

struct memory {
    struct memory_block *first, *now;
};

void *memory_take(struct memory *memory, size_t size); /* of no value yet; aligned for anything */
void memory_restart(struct memory *memory);            /* all pieces are void */
void memory_done(struct memory *memory);

#endif
