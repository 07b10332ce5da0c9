/* SPDX-License-Identifier: Apache-2.0
 * A request becomes a command's record: who asks, may they, what do they say, about what. The first question
 * that fails answers. Nothing is sent before all were answered, and what is sent is the codec's own text. */
#include <string.h>

#include "producers/ingress/ingress.h"
#include "shared/base/clock.h"
#include "shared/base/crypto.h"
#include "shared/base/trace.h"

enum { KEY_MAX = 255, RETRY_S = 1, REFUSED = 1 };

/* What is known of the request in hand. */
struct asked {
    struct http_request *request;
    const struct http_seen *seen;
    const struct route_row *route;
    struct token_claims claims;
    struct id command, subject;
    int64_t now_ms, steady_ms;
};

static int refuse(const struct asked *asked, enum problem problem, int retry_s)
{
    problem_reply(asked->request, problem, NULL, retry_s);
    return REFUSED;
}

static int ask_who(struct ingress *ingress, struct asked *asked)
{
    const char *reason;
    int retry_s, wait = 0;
    if (token_check(ingress->tokens, asked->seen->authorization, asked->now_ms, &asked->claims, &reason) != 0)
        return refuse(asked, PROBLEM_UNAUTHORIZED, 0);
    if (!route_allows(asked->route, asked->claims.role))
        return refuse(asked, PROBLEM_FORBIDDEN, 0);
    wait = bucket_take(ingress->buckets, span_of(asked->claims.subject.text), asked->steady_ms, &retry_s);
    return wait == BUCKET_EMPTY ? refuse(asked, PROBLEM_RATE, retry_s) : 0;
}

/* 1 to 255 visible characters. */
static bool key_valid(struct span key)
{
    for (size_t i = 0; i < key.size; i++)
        if (key.data[i] < 0x21 || key.data[i] > 0x7e)
            return false;
    return key.size > 0 && key.size <= KEY_MAX;
}

/* The same person and key make the same id, for ever; without a key each request is a command of its own. */
static int name_command(struct asked *asked)
{
    struct span key = asked->seen->idempotency_key;
    if (!key.data) {
        id_v7(asked->now_ms, &asked->command);
        return 0;
    }
    if (!key_valid(key))
        return refuse(asked, PROBLEM_KEY_MALFORMED, 0);
    id_of_command(span_of(asked->claims.subject.text), key, &asked->command);
    return 0;
}

static int name_subject(struct asked *asked)
{
    switch (asked->route->subject) {
    case ROUTE_SUBJECT_NEW:
        id_of_aggregate(&asked->command, asked->route->aggregate, &asked->subject);
        return 0;
    case ROUTE_SUBJECT_CALLER:
        asked->subject = asked->claims.subject;
        return 0;
    default:
        return id_parse(asked->seen->parameters[0], &asked->subject) == 0
                   ? 0
                   : refuse(asked, PROBLEM_NOT_FOUND, 0);
    }
}

/* The body by the route's schema; what is wrong with it is told field by field. */
static int read_body(struct ingress *ingress, const struct asked *asked)
{
    struct span body = asked->seen->body.size > 0 ? asked->seen->body : SPAN("{}");
    struct codec_errors errors;
    if (codec_decode(asked->route->command->schema, body, ingress->message, &errors) == 0)
        return 0;
    problem_reply_invalid(asked->request, &errors);
    return REFUSED;
}

static void put(char *to, size_t capacity, const char *front, const char *back)
{
    size_t size = strlen(front);
    memcpy(to, front, size);
    (void)!text_copy(to + size, capacity - size, span_of(back));
}

static void make_event(const struct asked *asked, const uint8_t fingerprint[16], struct pending *pending)
{
    const struct message_row *command = asked->route->command;
    struct event *event = &pending->event;
    *event =
        (struct event){.id = asked->command, .time_ms = asked->now_ms, .data = buf_as_span(&pending->data)};
    put(event->source, sizeof(event->source), "/ingress", "");
    put(event->type, sizeof(event->type), "", command->type);
    put(event->subject, sizeof(event->subject), asked->route->aggregate, "/");
    put(event->subject + strlen(event->subject), sizeof(asked->subject.text), "", asked->subject.text);
    put(event->dataschema, sizeof(event->dataschema), "/schemas/commands/", command->type);
    put(event->key, sizeof(event->key), "", asked->claims.subject.text);
    put(event->principal, sizeof(event->principal), "", asked->claims.subject.text);
    put(event->role, sizeof(event->role), "", asked->claims.role);
    crypto_hex(fingerprint, 16, event->fingerprint);
    trace_continue(asked->seen->traceparent, event->traceparent);
}

/* The record says what the codec read, in the codec's words. */
static void put_on_its_way(struct ingress *ingress, const struct asked *asked)
{
    struct receipt receipt = {
        .command = asked->command, .person = asked->claims.subject, .accepted_ms = asked->now_ms};
    struct pending *pending = pending_take(ingress, asked->request);
    codec_encode(asked->route->command->schema, ingress->message, CODEC_ALL, &pending->data);
    receipt_fingerprint(ingress->receipts, span_of(asked->seen->method), asked->seen->path,
                        buf_as_span(&pending->data), receipt.fingerprint);
    make_event(asked, receipt.fingerprint, pending);
    pending->sent_ms = asked->steady_ms;
    pending->subject = asked->subject;
    pending->route = asked->route;
    receipt_sign(ingress->receipts, &receipt, pending->receipt);
    batch_add(ingress, pending);
}

/* Guessing at the door: what would be sent costs one of few, and answer.c gives it back where it was not.
 * Each booking counts wrong tries besides. */
static int ask_code_rate(struct ingress *ingress, const struct asked *asked)
{
    int retry_s;
    if (asked->route->bucket != ROUTE_BUCKET_CODE)
        return 0;
    int wait =
        bucket_take(ingress->code_buckets, span_of(asked->claims.subject.text), asked->steady_ms, &retry_s);
    return wait == BUCKET_EMPTY ? refuse(asked, PROBLEM_RATE, retry_s) : 0;
}

static int reply_plain(struct http_request *request, int status, struct span body)
{
    http_reply(request, &(struct http_answer){.status = status, .body = body});
    return 0;
}

static int answer_or_send(struct ingress *ingress, struct asked *asked)
{
    if (ask_who(ingress, asked) != 0 || name_command(asked) != 0 || name_subject(asked) != 0 ||
        read_body(ingress, asked) != 0)
        return 0;
    if (!broker_takes(ingress->broker)) {
        (void)refuse(asked, PROBLEM_UNAVAILABLE, RETRY_S);
        return 0;
    }
    if (ask_code_rate(ingress, asked) != 0)
        return 0;
    put_on_its_way(ingress, asked);
    return HTTP_LATER;
}

int command_take(void *self, struct http_request *request, const void *what)
{
    if (!what)
        return reply_plain(request, 200, (struct span){openapi_json, openapi_json_size});
    if (ingress_values.bare)
        return reply_plain(request, 202, SPAN("{}"));
    struct asked asked = {.request = request,
                          .seen = http_seen(request),
                          .route = what,
                          .now_ms = clock_wall_ms(),
                          .steady_ms = clock_steady_ms()};
    return answer_or_send(self, &asked);
}
