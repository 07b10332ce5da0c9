/* SPDX-License-Identifier: Apache-2.0
 * Which fact is a thing to do. */
#include "consumers/payments/intake.h"

#include <string.h>

#include "consumers/payments/task.h"
#include "shared/base/fail.h"
#include "shared/base/metric.h"
#include "shared/run/dead.h"
#include "shared/run/position_store.h"
#include "shared/run/service.h"

static struct metric task_metric = {
    .name = "colis_payments_tasks_total", .kind = METRIC_COUNTER, .help = "facts that are something to do"};

/* clang-format off */
static const struct postgres_statement statements[] = {
    /* What a fact of a time PostgreSQL lost asks for may have been asked of the provider already. */
    {"task_add",   "insert into bus.payment_task (id, kind, step, payment, booking, n, try, data, opened_at, asked)"
                   " select w.id, w.kind, w.step, w.payment, w.booking, w.n, w.try, w.data, w.opened_at, exists"
                   " (select from bus.lost l where l.topic = w.topic and l.partition = w.partition"
                   " and l.until > w.place) from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[],"
                   " $6::int8[], $7::int8[], $8::text[], $9::timestamptz[], $10::text[], $11::int4[], $12::int8[])"
                   " w (id, kind, step, payment, booking, n, try, data, opened_at, topic, partition, place)"
                   " on conflict (id) do nothing"},
    {"task_hint",  "select pg_notify('payment_task', '')"},
    {NULL, NULL},
};
/* clang-format on */

enum { ID, KIND, STEP, PAYMENT, BOOKING, N, TRY_NUMBER, DATA, OPENED_AT, TOPIC, PARTITION, PLACE, COLUMNS };
static const enum postgres_type types[COLUMNS] = {
    [ID] = POSTGRES_UUID,         [KIND] = POSTGRES_TEXT,      [STEP] = POSTGRES_TEXT,
    [PAYMENT] = POSTGRES_UUID,    [BOOKING] = POSTGRES_UUID,   [N] = POSTGRES_INT8,
    [TRY_NUMBER] = POSTGRES_INT8, [DATA] = POSTGRES_TEXT,      [OPENED_AT] = POSTGRES_TIME,
    [TOPIC] = POSTGRES_TEXT,      [PARTITION] = POSTGRES_INT4, [PLACE] = POSTGRES_INT8,
};

struct intake {
    struct postgres *postgres;
    struct position_store places;
    struct past past;
    struct dead *dead;
    struct postgres_array columns[COLUMNS];
};

/* A fact that is something to do, and where it begins. */
static const struct intake_row {
    const char *fact;
    const char *kind, *step;
    const char *counts; /* the member that numbers it; NULL: none */
} rows[] = {
    {"payment.attempt_opened", "attempt", "create", "n"},
    {"payment.refund_ordered", "refund", "claim", "order"},
    {"payment.payout_ordered", "payout", "claim", "order"},
    {"report.recorded", "report", "verify", NULL},
};

void intake_metrics(void)
{
    metric_register(&task_metric);
}

static void batch_start(struct intake *intake)
{
    for (int at = 0; at < COLUMNS; at++)
        postgres_array_start(&intake->columns[at], types[at]);
}

static int intake_positions(void *self, struct reader_position *positions, size_t count)
{
    struct intake *intake = self;

    return position_store_read(&intake->places, positions, count);
}

static int intake_begin(void *self, const struct event *events, size_t count,
                        const struct reader_position *positions, size_t position_count)
{
    struct intake *intake = self;

    (void)events;
    (void)count;
    batch_start(intake);
    return position_store_begin(&intake->places, positions, position_count);
}

static int64_t member(const struct schema *schema, const void *fact, const char *name)
{
    int64_t value = 0;

    for (int at = 0; name && at < schema->count; at++)
        if (schema->fields[at].kind == FIELD_INTEGER && strcmp(schema->fields[at].name, name) == 0)
            memcpy(&value, (const char *)fact + schema->fields[at].offset, sizeof value);
    return value;
}

