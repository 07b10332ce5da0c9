/* SPDX-License-Identifier: Apache-2.0
 * The broker as a server's loop meets it: one producer, its reports by descriptor with a timer as the safety
 * net, the check of the topics at start, and whether the program is ready. Until the topics were checked
 * nothing is to be sent: broker_takes says so. From an UNKNOWN report on the program is not ready, though it
 * takes what comes, until a record is DELIVERED or the topics, asked for each second, answer. Loop thread
 * only. */
#ifndef COLIS_RUN_BROKER_H
#define COLIS_RUN_BROKER_H

#include "shared/links/kafka_out.h"
#include "shared/run/loop.h"

struct broker;
struct broker_config {
    const char *client; /* "colis-ingress" */
    const char *const
        *topics; /* checked at start, without the namespace; ends with NULL; outlives the broker */
    kafka_reported reported; /* of each record */
    int (*stepped)(
        void *self); /* after reports were taken and each tick; negative ends the loop; may be NULL */
    void (*failed)(void *self, int result); /* the topics are not what they must be: end the program */
    void *self;
};

/* Opens even where no broker answers: the program is then not ready, and asks again each second. */
MUST_CHECK int broker_open(struct loop *loop, const struct broker_config *config, struct broker **ret_broker);
struct kafka_out *broker_out(const struct broker *broker);
bool broker_takes(const struct broker *broker);
void broker_drain(struct broker *broker); /* from now on broker_takes is false */
void broker_close(
    struct broker *broker); /* waits a moment for what is open, then reports it UNKNOWN; before loop_free */

#endif
