/* SPDX-License-Identifier: Apache-2.0
 * The receipt a 202 hands out, signed by the server key: accepted time and fingerprint of a command. Command
 * and person are signed with them, not written in it: in anybody else's hands, or of another command, it is
 * none. base64url(version 1, 8 bytes ms, 16 bytes fingerprint, 16 bytes HMAC(server key, id, person, ms,
 * fingerprint)). */
#ifndef COLIS_HTTP_RECEIPT_H
#define COLIS_HTTP_RECEIPT_H

#include "shared/base/crypto.h"
#include "shared/base/id.h"
#include "shared/base/settings.h"

enum { RECEIPT_TEXT = 56, RECEIPT_WRONG = 1 }; /* 41 bytes are 55 characters, and a NUL */

extern const struct setting receipt_settings[]; /* server_key: secret, at least 32 bytes */
struct receipt_keeper;                          /* not thread safe */
MUST_CHECK int receipt_keeper_new(struct receipt_keeper **ret_keeper);
void receipt_keeper_free(struct receipt_keeper *keeper);
DEFINE_CLEANUP(struct receipt_keeper, receipt_keeper_free)

/* 16 bytes of HMAC(server key, method, path, canonical data), parts length-prefixed. */
void receipt_fingerprint(struct receipt_keeper *keeper, struct span method, struct span path,
                         struct span data, uint8_t ret_fingerprint[16]);
struct receipt {
    struct id command, person;
    int64_t accepted_ms;
    uint8_t fingerprint[16];
};
void receipt_sign(struct receipt_keeper *keeper, const struct receipt *receipt, char ret_text[RECEIPT_TEXT]);
/* command and person are given; the rest is filled. RECEIPT_WRONG: not ours, or not theirs. */
MUST_CHECK int receipt_check(struct receipt_keeper *keeper, struct span text, struct receipt *receipt);

#endif
