/* SPDX-License-Identifier: Apache-2.0
 * shared/base/crypto.h, the keys: signatures of RFC 7515 (appendices A.2 and A.3) and RFC 8032 (section 7.1),
 * signatures made by the openssl command whose r or s is short or has its top bit set, and keys that must not
 * be taken. */
#include "shared/base/crypto.h"

#include <string.h>

#include "tests/base/cases.h"

#define RFC_PAYLOAD                                                                                          \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define RFC_EC_X    "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define RFC_EC_Y    "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define RFC_EC_DATA "eyJhbGciOiJFUzI1NiJ9." RFC_PAYLOAD
#define RFC_EC_SIGNATURE                                                                                     \
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#define RFC_RSA_N                                                                                            \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-" \
    "SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-"        \
    "KXBdQOS-"                                                                                               \
    "UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"            \
    "h9iaGNj8q2et"                                                                                           \
    "hFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define RFC_RSA_DATA "eyJhbGciOiJSUzI1NiJ9." RFC_PAYLOAD
#define RFC_RSA_SIGNATURE                                                                                    \
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJ" \
    "dbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN" \
    "9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXL" \
    "IhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"

struct bytes {
    uint8_t data[512];
    size_t size;
};

static struct bytes bytes_of(const char *text)
{
    struct bytes bytes;
    ck_assert_int_eq(crypto_unbase64url(span_of(text), bytes.data, sizeof bytes.data, &bytes.size), 0);
    return bytes;
}

static int verify(const struct crypto_key *key, struct span data, const struct bytes *signature)
{
    return crypto_key_verify(key, data, (struct span){(const char *)signature->data, signature->size});
}

static struct crypto_key *ec_key(const char *x, const char *y)
{
    struct crypto_key *key = NULL;
    ck_assert_int_eq(crypto_key_ec(span_of(x), span_of(y), &key), 0);
    ck_assert_int_eq(crypto_key_algorithm(key), CRYPTO_ES256);
    return key;
}

static struct crypto_key *rsa_key(const char *n, const char *e)
{
    struct crypto_key *key = NULL;
    ck_assert_int_eq(crypto_key_rsa(span_of(n), span_of(e), &key), 0);
    ck_assert_int_eq(crypto_key_algorithm(key), CRYPTO_RS256);
    return key;
}

START_TEST(verifies_the_es256_signature_of_rfc_7515)
{
    CLEANUP(crypto_key_free_cleanup) struct crypto_key *key = ec_key(RFC_EC_X, RFC_EC_Y);
    struct bytes signature = bytes_of(RFC_EC_SIGNATURE);
    ck_assert_int_eq(verify(key, SPAN(RFC_EC_DATA), &signature), 0);
    ck_assert_int_eq(verify(key, SPAN(RFC_EC_DATA), &signature), 0);
    ck_assert_int_eq(verify(key, SPAN(RFC_RSA_DATA), &signature), CRYPTO_WRONG);
}
END_TEST

START_TEST(verifies_the_rs256_signature_of_rfc_7515)
{
    CLEANUP(crypto_key_free_cleanup) struct crypto_key *key = rsa_key(RFC_RSA_N, "AQAB");
    struct bytes signature = bytes_of(RFC_RSA_SIGNATURE);
    ck_assert_int_eq(verify(key, SPAN(RFC_RSA_DATA), &signature), 0);
    ck_assert_int_eq(verify(key, SPAN(RFC_RSA_DATA), &signature), 0);
    ck_assert_int_eq(verify(key, SPAN(RFC_EC_DATA), &signature), CRYPTO_WRONG);
}
END_TEST

START_TEST(verifies_halves_of_every_length)
{
    static const char *const signatures[] = {
        "eWXBoxlzaD6zXhaJvsgGyR-k5g__qnfcwoC9dXqpcGtAJvWjJX1zHIQW2oU1PmpF71nsrd79Eh9YGipoQ6zQew",  /* neither
                                                                                                    */
        "6ivWmxpAvvPkxP0Xd8S1fC0hz5UMKg6l1Q9S8CNi84ee6-AlcNVTjfRdNrCuuKiL7PoOCIV-89kMuxw_CzeoVw",  /* top bits
                                                                                                    */
        "AFJROqUZXXN5C4n66q8Q89nWaMlbd_bW9_LknXeExnIclpvGMVYY6PwcDK4whGEKLRApKRMmEovXd_NvZLFNjQ",  /* r short
                                                                                                    */
        "yVPBGhYOFNvAWngDnsFrTBH7j2ziFCBuxmIi3jgUCXMAGHwQKos6YvjH86XfCOJHm1DS9u-4LfpWNJK5UHjjCA"}; /* s short
                                                                                                    */
    CLEANUP(crypto_key_free_cleanup)
    struct crypto_key *key =
        ec_key("jaR8agw5WM7IUDAUriXxHc-io7cAXODMb_8a2sXW4Q0", "-w_56_6TeIHBYkfqpE4SWfRaMmq8Pq1p4DpizBNjgdI");
    for (size_t at = 0; at < sizeof signatures / sizeof signatures[0]; at++) {
        struct bytes signature = bytes_of(signatures[at]);
        ck_assert_msg(verify(key, SPAN("colis"), &signature) == 0, "%s", signatures[at]);
        ck_assert_int_eq(verify(key, SPAN("coli"), &signature), CRYPTO_WRONG);
    }
}
END_TEST

