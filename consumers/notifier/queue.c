/* SPDX-License-Identifier: Apache-2.0
 * The statements of the queue. Each is one transaction. A claim's token is its number and its instant (as a
 * try that counts for nothing is taken back, the number comes again): who comes back after another has
 * claimed the row changes nothing. What is private is read with the claim, and kept no longer than it. */
#include "consumers/notifier/queue.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/domain/limits.h"

/* clang-format off */
/* next_at is when a claim ends, so that one index finds what is queued and what was cut. A lane at a time, by an
 * instant that is the same for all of the statement: what is not due yet is not walked through. */
#define DUE(lane) \
    "(select id from bus.notification where lane = " #lane " and state in ('queued', 'sending')" \
    " and next_at <= statement_timestamp() order by next_at limit 1 for update skip locked)"
static const char claim_begin[] =
    "with due as materialized (select coalesce(" DUE(0) ", " DUE(1) ", " DUE(2) ") as id),"
    " n as (update bus.notification n set repeat = n.repeat or n.state = 'sending', state = 'sending',"
    " claimed_at = clock_timestamp(), attempts = n.attempts + 1,"
    " next_at = clock_timestamp() + $1::int8 * interval '1 millisecond' from due where n.id = due.id returning n.*),"
    " s as (select n.*, split_part(n.subject, '/', 1) as kind, split_part(n.subject, '/', 2)::uuid as about,"
    "  case n.purpose when 'profile.updated' then (n.data::jsonb ->> 'n')::int8 end as profile_n from n)"
    " select s.id, s.fact, s.person, s.purpose, s.subject, s.data, s.channel, s.attempts, s.repeat,"
    " (extract(epoch from s.claimed_at) * 1000000)::int8,"
    " f.value, case s.purpose when 'profile.updated' then exists (select from private.profile v where v.id = s.person"
    "  and v.name = 'profile' and v.n = s.profile_n and v.value ->> 'email' <> f.value ->> 'email')"
    " when 'trip.announced' then t.departs > clock_timestamp() + $2::int8 * interval '1 millisecond'"
    "  and exists (select from api.searches_matching(t.id) m where m.owner = s.person) end,"
    " pay.link, pay.amount, r.n, r.value, b.id, p.id, ";
/* A page to pay on is shown while it can be paid on: nobody is led to pay twice, or for what is over. */
static const char claim_end[] =
    /* whoever has a new address is told at the old one: the new one may be a thief's */
    " from s left join lateral (select v.value from private.profile v where v.id = s.person and v.name = 'profile'"
    "  and (s.profile_n is null or v.n < s.profile_n) order by v.n desc limit 1) f on true"
    " left join state.payment y on s.kind = 'payment' and y.id = s.about"
    " left join state.review w on s.kind = 'review' and w.id = s.about"
    " left join state.trip t on s.kind = 'trip' and t.id = s.about"
    " left join state.parcel q on s.kind = 'parcel' and q.id = s.about"
    " left join state.booking b on b.id = case s.kind when 'booking' then s.about when 'payment' then y.booking"
    " when 'review' then w.booking else q.booking end"
    " left join state.parcel p on p.id = coalesce(b.parcel, q.id)"
    " left join lateral (select v.value ->> 'link' as link, (a ->> 'amount')::int8 as amount"
    "  from (select s.data::jsonb as d) given, jsonb_array_elements(y.attempts) a, private.payment v"
    "  where y.state = 'due' and a ->> 'n' = d ->> 'n' and a ->> 'state' = 'open' and a ->> 'link_n' = d ->> 'link_n'"
    "  and (d ->> 'expires')::timestamptz > clock_timestamp() and v.id = y.id and v.name = 'link'"
    "  and v.n = (d ->> 'link_n')::int8 limit 1) pay on s.purpose = 'payment.link_ready'"
    /* the newest recipients: a change makes another person, whose row finds its own among them */
    " left join lateral (select v.n, v.value -> 'recipient' as value from private.parcel v where v.id = p.id"
    "  and v.value ? 'recipient' order by v.n desc limit 8) r on true";

#define BEHIND_AFTER "clock_timestamp() + least(clock_timestamp() - n.created_at, interval '1 hour')"
#define BEHIND_OVER  "n.created_at < clock_timestamp() - interval '5 days'"
/* A profile that came after the claim looked for it: at once again, instead of dead. */
static const struct postgres_statement record_statement =
    {"queue_record", "update bus.notification n set state = case when $10::bool and " BEHIND_OVER " then 'dead'"
                     " when $3::text = 'dead' and $7::bool and exists (select from private.profile p"
                     " where p.id = n.person and p.name = 'profile') then 'queued' else $3::text end,"
                     " reason = $4::text, next_at = case when $10::bool then " BEHIND_AFTER
                     " else clock_timestamp() + $5::int8 * interval '1 millisecond' end,"
                     " lane = case when $10::bool then 2 else n.lane end,"
                     " repeat = n.repeat or $6::bool, attempts = n.attempts - $8::int4, claimed_at = null,"
                     " sent_at = case when $3::text = 'sent' then clock_timestamp() end"
                     " where n.id = $1::uuid and n.state = 'sending' and n.attempts = $2::int4"
                     " and (extract(epoch from n.claimed_at) * 1000000)::int8 = $9::int8"};
