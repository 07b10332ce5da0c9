/* SPDX-License-Identifier: Apache-2.0
 * Finds what has a name among the generated rows. Message types stand sorted; a type is aggregate.verb.vN,
 * without its version it is a family. */
#include "schemas/tables.h"

#include <string.h>

#include "schemas/walk.h"

/* The first row whose type is not before type. */
static size_t message_at(const char *type)
{
    size_t low = 0, high = message_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(message_rows[middle].type, type) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct message_row *message_of(const char *type)
{
    const struct message_row *row = &message_rows[message_at(type)];
    return row->type && strcmp(row->type, type) == 0 ? row : NULL;
}

bool message_family_known(const char *type)
{
    const char *dot = strrchr(type, '.');
    if (!dot || dot[1] != 'v')
        return false;
    size_t size = (size_t)(dot - type);
    for (const struct message_row *row = message_rows; row->type; row++)
        if (strncmp(row->family, type, size) == 0 && row->family[size] == '\0')
            return true;
    return false;
}

const struct schema *schema_of(const char *name)
{
    const struct schema *const *row = schema_rows;
    while (*row && strcmp((*row)->name, name) != 0)
        row++;
    return *row;
}

const struct topic_row *topic_row_of(const char *name)
{
    for (const struct topic_row *row = topic_rows; row->name; row++)
        if (strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

bool route_allows(const struct route_row *row, const char *role)
{
    size_t size = strlen(role);
    for (const char *at = row->role; size > 0 && (at = strstr(at, role)); at += size)
        if ((at == row->role || at[-1] == ' ') && (at[size] == ' ' || at[size] == '\0'))
            return true;
    return false;
}
