/* SPDX-License-Identifier: Apache-2.0
 * The statements of the queue. Each is one transaction; attempts is the token of a claim: who comes back
 * after another has claimed the row changes nothing. */
#include "consumers/payments/task.h"

#include <stdio.h>

#include "shared/base/log.h"

/* clang-format off */
const struct postgres_statement task_statements[] = {
    /* A step that speaks to the provider is marked before it does. */
    {"task_claim",  "with due as (select id, asked from bus.payment_task where step not in ('done', 'dead')"
                    " and next_at <= clock_timestamp() order by next_at limit 1 for update skip locked),"
                    " claimed as (update bus.payment_task t set attempts = t.attempts + 1,"
                    " asked = t.asked or t.step in ('create', 'send'),"
                    " next_at = clock_timestamp() + $1::int8 * interval '1 millisecond'"
                    " from due where t.id = due.id returning t.*, due.asked as was_asked)"
                    " select t.id, t.payment, t.booking, t.kind, t.step, t.told, t.provider_id, t.n, t.try, t.data,"
                    " t.was_asked, t.attempts, t.opened_at, p.state, p.currency,"
                    " (select o ->> 'state' from jsonb_array_elements(p.orders) o"
                    "  where (o ->> 'n')::int8 = t.n and (o ->> 'try')::int8 = t.try),"
                    " (select v.value from private.profile v where v.id = p.sender and v.name = 'profile'"
                    "  order by v.n desc limit 1),"
                    " (select v.value from private.profile v where v.name = 'payout'"
                    "  and v.id = case when t.data::jsonb ->> 'to' = 'sender' then p.sender else p.traveller end"
                    "  order by v.n desc limit 1), f.tier, f.payout_since"
                    " from claimed t left join state.payment p on p.id = t.payment"
                    " left join state.profile f on f.id = p.traveller"},
    {"task_record", "update bus.payment_task t set step = $3::text,"
                    " next_at = clock_timestamp() + $4::int8 * interval '1 millisecond',"
                    " provider_id = coalesce($5::text, t.provider_id), told = coalesce($6::text, t.told),"
                    " reason = $7::text, asked = t.asked and $3::text <> 'claim'"
                    " where t.id = $1::uuid and t.attempts = $2::int4"},
    {"task_wake",   "update bus.payment_task set next_at = clock_timestamp() where kind = 'refund' and step = 'watch'"
                    " and data::jsonb ->> 'charge' = $1::text"},
    {"task_order",  "select o ->> 'state' from state.payment p, jsonb_array_elements(p.orders) o"
                    " where p.id = $1::uuid and (o ->> 'n')::int8 = $2::int8 and (o ->> 'try')::int8 = $3::int8"},
    {"task_payment", "select state from state.payment where id = $1::uuid"},
    {NULL, NULL},
};
/* clang-format on */

enum {
    ID,
    PAYMENT,
    BOOKING,
    KIND,
    STEP,
    TOLD,
    PROVIDER_ID,
    N,
    TRY_NUMBER,
    DATA,
    ASKED,
    ATTEMPTS,
    OPENED_AT,
    STATE,
    CURRENCY,
    ORDER_STATE,
    PAYER,
    ACCOUNT,
    TIER,
    ACCOUNT_SINCE
};

static int outcome_of(struct postgres *postgres, int outcome)
{
    if (outcome <= 0)
        return error_forward(outcome);
    log_seldom(outcome == POSTGRES_RETRY ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR, "PostgreSQL did not answer",
               .err = postgres_why(postgres));
    return TASK_AWAY;
}

void task_done(struct task *task)
{
    postgres_rows_done(&task->rows);
}

void task_id(const struct id *payment, const char *kind, int64_t n, int64_t number, struct id *ret_id)
{
    char numbers[48];
    struct span parts[4] = {SPAN("payment task"), span_of(payment->text), span_of(kind), {0}};

    parts[3] = (struct span){
        numbers, (size_t)snprintf(numbers, sizeof numbers, "%lld.%lld", (long long)n, (long long)number)};
    id_v8(parts, 4, ret_id);
}

static int words_read(struct task *task)
{
    const struct postgres_rows *rows = &task->rows;

    if (text_copy(task->kind, sizeof task->kind, postgres_text(rows, 0, KIND)) != 0 ||
        text_copy(task->step, sizeof task->step, postgres_text(rows, 0, STEP)) != 0 ||
        text_copy(task->told, sizeof task->told, postgres_text(rows, 0, TOLD)) != 0 ||
        text_copy(task->provider_id, sizeof task->provider_id, postgres_text(rows, 0, PROVIDER_ID)) != 0 ||
        text_copy(task->currency, sizeof task->currency, postgres_text(rows, 0, CURRENCY)) != 0)
        return error_new(ERROR_DATA, "task %s holds longer words than we write", task->id.text);
    return 0;
}

