/* SPDX-License-Identifier: Apache-2.0
 * One notification at a time: claim, send, record. A kill between send and record leaves the row sending;
 * when its claim ends it is sent again, flagged as a possible repeat: never silence. A provider that is away,
 * or refuses everybody, costs no notification a try: the sender pauses, longer each time. */
#include "consumers/notifier/sender.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "consumers/notifier/provider.h"
#include "consumers/notifier/reveal.h"
#include "shared/base/clock.h"
#include "shared/base/crypto.h"
#include "shared/base/fail.h"
#include "shared/base/log.h"
#include "shared/base/metric.h"
#include "shared/run/service.h"

enum {
    HOUR_MS = 3600 * 1000,
    PAUSE_MIN_MS = 250,
    PAUSE_MAX_MS = 30000,
    HINT_MS = 200, /* wait for a hint before looking by oneself */
    AWAY_MS = 500, /* before PostgreSQL is asked again */
    PROVIDERS = 8,
    REFUSALS_MOST = 5, /* of as many persons, one after the other: it is us that are refused */
    REPEATS_MOST = 5,  /* a provider that takes mails and never says so is not sent more of the same */
};

static int64_t claim_ms, attempts_most, retry_ms;

/* clang-format off */
const struct setting sender_settings[] = {
    {"notifier_claim_ms", SETTING_INTEGER, "60000", 1000, 3600000,
     .help = "a notification still being sent after this was cut by a crash; more than smtp_timeout_ms",
     .target = &claim_ms},
    {"notifier_attempts", SETTING_INTEGER, "60", 1, 100000,
     .help = "tries of one notification, then it is dead", .target = &attempts_most},
    {"notifier_retry_ms", SETTING_INTEGER, "2000", 1, HOUR_MS,
     .help = "wait after the first failed try; doubles up to an hour", .target = &retry_ms},
    {0},
};
/* clang-format on */

enum { MAILED, LATER, REFUSED, AWAY, UNKNOWN, UNREACHABLE, SUPERSEDED, OUTCOMES };
#define OUTCOME(text)                                                                                        \
    {                                                                                                        \
        .name = "colis_notifier_notifications_total", .labels = "outcome=\"" text "\"",                      \
        .kind = METRIC_COUNTER, .help = "tries to tell somebody something, by what became of them"           \
    }
static struct metric outcome_metrics[OUTCOMES] = {
    [MAILED] = OUTCOME("sent"),           [LATER] = OUTCOME("later"),
    [REFUSED] = OUTCOME("refused"),       [AWAY] = OUTCOME("away"),
    [UNKNOWN] = OUTCOME("unknown"),       [UNREACHABLE] = OUTCOME("no_address"),
    [SUPERSEDED] = OUTCOME("superseded"),
};
static struct metric up_metric = {.name = "colis_notifier_provider_up",
                                  .labels = "provider=\"smtp\"",
                                  .help = "0 while it takes nothing",
                                  .kind = METRIC_GAUGE};

struct seen {
    struct id ids[QUEUE_WITH];
    int count;
};

struct sender {
    struct queue queue;
    struct reveal_keys keys;
    void *providers[PROVIDERS]; /* beside provider_rows */
    int64_t pause_ms;
    struct seen refused, refused_persons; /* since the newest mail that was taken */
    pthread_t thread;
    int result;
};

static struct sender sender;

void sender_metrics(void)
{
    for (int at = 0; at < OUTCOMES; at++)
        metric_register(&outcome_metrics[at]);
    metric_register(&up_metric);
}

static void wait_ms(int64_t ms)
{
    struct pollfd stop = {.fd = service_stop_descriptor(), .events = POLLIN};
    if (!service_stopping())
        (void)poll(&stop, 1, (int)ms);
}

/* At least half of it, the rest by chance. */
static int64_t about(int64_t ms)
{
    uint16_t chance;
    crypto_random(&chance, sizeof chance);
    return ms / 2 + (ms / 2) * chance / UINT16_MAX;
}

