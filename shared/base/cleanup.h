/* SPDX-License-Identifier: Apache-2.0
 * Scope-bound ownership: CLEANUP(buf_done) struct buf b = {0}; frees at every return; take() hands over. */
#ifndef COLIS_BASE_CLEANUP_H
#define COLIS_BASE_CLEANUP_H

#include <stdlib.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

/* Hands the pointer over: the local is NULL afterwards, so its cleanup does nothing. */
#define take(pointer)                                                                                        \
    __extension__({                                                                                          \
        __typeof__(pointer) taken_ = (pointer);                                                              \
        (pointer) = NULL;                                                                                    \
        taken_;                                                                                              \
    })

/* Defines NAME_cleanup(TYPE **) for use with CLEANUP on a pointer, calling free_function when not NULL. */
#define DEFINE_CLEANUP(type, free_function)                                                                  \
    static inline __attribute__((unused)) void free_function##_cleanup(type **pointer)                       \
    {                                                                                                        \
        if (*pointer)                                                                                        \
            free_function(*pointer);                                                                         \
    }

static inline __attribute__((unused)) void free_cleanup(void *pointer)
{
    free(*(void **)pointer);
}

/* malloc and friends that abort where the heap is exhausted; zeroed. Cap every outside size before. */
void *memory_new(size_t count, size_t size);
void *memory_grow(void *pointer, size_t count, size_t size); /* new tail not zeroed */
char *memory_text(const char *text);
/* Free heap back to the system: the C library keeps most of what a load took, each thread's apart. Takes a
 * millisecond for tens of megabytes, and as long when they are taken again: for quiet hours. */
void memory_return(void);

#endif
