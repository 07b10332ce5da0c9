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
 * - A command that was aside when the backup was made and has published facts is decided from its row, and so
 *   are those of its key that stood before it.
 * - A command behind the last one with facts was never decided as far as topics tell; but its verdict may
 * have been shown, and others have acted on it: those that are there when this begins are decided last, in
 * the order they were asked over all partitions. What is asked meanwhile is the projector's, as usual.
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

#include "consumers/projector/parked.h"
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
    int64_t asked;  /* the newest there was when this began; -1: none */
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

/* A command to be decided from its row in bus.parked. */
struct recover_aside {
    enum recover_state state;
    bool has_facts;
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
    struct postgres_rows aside;    /* rows of bus.parked to be decided: the first of each key */
    struct recover_aside *heads;   /* the same, row by row */
    struct buf value;              /* scratch */
    bool behind;                   /* what is decided now has no facts, and stands behind all that has */
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

/* --- recover_expected.c: what is known of a command; recover_expect was called for it --- */

int recover_facts_of(const struct recover *recover,
                     const struct event *event); /* how many are not back yet */
/* The row of the notice that it was put aside: -1 where there is none. */
int recover_notice_of(const struct recover *recover, const struct event *event,
                      struct command_parked_v1 *ret_notice);
/* The batch's judge. Every published fact is among what it makes now; what was not published yet may be, too.
 */
bool recover_agrees(void *self, const struct batch_item *item, const struct domain_decision *decision);
/* All it changed stands at the version before. */
bool recover_applies(struct recover *recover, const struct event *event);
void recover_note_back(const struct recover *recover, const struct event *event, struct postgres_array *back);

/* What is done about one command that does not go on, in the transaction that moves past it. */
typedef int recover_remedy(struct recover *recover, const struct event *event);
recover_remedy recover_refuse;  /* as stale */
recover_remedy recover_park;    /* for reader_reason() */
recover_remedy recover_believe; /* its facts, which are folded as they are */

/* --- recover_parked.c: commands that were aside when the backup was made, and decided since --- */

extern const struct postgres_statement recover_parked_statements[];
/* After recover_last: says of facts that their command stands in bus.parked. */
MUST_CHECK int recover_place_parked(struct recover *recover);
/* Decides from their rows what can be decided now. *ret_count: how many; 0: none, each head says why. */
MUST_CHECK int recover_parked(struct recover *recover, int64_t *ret_count);
/* As recover_force, of these rows. */
MUST_CHECK int recover_force_parked(struct recover *recover, bool facts, bool *ret_done);
/* A row of this key is to be decided yet. */
bool recover_key_waits(const struct recover *recover, const char *key);

/* --- recover_commands.c: the commands --- */

MUST_CHECK int
recover_open(struct recover *recover); /* positions, consumer, and where each fact's command is */
MUST_CHECK int recover_fill(struct recover *recover); /* until each window that has more to come holds some */
bool recover_over(const struct recover *recover);     /* nothing more to be decided */
void recover_go_behind(struct recover *recover);      /* once over: on to what was asked behind the facts */
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
/* The remedy alone, with its position moved to next; remove as store_commit has it. */
MUST_CHECK int recover_conclude(struct recover *recover, const struct event *event, recover_remedy *apply,
                                int64_t next, const struct store_place *remove);

#endif
