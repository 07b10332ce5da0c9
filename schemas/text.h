/* SPDX-License-Identifier: Apache-2.0
 * The inside of a JSON string, for the files of this room only: UTF-8 and escapes, byte by byte. */
#ifndef COLIS_SCHEMAS_TEXT_H
#define COLIS_SCHEMAS_TEXT_H

#include "shared/base/buf.h"

/* Bytes of the character that begins at text (1 to 4), 0 where they are no UTF-8. */
size_t utf8_size(const unsigned char *text, size_t left);

/* The escape that begins at the backslash: its bytes (2, 6, or 12 for a surrogate pair), 0 where it is none;
 * ret_point is the character it stands for. */
size_t escape_size(const unsigned char *text, size_t left, uint32_t *ret_point);

/* How many characters a checked raw string stands for. */
size_t text_characters(struct span raw, bool escaped);

#endif
