/* SPDX-License-Identifier: Apache-2.0
 * What the files of the server share: the server, a connection, a request. Nobody outside this room sees it.
 * A connection is in exactly one state and therefore on exactly one of the server's lists; each list's
 * timeout is constant, so a list stands in the order of its deadlines and one timer looks at the heads only.
 */
#ifndef COLIS_HTTP_CONNECTION_H
#define COLIS_HTTP_CONNECTION_H

#include <llhttp.h>
#include <uv.h>

#include "shared/http/problem.h"
#include "shared/http/server.h"

enum connection_state {
    CONNECTION_IDLE,     /* nothing of a request is here; closed without a word at its deadline */
    CONNECTION_HEAD,     /* request line and header fields are coming; 408 at its deadline */
    CONNECTION_BODY,     /* 408 at its deadline */
    CONNECTION_HANDLING, /* complete and unanswered: the handler's time, no deadline of ours */
    CONNECTION_WRITING,  /* the reply did not fit the socket; dropped at its deadline */
    CONNECTION_LINGER, /* the last reply is out, our side is shut: read and forget until the client closes */
    CONNECTION_CLOSED, /* uv_close was called; only its callback frees */
    CONNECTION_STATES,
};

enum {
    READ_SIZE = 65536, /* one buffer for the whole server: libuv reads when it is there */
    LINGER_MS = 1000,
    LINGER_BYTES = 1 << 20,
    SPARE_REQUESTS = 512, /* kept for the next request with their buffers */
    SPARE_BUFFER = 4096,  /* a larger buffer is given back */
    TARGET_MAX = 4096,    /* longer request targets: 414 */
    ALLOW_SIZE = 64,
};

struct connection;

struct http_request {
    struct buf head, body, out; /* survive from one request to the next */
    struct connection *connection;
    struct http_request *next_spare;

    struct http_seen seen; /* from here on zeroed for each request */
    const struct http_route *route;
    void *data;
    llhttp_t parser;
    size_t scanned, line;    /* of head: looked at so far; where the current line began */
    size_t skipped;          /* bytes of an empty line before the request line */
    size_t raw;              /* bytes of the body as they came, chunk framing included, before this feed */
    const char *fed;         /* the bytes being fed to llhttp */
    struct span name, value; /* the header field in hand */
    struct span host, length, transfer, expect, encoding;
    uint32_t known; /* a bit a header row: seen */
    int minor;      /* HTTP/1.minor */
    enum problem refusal;
    const char *detail; /* static text */
    bool refused;
    bool handed; /* the handler has it: gone is due when the client goes */
    bool headed; /* the head is parsed: any further field is a trailer */
    bool complete, keep_alive, chunked, expects;
    bool accepts, accept_seen;
    char last; /* newest body byte fed to llhttp before this feed */
    char allow[ALLOW_SIZE];
};

struct connection {
    uv_tcp_t tcp;
    struct connection *previous, *next;
    struct http_server *server;
    struct http_request *request; /* NULL while idle */
    uint64_t deadline;
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct buf kept; /* what came behind the request in hand; never more than one read */
    size_t kept_at, lingered;
    size_t unread, unsent; /* its part of the server's */
    enum connection_state state;
    bool reading, feeding, ended; /* ended: the client's side is shut */
};

struct connection_list {
    struct connection *first, *last;
};

struct http_server {
    uv_loop_t *loop;
    struct http_config config;
    uv_tcp_t listener;
    uv_timer_t timer;
    uint64_t armed; /* when the timer fires; 0: not at all */
    struct connection_list lists[CONNECTION_STATES];
    uint64_t timeouts[CONNECTION_STATES]; /* 0: none */
    size_t cap, body_max, head_max, unread_max, unsent_max;
    size_t unread;        /* bytes that requests hold until their reply, and what came behind them */
    size_t unsent;        /* bytes that replies in CONNECTION_WRITING hold */
    size_t open, handles; /* connections; libuv handles whose close callback is still to come */
    struct http_request *spare;
    size_t spares;
    int port;
    bool draining, settled, freed;
    void (*drained)(void *self);
    void *drained_self;
    int64_t date_s;
    char date[32];
    char read[READ_SIZE];
};

/* server.c */
void server_arm(struct http_server *server, uint64_t deadline);
void server_closed(struct http_server *server); /* one handle's close callback has run */
const char *server_date(struct http_server *server);

/* connection.c */
void connection_accept(struct http_server *server);
void connection_send(struct http_request *request);            /* request->out, then on with the connection */
bool connection_waits_for(const struct http_request *request); /* it is the one in hand, unanswered */
void connection_drop(struct connection *connection);
void connection_expire(struct connection *connection);

/* request.c: bytes into a request. 0 complete, REQUEST_MORE, REQUEST_REFUSED with refusal and detail. */
enum { REQUEST_MORE = 1, REQUEST_REFUSED = 2 };
struct http_request *request_take(struct http_server *server, struct connection *connection);
void request_give(struct http_server *server, struct http_request *request);
void request_free(struct http_request *request);
MUST_CHECK int request_head(struct http_request *request, struct span bytes, size_t *ret_used);
MUST_CHECK int request_body(struct http_request *request, struct span bytes, size_t *ret_used);
MUST_CHECK int request_refuse(struct http_request *request, enum problem problem, const char *detail);

/* admit.c: what the head says, judged before the body is read. 0 or REQUEST_REFUSED. */
MUST_CHECK int admit_line(struct http_request *request, struct span line);
MUST_CHECK int admit_head(struct http_request *request);
bool admit_has_body(const struct http_request *request);

/* header.c */
MUST_CHECK int header_take(struct http_request *request); /* name and value; 0 or REQUEST_REFUSED */
bool header_names_json(struct span content_type);

/* target.c */
bool target_token(struct span text);
bool target_host(struct span host);
/* Splits and normalises in place; false where it is no origin-form or absolute-form target. */
MUST_CHECK bool target_read(struct span target, struct http_seen *seen);

/* route.c */
enum { ROUTE_ABSENT = 1, ROUTE_METHOD = 2 };
MUST_CHECK int route_find(const struct http_route *routes, struct http_seen *seen,
                          const struct http_route **ret_route, char ret_allow[ALLOW_SIZE]);

/* reply.c */
void reply_connections(int64_t more);
void reply_crowded(void); /* a connection was dropped for the room it held */

#endif
