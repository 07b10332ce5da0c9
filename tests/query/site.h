/* SPDX-License-Identifier: Apache-2.0
 * What the tests of consumers/query stand on: the real program on a database and a MongoDB of its own,
 * tokens, and a client that speaks HTTP over plain sockets. */
#ifndef COLIS_TESTS_QUERY_SITE_H
#define COLIS_TESTS_QUERY_SITE_H

#include <check.h>

#include "shared/base/buf.h"
#include "shared/base/cleanup.h"
#include "shared/base/id.h"

#define AWA    "11111111-1111-4111-8111-111111111111"
#define BINTA  "22222222-2222-4222-8222-222222222222"
#define CLERK  "33333333-3333-4333-8333-333333333333"
#define PARCEL "8c1e0000-0000-8000-8000-000000000001"

TCase *verdict_cases(void);
TCase *wait_cases(void);
TCase *limit_cases(void);
TCase *parcel_cases(void);
TCase *party_cases(void);
TCase *search_cases(void);
TCase *rate_cases(void);
TCase *history_cases(void);
TCase *photo_cases(void);
TCase *no_photo_cases(void);
TCase *away_cases(void);
TCase *code_cases(void);

/* Checked fixtures: databases, and (site_start) the program, ready. */
void site_make(void);
void site_start(void);
void site_stop(void);
void site_setting(const char *name, const char *value); /* before site_run */
void site_run(bool until_ready);
void site_terminate(void); /* SIGTERM */
int site_ended(void);      /* waits for the end: the exit code */

/* Everything behind the program's back, as the owner of the database. */
void site_sql(const char *format, ...) FORMAT_LIKE(1, 2);

/* A verdict in the past or from now on; fingerprint NULL: none. */
void site_verdict(const char *command, const char *principal, const char *reason, const char *fingerprint);
/* A row of state.KIND: members over what a row cannot be without (ids are PARCEL, times 2026-11-22T10:00:00Z,
 * numbers 0, words XOF, lists empty). */
void site_row(const char *kind, const char *members);
void site_parcel(const char *id, const char *sender, int64_t registered_s);
void site_receipt(const char *command, uint8_t fingerprint_byte, struct buf *to);

struct reply {
    int status;
    char head[2048];
    struct buf body;
};
void reply_done(struct reply *reply);
const char *reply_header(const struct reply *reply,
                         const char *name);         /* its value up to the line's end, or NULL */
long long reply_version(const struct reply *reply); /* what its entity tag begins with */

int client_send(const char *user, const char *role, const char *target,
                const char *more_headers);             /* a socket */
void client_read(int client, struct reply *ret_reply); /* closes it; fails the test after 20 s */
void client_vanish(int client);                        /* the connection is reset */
void get_as(const char *user, const char *role, const char *target, struct reply *ret_reply);
void post_as(const char *user, const char *role, const char *target, const char *body,
             struct reply *ret_reply);
/* Its body is announced and never sent. */
void post_head(const char *user, const char *target, const char *headers, struct reply *ret_reply);
#define get(user, target, reply) get_as((user), NULL, (target), (reply))
/* One figure of /metrics. */
long long site_metric(const char *name);
int site_managed(const char *target); /* the status of a GET on the management port */

#endif
