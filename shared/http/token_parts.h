/* SPDX-License-Identifier: Apache-2.0
 * What the files of the token check share: the key set of a JWKS file, and the cache of verified tokens. */
#ifndef COLIS_HTTP_TOKEN_PARTS_H
#define COLIS_HTTP_TOKEN_PARTS_H

#include "shared/base/crypto.h"
#include "shared/http/token.h"

enum { TOKEN_MAX = 8192, TOKEN_KEYS = 16, TOKEN_KEY_ID = 129 };

struct token_keys {
    size_t count;
    struct {
        char id[TOKEN_KEY_ID]; /* "" where the key has none */
        struct crypto_key *key;
    } rows[TOKEN_KEYS];
};

/* The public keys of the file that serve this algorithm; ERROR_SETTINGS where there is none, or a doubt. */
MUST_CHECK int token_keys_read(const char *path, enum crypto_algorithm algorithm,
                               struct token_keys *ret_keys);
void token_keys_done(struct token_keys *keys);
/* By id; without one only a set of one key has an answer. NULL where none. */
const struct crypto_key *token_keys_find(const struct token_keys *keys, const char *id);

struct token_cache;
struct token_cache *token_cache_new(void);
void token_cache_free(struct token_cache *cache);
/* A token that was verified before and is still good at now; else false. */
bool token_cache_find(struct token_cache *cache, struct span token, int64_t now,
                      struct token_claims *ret_claims);
/* until: when it stops being good. Long tokens are not kept. */
void token_cache_keep(struct token_cache *cache, struct span token, int64_t until,
                      const struct token_claims *claims);

#endif
