/* SPDX-License-Identifier: Apache-2.0
 * Runs the tests of shared/http, each in a process of its own, and tells the result as TAP. */

#include "tests/http/cases.h"
#include "tests/suite.h"

int main(void)
{
    Suite *suite = suite_create("http");
    suite_add_tcase(suite, status_cases());
    suite_add_tcase(suite, strict_cases());
    suite_add_tcase(suite, malformed_cases());
    suite_add_tcase(suite, mutilated_cases());
    suite_add_tcase(suite, caps_cases());
    suite_add_tcase(suite, unread_cases());
    suite_add_tcase(suite, flow_cases());
    suite_add_tcase(suite, problem_cases());
    suite_add_tcase(suite, token_cases());
    suite_add_tcase(suite, token_key_cases());
    suite_add_tcase(suite, receipt_cases());
    suite_add_tcase(suite, bucket_cases());
    suite_add_tcase(suite, link_cases());
    suite_add_tcase(suite, qr_cases());
    return suite_run(suite);
}
