/* SPDX-License-Identifier: Apache-2.0
 * The verbs of the reader. A fact read twice writes the same row twice, which is once: the row's id derives
 * from fact, person and purpose. A profile that says how somebody is reached wakes what could not be sent to
 * them, or what their address before it refused. */
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
    return false;
}

static bool tells_seekers(const char *family)
{
    for (const struct notice_row *row = notice_rows; row->fact; row++) {
        if (strcmp(row->fact, family) == 0 && row->audience == AUDIENCE_SEEKERS)
            return true;
    }
    return false;
}

/* The parties of those facts that do not name them all; what cannot be read is handle's to say. */
static void ask_parties(struct intake *intake, const struct event *event)
{
    const struct message_row *message =
        event->readable && reads_family(event->type) ? message_of(event->type) : NULL;
    if (!message || message->kind != MESSAGE_FACT)
        return;
    if (tells_seekers(message->family))
        seekers_ask(&intake->store.seekers, event);
    if (!notice_needs_parties(message->family, message->schema))
        return;
    CLEANUP(free_cleanup) void *fact = memory_new(1, message->schema->size);
    if (codec_decode(message->schema, event->data, fact, NULL) == 0)
        parties_ask(&intake->store.parties, event, notice_number(message->schema, fact));
}

static int intake_begin(void *self, const struct event *events, size_t count,
                        const struct reader_position *positions, size_t position_count)
{
    struct intake *intake = self;
    intake_store_start(&intake->store);
    for (size_t at = 0; at < count; at++)
        ask_parties(intake, &events[at]);
    return intake_store_begin(&intake->store, positions, position_count);
}

static void add(struct intake *intake, const struct event *event, const struct notice_row *row,
                const struct id *person)
{
    struct id id;
    notice_id(&event->id, person, row->purpose, &id);
    const struct intake_row told = {&id, person, row, event};
    intake_store_add(&intake->store, &told);
}

/* A batch loads the seekers of a few trips: the next ones begin a batch of their own. */
static int tell_seekers(struct intake *intake, const struct event *event, const struct notice_row *row)
{
    size_t count;
    const struct id *owners = seekers_of(&intake->store.seekers, &event->id, &count);
    if (!owners)
        return READER_SPLIT;
    for (size_t at = 0; at < count; at++)
        add(intake, event, row, &owners[at]);
    return count > 0 ? READER_DONE : READER_SKIP;
}

/* READER_SKIP: the row's party is nobody. */
static int tell_one(struct intake *intake, const struct event *event, const struct notice_row *row,
                    const struct notice_fact *of)
{
    struct id person;
    if (row->audience == AUDIENCE_SEEKERS)
        return tell_seekers(intake, event, row);
    int outcome = notice_person(row, of, &person);
    if (outcome == NOTICE_NOBODY)
        return READER_SKIP;
    if (outcome != 0) {
        reader_because("what it is about is not there: nobody knows whom to tell");
        return READER_REJECT;
    }
    add(intake, event, row, &person);
    return READER_DONE;
}

static int tell(struct intake *intake, const struct event *event, const struct message_row *message,
                const void *fact)
{
    char kind[24];
    struct id subject;
    bool told = false;
    if (event_subject_parse(span_of(event->subject), kind, &subject) != 0) {
        reader_because("its subject names no aggregate");
        return READER_REJECT;
    }
    const struct notice_fact of = {message->schema, fact, &subject,
                                   parties_of(&intake->store.parties, &event->id)};
    for (const struct notice_row *row = notice_rows; row->fact; row++) {
        if (strcmp(row->fact, message->family) != 0 || !notice_holds(row, message->schema, fact))
            continue;
        int outcome = tell_one(intake, event, row, &of);
        if (outcome != READER_DONE && outcome != READER_SKIP)
            return outcome;
        told = told || outcome == READER_DONE;
    }
    metric_add(&told_metric, told);
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
    const struct message_row *message = NULL;
    int outcome = reader_fact(event, reads_family, &message);
    if (outcome != READER_DONE)
        return outcome;
    if (strcmp(message->family, "profile.updated") == 0)
        outcome = wake(intake, event);
    if (outcome != READER_DONE)
        return outcome;
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
    intake_store_start(&intake->store);
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
    static const char *const topics[] = {"parcel", "trip", "booking", "payment", "auth", NULL};
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
