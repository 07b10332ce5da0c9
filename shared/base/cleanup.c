/* SPDX-License-Identifier: Apache-2.0
 * The heap, without failure: what cannot be had aborts, since redelivery makes a restart safe.
 * Sizes that come from outside are capped by whoever read them, before they arrive here. */
#include "shared/base/cleanup.h"

#include <malloc.h>
#include <stdint.h>
#include <string.h>

static void *found(void *pointer)
{
    if (!pointer)
        abort();
    return pointer;
}

/* One byte for nothing: realloc to nothing would free, and the caller would free again. */
static size_t product(size_t count, size_t size)
{
    if (size > 0 && count > PTRDIFF_MAX / size)
        abort();
    return count * size > 0 ? count * size : 1;
}

void *memory_new(size_t count, size_t size)
{
    return found(calloc(1, product(count, size)));
}

void *memory_grow(void *pointer, size_t count, size_t size)
{
    return found(realloc(pointer, product(count, size)));
}

char *memory_text(const char *text)
{
    return found(strdup(text));
}

void memory_return(void)
{
    (void)malloc_trim(0);
}
