/* SPDX-License-Identifier: Apache-2.0
 * Records on their way to the producer. One that comes while none is out leaves at the end of the loop's
 * turn. While some are out new ones gather, and leave together as soon as the last of those was reported, or
 * after BATCH_MS: the broker's own pace makes the batches, so an idle ingress is quick and a busy one sends
 * few requests. What comes to a partition right behind a batch has librdkafka's thread spin until that batch
 * was acknowledged: so a batch leaves whole, and the producer
 * is pushed once it is handed over; where others are still out it waits for its linger. */
#include "producers/ingress/ingress.h"
#include "shared/base/fail.h"
#include "shared/base/metric.h"

enum { BATCH_MS = 10, BATCH_MAX = 1024 };

static struct metric open_records = {.name = "colis_ingress_open_records",
                                     .kind = METRIC_GAUGE,
                                     .help = "Records the broker has not answered for"};

/* Before main: the list of figures is complete when the management thread begins to walk it. */
__attribute__((constructor)) static void figures_register(void)
{
    metric_register(&open_records);
}

static size_t open_at_broker(const struct ingress *ingress)
{
    return kafka_out_open(broker_out(ingress->broker));
}

void batch_add(struct ingress *ingress, struct pending *pending)
{
    if (ingress->last)
        ingress->last->next = pending;
    else
        ingress->first = pending;
    ingress->last = pending;
    if (ingress->held++ == 0)
        loop_timer_start(ingress->release, open_at_broker(ingress) > 0 ? BATCH_MS : 0, 0);
    else if (ingress->held == BATCH_MAX)
        loop_timer_start(ingress->release, 0, 0);
}

static struct pending *held_take(struct ingress *ingress)
{
    struct pending *pending = ingress->first;
    ingress->first = pending->next;
    if (!ingress->first)
        ingress->last = NULL;
    ingress->held--;
    pending->next = NULL;
    return pending;
}

/* Whatever send refuses never entered the producer: 503, and only then. An answer may let the next request of
 * its connection in, so only those that are here now are taken. */
int batch_release(void *self)
{
    struct ingress *ingress = self;
    loop_timer_stop(ingress->release);
    bool first = open_at_broker(ingress) == 0;
    for (size_t left = ingress->held; left > 0; left--) {
        struct pending *pending = held_take(ingress);
        int outcome = kafka_out_send(broker_out(ingress->broker), "commands", &pending->event, pending);
        FAIL_POINT("ingress-handed");
        if (outcome == 0)
            continue;
        answer_unsent(ingress, pending);
        if (outcome < 0)
            return error_forward(outcome);
    }
    if (first)
        kafka_out_push(broker_out(ingress->broker));
    if (ingress->held > 0)
        loop_timer_start(ingress->release, 0, 0);
    return 0;
}

int batch_reported(void *self)
{
    struct ingress *ingress = self;
    size_t open = open_at_broker(ingress);
    metric_set(&open_records, (int64_t)(open + ingress->held));
    return ingress->held > 0 && open == 0 ? error_forward(batch_release(ingress)) : 0;
}
