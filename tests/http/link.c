/* SPDX-License-Identifier: Apache-2.0
 * Recipients' links. The vectors were computed by Python, which shares no code with ours:
 *   parts = ["recipient link", booking, str(n)]
 *   said = b"".join(struct.pack(">Q", len(part)) + part.encode() for part in parts)
 *   tag = hmac.digest(bytes(range(32)), said, "sha256")[:24]
 *   base64.urlsafe_b64encode(b"\x01" + uuid.UUID(booking).bytes + struct.pack(">I", n) + tag) */
#include "shared/http/link.h"

#include <string.h>

#include "shared/base/error.h"
#include "tests/http/cases.h"
#include "tests/http/mint.h"

#define COUNTING "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define BOOKING  "8c1e0000-0000-8000-8000-000000000001"
#define FIRST    "AYweAAAAAIAAgAAAAAAAAAEAAAAB1hO4CrjLKYySOU1W7IuWwr00VXbwyHTE"

static const struct {
    int64_t n;
    const char *text;
} rows[] = {
    {1, FIRST},
    {2, "AYweAAAAAIAAgAAAAAAAAAEAAAAC9Qg_eOYO2DU3654d1prXXKOLaRO1u81I"},
    {UINT32_MAX, "AYweAAAAAIAAgAAAAAAAAAH_____aOQAnPVuzhdU2hGE8A7WhudwB3k2Fgea"},
};

static const char *key_given;

static char *environment(const char *name)
{
    return strcmp(name, "COLIS_LINK_KEY") == 0 ? (char *)key_given : NULL;
}

static int set_key(const char *text)
{
    const struct setting *tables[] = {link_settings, NULL};
    char *arguments[] = {(char *)"test"};
    key_given = text;
    return settings_read(tables, 1, arguments, environment);
}

static struct link_key key_of(const char *text)
{
    struct link_key key;
    ck_assert_int_eq(set_key(text), 0);
    ck_assert_int_eq(link_key_read(&key), 0);
    return key;
}

START_TEST(makes_the_links_python_makes)
{
    struct link_key key = key_of(COUNTING);
    for (size_t row = 0; row < sizeof(rows) / sizeof(*rows); row++) {
        struct link link = {{BOOKING}, rows[row].n}, found;
        char text[LINK_TEXT];
        link_make(&key, &link, text);
        ck_assert_str_eq(text, rows[row].text);
        ck_assert_int_eq(link_check(&key, span_of(text), &found), 0);
        ck_assert_str_eq(found.booking.text, BOOKING);
        ck_assert_int_eq(found.n, rows[row].n);
    }
}
END_TEST

START_TEST(refuses_a_link_with_any_character_changed_or_missing)
{
    struct link_key key = key_of(COUNTING);
    struct link found;
    char text[LINK_TEXT + 1];
    for (size_t at = 0; at < LINK_TEXT - 1; at++) {
        for (const char *other = "A-z9_"; *other; other++) {
            memcpy(text, FIRST, LINK_TEXT);
            if (text[at] == *other)
                continue;
            text[at] = *other;
            ck_assert_msg(link_check(&key, span_of(text), &found) == LINK_WRONG, "%s", text);
        }
        ck_assert_int_eq(link_check(&key, (struct span){FIRST, at}, &found), LINK_WRONG);
    }
    ck_assert_int_eq(link_check(&key, SPAN(FIRST "A"), &found), LINK_WRONG);
    ck_assert_int_eq(link_check(&key, SPAN(FIRST "="), &found), LINK_WRONG);
}
END_TEST

START_TEST(refuses_a_link_with_any_one_bit_changed)
{
    struct link_key key = key_of(COUNTING);
    uint8_t bytes[45];
    size_t size;
    struct link found;
    ck_assert_int_eq(crypto_unbase64url(SPAN(FIRST), bytes, sizeof(bytes), &size), 0);
    for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
        CLEANUP(buf_done) struct buf text = {0};
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        crypto_base64url(bytes, sizeof(bytes), &text);
        ck_assert_msg(link_check(&key, buf_as_span(&text), &found) == LINK_WRONG, "bit %zu", bit);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}
END_TEST

START_TEST(refuses_a_link_of_another_key)
{
    struct link_key other = key_of("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1e");
    struct link found;
    ck_assert_int_eq(link_check(&other, SPAN(FIRST), &found), LINK_WRONG);
}
END_TEST

START_TEST(refuses_a_link_of_nobody)
{
    struct link_key key = key_of(COUNTING);
    struct link nobody = {{BOOKING}, 0}, found;
    char text[LINK_TEXT];
    link_make(&key, &nobody, text);
    ck_assert_int_eq(link_check(&key, span_of(text), &found), LINK_WRONG);
}
END_TEST

