/* SPDX-License-Identifier: Apache-2.0
 * Handover codes: six digits that prove two people met. They are computed, never stored: HMAC-SHA256 under
 * the handover key of (booking, purpose, issue), so whoever holds the key (projector checks, query shows,
 * notifier sends) knows the same code, and a new issue is a new code. Tries are facts: the booking counts
 * them. */
#ifndef COLIS_DOMAIN_CODE_H
#define COLIS_DOMAIN_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "schemas/messages.h"

enum { CODE_DIGITS = 6, CODE_NONE = 1 };

/* Secret; never printed, never in a fact. */
struct code_key {
    uint8_t bytes[32];
};

/* The six digits and a NUL. purpose: enum code_purpose; issue counts from 1 within a booking's purpose. */
void code_make(const struct code_key *key, const struct id *booking, int32_t purpose, int64_t issue,
               char ret_six[CODE_DIGITS + 1]);

/* Is given (any text) the code of this booking, purpose and issue? In the same time wherever they differ.
 * False for issue 0, which is none, and for no purpose. */
bool code_right(const struct code_key *key, const struct id *booking, int32_t purpose, int64_t issue,
                const char *given);

/* The first of the tag's eight 32-bit words (big endian) that is below 4294000000, the last multiple of a
 * million under 2^32, modulo a million: every code is as likely as any other. CODE_NONE where none is below.
 */
MUST_CHECK int code_of_tag(const uint8_t tag[32], char ret_six[CODE_DIGITS + 1]);

#endif
