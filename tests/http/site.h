/* SPDX-License-Identifier: Apache-2.0
 * A server with a few routes and real clients of it on loopback, all turned by one thread: nothing waits but
 * for the loop's own events. Every wait ends, at the latest, when the case's own time is over. */
#ifndef COLIS_TESTS_HTTP_SITE_H
#define COLIS_TESTS_HTTP_SITE_H

#include <stdbool.h>
#include <uv.h>

#include "shared/http/problem.h"
#include "shared/http/server.h"

enum { SITE_WAITING = 16 };

struct site {
    uv_loop_t loop;
    struct http_server *server;
    struct buf called;                          /* "GET / ": what the handler saw, in order */
    struct http_request *waiting[SITE_WAITING]; /* of POST /later and GET /later, unanswered */
    size_t waits, gone, failed;
    bool drained;
};

/* settings: "--http-header-ms=30"..., NULL-terminated; may be NULL. */
void site_open(struct site *site, const char *const *settings);
/* The same with headers, any_media_type and body_max of more. */
void site_open_as(struct site *site, const char *const *settings, const struct http_config *more);
void site_close(struct site *site);
void site_turn(struct site *site); /* one round of the loop: what is ready, or a moment's wait */
void site_drained(void *site);     /* for http_server_drain */
void site_answer(struct site *site, size_t index);   /* 200 {"late":true} */
void site_wait_for(struct site *site, size_t waits); /* until so many are unanswered */

struct client {
    struct site *site;
    int descriptor;
    struct buf in;
    bool ended, reset;
};

void client_open(struct client *client, struct site *site);
void client_close(struct client *client);
void client_send(struct client *client, struct span bytes);
void client_text(struct client *client, const char *text);
void client_shut(struct client *client); /* half-close: we send no more */
void client_read(struct client *client); /* what is there now */
void client_until_ended(struct client *client);

struct answer {
    int status; /* 0: the connection ended first */
    char head[2048], body[4096];
};
/* The next whole reply; HEAD and 1xx have no body. */
struct answer client_answer(struct client *client);
struct answer client_answer_to_head(struct client *client);
/* One request, one reply, on a connection of its own. ended tells that the server then closed. */
struct answer site_ask(struct site *site, const char *request, bool *ret_ended);
bool answer_has(const struct answer *answer, const char *line); /* "Retry-After: 1" */

#endif
