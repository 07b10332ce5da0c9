/* SPDX-License-Identifier: Apache-2.0
 * The MongoDB link: settings, the pool, the collections, and how errors are to be met. Every write asks for
 * w=majority with journal; it blocks, for at most a few times mongo_timeout_ms. */
#include "shared/links/mongo_inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/host.h"
#include "shared/base/log.h"

enum { WHY = 400, POOL = 8, MISSING_MS = 1000 };

static struct {
    char url[1024], database[64];
    int64_t timeout_ms;
} given;

#define GIVEN(member) given.member, sizeof(given.member)
const struct setting mongo_settings[] = {
    {.name = "mongo_url",
     .kind = SETTING_TEXT,
     .min = 1,
     .max = sizeof(given.url) - 1,
     .secret = true,
     .help = "MongoDB: mongodb://user:password@host:port/?options (tls=true demanded beyond loopback)",
     .target = GIVEN(url)},
    {.name = "mongo_database",
     .kind = SETTING_TEXT,
     .fallback = "",
     .max = sizeof(given.database) - 1,
     .help = "its database; empty: the namespace",
     .target = GIVEN(database)},
    {.name = "mongo_timeout_ms",
     .kind = SETTING_INTEGER,
     .fallback = "3000",
     .min = 100,
     .max = 60000,
     .help = "until a server is found, connected to, and a write acknowledged",
     .target = &given.timeout_ms},
    {0},
};

static _Thread_local char why[WHY];

const char *mongo_why(void)
{
    return why[0] ? why : "no failure";
}

void mongo_because(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof(why), format, arguments);
    va_end(arguments);
}

/* Whoever found no server waited as long as one may: those who stand behind it for a thread would wait so in
 * turn, and are told at once. */
static void server_missing(struct mongo *link)
{
    atomic_store(&link->missing_until_ms, clock_steady_ms() + MISSING_MS);
}

/* The server's text may quote a document; its number may not. */
int mongo_away(struct mongo *link, const bson_error_t *error)
{
    if (error->domain == MONGOC_ERROR_SERVER_SELECTION)
        server_missing(link);
    if (error->domain == MONGOC_ERROR_SERVER)
        mongo_because("server error %u", error->code);
    else
        mongo_because("%s", error->message);
    return MONGO_RETRY;
}

/* --- the pool --- */

static void options(mongoc_uri_t *uri, const char *application)
{
    int timeout_ms = (int)given.timeout_ms;
    mongoc_uri_set_appname(uri, application);
    /* history must hear of each connection that ends: the server may be back as it was an hour ago */
    mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYWRITES, false);
    mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYREADS, false);
    mongoc_uri_set_option_as_int32(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, timeout_ms);
    mongoc_uri_set_option_as_int32(uri, MONGOC_URI_CONNECTTIMEOUTMS, timeout_ms);
    mongoc_uri_set_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS, 3 * timeout_ms);
    mongoc_uri_set_option_as_int32(uri, MONGOC_URI_MAXPOOLSIZE, POOL);
    mongoc_write_concern_t *concern = mongoc_write_concern_new();
    mongoc_write_concern_set_wmajority(concern, 2 * timeout_ms);
    mongoc_write_concern_set_journal(concern, true);
    mongoc_uri_set_write_concern(uri, concern);
    mongoc_write_concern_destroy(concern);
}

/* The driver shares its counters by the name /mongoc-<pid> as soon as it is loaded. Nobody reads them, and
 * the name would outlive a process that is killed, to trip the next one of that number (pid 1 of a pod has no
 * other): taken back before main, while the mapping stays. */
__attribute__((constructor)) static void unshare_counters(void)
{
    char name[32];

    (void)snprintf(name, sizeof name, "/mongoc-%u", (unsigned)getpid());
    (void)shm_unlink(name);
}

/* It would write about servers to standard error; failures come to us anyway. */
static void start_driver(void)
{
    mongoc_log_set_handler(NULL, NULL);
    mongoc_init();
}

