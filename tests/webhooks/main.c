/* SPDX-License-Identifier: Apache-2.0
 * Runs every case of this folder and answers in TAP. */
#include <stdlib.h>

#include "tests/webhooks/cases.h"

int main(void)
{
    Suite *suite = suite_create("webhooks");
    suite_add_tcase(suite, signature_cases());
    suite_add_tcase(suite, flutterwave_cases());
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
