/* SPDX-License-Identifier: Apache-2.0
 * HS256 tokens: what is taken, and the attack list row by row (notes of the bus, section H). */
#include <jwt.h>
#include <string.h>

#include "shared/base/cleanup.h"
#include "tests/http/cases.h"
#include "tests/http/mint.h"

#define ALG   "\"alg\":\"HS256\""
#define ISS   "\"iss\":\"" MINT_ISSUER "\""
#define AUD   "\"aud\":\"authenticated\""
#define SUB   "\"sub\":\"" MINT_SUBJECT "\""
#define EXP   "\"exp\":1800003600"
#define THREE ISS "," AUD "," SUB

static const struct {
    const char *attack, *header, *claims, *reason;
} rows[] = {
    {"alg none", "{\"alg\":\"none\"}", "{" MINT_USUAL "}", "algorithm is not ours"},
    {"alg None", "{\"alg\":\"None\"}", "{" MINT_USUAL "}", "algorithm is not ours"},
    {"alg nOnE", "{\"alg\":\"nOnE\"}", "{" MINT_USUAL "}", "algorithm is not ours"},
    {"alg empty", "{\"alg\":\"\"}", "{" MINT_USUAL "}", NULL},
    {"alg hs256", "{\"alg\":\"hs256\"}", "{" MINT_USUAL "}", "algorithm is not ours"},
    {"alg HS512", "{\"alg\":\"HS512\"}", "{" MINT_USUAL "}", "algorithm is not ours"},
    {"alg RS256", "{\"alg\":\"RS256\"}", "{" MINT_USUAL "}", "algorithm is not ours"},
    {"alg missing", "{\"typ\":\"JWT\"}", "{" MINT_USUAL "}", "header is not valid"},
    {"alg null", "{\"alg\":null}", "{" MINT_USUAL "}", "header is not valid"},
    {"alg an integer", "{\"alg\":256}", "{" MINT_USUAL "}", "header is not valid"},
    {"alg an array", "{\"alg\":[\"HS256\"]}", "{" MINT_USUAL "}", "header is not valid"},
    {"alg twice", "{\"alg\":\"none\"," ALG "}", "{" MINT_USUAL "}", "header is not valid"},
    {"alg twice, escaped", "{" ALG ",\"\\u0061lg\":\"none\"}", "{" MINT_USUAL "}", "header is not valid"},
    {"alg with NUL", "{\"alg\":\"HS256\\u0000\"}", "{" MINT_USUAL "}", "header is not valid"},
    {"header an array", "[]", "{" MINT_USUAL "}", "header is not valid"},
    {"header no JSON", "alg=HS256", "{" MINT_USUAL "}", "header is not valid"},
    {"header cut", "{" ALG, "{" MINT_USUAL "}", "header is not valid"},
    {"header and more", "{" ALG "}{}", "{" MINT_USUAL "}", "header is not valid"},
    {"jwk embedded", "{" ALG ",\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"}}", "{" MINT_USUAL "}",
     "header brings keys or rules"},
    {"jku", "{" ALG ",\"jku\":\"https://a.example/keys\"}", "{" MINT_USUAL "}",
     "header brings keys or rules"},
    {"x5u", "{" ALG ",\"x5u\":\"https://a.example/cert\"}", "{" MINT_USUAL "}",
     "header brings keys or rules"},
    {"x5c", "{" ALG ",\"x5c\":[\"AA==\"]}", "{" MINT_USUAL "}", "header brings keys or rules"},
    {"crit", "{" ALG ",\"crit\":[\"exp\"],\"exp\":1}", "{" MINT_USUAL "}", "header brings keys or rules"},
    {"crit, escaped", "{" ALG ",\"cr\\u0069t\":[\"exp\"]}", "{" MINT_USUAL "}",
     "header brings keys or rules"},
    {"b64 false", "{" ALG ",\"b64\":false}", "{" MINT_USUAL "}", "header brings keys or rules"},
    {"zip", "{" ALG ",\"zip\":\"DEF\"}", "{" MINT_USUAL "}", "header brings keys or rules"},
    {"nested JWE", "{" ALG ",\"enc\":\"A256GCM\"}", "{" MINT_USUAL "}", "header brings keys or rules"},
    {"kid with a NUL", "{" ALG ",\"kid\":\"a\\u0000b\"}", "{" MINT_USUAL "}", "header is not valid"},
    {"typ of an id token", "{" ALG ",\"typ\":\"id+jwt\"}", "{" MINT_USUAL "}", "type is not an access token"},
    {"typ of a proof", "{" ALG ",\"typ\":\"dpop+jwt\"}", "{" MINT_USUAL "}", "type is not an access token"},
    {"claims no JSON", "{" ALG "}", "exp", "claims are not valid"},
    {"claims an array", "{" ALG "}", "[" SUB "]", "claims are not valid"},
    {"claims with bad UTF-8", "{" ALG "}", "{" MINT_USUAL ",\"x\":\"\xff\"}", "claims are not valid"},
    {"sub twice", "{" ALG "}", "{" SUB "," MINT_USUAL "}", "claims are not valid"},
    {"expired", "{" ALG "}", "{" THREE ",\"exp\":1799999970}", "expired"},
    {"exp missing", "{" ALG "}", "{" THREE "}", "claims are not valid"},
    {"exp null", "{" ALG "}", "{" THREE ",\"exp\":null}", "claims are not valid"},
    {"exp a fraction", "{" ALG "}", "{" THREE ",\"exp\":1800003600.5}", "claims are not valid"},
    {"exp with an exponent", "{" ALG "}", "{" THREE ",\"exp\":18e8}", "claims are not valid"},
    {"exp a string", "{" ALG "}", "{" THREE ",\"exp\":\"1800003600\"}", "claims are not valid"},
    {"exp over 64 bits", "{" ALG "}", "{" THREE ",\"exp\":99999999999999999999}", "claims are not valid"},
    {"exp that overflows milliseconds", "{" ALG "}", "{" THREE ",\"exp\":9223372036854775807}",
     "claims are not valid"},
    {"exp negative", "{" ALG "}", "{" THREE ",\"exp\":-1}", "claims are not valid"},
    {"nbf in the future", "{" ALG "}", "{" MINT_USUAL ",\"nbf\":1800000031}", "not valid yet"},
    {"iat in the future", "{" ALG "}", "{" THREE "," EXP ",\"iat\":1800000031}", "issued in the future"},
    {"aud missing", "{" ALG "}", "{" ISS "," SUB "," EXP "}", "claims are not valid"},
    {"aud of another", "{" ALG "}", "{" ISS "," SUB "," EXP ",\"aud\":\"other\"}", "audience is wrong"},
    {"aud an array", "{" ALG "}", "{" ISS "," SUB "," EXP ",\"aud\":[\"authenticated\"]}",
     "claims are not valid"},
    {"iss missing", "{" ALG "}", "{" AUD "," SUB "," EXP "}", "claims are not valid"},
    {"iss of another", "{" ALG "}", "{" AUD "," SUB "," EXP ",\"iss\":\"http://127.0.0.1:8000/auth/v1/\"}",
     "issuer is wrong"},
    {"sub missing", "{" ALG "}", "{" ISS "," AUD "," EXP "}", "claims are not valid"},
    {"sub no UUID", "{" ALG "}", "{" ISS "," AUD "," EXP ",\"sub\":\"admin\"}", "claims are not valid"},
    {"an API key", "{" ALG "}", "{" THREE "," EXP ",\"role\":\"service_role\"}", "role is not authenticated"},
    {"the anonymous API key", "{" ALG "}", "{" THREE "," EXP ",\"role\":\"anon\"}",
     "role is not authenticated"},
    {"an anonymous user", "{" ALG "}", "{" THREE "," EXP ",\"is_anonymous\":true}", "anonymous"},
};

