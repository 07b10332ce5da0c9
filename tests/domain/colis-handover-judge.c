/* SPDX-License-Identifier: Apache-2.0
 * Codes, links and QR texts on a pipe, for the second opinion in test_codes.py. A line is a question, its
 * words between spaces; keys are 64 hexadecimal digits. The answer is a line:
 *   code KEY BOOKING PURPOSE ISSUE            CODE
 *   link KEY BOOKING N                        LINK PRINCIPAL
 *   follow KEY LINK                           BOOKING N, or wrong
 *   qr SEED BOOKING PURPOSE ISSUE CODE        TEXT
 *   scan PUBLIC TEXT                          BOOKING PURPOSE ISSUE CODE, or wrong; PUBLIC: x of its JWK
 * Only a question of ours comes: a malformed one ends the program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/cleanup.h"
#include "shared/domain/code.h"
#include "shared/http/link.h"
#include "shared/http/qr.h"

enum { LINE = 1024, WORDS = 6 };

static void must(bool holds)
{
    if (!holds)
        exit(EXIT_FAILURE);
}

static void key_of(const char *text, uint8_t ret_key[CRYPTO_KEY])
{
    must(crypto_key_text(span_of(text), ret_key) == 0);
}

static struct id id_of(const char *text)
{
    struct id id;
    must(id_parse(span_of(text), &id) == 0);
    return id;
}

static void answer_code(char **words)
{
    struct code_key key;
    struct id booking = id_of(words[2]);
    char code[CODE_DIGITS + 1];
    int32_t purpose = choice_of(code_purpose_choices, span_of(words[3]));
    key_of(words[1], key.bytes);
    code_make(&key, &booking, purpose, strtoll(words[4], NULL, 10), code);
    must(code_right(&key, &booking, purpose, strtoll(words[4], NULL, 10), code));
    puts(code);
}

static void answer_link(char **words)
{
    struct link_key key;
    struct link link = {id_of(words[2]), strtoll(words[3], NULL, 10)};
    struct id principal;
    char text[LINK_TEXT];
    key_of(words[1], key.bytes);
    link_make(&key, &link, text);
    id_of_recipient(&link.booking, link.n, &principal);
    printf("%s %s\n", text, principal.text);
}

static void answer_follow(char **words)
{
    struct link_key key;
    struct link link;
    key_of(words[1], key.bytes);
    if (link_check(&key, span_of(words[2]), &link) != 0)
        puts("wrong");
    else
        printf("%s %lld\n", link.booking.text, (long long)link.n);
}

static void answer_qr(char **words)
{
    uint8_t seed[CRYPTO_KEY];
    CLEANUP(crypto_signer_free_cleanup) struct crypto_signer *signer = NULL;
    CLEANUP(buf_done) struct buf text = {0};
    struct qr qr = {.booking = id_of(words[2]),
                    .purpose = choice_of(code_purpose_choices, span_of(words[3])),
                    .issue = strtoll(words[4], NULL, 10)};
    key_of(words[1], seed);
    must(text_copy(qr.code, sizeof(qr.code), span_of(words[5])) == 0);
    must(crypto_signer_new(seed, &signer) == 0);
    qr_sign(signer, &qr, &text);
    puts(text.data);
}

static void answer_scan(char **words)
{
    CLEANUP(crypto_key_free_cleanup) struct crypto_key *key = NULL;
    struct qr qr;
    must(crypto_key_ed(span_of(words[1]), &key) == 0);
    if (qr_read(key, span_of(words[2]), &qr) != 0)
        puts("wrong");
    else
        printf("%s %s %lld %s\n", qr.booking.text, choice_text(code_purpose_choices, qr.purpose),
               (long long)qr.issue, qr.code);
}

static const struct {
    const char *word;
    int words;
    void (*answer)(char **words);
} rows[] = {
    {"code", 5, answer_code}, {"link", 4, answer_link}, {"follow", 3, answer_follow},
    {"qr", 6, answer_qr},     {"scan", 3, answer_scan},
};

static void answer(char *line)
{
    char *words[WORDS], *rest = NULL;
    int count = 0;
    for (char *word = strtok_r(line, " \n", &rest); word && count < WORDS;
         word = strtok_r(NULL, " \n", &rest))
        words[count++] = word;
    for (size_t row = 0; row < sizeof(rows) / sizeof(*rows); row++) {
        if (count != rows[row].words || strcmp(words[0], rows[row].word) != 0)
            continue;
        rows[row].answer(words);
        return;
    }
    must(false);
}

int main(void)
{
    char line[LINE];
    while (fgets(line, sizeof(line), stdin)) {
        answer(line);
        (void)fflush(stdout);
    }
    return EXIT_SUCCESS;
}
