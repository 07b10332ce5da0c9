/* SPDX-License-Identifier: Apache-2.0
 * PostgreSQL by libpq: prepared statements in pipeline segments with binary array parameters.
 * Readers use it blocking (postgres_send ..., postgres_sync); servers nonblocking (descriptor, want, step).
 * A segment is what stands between two Syncs: statements in it fail together after the first error.
 * Sessions: keepalives, tcp_user_timeout, lock and statement and idle-in-transaction timeouts,
 * synchronous_commit=on; never a transaction pooler. Single-threaded. */
#ifndef COLIS_LINKS_POSTGRES_H
#define COLIS_LINKS_POSTGRES_H

#include "schemas/codec.h"
#include "shared/base/cleanup.h"
#include "shared/base/settings.h"

/* postgres_url (secret) postgres_database ("" = namespace) postgres_statement_ms postgres_lock_ms */
extern const struct setting postgres_settings[];

struct postgres;
struct pg_result;

/* How a failure is to be met: by SQLSTATE, in one table in postgres.c (design section 4). */
enum postgres_outcome {
    POSTGRES_DONE = 0,
    POSTGRES_RETRY = 1,   /* 08 40 53 55P03 57 58 25006, connection gone, unanswered, what is asked for is not
                             there or not granted (yet): again from the start */
    POSTGRES_UNIQUE = 2,  /* 23505 */
    POSTGRES_REFUSED = 3, /* any other: the statement or its data is wrong */
};

MUST_CHECK int postgres_new(const char *application, const char *name_space, struct postgres **ret_link);
void postgres_free(struct postgres *link);
DEFINE_CLEANUP(struct postgres, postgres_free)
/* Text and SQLSTATE of the newest failure; never NULL. */
const char *postgres_why(const struct postgres *link);

/* A parameter of a prepared statement. All NULL-able. */
enum postgres_type {
    POSTGRES_TEXT = 1,
    POSTGRES_UUID,
    POSTGRES_INT2,
    POSTGRES_INT4,
    POSTGRES_INT8,
    POSTGRES_BOOL,
    POSTGRES_TIME,
    POSTGRES_BYTEA,
    POSTGRES_JSONB
};

/* A column of a batch: a one-dimensional array in PostgreSQL's binary form, reused over batches. */
struct postgres_array {
    struct buf bytes;
    enum postgres_type type;
    int32_t count;
    bool nulls;
};
void postgres_array_start(struct postgres_array *array, enum postgres_type type);
void postgres_array_done(struct postgres_array *array);
void postgres_array_null(struct postgres_array *array);
void postgres_array_text(struct postgres_array *array,
                         struct span text); /* TEXT, BYTEA, JSONB, and UUID from its text */
void postgres_array_id(struct postgres_array *array, const struct id *id); /* UUID; null where it is none */
void postgres_array_integer(struct postgres_array *array,
                            int64_t value); /* INT2 INT4 INT8, TIME from milliseconds, BOOL */
#define POSTGRES_BEFORE_ALL INT64_MIN       /* a TIME: -infinity */

enum { POSTGRES_PARAMETERS = 96 }; /* of one statement at most: a state has fewer columns */
struct postgres_value {
    enum postgres_type type;
    const struct postgres_array *array; /* set: an array of type; else the scalar below */
    bool null;
    struct span text; /* TEXT BYTEA JSONB, UUID as text */
    int64_t integer;  /* INT*, BOOL, TIME in milliseconds */
};

/* Statements are named rows, prepared on each new connection. */
struct postgres_statement {
    const char *name, *sql; /* the list ends with an empty row */
};
void postgres_statements(struct postgres *link,
                         const struct postgres_statement
                             *statements); /* kept, not copied; call before use; several lists may be given */

/* One more, prepared in the open segment (blocking links; connected) and on each connection to come; kept,
 * not copied. Where its segment fails it is unknown whether the server has it: drop the connection. */
void postgres_prepare(struct postgres *link, const struct postgres_statement *statement);

/* Plans each statement once, and not anew for its first five values: where all of them go by keys, many, and
 * by arrays, whose plans are alike and no cheaper for knowing them. Call before use. */
void postgres_plan_once(struct postgres *link);

/* One result row by row, columns by number; binary format. */
struct postgres_rows {
    struct pg_result *result;
    int count; /* rows; of a statement that returns none: how many it changed */
};
bool postgres_null(const struct postgres_rows *rows, int row, int column);
struct span postgres_text(const struct postgres_rows *rows, int row,
                          int column); /* text, bytea, jsonb (without its version byte) */
int64_t postgres_integer(const struct postgres_rows *rows, int row,
                         int column); /* int2 int4 int8 bool; timestamptz as milliseconds */
void postgres_id(const struct postgres_rows *rows, int row, int column, struct id *ret_id);
void postgres_rows_done(struct postgres_rows *rows);

/* --- blocking, for readers --- */
/* Connects if not connected; statements prepared. Finding the server and shaking hands with it is bounded by
 * 5 s together, each answer after that by as much. The names of hosts are looked up as by postgres_start,
 * over several calls where that takes long. */
MUST_CHECK int postgres_ready(struct postgres *link);
/* Queues a statement into the open segment. kept until postgres_sync. rows: where its result goes, or NULL.
 */