static int64_t backoff(int64_t attempts)
{
    int64_t ms = retry_ms;
    for (int64_t at = 1; at < attempts && ms < HOUR_MS; at++)
        ms *= 2;
    return about(ms < HOUR_MS ? ms : HOUR_MS);
}

static int provider_of(const char *channel)
{
    for (int at = 0; provider_rows[at].name; at++) {
        if (strcmp(provider_rows[at].channel, channel) == 0)
            return at;
    }
    return -1;
}

/* The row is tried again unless it has been tried enough. */
static struct queue_result again(const struct queue_claim *claim, const char *why)
{
    if (claim->attempts >= attempts_most)
        return (struct queue_result){.state = "dead", .reason = why};
    return (struct queue_result){.state = "queued", .reason = why, .delay_ms = backoff(claim->attempts)};
}

static struct queue_result result_of(const struct queue_claim *claim, int outcome, const char *why)
{
    struct queue_result result;
    switch (outcome) {
    case PROVIDER_SENT:
        return (struct queue_result){.state = "sent"};
    case PROVIDER_REFUSED:
    case PROVIDER_UNFIT:
        return (struct queue_result){.state = "dead", .reason = why};
    case PROVIDER_AWAY:
        return (struct queue_result){.state = "queued", .reason = why, .uncounted = true};
    case PROVIDER_UNKNOWN:
        result = again(claim, why);
        if (claim->notice.repeat && claim->attempts >= REPEATS_MOST)
            result = (struct queue_result){.state = "dead", .reason = why};
        result.repeat = true;
        return result;
    default:
        return again(claim, why);
    }
}

static void count(const struct queue_claim *claim, int outcome, const char *why)
{
    static const int metrics[] = {
        [PROVIDER_SENT] = MAILED,   [PROVIDER_LATER] = LATER, [PROVIDER_REFUSED] = REFUSED,
        [PROVIDER_UNFIT] = REFUSED, [PROVIDER_AWAY] = AWAY,   [PROVIDER_UNKNOWN] = UNKNOWN};
    metric_add(&outcome_metrics[metrics[outcome]], 1);
    if (outcome != PROVIDER_UNFIT)
        metric_set(&up_metric, outcome != PROVIDER_AWAY);
    sender.pause_ms = outcome == PROVIDER_UNFIT            ? sender.pause_ms
                      : outcome != PROVIDER_AWAY           ? 0
                      : sender.pause_ms == 0               ? PAUSE_MIN_MS
                      : sender.pause_ms * 2 < PAUSE_MAX_MS ? sender.pause_ms * 2
                                                           : PAUSE_MAX_MS;
    if (outcome == PROVIDER_AWAY)
        log_seldom(LOG_LEVEL_WARN, "the provider is away", .err = why);
    else if (outcome != PROVIDER_SENT)
        log_with(LOG_LEVEL_WARN, "a notification was not sent", .event = claim->notice.fact.text, .err = why);
}

static void see(struct seen *seen, const struct id *id)
{
    for (int at = 0; at < seen->count; at++) {
        if (id_same(&seen->ids[at], id))
            return;
    }
    if (seen->count < QUEUE_WITH)
        seen->ids[seen->count++] = *id;
}

/* A refusal is its person's address's fault, or the notification's, until those of too many persons are
 * refused for that to be chance: who takes nobody's mail is away, whatever they say of each. */
static bool refuses_everybody(const struct queue_claim *claim, int outcome)
{
    if (outcome == PROVIDER_SENT)
        sender.refused.count = sender.refused_persons.count = 0;
    if (outcome != PROVIDER_REFUSED)
        return false;
    see(&sender.refused, &claim->notice.id);
    see(&sender.refused_persons, &claim->notice.person);
    return sender.refused_persons.count >= REFUSALS_MOST;
}

/* Not sent, and not to be tried again by itself. */
static int give_up(const struct queue_claim *claim, int metric, const char *reason,
                   struct queue_result *ret_result)
{
    log_with(metric == SUPERSEDED ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "nobody is told",
             .event = claim->notice.fact.text, .err = reason);
    metric_add(&outcome_metrics[metric], 1);
    *ret_result = (struct queue_result){.state = "dead", .reason = reason};
    return 0;
}

