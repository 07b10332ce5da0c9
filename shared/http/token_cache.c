/* SPDX-License-Identifier: Apache-2.0
 * Verified tokens in fixed slots. A slot is found by the end of the signature, which only the issuer can
 * choose, and compared whole in constant time: a hit is the very token that was verified. */
#include <string.h>

#include "shared/http/token_parts.h"

enum { SETS = 1024, SET = 4, KEPT_MAX = 1536, INDEX_BYTES = 8 };

struct slot {
    int64_t until; /* 0: empty */
    size_t size;
    struct token_claims claims;
    char token[KEPT_MAX];
};

struct token_cache {
    struct slot slots[SETS][SET];
};

struct token_cache *token_cache_new(void)
{
    return memory_new(1, sizeof(struct token_cache)); /* untouched pages cost nothing */
}

void token_cache_free(struct token_cache *cache)
{
    free(cache);
}

static struct slot *set_of(struct token_cache *cache, struct span token)
{
    uint64_t end;
    memcpy(&end, token.data + token.size - INDEX_BYTES - 1, INDEX_BYTES);
    end *= UINT64_C(0x9e3779b97f4a7c15);
    return cache->slots[(end >> 40) % SETS];
}

static bool keepable(struct span token)
{
    return token.size > INDEX_BYTES && token.size <= KEPT_MAX;
}

/* Constant time, as crypto_same, but a word at a time: a token is long and this is asked for every request.
 */
static bool same(const char *a, const char *b, size_t size)
{
    uint64_t differ = 0, x, y;
    size_t at = 0;
    for (; at + sizeof(x) <= size; at += sizeof(x)) {
        memcpy(&x, a + at, sizeof(x));
        memcpy(&y, b + at, sizeof(y));
        differ |= x ^ y;
    }
    for (; at < size; at++)
        differ |= (uint8_t)(a[at] ^ b[at]);
    return differ == 0;
}

bool token_cache_find(struct token_cache *cache, struct span token, int64_t now,
                      struct token_claims *ret_claims)
{
    if (!keepable(token))
        return false;
    struct slot *set = set_of(cache, token);
    for (int i = 0; i < SET; i++) {
        if (set[i].until <= now || set[i].size != token.size || !same(set[i].token, token.data, token.size))
            continue;
        *ret_claims = set[i].claims;
        return true;
    }
    return false;
}

/* The slot that ends first makes room. */
void token_cache_keep(struct token_cache *cache, struct span token, int64_t until,
                      const struct token_claims *claims)
{
    if (!keepable(token))
        return;
    struct slot *set = set_of(cache, token), *oldest = set;
    for (int i = 1; i < SET; i++)
        if (set[i].until < oldest->until)
            oldest = &set[i];
    oldest->until = until;
    oldest->size = token.size;
    oldest->claims = *claims;
    memcpy(oldest->token, token.data, token.size);
}