static const struct postgres_statement revive_statement =
    {"queue_revive", "update bus.notification n set state = 'queued', attempts = n.attempts - 1, lane = 2,"
                     " next_at = " BEHIND_AFTER
                     " where n.id = any($1::uuid[]) and n.state = 'dead' and not " BEHIND_OVER};
/* clang-format on */

enum {
    ID,
    FACT,
    PERSON,
    PURPOSE,
    SUBJECT,
    DATA,
    CHANNEL,
    ATTEMPTS,
    REPEAT,
    CLAIMED,
    PROFILE,
    WANTED,
    PAY_LINK,
    PAY_AMOUNT,
    RECIPIENT_N,
    RECIPIENT,
    BOOKING,
    PARCEL,
    STATES
};

int queue_new(const char *application, const char *name_space, struct queue *ret_queue)
{
    *ret_queue = (struct queue){0};
    TRY(postgres_new(application, name_space, &ret_queue->postgres));
    buf_text(&ret_queue->claim_sql, claim_begin);
    postgres_columns(&booking_state_schema, "b.", &ret_queue->claim_sql);
    buf_text(&ret_queue->claim_sql, ", ");
    postgres_columns(&parcel_state_schema, "p.", &ret_queue->claim_sql);
    buf_text(&ret_queue->claim_sql, claim_end);
    ret_queue->statements[0] = (struct postgres_statement){"queue_claim", ret_queue->claim_sql.data};
    ret_queue->statements[1] = record_statement;
    ret_queue->statements[2] = revive_statement;
    postgres_statements(ret_queue->postgres, ret_queue->statements);
    postgres_statements(ret_queue->postgres, past_statements);
    ret_queue->past = (struct past){.postgres = ret_queue->postgres};
    return 0;
}

void queue_done(struct queue *queue)
{
    postgres_free(queue->postgres);
    buf_done(&queue->claim_sql);
}

static int outcome_of(struct queue *queue, int outcome)
{
    if (outcome <= 0)
        return error_forward(outcome);
    log_seldom(outcome == POSTGRES_RETRY ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR, "PostgreSQL did not answer",
               .err = postgres_why(queue->postgres));
    return QUEUE_AWAY;
}

static int sync(struct queue *queue)
{
    return outcome_of(queue, postgres_sync(queue->postgres, NULL));
}

void queue_claim_done(struct queue_claim *claim)
{
    postgres_rows_done(&claim->rows);
}

/* --- reading what was claimed --- */

static int row_read(struct queue_claim *claim)
{
    const struct postgres_rows *rows = &claim->rows;
    struct notice *notice = &claim->notice;
    postgres_id(rows, 0, ID, &notice->id);
    postgres_id(rows, 0, FACT, &notice->fact);
    postgres_id(rows, 0, PERSON, &notice->person);
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
    claim->claimed_us = postgres_integer(rows, 0, CLAIMED);
    claim->wanted = !postgres_null(rows, 0, WANTED) && postgres_integer(rows, 0, WANTED) != 0;
    return 0;
}

static int states_read(struct queue_claim *claim)
{
    enum postgres_type types[POSTGRES_PARAMETERS];
    int parcel_at = STATES + postgres_column_types(&booking_state_schema, types, POSTGRES_PARAMETERS);
    claim->has_booking = !postgres_null(&claim->rows, 0, BOOKING);
    claim->has_parcel = !postgres_null(&claim->rows, 0, PARCEL);
    if (claim->has_booking)
        TRY(postgres_fetch(&booking_state_schema, &claim->rows, 0, STATES, &claim->booking));
    if (claim->has_parcel)
        TRY(postgres_fetch(&parcel_state_schema, &claim->rows, 0, parcel_at, &claim->parcel));
    claim->notice.booking = claim->has_booking ? &claim->booking : NULL;
    claim->notice.parcel = claim->has_parcel ? &claim->parcel : NULL;
    return 0;
}

static void pay_link_read(struct queue_claim *claim)
{
    if (postgres_null(&claim->rows, 0, PAY_LINK) ||
        text_copy(claim->pay_link, sizeof claim->pay_link, postgres_text(&claim->rows, 0, PAY_LINK)) != 0)
        return;
    claim->notice.pay_link = claim->pay_link;
    claim->notice.pay_amount = postgres_integer(&claim->rows, 0, PAY_AMOUNT);
}

/* before: as it was when it changed, for which nobody waits. */
static void profile_read(struct queue_claim *claim, bool before)
{
    struct notice *notice = &claim->notice;
    bool known = !postgres_null(&claim->rows, 0, PROFILE);
    claim->waits = !known && !before;
    claim->reachable =
        known && codec_decode(&profile_update_v1_schema, postgres_text(&claim->rows, 0, PROFILE),
                              &claim->profile, NULL) == 0;
    notice->name = claim->profile.name;
    notice->address = claim->profile.email;
    notice->language = claim->profile.language;
    notice->time_zone = claim->profile.has_time_zone ? claim->profile.time_zone : NULL;
}

