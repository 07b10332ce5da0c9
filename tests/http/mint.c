/* SPDX-License-Identifier: Apache-2.0
 * Tokens and keys made by OpenSSL. */
#include "tests/http/mint.h"

#include <check.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BEARER = 7, SIGNATURE = 1024 };

struct evp_pkey_st *mint_key_ec(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    ck_assert_ptr_nonnull(key);
    return key;
}

struct evp_pkey_st *mint_key_rsa(int bits)
{
    EVP_PKEY *key = EVP_RSA_gen((unsigned)bits);
    ck_assert_ptr_nonnull(key);
    return key;
}

void mint_key_free(struct evp_pkey_st *key)
{
    EVP_PKEY_free(key);
}

void mint_base64url(struct span bytes, struct buf *to)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned bits = 0, held = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        bits = bits << 8 | (uint8_t)bytes.data[i];
        for (held += 8; held >= 6; held -= 6)
            buf_byte(to, letters[bits >> (held - 6) & 63]);
    }
    if (held > 0)
        buf_byte(to, letters[bits << (6 - held) & 63]);
}

static void member(struct evp_pkey_st *key, const char *parameter, const char *name, struct buf *to)
{
    BIGNUM *number = NULL;
    char bytes[SIGNATURE];
    ck_assert_int_eq(EVP_PKEY_get_bn_param(key, parameter, &number), 1);
    int size = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC ? 32 : BN_num_bytes(number);
    ck_assert_int_eq(BN_bn2binpad(number, (unsigned char *)bytes, size), size);
    buf_format(to, ",\"%s\":\"", name);
    mint_base64url((struct span){bytes, (size_t)size}, to);
    buf_byte(to, '"');
    BN_free(number);
}

void mint_jwk(struct evp_pkey_st *key, const char *more, struct buf *to)
{
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
        buf_text(to, "{\"kty\":\"EC\",\"crv\":\"P-256\"");
        member(key, OSSL_PKEY_PARAM_EC_PUB_X, "x", to);
        member(key, OSSL_PKEY_PARAM_EC_PUB_Y, "y", to);
    } else {
        buf_text(to, "{\"kty\":\"RSA\"");
        member(key, OSSL_PKEY_PARAM_RSA_N, "n", to);
        member(key, OSSL_PKEY_PARAM_RSA_E, "e", to);
    }
    buf_text(to, more);
    buf_byte(to, '}');
}

void mint_unsigned(const char *header, const char *claims, struct buf *to)
{
    buf_clear(to);
    buf_text(to, "Bearer ");
    mint_base64url(span_of(header), to);
    buf_byte(to, '.');
    mint_base64url(span_of(claims), to);
    buf_byte(to, '.');
}

static struct span signed_part(const struct buf *token)
{
    return (struct span){token->data + BEARER, token->size - BEARER - 1};
}

void mint_hs256(struct buf *token, struct span secret)
{
    unsigned char tag[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    struct span part = signed_part(token);
    ck_assert_ptr_nonnull(HMAC(EVP_sha256(), secret.data, (int)secret.size, (const unsigned char *)part.data,
                               part.size, tag, &size));
    mint_base64url((struct span){(char *)tag, size}, token);
}

/* DER to r||s of 64 bytes, as JWS wants it. */
static size_t flatten(unsigned char *signature, size_t size)
{
    const unsigned char *at = signature;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)size);
    ck_assert_ptr_nonnull(pair);
    unsigned char flat[64];
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), flat, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), flat + 32, 32);
    memcpy(signature, flat, sizeof(flat));
    ECDSA_SIG_free(pair);
    return sizeof(flat);
}

void mint_signed(struct buf *token, struct evp_pkey_st *key)
{
    unsigned char signature[SIGNATURE];
    size_t size = sizeof(signature);
    struct span part = signed_part(token);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    ck_assert_int_eq(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), 1);
    ck_assert_int_eq(EVP_DigestSign(context, signature, &size, (const unsigned char *)part.data, part.size),
                     1);
    EVP_MD_CTX_free(context);
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC)
        size = flatten(signature, size);
    mint_base64url((struct span){(char *)signature, size}, token);
}

void mint_good(struct buf *to)
{
    mint_unsigned("{\"alg\":\"HS256\",\"typ\":\"JWT\"}", "{" MINT_USUAL "}", to);
    mint_hs256(to, span_of(MINT_SECRET));
}

void mint_file(const char *content, char ret_path[64])
{
    memcpy(ret_path, "jwks-XXXXXX", 12);
    int descriptor = mkstemp(ret_path);
    ck_assert_int_ge(descriptor, 0);
    ck_assert_int_eq(write(descriptor, content, strlen(content)), (ssize_t)strlen(content));
    close(descriptor);
}

void mint_file_remove(const char *path)
{
    ck_assert_int_eq(unlink(path), 0);
}

static const char *secret_given;

static char *environment(const char *name)
{
    return strcmp(name, "COLIS_TOKEN_SECRET") == 0 ? (char *)secret_given : NULL;
}

int mint_checker(const char *secret, const char *const *settings, struct token_checker **ret_checker)
{
    const struct setting *tables[] = {token_settings, NULL};
    char *arguments[16] = {(char *)"test", (char *)"--token-issuer=" MINT_ISSUER};
    int count = 2;
    for (; settings && settings[count - 2]; count++)
        arguments[count] = (char *)settings[count - 2];
    secret_given = secret;
    ck_assert_int_eq(settings_read(tables, count, arguments, environment), 0);
    return token_checker_new(ret_checker);
}

int mint_check(struct token_checker *checker, const struct buf *authorization, const char **ret_reason)
{
    struct token_claims claims;
    return token_check(checker, buf_as_span(authorization), MINT_NOW_MS, &claims, ret_reason);
}
