/* SPDX-License-Identifier: Apache-2.0
 * The cases of each file of this folder, gathered by main.c into one run. */
#ifndef COLIS_TESTS_RUN_CASES_H
#define COLIS_TESTS_RUN_CASES_H

#include <check.h>

TCase *batch_cases(void);
TCase *breaker_cases(void);
TCase *broker_cases(void);
TCase *crash_cases(void);
TCase *dead_cases(void);
TCase *loop_cases(void);
TCase *management_cases(void);
TCase *metrics_cases(void);
TCase *reader_cases(void);
TCase *real_cases(void);
TCase *service_cases(void);
TCase *shared_cases(void);

#endif
