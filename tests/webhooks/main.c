/* SPDX-License-Identifier: Apache-2.0
 * Runs every case of this folder and answers in TAP. */
#include "tests/suite.h"
#include "tests/webhooks/cases.h"

int main(void)
{
    Suite *suite = suite_create("webhooks");
    suite_add_tcase(suite, signature_cases());
    suite_add_tcase(suite, flutterwave_cases());
    return suite_run(suite);
}
