/* SPDX-License-Identifier: Apache-2.0
 * Making and checking a recipient's link. A check is one digest over a hundred bytes: nothing worth a cache.
 * What is tagged here is a promise to every link in a mailbox: it never changes. */
#include "shared/http/link.h"

#include <stdio.h>
#include <string.h>

#include "shared/base/error.h"

enum { VERSION = 1, BOOKING_AT = 1, N_AT = 17, TAG_AT = 21, SIZE = 45, TAG_SIZE = SIZE - TAG_AT };

static char link_key[65];

const struct setting link_settings[] = {
    {.name = "link_key",
     .kind = SETTING_TEXT,
     .fallback = NULL,
     .min = 1,
     .max = sizeof(link_key) - 1,
     .secret = true,
     .help = "makes recipients' links; the same for ingress, query and notifier: 32 bytes, in hexadecimal or "
             "base64",
     .target = link_key,
     .size = sizeof(link_key)},
    {0},
};

int link_key_read(struct link_key *ret_key)
{
    if (crypto_key_text(span_of(link_key), ret_key->bytes) != 0)
        return error_new(ERROR_SETTINGS, "link_key must be 32 bytes, in hexadecimal or base64");
    return 0;
}

static void tag(const struct link_key *key, const struct link *link, uint8_t ret_tag[TAG_SIZE])
{
    char n[24];
    uint8_t whole[32];
    snprintf(n, sizeof(n), "%lld", (long long)link->n);
    const struct span parts[] = {SPAN("recipient link"), span_of(link->booking.text), span_of(n)};
    crypto_hmac_prefixed(key->bytes, parts, sizeof(parts) / sizeof(*parts), whole);
    memcpy(ret_tag, whole, TAG_SIZE);
}

void link_make(const struct link_key *key, const struct link *link, char ret_text[LINK_TEXT])
{
    uint8_t bytes[SIZE] = {VERSION};
    CLEANUP(buf_done) struct buf text = {0};
    id_to_bytes(&link->booking, bytes + BOOKING_AT);
    for (int at = 0; at < TAG_AT - N_AT; at++)
        bytes[N_AT + at] = (uint8_t)((uint64_t)link->n >> (24 - 8 * at));
    tag(key, link, bytes + TAG_AT);
    crypto_base64url(bytes, SIZE, &text);
    memcpy(ret_text, text.data, LINK_TEXT);
}

bool link_shaped(struct span token)
{
    return token.size == LINK_TEXT - 1 && token.data[0] == 'A'; /* the upper six bits of the version */
}

int link_check(const struct link_key *key, struct span token, struct link *ret_link)
{
    uint8_t bytes[SIZE], wanted[TAG_SIZE];
    size_t size;
    struct link link = {0};
    if (!link_shaped(token) || crypto_unbase64url(token, bytes, SIZE, &size) != 0 || bytes[0] != VERSION)
        return LINK_WRONG;
    id_from_bytes(bytes + BOOKING_AT, &link.booking);
    for (int at = N_AT; at < TAG_AT; at++)
        link.n = link.n << 8 | bytes[at];
    tag(key, &link, wanted);
    if (!crypto_same(wanted, bytes + TAG_AT, TAG_SIZE) || link.n == 0)
        return LINK_WRONG;
    *ret_link = link;
    return 0;
}
