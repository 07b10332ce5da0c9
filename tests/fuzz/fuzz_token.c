/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as what proves who somebody is. The first byte chooses: as they are (a token, or a recipient's
 * link); as header, line feed, claims, signed with the right secret, so that only the rules are left to
 * refuse; or as changes to a good token of each algorithm. Only the very text that was signed is taken, by
 * the rules said over again here, as often as asked and from the cache too, and no longer than it is good. */
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "schemas/json.h"
#include "schemas/messages.h"
#include "shared/base/crypto.h"
#include "shared/http/link.h"
#include "shared/http/token.h"
#include "tests/fuzz/fuzz.h"

#define SECRET "super-secret-jwt-token-with-at-least-32-characters-long"
#define ISSUER "http://127.0.0.1/auth/v1"
#define LINK   "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
enum { NOW_S = 1800000000, LEEWAY_S = 30, TOKEN_SIZE = 8192, HEADER_SIZE = 1024, ALGORITHMS = 3 };
#define NOW_MS (INT64_C(1000) * NOW_S)

/* Their private keys were thrown away. */
static const char key_set[] =
    "{\"keys\":[{\"kty\":\"EC\",\"kid\":\"e\",\"crv\":\"P-256\",\"x\":\"JmuHdGGkG52DRZZZJlsG8dC"
    "Sx1XUTa90AZxnGifimXc\",\"y\":\"bWmxjbaZaelXLDHRcXIV5sZsyXB-VAln2BiFqM0YecE\"},{\"kty\":\"R"
    "SA\",\"kid\":\"r\",\"n\":\"uTUIp2vYWCGyY6CdWEJlipdAeKLmryqR3kBJSIkew_3HeZNO5-tU0Sv579cFOqL"
    "pVwbscyS6NWZsfmOv5zm73ff758S4Pp-WbaWu4nn1V9fo7ysqf2wwtT8PRf7ru7Z9RM-kK6i3TiLBR2uAgmvtbFxkV"
    "H7cINjApplUTi9CCxuzpZKAM6xbW8fh97tnngctwM8S6zrBeUJL9lKD7Ys5ikVpNvbH2VmqcBrWevYtUcJEQgFWHZ5"
    "jwuBTV0MMar5H-tTgFok_5TPaMh4y_drtpSPLYD7xuur6lxsuPZdN5kcsUUnF9ZzQcJYiBYnpz5QNAAP18dObEcFJO"
    "eRYVla-sQ\",\"e\":\"AQAB\"}]}";
static const struct {
    const char *algorithm, *token;
} good[ALGORITHMS] = {
    {"--token-algorithm=HS256",
     "eyJhbGciOiJIUzI1NiIsImtpZCI6ImgifQ.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xL2F1dGgvdjEiLCJhdWQiOiJ"
     "hdXRoZW50aWNhdGVkIiwiZXhwIjoxODAwMDAzNjAwLCJzdWIiOiIxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExM"
     "TExMTExMTEifQ.LZoHqakcui_-X4ai77IRhWjfbPJ7ux3L1HBvt3Cx2XM"},
    {"--token-algorithm=ES256",
     "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUifQ.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xL2F1dGgvdjEiLCJhdWQiOiJ"
     "hdXRoZW50aWNhdGVkIiwiZXhwIjoxODAwMDAzNjAwLCJzdWIiOiIxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExM"
     "TExMTExMTEifQ.RNEVSNL4YD7amtGxVsfIOO8mCuaUsElps1PVPSqotyaU84uqmcp04sYg7XYO5O01yePiBrdwlXN6"
     "AS3lps5HRQ"},
    {"--token-algorithm=RS256",
     "eyJhbGciOiJSUzI1NiIsImtpZCI6InIifQ.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xL2F1dGgvdjEiLCJhdWQiOiJ"
     "hdXRoZW50aWNhdGVkIiwiZXhwIjoxODAwMDAzNjAwLCJzdWIiOiIxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExM"
     "TExMTExMTEifQ.pMHJndVDI6wGavXVmXTBw-ZMnuYlG2W5yRyeHAcB8nsJjy3xXlTK40NMaDVB7EB4ZVjAqseSwK7U"
     "IN7Vc-248Q97BiGAluIdLFs197ACKif2E78iiB4tlEnOTShGMSbeRbHt2wP_IE7AR_r0iNDMsZ0wCOxpz36KfpPHMi"
     "aOK9CcMo-QChdHCORcVAGvZI_sJbGUwVhZhDao993gc2ckEvhdhj6fxaX9WEZ49a4RiTmPbdXGtEWVvb8EEwK4mgDi"
     "PVm0x7Y1xpRLL6Pww1uBQKPIArze6LXhLbi_ahV-0uDQYoEvdrf71zNOrkXgGaE781h_iVNPC0_3vtqZ_eHsQw"},
};

