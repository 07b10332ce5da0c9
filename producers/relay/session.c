/* SPDX-License-Identifier: Apache-2.0
 * The order is the whole point: lock, then fence, then reread, then publish. A relay that was stopped
 * anywhere in it and wakes up later has lost its lock (PostgreSQL ended its silent connection) and its fence
 * (the next one took it), so it can neither read a row, nor delete one, nor commit a record. */
#include "producers/relay/session.h"

#include <stdio.h>

#include "producers/relay/publish.h"
#include "producers/relay/reread.h"
#include "producers/relay/store.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/metric.h"
#include "shared/run/service.h"

static struct metric active_metric = {.name = "colis_relay_active",
                                      .kind = METRIC_GAUGE,
                                      .help = "1: holds its shard's lock and publishes; 0: stands by"};
static struct metric session_metric = {.name = "colis_relay_sessions_total",
                                       .kind = METRIC_COUNTER,
                                       .help = "times the lock was taken and the topics were read again"};

void session_metrics(void)
{
    metric_register(&active_metric);
    metric_register(&session_metric);
    publish_metrics();
}

int relay_pulse(struct relay *relay)
{
    service_beat();
    if (service_stopping())
        return RELAY_OVER;
    return clock_steady_ms() - relay->spoken_ms < RELAY_PULSE_MS ? 0 : store_speak(relay);
}

/* Another relay of this shard is active: this one can do its work, which is to wait. */
static int stand_by(struct relay *relay)
{
    bool taken = false, said = false;
    while (!service_stopping()) {
        int result = store_lock(relay, &taken);
        if (result != 0 || taken)
            return result;
        if (!said)
            log_plain(LOG_LEVEL_INFO, "standing by: another relay holds the lock");
        said = true;
        service_beat();
        service_ready(true, NULL);
        result = store_wait(relay);
        if (result != 0)
            return result;
    }
    return 0;
}

/* One look at the outbox. */
static int turn(struct relay *relay)
{
    CLEANUP(store_scan_done) struct store_scan scan = {0};
    service_beat();
    TRY(kafka_out_step(relay->facts));
    int result = store_read(relay, &scan);
    if (result == 0)
        result = publish_facts(relay, &scan);
    if (result == 0)
        result = publish_due(relay, &scan);
    if (result != 0)
        return result;
    floor_move(&relay->floor, &scan.seen);
    return scan.page_count + scan.due_count > 0 ? 0 : store_wait(relay);
}

static int catch_up(struct relay *relay)
{
    service_ready(false, "takes the fence and reads its topics again");
    int result = publish_fence(relay);
    return result != 0 ? result : reread(relay);
}

static int relay_on(struct relay *relay)
{
    int64_t from = clock_steady_ms();
    int result = catch_up(relay);
    if (result != 0)
        return result;
    metric_add(&session_metric, 1);
    metric_set(&active_metric, 1);
    service_ready(true, NULL);
    char took[48];
    snprintf(took, sizeof took, "caught up in %d ms", (int)(clock_steady_ms() - from));
    log_plain(LOG_LEVEL_INFO, took);
    while (result == 0 && !service_stopping())
        result = turn(relay);
    metric_set(&active_metric, 0);
    return result;
}

int session_run(struct relay *relay)
{
    relay->floor = (struct floor){0};
    relay->unsure = false;
    int result = postgres_ready(relay->postgres);
    if (result > 0) {
        log_seldom(LOG_LEVEL_WARN, "PostgreSQL is away", .err = postgres_why(relay->postgres));
        service_ready(false, "PostgreSQL is away");
        return RELAY_OVER;
    }
    TRY(result);
    result = stand_by(relay);
    if (result == 0 && !service_stopping())
        result = relay_on(relay);
    publish_end(relay);
    postgres_drop(relay->postgres);
    return service_stopping() && result > 0 ? 0 : error_forward(result);
}