static int try_to_send(struct queue_claim *claim, struct queue_result *ret_result)
{
    int provider = provider_of(claim->channel);
    const char *why = NULL;
    struct revealed revealed;
    if (reveal(&sender.keys, claim, &revealed) == REVEAL_SUPERSEDED)
        return give_up(claim, SUPERSEDED, "superseded", ret_result);
    if (!claim->reachable || provider < 0)
        return give_up(claim, UNREACHABLE, claim->reachable ? "no_provider" : "no_address", ret_result);
    int outcome = provider_rows[provider].send(sender.providers[provider], &claim->notice, &why);
    if (outcome < 0)
        return error_forward(outcome);
    bool everybody = refuses_everybody(claim, outcome);
    outcome = everybody ? PROVIDER_AWAY : outcome;
    count(claim, outcome, why);
    *ret_result = result_of(claim, outcome, why);
    ret_result->behind = everybody;
    ret_result->with = sender.refused.ids;
    ret_result->with_count = sender.refused.count;
    return 0;
}

/* What was done is known here alone until it is recorded: it is tried for as long as the claim lasts, after
 * which another may have sent it again, flagged. Once more, at least, when the program ends. */
static int record(const struct queue_claim *claim, const struct queue_result *result)
{
    int64_t until = clock_steady_ms() + claim_ms;
    for (;;) {
        int outcome = queue_record(&sender.queue, claim, result);
        if (outcome <= 0)
            return error_forward(outcome);
        if (service_stopping() || clock_steady_ms() > until)
            return 0;
        wait_ms(AWAY_MS);
    }
}

static int turn(void)
{
    CLEANUP(queue_claim_done) struct queue_claim claim = {0};
    struct queue_result result;
    int outcome = queue_claim(&sender.queue, claim_ms, &claim);
    if (outcome == QUEUE_EMPTY)
        outcome = postgres_wait(sender.queue.postgres, HINT_MS) == POSTGRES_DONE ? 0 : QUEUE_AWAY;
    else if (outcome == 0) {
        FAIL_POINT("notifier-claimed");
        TRY(try_to_send(&claim, &result));
        FAIL_POINT_OF("notifier", result.state); /* "notifier-sent": the mail server took it */
        TRY(record(&claim, &result));
        FAIL_POINT("notifier-recorded");
        if (result.uncounted)
            wait_ms(about(sender.pause_ms));
    }
    if (outcome == QUEUE_AWAY)
        wait_ms(AWAY_MS);
    return outcome < 0 ? error_forward(outcome) : 0;
}

static void *sender_turns(void *unused)
{
    (void)unused;
    while (sender.result == 0 && !service_stopping())
        sender.result = turn();
    if (sender.result < 0)
        log_with(LOG_LEVEL_ERROR, "the sender ends on a failure", .err = error_text());
    service_stop();
    return NULL;
}

static void providers_stop(void)
{
    for (int at = 0; provider_rows[at].name; at++)
        provider_rows[at].stop(sender.providers[at]);
    queue_done(&sender.queue);
}

int sender_start(void)
{
    TRY(reveal_keys_read(&sender.keys));
    for (int at = 0; provider_rows[at].name; at++)
        TRY(provider_rows[at].start(claim_ms, &sender.providers[at]));
    metric_set(&up_metric, 1);
    TRY(queue_new("colis-notifier", service_values.name_space, &sender.queue));
    postgres_listen(sender.queue.postgres, "notification", NULL, NULL);
    if (pthread_create(&sender.thread, NULL, sender_turns, NULL) != 0)
        return error_new(ERROR_SYSTEM, "no thread for the sender");
    return 0;
}

int sender_stop(void)
{
    pthread_join(sender.thread, NULL);
    providers_stop();
    return sender.result < 0 ? error_new(sender.result, "the sender failed: see the log") : 0;
}