static struct token_checker *checkers[ALGORITHMS];
static struct crypto_mac *mac;
static struct link_key link_key;
static struct buf authorization;

static char *environment(const char *name)
{
    static char path[64];
    if (strcmp(name, "COLIS_TOKEN_SECRET") == 0)
        return (char *)SECRET;
    if (strcmp(name, "COLIS_LINK_KEY") == 0)
        return (char *)LINK;
    if (strcmp(name, "COLIS_TOKEN_JWKS") != 0)
        return NULL;
    if (path[0] == '\0') {
        int file = memfd_create("keys", 0);
        LAW(file >= 0 && write(file, key_set, strlen(key_set)) == (ssize_t)strlen(key_set));
        snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    }
    return path;
}

/* The algorithm is a setting of the process: of several checkers the one in use says which. */
static struct token_checker *choose(int which)
{
    static const struct setting *const tables[] = {token_settings, link_settings, NULL};
    static int chosen = -1;
    char *words[] = {(char *)"fuzz", (char *)good[which].algorithm, (char *)"--token-issuer=" ISSUER, NULL};
    if (chosen != which)
        LAW(settings_read(tables, 3, words, environment) == 0);
    chosen = which;
    if (!checkers[which]) {
        LAW(token_checker_new(&checkers[which]) == 0);
        LAW(token_take_links(checkers[which]) == 0 && link_key_read(&link_key) == 0);
    }
    return checkers[which];
}

static bool taken(struct token_checker *checker, int64_t now_ms, struct token_claims *ret_claims)
{
    const char *reason = "";
    int result = token_check(checker, buf_as_span(&authorization), now_ms, ret_claims, &reason);
    LAW(result == 0 || result == TOKEN_REFUSED);
    LAW((result == 0) == (reason == NULL));
    return result == 0;
}

static bool is_good(int which)
{
    struct span token = {authorization.data + 7, authorization.size - 7};
    return authorization.size > 7 && span_is(token, good[which].token);
}

static void look_at_any(struct span text)
{
    struct token_checker *checker = choose(0);
    struct token_claims claims;
    buf_clear(&authorization);
    buf_span(&authorization, text);
    if (!taken(checker, NOW_MS, &claims))
        return;
    if (is_good(0))
        return;
    char again[LINK_TEXT];
    const struct link link = {claims.booking, claims.recipient_n};
    link_make(&link_key, &link, again);
    LAW(text.size == 7 + LINK_TEXT - 1 && memcmp(text.data + 7, again, LINK_TEXT - 1) == 0);
    LAW(strcmp(claims.role, "recipient") == 0 && claims.recipient_n > 0);
}

/* Pairs of bytes: how far on, and what to change there. */
static void look_at_change(int which, struct span changes)
{
    struct token_checker *checker = choose(which);
    struct token_claims claims;
    size_t at = 7;
    buf_clear(&authorization);
    buf_text(&authorization, "Bearer ");
    buf_text(&authorization, good[which].token);
    LAW(taken(checker, NOW_MS, &claims));
    for (size_t i = 0; i + 1 < changes.size; i += 2) {
        at = 7 + (at - 7 + (uint8_t)changes.data[i]) % (authorization.size - 7);
        authorization.data[at] = (char)(authorization.data[at] ^ changes.data[i + 1]);
    }
    if (changes.size % 2 == 1)
        authorization.size -= (uint8_t)changes.data[changes.size - 1] % (authorization.size - 7);
    LAW(taken(checker, NOW_MS, &claims) == is_good(which));
}

