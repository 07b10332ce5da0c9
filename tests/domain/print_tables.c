/* SPDX-License-Identifier: Apache-2.0
 * The tables that are not of one machine: timers, limits, who gets the money, journals, reasons. */
#include <string.h>

#include "shared/domain/ledger.h"
#include "shared/domain/limits.h"
#include "shared/domain/policy.h"
#include "shared/domain/timer.h"
#include "tests/domain/print.h"

#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static void print_long(int64_t number, struct buf *to)
{
    buf_integer(to, number);
}

/* In the largest unit that needs no fraction; days from three of them on. */
static void print_duration(int64_t ms, struct buf *to)
{
    if (ms % DAY == 0 && ms > 3 * DAY) {
        print_long(ms / DAY, to);
        buf_text(to, " d");
    } else if (ms % HOUR == 0) {
        print_long(ms / HOUR, to);
        buf_text(to, " h");
    } else {
        print_long(ms / MINUTE, to);
        buf_text(to, " min");
    }
}

/* A message's name without its version. */
static void print_family(const struct schema *schema, struct buf *to)
{
    buf_format(to, "`%s`", message_of(schema->name)->family);
}

/* Names of limits are shouted in C. */
static void print_quietly(const char *name, struct buf *to)
{
    for (; *name; name++)
        buf_byte(to, *name == '_' ? ' ' : *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name);
}

/* Timers */

static void print_timer(const struct timer *timer, struct buf *to)
{
    buf_format(to, "| %s | ", timer->name);
    print_family(timer->fact, to);
    buf_text(to, " | ");
    print_words(timer->when, to);
    buf_text(to, " | ");
    if (timer->delay != DELAY_COUNT)
        print_duration(limits_delay(timer->delay), to);
    buf_text(to, " | ");
    print_family(timer->command, to);
    buf_text(to, timer->what ? " " : "");
    if (timer->what)
        print_words(reminder_choices[timer->what - 1].text, to);
    buf_text(to, " |\n");
}

static void print_retries(struct buf *to)
{
    buf_text(to, "\nAn order that failed or came back is tried again by itself after ");
    for (int64_t number = 1; limits_retry(number) > 0; number++) {
        buf_text(to, number > 1 ? ", " : "");
        print_duration(limits_retry(number), to);
    }
    buf_text(to, " (`order_retry`), but for a bad account, which waits for its owner.\n\n");
}

static void print_timers(struct buf *to)
{
    buf_text(to, "## Timers\n\n"
                 "Armed with the fact, and void once a later fact arms them anew or the state has passed "
                 "them. \"at ...\":\n"
                 "the fact itself holds the time.\n\n"
                 "| timer | armed by | due | delay | command |\n|---|---|---|---|---|\n");
    for (const struct timer *timer = timer_rows; timer->name; timer++)
        print_timer(timer, to);
    print_retries(to);
}

/* Limits */

static void print_delays(struct buf *to)
{
    buf_text(to, "## Limits\n\n| delay | | what for |\n|---|---|---|\n");
    for (int delay = 0; delay < DELAY_COUNT; delay++) {
        buf_text(to, "| ");
        print_quietly(limits_delay_name((enum limits_delay)delay), to);
        buf_text(to, " | ");
        print_duration(limits_delay((enum limits_delay)delay), to);
        buf_format(to, " | %s |\n", limits_delay_text((enum limits_delay)delay));
    }
    buf_text(to, "\n| count | | what for |\n|---|---|---|\n");
    for (const struct limits_counted *row = limits_counts; row->name; row++) {
        buf_text(to, "| ");
        print_quietly(row->name, to);
        buf_text(to, " | ");
        print_long(row->value, to);
        buf_format(to, " | %s |\n", row->text);
    }
}

static void print_tiers(struct buf *to)
{
    buf_text(to, "\n| tier | carries a parcel of | value on one trip, in times the cap | payout held |\n"
                 "|---|---|---|---|\n");
    for (int64_t tier = 0; tier < LIMITS_TIERS; tier++) {
        const struct limits_tier *row = limits_tier(tier);

        buf_text(to, "| ");
        print_long(tier, to);
        buf_text(to, " | ");
        print_long(row->carries_g, to);
        buf_text(to, " g | ");
        print_long(row->exposure_caps, to);
        buf_text(to, " | ");
        print_duration(row->payout_hold_ms, to);
        buf_text(to, " |\n");
    }
}