/* What is private, and the projector's rows, may be absent. */
static void beside_read(struct task *task)
{
    const struct postgres_rows *rows = &task->rows;

    task->payment_state = choice_of(payment_status_choices, postgres_text(rows, 0, STATE));
    task->order_state = choice_of(order_state_choices, postgres_text(rows, 0, ORDER_STATE));
    task->has_payer =
        !postgres_null(rows, 0, PAYER) &&
        codec_decode(&profile_update_v1_schema, postgres_text(rows, 0, PAYER), &task->payer, NULL) == 0;
    task->has_account = !postgres_null(rows, 0, ACCOUNT) &&
                        codec_decode(&profile_set_payout_account_v1_schema, postgres_text(rows, 0, ACCOUNT),
                                     &task->account, NULL) == 0;
    task->tier = postgres_integer(rows, 0, TIER);
    task->account_since_ms = postgres_integer(rows, 0, ACCOUNT_SINCE);
}

static int task_read(struct task *task)
{
    const struct postgres_rows *rows = &task->rows;

    postgres_id(rows, 0, ID, &task->id);
    if (!postgres_null(rows, 0, PAYMENT))
        postgres_id(rows, 0, PAYMENT, &task->payment);
    if (!postgres_null(rows, 0, BOOKING))
        postgres_id(rows, 0, BOOKING, &task->booking);
    task->n = postgres_integer(rows, 0, N);
    task->number = postgres_integer(rows, 0, TRY_NUMBER);
    task->data = postgres_text(rows, 0, DATA);
    task->asked = postgres_integer(rows, 0, ASKED) != 0;
    task->attempts = postgres_integer(rows, 0, ATTEMPTS);
    task->opened_ms = postgres_integer(rows, 0, OPENED_AT);
    TRY(words_read(task));
    beside_read(task);
    return 0;
}

int task_claim(struct postgres *postgres, int64_t claim_ms, struct task *ret_task)
{
    const struct postgres_value value = {.type = POSTGRES_INT8, .integer = claim_ms};
    int result = outcome_of(postgres, postgres_ready(postgres));

    if (result != 0)
        return result;
    *ret_task = (struct task){0};
    postgres_send(postgres, "task_claim", &value, 1, &ret_task->rows);
    result = outcome_of(postgres, postgres_sync(postgres, NULL));
    if (result != 0)
        return result;
    return ret_task->rows.count == 0 ? TASK_EMPTY : error_forward(task_read(ret_task));
}

static struct postgres_value text_or_null(const char *text)
{
    return (struct postgres_value){.type = POSTGRES_TEXT, .text = span_of(text), .null = text == NULL};
}

int task_record(struct postgres *postgres, const struct task *task, const struct task_result *result)
{
    const struct postgres_value values[] = {
        {.type = POSTGRES_UUID, .text = span_of(task->id.text)},
        {.type = POSTGRES_INT4, .integer = task->attempts},
        text_or_null(result->step),
        {.type = POSTGRES_INT8, .integer = result->delay_ms},
        text_or_null(result->provider_id),
        text_or_null(result->told),
        text_or_null(result->reason),
    };
    int ready = outcome_of(postgres, postgres_ready(postgres));

    if (ready != 0)
        return ready;
    postgres_send(postgres, "task_record", values, 7, NULL);
    return outcome_of(postgres, postgres_sync(postgres, NULL));
}

/* One statement, its rows. */
static int ask(struct postgres *postgres, const char *statement, const struct postgres_value *values,
               int count, struct postgres_rows *ret_rows)
{
    int result = outcome_of(postgres, postgres_ready(postgres));

    if (result != 0)
        return result;
    postgres_send(postgres, statement, values, count, ret_rows);
    return outcome_of(postgres, postgres_sync(postgres, NULL));
}

int task_payment_state(struct postgres *postgres, const struct id *payment, int32_t *ret_state)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    const struct postgres_value value = {.type = POSTGRES_UUID, .text = span_of(payment->text)};
    int result = ask(postgres, "task_payment", &value, 1, &rows);

    *ret_state =
        result == 0 && rows.count ? choice_of(payment_status_choices, postgres_text(&rows, 0, 0)) : 0;
    return result;
}

int task_order_state(struct postgres *postgres, const struct id *payment, int64_t n, int64_t number,
                     int32_t *ret_state)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    const struct postgres_value values[3] = {{.type = POSTGRES_UUID, .text = span_of(payment->text)},
                                             {.type = POSTGRES_INT8, .integer = n},
                                             {.type = POSTGRES_INT8, .integer = number}};
    int result = ask(postgres, "task_order", values, 3, &rows);

    *ret_state = result == 0 && rows.count ? choice_of(order_state_choices, postgres_text(&rows, 0, 0)) : 0;
    return result;
}

int task_wake_refunds(struct postgres *postgres, const char *charge)
{
    const struct postgres_value value = {.type = POSTGRES_TEXT, .text = span_of(charge)};
    int result = outcome_of(postgres, postgres_ready(postgres));

    if (result != 0)
        return result;
    postgres_send(postgres, "task_wake", &value, 1, NULL);
    return outcome_of(postgres, postgres_sync(postgres, NULL));
}
