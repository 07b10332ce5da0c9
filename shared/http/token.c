/* SPDX-License-Identifier: Apache-2.0
 * The check of an access token: cache, then shape, header, signature, and only then claims. The algorithm and
 * the keys are ours; the header only has to agree. It fetches nothing and trusts no key a token brings along.
 */
#include "shared/http/token.h"

#include <string.h>
#include <strings.h>

#include "schemas/json.h"
#include "schemas/messages.h"
#include "shared/base/error.h"
#include "shared/http/link.h"
#include "shared/http/token_parts.h"

enum { HEADER_MAX = 1024, SIGNATURE_MAX = 512, SECRET_MIN = 32 };

static struct {
    char algorithm[8], secret[513], jwks[1025], issuer[201], audience[65];
    int64_t leeway_s;
} values;

const struct setting token_settings[] = {
    {.name = "token_algorithm",
     .kind = SETTING_CHOICE,
     .fallback = "HS256",
     .choices = "HS256 ES256 RS256",
     .help = "the one algorithm of access tokens",
     .target = values.algorithm,
     .size = sizeof(values.algorithm)},
    {.name = "token_secret",
     .kind = SETTING_TEXT,
     .fallback = "",
     .max = sizeof(values.secret) - 1,
     .secret = true,
     .help = "HS256: the secret, at least 32 bytes",
     .target = values.secret,
     .size = sizeof(values.secret)},
    {.name = "token_jwks",
     .kind = SETTING_TEXT,
     .fallback = "",
     .max = sizeof(values.jwks) - 1,
     .help = "ES256, RS256: file of a JSON Web Key Set",
     .target = values.jwks,
     .size = sizeof(values.jwks)},
    {.name = "token_issuer",
     .kind = SETTING_TEXT,
     .fallback = NULL,
     .min = 1,
     .max = sizeof(values.issuer) - 1,
     .help = "what iss must be",
     .target = values.issuer,
     .size = sizeof(values.issuer)},
    {.name = "token_audience",
     .kind = SETTING_TEXT,
     .fallback = "authenticated",
     .min = 1,
     .max = sizeof(values.audience) - 1,
     .help = "what aud must be",
     .target = values.audience,
     .size = sizeof(values.audience)},
    {.name = "token_leeway_s",
     .kind = SETTING_INTEGER,
     .fallback = "30",
     .min = 0,
     .max = 60,
     .help = "how far clocks may differ",
     .target = &values.leeway_s,
     .size = sizeof(values.leeway_s)},
    {0},
};

struct token_checker {
    struct crypto_mac *mac; /* HS256; else NULL */
    struct token_keys keys;
    struct token_cache *cache;
    bool links; /* taken too, made with link_key */
    struct link_key link_key;
};

struct token_parts {
    struct span whole, header, claims, signature, signed_part;
};

int token_checker_new(struct token_checker **ret_checker)
{
    CLEANUP(token_checker_free_cleanup) struct token_checker *checker = memory_new(1, sizeof(*checker));
    if (strcmp(values.algorithm, "HS256") == 0) {
        struct span secret = span_of(values.secret);
        if (secret.size < SECRET_MIN)
            return error_new(ERROR_SETTINGS, "token_secret must have at least %d bytes", SECRET_MIN);
        TRY(crypto_mac_new(secret, &checker->mac));
    } else {
        bool ec = strcmp(values.algorithm, "ES256") == 0;
        TRY(token_keys_read(values.jwks, ec ? CRYPTO_ES256 : CRYPTO_RS256, &checker->keys));
    }
    checker->cache = token_cache_new();
    *ret_checker = take(checker);
    return 0;
}

void token_checker_free(struct token_checker *checker)
{
    if (!checker)
        return;
    crypto_mac_free(checker->mac);
    token_keys_done(&checker->keys);
    token_cache_free(checker->cache);
    free(checker);
}

int token_take_links(struct token_checker *checker)
{
    TRY(link_key_read(&checker->link_key));
    checker->links = true;
    return 0;
}

