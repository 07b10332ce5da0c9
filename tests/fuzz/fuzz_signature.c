/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a webhook with its two signature headers: taken only when what is there fits one of the
 * secrets, worked out here by another way, and never when one that is there does not. The first byte chooses
 * what the header holds and which headers are right, made so from the body; a line each for those that are
 * not. */
#include <string.h>

#include "producers/webhooks/signature.h"
#include "shared/base/crypto.h"
#include "tests/fuzz/fuzz.h"

#define FIRST  "the-first-secret-of-the-provider"
#define SECOND "another-secret-while-it-takes-over"
enum {
    HOW_VERIF = 4,         /* the first line is verif-hash */
    HOW_VERIF_RIGHT = 8,   /* it is the secret */
    HOW_SIGNED = 16,       /* the next line is flutterwave-signature */
    HOW_SIGNED_RIGHT = 32, /* it is right */
    HOW_SECOND = 64,       /* by the second secret */
};

static struct signature_keys *keys[SIGNATURE_LITERAL + 1];
static struct crypto_mac *macs[2];

static void start(void)
{
    for (int mode = SIGNATURE_BASE64; mode <= SIGNATURE_LITERAL; mode++)
        LAW(signature_keys_new(SPAN(FIRST " \n" SECOND), 16, (enum signature_mode)mode, &keys[mode]) == 0);
    LAW(crypto_mac_new(SPAN(FIRST), &macs[0]) == 0 && crypto_mac_new(SPAN(SECOND), &macs[1]) == 0);
}

static struct span line(struct span *text)
{
    const char *end = text->size ? memchr(text->data, '\n', text->size) : NULL;
    struct span taken = {text->data, end ? (size_t)(end - text->data) : text->size};
    size_t step = taken.size + (end != NULL);
    *text = (struct span){text->data + step, text->size - step};
    return taken;
}

static void base64(const uint8_t tag[32], char to[45])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < 44; i++) {
        size_t bit = i * 6, byte = bit / 8;
        unsigned two = byte < 32 ? (unsigned)tag[byte] << 8 | (byte < 31 ? tag[byte + 1] : 0) : 0;
        to[i] = byte < 32 ? letters[two >> (10 - bit % 8) & 63] : '=';
    }
    to[44] = '\0';
}

/* What the header must be, of either secret. */
static const char *right(int mode, int which, struct span body, char to[65])
{
    uint8_t tag[32];
    if (mode == SIGNATURE_LITERAL)
        return which ? SECOND : FIRST;
    crypto_mac_parts(macs[which], &body, 1, tag);
    if (mode == SIGNATURE_BASE64)
        base64(tag, to);
    for (size_t i = 0; mode == SIGNATURE_HEX && i < sizeof(tag); i++)
        snprintf(to + 2 * i, 3, "%02x", tag[i]);
    return to;
}

static bool fits(int mode, struct span given, struct span body)
{
    char text[65];
    return span_is(given, right(mode, 0, body, text)) || span_is(given, right(mode, 1, body, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[65];
    if (size == 0)
        return 0;
    if (!macs[0])
        start();
    unsigned how = data[0];
    int mode = (int)(how % 3) + SIGNATURE_BASE64, which = (how & HOW_SECOND) != 0;
    struct span rest = {(const char *)data + 1, size - 1};
    struct signed_body given = {0};
    if (how & HOW_VERIF)
        given.verif_hash = line(&rest);
    if (how & HOW_SIGNED)
        given.signature = line(&rest);
    given.body = rest;
    if (how & HOW_VERIF_RIGHT)
        given.verif_hash = span_of(which ? SECOND : FIRST);
    if (how & HOW_SIGNED_RIGHT)
        given.signature = span_of(right(mode, which, rest, text));
    bool wrong = (given.verif_hash.data && !fits(SIGNATURE_LITERAL, given.verif_hash, rest)) ||
                 (given.signature.data && !fits(mode, given.signature, rest));
    int wanted = !given.verif_hash.data && !given.signature.data ? SIGNATURE_MISSING
                 : wrong                                         ? SIGNATURE_WRONG
                                                                 : 0;
    LAW(signature_check(keys[mode], &given) == wanted);
    return 0;
}
