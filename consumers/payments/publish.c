/* SPDX-License-Identifier: Apache-2.0
 * One command at a time, each waited for: what is told next depends on it. */
#include "consumers/payments/publish.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "consumers/payments/task.h"
#include "shared/base/clock.h"
#include "shared/base/fail.h"
#include "shared/base/trace.h"
#include "shared/links/kafka_out.h"
#include "shared/run/service.h"

enum {
    PUBLISH_WAIT_MS = 10000,
    VERDICT_WAIT_MS = 2000, /* for the projector */
    VERDICT_LOOK_MS = 5,    /* between the first two looks; then longer */
    VERDICT_LOOK_MOST_MS = 80,
};

struct publisher {
    struct postgres *postgres;
    struct kafka_out *out;
    struct task_verdict verdict; /* of the newest that was decided */
    struct buf data;
    uintptr_t newest; /* a report of an older record is not this one's */
    enum kafka_report report;
    bool reported;
};

static void reported(void *self, void *cookie, enum kafka_report report, int32_t partition, int64_t offset)
{
    struct publisher *publisher = self;

    (void)partition;
    (void)offset;
    if ((uintptr_t)cookie != publisher->newest)
        return;
    publisher->report = report;
    publisher->reported = true;
}

int publisher_new(struct postgres *postgres, struct publisher **ret_publisher)
{
    CLEANUP(publisher_free_cleanup) struct publisher *publisher = memory_new(1, sizeof *publisher);
    const struct kafka_out_config config = {.name_space = service_values.name_space,
                                            .client = "payments",
                                            .reported = reported,
                                            .self = publisher};

    publisher->postgres = postgres;
    TRY(kafka_out_new(&config, &publisher->out));
    *ret_publisher = take(publisher);
    return 0;
}

void publisher_free(struct publisher *publisher)
{
    if (!publisher)
        return;
    if (publisher->out)
        kafka_out_free(publisher->out);
    buf_done(&publisher->data);
    free(publisher);
}

static void event_make(const struct publication *publication, struct event *event)
{
    const char *type = publication->command->name;
    struct span parts[6] = {SPAN("payments"), span_of(type)};

    memcpy(&parts[2], publication->said, sizeof publication->said);
    id_v8(parts, 6, &event->id);
    event->time_ms = clock_wall_ms();
    (void)snprintf(event->source, sizeof event->source, "/payments");
    (void)snprintf(event->type, sizeof event->type, "%s", type);
    (void)snprintf(event->subject, sizeof event->subject, "payment/%s", publication->payment->text);
    (void)snprintf(event->dataschema, sizeof event->dataschema, "/schemas/commands/%s", type);
    (void)snprintf(event->key, sizeof event->key, "%s", publication->key->text);
    (void)snprintf(event->role, sizeof event->role, "payments");
    trace_continue((struct span){0}, event->traceparent);
}

struct span publish_amount(int64_t amount, const char *currency, char ret_text[PUBLISH_AMOUNT])
{
    int size = snprintf(ret_text, PUBLISH_AMOUNT, "%lld %s", (long long)amount, currency);

    return (struct span){ret_text, (size_t)size};
}

static int say(struct publisher *publisher, const struct publication *publication, struct event *event)
{
    int outcome;

    buf_clear(&publisher->data);
    codec_encode(publication->command, publication->data, CODEC_ALL, &publisher->data);
    event->data = buf_as_span(&publisher->data);
    /* One that was refused waits for no report: only a step hears of the record before it, or mends. */
    TRY(kafka_out_step(publisher->out));
    publisher->reported = false;
    outcome = kafka_out_send(publisher->out, "commands", event, (void *)++publisher->newest);
    if (outcome != 0)
        return outcome < 0 ? error_forward(outcome) : PUBLISH_AWAY;
    outcome = kafka_out_flush(publisher->out, PUBLISH_WAIT_MS);
    FAIL_POINT("payments-told");
    if (outcome < 0)
        return error_forward(outcome);
    return outcome == 0 && publisher->reported && publisher->report == KAFKA_DELIVERED ? PUBLISH_DONE
                                                                                       : PUBLISH_AWAY;
}

int publish(struct publisher *publisher, const struct publication *publication)
{
    struct event event = {0};

    event_make(publication, &event);
    return error_forward(say(publisher, publication, &event));
}

/* PUBLISH_AWAY: not decided yet, or PostgreSQL does not say. */
static int decided(struct publisher *publisher, const struct id *command)
{
    int outcome = task_verdict(publisher->postgres, command, &publisher->verdict);

    if (outcome != 0 || !publisher->verdict.decided)
        return outcome < 0 ? error_forward(outcome) : PUBLISH_AWAY;
    return publisher->verdict.accepted ? PUBLISH_DONE : PUBLISH_REFUSED;
}

int publish_news(struct publisher *publisher, const struct publication *publication)
{
    struct event event = {0};
    int outcome;

    event_make(publication, &event);
    outcome = decided(publisher, &event.id);
    if (outcome != PUBLISH_AWAY)
        return outcome < 0 ? error_forward(outcome) : PUBLISH_DONE;
    return error_forward(say(publisher, publication, &event));
}

int publish_decided(struct publisher *publisher, const struct publication *publication)
{
    int64_t until = clock_steady_ms() + VERDICT_WAIT_MS;
    struct event event = {0};
    int outcome, look_ms = VERDICT_LOOK_MS;

    event_make(publication, &event);
    outcome = decided(publisher, &event.id);
    if (outcome != PUBLISH_AWAY)
        return error_forward(outcome);
    outcome = say(publisher, publication, &event);
    if (outcome != PUBLISH_DONE)
        return error_forward(outcome);
    do {
        (void)poll(NULL, 0, look_ms);
        look_ms = look_ms * 2 < VERDICT_LOOK_MOST_MS ? look_ms * 2 : VERDICT_LOOK_MOST_MS;
        outcome = decided(publisher, &event.id);
    } while (outcome == PUBLISH_AWAY && clock_steady_ms() < until);
    return error_forward(outcome);
}

const char *publish_reason(const struct publisher *publisher)
{
    return publisher->verdict.reason;
}

bool publish_was(const struct publisher *publisher, const char *reason)
{
    return strcmp(publisher->verdict.reason, reason) == 0;
}
