/* SPDX-License-Identifier: Apache-2.0
 * Requests and replies of v3. Replies are read by the schemas of schemas/foreign; every word of them that is
 * no person's is checked before it is believed. */
#include "consumers/payments/flutterwave_inside.h"

#include <stdio.h>
#include <string.h>

#include "shared/domain/money.h"

enum { URL_TEXT = 512, REPLY_MOST = 1 << 20 };
static const int64_t amount_most = INT64_C(100000000000); /* of the commands that tell of money */

static struct {
    char url[URL_TEXT], secret[256], redirect[URL_TEXT];
    int64_t timeout_ms;
} values;

/* clang-format off */
const struct setting flutterwave_settings[] = {
    {"flutterwave_url", SETTING_TEXT, NULL, 8, URL_TEXT - 1,
     .help = "where Flutterwave's API is", .target = values.url, .size = sizeof values.url},
    {"flutterwave_secret", SETTING_TEXT, NULL, 8, sizeof values.secret - 1, .secret = true,
     .help = "its secret key", .target = values.secret, .size = sizeof values.secret},
    {"flutterwave_redirect_url", SETTING_TEXT, NULL, 8, URL_TEXT - 1,
     .help = "where a payer comes back to", .target = values.redirect, .size = sizeof values.redirect},
    {"flutterwave_timeout_ms", SETTING_INTEGER, "30000", 100, 120000,
     .help = "one call; Flutterwave itself gives up after 28 s", .target = &values.timeout_ms},
    {0},
};
/* clang-format on */

int flutterwave_new(int64_t claim_ms, struct flutterwave **ret_flutterwave)
{
    CLEANUP(flutterwave_free_cleanup) struct flutterwave *flutterwave = NULL;

    TRY(web_url_check("flutterwave_url", values.url));
    if (values.timeout_ms * FLUTTERWAVE_CALLS > claim_ms)
        return error_new(ERROR_SETTINGS, "flutterwave_timeout_ms: at most a %dth of payments_claim_ms (%lld)",
                         FLUTTERWAVE_CALLS, (long long)claim_ms);
    flutterwave = memory_new(1, sizeof *flutterwave);
    TRY(web_new(values.timeout_ms, REPLY_MOST, &flutterwave->web));
    (void)snprintf(flutterwave->authorization, sizeof flutterwave->authorization, "Authorization: Bearer %s",
                   values.secret);
    *ret_flutterwave = take(flutterwave);
    return 0;
}

void flutterwave_free(struct flutterwave *flutterwave)
{
    if (!flutterwave)
        return;
    web_free(flutterwave->web);
    buf_done(&flutterwave->url);
    buf_done(&flutterwave->body);
    web_reply_done(&flutterwave->reply);
    free(flutterwave);
}

const char *flutterwave_why(const struct flutterwave *flutterwave)
{
    return flutterwave->why;
}

int64_t flutterwave_rest(const struct flutterwave *flutterwave)
{
    return flutterwave->reply.retry_after_s;
}

int64_t flutterwave_patience(void)
{
    return 2 * values.timeout_ms;
}

static int because(struct flutterwave *flutterwave, int outcome, const char *why)
{
    (void)snprintf(flutterwave->why, sizeof flutterwave->why, "%s", why);
    return outcome;
}

/* What a status means: makes: the call makes something. */
static int outcome_of(struct flutterwave *flutterwave, bool makes)
{
    int status = flutterwave->reply.status;

    (void)snprintf(flutterwave->why, sizeof flutterwave->why, "answered %d", status);
    if (status >= 200 && status < 300)
        return FLUTTERWAVE_DONE;
    if (status == 429 || status == 401 || status == 403)
        return FLUTTERWAVE_LATER; /* not asked well by us, or too often: nothing was done */
    if (status == 404)
        return FLUTTERWAVE_NONE;
    if (status >= 400 && status < 500 && status != 408)
        return FLUTTERWAVE_REFUSED;
    return makes ? FLUTTERWAVE_UNKNOWN : FLUTTERWAVE_LATER;
}

