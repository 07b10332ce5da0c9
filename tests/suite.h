/* SPDX-License-Identifier: Apache-2.0
 * How every test program ends: its suite runs, told in TAP, and the exit code says what came of it. */
#ifndef COLIS_TESTS_SUITE_H
#define COLIS_TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

/* Frees the suite. */
static inline int suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
