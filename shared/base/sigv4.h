/* SPDX-License-Identifier: Apache-2.0
 * Presigned URLs of S3 by AWS Signature Version 4 in the query ("Authenticating Requests: Using Query
 * Parameters"): who holds one may send that request and no other, until it expires, without a key of ours. */
#ifndef COLIS_BASE_SIGV4_H
#define COLIS_BASE_SIGV4_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/buf.h"

enum {
    SIGV4_EXPIRES_MAX_S = 604800, /* servers take no more: seven days */
    SIGV4_CHECKSUM = 45,          /* base64 of 32 bytes, with the NUL */
};

struct sigv4_account {
    struct span access_key, secret_key, region; /* none empty */
};

/* Its name in lower case; a value of visible characters, single spaces between them. */
struct sigv4_header {
    const char *name;
    struct span value;
};

struct sigv4_request {
    const char *method;   /* "PUT" */
    struct span endpoint; /* "https://", a host, its port, a path, no slash at its end; already encoded */
    struct span bucket, object;         /* not encoded; bucket empty: the endpoint is the bucket's own */
    const struct sigv4_header *headers; /* what else is signed, sorted by name; host is added */
    size_t header_count;
    int64_t at_ms, expires_s; /* wall clock; 1..SIGV4_EXPIRES_MAX_S from then */
    struct span payload; /* lower case hex SHA-256 where the server is to be told; empty: UNSIGNED-PAYLOAD */
};

/* Is this an endpoint as above? Only letters, digits, -._~:[] and / after the scheme. */
bool sigv4_endpoint(struct span endpoint);

/* Appends the URL. The client must send each of the signed headers exactly as given. */
MUST_CHECK int sigv4_presign(const struct sigv4_account *account, const struct sigv4_request *request,
                             struct buf *to);

/* A digest as the header x-amz-checksum-sha256 has it: base64 of RFC 4648 section 4. */
void sigv4_checksum(const uint8_t digest[32], char ret_text[SIGV4_CHECKSUM]);

#endif