/* Sends what stands in url and, where makes, body; reads the reply by schema into data. */
static int call(struct flutterwave *flutterwave, bool makes, const struct schema *schema)
{
    const struct web_call request = {
        .method = makes ? "POST" : "GET",
        .url = flutterwave->url.data,
        .headers = {flutterwave->authorization, "Accept: application/json",
                    makes ? "Content-Type: application/json" : NULL},
        .body = makes ? buf_as_span(&flutterwave->body) : (struct span){0},
    };
    int outcome = web_call(flutterwave->web, &request, &flutterwave->reply);

    if (outcome == WEB_AWAY)
        return because(flutterwave, FLUTTERWAVE_LATER, web_why(flutterwave->web));
    if (outcome == WEB_UNKNOWN)
        return because(flutterwave, makes ? FLUTTERWAVE_UNKNOWN : FLUTTERWAVE_LATER,
                       web_why(flutterwave->web));
    outcome = outcome_of(flutterwave, makes);
    if (outcome != FLUTTERWAVE_DONE)
        return outcome;
    if (codec_decode(schema, buf_as_span(&flutterwave->reply.body), &flutterwave->data, NULL) != 0)
        return because(flutterwave, makes ? FLUTTERWAVE_UNKNOWN : FLUTTERWAVE_LATER,
                       "answered what we cannot read");
    return FLUTTERWAVE_DONE;
}

static void start(struct flutterwave *flutterwave, const char *path)
{
    buf_clear(&flutterwave->url);
    buf_clear(&flutterwave->body);
    buf_format(&flutterwave->url, "%s/v3/%s", values.url, path);
}

int flutterwave_get(struct flutterwave *flutterwave, const char *path, const struct schema *schema)
{
    start(flutterwave, path);
    return error_forward(call(flutterwave, false, schema));
}

static void put(struct buf *body, const char *name, const char *value)
{
    buf_format(body, "%c\"%s\":", body->size ? ',' : '{', name);
    buf_json_string(body, span_of(value));
}

static void put_amount(struct buf *body, int64_t amount, const char *currency)
{
    char text[MONEY_TEXT];

    money_text(amount, currency, text);
    buf_format(body, "%c\"amount\":%s", body->size ? ',' : '{', text);
}

static bool is_word(const char *text, const char *word)
{
    return span_is_nocase(span_of(text), word);
}

int flutterwave_link(struct flutterwave *flutterwave, const struct flutterwave_payment *payment,
                     char ret_link[FLUTTERWAVE_LINK])
{
    struct foreign_flutterwave_link_reply *reply = &flutterwave->data.link;
    struct buf *body = &flutterwave->body;
    int outcome;

    start(flutterwave, "payments");
    put(body, "tx_ref", payment->reference);
    put_amount(body, payment->amount, payment->currency);
    put(body, "currency", payment->currency);
    put(body, "redirect_url", values.redirect);
    buf_text(body, ",\"customer\":{\"email\":");
    buf_json_string(body, span_of(payment->email));
    buf_text(body, ",\"name\":");
    buf_json_string(body, span_of(payment->name));
    buf_text(body, "}}");
    outcome = call(flutterwave, true, &foreign_flutterwave_link_reply_schema);
    if (outcome != FLUTTERWAVE_DONE)
        return outcome;
    if (!reply->has_data || !reply->data.has_link ||
        text_copy(ret_link, FLUTTERWAVE_LINK, span_of(reply->data.link)) != 0)
        return because(flutterwave, FLUTTERWAVE_UNKNOWN, "answered without a link");
    return FLUTTERWAVE_DONE;
}

static enum flutterwave_state charge_state(const char *status)
{
    if (is_word(status, "successful") || is_word(status, "succeeded"))
        return FLUTTERWAVE_SUCCESSFUL;
    return is_word(status, "failed") ? FLUTTERWAVE_FAILED : FLUTTERWAVE_PENDING;
}

int flutterwave_amount(const char *text, const char *currency, int64_t *ret_minor)
{
    return money_parse(span_of(text), currency, ret_minor) != 0 || *ret_minor > amount_most ? MONEY_WRONG : 0;
}

