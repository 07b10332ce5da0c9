/* SPDX-License-Identifier: Apache-2.0
 * Flutterwave's API, v3: the calls we make, in our own amounts (minor units). A call that makes something is
 * never repeated by itself: FLUTTERWAVE_UNKNOWN says it may have been done, and who asked must ask about it
 * by reference first. A provider's reply holds people's names: nothing of it is logged. */
#ifndef COLIS_PAYMENTS_FLUTTERWAVE_H
#define COLIS_PAYMENTS_FLUTTERWAVE_H

#include "shared/base/buf.h"
#include "shared/base/cleanup.h"
#include "shared/base/settings.h"

/* flutterwave_url flutterwave_secret flutterwave_redirect_url flutterwave_timeout_ms */
extern const struct setting flutterwave_settings[];

enum flutterwave_outcome {
    FLUTTERWAVE_DONE = 0,
    FLUTTERWAVE_NONE = 1,    /* there is no such thing there */
    FLUTTERWAVE_REFUSED = 2, /* it will never do that */
    FLUTTERWAVE_LATER = 3,   /* surely not done: away, or too much was asked of it */
    FLUTTERWAVE_UNKNOWN = 4, /* it may have been done */
};

struct flutterwave;
/* claim_ms: how long a task is ours. A step makes up to two calls, and what a cut one began may go on at the
 * provider's for as long again: less than FLUTTERWAVE_CALLS times a call is ERROR_SETTINGS. */
enum { FLUTTERWAVE_CALLS = 4 };
MUST_CHECK int flutterwave_new(int64_t claim_ms, struct flutterwave **ret_flutterwave);
void flutterwave_free(struct flutterwave *flutterwave);
DEFINE_CLEANUP(struct flutterwave, flutterwave_free)
/* Of the newest call that was not DONE: "answered 503". Never NULL, nothing private. */
const char *flutterwave_why(const struct flutterwave *flutterwave);
/* Seconds the provider wants to be left alone; 0: it did not say. */
int64_t flutterwave_rest(const struct flutterwave *flutterwave);

/* After FLUTTERWAVE_UNKNOWN: from then on what was asked for is there, or will never be. Milliseconds. */
int64_t flutterwave_patience(void);

enum { FLUTTERWAVE_ID = 65, FLUTTERWAVE_LINK = 501 };

/* How far something is at the provider's. */
enum flutterwave_state { FLUTTERWAVE_PENDING = 1, FLUTTERWAVE_SUCCESSFUL, FLUTTERWAVE_FAILED };

struct flutterwave_payment {
    const char *reference, *currency, *email, *name;
    int64_t amount;
};
/* A page to pay on. */
MUST_CHECK int flutterwave_link(struct flutterwave *flutterwave, const struct flutterwave_payment *payment,
                                char ret_link[FLUTTERWAVE_LINK]);

struct flutterwave_charge {
    char id[FLUTTERWAVE_ID], reference[FLUTTERWAVE_ID]; /* reference: empty: no command can carry it */
    enum flutterwave_state state;
    char currency[4];
    int64_t amount, fee; /* fee: our part of it, not the payer's */
};
/* By the provider's id. A charge whose amount or currency cannot be read, or without any reference (each has
 * one there), is FLUTTERWAVE_LATER, with the reason: staff must look. */
MUST_CHECK int flutterwave_charge(struct flutterwave *flutterwave, const char *id,
                                  struct flutterwave_charge *ret_charge);
/* All with our reference, newest first: somebody may pay twice on one page. None of them: FLUTTERWAVE_NONE.
 */
enum { FLUTTERWAVE_CHARGES = 32 };
struct flutterwave_charges {
    int count;
    struct flutterwave_charge items[FLUTTERWAVE_CHARGES];
};
MUST_CHECK int flutterwave_charges_find(struct flutterwave *flutterwave, const char *reference,
                                        struct flutterwave_charges *ret_charges);

/* A refund or a payout. */
struct flutterwave_movement {
    char id[FLUTTERWAVE_ID];
    enum flutterwave_state state;
    char currency[4];
    int64_t amount, fee;
    bool bad_account; /* failed: by the fault of the account */
};
struct flutterwave_refund {
    const char *charge, *reference, *currency;
    int64_t amount;
};
MUST_CHECK int flutterwave_refund(struct flutterwave *flutterwave, const struct flutterwave_refund *refund,
                                  struct flutterwave_movement *ret_movement);
/* UNKNOWN: one of its amount is there without any reference. */
MUST_CHECK int flutterwave_refund_find(struct flutterwave *flutterwave,
                                       const struct flutterwave_refund *refund,
                                       struct flutterwave_movement *ret_movement);
struct flutterwave_transfer {
    const char *reference, *currency, *bank, *account, *holder;
    int64_t amount;
};
MUST_CHECK int flutterwave_transfer(struct flutterwave *flutterwave,
                                    const struct flutterwave_transfer *transfer,
                                    struct flutterwave_movement *ret_movement);
MUST_CHECK int flutterwave_transfer_find(struct flutterwave *flutterwave, const char *reference,
                                         struct flutterwave_movement *ret_movement);

struct flutterwave_chargeback {
    char id[FLUTTERWAVE_ID];
    enum { CHARGEBACK_OPEN = 1, CHARGEBACK_WON, CHARGEBACK_LOST } state;
    int64_t amount, fee;
    bool goes_on; /* a later stage of a dispute */
};
/* All of a charge, newest first. The stages of a dispute are one, under the first one's id, where it was open
 * and the later are about the same amount and free. One in another currency than the charge's is
 * FLUTTERWAVE_LATER: not ours to convert. */
struct flutterwave_chargebacks {
    int count;
    struct flutterwave_chargeback items[FLUTTERWAVE_CHARGES];
};
MUST_CHECK int flutterwave_chargebacks_find(struct flutterwave *flutterwave, const char *charge,
                                            const char *currency,
                                            struct flutterwave_chargebacks *ret_chargebacks);
/* The charge of which there are chargebacks with this reference of the provider's own. */
MUST_CHECK int flutterwave_claimed(struct flutterwave *flutterwave, const char *reference,
                                   char ret_charge[FLUTTERWAVE_ID]);

#endif
