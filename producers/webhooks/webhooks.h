/* SPDX-License-Identifier: Apache-2.0
 * What the files of the program share: its one struct, its settings, and a report that waits for the broker.
 */
#ifndef COLIS_PRODUCERS_WEBHOOKS_WEBHOOKS_H
#define COLIS_PRODUCERS_WEBHOOKS_WEBHOOKS_H

#include "producers/webhooks/signature.h"
#include "shared/run/broker.h"
#include "shared/run/front.h"

struct webhooks {
    struct loop *loop;
    struct front *front;
    struct broker *broker;
    struct signature_keys *keys;
    struct buf text; /* of the record or reply in hand, reused */
};

/* listen_host listen_port flutterwave_secrets flutterwave_signature webhook_body_bytes webhook_oldest_h
 * webhook_ahead_s */
extern const struct setting webhooks_settings[];
struct webhooks_values {
    char listen_host[65], secrets[1025], signature[16];
    int64_t listen_port, body_bytes, oldest_h, ahead_s;
};
extern struct webhooks_values webhooks_values;

/* The header fields the handler is shown, in the order of their indices. */
enum { HEADER_VERIF_HASH, HEADER_SIGNATURE };

/* take.c: http_handler, http_gone, what becomes of the record, and a figure after each turn. */
MUST_CHECK int take_hook(void *self, struct http_request *request, const void *what);
void take_gone(void *self, struct http_request *request);
MUST_CHECK int take_stepped(void *self);
void take_reported(void *self, void *cookie, enum kafka_report report, int32_t partition, int64_t offset);

#endif
