/* SPDX-License-Identifier: Apache-2.0
 * colis-bench-projector COMMANDS BATCH [parcels|mix [FIRST]]: the projector's core over made commands on a
 * real database, without a broker: read, load, decide, fold, write, commit, batch by batch. mix: whole lives
 * of bookings, every stage of them in every batch, instead of parcels alone. Prints seconds and CPU seconds.
 * Settings as any program's (COLIS_POSTGRES_URL, COLIS_NAMESPACE). The database must be migrated and hold
 * nothing of the lives FIRST and later. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "consumers/projector/store.h"
#include "shared/base/clock.h"
#include "shared/run/service.h"
#include "tests/bench/lives.h"

enum { BATCH_MAX = 5000, AHEAD = 125 /* as the program, main.c */ };

static double seconds_of(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct bench {
    struct store store;
    struct batch batch;
    struct code_key codes;
    struct reader_position position;
    bool mix;
    int64_t first;          /* life */
    int64_t made, accepted; /* commands */
    double wall, cpu;
};

static struct event events[BATCH_MAX];
static char bodies[BATCH_MAX][LIVES_BODY];

static int run_batch(struct bench *bench, int count)
{
    enum batch_outcome outcome;
    int result;

    batch_start(&bench->batch, events, (size_t)count);
    result = store_load(&bench->store, &bench->batch, &bench->position, 1, false);
    if (result != READER_DONE)
        return error_new(ERROR_LINK, "load: %d", result);
    for (int i = 0; i < count; i++) {
        TRY(batch_decide(&bench->batch, &bench->batch.items[i], &outcome));
        bench->accepted += outcome == BATCH_ACCEPTED;
        if (i % AHEAD == AHEAD - 1)
            store_ahead(&bench->store, &bench->batch);
    }
    bench->position.next = events[count - 1].offset + 1;
    result = store_commit(&bench->store, &bench->batch, &bench->position, 1, NULL);
    if (result != READER_DONE)
        return error_new(ERROR_LINK, "commit: %d", result);
    bench->position.from = bench->position.next;
    return 0;
}

/* The turn-th batch. mix: a wave of lives begins with each while there are waves to begin, and those before
 * it go on by a stage. */
static int make_batch(struct bench *bench, int64_t turn, int64_t waves, int size)
{
    int64_t wave = size / LIVES_STAGES;
    int count = 0;

    if (!bench->mix)
        for (; count < size; count++)
            lives_parcel(&events[count], bench->first + turn * size + count);
    for (int stage = 0; bench->mix && stage < LIVES_STAGES; stage++)
        for (int64_t i = 0; i < wave && turn >= stage && turn - stage < waves; i++, count++)
            lives_booking(&events[count], bench->first + (turn - stage) * wave + i, stage, &bench->codes,
                          bodies[count]);
    for (int i = 0; i < count; i++)
        events[i].offset = bench->made + i;
    bench->made += count;
    return count;
}

static int run(struct bench *bench, int64_t commands, int size)
{
    int64_t waves = commands / size, turns = bench->mix ? waves + LIVES_STAGES - 1 : waves;

    bench->batch.codes = &bench->codes;
    TRY(store_new(&bench->store, "colis-bench", service_values.name_space));
    postgres_plan_once(bench->store.link);
    if (store_positions(&bench->store, &bench->position, 1) != READER_DONE)
        return error_new(ERROR_LINK, "no position");
    bench->position.from = bench->position.next;
    for (int64_t turn = 0; turn < turns; turn++) {
        int count = make_batch(bench, turn, waves, size);
        double wall = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);

        TRY(run_batch(bench, count));
        bench->wall += seconds_of(CLOCK_MONOTONIC) - wall;
        bench->cpu += seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    }
    if (bench->accepted != bench->made)
        return error_new(ERROR_BUG, "%lld of %lld commands were accepted", (long long)bench->accepted,
                         (long long)bench->made);
    printf("{\"commands\":%lld,\"batch\":%d,\"seconds\":%.6f,\"cpu_seconds\":%.6f}\n", (long long)bench->made,
           size, bench->wall, bench->cpu);
    store_done(&bench->store);
    batch_done(&bench->batch);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct setting *const settings[] = {postgres_settings, service_settings, NULL};
    int64_t commands = argc > 1 ? atoll(argv[1]) : 20000;
    int size = argc > 2 ? atoi(argv[2]) : 1000;
    static struct bench bench = {.position = {"commands", 0, -1, -1}};

    bench.mix = argc > 3 && strcmp(argv[3], "mix") == 0;
    bench.first = argc > 4 ? atoll(argv[4]) : 0;
    if (size < LIVES_STAGES || size > BATCH_MAX || settings_read(settings, 1, argv, getenv) != 0 ||
        run(&bench, commands, size) != 0) {
        fprintf(stderr, "%s\n", error_text());
        return 1;
    }
    return 0;
}
