/* SPDX-License-Identifier: Apache-2.0
 * Happy path: begin, send every row, wait for every report (they say where the records stand), commit,
 * settle. Whatever else happens ends the session: a transaction that was not committed is aborted by the next
 * fence, one that was is found on its topics by the next session. Nothing is decided here on a guess. */
#include "producers/relay/publish.h"

#include <stdio.h>

#include "shared/base/clock.h"
#include "shared/base/fail.h"
#include "shared/base/log.h"
#include "shared/base/metric.h"
#include "shared/run/outbox.h"
#include "shared/run/service.h"

static struct metric fact_metric = {
    .name = "colis_relay_facts_total", .help = "facts published", .kind = METRIC_COUNTER};
static struct metric due_metric = {
    .name = "colis_relay_commands_total", .help = "due commands published", .kind = METRIC_COUNTER};
static struct metric batch_metric = {.name = "colis_relay_batch_seconds",
                                     .kind = METRIC_HISTOGRAM,
                                     .help = "from reading rows to their leaving the outbox"};

void publish_metrics(void)
{
    metric_register(&fact_metric);
    metric_register(&due_metric);
    metric_register(&batch_metric);
}

static void fact_reported(void *self, void *cookie, enum kafka_report report, int32_t partition,
                          int64_t offset)
{
    struct relay *relay = self;
    struct ahead_place *place =
        report == KAFKA_DELIVERED ? ahead_find(relay->places, relay->place_count, span_of(cookie), partition)
                                  : NULL;
    if (!place) {
        relay->unsure = true;
        return;
    }
    /* The first of a transaction alone: the reports of one may come in any order. */
    if (!place->moved && offset < place->next)
        relay->lost = *place;
    if (offset >= place->next)
        place->next = offset + 1;
    place->moved = true;
}

static void due_reported(void *self, void *cookie, enum kafka_report report, int32_t partition,
                         int64_t offset)
{
    struct relay *relay = self;
    (void)cookie;
    (void)partition;
    (void)offset;
    if (report != KAFKA_DELIVERED)
        relay->unsure = true;
}

/* Kafka did not do it: the session is over, unless it is our own failure. */
static int kafka(int outcome, const char *what)
{
    if (outcome > 0) {
        log_seldom(LOG_LEVEL_WARN, what,
                   .err = outcome == KAFKA_FENCED ? "another relay took over" : "Kafka");
        return RELAY_OVER;
    }
    return error_forward(outcome);
}

int publish_fence(struct relay *relay)
{
    char id[128];
    snprintf(id, sizeof id, "%s.relay-%d", service_values.name_space, (int)store_shard);
    const struct kafka_out_config config = {.name_space = service_values.name_space,
                                            .client = "relay",
                                            .reported = fact_reported,
                                            .self = relay,
                                            .transactional_id = id,
                                            .delivery_ms = relay->patience_ms + RELAY_PULSE_MS,
                                            .gathers = true};
    TRY(kafka_out_new(&config, &relay->facts));
    int64_t until = clock_steady_ms() + 8 * RELAY_KAFKA_MS;
    int result = KAFKA_TIMEOUT;
    while (result == KAFKA_TIMEOUT && clock_steady_ms() < until) {
        int pulse = relay_pulse(relay);
        if (pulse != 0)
            return pulse;
        result = kafka_out_fence(relay->facts, RELAY_KAFKA_MS);
    }
    return kafka(result, "no fence");
}

void publish_end(struct relay *relay)
{
    kafka_out_free(relay->facts);
    kafka_out_free(relay->commands);
    relay->facts = relay->commands = NULL;
}

/* What makes no event blocks what is behind it: to go round it would break its aggregate's order. */
static int torn(struct relay *relay, const char *why, const struct event *event)
{
    log_seldom(LOG_LEVEL_ERROR, why, .event = event->id.text, .err = event->reason);
    relay->torn = why;
    return RELAY_TORN;
}

/* In slices, so that the lock is kept meanwhile. A broker that needs longer than this for a batch would need
 * it for the same batch again, in the next session: that one waits longer. */
static int flush(struct relay *relay, struct kafka_out *out)
{
    int64_t from = clock_steady_ms();
    int result = KAFKA_TIMEOUT;
    while (result == KAFKA_TIMEOUT &&
           clock_steady_ms() - from < (service_stopping() ? RELAY_KAFKA_MS : relay->patience_ms)) {
        int pulse = relay_pulse(relay);
        if (pulse != 0 && !service_stopping())
            return pulse;
        result = kafka_out_flush(out, RELAY_PULSE_MS);
    }
    if (result == KAFKA_TIMEOUT)
        relay->patience_ms =
            2 * relay->patience_ms < RELAY_KAFKA_MOST_MS ? 2 * relay->patience_ms : RELAY_KAFKA_MOST_MS;
    return result == 0 && relay->unsure ? RELAY_OVER : kafka(result, "no report in time");
}

/* In one piece, as it cannot be asked for twice; with the pulse before it shorter than the silence that loses
 * the lock. What a slow broker commits after that the next session finds on its topics. */
