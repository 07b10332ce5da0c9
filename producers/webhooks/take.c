/* SPDX-License-Identifier: Apache-2.0
 * One webhook: who sent it, how old is it, what does it say; then its record, and 200 once the broker has it.
 * Whoever is told anything else sends again, which is right for 503 and harmless for the rest. */
#include <string.h>

#include "producers/webhooks/flutterwave.h"
#include "producers/webhooks/webhooks.h"
#include "shared/base/clock.h"
#include "shared/base/fail.h"
#include "shared/base/log.h"
#include "shared/base/metric.h"
#include "shared/base/trace.h"
#include "shared/http/problem.h"

enum { RETRY_S = 1, SECOND_MS = 1000, HOUR_MS = 3600000 };

/* A record the broker has not answered for. */
struct sent {
    struct http_request *request; /* NULL once the client is gone */
    struct id command, subject;
    int32_t kind;
    int64_t sent_ms;
};

#define REPORTS(kind_text)                                                                                   \
    {                                                                                                        \
        .name = "colis_webhooks_reports_total", .labels = "kind=\"" kind_text "\"",                          \
        .help = "Reports the broker has stored, copies included"                                             \
    }
static struct metric reports[] = {
    [REPORT_KIND_CHARGE - 1] = REPORTS("charge"),
    [REPORT_KIND_TRANSFER - 1] = REPORTS("transfer"),
    [REPORT_KIND_REFUND - 1] = REPORTS("refund"),
    [REPORT_KIND_CHARGEBACK - 1] = REPORTS("chargeback"),
    [REPORT_KIND_UNREADABLE - 1] = REPORTS("unreadable"),
    [REPORT_KIND_UNKNOWN - 1] = REPORTS("unknown"),
};

enum refused { REFUSED_UNSIGNED, REFUSED_WRONG, REFUSED_STALE, REFUSED_UNSENT, REFUSED_LOST };
#define REFUSED(why_text)                                                                                    \
    {                                                                                                        \
        .name = "colis_webhooks_refused_total", .labels = "why=\"" why_text "\"",                            \
        .help = "Webhooks not answered with 200"                                                             \
    }
static struct metric refusals[] = {
    [REFUSED_UNSIGNED] = REFUSED("unsigned"),    [REFUSED_WRONG] = REFUSED("wrong_signature"),
    [REFUSED_STALE] = REFUSED("stale"),          [REFUSED_UNSENT] = REFUSED("not_sent"),
    [REFUSED_LOST] = REFUSED("unknown_outcome"),
};
static struct metric produce_seconds = {.name = "colis_webhooks_produce_seconds",
                                        .kind = METRIC_HISTOGRAM,
                                        .help = "From handing a record over to its acknowledgement"};

static struct metric open_records = {.name = "colis_webhooks_open_records",
                                     .kind = METRIC_GAUGE,
                                     .help = "Records the broker has not answered for"};

/* Before main: the list of figures is complete when the management thread begins to walk it. */
__attribute__((constructor)) static void figures_register(void)
{
    for (size_t i = 0; i < sizeof(reports) / sizeof(*reports); i++)
        metric_register(&reports[i]);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
        metric_register(&refusals[i]);
    metric_register(&produce_seconds);
    metric_register(&open_records);
}

static int refuse(struct http_request *request, enum refused why, enum problem problem, const char *detail)
{
    metric_add(&refusals[why], 1);
    problem_reply(request, problem, detail, problem == PROBLEM_UNAVAILABLE ? RETRY_S : 0);
    return 0;
}

static int refuse_sender(struct http_request *request, bool missing)
{
    log_seldom(LOG_LEVEL_WARN, missing ? "a webhook without a signature" : "a webhook with a wrong signature",
               .topic = NULL);
    return refuse(request, missing ? REFUSED_UNSIGNED : REFUSED_WRONG, PROBLEM_UNAUTHORIZED, NULL);
}

/* Only v4 says when it was made. Its last copy comes 90 minutes later at the usual; an operator may have the
 * provider send one of last week again. Older ones somebody held back: whatever they say, the reconciler has
 * asked about long since. One from ahead of our clock is refused as well: its copies come when it no longer
 * is.
 */
static bool stale(const struct flutterwave_report *report, int64_t now_ms)
{
    return report->has_sent && (now_ms - report->sent_ms > webhooks_values.oldest_h * HOUR_MS ||
                                report->sent_ms - now_ms > webhooks_values.ahead_s * SECOND_MS);
}