static struct token_checker *checker_new(void)
{
    struct token_checker *checker = NULL;
    ck_assert_int_eq(mint_checker(MINT_SECRET, NULL, &checker), 0);
    return checker;
}

static void refused(const struct buf *token, const char *reason)
{
    CLEANUP(token_checker_free_cleanup) struct token_checker *checker = checker_new();
    const char *said = NULL;
    ck_assert_int_eq(mint_check(checker, token, &said), TOKEN_REFUSED);
    ck_assert_ptr_nonnull(said);
    if (reason)
        ck_assert_str_eq(said, reason);
}

START_TEST(refuses_each_attack_of_the_list_though_it_is_signed)
{
    CLEANUP(buf_done) struct buf token = {0};
    mint_unsigned(rows[_i].header, rows[_i].claims, &token);
    mint_hs256(&token, span_of(MINT_SECRET));
    refused(&token, rows[_i].reason);
}
END_TEST

START_TEST(takes_a_good_token_and_says_who_it_is)
{
    CLEANUP(buf_done) struct buf token = {0};
    CLEANUP(token_checker_free_cleanup) struct token_checker *checker = checker_new();
    struct token_claims claims;
    const char *reason;
    mint_good(&token);
    for (int i = 0; i < 3; i++) { /* the second and third from the cache */
        memset(&claims, 0xff, sizeof(claims));
        ck_assert_int_eq(token_check(checker, buf_as_span(&token), MINT_NOW_MS, &claims, &reason), 0);
        ck_assert_str_eq(claims.subject.text, MINT_SUBJECT);
        ck_assert_str_eq(claims.session.text, "22222222-2222-4222-8222-222222222222");
        ck_assert_str_eq(claims.role, "person");
        ck_assert_int_eq(claims.expires_ms, INT64_C(1800003600000));
    }
}
END_TEST

