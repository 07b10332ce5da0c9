/* SPDX-License-Identifier: Apache-2.0
 * RFC 9457 problem bodies: {"type","title","status","detail"?,"errors":[{"pointer","detail"}]?}.
 * One table here translates refusals of any kind to status, type and title. */
#ifndef COLIS_HTTP_PROBLEM_H
#define COLIS_HTTP_PROBLEM_H

#include "schemas/codec.h"
#include "shared/http/server.h"

enum problem {
    PROBLEM_BAD_REQUEST,       /* 400 */
    PROBLEM_NOT_JSON,          /* 400 */
    PROBLEM_KEY_MALFORMED,     /* 400: Idempotency-Key is empty, over 255 bytes or not visible ASCII */
    PROBLEM_UNAUTHORIZED,      /* 401, WWW-Authenticate: Bearer */
    PROBLEM_FORBIDDEN,         /* 403: the role may not call this */
    PROBLEM_NOT_FOUND,         /* 404 */
    PROBLEM_METHOD,            /* 405 */
    PROBLEM_NOT_ACCEPTABLE,    /* 406 */
    PROBLEM_TIMEOUT,           /* 408 */
    PROBLEM_TOO_LARGE,         /* 413 */
    PROBLEM_URI_TOO_LONG,      /* 414 */
    PROBLEM_MEDIA_TYPE,        /* 415 */
    PROBLEM_EXPECTATION,       /* 417 */
    PROBLEM_INVALID,           /* 422 with errors */
    PROBLEM_KEY_REUSED,        /* 422: the key was used with another body */
    PROBLEM_RATE,              /* 429, Retry-After */
    PROBLEM_HEADERS_TOO_LARGE, /* 431 */
    PROBLEM_INTERNAL,          /* 500 */
    PROBLEM_NOT_IMPLEMENTED,   /* 501 */
    PROBLEM_UNAVAILABLE,       /* 503, Retry-After: surely not taken */
    PROBLEM_UNKNOWN_OUTCOME,   /* 504: retry with the same key */
    PROBLEM_VERSION,           /* 505 */
};

int problem_status(enum problem problem);
/* detail may be NULL; errors NULL but for PROBLEM_INVALID. retry_after in seconds, 0: none. */
void problem_reply(struct http_request *request, enum problem problem, const char *detail, int retry_after);
void problem_reply_invalid(struct http_request *request,
                           const struct codec_errors *errors); /* NOT_JSON or INVALID by its content */
void problem_body(enum problem problem, const char *detail, const struct codec_errors *errors,
                  struct buf *to);

#endif
