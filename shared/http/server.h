/* SPDX-License-Identifier: Apache-2.0
 * A strict HTTP/1.1 server on one libuv loop (RFC 9112): llhttp in strict mode plus what it leaves to us.
 * It answers by itself, as problem+json and then closing: 400 (anything RFC 9112 calls malformed, no or two
 * Host, bad target, a body where the method takes none, trailer fields), 404, 405 with Allow, 406, 408, 413,
 * 414, 415, 417, 431, 501, 505, 503 (connections or their bytes at the cap, or draining). The handler sees
 * only complete requests with a route of the table. A HEAD goes to the route of the GET; its body is not
 * sent. One request at a time a connection: while one is unanswered at most one read more is kept, unparsed.
 * Bounds of memory over all connections: http_unread_bytes for what clients send until it is answered, half
 * of it for what they send ahead; http_unsent_bytes for what they do not read. Who has taken longest over a
 * request or a reply is dropped for it without a word, and counted. */
#ifndef COLIS_HTTP_SERVER_H
#define COLIS_HTTP_SERVER_H

#include "shared/base/buf.h"
#include "shared/base/settings.h"

struct uv_loop_s;
struct http_server;
struct http_request;

struct http_route {
    const char *method, *path; /* "GET", "/v1/parcels/{id}": a {name} takes one segment */
    const void *what;          /* the program's row */
};

enum { HTTP_PARAMETERS = 4, HTTP_HEADERS = 4 };

/* What a handler may read until it replied; every span points into the connection's buffers. */
struct http_seen {
    const char *method;
    struct span path, query;                 /* query: after the ?, still encoded */
    struct span parameters[HTTP_PARAMETERS]; /* in the order of the path's {names} */
    struct span body;
    struct span authorization, content_type, accept, idempotency_key, traceparent, if_none_match, prefer;
    struct span headers[HTTP_HEADERS]; /* those the configuration names; data NULL where absent */
    int64_t began_ms;                  /* steady clock, the request line's first byte */
};

enum { HTTP_LATER = 1 };
/* Replies and returns 0, or returns HTTP_LATER and calls http_reply exactly once later, on the loop thread,
 * unless gone was called first. Negative: fatal for the program. */
typedef int (*http_handler)(void *self, struct http_request *request, const void *what);
/* The client went before the reply: no reply may follow, request is no longer valid afterwards. */
typedef void (*http_gone)(void *self, struct http_request *request);

struct http_config {
    const struct http_route *routes; /* ends with an empty row */
    http_handler handle;
    http_gone gone;                         /* may be NULL where every handler replies at once */
    void (*failed)(void *self, int result); /* a handler's negative result, after the 500; may be NULL */
    void *self;
    /* At most HTTP_HEADERS other fields the handler wants to see, ending with NULL; each may stand once. */
    const char *const *headers;
    const char *host;
    int port;            /* 0: any, see http_server_port */
    bool any_media_type; /* any Content-Type comes in and no Accept is heeded; else JSON, or 415 and 406 */
    bool uncounted;      /* stands in no figure: a management server beside the one that is measured */
    size_t connections;  /* caps; 0 takes the setting's value */
    size_t body_max;
};

/* http_connections http_header_bytes http_body_bytes http_unread_bytes http_unsent_bytes http_header_ms
 * http_body_ms http_idle_ms http_write_ms */
extern const struct setting http_settings[];

MUST_CHECK int http_server_new(struct uv_loop_s *loop, const struct http_config *config,
                               struct http_server **ret_server);
int http_server_port(const struct http_server *server);
/* No new connections, idle ones closed, open requests answered with Connection: close. done once none is
 * left. */
void http_server_drain(struct http_server *server, void (*done)(void *self), void *self);
void http_server_free(struct http_server *server); /* after done, or at once: drops what is open */

const struct http_seen *http_seen(const struct http_request *request);
/* The program's own data of this request, for HTTP_LATER. */
void http_set_data(struct http_request *request, void *data);
void *http_data(const struct http_request *request);

/* Decoded value of a query parameter into to; 0, HTTP_ABSENT, or HTTP_BAD_QUERY (twice, malformed, too long).
 */
enum { HTTP_ABSENT = 1, HTTP_BAD_QUERY = 2 };
MUST_CHECK int http_query(const struct http_request *request, const char *name, char *to, size_t capacity);

struct http_answer {
    int status;
    const char *content_type; /* NULL: application/json */
    struct span body;         /* copied */
    const char *location;     /* each NULL where not wanted; checked for CR, LF and control bytes */
    const char *retry_after;
    const char *etag;
    const char *allow;
    const char *cache_control; /* NULL: no-store */
    const char *www_authenticate;
    bool close;
};
void http_reply(struct http_request *request, const struct http_answer *answer);

#endif
