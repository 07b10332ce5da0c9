/* SPDX-License-Identifier: Apache-2.0
 * The only file that includes libcrypto. Digest and HMAC contexts are made once and re-initialised, keys are
 * parsed once: a verification pays for the arithmetic alone. libcrypto's error queue is left empty.
 * What libcrypto can only refuse for want of memory aborts, as the heap does. */
#include "shared/base/crypto.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/error.h"

static void must(bool worked)
{
    if (!worked)
        abort();
}

void crypto_sha256(const void *data, size_t size, uint8_t ret_digest[32])
{
    crypto_sha256_parts(&(struct span){data, size}, 1, ret_digest);
}

/* One digest context a thread, freed with it. */
static pthread_once_t digest_once = PTHREAD_ONCE_INIT;
static pthread_key_t digest_key;
static EVP_MD *sha256;

static void digest_free(void *context)
{
    EVP_MD_CTX_free(context);
}

static void digest_start(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    must(sha256 && pthread_key_create(&digest_key, digest_free) == 0);
}

static EVP_MD_CTX *digest_context(void)
{
    must(pthread_once(&digest_once, digest_start) == 0);
    EVP_MD_CTX *context = pthread_getspecific(digest_key);
    if (context)
        return context;
    context = EVP_MD_CTX_new();
    must(context && pthread_setspecific(digest_key, context) == 0);
    return context;
}

void crypto_sha256_parts(const struct span *parts, size_t count, uint8_t ret_digest[32])
{
    EVP_MD_CTX *context = digest_context();
    must(EVP_DigestInit_ex2(context, sha256, NULL) == 1);
    for (size_t part = 0; part < count; part++)
        must(EVP_DigestUpdate(context, parts[part].data, parts[part].size) == 1);
    must(EVP_DigestFinal_ex(context, ret_digest, NULL) == 1);
}

bool crypto_same(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}

struct crypto_mac {
    EVP_MAC_CTX *context;
};

int crypto_mac_new(struct span key, struct crypto_mac **ret_mac)
{
    if (key.size == 0)
        return error_new(ERROR_SETTINGS, "an HMAC key must not be empty");
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    CLEANUP(crypto_mac_free_cleanup) struct crypto_mac *mac = memory_new(1, sizeof *mac);
    mac->context = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    EVP_MAC_free(hmac);
    OSSL_PARAM with_sha256[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
        OSSL_PARAM_construct_end()};
    if (!mac->context ||
        EVP_MAC_init(mac->context, (const unsigned char *)key.data, key.size, with_sha256) != 1) {
        ERR_clear_error();
        return error_new(ERROR_SYSTEM, "libcrypto has no HMAC-SHA256");
    }
    *ret_mac = take(mac);
    return 0;
}

void crypto_mac_free(struct crypto_mac *mac)
{
    if (!mac)
        return;
    EVP_MAC_CTX_free(mac->context);
    free(mac);
}

void crypto_mac_parts(struct crypto_mac *mac, const struct span *parts, size_t count, uint8_t ret_tag[32])
{
    size_t size = 0;
    must(EVP_MAC_init(mac->context, NULL, 0, NULL) == 1); /* the key stays */
    for (size_t part = 0; part < count; part++)
        must(EVP_MAC_update(mac->context, (const unsigned char *)parts[part].data, parts[part].size) == 1);
    must(EVP_MAC_final(mac->context, ret_tag, &size, 32) == 1 && size == 32);
}

/* RFC 2104 over the digest itself: a context would be memory, and domain rules own none. */
void crypto_hmac_prefixed(const uint8_t key[CRYPTO_KEY], const struct span *parts, size_t count,
                          uint8_t ret_tag[32])
{
    enum { BLOCK = 64, INSIDE = 0x36, OUTSIDE = 0x5c };
    uint8_t pad[BLOCK], sizes[CRYPTO_PARTS][8], inner[32];
    struct span pieces[1 + 2 * CRYPTO_PARTS] = {{(const char *)pad, BLOCK}};
    must(count <= CRYPTO_PARTS);
    for (size_t at = 0; at < BLOCK; at++)
        pad[at] = (uint8_t)((at < CRYPTO_KEY ? key[at] : 0) ^ INSIDE);
    for (size_t part = 0; part < count; part++) {
        for (size_t byte = 0; byte < 8; byte++)
            sizes[part][byte] = (uint8_t)((uint64_t)parts[part].size >> (56 - 8 * byte));
        pieces[1 + 2 * part] = (struct span){(const char *)sizes[part], 8};
        pieces[2 + 2 * part] = parts[part];
    }
    crypto_sha256_parts(pieces, 1 + 2 * count, inner);
    for (size_t at = 0; at < BLOCK; at++)
        pad[at] ^= INSIDE ^ OUTSIDE;
    const struct span outer[] = {{(const char *)pad, BLOCK}, {(const char *)inner, sizeof inner}};
    crypto_sha256_parts(outer, 2, ret_tag);
    OPENSSL_cleanse(pad, sizeof pad);
}

