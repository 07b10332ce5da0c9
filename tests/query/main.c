/* SPDX-License-Identifier: Apache-2.0
 * Runs the tests of consumers/query: the real program, real databases, a process a test. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/links/mongo_cases.h"
#include "tests/links/postgres_cases.h"
#include "tests/query/site.h"
#include "tests/suite.h"

int main(void)
{
    if (!getenv("COLIS_POSTGRES_URL") || !getenv("COLIS_MONGO_URL")) {
        printf("1..0 # SKIP COLIS_POSTGRES_URL and COLIS_MONGO_URL are not both set: nothing to read from\n");
        return EXIT_SUCCESS;
    }
    if (!database_open())
        return EXIT_FAILURE;
    Suite *suite = suite_create("query");
    suite_add_tcase(suite, verdict_cases());
    suite_add_tcase(suite, wait_cases());
    suite_add_tcase(suite, limit_cases());
    suite_add_tcase(suite, parcel_cases());
    suite_add_tcase(suite, party_cases());
    suite_add_tcase(suite, search_cases());
    suite_add_tcase(suite, rate_cases());
    suite_add_tcase(suite, history_cases());
    suite_add_tcase(suite, away_cases());
    suite_add_tcase(suite, code_cases());
    suite_add_tcase(suite, photo_cases());
    suite_add_tcase(suite, no_photo_cases());
    int code = suite_run(suite);
    database_close();
    store_drop_all();
    return code;
}
