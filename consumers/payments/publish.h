/* SPDX-License-Identifier: Apache-2.0
 * Commands of the payments service: what the provider did becomes a command to the projector. The id of each
 * derives from what it says, so that saying it twice is saying it once. */
#ifndef COLIS_PAYMENTS_PUBLISH_H
#define COLIS_PAYMENTS_PUBLISH_H

#include "schemas/messages.h"
#include "shared/base/cleanup.h"

#include "shared/links/postgres.h"

struct publisher;
/* postgres: with task_statements; stays the caller's. */
MUST_CHECK int publisher_new(struct postgres *postgres, struct publisher **ret_publisher);
void publisher_free(struct publisher *publisher);
DEFINE_CLEANUP(struct publisher, publisher_free)

struct publication {
    const struct schema *command; /* and data: a struct of it */
    const void *data;
    const struct id *payment; /* the subject */
    const struct id *key;     /* of the record: the booking, or the payment itself */
    struct span said[4];      /* what makes it one: the reference, the outcome ... */
};

/* An amount as one of the things said: what is told with another amount is another command, so that what was
 * refused as it read wrong can be told as it reads right. */
enum { PUBLISH_AMOUNT = 32 };
struct span publish_amount(int64_t amount, const char *currency, char ret_text[PUBLISH_AMOUNT]);

enum publish_outcome {
    PUBLISH_DONE = 0,
    PUBLISH_AWAY = 1, /* the broker may or may not have it, or nothing is decided yet: again with the same */
    PUBLISH_REFUSED = 2, /* by the projector: publish_reason */
};
/* Waits for the broker: DONE or AWAY. */
MUST_CHECK int publish(struct publisher *publisher, const struct publication *publication);
/* The same, but what was decided before is DONE, and not said again. */
MUST_CHECK int publish_news(struct publisher *publisher, const struct publication *publication);
/* Waits for the projector too: DONE is accepted. What was decided before is not said again. */
MUST_CHECK int publish_decided(struct publisher *publisher, const struct publication *publication);
/* Of the newest PUBLISH_REFUSED. */
const char *publish_reason(const struct publisher *publisher);
bool publish_was(const struct publisher *publisher, const char *reason);

#endif
