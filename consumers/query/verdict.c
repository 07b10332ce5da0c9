/* SPDX-License-Identifier: Apache-2.0
 * GET /v1/commands/{id}: the verdict; or, with a receipt of ours, that there is none yet. Without either a
 * command that never was and another's command look the same. A receipt that bears another fingerprint than
 * the decided one says that its key was used twice, with different bodies. */
#include "consumers/query/query.h"

#include <string.h>

#include "shared/base/clock.h"

void verdict_fetch(const struct postgres_rows *rows, int row, int first, struct verdict *ret_verdict)
{
    struct span fingerprint = postgres_text(rows, row, first + 7);
    memset(ret_verdict, 0, sizeof(*ret_verdict));
    postgres_id(rows, row, first, &ret_verdict->id);
    postgres_id(rows, row, first + 1, &ret_verdict->subject);
    if (text_copy(ret_verdict->kind, sizeof(ret_verdict->kind), postgres_text(rows, row, first + 2)) != 0 ||
        text_copy(ret_verdict->reason, sizeof(ret_verdict->reason), postgres_text(rows, row, first + 4)) != 0)
        ret_verdict->kind[0] = '\0'; /* longer than any of ours: shown without */
    ret_verdict->accepted = postgres_integer(rows, row, first + 3) != 0;
    ret_verdict->facts = (unsigned)postgres_integer(rows, row, first + 5);
    ret_verdict->decided_ms = postgres_integer(rows, row, first + 6);
    ret_verdict->has_fingerprint = fingerprint.size == sizeof(ret_verdict->fingerprint);
    if (ret_verdict->has_fingerprint)
        memcpy(ret_verdict->fingerprint, fingerprint.data, fingerprint.size);
}

static void facts_json(const struct verdict *verdict, struct buf *to)
{
    buf_text(to, ",\"facts\":[");
    for (unsigned at = 0; at < verdict->facts; at++) {
        struct id fact;
        id_of_fact(&verdict->id, at, &fact);
        buf_format(to, "%s\"%s\"", at ? "," : "", fact.text);
    }
    buf_byte(to, ']');
}

/* Where what a command changed can be read: the pattern of a route on its kind. An address without an id is
 * each caller's own, and nobody else is there. */
static const char *resource_of(const char *kind, bool own)
{
    for (const struct route_row *row = route_rows; row->name; row++) {
        if (row->command && row->resource && strcmp(row->aggregate, kind) == 0 &&
            (own || row->subject != ROUTE_SUBJECT_CALLER))
            return row->resource;
    }
    return NULL;
}

static void resource_json(const struct verdict *verdict, const struct id *caller, struct buf *to)
{
    const char *pattern = resource_of(verdict->kind, id_same(&verdict->subject, caller));
    if (!pattern)
        return;
    const char *hole = strstr(pattern, "{id}");
    if (hole)
        buf_format(to, ",\"resource\":\"%.*s%s%s\"", (int)(hole - pattern), pattern, verdict->subject.text,
                   hole + 4);
    else
        buf_format(to, ",\"resource\":\"%s\"", pattern);
}

static void verdict_json(const struct verdict *verdict, const struct id *caller, struct buf *to)
{
    char decided_at[CLOCK_TEXT];
    buf_format(to, "{\"id\":\"%s\",\"state\":\"%s\"", verdict->id.text,
               verdict->accepted ? "accepted" : "refused");
    if (verdict->reason[0]) {
        buf_text(to, ",\"reason\":");
        buf_json_string(to, span_of(verdict->reason));
    }
    facts_json(verdict, to);
    if (verdict->accepted)
        resource_json(verdict, caller, to);
    clock_format(verdict->decided_ms, decided_at);
    buf_format(to, ",\"decided_at\":\"%s\"}", decided_at);
}

static void answer_decided(struct call *call, const struct verdict *verdict)
{
    CLEANUP(buf_done) struct buf body = {0};
    if (call->has_receipt && verdict->has_fingerprint &&
        memcmp(call->fingerprint, verdict->fingerprint, sizeof(call->fingerprint)) != 0) {
        call_problem(call, PROBLEM_KEY_REUSED, NULL);
        return;
    }
    verdict_json(verdict, &call->claims.subject, &body);
    call_reply(call, &(struct http_answer){.status = 200, .body = buf_as_span(&body)});
}

/* When its time is over it is read once more: it may have been parked meanwhile. */
static void told(struct call *call, const struct verdict *verdict)
{
    if (verdict) {
        answer_decided(call, verdict);
        return;
    }
    call->wait_ms = 0;
    store_read(call);
}

static void answer_open(struct call *call, bool parked)
{
    CLEANUP(buf_done) struct buf body = {0};
    if (!call->has_receipt) {
        call_problem(call, PROBLEM_NOT_FOUND, NULL);
        return;
    }
    if (call->wait_ms > 0 && !call->query->draining) {
        if (waits_add(&call->query->waits, call, &call->id, call->wait_ms, told) == WAITS_FULL)
            call_problem(call, PROBLEM_UNAVAILABLE, "too many wait for a verdict");
        return;
    }
    buf_format(&body, "{\"id\":\"%s\",\"state\":\"%s\"}", call->id.text, parked ? "parked" : "pending");
    call_reply(call, &(struct http_answer){.status = 202, .body = buf_as_span(&body), .retry_after = "1"});
}

void verdict_answer(struct call *call, const struct postgres_rows *rows)
{
    struct verdict verdict;
    if (postgres_null(rows, 0, 0)) {
        answer_open(call, postgres_integer(rows, 0, VERDICT_COLUMNS) != 0);
        return;
    }
    verdict_fetch(rows, 0, 0, &verdict);
    answer_decided(call, &verdict);
}
