/* SPDX-License-Identifier: Apache-2.0
 * The statements of the queue. Each is one transaction; attempts is the token of a claim: who comes back
 * after another has claimed the row changes nothing. */
#include "consumers/notifier/queue.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"

/* clang-format off */
const struct postgres_statement queue_statements[] = {
    /* next_at is when a claim ends, so that one index finds what is queued and what was cut. */
    {"queue_claim",  "with due as (select id from bus.notification where state in ('queued', 'sending')"
                     " and next_at <= clock_timestamp() order by next_at limit 1 for update skip locked)"
                     " update bus.notification n set repeat = n.repeat or n.state = 'sending', state = 'sending',"
                     " claimed_at = clock_timestamp(), attempts = n.attempts + 1,"
                     " next_at = clock_timestamp() + $1::int8 * interval '1 millisecond' from due where n.id = due.id"
                     " returning n.id, n.fact, n.purpose, n.subject, n.data, n.channel, n.attempts, n.repeat,"
                     " (select p.value from private.profile p where p.id = n.person order by p.n desc limit 1)"},
    /* A profile that came after the claim looked for it: at once again, instead of dead. */
    {"queue_record", "update bus.notification n set state = case when $3::text = 'dead' and $7::bool and exists"
                     " (select from private.profile p where p.id = n.person) then 'queued' else $3::text end,"
                     " reason = $4::text, next_at = clock_timestamp() + $5::int8 * interval '1 millisecond',"
                     " repeat = n.repeat or $6::bool, attempts = n.attempts - $8::int4, claimed_at = null,"
                     " sent_at = case when $3::text = 'sent' then clock_timestamp() end"
                     " where n.id = $1::uuid and n.state = 'sending' and n.attempts = $2::int4"},
    {NULL, NULL},
};
/* clang-format on */

enum { ID, FACT, PURPOSE, SUBJECT, DATA, CHANNEL, ATTEMPTS, REPEAT, PROFILE };

static int outcome_of(struct postgres *postgres, int outcome)
{
    if (outcome <= 0)
        return error_forward(outcome);
    log_seldom(outcome == POSTGRES_RETRY ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR, "PostgreSQL did not answer",
               .err = postgres_why(postgres));
    return QUEUE_AWAY;
}

static int sync(struct postgres *postgres)
{
    return outcome_of(postgres, postgres_sync(postgres, NULL));
}

void queue_claim_done(struct queue_claim *claim)
{
    postgres_rows_done(&claim->rows);
}

static int claim_read(struct queue_claim *claim)
{
    const struct postgres_rows *rows = &claim->rows;
    struct notice *notice = &claim->notice;
    postgres_id(rows, 0, ID, &notice->id);
    postgres_id(rows, 0, FACT, &notice->fact);
    if (text_copy(claim->purpose, sizeof claim->purpose, postgres_text(rows, 0, PURPOSE)) != 0 ||
        text_copy(claim->subject, sizeof claim->subject, postgres_text(rows, 0, SUBJECT)) != 0 ||
        text_copy(claim->channel, sizeof claim->channel, postgres_text(rows, 0, CHANNEL)) != 0)
        return error_new(ERROR_DATA, "notification %s holds longer words than we write", notice->id.text);
    notice->purpose = claim->purpose;
    notice->subject = claim->subject;
    notice->data = postgres_text(rows, 0, DATA);
    notice->repeat = postgres_integer(rows, 0, REPEAT) != 0;
    notice->now_ms = clock_wall_ms();
    claim->attempts = postgres_integer(rows, 0, ATTEMPTS);
    claim->known = !postgres_null(rows, 0, PROFILE);
    claim->reachable =
        claim->known &&
        codec_decode(&profile_update_v1_schema, postgres_text(rows, 0, PROFILE), &claim->profile, NULL) == 0;
    notice->name = claim->profile.name;
    notice->address = claim->profile.email;
    notice->language = claim->profile.language;
    return 0;
}

int queue_claim(struct postgres *postgres, int64_t claim_ms, struct queue_claim *ret_claim)
{
    const struct postgres_value value = {.type = POSTGRES_INT8, .integer = claim_ms};
    int result = outcome_of(postgres, postgres_ready(postgres));
    if (result != 0)
        return result;
    *ret_claim = (struct queue_claim){0};
    postgres_send(postgres, "queue_claim", &value, 1, &ret_claim->rows);
    result = sync(postgres);
    if (result != 0)
        return result;
    return ret_claim->rows.count == 0 ? QUEUE_EMPTY : error_forward(claim_read(ret_claim));
}

int queue_record(struct postgres *postgres, const struct queue_claim *claim,
                 const struct queue_result *result)
{
    const struct postgres_value values[] = {
        {.type = POSTGRES_UUID, .text = span_of(claim->notice.id.text)},
        {.type = POSTGRES_INT4, .integer = claim->attempts},
        {.type = POSTGRES_TEXT, .text = span_of(result->state)},
        {.type = POSTGRES_TEXT, .text = span_of(result->reason), .null = result->reason == NULL},
        {.type = POSTGRES_INT8, .integer = result->delay_ms},
        {.type = POSTGRES_BOOL, .integer = result->repeat},
        {.type = POSTGRES_BOOL, .integer = !claim->known},
        {.type = POSTGRES_INT4, .integer = result->uncounted},
    };
    int ready = outcome_of(postgres, postgres_ready(postgres));
    if (ready != 0)
        return ready;
    postgres_send(postgres, "queue_record", values, 8, NULL);
    return sync(postgres);
}
