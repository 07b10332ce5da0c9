/* SPDX-License-Identifier: Apache-2.0
 * The statements of a rebuild. What compares and what replaces are functions of the database
 * (schemas/sql/0014_rebuild.sql), where the tables are. */
#include <stdio.h>
#include <string.h>

#include "consumers/projector/rebuild.h"
#include "schemas/tables.h"
#include "shared/run/outbox.h"

enum { LOCK_CLASS = 0x7262, HOLD_TRIES = 20, MAKE_TRIES = 20, OUTBOX_PAGES = 100 };

/* clang-format off */
const struct postgres_statement rebuild_control_statements[] = {
    {"rebuild_lock",    "select pg_advisory_lock($1::int4, 0)"}, /* waits no longer than for any lock */
    {"rebuild_start",   "select bus.rebuild_start()"},
    {"rebuild_end",     "select bus.rebuild_end()"},
    {"rebuild_cluster", "select id from bus.cluster where reader = 'projector'"},
    {"rebuild_positions", "insert into bus.position (reader, topic, partition, next) "
                          "select 'projector', 'commands', p, -1 from generate_series(0, $1::int - 1) p on conflict do nothing"},
    {"rebuild_minute",  "select set_config('idle_in_transaction_session_timeout', '60s', true)"},
    {"rebuild_hold",    "select partition from bus.position where reader = 'projector' and topic = 'commands' "
                        "order by partition for update"},
    {NULL, NULL},
};

const struct postgres_statement rebuild_statements[] = {
    {"rebuild_moment",    "begin isolation level repeatable read"},
    {"rebuild_plain",     "select set_config('jit', 'off', false)"}, /* tables nobody analyzed look large */
    {"rebuild_patience",  "select set_config('idle_in_transaction_session_timeout', '10min', true)"},
    {"rebuild_published", "select topic, partition, next from bus.relay_position"},
    {"rebuild_outbox",    "select id, messages from bus.outbox_page where id > $1::bigint order by id limit $2::bigint"},
    {"rebuild_compare",   "select live, rebuilt, digest, rebuilt_digest, differing from bus.rebuild_compare($1::text)"},
    {"rebuild_fired",     "delete from rebuild.timer t using bus.verdict v where v.id = t.event"},
    {"rebuild_armed",     "select count(*) from rebuild.timer"},
    {"rebuild_forgive",   "delete from rebuild.difference where kind = 'timer'"},
    {"rebuild_lost",      "insert into rebuild.difference (kind, id, why) select 'timer', t.event, 'missing' "
                          "from rebuild.timer t where not exists (select from bus.outbox_command o where o.event = t.event) "
                          "and not exists (select from bus.parked p where p.id = t.event)"},
    {"rebuild_waiting",   "select partition, next from bus.position where reader = 'projector' and topic = 'commands'"},
    {"rebuild_on_its_way","delete from rebuild.difference where kind = 'timer' and id = any($1::uuid[])"},
    {"rebuild_noted",     "select count(*) from rebuild.difference where kind = 'timer'"},
    {"rebuild_unfit",     "insert into rebuild.broken (kind, id, why) "
                          "select * from unnest($1::text[], $2::uuid[], $3::text[]) on conflict do nothing"},
    {"rebuild_broken",    "select count(*) from rebuild.broken"},
    {"rebuild_shown",     "select kind, id, why from (select 0, kind, id, why from rebuild.broken union all "
                          "select 1, kind, id, why from rebuild.difference) s (part, kind, id, why) "
                          "order by part, kind, id limit $1::bigint"},
    {"rebuild_put_right", "select bus.rebuild_put_right()"},
    {"rebuild_arm",       "insert into bus.outbox_command (topic, key, aggregate, version, event, headers, value, due) "
                          "select t.topic, t.key, t.aggregate, t.version, t.event, t.headers, t.value, t.due "
                          "from rebuild.timer t join rebuild.difference d on d.kind = 'timer' and d.id = t.event "
                          "where not exists (select from bus.outbox_command o where o.event = t.event)"},
    {"rebuild_hint",      "select pg_notify('outbox', '')"},
    {NULL, NULL},
};
/* clang-format on */

static int away(struct rebuild *rebuild, const char *server, const char *why)
{
    (void)snprintf(rebuild->text, sizeof(rebuild->text), "%s%s%s", server, *server ? ": " : "", why);
    rebuild->why = rebuild->text;
    return REBUILD_AWAY;
}

static int outcome_of(struct rebuild *rebuild, const struct postgres *link, int outcome)
{
    if (outcome <= 0)
        return error_forward(outcome);
    if (outcome == POSTGRES_RETRY)
        return away(rebuild, "PostgreSQL", postgres_why(link));
    return error_new(ERROR_LINK, "PostgreSQL: %s", postgres_why(link));
}

