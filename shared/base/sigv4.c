/* SPDX-License-Identifier: Apache-2.0
 * The steps stand in the order of the document: canonical request, string to sign, signing key, signature.
 * Pure: the time is an argument. A path is encoded once, as S3 wants it and no other service of AWS does. */
#include "shared/base/sigv4.h"

#include <string.h>

#include "shared/base/clock.h"
#include "shared/base/crypto.h"

enum { STAMP = 17, DAY = 8 }; /* 20261122T100000Z */

/* What the steps share. */
struct signing {
    const struct sigv4_account *account;
    const struct sigv4_request *request;
    char stamp[STAMP];
    struct span host, prefix; /* of the endpoint */
    struct buf path, query, scope;
};

static void signing_done(struct signing *signing)
{
    buf_done(&signing->path);
    buf_done(&signing->query);
    buf_done(&signing->scope);
}

static bool is_unreserved(char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
           byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

static void encode(struct span text, bool keep_slash, struct buf *to)
{
    for (size_t at = 0; at < text.size; at++) {
        if (is_unreserved(text.data[at]) || (keep_slash && text.data[at] == '/'))
            buf_byte(to, text.data[at]);
        else
            buf_format(to, "%%%02X", (unsigned)(unsigned char)text.data[at]);
    }
}

/* --- the endpoint --- */

static bool begins(struct span text, const char *with)
{
    return text.size >= strlen(with) && memcmp(text.data, with, strlen(with)) == 0;
}

static size_t scheme_size(struct span endpoint)
{
    return begins(endpoint, "https://") ? 8 : begins(endpoint, "http://") ? 7 : 0;
}

bool sigv4_endpoint(struct span endpoint)
{
    size_t scheme = scheme_size(endpoint);
    if (scheme == 0 || endpoint.size == scheme || endpoint.data[endpoint.size - 1] == '/' ||
        endpoint.data[scheme] == '/')
        return false;
    for (size_t at = scheme; at < endpoint.size; at++) {
        if (!is_unreserved(endpoint.data[at]) && !memchr("/:[]", endpoint.data[at], 4))
            return false;
    }
    return true;
}

/* The scheme's own port is left out: clients leave it out of Host. */
static struct span without_own_port(struct span host, size_t scheme)
{
    const char *port = scheme == 8 ? ":443" : ":80";
    size_t size = strlen(port);
    if (host.size > size && memcmp(host.data + host.size - size, port, size) == 0)
        host.size -= size;
    return host;
}

static void split_endpoint(struct signing *signing)
{
    struct span endpoint = signing->request->endpoint;
    size_t scheme = scheme_size(endpoint);
    const char *start = endpoint.data + scheme, *end = endpoint.data + endpoint.size;
    const char *slash = memchr(start, '/', (size_t)(end - start));
    const char *stop = slash ? slash : end;
    signing->host = without_own_port((struct span){start, (size_t)(stop - start)}, scheme);
    signing->prefix = (struct span){stop, (size_t)(end - stop)};
}

/* --- the parts of the request --- */

static void write_stamp(int64_t at_ms, char ret_stamp[STAMP])
{
    char text[CLOCK_TEXT];
    size_t size = 0;
    clock_format(at_ms - at_ms % 1000, text);
    for (const char *at = text; *at; at++) {
        if (*at != '-' && *at != ':')
            ret_stamp[size++] = *at;
    }
    ret_stamp[size] = '\0';
}

static void write_path(struct signing *signing)
{
    const struct sigv4_request *request = signing->request;
    buf_span(&signing->path, signing->prefix);
    if (request->bucket.size > 0) {
        buf_byte(&signing->path, '/');
        encode(request->bucket, false, &signing->path);
    }
    buf_byte(&signing->path, '/');
    encode(request->object, true, &signing->path);
}

static void write_scope(struct signing *signing)
{
    buf_append(&signing->scope, signing->stamp, DAY);
    buf_byte(&signing->scope, '/');
    buf_span(&signing->scope, signing->account->region);
    buf_text(&signing->scope, "/s3/aws4_request");
}

/* A line "name:value", or the name alone with this between it and the one before. */
static void write_header(const struct sigv4_header *header, const char *between, struct buf *to)
{
    if (between && to->size > 0)
        buf_text(to, between);
    buf_text(to, header->name);
    if (between)
        return;
    buf_byte(to, ':');
    buf_span(to, header->value);
    buf_byte(to, '\n');
}

/* Host in its place among those of the request. */
static void write_headers(const struct signing *signing, const char *between, struct buf *to)
{
    const struct sigv4_request *request = signing->request;
    size_t at = 0;
    for (; at < request->header_count && strcmp(request->headers[at].name, "host") < 0; at++)
        write_header(&request->headers[at], between, to);
    write_header(&(struct sigv4_header){"host", signing->host}, between, to);
    for (; at < request->header_count; at++)
        write_header(&request->headers[at], between, to);
}

/* The parameters in the order of their names, which is the canonical one. */
static void write_query(struct signing *signing)
{
    CLEANUP(buf_done) struct buf credential = {0}, names = {0};
    struct buf *query = &signing->query;
    buf_span(&credential, signing->account->access_key);
    buf_byte(&credential, '/');
    buf_span(&credential, buf_as_span(&signing->scope));
    write_headers(signing, ";", &names);
    buf_text(query, "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=");
    encode(buf_as_span(&credential), false, query);
    buf_format(query, "&X-Amz-Date=%s&X-Amz-Expires=%lld&X-Amz-SignedHeaders=", signing->stamp,
               (long long)signing->request->expires_s);
    encode(buf_as_span(&names), false, query);
}

/* --- the steps --- */

static void canonical_request(const struct signing *signing, struct buf *to)
{
    CLEANUP(buf_done) struct buf names = {0}, headers = {0};
    struct span payload = signing->request->payload;
    write_headers(signing, ";", &names);
    write_headers(signing, NULL, &headers);
    buf_format(to, "%s\n%s\n%s\n%s\n%s\n", signing->request->method, signing->path.data, signing->query.data,
               headers.data, names.data);
    buf_span(to, payload.size > 0 ? payload : SPAN("UNSIGNED-PAYLOAD"));
}

static void string_to_sign(const struct signing *signing, struct buf *to)
{
    CLEANUP(buf_done) struct buf canonical = {0};
    uint8_t digest[32];
    char hex[65];
    canonical_request(signing, &canonical);
    crypto_sha256(canonical.data, canonical.size, digest);
    crypto_hex(digest, sizeof(digest), hex);
    buf_format(to, "AWS4-HMAC-SHA256\n%s\n%s\n%s", signing->stamp, signing->scope.data, hex);
}

static int keyed(struct span key, struct span text, uint8_t ret_tag[32])
{
    CLEANUP(crypto_mac_free_cleanup) struct crypto_mac *mac = NULL;
    TRY(crypto_mac_new(key, &mac));
    crypto_mac_parts(mac, &text, 1, ret_tag);
    return 0;
}

/* Each key makes the next: of the day, the region, the service, the request; at last the signature. */
static int sign(const struct signing *signing, struct span text, uint8_t ret_tag[32])
{
    CLEANUP(buf_done) struct buf secret = {0};
    const struct span links[] = {
        {signing->stamp, DAY}, signing->account->region, SPAN("s3"), SPAN("aws4_request"), text};
    uint8_t key[32];
    buf_text(&secret, "AWS4");
    buf_span(&secret, signing->account->secret_key);
    struct span by = buf_as_span(&secret);
    for (size_t at = 0; at < sizeof(links) / sizeof(links[0]); at++) {
        TRY(keyed(by, links[at], ret_tag));
        memcpy(key, ret_tag, sizeof(key));
        by = (struct span){(const char *)key, sizeof(key)};
    }
    return 0;
}

int sigv4_presign(const struct sigv4_account *account, const struct sigv4_request *request, struct buf *to)
{
    CLEANUP(signing_done) struct signing signing = {.account = account, .request = request};
    CLEANUP(buf_done) struct buf text = {0};
    uint8_t tag[32];
    char hex[65];
    write_stamp(request->at_ms, signing.stamp);
    split_endpoint(&signing);
    write_path(&signing);
    write_scope(&signing);
    write_query(&signing);
    string_to_sign(&signing, &text);
    TRY(sign(&signing, buf_as_span(&text), tag));
    crypto_hex(tag, sizeof(tag), hex);
    buf_append(to, request->endpoint.data, scheme_size(request->endpoint));
    buf_span(to, signing.host);
    buf_format(to, "%s?%s&X-Amz-Signature=%s", signing.path.data, signing.query.data, hex);
    return 0;
}

void sigv4_checksum(const uint8_t digest[32], char ret_text[SIGV4_CHECKSUM])
{
    CLEANUP(buf_done) struct buf text = {0};
    crypto_base64url(digest, 32, &text);
    for (size_t at = 0; at < text.size; at++) {
        if (text.data[at] == '-' || text.data[at] == '_')
            text.data[at] = text.data[at] == '-' ? '+' : '/';
    }
    memcpy(ret_text, text.data, text.size);
    memcpy(ret_text + text.size, "=", 2);
}
