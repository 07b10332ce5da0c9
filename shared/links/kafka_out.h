/* SPDX-License-Identifier: Apache-2.0
 * A producer: idempotent, acks=all, murmur2, a linger of 1 ms, reports by descriptor. Happy path: send ->
 * report DELIVERED. Failures: send is refused (never entered: FULL, LATE, DEAD), or the report says UNKNOWN
 * (may or may not be stored). A fatal error of the client makes a new client inside step(): records in flight
 * are reported UNKNOWN, sending goes on with the new one. Single-threaded: send, step and free are called by
 * one thread. */
#ifndef COLIS_LINKS_KAFKA_OUT_H
#define COLIS_LINKS_KAFKA_OUT_H

#include "shared/links/kafka.h"

enum kafka_report { KAFKA_DELIVERED = 0, KAFKA_UNKNOWN };
/* cookie as given to send. DELIVERED: the broker itself said at which offset and, as its topics have
 * LogAppendTime, when; -1 with UNKNOWN. Called from step(), flush() and free(). */
typedef void (*kafka_reported)(void *self, void *cookie, enum kafka_report report, int32_t partition,
                               int64_t offset);

struct kafka_out;
struct kafka_out_config {
    const char *name_space, *client;
    kafka_reported reported;
    void *self;
    const char *transactional_id; /* NULL: a plain idempotent producer */
    int64_t delivery_ms;          /* where it is more than the setting's */
    bool gathers;                 /* sends a batch and waits for all of it: none is KAFKA_LATE */
};
/* kafka_linger_us kafka_queue_messages kafka_delivery_ms kafka_late_ms (oldest unacknowledged: refuse beyond,
 * 1000) */
extern const struct setting kafka_out_settings[];

MUST_CHECK int kafka_out_new(const struct kafka_out_config *config, struct kafka_out **ret_out);
void kafka_out_free(struct kafka_out *out); /* purges; what was open is reported UNKNOWN */
int kafka_out_descriptor(
    const struct kafka_out *out); /* stays the same over a new client; wait for readable */
MUST_CHECK int kafka_out_step(struct kafka_out *out); /* on readable, and every 100 ms or so */

enum { KAFKA_FULL = 1, KAFKA_LATE, KAFKA_DEAD };
/* event->data and attributes are copied. key is event->key. KAFKA_FULL, KAFKA_LATE, KAFKA_DEAD: surely not
 * sent, no report follows. */
MUST_CHECK int kafka_out_send(struct kafka_out *out, const char *topic, const struct event *event,
                              void *cookie);
/* What was sent goes now, or at the latest when its linger ends: for whoever gathers by himself. May call
 * reported. */
void kafka_out_push(struct kafka_out *out);
size_t kafka_out_open(const struct kafka_out *out);       /* unreported records */
int64_t kafka_out_oldest_ms(const struct kafka_out *out); /* age of the oldest; 0 where none */
enum { KAFKA_TIMEOUT = 4 };
MUST_CHECK int kafka_out_flush(struct kafka_out *out,
                               int timeout_ms); /* waits for every report, calling reported */

/* Transactions, used as a fence (the relay). KAFKA_FENCED: another holds the id; KAFKA_ABORT: start over
 * with another kafka_out. */
enum { KAFKA_FENCED = 5, KAFKA_ABORT = 6 };
MUST_CHECK int kafka_out_fence(struct kafka_out *out, int timeout_ms); /* init_transactions */
MUST_CHECK int kafka_out_begin(struct kafka_out *out);
/* After anything but 0 nobody knows whether it was committed, and there is no second try: free it, and look.
 */
MUST_CHECK int kafka_out_commit(struct kafka_out *out, int timeout_ms);

#endif
