/* SPDX-License-Identifier: Apache-2.0
 * The laws. Of a decision: its row tells what it emits, a refusal has a reason and changes nothing, the facts
 * alone lead where it led. Of the town: space, one live booking a parcel, money, a timer for whatever waits.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "schemas/codec.h"
#include "shared/base/cleanup.h"
#include "shared/domain/payment_known.h"
#include "tests/domain/history.h"
#include "tests/domain/row_tells.h"

struct covered covered;

void broken(struct history *history, const char *format, ...)
{
    va_list arguments;

    if (history->broken[0])
        return; /* the first tells most */
    va_start(arguments, format);
    (void)vsnprintf(history->broken, sizeof(history->broken), format, arguments);
    va_end(arguments);
}

/* Rows */

static int machine_index(const struct machine *machine)
{
    int m = 0;

    while (machines[m] != machine)
        m++;
    return m;
}

/* Rows may share a number, and their command: one of them tells it. */
static void law_of_row(struct history *history)
{
    const struct domain_decision *decision = &history->decision;
    const struct machine *machine = machine_of(history->asked.command.row->aggregate);
    int n = 0;

    for (const struct rule *rule = machine->rules; rule_row_used(rule); rule++, n++)
        if (strcmp(rule->number, decision->rule) == 0 &&
            strcmp(rule->command, history->asked.command.row->family) == 0 && (rule->from & history->from) &&
            (rule->who & history->who) && row_tells(rule, decision)) {
            covered.rows[machine_index(machine)][n]++;
            return;
        }
    broken(history, "row %s emits what it does not tell, or not what it tells", decision->rule);
}

static void law_of_refusal(struct history *history)
{
    const struct domain_decision *decision = &history->decision;

    if (decision->refusal <= REFUSAL_NONE || decision->refusal >= REFUSAL_COUNT ||
        !refusal_text(decision->refusal))
        broken(history, "refused without a reason: %d", (int)decision->refusal);
    if (decision->refusal != REFUSAL_CODE_WRONG && decision->fact_count + decision->follow_count > 0)
        broken(history, "refused (%s), and yet something happened", refusal_text(decision->refusal));
    covered.reasons[decision->refusal]++;
}

void laws_of_decision(struct history *history)
{
    const struct domain_decision *decision = &history->decision;

    covered.commands++;
    covered.facts += decision->fact_count;
    if (decision->refusal != REFUSAL_NONE) {
        law_of_refusal(history);
        return;
    }
    covered.accepted++;
    if (history->terminal)
        broken(history, "row %s accepted in a terminal state", decision->rule);
    if (decision->fact_count == 0 && strcmp(decision->rule, "B20") != 0)
        broken(history, "row %s accepted, and nothing happened", decision->rule);
    law_of_row(history);
}

/* Facts */

static struct balance *sums_in(struct history *history, int payment, const char *currency)
{
    for (int i = 0; i < LEDGER_CURRENCIES; i++) {
        struct balance *sums = &history->sums[payment][i];

        if (sums->currency[0] == '\0')
            strcpy(sums->currency, currency);
        if (strcmp(sums->currency, currency) == 0)
            return sums;
    }
    broken(history, "more currencies than a payment has");
    return &history->sums[payment][0];
}

static void add_entries(struct history *history, const struct domain_fact *fact, int payment)
{
    static int64_t struct_sink;
    int64_t sum = 0;
    int count;
    const struct entry *entries = domain_entries(fact, &count);

    for (int i = 0; i < count; i++) {
        struct balance *sums = sums_in(history, payment, entries[i].currency);
        int64_t *const accounts[] = {&struct_sink,      &sums->provider, &sums->sender,   &sums->escrow,
                                     &sums->traveller,  &sums->transit,  &sums->fees,     &sums->costs,
                                     &sums->chargeback, &sums->loss,     &sums->set_aside};

        *accounts[entries[i].account] += entries[i].amount;
        sum += entries[i].amount;
        if (strcmp(entries[i].currency, entries[0].currency) != 0)
            broken(history, "%s: a journal of two currencies", fact->row->family);
    }
    if (sum != 0)
        broken(history, "%s: a journal that sums to %lld", fact->row->family, (long long)sum);
}