START_TEST(refuses_a_signature_with_any_one_bit_changed)
{
    CLEANUP(crypto_key_free_cleanup) struct crypto_key *key = ec_key(RFC_EC_X, RFC_EC_Y);
    struct bytes signature = bytes_of(RFC_EC_SIGNATURE);
    for (size_t bit = 0; bit < 8 * signature.size; bit++) {
        signature.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert_int_eq(verify(key, SPAN(RFC_EC_DATA), &signature), CRYPTO_WRONG);
        signature.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}
END_TEST

START_TEST(refuses_an_rsa_signature_with_any_one_byte_changed)
{
    CLEANUP(crypto_key_free_cleanup) struct crypto_key *key = rsa_key(RFC_RSA_N, "AQAB");
    struct bytes signature = bytes_of(RFC_RSA_SIGNATURE);
    for (size_t at = 0; at < signature.size; at++) {
        signature.data[at] ^= 0x10;
        ck_assert_int_eq(verify(key, SPAN(RFC_RSA_DATA), &signature), CRYPTO_WRONG);
        signature.data[at] ^= 0x10;
    }
}
END_TEST

START_TEST(refuses_a_signature_of_another_length)
{
    CLEANUP(crypto_key_free_cleanup) struct crypto_key *ec = ec_key(RFC_EC_X, RFC_EC_Y);
    CLEANUP(crypto_key_free_cleanup) struct crypto_key *rsa = rsa_key(RFC_RSA_N, "AQAB");
    struct bytes ec_good = bytes_of(RFC_EC_SIGNATURE), rsa_good = bytes_of(RFC_RSA_SIGNATURE);
    for (size_t size = 0; size <= 300; size++) {
        ec_good.size = rsa_good.size = size;
        ck_assert_int_eq(verify(ec, SPAN(RFC_EC_DATA), &ec_good), size == 64 ? 0 : CRYPTO_WRONG);
        ck_assert_int_eq(verify(rsa, SPAN(RFC_RSA_DATA), &rsa_good), size == 256 ? 0 : CRYPTO_WRONG);
    }
    ck_assert_int_eq(crypto_key_verify(ec, SPAN(RFC_EC_DATA), (struct span){NULL, 0}), CRYPTO_WRONG);
}
END_TEST

START_TEST(refuses_zero_and_overlarge_halves)
{
    /* All zero passed for a good ES256 signature in more than one library (CVE-2022-21449). */
    CLEANUP(crypto_key_free_cleanup) struct crypto_key *key = ec_key(RFC_EC_X, RFC_EC_Y);
    struct bytes good = bytes_of(RFC_EC_SIGNATURE), bad = good;
    memset(bad.data, 0, 64);
    ck_assert_int_eq(verify(key, SPAN(RFC_EC_DATA), &bad), CRYPTO_WRONG);
    memset(bad.data, 0xff, 64);
    ck_assert_int_eq(verify(key, SPAN(RFC_EC_DATA), &bad), CRYPTO_WRONG);
    bad = good;
    memset(bad.data, 0, 32);
    ck_assert_int_eq(verify(key, SPAN(RFC_EC_DATA), &bad), CRYPTO_WRONG);
    bad = good;
    memset(bad.data + 32, 0, 32);
    ck_assert_int_eq(verify(key, SPAN(RFC_EC_DATA), &bad), CRYPTO_WRONG);
}
END_TEST

START_TEST(does_not_take_the_signature_of_the_other_algorithm)
{
    CLEANUP(crypto_key_free_cleanup) struct crypto_key *ec = ec_key(RFC_EC_X, RFC_EC_Y);
    CLEANUP(crypto_key_free_cleanup) struct crypto_key *rsa = rsa_key(RFC_RSA_N, "AQAB");
    struct bytes ec_good = bytes_of(RFC_EC_SIGNATURE), rsa_good = bytes_of(RFC_RSA_SIGNATURE);
    ck_assert_int_eq(verify(rsa, SPAN(RFC_EC_DATA), &ec_good), CRYPTO_WRONG);
    ck_assert_int_eq(verify(ec, SPAN(RFC_RSA_DATA), &rsa_good), CRYPTO_WRONG);
}
END_TEST

START_TEST(refuses_points_that_are_not_on_the_curve)
{
    static const char *const rows[][2] = {
        {RFC_EC_Y, RFC_EC_X},
        {RFC_EC_X, RFC_EC_X},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
        {"__________________________________________8", RFC_EC_Y},
        {"", ""},
        {"", RFC_EC_Y},
        {RFC_EC_X, ""},
        {"AA" RFC_EC_X, RFC_EC_Y},
        {RFC_EC_X, "AQAB"},
        {RFC_EC_X "=", RFC_EC_Y},
        {RFC_EC_X, "x_FEzRu9m36HLN+tue659LNpXW6pCyStikYjKIWI5a0"}};
    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        struct crypto_key *key = NULL;
        ck_assert_msg(crypto_key_ec(span_of(rows[at][0]), span_of(rows[at][1]), &key) == CRYPTO_MALFORMED,
                      "row %zu", at);
        ck_assert_ptr_null(key);
    }
}
END_TEST

