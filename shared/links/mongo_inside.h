/* SPDX-License-Identifier: Apache-2.0
 * What the mongo files share among themselves: the pool's inside, and libmongoc. Nobody else includes this.
 */
#ifndef COLIS_LINKS_MONGO_INSIDE_H
#define COLIS_LINKS_MONGO_INSIDE_H

#include "shared/links/mongo.h"

#include <mongoc/mongoc.h>
#include <pthread.h>
#include <stdatomic.h>

struct mongo {
    mongoc_uri_t *uri;
    pthread_mutex_t making;
    mongoc_client_pool_t *pool; /* under making; NULL until the names of mongodb+srv are known */
    char database[64];
    atomic_int_fast64_t missing_until_ms; /* no server was found: nobody looks for one before */
};

/* A client of the pool with a collection of our database, for one call: MONGO_DONE, and mongo_use_done is
 * due; or MONGO_RETRY. */
struct mongo_use {
    struct mongo *link;
    mongoc_client_t *client;
    mongoc_collection_t *collection;
};
MUST_CHECK int mongo_use_start(struct mongo *link, const char *collection, struct mongo_use *ret_use);
void mongo_use_done(struct mongo_use *use);

void mongo_because(const char *format, ...) FORMAT_LIKE(1, 2);
/* How an error met outside of a write's own list is to be met: always MONGO_RETRY, with its text kept. */
MUST_CHECK int mongo_away(struct mongo *link, const bson_error_t *error);

enum { MONGO_DUPLICATE = 11000 };
/* What a bulk's reply says beyond done. duplicates: indexes of the documents whose _id was there already. */
struct mongo_walk {
    int outcome; /* MONGO_DONE, _RETRY, _REFUSED */
    int bad;     /* index of the first refused document, -1 none */
    int32_t *duplicates;
    size_t duplicate_count;
};
/* ret_walk->duplicates holds at least count items of the caller's. */
void mongo_walk_reply(struct mongo *link, const bson_t *reply, const bson_error_t *error, size_t count,
                      struct mongo_walk *ret_walk);

/* mongo_json.c: our JSON to BSON without any meaning in names ($oid is a name like another), and back.
 * 1 (MONGO_NOT_JSON) where json is no object, or malformed. */
enum { MONGO_NOT_JSON = 1 };
MUST_CHECK int mongo_bson_of(struct span json, bson_t *to);
void mongo_json_of(const bson_iter_t *value, struct buf *to);

#endif
