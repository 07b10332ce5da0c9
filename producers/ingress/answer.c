/* SPDX-License-Identifier: Apache-2.0
 * From a record's report to its client: 202 with id, receipt and place, or 504. A client that went first
 * changes nothing about the record. */
#include <string.h>

#include "producers/ingress/ingress.h"
#include "shared/base/clock.h"
#include "shared/base/fail.h"
#include "shared/base/metric.h"

enum { RETRY_S = 1 };

static struct metric produce_seconds = {.name = "colis_ingress_produce_seconds",
                                        .kind = METRIC_HISTOGRAM,
                                        .help = "From handing a record over to its acknowledgement"};
static struct metric unknown = {.name = "colis_ingress_unknown_total",
                                .help = "Records whose acknowledgement never came"};

/* Before main: the list of figures is complete when the management thread begins to walk it. */
__attribute__((constructor)) static void figures_register(void)
{
    metric_register(&produce_seconds);
    metric_register(&unknown);
}

void answer_gone(void *self, struct http_request *request)
{
    struct pending *pending = http_data(request);
    (void)self;
    pending->request = NULL;
}

/* The route's pattern with the aggregate's id for its {name}, behind query_url. */
static void write_location(const struct pending *pending, struct buf *to)
{
    const char *pattern = pending->route->resource, *open = strchr(pattern, '{');
    const char *close = open ? strchr(open, '}') : NULL;
    buf_clear(to);
    buf_text(to, ingress_values.query_url);
    if (!close) {
        buf_text(to, pattern);
        return;
    }
    buf_append(to, pattern, (size_t)(open - pattern));
    buf_text(to, pending->subject.text);
    buf_text(to, close + 1);
}

static void write_body(const struct pending *pending, struct span location, struct buf *to)
{
    buf_clear(to);
    buf_text(to, "{\"id\":\"");
    buf_text(to, pending->event.id.text);
    buf_text(to, "\",\"status_url\":\"");
    buf_text(to, ingress_values.query_url);
    buf_text(to, "/v1/commands/");
    buf_text(to, pending->event.id.text);
    buf_text(to, "?receipt=");
    buf_text(to, pending->receipt);
    buf_text(to, "\",\"resource\":\"");
    buf_span(to, location);
    buf_text(to, "\"}");
}

static void accepted(struct ingress *ingress, const struct pending *pending)
{
    write_location(pending, &ingress->location);
    write_body(pending, buf_as_span(&ingress->location), &ingress->body);
    http_reply(pending->request, &(struct http_answer){
                                     .status = 202,
                                     .body = buf_as_span(&ingress->body),
                                     .location = ingress->location.data,
                                 });
}

/* A try whose command did not get through, as far as is known, is not counted here. One that was stored after
 * all counts in its booking. */
static void give_back_try(struct ingress *ingress, const struct pending *pending)
{
    if (pending->route->bucket == ROUTE_BUCKET_CODE)
        bucket_give(ingress->code_buckets, span_of(pending->event.key));
}

void answer_reported(void *self, void *cookie, enum kafka_report report, int32_t partition, int64_t offset)
{
    struct ingress *ingress = self;
    struct pending *pending = cookie;
    (void)partition;
    (void)offset;
    metric_observe_us(&produce_seconds, (clock_steady_ms() - pending->sent_ms) * 1000);
    if (report == KAFKA_UNKNOWN) {
        metric_add(&unknown, 1);
        give_back_try(ingress, pending);
    }
    FAIL_POINT("ingress-stored");
    if (pending->request && report == KAFKA_DELIVERED)
        accepted(ingress, pending);
    else if (pending->request)
        problem_reply(pending->request, PROBLEM_UNKNOWN_OUTCOME, NULL, 0);
    pending_give(ingress, pending);
}

void answer_unsent(struct ingress *ingress, struct pending *pending)
{
    give_back_try(ingress, pending);
    if (pending->request)
        problem_reply(pending->request, PROBLEM_UNAVAILABLE, NULL, RETRY_S);
    pending_give(ingress, pending);
}
