/* SPDX-License-Identifier: Apache-2.0
 * shared/base/sigv4.h: the published example of a presigned URL, and what the public client of AWS signs
 * (tests/photos compares many more with it). */
#include "shared/base/sigv4.h"

#include <string.h>

#include "shared/base/cleanup.h"
#include "shared/base/crypto.h"
#include "tests/base/cases.h"

/* 2013-05-24T00:00:00Z */
static const int64_t published_ms = INT64_C(1369353600000);

/* The credentials of AWS's documents; nobody's. */
static const struct sigv4_account published = {
    {"AKIAIOSFODNN7EXAMPLE", 20}, {"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", 40}, {"us-east-1", 9}};

static void expect_url(const struct sigv4_request *request, const char *wanted)
{
    CLEANUP(buf_done) struct buf url = {0};
    ck_assert_int_eq(sigv4_presign(&published, request, &url), 0);
    ck_assert_str_eq(url.data, wanted);
}

START_TEST(signs_the_published_example_as_published)
{
    const struct sigv4_request request = {.method = "GET",
                                          .endpoint = SPAN("https:"
                                                           "//examplebucket.s3.amazonaws.com"),
                                          .object = SPAN("test.txt"),
                                          .at_ms = published_ms,
                                          .expires_s = 86400};
    expect_url(&request, "https:"
                         "//examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
                         "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                         "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                         "&X-Amz-Signature="
                         "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}
END_TEST

/* Signed by botocore with its clock held at that second. */
START_TEST(signs_a_put_with_headers_as_botocore_does)
{
    static const struct sigv4_header headers[] = {
        {"content-length", {"1000", 4}},
        {"content-type", {"image/jpeg", 10}},
        {"x-amz-checksum-sha256", {"RPg1RJSlugO6F5Ko0+nFNMR6kYGYD956P0SwbvKufH8=", 44}}};
    const struct sigv4_request request = {.method = "PUT",
                                          .endpoint = SPAN("http://127.0.0.1:19000/storage/v1/s3"),
                                          .bucket = SPAN("colis-photos"),
                                          .object = SPAN("photos/a b+c/\xc3\xa9"),
                                          .headers = headers,
                                          .header_count = 3,
                                          .at_ms = published_ms,
                                          .expires_s = 300};
    expect_url(&request, "http://127.0.0.1:19000/storage/v1/s3/colis-photos/photos/a%20b%2Bc/%C3%A9"
                         "?X-Amz-Algorithm=AWS4-HMAC-SHA256"
                         "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                         "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=300"
                         "&X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bx-amz-checksum-sha256"
                         "&X-Amz-Signature="
                         "59baefa7960f8ac808f01e27c42ac8bed8a901fe2515096fdc853002c242cd2c");
}
END_TEST

static void expect_host(const char *endpoint, const char *other)
{
    CLEANUP(buf_done) struct buf one = {0}, two = {0};
    struct sigv4_request request = {.method = "GET",
                                    .object = SPAN("x"),
                                    .at_ms = published_ms,
                                    .expires_s = 1,
                                    .endpoint = span_of(endpoint)};
    ck_assert_int_eq(sigv4_presign(&published, &request, &one), 0);
    request.endpoint = span_of(other);
    ck_assert_int_eq(sigv4_presign(&published, &request, &two), 0);
    ck_assert_str_eq(one.data, two.data);
}

START_TEST(leaves_out_the_port_that_clients_leave_out_of_host)
{
    expect_host("https://s3.example.com:443", "https://s3.example.com");
    expect_host("http://s3.example.com:80/a", "http://s3.example.com/a");
}
END_TEST

START_TEST(a_changed_input_changes_the_signature)
{
    CLEANUP(buf_done) struct buf one = {0}, two = {0};
    struct sigv4_request request = {.method = "PUT",
                                    .endpoint = SPAN("https://s3.example.com"),
                                    .object = SPAN("x"),
                                    .at_ms = published_ms,
                                    .expires_s = 60};
    ck_assert_int_eq(sigv4_presign(&published, &request, &one), 0);
    request.payload = SPAN("44f8354494a5ba03ba1792a8d3e9c534c47a9181980fde7a3f44b06ef2ae7c7f");
    ck_assert_int_eq(sigv4_presign(&published, &request, &two), 0);
    ck_assert_uint_eq(one.size, two.size);
    ck_assert_int_eq(memcmp(one.data, two.data, one.size - 64), 0);
    ck_assert_str_ne(one.data, two.data);
}
END_TEST

START_TEST(an_endpoint_is_a_scheme_a_host_and_a_path)
{
    static const char *const good[] = {"http://127.0.0.1:19000", "https://s3.example.com",
                                       "https://x.example.com/storage/v1/s3", "http://[::1]:9000"};
    static const char *const bad[] = {"",
                                      "s3.example.com",
                                      "https://",
                                      "https:///bucket",
                                      "https://s3.example.com/",
                                      "https://s3.example.com/?x=1",
                                      "https://s3.example.com/a b",
                                      "https://user@s3.example.com",
                                      "ftp://s3.example.com"};
    for (size_t at = 0; at < sizeof(good) / sizeof(good[0]); at++)
        ck_assert_msg(sigv4_endpoint(span_of(good[at])), "%s", good[at]);
    for (size_t at = 0; at < sizeof(bad) / sizeof(bad[0]); at++)
        ck_assert_msg(!sigv4_endpoint(span_of(bad[at])), "%s", bad[at]);
}
END_TEST

START_TEST(a_checksum_is_base64_of_the_old_alphabet)
{
    uint8_t digest[32];
    char text[SIGV4_CHECKSUM];
    ck_assert_int_eq(
        crypto_unhex(SPAN("44f8354494a5ba03ba1792a8d3e9c534c47a9181980fde7a3f44b06ef2ae7c7f"), digest, 32),
        0);
    sigv4_checksum(digest, text);
    ck_assert_str_eq(text, "RPg1RJSlugO6F5Ko0+nFNMR6kYGYD956P0SwbvKufH8=");
    memset(digest, 0xff, sizeof(digest));
    sigv4_checksum(digest, text);
    ck_assert_str_eq(text, "//////////////////////////////////////////8=");
}
END_TEST

TCase *sigv4_cases(void)
{
    TCase *cases = tcase_create("sigv4");
    tcase_add_test(cases, signs_the_published_example_as_published);
    tcase_add_test(cases, signs_a_put_with_headers_as_botocore_does);
    tcase_add_test(cases, leaves_out_the_port_that_clients_leave_out_of_host);
    tcase_add_test(cases, a_changed_input_changes_the_signature);
    tcase_add_test(cases, an_endpoint_is_a_scheme_a_host_and_a_path);
    tcase_add_test(cases, a_checksum_is_base64_of_the_old_alphabet);
    return cases;
}
