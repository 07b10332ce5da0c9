/* SPDX-License-Identifier: Apache-2.0
 * What the files of the ingress share: the program's one struct, and a record that waits for its report. */
#ifndef COLIS_PRODUCERS_INGRESS_INGRESS_H
#define COLIS_PRODUCERS_INGRESS_INGRESS_H

#include <stdalign.h>
#include <stddef.h>

#include "schemas/messages.h"
#include "shared/http/bucket.h"
#include "shared/http/problem.h"
#include "shared/http/receipt.h"
#include "shared/http/server.h"
#include "shared/http/token.h"
#include "shared/links/kafka_out.h"
#include "shared/run/loop.h"

/* A record the producer has and the broker has not answered for. */
struct pending {
    struct http_request *request; /* NULL once the client is gone: the record may still be delivered */
    struct pending *next;         /* of the spare ones */
    struct id command, subject;
    const struct route_row *route;
    int64_t sent_ms;
    char receipt[RECEIPT_TEXT];
};

struct ingress {
    struct loop *loop;
    struct http_server *server;
    struct http_route *routes;
    struct kafka_out *out;
    struct token_checker *tokens;
    struct receipt_keeper *receipts;
    struct bucket_table *buckets;
    struct loop_watch *on_report, *on_stop;
    struct loop_timer *tick, *deadline;
    struct pending *spare;
    struct buf data, body, location; /* of the request in hand, reused */
    bool topics_checked, checking, draining;
    int64_t asked_ms; /* when the topics were last asked for */
    int failed;       /* what ends the program, besides SIGTERM */
    alignas(max_align_t) char message[MESSAGE_MAX];
};

/* listen_host listen_port query_url rate_per_second rate_burst ingress_bare */
extern const struct setting ingress_settings[];
struct ingress_values {
    char listen_host[65], query_url[257];
    int64_t listen_port, rate, burst;
    bool bare;
};
extern struct ingress_values ingress_values;

/* command.c: http_handler. A request becomes a record, or a refusal. */
MUST_CHECK int command_take(void *self, struct http_request *request, const void *what);

/* answer.c: what becomes of a record. */
void answer_gone(void *self, struct http_request *request);
void answer_reported(void *self, void *cookie, enum kafka_report report, int32_t partition, int64_t offset);
struct pending *answer_expect(struct ingress *ingress, struct http_request *request);
void answer_forget(struct ingress *ingress, struct pending *pending); /* it was not sent */
void answer_done(struct ingress *ingress);

/* broker.c: the producer on the loop, and whether commands can be taken. */
MUST_CHECK int broker_open(struct ingress *ingress);
void broker_close(struct ingress *ingress);

#endif
