/* SPDX-License-Identifier: Apache-2.0
 * A session of the virtual database: the statements that came over its connection, executed one a step. What
 * was sent is executed even where the client is gone by then, as a server does that has it in its socket. */
#ifndef COLIS_TESTS_SIMULATOR_SESSION_H
#define COLIS_TESTS_SIMULATOR_SESSION_H

#include "tests/simulator/database.h"
#include "tests/simulator/sql.h"

enum { SESSIONS = 96 };
enum session_transaction { TX_NONE, TX_IMPLICIT, TX_OPEN, TX_FAILED };

struct sent {
    struct sent *next;
    const struct plan *plan; /* NULL: a Sync */
    bool prepares;           /* the plan is made known to the session, not executed */
    struct parameter {
        struct cell *cells; /* one, or an array's */
        int count;
    } * parameters;
};

enum answer_kind { ANSWER_ROWS, ANSWER_DONE, ANSWER_ERROR, ANSWER_SKIPPED, ANSWER_SYNC };
struct answer {
    struct answer *next;
    enum answer_kind kind;
    const char *state, *why;              /* of an error */
    const char *tag;                      /* "COMMIT" */
    enum session_transaction transaction; /* of a Sync */
    const struct plan *plan;
    struct cell *cells; /* rows by columns */
    int rows, row_capacity, changed;
};

struct session {
    int number, owner; /* owner: of which process */
    enum session_transaction transaction;
    int64_t xact;  /* its number, which its rows bear as xmin */
    bool skipping; /* a statement failed: nothing up to the next Sync */
    bool client;   /* somebody listens to its answers */
    bool over;     /* nothing comes of it any more */
    struct sent *first_sent, *last_sent;
    struct answer *first_answer, *last_answer;
    int syncs; /* answered, not taken yet */
    struct row **touched;
    int touched_count, touched_capacity;
    const struct row *waits; /* for its holder's end */
    int64_t wait_until_ms, idle_since_ms, linger_ms;
    /* the statement under way */
    bool begun;
    struct row **listed; /* the rows it is about, as they were when it began */
    int *listed_for;     /* and of which tuple of its source each is */
    int listed_count, listed_capacity, at;
    struct answer *answer;
    /* how many verdicts there were when it locked the states of a machine: what was not there then could not
     * be locked */
    int saw[DATABASE_MACHINES];
    bool prepared[SQL_PLANS]; /* statements, by the number of their plan */
};

struct session *session_new(int owner);
void session_send(struct session *session, const struct sent *sent);
bool session_ready(const struct session *session);     /* has something to do, and may */
int64_t session_due_ms(const struct session *session); /* when it has at the latest; INT64_MAX: never */
void session_step(struct session *session);
struct answer *session_take(struct session *session);
/* The client is gone. What was sent is executed yet, up to a point where the rest never arrived. */
void session_leave(struct session *session);
void session_end(struct session *session); /* by the server: rolled back */
int session_count(void);
struct session *session_at(int number);
void sessions_restart(void);
void database_fails(void); /* a restart: every session ends, what was not committed is gone */

void texts_done(void); /* texts.c: those of statements */

/* plan.c. What became of the statement in hand. */
enum ran { RAN, RAN_WAITS, RAN_FAILED };
enum ran plan_run(struct session *session, const struct sent *sent);
bool session_hold(struct session *session, struct row *row); /* false: session->waits for it */
void session_touch(struct session *session, struct row *row);
enum ran session_fails(struct session *session, const char *state, const char *why);

/* The laws look at what is about to be committed. */
void judge_commit(const struct session *session);
/* May the database take this verdict? story.c curses some commands. */
bool verdict_cursed(struct cell id);

#endif
