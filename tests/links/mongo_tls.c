/* SPDX-License-Identifier: Apache-2.0
 * A person's history does not cross a network in the clear, nor to whoever answers for the server. */
#include <stdlib.h>
#include <string.h>

#include "shared/base/error.h"
#include "tests/links/mongo_cases.h"

static int tried(const char *url)
{
    const struct setting *const tables[] = {mongo_settings, NULL};
    char *arguments[] = {"test", NULL};
    CLEANUP(mongo_free_cleanup) struct mongo *link = NULL;
    setenv("COLIS_MONGO_URL", url, 1);
    ck_assert_int_eq(settings_read(tables, 1, arguments, getenv), 0);
    return mongo_new("test", "unused", &link);
}

START_TEST(only_loopback_goes_without_tls)
{
    static const char *const good[] = {
        "mongodb://me:secret@127.0.0.1:27017",
        "mongodb://localhost,127.0.0.1:2,[::1]:3/?replicaSet=rs",
        "mongodb://%2Frun%2Fmongo.sock",
        "mongodb://db.example.org/?tls=true",
        "mongodb://me:secret@db.example.org,other.example.org/?ssl=true&replicaSet=rs",
    };
    static const char *const bad[] = {
        "mongodb://me:secret@db.example.org",
        "mongodb://127.example.org",
        "mongodb://localhost,db.example.org/?replicaSet=rs",
        "mongodb://db.example.org/?tls=false&tlsCAFile=ca.pem",
        "mongodb://db.example.org/?tls=true&tlsInsecure=true",
        "mongodb://db.example.org/?tls=true&tlsAllowInvalidCertificates=true",
        "mongodb://db.example.org/?tls=true&tlsAllowInvalidHostnames=true",
        "mongodb://db.example.org/?ssl=true&sslAllowInvalidCertificates=true",
        "mongodb+srv://me:secret@db.example.org/?tls=false",
        "mongodb+srv://db.example.org/?tlsInsecure=true",
    };
    for (size_t at = 0; at < sizeof(good) / sizeof(good[0]); at++)
        ck_assert_msg(tried(good[at]) == 0, "%s: %s", good[at], error_text());
    for (size_t at = 0; at < sizeof(bad) / sizeof(bad[0]); at++) {
        ck_assert_msg(tried(bad[at]) == ERROR_SETTINGS, "%s", bad[at]);
        ck_assert_ptr_nonnull(strstr(error_text(), "mongo_url: must say tls=true"));
        ck_assert_ptr_null(strstr(error_text(), "secret"));
    }
}
END_TEST

TCase *tls_cases(void)
{
    TCase *cases = tcase_create("tls");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, only_loopback_goes_without_tls);
    return cases;
}
