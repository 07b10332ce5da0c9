/* SPDX-License-Identifier: Apache-2.0
 * Signing, and reading only what is signed. There is one text for one meaning: what could be written in
 * another way (leading zeros, padding) is refused. */
#include "shared/http/qr.h"

#include <stdio.h>
#include <string.h>

#include "shared/base/error.h"

enum { FIELDS = 6, ISSUE_DIGITS = 9, TEXT_MAX = 160, SIGNED_MAX = 160 };

static char qr_key[65];

const struct setting qr_settings[] = {
    {.name = "qr_key",
     .kind = SETTING_TEXT,
     .fallback = NULL,
     .min = 1,
     .max = sizeof(qr_key) - 1,
     .secret = true,
     .help = "signs QR codes: the seed of an Ed25519 key, 32 bytes, in hexadecimal or base64",
     .target = qr_key,
     .size = sizeof(qr_key)},
    {0},
};

int qr_signer_new(struct crypto_signer **ret_signer)
{
    uint8_t seed[CRYPTO_KEY];
    if (crypto_key_text(span_of(qr_key), seed) != 0)
        return error_new(ERROR_SETTINGS, "qr_key must be 32 bytes, in hexadecimal or base64");
    return error_forward(crypto_signer_new(seed, ret_signer));
}

/* --- what is signed --- */

struct told {
    char bytes[SIGNED_MAX];
    size_t size;
};

static void told_add(struct told *told, struct span part)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        told->bytes[told->size++] = (char)((uint64_t)part.size >> shift);
    memcpy(told->bytes + told->size, part.data, part.size);
    told->size += part.size;
}

static struct span tell(const struct qr *qr, struct told *told)
{
    char issue[24];
    snprintf(issue, sizeof(issue), "%lld", (long long)qr->issue);
    told->size = 0;
    told_add(told, SPAN("handover qr"));
    told_add(told, SPAN("1"));
    told_add(told, span_of(qr->booking.text));
    told_add(told, span_of(choice_text(code_purpose_choices, qr->purpose)));
    told_add(told, span_of(issue));
    told_add(told, span_of(qr->code));
    return (struct span){told->bytes, told->size};
}

void qr_sign(const struct crypto_signer *signer, const struct qr *qr, struct buf *to)
{
    uint8_t booking[16], signature[CRYPTO_ED_SIGNATURE];
    struct told told;
    crypto_signer_sign(signer, tell(qr, &told), signature);
    id_to_bytes(&qr->booking, booking);
    buf_text(to, "1.");
    crypto_base64url(booking, sizeof(booking), to);
    buf_format(to, ".%c.%lld.%s.", choice_text(code_purpose_choices, qr->purpose)[0], (long long)qr->issue,
               qr->code);
    crypto_base64url(signature, sizeof(signature), to);
}

/* --- what is read --- */

/* Exactly so many fields between dots. */
static bool cut(struct span text, struct span ret_fields[FIELDS])
{
    int field = 0;
    for (const char *end = text.data + text.size, *dot; field < FIELDS; field++) {
        size_t left = (size_t)(end - text.data);
        dot = memchr(text.data, '.', left);
        ret_fields[field] = (struct span){text.data, dot ? (size_t)(dot - text.data) : left};
        if (!dot)
            return field == FIELDS - 1;
        text.data = dot + 1;
    }
    return false;
}

static bool digits(struct span text)
{
    for (size_t at = 0; at < text.size; at++)
        if (text.data[at] < '0' || text.data[at] > '9')
            return false;
    return true;
}

static bool read_issue(struct span text, int64_t *ret_issue)
{
    if (text.size == 0 || text.size > ISSUE_DIGITS || !digits(text) || text.data[0] == '0')
        return false;
    *ret_issue = 0;
    for (size_t at = 0; at < text.size; at++)
        *ret_issue = *ret_issue * 10 + (text.data[at] - '0');
    return true;
}

static bool read_purpose(struct span text, int32_t *ret_purpose)
{
    const char *word;
    if (text.size != 1)
        return false;
    for (*ret_purpose = 1; (word = choice_text(code_purpose_choices, *ret_purpose)); ++*ret_purpose)
        if (word[0] == text.data[0])
            return true;
    return false;
}

static bool read_fields(const struct span fields[FIELDS], struct qr *ret_qr)
{
    uint8_t booking[16];
    size_t size;
    if (!span_is(fields[0], "1") || crypto_unbase64url(fields[1], booking, sizeof(booking), &size) != 0 ||
        size != sizeof(booking))
        return false;
    id_from_bytes(booking, &ret_qr->booking);
    return read_purpose(fields[2], &ret_qr->purpose) && read_issue(fields[3], &ret_qr->issue) &&
           fields[4].size == QR_CODE && digits(fields[4]) &&
           text_copy(ret_qr->code, sizeof(ret_qr->code), fields[4]) == 0;
}

int qr_read(const struct crypto_key *key, struct span text, struct qr *ret_qr)
{
    uint8_t signature[CRYPTO_ED_SIGNATURE];
    struct span fields[FIELDS];
    struct told told;
    struct qr qr;
    size_t size;
    if (text.size > TEXT_MAX || !cut(text, fields) || !read_fields(fields, &qr) ||
        crypto_unbase64url(fields[5], signature, sizeof(signature), &size) != 0)
        return QR_WRONG;
    if (crypto_key_verify(key, tell(&qr, &told), (struct span){(const char *)signature, size}) != 0)
        return QR_WRONG;
    *ret_qr = qr;
    return 0;
}

/* --- the key --- */

void qr_keys(const struct crypto_signer *signer, struct buf *to)
{
    uint8_t public[CRYPTO_ED_PUBLIC], digest[32];
    CLEANUP(buf_done) struct buf x = {0};
    CLEANUP(buf_done) struct buf kid = {0};
    CLEANUP(buf_done)
    struct buf least = {0}; /* the required members in lexical order: what a thumbprint hashes */
    crypto_signer_public(signer, public);
    crypto_base64url(public, sizeof(public), &x);
    buf_format(&least, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}", x.data);
    crypto_sha256(least.data, least.size, digest);
    crypto_base64url(digest, sizeof(digest), &kid);
    buf_format(to,
               "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\",\"kid\":\"%s\",\"use\":\"sig\","
               "\"alg\":\"EdDSA\"}]}",
               x.data, kid.data);
}
