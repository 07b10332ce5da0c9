/* SPDX-License-Identifier: Apache-2.0
 * colis-projector --recover: after PostgreSQL was put back to an earlier hour, brings back what was decided
 * since. The facts of the lost time stand on their topics, the commands are kept: what was decided is decided
 * again by the same rules, in the order the facts tell.
 *
 * - A command with published facts is decided once the versions of all it changed are the ones before; what
 *   comes out must be those facts, byte for byte. Then it has back all it had: state, verdict, journal,
 *   private values, timers and commands that follow, and facts that were not published before the time was
 *   lost. Where rules or data have changed so that something else comes out, the published facts win: they
 *   are folded as they are.
 * - A command without facts that stands before one with facts on its partition was refused, or put aside: it
 *   is again. Should today's order of things accept it, it waits until the rest is back; then it is refused
 *   as stale, for nobody was told otherwise.
 * - A command behind the last one with facts was never decided as far as anybody can tell: the projector
 *   decides it as usual.
 * - Facts whose command is kept no longer are folded as they are; their private values are gone.
 *
 * Each batch is one transaction with the projector's positions. Killed at any instant it is started again and
 * goes on. The relay publishes nothing before all published facts are back: it looks by itself. Whoever tells
 * or pays learns by bus.lost which facts it may have acted on.
 *
 * It may be run after any restore; where nothing was lost it changes nothing but the doubt about mails and
 * payments that waited. */
#ifndef COLIS_PROJECTOR_RECOVER_H
#define COLIS_PROJECTOR_RECOVER_H

#include "consumers/projector/refold.h"
#include "consumers/projector/store.h"
#include "shared/links/kafka_in.h"
#include "shared/run/ahead.h"

/* argv[0] is "--recover". Returns an exit code: see the usage in recover.c. */
int recover_main(int argc, char **argv);

/* A server is away or slow, or somebody else is at it; the reason is in recover->why. */
enum { RECOVER_AWAY = 1 };

/* Why the head of a partition is not decided yet. */
enum recover_state {
    RECOVER_GOES,
    RECOVER_WAITS,    /* for facts of others before its own */
    RECOVER_DIFFERS,  /* decided now it would make other facts than it did */
    RECOVER_UNHEARD,  /* it was refused, and would not be now */
    RECOVER_REJECTED, /* it cannot be decided */
};

/* A partition of commands: what was read of it and is not decided yet. */
struct recover_window {
    int64_t stored; /* as bus.position has it; -1: nothing yet */
    int64_t next;   /* the next that is to be read */
    int64_t begins; /* of a log that begins behind stored: where; else -1 */
    int64_t last;   /* the newest that was decided as far as facts tell; below stored: none */
    struct kafka_record **records;
    size_t first, count; /* of records: those from first on wait */
    bool held;           /* nothing more is taken before it is sought again */
    enum recover_state state;
};

/* A fact this database never had, or the notice of a command put aside: a row of recover->expected. */
struct recover_fact {
    struct id event, causation, subject;
    const struct machine *machine; /* NULL: no aggregate's */
    int64_t version;
    bool notice;
};

struct recover {
    struct store store;
    struct batch batch;
    struct code_key codes;
    struct refold *refold;
    struct kafka_in *in;
    struct ahead_place *places; /* of what the relay writes: read up to here by this very run */
    size_t place_count;
    struct recover_window *windows; /* one a partition */
    size_t window_count;
    struct postgres_rows expected; /* of the commands of the batch, what is not back yet */
    struct recover_fact *facts;    /* the same, row by row */
    struct event *events;          /* of the batch */
    int64_t missing, decided, folded, stale, spoken_ms;
    const char *why; /* of RECOVER_AWAY */
    char text[256];
};

extern const struct postgres_statement recover_statements[];

/* What a link, the store or the refold answered, in our words. */
MUST_CHECK int recover_postgres(struct recover *recover, int outcome);
MUST_CHECK int recover_reader(struct recover *recover, int outcome);
MUST_CHECK int recover_away(struct recover *recover, const char *why);
/* One statement, one round trip. */
MUST_CHECK int recover_ask(struct recover *recover, const char *statement,
                           const struct postgres_value *values, int count, struct postgres_rows *ret_rows);

MUST_CHECK int recover_number(struct recover *recover, const char *statement, int64_t *ret_number);

/* --- recover_stage.c: the facts of the lost time into bus.recovery --- */

MUST_CHECK int recover_lock(struct recover *recover); /* one at a time */
/* Reads what stands past relay_position into bus.recovery, and notes how far it may have been acted on.
 * recover->missing: facts this database never had. */
MUST_CHECK int recover_stage(struct recover *recover);
void recover_send_ends(struct recover *recover, const char *statement); /* takes topics, partitions, nexts */

/* --- recover_facts.c: and out of it --- */

/* Says of these commands where they stand. */
MUST_CHECK int recover_place_commands(struct recover *recover, const struct event *events, size_t count);
MUST_CHECK int recover_last(struct recover *recover); /* fills last of each window */
MUST_CHECK int recover_expect(struct recover *recover, const struct event *events, size_t count);
/* Folds facts that have no command to come, as many as can be now. */
MUST_CHECK int recover_orphans(struct recover *recover, int64_t *ret_folded);
MUST_CHECK int recover_finish(struct recover *recover);
void recover_next_sql(const char *kind, struct buf *to); /* the statement recover_next_KIND */
void recover_decided_sql(struct buf *to);                /* and recover_decided */

/* The expected facts, row by row; see recover_expect. */
enum {
    EXPECTED_EVENT,
    EXPECTED_CAUSATION,
    EXPECTED_KIND,
    EXPECTED_SUBJECT,
    EXPECTED_VERSION,
    EXPECTED_HEADERS,
    EXPECTED_VALUE,
    EXPECTED_PARTITION,
    EXPECTED_OFFSET
};
/* Folds these rows where they stand in an open transaction. */
MUST_CHECK int recover_fold(struct recover *recover, const struct postgres_rows *rows,
                            const struct id *causation);

/* --- recover_commands.c: the commands --- */

MUST_CHECK int
recover_open(struct recover *recover); /* positions, consumer, and where each fact's command is */
MUST_CHECK int recover_fill(struct recover *recover); /* until each window that has more to come holds some */
bool recover_over(const struct recover *recover);     /* nothing more to be decided */
const struct event *recover_head(const struct recover_window *window); /* NULL: empty */
void recover_drop(struct recover *recover, struct recover_window *window, size_t count);
void recover_close(struct recover *recover);

/* --- recover_decide.c: deciding again --- */

enum { RECOVER_BATCH = 500 };
/* Decides what can be decided now. *ret_count: how many commands; 0: none, each window says why. */
MUST_CHECK int recover_decide(struct recover *recover, size_t *ret_count);
/* What is left where nothing else can be: refuses as stale, or folds the published facts. ERROR_DATA where
 * nothing helps. */
MUST_CHECK int recover_force(struct recover *recover);

#endif