/* The subject of the fact is the payment; its key is the booking, or the payment itself. */
static void add(struct intake *intake, const struct intake_row *row, const struct event *event,
                const struct id *subject, const int64_t numbers[2])
{
    struct postgres_array *columns = intake->columns;
    const struct id none = {0};
    struct id id, booking = {0};
    bool report = strcmp(row->kind, "report") == 0;

    if (report || id_parse(span_of(event->key), &booking) != 0 || id_same(&booking, subject))
        booking = none;
    if (report)
        id = event->id;
    else
        task_id(subject, strcmp(row->kind, "attempt") == 0 ? "attempt" : "order", numbers[0], numbers[1],
                &id);
    postgres_array_text(&columns[ID], span_of(id.text));
    postgres_array_text(&columns[KIND], span_of(row->kind));
    postgres_array_text(&columns[STEP], span_of(row->step));
    postgres_array_id(&columns[PAYMENT], report ? &none : subject);
    postgres_array_id(&columns[BOOKING], &booking);
    postgres_array_integer(&columns[N], numbers[0]);
    postgres_array_integer(&columns[TRY_NUMBER], numbers[1]);
    postgres_array_text(&columns[DATA], event->data);
    postgres_array_integer(&columns[OPENED_AT], event->time_ms);
    postgres_array_text(&columns[TOPIC], span_of(event->topic));
    postgres_array_integer(&columns[PARTITION], event->partition);
    postgres_array_integer(&columns[PLACE], event->offset);
    metric_add(&task_metric, 1);
}

static void take_fact(struct intake *intake, const struct event *event, const struct message_row *message,
                      const struct id *subject, const void *fact)
{
    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        const int64_t numbers[2] = {member(message->schema, fact, rows[at].counts),
                                    member(message->schema, fact, "try")};

        if (strcmp(message->family, rows[at].fact) == 0)
            add(intake, &rows[at], event, subject, numbers);
    }
}

static bool reads_type(const char *type)
{
    return strncmp(type, "payment.", strlen("payment.")) == 0 ||
           strncmp(type, "report.", strlen("report.")) == 0;
}

static int intake_handle(void *self, const struct event *event)
{
    struct intake *intake = self;
    CLEANUP(free_cleanup) void *fact = NULL;
    const struct message_row *message = NULL;
    struct id subject;
    char kind[24];
    int outcome = reader_fact(event, reads_type, &message);

    if (outcome != READER_DONE)
        return outcome;
    fact = memory_new(1, message->schema->size);
    if (event_subject_parse(span_of(event->subject), kind, &subject) != 0 ||
        codec_decode(message->schema, event->data, fact, NULL) != 0) {
        reader_because("its data is not %s", event->type);
        return READER_REJECT;
    }
    take_fact(intake, event, message, &subject, fact);
    return READER_DONE;
}

static int intake_commit(void *self, const struct reader_position *positions, size_t count)
{
    struct intake *intake = self;
    struct postgres_value values[COLUMNS];
    int outcome;

    for (int at = 0; at < COLUMNS; at++)
        values[at] = (struct postgres_value){.type = types[at], .array = &intake->columns[at]};
    if (intake->columns[ID].count > 0) {
        postgres_send(intake->postgres, "task_add", values, COLUMNS, NULL);
        postgres_send(intake->postgres, "task_hint", NULL, 0, NULL);
    }
    outcome = position_store_commit(&intake->places, positions, count);
    FAIL_POINT("payments-committed");
    return outcome;
}

static void intake_rollback(void *self)
{
    struct intake *intake = self;

    batch_start(intake);
    position_store_rollback(&intake->places);
}

/* The letter first: once the broker has it, the position may pass. */
static int intake_reject(void *self, const struct event *event, const char *reason,
                         const struct reader_position *position)
{
    struct intake *intake = self;
    int outcome = dead_letter(intake->dead, event, reason);

    if (outcome == READER_DONE)
        outcome = position_store_begin(&intake->places, position, 1);
    if (outcome == READER_DONE)
        outcome = position_store_commit(&intake->places, position, 1);
    if (outcome != READER_DONE)
        intake_rollback(intake);
    return outcome;
}

static int intake_cluster(void *self, const char *cluster)
{
    struct intake *intake = self;

    return position_store_cluster(&intake->places, cluster);
}

static int intake_new(struct intake *intake)
{
    TRY(postgres_new("colis-payments", service_values.name_space, &intake->postgres));
    postgres_statements(intake->postgres, statements);
    postgres_statements(intake->postgres, position_store_statements);
    postgres_statements(intake->postgres, past_statements);
    intake->past = (struct past){.postgres = intake->postgres};
    intake->places = (struct position_store){intake->postgres, "payments", &intake->past};
    batch_start(intake);
    TRY(dead_new("payments", &intake->dead));
    return 0;
}

static void intake_done(struct intake *intake)
{
    if (intake->dead)
        dead_free(intake->dead);
    for (int at = 0; at < COLUMNS; at++)
        postgres_array_done(&intake->columns[at]);
    postgres_free(intake->postgres);
}

int intake_run(void)
{
    static const char *const topics[] = {"payment", NULL};
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
    const struct reader reader = {.name = "payments", .topics = topics, .verbs = &verbs, .self = &intake};
    int result = intake_new(&intake);

    if (result == 0)
        result = reader_run(&reader);
    intake_done(&intake);
    return error_forward(result);
}
