/* SPDX-License-Identifier: Apache-2.0
 * MongoDB by libmongoc, which blocks: readers call it on their working thread, query through loop_work
 * (one pooled client a job). Deterministic string _id; every write safe to repeat; errors walked by code. */
#ifndef COLIS_LINKS_MONGO_H
#define COLIS_LINKS_MONGO_H

#include "shared/base/buf.h"
#include "shared/base/cleanup.h"
#include "shared/base/settings.h"

/* mongo_url (secret) mongo_database ("" = namespace) mongo_timeout_ms */
extern const struct setting mongo_settings[];

struct mongo; /* a pool; thread safe */
MUST_CHECK int mongo_new(const char *application, const char *name_space, struct mongo **ret_link);
void mongo_free(struct mongo *link);
DEFINE_CLEANUP(struct mongo, mongo_free)

enum mongo_outcome {
    MONGO_DONE = 0,
    MONGO_RETRY = 1, /* away (then also all calls of the next second), stepping down, timed out, write concern
                      * not met, whatever is not known */
    MONGO_REFUSED = 2,  /* mongo_append: a document is wrong (validator, size): see mongo_why */
    MONGO_CONFLICT = 3, /* a stored document with the same _id holds another fact */
};
const char *mongo_why(void); /* this thread's newest failure; never NULL */

/* Creates collections history and position with their validator where absent; where not, changes the
 * validator, if it may. */
MUST_CHECK int mongo_prepare(struct mongo *link);

/* A document of history. */
struct mongo_entry {
    const char *aggregate; /* "parcel/8c1e..." */
    const char *kind, *id; /* "parcel", "8c1e..." : member named by kind holds the id */
    int64_t version;
    const char *fact, *type, *by;
    int64_t at_ms;
    struct span data; /* canonical JSON of the fact */
    const char *topic;
    int32_t partition;
    int64_t offset;
};
/* _id = aggregate:version padded to 10 digits. One unordered bulk; done when nothing but 11000 on _id went
 * wrong, and then each of those stored documents has the same fact id. ret_bad: index of the entry that was
 * refused or conflicts, -1 where none is to blame. */
MUST_CHECK int mongo_append(struct mongo *link, const struct mongo_entry *entries, size_t count,
                            int *ret_bad);
MUST_CHECK int mongo_alive(struct mongo *link); /* by a write */

struct mongo_position {
    const char *topic;
    int32_t partition;
    int64_t next; /* only ever moved forward, by a guarded update */
};
MUST_CHECK int mongo_positions_save(struct mongo *link, const char *reader,
                                    const struct mongo_position *positions, size_t count);
MUST_CHECK int mongo_positions_load(struct mongo *link, const char *reader, struct mongo_position *positions,
                                    size_t count); /* next -1 where none */
/* Compares or stores the Kafka cluster id for reader: MONGO_CONFLICT where another is stored. */
MUST_CHECK int mongo_cluster(struct mongo *link, const char *reader, const char *cluster);

/* Which page of an aggregate's history: what is behind version after, up to version last (which PostgreSQL
 * knows), at most limit of it, and of 200. */
struct mongo_page {
    const char *aggregate;
    int64_t after, last;
    int limit;
};
/* Appends it to to, as {"items":[{"fact","seq","at","type","data"}...],"next":"<version>"|absent}. */
MUST_CHECK int mongo_history(struct mongo *link, const struct mongo_page *page, struct buf *to);

#endif
