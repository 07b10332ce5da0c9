/* SPDX-License-Identifier: Apache-2.0
 * What the files of colis-query share: the program, a call (one request that is answered later), a verdict.
 * A call is ended by exactly one reply; when its client goes first it lives on, silent, until what it waits
 * for has come back. Everything runs on the loop thread but timeline_work. */
#ifndef COLIS_CONSUMERS_QUERY_QUERY_H
#define COLIS_CONSUMERS_QUERY_QUERY_H

#include <stdatomic.h>

#include "schemas/messages.h"
#include "shared/http/bucket.h"
#include "shared/http/problem.h"
#include "shared/http/qr.h"
#include "shared/http/receipt.h"
#include "shared/http/token.h"
#include "shared/links/mongo.h"
#include "shared/links/postgres.h"
#include "shared/run/front.h"
#include "shared/run/handover.h"

enum {
    QUERY_LINKS = 8,  /* PostgreSQL sessions for reads, at most */
    QUERY_LIMIT = 20, /* items of a page where the caller does not say */
    QUERY_LIMIT_MAX = 100,
    QUERY_WAIT_MAX_S = 30,
    QUERY_AFTER_MS = 5000, /* how long ?after= waits for its verdict */
    QUERY_RETRY_S = 1,     /* Retry-After */
};

struct call;

/* A route of this server: how its parameters are taken, what it asks, how it answers. */
struct read_row {
    const char *name;    /* of the route, and of its statement */
    unsigned parameters; /* READ_... */
    const char *sql;
    int (*bind)(const struct call *call, struct postgres_value *ret_values); /* how many */
    void (*answer)(struct call *call, const struct postgres_rows *rows);
};
enum { READ_VALUES = 16 };
enum {
    READ_PAGE = 1,
    READ_AFTER = 2,
    READ_RECEIPT = 4,
    READ_VERSIONS = 8, /* next is a version */
    READ_SEARCH = 16,  /* members of trip_search */
};
extern const struct read_row read_rows[]; /* ends with an empty row */
const struct read_row *read_of(const char *name);

struct verdict {
    struct id id, subject;
    char kind[24], reason[64];
    bool accepted, has_fingerprint;
    uint8_t fingerprint[16];
    unsigned facts;
    int64_t decided_ms;
};

/* One that waits for a verdict. told: the verdict, or NULL once its time is over. */
struct waiter {
    struct call *call;
    struct waiter *previous, *next;
    struct id command;
    int64_t until_ms;
    size_t place; /* in the batch that is on its way; SIZE_MAX: not in it */
    void (*told)(struct call *call, const struct verdict *verdict);
};

struct waits {
    struct loop *loop;
    struct postgres *link; /* its own session: it listens */
    struct waiter *first;
    size_t count, cap;
    struct waiter **batch; /* who is asked for; NULL where one has left since */
    size_t batch_count;
    struct postgres_array ids, principals;
    bool asked, again; /* a batch is on its way; another is wanted after it and its rest */
    int64_t asked_ms, rest_until_ms;
    struct loop_timer *tick, *pace;
};

/* Who has requests that are unanswered. */
struct persons {
    struct person **chains;
    uint64_t seed;
    size_t cap; /* requests of one person */
};

struct query {
    struct loop *loop;
    struct front *front;
    struct token_checker *tokens;
    struct receipt_keeper *receipts;
    struct code_key handover_key;
    struct crypto_signer *signer; /* of QR codes */
    struct buf keys;              /* what they are checked with: the answer of /v1/keys */
    struct bucket_table *buckets, *photo_buckets;
    struct mongo *mongo;
    struct postgres *links[QUERY_LINKS];
    size_t link_count;
    struct loop_watch *watches[QUERY_LINKS + 1]; /* the last: of waits */
    struct loop_timer *beat;
    struct http_route *routes;
    struct waits waits;
    struct persons persons;
    atomic_bool draining; /* read by timeline_work, too */
    bool ready;
};

struct search {
    struct trip_search asked;
    bool circles[2]; /* origin, destination: a circle, else a city */
    struct spot spots[2];
};