int flutterwave_fee(const char *text, const char *currency, int64_t *ret_minor)
{
    return money_parse_fee(span_of(text), currency, ret_minor) != 0 || *ret_minor > amount_most ? MONEY_WRONG
                                                                                                : 0;
}

/* What a reply says of a charge, as text. */
struct charge_seen {
    const char *id, *reference, *status, *currency;
    const char *amount, *charged, *fee; /* charged and fee may be empty */
};

/* Of a fee the payer bears, what was charged beyond the amount is not ours to pay. */
static int fee_of_ours(const struct charge_seen *seen, const struct flutterwave_charge *charge,
                       int64_t *ret_fee)
{
    int64_t fee = 0, charged = charge->amount;

    if ((seen->fee[0] && money_parse_fee(span_of(seen->fee), charge->currency, &fee) != 0) ||
        (seen->charged[0] && money_parse_fee(span_of(seen->charged), charge->currency, &charged) != 0))
        return MONEY_WRONG;
    fee -= charged > charge->amount ? charged - charge->amount : 0;
    *ret_fee = fee > 0 ? fee : 0;
    return fee > amount_most ? MONEY_WRONG : 0;
}

/* Somebody else's reference may be anything; what our commands cannot carry is none of ours: left empty. */
static void reference_take(const char *reference, char ret_reference[FLUTTERWAVE_ID])
{
    bool is_visible = true;

    for (const char *byte = reference; *byte; byte++)
        is_visible = is_visible && *byte > ' ' && *byte < 0x7f;
    (void)!text_copy(ret_reference, FLUTTERWAVE_ID, is_visible ? span_of(reference) : SPAN(""));
}

static int charge_take(struct flutterwave *flutterwave, const struct charge_seen *seen,
                       struct flutterwave_charge *ret_charge)
{
    *ret_charge = (struct flutterwave_charge){.state = charge_state(seen->status)};
    if (text_copy(ret_charge->id, sizeof ret_charge->id, span_of(seen->id)) != 0 || seen->id[0] == '\0' ||
        seen->reference[0] == '\0' ||
        text_copy(ret_charge->currency, sizeof ret_charge->currency, span_of(seen->currency)) != 0 ||
        flutterwave_amount(seen->amount, ret_charge->currency, &ret_charge->amount) != 0)
        return because(flutterwave, FLUTTERWAVE_LATER,
                       "a charge without id or reference, or with an amount we cannot read");
    reference_take(seen->reference, ret_charge->reference);
    if (fee_of_ours(seen, ret_charge, &ret_charge->fee) != 0)
        return because(flutterwave, FLUTTERWAVE_LATER, "a charge with a fee we cannot read");
    return FLUTTERWAVE_DONE;
}

int flutterwave_charge(struct flutterwave *flutterwave, const char *id, struct flutterwave_charge *ret_charge)
{
    const struct foreign_flutterwave_charge_reply *reply = &flutterwave->data.charge;
    const struct foreign_flutterwave_charge_reply_data *data = &reply->data;
    int outcome;

    start(flutterwave, "transactions/");
    web_escape(span_of(id), &flutterwave->url);
    buf_text(&flutterwave->url, "/verify");
    outcome = call(flutterwave, false, &foreign_flutterwave_charge_reply_schema);
    /* Some of its replies say "not found" with 400, some with 404, some with 200 and no data. */
    if (outcome == FLUTTERWAVE_REFUSED || (outcome == FLUTTERWAVE_DONE && !reply->has_data))
        return because(flutterwave, FLUTTERWAVE_NONE, "no such charge");
    if (outcome != FLUTTERWAVE_DONE)
        return outcome;
    return charge_take(flutterwave,
                       &(struct charge_seen){data->id, data->tx_ref, data->status, data->currency,
                                             data->amount, data->charged_amount, data->app_fee},
                       ret_charge);
}

int flutterwave_charges_find(struct flutterwave *flutterwave, const char *reference,
                             struct flutterwave_charges *ret_charges)
{
    const struct foreign_flutterwave_charges_reply *reply = &flutterwave->data.charges;
    int outcome;

