/* SPDX-License-Identifier: Apache-2.0
 * Statements of the relay. What stands in one segment is one transaction: it holds or fails whole, also where
 * the answer is lost, since positions and rows then tell the same story to the next session. */
#include "producers/relay/store.h"

#include <stdio.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/base/fail.h"
#include "shared/base/log.h"

enum {
    LOCK_CLASS = 0x7265, /* ours among the advisory locks of a database; the shard is the other half */
    CLOCKS_MS = 60000,   /* no machine that keeps its time is so far from another */
};

int64_t store_shard, store_poll_ms;
static int64_t batch;

/* clang-format off */
const struct setting store_settings[] = {
    /* One shard today: positions are not kept by shard, so a second relay would read the first one's records. */
    {"relay_shard", SETTING_INTEGER, "0", 0, 0,
     .help = "which shard of the outbox is relayed; there is one", .target = &store_shard},
    {"relay_batch", SETTING_INTEGER, "200", 1, 2000,
     .help = "most rows of the outbox published at once: pages of some ten facts, or commands", .target = &batch},
    {"relay_poll_ms", SETTING_INTEGER, "50", 1, 1000,
     .help = "how long the relay waits for a hint before it looks", .target = &store_poll_ms},
    {0},
};
/* clang-format on */

/* clang-format off */
const struct postgres_statement store_statements[] = {
    {"relay_silence",   "select set_config('idle_session_timeout', $1::text, false)"},
    {"relay_lock",      "select pg_try_advisory_lock($1::int4, $2::int4)"},
    {"relay_speak",     "select 1"},
    {"relay_cluster_keep",
                        "insert into bus.cluster (reader, id) values ('relay', $1::text) on conflict do nothing"},
    {"relay_cluster",   "select id from bus.cluster where reader = 'relay'"},
    {"relay_positions", "select topic, partition, next from bus.relay_position"},
    /* One row even where there is nothing: the snapshot and what it sees come from one statement. age() counts to the
     * next xid that will be given away, and is asked after the snapshot: xmax is only behind the last that ended. */
    {"relay_facts",     "select pg_snapshot_xmin(s.taken)::text::int8,"
                        " pg_snapshot_xmax(s.taken)::text::int8 + age(pg_snapshot_xmax(s.taken)::xid), "
                        "(extract(epoch from statement_timestamp()) * 1000)::int8, o.id, o.messages"
                        " from (select pg_current_snapshot() as taken) s left join lateral"
                        " (select id, messages from bus.outbox_page where shard = $1::int2 and id > $2::int8"
                        "  order by id limit $3::int8) o on true order by o.id"},
    /* Due by our clock, too: what fires early is decided for good, what fires late lengthens nobody's right.
     * Microseconds since 1970; null: at once. */
    {"relay_due",       "select id, case when due > '-infinity' then (extract(epoch from due) * 1000000)::int8 end,"
                        " headers, value from bus.outbox_command"
                        " where shard = $1::int2 and due <= least(statement_timestamp(), 'epoch'::timestamptz"
                        " + $3::int8 * interval '1 millisecond') order by due, id limit $2::int8"},
    {"relay_published", "delete from bus.outbox_page where id = any($1::int8[])"},
    /* None of them is due later than the last, and what is due has an index. id + 0: that index is gone through
     * once, not once an id. */
    {"relay_sent",      "delete from bus.outbox_command where shard = $2::int2 and due <= coalesce('epoch'::timestamptz"
                        " + $3::int8 * interval '1 microsecond', '-infinity') and id + 0 = any($1::int8[])"},
    {"relay_found",     "select bus.outbox_found($1::uuid[])"},
    {"relay_move",      "insert into bus.relay_position as p (topic, partition, next)"
                        " select * from unnest($1::text[], $2::int4[], $3::int8[])"
                        " on conflict (topic, partition) do update set next = excluded.next"
                        " where p.next < excluded.next"},
    {NULL, NULL},
};
/* clang-format on */

enum { XMIN, NEXT_XID, NOW, PAGE, MESSAGES }; /* columns of relay_facts */
enum { ID, DUE, LINE, DATA };                 /* of relay_due */

/* Whatever PostgreSQL did not do ends the session: the next one reads how things stand. */
static int asked(struct relay *relay, int outcome)
{
    relay->spoken_ms = clock_steady_ms();
    if (outcome > 0) {
        log_seldom(outcome == POSTGRES_RETRY ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR, "PostgreSQL did not answer",
                   .err = postgres_why(relay->postgres));
        return RELAY_OVER;
    }
    return error_forward(outcome);
}

static int run(struct relay *relay, const char *statement, struct postgres_rows *ret_rows)
{
    postgres_send(relay->postgres, statement, NULL, 0, ret_rows);
    return asked(relay, postgres_sync(relay->postgres, NULL));
}

