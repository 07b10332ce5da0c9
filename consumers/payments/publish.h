/* SPDX-License-Identifier: Apache-2.0
 * Commands of the payments service: what the provider did becomes a command to the projector. The id of each
 * derives from what it says, so that saying it twice is saying it once. */
#ifndef COLIS_PAYMENTS_PUBLISH_H
#define COLIS_PAYMENTS_PUBLISH_H

#include "schemas/messages.h"
#include "shared/base/cleanup.h"

struct publisher;
MUST_CHECK int publisher_new(struct publisher **ret_publisher);
void publisher_free(struct publisher *publisher);
DEFINE_CLEANUP(struct publisher, publisher_free)

struct publication {
    const struct schema *command; /* and data: a struct of it */
    const void *data;
    const struct id *payment; /* the subject */
    const struct id *key;     /* of the record: the booking, or the payment itself */
    struct span said[3];      /* what makes it one: the reference, the outcome ... */
};
enum { PUBLISH_AWAY = 1 };
/* Waits for the broker. PUBLISH_AWAY: it may or may not have it; again with the same. */
MUST_CHECK int publish(struct publisher *publisher, const struct publication *publication);

#endif
