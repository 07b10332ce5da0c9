/* SPDX-License-Identifier: Apache-2.0
 * Nothing is zeroed here: the decoder does that itself, and a block is megabytes. */
#include "consumers/projector/memory.h"

#include <stdalign.h>

#include "shared/base/cleanup.h"

enum { BLOCK = 256 * 1024 };

struct memory_block {
    struct memory_block *next;
    size_t size, used;
    alignas(max_align_t) unsigned char bytes[];
};

static struct memory_block *block_new(size_t size)
{
    struct memory_block *block = memory_grow(NULL, 1, sizeof(*block) + size);

    block->next = NULL;
    block->used = 0;
    block->size = size;
    return block;
}

/* The next block that has room; one that is too small is left behind. */
static struct memory_block *block_with_room(struct memory *memory, size_t size)
{
    struct memory_block *block = memory->now;

    while (block && block->size - block->used < size && block->next)
        block = block->next;
    if (block && block->size - block->used >= size)
        return block;
    if (!block)
        return memory->first = block_new(size > BLOCK ? size : BLOCK);
    return block->next = block_new(size > BLOCK ? size : BLOCK);
}

void *memory_take(struct memory *memory, size_t size)
{
    void *piece;

    size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    memory->now = block_with_room(memory, size);
    piece = memory->now->bytes + memory->now->used;
    memory->now->used += size;
    return piece;
}

void memory_restart(struct memory *memory)
{
    for (struct memory_block *block = memory->first; block; block = block->next)
        block->used = 0;
    memory->now = memory->first;
}

void memory_done(struct memory *memory)
{
    while (memory->first) {
        struct memory_block *block = memory->first;

        memory->first = block->next;
        free(block);
    }
    memory->now = NULL;
}