int rebuild_refold(struct rebuild *rebuild, int outcome)
{
    return outcome == REFOLD_AWAY ? away(rebuild, "", refold_why(rebuild->refold)) : error_forward(outcome);
}

/* One statement, one round trip. */
static int ask(struct rebuild *rebuild, struct postgres *link, const char *statement,
               const struct postgres_value *value, struct postgres_rows *ret_rows)
{
    postgres_send(link, statement, value, value ? 1 : 0, ret_rows);
    return outcome_of(rebuild, link, postgres_sync(link, NULL));
}

/* What a rebuild that was killed left running at PostgreSQL ends soon, and its locks with it. */
static bool waited_in_vain(struct rebuild *rebuild, int outcome)
{
    return outcome == REBUILD_AWAY && strncmp(postgres_why(rebuild->control), "55P03", 5) == 0;
}

static int make(struct rebuild *rebuild)
{
    const struct postgres_value class = {.type = POSTGRES_INT4, .integer = LOCK_CLASS};
    int outcome = ask(rebuild, rebuild->control, "rebuild_lock", &class, NULL);

    if (waited_in_vain(rebuild, outcome))
        return away(rebuild, "", "another rebuild of this namespace is running");
    for (int tries = 0; tries < MAKE_TRIES && (tries == 0 ? outcome == 0 : waited_in_vain(rebuild, outcome));
         tries++)
        outcome = ask(rebuild, rebuild->control, "rebuild_start", NULL, NULL);
    return outcome;
}

int rebuild_prepare(struct rebuild *rebuild)
{
    int outcome = outcome_of(rebuild, rebuild->control, postgres_ready(rebuild->control));

    if (outcome == 0)
        outcome = make(rebuild);
    if (outcome == 0)
        outcome = outcome_of(rebuild, rebuild->link, postgres_ready(rebuild->link));
    return outcome == 0 ? ask(rebuild, rebuild->link, "rebuild_plain", NULL, NULL) : outcome;
}

int rebuild_forget(struct rebuild *rebuild)
{
    return ask(rebuild, rebuild->control, "rebuild_end", NULL, NULL);
}

int rebuild_cluster(struct rebuild *rebuild, char ret_id[64])
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    int outcome = ask(rebuild, rebuild->control, "rebuild_cluster", NULL, &rows);

    ret_id[0] = '\0';
    if (outcome == 0 && rows.count == 1 && text_copy(ret_id, 64, postgres_text(&rows, 0, 0)) != 0)
        return error_new(ERROR_DATA, "the cluster's id is over 63 bytes");
    return outcome;
}

int rebuild_published(struct rebuild *rebuild)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    int outcome = ask(rebuild, rebuild->link, "rebuild_published", NULL, &rows);

    for (size_t at = 0; at < rebuild->place_count; at++)
        rebuild->places[at].end = rebuild->places[at].next;
    for (int row = 0; row < rows.count; row++) {
        struct refold_place *place =
            refold_place_of(rebuild->places, rebuild->place_count, postgres_text(&rows, row, 0),
                            (int32_t)postgres_integer(&rows, row, 1));

        if (place && place->end < postgres_integer(&rows, row, 2))
            place->end = postgres_integer(&rows, row, 2);
    }
    return outcome;
}

/* Called as facts are folded; written with them. */
void rebuild_unfit(void *self, const struct event *event, const struct machine *machine, const char *why)
{
    struct rebuild *rebuild = self;
    struct id id;
    char kind[24];

    if (event_subject_parse(span_of(event->subject), kind, &id) != 0)
        return;
    postgres_array_text(&rebuild->broken[0], span_of(machine->kind));
    postgres_array_text(&rebuild->broken[1], span_of(id.text));
    postgres_array_text(&rebuild->broken[2], span_of(why));
}

void rebuild_unfit_send(void *self, struct postgres *link)
{
    struct rebuild *rebuild = self;
    struct postgres_value values[3] = {0};

    for (int at = 0; at < 3; at++) {
        values[at].type = rebuild->broken[at].type;
        values[at].array = &rebuild->broken[at];
    }
    if (rebuild->broken[0].count == 0)
        return;
    postgres_send(link, "rebuild_unfit", values, 3, NULL);
    for (int at = 0; at < 3; at++)
        postgres_array_start(&rebuild->broken[at], rebuild->broken[at].type);
}

int rebuild_broken(struct rebuild *rebuild, int64_t *ret_broken)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    int outcome;

    rebuild_unfit_send(rebuild, rebuild->link);
    outcome = ask(rebuild, rebuild->link, "rebuild_broken", NULL, &rows);
    *ret_broken = outcome == 0 ? postgres_integer(&rows, 0, 0) : 0;
    return outcome;
}

