/* SPDX-License-Identifier: Apache-2.0
 * The history of aggregates in MongoDB: a document a fact under the name aggregate:version, appended in
 * unordered bulks that may be repeated at will, read back page by page. It never changes a document. */
#include "shared/links/mongo_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 128, PAGE_MOST = 200, NAMES_MOST = 2 * PAGE_MOST };

static void name_of(const char *aggregate, int64_t version, char ret_name[NAME])
{
    snprintf(ret_name, NAME, "%s:%010lld", aggregate, (long long)version);
}

/* --- append --- */

static int document_of(const struct mongo_entry *entry, bson_t *to)
{
    char name[NAME];
    bson_t data, from;
    name_of(entry->aggregate, entry->version, name);
    BSON_APPEND_UTF8(to, "_id", name);
    BSON_APPEND_UTF8(to, "fact", entry->fact);
    BSON_APPEND_UTF8(to, entry->kind, entry->id);
    BSON_APPEND_INT64(to, "seq", entry->version);
    BSON_APPEND_DATE_TIME(to, "at", entry->at_ms);
    BSON_APPEND_UTF8(to, "type", entry->type);
    if (entry->by && entry->by[0])
        BSON_APPEND_UTF8(to, "by", entry->by);
    BSON_APPEND_DOCUMENT_BEGIN(to, "data", &data);
    int result = mongo_bson_of(entry->data, &data);
    bson_append_document_end(to, &data);
    BSON_APPEND_DOCUMENT_BEGIN(to, "src", &from);
    BSON_APPEND_UTF8(&from, "topic", entry->topic);
    BSON_APPEND_INT32(&from, "partition", entry->partition);
    BSON_APPEND_INT64(&from, "offset", entry->offset);
    bson_append_document_end(to, &from);
    return result;
}

/* MONGO_REFUSED with ret_bad where an entry's data is no JSON object: nothing is to be sent then. */
static int fill(mongoc_bulk_operation_t *bulk, const struct mongo_entry *entries, size_t count, int *ret_bad)
{
    bson_error_t error;
    bson_t document = BSON_INITIALIZER;
    bson_t *unchecked = BCON_NEW("validate", BCON_BOOL(false)); /* our scanner did */
    int outcome = MONGO_DONE;
    for (size_t at = 0; at < count && outcome == MONGO_DONE; at++) {
        bson_reinit(&document);
        bool good = document_of(&entries[at], &document) == 0;
        if (!good)
            mongo_because("the data of a fact is no JSON object");
        else if (!mongoc_bulk_operation_insert_with_opts(bulk, &document, unchecked, &error)) {
            good = false;
            mongo_because("%s", error.message);
        }
        if (!good) {
            *ret_bad = (int)at;
            outcome = MONGO_REFUSED;
        }
    }
    bson_destroy(unchecked);
    bson_destroy(&document);
    return outcome;
}

struct doubles {
    const struct mongo_entry *entries;
    const int32_t *indexes;
    size_t count;
    bool *seen; /* by place in indexes */
};

/* Marks each entry of this name as seen; the index of one whose fact is another's, -1 where all agree. */
static int compare(struct doubles *doubles, const char *name, const char *fact)
{
    char ours[NAME];
    for (size_t at = 0; at < doubles->count; at++) {
        const struct mongo_entry *entry = &doubles->entries[doubles->indexes[at]];
        name_of(entry->aggregate, entry->version, ours);
        if (strcmp(ours, name) != 0)
            continue;
        doubles->seen[at] = true;
        if (strcmp(entry->fact, fact) != 0)
            return doubles->indexes[at];
    }
    return -1;
}

