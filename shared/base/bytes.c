/* SPDX-License-Identifier: Apache-2.0
 * The part of crypto.h that needs no libcrypto: random bytes, hexadecimal, base64url.
 * Small requests of random bytes are served from a pool a thread fills with one getrandom. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "shared/base/crypto.h"

enum { POOL = 4096, FROM_POOL_AT_MOST = 64 };

static _Thread_local struct {
    unsigned generation; /* the process the bytes were drawn in */
    size_t left;
    uint8_t bytes[POOL];
} pool;

static atomic_uint generation = 1;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static void forked(void)
{
    atomic_fetch_add(&generation, 1);
}

/* Without this a child would hand out the same bytes as its parent. */
static void fork_watch(void)
{
    if (pthread_atfork(NULL, NULL, forked) != 0)
        abort();
}

static void draw(uint8_t *to, size_t size)
{
    while (size > 0) {
        ssize_t more = getrandom(to, size, 0);
        if (more < 0 && errno != EINTR)
            abort();
        if (more > 0) {
            to += more;
            size -= (size_t)more;
        }
    }
}

static void pool_fill(void)
{
    if (pthread_once(&fork_once, fork_watch) != 0)
        abort();
    draw(pool.bytes, POOL);
    pool.left = POOL;
    pool.generation = atomic_load_explicit(&generation, memory_order_relaxed);
}

void crypto_random(void *ret_bytes, size_t size)
{
    if (size > FROM_POOL_AT_MOST) {
        draw(ret_bytes, size);
        return;
    }
    if (pool.left < size || pool.generation != atomic_load_explicit(&generation, memory_order_relaxed))
        pool_fill();
    pool.left -= size;
    memcpy(ret_bytes, pool.bytes + pool.left, size);
    explicit_bzero(pool.bytes + pool.left, size); /* what was handed out is nowhere else */
}

void crypto_hex(const uint8_t *bytes, size_t size, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t at = 0; at < size; at++) {
        ret_text[2 * at] = digits[bytes[at] >> 4];
        ret_text[2 * at + 1] = digits[bytes[at] & 15];
    }
    ret_text[2 * size] = '\0';
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

int crypto_unhex(struct span text, uint8_t *ret_bytes, size_t size)
{
    if (text.size != 2 * size)
        return CRYPTO_MALFORMED;
    for (size_t at = 0; at < text.size; at++) {
        if (hex_value(text.data[at]) < 0)
            return CRYPTO_MALFORMED;
    }
    for (size_t at = 0; at < size; at++)
        ret_bytes[at] = (uint8_t)(hex_value(text.data[2 * at]) << 4 | hex_value(text.data[2 * at + 1]));
    return 0;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The value of up to three bytes, as the 24 bits four characters stand for. */
static uint32_t group_of(const uint8_t *bytes, size_t size)
{
    uint32_t group = (uint32_t)bytes[0] << 16;
    if (size > 1)
        group |= (uint32_t)bytes[1] << 8;
    return size > 2 ? group | bytes[2] : group;
}

void crypto_base64url(const void *data, size_t size, struct buf *to)
{
    const uint8_t *bytes = data;
    buf_reserve(to, size / 3 * 4 + 4);
    for (size_t at = 0; at < size; at += 3) {
        size_t here = size - at < 3 ? size - at : 3;
        uint32_t group = group_of(bytes + at, here);
        char text[4] = {alphabet[group >> 18], alphabet[group >> 12 & 63], alphabet[group >> 6 & 63],
                        alphabet[group & 63]};
        buf_append(to, text, here + 1);
    }
}

static int base64url_value(char character)
{
    if (character >= 'A' && character <= 'Z')
        return character - 'A';
    if (character >= 'a' && character <= 'z')
        return character - 'a' + 26;
    if (character >= '0' && character <= '9')
        return character - '0' + 52;
    return character == '-' ? 62 : character == '_' ? 63 : -1;
}

/* Two to four characters into one to three bytes; false where a character or a trailing bit is wrong. */
static bool group_read(const char *text, size_t size, uint8_t *ret_bytes)
{
    uint32_t group = 0;
    for (size_t at = 0; at < 4; at++) {
        int value = at < size ? base64url_value(text[at]) : 0;
        if (value < 0)
            return false;
        group = group << 6 | (uint32_t)value;
    }
    for (size_t at = 0; at < size - 1; at++)
        ret_bytes[at] = (uint8_t)(group >> (16 - 8 * at));
    /* Left-over bits must be zero, or two texts would mean the same bytes. */
    return size == 4 || (group & ((1U << (8 * (4 - size))) - 1)) == 0;
}

int crypto_unbase64url(struct span text, uint8_t *ret_bytes, size_t capacity, size_t *ret_size)
{
    size_t rest = text.size % 4;
    size_t size = text.size / 4 * 3 + (rest > 0 ? rest - 1 : 0);
    if (rest == 1 || size > capacity)
        return CRYPTO_MALFORMED;
    for (size_t at = 0, to = 0; at < text.size; at += 4, to += 3) {
        size_t here = text.size - at < 4 ? text.size - at : 4;
        if (!group_read(text.data + at, here, ret_bytes + to))
            return CRYPTO_MALFORMED;
    }
    *ret_size = size;
    return 0;
}

int crypto_key_text(struct span text, uint8_t ret_key[CRYPTO_KEY])
{
    enum { CHARACTERS = 43 }; /* of base64 */
    char url[CHARACTERS];
    size_t size;
    if (text.size == 2 * CRYPTO_KEY)
        return crypto_unhex(text, ret_key, CRYPTO_KEY);
    if (text.size == CHARACTERS + 1 && text.data[CHARACTERS] == '=')
        text.size--;
    if (text.size != CHARACTERS)
        return CRYPTO_MALFORMED;
    for (size_t at = 0; at < CHARACTERS; at++) {
        char letter = text.data[at];
        url[at] = (char)(letter == '+' ? '-' : letter == '/' ? '_' : letter);
    }
    return crypto_unbase64url((struct span){url, CHARACTERS}, ret_key, CRYPTO_KEY, &size);
}
