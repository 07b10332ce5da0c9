/* SPDX-License-Identifier: Apache-2.0
 * The command line of a rebuild and its steps: fold from the start, compare, put right, compare again. */
#include "consumers/projector/rebuild.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "consumers/projector/job.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/links/kafka.h"

static const char usage[] =
    "colis-projector --rebuild            folds all facts again beside the live tables, and compares\n"
    "colis-projector --rebuild --switch   and puts right what differs\n"
    "\n"
    "Projectors and readers go on meanwhile; --switch holds the projectors for the moment of replacing.\n"
    "What differs is left in the schema rebuild until the next one.\n"
    "Exit code: 0 the live tables are what the facts say (now), 1 they differ, 2 the request makes no "
    "sense,\n"
    "3 a server is away or another rebuild runs, 4 the facts contradict themselves, or some are gone.\n"
    "\n";

enum { ROUNDS = 3, SHOWN = 20, DIGITS = 16 };

static bool switching;
static char name_space[49];

/* clang-format off */
static const struct setting own_settings[] = {
    {"namespace", SETTING_TEXT, "colis", 1, sizeof name_space - 1,
     .help = "prefix of topics, name of the database", .target = name_space, .size = sizeof name_space},
    {"switch", SETTING_FLAG, "off", .help = "put right what differs", .target = &switching},
    {0},
};
/* clang-format on */

static const struct setting *const tables[] = {own_settings, kafka_settings, postgres_settings, NULL};
static const struct job job = {"colis-projector --rebuild", "Folds every fact again and compares.", usage,
                               tables};

/* --- folding from the start --- */

static int64_t left(const struct refold_place *places, size_t count)
{
    int64_t records = 0;

    for (size_t at = 0; at < count; at++)
        records += places[at].end - places[at].next;
    return records;
}

static void progress(void *self, const struct refold_place *places, size_t count)
{
    struct rebuild *rebuild = self;
    char line[128];

    if (!job_speaks(&rebuild->spoken_ms))
        return;
    (void)snprintf(line, sizeof(line), "%" PRId64 " facts folded, %" PRId64 " of %" PRId64 " records left",
                   refold_count(rebuild->refold), left(places, count), rebuild->records);
    log_plain(LOG_LEVEL_INFO, line);
}

static int check_cluster(struct rebuild *rebuild)
{
    char ours[64], theirs[64];
    int outcome = rebuild_cluster(rebuild, ours);

    if (outcome == 0)
        outcome = rebuild_refold(rebuild, refold_cluster(rebuild->refold, theirs));
    if (outcome == 0 && ours[0] != '\0' && strcmp(ours, theirs) != 0)
        return error_new(ERROR_DATA, "the projector's positions are those of another Kafka cluster");
    return outcome;
}

/* From the first record there ever was to what is published now: both must be on the topics. */
static int find_range(struct rebuild *rebuild)
{
    CLEANUP(free_cleanup) int64_t *ends = memory_new(rebuild->place_count, sizeof(*ends));
    int outcome = rebuild_published(rebuild);

    rebuild->records = left(rebuild->places, rebuild->place_count);
    for (size_t at = 0; at < rebuild->place_count; at++)
        ends[at] = rebuild->places[at].end;
    if (outcome == 0)
        outcome =
            rebuild_refold(rebuild, refold_ends(rebuild->refold, rebuild->places, rebuild->place_count));
    for (size_t at = 0; at < rebuild->place_count && outcome == 0; at++) {
        struct refold_place *place = &rebuild->places[at];

        if (place->end < ends[at])
            return error_new(ERROR_DATA, "%s/%d ends at %lld and was published up to %lld: Kafka lost facts",
                             place->topic, (int)place->partition, (long long)place->end, (long long)ends[at]);
        place->end = ends[at];
    }
    return outcome;
}

static int fold_from_the_start(struct rebuild *rebuild)
{
    int64_t from = rebuild->spoken_ms = clock_steady_ms();
    int outcome = find_range(rebuild);

    if (outcome == 0)
        outcome = check_cluster(rebuild); /* by now the client is connected: before, it waits */
    if (outcome == 0)
        outcome = rebuild_refold(
            rebuild, refold_read(rebuild->refold, rebuild->places, rebuild->place_count, progress));
    if (outcome == 0)
        printf("rebuild: %" PRId64 " facts folded in %.1f s\n", refold_count(rebuild->refold),
               (double)(clock_steady_ms() - from) / 1000);
    return outcome;
}

/* --- comparing --- */

static void show(struct span kind, const struct id *id, struct span why)
{
    printf("  %.*s %s: %.*s\n", (int)kind.size, kind.data, id->text, (int)why.size, why.data);
}

static int compare_table(struct rebuild *rebuild, const char *schema, const char *kind, int64_t *differing)
{
    struct rebuild_compared compared;
    char name[64];
    int outcome = rebuild_compare(rebuild, kind, &compared);
    bool same = outcome == 0 && compared.differing == 0;

    if (outcome != 0)
        return outcome;
    /* Rows are compared one by one, and once more as a whole: two ways that must agree. */
    if (rebuild->contradictory == 0 && same != (strcmp(compared.digest, compared.rebuilt_digest) == 0))
        return error_new(ERROR_BUG, "%s.%s: rows and digests do not agree", schema, kind);
    (void)snprintf(name, sizeof(name), "%s.%s", schema, kind);
    printf("%-16s %10" PRId64 " %10" PRId64 " %10" PRId64 "  %.*s  %.*s\n", name, compared.live,
           compared.rebuilt, compared.differing, DIGITS, compared.digest, DIGITS, compared.rebuilt_digest);
    *differing += compared.differing;
    return 0;
}

