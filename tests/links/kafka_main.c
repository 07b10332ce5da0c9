/* SPDX-License-Identifier: Apache-2.0
 * Runs the tests of shared/links/kafka*, each in a process of its own: librdkafka starts threads inside the
 * test. */
#include <stdlib.h>

#include "tests/links/kafka_cases.h"

int main(void)
{
    Suite *suite = suite_create("kafka");
    suite_add_tcase(suite, kafka_settings_cases());
    suite_add_tcase(suite, kafka_open_cases());
    suite_add_tcase(suite, kafka_event_cases());
    suite_add_tcase(suite, kafka_out_cases());
    suite_add_tcase(suite, kafka_fault_cases());
    suite_add_tcase(suite, kafka_in_cases());
    suite_add_tcase(suite, kafka_real_cases());
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_FORK);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
