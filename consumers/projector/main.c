/* SPDX-License-Identifier: Apache-2.0
 * colis-projector: decides commands.
 *
 * Reads <namespace>.commands, decides each command exactly once against the state in PostgreSQL, and writes
 * in one transaction a batch: changed states, private values, verdicts, facts into the outbox, and how far it
 * read. A crash at any instant leaves either all of a batch or nothing, and the batch is read again.
 *
 * What cannot be read is kept as dead and blocks nobody; what fails alone is parked and later commands of its
 * key join it, until an operator releases them (colis-redrive).
 *
 * With --rebuild and --recover it is another program: see rebuild.h, recover.h.
 *
 * It must never write a topic (the relay alone does), never read a clock to decide (a command's time is when
 * the broker stored it), and never log what is private. Scale by running more: at most one a partition of
 * commands. */
#include <string.h>

#include "consumers/projector/parked.h"
#include "consumers/projector/rebuild.h"
#include "consumers/projector/recover.h"
#include "shared/base/log.h"
#include "shared/base/metric.h"
#include "shared/links/kafka.h"
#include "shared/run/handover.h"
#include "shared/run/service.h"

static int64_t keep_hours, ahead;
static const struct setting projector_settings[] = {
    {.name = "projector_keep_hours",
     .kind = SETTING_INTEGER,
     .fallback = "168",
     .min = 0,
     .max = 87600,
     .help = "decided commands stay on their topic this long; 0: for ever",
     .target = &keep_hours},
    {.name = "projector_ahead",
     .kind = SETTING_INTEGER,
     .fallback = "125",
     .min = 1,
     .max = 100000,
     .help = "after so many decisions what they wrote goes to PostgreSQL, ahead of the commit",
     .target = &ahead},
    {0},
};

struct projector {
    struct store store;
    struct past past;
    struct batch batch;
    struct parked parked;
    struct code_key codes;
    const struct event *events; /* of the batch in hand */
};

static struct metric decided[] = {
    [BATCH_ACCEPTED] = {.name = "colis_commands_total",
                        .labels = "outcome=\"accepted\"",
                        .help = "Commands by what became of them"},
    [BATCH_REFUSED] = {.name = "colis_commands_total",
                       .labels = "outcome=\"refused\"",
                       .help = "Commands by what became of them"},
    [BATCH_SEEN] = {.name = "colis_commands_total",
                    .labels = "outcome=\"seen\"",
                    .help = "Commands by what became of them"},
    [BATCH_DEAD] = {.name = "colis_commands_total",
                    .labels = "outcome=\"dead\"",
                    .help = "Commands by what became of them"},
    [BATCH_BEHIND] = {.name = "colis_commands_total",
                      .labels = "outcome=\"behind\"",
                      .help = "Commands by what became of them"},
};

static struct metric splits = {.name = "colis_batches_split_total",
                               .help =
                                   "Batches cut where a command touched what one before it had only named"};

/* Keeps where our partitions are in the store: the fence of what parked_drain does between batches. */
static void own(struct projector *projector, const struct reader_position *positions, size_t count)
{
    struct parked *parked = &projector->parked;

    for (size_t i = 0; i < count; i++) {
        size_t at = 0;

        while (at < parked->owned_count && parked->owned[at].partition != positions[i].partition)
            at++;
        if (at == parked->owned_count)
            parked->owned = memory_grow(parked->owned, ++parked->owned_count, sizeof(*parked->owned));
        parked->owned[at] = positions[i];
    }
}

static int projector_positions(void *self, struct reader_position *positions, size_t count)
{
    struct projector *projector = self;
    int outcome = store_positions(&projector->store, positions, count);

    if (outcome == READER_DONE)
        own(projector, positions, count);
    return outcome;
}

static void projector_revoked(void *self, const struct reader_position *positions, size_t count)
{
    struct projector *projector = self;
    struct parked *parked = &projector->parked;

    for (size_t i = 0; i < count; i++)
        for (size_t at = 0; at < parked->owned_count; at++)
            if (parked->owned[at].partition == positions[i].partition)
                parked->owned[at] = parked->owned[--parked->owned_count];
}

static int projector_cluster(void *self, const char *cluster)
{
    struct projector *projector = self;

    return store_cluster(&projector->store, cluster);
}

static int projector_begin(void *self, const struct event *events, size_t count,
                           const struct reader_position *positions, size_t position_count)
{
    struct projector *projector = self;

    projector->events = events;
    batch_start(&projector->batch, events, count);
    return store_load(&projector->store, &projector->batch, positions, position_count, false);
}

