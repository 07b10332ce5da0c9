/* SPDX-License-Identifier: Apache-2.0
 * The command line of a recovery and its steps: stage the facts of the lost time, place their commands,
 * decide again, settle. */
#include "consumers/projector/recover.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "consumers/projector/job.h"
#include "shared/base/log.h"
#include "shared/links/kafka.h"
#include "shared/run/handover.h"
#include "shared/run/service.h"

static const char usage[] =
    "colis-projector --recover   after PostgreSQL was put back to an earlier hour: brings back what was "
    "decided\n"
    "                            since, from the facts on their topics and the commands that are kept\n"
    "\n"
    "Programs may run: they wait by themselves, and go on by themselves. Cut at any instant, it is started "
    "again.\n"
    "Exit code: 0 all is back, or nothing was lost, 2 the request makes no sense, 3 a server is away, the\n"
    "database is not migrated or another recovery runs, 4 facts and commands contradict each other, or some "
    "are\n"
    "gone.\n"
    "\n";

/* clang-format off */
static const struct setting own_settings[] = {
    {"namespace", SETTING_TEXT, "colis", 1, sizeof service_values.name_space - 1,
     .help = "prefix of topics, name of the database", .target = service_values.name_space,
     .size = sizeof service_values.name_space},
    {0},
};
/* clang-format on */

static const struct setting *const tables[] = {own_settings, handover_settings, kafka_settings,
                                               postgres_settings, NULL};
static const struct job job = {"colis-projector --recover", "Brings back the time PostgreSQL lost.", usage,
                               tables};

static void progress(struct recover *recover)
{
    char line[128];

    if (!job_speaks(&recover->spoken_ms))
        return;
    (void)snprintf(line, sizeof(line),
                   "%" PRId64 " commands decided again, %" PRId64 " facts folded as they are",
                   recover->decided, recover->folded);
    log_plain(LOG_LEVEL_INFO, line);
}

/* What has no command to come. */
static int beside(struct recover *recover, int64_t *ret_count)
{
    int outcome = recover_parked(recover, ret_count);

    if (outcome == 0 && *ret_count == 0)
        outcome = recover_orphans(recover, ret_count);
    return outcome;
}

static int step(struct recover *recover)
{
    size_t count = 0;
    int64_t more = 0;
    int outcome = recover_fill(recover);

    if (outcome == 0)
        outcome = recover_decide(recover, &count);
    if (outcome == 0 && count == 0)
        outcome = beside(recover, &more);
    if (outcome == 0 && count == 0 && more == 0)
        outcome = recover_force(recover);
    progress(recover);
    return outcome;
}

static int rest(struct recover *recover, bool *ret_more)
{
    int64_t count = 0;
    int outcome = beside(recover, &count);

    *ret_more = count > 0;
    if (outcome == 0 && !*ret_more)
        outcome = recover_force_parked(recover, false, ret_more);
    if (outcome == 0 && !*ret_more)
        outcome = recover_force_parked(recover, true, ret_more);
    return outcome;
}

/* Where programs went on all the while, it is the projector's: nobody waits for us. So is what cannot be done
 * here. */
static int decide_behind(struct recover *recover)
{
    int outcome = 0;

    if (recover->missing == 0)
        return 0;
    recover_go_behind(recover);
    while (outcome == 0 && !recover_over(recover))
        outcome = step(recover);
    return outcome < 0 ? error_forward(outcome) : 0;
}

static int decide_again(struct recover *recover)
{
    bool more = true;
    int outcome = 0;

    while (outcome == 0 && !recover_over(recover))
        outcome = step(recover);
    while (outcome == 0 && more)
        outcome = rest(recover, &more);
    return outcome == 0 ? decide_behind(recover) : outcome;
}

static int carry_out(struct recover *recover)
{
    int outcome = recover_lock(recover);

    if (outcome == 0)
        outcome = recover_stage(recover);
    if (outcome != 0)
        return outcome;
    printf("recover: %" PRId64 " facts on topics are not in PostgreSQL\n", recover->missing);
    (void)fflush(stdout);
    outcome = recover_open(recover);
    if (outcome == 0)
        outcome = decide_again(recover);
    return outcome == 0 ? recover_finish(recover) : outcome;
}

/* --- the program --- */

/* Those that name each table of states. */
static void add_statements(struct recover *recover, struct postgres_statement *statements)
{
    struct buf decided = {0};
    size_t at = 0;

    for (; machines[at]; at++) {
        struct buf name = {0}, sql = {0};

        buf_format(&name, "recover_next_%s", machines[at]->kind);
        recover_next_sql(machines[at]->kind, &sql);
        statements[at].name = take(name.data);
        statements[at].sql = take(sql.data);
    }
    recover_decided_sql(&decided);
    statements[at].name = "recover_decided";
    statements[at].sql = take(decided.data);
    postgres_statements(recover->store.link, statements);
}

static int begin(struct recover *recover, struct postgres_statement *statements)
{
    struct refold_config config = {.name_space = service_values.name_space,
                                   .schema = "state",
                                   .ledger = "bus.ledger",
                                   .timers = "bus.outbox_command"};

    TRY(handover_key_read(&recover->codes));
    recover->batch.codes = &recover->codes;
    recover->batch.judge = recover_agrees;
    recover->batch.judge_self = recover;
    TRY(store_new(&recover->store, "colis-recover", service_values.name_space));
    postgres_statements(recover->store.link, recover_statements);
    postgres_statements(recover->store.link, recover_parked_statements);
    add_statements(recover, statements);
    config.link = recover->store.link;
    TRY(refold_new(&config, &recover->refold));
    recover->events = memory_new(RECOVER_BATCH, sizeof(*recover->events));
    return 0;
}

static void recover_done(struct recover *recover)
{
    recover_close(recover);
    postgres_rows_done(&recover->expected);
    postgres_rows_done(&recover->aside);
    buf_done(&recover->value);
    if (recover->refold)
        refold_free(recover->refold);
    if (recover->store.link)
        store_done(&recover->store);
    batch_done(&recover->batch);
    free(recover->events);
    free(recover->facts);
    free(recover->heads);
    free(recover->places);
}

static int end(const struct recover *recover, int outcome)
{
    if (outcome != 0)
        return job_status(&job, outcome, recover->why);
    printf("recover: %" PRId64 " commands decided again, %" PRId64 " facts folded as they are, %" PRId64
           " refused as stale\nrecover: PostgreSQL has its time back\n",
           recover->decided, recover->folded, recover->stale);
    return JOB_DONE;
}

static int run(void)
{
    static struct postgres_statement statements[BATCH_MACHINES + 2];
    CLEANUP(recover_done) struct recover recover = {0};
    int outcome = begin(&recover, statements);

    if (outcome == 0)
        outcome = carry_out(&recover);
    return end(&recover, outcome);
}

int recover_main(int argc, char **argv)
{
    return job_main(&job, run, argc, argv);
}
