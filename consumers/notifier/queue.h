/* SPDX-License-Identifier: Apache-2.0
 * bus.notification as a queue: claiming a row and recording what became of it. queued -> sending -> sent, or
 * back to queued with a later time, or dead with a reason. A row still sending when its claim ends was cut by
 * a crash: it is claimed again as a possible repeat. */
#ifndef COLIS_NOTIFIER_QUEUE_H
#define COLIS_NOTIFIER_QUEUE_H

#include "consumers/notifier/notice.h"
#include "schemas/messages.h"
#include "shared/links/postgres.h"

extern const struct postgres_statement queue_statements[];

/* A claimed row and the newest of what its person said of themselves. Owned by the caller's struct. */
struct queue_claim {
    struct postgres_rows rows; /* queue_claim_done */
    struct notice notice;
    char purpose[64], subject[80], channel[16];
    int64_t attempts;
    bool known;     /* the person has a profile at all */
    bool reachable; /* and it can be read: notice has name, address, language */
    struct profile_update_v1 profile;
};
void queue_claim_done(struct queue_claim *claim);

/* What became of a claim. */
struct queue_result {
    const char *state;  /* "sent", "queued", "dead" */
    const char *reason; /* NULL: none */
    int64_t delay_ms;   /* queued: not before */
    bool repeat;        /* it may have arrived */
    bool uncounted;     /* no try of this row */
};

enum { QUEUE_EMPTY = 1, QUEUE_AWAY = 2 };
/* The due row that waits longest, ours for claim_ms. QUEUE_EMPTY, QUEUE_AWAY. */
MUST_CHECK int queue_claim(struct postgres *postgres, int64_t claim_ms, struct queue_claim *ret_claim);
/* QUEUE_AWAY: not recorded, call again. A claim that was lost meanwhile changes nothing and is 0. */
MUST_CHECK int queue_record(struct postgres *postgres, const struct queue_claim *claim,
                            const struct queue_result *result);

#endif
