/* SPDX-License-Identifier: Apache-2.0
 * bus.notification as a queue: claiming a row and recording what became of it. queued -> sending -> sent, or
 * back to queued with a later time, or dead with a reason. A row still sending when its claim ends was cut by
 * a crash: it is claimed again as a possible repeat. */
#ifndef COLIS_NOTIFIER_QUEUE_H
#define COLIS_NOTIFIER_QUEUE_H

#include "consumers/notifier/notice.h"
#include "shared/links/postgres.h"
#include "shared/run/past.h"

enum { QUEUE_PAY_LINK = 501, QUEUE_WITH = 32 };

/* The statements of one link: made from the tables of booking and parcel. */
struct queue {
    struct postgres *postgres;
    struct past past;
    struct buf claim_sql;
    struct postgres_statement statements[4];
};
MUST_CHECK int queue_new(const char *application, const char *name_space, struct queue *ret_queue);
void queue_done(struct queue *queue);

/* A claimed row, whom it is for and what it is about, as they are at the claim. Owned by the caller's struct.
 */
struct queue_claim {
    struct postgres_rows rows; /* queue_claim_done */
    struct notice notice;
    char purpose[64], subject[80], channel[16];
    int64_t attempts, claimed_us; /* which claim it is */
    bool waits;                   /* no profile yet: one that comes later wakes it */
    bool wanted;    /* about a trip: it can still be asked for, and answers a search of the person's; about a
                       profile: it has another address than the one before it */
    bool reachable; /* notice has name, address, language */
    struct profile_update_v1 profile;
    struct recipient recipient; /* of a row for one; there where recipient_n is not 0 */
    int64_t recipient_n;
    bool has_booking, has_parcel; /* notice.booking, notice.parcel point here */
    struct booking_state booking;
    struct parcel_state parcel;
    char pay_link[QUEUE_PAY_LINK]; /* good now; "": none */
};
void queue_claim_done(struct queue_claim *claim);

/* What became of a claim. */
struct queue_result {
    const char *state;  /* "sent", "queued", "dead" */
    const char *reason; /* NULL: none */
    int64_t delay_ms;   /* queued: not before */
    bool repeat;        /* it may have arrived */
    bool uncounted;     /* no try of this row */
    bool behind; /* queued: behind all others, each time for as long again as the row is old, an hour at most;
                    after five days (RFC 5321, 4.5.4.1) dead */
    const struct id *with; /* behind: these rows as well, where they are dead; at most QUEUE_WITH */
    int with_count;
};

enum { QUEUE_EMPTY = 1, QUEUE_AWAY = 2 };
/* Of the first lane that has any, the due row that waits longest, ours for claim_ms; none while PostgreSQL
 * has lost time. QUEUE_EMPTY, QUEUE_AWAY. ret_claim is filled in place: it points into itself. */
MUST_CHECK int queue_claim(struct queue *queue, int64_t claim_ms, struct queue_claim *ret_claim);
/* QUEUE_AWAY: not recorded, call again. A claim that was lost meanwhile changes nothing and is 0. */
MUST_CHECK int queue_record(struct queue *queue, const struct queue_claim *claim,
                            const struct queue_result *result);

#endif
