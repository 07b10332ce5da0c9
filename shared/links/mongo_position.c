/* SPDX-License-Identifier: Apache-2.0
 * Where a reader that stores in MongoDB is: a document a topic, {_id:"history:parcel", next:{"0":77,...}},
 * whose numbers only ever grow, and the Kafka cluster they belong to. Written after what they speak of is
 * stored, never before. */
#include "shared/links/mongo_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 200, PARTITION = 16 };

static void name_of(const char *reader, const char *topic, char ret_name[NAME])
{
    snprintf(ret_name, NAME, "%s:%s", reader, topic);
}

static bool is_first_of_topic(const struct mongo_position *positions, size_t at)
{
    for (size_t before = 0; before < at; before++) {
        if (strcmp(positions[before].topic, positions[at].topic) == 0)
            return false;
    }
    return true;
}

/* Every partition of the topic of positions[at] in one update: a bulk of facts costs few of them. */
static bool add_update(mongoc_bulk_operation_t *bulk, const char *reader,
                       const struct mongo_position *positions, size_t at, size_t count)
{
    char name[NAME], member[NAME];
    bson_error_t error;
    bson_t what = BSON_INITIALIZER, most;
    name_of(reader, positions[at].topic, name);
    BSON_APPEND_DOCUMENT_BEGIN(&what, "$max", &most);
    for (size_t each = at; each < count; each++) {
        snprintf(member, sizeof(member), "next.%d", (int)positions[each].partition);
        if (strcmp(positions[each].topic, positions[at].topic) == 0)
            BSON_APPEND_INT64(&most, member, positions[each].next);
    }
    bson_append_document_end(&what, &most);
    bson_t *who = BCON_NEW("_id", BCON_UTF8(name)), *how = BCON_NEW("upsert", BCON_BOOL(true));
    bool good = mongoc_bulk_operation_update_one_with_opts(bulk, who, &what, how, &error);
    if (!good)
        mongo_because("%s", error.message);
    bson_destroy(who);
    bson_destroy(&what);
    bson_destroy(how);
    return good;
}

/* Whatever is wrong, no fact is to blame: it is tried again. A double, too: two inserted one document at
 * once, and ours was not written. */
static int execute(struct mongo *link, mongoc_bulk_operation_t *bulk)
{
    bson_t reply;
    bson_error_t error = {0};
    bool good = mongoc_bulk_operation_execute(bulk, &reply, &error) != 0;
    bson_destroy(&reply);
    return good ? MONGO_DONE : mongo_away(link, &error);
}

int mongo_positions_save(struct mongo *link, const char *reader, const struct mongo_position *positions,
                         size_t count)
{
    struct mongo_use use;
    int outcome = MONGO_DONE;
    if (count == 0)
        return MONGO_DONE;
    if (mongo_use_start(link, "position", &use) != MONGO_DONE)
        return MONGO_RETRY;
    bson_t *unordered = BCON_NEW("ordered", BCON_BOOL(false));
    mongoc_bulk_operation_t *bulk =
        mongoc_collection_create_bulk_operation_with_opts(use.collection, unordered);
    for (size_t at = 0; at < count && outcome == MONGO_DONE; at++) {
        if (is_first_of_topic(positions, at) && !add_update(bulk, reader, positions, at, count))
            outcome = MONGO_RETRY;
    }
    if (outcome == MONGO_DONE)
        outcome = execute(link, bulk);
    mongoc_bulk_operation_destroy(bulk);
    bson_destroy(unordered);
    mongo_use_done(&use);
    return outcome;
}

static mongoc_cursor_t *find(struct mongo_use *use, const char *reader,
                             const struct mongo_position *positions, size_t count)
{
    bson_t filter = BSON_INITIALIZER, id, list;
    char key[24], name[NAME];
    size_t topics = 0;
    BSON_APPEND_DOCUMENT_BEGIN(&filter, "_id", &id);
    BSON_APPEND_ARRAY_BEGIN(&id, "$in", &list);
    for (size_t at = 0; at < count; at++) {
        if (!is_first_of_topic(positions, at))
            continue;
        name_of(reader, positions[at].topic, name);
        snprintf(key, sizeof(key), "%zu", topics++);
        BSON_APPEND_UTF8(&list, key, name);
    }
    bson_append_array_end(&id, &list);
    bson_append_document_end(&filter, &id);
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(use->collection, &filter, NULL, NULL);
    bson_destroy(&filter);
    return cursor;
}

