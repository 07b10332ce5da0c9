/* SPDX-License-Identifier: Apache-2.0
 * The cases of each file of this folder, gathered by main.c into one run. */
#ifndef COLIS_TESTS_BASE_CASES_H
#define COLIS_TESTS_BASE_CASES_H

#include <check.h>

TCase *buf_cases(void);
TCase *cleanup_cases(void);
TCase *clock_cases(void);
TCase *crypto_cases(void);
TCase *crypto_key_cases(void);
TCase *error_cases(void);
TCase *host_cases(void);
TCase *id_cases(void);
TCase *log_cases(void);
TCase *metric_cases(void);
TCase *settings_cases(void);
TCase *sigv4_cases(void);
TCase *trace_cases(void);

#endif
