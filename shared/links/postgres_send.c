/* SPDX-License-Identifier: Apache-2.0
 * From named statements and values to libpq's pipeline: looks the row up, lays the values out as the binary
 * protocol wants them, queues. Blocking and nonblocking use send through here; it never waits. */
#include "shared/links/postgres_inside.h"

#include <stdio.h>
#include <string.h>

struct parameters {
    const char *values[POSTGRES_PARAMETERS];
    int sizes[POSTGRES_PARAMETERS], formats[POSTGRES_PARAMETERS];
    char wire[POSTGRES_PARAMETERS][POSTGRES_WIRE];
    struct buf documents[POSTGRES_PARAMETERS]; /* JSONB, which wants a byte before the text */
    int count;
};

static const struct postgres_statement *find_in(const struct postgres_statement *list, const char *name)
{
    for (; list->name; list++) {
        if (strcmp(list->name, name) == 0)
            return list;
    }
    return NULL;
}

static const struct postgres_statement *find(const struct postgres *link, const char *name)
{
    const struct postgres_statement *found = NULL;
    for (int at = 0; at < link->list_count && !found; at++)
        found = find_in(link->lists[at], name);
    for (int at = 0; at < link->added_count && !found; at++)
        found = strcmp(link->added[at]->name, name) == 0 ? link->added[at] : NULL;
    return found;
}

/* A text is never a NULL pointer here: libpq takes that for NULL. */
static void lay_text(struct parameters *parameters, int at, struct span text)
{
    parameters->values[at] = text.data ? text.data : "";
    parameters->sizes[at] = (int)text.size;
}

static void lay_wire(struct parameters *parameters, int at, int size)
{
    parameters->values[at] = parameters->wire[at];
    parameters->sizes[at] = size;
}

static void lay_scalar(struct parameters *parameters, int at, const struct postgres_value *value)
{
    struct buf *document = &parameters->documents[at];
    switch (value->type) {
    case POSTGRES_TEXT:
    case POSTGRES_BYTEA:
        lay_text(parameters, at, value->text);
        break;
    case POSTGRES_JSONB:
        buf_byte(document, POSTGRES_JSONB_VERSION);
        buf_span(document, value->text);
        lay_text(parameters, at, buf_as_span(document));
        break;
    case POSTGRES_UUID:
        lay_wire(parameters, at, postgres_wire_id(value->text, parameters->wire[at]));
        break;
    default:
        lay_wire(parameters, at, postgres_wire_integer(value->type, value->integer, parameters->wire[at]));
        break;
    }
}

static void lay(struct parameters *parameters, const struct postgres_value *values, int count)
{
    for (int at = 0; at < count; at++) {
        parameters->formats[at] = 1;
        if (values[at].null)
            continue;
        if (values[at].array)
            lay_text(parameters, at, buf_as_span(&values[at].array->bytes));
        else
            lay_scalar(parameters, at, &values[at]);
    }
    parameters->count = count;
}

static void unlay(struct parameters *parameters)
{
    for (int at = 0; at < parameters->count; at++)
        buf_done(&parameters->documents[at]);
}

const struct postgres_statement *postgres_put(struct postgres *link, const char *statement,
                                              const struct postgres_value *values, int count)
{
    const struct postgres_statement *row = find(link, statement);
    if (!row || count > POSTGRES_PARAMETERS) {
        snprintf(link->why, sizeof(link->why), "statement %s: %s", statement,
                 row ? "too many values" : "not known");
        return NULL;
    }
    struct parameters parameters = {0};
    lay(&parameters, values, count);
    int sent = PQsendQueryPrepared(link->connection, statement, count, parameters.values, parameters.sizes,
                                   parameters.formats, 1);
    unlay(&parameters);
    if (!sent)
        postgres_because(link, PQerrorMessage(link->connection));
    return sent ? row : NULL;
}

/* --- the session --- */

/* Our timeouts, asked of the server as a query: every pooler that keeps sessions lets that through.
 * Statements are planned once, some of them while their tables are still small: every read of ours is by an
 * index, and must not become a scan for good because the table was small then. */
static bool put_session(struct postgres *link)
{
    static const char sql[] =
        "select set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false), "
        "set_config('idle_in_transaction_session_timeout', '10s', false), "
        "set_config('enable_seqscan', 'off', false), set_config('synchronous_commit', 'on', false), "
        "set_config('plan_cache_mode', $3, false)";
    char statement_ms[24], lock_ms[24];
    snprintf(statement_ms, sizeof(statement_ms), "%lld", (long long)postgres_given.statement_ms);
    snprintf(lock_ms, sizeof(lock_ms), "%lld", (long long)postgres_given.lock_ms);
    const char *values[] = {statement_ms, lock_ms, link->plans_once ? "force_generic_plan" : "auto"};
    return PQsendQueryParams(link->connection, sql, 3, NULL, values, NULL, NULL, 1) == 1;
}

static bool put_listen(struct postgres *link)
{
    char sql[80];
    snprintf(sql, sizeof(sql), "listen %s", link->channel);
    return PQsendQueryParams(link->connection, sql, 0, NULL, NULL, NULL, NULL, 1) == 1;
}

bool postgres_put_prepare(struct postgres *link, const struct postgres_statement *statement)
{
    return PQsendPrepare(link->connection, statement->name, statement->sql, 0, NULL) == 1;
}

static bool put_statements(struct postgres *link, const struct postgres_statement *list)
{
    bool put = true;
    for (; list->name && put; list++)
        put = postgres_put_prepare(link, list);
    return put;
}

/* Everything a fresh connection needs, in one segment. False where libpq would not take it. */
bool postgres_set_up(struct postgres *link)
{
    link->set_up_outcome = POSTGRES_DONE;
    bool put =
        PQenterPipelineMode(link->connection) && put_session(link) && (!link->channel || put_listen(link));
    for (int at = 0; at < link->list_count && put; at++)
        put = put_statements(link, link->lists[at]);
    for (int at = 0; at < link->added_count && put; at++)
        put = postgres_put_prepare(link, link->added[at]);
    if (put && PQpipelineSync(link->connection))
        return true;
    postgres_because(link, PQerrorMessage(link->connection));
    return false;
}

bool postgres_set_up_took(struct postgres *link, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    bool last = status == PGRES_PIPELINE_SYNC;
    if (!last && status != PGRES_PIPELINE_ABORTED) {
        int outcome = postgres_outcome_of(link, result);
        if (link->set_up_outcome == POSTGRES_DONE)
            link->set_up_outcome = outcome;
    }
    PQclear(result);
    return last;
}