/* A modulus of so many bits, odd or not, as a JWK member. */
static int key_of_bits(int bits, uint8_t last_byte, const char *e)
{
    CLEANUP(buf_done) struct buf text = {0};
    uint8_t modulus[1024];
    size_t size = (size_t)(bits + 7) / 8;
    memset(modulus, 0xa5, sizeof modulus);
    modulus[0] = (uint8_t)(1U << (bits - 1) % 8);
    modulus[size - 1] = last_byte;
    crypto_base64url(modulus, size, &text);
    struct crypto_key *key = NULL;
    int result = crypto_key_rsa(buf_as_span(&text), span_of(e), &key);
    crypto_key_free(key);
    return result;
}

START_TEST(takes_moduli_of_2048_to_4096_bits_only)
{
    ck_assert_int_eq(key_of_bits(1024, 1, "AQAB"), CRYPTO_MALFORMED);
    ck_assert_int_eq(key_of_bits(2047, 1, "AQAB"), CRYPTO_MALFORMED);
    ck_assert_int_eq(key_of_bits(2048, 1, "AQAB"), 0);
    ck_assert_int_eq(key_of_bits(3072, 1, "AQAB"), 0);
    ck_assert_int_eq(key_of_bits(4096, 1, "AQAB"), 0);
    ck_assert_int_eq(key_of_bits(4097, 1, "AQAB"), CRYPTO_MALFORMED);
    ck_assert_int_eq(key_of_bits(8192, 1, "AQAB"), CRYPTO_MALFORMED);
}
END_TEST

START_TEST(refuses_an_rsa_key_that_cannot_be_one)
{
    static const char *const exponents[] = {"", "AQ", "AA", "Ag", "AAEAAQ", "AQABAAEAAQABAAE", "AQ=B", "AQA"};
    ck_assert_int_eq(key_of_bits(2048, 2, "AQAB"), CRYPTO_MALFORMED);
    for (size_t at = 0; at < sizeof exponents / sizeof exponents[0]; at++)
        ck_assert_msg(key_of_bits(2048, 1, exponents[at]) == CRYPTO_MALFORMED, "%s", exponents[at]);
    ck_assert_int_eq(key_of_bits(2048, 1, "Aw"), 0);
    struct crypto_key *key = NULL;
    ck_assert_int_eq(crypto_key_rsa(SPAN(""), SPAN("AQAB"), &key), CRYPTO_MALFORMED);
    ck_assert_int_eq(crypto_key_rsa(SPAN("AA" RFC_RSA_N), SPAN("AQAB"), &key), CRYPTO_MALFORMED);
    ck_assert_ptr_null(key);
    crypto_key_free(NULL);
}
END_TEST

/* RFC 8032 section 7.1: seed, public key, message, signature in hexadecimal. */
static const struct ed_row {
    const char *seed, *public, *message, *signature;
} ed_rows[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f"
     "0595b"
     "be24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2ea"
     "eb430"
     "2aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e"
     "9716e"
     "d28dc027beceea1ec40a"},
};

static struct bytes unhexed(const char *text)
{
    struct bytes bytes = {.size = strlen(text) / 2};
    ck_assert_int_eq(crypto_unhex(span_of(text), bytes.data, bytes.size), 0);
    return bytes;
}

