/* SPDX-License-Identifier: Apache-2.0
 * A batch of commands in memory: what was read, what the database holds about it, and what was decided.
 * Life: batch_start -> (load.c fills states and marks) -> batch_decide each -> (store.c writes) ->
 * batch_start. */
#ifndef COLIS_PROJECTOR_BATCH_H
#define COLIS_PROJECTOR_BATCH_H

#include "schemas/event.h"
#include "shared/domain/rule.h"
#include "shared/run/outbox.h"

enum { BATCH_MACHINES = 8, BATCH_REASON = 200 };

/* One command. Exactly one of: dead is set; row and data are. */
struct batch_item {
    const struct event *event;
    const struct message_row *row;
    void *data;              /* decoded, in the batch's memory */
    char dead[BATCH_REASON]; /* why nobody can decide it; "" where somebody can */
    bool decided;            /* its verdict exists, or an earlier one of this batch bears its id */
    bool behind;             /* its key is parked */
    int state;               /* index into states; -1 where dead */
};

/* An aggregate the batch touches. */
struct batch_state {
    union domain_state state;
    const struct machine *machine;
    int64_t stored_version; /* 0: not in the database */
    bool changed;
    char subject[64]; /* kind/id: its key */
};

/* Text to index, open addressing; keys are borrowed. */
struct batch_index {
    struct batch_slot {
        const char *key;
        int value;
    } * slots;
    size_t capacity, used;
};

/* Columns of rows to insert, by table. */
enum { VERDICT_COLUMNS = 9, PRIVATE_COLUMNS = 4, PARKED_COLUMNS = 9 };

struct batch {
    struct batch_item *items;
    size_t count, item_capacity;
    char *memory; /* the decoded messages */
    size_t memory_capacity;
    struct batch_state *states;
    size_t state_count, state_capacity;
    struct batch_index ids, subjects;
    struct postgres_array verdicts[VERDICT_COLUMNS];
    struct postgres_array privates[BATCH_MACHINES][PRIVATE_COLUMNS];
    struct postgres_array parked[PARKED_COLUMNS];
    struct outbox outbox;
    struct buf text;
    struct domain_decision decision; /* scratch: too large for the stack of every call */
    struct codec_errors errors;      /* scratch */
};

void batch_done(struct batch *batch);

/* Takes the events in: reads each, finds what it names. */
void batch_start(struct batch *batch, const struct event *events, size_t count);

/* The state of (machine, id), added empty where it is not there yet. */
struct batch_state *batch_state_of(struct batch *batch, const struct machine *machine, const struct id *id,
                                   int *ret_index);
/* The item whose command id this is; NULL where none. */
struct batch_item *batch_item_of(struct batch *batch, const char *id);
size_t batch_machine_index(const struct machine *machine);

enum batch_outcome { BATCH_ACCEPTED, BATCH_REFUSED, BATCH_SEEN, BATCH_DEAD, BATCH_BEHIND };
/* Decides and folds; rows for the database are gathered. Memory only. Negative: stored data contradicts the
 * rules. */
MUST_CHECK int batch_decide(struct batch *batch, struct batch_item *item, enum batch_outcome *ret_outcome);

/* A row of parked, with its notice; kind: PARKED_KIND_DEAD or PARKED_KIND_PARKED. */
void batch_park(struct batch *batch, const struct event *event, int32_t kind, const char *why);
/* Reasons come from anywhere, also cut inside a character; rows and notices take one line of plain ASCII. */
void batch_plain(const char *text, char ret_line[BATCH_REASON]);
/* A refused verdict for a command an operator threw away. Nothing where its id or subject is unreadable. */
void batch_discard(struct batch *batch, const struct event *event);

extern const enum postgres_type batch_verdict_types[VERDICT_COLUMNS];
extern const enum postgres_type batch_private_types[PRIVATE_COLUMNS];
extern const enum postgres_type batch_parked_types[PARKED_COLUMNS];

#endif
