/* SPDX-License-Identifier: Apache-2.0
 * bus.payment_task as a queue: claiming a thing to do and recording how it went. A claim that ends unrecorded
 * was cut by a crash: the row is claimed again, and asked tells that the provider may have been spoken to. */
#ifndef COLIS_PAYMENTS_TASK_H
#define COLIS_PAYMENTS_TASK_H

#include "schemas/messages.h"
#include "shared/links/postgres.h"
#include "shared/run/past.h"

extern const struct postgres_statement task_statements[];

enum { TASK_WORD = 16, TASK_REASON = 32 };

/* A claimed row, and what the database knows about its payment. Owned by the caller's struct. */
struct task {
    struct postgres_rows rows; /* task_done */
    struct id id, payment, booking;
    char kind[TASK_WORD], step[TASK_WORD], told[TASK_WORD];
    int64_t n, number; /* attempt or order, and its try */
    struct span data;  /* the fact's */
    bool asked;        /* by an earlier claim */
    int64_t attempts;
    int64_t opened_ms, since_ms; /* when its fact was decided; when its step began */
    int32_t payment_state;       /* enum payment_status; 0: there is no such payment */
    int32_t order_state;         /* enum order_state of this order while this try is its newest; 0: none */
    bool has_payer, has_account;
    struct profile_update_v1 payer;               /* the sender's newest */
    struct profile_set_payout_account_v1 account; /* the newest of whom an order is for */
    int64_t tier, account_since_ms;               /* likewise */
};
void task_done(struct task *task);

struct task_result {
    const char *step;   /* the one to go on with */
    int64_t delay_ms;   /* not before */
    const char *told;   /* of an attempt: its outcome; NULL: as it was */
    const char *reason; /* NULL: none */
};

enum { TASK_EMPTY = 1, TASK_AWAY = 2 };
/* The due row that waits longest, a watched one only where there is no other; ours for claim_ms; nothing
 * while PostgreSQL has lost time. ahead_ms: how far our clock runs ahead. */
MUST_CHECK int task_claim(struct past *past, int64_t claim_ms, int64_t ahead_ms, struct task *ret_task);
/* TASK_AWAY: not recorded, call again. A claim that was lost meanwhile changes nothing and is 0. */
MUST_CHECK int task_record(struct postgres *postgres, const struct task *task, int64_t ahead_ms,
                           const struct task_result *result);

struct task_payment {
    int32_t state;   /* enum payment_status; 0: there is no such payment */
    bool has_charge; /* it knows the charge */
};
MUST_CHECK int task_payment_state(struct postgres *postgres, const struct id *payment, const char *charge,
                                  struct task_payment *ret_payment);

/* What the projector decided of a command of ours. */
struct task_verdict {
    bool decided, accepted;
    char reason[TASK_REASON]; /* of a refusal: the text of enum refusal */
};
MUST_CHECK int task_verdict(struct postgres *postgres, const struct id *command,
                            struct task_verdict *ret_verdict);

/* The state of an order while this try is its newest: 0 where it is not. */
MUST_CHECK int task_order_state(struct postgres *postgres, const struct id *payment, int64_t n,
                                int64_t number, int32_t *ret_state);
/* Refunds of this charge that are watched, were given up, or are over, are asked about at once: one that
 * failed may be done after all, one that was done may fail. */
MUST_CHECK int task_wake_refunds(struct postgres *postgres, const char *charge);
/* The same of those ordered in the last 30 days that are of this amount, in thousandths of whatever currency
 * theirs is; 0: of all that are not over. */
MUST_CHECK int task_wake_refunds_of(struct postgres *postgres, int64_t thousandths);

/* The id of what is to be done: kind is "attempt" or "order". */
void task_id(const struct id *payment, const char *kind, int64_t n, int64_t number, struct id *ret_id);

#endif
