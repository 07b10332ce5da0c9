/* SPDX-License-Identifier: Apache-2.0
 * The working half: claims what is to be done, one thing at a time, speaks to the provider, says what became
 * of it by a command, records. It meets the reading half in PostgreSQL only.
 *
 *     attempt: create -> watch -> done            a page to pay on, then its charge
 *     refund, payout: claim -> send -> watch -> done
 *     report: verify -> done                      a provider's word is never believed: it is asked
 *
 * A create is never blindly repeated: what may have been asked is asked about, by reference, first. An order
 * is claimed from the projector (payment.order_sending) before the provider hears of it, so that one that was
 * withheld meanwhile is never sent. */
#ifndef COLIS_PAYMENTS_WORK_H
#define COLIS_PAYMENTS_WORK_H

#include "consumers/payments/flutterwave.h"
#include "consumers/payments/publish.h"
#include "consumers/payments/task.h"

/* payments_claim_ms payments_ahead_ms */
extern const struct setting work_settings[];

void work_metrics(void);
MUST_CHECK int work_start(void);
/* After service_stopping(): waits for the thread; what its loop ended with. */
MUST_CHECK int work_stop(void);

/* What the steps share. */
struct work {
    struct postgres *postgres;
    struct flutterwave *flutterwave;
    struct publisher *publisher;
    int64_t now_ms; /* of the turn */
};

/* A step: does one thing of a claimed task; ret_result: how it goes on. Negative: fatal. WORK_AWAY: the
 * broker or PostgreSQL did not answer: the same step again. */
enum { WORK_AWAY = 1 };
typedef int (*work_step)(struct work *work, const struct task *task, struct task_result *ret_result);
MUST_CHECK int attempt_create(struct work *work, const struct task *task, struct task_result *ret_result);
MUST_CHECK int attempt_watch(struct work *work, const struct task *task, struct task_result *ret_result);
MUST_CHECK int order_claim(struct work *work, const struct task *task, struct task_result *ret_result);
MUST_CHECK int order_send(struct work *work, const struct task *task, struct task_result *ret_result);
MUST_CHECK int order_watch(struct work *work, const struct task *task, struct task_result *ret_result);
MUST_CHECK int report_verify(struct work *work, const struct task *task, struct task_result *ret_result);

/* When to ask again about something of this age: 1 5 15 30 60 minutes, then hourly; -1: 72 h are over, staff
 * must look. */
int64_t work_ask_again(int64_t age_ms);
/* Not now: again later, longer each time. */
struct task_result work_later(const struct work *work, const struct task *task, const char *why);

/* charge.c: says that a charge was paid: to its payment, or as money nobody knows. */
MUST_CHECK int charge_tell(struct work *work, const struct flutterwave_charge *charge);

#endif
