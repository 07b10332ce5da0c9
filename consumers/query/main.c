/* SPDX-License-Identifier: Apache-2.0
 * colis-query: answers what was asked for.
 *
 * GET → token, role, rate → the verdict a read waits for, if it names one → one segment in PostgreSQL as the
 * caller (row-level security says what is theirs; somebody else's is 404) → JSON. Histories come from MongoDB
 * once PostgreSQL has said whose they are. Whoever waits for a verdict is asked for together with all others.
 *
 * A POST here is a question with a body: it says what is asked, and publishes nothing.
 *
 * PostgreSQL away is 503 with Retry-After, MongoDB away only for histories. It writes nothing, anywhere. */
#include <string.h>

#include "consumers/query/query.h"
#include "shared/base/log.h"
#include "shared/http/link.h"
#include "shared/run/service.h"

enum { BUCKETS = 65536, BEAT_MS = 100, WAKE_MS = 5 };

static struct {
    char listen_host[65];
    int64_t listen_port, rate, burst, links, waiters, unanswered;
} given;

static const struct setting settings[] = {
    {.name = "listen_host",
     .kind = SETTING_TEXT,
     .fallback = "127.0.0.1",
     .min = 1,
     .max = sizeof(given.listen_host) - 1,
     .help = "address to listen on",
     .target = given.listen_host,
     .size = sizeof(given.listen_host)},
    {.name = "listen_port",
     .kind = SETTING_INTEGER,
     .fallback = "8081",
     .max = 65535,
     .help = "port to listen on; 0: any",
     .target = &given.listen_port},
    {.name = "rate_per_second",
     .kind = SETTING_INTEGER,
     .fallback = "200",
     .min = 1,
     .max = 1000000,
     .help = "reads a second of one person",
     .target = &given.rate},
    {.name = "rate_burst",
     .kind = SETTING_INTEGER,
     .fallback = "1000",
     .min = 1,
     .max = 1000000,
     .help = "reads of one person at once",
     .target = &given.burst},
    {.name = "query_links",
     .kind = SETTING_INTEGER,
     .fallback = "2",
     .min = 1,
     .max = QUERY_LINKS,
     .help = "PostgreSQL sessions for reads; one more waits for verdicts",
     .target = &given.links},
    {.name = "query_waiters",
     .kind = SETTING_INTEGER,
     .fallback = "4000",
     .min = 1,
     .max = 100000,
     .help = "requests that may wait for a verdict at once; more are answered 503",
     .target = &given.waiters},
    {.name = "query_unanswered",
     .kind = SETTING_INTEGER,
     .fallback = "64",
     .min = 1,
     .max = 100000,
     .help = "requests of one person that may be unanswered at once; more are answered 429",
     .target = &given.unanswered},
    {0},
};

/* The rows of the generated table that are ours, and the document about all of them. */
static int routes_new(struct http_route **ret_routes)
{
    size_t count = 0, used = 0;
    while (route_rows[count].method)
        count++;
    struct http_route *routes = memory_new(count + 2, sizeof(*routes));
    *ret_routes = routes;
    for (size_t at = 0; at < count; at++) {
        if (route_rows[at].server != ROUTE_QUERY)
            continue;
        if (!route_allows(&route_rows[at], "anyone") && !read_of(route_rows[at].name))
            return error_new(ERROR_BUG, "route %s has no read", route_rows[at].name);
        if (route_rows[at].body && route_rows[at].body->size > sizeof(((struct call *)0)->body))
            return error_new(ERROR_BUG, "the body of route %s has no room", route_rows[at].name);
        routes[used++] = (struct http_route){route_rows[at].method, route_rows[at].path, &route_rows[at]};
    }
    routes[used] = (struct http_route){"GET", "/openapi.json", NULL};
    return 0;
}

/* Who waits is answered now: in a moment they can ask another. */
static void ending(void *self)
{
    struct query *query = self;
    query->draining = true;
    service_ready(false, "it ends");
    waits_end(&query->waits);
}

