/* SPDX-License-Identifier: Apache-2.0
 * The public keys of a JWKS file, read once at start. A key serves only if its type, curve, algorithm and use
 * all say so; symmetric keys never do. The file's text is never trusted further than the schema's bounds. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "schemas/messages.h"
#include "shared/base/error.h"
#include "shared/http/token_parts.h"

enum { FILE_MAX = 65536 };

static int read_file(const char *path, struct buf *ret_text)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return error_new(ERROR_SETTINGS, "token_jwks cannot be opened: %s", strerror(errno));
    buf_reserve(ret_text, FILE_MAX + 1);
    ret_text->size = fread(ret_text->data, 1, FILE_MAX + 1, file);
    bool failed = ferror(file) != 0;
    fclose(file);
    if (failed)
        return error_new(ERROR_SETTINGS, "token_jwks cannot be read");
    if (ret_text->size > FILE_MAX)
        return error_new(ERROR_SETTINGS, "token_jwks is larger than %d bytes", FILE_MAX);
    return 0;
}

/* alg and use may be absent; where they stand they must agree with what the key is for. */
static bool serves(const struct foreign_jwk *jwk, enum crypto_algorithm algorithm)
{
    bool ec = algorithm == CRYPTO_ES256;
    if (strcmp(jwk->kty, ec ? "EC" : "RSA") != 0)
        return false;
    if (jwk->has_alg && strcmp(jwk->alg, ec ? "ES256" : "RS256") != 0)
        return false;
    if (jwk->has_use && strcmp(jwk->use, "sig") != 0)
        return false;
    return ec ? jwk->has_crv && strcmp(jwk->crv, "P-256") == 0 && jwk->has_x && jwk->has_y
              : jwk->has_n && jwk->has_e;
}

static int add(struct token_keys *keys, const struct foreign_jwk *jwk, enum crypto_algorithm algorithm)
{
    const char *id = jwk->has_kid ? jwk->kid : "";
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->rows[i].id, id) == 0)
            return error_new(ERROR_SETTINGS, "token_jwks names two keys alike");
    struct crypto_key **key = &keys->rows[keys->count].key;
    int result = algorithm == CRYPTO_ES256 ? crypto_key_ec(span_of(jwk->x), span_of(jwk->y), key)
                                           : crypto_key_rsa(span_of(jwk->n), span_of(jwk->e), key);
    if (result == CRYPTO_MALFORMED)
        return error_new(ERROR_SETTINGS, "token_jwks has a malformed key");
    if (result != 0)
        return error_forward(result);
    memcpy(keys->rows[keys->count].id, id, strlen(id) + 1);
    keys->count++;
    return 0;
}

int token_keys_read(const char *path, enum crypto_algorithm algorithm, struct token_keys *ret_keys)
{
    CLEANUP(buf_done) struct buf text = {0};
    TRY(read_file(path, &text));
    CLEANUP(free_cleanup) struct foreign_jwks *set = memory_new(1, sizeof(*set));
    if (codec_decode(&foreign_jwks_schema, buf_as_span(&text), set, NULL) != 0)
        return error_new(ERROR_SETTINGS, "token_jwks is not a JSON Web Key Set of at most %d keys",
                         TOKEN_KEYS);
    _Static_assert(sizeof(set->keys) / sizeof(*set->keys) <= TOKEN_KEYS, "more keys than rows");
    _Static_assert(sizeof(set->keys->kid) <= TOKEN_KEY_ID, "longer ids than rows");
    for (size_t i = 0; i < set->keys_count; i++)
        if (serves(&set->keys[i], algorithm))
            TRY(add(ret_keys, &set->keys[i], algorithm));
    if (ret_keys->count == 0)
        return error_new(ERROR_SETTINGS, "token_jwks has no key for token_algorithm");
    return 0;
}

void token_keys_done(struct token_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        crypto_key_free(keys->rows[i].key);
    keys->count = 0;
}

const struct crypto_key *token_keys_find(const struct token_keys *keys, const char *id)
{
    if (!*id)
        return keys->count == 1 ? keys->rows[0].key : NULL;
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->rows[i].id, id) == 0)
            return keys->rows[i].key;
    return NULL;
}
