/* SPDX-License-Identifier: Apache-2.0
 * What the postgres files share among themselves: the link's inside, and libpq. Nobody else includes this. */
#ifndef COLIS_LINKS_POSTGRES_INSIDE_H
#define COLIS_LINKS_POSTGRES_INSIDE_H

#include "shared/links/postgres.h"

#include <libpq-fe.h>

enum {
    POSTGRES_WIRE = 24, /* bytes of a scalar of fixed size, at most */
    POSTGRES_LISTS = 8,
    POSTGRES_WHY = 400,
    POSTGRES_SEGMENTS = 256,    /* unanswered, nonblocking */
    POSTGRES_ASKED = 64,        /* statements of one nonblocking segment */
    POSTGRES_CONNECT_MS = 5000, /* from the first packet to prepared statements */
    POSTGRES_SPARE_MS = 5000,   /* silent for so long beyond the statement timeout: the server is gone */
    POSTGRES_JSONB_VERSION = 1,
};

struct postgres_given {
    char url[1024], database[64];
    int64_t statement_ms, lock_ms;
};
extern struct postgres_given postgres_given; /* the settings' values */

/* Blocking: a statement on its way, in the order of sending. */
struct postgres_sent {
    const struct postgres_statement *statement; /* NULL: the Sync of a part that went ahead */
    struct postgres_rows *ret_rows;
};

/* Nonblocking: a segment that waits for its answer. */
struct postgres_segment {
    postgres_answered answered;
    void *self;
    struct postgres_rows *rows;
    int count, got; /* statements sent, answered */
    int outcome;
    int64_t since_ms;
};

enum postgres_state {
    POSTGRES_CLOSED,     /* nonblocking: until retry_at_ms */
    POSTGRES_LOOKING_UP, /* nonblocking: the addresses of the server's names */
    POSTGRES_CONNECTING, /* libpq shakes hands */
    POSTGRES_SETTING_UP, /* session settings and statements are on their way */
    POSTGRES_READY,
};

/* Where the server may be, as libpq takes it: lists with commas, of one length. Addresses may be empty. */
struct postgres_places {
    struct buf hosts, addresses, ports;
    int count;
    const char *problem; /* why count is 0 */
};

struct postgres {
    PGconn *connection; /* NULL: closed */
    enum postgres_state state;
    char application[64], database[64], why[POSTGRES_WHY];
    const struct postgres_statement *lists[POSTGRES_LISTS];
    int list_count;
    const struct postgres_statement **added; /* by postgres_prepare */
    int added_count, added_capacity;
    bool plans_once;
    const char *channel;
    postgres_told told;
    void *told_self;
    struct postgres_lookup *lookup; /* on its way, over several tries where it takes long; NULL: none */
    unsigned tries;                 /* to connect, since the last that got there */
    uint64_t session;               /* how many there were */
    bool broken;        /* the open segment cannot be sent, or the session is no good: to be closed */
    int set_up_outcome; /* the first failure of setting up */

    struct postgres_sent *sent; /* blocking: the open segment */
    int sent_count, sent_capacity;
    int parts; /* of it that went ahead */

    int epoll, watched; /* nonblocking: the lasting descriptor, and the socket registered with it */
    uint32_t watched_events;
    PostgresPollingStatusType polling; /* what the handshake waits for */
    struct postgres_segment *segments; /* a ring */
    int first, waiting;
    int asked; /* statements of the open segment; -1: it is refused */
    bool stepping, was_lost;
    int64_t retry_at_ms, retry_after_ms, connect_by_ms, heard_ms;
};

/* postgres.c */
void postgres_because(struct postgres *link, const char *text); /* its first line */
int postgres_outcome_of(struct postgres *link, const PGresult *result);
/* Begins where the lookup, answered and over then, says the server is: RETRY where it says nowhere. libpq
 * leaves an address that is silent only with the try, so each begins at another one, in turn. */
MUST_CHECK int postgres_connect(struct postgres *link);
void postgres_close(struct postgres *link);
void postgres_hear(struct postgres *link); /* notifications that came */

/* postgres_lookup.c */
/* ERROR_SETTINGS where the url might lead off this machine to a server whose certificate is not checked. */
MUST_CHECK int postgres_lookup_check(void);
/* Asks where the url's hosts are, unless that is on its way: link->lookup, answered at once where there is no
 * name among them. POSTGRES_RETRY: no thread. */
MUST_CHECK int postgres_lookup_start(struct postgres *link);
bool postgres_lookup_answered(const struct postgres_lookup *lookup);
int postgres_lookup_descriptor(const struct postgres_lookup *lookup); /* readable once names are answered */
/* Of one that is answered; borrowed until the lookup is freed. */
const struct postgres_places *postgres_lookup_places(const struct postgres_lookup *lookup);
void postgres_lookup_free(struct postgres_lookup *lookup); /* answered or not, at once */

/* postgres_send.c */
/* The statement's row once queued; NULL where it is not known or libpq would not take it. */
const struct postgres_statement *postgres_put(struct postgres *link, const char *statement,
                                              const struct postgres_value *values, int count);
MUST_CHECK bool postgres_set_up(struct postgres *link);
bool postgres_set_up_took(struct postgres *link, PGresult *result); /* owns result; true: it was the last */

MUST_CHECK bool postgres_put_prepare(struct postgres *link, const struct postgres_statement *statement);

/* postgres_value.c */
int postgres_wire_integer(enum postgres_type type, int64_t value, char ret_wire[POSTGRES_WIRE]);
int postgres_wire_id(struct span text, char ret_wire[POSTGRES_WIRE]);
void postgres_rows_take(struct postgres_rows *rows, PGresult *result); /* owns result */

#endif
