/* SPDX-License-Identifier: Apache-2.0
 * GET …/codes: the codes a sender gives away at a door, and their QR texts, while they are good: pickup from
 * paid on, return once the parcel comes back. Computed here, kept nowhere, in no cache. The delivery code is
 * the recipient's and never leaves here; the traveller, who types them in, is shown none. */
#include "consumers/query/query.h"

#include "shared/domain/limits.h"

const char codes_sql[] =
    "select state = 'paid', pickup_code_issue, pickup_code_tries, "
    "state = 'disputed' and return_proved_at is null and delivery_proved_at is null, "
    "return_code_issue, return_code_tries from state.booking where id = $1 and sender = $2";

enum { PICKUP_AT = 0, RETURN_AT = 3, ISSUE = 1, TRIES = 2 }; /* columns: which code, and what of it */

int codes_bind(const struct call *call, struct postgres_value *ret_values)
{
    ret_values[0] = (struct postgres_value){.type = POSTGRES_UUID, .text = span_of(call->id.text)};
    ret_values[1] =
        (struct postgres_value){.type = POSTGRES_UUID, .text = span_of(call->claims.subject.text)};
    return 2;
}

static void write_code(const struct call *call, const struct postgres_rows *rows, int first, int32_t purpose,
                       struct buf *to)
{
    struct qr qr = {
        .booking = call->id, .purpose = purpose, .issue = postgres_integer(rows, 0, first + ISSUE)};
    int64_t tries = postgres_integer(rows, 0, first + TRIES);
    if (!postgres_integer(rows, 0, first) || qr.issue == 0)
        return;
    code_make(&call->query->handover_key, &qr.booking, purpose, qr.issue, qr.code);
    buf_format(to, "%s{\"purpose\":\"%s\",\"issue\":%lld,\"tries_left\":%lld,\"code\":\"%s\",\"qr\":\"",
               to->data[to->size - 1] == '[' ? "" : ",", choice_text(code_purpose_choices, purpose),
               (long long)qr.issue, (long long)(tries < COUNT_CODE_TRIES ? COUNT_CODE_TRIES - tries : 0),
               qr.code);
    qr_sign(call->query->signer, &qr, to);
    buf_text(to, "\"}");
}

void codes_answer(struct call *call, const struct postgres_rows *rows)
{
    CLEANUP(buf_done) struct buf body = {0};
    if (rows->count == 0) {
        call_problem(call, PROBLEM_NOT_FOUND, NULL);
        return;
    }
    buf_text(&body, "{\"items\":[");
    write_code(call, rows, PICKUP_AT, CODE_PURPOSE_PICKUP, &body);
    write_code(call, rows, RETURN_AT, CODE_PURPOSE_RETURN, &body);
    buf_text(&body, "]}");
    call_reply(call, &(struct http_answer){.status = 200, .body = buf_as_span(&body)});
}
