/* SPDX-License-Identifier: Apache-2.0
 * Runs the tests of shared/links/kafka*, each in a process of its own: librdkafka starts threads inside the
 * test. */

#include "tests/links/kafka_cases.h"
#include "tests/suite.h"

int main(void)
{
    Suite *suite = suite_create("kafka");
    suite_add_tcase(suite, kafka_settings_cases());
    suite_add_tcase(suite, kafka_open_cases());
    suite_add_tcase(suite, kafka_event_cases());
    suite_add_tcase(suite, kafka_out_cases());
    suite_add_tcase(suite, kafka_fault_cases());
    suite_add_tcase(suite, kafka_in_cases());
    suite_add_tcase(suite, kafka_damage_cases());
    suite_add_tcase(suite, kafka_real_cases());
    return suite_run(suite);
}