/* RFC 6750: the scheme in any case, one space, the token. */
static bool bearer(struct span authorization, struct span *ret_token)
{
    if (authorization.size < 8 || strncasecmp(authorization.data, "Bearer ", 7) != 0)
        return false;
    *ret_token = (struct span){authorization.data + 7, authorization.size - 7};
    return true;
}

/* Exactly three parts, none of them empty. */
static bool cut(struct span token, struct token_parts *ret_parts)
{
    const char *end = token.data + token.size;
    const char *first = memchr(token.data, '.', token.size);
    const char *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
    if (!second || memchr(second + 1, '.', (size_t)(end - second - 1)))
        return false;
    *ret_parts = (struct token_parts){
        .whole = token,
        .header = {token.data, (size_t)(first - token.data)},
        .claims = {first + 1, (size_t)(second - first - 1)},
        .signature = {second + 1, (size_t)(end - second - 1)},
        .signed_part = {token.data, (size_t)(second - token.data)},
    };
    return ret_parts->header.size > 0 && ret_parts->claims.size > 0 && ret_parts->signature.size > 0;
}

/* A header that brings its own key, its own rules (crit, b64, zip) or names an encryption is refused whatever
 * else it says. Names are compared unescaped; an escaped name has no honest use. */
static bool header_is_plain(struct span json)
{
    static const char *const refused[] = {"crit", "b64", "zip", "enc", "jwk", "jku", "x5u", "x5c"};
    struct scan scan;
    scan_start(&scan, json);
    if (scan_next(&scan) != SCAN_OBJECT)
        return false;
    enum scan_token token;
    while ((token = scan_next(&scan)) == SCAN_NAME) {
        for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
            if (scan.escaped || span_is(scan.text, refused[i]))
                return false;
        token = scan_next(&scan);
        if (token == SCAN_MALFORMED || scan_skip(&scan, token) != SCAN_END)
            return false;
    }
    return token == SCAN_OBJECT_END;
}

static bool type_allowed(const struct foreign_token_header *header)
{
    return !header->has_typ || strcasecmp(header->typ, "JWT") == 0 || strcasecmp(header->typ, "at+jwt") == 0;
}

static const char *check_header(const struct token_parts *parts, struct foreign_token_header *ret_header)
{
    uint8_t text[HEADER_MAX];
    size_t size;
    if (crypto_unbase64url(parts->header, text, sizeof(text), &size) != 0)
        return "header is not base64url";
    struct span json = {(char *)text, size};
    if (codec_decode(&foreign_token_header_schema, json, ret_header, NULL) != 0)
        return "header is not valid";
    if (strcmp(ret_header->alg, values.algorithm) != 0)
        return "algorithm is not ours";
    if (!type_allowed(ret_header))
        return "type is not an access token";
    return header_is_plain(json) ? NULL : "header brings keys or rules";
}

static const char *check_signature(struct token_checker *checker, const struct token_parts *parts,
                                   const struct foreign_token_header *header)
{
    uint8_t signature[SIGNATURE_MAX], tag[32];
    size_t size;
    if (crypto_unbase64url(parts->signature, signature, sizeof(signature), &size) != 0)
        return "signature is not base64url";
    if (checker->mac) {
        crypto_mac_parts(checker->mac, &parts->signed_part, 1, tag);
        return size == sizeof(tag) && crypto_same(tag, signature, sizeof(tag)) ? NULL : "signature is wrong";
    }
    const struct crypto_key *key = token_keys_find(&checker->keys, header->has_kid ? header->kid : "");
    if (!key)
        return "key is not known";
    int result = crypto_key_verify(key, parts->signed_part, (struct span){(char *)signature, size});
    return result == 0 ? NULL : "signature is wrong";
}

