/* SPDX-License-Identifier: Apache-2.0
 * Which columns of a row of the states room differ from what it was: what an update has to write. */
#include "shared/links/postgres.h"

#include <string.h>

enum { LAST_BIT = 63 };

struct comparing {
    uint64_t changed;
    int number; /* of the column */
};

static bool has(const struct field *field, const char *message)
{
    return field->has_offset == UINT16_MAX || *(const bool *)(message + field->has_offset);
}

/* Two that are equal may be said to differ by what stands between their members: then they are written. */
static bool same_items(const struct field *field, const char *was, const char *is)
{
    uint16_t before, after;
    memcpy(&before, was + field->count_offset, sizeof(before));
    memcpy(&after, is + field->count_offset, sizeof(after));
    return before == after &&
           memcmp(was + field->offset, is + field->offset, (size_t)after * field->size) == 0;
}

static bool same(const struct field *field, const char *was, const char *is)
{
    if (field->kind == FIELD_ARRAY)
        return same_items(field, was, is);
    if (field->kind == FIELD_STRING || field->kind == FIELD_ID)
        return strcmp(was + field->offset, is + field->offset) == 0;
    return memcmp(was + field->offset, is + field->offset, field->size) == 0;
}

/* was or is NULL: that one is not there. */
static void compare(struct comparing *comparing, const struct schema *schema, const char *was, const char *is)
{
    for (int at = 0; at < schema->count; at++) {
        const struct field *field = &schema->fields[at];
        bool before = was && has(field, was), after = is && has(field, is);
        if (field->kind == FIELD_OBJECT) {
            compare(comparing, field->object, before ? was + field->offset : NULL,
                    after ? is + field->offset : NULL);
            continue;
        }
        if (before != after || (before && !same(field, was, is)))
            comparing->changed |= UINT64_C(1)
                                  << (comparing->number < LAST_BIT ? comparing->number : LAST_BIT);
        comparing->number++;
    }
}

uint64_t postgres_changed(const struct schema *state, const void *was, const void *is)
{
    struct comparing comparing = {0};
    compare(&comparing, state, was, is);
    return comparing.changed;
}
