/* SPDX-License-Identifier: Apache-2.0
 * Signatures: a vector computed with other tools, one byte more or less, either header, several secrets. */
#include "producers/webhooks/signature.h"

#include <string.h>

#include "tests/webhooks/cases.h"

static const char body[] = "{\"id\":\"wbk_test1\",\"timestamp\":1735116884019,\"type\":\"charge.completed\","
                           "\"data\":{\"id\":\"chg_1\",\"amount\":2500,\"currency\":\"XOF\","
                           "\"reference\":\"bk-1\",\"status\":\"succeeded\"}}";
static const char tag_base64[] = "LF4QKJ01F6A+UiNCivN7cxaxGgkOYzJkzo2BaoITY8Y=";
static const char tag_hex[] = "2c5e10289d3517a03e5223428af37b7316b11a090e633264ce8d816a821363c6";
static const char secret[] = "my-secret-hash";

/* The verdict on what two headers, or NULL, say of text. */
static int verdict(struct signature_keys *keys, const char *hash, const char *signature, const char *text)
{
    const struct signed_body given = {
        hash ? span_of(hash) : (struct span){0},
        signature ? span_of(signature) : (struct span){0},
        span_of(text),
    };
    return signature_check(keys, &given);
}

static struct signature_keys *keys_of(const char *secrets, enum signature_mode mode)
{
    struct signature_keys *keys = NULL;
    ck_assert_int_eq(signature_keys_new(span_of(secrets), 8, mode, &keys), 0);
    return keys;
}

START_TEST(takes_the_digest_that_other_tools_made)
{
    struct signature_keys *keys = keys_of(secret, SIGNATURE_BASE64);
    ck_assert_uint_eq(strlen(body), 163);
    ck_assert_int_eq(verdict(keys, NULL, tag_base64, body), 0);
    ck_assert_int_eq(verdict(keys, NULL, tag_hex, body), SIGNATURE_WRONG);
    ck_assert_int_eq(verdict(keys, NULL, secret, body), SIGNATURE_WRONG);
    signature_keys_free(keys);
    keys = keys_of(secret, SIGNATURE_HEX);
    ck_assert_int_eq(verdict(keys, NULL, tag_hex, body), 0);
    ck_assert_int_eq(verdict(keys, NULL, tag_base64, body), SIGNATURE_WRONG);
    signature_keys_free(keys);
}
END_TEST

START_TEST(refuses_a_body_with_any_one_bit_changed)
{
    struct signature_keys *keys = keys_of(secret, SIGNATURE_BASE64);
    char changed[sizeof body];
    for (size_t bit = 0; bit < (sizeof body - 1) * 8; bit++) {
        const struct signed_body given = {{0}, span_of(tag_base64), {changed, sizeof body - 1}};
        memcpy(changed, body, sizeof body);
        changed[bit / 8] = (char)(changed[bit / 8] ^ (1 << bit % 8));
        ck_assert_int_eq(signature_check(keys, &given), SIGNATURE_WRONG);
    }
    signature_keys_free(keys);
}
END_TEST

START_TEST(refuses_a_body_with_a_byte_more_or_less)
{
    struct signature_keys *keys = keys_of(secret, SIGNATURE_BASE64);
    const struct signed_body more = {{0}, span_of(tag_base64), {body, sizeof body}};
    const struct signed_body less = {{0}, span_of(tag_base64), {body, sizeof body - 2}};
    const struct signed_body none = {{0}, span_of(tag_base64), {"", 0}};
    ck_assert_int_eq(signature_check(keys, &more), SIGNATURE_WRONG);
    ck_assert_int_eq(signature_check(keys, &less), SIGNATURE_WRONG);
    ck_assert_int_eq(signature_check(keys, &none), SIGNATURE_WRONG);
    signature_keys_free(keys);
}
END_TEST

