/* SPDX-License-Identifier: Apache-2.0
 * Identities: random where nobody asked before (v7), derived where a retry must meet the same one (v8).
 * A derived id hashes its parts as bytes; ids among them as their 36 characters, numbers as decimal digits.
 * What is hashed here is a promise to every stored id: it never changes. */
#include "shared/base/id.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/crypto.h"

enum { MOST_PARTS = 8 };

static bool dash_stands_at(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

/* What a hexadecimal digit is worth, plus one; 0 for what is none. Ids are read for every row of every batch.
 */
static const uint8_t worths[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

/* The digits from first up to end in lower case; false where one is none. */
static bool fold_digits(const char *from, size_t first, size_t end, char *to)
{
    static const char lower[] = "?0123456789abcdef";
    bool right = true;
    for (size_t at = first; at < end; at++) {
        uint8_t worth = worths[(unsigned char)from[at]];
        to[at] = lower[worth];
        right &= worth != 0;
    }
    return right;
}

int id_parse(struct span text, struct id *ret_id)
{
    static const uint8_t groups[][2] = {{0, 8}, {9, 13}, {14, 18}, {19, 23}, {24, 36}};
    struct id id;
    bool right = true;
    if (text.size != sizeof id.text - 1)
        return ID_MALFORMED;
    for (size_t group = 0; group < sizeof groups / sizeof groups[0]; group++) {
        size_t end = groups[group][1];
        right &= fold_digits(text.data, groups[group][0], end, id.text);
        right &= end == text.size || text.data[end] == '-';
        id.text[end] = end == text.size ? '\0' : '-';
    }
    if (!right)
        return ID_MALFORMED;
    *ret_id = id;
    return 0;
}

bool id_same(const struct id *a, const struct id *b)
{
    return strcmp(a->text, b->text) == 0;
}

bool id_none(const struct id *id)
{
    return id->text[0] == '\0';
}

void id_to_bytes(const struct id *id, uint8_t ret_bytes[16])
{
    static const uint8_t places[16] = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
    memset(ret_bytes, 0, 16);
    if (id_none(id))
        return;
    for (size_t byte = 0; byte < 16; byte++) {
        const unsigned char *digits = (const unsigned char *)id->text + places[byte];
        ret_bytes[byte] = (uint8_t)((worths[digits[0]] - 1) << 4 | (worths[digits[1]] - 1));
    }
}

void id_from_bytes(const uint8_t bytes[16], struct id *ret_id)
{
    static const char hex[] = "0123456789abcdef";
    char *to = ret_id->text;
    for (size_t byte = 0; byte < 16; byte++) {
        if (dash_stands_at((size_t)(to - ret_id->text)))
            *to++ = '-';
        *to++ = hex[bytes[byte] >> 4];
        *to++ = hex[bytes[byte] & 15];
    }
    *to = '\0';
}

static void stamp(uint8_t bytes[16], uint8_t version)
{
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | version << 4);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
}

static void put_big_endian(uint8_t *to, size_t size, uint64_t value)
{
    for (size_t at = size; at > 0; at--, value >>= 8)
        to[at - 1] = (uint8_t)value;
}

void id_v7(int64_t wall_ms, struct id *ret_id)
{
    uint8_t bytes[16];
    put_big_endian(bytes, 6, (uint64_t)wall_ms);
    crypto_random(bytes + 6, 10);
    stamp(bytes, 7);
    id_from_bytes(bytes, ret_id);
}

void id_v8(const struct span *parts, size_t count, struct id *ret_id)
{
    uint8_t sizes[MOST_PARTS][8];
    struct span pieces[2 * MOST_PARTS];
    if (count > MOST_PARTS)
        abort();
    for (size_t part = 0; part < count; part++) {
        put_big_endian(sizes[part], 8, parts[part].size);
        pieces[2 * part] = (struct span){(const char *)sizes[part], 8};
        pieces[2 * part + 1] = parts[part];
    }
    uint8_t digest[32];
    crypto_sha256_parts(pieces, 2 * count, digest);
    stamp(digest, 8);
    id_from_bytes(digest, ret_id);
}

#define DERIVE(ret_id, ...)                                                                                  \
    id_v8((const struct span[]){__VA_ARGS__},                                                                \
          sizeof((const struct span[]){__VA_ARGS__}) / sizeof(struct span), (ret_id))

struct digits {
    char text[24];
};

static struct digits digits_of(int64_t value)
{
    struct digits digits;
    snprintf(digits.text, sizeof digits.text, "%lld", (long long)value);
    return digits;
}

void id_of_command(struct span principal, struct span idempotency_key, struct id *ret_id)
{
    DERIVE(ret_id, SPAN("command"), principal, idempotency_key);
}

void id_of_aggregate(const struct id *command, const char *kind, struct id *ret_id)
{
    DERIVE(ret_id, SPAN("aggregate"), span_of(command->text), span_of(kind));
}

void id_of_fact(const struct id *command, unsigned index, struct id *ret_id)
{
    struct digits number = digits_of(index);
    DERIVE(ret_id, SPAN("fact"), span_of(command->text), span_of(number.text));
}

void id_of_timer(const char *aggregate, const char *name, int64_t epoch, unsigned firing, struct id *ret_id)
{
    struct digits armed = digits_of(epoch), fired = digits_of(firing);
    DERIVE(ret_id, SPAN("timer"), span_of(aggregate), span_of(name), span_of(armed.text),
           span_of(fired.text));
}

void id_of_fan_out(const struct id *fact, const char *booking, const char *command_type, struct id *ret_id)
{
    DERIVE(ret_id, SPAN("fan_out"), span_of(fact->text), span_of(booking), span_of(command_type));
}

void id_of_recipient(const struct id *booking, int64_t n, struct id *ret_id)
{
    struct digits number = digits_of(n);
    DERIVE(ret_id, SPAN("recipient"), span_of(booking->text), span_of(number.text));
}
