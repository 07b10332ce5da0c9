/* SPDX-License-Identifier: Apache-2.0
 * A run of colis-projector that has an end: --rebuild and --recover. Its command line, its settings, the
 * exit code it ends with, and how often it says where it stands. */
#ifndef COLIS_PROJECTOR_JOB_H
#define COLIS_PROJECTOR_JOB_H

#include "shared/base/settings.h"

/* Exit codes; what 0 and 1 mean is the job's own. */
enum { JOB_DONE, JOB_DIFFERS, JOB_USAGE, JOB_AWAY, JOB_DATA };

struct job {
    const char *command; /* "colis-projector --rebuild" */
    const char *about;   /* one line of --help; usage stands above it */
    const char *usage;
    const struct setting *const *tables;
};

/* Reads the settings, then calls run, which returns an exit code. argv[0] is the word that names the job.
 * COLIS_SWITCH of the environment is not read, and a statement may take ten minutes where nobody says
 * otherwise. Returns an exit code. */
int job_main(const struct job *job, int (*run)(void), int argc, char **argv);

/* Says why a job came to no end, and which exit code that is: JOB_AWAY of a positive outcome, whose reason is
 * why (may be NULL); of a negative one JOB_USAGE, JOB_AWAY or JOB_DATA by its kind, the reason is
 * error_text. */
int job_status(const struct job *job, int outcome, const char *why);

/* True every few seconds: a line of progress is due. */
bool job_speaks(int64_t *spoken_ms);

#endif
