/* SPDX-License-Identifier: Apache-2.0
 * Reads from PostgreSQL: a read is one segment, the caller's claims and the row's statement, on the session
 * that has least to do. A read that met a dying session is asked once more on another; then it is 503. */
#include "consumers/query/query.h"

#include <string.h>

#include "shared/base/log.h"
#include "shared/run/service.h"

enum { STATEMENTS = 64 };

/* Local to the segment's implicit transaction: the session itself stays nobody's. Every read goes by keys, so
 * one plan serves all values, and planning would cost more than reading. */
static const char claims_sql[] =
    "select set_config('request.jwt.claims', $1, true), set_config('role', 'authenticated', true), "
    "set_config('plan_cache_mode', 'force_generic_plan', true)";

static struct postgres_statement statements[STATEMENTS];

static int fill_statements(void)
{
    int count = 0;
    statements[count++] = (struct postgres_statement){"claims", claims_sql};
    for (const struct read_row *row = read_rows; row->name; row++) {
        if (count == STATEMENTS - 1)
            return error_new(ERROR_BUG, "more reads than statements");
        statements[count++] = (struct postgres_statement){row->name, row->sql};
    }
    statements[count] = (struct postgres_statement){0};
    return 0;
}

int store_start(struct query *query, size_t links)
{
    TRY(fill_statements());
    for (query->link_count = 0; query->link_count < links; query->link_count++) {
        struct postgres **link = &query->links[query->link_count];
        TRY(postgres_new("colis-query", service_values.name_space, link));
        postgres_statements(*link, statements);
        TRY(postgres_start(*link));
    }
    return 0;
}

void store_stop(struct query *query)
{
    for (size_t at = 0; at < query->link_count; at++)
        postgres_free(query->links[at]);
    query->link_count = 0;
}

bool store_ready(const struct query *query)
{
    bool ready = false;
    for (size_t at = 0; at < query->link_count; at++)
        ready = ready || postgres_connected(query->links[at]);
    return ready && postgres_connected(query->waits.link);
}

/* Only what the token's signature covers, in the shape Supabase's policies read. */
static void claims_json(const struct token_claims *claims, struct buf *to)
{
    buf_format(to, "{\"sub\":\"%s\",\"role\":\"authenticated\"", claims->subject.text);
    if (strcmp(claims->role, "person") != 0) {
        buf_text(to, ",\"app_metadata\":{\"colis_role\":");
        buf_json_string(to, span_of(claims->role));
        if (!id_none(&claims->booking))
            buf_format(to, ",\"colis_booking\":\"%s\",\"colis_recipient\":%lld", claims->booking.text,
                       (long long)claims->recipient_n);
        buf_byte(to, '}');
    }
    buf_byte(to, '}');
}

static void answered(void *self, int outcome, struct postgres_rows *rows, int count)
{
    struct call *call = self;
    (void)count;
    if (!call->request) {
        call_free(call);
    } else if (outcome == POSTGRES_DONE) {
        call->row->answer(call, &rows[1]);
    } else if (outcome == POSTGRES_RETRY && !call->again) {
        call->again = true;
        store_read(call);
    } else if (outcome == POSTGRES_RETRY) {
        call_problem(call, PROBLEM_UNAVAILABLE, NULL);
    } else {
        log_with(LOG_LEVEL_ERROR, "a read was refused", .err = call->row->name);
        call_problem(call, PROBLEM_INTERNAL, NULL);
    }
}

static int ask(struct call *call, struct postgres *link)
{
    CLEANUP(buf_done) struct buf claims = {0};
    struct postgres_value values[READ_VALUES] = {0};
    int count = call->row->bind(call, values);
    claims_json(&call->claims, &claims);
    const struct postgres_value caller = {.type = POSTGRES_TEXT, .text = buf_as_span(&claims)};
    postgres_ask(link, "claims", &caller, 1);
    postgres_ask(link, call->row->name, values, count);
    return postgres_end(link, answered, call);
}

/* Of the sessions there are and that were not tried the one that has least to do; link_count: none. */
static size_t idlest(const struct query *query, unsigned tried)
{
    size_t best = query->link_count;
    for (size_t at = 0; at < query->link_count; at++) {
        if ((tried >> at & 1) || !postgres_connected(query->links[at]))
            continue;
        if (best == query->link_count ||
            postgres_waiting(query->links[at]) < postgres_waiting(query->links[best]))
            best = at;
    }
    return best;
}

void store_read(struct call *call)
{
    const struct query *query = call->query;
    unsigned tried = 0;
    for (size_t at = idlest(query, 0); at < query->link_count; at = idlest(query, tried)) {
        if (ask(call, query->links[at]) == POSTGRES_DONE)
            return;
        tried |= 1U << at;
    }
    call_problem(call, PROBLEM_UNAVAILABLE, NULL);
}