int store_lock(struct relay *relay, bool *ret_taken)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    char silence[16];
    snprintf(silence, sizeof silence, "%d", RELAY_IDLE_MS);
    const struct postgres_value idle = {.type = POSTGRES_TEXT, .text = span_of(silence)};
    const struct postgres_value lock[] = {{.type = POSTGRES_INT4, .integer = LOCK_CLASS},
                                          {.type = POSTGRES_INT4, .integer = store_shard}};
    postgres_send(relay->postgres, "relay_silence", &idle, 1, NULL);
    postgres_send(relay->postgres, "relay_lock", lock, 2, &rows);
    int result = asked(relay, postgres_sync(relay->postgres, NULL));
    if (result == 0)
        *ret_taken = postgres_integer(&rows, 0, 0) != 0;
    return result;
}

int store_cluster(struct relay *relay, const char *cluster)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    const struct postgres_value value = {.type = POSTGRES_TEXT, .text = span_of(cluster)};
    postgres_send(relay->postgres, "relay_cluster_keep", &value, 1, NULL);
    postgres_send(relay->postgres, "relay_cluster", NULL, 0, &rows);
    int result = asked(relay, postgres_sync(relay->postgres, NULL));
    if (result != 0)
        return result;
    if (rows.count == 1 && span_is(postgres_text(&rows, 0, 0), cluster))
        return 0;
    relay->torn = "the positions in PostgreSQL mean another Kafka cluster";
    return RELAY_TORN;
}

int store_positions(struct relay *relay)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    int result = run(relay, "relay_positions", &rows);
    for (size_t at = 0; at < relay->place_count; at++) {
        relay->places[at].next = -1;
        relay->places[at].moved = relay->places[at].ended = false;
    }
    ahead_known(relay->places, relay->place_count, &rows);
    return result;
}

void store_scan_done(struct store_scan *scan)
{
    postgres_rows_done(&scan->facts);
    postgres_rows_done(&scan->due);
}

/* The slower of two clocks says what is due; which of them is wrong nobody here can tell. */
static void check_clocks(int64_t ours_ms, int64_t theirs_ms)
{
    char apart[64];
    int64_t ahead_ms = theirs_ms - ours_ms;
    if (ahead_ms <= CLOCKS_MS && ahead_ms >= -CLOCKS_MS)
        return;
    snprintf(apart, sizeof apart, "PostgreSQL's is %lld s %s",
             (long long)(ahead_ms < 0 ? -ahead_ms : ahead_ms) / 1000, ahead_ms < 0 ? "behind" : "ahead");
    log_seldom(LOG_LEVEL_WARN, "two clocks differ: timers go by the slower one", .err = apart);
}

int store_read(struct relay *relay, struct store_scan *ret_scan)
{
    int64_t now_ms = clock_wall_ms();
    const struct postgres_value facts[] = {{.type = POSTGRES_INT2, .integer = store_shard},
                                           {.type = POSTGRES_INT8, .integer = relay->floor.id},
                                           {.type = POSTGRES_INT8, .integer = batch}};
    const struct postgres_value due[] = {facts[0], facts[2], {.type = POSTGRES_INT8, .integer = now_ms}};
    postgres_send(relay->postgres, "relay_facts", facts, 3, &ret_scan->facts);
    postgres_send(relay->postgres, "relay_due", due, 3, &ret_scan->due);
    int result = asked(relay, postgres_sync(relay->postgres, NULL));
    if (result != 0)
        return result;
    const struct postgres_rows *rows = &ret_scan->facts;
    check_clocks(now_ms, postgres_integer(rows, 0, NOW));
    ret_scan->due_count = ret_scan->due.count;
    ret_scan->page_count = rows->count == 1 && postgres_null(rows, 0, PAGE) ? 0 : rows->count;
    ret_scan->seen = (struct floor_scan){
        .xmin = postgres_integer(rows, 0, XMIN),
        .next_xid = postgres_integer(rows, 0, NEXT_XID),
        .last_id = ret_scan->page_count > 0 ? postgres_integer(rows, rows->count - 1, PAGE) : 0,
        .full = ret_scan->page_count >= batch,
    };
    return 0;
}

int64_t store_page(const struct store_scan *scan, int row, struct span *ret_messages)
{
    *ret_messages = postgres_text(&scan->facts, row, MESSAGES);
    return postgres_integer(&scan->facts, row, PAGE);
}

int64_t store_due(const struct store_scan *scan, int row, struct span *ret_line, struct span *ret_data)
{
    *ret_line = postgres_text(&scan->due, row, LINE);
    *ret_data = postgres_text(&scan->due, row, DATA);
    return postgres_integer(&scan->due, row, ID);
}

/* The positions of the places that moved, as the columns of relay_move. */
struct moves {
    struct postgres_array topics, partitions, nexts;
};

static void moves_done(struct moves *moves)
{
    postgres_array_done(&moves->topics);
    postgres_array_done(&moves->partitions);
    postgres_array_done(&moves->nexts);
}