void postgres_send(struct postgres *link, const char *statement, const struct postgres_value *values,
                   int count, struct postgres_rows *ret_rows);
/* Ends the segment and waits for every result: one round trip. On failure every ret_rows of it is empty,
 * and the transaction, if one is open, is rolled back or the connection dropped: nothing stays behind.
 * ret_failed: which statement of the segment failed (from 0), may be NULL. */
MUST_CHECK int postgres_sync(struct postgres *link, int *ret_failed);
/* What is queued goes on its way, and the server begins with it; only inside a transaction. Never waits; a
 * failure is postgres_sync's. Once it is done the server counts the session idle (its timeout runs). */
void postgres_push(struct postgres *link);
void postgres_drop(struct postgres *link); /* closes; the next postgres_ready connects anew */
bool postgres_connected(const struct postgres *link);
uint64_t postgres_session(const struct postgres *link); /* which one of this link's, from 1 */
/* BEGIN, COMMIT, ROLLBACK as statements "begin", "commit", "rollback" are always prepared. */
int postgres_descriptor(const struct postgres *link); /* -1 where not connected; see postgres_wants */
/* Waits at most timeout_ms for a hint on a channel listened to: DONE (told, or in vain), RETRY (not
 * connected). */
MUST_CHECK int postgres_wait(struct postgres *link, int timeout_ms);

/* Both kinds: LISTEN on each new connection; told is called from postgres_step, _sync and _wait for each
 * hint. Call before the first connection. channel: a plain lower-case word, kept, not copied. */
typedef void (*postgres_told)(void *self);
void postgres_listen(struct postgres *link, const char *channel, postgres_told told, void *self);

/* --- nonblocking, for servers --- */
/* Each segment has a callback; segments are answered in order. rows[] are the results of the segment's
 * statements in order (freed after the callback). outcome as above; called once, from postgres_step or
 * postgres_free. */
typedef void (*postgres_answered)(void *self, int outcome, struct postgres_rows *rows, int count);
/* Starts connecting where needed; re-connects with back-off from step(); requests on a connection that dies
 * are answered RETRY. The names of hosts are looked up on a thread of their own: the caller's never waits.
 * Each try in a row begins at the next of the server's addresses: a silent one costs a try, not the others.
 */
MUST_CHECK int postgres_start(struct postgres *link);
void postgres_ask(struct postgres *link, const char *statement, const struct postgres_value *values,
                  int count);
MUST_CHECK int postgres_end(
    struct postgres *link, postgres_answered answered,
    void *self); /* Sync; POSTGRES_RETRY (not queued, not called) where not connected or 256 segments wait */
/* How many segments are asked and not answered. */
size_t postgres_waiting(const struct postgres *link);
/* The descriptor stays the same from postgres_start to postgres_free (an epoll descriptor that follows the
 * connections behind it), so the only thing to wait for is that it is readable: 1. 0 before postgres_start.
 */
int postgres_wants(const struct postgres *link);
MUST_CHECK int postgres_step(struct postgres *link); /* when readable, and every 100 ms */

/* --- rows of the states room: columns by the tables --- */
/* Column names of a state, nested objects flattened with _ and an array one jsonb column, quoted:
 * "id", "version", ..., "origin_country". With a prefix where given ("s."). */
void postgres_columns(const struct schema *state, const char *prefix, struct buf *to);
/* Those that tell what refers to what: uuids, and the version. As bits (see below), and their names. */
uint64_t postgres_reference_columns(const struct schema *state);
void postgres_references(const struct schema *state, struct buf *to);
/* How many columns, and the type of each. */
int postgres_column_types(const struct schema *state, enum postgres_type *ret_types, int capacity);
/* Appends one row's values to arrays[0..columns). */
void postgres_bind(const struct schema *state, const void *row, struct postgres_array *arrays);
/* Reads columns first..first+columns of a result row into the struct. ERROR_DATA where the stored text is no
 * value of its enum, or a stored array not one of its items. */
MUST_CHECK int postgres_fetch(const struct schema *state, const struct postgres_rows *rows, int row,
                              int first, void *ret_row);
/* "insert into state.parcel (...) select unnest($1::uuid[]), ..." and "update state.parcel s set ... from
 * (select unnest($1::uuid[]) as id, ...) n where s.id = n.id and s.version = n.was", the last parameter being
 * the array of versions before. */
void postgres_insert_sql(const struct schema *state, const char *table, struct buf *to);
void postgres_update_sql(const struct schema *state, const char *table, struct buf *to);

/* Some columns only: bit n is column n, the last bit all columns from there on. The id and the version are
 * always among them. */
uint64_t postgres_changed(const struct schema *state, const void *was,
                          const void *is); /* those that differ */
int postgres_types_of(const struct schema *state, uint64_t columns, enum postgres_type *ret_types,
                      int capacity);
void postgres_bind_of(const struct schema *state, uint64_t columns, const void *row,
                      struct postgres_array *arrays);
/* From the first column on; members of other columns are as in an empty state. */
MUST_CHECK int postgres_fetch_of(const struct schema *state, uint64_t columns,
                                 const struct postgres_rows *rows, int row, void *ret_row);
void postgres_update_of_sql(const struct schema *state, uint64_t columns, const char *table, struct buf *to);

#endif
