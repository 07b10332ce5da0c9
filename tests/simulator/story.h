/* SPDX-License-Identifier: Apache-2.0
 * What is asked: the lives of a few bookings on one trip, told out of order, told twice, with what spoils
 * them; and the judge of what became of it all. */
#ifndef COLIS_TESTS_SIMULATOR_STORY_H
#define COLIS_TESTS_SIMULATOR_STORY_H

#include "shared/domain/code.h"
#include "shared/run/outbox.h"
#include "tests/simulator/broker.h"
#include "tests/simulator/session.h"

struct command {
    struct event event;           /* as it is sent */
    struct command *next;         /* of its bucket */
    bool sent, broken;            /* broken: nobody can read it */
    bool cursed;                  /* the database will not take its verdict, for now */
    const struct row *row;        /* of its verdict, once committed */
    int number;                   /* among all verdicts, in the order of commits, from 1; 0: none */
    int first;                    /* number of the first of its transaction */
    const int *saw;               /* see struct session */
    bool discarded;               /* by an operator */
    const struct record *decided; /* the record the verdict is of */
};

extern const struct code_key story_codes;

void story_make(void); /* once: all that may be asked */
void story_done(void);
void story_restart(void);
bool story_ready(void); /* somebody has something to ask */
void story_turn(void);
bool story_over(void);
struct command *story_command(struct span id); /* 16 bytes or text; NULL where nobody asked it */
void story_lift(void);                         /* no curse from now on */

/* The relay: commands among what is committed in the outbox go to the log. */
void relay_restart(void);
void relay_take_page(struct span page);   /* just committed */
void relay_take_command(struct row *row); /* likewise */
/* The outbox in the order of commits, notices aside; NULL past it. */
const struct event *relay_fact(int number);
const struct row *relay_command(int number);
enum { COMMAND_EVENT = 3, COMMAND_HEADERS, COMMAND_VALUE, COMMAND_DUE, COMMAND_KEY = 1 }; /* its cells */
bool relay_ready(void);
void relay_turn(void);
bool relay_jump(void); /* to the next timer; false: there is none */

/* The operator: frees what is parked, now and then throws one away. */
bool operator_ready(void);
void operator_turn(void);

/* judge.c */
void judge_restart(void);
int64_t judge_position(int partition); /* committed; -1 none */
bool judge_all_taken(void);            /* every record has a fate, nothing is parked */
void judge_end(void);                  /* the laws about the whole */
struct command *judge_numbered(int number);
int judge_count(void);

/* replay.c: all verdicts once more, one after another. */
void replay_judge(void);
void replay_done(void);
/* fold.c: the facts alone lead to the states. */
void fold_judge(void);
void fold_done(void);

#endif
