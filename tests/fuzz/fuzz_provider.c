/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as the payment provider's reply, to each call we make. Nothing is believed that is not a whole
 * reply of 2xx in the documented shape; what is believed has amounts that read back the same; a call that
 * makes something is never said not to have been done unless the provider said so. The first byte chooses the
 * call, the second how it was answered. */
#include <string.h>

#include "consumers/payments/flutterwave.h"
#include "schemas/json.h"
#include "shared/domain/money.h"
#include "shared/links/curl_http.h"
#include "tests/fuzz/fuzz.h"

#define REFERENCE "ref-1"
enum { MOST_MINOR_BITS = 53 };

/* links/curl_http, which would go out: the answer is the input. */
static struct {
    int outcome, status;
    struct span body;
    bool made;
} provider;

int web_url_check(const char *setting, const char *url)
{
    (void)setting;
    (void)url;
    return 0;
}

int web_new(int64_t timeout_ms, size_t body_most, struct web **ret_web)
{
    (void)timeout_ms;
    (void)body_most;
    *ret_web = NULL;
    return 0;
}

void web_free(struct web *web)
{
    (void)web;
}

void web_reply_done(struct web_reply *reply)
{
    buf_done(&reply->body);
}

const char *web_why(const struct web *web)
{
    (void)web;
    return "away";
}

void web_escape(struct span value, struct buf *to)
{
    buf_span(to, value);
}

int web_call(struct web *web, const struct web_call *call, struct web_reply *ret_reply)
{
    size_t at;
    const char *reason;
    (void)web;
    provider.made = strcmp(call->method, "POST") == 0;
    LAW(provider.made == (call->body.data != NULL) && strncmp(call->url, "https://", 8) == 0);
    LAW(!provider.made || scan_check(call->body, &at, &reason) == 0);
    ret_reply->status = provider.status;
    buf_clear(&ret_reply->body);
    buf_span(&ret_reply->body, provider.body);
    return provider.outcome;
}

static char *environment(const char *name)
{
    if (strcmp(name, "COLIS_FLUTTERWAVE_SECRET") == 0)
        return (char *)"a secret of the provider's";
    return strstr(name, "_URL") && !strstr(name, "_FILE") ? (char *)"https://provider.example" : NULL;
}

static struct flutterwave *start(void)
{
    static const struct setting *const tables[] = {flutterwave_settings, NULL};
    struct flutterwave *flutterwave = NULL;
    char *words[] = {(char *)"fuzz", NULL};
    LAW(settings_read(tables, 1, words, environment) == 0);
    LAW(flutterwave_new(INT64_MAX, &flutterwave) == 0);
    return flutterwave;
}

static void look_at_money(const char *currency, int64_t minor)
{
    char text[MONEY_TEXT];
    int64_t again = -1;
    LAW(money_exponent(currency) >= 0 && minor >= 0 && minor <= INT64_C(1) << MOST_MINOR_BITS);
    money_text(minor, currency, text);
    LAW(money_parse(span_of(text), currency, &again) == 0 && again == minor);
}

static void look_at_charge(const struct flutterwave_charge *charge)
{
    LAW(charge->id[0] && strlen(charge->id) < sizeof(charge->id));
    LAW(charge->state >= FLUTTERWAVE_PENDING && charge->state <= FLUTTERWAVE_FAILED && charge->fee >= 0);
    look_at_money(charge->currency, charge->amount);
}

static int ask_charges(struct flutterwave *flutterwave)
{
    static struct flutterwave_charges charges;
    int outcome = flutterwave_charges_find(flutterwave, REFERENCE, &charges);
    if (outcome != FLUTTERWAVE_DONE)
        return outcome;
    LAW(charges.count > 0 && charges.count <= FLUTTERWAVE_CHARGES);
    for (int i = 0; i < charges.count; i++) {
        LAW(strcmp(charges.items[i].reference, REFERENCE) == 0);
        look_at_charge(&charges.items[i]);
    }
    return outcome;
}

static int ask_charge(struct flutterwave *flutterwave)
{
    struct flutterwave_charge charge;
    int outcome = flutterwave_charge(flutterwave, "1", &charge);
    if (outcome == FLUTTERWAVE_DONE)
        look_at_charge(&charge);
    return outcome;
}

