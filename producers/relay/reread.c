/* SPDX-License-Identifier: Apache-2.0
 * After the fence nobody else can add to these partitions, so their ends stand still. Positions and rows
 * always move together: what stands past a position is a record whose row is still in the outbox, or
 * PostgreSQL has lost time. It never publishes. */
#include "producers/relay/reread.h"

#include "producers/relay/store.h"
#include "shared/base/log.h"

enum { CHUNK = 500, PATIENCE_MS = 60000 };

struct found {
    struct relay *relay;
    struct id events[CHUNK];
    int count;
};

static int keep(struct found *found)
{
    struct id odd = {0};
    int result = store_found(found->relay, found->events, found->count, &odd);
    if (result == RELAY_TORN)
        log_seldom(LOG_LEVEL_ERROR, found->relay->torn, .event = odd.text);
    else if (result == 0 && found->count > 0)
        log_plain(LOG_LEVEL_INFO, "facts of an earlier session were found on their topics");
    found->count = 0;
    return result;
}

static int take_record(void *self, struct ahead_place *place, const struct event *event)
{
    struct found *found = self;
    (void)place;
    if (id_none(&event->id)) {
        log_seldom(LOG_LEVEL_ERROR, "a record that is no event", .topic = event->topic,
                   .partition = event->partition, .offset = event->offset);
        found->relay->torn = "a topic of the relay holds a record that is not the relay's";
        return RELAY_TORN;
    }
    found->events[found->count++] = event->id;
    return found->count == CHUNK ? keep(found) : 0;
}

static int take_gone(void *self, struct ahead_place *place)
{
    struct found *found = self;
    log_seldom(LOG_LEVEL_ERROR, "a position is outside its log", .topic = place->topic,
               .partition = place->partition, .offset = place->next);
    found->relay->torn = RELAY_LOST;
    return RELAY_TORN;
}

static int take_cluster(void *self, const char *cluster)
{
    struct found *found = self;
    return store_cluster(found->relay, cluster);
}

static int pulse(void *self)
{
    struct found *found = self;
    return relay_pulse(found->relay);
}

/* Until somebody has said where that partition goes on. */
static int still_lost(struct relay *relay)
{
    struct ahead_place *lost = &relay->lost, *place;
    if (!lost->topic)
        return 0;
    place = ahead_find(relay->places, relay->place_count, span_of(lost->topic), lost->partition);
    if (place && place->next == lost->next) {
        relay->torn = RELAY_LOST;
        return RELAY_TORN;
    }
    *lost = (struct ahead_place){0};
    return 0;
}

int reread(struct relay *relay)
{
    struct found found = {.relay = relay};
    struct ahead ahead = {.places = relay->places,
                          .count = relay->place_count,
                          .client = "relay-reread",
                          .patience_ms = PATIENCE_MS,
                          .cluster = take_cluster,
                          .pulse = pulse,
                          .record = take_record,
                          .gone = take_gone,
                          .self = &found};
    int result = store_positions(relay);
    if (result == 0)
        result = still_lost(relay);
    if (result == 0)
        result = ahead_read(&ahead);
    return result == 0 ? keep(&found) : result;
}