/* A charge and a try count once, however often they are told. before: as the payment stood. */
static void law_of_once(struct history *history, const struct domain_fact *fact,
                        const struct payment_state *before)
{
    const struct schema *schema = fact->row->schema;
    int64_t order = schema == &payment_refunded_v1_schema   ? FACT(fact, payment_refunded_v1)->order
                    : schema == &payment_paid_out_v1_schema ? FACT(fact, payment_paid_out_v1)->order
                                                            : 0;
    int64_t number = schema == &payment_refunded_v1_schema ? FACT(fact, payment_refunded_v1)->
    try : order
        > 0 ? FACT(fact, payment_paid_out_v1)->
        try:
            0;
    const struct money_order *done = payment_order(before, order);

    if (order > 0 && (!done || payment_try_done(done, number)))
        broken(history, "%s: told twice, or of no order", fact->row->family);
    if (schema == &payment_received_v1_schema &&
        payment_charge(before, FACT(fact, payment_received_v1)->charge))
        broken(history, "a charge counts twice");
}

void laws_fold(struct history *history)
{
    for (int i = 0; i < history->decision.fact_count; i++) {
        const struct domain_fact *fact = &history->decision.facts[i];
        struct domain_head *head = town_of(&history->folded, &fact->subject);
        enum domain_slot slot = SLOT_TRIP;
        int n = 0, folded;

        if (!head || !town_find(&fact->subject, &slot, &n)) {
            broken(history, "%s of nobody", fact->row->family);
            return;
        }
        if (fact->at_ms < head->changed_at)
            broken(history, "%s: time runs backwards", fact->row->family);
        if (slot == SLOT_PAYMENT) {
            law_of_once(history, fact, (const void *)head);
            add_entries(history, fact, n);
        }
        if ((slot == SLOT_PAYMENT && n < BOOKINGS && !id_same(&fact->key, &history->live.bookings[n].id)) ||
            (slot == SLOT_TRIP && !id_same(&fact->key, &fact->subject)))
            broken(history, "%s does not travel under its booking", fact->row->family);
        folded = domain_fold(head, fact);
        if (folded != 0)
            broken(history, "%s does not fold (%d)", fact->row->family, folded);
    }
}

/* Padding aside. */
static void law_of_fold(struct history *history, const struct machine *machine,
                        const struct domain_head *live)
{
    enum domain_slot slot = SLOT_TRIP;
    int n = 0;
    bool there = town_find(&live->id, &slot, &n) && slot == machine->slot;
    const struct domain_head *folded = there ? town_at(&history->folded, slot, n) : NULL;
    CLEANUP(buf_done) struct buf one = {0}, other = {0};

    if (!folded) {
        if (live->version > 0)
            broken(history, "%s: nobody came to be somebody", machine->kind);
        return;
    }
    if (memcmp(live, folded, machine->state->size) == 0)
        return;
    codec_encode(machine->state, live, CODEC_ALL, &one);
    codec_encode(machine->state, folded, CODEC_ALL, &other);
    if (live->version != folded->version || strcmp(one.data, other.data) != 0)
        broken(history, "%s: its facts do not lead to its state:\n  %s\n  %s", machine->kind, one.data,
               other.data);
}

/* laws of each kind: history_keeps.c */
extern void (*const keeps[SLOT_COUNT])(struct history *history, const struct domain_head *head);

static void laws_of_one(struct history *history, const struct machine *machine,
                        const struct domain_head *head)
{
    law_of_fold(history, machine, head);
    if (head->version > 0 && keeps[machine->slot])
        keeps[machine->slot](history, head);
}

void laws_of_touched(struct history *history)
{
    for (int slot = 0; slot < SLOT_COUNT && !history->broken[0]; slot++)
        if (history->world.at[slot])
            laws_of_one(history,
                        slot == SLOT_SENDER || slot == SLOT_TRAVELLER
                            ? &profile_machine
                            : machines[slot > SLOT_TRAVELLER ? slot - 2 : slot],
                        history->world.at[slot]);
}

void laws_of_town(struct history *history)
{
    const struct domain_head *head;

    for (int m = 0; machines[m]; m++)
        for (int n = 0; (head = town_at(&history->live, machines[m]->slot, n)) && !history->broken[0]; n++)
            laws_of_one(history, machines[m], head);
}
