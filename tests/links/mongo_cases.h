/* SPDX-License-Identifier: Apache-2.0
 * The cases of links/mongo, and what each stands on: a database of its own on the server COLIS_MONGO_URL
 * names. */
#ifndef COLIS_TESTS_LINKS_MONGO_CASES_H
#define COLIS_TESTS_LINKS_MONGO_CASES_H

#include <check.h>

#include "shared/links/mongo.h"

TCase *append_cases(void);
TCase *away_cases(void);
TCase *position_cases(void);
TCase *json_cases(void);
TCase *tls_cases(void);

struct mongo *store_link(void); /* of this test, prepared */
const char *store_name(void);   /* its database */
void store_make(void);          /* checked fixture */
void store_free(void);          /* checked fixture */
void store_drop_all(void);      /* by main, at its end */
/* One document changed behind the link's back: fact of the document with this _id. */
void store_set_fact(const char *name, const char *fact);
void store_set_position(const char *name, const char *partition, int64_t next); /* so, also back */
void store_refuse_positions(void); /* by another validator: every write of one */
long long store_count(const char *collection);

#endif