/* A notice is of no aggregate. */
static int fold_page(struct rebuild *rebuild, int64_t id, struct span page)
{
    struct event event;
    struct span topic;
    int more, outcome = 0;

    while (outcome == 0 && (more = outbox_next(&page, &topic, &event)) != OUTBOX_END) {
        if (more == OUTBOX_MALFORMED)
            return error_new(ERROR_DATA, "page %lld of the outbox: %s", (long long)id, event.reason);
        event.topic = "outbox";
        event.offset = id;
        if (event.sequence > 0)
            outcome = rebuild_refold(rebuild, refold_event(rebuild->refold, &event));
    }
    return outcome;
}

/* The facts that are not published yet. Such as are on their topics all the same are folded already. */
static int fold_outbox(struct rebuild *rebuild)
{
    struct postgres_value values[2] = {{.type = POSTGRES_INT8},
                                       {.type = POSTGRES_INT8, .integer = OUTBOX_PAGES}};
    int count = OUTBOX_PAGES, outcome = 0;

    while (outcome == 0 && count == OUTBOX_PAGES) {
        CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};

        postgres_send(rebuild->link, "rebuild_outbox", values, 2, &rows);
        outcome = outcome_of(rebuild, rebuild->link, postgres_sync(rebuild->link, NULL));
        count = rows.count;
        for (int row = 0; row < rows.count && outcome == 0; row++) {
            values[0].integer = postgres_integer(&rows, row, 0);
            outcome = fold_page(rebuild, values[0].integer, postgres_text(&rows, row, 1));
        }
        if (outcome == 0)
            outcome = rebuild_refold(rebuild, refold_flush(rebuild->refold));
    }
    return outcome;
}

int rebuild_moment(struct rebuild *rebuild)
{
    int outcome;

    postgres_send(rebuild->link, "rebuild_moment", NULL, 0, NULL);
    postgres_send(rebuild->link, "rebuild_patience", NULL, 0, NULL);
    outcome = rebuild_published(rebuild);
    if (outcome == 0)
        outcome = rebuild_refold(rebuild,
                                 refold_read(rebuild->refold, rebuild->places, rebuild->place_count, NULL));
    return outcome == 0 ? fold_outbox(rebuild) : outcome;
}

int rebuild_moment_end(struct rebuild *rebuild)
{
    return ask(rebuild, rebuild->link, "commit", NULL, NULL);
}

int rebuild_compare(struct rebuild *rebuild, const char *kind, struct rebuild_compared *ret_compared)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    const struct postgres_value value = {.type = POSTGRES_TEXT, .text = span_of(kind)};
    int outcome = ask(rebuild, rebuild->link, "rebuild_compare", &value, &rows);

    *ret_compared = (struct rebuild_compared){0};
    if (outcome != 0)
        return outcome;
    ret_compared->live = postgres_integer(&rows, 0, 0);
    ret_compared->rebuilt = postgres_integer(&rows, 0, 1);
    ret_compared->differing = postgres_integer(&rows, 0, 4);
    if (text_copy(ret_compared->digest, sizeof(ret_compared->digest), postgres_text(&rows, 0, 2)) != 0 ||
        text_copy(ret_compared->rebuilt_digest, sizeof(ret_compared->digest), postgres_text(&rows, 0, 3)) !=
            0)
        return error_new(ERROR_BUG, "a digest is not one");
    return 0;
}

/* --- timers --- */

/* Timers that left the outbox and are not decided yet are on the topic, behind a position. */
static int waiting_places(struct rebuild *rebuild, struct refold_place **ret_places, size_t *ret_count)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    int outcome = ask(rebuild, rebuild->link, "rebuild_waiting", NULL, &rows);
    struct refold_place *places;

    if (outcome != 0)
        return outcome;
    places = memory_new(rows.count > 0 ? (size_t)rows.count : 1, sizeof(*places));
    for (int row = 0; row < rows.count; row++)
        places[row] = (struct refold_place){.topic = "commands",
                                            .partition = (int32_t)postgres_integer(&rows, row, 0),
                                            .next = postgres_integer(&rows, row, 1)};
    *ret_places = places;
    *ret_count = (size_t)rows.count;
    return rebuild_refold(rebuild, refold_ends(rebuild->refold, places, *ret_count));
}

struct on_its_way {
    struct postgres_array ids;
};

static void on_its_way_done(struct on_its_way *on_its_way)
{
    postgres_array_done(&on_its_way->ids);
}

static void see(void *self, const struct event *event)
{
    struct on_its_way *on_its_way = self;

    if (event->readable && strcmp(event->role, "system") == 0)
        postgres_array_text(&on_its_way->ids, span_of(event->id.text));
}