START_TEST(refuses_every_mutilated_signature)
{
    struct signature_keys *keys = keys_of(secret, SIGNATURE_BASE64);
    static const char *const wrong[] = {"",
                                        "=",
                                        "LF4QKJ01F6A-UiNCivN7cxaxGgkOYzJkzo2BaoITY8Y=",
                                        "LF4QKJ01F6A+UiNCivN7cxaxGgkOYzJkzo2BaoITY8Y",
                                        "LF4QKJ01F6A+UiNCivN7cxaxGgkOYzJkzo2BaoITY8Z=",
                                        "LF4QKJ01F6A+UiNCivN7cxaxGgkOYzJkzo2BaoITY8Y==",
                                        "lf4qkj01f6a+uincivn7cxaxggkoyzjkzo2baoity8y=",
                                        "my-secret-hash"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_msg(verdict(keys, NULL, wrong[i], body) == SIGNATURE_WRONG, "%s", wrong[i]);
    signature_keys_free(keys);
}
END_TEST

START_TEST(takes_the_secret_itself_in_verif_hash)
{
    struct signature_keys *keys = keys_of(secret, SIGNATURE_BASE64);
    ck_assert_int_eq(verdict(keys, secret, NULL, body), 0);
    ck_assert_int_eq(verdict(keys, secret, NULL, ""), 0);
    ck_assert_int_eq(verdict(keys, "my-secret-hasi", NULL, body), SIGNATURE_WRONG);
    ck_assert_int_eq(verdict(keys, "my-secret-has", NULL, body), SIGNATURE_WRONG);
    ck_assert_int_eq(verdict(keys, "My-secret-hash", NULL, body), SIGNATURE_WRONG);
    ck_assert_int_eq(verdict(keys, "", NULL, body), SIGNATURE_WRONG);
    ck_assert_int_eq(verdict(keys, tag_base64, NULL, body), SIGNATURE_WRONG);
    signature_keys_free(keys);
}
END_TEST

START_TEST(refuses_one_wrong_header_whatever_the_other_says)
{
    struct signature_keys *keys = keys_of(secret, SIGNATURE_BASE64);
    ck_assert_int_eq(verdict(keys, secret, tag_base64, body), 0);
    ck_assert_int_eq(verdict(keys, secret, tag_hex, body), SIGNATURE_WRONG);
    ck_assert_int_eq(verdict(keys, "another-secret", tag_base64, body), SIGNATURE_WRONG);
    ck_assert_int_eq(verdict(keys, "", tag_base64, body), SIGNATURE_WRONG);
    ck_assert_int_eq(verdict(keys, secret, "", body), SIGNATURE_WRONG);
    ck_assert_int_eq(verdict(keys, NULL, NULL, body), SIGNATURE_MISSING);
    signature_keys_free(keys);
}
END_TEST

START_TEST(compares_the_secret_itself_where_the_setting_says_so)
{
    struct signature_keys *keys = keys_of(secret, SIGNATURE_LITERAL);
    ck_assert_int_eq(verdict(keys, NULL, secret, body), 0);
    ck_assert_int_eq(verdict(keys, NULL, tag_base64, body), SIGNATURE_WRONG);
    signature_keys_free(keys);
}
END_TEST

START_TEST(takes_any_of_several_secrets_while_one_takes_over)
{
    struct signature_keys *keys = keys_of(" the-next-one\r\n\tmy-secret-hash \n", SIGNATURE_BASE64);
    ck_assert_int_eq(verdict(keys, NULL, tag_base64, body), 0);
    ck_assert_int_eq(verdict(keys, "the-next-one", tag_base64, body), 0);
    ck_assert_int_eq(verdict(keys, "the-next-one my-secret-hash", NULL, body), SIGNATURE_WRONG);
    signature_keys_free(keys);
}
END_TEST

START_TEST(refuses_secrets_that_are_none_short_or_too_many)
{
    static const char *const wrong[] = {"",
                                        "  \n",
                                        "short",
                                        "long-enough short",
                                        "long-enough\nx",
                                        "number-one number-two number-three number-four number-five"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct signature_keys *keys = NULL;
        int result = signature_keys_new(span_of(wrong[i]), 8, SIGNATURE_BASE64, &keys);
        ck_assert_msg(result == ERROR_SETTINGS && !keys, "%s", wrong[i]);
        ck_assert_ptr_null(wrong[i][0] ? strstr(error_text(), "enough") : NULL);
    }
}
END_TEST

TCase *signature_cases(void)
{
    TCase *cases = tcase_create("signature");
    tcase_add_test(cases, takes_the_digest_that_other_tools_made);
    tcase_add_test(cases, refuses_a_body_with_any_one_bit_changed);
    tcase_add_test(cases, refuses_a_body_with_a_byte_more_or_less);
    tcase_add_test(cases, refuses_every_mutilated_signature);
    tcase_add_test(cases, takes_the_secret_itself_in_verif_hash);
    tcase_add_test(cases, refuses_one_wrong_header_whatever_the_other_says);
    tcase_add_test(cases, compares_the_secret_itself_where_the_setting_says_so);
    tcase_add_test(cases, takes_any_of_several_secrets_while_one_takes_over);
    tcase_add_test(cases, refuses_secrets_that_are_none_short_or_too_many);
    return cases;
}
