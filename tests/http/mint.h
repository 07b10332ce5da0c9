/* SPDX-License-Identifier: Apache-2.0
 * Makes tokens, good and bad, and the key sets they are checked with; by OpenSSL, not by our own code. */
#ifndef COLIS_TESTS_HTTP_MINT_H
#define COLIS_TESTS_HTTP_MINT_H

#include "shared/http/token.h"

#define MINT_SECRET  "super-secret-jwt-token-with-at-least-32-characters-long"
#define MINT_ISSUER  "http://127.0.0.1:8000/auth/v1"
#define MINT_SUBJECT "11111111-1111-4111-8111-111111111111"
enum { MINT_NOW_S = 1800000000 };
#define MINT_NOW_MS (INT64_C(1000) * MINT_NOW_S)

/* Claims with the members given put in front of the usual ones; NULL: the usual ones alone. */
#define MINT_USUAL                                                                                           \
    "\"iss\":\"" MINT_ISSUER "\",\"aud\":\"authenticated\",\"exp\":1800003600,\"iat\":1799999990,"           \
    "\"sub\":\"" MINT_SUBJECT                                                                                \
    "\",\"role\":\"authenticated\",\"session_id\":\"22222222-2222-4222-8222-222222222222\""

struct evp_pkey_st;
struct evp_pkey_st *mint_key_ec(void);
struct evp_pkey_st *mint_key_rsa(int bits);
void mint_key_free(struct evp_pkey_st *key);
/* {"kty":..., more} */
void mint_jwk(struct evp_pkey_st *key, const char *more, struct buf *to);

void mint_base64url(struct span bytes, struct buf *to);
/* "Bearer <header>.<claims>." */
void mint_unsigned(const char *header, const char *claims, struct buf *to);
/* Appends the signature over what stands after "Bearer ", without the last dot. */
void mint_hs256(struct buf *token, struct span secret);
void mint_signed(struct buf *token, struct evp_pkey_st *key); /* ES256 or RS256 by the key */
void mint_good(struct buf *to);                               /* HS256, usual claims */

/* A file in the test's own temporary folder; removed by mint_file_remove. */
void mint_file(const char *content, char ret_path[64]);
void mint_file_remove(const char *path);

/* A checker by these settings: "--token-algorithm=HS256"...; the secret goes by environment. */
MUST_CHECK int mint_checker(const char *secret, const char *const *settings,
                            struct token_checker **ret_checker);
MUST_CHECK int mint_check(struct token_checker *checker, const struct buf *authorization,
                          const char **ret_reason);

#endif