START_TEST(takes_staff_and_lead_only_from_what_the_server_writes)
{
    static const struct {
        const char *claims, *role;
    } cases[] = {
        {"{" MINT_USUAL ",\"app_metadata\":{\"colis_role\":\"staff\",\"provider\":\"email\"}}", "staff"},
        {"{" MINT_USUAL ",\"app_metadata\":{\"colis_role\":\"lead\"}}", "lead"},
        {"{" MINT_USUAL ",\"app_metadata\":{\"colis_role\":\"system\"}}", "person"},
        {"{" MINT_USUAL ",\"app_metadata\":{\"colis_role\":null}}", "person"},
        {"{" MINT_USUAL ",\"user_metadata\":{\"colis_role\":\"lead\"},\"colis_role\":\"lead\"}", "person"},
    };
    CLEANUP(token_checker_free_cleanup) struct token_checker *checker = checker_new();
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        CLEANUP(buf_done) struct buf token = {0};
        struct token_claims claims;
        const char *reason;
        mint_unsigned("{" ALG "}", cases[i].claims, &token);
        mint_hs256(&token, span_of(MINT_SECRET));
        ck_assert_int_eq(token_check(checker, buf_as_span(&token), MINT_NOW_MS, &claims, &reason), 0);
        ck_assert_str_eq(claims.role, cases[i].role);
    }
}
END_TEST

START_TEST(refuses_a_token_of_the_cache_once_it_expired)
{
    CLEANUP(buf_done) struct buf token = {0};
    CLEANUP(token_checker_free_cleanup) struct token_checker *checker = checker_new();
    struct token_claims claims;
    const char *reason;
    mint_good(&token);
    int64_t end = INT64_C(1800003630000);
    ck_assert_int_eq(token_check(checker, buf_as_span(&token), MINT_NOW_MS, &claims, &reason), 0);
    ck_assert_int_eq(token_check(checker, buf_as_span(&token), end - 1, &claims, &reason), 0);
    ck_assert_int_eq(token_check(checker, buf_as_span(&token), end, &claims, &reason), TOKEN_REFUSED);
    ck_assert_str_eq(reason, "expired");
}
END_TEST

/* Each byte of a token that stands in the cache, turned into another. */
START_TEST(refuses_a_cached_token_with_any_byte_changed)
{
    CLEANUP(buf_done) struct buf token = {0};
    CLEANUP(token_checker_free_cleanup) struct token_checker *checker = checker_new();
    const char *reason;
    mint_good(&token);
    ck_assert_int_eq(mint_check(checker, &token, &reason), 0);
    for (size_t i = 7; i < token.size; i++) {
        char kept = token.data[i];
        token.data[i] = kept == 'A' ? 'B' : 'A';
        ck_assert_msg(mint_check(checker, &token, &reason) == TOKEN_REFUSED, "byte %zu", i);
        token.data[i] = kept;
    }
    ck_assert_int_eq(mint_check(checker, &token, &reason), 0);
}
END_TEST

START_TEST(refuses_what_is_no_bearer_token)
{
    static const char *const values[] = {"",
                                         "Bearer",
                                         "Bearer ",
                                         "Basic YTpi",
                                         "bearer",
                                         "Bearer a.b.c.d.e",
                                         "Bearer ..",
                                         "Bearer a..c",
                                         "Bearer .b.c",
                                         "Bearer a.b.",
                                         "Bearer a.b",
                                         "Bearer  a.b.c",
                                         "Bearer a b.c.d",
                                         "Token a.b.c"};
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        CLEANUP(buf_done) struct buf token = {0};
        buf_text(&token, values[i]);
        refused(&token, NULL);
    }
}
END_TEST

