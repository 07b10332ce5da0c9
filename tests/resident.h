/* SPDX-License-Identifier: Apache-2.0
 * How much memory this process holds, as the kernel counts it, in bytes. */
#ifndef COLIS_TESTS_RESIDENT_H
#define COLIS_TESTS_RESIDENT_H

#include <check.h>
#include <stdio.h>
#include <unistd.h>

static inline size_t resident(void)
{
    size_t size = 0, pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%zu %zu", &size, &pages), 2);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

#endif
