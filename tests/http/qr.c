/* SPDX-License-Identifier: Apache-2.0
 * QR codes: the texts another library signs are ours, and nothing changed is read. The vectors were computed
 * by Python's cryptography, which shares no code with ours but libcrypto's arithmetic:
 *   key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
 *   parts = ["handover qr", "1", booking, purpose, str(issue), code]
 *   key.sign(b"".join(struct.pack(">Q", len(part)) + part.encode() for part in parts)) */
#include "shared/http/qr.h"

#include <string.h>

#include "shared/base/error.h"
#include "tests/http/cases.h"

#define COUNTING "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define BOOKING  "8c1e0000-0000-8000-8000-000000000001"
#define PUBLIC   "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"
#define FIRST                                                                                                \
    "1.jB4AAAAAgACAAAAAAAAAAQ.p.1.044750."                                                                   \
    "b6idAmblmXyHW9tXnc2cFo9yw8RqDCu_0N4tnaJsqJ6VZowCkYjwD7sp32hpOu6LD6Njia17fc8F3vYEKtLLDw"

static const struct {
    int32_t purpose;
    int64_t issue;
    const char *code, *text;
} rows[] = {
    {CODE_PURPOSE_PICKUP, 1, "044750", FIRST},
    {CODE_PURPOSE_RETURN, 12, "000007",
     "1.jB4AAAAAgACAAAAAAAAAAQ.r.12.000007."
     "6XOCG8NkB9SqpAD3r6MDgemaYmvMkauLoaBGIBnlqzsAgrTBFtqun_q3totw1RHOyenMInjVNcvxe5TTyc7dDQ"},
    {CODE_PURPOSE_DELIVERY, 3, "588267",
     "1.jB4AAAAAgACAAAAAAAAAAQ.d.3.588267."
     "O3SkoK29QrxwDx2zk3Jg5KPwR8HHMn1j1hyjIzE-0JFFejFkHU8RnZw1sWXq2pVVMF0VSsoEakm-z287T3X_AA"},
};

static const char *key_given;

static char *environment(const char *name)
{
    return strcmp(name, "COLIS_QR_KEY") == 0 ? (char *)key_given : NULL;
}

static int signer_of(const char *key, struct crypto_signer **ret_signer)
{
    const struct setting *tables[] = {qr_settings, NULL};
    char *arguments[] = {(char *)"test"};
    key_given = key;
    int result = settings_read(tables, 1, arguments, environment);
    return result ? result : qr_signer_new(ret_signer);
}

static struct crypto_signer *signer_counting(void)
{
    struct crypto_signer *signer = NULL;
    ck_assert_int_eq(signer_of(COUNTING, &signer), 0);
    return signer;
}

static struct crypto_key *public_key(void)
{
    struct crypto_key *key = NULL;
    ck_assert_int_eq(crypto_key_ed(SPAN(PUBLIC), &key), 0);
    return key;
}

START_TEST(signs_the_texts_python_signs_and_reads_them)
{
    CLEANUP(crypto_signer_free_cleanup) struct crypto_signer *signer = signer_counting();
    CLEANUP(crypto_key_free_cleanup) struct crypto_key *key = public_key();
    for (size_t row = 0; row < sizeof(rows) / sizeof(*rows); row++) {
        struct qr qr = {.booking = {BOOKING}, .purpose = rows[row].purpose, .issue = rows[row].issue}, found;
        CLEANUP(buf_done) struct buf text = {0};
        strcpy(qr.code, rows[row].code);
        qr_sign(signer, &qr, &text);
        ck_assert_str_eq(text.data, rows[row].text);
        ck_assert_int_eq(qr_read(key, buf_as_span(&text), &found), 0);
        ck_assert_str_eq(found.booking.text, BOOKING);
        ck_assert_int_eq(found.purpose, rows[row].purpose);
        ck_assert_int_eq(found.issue, rows[row].issue);
        ck_assert_str_eq(found.code, rows[row].code);
    }
}
END_TEST

START_TEST(reads_no_text_with_any_one_bit_changed)
{
    CLEANUP(crypto_key_free_cleanup) struct crypto_key *key = public_key();
    char text[] = FIRST;
    struct qr found;
    for (size_t bit = 0; bit < 8 * (sizeof(text) - 1); bit++) {
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        ck_assert_msg(qr_read(key, (struct span){text, sizeof(text) - 1}, &found) == QR_WRONG, "bit %zu",
                      bit);
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
    }
    ck_assert_int_eq(qr_read(key, span_of(text), &found), 0);
}
END_TEST

