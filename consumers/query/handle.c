/* SPDX-License-Identifier: Apache-2.0
 * From a request to a call: who asks, whether they may, what exactly; then the read, after the verdict that
 * ?after= names. Whoever is not let in learns nothing but that. */
#include "consumers/query/query.h"

#include <stdio.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/base/crypto.h"
#include "shared/base/metric.h"

enum { PARAMETER = 300 };

static struct metric refused_tokens = {.name = "colis_query_tokens_refused_total",
                                       .help = "Requests without a good token.",
                                       .kind = METRIC_COUNTER};

__attribute__((constructor)) static void figures_register(void)
{
    metric_register(&refused_tokens);
}

void call_free(struct call *call)
{
    persons_leave(&call->query->persons, call->person);
    buf_done(&call->page);
    free(call);
}

void call_reply(struct call *call, const struct http_answer *answer)
{
    http_reply(call->request, answer);
    call_free(call);
}

void call_problem(struct call *call, enum problem problem, const char *detail)
{
    problem_reply(call->request, problem, detail, problem == PROBLEM_UNAVAILABLE ? QUERY_RETRY_S : 0);
    call_free(call);
}

/* A call that waits for a verdict ends here; one that is on its way to a store ends when it is back. */
void handle_gone(void *self, struct http_request *request)
{
    struct query *query = self;
    struct call *call = http_data(request);
    call->request = NULL;
    if (!call->waiter.told)
        return;
    waits_leave(&query->waits, &call->waiter);
    call_free(call);
}

/* --- parameters: false where they are malformed --- */

static bool whole_number(const char *text, int64_t min, int64_t max, int64_t *ret_value)
{
    size_t size = strlen(text);
    if (size == 0 || size > 15 || strspn(text, "0123456789") != size)
        return false;
    *ret_value = strtoll(text, NULL, 10);
    return *ret_value >= min && *ret_value <= max;
}

/* Leaves *ret_value as it is where the parameter is absent. */
static bool take_number(const struct http_request *request, const char *name, int64_t min, int64_t max,
                        int64_t *ret_value)
{
    char text[PARAMETER];
    int outcome = http_query(request, name, text, sizeof(text));
    return outcome == HTTP_ABSENT || (outcome == 0 && whole_number(text, min, max, ret_value));
}

static bool take_page(struct call *call)
{
    char next[PARAMETER];
    int64_t limit = QUERY_LIMIT;
    if (!take_number(call->request, "limit", 1, QUERY_LIMIT_MAX, &limit))
        return false;
    call->limit = (int)limit;
    if (call->row->parameters & READ_VERSIONS)
        return take_number(call->request, "next", 0, INT64_C(9999999999), &call->version);
    int outcome = http_query(call->request, "next", next, sizeof(next));
    return outcome == HTTP_ABSENT ||
           (outcome == 0 && page_take(span_of(next), &call->before_ms, &call->before) == 0);
}

static bool take_after(struct call *call)
{
    char text[PARAMETER];
    int outcome = http_query(call->request, "after", text, sizeof(text));
    return outcome == HTTP_ABSENT || (outcome == 0 && id_parse(span_of(text), &call->after) == 0);
}

/* A receipt that is none of ours is as good as no receipt. */
static bool take_receipt(struct call *call)
{
    char text[PARAMETER];
    struct receipt receipt = {.command = call->id, .person = call->claims.subject};
    int64_t wait_s = 0;
    if (!take_number(call->request, "wait", 0, QUERY_WAIT_MAX_S, &wait_s))
        return false;
    call->wait_ms = wait_s * 1000;
    int outcome = http_query(call->request, "receipt", text, sizeof(text));
    if (outcome == 0)
        call->has_receipt = receipt_check(call->query->receipts, span_of(text), &receipt) == 0;
    memcpy(call->fingerprint, receipt.fingerprint, sizeof(call->fingerprint));
    return outcome == 0 || outcome == HTTP_ABSENT;
}