static void send_moves(struct relay *relay, struct moves *moves)
{
    postgres_array_start(&moves->topics, POSTGRES_TEXT);
    postgres_array_start(&moves->partitions, POSTGRES_INT4);
    postgres_array_start(&moves->nexts, POSTGRES_INT8);
    for (size_t at = 0; at < relay->place_count; at++) {
        const struct ahead_place *place = &relay->places[at];
        if (!place->moved)
            continue;
        postgres_array_text(&moves->topics, span_of(place->topic));
        postgres_array_integer(&moves->partitions, place->partition);
        postgres_array_integer(&moves->nexts, place->next);
    }
    const struct postgres_value values[] = {{.type = POSTGRES_TEXT, .array = &moves->topics},
                                            {.type = POSTGRES_INT4, .array = &moves->partitions},
                                            {.type = POSTGRES_INT8, .array = &moves->nexts}};
    if (moves->topics.count > 0)
        postgres_send(relay->postgres, "relay_move", values, 3, NULL);
}

static void moves_kept(struct relay *relay)
{
    for (size_t at = 0; at < relay->place_count; at++)
        relay->places[at].moved = false;
}

static int settled(struct relay *relay, int deleted, const struct postgres_array *ids)
{
    if (deleted == ids->count)
        return 0;
    relay->torn = "somebody else deletes rows of the outbox";
    return RELAY_TORN;
}

int store_settle(struct relay *relay, const struct postgres_array *pages)
{
    CLEANUP(postgres_rows_done) struct postgres_rows deleted = {0};
    CLEANUP(moves_done) struct moves moves = {0};
    const struct postgres_value value = {.type = POSTGRES_INT8, .array = pages};
    postgres_send(relay->postgres, "relay_published", &value, 1, &deleted);
    send_moves(relay, &moves);
    int result = asked(relay, postgres_sync(relay->postgres, NULL));
    if (result != 0)
        return result;
    moves_kept(relay);
    return settled(relay, deleted.count, pages);
}

int store_sent(struct relay *relay, const struct store_scan *scan, const struct postgres_array *ids)
{
    CLEANUP(postgres_rows_done) struct postgres_rows deleted = {0};
    int last = scan->due_count - 1;
    bool at_once = postgres_null(&scan->due, last, DUE);
    const struct postgres_value values[] = {
        {.type = POSTGRES_INT8, .array = ids},
        {.type = POSTGRES_INT2, .integer = store_shard},
        {.type = POSTGRES_INT8,
         .null = at_once,
         .integer = at_once ? 0 : postgres_integer(&scan->due, last, DUE)}};
    postgres_send(relay->postgres, "relay_sent", values, 3, &deleted);
    int result = asked(relay, postgres_sync(relay->postgres, NULL));
    return result != 0 ? result : settled(relay, deleted.count, ids);
}

static bool among(const struct postgres_rows *rows, const struct id *event)
{
    for (int row = 0; row < rows->count; row++) {
        struct id there;
        postgres_id(rows, row, 0, &there);
        if (id_same(&there, event))
            return true;
    }
    return false;
}

/* Why fewer were found than stand on their topics; *ret_event is the first of which that is so. */
static const char *why_fewer(const struct postgres_rows *rows, const struct id *events, int count,
                             struct id *ret_event)
{
    for (int at = 0; at < count; at++) {
        *ret_event = events[at];
        if (!among(rows, ret_event))
            return "PostgreSQL lost time: a topic holds a fact that the outbox never had";
        for (int before = 0; before < at; before++) {
            if (id_same(&events[before], ret_event))
                return "a topic holds a fact twice";
        }
    }
    return "the outbox holds a fact twice";
}

/* Deletes and looks first, in an open transaction: only then is it known whether the outbox had them all. */
int store_found(struct relay *relay, const struct id *events, int count, struct id *ret_odd)
{
    CLEANUP(postgres_rows_done) struct postgres_rows deleted = {0};
    CLEANUP(postgres_array_done) struct postgres_array array = {0};
    CLEANUP(moves_done) struct moves moves = {0};
    postgres_array_start(&array, POSTGRES_UUID);
    for (int at = 0; at < count; at++)
        postgres_array_text(&array, span_of(events[at].text));
    const struct postgres_value value = {.type = POSTGRES_UUID, .array = &array};
    postgres_send(relay->postgres, "begin", NULL, 0, NULL);
    postgres_send(relay->postgres, "relay_found", &value, 1, &deleted);
    int result = asked(relay, postgres_sync(relay->postgres, NULL));
    if (result != 0)
        return result;
    if (deleted.count != count) {
        relay->torn = why_fewer(&deleted, events, count, ret_odd);
        result = run(relay, "rollback", NULL);
        return result != 0 ? result : RELAY_TORN;
    }
    FAIL_POINT("relay-found");
    send_moves(relay, &moves);
    postgres_send(relay->postgres, "commit", NULL, 0, NULL);
    result = asked(relay, postgres_sync(relay->postgres, NULL));
    if (result == 0)
        moves_kept(relay);
    return result;
}

int store_speak(struct relay *relay)
{
    return run(relay, "relay_speak", NULL);
}

int store_wait(struct relay *relay)
{
    return asked(relay, postgres_wait(relay->postgres, (int)store_poll_ms));
}