static void print_amounts(const int64_t *amounts, int count, struct buf *to)
{
    for (int i = 0; i < count; i++) {
        buf_text(to, i > 0 ? " / " : " ");
        print_long(amounts[i], to);
    }
    buf_text(to, " |");
}

static void print_currencies(struct buf *to)
{
    buf_text(to, "\nIn minor units (digits after the point in the second column):\n\n"
                 "| currency | digits | value cap of a parcel, by tier 0 / 1 / 2 / 3 | price a kg, least / "
                 "most | fee at least |"
                 " too much, set aside up to | traveller's share at least | staff alone up to |\n"
                 "|---|---|---|---|---|---|---|---|\n");
    for (const struct limits_currency *row = limits_currencies; row->code; row++) {
        const int64_t prices[] = {row->price_least, row->price_most};

        buf_format(to, "| %s | %d |", row->code, row->exponent);
        print_amounts(row->value_cap, LIMITS_TIERS, to);
        print_amounts(prices, 2, to);
        print_amounts(&row->fee_least, 1, to);
        print_amounts(&row->excess_floor, 1, to);
        print_amounts(&row->share_floor, 1, to);
        print_amounts(&row->staff_authority, 1, to);
        buf_text(to, "\n");
    }
    buf_text(to, "\nNo traveller takes ");
    for (const struct limits_prohibition *row = limits_prohibitions; row->category; row++)
        buf_format(to, "%s%s from %s to %s", row == limits_prohibitions ? "" : ", ",
                   category_choices[row->category - 1].text, row->from ? row->from : "anywhere",
                   row->to ? row->to : "anywhere");
    buf_text(to, ".\n\n");
}

/* Who gets the money */

static void print_hours(const struct policy_cancel_row *row, struct buf *to)
{
    bool least = row->from_ms != -POLICY_EVER, most = row->to_ms != POLICY_EVER;

    if (!least && !most)
        buf_text(to, "any time");
    if (least && most) {
        print_long(row->from_ms / HOUR, to);
        buf_text(to, " to ");
    } else if (least || most) {
        buf_text(to, least ? "≥ " : "< ");
    }
    if (most)
        print_duration(row->to_ms, to);
    else if (least)
        print_duration(row->from_ms, to);
}

static void print_share(int64_t percent, enum policy_fee fee, int32_t fault, struct buf *to)
{
    buf_text(to, " | ");
    print_long(percent, to);
    buf_text(to, " % | ");
    print_long(100 - percent, to);
    buf_format(to, " %% | %s | ", fee == POLICY_FEE_KEPT ? "kept" : "to sender");
    if (fault)
        print_words(fault_choices[fault - 1].text, to);
    else
        buf_text(to, "-");
    buf_text(to, " |\n");
}

static void print_cancel_row(const struct policy_cancel_row *row, struct buf *to)
{
    buf_text(to, "| ");
    print_long(row->row, to);
    buf_text(to, " | ");
    print_words(booking_status_choices[row->stage - 1].text, to);
    buf_text(to, " | ");
    print_choices(party_choices, row->by, "anybody", to);
    buf_text(to, row->redate == POLICY_REDATE_OPEN ? ", a new date open" : "");
    if (row->reasons)
        buf_text(to, ": ");
    print_choices(pickup_reason_choices, row->reasons, NULL, to);
    if (row->paid_within != POLICY_EVER) {
        buf_text(to, ", paid less than ");
        print_duration(row->paid_within, to);
        buf_text(to, " ago");
    }
    buf_text(to, " | ");
    print_hours(row, to);
    print_share(row->traveller_percent, row->fee, row->fault, to);
}

static void print_cancelling(struct buf *to)
{
    buf_text(
        to,
        "## Who gets the money\n\n"
        "### c1: cancelled, or failed at the pickup\n\n"
        "The first row that fits. Percent of the carriage; a traveller's share under the least one of its "
        "currency\n"
        "goes to the sender. Before the price is paid nothing moves. A trip that is given up counts as its\n"
        "traveller's cancelling, one that staff stop for safety, fraud or a closed corridor as theirs.\n\n"
        "| # | stage | who, why | before the departure | to traveller | to sender | fee | fault |\n"
        "|---|---|---|---|---|---|---|---|\n");
    for (const struct policy_cancel_row *row = policy_cancel_rows; row->row; row++)
        print_cancel_row(row, to);
    buf_text(to, "\n");
}

