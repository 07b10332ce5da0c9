/* SPDX-License-Identifier: Apache-2.0
 * A batch of commands in memory: what was read, what the database holds about it, and what was decided.
 * Life: batch_start -> (load.c names and fills states, and marks) -> batch_decide each -> (store.c writes) ->
 * batch_start.
 *
 * A command touches up to eight aggregates. domain_names says which, given the states that are known, and is
 * asked again whenever more is known: of the command alone (batch_start), of peeked rows and of what earlier
 * commands of the batch would make (batch_foresee), of the locked rows, and of the folded states when it is
 * decided. What it names last must have been locked: else BATCH_SPLIT. */
#ifndef COLIS_PROJECTOR_BATCH_H
#define COLIS_PROJECTOR_BATCH_H

#include "consumers/projector/memory.h"
#include "schemas/event.h"
#include "shared/domain/rule.h"
#include "shared/run/outbox.h"
#include "shared/run/reader.h"

enum { BATCH_MACHINES = 8, BATCH_REASON = 200 };

/* One command. Exactly one of: dead is set; row and data are. */
struct batch_item {
    const struct event *event;
    const struct message_row *row;
    void *data;              /* decoded, in the batch's memory */
    char dead[BATCH_REASON]; /* why nobody can decide it; "" where somebody can */
    bool decided;            /* its verdict exists, or an earlier one of this batch bears its id */
    bool behind;             /* its key is parked */
    bool open;               /* what it touches depends on states */
    int subject;             /* index into states; -1 where dead */
    int slots[SLOT_COUNT];   /* likewise; -1 where it does not touch one */
};

/* An aggregate the batch touches. */
struct batch_state {
    struct domain_head *state; /* machine->state->size bytes in the batch's memory */
    const struct machine *machine;
    const void *stored;     /* as it is in the database, of the batch's memory; NULL: it is not there */
    int64_t stored_version; /* 0: not in the database; another than the state's own: it has changed */
    int32_t xmin;           /* the transaction that wrote it */
    bool wanted;            /* an open command names it: it is peeked at */
    bool locked;            /* before it is read: what is made meanwhile is not there yet */
};

/* Ids to index, open addressing; keys are borrowed. */
struct batch_index {
    struct batch_slot {
        const struct id *key;
        size_t hash;
        int value;
    } * slots;
    size_t capacity, used;
};
void batch_index_start(struct batch_index *index);                                /* empties */
int batch_index_value_of(const struct batch_index *index, const struct id *key);  /* -1: not there */
void batch_index_add(struct batch_index *index, const struct id *key, int value); /* not there yet */

/* Columns of rows to insert, by table. */
enum { VERDICT_COLUMNS = 9, PRIVATE_COLUMNS = 4, PARKED_COLUMNS = 9, LEDGER_COLUMNS = 8 };

struct batch {
    struct batch_item *items;
    size_t count, item_capacity;
    struct batch_state *states; /* moves when it grows: hold indices */
    size_t state_count, state_capacity;
    struct memory memory; /* decoded messages and states */
    struct batch_index ids, subjects[BATCH_MACHINES];
    struct postgres_array verdicts[VERDICT_COLUMNS];
    struct postgres_array privates[BATCH_MACHINES][PRIVATE_COLUMNS];
    struct postgres_array parked[PARKED_COLUMNS];
    struct postgres_array ledger[LEDGER_COLUMNS];
    struct outbox outbox;
    struct buf text;
    const struct code_key *codes; /* the handover key, set once by who owns the batch */
    /* Set: a decision it does not agree with is put off, and nothing is gathered; the states are changed. */
    bool (*judge)(void *self, const struct batch_item *item, const struct domain_decision *decision);
    void *judge_self;
    struct domain_decision decision; /* scratch: too large for the stack of every call */
    struct codec_errors errors;      /* scratch */
};

void batch_done(struct batch *batch);

/* The rows gathered so far are on their way: forgets them, and nothing else. */
void batch_sent(struct batch *batch);

/* Takes the events in: reads each, finds what it names by itself. */
void batch_start(struct batch *batch, const struct event *events, size_t count);

/* The index of the state of (machine, id): added empty where it is not there yet; -1 where it is not. */
int batch_state_of(struct batch *batch, const struct machine *machine, const struct id *id);
int batch_index_of(const struct batch *batch, const struct machine *machine, const struct id *id);
/* The item whose command id this is; NULL where none. */
struct batch_item *batch_item_of(struct batch *batch, const char *id);
size_t batch_machine_index(const struct machine *machine);

/* Asks what a command touches, by the states as they are now, and puts it into its slots. add: what is not in
 * the batch yet is added; else false where something is not. */
bool batch_name(struct batch *batch, struct batch_item *item, bool add);
struct domain_command batch_command(const struct batch *batch, const struct batch_item *item);
struct domain_world batch_world(const struct batch *batch, const struct batch_item *item);
/* Marks the states to be peeked at; there are none where no command is open. */
bool batch_want(struct batch *batch);
/* Before anything is locked: names what the open commands touch by the peeked rows, and by what commands
 * before them in the batch would make. Empties the states for what will be locked. */
void batch_foresee(struct batch *batch);

/* SPLIT: what it touches was not locked, since a command before it in the batch has only now named it:
 * nothing was done, it belongs into the next batch. Never the first of a batch. */
enum batch_outcome {
    BATCH_ACCEPTED,
    BATCH_REFUSED,
    BATCH_SEEN,
    BATCH_DEAD,
    BATCH_BEHIND,
    BATCH_SPLIT,
    BATCH_PUT_OFF
};
/* Decides and folds; rows for the database are gathered. Memory only. READER_REJECT, with the reason: stored
 * data contradicts the rules. The states are of no use then; nothing of the batch may be committed. */
MUST_CHECK int batch_decide(struct batch *batch, struct batch_item *item, enum batch_outcome *ret_outcome);

/* What a fact moves between accounts: the rows of its journal. payment: NULL where the fact is not a
 * payment's. */
void batch_add_entries(struct batch *batch, const struct payment_state *payment,
                       const struct domain_fact *fact, const struct id *id);
/* A timer, or a command of a fan-out: nobody's, but the system's. Into the outbox. */
void batch_add_follow(struct batch *batch, const struct event *command, const struct domain_follow *follow);

/* The reason of one that has none of its own. */
#define BATCH_BEHIND_WHY "behind a parked command of its key"
/* A row of parked, with its notice; kind: PARKED_KIND_DEAD or PARKED_KIND_PARKED. */
void batch_park(struct batch *batch, const struct event *event, int32_t kind, const char *why);
/* Reasons come from anywhere, also cut inside a character; rows and notices take one line of plain ASCII. */
void batch_plain(const char *text, char ret_line[BATCH_REASON]);
/* A refused verdict for a command an operator threw away. Nothing where its id or subject is unreadable. */
void batch_discard(struct batch *batch, const struct event *event);
/* The verdict alone, of what was decided elsewhere. Likewise. */
void batch_conclude(struct batch *batch, const struct event *event, enum refusal refusal, int fact_count);

extern const enum postgres_type batch_verdict_types[VERDICT_COLUMNS];
extern const enum postgres_type batch_private_types[PRIVATE_COLUMNS];
extern const enum postgres_type batch_parked_types[PARKED_COLUMNS];
extern const enum postgres_type batch_ledger_types[LEDGER_COLUMNS];

#endif
