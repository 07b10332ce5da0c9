/* SPDX-License-Identifier: Apache-2.0
 * What the cases share: whole files, folders the build names, and seeded numbers (splitmix64). */
#include <stdio.h>
#include <stdlib.h>

#include "tests/schemas/cases.h"

void file_read(const char *path, struct buf *to)
{
    char block[4096];
    size_t size;
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file, "%s cannot be opened", path);
    while ((size = fread(block, 1, sizeof block, file)) > 0)
        buf_append(to, block, size);
    fclose(file);
}

const char *folder_of(const char *name, const char *fallback)
{
    const char *value = getenv(name);
    return value ? value : fallback;
}

struct seed seed_start(void)
{
    struct seed seed = {.state = strtoull(folder_of("COLIS_SEED", "1"), NULL, 10)};
    return seed;
}

uint32_t seed_next(struct seed *seed, uint32_t below)
{
    uint64_t mixed = seed->state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((mixed ^ (mixed >> 31)) >> 32) % below;
}
