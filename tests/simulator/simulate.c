/* SPDX-License-Identifier: Apache-2.0
 * simulate: runs schedules one after another until a law breaks or the time is over. A broken one is told by
 * its seed, and with as few commands and faults as break the same law still; the same seed is the same
 * schedule.
 *
 *     simulate --seed 1 --seconds 60        simulate --seed 4711 --commands 9 --faults 2 --tell
 *
 * --find turns the verdict round: 0 where a law broke (the mutants' tests). --cuts N: fewer batches cut is a
 * failure, for then it was not seen how that ends. --rush: every story has what one in six has else. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shared/base/log.h"
#include "shared/run/reader.h"
#include "tests/simulator/story.h"

static struct given {
    long long seed, schedules, seconds, commands, faults, tell, find, cuts, rush;
} given = {.schedules = -1, .seconds = -1, .commands = SCHEDULE_ENDLESS, .faults = SCHEDULE_ENDLESS};

static const struct option {
    const char *name;
    long long *target;
    bool flag;
} options[] = {
    {"--seed", &given.seed, false},       {"--schedules", &given.schedules, false},
    {"--seconds", &given.seconds, false}, {"--commands", &given.commands, false},
    {"--faults", &given.faults, false},   {"--tell", &given.tell, true},
    {"--find", &given.find, true},        {"--cuts", &given.cuts, false},
    {"--rush", &given.rush, true},
};

static bool read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        size_t at = 0;

        while (at < sizeof(options) / sizeof(options[0]) && strcmp(argv[i], options[at].name) != 0)
            at++;
        if (at == sizeof(options) / sizeof(options[0]) || (!options[at].flag && i + 1 == argc))
            return false;
        *options[at].target = options[at].flag ? 1 : strtoll(argv[++i], NULL, 10);
    }
    return true;
}

enum { AGAIN_EVERY = 64, KEPT = 1 << 25 };

static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static char *environment(const char *name)
{
    static char url[] = "postgresql://127.0.0.1";

    return strcmp(name, "COLIS_POSTGRES_URL") == 0 ? url : NULL;
}

static int make(void)
{
    static const struct setting *const tables[] = {postgres_settings, reader_settings, NULL};
    char *arguments[] = {"simulate", NULL};

    (void)mallopt(M_MMAP_THRESHOLD, KEPT); /* what a projector's end frees the next one takes */
    (void)mallopt(M_TRIM_THRESHOLD, KEPT);
    log_start("simulate", (enum log_level)(LOG_LEVEL_ERROR + 1));
    TRY(settings_read(tables, 1, arguments, environment));
    database_make();
    story_make();
    return 0;
}

static void done(void)
{
    schedule_done();
    replay_done();
    fold_done();
    story_done();
    sql_done();
    texts_done();
    database_done();
}

static bool breaks(uint64_t seed, int commands, int faults)
{
    schedule_start(seed, commands, faults);
    schedule_run();
    return schedule.law[0] != '\0';
}

/* Once more, to the step: a seed that is told must be worth something. */
static bool repeats(uint64_t seed)
{
    uint64_t digest = schedule.digest;

    if (breaks(seed, (int)given.commands, (int)given.faults))
        return false;
    if (schedule.digest != digest)
        law_broken("replay", "the same seed was another schedule");
    return schedule.digest == digest;
}

static bool breaks_still(uint64_t seed, int commands, int faults, const char *law)
{
    return breaks(seed, commands, faults) && strcmp(law, schedule.law) == 0;
}