START_TEST(takes_the_scheme_in_any_case)
{
    CLEANUP(buf_done) struct buf token = {0};
    CLEANUP(token_checker_free_cleanup) struct token_checker *checker = checker_new();
    const char *reason;
    mint_good(&token);
    memcpy(token.data, "bEARER", 6);
    ck_assert_int_eq(mint_check(checker, &token, &reason), 0);
}
END_TEST

START_TEST(refuses_a_signature_that_is_stripped_empty_short_or_long)
{
    CLEANUP(buf_done) struct buf token = {0};
    mint_good(&token);
    size_t whole = token.size;
    char *dot = strrchr(token.data, '.');
    token.size = (size_t)(dot - token.data);
    refused(&token, "not three parts");
    token.size++;
    refused(&token, "not three parts");
    for (size_t size = token.size + 1; size < whole; size++) {
        token.size = size;
        refused(&token, NULL);
    }
    token.size = whole;
    buf_text(&token, "AAAA");
    refused(&token, NULL);
}
END_TEST

START_TEST(refuses_more_dots_than_two)
{
    CLEANUP(buf_done) struct buf token = {0};
    mint_good(&token);
    buf_text(&token, ".");
    refused(&token, "not three parts");
    buf_text(&token, "AAAA.AAAA");
    refused(&token, "not three parts");
}
END_TEST

START_TEST(refuses_padding_white_space_and_loose_bits_in_base64)
{
    static const char *const tails[] = {"=", "==", " ", "\t", "+", "/", "%3D"};
    for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++) {
        CLEANUP(buf_done) struct buf token = {0};
        mint_good(&token);
        buf_text(&token, tails[i]);
        refused(&token, NULL);
    }
    CLEANUP(buf_done) struct buf token = {0};
    mint_good(&token);
    token.data[token.size - 1]++; /* the last character of 32 bytes has two bits that must be zero */
    refused(&token, NULL);
}
END_TEST

START_TEST(refuses_another_secret_and_a_public_key_as_secret)
{
    static const char *const secrets[] = {
        "", "secret", "super-secret-jwt-token-with-at-least-32-characters-lonG",
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYI\n-----END PUBLIC KEY-----\n"};
    for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++) {
        CLEANUP(buf_done) struct buf token = {0};
        mint_unsigned("{" ALG "}", "{" MINT_USUAL "}", &token);
        mint_hs256(&token, span_of(secrets[i]));
        refused(&token, "signature is wrong");
    }
}
END_TEST

/* The kid of an HS256 token chooses nothing: there is one secret. It is bounded all the same. */
START_TEST(lets_no_kid_choose_anything)
{
    static const char *const kids[] = {"../../../../dev/null", "' OR 1=1 --", "other-tenant", "",
                                       "|/bin/true"};
    CLEANUP(token_checker_free_cleanup) struct token_checker *checker = checker_new();
    CLEANUP(buf_done) struct buf header = {0}, token = {0};
    const char *reason;
    for (size_t i = 0; i < sizeof(kids) / sizeof(*kids); i++) {
        buf_clear(&header);
        buf_format(&header, "{" ALG ",\"kid\":\"%s\"}", kids[i]);
        mint_unsigned(header.data, "{" MINT_USUAL "}", &token);
        mint_hs256(&token, SPAN(""));
        ck_assert_int_eq(mint_check(checker, &token, &reason), TOKEN_REFUSED);
    }
}
END_TEST

static void repeat(struct buf *to, const char *text, size_t times)
{
    while (times-- > 0)
        buf_text(to, text);
}

START_TEST(refuses_a_kid_of_a_megabyte_and_a_token_over_eight_kilobytes)
{
    CLEANUP(buf_done) struct buf header = {0}, claims = {0}, token = {0};
    buf_text(&header, "{" ALG ",\"kid\":\"");
    repeat(&header, "k", 1 << 20);
    buf_text(&header, "\"}");
    mint_unsigned(header.data, "{" MINT_USUAL "}", &token);
    mint_hs256(&token, span_of(MINT_SECRET));
    refused(&token, "too long");
    buf_text(&claims, "{" MINT_USUAL ",\"x\":\"");
    repeat(&claims, "x", 8192);
    buf_text(&claims, "\"}");
    mint_unsigned("{" ALG "}", claims.data, &token);
    mint_hs256(&token, span_of(MINT_SECRET));
    refused(&token, "too long");
}
END_TEST

