/* SPDX-License-Identifier: Apache-2.0
 * POST …/photos and GET …/photos/{digest}: a presigned request to the object store, so that a photo's bytes
 * never pass through us. What is put there is bound by the signature: its size, its type, its SHA-256, which
 * is also its name: the same photo of a parcel is one object. Nothing is written or published here; the
 * parcel knows of a photo once the command parcel.attach_photo names its digest. */
#include "consumers/query/query.h"

#include <stdio.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/base/crypto.h"
#include "shared/base/log.h"
#include "shared/base/sigv4.h"
#include "shared/run/service.h"

enum { BUCKETS = 16384, DIGEST_TEXT = 65, OBJECT_TEXT = 128 };

static struct {
    char url[257], region[65], bucket[65], access_key[129], secret_key[129];
    int64_t expiry_s, rate;
} values;

const struct setting photo_settings[] = {
    {.name = "s3_url",
     .kind = SETTING_TEXT,
     .fallback = "",
     .max = sizeof(values.url) - 1,
     .help = "where photos are kept, as clients reach it: https:// and host, port, path, no slash behind; "
             "empty: no photos",
     .target = values.url,
     .size = sizeof(values.url)},
    {.name = "s3_region",
     .kind = SETTING_TEXT,
     .fallback = "us-east-1",
     .min = 1,
     .max = sizeof(values.region) - 1,
     .help = "the region requests there are signed for",
     .target = values.region,
     .size = sizeof(values.region)},
    {.name = "s3_bucket",
     .kind = SETTING_TEXT,
     .fallback = "",
     .max = 63,
     .help = "the bucket of photos; empty: NAMESPACE-photos",
     .target = values.bucket,
     .size = sizeof(values.bucket)},
    {.name = "s3_access_key",
     .kind = SETTING_TEXT,
     .fallback = "",
     .max = sizeof(values.access_key) - 1,
     .help = "with s3_url: whose key signs",
     .target = values.access_key,
     .size = sizeof(values.access_key)},
    {.name = "s3_secret_key",
     .kind = SETTING_TEXT,
     .fallback = "",
     .max = sizeof(values.secret_key) - 1,
     .secret = true,
     .help = "with s3_url: that key; it needs to put and get objects of the bucket, no more",
     .target = values.secret_key,
     .size = sizeof(values.secret_key)},
    {.name = "photo_expiry_s",
     .kind = SETTING_INTEGER,
     .fallback = "300",
     .min = 1,
     .max = SIGV4_EXPIRES_MAX_S,
     .help = "how long a presigned request may be sent",
     .target = &values.expiry_s},
    {.name = "photo_rate",
     .kind = SETTING_INTEGER,
     .fallback = "60",
     .min = 1,
     .max = 100000,
     .help = "photos an hour one person may announce, and at once: what is put there and never attached "
             "costs too",
     .target = &values.rate},
    {0},
};

int photo_start(struct query *query)
{
    query->photo_buckets = bucket_table_new(BUCKETS, (double)values.rate / 3600, (double)values.rate);
    if (values.bucket[0] == '\0')
        snprintf(values.bucket, sizeof(values.bucket), "%s-photos", service_values.name_space);
    if (values.url[0] == '\0')
        return 0;
    if (!sigv4_endpoint(span_of(values.url)))
        return error_new(ERROR_SETTINGS,
                         "s3_url: must be https:// (or http://), host, port, path, no slash behind");
    if (values.access_key[0] == '\0' || values.secret_key[0] == '\0')
        return error_new(ERROR_SETTINGS, "s3_access_key, s3_secret_key: s3_url wants both");
    return 0;
}

/* --- the request to the store --- */

struct wanted {
    const char *method;
    struct sigv4_header headers[3]; /* sorted */
    size_t header_count;
};

static int presign(const struct wanted *wanted, const char *object, int64_t at_ms, struct buf *to)
{
    const struct sigv4_account account = {span_of(values.access_key), span_of(values.secret_key),
                                          span_of(values.region)};
    const struct sigv4_request request = {.method = wanted->method,
                                          .endpoint = span_of(values.url),
                                          .bucket = span_of(values.bucket),
                                          .object = span_of(object),
                                          .headers = wanted->headers,
                                          .header_count = wanted->header_count,
                                          .at_ms = at_ms,
                                          .expires_s = values.expiry_s};
    return error_forward(sigv4_presign(&account, &request, to));
}