enum { EC_SIZE = 32, EC_SIGNATURE = 64, RSA_LEAST = 256, RSA_MOST = 512 };

struct crypto_key {
    enum crypto_algorithm algorithm;
    EVP_PKEY *pkey;
};

/* Takes over the builder's parameters; CRYPTO_MALFORMED where they make no public key. */
static int key_from(const char *type, enum crypto_algorithm algorithm, OSSL_PARAM *parameters,
                    struct crypto_key **ret_key)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *pkey = NULL;
    must(context && EVP_PKEY_fromdata_init(context) == 1);
    int made = EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, parameters);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    if (made != 1) {
        ERR_clear_error();
        EVP_PKEY_free(pkey);
        return CRYPTO_MALFORMED;
    }
    struct crypto_key *key = memory_new(1, sizeof *key);
    *key = (struct crypto_key){.algorithm = algorithm, .pkey = pkey};
    *ret_key = key;
    return 0;
}

int crypto_key_ec(struct span x, struct span y, struct crypto_key **ret_key)
{
    uint8_t point[1 + 2 * EC_SIZE] = {POINT_CONVERSION_UNCOMPRESSED};
    size_t x_size, y_size;
    if (crypto_unbase64url(x, point + 1, EC_SIZE, &x_size) != 0 || x_size != EC_SIZE)
        return CRYPTO_MALFORMED;
    if (crypto_unbase64url(y, point + 1 + EC_SIZE, EC_SIZE, &y_size) != 0 || y_size != EC_SIZE)
        return CRYPTO_MALFORMED;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    must(builder &&
         OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
         OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) == 1);
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    OSSL_PARAM_BLD_free(builder);
    return key_from("EC", CRYPTO_ES256, parameters, ret_key);
}

int crypto_key_ed(struct span x, struct crypto_key **ret_key)
{
    uint8_t bytes[CRYPTO_ED_PUBLIC];
    size_t size;
    if (crypto_unbase64url(x, bytes, sizeof bytes, &size) != 0 || size != sizeof bytes)
        return CRYPTO_MALFORMED;
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, bytes, sizeof bytes);
    must(pkey); /* any 32 bytes are taken: what is no point verifies nothing */
    struct crypto_key *key = memory_new(1, sizeof *key);
    *key = (struct crypto_key){.algorithm = CRYPTO_EDDSA, .pkey = pkey};
    *ret_key = key;
    return 0;
}

static int number_read(struct span text, size_t most, BIGNUM **ret_number)
{
    uint8_t bytes[RSA_MOST];
    size_t size;
    if (crypto_unbase64url(text, bytes, most, &size) != 0 || size == 0 || bytes[0] == 0)
        return CRYPTO_MALFORMED;
    *ret_number = BN_bin2bn(bytes, (int)size, NULL);
    must(*ret_number);
    return 0;
}

/* An even modulus or exponent, or the exponent one, would make every signature good or none. */
static bool rsa_sound(const BIGNUM *n, const BIGNUM *e)
{
    return BN_num_bits(n) >= RSA_LEAST * 8 && BN_is_odd(n) && BN_is_odd(e) && !BN_is_one(e);
}

DEFINE_CLEANUP(BIGNUM, BN_free)

