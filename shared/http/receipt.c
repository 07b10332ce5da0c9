/* SPDX-License-Identifier: Apache-2.0
 * Fingerprints and receipts under one server key. Every part is length-prefixed and the first part names the
 * use, so no fingerprint can be passed off as a receipt. It keeps nothing: any instance can check any
 * receipt. */
#include "shared/http/receipt.h"

#include <string.h>

#include "shared/base/error.h"

enum { VERSION = 1, TIME_AT = 1, FINGERPRINT_AT = 9, TAG_AT = 25, SIZE = 41, PART_SIZE = 16, PARTS = 4 };

static char server_key[257];

const struct setting receipt_settings[] = {
    {.name = "server_key",
     .kind = SETTING_TEXT,
     .fallback = NULL,
     .min = 32,
     .max = sizeof(server_key) - 1,
     .secret = true,
     .help = "signs receipts and fingerprints; the same for every ingress and query, at least 32 bytes",
     .target = server_key,
     .size = sizeof(server_key)},
    {0},
};

struct receipt_keeper {
    struct crypto_mac *mac;
    struct buf signed_text; /* reused */
};

int receipt_keeper_new(struct receipt_keeper **ret_keeper)
{
    struct span key = span_of(server_key);
    if (key.size < 32)
        return error_new(ERROR_SETTINGS, "server_key must have at least 32 bytes");
    CLEANUP(receipt_keeper_free_cleanup) struct receipt_keeper *keeper = memory_new(1, sizeof(*keeper));
    TRY(crypto_mac_new(key, &keeper->mac));
    *ret_keeper = take(keeper);
    return 0;
}

void receipt_keeper_free(struct receipt_keeper *keeper)
{
    if (!keeper)
        return;
    crypto_mac_free(keeper->mac);
    buf_done(&keeper->signed_text);
    free(keeper);
}

static void big_endian(uint64_t value, uint8_t ret_bytes[8])
{
    for (int i = 7; i >= 0; i--, value >>= 8)
        ret_bytes[i] = (uint8_t)value;
}

/* All parts side by side first: a digest pays more for being called than for a few bytes. */
static void tag(struct receipt_keeper *keeper, const struct span *parts, size_t count,
                uint8_t ret_tag[PART_SIZE])
{
    struct buf *text = &keeper->signed_text;
    uint8_t size[8], whole[32];
    buf_clear(text);
    for (size_t i = 0; i < count; i++) {
        big_endian(parts[i].size, size);
        buf_append(text, size, sizeof size);
        buf_span(text, parts[i]);
    }
    crypto_mac_parts(keeper->mac, &(struct span){text->data, text->size}, 1, whole);
    memcpy(ret_tag, whole, PART_SIZE);
}

void receipt_fingerprint(struct receipt_keeper *keeper, struct span method, struct span path,
                         struct span data, uint8_t ret_fingerprint[16])
{
    const struct span parts[PARTS] = {SPAN("fingerprint"), method, path, data};
    tag(keeper, parts, PARTS, ret_fingerprint);
}

static void seal(struct receipt_keeper *keeper, const struct receipt *receipt, const uint8_t bytes[SIZE],
                 uint8_t ret_tag[PART_SIZE])
{
    const struct span parts[PARTS] = {SPAN("receipt"),
                                      span_of(receipt->command.text),
                                      span_of(receipt->person.text),
                                      {(const char *)bytes, TAG_AT}};
    tag(keeper, parts, PARTS, ret_tag);
}

void receipt_sign(struct receipt_keeper *keeper, const struct receipt *receipt, char ret_text[RECEIPT_TEXT])
{
    uint8_t bytes[SIZE] = {VERSION};
    CLEANUP(buf_done) struct buf text = {0};
    big_endian((uint64_t)receipt->accepted_ms, bytes + TIME_AT);
    memcpy(bytes + FINGERPRINT_AT, receipt->fingerprint, PART_SIZE);
    seal(keeper, receipt, bytes, bytes + TAG_AT);
    crypto_base64url(bytes, SIZE, &text);
    memcpy(ret_text, text.data, RECEIPT_TEXT);
}

int receipt_check(struct receipt_keeper *keeper, struct span text, struct receipt *receipt)
{
    uint8_t bytes[SIZE], wanted[PART_SIZE];
    size_t size;
    if (crypto_unbase64url(text, bytes, SIZE, &size) != 0 || size != SIZE || bytes[0] != VERSION)
        return RECEIPT_WRONG;
    seal(keeper, receipt, bytes, wanted);
    if (!crypto_same(wanted, bytes + TAG_AT, PART_SIZE))
        return RECEIPT_WRONG;
    uint64_t accepted = 0;
    for (int i = TIME_AT; i < FINGERPRINT_AT; i++)
        accepted = accepted << 8 | bytes[i];
    receipt->accepted_ms = (int64_t)accepted;
    memcpy(receipt->fingerprint, bytes + FINGERPRINT_AT, PART_SIZE);
    return 0;
}
