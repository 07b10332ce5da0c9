/* SPDX-License-Identifier: Apache-2.0
 * shared/base/crypto.h without the keys: digests, HMAC, random bytes, hexadecimal, base64url,
 * against the vectors of FIPS 180-4, RFC 4231 and RFC 4648. */
#include "shared/base/crypto.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/base/cases.h"

static void expect_hex(const uint8_t *bytes, size_t size, const char *expected)
{
    char text[129];
    ck_assert_uint_le(size, 64);
    crypto_hex(bytes, size, text);
    ck_assert_str_eq(text, expected);
}

START_TEST(digests_as_the_standard_says)
{
    uint8_t digest[32];
    crypto_sha256("", 0, digest);
    expect_hex(digest, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    crypto_sha256(NULL, 0, digest);
    expect_hex(digest, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    crypto_sha256("abc", 3, digest);
    expect_hex(digest, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
END_TEST

START_TEST(digests_parts_as_if_they_were_one)
{
    uint8_t digest[32];
    const struct span parts[] = {SPAN("a"), SPAN(""), {NULL, 0}, SPAN("bc")};
    crypto_sha256_parts(parts, 4, digest);
    expect_hex(digest, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    crypto_sha256_parts(NULL, 0, digest);
    expect_hex(digest, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
END_TEST

static void *digest_thread(void *ret_digest)
{
    for (int round = 0; round < 1000; round++)
        crypto_sha256("abc", 3, ret_digest);
    return NULL;
}

START_TEST(digests_in_several_threads_at_once)
{
    pthread_t threads[4];
    uint8_t digests[4][32];
    for (int at = 0; at < 4; at++)
        ck_assert_int_eq(pthread_create(&threads[at], NULL, digest_thread, digests[at]), 0);
    for (int at = 0; at < 4; at++) {
        ck_assert_int_eq(pthread_join(threads[at], NULL), 0);
        expect_hex(digests[at], 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
END_TEST

START_TEST(compares_secrets_whole)
{
    ck_assert(crypto_same("abc", "abd", 2));
    ck_assert(!crypto_same("abc", "abd", 3));
    ck_assert(crypto_same("x", "y", 0));
}
END_TEST

static void expect_tag(struct span key, const struct span *parts, size_t count, const char *expected)
{
    CLEANUP(crypto_mac_free_cleanup) struct crypto_mac *mac = NULL;
    ck_assert_int_eq(crypto_mac_new(key, &mac), 0);
    for (int round = 0; round < 3; round++) { /* re-initialised, not keyed again */
        uint8_t tag[32];
        crypto_mac_parts(mac, parts, count, tag);
        expect_hex(tag, 32, expected);
    }
}

START_TEST(tags_messages_as_rfc_4231_says)
{
    char key1[20], key6[131];
    memset(key1, 0x0b, sizeof key1);
    memset(key6, 0xaa, sizeof key6);
    expect_tag((struct span){key1, sizeof key1}, &SPAN("Hi There"), 1,
               "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    const struct span parts[] = {SPAN("what do ya want "), {NULL, 0}, SPAN("for nothing?")};
    expect_tag(SPAN("Jefe"), parts, 3, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    expect_tag((struct span){key6, sizeof key6},
               &SPAN("Test Using Larger Than Block-Size Key - Hash Key First"), 1,
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}
END_TEST

START_TEST(keeps_two_keyed_contexts_apart)
{
    CLEANUP(crypto_mac_free_cleanup) struct crypto_mac *one = NULL;
    CLEANUP(crypto_mac_free_cleanup) struct crypto_mac *other = NULL;
    uint8_t tags[3][32];
    ck_assert_int_eq(crypto_mac_new(SPAN("one"), &one), 0);
    ck_assert_int_eq(crypto_mac_new(SPAN("other"), &other), 0);
    crypto_mac_parts(one, &SPAN("x"), 1, tags[0]);
    crypto_mac_parts(other, &SPAN("x"), 1, tags[1]);
    crypto_mac_parts(one, &SPAN("x"), 1, tags[2]);
    ck_assert(!crypto_same(tags[0], tags[1], 32));
    ck_assert(crypto_same(tags[0], tags[2], 32));
}
END_TEST

START_TEST(refuses_an_empty_key)
{
    struct crypto_mac *mac = NULL;
    ck_assert_int_eq(crypto_mac_new(SPAN(""), &mac), ERROR_SETTINGS);
    ck_assert_ptr_null(mac);
    crypto_mac_free(NULL);
}
END_TEST

START_TEST(draws_other_bytes_each_time)
{
    uint8_t small[2][16], large[2][300];
    for (int round = 0; round < 2000; round++) { /* past the end of several pools */
        crypto_random(small[round % 2], 16);
        ck_assert(!crypto_same(small[0], small[1], 16));
    }
    crypto_random(large[0], 300);
    crypto_random(large[1], 300);
    ck_assert(!crypto_same(large[0], large[1], 300));
    crypto_random(small[0], 0);
}
END_TEST

START_TEST(draws_every_bit)
{
    uint8_t zeros[33], ones[33], bytes[33];
    memset(zeros, 0, sizeof zeros);
    memset(ones, 0xff, sizeof ones);
    for (int round = 0; round < 1000; round++) {
        crypto_random(bytes, sizeof bytes);
        for (size_t at = 0; at < sizeof bytes; at++) {
            zeros[at] |= bytes[at];
            ones[at] &= bytes[at];
        }
    }
    for (size_t at = 0; at < sizeof bytes; at++) {
        ck_assert_int_eq(zeros[at], 0xff);
        ck_assert_int_eq(ones[at], 0);
    }
}
END_TEST

START_TEST(draws_other_bytes_in_a_forked_child)
{
    uint8_t here[16], there[16];
    int ends[2];
    crypto_random(here, 16); /* the pool is full before the fork */
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        crypto_random(there, 16);
        _exit(write(ends[1], there, 16) == 16 ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(read(ends[0], there, 16), 16);
    crypto_random(here, 16);
    ck_assert(!crypto_same(here, there, 16));
}
END_TEST

START_TEST(reads_hexadecimal_of_either_case)
{
    uint8_t bytes[4];
    ck_assert_int_eq(crypto_unhex(SPAN("00fFaB19"), bytes, 4), 0);
    expect_hex(bytes, 4, "00ffab19");
    ck_assert_int_eq(crypto_unhex(SPAN(""), bytes, 0), 0);
    expect_hex(bytes, 0, "");
}
END_TEST

START_TEST(refuses_what_is_not_exactly_so_much_hexadecimal)
{
    static const char *const texts[] = {"",         "00ffab1",  "00ffab190", "00ffab1900", "00ffab1g",
                                        "00ffab1 ", "0x00ffab", "00ffab1@",  "00ffab1`",   "00ffab1\xc1"};
    for (size_t at = 0; at < sizeof texts / sizeof texts[0]; at++) {
        uint8_t bytes[4] = {1, 2, 3, 4};
        ck_assert_msg(crypto_unhex(span_of(texts[at]), bytes, 4) == CRYPTO_MALFORMED, "%s", texts[at]);
        expect_hex(bytes, 4, "01020304");
    }
}
END_TEST

START_TEST(writes_base64url_without_padding)
{
    static const char *const rows[][2] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbf", "-_-_"}};
    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        CLEANUP(buf_done) struct buf text = {0};
        buf_text(&text, "=");
        crypto_base64url(rows[at][0], strlen(rows[at][0]), &text);
        ck_assert_str_eq(text.data + 1, rows[at][1]);
        uint8_t bytes[8];
        size_t size;
        ck_assert_int_eq(crypto_unbase64url(span_of(rows[at][1]), bytes, sizeof bytes, &size), 0);
        ck_assert_uint_eq(size, strlen(rows[at][0]));
        ck_assert(memcmp(bytes, rows[at][0], size) == 0);
    }
}
END_TEST

START_TEST(reads_back_what_it_wrote_at_every_size)
{
    uint8_t bytes[200], back[200];
    crypto_random(bytes, sizeof bytes);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        CLEANUP(buf_done) struct buf text = {0};
        size_t back_size = 999;
        crypto_base64url(bytes, size, &text);
        ck_assert_uint_eq(text.size, (size * 4 + 2) / 3);
        ck_assert_int_eq(crypto_unbase64url(buf_as_span(&text), back, size, &back_size), 0);
        ck_assert_uint_eq(back_size, size);
        ck_assert(memcmp(back, bytes, size) == 0);
    }
}
END_TEST

START_TEST(refuses_every_loose_form_of_base64url)
{
    static const char *const texts[] = {"Z",    "A",     "Zm9vA",  "Zg=",          "Zg==",    "Zm9vY",
                                        "Zh",   "Zm9",   "Zm9vYh", "Zm+v",         "Zm/v",    "Zm9 ",
                                        " Zm9", "Zm\n9", "Zm9.",   "Zm9v\xc3\xa9", "Zm9vYmE="};
    for (size_t at = 0; at < sizeof texts / sizeof texts[0]; at++) {
        uint8_t bytes[16];
        size_t size = 77;
        ck_assert_msg(crypto_unbase64url(span_of(texts[at]), bytes, sizeof bytes, &size) == CRYPTO_MALFORMED,
                      "%s", texts[at]);
        ck_assert_uint_eq(size, 77);
    }
}
END_TEST

START_TEST(refuses_base64url_that_does_not_fit)
{
    uint8_t bytes[6];
    size_t size;
    ck_assert_int_eq(crypto_unbase64url(SPAN("Zm9vYmFy"), bytes, 5, &size), CRYPTO_MALFORMED);
    ck_assert_int_eq(crypto_unbase64url(SPAN("Zm9vYmFy"), bytes, 6, &size), 0);
    ck_assert_uint_eq(size, 6);
    ck_assert_int_eq(crypto_unbase64url(SPAN("Zg"), NULL, 0, &size), CRYPTO_MALFORMED);
}
END_TEST

/* python3: hmac.digest(bytes(range(32)), b"".join(struct.pack(">Q", len(p)) + p for p in parts), "sha256") */
START_TEST(tags_parts_behind_their_lengths)
{
    const struct span parts[] = {SPAN("a"), SPAN(""), SPAN("bc")},
                      moved[] = {SPAN("ab"), SPAN(""), SPAN("c")};
    uint8_t key[CRYPTO_KEY], tag[32], other[32];
    for (size_t at = 0; at < sizeof key; at++)
        key[at] = (uint8_t)at;
    crypto_hmac_prefixed(key, parts, 3, tag);
    expect_hex(tag, 32, "c1c38719f83f4d84a09acce97a3178169385066ec274419300291e282f5401c9");
    crypto_hmac_prefixed(key, moved, 3, other);
    ck_assert(memcmp(tag, other, sizeof tag) != 0);
    crypto_hmac_prefixed(key, NULL, 0, tag);
    expect_hex(tag, 32, "d38b42096d80f45f826b44a9d5607de72496a415d3f4a1a8c88e3bb9da8dc1cb");
}
END_TEST

START_TEST(tags_without_a_context_as_with_one)
{
    CLEANUP(crypto_mac_free_cleanup) struct crypto_mac *mac = NULL;
    uint8_t key[CRYPTO_KEY], data[100], tag[32], other[32];
    for (size_t size = 0; size <= sizeof data; size++) {
        const uint8_t length[8] = {[7] = (uint8_t)size};
        const struct span whole = {(const char *)data, size}, pieces[] = {{(const char *)length, 8}, whole};
        crypto_random(key, sizeof key);
        crypto_random(data, sizeof data);
        ck_assert_int_eq(crypto_mac_new((struct span){(const char *)key, sizeof key}, &mac), 0);
        crypto_mac_parts(mac, pieces, 2, other);
        crypto_hmac_prefixed(key, &whole, 1, tag);
        ck_assert(memcmp(tag, other, sizeof tag) == 0);
        crypto_mac_free(take(mac));
    }
}
END_TEST

START_TEST(reads_a_key_as_people_write_it)
{
    static const char *const texts[] = {"fbff00000000000000000000000000000000000000000000000000000000abcd",
                                        "FBFF00000000000000000000000000000000000000000000000000000000ABCD",
                                        "-_8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAq80",
                                        "+/8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAq80="};
    for (size_t at = 0; at < sizeof texts / sizeof texts[0]; at++) {
        uint8_t key[CRYPTO_KEY];
        ck_assert_msg(crypto_key_text(span_of(texts[at]), key) == 0, "%s", texts[at]);
        expect_hex(key, sizeof key, texts[0]);
    }
}
END_TEST

START_TEST(refuses_a_key_that_is_not_exactly_32_bytes)
{
    static const char *const texts[] = {"",
                                        "00",
                                        "fbff000000000000000000000000000000000000000000000000000000abcd",
                                        "fbff00000000000000000000000000000000000000000000000000000000abcd00",
                                        "fbff00000000000000000000000000000000000000000000000000000000abcg",
                                        "-_8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAq8",
                                        "-_8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAq81",
                                        "-_8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAq80A",
                                        "-_8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAq80==",
                                        " _8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAq80"};
    for (size_t at = 0; at < sizeof texts / sizeof texts[0]; at++) {
        uint8_t key[CRYPTO_KEY];
        ck_assert_msg(crypto_key_text(span_of(texts[at]), key) == CRYPTO_MALFORMED, "%s", texts[at]);
    }
}
END_TEST

TCase *crypto_cases(void)
{
    TCase *cases = tcase_create("crypto");
    tcase_add_test(cases, digests_as_the_standard_says);
    tcase_add_test(cases, digests_parts_as_if_they_were_one);
    tcase_add_test(cases, digests_in_several_threads_at_once);
    tcase_add_test(cases, compares_secrets_whole);
    tcase_add_test(cases, tags_messages_as_rfc_4231_says);
    tcase_add_test(cases, keeps_two_keyed_contexts_apart);
    tcase_add_test(cases, refuses_an_empty_key);
    tcase_add_test(cases, tags_parts_behind_their_lengths);
    tcase_add_test(cases, tags_without_a_context_as_with_one);
    tcase_add_test(cases, reads_a_key_as_people_write_it);
    tcase_add_test(cases, refuses_a_key_that_is_not_exactly_32_bytes);
    tcase_add_test(cases, draws_other_bytes_each_time);
    tcase_add_test(cases, draws_every_bit);
    tcase_add_test(cases, draws_other_bytes_in_a_forked_child);
    tcase_add_test(cases, reads_hexadecimal_of_either_case);
    tcase_add_test(cases, refuses_what_is_not_exactly_so_much_hexadecimal);
    tcase_add_test(cases, writes_base64url_without_padding);
    tcase_add_test(cases, reads_back_what_it_wrote_at_every_size);
    tcase_add_test(cases, refuses_every_loose_form_of_base64url);
    tcase_add_test(cases, refuses_base64url_that_does_not_fit);
    return cases;
}