static int projector_handle(void *self, const struct event *event)
{
    struct projector *projector = self;
    struct batch_item *item = &projector->batch.items[event - projector->events];
    enum batch_outcome outcome;
    int result = batch_decide(&projector->batch, item, &outcome);

    if (result != READER_DONE)
        return result;
    if (outcome == BATCH_SPLIT) {
        metric_add(&splits, 1);
        return READER_SPLIT;
    }
    metric_add(&decided[outcome], 1);
    if ((item - projector->batch.items + 1) % ahead == 0)
        store_ahead(&projector->store, &projector->batch);
    if (outcome == BATCH_DEAD)
        log_with(LOG_LEVEL_WARN, "a command nobody can read was put aside", .event = event->id.text,
                 .topic = event->topic, .partition = event->partition, .offset = event->offset,
                 .err = item->dead);
    return outcome == BATCH_ACCEPTED || outcome == BATCH_REFUSED ? READER_DONE : READER_SKIP;
}

static int projector_commit(void *self, const struct reader_position *positions, size_t count)
{
    struct projector *projector = self;
    int outcome = store_commit(&projector->store, &projector->batch, positions, count, NULL);

    if (outcome == READER_DONE)
        own(projector, positions, count);
    return outcome;
}

static void projector_rollback(void *self)
{
    struct projector *projector = self;

    store_rollback(&projector->store);
}

/* The command failed alone: parked in a transaction of its own that moves past it. */
static int projector_reject(void *self, const struct event *event, const char *reason,
                            const struct reader_position *position)
{
    struct projector *projector = self;
    int outcome;

    batch_start(&projector->batch, NULL, 0); /* its states are not asked for: that may be what fails */
    outcome = store_load(&projector->store, &projector->batch, position, 1, false);
    if (outcome == READER_DONE) {
        batch_park(&projector->batch, event, event->readable ? PARKED_KIND_PARKED : PARKED_KIND_DEAD, reason);
        log_with(LOG_LEVEL_ERROR, "a command could not be decided and was parked", .event = event->id.text,
                 .topic = event->topic, .partition = event->partition, .offset = event->offset,
                 .err = reason);
        outcome = projector_commit(projector, position, 1);
    }
    if (outcome != READER_DONE)
        store_rollback(&projector->store);
    return outcome;
}

static int projector_idle(void *self)
{
    struct projector *projector = self;

    return parked_drain(&projector->parked);
}

/* A load leaves some 30 MB behind: states that are kept, and room for a batch of the largest size so far. */
static void projector_rest(void *self)
{
    struct projector *projector = self;

    kept_done(&projector->store.kept);
    batch_done(&projector->batch);
    projector->batch.codes = &projector->codes;
}

static int run(void *self)
{
    static const char *const topics[] = {"commands", NULL};
    static const struct reader_verbs verbs = {
        .positions = projector_positions,
        .begin = projector_begin,
        .handle = projector_handle,
        .commit = projector_commit,
        .rollback = projector_rollback,
        .reject = projector_reject,
        .revoked = projector_revoked,
        .idle = projector_idle,
        .rest = projector_rest,
        .cluster = projector_cluster,
    };
    struct projector *projector = self;
    const struct reader reader = {"projector", topics, &verbs, projector, keep_hours * 3600000};
    int result;

    TRY(handover_key_read(&projector->codes));
    projector->batch.codes = &projector->codes;
    for (size_t i = 0; i < sizeof(decided) / sizeof(decided[0]); i++)
        metric_register(&decided[i]);
    metric_register(&splits);
    TRY(store_new(&projector->store, "colis-projector", service_values.name_space));
    postgres_plan_once(projector->store.link);
    postgres_statements(projector->store.link, parked_statements);
    postgres_statements(projector->store.link, past_statements);
    projector->past.postgres = projector->store.link;
    projector->store.past = &projector->past;
    projector->parked.store = &projector->store;
    projector->parked.batch = &projector->batch;
    result = reader_run(&reader);
    store_done(&projector->store);
    batch_done(&projector->batch);
    free(projector->parked.owned);
    return error_forward(result);
}

int main(int argc, char **argv)
{
    static struct projector projector;
    static const struct setting *const settings[] = {projector_settings, handover_settings, reader_settings,
                                                     kafka_settings,     postgres_settings, NULL};
    static const struct service service = {
        "projector", "decides commands and folds their facts into PostgreSQL", settings, run, &projector};

    if (argc > 1 && strcmp(argv[1], "--rebuild") == 0)
        return rebuild_main(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "--recover") == 0)
        return recover_main(argc - 1, argv + 1);
    return service_main(&service, argc, argv);
}
