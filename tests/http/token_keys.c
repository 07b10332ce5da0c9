/* SPDX-License-Identifier: Apache-2.0
 * ES256 and RS256 by a JWKS file: which key serves, which file is refused at start, and the attacks that need
 * a key pair. */
#include <stdio.h>
#include <string.h>

#include "shared/base/cleanup.h"
#include "tests/http/cases.h"
#include "tests/http/mint.h"

enum key_kind { KIND_EC, KIND_RSA, KINDS };

static const char *const algorithms[KINDS] = {"ES256", "RS256"};

static struct evp_pkey_st *key_new(int kind)
{
    return kind == KIND_EC ? mint_key_ec() : mint_key_rsa(2048);
}

static int checker_of(const char *jwks, const char *algorithm, struct token_checker **ret_checker)
{
    char path[64], file[96], pinned[64];
    mint_file(jwks, path);
    snprintf(file, sizeof(file), "--token-jwks=%s", path);
    snprintf(pinned, sizeof(pinned), "--token-algorithm=%s", algorithm);
    const char *settings[] = {file, pinned, NULL};
    int result = mint_checker("", settings, ret_checker);
    mint_file_remove(path);
    return result;
}

/* A set of the one key, with these further members. */
static struct token_checker *checker_with(struct evp_pkey_st *key, int kind, const char *more)
{
    CLEANUP(buf_done) struct buf set = {0};
    struct token_checker *checker = NULL;
    buf_text(&set, "{\"keys\":[");
    mint_jwk(key, more, &set);
    buf_text(&set, "]}");
    ck_assert_int_eq(checker_of(set.data, algorithms[kind], &checker), 0);
    return checker;
}

static void token_of(struct evp_pkey_st *key, const char *algorithm, const char *more, struct buf *ret_token)
{
    char header[128];
    snprintf(header, sizeof(header), "{\"alg\":\"%s\"%s}", algorithm, more);
    mint_unsigned(header, "{" MINT_USUAL "}", ret_token);
    mint_signed(ret_token, key);
}

START_TEST(takes_a_token_signed_by_a_key_of_the_file)
{
    CLEANUP(buf_done) struct buf token = {0};
    struct evp_pkey_st *key = key_new(_i);
    CLEANUP(token_checker_free_cleanup)
    struct token_checker *checker = checker_with(key, _i, ",\"kid\":\"one\",\"use\":\"sig\"");
    const char *reason;
    token_of(key, algorithms[_i], ",\"kid\":\"one\"", &token);
    ck_assert_int_eq(mint_check(checker, &token, &reason), 0);
    ck_assert_int_eq(mint_check(checker, &token, &reason), 0);
    token_of(key, algorithms[_i], "", &token);
    ck_assert_msg(mint_check(checker, &token, &reason) == 0, "without kid and with one key: %s", reason);
    mint_key_free(key);
}
END_TEST

START_TEST(refuses_a_key_or_kid_that_is_not_of_the_file)
{
    CLEANUP(buf_done) struct buf token = {0};
    struct evp_pkey_st *key = key_new(_i), *other = key_new(_i);
    CLEANUP(token_checker_free_cleanup)
    struct token_checker *checker = checker_with(key, _i, ",\"kid\":\"one\"");
    const char *reason;
    token_of(other, algorithms[_i], ",\"kid\":\"one\"", &token);
    ck_assert_int_eq(mint_check(checker, &token, &reason), TOKEN_REFUSED);
    ck_assert_str_eq(reason, "signature is wrong");
    token_of(key, algorithms[_i], ",\"kid\":\"two\"", &token);
    ck_assert_int_eq(mint_check(checker, &token, &reason), TOKEN_REFUSED);
    ck_assert_str_eq(reason, "key is not known");
    mint_key_free(key);
    mint_key_free(other);
}
END_TEST

START_TEST(refuses_hs256_signed_with_the_public_key_as_secret)
{
    CLEANUP(buf_done) struct buf token = {0}, jwk = {0};
    struct evp_pkey_st *key = key_new(_i);
    CLEANUP(token_checker_free_cleanup) struct token_checker *checker = checker_with(key, _i, "");
    const char *reason;
    mint_jwk(key, "", &jwk);
    const struct span secrets[] = {buf_as_span(&jwk), SPAN("")};
    for (size_t i = 0; i < 2; i++) {
        mint_unsigned("{\"alg\":\"HS256\"}", "{" MINT_USUAL "}", &token);
        mint_hs256(&token, secrets[i]);
        ck_assert_int_eq(mint_check(checker, &token, &reason), TOKEN_REFUSED);
        ck_assert_str_eq(reason, "algorithm is not ours");
    }
    mint_key_free(key);
}
END_TEST

static void signed_by_bytes(const char *algorithm, struct span signature, struct buf *ret_token)
{
    char header[64];
    snprintf(header, sizeof(header), "{\"alg\":\"%s\"}", algorithm);
    mint_unsigned(header, "{" MINT_USUAL "}", ret_token);
    mint_base64url(signature, ret_token);
}

START_TEST(refuses_signatures_of_a_wrong_size_or_all_zero)
{
    static const size_t sizes[] = {1, 31, 32, 63, 64, 65, 70, 96, 128, 255, 256, 257, 384, 512};
    static const char zeros[512];
    CLEANUP(buf_done) struct buf token = {0};
    struct evp_pkey_st *key = key_new(_i);
    CLEANUP(token_checker_free_cleanup) struct token_checker *checker = checker_with(key, _i, "");
    const char *reason;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        signed_by_bytes(algorithms[_i], (struct span){zeros, sizes[i]}, &token);
        ck_assert_int_eq(mint_check(checker, &token, &reason), TOKEN_REFUSED);
        ck_assert_str_eq(reason, "signature is wrong");
    }
    mint_key_free(key);
}
END_TEST