struct call {
    struct query *query;
    struct http_request *request; /* NULL: the client went */
    const struct route_row *route;
    const struct read_row *row;
    struct token_claims claims;
    struct person *person; /* whose it counts as */
    struct id id, after;   /* of the path; of ?after=, "" none */
    int limit;
    int64_t wait_ms;
    int64_t before_ms; /* a page begins behind (before_ms, before) */
    struct id before;
    int64_t version; /* or behind this version */
    int64_t last;    /* timeline: the aggregate's version now */
    bool has_receipt, again;
    uint8_t fingerprint[16]; /* the receipt's */
    struct waiter waiter;
    uint8_t digest[32]; /* of the photo */
    struct search search;
    union {
        struct photo_upload photo_upload;
    } body;          /* what the route's body said */
    struct buf page; /* timeline: what the work wrote, and how it went */
    int outcome;
};

/* handle.c */
MUST_CHECK int handle(void *self, struct http_request *request, const void *what);
void handle_gone(void *self, struct http_request *request);
void call_free(struct call *call);
void call_reply(struct call *call, const struct http_answer *answer); /* frees it */
void call_problem(struct call *call, enum problem problem, const char *detail);

/* person.c */
void persons_start(struct persons *persons, size_t cap);
void persons_stop(struct persons *persons); /* when all have left */
/* One request more of that person; NULL where as many as they may have are unanswered. */
struct person *persons_enter(struct persons *persons, const struct id *id);
void persons_leave(struct persons *persons, struct person *person); /* one is answered */

/* store.c */
MUST_CHECK int store_start(struct query *query, size_t links);
void store_stop(struct query *query);
bool store_ready(const struct query *query); /* reads can be made, and verdicts asked for */
void store_read(
    struct call *call); /* asks the row's statement with the caller's claims; ends or keeps the call */

/* reads.c */
void page_next(int64_t registered_ms, const struct id *id, struct buf *to);
MUST_CHECK int page_take(struct span next, int64_t *ret_registered_ms, struct id *ret_id); /* 1: not ours */

/* verdict.c */
#define VERDICT_SQL "v.id, v.subject, v.kind, v.accepted, v.reason, v.fact_count, v.decided_at, v.fingerprint"
enum { VERDICT_COLUMNS = 8 }; /* of VERDICT_SQL */
void verdict_fetch(const struct postgres_rows *rows, int row, int first, struct verdict *ret_verdict);
void verdict_answer(struct call *call, const struct postgres_rows *rows);

/* wait.c */
MUST_CHECK int waits_start(struct waits *waits, struct loop *loop, size_t cap);
void waits_stop(struct waits *waits);
enum { WAITS_FULL = 1 };
MUST_CHECK int waits_add(struct waits *waits, struct call *call, const struct id *command, int64_t for_ms,
                         void (*told)(struct call *call, const struct verdict *verdict));
void waits_leave(struct waits *waits, struct waiter *waiter);
void waits_end(struct waits *waits); /* the program ends: every time is over */
void waits_metrics(void);

/* codes.c */
extern const char codes_sql[];
MUST_CHECK int codes_bind(const struct call *call, struct postgres_value *ret_values);
void codes_answer(struct call *call, const struct postgres_rows *rows);

/* search.c */
extern const char search_city_city_sql[], search_city_point_sql[], search_point_city_sql[],
    search_point_point_sql[];
/* Takes what is searched for and chooses the statement, where the row is a search. False: they have been told
 * what is wrong, and the call is gone. */
MUST_CHECK bool search_take(struct call *call);
MUST_CHECK int search_bind(const struct call *call, struct postgres_value *ret_values);

/* timeline.c */
void timeline_answer(struct call *call, const struct postgres_rows *rows);

/* photo.c */
extern const struct setting photo_settings[];
MUST_CHECK int photo_start(struct query *query); /* makes photo_buckets */
void photo_upload_answer(struct call *call, const struct postgres_rows *rows);
void photo_answer(struct call *call, const struct postgres_rows *rows);

#endif
