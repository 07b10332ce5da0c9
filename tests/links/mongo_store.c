/* SPDX-License-Identifier: Apache-2.0
 * A database for each test, named after its process, and a way behind the link's back. */
#include <mongoc/mongoc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/error.h"
#include "tests/links/mongo_cases.h"

enum { PATIENCE_MS = 40000 };

static struct mongo *made;
static char name[64];

struct mongo *store_link(void)
{
    return made;
}

const char *store_name(void)
{
    return name;
}

static mongoc_client_t *behind(void)
{
    mongoc_client_t *client = mongoc_client_new(getenv("COLIS_MONGO_URL"));
    ck_assert_ptr_nonnull(client);
    return client;
}

/* As its callers do: a server that many tests share may stand still for seconds. */
static int prepared(void)
{
    int64_t until_ms = clock_steady_ms() + PATIENCE_MS;
    int outcome = mongo_prepare(made);
    while (outcome == MONGO_RETRY && clock_steady_ms() < until_ms)
        outcome = mongo_prepare(made);
    return outcome;
}

void store_make(void)
{
    const struct setting *const tables[] = {mongo_settings, NULL};
    char *arguments[] = {"test", NULL};
    snprintf(name, sizeof(name), "t_%d_%d", (int)getppid(), (int)getpid());
    ck_assert_int_eq(setenv("COLIS_MONGO_TIMEOUT_MS", "20000", 0), 0); /* where no test wants another */
    if (settings_read(tables, 1, arguments, getenv) != 0)
        ck_abort_msg("%s", error_text());
    ck_assert_int_eq(mongo_new("test", name, &made), 0);
    ck_assert_msg(prepared() == MONGO_DONE, "%s", mongo_why());
}

void store_free(void)
{
    mongo_free(made);
}

static void drop(mongoc_client_t *client, const char *database_name)
{
    bson_error_t error;
    mongoc_database_t *database = mongoc_client_get_database(client, database_name);
    if (!mongoc_database_drop(database, &error))
        fprintf(stderr, "# %s stays: %s\n", database_name, error.message);
    mongoc_database_destroy(database);
}

/* Outside of any test: nothing may be asserted here. */
void store_drop_all(void)
{
    char prefix[32];
    int size = snprintf(prefix, sizeof(prefix), "t_%d_", (int)getpid());
    mongoc_init();
    mongoc_client_t *client = mongoc_client_new(getenv("COLIS_MONGO_URL"));
    char **names = mongoc_client_get_database_names_with_opts(client, NULL, NULL);
    for (char **at = names; at && *at; at++) {
        if (strncmp(*at, prefix, (size_t)size) == 0)
            drop(client, *at);
    }
    bson_strfreev(names);
    mongoc_client_destroy(client);
    mongoc_cleanup();
}

/* Takes what. */
static void change(const char *collection_name, const char *document, bson_t *what)
{
    bson_error_t error;
    mongoc_client_t *client = behind();
    mongoc_collection_t *collection = mongoc_client_get_collection(client, name, collection_name);
    bson_t *who = BCON_NEW("_id", BCON_UTF8(document));
    ck_assert(mongoc_collection_update_one(collection, who, what, NULL, NULL, &error));
    bson_destroy(who);
    bson_destroy(what);
    mongoc_collection_destroy(collection);
    mongoc_client_destroy(client);
}

void store_set_fact(const char *document, const char *fact)
{
    change("history", document, BCON_NEW("$set", "{", "fact", BCON_UTF8(fact), "}"));
}

void store_set_position(const char *document, const char *partition, int64_t next)
{
    char member[32];
    snprintf(member, sizeof(member), "next.%s", partition);
    change("position", document, BCON_NEW("$set", "{", member, BCON_INT64(next), "}"));
}

void store_refuse_positions(void)
{
    bson_error_t error;
    mongoc_client_t *client = behind();
    bson_t *what =
        BCON_NEW("collMod", "position", "validator", "{", "never", "{", "$exists", BCON_BOOL(true), "}", "}");
    ck_assert(mongoc_client_write_command_with_opts(client, name, what, NULL, NULL, &error));
    bson_destroy(what);
    mongoc_client_destroy(client);
}

long long store_count(const char *collection_name)
{
    bson_error_t error;
    bson_t all = BSON_INITIALIZER;
    mongoc_client_t *client = behind();
    mongoc_collection_t *collection = mongoc_client_get_collection(client, name, collection_name);
    long long count = mongoc_collection_count_documents(collection, &all, NULL, NULL, NULL, &error);
    mongoc_collection_destroy(collection);
    mongoc_client_destroy(client);
    return count;
}
