/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a recipient's link, as a QR text and as the receipt of a command: what is taken would be
 * written as these very bytes, so there is one text for one meaning, and nobody but the keys' owner writes
 * it. */
#include <string.h>

#include "shared/base/cleanup.h"
#include "shared/http/link.h"
#include "shared/http/qr.h"
#include "shared/http/receipt.h"
#include "tests/fuzz/fuzz.h"

static const uint8_t counting[CRYPTO_KEY] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                             16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

static void look_at_link(struct span text)
{
    struct link_key key;
    struct link link;
    char again[LINK_TEXT];
    memcpy(key.bytes, counting, sizeof(counting));
    if (link_check(&key, text, &link) != 0)
        return;
    link_make(&key, &link, again);
    LAW(text.size == LINK_TEXT - 1 && memcmp(text.data, again, text.size) == 0);
}

static void look_at_qr(struct span text)
{
    static struct crypto_signer *signer;
    static struct crypto_key *key;
    CLEANUP(buf_done) struct buf again = {0};
    struct qr qr;
    if (!key) {
        LAW(crypto_signer_new(counting, &signer) == 0);
        LAW(crypto_key_ed(SPAN("A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"), &key) == 0);
    }
    if (qr_read(key, text, &qr) != 0)
        return;
    qr_sign(signer, &qr, &again);
    LAW(text.size == again.size && memcmp(text.data, again.data, text.size) == 0);
}

static char *environment(const char *name)
{
    return strcmp(name, "COLIS_SERVER_KEY") == 0 ? (char *)"0123456789abcdef0123456789abcdef" : NULL;
}

/* Of one command and person; the same text is nobody else's. */
static void look_at_receipt(struct span text)
{
    static const struct setting *const tables[] = {receipt_settings, NULL};
    static struct receipt_keeper *keeper;
    struct receipt receipt = {.command = {"11111111-1111-8111-8111-111111111111"},
                              .person = {"22222222-2222-4222-8222-222222222222"}};
    char again[RECEIPT_TEXT], *words[] = {(char *)"fuzz", NULL};
    if (!keeper) {
        LAW(settings_read(tables, 1, words, environment) == 0);
        LAW(receipt_keeper_new(&keeper) == 0);
    }
    if (receipt_check(keeper, text, &receipt) != 0)
        return;
    receipt_sign(keeper, &receipt, again);
    LAW(text.size == RECEIPT_TEXT - 1 && memcmp(text.data, again, text.size) == 0);
    receipt.person.text[0] = '3';
    LAW(receipt_check(keeper, text, &receipt) == RECEIPT_WRONG);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};
    look_at_link(text);
    look_at_qr(text);
    look_at_receipt(text);
    return 0;
}
