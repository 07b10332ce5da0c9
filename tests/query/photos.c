/* SPDX-License-Identifier: Apache-2.0
 * Where a photo is put and fetched: told to whom the parcel shows itself, bound to what they said it is. That
 * the object store sees it the same way is for tests/photos, which has a real one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/query/site.h"

#define DIGEST "44f8354494a5ba03ba1792a8d3e9c534c47a9181980fde7a3f44b06ef2ae7c7f"
#define PHOTOS "/v1/parcels/" PARCEL "/photos"
#define BODY   "{\"digest\":\"" DIGEST "\",\"stage\":\"register\",\"type\":\"jpeg\",\"size\":1000}"
#define STORE  "http://127.0.0.1:9000/storage/v1/s3"

static struct reply reply;

static void set_store(void)
{
    site_setting("COLIS_S3_URL", STORE);
    site_setting("COLIS_S3_REGION", "local");
    site_setting("COLIS_S3_BUCKET", "some-bucket");
    site_setting("COLIS_S3_ACCESS_KEY", "an access key");
    site_setting("COLIS_S3_SECRET_KEY", "a secret key");
    unsetenv("COLIS_S3_ACCESS_KEY_FILE");
    unsetenv("COLIS_S3_SECRET_KEY_FILE");
}

static void photo_start(void)
{
    site_make();
    set_store();
    site_run(true);
    site_parcel(PARCEL, AWA, 1000);
}

static void expect_post(const char *user, const char *target, const char *body, int status)
{
    reply_done(&reply);
    post_as(user, NULL, target, body, &reply);
    ck_assert_msg(reply.status == status, "%s %s: %d %s", target, body, reply.status, reply.body.data);
}

static void expect_get(const char *user, const char *target, int status)
{
    reply_done(&reply);
    get(user, target, &reply);
    ck_assert_msg(reply.status == status, "%s: %d %s", target, reply.status, reply.body.data);
}

static void expect_part(const char *part)
{
    ck_assert_msg(strstr(reply.body.data, part), "no %s in %s", part, reply.body.data);
}

START_TEST(the_sender_is_told_where_to_put_it)
{
    expect_post(AWA, PHOTOS, BODY, 200);
    expect_part("{\"url\":\"" STORE "/some-bucket/photos/" PARCEL "/" DIGEST
                "?X-Amz-Algorithm=AWS4-HMAC-SHA256&"
                "X-Amz-Credential=an%20access%20key%2F");
    expect_part("%2Flocal%2Fs3%2Faws4_request&");
    expect_part("&X-Amz-Expires=300&X-Amz-SignedHeaders="
                "content-length%3Bcontent-type%3Bhost%3Bx-amz-checksum-sha256&X-Amz-Signature=");
    expect_part(
        "\",\"method\":\"PUT\",\"headers\":{\"content-length\":\"1000\",\"content-type\":\"image/jpeg\","
        "\"x-amz-checksum-sha256\":\"RPg1RJSlugO6F5Ko0+nFNMR6kYGYD956P0SwbvKufH8=\"},\"expires_at\":\"20");
    expect_part("Z\",\"digest\":\"" DIGEST "\"}");
    ck_assert_str_eq(reply_header(&reply, "Cache-Control"), "no-store");
}
END_TEST

START_TEST(a_digest_in_capitals_is_the_same_photo)
{
    expect_post(AWA, PHOTOS,
                "{\"digest\":\"44F8354494A5BA03BA1792A8D3E9C534C47A9181980FDE7A3F44B06EF2AE7C7F\","
                "\"stage\":\"seal\",\"type\":\"webp\",\"size\":10485760}",
                200);
    expect_part("/some-bucket/photos/" PARCEL "/" DIGEST "?");
    expect_part("\"content-type\":\"image/webp\"");
    expect_part("\"digest\":\"" DIGEST "\"");
}
END_TEST

START_TEST(nobody_puts_photos_on_anothers_parcel)
{
    expect_post(BINTA, PHOTOS, BODY, 404);
    expect_post(AWA, "/v1/parcels/8c1e0000-0000-8000-8000-000000000009/photos", BODY, 404);
    expect_post(AWA, "/v1/parcels/nonsense/photos", BODY, 404);
    expect_post(NULL, PHOTOS, BODY, 401);
}
END_TEST

START_TEST(staff_may_put_and_see_photos)
{
    reply_done(&reply);
    post_as(CLERK, "staff", PHOTOS, BODY, &reply);
    ck_assert_int_eq(reply.status, 200);
    reply_done(&reply);
    get_as(CLERK, "staff", PHOTOS "/" DIGEST, &reply);
    ck_assert_int_eq(reply.status, 200);
}
END_TEST

/* clang-format off */
static const struct { const char *body, *pointer; } wrong[] = {
    {"{\"digest\":\"44f8\",\"stage\":\"seal\",\"type\":\"png\",\"size\":1}",             "/digest"},
    {"{\"digest\":\"x" DIGEST "\",\"stage\":\"seal\",\"type\":\"png\",\"size\":1}",      "/digest"},
    {"{\"digest\":\"" DIGEST "\",\"stage\":\"party\",\"type\":\"png\",\"size\":1}",      "/stage"},
    {"{\"digest\":\"" DIGEST "\",\"stage\":\"seal\",\"type\":\"gif\",\"size\":1}",       "/type"},
    {"{\"digest\":\"" DIGEST "\",\"stage\":\"seal\",\"type\":\"png\",\"size\":0}",       "/size"},
    {"{\"digest\":\"" DIGEST "\",\"stage\":\"seal\",\"type\":\"png\",\"size\":10485761}", "/size"},
    {"{\"digest\":\"" DIGEST "\",\"stage\":\"seal\",\"type\":\"png\"}",                  "/size"},
    {"{\"digest\":\"" DIGEST "\",\"stage\":\"seal\",\"type\":\"png\",\"size\":1,\"k\":1}", "/k"},
};
/* clang-format on */

