/* SPDX-License-Identifier: Apache-2.0
 * Refusals as RFC 9457 bodies: the one table from a problem to status, type and title. Texts are ours and
 * fixed; nothing a client sent, and nothing about our inside, is repeated, but the pointers of wrong fields.
 */
#include "shared/http/problem.h"

#include <stdio.h>

#include "shared/base/cleanup.h"
#include "shared/http/connection.h"

struct problem_row {
    int status;
    const char *type; /* behind /problems/ */
    const char *title;
};

static const struct problem_row rows[] = {
    [PROBLEM_BAD_REQUEST] = {400, "bad-request", "The request is malformed"},
    [PROBLEM_NOT_JSON] = {400, "not-json", "The body is not valid JSON"},
    [PROBLEM_KEY_MALFORMED] = {400, "idempotency-key-malformed",
                               "Idempotency-Key must be 1 to 255 visible ASCII characters"},
    [PROBLEM_UNAUTHORIZED] = {401, "unauthorized", "A valid access token is needed"},
    [PROBLEM_FORBIDDEN] = {403, "forbidden", "Your role may not do this"},
    [PROBLEM_NOT_FOUND] = {404, "not-found", "There is no such thing"},
    [PROBLEM_METHOD] = {405, "method-not-allowed", "This path does not take this method"},
    [PROBLEM_NOT_ACCEPTABLE] = {406, "not-acceptable", "Answers are application/json only"},
    [PROBLEM_TIMEOUT] = {408, "timeout", "The request did not come in time"},
    [PROBLEM_TOO_LARGE] = {413, "too-large", "The body is too large"},
    [PROBLEM_URI_TOO_LONG] = {414, "uri-too-long", "The request target is too long"},
    [PROBLEM_MEDIA_TYPE] = {415, "unsupported-media-type", "The body must be application/json in UTF-8"},
    [PROBLEM_EXPECTATION] = {417, "expectation-failed", "Only 100-continue can be expected"},
    [PROBLEM_INVALID] = {422, "invalid", "Fields of the body are not valid"},
    [PROBLEM_KEY_REUSED] = {422, "idempotency-key-reused", "The key was used with another body"},
    [PROBLEM_RATE] = {429, "rate", "Too many requests"},
    [PROBLEM_HEADERS_TOO_LARGE] = {431, "headers-too-large", "The header fields are too large"},
    [PROBLEM_INTERNAL] = {500, "internal", "Something failed on our side"},
    [PROBLEM_NOT_IMPLEMENTED] = {501, "not-implemented", "This is not known here"},
    [PROBLEM_UNAVAILABLE] = {503, "unavailable", "Not taken: try again later"},
    [PROBLEM_UNKNOWN_OUTCOME] = {504, "unknown-outcome",
                                 "It is not known whether this was taken: retry with the same key"},
    [PROBLEM_VERSION] = {505, "version", "HTTP/1.1 is spoken here"},
};

int problem_status(enum problem problem)
{
    return rows[problem].status;
}

static void write_errors(const struct codec_errors *errors, struct buf *to)
{
    buf_text(to, ",\"errors\":[");
    for (size_t i = 0; i < errors->count; i++) {
        buf_text(to, i ? ",{\"pointer\":" : "{\"pointer\":");
        buf_json_string(to, span_of(errors->items[i].pointer));
        buf_text(to, ",\"detail\":");
        buf_json_string(to, span_of(errors->items[i].reason));
        buf_byte(to, '}');
    }
    buf_byte(to, ']');
}

void problem_body(enum problem problem, const char *detail, const struct codec_errors *errors, struct buf *to)
{
    const struct problem_row *row = &rows[problem];
    buf_text(to, "{\"type\":\"/problems/");
    buf_text(to, row->type);
    buf_text(to, "\",\"title\":");
    buf_json_string(to, span_of(row->title));
    buf_text(to, ",\"status\":");
    buf_integer(to, row->status);
    if (detail) {
        buf_text(to, ",\"detail\":");
        buf_json_string(to, span_of(detail));
    }
    if (errors && problem == PROBLEM_INVALID)
        write_errors(errors, to);
    buf_byte(to, '}');
}

static void reply(struct http_request *request, enum problem problem, struct span body, int retry_after)
{
    char seconds[16];
    snprintf(seconds, sizeof(seconds), "%d", retry_after);
    http_reply(request, &(struct http_answer){
                            .status = rows[problem].status,
                            .content_type = "application/problem+json",
                            .body = body,
                            .retry_after = retry_after > 0 ? seconds : NULL,
                            .allow = problem == PROBLEM_METHOD ? request->allow : NULL,
                            .www_authenticate = problem == PROBLEM_UNAUTHORIZED ? "Bearer" : NULL,
                        });
}

void problem_reply(struct http_request *request, enum problem problem, const char *detail, int retry_after)
{
    CLEANUP(buf_done) struct buf body = {0};
    problem_body(problem, detail, NULL, &body);
    reply(request, problem, buf_as_span(&body), retry_after);
}

void problem_reply_invalid(struct http_request *request, const struct codec_errors *errors)
{
    CLEANUP(buf_done) struct buf body = {0}, detail = {0};
    if (errors->syntax) {
        buf_format(&detail, "%s, at byte %zu", errors->syntax, errors->at);
        problem_body(PROBLEM_NOT_JSON, detail.data, NULL, &body);
        reply(request, PROBLEM_NOT_JSON, buf_as_span(&body), 0);
        return;
    }
    problem_body(PROBLEM_INVALID, errors->more ? "There are more errors than are listed." : NULL, errors,
                 &body);
    reply(request, PROBLEM_INVALID, buf_as_span(&body), 0);
}
