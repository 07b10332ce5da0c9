/* SPDX-License-Identifier: Apache-2.0
 * colis-history: keeps what happened.
 *
 * Reads every fact topic and writes each fact to MongoDB as a document named aggregate:version, then how far
 * it read. A fact it meets again is there already; a record it cannot store goes to <namespace>.dead.history
 * first, then it moves on. It takes facts of any type and version.
 *
 * It must never write a topic but its dead letters, and never change a document. Scale by running more. */
#include "consumers/history/history.h"
#include "shared/base/log.h"
#include "shared/run/dead.h"
#include "shared/run/service.h"

static int letter(void *self, const struct event *event, const char *reason)
{
    return dead_letter(self, event, reason);
}

static int run(void *self)
{
    static const char *const topics[] = {"parcel", "trip",         "booking", "payment",
                                         "auth",   "notification", NULL};
    CLEANUP(dead_free_cleanup) struct dead *dead = NULL;
    CLEANUP(mongo_free_cleanup) struct mongo *store = NULL;
    struct history *history = self;
    const struct reader reader = {"history", topics, &history_verbs, history};

    history_metrics();
    TRY(dead_new("history", &dead));
    TRY(mongo_new("colis-history", service_values.name_space, &store));
    history->store = store;
    history->letter = letter;
    history->letter_self = dead;
    int result = reader_run(&reader);
    history_done(history);
    return error_forward(result);
}

int main(int argc, char **argv)
{
    static struct history history;
    static const struct setting *const settings[] = {kafka_settings, kafka_out_settings, mongo_settings,
                                                     reader_settings, NULL};
    static const struct service service = {"history", "keeps what happened, in MongoDB", settings, run,
                                           &history};

    return service_main(&service, argc, argv);
}