    ret_charges->count = 0;
    start(flutterwave, "transactions?tx_ref=");
    web_escape(span_of(reference), &flutterwave->url);
    outcome = call(flutterwave, false, &foreign_flutterwave_charges_reply_schema);
    if (outcome == FLUTTERWAVE_REFUSED)
        return because(flutterwave, FLUTTERWAVE_NONE, "no such charge");
    for (int at = 0; outcome == FLUTTERWAVE_DONE && at < reply->data_count; at++) {
        const struct foreign_flutterwave_charges_reply_data *data = &reply->data[at];

        if (strcmp(data->tx_ref, reference) == 0)
            outcome = charge_take(flutterwave,
                                  &(struct charge_seen){data->id, data->tx_ref, data->status, data->currency,
                                                        data->amount, data->charged_amount, data->app_fee},
                                  &ret_charges->items[ret_charges->count++]);
    }
    if (outcome == FLUTTERWAVE_DONE && ret_charges->count == 0)
        return because(flutterwave, FLUTTERWAVE_NONE, "no such charge");
    return outcome;
}

/* The words of a refund and of a payout are different lists; none is in both with two meanings. */
static enum flutterwave_state movement_state(const char *status)
{
    if (is_word(status, "successful") || is_word(status, "completed") ||
        strncmp(status, "completed-", strlen("completed-")) == 0)
        return FLUTTERWAVE_SUCCESSFUL;
    if (is_word(status, "failed") || is_word(status, "cancelled"))
        return FLUTTERWAVE_FAILED;
    return FLUTTERWAVE_PENDING;
}

/* Of a refund fee and message are empty. */
struct movement_seen {
    const char *id, *status, *amount, *currency, *fee, *message;
};

static int movement_take(struct flutterwave *flutterwave, const struct movement_seen *seen,
                         struct flutterwave_movement *ret_movement)
{
    *ret_movement = (struct flutterwave_movement){.state = movement_state(seen->status)};
    ret_movement->bad_account =
        ret_movement->state == FLUTTERWAVE_FAILED && strstr(seen->message, "ccount") != NULL;
    if (text_copy(ret_movement->currency, sizeof ret_movement->currency, span_of(seen->currency)) != 0 ||
        text_copy(ret_movement->id, sizeof ret_movement->id, span_of(seen->id)) != 0 ||
        flutterwave_amount(seen->amount, seen->currency, &ret_movement->amount) != 0)
        return because(flutterwave, FLUTTERWAVE_UNKNOWN, "a refund or payout with an amount we cannot read");
    if (seen->fee[0] && flutterwave_fee(seen->fee, seen->currency, &ret_movement->fee) != 0)
        return because(flutterwave, FLUTTERWAVE_UNKNOWN, "a payout with a fee we cannot read");
    return FLUTTERWAVE_DONE;
}

int flutterwave_refund(struct flutterwave *flutterwave, const struct flutterwave_refund *refund,
                       struct flutterwave_movement *ret_movement)
{
    const struct foreign_flutterwave_refund_reply_data *data = &flutterwave->data.refund.data;
    const struct movement_seen seen = {data->id,         data->status, data->amount_refunded,
                                       refund->currency, "",           ""};
    int outcome;

    start(flutterwave, "transactions/");
    web_escape(span_of(refund->charge), &flutterwave->url);
    buf_text(&flutterwave->url, "/refund");
    put_amount(&flutterwave->body, refund->amount, refund->currency);
    put(&flutterwave->body, "comments", refund->reference);
    buf_text(&flutterwave->body, "}");
    outcome = call(flutterwave, true, &foreign_flutterwave_refund_reply_schema);
    if (outcome == FLUTTERWAVE_NONE)
        return because(flutterwave, FLUTTERWAVE_REFUSED, "the charge is unknown there");
    if (outcome != FLUTTERWAVE_DONE)
        return outcome;
    return movement_take(flutterwave, &seen, ret_movement);
}

