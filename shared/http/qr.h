/* SPDX-License-Identifier: Apache-2.0
 * What a QR code says at a handover, readable and checkable without a network: whoever scans it with the key
 * of GET /v1/keys at hand knows that the code is the booking's before it is sent. URL-safe text:
 *   1.BOOKING.PURPOSE.ISSUE.CODE.SIGNATURE
 * BOOKING: 16 bytes in base64url; PURPOSE: p, d or r (pickup, delivery, return); ISSUE: decimal; CODE: six
 * digits; SIGNATURE: Ed25519 (RFC 8032) in base64url over "handover qr", "1", the booking's id as text, the
 * purpose's word, issue and code as they stand, each behind its length (8 bytes, big endian). */
#ifndef COLIS_HTTP_QR_H
#define COLIS_HTTP_QR_H

#include "schemas/messages.h"
#include "shared/base/crypto.h"
#include "shared/base/settings.h"

enum { QR_CODE = 6, QR_WRONG = 1 };

struct qr {
    struct id booking;
    int32_t purpose; /* enum code_purpose */
    int64_t issue;   /* from 1 */
    char code[QR_CODE + 1];
};

extern const struct setting qr_settings[]; /* qr_key: secret, the seed; whoever signs, and nobody else */
MUST_CHECK int qr_signer_new(struct crypto_signer **ret_signer); /* by the setting; ERROR_SETTINGS */

void qr_sign(const struct crypto_signer *signer, const struct qr *qr, struct buf *to); /* appended */
/* QR_WRONG: malformed, or not signed by the key's owner. */
MUST_CHECK int qr_read(const struct crypto_key *key, struct span text, struct qr *ret_qr);

/* The public key as a JSON Web Key Set (RFC 7517, RFC 8037); kid is its thumbprint (RFC 7638). */
void qr_keys(const struct crypto_signer *signer, struct buf *to);

#endif
