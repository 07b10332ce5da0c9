/* SPDX-License-Identifier: Apache-2.0
 * The secrets, each as its digest and as a keyed context, made once. Texts are compared by their digests: not
 * even their length shows. All secrets are tried, whichever fits. */
#include "producers/webhooks/signature.h"

#include <string.h>

#include "shared/base/crypto.h"

enum { DIGEST = 32 };

struct secret {
    uint8_t digest[DIGEST];
    struct crypto_mac *mac;
};

struct signature_keys {
    enum signature_mode mode;
    size_t count;
    struct secret secrets[SIGNATURE_SECRETS];
};

static int secret_add(struct signature_keys *keys, struct span text, size_t least)
{
    if (text.size < least)
        return error_new(ERROR_SETTINGS,
                         "flutterwave_secrets: a secret has %zu bytes, at least %zu are needed", text.size,
                         least);
    if (keys->count == SIGNATURE_SECRETS)
        return error_new(ERROR_SETTINGS, "flutterwave_secrets: more than %d secrets", SIGNATURE_SECRETS);
    struct secret *secret = &keys->secrets[keys->count];
    TRY(crypto_mac_new(text, &secret->mac));
    crypto_sha256(text.data, text.size, secret->digest);
    keys->count++;
    return 0;
}

static bool blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

int signature_keys_new(struct span secrets, size_t least, enum signature_mode mode,
                       struct signature_keys **ret_keys)
{
    CLEANUP(signature_keys_free_cleanup) struct signature_keys *keys = memory_new(1, sizeof(*keys));
    keys->mode = mode;
    for (size_t at = 0, end; at < secrets.size; at = end + 1) {
        for (end = at; end < secrets.size && !blank(secrets.data[end]);)
            end++;
        if (end > at)
            TRY(secret_add(keys, (struct span){secrets.data + at, end - at}, least));
    }
    if (keys->count == 0)
        return error_new(ERROR_SETTINGS, "flutterwave_secrets: there is none");
    *ret_keys = take(keys);
    return 0;
}

void signature_keys_free(struct signature_keys *keys)
{
    if (!keys)
        return;
    for (size_t i = 0; i < keys->count; i++)
        crypto_mac_free(keys->secrets[i].mac);
    free(keys);
}

static bool fits_literally(const struct signature_keys *keys, struct span given)
{
    uint8_t digest[DIGEST];
    unsigned fits = 0;
    crypto_sha256(given.data, given.size, digest);
    for (size_t i = 0; i < keys->count; i++)
        fits |= crypto_same(digest, keys->secrets[i].digest, DIGEST);
    return fits != 0;
}

/* RFC 4648 section 4, from the alphabet of section 5. */
static void base64(const uint8_t tag[DIGEST], struct buf *to)
{
    crypto_base64url(tag, DIGEST, to);
    for (size_t i = 0; i < to->size; i++)
        if (to->data[i] == '-' || to->data[i] == '_')
            to->data[i] = to->data[i] == '-' ? '+' : '/';
    buf_byte(to, '=');
}

static void hex(const uint8_t tag[DIGEST], struct buf *to)
{
    char text[2 * DIGEST + 1];
    crypto_hex(tag, DIGEST, text);
    buf_text(to, text);
}

static bool fits_keyed(const struct signature_keys *keys, struct span given, struct span body)
{
    CLEANUP(buf_done) struct buf wanted = {0};
    unsigned fits = 0;
    for (size_t i = 0; i < keys->count; i++) {
        uint8_t tag[DIGEST];
        crypto_mac_parts(keys->secrets[i].mac, &body, 1, tag);
        buf_clear(&wanted);
        (keys->mode == SIGNATURE_HEX ? hex : base64)(tag, &wanted);
        fits |= wanted.size == given.size && crypto_same(wanted.data, given.data, given.size);
    }
    return fits != 0;
}

int signature_check(struct signature_keys *keys, const struct signed_body *given)
{
    if (!given->verif_hash.data && !given->signature.data)
        return SIGNATURE_MISSING;
    if (given->verif_hash.data && !fits_literally(keys, given->verif_hash))
        return SIGNATURE_WRONG;
    if (!given->signature.data)
        return 0;
    bool fits = keys->mode == SIGNATURE_LITERAL ? fits_literally(keys, given->signature)
                                                : fits_keyed(keys, given->signature, given->body);
    return fits ? 0 : SIGNATURE_WRONG;
}