/* All of the url's hosts; a name of mongodb+srv stands for others. */
static bool stays_here(const mongoc_uri_t *uri)
{
    const mongoc_host_list_t *host = mongoc_uri_get_hosts(uri);
    bool here = host != NULL;
    for (; here && host; host = host->next)
        here = host->family == AF_UNIX || host_is_loopback(host->host);
    return here;
}

static bool has_tls(const mongoc_uri_t *uri)
{
    static const char *const unchecked[] = {MONGOC_URI_TLSINSECURE, MONGOC_URI_TLSALLOWINVALIDCERTIFICATES,
                                            MONGOC_URI_TLSALLOWINVALIDHOSTNAMES};
    bool good = mongoc_uri_get_tls(uri);
    for (size_t at = 0; at < sizeof(unchecked) / sizeof(unchecked[0]); at++)
        good = good && !mongoc_uri_get_option_as_bool(uri, unchecked[at], false);
    return good;
}

/* A name of mongodb+srv is looked up here, once a second at most, by whoever needs it: with the DNS away a
 * program starts as it does with the server away. */
static bool make_pool(struct mongo *link)
{
    bson_error_t error;
    link->pool = mongoc_client_pool_new_with_error(link->uri, &error);
    if (!link->pool) {
        mongo_because("%s", error.message);
        server_missing(link);
        return false;
    }
    mongoc_client_pool_set_error_api(link->pool, MONGOC_ERROR_API_VERSION_2);
    return true;
}

int mongo_new(const char *application, const char *name_space, struct mongo **ret_link)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    bson_error_t error;
    pthread_once(&once, start_driver);
    mongoc_uri_t *uri = mongoc_uri_new_with_error(given.url, &error);
    if (!uri)
        return error_new(ERROR_SETTINGS, "mongo_url is malformed");
    if (!stays_here(uri) && !has_tls(uri)) {
        mongoc_uri_destroy(uri);
        return error_new(ERROR_SETTINGS,
                         "mongo_url: must say tls=true and check certificates, or be on loopback");
    }
    options(uri, application);
    struct mongo *link = memory_new(1, sizeof(*link));
    link->uri = uri;
    pthread_mutex_init(&link->making, NULL);
    snprintf(link->database, sizeof(link->database), "%s", given.database[0] ? given.database : name_space);
    if (!mongoc_uri_get_srv_hostname(uri) && !make_pool(link)) {
        mongo_free(link);
        return error_new(ERROR_SETTINGS, "mongo_url cannot be used: %s", mongo_why());
    }
    *ret_link = link;
    return 0;
}

void mongo_free(struct mongo *link)
{
    if (!link)
        return;
    if (link->pool)
        mongoc_client_pool_destroy(link->pool);
    mongoc_uri_destroy(link->uri);
    pthread_mutex_destroy(&link->making);
    free(link);
}

/* NULL: no server is to be had now. Whoever comes while the names are looked up waits for their answer. */
static mongoc_client_pool_t *pool_of(struct mongo *link)
{
    mongoc_client_pool_t *pool = NULL;
    pthread_mutex_lock(&link->making);
    if (clock_steady_ms() < atomic_load(&link->missing_until_ms))
        mongo_because("no server was found a moment ago");
    else if (link->pool || make_pool(link))
        pool = link->pool;
    pthread_mutex_unlock(&link->making);
    return pool;
}

int mongo_use_start(struct mongo *link, const char *collection, struct mongo_use *ret_use)
{
    mongoc_client_pool_t *pool = pool_of(link);
    if (!pool)
        return MONGO_RETRY;
    ret_use->link = link;
    ret_use->client = mongoc_client_pool_pop(pool);
    ret_use->collection = mongoc_client_get_collection(ret_use->client, link->database, collection);
    return MONGO_DONE;
}

