/* SPDX-License-Identifier: Apache-2.0
 * The one door to libcrypto: digests, keyed digests, signatures, random bytes, base64url. */
#ifndef COLIS_BASE_CRYPTO_H
#define COLIS_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/buf.h"
#include "shared/base/cleanup.h"

void crypto_random(void *ret_bytes, size_t size); /* aborts where the system has none */
void crypto_sha256(const void *data, size_t size, uint8_t ret_digest[32]);
void crypto_sha256_parts(const struct span *parts, size_t count, uint8_t ret_digest[32]); /* concatenated */
bool crypto_same(const void *a, const void *b, size_t size);                              /* constant time */
void crypto_hex(const uint8_t *bytes, size_t size, char *ret_text); /* 2*size+1 bytes, lower case */
enum { CRYPTO_MALFORMED = 1, CRYPTO_WRONG = 2 };
MUST_CHECK int crypto_unhex(struct span text, uint8_t *ret_bytes, size_t size); /* exactly size bytes */
void crypto_base64url(const void *data, size_t size, struct buf *to);           /* appended, no padding */
/* Strict: no padding, no white space, zero trailing bits; CRYPTO_MALFORMED also when capacity is too small.
 */
MUST_CHECK int crypto_unbase64url(struct span text, uint8_t *ret_bytes, size_t capacity, size_t *ret_size);

/* A keyed HMAC-SHA256 context, keyed once and re-initialised for each message. Not thread safe. */
struct crypto_mac;
MUST_CHECK int crypto_mac_new(struct span key, struct crypto_mac **ret_mac); /* never with an empty key */
void crypto_mac_free(struct crypto_mac *mac);
void crypto_mac_parts(struct crypto_mac *mac, const struct span *parts, size_t count,
                      uint8_t ret_tag[32]); /* bytes as they are, concatenated */
DEFINE_CLEANUP(struct crypto_mac, crypto_mac_free)

/* The same of a 32-byte key without a context: values in, values out, on any thread. Each part stands behind
 * its length (8 bytes, big endian), so parts that touch are told apart. At most CRYPTO_PARTS of them. */
enum { CRYPTO_KEY = 32, CRYPTO_PARTS = 8 };
void crypto_hmac_prefixed(const uint8_t key[CRYPTO_KEY], const struct span *parts, size_t count,
                          uint8_t ret_tag[32]);
/* A 32-byte secret as people write one: 64 hexadecimal digits, or base64 of either alphabet (43 characters,
 * or 44 with the = behind). CRYPTO_MALFORMED for anything else. */
MUST_CHECK int crypto_key_text(struct span text, uint8_t ret_key[CRYPTO_KEY]);

/* A public key for verifying JWS signatures, made once from JWK members (base64url texts). */
enum crypto_algorithm { CRYPTO_ES256 = 1, CRYPTO_RS256 = 2, CRYPTO_EDDSA = 3 };
struct crypto_key;
MUST_CHECK int crypto_key_ec(struct span x, struct span y,
                             struct crypto_key **ret_key); /* P-256; CRYPTO_MALFORMED */
MUST_CHECK int crypto_key_rsa(struct span n, struct span e,
                              struct crypto_key **ret_key); /* 2048..4096 bits; CRYPTO_MALFORMED */
MUST_CHECK int crypto_key_ed(struct span x, struct crypto_key **ret_key); /* Ed25519; CRYPTO_MALFORMED */
void crypto_key_free(struct crypto_key *key);
/* signature as in JWS: 64 bytes for ES256 (r||s) and EdDSA, modulus size for RS256. CRYPTO_WRONG when it is
 * not valid. */
MUST_CHECK int crypto_key_verify(const struct crypto_key *key, struct span data, struct span signature);
enum crypto_algorithm crypto_key_algorithm(const struct crypto_key *key);
DEFINE_CLEANUP(struct crypto_key, crypto_key_free)

/* An Ed25519 private key (RFC 8032), from its seed. */
enum { CRYPTO_ED_PUBLIC = 32, CRYPTO_ED_SIGNATURE = 64 };
struct crypto_signer;
MUST_CHECK int crypto_signer_new(const uint8_t seed[CRYPTO_KEY], struct crypto_signer **ret_signer);
void crypto_signer_free(struct crypto_signer *signer);
void crypto_signer_public(const struct crypto_signer *signer, uint8_t ret_public[CRYPTO_ED_PUBLIC]);
void crypto_signer_sign(const struct crypto_signer *signer, struct span data,
                        uint8_t ret_signature[CRYPTO_ED_SIGNATURE]);
DEFINE_CLEANUP(struct crypto_signer, crypto_signer_free)

#endif