/* Does it bring a key, a rule or another's form along? Members of its own level only. */
static bool brings(struct span header)
{
    static const char *const names[] = {"crit", "b64", "zip", "enc", "jwk", "jku", "x5u", "x5c"};
    struct scan scan;
    enum scan_token token;
    int depth = 0;
    scan_start(&scan, header);
    while ((token = scan_next(&scan)) != SCAN_END && token != SCAN_MALFORMED) {
        depth += token == SCAN_OBJECT || token == SCAN_ARRAY;
        depth -= token == SCAN_OBJECT_END || token == SCAN_ARRAY_END;
        for (size_t i = 0; token == SCAN_NAME && depth == 1 && i < sizeof(names) / sizeof(*names); i++)
            if (scan.escaped || span_is(scan.text, names[i]))
                return true;
    }
    return false;
}

static bool header_good(struct span text)
{
    struct foreign_token_header header;
    return text.size <= HEADER_SIZE && codec_decode(&foreign_token_header_schema, text, &header, NULL) == 0 &&
           strcmp(header.alg, "HS256") == 0 &&
           (!header.has_typ || strcasecmp(header.typ, "JWT") == 0 || strcasecmp(header.typ, "at+jwt") == 0) &&
           !brings(text);
}

static bool claims_good(struct span text, struct foreign_token_claims *claims)
{
    return codec_decode(&foreign_token_claims_schema, text, claims, NULL) == 0 &&
           strcmp(claims->iss, ISSUER) == 0 && strcmp(claims->aud, "authenticated") == 0 &&
           claims->exp > NOW_S - LEEWAY_S && (!claims->has_nbf || claims->nbf <= NOW_S + LEEWAY_S) &&
           (!claims->has_iat || claims->iat <= NOW_S + LEEWAY_S) &&
           (!claims->has_role || strcmp(claims->role, "authenticated") == 0) &&
           !(claims->has_is_anonymous && claims->is_anonymous);
}

static void sign(struct span header, struct span claims)
{
    uint8_t tag[32];
    buf_clear(&authorization);
    buf_text(&authorization, "Bearer ");
    crypto_base64url(header.data, header.size, &authorization);
    buf_byte(&authorization, '.');
    crypto_base64url(claims.data, claims.size, &authorization);
    const struct span part = {authorization.data + 7, authorization.size - 7};
    crypto_mac_parts(mac, &part, 1, tag);
    buf_byte(&authorization, '.');
    crypto_base64url(tag, sizeof(tag), &authorization);
}

static void look_at_person(const struct foreign_token_claims *said, const struct token_claims *claims)
{
    struct id id;
    LAW(id_parse(span_of(claims->subject.text), &id) == 0 && id_same(&id, &claims->subject));
    LAW(id_same(&claims->subject, &said->sub) && claims->expires_ms == said->exp * 1000);
    LAW(id_none(&claims->booking) && claims->recipient_n == 0);
    bool lead = strcmp(claims->role, "lead") == 0;
    if (lead || strcmp(claims->role, "staff") == 0)
        LAW(said->has_app_metadata && strcmp(said->app_metadata.colis_role, claims->role) == 0);
    else
        LAW(strcmp(claims->role, "person") == 0);
}

static void look_at_signed(struct span text)
{
    struct token_checker *checker = choose(0);
    struct token_claims claims = {0}, again = {0};
    struct foreign_token_claims said;
    const char *end = text.size ? memchr(text.data, '\n', text.size) : NULL;
    struct span header = {text.data, end ? (size_t)(end - text.data) : text.size};
    struct span rest = {text.data + header.size + (end != NULL), text.size - header.size - (end != NULL)};
    sign(header, rest);
    bool by_rules = authorization.size - 7 <= TOKEN_SIZE && header.size > 0 && rest.size > 0 &&
                    header_good(header) && claims_good(rest, &said);
    LAW(taken(checker, NOW_MS, &claims) == by_rules);
    if (!by_rules)
        return;
    look_at_person(&said, &claims);
    LAW(taken(checker, NOW_MS, &again) && memcmp(&claims, &again, sizeof(claims)) == 0);
    LAW(!taken(checker, (said.exp + LEEWAY_S) * 1000, &again));
    size_t at = 7 + text.size * 31 % (authorization.size - 7);
    authorization.data[at] = authorization.data[at] == 'A' ? 'B' : 'A';
    LAW(!taken(checker, NOW_MS, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (!mac)
        LAW(crypto_mac_new(SPAN(SECRET), &mac) == 0);
    struct span text = {(const char *)data + 1, size - 1};
    switch (data[0] % 5) {
    case 0:
        look_at_any(text);
        break;
    case 1:
        look_at_signed(text);
        break;
    default:
        look_at_change(data[0] % 5 - 2, text);
    }
    return 0;
}
