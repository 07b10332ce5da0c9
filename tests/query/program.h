/* SPDX-License-Identifier: Apache-2.0
 * The program under test as the client and the site see it. */
#ifndef COLIS_TESTS_QUERY_PROGRAM_H
#define COLIS_TESTS_QUERY_PROGRAM_H

#include "tests/query/site.h"

#define ISSUER       "http://127.0.0.1/auth/v1"
#define TOKEN_SECRET "a secret of the tests that is long enough"
#define COUNTING_KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SERVER_KEY   "another secret of the tests, also long enough"

int program_port(void);
int client_connect(int port); /* -1 where nobody listens */
void client_write(int client, const struct buf *request);

/* postgres_schema.c */
void schema_make(void);
void schema_verdicts(void); /* bus.verdicts is what it was */
void schema_done(void);

#endif