/* The fewest that break the law yet: each is a beginning of what the seed tells. */
static void shrink(uint64_t seed)
{
    char law[sizeof(schedule.law)], why[sizeof(schedule.broken)];
    int commands = (int)given.commands, faults = (int)given.faults, asked = schedule.commands;

    memcpy(law, schedule.law, sizeof(law));
    memcpy(why, schedule.broken, sizeof(why));
    for (int most = 0, all = schedule.faults; most < all && faults == given.faults; most++)
        if (breaks_still(seed, commands, most, law))
            faults = most;
    for (int most = 1; most < asked && commands == given.commands; most++)
        if (breaks_still(seed, most, faults, law))
            commands = most;
    if (breaks_still(seed, commands, faults, law))
        memcpy(why, schedule.broken, sizeof(why));
    printf("seed %llu breaks the law \"%s\": %s\n", (unsigned long long)seed, law, why);
    printf("again, told step by step: simulate --seed %llu --schedules 1", (unsigned long long)seed);
    if (commands < SCHEDULE_ENDLESS)
        printf(" --commands %d", commands);
    if (faults < SCHEDULE_ENDLESS)
        printf(" --faults %d", faults);
    printf("%s --tell\n", given.rush ? " --rush" : "");
}

static void told(uint64_t from, double seconds)
{
    double busy = (double)clock() / CLOCKS_PER_SEC;

    printf("%lld schedules from seed %llu in %.1f s: %.0f a minute, %.0f a minute of one core's time; "
           "%lld steps\n",
           (long long)met.schedules, (unsigned long long)from, seconds, (double)met.schedules * 60 / seconds,
           (double)met.schedules * 60 / busy, (long long)met.steps);
    printf("commands %lld (accepted %lld, refused %lld), copies seen %lld, parked %lld, drained %lld, facts "
           "%lld, "
           "timers %lld, replayed %lld\n",
           (long long)met.commands, (long long)met.accepted, (long long)met.refused, (long long)met.seen,
           (long long)met.parked, (long long)met.drained, (long long)met.facts, (long long)met.timers,
           (long long)met.replayed);
    printf("commits %lld, rollbacks %lld, batches cut %lld, waits %lld, lock timeouts %lld, deadlocks %lld\n",
           (long long)met.commits, (long long)met.rollbacks, (long long)projector_splits(),
           (long long)met.waits, (long long)met.lock_timeouts, (long long)met.deadlocks);
    printf(
        "crashes %lld, pauses %lld, connections cut %lld, COMMIT replies lost %lld, database restarts %lld, "
        "rebalances %lld (%lld wrong), markers %lld, copies %lld\n",
        (long long)met.crashes, (long long)met.pauses, (long long)met.cuts, (long long)met.lost_replies,
        (long long)met.restarts, (long long)met.rebalances, (long long)met.overlaps, (long long)met.markers,
        (long long)met.copies);
}

static bool go_on(double from)
{
    if (given.schedules >= 0 && met.schedules >= given.schedules)
        return false;
    return given.seconds < 0 ? given.schedules >= 0 || met.schedules < 1
                             : seconds_now() - from < (double)given.seconds;
}

/* True where a law broke. */
static bool run(void)
{
    double from = seconds_now();
    uint64_t seed = (uint64_t)given.seed;
    bool broken = false;

    schedule.told = given.tell;
    schedule.rushed = given.rush;
    while (!broken && go_on(from)) {
        broken = breaks(seed, (int)given.commands, (int)given.faults) ||
                 (seed % AGAIN_EVERY == 0 && !repeats(seed));
        seed++;
    }
    told((uint64_t)given.seed, seconds_now() - from);
    if (broken && !given.tell)
        shrink(seed - 1);
    else if (broken)
        printf("seed %llu breaks the law \"%s\": %s\n", (unsigned long long)(seed - 1), schedule.law,
               schedule.broken);
    else
        printf("every law held\n");
    return broken;
}

int main(int argc, char **argv)
{
    bool broken;

    if (!read_options(argc, argv)) {
        fprintf(stderr,
                "usage: simulate [--seed N] [--schedules N] [--seconds S] [--commands N] [--faults N] "
                "[--tell] [--find] [--cuts N] [--rush]\n");
        return 2;
    }
    if (make() != 0) {
        fprintf(stderr, "simulate: %s\n", error_text());
        return 2;
    }
    broken = run() || projector_splits() < given.cuts;
    done();
    return broken == (given.find != 0) ? EXIT_SUCCESS : EXIT_FAILURE;
}
