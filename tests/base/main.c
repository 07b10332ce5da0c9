/* SPDX-License-Identifier: Apache-2.0
 * Runs the tests of shared/base, each in a process of its own, and tells the result as TAP. */

#include "tests/base/cases.h"
#include "tests/suite.h"

int main(void)
{
    Suite *suite = suite_create("base");
    suite_add_tcase(suite, buf_cases());
    suite_add_tcase(suite, cleanup_cases());
    suite_add_tcase(suite, clock_cases());
    suite_add_tcase(suite, crypto_cases());
    suite_add_tcase(suite, crypto_key_cases());
    suite_add_tcase(suite, error_cases());
    suite_add_tcase(suite, host_cases());
    suite_add_tcase(suite, id_cases());
    suite_add_tcase(suite, log_cases());
    suite_add_tcase(suite, metric_cases());
    suite_add_tcase(suite, settings_cases());
    suite_add_tcase(suite, sigv4_cases());
    suite_add_tcase(suite, trace_cases());
    return suite_run(suite);
}
