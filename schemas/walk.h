/* SPDX-License-Identifier: Apache-2.0
 * What the files of this room share among themselves: how members are reached by their rows, and how a string
 * is held against its format. */
#ifndef COLIS_SCHEMAS_WALK_H
#define COLIS_SCHEMAS_WALK_H

#include "schemas/tables.h"

extern const size_t message_count; /* rows of message_rows, which stand sorted by type */

/* Why text (UTF-8, checked) is not of that format, as static text; NULL where it is. */
const char *format_refusal(enum field_format format, struct span text);
bool format_is_ascii(enum field_format format); /* one byte a character */
bool number_is_whole(struct span number);       /* digits only, perhaps a minus; not -0 */

/* Is the member there? Required ones always are. */
static inline bool field_present(const struct field *field, const void *message)
{
    return field->has_offset == UINT16_MAX || *((const bool *)message + field->has_offset);
}

static inline const void *field_value(const struct field *field, const void *message)
{
    return (const char *)message + field->offset;
}

static inline uint16_t field_items(const struct field *field, const void *message)
{
    return *(const uint16_t *)(const void *)((const char *)message + field->count_offset);
}

#endif