static bool take_parameters(struct call *call)
{
    unsigned parameters = call->row->parameters;
    return (!(parameters & READ_PAGE) || take_page(call)) &&
           (!(parameters & READ_AFTER) || take_after(call)) &&
           (!(parameters & READ_RECEIPT) || take_receipt(call));
}

/* --- who --- */

/* True where the caller may, and the request is counted as theirs; else they have been told. */
static bool admit(struct query *query, struct http_request *request, const struct route_row *route,
                  struct token_claims *ret_claims, struct person **ret_person)
{
    const char *reason = NULL;
    int retry_s = 1;
    if (token_check(query->tokens, http_seen(request)->authorization, clock_wall_ms(), ret_claims, &reason) !=
        0) {
        metric_add(&refused_tokens, 1);
        problem_reply(request, PROBLEM_UNAUTHORIZED, NULL, 0);
    } else if (!route_allows(route, ret_claims->role)) {
        problem_reply(request, PROBLEM_FORBIDDEN, NULL, 0);
    } else if (bucket_take(query->buckets, span_of(ret_claims->subject.text), clock_steady_ms(), &retry_s) !=
               0) {
        problem_reply(request, PROBLEM_RATE, NULL, retry_s);
    } else if (!(*ret_person = persons_enter(&query->persons, &ret_claims->subject))) {
        problem_reply(request, PROBLEM_RATE, "too many requests of yours are unanswered", QUERY_RETRY_S);
    } else {
        return true;
    }
    return false;
}

/* --- the call --- */

static void told_after(struct call *call, const struct verdict *verdict)
{
    if (verdict)
        store_read(call);
    else
        call_problem(call, PROBLEM_UNAVAILABLE, "the command named by after is not decided yet");
}

static void begin(struct call *call)
{
    struct query *query = call->query;
    if (id_none(&call->after))
        store_read(call);
    else if (query->draining || waits_add(&query->waits, call, &call->after, QUERY_AFTER_MS, told_after) != 0)
        call_problem(call, PROBLEM_UNAVAILABLE, "too many wait for a verdict");
}

/* The same for everybody, and for a while. */
static int reply_public(struct http_request *request, struct span body)
{
    http_reply(request,
               &(struct http_answer){.status = 200, .cache_control = "public, max-age=300", .body = body});
    return 0;
}

/* Names in the path are ids and, behind one, a digest: what is none names nothing. */
static bool take_names(struct call *call)
{
    const struct span *parameters = http_seen(call->request)->parameters;
    if (strstr(call->route->path, "{digest}") &&
        crypto_unhex(parameters[1], call->digest, sizeof(call->digest)) != 0)
        return false;
    return !strchr(call->route->path, '{') || id_parse(parameters[0], &call->id) == 0;
}

/* True where the route takes none, or it is what the route takes; else they have been told what is wrong. */
static bool take_body(struct call *call)
{
    const struct schema *schema = call->route->body;
    struct codec_errors errors;
    if (!schema || codec_decode(schema, http_seen(call->request)->body, &call->body, &errors) == 0)
        return true;
    problem_reply_invalid(call->request, &errors);
    call_free(call);
    return false;
}

int handle(void *self, struct http_request *request, const void *what)
{
    struct query *query = self;
    struct token_claims claims;
    struct person *person;
    if (!what)
        return reply_public(request, (struct span){openapi_json, openapi_json_size});
    if (route_allows(what, "anyone")) /* /v1/keys is the one there is */
        return reply_public(request, buf_as_span(&query->keys));
    if (!admit(query, request, what, &claims, &person))
        return 0;
    struct call *call = memory_new(1, sizeof(*call));
    call->query = query;
    call->request = request;
    call->route = what;
    call->row = read_of(call->route->name);
    call->claims = claims;
    call->person = person;
    http_set_data(request, call);
    if (!take_names(call))
        call_problem(call, PROBLEM_NOT_FOUND, NULL);
    else if (!take_parameters(call))
        call_problem(call, PROBLEM_BAD_REQUEST, "a query parameter is malformed");
    else if (take_body(call) && search_take(call))
        begin(call);
    return HTTP_LATER;
}