static struct crypto_signer *signer_of(const char *seed)
{
    struct crypto_signer *signer = NULL;
    struct bytes bytes = unhexed(seed);
    ck_assert_int_eq(crypto_signer_new(bytes.data, &signer), 0);
    return signer;
}

/* The key of these bytes, as a JWK would carry it. */
static struct crypto_key *ed_key(const uint8_t *bytes)
{
    CLEANUP(buf_done) struct buf x = {0};
    struct crypto_key *key = NULL;
    crypto_base64url(bytes, CRYPTO_ED_PUBLIC, &x);
    ck_assert_int_eq(crypto_key_ed(buf_as_span(&x), &key), 0);
    ck_assert_int_eq(crypto_key_algorithm(key), CRYPTO_EDDSA);
    return key;
}

START_TEST(signs_and_verifies_as_rfc_8032_says)
{
    for (size_t at = 0; at < sizeof ed_rows / sizeof ed_rows[0]; at++) {
        const struct ed_row *row = &ed_rows[at];
        CLEANUP(crypto_signer_free_cleanup) struct crypto_signer *signer = signer_of(row->seed);
        struct bytes message = unhexed(row->message), wanted = unhexed(row->signature);
        uint8_t public[CRYPTO_ED_PUBLIC], signature[CRYPTO_ED_SIGNATURE];
        struct span data = {(const char *)message.data, message.size};
        crypto_signer_public(signer, public);
        ck_assert(memcmp(public, unhexed(row->public).data, sizeof public) == 0);
        crypto_signer_sign(signer, data, signature);
        ck_assert(memcmp(signature, wanted.data, sizeof signature) == 0);
        CLEANUP(crypto_key_free_cleanup) struct crypto_key *key = ed_key(public);
        ck_assert_int_eq(verify(key, data, &wanted), 0);
    }
}
END_TEST

START_TEST(refuses_an_ed25519_signature_with_any_one_bit_changed)
{
    CLEANUP(crypto_key_free_cleanup) struct crypto_key *key = ed_key(unhexed(ed_rows[1].public).data);
    struct bytes signature = unhexed(ed_rows[1].signature);
    for (size_t bit = 0; bit < 8 * signature.size; bit++) {
        signature.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert_msg(verify(key, SPAN("\x72"), &signature) == CRYPTO_WRONG, "bit %zu", bit);
        signature.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    ck_assert_int_eq(verify(key, SPAN("\x73"), &signature), CRYPTO_WRONG);
    ck_assert_int_eq(verify(key, SPAN("\x72\x72"), &signature), CRYPTO_WRONG);
    signature.size--;
    ck_assert_int_eq(verify(key, SPAN("\x72"), &signature), CRYPTO_WRONG);
    signature.size += 2;
    ck_assert_int_eq(verify(key, SPAN("\x72"), &signature), CRYPTO_WRONG);
}
END_TEST

START_TEST(takes_no_ed25519_key_of_another_length)
{
    struct crypto_key *key = NULL;
    ck_assert_int_eq(crypto_key_ed(SPAN(""), &key), CRYPTO_MALFORMED);
    ck_assert_int_eq(crypto_key_ed(SPAN("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), &key),
                     CRYPTO_MALFORMED);
    ck_assert_int_eq(crypto_key_ed(SPAN("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), &key),
                     CRYPTO_MALFORMED);
    ck_assert_ptr_null(key);
    crypto_signer_free(NULL);
}
END_TEST

TCase *crypto_key_cases(void)
{
    TCase *cases = tcase_create("crypto_keys");
    tcase_add_test(cases, verifies_the_es256_signature_of_rfc_7515);
    tcase_add_test(cases, verifies_the_rs256_signature_of_rfc_7515);
    tcase_add_test(cases, verifies_halves_of_every_length);
    tcase_add_test(cases, refuses_a_signature_with_any_one_bit_changed);
    tcase_add_test(cases, refuses_an_rsa_signature_with_any_one_byte_changed);
    tcase_add_test(cases, refuses_a_signature_of_another_length);
    tcase_add_test(cases, refuses_zero_and_overlarge_halves);
    tcase_add_test(cases, does_not_take_the_signature_of_the_other_algorithm);
    tcase_add_test(cases, refuses_points_that_are_not_on_the_curve);
    tcase_add_test(cases, takes_moduli_of_2048_to_4096_bits_only);
    tcase_add_test(cases, refuses_an_rsa_key_that_cannot_be_one);
    tcase_add_test(cases, signs_and_verifies_as_rfc_8032_says);
    tcase_add_test(cases, refuses_an_ed25519_signature_with_any_one_bit_changed);
    tcase_add_test(cases, takes_no_ed25519_key_of_another_length);
    return cases;
}
