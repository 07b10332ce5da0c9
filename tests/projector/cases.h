/* SPDX-License-Identifier: Apache-2.0
 * The projector's core against a real database, without a broker: commands are made here, batches driven as
 * the reader drives them. One namespace a run; each test begins with its tables emptied. */
#ifndef COLIS_TESTS_PROJECTOR_CASES_H
#define COLIS_TESTS_PROJECTOR_CASES_H

#include <check.h>

#include "consumers/projector/parked.h"

TCase *batch_cases(void);
TCase *parked_cases(void);
TCase *drains_cases(void);
TCase *many_cases(void);
TCase *races_cases(void);
TCase *journals_cases(void);
TCase *mixed_cases(void);
TCase *access_cases(void);
TCase *refold_cases(void);
TCase *outbox_cases(void);

/* What a test stands on. */
struct bench {
    struct store store;
    struct batch batch;
    struct reader_position position; /* of one partition: from is what the store holds */
    int splits;                      /* of batches */
    size_t ahead;                    /* set: after so many decisions rows go ahead of the commit */
};
bool database_make(void); /* by main: false where there is none */
void database_drop(void);
void bench_start(struct bench *bench);                   /* empties the tables */
void bench_join(struct bench *bench, int32_t partition); /* another projector on the same tables */
void bench_done(struct bench *bench);

/* A command as it comes from the topic: offset n of partition 0, its id from the number. */
struct event command_made(const char *type, const char *person, int number, const char *subject,
                          const char *data);
struct event parcel_made(const char *person, int number); /* registers parcel number n */
void subject_of(int number, char ret_subject[80]);
void id_numbered(const char *what, int number, struct id *ret_id);

/* Drives one batch; position moves where it is committed. Returns the reader's outcome of the step that ended
 * it. */
int bench_run(struct bench *bench, const struct event *events, size_t count);
/* The event failed alone. */
int bench_reject(struct bench *bench, const struct event *event, const char *reason);

/* All reasons of refused verdicts, in the order of the list: "" where every command was accepted. */
void expect_refused(const char *reasons);

void sql_run(const char *sql);
void sql_rows(const char *sql, struct postgres_rows *ret_rows);
/* Of a statement that must fail: its SQLSTATE. */
const char *sql_state(const char *sql);
int64_t sql_number(const char *sql);
int64_t sql_number_as(const char *claims, const char *sql); /* as somebody signed in */
void sql_text(const char *sql, char *ret_text, size_t capacity);

#endif
