/* SPDX-License-Identifier: Apache-2.0
 * The cases of links/postgres, and what each stands on: a database of its own on the server
 * COLIS_POSTGRES_URL names, made before the test and dropped after the run. */
#ifndef COLIS_TESTS_LINKS_POSTGRES_CASES_H
#define COLIS_TESTS_LINKS_POSTGRES_CASES_H

#include <check.h>

#include "shared/links/postgres.h"

TCase *array_cases(void);
TCase *sync_cases(void);
TCase *failure_cases(void);
TCase *ask_cases(void);
TCase *lookup_cases(void);
TCase *tls_cases(void);
TCase *state_cases(void);

const char *database_name(void); /* also the namespace */
bool database_open(void);        /* by main, before the tests: makes it */
void database_close(void);       /* by main, after them: drops it */
void database_make(void);        /* checked fixture: empties it, and reads the settings */
/* A link to this test's database with the given statements, not yet connected. */
struct postgres *database_link(const struct postgres_statement *statements);
/* The statements in a session of their own, each a segment; fails the test where one fails. */
void database_run(const struct postgres_statement *statements);

#define TEXT(literal)                                                                                        \
    {                                                                                                        \
        .type = POSTGRES_TEXT, .text = {(literal), sizeof(literal) - 1 }                                     \
    }
#define INT8(value)                                                                                          \
    {                                                                                                        \
        .type = POSTGRES_INT8, .integer = (value)                                                            \
    }
#define ARRAY(pointer)                                                                                       \
    {                                                                                                        \
        .array = (pointer)                                                                                   \
    }

#endif
