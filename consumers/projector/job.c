/* SPDX-License-Identifier: Apache-2.0
 * The command line that --rebuild and --recover share. What a job does is its own. */
#include "consumers/projector/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/cleanup.h"
#include "shared/base/clock.h"
#include "shared/base/error.h"
#include "shared/base/log.h"

enum { SPEAK_MS = 5000 };

/* Whether to put right is said on the command line alone. A look over a whole table may take its time. */
static char *environment(const char *name)
{
    static char patience[] = "600000";
    char *value = getenv(name);

    if (strncmp(name, "COLIS_SWITCH", strlen("COLIS_SWITCH")) == 0)
        return NULL;
    return !value && strcmp(name, "COLIS_POSTGRES_STATEMENT_MS") == 0 ? patience : value;
}

static int say(const struct job *job, const char *why, int code)
{
    fprintf(stderr, "%s: %s\n", job->command, why);
    return code;
}

int job_status(const struct job *job, int outcome, const char *why)
{
    if (outcome > 0)
        return say(job, why ? why : "a server is away", JOB_AWAY);
    return say(job, error_text(),
               outcome == ERROR_SETTINGS ? JOB_USAGE
               : outcome == ERROR_LINK   ? JOB_AWAY
                                         : JOB_DATA);
}

bool job_speaks(int64_t *spoken_ms)
{
    int64_t now_ms = clock_steady_ms();

    if (now_ms - *spoken_ms < SPEAK_MS)
        return false;
    *spoken_ms = now_ms;
    return true;
}

int job_main(const struct job *job, int (*run)(void), int argc, char **argv)
{
    CLEANUP(buf_done) struct buf text = {0};
    int result;

    log_start("projector", LOG_LEVEL_INFO);
    result = settings_read(job->tables, argc, argv, environment);
    if (result == SETTINGS_HELP) {
        settings_help(job->tables, job->command, job->about, &text);
        fputs(job->usage, stdout);
        fwrite(text.data, 1, text.size, stdout);
    }
    if (result != 0)
        return result < 0 ? say(job, error_text(), JOB_USAGE) : JOB_DONE;
    return run();
}
