/* SPDX-License-Identifier: Apache-2.0
 * The shapes are tried in a row, each by a schema that requires the members the others have not. Provider's
 * texts are read wide and kept narrow: what is over our bounds is left out, not the whole report. */
#include "producers/webhooks/flutterwave.h"

#include <string.h>

#include "shared/base/clock.h"
#include "shared/base/crypto.h"

static const int64_t last_ms = INT64_C(253402300799999); /* 9999-12-31 */
/* A v4 timestamp is in milliseconds; what would be before 1973 is taken for seconds. */
static const int64_t seconds_below = INT64_C(100000000000);

/* What tells one event from another, as the provider wrote it. Borrowed. */
struct identity {
    const char *version, *hook, *event, *object, *status;
};

static void keep_ascii(const char *from, bool *ret_has, char *to, size_t capacity)
{
    size_t size = strlen(from);
    for (size_t i = 0; i < size; i++)
        if (from[i] < 0x21 || from[i] > 0x7e)
            return;
    *ret_has = size > 0 && text_copy(to, capacity, (struct span){from, size}) == 0;
}

/* to has room for four bytes a character; the codec has checked that from is UTF-8. */
static void keep_line(const char *from, bool *ret_has, char *to, size_t capacity)
{
    size_t characters = 0;
    for (const char *at = from; *at; at++)
        characters += (*at & 0xc0) != 0x80;
    if (characters > 0 && characters <= (capacity - 1) / 4)
        *ret_has = text_copy(to, capacity, span_of(from)) == 0;
}

#define KEEP(how, from, report, member)                                                                      \
    keep_##how((from), &(report)->has_##member, (report)->member, sizeof((report)->member))

static void keep_currency(const char *from, struct report_record_v1 *report)
{
    bool letters = strlen(from) == 3;
    for (size_t i = 0; letters && i < 3; i++)
        letters = from[i] >= 'A' && from[i] <= 'Z';
    if (letters)
        KEEP(ascii, from, report, currency);
}

static void keep_time(const char *from, struct report_record_v1 *report)
{
    report->has_occurred_at = clock_parse(span_of(from), &report->occurred_at) == 0;
    if (!report->has_occurred_at)
        report->occurred_at = 0;
}

/* charge.completed and refund.whatever: the first word says what it is about. */
static int32_t kind_of(const char *event)
{
    static const int32_t kinds[] = {REPORT_KIND_CHARGE, REPORT_KIND_TRANSFER, REPORT_KIND_REFUND,
                                    REPORT_KIND_CHARGEBACK};
    size_t size = strcspn(event, ".");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (span_is((struct span){event, size}, choice_text(report_kind_choices, kinds[i])))
            return kinds[i];
    return REPORT_KIND_UNKNOWN;
}

/* The digits before any point; false where there are none, more than a time has, or an exponent. */
static bool whole_part(const char *decimal, int64_t *ret_value)
{
    static const char digits[] = "0123456789";
    size_t size = strspn(decimal, digits);
    const char *rest = decimal + size + (decimal[size] == '.');
    if (size == 0 || size > 18 || rest[strspn(rest, digits)])
        return false;
    *ret_value = 0;
    for (size_t i = 0; i < size; i++)
        *ret_value = *ret_value * 10 + (decimal[i] - '0');
    return true;
}

static void take_sent(const struct foreign_flutterwave_v4 *hook, struct flutterwave_report *report)
{
    int64_t value;
    if (!hook->has_timestamp || !whole_part(hook->timestamp, &value))
        return;
    value = value < seconds_below ? value * 1000 : value;
    report->has_sent = true;
    report->sent_ms = value;
    report->data.has_occurred_at = value <= last_ms;
    report->data.occurred_at = report->data.has_occurred_at ? value : 0;
}

static void name_by(const struct identity *identity, struct flutterwave_report *report)
{
    const struct span parts[] = {
        SPAN("report"),           SPAN("flutterwave"),      span_of(identity->version),
        span_of(identity->hook),  span_of(identity->event), span_of(identity->object),
        span_of(identity->status)};
    if (identity->hook[0] || identity->object[0])
        id_v8(parts, sizeof(parts) / sizeof(*parts), &report->command);
}

/* v4's own id would do, were it not sometimes called webhook_id: should that name the subscription, two
 * events are still two. */
