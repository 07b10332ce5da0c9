/* SPDX-License-Identifier: Apache-2.0
 * The cases of each file of this folder, gathered by main.c into one run. */
#ifndef COLIS_TESTS_HTTP_CASES_H
#define COLIS_TESTS_HTTP_CASES_H

#include <check.h>

TCase *status_cases(void);
TCase *strict_cases(void);
TCase *malformed_cases(void);
TCase *caps_cases(void);
TCase *unread_cases(void);
TCase *mutilated_cases(void);
TCase *flow_cases(void);
TCase *problem_cases(void);
TCase *token_cases(void);
TCase *token_key_cases(void);
TCase *receipt_cases(void);
TCase *bucket_cases(void);
TCase *link_cases(void);
TCase *qr_cases(void);

#endif
