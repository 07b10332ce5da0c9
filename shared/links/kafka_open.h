/* SPDX-License-Identifier: Apache-2.0
 * The sends not yet reported, in the order sent: a ring by number, so that the oldest is known at once and a
 * report in any order costs the same. Used by kafka_out.c alone. */
#ifndef COLIS_LINKS_KAFKA_OPEN_H
#define COLIS_LINKS_KAFKA_OPEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kafka_open_slot {
    void *cookie;
    int64_t sent_ms;
    bool open;
};

struct kafka_open {
    struct kafka_open_slot *slots;
    size_t capacity;      /* a power of two, or 0 */
    uint64_t first, next; /* numbers; every slot before first is closed, first is open unless first == next */
    size_t count;         /* open ones */
};

uint64_t kafka_open_add(struct kafka_open *open, void *cookie, int64_t now_ms);
/* Takes number out; false where it is not open (any more). */
bool kafka_open_take(struct kafka_open *open, uint64_t number, void **ret_cookie);
bool kafka_open_take_oldest(struct kafka_open *open, void **ret_cookie); /* false where there is none */
int64_t kafka_open_oldest_ms(const struct kafka_open *open, int64_t now_ms);
void kafka_open_done(struct kafka_open *open);

#endif