/* Takes back those that only wait to be decided. */
static int forgive_waiting(struct rebuild *rebuild)
{
    CLEANUP(free_cleanup) struct refold_place *places = NULL;
    CLEANUP(on_its_way_done) struct on_its_way on_its_way = {0};
    const struct postgres_value value = {.type = POSTGRES_UUID, .array = &on_its_way.ids};
    size_t count = 0;
    int outcome = waiting_places(rebuild, &places, &count);

    postgres_array_start(&on_its_way.ids, POSTGRES_UUID);
    if (outcome == 0)
        outcome = rebuild_refold(rebuild, refold_scan(rebuild->refold, places, count, see, &on_its_way));
    return outcome == 0 ? ask(rebuild, rebuild->link, "rebuild_on_its_way", &value, NULL) : outcome;
}

static int timers_lost(struct rebuild *rebuild, int64_t *ret_armed, int64_t *ret_lost)
{
    CLEANUP(postgres_rows_done) struct postgres_rows armed = {0};
    CLEANUP(postgres_rows_done) struct postgres_rows lost = {0};
    int outcome;

    postgres_send(rebuild->link, "rebuild_fired", NULL, 0, NULL);
    postgres_send(rebuild->link, "rebuild_armed", NULL, 0, &armed);
    postgres_send(rebuild->link, "rebuild_forgive", NULL, 0, NULL);
    postgres_send(rebuild->link, "rebuild_lost", NULL, 0, &lost);
    outcome = outcome_of(rebuild, rebuild->link, postgres_sync(rebuild->link, NULL));
    *ret_armed = outcome == 0 ? postgres_integer(&armed, 0, 0) : 0;
    *ret_lost = lost.count;
    return outcome;
}

static int timers_noted(struct rebuild *rebuild, int64_t *ret_lost)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    int outcome = ask(rebuild, rebuild->link, "rebuild_noted", NULL, &rows);

    *ret_lost = outcome == 0 ? postgres_integer(&rows, 0, 0) : 0;
    return outcome;
}

int rebuild_timers(struct rebuild *rebuild, int64_t *ret_armed, int64_t *ret_lost)
{
    int outcome = timers_lost(rebuild, ret_armed, ret_lost);

    if (outcome == 0 && *ret_lost > 0)
        outcome = forgive_waiting(rebuild);
    return outcome == 0 && *ret_lost > 0 ? timers_noted(rebuild, ret_lost) : outcome;
}

int rebuild_differences(struct rebuild *rebuild, int64_t most, rebuild_shown shown)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    const struct postgres_value value = {.type = POSTGRES_INT8, .integer = most};
    int outcome = ask(rebuild, rebuild->link, "rebuild_shown", &value, &rows);

    for (int row = 0; row < rows.count; row++) {
        struct id id;

        postgres_id(&rows, row, 1, &id);
        shown(postgres_text(&rows, row, 0), &id, postgres_text(&rows, row, 2));
    }
    return outcome;
}

/* --- putting right --- */

/* A batch holds its positions for milliseconds; a projector that waits for ours comes again by itself. */
int rebuild_hold(struct rebuild *rebuild)
{
    const struct postgres_value partitions = {.type = POSTGRES_INT4,
                                              .integer = topic_row_of("commands")->partitions};
    int outcome = ask(rebuild, rebuild->control, "rebuild_positions", &partitions, NULL);

    for (int tries = 0; tries < HOLD_TRIES && (tries == 0 || outcome == REBUILD_AWAY); tries++) {
        postgres_send(rebuild->control, "begin", NULL, 0, NULL);
        postgres_send(rebuild->control, "rebuild_minute", NULL, 0, NULL);
        outcome = ask(rebuild, rebuild->control, "rebuild_hold", NULL, NULL);
    }
    return outcome;
}

void rebuild_release(struct rebuild *rebuild)
{
    postgres_send(rebuild->control, "rollback", NULL, 0, NULL);
    if (postgres_sync(rebuild->control, NULL) != POSTGRES_DONE)
        postgres_drop(rebuild->control);
}

int rebuild_put_right(struct rebuild *rebuild, int64_t *ret_rows, int64_t *ret_timers)
{
    CLEANUP(postgres_rows_done) struct postgres_rows put = {0};
    CLEANUP(postgres_rows_done) struct postgres_rows armed = {0};
    int outcome;

    postgres_send(rebuild->link, "rebuild_put_right", NULL, 0, &put);
    postgres_send(rebuild->link, "rebuild_arm", NULL, 0, &armed);
    postgres_send(rebuild->link, "rebuild_hint", NULL, 0, NULL);
    outcome = outcome_of(rebuild, rebuild->link, postgres_sync(rebuild->link, NULL));
    *ret_rows = outcome == 0 ? postgres_integer(&put, 0, 0) : 0;
    *ret_timers = armed.count;
    return outcome;
}
