/* SPDX-License-Identifier: Apache-2.0
 * colis-ingress: takes commands.
 *
 * POST → token, role, rate → body by the route's schema → one record on <namespace>.commands, keyed by the
 * person → the broker's acknowledgement → 202 with the command's id, a signed receipt and where to read.
 * 202 means stored by every replica in step; 503 that nothing was sent; 504 that it is not known: the same
 * Idempotency-Key gives the same ids again, on any instance and after any restart, so a retry is harmless.
 *
 * It touches no database and decides nothing: whether a command is accepted is the projector's to say.
 * It must never answer 202 before the report, nor pass on a client's bytes that the codec did not write. */
#include <malloc.h>

#include "producers/ingress/ingress.h"
#include "shared/base/host.h"
#include "shared/base/log.h"
#include "shared/http/link.h"
#include "shared/run/service.h"

enum { BUCKETS = 65536, HOUR_S = 3600, KEPT_MEMORY = 8 << 20 };

struct ingress_values ingress_values;

const struct setting ingress_settings[] = {
    {"listen_host", SETTING_TEXT, "127.0.0.1", 1, sizeof(ingress_values.listen_host) - 1,
     .help = "address to listen on", .target = ingress_values.listen_host,
     .size = sizeof(ingress_values.listen_host)},
    {"listen_port", SETTING_INTEGER, "8080", 0, 65535, .help = "port to listen on; 0: any",
     .target = &ingress_values.listen_port},
    {"query_url", SETTING_TEXT, "http://127.0.0.1:8081", 1, sizeof(ingress_values.query_url) - 1,
     .help = "what status_url and Location begin with: where colis-query is reached",
     .target = ingress_values.query_url, .size = sizeof(ingress_values.query_url)},
    {"rate_per_second", SETTING_INTEGER, "50", 1, 1000000, .help = "commands a second of one person",
     .target = &ingress_values.rate},
    {"rate_burst", SETTING_INTEGER, "200", 1, 1000000, .help = "commands of one person at once",
     .target = &ingress_values.burst},
    {"code_rate", SETTING_INTEGER, "10", 1, 1000000,
     .help = "commands about handover codes an hour of one person, and at once",
     .target = &ingress_values.code_rate},
    {"ingress_bare", SETTING_FLAG, "off",
     .help = "for the benchmark: answer 202 and do nothing (loopback only)", .target = &ingress_values.bare},
    {0},
};

/* The rows of the generated table that are ours, and the document about all of them. */
static struct http_route *routes_new(void)
{
    size_t count = 0, used = 0;
    while (route_rows[count].method)
        count++;
    struct http_route *routes = memory_new(count + 2, sizeof(*routes));
    for (size_t i = 0; i < count; i++)
        if (route_rows[i].server == ROUTE_INGRESS)
            routes[used++] = (struct http_route){route_rows[i].method, route_rows[i].path, &route_rows[i]};
    routes[used] = (struct http_route){"GET", "/openapi.json", NULL};
    return routes;
}

static void fail(void *self, int result)
{
    struct ingress *ingress = self;
    front_fail(ingress->front, result);
}

/* What is open is answered when its report comes, then the rest is flushed. */
static void ending(void *self)
{
    struct ingress *ingress = self;
    broker_drain(ingress->broker);
}

static int open_broker(struct ingress *ingress)
{
    static const char *const topics[] = {"commands", NULL};
    const struct broker_config config = {.client = "colis-ingress",
                                         .topics = topics,
                                         .reported = answer_reported,
                                         .stepped = batch_reported,
                                         .failed = fail,
                                         .self = ingress};
    ingress->release = loop_timer_new(ingress->loop, batch_release, ingress);
    return error_forward(broker_open(ingress->loop, &config, &ingress->broker));
}

static int open_front(struct ingress *ingress)
{
    const struct front_config config = {
        .http = {.routes = ingress->routes,
                 .handle = command_take,
                 .gone = answer_gone,
                 .failed = fail,
                 .self = ingress,
                 .host = ingress_values.listen_host,
                 .port = (int)ingress_values.listen_port},
        .ending = ending,
        .self = ingress,
    };
    return error_forward(front_open(ingress->loop, &config, &ingress->front));
}

static int open_all(struct ingress *ingress)
{
    if (ingress_values.bare && !host_is_loopback(ingress_values.listen_host))
        return error_new(ERROR_SETTINGS, "ingress_bare takes nothing: only with listen_host on loopback");
    TRY(token_checker_new(&ingress->tokens));
    TRY(token_take_links(ingress->tokens));
    TRY(receipt_keeper_new(&ingress->receipts));
    TRY(loop_new(&ingress->loop));
    ingress->buckets = bucket_table_new(BUCKETS, (double)ingress_values.rate, (double)ingress_values.burst);
    ingress->code_buckets = bucket_table_new(BUCKETS, (double)ingress_values.code_rate / HOUR_S,
                                             (double)ingress_values.code_rate);
    ingress->routes = routes_new();
    TRY(open_broker(ingress));
    return open_front(ingress);
}

/* The producer first: whoever still waits is told 504 while the server can still say so. */
static void close_all(struct ingress *ingress)
{
    if (ingress->held > 0 && batch_release(ingress) != 0)
        log_with(LOG_LEVEL_ERROR, "records could not be sent at the end", .err = error_text());
    broker_close(ingress->broker);
    front_close(ingress->front);
    loop_timer_free(ingress->release);
    loop_free(ingress->loop);
    bucket_table_free(ingress->buckets);
    bucket_table_free(ingress->code_buckets);
    receipt_keeper_free(ingress->receipts);
    token_checker_free(ingress->tokens);
    pending_done(ingress);
    free(ingress->routes);
}

/* Compressing a batch takes and gives back some 200 kB. By default the allocator returns them to the system
 * each time and faults them in again: a tenth of the producer's time. Up to this much stays with the process.
 */
static void keep_memory(void)
{
    (void)!mallopt(M_TRIM_THRESHOLD, KEPT_MEMORY);
    (void)!mallopt(M_MMAP_THRESHOLD, KEPT_MEMORY);
}

static int run(void *self)
{
    struct ingress *ingress = self;
    keep_memory();
    int result = open_all(ingress);
    if (result == 0) {
        log_plain(LOG_LEVEL_INFO, "listening");
        result = front_run(ingress->front);
    }
    close_all(ingress);
    return error_forward(result);
}

int main(int argc, char **argv)
{
    static struct ingress ingress;
    static const struct setting *const settings[] = {
        ingress_settings, token_settings,     link_settings, receipt_settings,
        kafka_settings,   kafka_out_settings, NULL};
    static const struct service service = {"ingress", "takes commands over HTTP and writes them to the bus",
                                           settings, run, &ingress};
    return service_main(&service, argc, argv);
}