START_TEST(refuses_json_that_is_a_million_deep_and_json_that_is_too_deep)
{
    CLEANUP(buf_done) struct buf claims = {0}, token = {0};
    buf_text(&claims, "{" MINT_USUAL ",\"x\":");
    repeat(&claims, "[", 1000000);
    mint_unsigned("{" ALG "}", claims.data, &token);
    mint_hs256(&token, span_of(MINT_SECRET));
    refused(&token, "too long");
    buf_clear(&claims);
    buf_text(&claims, "{" MINT_USUAL ",\"x\":");
    repeat(&claims, "[", 1000);
    repeat(&claims, "]", 1000);
    buf_text(&claims, "}");
    mint_unsigned("{" ALG "}", claims.data, &token);
    mint_hs256(&token, span_of(MINT_SECRET));
    refused(&token, "claims are not valid");
}
END_TEST

START_TEST(will_not_start_with_a_weak_secret)
{
    static const char *const weak[] = {"", "secret", "0123456789012345678901234567890"};
    struct token_checker *checker = NULL;
    for (size_t i = 0; i < sizeof(weak) / sizeof(*weak); i++)
        ck_assert_int_eq(mint_checker(weak[i], NULL, &checker), ERROR_SETTINGS);
    ck_assert_ptr_null(checker);
}
END_TEST

START_TEST(agrees_with_libjwt_about_a_token_it_minted)
{
    CLEANUP(buf_done) struct buf token = {0};
    CLEANUP(token_checker_free_cleanup) struct token_checker *checker = checker_new();
    const char *reason;
    jwt_t *jwt = NULL;
    ck_assert_int_eq(jwt_new(&jwt), 0);
    ck_assert_int_eq(
        jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)MINT_SECRET, (int)strlen(MINT_SECRET)), 0);
    ck_assert_int_eq(jwt_add_grants_json(jwt, "{" MINT_USUAL "}"), 0);
    char *text = jwt_encode_str(jwt);
    buf_text(&token, "Bearer ");
    buf_text(&token, text);
    free(text);
    jwt_free(jwt);
    ck_assert_int_eq(mint_check(checker, &token, &reason), 0);
}
END_TEST

START_TEST(keeps_many_tokens_and_forgets_only_what_it_must)
{
    CLEANUP(token_checker_free_cleanup) struct token_checker *checker = checker_new();
    const char *reason;
    for (int i = 0; i < 10000; i++) {
        CLEANUP(buf_done) struct buf claims = {0}, token = {0};
        buf_format(&claims, "{" MINT_USUAL ",\"n\":%d}", i);
        mint_unsigned("{" ALG "}", claims.data, &token);
        mint_hs256(&token, span_of(MINT_SECRET));
        ck_assert_int_eq(mint_check(checker, &token, &reason), 0);
        ck_assert_int_eq(mint_check(checker, &token, &reason), 0);
    }
}
END_TEST

TCase *token_cases(void)
{
    TCase *cases = tcase_create("token");
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, refuses_each_attack_of_the_list_though_it_is_signed, 0,
                        (int)(sizeof(rows) / sizeof(*rows)));
    tcase_add_test(cases, takes_a_good_token_and_says_who_it_is);
    tcase_add_test(cases, takes_staff_and_lead_only_from_what_the_server_writes);
    tcase_add_test(cases, refuses_a_token_of_the_cache_once_it_expired);
    tcase_add_test(cases, refuses_a_cached_token_with_any_byte_changed);
    tcase_add_test(cases, refuses_what_is_no_bearer_token);
    tcase_add_test(cases, takes_the_scheme_in_any_case);
    tcase_add_test(cases, refuses_a_signature_that_is_stripped_empty_short_or_long);
    tcase_add_test(cases, refuses_more_dots_than_two);
    tcase_add_test(cases, refuses_padding_white_space_and_loose_bits_in_base64);
    tcase_add_test(cases, refuses_another_secret_and_a_public_key_as_secret);
    tcase_add_test(cases, lets_no_kid_choose_anything);
    tcase_add_test(cases, refuses_a_kid_of_a_megabyte_and_a_token_over_eight_kilobytes);
    tcase_add_test(cases, refuses_json_that_is_a_million_deep_and_json_that_is_too_deep);
    tcase_add_test(cases, will_not_start_with_a_weak_secret);
    tcase_add_test(cases, agrees_with_libjwt_about_a_token_it_minted);
    tcase_add_test(cases, keeps_many_tokens_and_forgets_only_what_it_must);
    return cases;
}
