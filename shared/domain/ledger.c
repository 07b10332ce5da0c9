/* SPDX-License-Identifier: Apache-2.0
 * The journals as rows, and the one function that fills them. */
#include "shared/domain/ledger.h"

#include <stddef.h>
#include <string.h>

#define PARTY ACCOUNT_NONE

#define DEBIT(account, amount)                                                                               \
    {                                                                                                        \
        ACCOUNT_##account, +1, LEDGER_##amount                                                               \
    }
#define CREDIT(account, amount)                                                                              \
    {                                                                                                        \
        ACCOUNT_##account, -1, LEDGER_##amount                                                               \
    }
#define PARTY_DEBIT(amount)                                                                                  \
    {                                                                                                        \
        PARTY, +1, LEDGER_##amount                                                                           \
    }
#define PARTY_CREDIT(amount)                                                                                 \
    {                                                                                                        \
        PARTY, -1, LEDGER_##amount                                                                           \
    }
#define COST DEBIT(COSTS, FEE), CREDIT(PROVIDER, FEE)
/* Money has left the provider: what was in transit, or, where it came back before (failed, set aside), what
 * is owed again; the rest was paid twice. */
#define PAID                                                                                                 \
    DEBIT(TRANSIT, UP_TO), PARTY_DEBIT(UP_TO), DEBIT(SET_ASIDE, UP_TO), DEBIT(LOSS, REST),                   \
        CREDIT(PROVIDER, AMOUNT)

/* clang-format off */
const struct ledger_journal ledger_journals[] = {
/*   fact                                entries */
    {&payment_received_v1_schema,        {DEBIT(PROVIDER, AMOUNT), CREDIT(SENDER, AMOUNT), COST}},
    {&payment_unmatched_v1_schema,       {DEBIT(PROVIDER, AMOUNT), CREDIT(SENDER, AMOUNT), COST}},
    {&payment_held_v1_schema,            {DEBIT(SENDER, AMOUNT), CREDIT(ESCROW, AMOUNT)}},
    {&payment_split_decided_v1_schema,   {DEBIT(ESCROW, AMOUNT), CREDIT(TRAVELLER, TO_TRAVELLER), CREDIT(SENDER, TO_SENDER), CREDIT(FEES, TO_FEES)}},
    {&payment_refund_ordered_v1_schema,  {DEBIT(SENDER, AMOUNT), CREDIT(TRANSIT, AMOUNT)}},
    {&payment_refunded_v1_schema,        {PAID, COST}},
    {&payment_refund_failed_v1_schema,   {DEBIT(TRANSIT, AMOUNT), CREDIT(SENDER, AMOUNT)}},
    {&payment_refund_withheld_v1_schema, {DEBIT(TRANSIT, AMOUNT), CREDIT(SENDER, AMOUNT)}},
    {&payment_payout_ordered_v1_schema,  {PARTY_DEBIT(AMOUNT), CREDIT(TRANSIT, AMOUNT)}},
    {&payment_paid_out_v1_schema,        {PAID, COST}},
    {&payment_payout_failed_v1_schema,   {DEBIT(TRANSIT, AMOUNT), PARTY_CREDIT(AMOUNT)}},
    {&payment_payout_reversed_v1_schema, {DEBIT(PROVIDER, AMOUNT), CREDIT(LOSS, UP_TO), PARTY_CREDIT(REST)}},
    {&payment_charged_back_v1_schema,    {DEBIT(CHARGEBACK, AMOUNT), CREDIT(PROVIDER, AMOUNT), COST}},
    {&payment_chargeback_won_v1_schema,  {DEBIT(PROVIDER, AMOUNT), CREDIT(CHARGEBACK, AMOUNT)}},
    {&payment_chargeback_lost_v1_schema, {CREDIT(CHARGEBACK, AMOUNT), DEBIT(SENDER, UP_TO), DEBIT(ESCROW, UP_TO), DEBIT(LOSS, REST)}},
    {&payment_goodwill_granted_v1_schema, {DEBIT(LOSS, AMOUNT), PARTY_CREDIT(AMOUNT)}},
    {&payment_set_aside_v1_schema,       {PARTY_DEBIT(AMOUNT), CREDIT(SET_ASIDE, AMOUNT)}},
    {&payment_fee_noted_v1_schema,       {COST}},
    {0},
};

static const size_t balance_at[LEDGER_ACCOUNTS] = {
    [ACCOUNT_PROVIDER] = offsetof(struct balance, provider),
    [ACCOUNT_SENDER] = offsetof(struct balance, sender),
    [ACCOUNT_ESCROW] = offsetof(struct balance, escrow),
    [ACCOUNT_TRAVELLER] = offsetof(struct balance, traveller),
    [ACCOUNT_TRANSIT] = offsetof(struct balance, transit),
    [ACCOUNT_FEES] = offsetof(struct balance, fees),
    [ACCOUNT_COSTS] = offsetof(struct balance, costs),
    [ACCOUNT_CHARGEBACK] = offsetof(struct balance, chargeback),
    [ACCOUNT_LOSS] = offsetof(struct balance, loss),
    [ACCOUNT_SET_ASIDE] = offsetof(struct balance, set_aside),
};
/* clang-format on */