START_TEST(what_is_wrong_with_a_body_is_told)
{
    char told[64];
    for (size_t at = 0; at < sizeof(wrong) / sizeof(wrong[0]); at++) {
        expect_post(AWA, PHOTOS, wrong[at].body, 422);
        snprintf(told, sizeof(told), "{\"pointer\":\"%s\",", wrong[at].pointer);
        expect_part(told);
    }
    expect_post(AWA, PHOTOS, "", 400);
    expect_post(AWA, PHOTOS, "{", 400);
}
END_TEST

static void expect_head(const char *headers, int status)
{
    reply_done(&reply);
    post_head(AWA, PHOTOS, headers, &reply);
    ck_assert_int_eq(reply.status, status);
}

START_TEST(a_body_too_large_or_of_another_kind_is_not_read)
{
    expect_head("Content-Type: application/json\r\nContent-Length: 99999999\r\n", 413);
    expect_head("Content-Type: image/jpeg\r\nContent-Length: 5\r\n", 415);
}
END_TEST

START_TEST(a_photo_is_fetched_by_its_digest)
{
    expect_get(AWA, PHOTOS "/" DIGEST, 200);
    expect_part("{\"url\":\"" STORE "/some-bucket/photos/" PARCEL "/" DIGEST "?");
    expect_part("&X-Amz-SignedHeaders=host&X-Amz-Signature=");
    expect_part("\",\"method\":\"GET\",\"headers\":{},\"expires_at\":\"");
    expect_get(BINTA, PHOTOS "/" DIGEST, 404);
    expect_get(AWA, PHOTOS "/nonsense", 404);
    expect_get(AWA, PHOTOS, 405);
}
END_TEST

TCase *photo_cases(void)
{
    TCase *cases = tcase_create("photo");
    tcase_add_checked_fixture(cases, photo_start, site_stop);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, the_sender_is_told_where_to_put_it);
    tcase_add_test(cases, a_digest_in_capitals_is_the_same_photo);
    tcase_add_test(cases, nobody_puts_photos_on_anothers_parcel);
    tcase_add_test(cases, staff_may_put_and_see_photos);
    tcase_add_test(cases, what_is_wrong_with_a_body_is_told);
    tcase_add_test(cases, a_body_too_large_or_of_another_kind_is_not_read);
    tcase_add_test(cases, a_photo_is_fetched_by_its_digest);
    return cases;
}

START_TEST(so_many_photos_an_hour_and_no_more)
{
    set_store();
    site_setting("COLIS_PHOTO_RATE", "3");
    site_run(true);
    site_parcel(PARCEL, AWA, 1000);
    for (int at = 0; at < 5; at++)
        expect_post(BINTA, PHOTOS, BODY, 404);
    for (int at = 0; at < 3; at++)
        expect_post(AWA, PHOTOS, BODY, 200);
    expect_post(AWA, PHOTOS, BODY, 429);
    ck_assert_int_gt(atoi(reply_header(&reply, "Retry-After")), 1000);
    expect_get(AWA, PHOTOS "/" DIGEST, 200);
}
END_TEST

START_TEST(where_there_is_no_store_there_are_no_photos)
{
    unsetenv("COLIS_S3_URL");
    site_run(true);
    site_parcel(PARCEL, AWA, 1000);
    expect_post(AWA, PHOTOS, BODY, 503);
    expect_part("\"detail\":\"photos are not configured here\"");
    ck_assert_str_eq(reply_header(&reply, "Retry-After"), "1");
    expect_get(AWA, PHOTOS "/" DIGEST, 503);
    expect_post(BINTA, PHOTOS, BODY, 404);
}
END_TEST

START_TEST(where_there_is_no_store_nobody_pays_for_asking)
{
    unsetenv("COLIS_S3_URL");
    site_setting("COLIS_PHOTO_RATE", "1");
    site_run(true);
    site_parcel(PARCEL, AWA, 1000);
    for (int at = 0; at < 3; at++)
        expect_post(AWA, PHOTOS, BODY, 503);
}
END_TEST

TCase *no_photo_cases(void)
{
    TCase *cases = tcase_create("no photo");
    tcase_add_checked_fixture(cases, site_make, site_stop);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, so_many_photos_an_hour_and_no_more);
    tcase_add_test(cases, where_there_is_no_store_there_are_no_photos);
    tcase_add_test(cases, where_there_is_no_store_nobody_pays_for_asking);
    return cases;
}