static struct postgres *link_at(const struct query *query, size_t at)
{
    return at < query->link_count ? query->links[at] : query->waits.link;
}

static int on_postgres(void *self, int events)
{
    (void)events;
    return error_forward(postgres_step(self));
}

/* Steps the links also when nothing came, for their time-outs and for new connections; often until there is
 * one. */
static int on_beat(void *self)
{
    struct query *query = self;
    for (size_t at = 0; at <= query->link_count; at++)
        TRY(postgres_step(link_at(query, at)));
    service_beat();
    bool ready = store_ready(query);
    if (ready != query->ready)
        loop_timer_start(query->beat, BEAT_MS, ready ? BEAT_MS : WAKE_MS);
    query->ready = ready;
    if (!query->draining)
        service_ready(ready, "PostgreSQL is away");
    return 0;
}

static int open_links(struct query *query)
{
    TRY(store_start(query, (size_t)given.links));
    TRY(postgres_new("colis-query-waits", service_values.name_space, &query->waits.link));
    TRY(waits_start(&query->waits, query->loop, (size_t)given.waiters));
    for (size_t at = 0; at <= query->link_count; at++) {
        struct postgres *link = link_at(query, at);
        TRY(loop_watch_new(query->loop, postgres_descriptor(link), on_postgres, link, &query->watches[at]));
        loop_watch_want(query->watches[at], LOOP_READ);
    }
    return error_forward(mongo_new("colis-query", service_values.name_space, &query->mongo));
}

static int open_doors(struct query *query)
{
    TRY(token_checker_new(&query->tokens));
    TRY(token_take_links(query->tokens));
    TRY(receipt_keeper_new(&query->receipts));
    TRY(handover_key_read(&query->handover_key));
    TRY(qr_signer_new(&query->signer));
    qr_keys(query->signer, &query->keys);
    TRY(routes_new(&query->routes));
    query->buckets = bucket_table_new(BUCKETS, (double)given.rate, (double)given.burst);
    const struct front_config config = {.http = {.routes = query->routes,
                                                 .handle = handle,
                                                 .gone = handle_gone,
                                                 .self = query,
                                                 .host = given.listen_host,
                                                 .port = (int)given.listen_port},
                                        .ending = ending,
                                        .self = query};
    return error_forward(front_open(query->loop, &config, &query->front));
}

static int serve(struct query *query)
{
    waits_metrics();
    persons_start(&query->persons, (size_t)given.unanswered);
    TRY(photo_start(query));
    TRY(loop_new(&query->loop));
    TRY(open_links(query));
    TRY(open_doors(query));
    query->beat = loop_timer_new(query->loop, on_beat, query);
    loop_timer_start(query->beat, 0, WAKE_MS);
    return error_forward(front_run(query->front));
}

/* From the doors inwards: what is still on its way then belongs to calls whose client is gone. */
static void close_all(struct query *query)
{
    front_close(query->front);
    for (size_t at = 0; at <= QUERY_LINKS; at++)
        loop_watch_free(query->watches[at]);
    loop_timer_free(query->beat);
    store_stop(query);
    waits_stop(&query->waits);
    loop_free(query->loop);
    mongo_free(query->mongo);
    token_checker_free(query->tokens);
    receipt_keeper_free(query->receipts);
    crypto_signer_free(query->signer);
    buf_done(&query->keys);
    bucket_table_free(query->buckets);
    bucket_table_free(query->photo_buckets);
    persons_stop(&query->persons);
    free(query->routes);
}

static int run(void *self)
{
    struct query *query = self;
    int result = serve(query);
    close_all(query);
    return error_forward(result);
}

int main(int argc, char **argv)
{
    static struct query query;
    static const struct setting *const tables[] = {
        settings,    token_settings,    link_settings,  receipt_settings, handover_settings,
        qr_settings, postgres_settings, mongo_settings, photo_settings,   NULL};
    static const struct service service = {"query", "answers verdicts, parcels, histories, profiles", tables,
                                           run, &query};

    return service_main(&service, argc, argv);
}