START_TEST(refuses_a_good_signature_cut_short)
{
    CLEANUP(buf_done) struct buf token = {0};
    struct evp_pkey_st *key = key_new(_i);
    CLEANUP(token_checker_free_cleanup) struct token_checker *checker = checker_with(key, _i, "");
    const char *reason;
    token_of(key, algorithms[_i], "", &token);
    size_t start = (size_t)(strrchr(token.data, '.') - token.data) + 1;
    for (size_t size = token.size - 1; size > start; size--) {
        token.size = size;
        ck_assert_int_eq(mint_check(checker, &token, &reason), TOKEN_REFUSED);
    }
    mint_key_free(key);
}
END_TEST

START_TEST(chooses_among_several_keys_by_kid_only)
{
    CLEANUP(buf_done) struct buf set = {0}, token = {0};
    struct evp_pkey_st *one = key_new(_i), *two = key_new(_i);
    CLEANUP(token_checker_free_cleanup) struct token_checker *checker = NULL;
    const char *reason;
    buf_text(&set, "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"three\"},");
    mint_jwk(one, ",\"kid\":\"one\"", &set);
    buf_byte(&set, ',');
    mint_jwk(two, ",\"kid\":\"two\"", &set);
    buf_text(&set, "]}");
    ck_assert_int_eq(checker_of(set.data, algorithms[_i], &checker), 0);
    token_of(two, algorithms[_i], ",\"kid\":\"two\"", &token);
    ck_assert_int_eq(mint_check(checker, &token, &reason), 0);
    token_of(two, algorithms[_i], "", &token);
    ck_assert_int_eq(mint_check(checker, &token, &reason), TOKEN_REFUSED);
    token_of(two, algorithms[_i], ",\"kid\":\"three\"", &token);
    ck_assert_int_eq(mint_check(checker, &token, &reason), TOKEN_REFUSED);
    mint_key_free(one);
    mint_key_free(two);
}
END_TEST

START_TEST(will_not_start_with_a_file_that_has_no_usable_key)
{
    static const char *const files[] = {
        "",
        "[]",
        "{}",
        "{\"keys\":[]}",
        "{\"keys\":{}}",
        "{\"keys\":[{}]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\",\"alg\":\"HS256\"}]}",
        "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\"}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\"}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"\",\"y\":\"\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AAAA\",\"e\":\"AQAB\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"wAAA=\",\"e\":\"AQAB\"}]}",
    };
    struct token_checker *checker = NULL;
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        for (int kind = 0; kind < KINDS; kind++)
            ck_assert_msg(checker_of(files[i], algorithms[kind], &checker) == ERROR_SETTINGS, "%s", files[i]);
    const char *const absent[] = {"--token-algorithm=ES256", "--token-jwks=absent.json", NULL};
    ck_assert_int_eq(mint_checker("", absent, &checker), ERROR_SETTINGS);
    ck_assert_ptr_null(checker);
}
END_TEST

START_TEST(will_not_start_with_a_key_whose_members_disagree)
{
    static const char *const more[KINDS][3] = {
        {",\"alg\":\"RS256\"", ",\"alg\":\"HS256\"", ",\"use\":\"enc\""},
        {",\"alg\":\"ES256\"", ",\"alg\":\"HS256\"", ",\"use\":\"enc\""},
    };
    struct evp_pkey_st *key = key_new(_i);
    struct token_checker *checker = NULL;
    for (size_t i = 0; i < 3; i++) {
        CLEANUP(buf_done) struct buf set = {0};
        buf_text(&set, "{\"keys\":[");
        mint_jwk(key, more[_i][i], &set);
        buf_text(&set, "]}");
        ck_assert_int_eq(checker_of(set.data, algorithms[_i], &checker), ERROR_SETTINGS);
    }
    mint_key_free(key);
}
END_TEST

START_TEST(will_not_start_with_two_keys_alike_or_a_huge_file)
{
    CLEANUP(buf_done) struct buf set = {0};
    struct evp_pkey_st *key = mint_key_ec();
    struct token_checker *checker = NULL;
    buf_text(&set, "{\"keys\":[");
    mint_jwk(key, ",\"kid\":\"one\"", &set);
    buf_byte(&set, ',');
    mint_jwk(key, ",\"kid\":\"one\"", &set);
    buf_text(&set, "]}");
    ck_assert_int_eq(checker_of(set.data, "ES256", &checker), ERROR_SETTINGS);
    while (set.size < 70000)
        buf_text(&set, "                ");
    ck_assert_int_eq(checker_of(set.data, "ES256", &checker), ERROR_SETTINGS);
    mint_key_free(key);
}
END_TEST

TCase *token_key_cases(void)
{
    TCase *cases = tcase_create("token keys");
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, takes_a_token_signed_by_a_key_of_the_file, 0, KINDS);
    tcase_add_loop_test(cases, refuses_a_key_or_kid_that_is_not_of_the_file, 0, KINDS);
    tcase_add_loop_test(cases, refuses_hs256_signed_with_the_public_key_as_secret, 0, KINDS);
    tcase_add_loop_test(cases, refuses_signatures_of_a_wrong_size_or_all_zero, 0, KINDS);
    tcase_add_loop_test(cases, refuses_a_good_signature_cut_short, 0, KINDS);
    tcase_add_loop_test(cases, chooses_among_several_keys_by_kid_only, 0, KINDS);
    tcase_add_test(cases, will_not_start_with_a_file_that_has_no_usable_key);
    tcase_add_loop_test(cases, will_not_start_with_a_key_whose_members_disagree, 0, KINDS);
    tcase_add_test(cases, will_not_start_with_two_keys_alike_or_a_huge_file);
    return cases;
}