void mongo_use_done(struct mongo_use *use)
{
    mongoc_collection_destroy(use->collection);
    mongoc_client_pool_push(use->link->pool, use->client);
}

/* --- what a bulk says --- */

/* Codes of a write error that a document brings on itself: a wrong value, BSON that is none, a name that is
 * not for storing, the validator, too large, a key too large. Of any other, also of one nobody has heard of,
 * it is not to blame: what is refused leaves the history for good, what is tried again is only late. */
static bool is_documents_fault(int64_t code)
{
    static const int64_t codes[] = {2, 22, 52, 121, 10334, 17280, MONGO_DUPLICATE};
    for (size_t at = 0; at < sizeof(codes) / sizeof(codes[0]); at++) {
        if (codes[at] == code)
            return true;
    }
    return false;
}

/* Only _id is unique; should an operator add another unique index, its refusals are no doubles of ours. */
static bool is_of_id(const bson_iter_t *write_error)
{
    bson_iter_t item, pattern, key;
    if (!bson_iter_recurse(write_error, &item) || !bson_iter_find(&item, "keyPattern"))
        return true;
    return bson_iter_recurse(&item, &pattern) && bson_iter_find(&pattern, "_id") &&
           bson_iter_recurse(&item, &key) && bson_iter_next(&key) && !bson_iter_next(&key);
}

static int64_t member(const bson_iter_t *document, const char *name)
{
    bson_iter_t item;
    return bson_iter_recurse(document, &item) && bson_iter_find(&item, name) ? bson_iter_as_int64(&item) : -1;
}

static void walk_error(const bson_iter_t *write_error, size_t count, struct mongo_walk *walk)
{
    int64_t code = member(write_error, "code"), index = member(write_error, "index");
    bool ours = index >= 0 && index < (int64_t)count;
    if (code == MONGO_DUPLICATE && ours && walk->duplicate_count < count && is_of_id(write_error)) {
        walk->duplicates[walk->duplicate_count++] = (int32_t)index;
        return;
    }
    mongo_because("write error %lld", (long long)code);
    if (!is_documents_fault(code) || !ours) {
        walk->outcome = MONGO_RETRY;
        return;
    }
    if (walk->outcome == MONGO_DONE)
        walk->outcome = MONGO_REFUSED;
    if (walk->bad < 0 || index < walk->bad)
        walk->bad = (int)index;
}

static bool list_of(const bson_t *reply, const char *name, bson_iter_t *ret_items)
{
    bson_iter_t list;
    return bson_iter_init_find(&list, reply, name) && BSON_ITER_HOLDS_ARRAY(&list) &&
           bson_iter_recurse(&list, ret_items);
}

/* The top error repeats the first of the list, or is the only one where the bulk could not be sent. */
void mongo_walk_reply(struct mongo *link, const bson_t *reply, const bson_error_t *error, size_t count,
                      struct mongo_walk *ret_walk)
{
    bson_iter_t item;
    bool told = false;
    ret_walk->outcome = MONGO_DONE;
    ret_walk->bad = -1;
    ret_walk->duplicate_count = 0;
    for (bool some = list_of(reply, "writeErrors", &item); some && bson_iter_next(&item); told = true)
        walk_error(&item, count, ret_walk);
    if (list_of(reply, "writeConcernErrors", &item) && bson_iter_next(&item)) {
        mongo_because("write concern error %lld", (long long)member(&item, "code"));
        ret_walk->outcome = MONGO_RETRY;
    } else if (!told || (error->code && error->domain != MONGOC_ERROR_SERVER &&
                         error->domain != MONGOC_ERROR_COMMAND && error->domain != MONGOC_ERROR_COLLECTION)) {
        ret_walk->outcome = mongo_away(link, error);
    }
}

/* --- collections --- */

/* What a reader of history relies on; types beyond the version's are left to us who write them: each further
 * rule is paid for by every document (a rule a member cost a fifth of an insert). */
