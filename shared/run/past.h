/* SPDX-License-Identifier: Apache-2.0
 * Whether PostgreSQL has lost time: a database restored from a backup is behind what was published, and
 * whoever decided, paid or mailed by it would do again what was done. Asked once a session, before anything
 * is done by it: a database cannot be put back without ending its sessions. While it has, the program is not
 * ready and says why; projector --recover puts it right, and the next check lets it go on. A session that
 * took the place of another makes the reader ask for its positions again. */
#ifndef COLIS_RUN_PAST_H
#define COLIS_RUN_PAST_H

#include "shared/links/postgres.h"
#include "shared/run/ahead.h"

/* Its link's own: two threads have two. */
struct past {
    struct postgres *postgres; /* borrowed; past_statements are given to it */
    uint64_t session;          /* the one that was found good */
    int64_t lost_ms;           /* when it was last found lost */
};
extern const struct postgres_statement past_statements[];

/* The class of the advisory lock, with 0 beside it, which a recovery holds to its end: until then nobody goes
 * on, though no fact may be missing any more. */
enum { PAST_RECOVERY = 0x7263 };

/* AWAY: it could not be found out, or a recovery is at it: ask again. LOST: nothing may be done. */
enum { PAST_AWAY = AHEAD_OVER, PAST_LOST = AHEAD_TORN };
/* The link must be ready. At once where this session was found good before; where it is lost the topics are
 * looked at every few seconds only, however often it is asked. */
MUST_CHECK int past_check(struct past *past);
const char *past_why(int outcome); /* static */

#endif
