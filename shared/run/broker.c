/* SPDX-License-Identifier: Apache-2.0
 * The producer on the loop. Topics are asked for on a thread of the pool, for asking blocks; while none
 * answers the program is alive but not ready. So it is from a record whose report never came until one is
 * delivered or the topics were asked for again: a record's age tells nothing once it was given up. */
#include "shared/run/broker.h"

#include "shared/base/cleanup.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/run/service.h"

enum { TICK_MS = 100, ASK_MS = 1000, ASK_TIMEOUT_MS = 3000, LATE_MS = 1000, FLUSH_MS = 400, REASON = 256 };

struct broker {
    struct broker_config config;
    struct loop *loop;
    struct kafka_out *out;
    struct loop_watch *on_report;
    struct loop_timer *tick;
    bool checked, checking, draining, closed;
    bool cut_off;     /* the newest report was UNKNOWN, and no broker answered since */
    int64_t asked_ms; /* when the topics were last asked for */
};

struct kafka_out *broker_out(const struct broker *broker)
{
    return broker->out;
}

bool broker_takes(const struct broker *broker)
{
    return broker->checked && !broker->draining;
}

void broker_drain(struct broker *broker)
{
    broker->draining = true;
}

static void say_ready(const struct broker *broker)
{
    if (!broker->checked || broker->cut_off)
        service_ready(false, "no broker answers");
    else if (kafka_out_oldest_ms(broker->out) > LATE_MS)
        service_ready(false, "the broker is late");
    else
        service_ready(true, NULL);
}

/* The error's text is the asking thread's: it is copied. */
struct question {
    struct broker *broker;
    const char *const *topics;
    int result;
    char reason[REASON];
};

static void ask(void *job)
{
    struct question *question = job;
    question->result = kafka_check_topics(service_values.name_space, question->topics, ASK_TIMEOUT_MS);
    if (question->result < 0)
        (void)!text_copy(question->reason, REASON, span_of(error_text()));
}

/* Topics that are not what they must be end a start, and a program that was cut off stays so. */
static void answered(void *job)
{
    struct question *question = job;
    struct broker *broker = question->broker;
    broker->checking = false;
    if (broker->closed) {
        free(broker);
    } else if (question->result == 0) {
        broker->checked = true;
        broker->cut_off = false;
        say_ready(broker);
        log_plain(LOG_LEVEL_INFO, "takes commands");
    } else if (question->result < 0 && !broker->checked) {
        broker->config.failed(broker->config.self, error_new(question->result, "%s", question->reason));
    } else {
        log_seldom(LOG_LEVEL_WARN, "no broker answers yet", .err = question->reason);
    }
    free(question);
}

static void check_topics(struct broker *broker)
{
    int64_t now = clock_steady_ms();
    if (broker->checking || broker->draining || now - broker->asked_ms < ASK_MS)
        return;
    struct question *question = memory_new(1, sizeof(*question));
    question->broker = broker;
    question->topics = broker->config.topics;
    broker->asked_ms = now;
    broker->checking = true;
    if (loop_work(broker->loop, ask, answered, question) != 0) {
        broker->checking = false;
        free(question);
    }
}

static void reported(void *self, void *cookie, enum kafka_report report, int32_t partition, int64_t offset)
{
    struct broker *broker = self;
    broker->cut_off = report == KAFKA_UNKNOWN;
    broker->config.reported(broker->config.self, cookie, report, partition, offset);
}

static int step(struct broker *broker)
{
    TRY(kafka_out_step(broker->out));
    return broker->config.stepped ? error_forward(broker->config.stepped(broker->config.self)) : 0;
}

static int on_report(void *self, int events)
{
    (void)events;
    return error_forward(step(self));
}

static int on_tick(void *self)
{
    struct broker *broker = self;
    service_beat();
    TRY(step(broker));
    say_ready(broker);
    if (!broker->checked || broker->cut_off)
        check_topics(broker);
    return 0;
}

int broker_open(struct loop *loop, const struct broker_config *config, struct broker **ret_broker)
{
    struct broker *broker = *ret_broker = memory_new(1, sizeof(*broker));
    const struct kafka_out_config out = {.name_space = service_values.name_space,
                                         .client = config->client,
                                         .reported = reported,
                                         .self = broker};
    broker->config = *config;
    broker->loop = loop;
    broker->asked_ms = -ASK_MS;
    TRY(kafka_out_new(&out, &broker->out));
    TRY(loop_watch_new(loop, kafka_out_descriptor(broker->out), on_report, broker, &broker->on_report));
    loop_watch_want(broker->on_report, LOOP_READ);
    broker->tick = loop_timer_new(loop, on_tick, broker);
    loop_timer_start(broker->tick, 0, TICK_MS);
    return 0;
}

/* A question on its way still names the broker: whoever answers it frees it then, at the latest in loop_free.
 */
void broker_close(struct broker *broker)
{
    if (!broker)
        return;
    if (broker->out && kafka_out_flush(broker->out, FLUSH_MS) != 0)
        log_plain(LOG_LEVEL_WARN, "records were still open at the end");
    loop_watch_free(broker->on_report);
    loop_timer_free(broker->tick);
    kafka_out_free(broker->out);
    broker->closed = true;
    if (!broker->checking)
        free(broker);
}
