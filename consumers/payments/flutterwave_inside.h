/* SPDX-License-Identifier: Apache-2.0
 * What the files that speak Flutterwave's API share, and nobody else includes. */
#ifndef COLIS_PAYMENTS_FLUTTERWAVE_INSIDE_H
#define COLIS_PAYMENTS_FLUTTERWAVE_INSIDE_H

#include "consumers/payments/flutterwave.h"
#include "schemas/messages.h"
#include "shared/links/curl_http.h"

struct flutterwave {
    struct web *web;
    struct buf url, body;
    char authorization[300], why[128];
    struct web_reply reply;
    union {
        struct foreign_flutterwave_link_reply link;
        struct foreign_flutterwave_charge_reply charge;
        struct foreign_flutterwave_charges_reply charges;
        struct foreign_flutterwave_refund_reply refund;
        struct foreign_flutterwave_refunds_reply refunds;
        struct foreign_flutterwave_transfer_reply transfer;
        struct foreign_flutterwave_transfers_reply transfers;
        struct foreign_flutterwave_chargebacks_reply chargebacks;
    } data; /* the newest reply's */
};

/* Asks for what stands below v3/ under this path, which is as a URL has it; its reply is in data. */
MUST_CHECK int flutterwave_get(struct flutterwave *flutterwave, const char *path,
                               const struct schema *schema);
/* Major units as text to minor ones. MONEY_WRONG also for more than a command of ours can carry: nobody would
 * decide it. */
MUST_CHECK int flutterwave_amount(const char *text, const char *currency, int64_t *ret_minor);
MUST_CHECK int flutterwave_fee(const char *text, const char *currency, int64_t *ret_minor);

#endif
