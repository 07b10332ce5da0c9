/* SPDX-License-Identifier: Apache-2.0
 * The producer on the loop: its reports by descriptor, a timer as the safety net, the check of the topic at
 * start, and whether commands can be taken now. Until the topic was checked nothing is sent. */
#include "producers/ingress/ingress.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/metric.h"
#include "shared/run/service.h"

enum { TICK_MS = 100, ASK_MS = 1000, ASK_TIMEOUT_MS = 3000, LATE_MS = 1000, FLUSH_MS = 400, REASON = 256 };

static struct metric open_records = {.name = "colis_ingress_open_records",
                                     .kind = METRIC_GAUGE,
                                     .help = "Records the broker has not answered for"};

static void say_ready(const struct ingress *ingress)
{
    if (!ingress->topics_checked)
        service_ready(false, "no broker answers");
    else if (kafka_out_oldest_ms(ingress->out) > LATE_MS)
        service_ready(false, "the broker is late");
    else
        service_ready(true, NULL);
}

/* Asking blocks: a thread of the pool does it. The error's text is that thread's: it is copied. */
struct question {
    struct ingress *ingress;
    int result;
    char reason[REASON];
};

static void ask(void *job)
{
    static const char *const topics[] = {"commands", NULL};
    struct question *question = job;
    question->result = kafka_check_topics(service_values.name_space, topics, ASK_TIMEOUT_MS);
    if (question->result < 0)
        (void)!text_copy(question->reason, REASON, span_of(error_text()));
}

static void answered(void *job)
{
    struct question *question = job;
    struct ingress *ingress = question->ingress;
    ingress->checking = false;
    if (question->result == 0) {
        ingress->topics_checked = true;
        say_ready(ingress);
        log_plain(LOG_LEVEL_INFO, "takes commands");
    } else if (question->result < 0) {
        ingress->failed = error_new(question->result, "%s", question->reason);
        loop_stop(ingress->loop);
    } else {
        log_seldom(LOG_LEVEL_WARN, "no broker answers yet", .topic = NULL);
    }
    free(question);
}

static void check_topics(struct ingress *ingress)
{
    int64_t now = clock_steady_ms();
    if (ingress->checking || ingress->draining || now - ingress->asked_ms < ASK_MS)
        return;
    struct question *question = memory_new(1, sizeof(*question));
    question->ingress = ingress;
    ingress->asked_ms = now;
    ingress->checking = true;
    if (loop_work(ingress->loop, ask, answered, question) != 0) {
        ingress->checking = false;
        free(question);
    }
}

static int reported(void *self, int events)
{
    struct ingress *ingress = self;
    (void)events;
    TRY(kafka_out_step(ingress->out));
    return error_forward(batch_reported(ingress));
}

static int turn(void *self)
{
    struct ingress *ingress = self;
    service_beat();
    TRY(kafka_out_step(ingress->out));
    TRY(batch_reported(ingress));
    metric_set(&open_records, (int64_t)(kafka_out_open(ingress->out) + ingress->held));
    say_ready(ingress);
    if (!ingress->topics_checked)
        check_topics(ingress);
    return 0;
}

int broker_open(struct ingress *ingress)
{
    const struct kafka_out_config config = {.name_space = service_values.name_space,
                                            .client = "colis-ingress",
                                            .reported = answer_reported,
                                            .self = ingress};
    metric_register(&open_records);
    TRY(kafka_out_new(&config, &ingress->out));
    TRY(loop_watch_new(ingress->loop, kafka_out_descriptor(ingress->out), reported, ingress,
                       &ingress->on_report));
    loop_watch_want(ingress->on_report, LOOP_READ);
    ingress->asked_ms = -ASK_MS;
    ingress->release = loop_timer_new(ingress->loop, batch_release, ingress);
    ingress->tick = loop_timer_new(ingress->loop, turn, ingress);
    loop_timer_start(ingress->tick, 0, TICK_MS);
    return 0;
}

void broker_close(struct ingress *ingress)
{
    if (ingress->held > 0 && batch_release(ingress) != 0)
        log_with(LOG_LEVEL_ERROR, "records could not be sent at the end", .err = error_text());
    if (ingress->out && kafka_out_flush(ingress->out, FLUSH_MS) != 0)
        log_plain(LOG_LEVEL_WARN, "records were still open at the end");
    loop_watch_free(ingress->on_report);
    loop_timer_free(ingress->tick);
    loop_timer_free(ingress->release);
    kafka_out_free(ingress->out);
}
