/* SPDX-License-Identifier: Apache-2.0
 * The cases of each file of this folder, gathered by main.c into one run. */
#ifndef COLIS_TESTS_WEBHOOKS_CASES_H
#define COLIS_TESTS_WEBHOOKS_CASES_H

#include <check.h>

TCase *signature_cases(void);
TCase *flutterwave_cases(void);

#endif
