/* SPDX-License-Identifier: Apache-2.0
 * What Flutterwave tells of chargebacks. It lists those of the whole account, page by page, by filters that
 * are taken on no trust: each row is held against what was asked for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/payments/flutterwave_inside.h"
#include "shared/domain/money.h"

enum { PAGES = 10 }; /* of twenty each: asked for, where the filter was not heard */

static int because(struct flutterwave *flutterwave, int outcome, const char *why)
{
    (void)snprintf(flutterwave->why, sizeof flutterwave->why, "%s", why);
    return outcome;
}

/* ret_pages: how many there are, as far as we ask. */
static int page_ask(struct flutterwave *flutterwave, const char *filter, const char *value, int page,
                    long *ret_pages)
{
    const struct foreign_flutterwave_chargebacks_reply *reply = &flutterwave->data.chargebacks;
    CLEANUP(buf_done) struct buf path = {0};
    int outcome;

    buf_format(&path, "chargebacks?%s=", filter);
    web_escape(span_of(value), &path);
    buf_format(&path, "&page=%d", page);
    outcome = flutterwave_get(flutterwave, path.data, &foreign_flutterwave_chargebacks_reply_schema);
    if (outcome != FLUTTERWAVE_DONE)
        return outcome == FLUTTERWAVE_REFUSED ? FLUTTERWAVE_NONE : error_forward(outcome);
    *ret_pages = strtol(reply->meta.page_info.total_pages, NULL, 10);
    *ret_pages = *ret_pages < PAGES ? *ret_pages : PAGES;
    return FLUTTERWAVE_DONE;
}

static int row_take(struct flutterwave *flutterwave,
                    const struct foreign_flutterwave_chargebacks_reply_data *seen, const char *currency,
                    struct flutterwave_chargeback *ret_chargeback)
{
    const struct span status = span_of(seen->status);

    *ret_chargeback = (struct flutterwave_chargeback){.state = CHARGEBACK_OPEN};
    ret_chargeback->goes_on = seen->stage[0] != '\0' && !span_is_nocase(span_of(seen->stage), "new");
    if (span_is_nocase(status, "won"))
        ret_chargeback->state = CHARGEBACK_WON;
    else if (span_is_nocase(status, "lost") || span_is_nocase(status, "accepted"))
        ret_chargeback->state = CHARGEBACK_LOST;
    if (seen->has_currency && strcmp(seen->currency, currency) != 0)
        return because(flutterwave, FLUTTERWAVE_LATER, "a chargeback in another currency than its charge");
    if (seen->id[0] == '\0' ||
        text_copy(ret_chargeback->id, sizeof ret_chargeback->id, span_of(seen->id)) != 0 ||
        flutterwave_amount(seen->amount, currency, &ret_chargeback->amount) != 0 ||
        (seen->has_fee && flutterwave_fee(seen->fee, currency, &ret_chargeback->fee) != 0))
        return because(flutterwave, FLUTTERWAVE_LATER,
                       "a chargeback without id, or with an amount we cannot read");
    return FLUTTERWAVE_DONE;
}

static int page_take(struct flutterwave *flutterwave, const char *charge, const char *currency,
                     struct flutterwave_chargebacks *all)
{
    const struct foreign_flutterwave_chargebacks_reply *reply = &flutterwave->data.chargebacks;
    int outcome = FLUTTERWAVE_DONE;

    for (int at = 0; outcome == FLUTTERWAVE_DONE && at < reply->data_count; at++) {
        if (strcmp(reply->data[at].transaction_id, charge) != 0)
            continue;
        if (all->count == FLUTTERWAVE_CHARGES)
            return because(flutterwave, FLUTTERWAVE_LATER, "more chargebacks of a charge than we read");
        outcome = row_take(flutterwave, &reply->data[at], currency, &all->items[all->count++]);
    }
    return outcome;
}

/* The next stage of a dispute stands under an id of its own. Where it is about the same amount and costs
 * nothing more, it tells how the one before it ends, which keeps the id it was recorded by. */
static void stages_join(struct flutterwave_chargebacks *all)
{
    for (int at = all->count - 2; at >= 0; at--) {
        const struct flutterwave_chargeback *next = &all->items[at];
        int before = at + 1;

        while (before < all->count &&
               (all->items[before].state != CHARGEBACK_OPEN || all->items[before].amount != next->amount))
            before++;
        if (!next->goes_on || next->fee > 0 || before == all->count)
            continue;
        all->items[before].state = next->state;
        all->count--;
        memmove(&all->items[at], &all->items[at + 1], (size_t)(all->count - at) * sizeof all->items[0]);
    }
}

int flutterwave_chargebacks_find(struct flutterwave *flutterwave, const char *charge, const char *currency,
                                 struct flutterwave_chargebacks *ret_chargebacks)
{
    int outcome = FLUTTERWAVE_DONE;
    long pages = 1;

    ret_chargebacks->count = 0;
    for (int page = 1; outcome == FLUTTERWAVE_DONE && page <= pages; page++) {
        outcome = page_ask(flutterwave, "id", charge, page, &pages);
        if (outcome == FLUTTERWAVE_DONE)
            outcome = page_take(flutterwave, charge, currency, ret_chargebacks);
    }
    if (outcome != FLUTTERWAVE_DONE && outcome != FLUTTERWAVE_NONE)
        return error_forward(outcome);
    stages_join(ret_chargebacks);
    return ret_chargebacks->count > 0 ? FLUTTERWAVE_DONE : FLUTTERWAVE_NONE;
}

int flutterwave_claimed(struct flutterwave *flutterwave, const char *reference,
                        char ret_charge[FLUTTERWAVE_ID])
{
    const struct foreign_flutterwave_chargebacks_reply *reply = &flutterwave->data.chargebacks;
    int outcome = FLUTTERWAVE_DONE;
    long pages = 1;

    for (int page = 1; page <= pages; page++) {
        outcome = page_ask(flutterwave, "flw_ref", reference, page, &pages);
        if (outcome != FLUTTERWAVE_DONE)
            return error_forward(outcome);
        for (int at = 0; at < reply->data_count; at++)
            if (strcmp(reply->data[at].flw_ref, reference) == 0 && reply->data[at].has_transaction_id)
                return text_copy(ret_charge, FLUTTERWAVE_ID, span_of(reply->data[at].transaction_id)) == 0
                           ? FLUTTERWAVE_DONE
                           : FLUTTERWAVE_NONE;
    }
    return FLUTTERWAVE_NONE;
}
