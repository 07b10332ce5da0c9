/* SPDX-License-Identifier: Apache-2.0
 * The loop of every program that reads topics and stores: polls, gathers a batch (bounded by count, bytes and
 * age), and drives the program's verbs on one working thread. Positions live in the program's own store.
 *
 * A batch: begin(events, n) loads what the events name; handle(event) each, memory only; commit(positions).
 * RETRY: rollback, pause the partitions, keep polling, back off with jitter, the same batch again; after
 * three of them one by one, as all of it may take a slow store longer than a statement may.
 *
 * MOVED: a position in the store is not where the batch began (another owner, or a lost COMMIT reply):
 * rollback, ask positions again and seek there. REJECT from handle, or FAILED from begin or commit: split,
 * one by one; an event that fails alone goes to reject() and the reader moves on past it.
 * SPLIT from handle: what was handled before this event is committed, and a new batch begins with it; nobody
 * is at fault. Never for the first event of a batch. STOP from handle: this event's partition stops there,
 * not ready, and the others go on. SKIP from handle: goes with the batch, and says nothing for the store
 * (seen before, put aside, of no concern).
 *
 * More than reader_reject_rate rejects a minute, or reader_reject_row events of different keys that fail one
 * after the other with none stored between them: the breaker opens, the one in hand stays where it is, the
 * reader leaves the group and stays, not ready, until it is ended: a restart by itself would only reject more
 * (systemic). */
#ifndef COLIS_RUN_READER_H
#define COLIS_RUN_READER_H

#include "schemas/event.h"
#include "schemas/tables.h"
#include "shared/base/settings.h"

struct reader_position {
    const char *topic; /* without the namespace */
    int32_t partition;
    int64_t from; /* where the batch began; what the store must hold now (-1: holds nothing) */
    int64_t next; /* what the store must hold after it */
};

enum reader_outcome {
    READER_DONE = 0,
    READER_SKIP,
    READER_RETRY,
    READER_REJECT,
    READER_MOVED,
    READER_FAILED,
    READER_STOP,
    READER_SPLIT
};

struct reader_verbs {
    /* At assignment, and after MOVED: fills next of each from the store; -1 where it holds none (start of
     * log). */
    int (*positions)(void *self, struct reader_position *positions, size_t count);
    /* count 0: only positions move (past commit markers, or past a rejected event). */
    int (*begin)(void *self, const struct event *events, size_t count,
                 const struct reader_position *positions, size_t position_count);
    int (*handle)(void *self, const struct event *event);
    int (*commit)(void *self, const struct reader_position *positions, size_t count);
    void (*rollback)(void *self);
    /* One event that cannot be taken, with its reason: durable before it returns DONE (position included, or
     * the next commit moves past it); RETRY where the store is away. It leaves no transaction open, whatever
     * it returns: rollback is not called for it. */
    int (*reject)(void *self, const struct event *event, const char *reason,
                  const struct reader_position *position);
    /* Partitions were taken from us: forget what is cached for them. May be NULL. */
    void (*revoked)(void *self, const struct reader_position *positions, size_t count);
    /* Between batches, at least every 250 ms: other work (released parked commands). May be NULL. */
    int (*idle)(void *self);
    /* After batches, once nothing has come for a second: what only a load needs may be given back. May be
     * NULL. */
    void (*rest)(void *self);
    /* At assignment: DONE where the store knows this cluster, or takes it as its own; REJECT where it knows
     * another: nothing is read then; RETRY. May be NULL. */
    int (*cluster)(void *self, const char *id);
};

struct reader {
    const char *name;          /* "projector": group <namespace>.projector */
    const char *const *topics; /* without the namespace, NULL-terminated */
    const struct reader_verbs *verbs;
    void *self;
    int64_t keep_ms; /* records older than this and behind our position are deleted, hourly; 0: never */
};

/* reader_batch_count reader_batch_bytes reader_batch_ms reader_reject_rate reader_reject_row */
extern const struct setting reader_settings[];
/* Runs until service_stopping(): finishes the transaction in hand. 0, or negative. Text of why in
 * error_text(). At assignment it checks the cluster id the store remembers (when verbs.cluster is set), and
 * log start <= position <= log end; else that partition stops, not ready, saying how many are missing. */
MUST_CHECK int reader_run(const struct reader *reader);

/* From any thread: the store may not be what it was (a new session, perhaps of a database put back to an
 * earlier hour). Positions are asked for again before anything more is read. */
void reader_doubt(void);

/* For handle: the fact an event is, where it is of the types the reader takes. REJECT where it is no event;
 * SKIP where takes says no; STOP where the type is unknown: it is newer than this program. */
MUST_CHECK int reader_fact(const struct event *event, bool (*takes)(const char *type),
                           const struct message_row **ret_row);

/* Reason of the newest REJECT, FAILED or RETRY: set by verbs before they return it (copied, 200 bytes). */
void reader_because(const char *format, ...) FORMAT_LIKE(1, 2);
const char *reader_reason(void); /* of the newest reader_because; never NULL */

#endif
