/* SPDX-License-Identifier: Apache-2.0
 * Runs the tests of links/postgres against a real server, each in a process of its own. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/links/postgres_cases.h"
#include "tests/suite.h"

int main(void)
{
    if (!getenv("COLIS_POSTGRES_URL")) {
        printf("1..0 # SKIP COLIS_POSTGRES_URL is not set: no PostgreSQL to test against\n");
        return EXIT_SUCCESS;
    }
    if (!database_open())
        return EXIT_FAILURE;
    Suite *suite = suite_create("postgres");
    suite_add_tcase(suite, array_cases());
    suite_add_tcase(suite, sync_cases());
    suite_add_tcase(suite, failure_cases());
    suite_add_tcase(suite, ask_cases());
    suite_add_tcase(suite, lookup_cases());
    suite_add_tcase(suite, tls_cases());
    suite_add_tcase(suite, state_cases());
    int code = suite_run(suite);
    database_close();
    return code;
}