static mongoc_cursor_t *find_doubles(struct mongo_use *use, const struct doubles *doubles)
{
    bson_t filter = BSON_INITIALIZER, id, list;
    char key[24], name[NAME];
    BSON_APPEND_DOCUMENT_BEGIN(&filter, "_id", &id);
    BSON_APPEND_ARRAY_BEGIN(&id, "$in", &list);
    for (size_t at = 0; at < doubles->count; at++) {
        const struct mongo_entry *entry = &doubles->entries[doubles->indexes[at]];
        name_of(entry->aggregate, entry->version, name);
        snprintf(key, sizeof(key), "%zu", at);
        BSON_APPEND_UTF8(&list, key, name);
    }
    bson_append_array_end(&id, &list);
    bson_append_document_end(&filter, &id);
    bson_t *only = BCON_NEW("projection", "{", "fact", BCON_INT32(1), "}");
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(use->collection, &filter, only, NULL);
    bson_destroy(only);
    bson_destroy(&filter);
    return cursor;
}

static const char *text_of(const bson_t *document, const char *name)
{
    bson_iter_t item;
    bool found = bson_iter_init_find(&item, document, name) && BSON_ITER_HOLDS_UTF8(&item);
    return found ? bson_iter_utf8(&item, NULL) : "";
}

static int walk_doubles(struct mongo *link, struct doubles *doubles, mongoc_cursor_t *cursor, int *ret_bad)
{
    bson_error_t error;
    const bson_t *document;
    while (mongoc_cursor_next(cursor, &document)) {
        *ret_bad = compare(doubles, text_of(document, "_id"), text_of(document, "fact"));
        if (*ret_bad >= 0) {
            mongo_because("another fact is stored as %s", text_of(document, "_id"));
            return MONGO_CONFLICT;
        }
    }
    if (mongoc_cursor_error(cursor, &error))
        return mongo_away(link, &error);
    for (size_t at = 0; at < doubles->count; at++) {
        if (!doubles->seen[at]) {
            mongo_because("a document said to be stored is not there");
            return MONGO_RETRY;
        }
    }
    return MONGO_DONE;
}

/* Is each document that was there already the same fact? */
static int same_facts(struct mongo_use *use, struct doubles *doubles, int *ret_bad)
{
    doubles->seen = memory_new(doubles->count, sizeof(bool));
    mongoc_cursor_t *cursor = find_doubles(use, doubles);
    int outcome = walk_doubles(use->link, doubles, cursor, ret_bad);
    mongoc_cursor_destroy(cursor);
    free(doubles->seen);
    return outcome;
}

/* Worst first: what passes by itself, then a contradiction, then a refused document. */
static int after_errors(struct mongo_use *use, const struct mongo_entry *entries,
                        const struct mongo_walk *walk, int *ret_bad)
{
    if (walk->outcome == MONGO_RETRY)
        return MONGO_RETRY;
    int bad = -1, outcome = MONGO_DONE;
    struct doubles doubles = {
        .entries = entries, .indexes = walk->duplicates, .count = walk->duplicate_count};
    if (doubles.count > 0)
        outcome = same_facts(use, &doubles, &bad);
    *ret_bad = outcome == MONGO_DONE ? walk->bad : bad;
    return outcome == MONGO_DONE ? walk->outcome : outcome;
}

static int execute(struct mongo_use *use, mongoc_bulk_operation_t *bulk, const struct mongo_entry *entries,
                   size_t count, int *ret_bad)
{
    bson_t reply;
    bson_error_t error = {0};
    int outcome = MONGO_DONE;
    if (mongoc_bulk_operation_execute(bulk, &reply, &error) == 0) {
        struct mongo_walk walk = {.duplicates = memory_new(count, sizeof(int32_t))};
        mongo_walk_reply(use->link, &reply, &error, count, &walk);
        outcome = after_errors(use, entries, &walk, ret_bad);
        free(walk.duplicates);
    }
    bson_destroy(&reply);
    return outcome;
}

