/* SPDX-License-Identifier: Apache-2.0
 * colis-projector --rebuild: folds every fact again, from the start of its topics, into tables beside the
 * live ones, and compares them row by row; with --switch, what differs is put right.
 *
 * It runs beside live traffic. To compare, it needs no lock: one snapshot of PostgreSQL says which facts were
 * published (bus.relay_position), which are still in the outbox, and what the live tables made of them. To
 * put right, it holds the projector's positions, so that nothing is decided, folds what has come since, and
 * replaces the rows that differ in one transaction. Rows are replaced rather than tables renamed: policies,
 * grants, views and functions stay bound to the tables, no reader waits for a lock, and what was right is not
 * touched.
 *
 * It decides nothing, publishes nothing, and writes nothing but its own schema, the rows that differ, and
 * timers that facts armed and that are neither waiting nor decided. */
#ifndef COLIS_PROJECTOR_REBUILD_H
#define COLIS_PROJECTOR_REBUILD_H

#include "consumers/projector/refold.h"

/* argv[0] is "--rebuild". Returns an exit code: see the usage in rebuild.c. */
int rebuild_main(int argc, char **argv);

/* A server is away or slow, or somebody else is at it; the reason is in rebuild->why. */
enum { REBUILD_AWAY = 1 };

struct rebuild {
    struct postgres *control; /* one rebuild at a time, makes the schema, holds the positions */
    struct postgres *link;    /* everything else */
    struct refold *refold;
    struct refold_place *places;
    size_t place_count;
    int64_t contradictory;           /* aggregates whose facts do not fit */
    struct postgres_array broken[3]; /* those of them not written yet: kind, id, why */
    int64_t records;                 /* in the topics, to begin with */
    int64_t spoken_ms;               /* the newest line of progress */
    const char *why;                 /* of REBUILD_AWAY */
    char text[256];
};

/* rebuild_rows.c: what is asked of PostgreSQL. */
extern const struct postgres_statement rebuild_control_statements[], rebuild_statements[];

/* What the refold answered, in our words. REBUILD_AWAY. */
MUST_CHECK int rebuild_refold(struct rebuild *rebuild, int outcome);
/* Takes the lock of rebuilds and makes the schema; only then may link connect. REBUILD_AWAY. */
MUST_CHECK int rebuild_prepare(struct rebuild *rebuild);
MUST_CHECK int rebuild_forget(struct rebuild *rebuild); /* drops the schema. REBUILD_AWAY */
/* The Kafka cluster the projector's positions mean; "" where it has none yet. REBUILD_AWAY. */
MUST_CHECK int rebuild_cluster(struct rebuild *rebuild, char ret_id[64]);
/* Where facts are published up to becomes the end of each place. REBUILD_AWAY. */
MUST_CHECK int rebuild_published(struct rebuild *rebuild);
/* Begins a transaction that sees one moment; in it, the tables are brought to that moment. REBUILD_AWAY. */
MUST_CHECK int rebuild_moment(struct rebuild *rebuild);
MUST_CHECK int rebuild_moment_end(struct rebuild *rebuild); /* commits. REBUILD_AWAY */

struct rebuild_compared {
    int64_t live, rebuilt, differing;
    char digest[65], rebuilt_digest[65];
};
/* One table: a kind, or "ledger". Notes what differs. REBUILD_AWAY. */
MUST_CHECK int rebuild_compare(struct rebuild *rebuild, const char *kind,
                               struct rebuild_compared *ret_compared);
/* Notes the timers that are armed and are nowhere: not in the outbox, not on the topic, not parked, not
 * decided. REBUILD_AWAY. */
MUST_CHECK int rebuild_timers(struct rebuild *rebuild, int64_t *ret_armed, int64_t *ret_lost);
/* How many aggregates' facts contradict themselves; they are left alone. REBUILD_AWAY. */
MUST_CHECK int rebuild_broken(struct rebuild *rebuild, int64_t *ret_broken);
void rebuild_unfit(void *self, const struct event *event, const struct machine *machine, const char *why);
void rebuild_unfit_send(void *self, struct postgres *link);
/* Calls shown for the first most of what was noted, what is broken before the rest. REBUILD_AWAY. */
typedef void (*rebuild_shown)(struct span kind, const struct id *id, struct span why);
MUST_CHECK int rebuild_differences(struct rebuild *rebuild, int64_t most, rebuild_shown shown);

/* Nothing is decided from hold to release, which also ends it by itself where we stop to speak for a minute.
 * REBUILD_AWAY. */
MUST_CHECK int rebuild_hold(struct rebuild *rebuild);
void rebuild_release(struct rebuild *rebuild);
/* Within a moment, held: what was noted is replaced, lost timers are armed. REBUILD_AWAY. */
MUST_CHECK int rebuild_put_right(struct rebuild *rebuild, int64_t *ret_rows, int64_t *ret_timers);

#endif