static const char history_validator[] =
    "{\"$jsonSchema\": {\"bsonType\": \"object\","
    " \"required\": [\"fact\", \"seq\", \"at\", \"type\", \"data\", \"src\"],"
    " \"properties\": {\"seq\": {\"bsonType\": \"long\", \"minimum\": 1}}}}";

static const char position_validator[] =
    "{\"$jsonSchema\": {\"bsonType\": \"object\", \"required\": [\"_id\"], \"properties\": {"
    " \"_id\": {\"bsonType\": \"string\"}, \"next\": {\"bsonType\": \"object\"}}}}";

static bool command(struct mongo_use *use, const char *verb, const char *collection, const bson_t *validator,
                    bson_error_t *ret_error)
{
    bson_t run = BSON_INITIALIZER, reply;
    BSON_APPEND_UTF8(&run, verb, collection);
    BSON_APPEND_DOCUMENT(&run, "validator", validator);
    BSON_APPEND_UTF8(&run, "validationLevel", "strict");
    BSON_APPEND_UTF8(&run, "validationAction", "error");
    bool good = mongoc_client_write_command_with_opts(use->client, use->link->database, &run, NULL, &reply,
                                                      ret_error);
    bson_destroy(&reply);
    bson_destroy(&run);
    return good;
}

/* The role readWrite may not change a validator; an older one is no reason to store nothing. */
static bool may_stay(const char *collection, const bson_error_t *error)
{
    enum { NOT_ALLOWED = 13 };
    if (error->domain != MONGOC_ERROR_SERVER || error->code != NOT_ALLOWED)
        return false;
    log_with(LOG_LEVEL_WARN, "mongo: a validator stays as it is, collMod needs the role dbAdmin",
             .err = collection);
    return true;
}

/* Made anew, or (48: it is there) brought to the validator of this program's version. Neither collection has
 * an index beside _id: all we read goes by _id. */
static int prepare(struct mongo *link, const char *collection, const char *validator)
{
    enum { THERE = 48 };
    struct mongo_use use;
    bson_error_t error;
    bson_t *rules = bson_new_from_json((const uint8_t *)validator, -1, &error);
    if (!rules)
        return error_new(ERROR_BUG, "the validator of %s: %s", collection, error.message);
    if (mongo_use_start(link, collection, &use) != MONGO_DONE) {
        bson_destroy(rules);
        return MONGO_RETRY;
    }
    bool good = command(&use, "create", collection, rules, &error);
    if (!good && error.domain == MONGOC_ERROR_SERVER && error.code == THERE)
        good = command(&use, "collMod", collection, rules, &error) || may_stay(collection, &error);
    mongo_use_done(&use);
    bson_destroy(rules);
    return good ? MONGO_DONE : mongo_away(link, &error);
}

int mongo_prepare(struct mongo *link)
{
    int outcome = prepare(link, "history", history_validator);
    return outcome == MONGO_DONE ? prepare(link, "position", position_validator) : outcome;
}

/* By a write: a server whose disk is full still answers a ping. */
int mongo_alive(struct mongo *link)
{
    struct mongo_use use;
    bson_error_t error;
    if (mongo_use_start(link, "position", &use) != MONGO_DONE)
        return MONGO_RETRY;
    bson_t *who = BCON_NEW("_id", "alive");
    bson_t *what = BCON_NEW("$set", "{", "at", BCON_DATE_TIME(clock_wall_ms()), "}");
    bson_t *how = BCON_NEW("upsert", BCON_BOOL(true));
    bool good = mongoc_collection_update_one(use.collection, who, what, how, NULL, &error);
    bson_destroy(who);
    bson_destroy(what);
    bson_destroy(how);
    mongo_use_done(&use);
    /* two that insert the document at once: one meets the other's */
    return good || error.code == MONGO_DUPLICATE ? MONGO_DONE : mongo_away(link, &error);
}