static int read_v4(struct span body, struct flutterwave_report *report)
{
    struct foreign_flutterwave_v4 hook;
    struct report_record_v1 *data = &report->data;
    int outcome = codec_decode(&foreign_flutterwave_v4_schema, body, &hook, NULL);
    if (outcome != 0)
        return outcome;
    name_by(&(struct identity){"v4", hook.id[0] ? hook.id : hook.webhook_id, hook.type, hook.data.id,
                               hook.data.status},
            report);
    data->event_kind = kind_of(hook.type);
    KEEP(ascii, hook.type, data, event);
    KEEP(ascii, hook.data.id, data, provider_id);
    KEEP(ascii, hook.data.charge_id, data, charge_id);
    KEEP(line, hook.data.reference, data, reference);
    KEEP(line, hook.data.status, data, status);
    KEEP(ascii, hook.data.has_amount ? hook.data.amount : hook.data.amount_refunded, data, amount);
    keep_currency(hook.data.currency, data);
    if (!hook.data.has_currency && strcmp(hook.data.source_currency, hook.data.destination_currency) == 0)
        keep_currency(hook.data.source_currency, data); /* of a transfer between two nobody says which */
    take_sent(&hook, report);
    return 0;
}

static int read_v3(struct span body, struct flutterwave_report *report)
{
    struct foreign_flutterwave_v3 hook;
    struct report_record_v1 *data = &report->data;
    int outcome = codec_decode(&foreign_flutterwave_v3_schema, body, &hook, NULL);
    if (outcome != 0)
        return outcome;
    name_by(&(struct identity){"v3", "", hook.event, hook.data.id, hook.data.status}, report);
    data->event_kind = kind_of(hook.event);
    KEEP(ascii, hook.event, data, event);
    KEEP(ascii, hook.data.id, data, provider_id);
    KEEP(ascii, hook.data.transaction_id, data, charge_id);
    KEEP(line, hook.data.tx_ref[0] ? hook.data.tx_ref : hook.data.reference, data, reference);
    if (data->event_kind == REPORT_KIND_CHARGEBACK && !data->has_reference && !data->has_charge_id)
        KEEP(line, hook.data.flw_ref, data,
             reference); /* the provider's own, where nothing else leads to it */
    KEEP(line, hook.data.status, data, status);
    KEEP(ascii, hook.data.amount, data, amount);
    keep_currency(hook.data.currency, data);
    keep_time(hook.data.created_at, data);
    return 0;
}

/* The same charge may come again in v3's envelope, once the account is switched: then it is the same event.
 */
static int read_charge(struct span body, struct flutterwave_report *report)
{
    struct foreign_flutterwave_charge hook;
    struct report_record_v1 *data = &report->data;
    int outcome = codec_decode(&foreign_flutterwave_charge_schema, body, &hook, NULL);
    if (outcome != 0)
        return outcome;
    name_by(&(struct identity){"v3", "", "charge.completed", hook.id, hook.status}, report);
    data->event_kind = REPORT_KIND_CHARGE;
    KEEP(ascii, hook.event_type, data, event);
    KEEP(ascii, hook.id, data, provider_id);
    KEEP(line, hook.tx_ref, data, reference);
    KEEP(line, hook.status, data, status);
    KEEP(ascii, hook.amount, data, amount);
    keep_currency(hook.currency, data);
    keep_time(hook.created_at, data);
    return 0;
}

static int read_refund(struct span body, struct flutterwave_report *report)
{
    struct foreign_flutterwave_refund hook;
    struct report_record_v1 *data = &report->data;
    int outcome = codec_decode(&foreign_flutterwave_refund_schema, body, &hook, NULL);
    if (outcome != 0)
        return outcome;
    name_by(&(struct identity){"v3", "", "refund", hook.id, hook.status}, report);
    data->event_kind = REPORT_KIND_REFUND;
    KEEP(ascii, hook.id, data, provider_id);
    KEEP(ascii, hook.transaction_id, data, charge_id);
    KEEP(line, hook.status, data, status);
    KEEP(ascii, hook.amount_refunded, data, amount);
    keep_time(hook.created_at, data);
    return 0;
}

static void read_shape(struct span body, struct flutterwave_report *report)
{
    static int (*const shapes[])(struct span, struct flutterwave_report *) = {read_v4, read_v3, read_charge,
                                                                              read_refund};
    for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
        int outcome = shapes[i](body, report);
        if (outcome == CODEC_NOT_JSON)
            report->data.event_kind = REPORT_KIND_UNREADABLE;
        if (outcome != CODEC_INVALID)
            return;
    }
    report->data.event_kind = REPORT_KIND_UNKNOWN;
}

void flutterwave_read(struct span body, struct flutterwave_report *ret_report)
{
    uint8_t digest[32];
    memset(ret_report, 0, sizeof(*ret_report));
    ret_report->data.provider = PAYMENT_PROVIDER_FLUTTERWAVE;
    crypto_sha256(body.data, body.size, digest);
    crypto_hex(digest, sizeof(digest), ret_report->data.digest);
    read_shape(body, ret_report);
    if (id_none(&ret_report->command)) {
        const struct span parts[] = {SPAN("report"), SPAN("flutterwave"), SPAN("digest"),
                                     span_of(ret_report->data.digest)};
        id_v8(parts, sizeof(parts) / sizeof(*parts), &ret_report->command);
    }
    id_of_aggregate(&ret_report->command, "report", &ret_report->subject);
}