static int compare_tables(struct rebuild *rebuild, int64_t *differing)
{
    int64_t armed = 0, lost = 0;
    int outcome = 0;

    printf("%-16s %10s %10s %10s  %-*s  %s\n", "table", "live", "rebuilt", "differing", DIGITS, "sha256 live",
           "sha256 rebuilt");
    for (int m = 0; machines[m] && outcome == 0; m++)
        outcome = compare_table(rebuild, "state", machines[m]->kind, differing);
    if (outcome == 0)
        outcome = compare_table(rebuild, "bus", "ledger", differing);
    if (outcome == 0)
        outcome = rebuild_timers(rebuild, &armed, &lost);
    if (outcome == 0)
        printf("%-16s %10" PRId64 " %10" PRId64 " %10" PRId64 "\n", "timers armed", armed - lost, armed,
               lost);
    *differing += lost;
    return outcome;
}

static int compare(struct rebuild *rebuild, int64_t *ret_differing)
{
    int outcome = rebuild_moment(rebuild);

    *ret_differing = 0;
    if (outcome == 0)
        outcome = rebuild_broken(rebuild, &rebuild->contradictory);
    if (outcome == 0)
        outcome = compare_tables(rebuild, ret_differing);
    if (outcome == 0 && *ret_differing + rebuild->contradictory > 0)
        outcome = rebuild_differences(rebuild, SHOWN, show);
    if (outcome == 0)
        outcome = rebuild_moment_end(rebuild);
    (void)fflush(stdout);
    return outcome;
}

/* --- putting right --- */

static int put_right_held(struct rebuild *rebuild)
{
    int64_t rows = 0, timers = 0;
    int outcome = rebuild_moment(rebuild);

    if (outcome == 0)
        outcome = rebuild_broken(rebuild, &rebuild->contradictory);
    if (outcome == 0)
        outcome = rebuild_put_right(rebuild, &rows, &timers);
    if (outcome == 0)
        outcome = rebuild_moment_end(rebuild);
    if (outcome == 0)
        printf("put right: %" PRId64 " rows written, %" PRId64 " timers armed\n", rows, timers);
    return outcome;
}

static int put_right(struct rebuild *rebuild)
{
    int64_t from = clock_steady_ms();
    int outcome = rebuild_hold(rebuild);

    if (outcome != 0)
        return outcome;
    outcome = put_right_held(rebuild);
    rebuild_release(rebuild);
    if (outcome == 0)
        printf("the projectors were held for %" PRId64 " ms\n", clock_steady_ms() - from);
    return outcome;
}

static int carry_out(struct rebuild *rebuild, int64_t *ret_differing)
{
    int outcome = fold_from_the_start(rebuild);

    if (outcome == 0)
        outcome = compare(rebuild, ret_differing);
    for (int round = 0; switching && round < ROUNDS && outcome == 0 && *ret_differing > 0; round++) {
        outcome = put_right(rebuild);
        if (outcome == 0)
            outcome = compare(rebuild, ret_differing);
    }
    return outcome == 0 && *ret_differing + rebuild->contradictory == 0 ? rebuild_forget(rebuild) : outcome;
}

/* --- the program --- */

static void rebuild_done(struct rebuild *rebuild)
{
    for (int at = 0; at < 3; at++)
        postgres_array_done(&rebuild->broken[at]);
    if (rebuild->refold)
        refold_free(rebuild->refold);
    if (rebuild->link)
        postgres_free(rebuild->link);
    if (rebuild->control)
        postgres_free(rebuild->control);
    free(rebuild->places);
}

static int begin(struct rebuild *rebuild)
{
    struct refold_config config = {.name_space = name_space,
                                   .schema = "rebuild",
                                   .ledger = "rebuild.ledger",
                                   .timers = "rebuild.timer",
                                   .unfit = rebuild_unfit,
                                   .sending = rebuild_unfit_send,
                                   .self = rebuild};

    TRY(postgres_new("colis-rebuild", name_space, &rebuild->control));
    postgres_statements(rebuild->control, rebuild_control_statements);
    TRY(postgres_new("colis-rebuild", name_space, &rebuild->link));
    postgres_statements(rebuild->link, rebuild_statements);
    postgres_array_start(&rebuild->broken[0], POSTGRES_TEXT);
    postgres_array_start(&rebuild->broken[1], POSTGRES_UUID);
    postgres_array_start(&rebuild->broken[2], POSTGRES_TEXT);
    config.link = rebuild->link;
    TRY(refold_new(&config, &rebuild->refold));
    rebuild->place_count = refold_places(&rebuild->places);
    return rebuild_prepare(rebuild);
}

static int end(const struct rebuild *rebuild, int outcome, int64_t differing)
{
    if (outcome != 0)
        return job_status(&job, outcome, rebuild->why);
    puts(differing > 0 ? "rebuild: the live tables differ from what the facts say"
                       : "rebuild: the live tables are what the facts say");
    if (rebuild->contradictory > 0)
        printf("rebuild: the facts of %" PRId64 " aggregates contradict themselves; these were left alone\n",
               rebuild->contradictory);
    return rebuild->contradictory > 0 ? JOB_DATA : differing > 0 ? JOB_DIFFERS : JOB_DONE;
}

static int run(void)
{
    CLEANUP(rebuild_done) struct rebuild rebuild = {0};
    int64_t differing = 0;
    int outcome = begin(&rebuild);

    if (outcome == 0)
        outcome = carry_out(&rebuild, &differing);
    return end(&rebuild, outcome, differing);
}

int rebuild_main(int argc, char **argv)
{
    return job_main(&job, run, argc, argv);
}
