/* SPDX-License-Identifier: Apache-2.0
 * Runs the tests of links/mongo against a real server, each in a process and a database of its own. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/links/mongo_cases.h"
#include "tests/suite.h"

int main(void)
{
    if (!getenv("COLIS_MONGO_URL")) {
        printf("1..0 # SKIP COLIS_MONGO_URL is not set: no MongoDB to test against\n");
        return EXIT_SUCCESS;
    }
    Suite *suite = suite_create("mongo");
    suite_add_tcase(suite, json_cases());
    suite_add_tcase(suite, append_cases());
    suite_add_tcase(suite, away_cases());
    suite_add_tcase(suite, position_cases());
    suite_add_tcase(suite, tls_cases());
    int code = suite_run(suite);
    store_drop_all();
    return code;
}
