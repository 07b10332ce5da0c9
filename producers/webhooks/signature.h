/* SPDX-License-Identifier: Apache-2.0
 * Was it the provider who sent this? Flutterwave v3 sends the secret itself (verif-hash: bound to nothing),
 * v4 a keyed digest of the body (flutterwave-signature). Either will do; one that is there and wrong refuses
 * the request whatever the other says. Every comparison takes the same time for any input of a size. */
#ifndef COLIS_PRODUCERS_WEBHOOKS_SIGNATURE_H
#define COLIS_PRODUCERS_WEBHOOKS_SIGNATURE_H

#include "shared/base/buf.h"
#include "shared/base/cleanup.h"

/* What flutterwave-signature holds: base64 or hexadecimal digits of HMAC-SHA256(secret, body), or, as the
 * provider's older pages have it, the secret itself. */
enum signature_mode { SIGNATURE_BASE64 = 1, SIGNATURE_HEX, SIGNATURE_LITERAL };
enum { SIGNATURE_SECRETS = 4 };

struct signature_keys;
/* secrets: one, or several with white space between while one takes over from another; SIGNATURE_SECRETS at
 * most, each of least bytes or more: else ERROR_SETTINGS. */
MUST_CHECK int signature_keys_new(struct span secrets, size_t least, enum signature_mode mode,
                                  struct signature_keys **ret_keys);
void signature_keys_free(struct signature_keys *keys);
DEFINE_CLEANUP(struct signature_keys, signature_keys_free)

struct signed_body {
    struct span verif_hash, signature; /* the headers' values; data NULL where absent */
    struct span body;                  /* as it came */
};
enum { SIGNATURE_MISSING = 1, SIGNATURE_WRONG = 2 };
MUST_CHECK int signature_check(struct signature_keys *keys, const struct signed_body *given);

#endif
