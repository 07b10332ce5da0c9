/* SPDX-License-Identifier: Apache-2.0
 * The ledger of a payment: accounts a currency, + debit, - credit. Each money fact is one journal, whose
 * entries are worked out when it is decided and only added when it is folded. Every journal sums to zero; the
 * table in ledger.c is the specification (b), line by line. */
#ifndef COLIS_DOMAIN_LEDGER_H
#define COLIS_DOMAIN_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "schemas/messages.h"

enum { LEDGER_ACCOUNTS = ACCOUNT_SET_ASIDE + 1, LEDGER_ENTRIES = 10, LEDGER_CURRENCIES = 4 };

/* The lines of a journal, as rows. */
enum ledger_amount {
    LEDGER_NOTHING, /* ends the row */
    LEDGER_AMOUNT,
    LEDGER_FEE,
    LEDGER_TO_TRAVELLER,
    LEDGER_TO_SENDER,
    LEDGER_TO_FEES,
    LEDGER_UP_TO, /* of what is left of the amount, as much as the account owes, or lacks */
    LEDGER_REST,  /* what is left of the amount then */
};
struct ledger_line {
    enum account account; /* ACCOUNT_NONE: sender or traveller, whose order it is */
    int sign;
    enum ledger_amount amount;
};
enum { LEDGER_LINES = 8 };
struct ledger_journal {
    const struct schema *fact;
    struct ledger_line lines[LEDGER_LINES];
};
extern const struct ledger_journal ledger_journals[]; /* ends with an empty row */

/* What a journal is about. Only the members its table row names matter. */
struct ledger_amounts {
    const char *currency; /* borrowed */
    int64_t amount;       /* A */
    int64_t fee;          /* f: what the provider keeps */
    struct split split;   /* a, b, c */
    enum account party;   /* of whom the order is: sender or traveller */
    /* what "up to its balance" may take of an account at most; the balance bounds it too */
    int64_t at_most[LEDGER_ACCOUNTS];
};

/* The journal of a fact (by its schema) as the payment stands before it. Lines of nothing are left out; the
 * count is 0 for what is no money fact. */
void ledger_entries(const struct schema *fact, const struct ledger_amounts *amounts,
                    const struct payment_state *payment, struct entry ret_entries[LEDGER_ENTRIES],
                    uint16_t *ret_count);

/* Adds a journal to the balances. A currency over LEDGER_CURRENCIES is not: see ledger_has_room. */
void ledger_add(struct payment_state *payment, const struct entry *entries, uint16_t count);

/* 0 where nothing was ever in it. */
int64_t ledger_balance(const struct payment_state *payment, const char *currency, enum account account);

/* May money of this currency come in? */
bool ledger_has_room(const struct payment_state *payment, const char *currency);

/* In every currency: sender, escrow, traveller, transit and chargeback at 0. */
bool ledger_is_even(const struct payment_state *payment);

#endif
