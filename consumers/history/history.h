/* SPDX-License-Identifier: Apache-2.0
 * The verbs of the history reader, apart from its main so that tests drive them without a broker. */
#ifndef COLIS_CONSUMERS_HISTORY_HISTORY_H
#define COLIS_CONSUMERS_HISTORY_HISTORY_H

#include "shared/links/mongo.h"
#include "shared/run/reader.h"

/* Puts an event with its reason where an operator finds it, durably: READER_DONE, READER_RETRY or fatal. */
typedef int (*history_letter)(void *self, const struct event *event, const char *reason);

struct history_kind {
    char text[24]; /* of a subject: parcel */
};

struct history {
    struct mongo *store;
    history_letter letter;
    void *letter_self;

    bool prepared;               /* the store has its collections */
    bool doubted;                /* it was away, and has not told all its positions since */
    struct mongo_entry *entries; /* of the batch in hand; their texts are the events' own */
    struct history_kind *kinds;  /* of the entries */
    size_t count, capacity;
    int64_t written_ms; /* the newest write that went through */
};

extern const struct reader_verbs history_verbs; /* self: struct history */
void history_metrics(void);                     /* registers them */
void history_done(struct history *history);

#endif
