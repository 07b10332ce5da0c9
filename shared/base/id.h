/* SPDX-License-Identifier: Apache-2.0
 * Identities on the bus: UUID text, lower case. Derived ones are UUIDv8 of SHA-256 over length-prefixed
 * parts (each: 8 bytes big endian length, bytes), the first part naming the derivation (design section 1). */
#ifndef COLIS_BASE_ID_H
#define COLIS_BASE_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/buf.h"

enum { ID_MALFORMED = 1 };

struct id {
    char text[37]; /* "" means none */
};

MUST_CHECK int id_parse(struct span text, struct id *ret_id); /* upper case is folded */
bool id_same(const struct id *a, const struct id *b);
bool id_none(const struct id *id);
void id_to_bytes(const struct id *id, uint8_t ret_bytes[16]);
void id_from_bytes(const uint8_t bytes[16], struct id *ret_id);

void id_v7(int64_t wall_ms, struct id *ret_id); /* random from a getrandom pool */
void id_v8(const struct span *parts, size_t count, struct id *ret_id);

void id_of_command(struct span principal, struct span idempotency_key, struct id *ret_id);
void id_of_aggregate(const struct id *command, const char *kind, struct id *ret_id);
void id_of_fact(const struct id *command, unsigned index, struct id *ret_id);
void id_of_timer(const char *aggregate, const char *name, int64_t epoch, unsigned firing, struct id *ret_id);
void id_of_fan_out(const struct id *fact, const char *booking, const char *command_type, struct id *ret_id);
/* Who a recipient's link speaks for: the booking's n-th recipient. Another recipient is another principal. */
void id_of_recipient(const struct id *booking, int64_t n, struct id *ret_id);

#endif
