/* SPDX-License-Identifier: Apache-2.0
 * The link of a recipient, who has no account: it is carried as a bearer token and speaks for the n-th
 * recipient of one booking (id_of_recipient), for nothing else and for as long as that recipient is the
 * booking's; who decides compares n. base64url(version 1, 16 bytes booking, 4 bytes n, 24 bytes
 * HMAC-SHA256(link key, "recipient link", booking, n)), parts length-prefixed. Nothing of it is kept. */
#ifndef COLIS_HTTP_LINK_H
#define COLIS_HTTP_LINK_H

#include "shared/base/crypto.h"
#include "shared/base/id.h"
#include "shared/base/settings.h"

enum { LINK_TEXT = 61, LINK_WRONG = 1 }; /* 45 bytes are 60 characters, and a NUL */

struct link_key {
    uint8_t bytes[CRYPTO_KEY];
};
extern const struct setting link_settings[]; /* link_key: secret, the same for ingress, query and notifier */
MUST_CHECK int link_key_read(struct link_key *ret_key); /* from the setting; ERROR_SETTINGS */

struct link {
    struct id booking;
    int64_t n; /* from 1; at most 2^32-1 */
};
void link_make(const struct link_key *key, const struct link *link, char ret_text[LINK_TEXT]);
/* Could this bearer token be a link? A JWT, whose header begins with a brace, never could. */
bool link_shaped(struct span token);
/* LINK_WRONG: not ours, in the same time wherever it differs. */
MUST_CHECK int link_check(const struct link_key *key, struct span token, struct link *ret_link);

#endif