static void headers_json(const struct wanted *wanted, struct buf *to)
{
    for (size_t at = 0; at < wanted->header_count; at++) {
        buf_text(to, at ? "," : "");
        buf_json_string(to, span_of(wanted->headers[at].name));
        buf_byte(to, ':');
        buf_json_string(to, wanted->headers[at].value);
    }
}

/* In whole seconds, as the signature has it: expires_at is the store's own word. */
static int reply_json(const struct call *call, const struct wanted *wanted, struct buf *to)
{
    CLEANUP(buf_done) struct buf url = {0};
    char digest[DIGEST_TEXT], object[OBJECT_TEXT], expires_at[CLOCK_TEXT];
    int64_t at_ms = clock_wall_ms() / 1000 * 1000;
    crypto_hex(call->digest, sizeof(call->digest), digest);
    snprintf(object, sizeof(object), "photos/%s/%s", call->id.text, digest);
    TRY(presign(wanted, object, at_ms, &url));
    clock_format(at_ms + values.expiry_s * 1000, expires_at);
    buf_text(to, "{\"url\":");
    buf_json_string(to, buf_as_span(&url));
    buf_format(to, ",\"method\":\"%s\",\"headers\":{", wanted->method);
    headers_json(wanted, to);
    buf_format(to, "},\"expires_at\":\"%s\",\"digest\":\"%s\"}", expires_at, digest);
    return 0;
}

static void answer(struct call *call, const struct postgres_rows *rows, const struct wanted *wanted)
{
    CLEANUP(buf_done) struct buf body = {0};
    if (rows->count == 0) {
        call_problem(call, PROBLEM_NOT_FOUND, NULL);
    } else if (values.url[0] == '\0') {
        call_problem(call, PROBLEM_UNAVAILABLE, "photos are not configured here");
    } else if (reply_json(call, wanted, &body) != 0) {
        log_with(LOG_LEVEL_ERROR, "a photo could not be signed for", .err = error_text());
        call_problem(call, PROBLEM_INTERNAL, NULL);
    } else {
        call_reply(call, &(struct http_answer){.status = 200, .body = buf_as_span(&body)});
    }
}

/* --- the routes --- */

/* True where they may; else they have been told. Nobody pays where there is no parcel, or no store. */
static bool spend(struct call *call, const struct postgres_rows *rows)
{
    int retry_s = 1;
    if (rows->count == 0 || values.url[0] == '\0' ||
        bucket_take(call->query->photo_buckets, span_of(call->claims.subject.text), clock_steady_ms(),
                    &retry_s) == 0)
        return true;
    problem_reply(call->request, PROBLEM_RATE, NULL, retry_s);
    call_free(call);
    return false;
}

void photo_upload_answer(struct call *call, const struct postgres_rows *rows)
{
    const struct photo_upload *upload = &call->body.photo_upload;
    char size[24], type[32], checksum[SIGV4_CHECKSUM];
    if (!spend(call, rows))
        return;
    if (crypto_unhex(span_of(upload->digest), call->digest, sizeof(call->digest)) != 0) {
        call_problem(call, PROBLEM_INTERNAL, NULL); /* the codec let in what is no hexadecimal digit */
        return;
    }
    snprintf(size, sizeof(size), "%lld", (long long)upload->size);
    snprintf(type, sizeof(type), "image/%s", choice_text(photo_type_choices, upload->type));
    sigv4_checksum(call->digest, checksum);
    const struct wanted wanted = {.method = "PUT",
                                  .headers = {{"content-length", span_of(size)},
                                              {"content-type", span_of(type)},
                                              {"x-amz-checksum-sha256", span_of(checksum)}},
                                  .header_count = 3};
    answer(call, rows, &wanted);
}

void photo_answer(struct call *call, const struct postgres_rows *rows)
{
    answer(call, rows, &(struct wanted){.method = "GET"});
}
