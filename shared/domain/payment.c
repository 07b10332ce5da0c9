/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/domain/payment_facts.h"
#include "shared/domain/rule.h"

static uint32_t who(const struct domain_world *world, const char *principal)
{
    (void)world;
    (void)principal;
    return 0;
}

static const struct rule rules[] = {{0}};
static const struct fold folds[] = {{0}};

const struct machine payment_machine = {
    .kind = "payment",
    .slot = SLOT_PAYMENT,
    .state = &payment_state_schema,
    .rules = rules,
    .folds = folds,
    .terminal = FROM(PAYMENT_STATUS_CLOSED),
    .states = payment_status_choices,
    .who = who,
};

void payment_open(struct rule_situation *situation)
{
    (void)situation;
}

void payment_attempt_open(struct rule_situation *situation)
{
    (void)situation;
}

void payment_lapse(struct rule_situation *situation)
{
    (void)situation;
}

void payment_split(struct rule_situation *situation, const struct split *split)
{
    (void)situation;
    (void)split;
}

int64_t payment_due_left(const struct payment_state *payment)
{
    return payment->total > payment->received ? payment->total - payment->received : 0;
}

int64_t payment_escrow(const struct payment_state *payment)
{
    (void)payment;
    return 0;
}

bool payment_attempt_live(const struct payment_state *payment, int64_t now_ms)
{
    (void)payment;
    (void)now_ms;
    return false;
}

bool payment_attempt_pending(const struct payment_state *payment)
{
    (void)payment;
    return false;
}

bool payment_chargeback_open(const struct payment_state *payment)
{
    (void)payment;
    return false;
}