static const char *check_times(const struct foreign_token_claims *claims, int64_t wall_ms)
{
    int64_t now = wall_ms / 1000, leeway = values.leeway_s;
    if (claims->exp <= now - leeway)
        return "expired";
    if (claims->has_nbf && claims->nbf > now + leeway)
        return "not valid yet";
    if (claims->has_iat && claims->iat > now + leeway)
        return "issued in the future";
    return NULL;
}

/* API keys (anon, service_role) and people without an account are no principals of the bus. */
static const char *check_person(const struct foreign_token_claims *claims)
{
    if (claims->has_role && strcmp(claims->role, "authenticated") != 0)
        return "role is not authenticated";
    return claims->has_is_anonymous && claims->is_anonymous ? "anonymous" : NULL;
}

static const char *check_claims(const struct token_parts *parts, int64_t wall_ms,
                                struct foreign_token_claims *ret_claims)
{
    uint8_t text[TOKEN_MAX];
    size_t size;
    if (crypto_unbase64url(parts->claims, text, sizeof(text), &size) != 0)
        return "claims are not base64url";
    if (codec_decode(&foreign_token_claims_schema, (struct span){(char *)text, size}, ret_claims, NULL) != 0)
        return "claims are not valid";
    if (strcmp(ret_claims->iss, values.issuer) != 0)
        return "issuer is wrong";
    if (strcmp(ret_claims->aud, values.audience) != 0)
        return "audience is wrong";
    const char *reason = check_times(ret_claims, wall_ms);
    return reason ? reason : check_person(ret_claims);
}

/* What app_metadata says beyond staff and lead makes nobody more than a person. */
static void claims_of(const struct foreign_token_claims *from, struct token_claims *ret_claims)
{
    const char *role =
        from->has_app_metadata && from->app_metadata.has_colis_role ? from->app_metadata.colis_role : "";
    bool known = strcmp(role, "staff") == 0 || strcmp(role, "lead") == 0;
    *ret_claims = (struct token_claims){.subject = from->sub, .expires_ms = from->exp * 1000};
    if (from->has_session_id)
        ret_claims->session = from->session_id;
    (void)!text_copy(ret_claims->role, sizeof(ret_claims->role), span_of(known ? role : "person"));
}

static const char *verify(struct token_checker *checker, struct span token, int64_t wall_ms,
                          struct token_claims *ret_claims)
{
    struct token_parts parts;
    struct foreign_token_header header;
    struct foreign_token_claims claims;
    if (token.size > TOKEN_MAX)
        return "too long";
    if (!cut(token, &parts))
        return "not three parts";
    const char *reason = check_header(&parts, &header);
    if (!reason)
        reason = check_signature(checker, &parts, &header);
    if (!reason)
        reason = check_claims(&parts, wall_ms, &claims);
    if (reason)
        return reason;
    claims_of(&claims, ret_claims);
    token_cache_keep(checker->cache, token, ret_claims->expires_ms + values.leeway_s * 1000, ret_claims);
    return NULL;
}

static const char *check_link(const struct token_checker *checker, struct span token,
                              struct token_claims *ret_claims)
{
    struct link link;
    if (link_check(&checker->link_key, token, &link) != 0)
        return "link is wrong";
    *ret_claims = (struct token_claims){
        .role = "recipient", .expires_ms = INT64_MAX, .booking = link.booking, .recipient_n = link.n};
    id_of_recipient(&link.booking, link.n, &ret_claims->subject);
    return NULL;
}

int token_check(struct token_checker *checker, struct span authorization, int64_t wall_ms,
                struct token_claims *ret_claims, const char **ret_reason)
{
    struct span token;
    *ret_reason = NULL;
    if (!bearer(authorization, &token))
        *ret_reason = "no bearer token";
    else if (checker->links && link_shaped(token))
        *ret_reason = check_link(checker, token, ret_claims);
    else if (!token_cache_find(checker->cache, token, wall_ms, ret_claims))
        *ret_reason = verify(checker, token, wall_ms, ret_claims);
    return *ret_reason ? TOKEN_REFUSED : 0;
}
