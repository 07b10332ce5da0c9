/* SPDX-License-Identifier: Apache-2.0
 * Access tokens (JWS compact, claims as Supabase Auth issues them). The algorithm is pinned by configuration:
 * HS256 with one secret, or ES256/RS256 with the keys of a JWKS file; the token's header only has to agree.
 * iss, aud, exp and sub are demanded; nbf and iat are checked where present; leeway at most 60 s. Verified
 * tokens are cached by digest until they expire. Every refusal looks the same to the caller. */
#ifndef COLIS_HTTP_TOKEN_H
#define COLIS_HTTP_TOKEN_H

#include "shared/base/buf.h"
#include "shared/base/cleanup.h"
#include "shared/base/id.h"
#include "shared/base/settings.h"

struct token_claims {
    struct id subject;
    struct id session; /* "" where absent */
    char role[16]; /* what goes into ce_role: person; staff, lead from app_metadata.colis_role; recipient */
    int64_t expires_ms; /* of a link: never */
    struct id booking;  /* recipient: which booking's, the how manieth; "" and 0 for everybody else */
    int64_t recipient_n;
};

/* token_algorithm (HS256 ES256 RS256) token_secret token_jwks token_issuer token_audience token_leeway_s */
extern const struct setting token_settings[];

struct token_checker;
/* Refuses (ERROR_SETTINGS) an empty secret or one under 32 bytes, and a JWKS without a usable key. */
MUST_CHECK int token_checker_new(struct token_checker **ret_checker);
void token_checker_free(struct token_checker *checker);
DEFINE_CLEANUP(struct token_checker, token_checker_free)

/* From now on a recipient's link (http/link.h) is taken where a token is: role recipient, subject
 * id_of_recipient(booking, n). Routes say whether recipients may. ERROR_SETTINGS by link_settings. */
MUST_CHECK int token_take_links(struct token_checker *checker);

enum { TOKEN_REFUSED = 1 };
/* authorization: the header's value, "Bearer ..."; ret_reason: static text for metrics and tests, not for the
 * caller. */
MUST_CHECK int token_check(struct token_checker *checker, struct span authorization, int64_t wall_ms,
                           struct token_claims *ret_claims, const char **ret_reason);

#endif