static int commit(struct relay *relay)
{
    int pulse = relay_pulse(relay);
    if (pulse != 0 && !service_stopping())
        return pulse;
    return kafka(kafka_out_commit(relay->facts, RELAY_COMMIT_MS), "no commit");
}

/* One scan may hold more than the producer's queue: what is in it goes first then. */
static int send_one(struct relay *relay, struct kafka_out *out, const char *topic, const struct event *event)
{
    void *cookie = (void *)(uintptr_t)topic;
    int result = kafka_out_send(out, topic, event, cookie);
    if (result == KAFKA_FULL) {
        int flushed = flush(relay, out);
        if (flushed != 0)
            return flushed;
        result = kafka_out_send(out, topic, event, cookie);
    }
    return kafka(result, "not sent");
}

static int send_fact(struct relay *relay, struct span name, const struct event *event)
{
    const char *topic = relay_topic(relay, name);
    if (!topic)
        return torn(relay, "a message of the outbox names a topic that is not the relay's", event);
    return send_one(relay, relay->facts, topic, event);
}

/* Below what is known to be published there is no room: this is not the topic it was. Nothing of the
 * transaction counts, the next fence aborts it. */
static int check_lost(struct relay *relay)
{
    const struct ahead_place *lost = &relay->lost;
    if (!lost->topic)
        return 0;
    log_seldom(LOG_LEVEL_ERROR, "a fact would stand before its position", .topic = lost->topic,
               .partition = lost->partition, .offset = lost->next);
    relay->torn = RELAY_LOST;
    return RELAY_TORN;
}

static int send_page(struct relay *relay, struct span page, int64_t *count)
{
    struct event event;
    struct span topic;
    int more = outbox_next(&page, &topic, &event), result = 0;
    for (; more == 0 && result == 0; more = outbox_next(&page, &topic, &event)) {
        result = send_fact(relay, topic, &event);
        ++*count;
    }
    return result == 0 && more == OUTBOX_MALFORMED
               ? torn(relay, "a message of the outbox makes no event", &event)
               : result;
}

static int send_facts(struct relay *relay, const struct store_scan *scan, struct postgres_array *pages,
                      int64_t *count)
{
    int result = kafka(kafka_out_begin(relay->facts), "no transaction");
    postgres_array_start(pages, POSTGRES_INT8);
    for (int at = 0; at < scan->page_count && result == 0; at++) {
        struct span page;
        postgres_array_integer(pages, store_page(scan, at, &page));
        result = send_page(relay, page, count);
    }
    if (result == 0)
        result = flush(relay, relay->facts);
    return result == 0 ? check_lost(relay) : result;
}

int publish_facts(struct relay *relay, const struct store_scan *scan)
{
    CLEANUP(postgres_array_done) struct postgres_array pages = {0};
    int64_t from = clock_steady_ms(), count = 0;
    if (scan->page_count == 0)
        return 0;
    int result = send_facts(relay, scan, &pages, &count);
    FAIL_POINT("relay-acknowledged");
    if (result == 0)
        result = commit(relay);
    FAIL_POINT("relay-committed");
    if (result == 0)
        result = store_settle(relay, &pages);
    FAIL_POINT("relay-settled");
    if (result == 0) {
        int64_t took = clock_steady_ms() - from;
        if (2 * took < relay->patience_ms)
            relay->patience_ms = 2 * took > RELAY_KAFKA_MS ? 2 * took : RELAY_KAFKA_MS;
        metric_add(&fact_metric, count);
        metric_observe_us(&batch_metric, 1000 * took);
    }
    return result;
}

static int send_due(struct relay *relay, const struct store_scan *scan, struct postgres_array *ids)
{
    int result = 0;
    postgres_array_start(ids, POSTGRES_INT8);
    for (int at = 0; at < scan->due_count && result == 0; at++) {
        struct event event;
        struct span line, data;
        postgres_array_integer(ids, store_due(scan, at, &line, &data));
        if (event_from_line(line, &event) != 0)
            return torn(relay, "a command of the outbox makes no event", &event);
        event.data = data;
        result = send_one(relay, relay->commands, "commands", &event);
    }
    return result != 0 ? result : flush(relay, relay->commands);
}

int publish_due(struct relay *relay, const struct store_scan *scan)
{
    CLEANUP(postgres_array_done) struct postgres_array ids = {0};
    const struct kafka_out_config config = {.name_space = service_values.name_space,
                                            .client = "relay-due",
                                            .reported = due_reported,
                                            .self = relay,
                                            .delivery_ms = relay->patience_ms + RELAY_PULSE_MS,
                                            .gathers = true};
    if (scan->due_count == 0)
        return 0;
    if (!relay->commands)
        TRY(kafka_out_new(&config, &relay->commands));
    int result = send_due(relay, scan, &ids);
    FAIL_POINT("relay-due-acknowledged");
    if (result == 0)
        result = store_sent(relay, scan, &ids);
    if (result == 0)
        metric_add(&due_metric, scan->due_count);
    return result;
}
