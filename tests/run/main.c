/* SPDX-License-Identifier: Apache-2.0
 * Runs the tests of shared/run, each in a process of its own, and tells the result as TAP. */
#include "tests/run/cases.h"
#include "tests/suite.h"

int main(void)
{
    Suite *suite = suite_create("run");
    suite_add_tcase(suite, batch_cases());
    suite_add_tcase(suite, breaker_cases());
    suite_add_tcase(suite, broker_cases());
    suite_add_tcase(suite, crash_cases());
    suite_add_tcase(suite, dead_cases());
    suite_add_tcase(suite, loop_cases());
    suite_add_tcase(suite, management_cases());
    suite_add_tcase(suite, metrics_cases());
    suite_add_tcase(suite, reader_cases());
    suite_add_tcase(suite, real_cases());
    suite_add_tcase(suite, service_cases());
    suite_add_tcase(suite, shared_cases());
    return suite_run(suite);
}
