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
#include "shared/http/token.h"
#include "shared/run/broker.h"
#include "shared/run/front.h"

/* A command on its way: held for the next batch, then with the producer until its report. */
struct pending {
    struct http_request *request; /* NULL once the client is gone: the record may still be delivered */
    struct pending *next;         /* of the held ones, or of the spare ones */
    const struct route_row *route;
    struct id subject; /* of the aggregate */
    struct event event;
    struct buf data; /* event.data */
    int64_t sent_ms;
    char receipt[RECEIPT_TEXT];
};

struct ingress {
    struct loop *loop;
    struct front *front;
    struct http_route *routes;
    struct broker *broker;
    struct token_checker *tokens;
    struct receipt_keeper *receipts;
    struct bucket_table *buckets, *code_buckets;
    struct loop_timer *release;
    struct pending *first, *last; /* held */
    size_t held;
    struct pending *spare;
    size_t spares;
    struct buf body, location; /* of the answer in hand, reused */
    alignas(max_align_t) char message[MESSAGE_MAX];
};

/* listen_host listen_port query_url rate_per_second rate_burst code_rate ingress_bare */
extern const struct setting ingress_settings[];
struct ingress_values {
    char listen_host[65], query_url[257];
    int64_t listen_port, rate, burst, code_rate;
    bool bare;
};
extern struct ingress_values ingress_values;

/* command.c: http_handler. A request becomes a record, or a refusal. */
MUST_CHECK int command_take(void *self, struct http_request *request, const void *what);

/* pending.c: their memory. */
struct pending *pending_take(struct ingress *ingress, struct http_request *request);
void pending_give(struct ingress *ingress, struct pending *pending);
void pending_done(struct ingress *ingress);

/* answer.c: what becomes of a record. */
void answer_gone(void *self, struct http_request *request);
void answer_reported(void *self, void *cookie, enum kafka_report report, int32_t partition, int64_t offset);
void answer_unsent(struct ingress *ingress, struct pending *pending); /* 503; gives pending back */

/* batch.c: records are handed to the producer together. */
void batch_add(struct ingress *ingress, struct pending *pending);
MUST_CHECK int batch_reported(void *ingress); /* after the producer's reports were taken */
MUST_CHECK int batch_release(void *ingress);  /* all of them, now */

#endif