static const struct balance *balance_in(const struct payment_state *payment, const char *currency)
{
    for (int i = 0; i < payment->balances_count; i++)
        if (strcmp(payment->balances[i].currency, currency) == 0)
            return &payment->balances[i];
    return NULL;
}

static int64_t amount_in(const struct balance *balance, enum account account)
{
    int64_t amount;

    memcpy(&amount, (const char *)balance + balance_at[account], sizeof(amount));
    return amount;
}

int64_t ledger_balance(const struct payment_state *payment, const char *currency, enum account account)
{
    const struct balance *balance = balance_in(payment, currency);

    return balance ? amount_in(balance, account) : 0;
}

bool ledger_has_room(const struct payment_state *payment, const char *currency)
{
    return payment->balances_count < LEDGER_CURRENCIES || balance_in(payment, currency);
}

bool ledger_is_even(const struct payment_state *payment)
{
    static const enum account open[] = {ACCOUNT_SENDER, ACCOUNT_ESCROW, ACCOUNT_TRAVELLER, ACCOUNT_TRANSIT,
                                        ACCOUNT_CHARGEBACK};

    for (int i = 0; i < payment->balances_count; i++)
        for (size_t account = 0; account < sizeof(open) / sizeof(open[0]); account++)
            if (amount_in(&payment->balances[i], open[account]) != 0)
                return false;
    return true;
}

static const struct ledger_journal *journal_of(const struct schema *fact)
{
    for (const struct ledger_journal *journal = ledger_journals; journal->fact; journal++)
        if (journal->fact == fact)
            return journal;
    return NULL;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A debit takes of what the account owes, a credit gives of what it lacks. */
static int64_t up_to(const struct ledger_line *line, enum account account,
                     const struct ledger_amounts *amounts, const struct payment_state *payment)
{
    int64_t most = -line->sign * ledger_balance(payment, amounts->currency, account);

    return most > 0 ? smaller(most, amounts->at_most[account]) : 0;
}

/* left: of the amount, not yet placed by UP_TO. */
static int64_t worth(const struct ledger_line *line, enum account account,
                     const struct ledger_amounts *amounts, const struct payment_state *payment, int64_t left)
{
    switch (line->amount) {
    case LEDGER_AMOUNT:
        return amounts->amount;
    case LEDGER_FEE:
        return amounts->fee;
    case LEDGER_TO_TRAVELLER:
        return amounts->split.to_traveller;
    case LEDGER_TO_SENDER:
        return amounts->split.to_sender;
    case LEDGER_TO_FEES:
        return amounts->split.to_fees;
    case LEDGER_UP_TO:
        return smaller(left, up_to(line, account, amounts, payment));
    case LEDGER_REST:
        return left;
    case LEDGER_NOTHING:
        break;
    }
    return 0;
}

void ledger_entries(const struct schema *fact, const struct ledger_amounts *amounts,
                    const struct payment_state *payment, struct entry ret_entries[LEDGER_ENTRIES],
                    uint16_t *ret_count)
{
    const struct ledger_journal *journal = journal_of(fact);
    int64_t left = amounts->amount;

    *ret_count = 0;
    for (int i = 0; journal && i < LEDGER_LINES && journal->lines[i].amount != LEDGER_NOTHING; i++) {
        const struct ledger_line *line = &journal->lines[i];
        enum account account = line->account == PARTY ? amounts->party : line->account;
        int64_t amount = worth(line, account, amounts, payment, left);
        struct entry *entry = &ret_entries[*ret_count];

        if (line->amount == LEDGER_UP_TO)
            left -= amount;
        if (amount == 0)
            continue;
        *entry = (struct entry){.account = (int32_t)account, .amount = line->sign * amount};
        memcpy(entry->currency, amounts->currency, sizeof(entry->currency));
        (*ret_count)++;
    }
}

static struct balance *balance_for(struct payment_state *payment, const char *currency)
{
    struct balance *balance;

    for (int i = 0; i < payment->balances_count; i++)
        if (strcmp(payment->balances[i].currency, currency) == 0)
            return &payment->balances[i];
    if (payment->balances_count == LEDGER_CURRENCIES)
        return NULL;
    balance = &payment->balances[payment->balances_count++];
    *balance = (struct balance){0};
    memcpy(balance->currency, currency, sizeof(balance->currency));
    return balance;
}

void ledger_add(struct payment_state *payment, const struct entry *entries, uint16_t count)
{
    for (int i = 0; i < count; i++) {
        struct balance *balance = balance_for(payment, entries[i].currency);
        int64_t amount;

        if (!balance)
            continue;
        amount = amount_in(balance, (enum account)entries[i].account) + entries[i].amount;
        memcpy((char *)balance + balance_at[entries[i].account], &amount, sizeof(amount));
    }
}
