/* SPDX-License-Identifier: Apache-2.0
 * The cases of each file of this folder, gathered by main.c into one run, and what they share: files, seeds.
 */
#ifndef COLIS_TESTS_SCHEMAS_CASES_H
#define COLIS_TESTS_SCHEMAS_CASES_H

#include <check.h>

#include "schemas/codec.h"

TCase *scan_cases(void);
TCase *text_cases(void);
TCase *format_cases(void);
TCase *codec_cases(void);
TCase *encode_cases(void);
TCase *example_cases(void);
TCase *property_cases(void);
TCase *event_cases(void);
TCase *table_cases(void);
TCase *parsing_cases(void); /* NULL where the files are absent */

/* Appends a file's bytes; fails the test where it cannot be read. */
void file_read(const char *path, struct buf *to);
/* $name, or fallback: where the build tells a folder, and where it is from the top of the checkout. */
const char *folder_of(const char *name, const char *fallback);

/* A generator of test values whose whole run follows from $COLIS_SEED (1 where unset). */
struct seed {
    uint64_t state;
};
struct seed seed_start(void);
uint32_t seed_next(struct seed *seed, uint32_t below);

#endif