/* Subject and key are the report's own: copies meet one verdict, whatever partition order others have. */
static void make_event(const struct flutterwave_report *report, struct span traceparent, struct event *event)
{
    static const struct event fixed = {.source = "/webhooks",
                                       .type = "report.record.v1",
                                       .subject = "report/",
                                       .dataschema = "/schemas/commands/report.record.v1",
                                       .role = "webhook"};
    *event = fixed;
    event->id = report->command;
    event->time_ms = clock_wall_ms();
    memcpy(event->subject + strlen(fixed.subject), report->subject.text, sizeof(report->subject.text));
    memcpy(event->key, report->subject.text, sizeof(report->subject.text));
    trace_continue(traceparent, event->traceparent);
}

int take_stepped(void *self)
{
    const struct webhooks *webhooks = self;
    metric_set(&open_records, (int64_t)kafka_out_open(broker_out(webhooks->broker)));
    return 0;
}

static int send_on(struct webhooks *webhooks, struct http_request *request,
                   const struct flutterwave_report *report)
{
    struct event event;
    struct sent *sent = memory_new(1, sizeof(*sent));
    *sent =
        (struct sent){request, report->command, report->subject, report->data.event_kind, clock_steady_ms()};
    buf_clear(&webhooks->text);
    codec_encode(&report_record_v1_schema, &report->data, CODEC_ALL, &webhooks->text);
    make_event(report, http_seen(request)->traceparent, &event);
    event.data = buf_as_span(&webhooks->text);
    int outcome = kafka_out_send(broker_out(webhooks->broker), "commands", &event, sent);
    FAIL_POINT("webhooks-handed");
    if (outcome == 0) {
        http_set_data(request, sent);
        return HTTP_LATER;
    }
    free(sent);
    (void)refuse(request, REFUSED_UNSENT, PROBLEM_UNAVAILABLE, NULL);
    return outcome < 0 ? error_forward(outcome) : 0;
}

int take_hook(void *self, struct http_request *request, const void *what)
{
    struct webhooks *webhooks = self;
    const struct http_seen *seen = http_seen(request);
    const struct signed_body given = {seen->headers[HEADER_VERIF_HASH], seen->headers[HEADER_SIGNATURE],
                                      seen->body};
    struct flutterwave_report report;
    (void)what;
    int outcome = signature_check(webhooks->keys, &given);
    if (outcome != 0)
        return refuse_sender(request, outcome == SIGNATURE_MISSING);
    flutterwave_read(seen->body, &report);
    if (stale(&report, clock_wall_ms())) {
        log_seldom(LOG_LEVEL_WARN, "a webhook that is too old, or not of now", .event = report.command.text);
        return refuse(request, REFUSED_STALE, PROBLEM_BAD_REQUEST, "The timestamp is too far from now.");
    }
    if (!broker_takes(webhooks->broker))
        return refuse(request, REFUSED_UNSENT, PROBLEM_UNAVAILABLE, NULL);
    return send_on(webhooks, request, &report);
}

void take_gone(void *self, struct http_request *request)
{
    struct sent *sent = http_data(request);
    (void)self;
    sent->request = NULL;
}

/* 200 and nothing like it: the provider promises to take no other answer for good. */
static void stored(struct webhooks *webhooks, const struct sent *sent)
{
    metric_add(&reports[sent->kind - 1], 1);
    if (sent->kind == REPORT_KIND_UNREADABLE || sent->kind == REPORT_KIND_UNKNOWN)
        log_with(LOG_LEVEL_WARN, "a report that only people can read", .event = sent->command.text);
    if (!sent->request)
        return;
    buf_clear(&webhooks->text);
    buf_format(&webhooks->text, "{\"report\":\"%s\"}", sent->subject.text);
    http_reply(sent->request, &(struct http_answer){.status = 200, .body = buf_as_span(&webhooks->text)});
}

void take_reported(void *self, void *cookie, enum kafka_report report, int32_t partition, int64_t offset)
{
    struct sent *sent = cookie;
    (void)partition;
    (void)offset;
    metric_observe_us(&produce_seconds, (clock_steady_ms() - sent->sent_ms) * 1000);
    FAIL_POINT("webhooks-stored");
    if (report == KAFKA_DELIVERED)
        stored(self, sent);
    else if (sent->request)
        (void)refuse(sent->request, REFUSED_LOST, PROBLEM_UNAVAILABLE, NULL);
    free(sent);
}
