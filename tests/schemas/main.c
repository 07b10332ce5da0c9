/* SPDX-License-Identifier: Apache-2.0
 * Runs the tests of schemas/, each in a process of its own, and tells the result as TAP. With the argument
 * "parsing" it runs the public JSON parsing files instead, which stand beside the checkout or do not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/schemas/cases.h"
#include "tests/suite.h"

static int run(Suite *suite)
{
    return suite_run(suite);
}

static int run_parsing(void)
{
    TCase *cases = parsing_cases();
    Suite *suite = suite_create("parsing");
    if (!cases) {
        puts("1..0 # SKIP the JSON parsing files are not beside this checkout: the scanner was not held to "
             "them");
        return EXIT_SUCCESS;
    }
    suite_add_tcase(suite, cases);
    return run(suite);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "parsing") == 0)
        return run_parsing();
    Suite *suite = suite_create("schemas");
    suite_add_tcase(suite, scan_cases());
    suite_add_tcase(suite, text_cases());
    suite_add_tcase(suite, format_cases());
    suite_add_tcase(suite, codec_cases());
    suite_add_tcase(suite, encode_cases());
    suite_add_tcase(suite, example_cases());
    suite_add_tcase(suite, property_cases());
    suite_add_tcase(suite, event_cases());
    suite_add_tcase(suite, table_cases());
    return run(suite);
}