int mongo_append(struct mongo *link, const struct mongo_entry *entries, size_t count, int *ret_bad)
{
    struct mongo_use use;
    *ret_bad = -1;
    if (count == 0)
        return MONGO_DONE;
    if (mongo_use_start(link, "history", &use) != MONGO_DONE)
        return MONGO_RETRY;
    bson_t *unordered = BCON_NEW("ordered", BCON_BOOL(false));
    mongoc_bulk_operation_t *bulk =
        mongoc_collection_create_bulk_operation_with_opts(use.collection, unordered);
    int outcome = fill(bulk, entries, count, ret_bad);
    if (outcome == MONGO_DONE)
        outcome = execute(&use, bulk, entries, count, ret_bad);
    mongoc_bulk_operation_destroy(bulk);
    bson_destroy(unordered);
    mongo_use_done(&use);
    return outcome;
}

/* --- read --- */

/* Asked for by name, as each version has one: an answer then costs what the page does, also at a server that
 * would look through all names for those of a range. A version that is not there yet, or never will be,
 * leaves no gap. */
static mongoc_cursor_t *find_page(struct mongo_use *use, const struct mongo_page *page, int limit)
{
    bson_t filter = BSON_INITIALIZER, id, list;
    char key[24], name[NAME];
    BSON_APPEND_DOCUMENT_BEGIN(&filter, "_id", &id);
    BSON_APPEND_ARRAY_BEGIN(&id, "$in", &list);
    for (int64_t at = 0; at < NAMES_MOST && page->after + at < page->last; at++) {
        name_of(page->aggregate, page->after + at + 1, name);
        snprintf(key, sizeof(key), "%lld", (long long)at);
        BSON_APPEND_UTF8(&list, key, name);
    }
    bson_append_array_end(&id, &list);
    bson_append_document_end(&filter, &id);
    bson_t *how = BCON_NEW("sort", "{", "_id", BCON_INT32(1), "}", "limit", BCON_INT64(limit));
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(use->collection, &filter, how, NULL);
    bson_destroy(how);
    bson_destroy(&filter);
    return cursor;
}

static int64_t version_of(const bson_t *document)
{
    bson_iter_t item;
    return bson_iter_init_find(&item, document, "seq") ? bson_iter_as_int64(&item) : 0;
}

/* A document as others see it, without who did it and where it was read. */
static void item_of(const bson_t *document, struct buf *to)
{
    static const char *const members[] = {"fact", "seq", "at", "type", "data"};
    bson_iter_t item;
    for (size_t at = 0; at < sizeof(members) / sizeof(members[0]); at++) {
        buf_format(to, "%s\"%s\":", at ? "," : "{", members[at]);
        if (bson_iter_init_find(&item, document, members[at]))
            mongo_json_of(&item, to);
        else
            buf_text(to, "null");
    }
    buf_byte(to, '}');
}

/* One document more than the page tells whether another page follows. */
static int write_page(struct mongo *link, mongoc_cursor_t *cursor, int limit, struct buf *to)
{
    bson_error_t error;
    const bson_t *document;
    int64_t last = 0;
    int count = 0;
    buf_text(to, "{\"items\":[");
    while (mongoc_cursor_next(cursor, &document) && count < limit) {
        buf_text(to, count++ ? "," : "");
        item_of(document, to);
        last = version_of(document);
    }
    if (mongoc_cursor_error(cursor, &error))
        return mongo_away(link, &error);
    buf_byte(to, ']');
    if (count == limit && mongoc_cursor_current(cursor) && version_of(mongoc_cursor_current(cursor)) > last)
        buf_format(to, ",\"next\":\"%lld\"", (long long)last);
    buf_byte(to, '}');
    return MONGO_DONE;
}

int mongo_history(struct mongo *link, const struct mongo_page *page, struct buf *to)
{
    struct mongo_use use;
    size_t before = to->size;
    int limit = page->limit < PAGE_MOST ? page->limit : PAGE_MOST;
    if (mongo_use_start(link, "history", &use) != MONGO_DONE)
        return MONGO_RETRY;
    mongoc_cursor_t *cursor = find_page(&use, page, limit + 1);
    int outcome = write_page(link, cursor, limit, to);
    mongoc_cursor_destroy(cursor);
    mongo_use_done(&use);
    if (outcome != MONGO_DONE)
        to->size = before;
    return outcome;
}