static const char *proof_words(enum policy_proof proof)
{
    static const char *const words[] = {[POLICY_ANY_PROOF] = "",
                                        [POLICY_DELIVERED_SOON] = "delivered, mildly late at most",
                                        [POLICY_DELIVERED_LATER] = "delivered, later",
                                        [POLICY_HANDED_BACK] = "handed back to the sender",
                                        [POLICY_UNANSWERED] = "nobody answered"};

    return words[proof];
}

static void print_disputes(struct buf *to)
{
    buf_text(to, "### c2: disputes in which staff have not spoken\n\n"
                 "The first row that fits; what has none waits for staff, who are reminded.\n\n"
                 "| cause | opened by | proved | falls after | to traveller | to sender | fee | fault |\n"
                 "|---|---|---|---|---|---|---|---|\n");
    for (const struct policy_dispute_row *row = policy_dispute_rows; row->causes; row++) {
        buf_text(to, "| ");
        print_choices(dispute_cause_choices, row->causes, NULL, to);
        buf_text(to, " | ");
        if (row->openers == ~(1u << PARTY_SENDER))
            buf_text(to, "anybody but the sender");
        else
            print_choices(party_choices, row->openers, "anybody", to);
        buf_format(to, " | %s | ", proof_words(row->proof));
        print_duration(row->delay_ms, to);
        if (row->share == POLICY_BY_C1)
            buf_text(to, " | c1, by the reason claimed | | | |\n");
        else
            print_share(row->traveller_percent, row->fee, row->fault, to);
    }
    buf_text(to, "\n");
}

/* Journals */

static void print_line(const struct ledger_line *line, struct buf *to)
{
    static const char *const amounts[] = {[LEDGER_AMOUNT] = "A",
                                          [LEDGER_FEE] = "f",
                                          [LEDGER_TO_TRAVELLER] = "to traveller",
                                          [LEDGER_TO_SENDER] = "to sender",
                                          [LEDGER_TO_FEES] = "to fees",
                                          [LEDGER_UP_TO] = "up to its balance",
                                          [LEDGER_REST] = "the rest"};

    if (line->account == ACCOUNT_NONE)
        buf_text(to, "sender or traveller");
    else
        print_words(account_choices[line->account - 1].text, to);
    buf_format(to, " %s %s", line->sign > 0 ? "+" : "−", amounts[line->amount]);
}

static void print_journals(struct buf *to)
{
    buf_text(to, "## Journals\n\n"
                 "+ is debit, − is credit; A the amount, f what the provider keeps. Lines of nothing are "
                 "left out; every\n"
                 "journal sums to zero.\n\n"
                 "| fact | entries |\n|---|---|\n");
    for (const struct ledger_journal *journal = ledger_journals; journal->fact; journal++) {
        buf_text(to, "| ");
        print_family(journal->fact, to);
        buf_text(to, " | ");
        for (int i = 0; i < LEDGER_LINES && journal->lines[i].amount != LEDGER_NOTHING; i++) {
            buf_text(to, i > 0 ? ", " : "");
            print_line(&journal->lines[i], to);
        }
        buf_text(to, " |\n");
    }
    buf_text(to, "\n");
}

static void print_reasons(struct buf *to)
{
    buf_text(to, "## Reasons to refuse\n\n");
    for (int refusal = 1; refusal < REFUSAL_COUNT; refusal++)
        buf_format(to, "%s`%s`",
                   refusal == 1       ? ""
                   : refusal % 8 == 1 ? ",\n"
                                      : ", ",
                   refusal_text((enum refusal)refusal));
    buf_text(to, ".\n\n");
}

void print_tables(struct buf *to)
{
    print_timers(to);
    print_delays(to);
    print_tiers(to);
    print_currencies(to);
    print_cancelling(to);
    print_disputes(to);
    print_journals(to);
    print_reasons(to);
}