int crypto_key_rsa(struct span n, struct span e, struct crypto_key **ret_key)
{
    CLEANUP(BN_free_cleanup) BIGNUM *modulus = NULL;
    CLEANUP(BN_free_cleanup) BIGNUM *exponent = NULL;
    if (number_read(n, RSA_MOST, &modulus) != 0 || number_read(e, 8, &exponent) != 0)
        return CRYPTO_MALFORMED;
    if (!rsa_sound(modulus, exponent))
        return CRYPTO_MALFORMED;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    must(builder && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
         OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) == 1);
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    OSSL_PARAM_BLD_free(builder);
    return key_from("RSA", CRYPTO_RS256, parameters, ret_key);
}

void crypto_key_free(struct crypto_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    free(key);
}

enum crypto_algorithm crypto_key_algorithm(const struct crypto_key *key)
{
    return key->algorithm;
}

/* JWS writes r and s side by side, libcrypto reads them as DER. */
static size_t der_of(const uint8_t *signature, uint8_t ret_der[EC_SIGNATURE + 8])
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, EC_SIZE, NULL);
    BIGNUM *s = BN_bin2bn(signature + EC_SIZE, EC_SIZE, NULL);
    must(pair && r && s && ECDSA_SIG_set0(pair, r, s) == 1);
    int size = i2d_ECDSA_SIG(pair, &ret_der);
    ECDSA_SIG_free(pair);
    must(size > 0);
    return (size_t)size;
}

/* Ed25519 hashes by itself. */
static bool verified(const struct crypto_key *key, struct span data, const uint8_t *signature, size_t size)
{
    const char *digest = key->algorithm == CRYPTO_EDDSA ? NULL : "SHA256";
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context && EVP_DigestVerifyInit_ex(context, NULL, digest, NULL, NULL, key->pkey, NULL) == 1);
    int result = EVP_DigestVerify(context, signature, size, (const unsigned char *)data.data, data.size);
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return result == 1;
}

int crypto_key_verify(const struct crypto_key *key, struct span data, struct span signature)
{
    const uint8_t *bytes = (const uint8_t *)signature.data;
    if (key->algorithm == CRYPTO_RS256) {
        bool whole = signature.size == (size_t)EVP_PKEY_get_size(key->pkey);
        return whole && verified(key, data, bytes, signature.size) ? 0 : CRYPTO_WRONG;
    }
    _Static_assert((int)EC_SIGNATURE == (int)CRYPTO_ED_SIGNATURE,
                   "both kinds of curve sign with as many bytes");
    if (signature.size != EC_SIGNATURE)
        return CRYPTO_WRONG;
    if (key->algorithm == CRYPTO_EDDSA)
        return verified(key, data, bytes, EC_SIGNATURE) ? 0 : CRYPTO_WRONG;
    uint8_t der[EC_SIGNATURE + 8]; /* two headers, a sign byte each, one header around */
    return verified(key, data, der, der_of(bytes, der)) ? 0 : CRYPTO_WRONG;
}

struct crypto_signer {
    EVP_PKEY *pkey;
};

int crypto_signer_new(const uint8_t seed[CRYPTO_KEY], struct crypto_signer **ret_signer)
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, seed, CRYPTO_KEY);
    if (!pkey) {
        ERR_clear_error();
        return error_new(ERROR_SYSTEM, "libcrypto has no Ed25519");
    }
    struct crypto_signer *signer = memory_new(1, sizeof *signer);
    signer->pkey = pkey;
    *ret_signer = signer;
    return 0;
}

void crypto_signer_free(struct crypto_signer *signer)
{
    if (!signer)
        return;
    EVP_PKEY_free(signer->pkey);
    free(signer);
}

void crypto_signer_public(const struct crypto_signer *signer, uint8_t ret_public[CRYPTO_ED_PUBLIC])
{
    size_t size = CRYPTO_ED_PUBLIC;
    must(EVP_PKEY_get_raw_public_key(signer->pkey, ret_public, &size) == 1 && size == CRYPTO_ED_PUBLIC);
}

void crypto_signer_sign(const struct crypto_signer *signer, struct span data,
                        uint8_t ret_signature[CRYPTO_ED_SIGNATURE])
{
    size_t size = CRYPTO_ED_SIGNATURE;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context && EVP_DigestSignInit_ex(context, NULL, NULL, NULL, NULL, signer->pkey, NULL) == 1);
    must(EVP_DigestSign(context, ret_signature, &size, (const unsigned char *)data.data, data.size) == 1);
    must(size == CRYPTO_ED_SIGNATURE);
    EVP_MD_CTX_free(context);
}
