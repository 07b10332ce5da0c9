/* SPDX-License-Identifier: Apache-2.0
 * The verbs of the reader. A fact read twice writes the same row twice, which is once: the row's id derives
 * from fact, person and purpose. A profile that says how somebody is reached wakes what could not be sent to
 * them. */
#include "consumers/notifier/intake.h"

#include <string.h>

#include "consumers/notifier/intake_store.h"
#include "consumers/notifier/notice.h"
#include "schemas/tables.h"
#include "shared/base/metric.h"
#include "shared/run/dead.h"
#include "shared/run/service.h"

static struct metric told_metric = {
    .name = "colis_notifier_facts_total", .kind = METRIC_COUNTER, .help = "facts somebody is told about"};

struct intake {
    struct intake_store store;
    struct dead *dead;
};

void intake_metrics(void)
{
    metric_register(&told_metric);
}

static int intake_positions(void *self, struct reader_position *positions, size_t count)
{
    struct intake *intake = self;
    return position_store_read(&intake->store.places, positions, count);
}

static int intake_begin(void *self, const struct event *events, size_t count,
                        const struct reader_position *positions, size_t position_count)
{
    struct intake *intake = self;
    (void)events;
    (void)count;
    return intake_store_begin(&intake->store, positions, position_count);
}

/* "parcel.registered.v2" is of the family parcel.registered */
static bool of_family(const char *type, const char *family)
{
    size_t size = strlen(family);
    return strncmp(type, family, size) == 0 && type[size] == '.';
}

static bool reads_family(const char *type)
{
    for (const struct notice_row *row = notice_rows; row->fact; row++) {
        if (of_family(type, row->fact))
            return true;
    }
    return of_family(type, "profile.updated");
}

static int tell(struct intake *intake, const struct event *event, const struct message_row *message,
                const void *fact)
{
    for (const struct notice_row *row = notice_rows; row->fact; row++) {
        struct id person, id;
        if (strcmp(row->fact, message->family) != 0)
            continue;
        if (!notice_person(row, message->schema, fact, &person)) {
            reader_because("names nobody to tell");
            return READER_REJECT;
        }
        notice_id(&event->id, &person, row->fact, &id);
        const struct intake_row told = {&id, &person, row, event};
        intake_store_add(&intake->store, &told);
    }
    metric_add(&told_metric, 1);
    return READER_DONE;
}

static int wake(struct intake *intake, const struct event *event)
{
    char kind[24];
    struct id person;
    if (event_subject_parse(span_of(event->subject), kind, &person) != 0) {
        reader_because("its subject is no profile");
        return READER_REJECT;
    }
    intake_store_wake(&intake->store, &person);
    return READER_DONE;
}

static int intake_handle(void *self, const struct event *event)
{
    struct intake *intake = self;
    if (!event->readable) {
        reader_because("%s", event->reason);
        return READER_REJECT;
    }
    if (!reads_family(event->type))
        return READER_SKIP;
    const struct message_row *message = message_of(event->type);
    if (!message || message->kind != MESSAGE_FACT) {
        reader_because("%s is newer than this program", event->type);
        return READER_STOP;
    }
    if (strcmp(message->family, "profile.updated") == 0)
        return wake(intake, event);
    CLEANUP(free_cleanup) void *fact = memory_new(1, message->schema->size);
    if (codec_decode(message->schema, event->data, fact, NULL) != 0) {
        reader_because("its data is not %s", event->type);
        return READER_REJECT;
    }
    return tell(intake, event, message, fact);
}

static int intake_commit(void *self, const struct reader_position *positions, size_t count)
{
    struct intake *intake = self;
    return intake_store_commit(&intake->store, positions, count);
}

static void intake_rollback(void *self)
{
    struct intake *intake = self;
    intake_store_rollback(&intake->store);
}

/* The letter first: once the broker has it, the position may pass. */
static int intake_reject(void *self, const struct event *event, const char *reason,
                         const struct reader_position *position)
{
    struct intake *intake = self;
    int outcome = dead_letter(intake->dead, event, reason);
    if (outcome == READER_DONE)
        outcome = intake_store_begin(&intake->store, position, 1);
    if (outcome == READER_DONE)
        outcome = intake_store_commit(&intake->store, position, 1);
    if (outcome != READER_DONE)
        intake_store_rollback(&intake->store);
    return outcome;
}

static int intake_cluster(void *self, const char *cluster)
{
    struct intake *intake = self;
    return position_store_cluster(&intake->store.places, cluster);
}

int intake_run(void)
{
    static const char *const topics[] = {"parcel", "booking", "payment", "auth", NULL};
    static const struct reader_verbs verbs = {
        .positions = intake_positions,
        .begin = intake_begin,
        .handle = intake_handle,
        .commit = intake_commit,
        .rollback = intake_rollback,
        .reject = intake_reject,
        .cluster = intake_cluster,
    };
    struct intake intake = {0};
    const struct reader reader = {.name = "notifier", .topics = topics, .verbs = &verbs, .self = &intake};
    int result = intake_store_new(&intake.store);
    if (result == 0)
        result = dead_new("notifier", &intake.dead);
    if (result == 0)
        result = reader_run(&reader);
    if (intake.dead)
        dead_free(intake.dead);
    intake_store_done(&intake.store);
    return error_forward(result);
}