static int ask_link(struct flutterwave *flutterwave)
{
    static const struct flutterwave_payment payment = {REFERENCE, "XOF", "a@example.org", "A \"B\"", 2500};
    char link[FLUTTERWAVE_LINK];
    int outcome = flutterwave_link(flutterwave, &payment, link);
    if (outcome == FLUTTERWAVE_DONE)
        LAW(memchr(link, '\0', sizeof(link)) != NULL);
    return outcome;
}

static int ask_movement(struct flutterwave *flutterwave, int which)
{
    static const struct flutterwave_refund refund = {"1", REFERENCE, "EUR", 2500};
    static const struct flutterwave_transfer transfer = {REFERENCE, "XOF", "FMM", "2217", "A", 2500};
    struct flutterwave_movement movement;
    int outcome = which == 0   ? flutterwave_refund(flutterwave, &refund, &movement)
                  : which == 1 ? flutterwave_refund_find(flutterwave, &refund, &movement)
                  : which == 2 ? flutterwave_transfer(flutterwave, &transfer, &movement)
                               : flutterwave_transfer_find(flutterwave, REFERENCE, &movement);
    if (outcome == FLUTTERWAVE_DONE) {
        LAW(movement.state >= FLUTTERWAVE_PENDING && movement.state <= FLUTTERWAVE_FAILED);
        LAW(!movement.bad_account || movement.state == FLUTTERWAVE_FAILED);
        LAW(strlen(movement.id) < sizeof(movement.id) && movement.fee >= 0);
        look_at_money(movement.currency, movement.amount);
    }
    return outcome;
}

static int ask_chargebacks(struct flutterwave *flutterwave)
{
    struct flutterwave_chargebacks found;
    int outcome = flutterwave_chargebacks_find(flutterwave, "1", "NGN", &found);
    LAW(outcome != FLUTTERWAVE_DONE || (found.count > 0 && found.count <= FLUTTERWAVE_CHARGES));
    for (int i = 0; outcome == FLUTTERWAVE_DONE && i < found.count; i++) {
        LAW(strlen(found.items[i].id) < sizeof(found.items[i].id) && found.items[i].fee >= 0);
        look_at_money("NGN", found.items[i].amount);
    }
    return outcome;
}

static int ask(struct flutterwave *flutterwave, unsigned which)
{
    switch (which) {
    case 0:
        return ask_link(flutterwave);
    case 1:
        return ask_charge(flutterwave);
    case 2:
        return ask_charges(flutterwave);
    case 3:
        return ask_chargebacks(flutterwave);
    default:
        return ask_movement(flutterwave, (int)which - 4);
    }
}

/* What a status or a lost reply leaves open. */
static void look_at_outcome(int outcome)
{
    bool fine = provider.outcome == WEB_ANSWERED && provider.status / 100 == 2;
    size_t at;
    const char *reason;
    LAW(outcome >= FLUTTERWAVE_DONE && outcome <= FLUTTERWAVE_UNKNOWN);
    if (outcome == FLUTTERWAVE_DONE)
        LAW(fine && scan_check(provider.body, &at, &reason) == 0);
    if (provider.outcome == WEB_AWAY)
        LAW(outcome == FLUTTERWAVE_LATER);
    if (!provider.made)
        return;
    if (fine)
        LAW(outcome == FLUTTERWAVE_DONE || outcome == FLUTTERWAVE_UNKNOWN);
    if (provider.outcome == WEB_UNKNOWN ||
        (provider.outcome == WEB_ANSWERED && (provider.status >= 500 || provider.status == 408)))
        LAW(outcome == FLUTTERWAVE_UNKNOWN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 201, 204, 302, 400, 401, 403, 404, 408, 409, 429, 500, 502, 503};
    enum { STATUSES = sizeof(statuses) / sizeof(*statuses), CALLS = 8 };
    static struct flutterwave *flutterwave;
    if (size < 2)
        return 0;
    if (!flutterwave)
        flutterwave = start();
    provider.outcome = data[1] == 255 ? WEB_UNKNOWN : data[1] == 254 ? WEB_AWAY : WEB_ANSWERED;
    provider.status = statuses[data[1] % STATUSES];
    provider.body = (struct span){(const char *)data + 2, size - 2};
    int outcome = ask(flutterwave, data[0] % CALLS);
    look_at_outcome(outcome);
    LAW(flutterwave_why(flutterwave) != NULL);
    return 0;
}
