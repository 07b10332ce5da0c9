/* SPDX-License-Identifier: Apache-2.0
 * The working half: claims what is to be done, one thing at a time, speaks to the provider, says what became
 * of it by a command, records. It meets the reading half in PostgreSQL only.
 *
 *     attempt: create -> watch -> done            a page to pay on, then its charge
 *     refund, payout: claim -> send -> watch -> done
 *     report: verify -> done                      a provider's word is never believed: it is asked
 *
 * A create is never blindly repeated: what may have been asked is asked about, by reference, first. An order
 * is claimed from the projector (payment.order_sending, accepted) before the provider hears of it, so that
 * one that was withheld meanwhile is never sent. What moves money in our books is said until the projector
 * has decided it. */
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
 * broker, the projector or PostgreSQL did not answer: the same step again, not before ret_result's delay. */
enum { WORK_AWAY = 1 };
typedef int (*work_step)(struct work *work, const struct task *task, struct task_result *ret_result);
MUST_CHECK int attempt_create(struct work *work, const struct task *task, struct task_result *ret_result);
MUST_CHECK int attempt_watch(struct work *work, const struct task *task, struct task_result *ret_result);
MUST_CHECK int order_claim(struct work *work, const struct task *task, struct task_result *ret_result);
MUST_CHECK int order_send(struct work *work, const struct task *task, struct task_result *ret_result);
MUST_CHECK int order_watch(struct work *work, const struct task *task, struct task_result *ret_result);
MUST_CHECK int report_verify(struct work *work, const struct task *task, struct task_result *ret_result);

/* When to ask again about something of this age: 1 5 15 30 60 minutes, then hourly; where it is slow, daily
 * after that. -1: 72 h, or 30 days, are over, staff must look. */
int64_t work_ask_again(int64_t age_ms, bool slow);
/* How long the task has stood at its step, milliseconds. */
int64_t work_age(const struct work *work, const struct task *task);
/* Not now: again later, longer each time. But for what has to be made, dead after as long. why: static, or
 * flutterwave_why(), publish_reason(). */
struct task_result work_later(const struct work *work, const struct task *task, const char *why);

/* charge.c: where a charge stands in our books. */
struct charge_home {
    struct id payment, key; /* key: of what is said about it */
};
/* Says that a charge was paid: to the payment of its reference, or as money nobody knows; nothing where it is
 * known already. CHARGE_REFUSED: by the projector, see publish_reason(). */
enum { CHARGE_REFUSED = 2 };
MUST_CHECK int charge_tell(struct work *work, const struct flutterwave_charge *charge,
                           struct charge_home *ret_home);
/* Is any of them in this state? They are of one page. */
bool charges_any(const struct flutterwave_charges *charges, enum flutterwave_state state);

/* movement.c: what the provider says of an order, told to its payment. */
struct movement {
    const struct id *payment, *key;
    const struct id *task; /* task_id of the order and its try */
    int64_t order, number;
    const struct flutterwave_movement *seen;
};
/* Of one that is SUCCESSFUL or FAILED; one that was done and reads FAILED has come back. ret_result: done, or
 * later where the projector will not have it so. */
MUST_CHECK int movement_tell(struct work *work, const struct task *task, const struct movement *movement,
                             struct task_result *ret_result);
/* cause: enum order_cause. */
MUST_CHECK int movement_failed(struct work *work, const struct task *task, const struct movement *movement,
                               int32_t cause, struct task_result *ret_result);

#endif
