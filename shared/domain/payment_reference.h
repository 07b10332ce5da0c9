/* SPDX-License-Identifier: Apache-2.0
 * What a provider calls our attempts and orders. A reference is made from what it stands for and can be read
 * back, so a report about money finds its payment without any table:
 *   cb-<booking, 32 hex digits>-p2       attempt 2
 *   cb-<booking, 32 hex digits>-r1-3     refund, order 1, try 3; t: payout; g: goodwill
 * The payment of a charge nobody knew has no booking: its own id stands there. */
#ifndef COLIS_DOMAIN_PAYMENT_REFERENCE_H
#define COLIS_DOMAIN_PAYMENT_REFERENCE_H

#include <stdint.h>

#include "shared/base/id.h"

enum { PAYMENT_REFERENCE_SIZE = 65, PAYMENT_REFERENCE_MOST = 999, PAYMENT_REFERENCE_FOREIGN = 1 };

enum payment_reference_kind {
    PAYMENT_REFERENCE_ATTEMPT = 'p',
    PAYMENT_REFERENCE_REFUND = 'r',
    PAYMENT_REFERENCE_PAYOUT = 't',
    PAYMENT_REFERENCE_GOODWILL = 'g',
};

struct payment_reference {
    struct id base; /* the booking, or the payment where there is none */
    enum payment_reference_kind kind;
    int64_t n;   /* of the attempt or order: 1 to PAYMENT_REFERENCE_MOST */
    int64_t try; /* likewise; 0 of an attempt */
};

/* ASCII, at most 64 characters. */
void payment_reference_write(const struct payment_reference *reference,
                             char ret_text[PAYMENT_REFERENCE_SIZE]);
/* PAYMENT_REFERENCE_FOREIGN: not one of ours, to the letter: what is read would be written the same. */
MUST_CHECK int payment_reference_read(struct span text, struct payment_reference *ret_reference);

#endif