/* Each has the first row's signature, over what would be the same meaning, or nearly. */
START_TEST(reads_no_text_written_in_another_way)
{
#define SIGNATURE "b6idAmblmXyHW9tXnc2cFo9yw8RqDCu_0N4tnaJsqJ6VZowCkYjwD7sp32hpOu6LD6Njia17fc8F3vYEKtLLDw"
    static const char *const texts[] = {"",
                                        "1",
                                        ".....",
                                        FIRST ".",
                                        FIRST "=",
                                        " " FIRST,
                                        FIRST "\n",
                                        "01.jB4AAAAAgACAAAAAAAAAAQ.p.1.044750." SIGNATURE,
                                        "2.jB4AAAAAgACAAAAAAAAAAQ.p.1.044750." SIGNATURE,
                                        "1." BOOKING ".p.1.044750." SIGNATURE,
                                        "1.jB4AAAAAgACAAAAAAAAAAQ.P.1.044750." SIGNATURE,
                                        "1.jB4AAAAAgACAAAAAAAAAAQ.pickup.1.044750." SIGNATURE,
                                        "1.jB4AAAAAgACAAAAAAAAAAQ..1.044750." SIGNATURE,
                                        "1.jB4AAAAAgACAAAAAAAAAAQ.d.1.044750." SIGNATURE,
                                        "1.jB4AAAAAgACAAAAAAAAAAQ.p.01.044750." SIGNATURE,
                                        "1.jB4AAAAAgACAAAAAAAAAAQ.p.+1.044750." SIGNATURE,
                                        "1.jB4AAAAAgACAAAAAAAAAAQ.p.2.044750." SIGNATURE,
                                        "1.jB4AAAAAgACAAAAAAAAAAQ.p.0.044750." SIGNATURE,
                                        "1.jB4AAAAAgACAAAAAAAAAAQ.p.10000000000000000001.044750." SIGNATURE,
                                        "1.jB4AAAAAgACAAAAAAAAAAQ.p.1.44750." SIGNATURE,
                                        "1.jB4AAAAAgACAAAAAAAAAAQ.p.1.0044750." SIGNATURE,
                                        "1.jB4AAAAAgACAAAAAAAAAAQ.p.1.044751." SIGNATURE,
                                        "1.jB4AAAAAgACAAAAAAAAAAQ.p.1.044750.",
                                        "1.jB4AAAAAgACAAAAAAAAAAQ.p.1.044750"};
    CLEANUP(crypto_key_free_cleanup) struct crypto_key *key = public_key();
    struct qr found;
    for (size_t at = 0; at < sizeof(texts) / sizeof(*texts); at++)
        ck_assert_msg(qr_read(key, span_of(texts[at]), &found) == QR_WRONG, "%s", texts[at]);
}
END_TEST

START_TEST(reads_nothing_signed_by_another)
{
    CLEANUP(crypto_signer_free_cleanup) struct crypto_signer *other = NULL;
    CLEANUP(crypto_key_free_cleanup) struct crypto_key *key = public_key();
    CLEANUP(buf_done) struct buf text = {0};
    struct qr qr = {.booking = {BOOKING}, .purpose = CODE_PURPOSE_PICKUP, .issue = 1, .code = "044750"},
              found;
    ck_assert_int_eq(signer_of("ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", &other),
                     0);
    qr_sign(other, &qr, &text);
    ck_assert_int_eq(qr_read(key, buf_as_span(&text), &found), QR_WRONG);
}
END_TEST

START_TEST(tells_its_public_key_as_a_key_set)
{
    CLEANUP(crypto_signer_free_cleanup) struct crypto_signer *signer = signer_counting();
    CLEANUP(buf_done) struct buf keys = {0};
    qr_keys(signer, &keys);
    ck_assert_str_eq(keys.data, "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" PUBLIC
                                "\",\"kid\":\"1IG2tMH7J2wbJZnOf8LJzQitKf7LMvoAElsuDMVM54Y\",\"use\":\"sig\","
                                "\"alg\":\"EdDSA\"}]}");
}
END_TEST

START_TEST(will_not_start_with_a_qr_key_that_is_empty_or_short)
{
    struct crypto_signer *signer = NULL;
    ck_assert_int_eq(signer_of(NULL, &signer), ERROR_SETTINGS);
    ck_assert_int_eq(signer_of("", &signer), ERROR_SETTINGS);
    ck_assert_int_eq(signer_of("short", &signer), ERROR_SETTINGS);
    ck_assert_int_eq(signer_of(PUBLIC "A", &signer), ERROR_SETTINGS);
    ck_assert_ptr_null(signer);
}
END_TEST

TCase *qr_cases(void)
{
    TCase *cases = tcase_create("qr");
    tcase_add_test(cases, signs_the_texts_python_signs_and_reads_them);
    tcase_add_test(cases, reads_no_text_with_any_one_bit_changed);
    tcase_add_test(cases, reads_no_text_written_in_another_way);
    tcase_add_test(cases, reads_nothing_signed_by_another);
    tcase_add_test(cases, tells_its_public_key_as_a_key_set);
    tcase_add_test(cases, will_not_start_with_a_qr_key_that_is_empty_or_short);
    return cases;
}