static bool recipient_has_mail(struct queue_claim *claim, int row)
{
    return codec_decode(&recipient_schema, postgres_text(&claim->rows, row, RECIPIENT), &claim->recipient,
                        NULL) == 0 &&
           claim->recipient.has_email;
}

/* Whether the parcel's recipient hears of it, for whoever else is told. */
static void recipient_see(struct queue_claim *claim)
{
    const struct postgres_rows *rows = &claim->rows;
    for (int row = 0; row < rows->count && claim->has_parcel; row++) {
        if (postgres_null(rows, row, RECIPIENT_N) ||
            postgres_integer(rows, row, RECIPIENT_N) != claim->parcel.recipient_n)
            continue;
        claim->notice.with_mail = recipient_has_mail(claim, row);
        claim->notice.without_mail = !claim->notice.with_mail;
    }
}

/* Whose person this row is for. There is a row of the result for each of the newest recipients. */
static void recipient_read(struct queue_claim *claim)
{
    const struct postgres_rows *rows = &claim->rows;
    for (int row = 0; row < rows->count && claim->has_booking && claim->recipient_n == 0; row++) {
        int64_t n = postgres_null(rows, row, RECIPIENT_N) ? 0 : postgres_integer(rows, row, RECIPIENT_N);
        struct id person;
        id_of_recipient(&claim->booking.id, n, &person);
        if (n == 0 || !id_same(&person, &claim->notice.person))
            continue;
        claim->recipient_n = n;
        claim->reachable = recipient_has_mail(claim, row);
    }
    claim->notice.name = claim->recipient.name;
    claim->notice.address = claim->recipient.email;
    claim->notice.language = LANGUAGE_FR; /* they never said another */
}

static int claim_read(struct queue_claim *claim)
{
    TRY(row_read(claim));
    TRY(states_read(claim));
    pay_link_read(claim);
    const struct notice_row *row = notice_of(claim->purpose);
    if (row && (row->audience == AUDIENCE_RECIPIENT || row->audience == AUDIENCE_RECIPIENT_BEFORE))
        recipient_read(claim);
    else {
        recipient_see(claim);
        profile_read(claim, row && row->audience == AUDIENCE_PERSON_BEFORE);
    }
    return 0;
}

int queue_claim(struct queue *queue, int64_t claim_ms, struct queue_claim *ret_claim)
{
    const struct postgres_value values[] = {
        {.type = POSTGRES_INT8, .integer = claim_ms},
        {.type = POSTGRES_INT8, .integer = limits_delay(DELAY_REQUEST_NOTICE)},
    };
    int result = outcome_of(queue, postgres_ready(queue->postgres));
    if (result == 0)
        result = past_check(&queue->past);
    if (result != 0)
        return result < 0 ? error_forward(result) : QUEUE_AWAY;
    *ret_claim = (struct queue_claim){0};
    postgres_send(queue->postgres, "queue_claim", values, 2, &ret_claim->rows);
    result = sync(queue);
    if (result != 0)
        return result;
    return ret_claim->rows.count == 0 ? QUEUE_EMPTY : error_forward(claim_read(ret_claim));
}

int queue_record(struct queue *queue, const struct queue_claim *claim, const struct queue_result *result)
{
    CLEANUP(postgres_array_done) struct postgres_array with = {0};
    const struct postgres_value revived = {.type = POSTGRES_UUID, .array = &with};
    const struct postgres_value values[] = {
        {.type = POSTGRES_UUID, .text = span_of(claim->notice.id.text)},
        {.type = POSTGRES_INT4, .integer = claim->attempts},
        {.type = POSTGRES_TEXT, .text = span_of(result->state)},
        {.type = POSTGRES_TEXT, .text = span_of(result->reason), .null = result->reason == NULL},
        {.type = POSTGRES_INT8, .integer = result->delay_ms},
        {.type = POSTGRES_BOOL, .integer = result->repeat},
        {.type = POSTGRES_BOOL, .integer = claim->waits},
        {.type = POSTGRES_INT4, .integer = result->uncounted},
        {.type = POSTGRES_INT8, .integer = claim->claimed_us},
        {.type = POSTGRES_BOOL, .integer = result->behind},
    };
    int ready = outcome_of(queue, postgres_ready(queue->postgres));
    if (ready != 0)
        return ready;
    postgres_array_start(&with, POSTGRES_UUID);
    for (int at = 0; at < result->with_count && result->behind; at++)
        postgres_array_id(&with, &result->with[at]);
    postgres_send(queue->postgres, "queue_record", values, 10, NULL);
    if (result->behind)
        postgres_send(queue->postgres, "queue_revive", &revived, 1, NULL);
    return sync(queue);
}