static bool amount_may_be(const char *text, const struct flutterwave_refund *refund)
{
    int64_t amount;

    return flutterwave_amount(text, refund->currency, &amount) != 0 || amount == refund->amount;
}

/* Flutterwave gives refunds no reference of ours: it stands in their comments, elsewhere called comment. One
 * that has neither may be ours, by its amount. */
int flutterwave_refund_find(struct flutterwave *flutterwave, const struct flutterwave_refund *refund,
                            struct flutterwave_movement *ret_movement)
{
    const struct foreign_flutterwave_refunds_reply *reply = &flutterwave->data.refunds;
    bool is_unsure = false;
    int outcome;

    start(flutterwave, "transactions/");
    web_escape(span_of(refund->charge), &flutterwave->url);
    buf_text(&flutterwave->url, "/refunds");
    outcome = call(flutterwave, false, &foreign_flutterwave_refunds_reply_schema);
    if (outcome != FLUTTERWAVE_DONE)
        return outcome == FLUTTERWAVE_REFUSED ? FLUTTERWAVE_NONE : outcome;
    for (int i = 0; i < reply->data_count; i++) {
        const struct foreign_flutterwave_refunds_reply_data *data = &reply->data[i];
        const char *reference = data->comments[0] ? data->comments : data->comment;
        const struct movement_seen seen = {data->id,         data->status, data->amount_refunded,
                                           refund->currency, "",           ""};

        if (strcmp(reference, refund->reference) == 0)
            return movement_take(flutterwave, &seen, ret_movement);
        is_unsure = is_unsure || (!reference[0] && amount_may_be(data->amount_refunded, refund));
    }
    return is_unsure ? because(flutterwave, FLUTTERWAVE_UNKNOWN,
                               "a refund of this amount that does not say whose it is")
                     : because(flutterwave, FLUTTERWAVE_NONE, "no such refund");
}

int flutterwave_transfer(struct flutterwave *flutterwave, const struct flutterwave_transfer *transfer,
                         struct flutterwave_movement *ret_movement)
{
    const struct foreign_flutterwave_transfer_reply_data *data = &flutterwave->data.transfer.data;
    const struct movement_seen seen = {data->id,       data->status, data->amount,
                                       data->currency, data->fee,    data->complete_message};
    struct buf *body = &flutterwave->body;
    int outcome;

    start(flutterwave, "transfers");
    put(body, "account_bank", transfer->bank);
    put(body, "account_number", transfer->account);
    put_amount(body, transfer->amount, transfer->currency);
    put(body, "currency", transfer->currency);
    put(body, "reference", transfer->reference);
    put(body, "beneficiary_name", transfer->holder);
    put(body, "narration", transfer->reference);
    buf_text(body, "}");
    outcome = call(flutterwave, true, &foreign_flutterwave_transfer_reply_schema);
    if (outcome != FLUTTERWAVE_DONE)
        return outcome == FLUTTERWAVE_NONE ? FLUTTERWAVE_REFUSED : outcome;
    return movement_take(flutterwave, &seen, ret_movement);
}

int flutterwave_transfer_find(struct flutterwave *flutterwave, const char *reference,
                              struct flutterwave_movement *ret_movement)
{
    const struct foreign_flutterwave_transfers_reply *reply = &flutterwave->data.transfers;
    int outcome;

    start(flutterwave, "transfers?reference=");
    web_escape(span_of(reference), &flutterwave->url);
    outcome = call(flutterwave, false, &foreign_flutterwave_transfers_reply_schema);
    if (outcome != FLUTTERWAVE_DONE)
        return outcome == FLUTTERWAVE_REFUSED ? FLUTTERWAVE_NONE : outcome;
    for (int i = 0; i < reply->data_count; i++) {
        const struct foreign_flutterwave_transfers_reply_data *data = &reply->data[i];
        const struct movement_seen seen = {data->id,       data->status, data->amount,
                                           data->currency, data->fee,    data->complete_message};

        if (strcmp(data->reference, reference) == 0)
            return movement_take(flutterwave, &seen, ret_movement);
    }
    return because(flutterwave, FLUTTERWAVE_NONE, "no such payout");
}