START_TEST(will_not_start_with_a_link_key_that_is_empty_or_short)
{
    static const char *const keys[] = {"short", "0001020304", COUNTING "00",
                                       "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e"};
    struct link_key key;
    ck_assert_int_eq(set_key(NULL), ERROR_SETTINGS);
    ck_assert_int_eq(set_key(""), ERROR_SETTINGS);
    for (size_t at = 0; at < sizeof(keys) / sizeof(*keys); at++)
        if (set_key(keys[at]) == 0)
            ck_assert_int_eq(link_key_read(&key), ERROR_SETTINGS);
}
END_TEST

/* --- beside access tokens --- */

static struct token_checker *checker_with_links(void)
{
    struct token_checker *checker = NULL;
    ck_assert_int_eq(set_key(COUNTING), 0);
    ck_assert_int_eq(mint_checker(MINT_SECRET, NULL, &checker), 0);
    ck_assert_int_eq(token_take_links(checker), 0);
    return checker;
}

START_TEST(a_link_is_taken_as_a_bearer_token)
{
    CLEANUP(token_checker_free_cleanup) struct token_checker *checker = checker_with_links();
    struct token_claims claims;
    const char *reason;
    ck_assert_int_eq(token_check(checker, SPAN("Bearer " FIRST), MINT_NOW_MS, &claims, &reason), 0);
    ck_assert_str_eq(claims.role, "recipient");
    ck_assert_str_eq(claims.subject.text, "71a1087c-9641-8333-a6fd-b4963186e04d"); /* as in tests/base/id.c */
    ck_assert_str_eq(claims.booking.text, BOOKING);
    ck_assert_int_eq(claims.recipient_n, 1);
    ck_assert(id_none(&claims.session));
}
END_TEST

START_TEST(a_wrong_link_is_no_token)
{
    CLEANUP(token_checker_free_cleanup) struct token_checker *checker = checker_with_links();
    CLEANUP(buf_done) struct buf text = {0};
    struct token_claims claims;
    const char *reason;
    buf_text(&text, "Bearer " FIRST);
    text.data[text.size - 1] = 'F';
    ck_assert_int_eq(token_check(checker, buf_as_span(&text), MINT_NOW_MS, &claims, &reason), TOKEN_REFUSED);
    ck_assert_str_eq(reason, "link is wrong");
}
END_TEST

START_TEST(a_person_keeps_being_one_beside_links)
{
    CLEANUP(token_checker_free_cleanup) struct token_checker *checker = checker_with_links();
    CLEANUP(buf_done) struct buf token = {0};
    struct token_claims claims;
    const char *reason;
    mint_good(&token);
    for (int turn = 0; turn < 2; turn++) { /* verified, then remembered */
        ck_assert_int_eq(token_check(checker, buf_as_span(&token), MINT_NOW_MS, &claims, &reason), 0);
        ck_assert_str_eq(claims.role, "person");
        ck_assert(id_none(&claims.booking));
        ck_assert_int_eq(claims.recipient_n, 0);
    }
}
END_TEST

START_TEST(a_link_is_nothing_where_links_are_not_taken)
{
    CLEANUP(token_checker_free_cleanup) struct token_checker *checker = NULL;
    struct token_claims claims;
    const char *reason;
    ck_assert_int_eq(mint_checker(MINT_SECRET, NULL, &checker), 0);
    ck_assert_int_eq(token_check(checker, SPAN("Bearer " FIRST), MINT_NOW_MS, &claims, &reason),
                     TOKEN_REFUSED);
}
END_TEST

TCase *link_cases(void)
{
    TCase *cases = tcase_create("link");
    tcase_add_test(cases, makes_the_links_python_makes);
    tcase_add_test(cases, refuses_a_link_with_any_character_changed_or_missing);
    tcase_add_test(cases, refuses_a_link_with_any_one_bit_changed);
    tcase_add_test(cases, refuses_a_link_of_another_key);
    tcase_add_test(cases, refuses_a_link_of_nobody);
    tcase_add_test(cases, will_not_start_with_a_link_key_that_is_empty_or_short);
    tcase_add_test(cases, a_link_is_taken_as_a_bearer_token);
    tcase_add_test(cases, a_wrong_link_is_no_token);
    tcase_add_test(cases, a_person_keeps_being_one_beside_links);
    tcase_add_test(cases, a_link_is_nothing_where_links_are_not_taken);
    return cases;
}
