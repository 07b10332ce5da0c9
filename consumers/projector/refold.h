/* SPDX-License-Identifier: Apache-2.0
 * Facts taken in again and folded into tables: what a rebuild and a recovery do. Facts come from their topics
 * (refold_read) or from wherever else they stand (refold_event: rows of the outbox). What is promised:
 *
 * - Each fact is folded once, by domain_fold, in the order of its aggregate's versions. One whose version the
 *   table has already changes nothing, tells nobody, writes nothing: a range may be read twice.
 * - A version that is missing, a fact that no row of the rules leads to, one this program cannot read,
 * records that are gone: ERROR_DATA, with the place and the aggregate, and nothing of the flush in hand is
 * written. Facts of kinds that have no machine (accounts, notices) are passed over.
 * - Rows go to SCHEMA.KIND, the journals of facts that move money to LEDGER, the timers that facts arm to
 * TIMERS where one is named: those that have no verdict yet, with the ids, dues and values they had. To
 * nothing else: no verdict, no position, no topic.
 * - A flush is two segments: one that loads the states its facts name, one that writes them. It never begins
 * or commits: outside a transaction the second segment is one by itself, inside one it is part of it.
 * - Memory is bounded by REFOLD_FACTS facts and their states, whatever the range.
 *
 * After any outcome but 0 the refold is of no more use, and its places are ahead of what was written. */
#ifndef COLIS_PROJECTOR_REFOLD_H
#define COLIS_PROJECTOR_REFOLD_H

#include "schemas/event.h"
#include "shared/domain/rule.h"
#include "shared/links/postgres.h"

enum { REFOLD_FACTS = 2000 };
/* A server did not answer, or not in time; refold_why says which. */
enum { REFOLD_AWAY = 1 };

struct refold;

/* A fact as it was folded: the state is the one after it. Valid during the call. */
struct refold_fact {
    const struct event *event; /* its command: causation */
    const struct domain_fact *fact;
    const struct machine *machine;
    const struct domain_head *state;
};

struct refold_config {
    const char *name_space; /* of topics; not needed by who calls no refold_read */
    struct postgres *link;  /* borrowed. Given before its first connection; the tables are there by then */
    const char *schema;     /* of tables with the columns of schemas/states: "state" */
    const char *ledger;     /* a table with the columns of bus.ledger: "bus.ledger" */
    const char *timers;     /* likewise of bus.outbox_command; NULL: no timer is made */
    /* Each may be NULL. folded: of each fact that was, memory only. sending: once a flush that folded any,
     * may queue statements into the segment that writes: they hold or fail with the rows. */
    void (*folded)(void *self, const struct refold_fact *fact);
    /* A version that is missing, or a fact no rule leads to: its aggregate stays as it was, and each of its
     * later facts comes here too. NULL: ERROR_DATA, as above. */
    void (*unfit)(void *self, const struct event *event, const struct machine *machine, const char *why);
    void (*sending)(void *self, struct postgres *link);
    void *self;
};

MUST_CHECK int refold_new(const struct refold_config *config, struct refold **ret_refold);
void refold_free(struct refold *refold);
DEFINE_CLEANUP(struct refold, refold_free)
const char *refold_why(const struct refold *refold); /* of REFOLD_AWAY; never NULL */
int64_t refold_count(const struct refold *refold);   /* facts folded so far, all flushed ones included */

/* A partition of a topic. Read: offsets from next to end, end not included; then next is end. next -1: from
 * the start of the log, wherever that is. */
struct refold_place {
    const char *topic; /* of topic_rows */
    int32_t partition;
    int64_t next, end;
};
/* Every partition that holds facts of a machine, next and end 0. The caller frees the array. */
size_t refold_places(struct refold_place **ret_places);
struct refold_place *refold_place_of(struct refold_place *places, size_t count, struct span topic,
                                     int32_t partition); /* NULL: none of them */

/* The Kafka cluster these topics are on. REFOLD_AWAY. */
MUST_CHECK int refold_cluster(struct refold *refold, char ret_id[64]);
/* Fills end of each place with where a read_committed reader would stand now, at the end; one that is set is
 * waited for, 15 s at most for all. ERROR_DATA where next is not in the log any more (or not yet).
 * REFOLD_AWAY. */
MUST_CHECK int refold_ends(struct refold *refold, struct refold_place *places, size_t count);
/* Folds every place up to its end, and flushes. progress, where not NULL, is called after each flush.
 * REFOLD_AWAY. */
typedef void (*refold_progress)(void *self, const struct refold_place *places, size_t count);
MUST_CHECK int refold_read(struct refold *refold, struct refold_place *places, size_t count,
                           refold_progress progress);

/* Shows every readable or unreadable record of the places, of any topic, in the order of each partition;
 * nothing is folded. REFOLD_AWAY. */
typedef void (*refold_seen)(void *self, const struct event *event);
MUST_CHECK int refold_scan(struct refold *refold, struct refold_place *places, size_t count, refold_seen seen,
                           void *self);

/* Takes one fact in. What event borrows must live until the next refold_flush. Flushes by itself where
 * REFOLD_FACTS wait already. REFOLD_AWAY. */
MUST_CHECK int refold_event(struct refold *refold, const struct event *event);
/* Folds and writes what waits; nothing where nothing does. REFOLD_AWAY. */
MUST_CHECK int refold_flush(struct refold *refold);

#endif