static void take_next(const bson_t *document, const char *reader, struct mongo_position *positions,
                      size_t count)
{
    char name[NAME], partition[PARTITION];
    bson_iter_t id, all, next;
    if (!bson_iter_init_find(&id, document, "_id") || !BSON_ITER_HOLDS_UTF8(&id))
        return;
    for (size_t at = 0; at < count; at++) {
        name_of(reader, positions[at].topic, name);
        snprintf(partition, sizeof(partition), "%d", (int)positions[at].partition);
        if (strcmp(name, bson_iter_utf8(&id, NULL)) == 0 && bson_iter_init_find(&all, document, "next") &&
            bson_iter_recurse(&all, &next) && bson_iter_find(&next, partition))
            positions[at].next = bson_iter_as_int64(&next);
    }
}

int mongo_positions_load(struct mongo *link, const char *reader, struct mongo_position *positions,
                         size_t count)
{
    struct mongo_use use;
    bson_error_t error;
    const bson_t *document;
    for (size_t at = 0; at < count; at++)
        positions[at].next = -1;
    if (mongo_use_start(link, "position", &use) != MONGO_DONE)
        return MONGO_RETRY;
    mongoc_cursor_t *cursor = find(&use, reader, positions, count);
    while (mongoc_cursor_next(cursor, &document))
        take_next(document, reader, positions, count);
    int outcome = mongoc_cursor_error(cursor, &error) ? mongo_away(link, &error) : MONGO_DONE;
    mongoc_cursor_destroy(cursor);
    mongo_use_done(&use);
    return outcome;
}

/* --- the cluster --- */

static int insert_cluster(struct mongo_use *use, const char *name, const char *cluster)
{
    bson_error_t error;
    bson_t *document = BCON_NEW("_id", BCON_UTF8(name), "cluster", BCON_UTF8(cluster));
    bool good = mongoc_collection_insert_one(use->collection, document, NULL, NULL, &error);
    bson_destroy(document);
    return good || error.code == MONGO_DUPLICATE ? MONGO_DONE : mongo_away(use->link, &error);
}

static int compare_cluster(struct mongo_use *use, const char *name, const char *cluster)
{
    bson_error_t error;
    bson_iter_t item;
    const bson_t *document;
    bson_t *who = BCON_NEW("_id", BCON_UTF8(name));
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(use->collection, who, NULL, NULL);
    int outcome = MONGO_RETRY;
    mongo_because("the cluster is not stored");
    if (mongoc_cursor_next(cursor, &document)) {
        bool text = bson_iter_init_find(&item, document, "cluster") && BSON_ITER_HOLDS_UTF8(&item);
        bool same = text && strcmp(bson_iter_utf8(&item, NULL), cluster) == 0;
        mongo_because("the stored positions belong to another Kafka cluster");
        outcome = same ? MONGO_DONE : MONGO_CONFLICT;
    } else if (mongoc_cursor_error(cursor, &error)) {
        outcome = mongo_away(use->link, &error);
    }
    mongoc_cursor_destroy(cursor);
    bson_destroy(who);
    return outcome;
}

int mongo_cluster(struct mongo *link, const char *reader, const char *cluster)
{
    struct mongo_use use;
    char name[NAME];
    snprintf(name, sizeof(name), "%s cluster", reader);
    if (mongo_use_start(link, "position", &use) != MONGO_DONE)
        return MONGO_RETRY;
    int outcome = insert_cluster(&use, name, cluster);
    if (outcome == MONGO_DONE)
        outcome = compare_cluster(&use, name, cluster);
    mongo_use_done(&use);
    return outcome;
}
