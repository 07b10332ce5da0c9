/* SPDX-License-Identifier: Apache-2.0
 * The statements of the queue. Each is one transaction; attempts is the token of a claim: who comes back
 * after another has claimed the row changes nothing. */
#include "consumers/payments/task.h"

#include <stdio.h>

#include "shared/base/log.h"

/* clang-format off */
/* This program's clock: it may run ahead. */
#define NOW(ahead) "(clock_timestamp() + " ahead "::int8 * interval '1 millisecond')"
#define WAKE "update bus.payment_task set step = 'watch', next_at = clock_timestamp(),"                             \
    " since = case when step = 'watch' then since else clock_timestamp() end, reason = null"                      \
    " where kind = 'refund' and step in ('watch', 'dead', 'done')"
/* Who wants to pay, has paid, or is to get money goes before what is watched. A lane at a time, by an instant that is
 * the same for all of the statement: what is not due yet is not walked through. */
#define SOMEBODY_WAITS "step in ('create', 'claim', 'send', 'verify')"
#define WATCHED        "step = 'watch'"
#define DUE(lane) \
    "(select t from bus.payment_task t where " lane " and next_at <= statement_timestamp()" \
    " + $2::int8 * interval '1 millisecond' order by next_at limit 1 for update skip locked)"
const struct postgres_statement task_statements[] = {
    /* A step that speaks to the provider is marked before it does. */
    {"task_claim",  "with due as materialized (select coalesce(" DUE(SOMEBODY_WAITS) ", " DUE(WATCHED) ") as task),"
                    " claimed as (update bus.payment_task t set attempts = t.attempts + 1,"
                    " asked = t.asked or t.step in ('create', 'send'), next_at = " NOW("$2")
                    " + $1::int8 * interval '1 millisecond'"
                    " from due where t.id = (due.task).id returning t.*, (due.task).asked as was_asked)"
                    " select t.id, t.payment, t.booking, t.kind, t.step, t.told, t.n, t.try, t.data,"
                    " t.was_asked, t.attempts, t.opened_at, t.since, p.state,"
                    " (select o ->> 'state' from jsonb_array_elements(p.orders) o"
                    "  where (o ->> 'n')::int8 = t.n and (o ->> 'try')::int8 = t.try),"
                    " (select v.value from private.profile v where v.id = p.sender and v.name = 'profile'"
                    "  order by v.n desc limit 1),"
                    " (select v.value from private.profile v where v.id = payee.id and v.name = 'payout_account'"
                    "  order by v.n desc limit 1), f.tier, f.payout_since"
                    " from claimed t left join state.payment p on p.id = t.payment"
                    " cross join lateral (select case when t.kind = 'payout' and t.data::jsonb ->> 'to' = 'traveller'"
                    "  then p.traveller else p.sender end as id) payee"
                    " left join state.profile f on f.id = payee.id"},
    {"task_record", "update bus.payment_task t set step = $3::text, next_at = " NOW("$7")
                    " + $4::int8 * interval '1 millisecond',"
                    " since = case when t.step = $3::text then t.since else " NOW("$7") " end,"
                    " told = coalesce($5::text, t.told), reason = $6::text"
                    " where t.id = $1::uuid and t.attempts = $2::int4"},
    {"task_wake",   WAKE " and data::jsonb ->> 'charge' = $1::text"},
    /* $1: thousandths, 0 where no amount was told: a currency counts none, two or three digits of them. */
    {"task_wake_amount", WAKE " and opened_at > clock_timestamp() - interval '30 days'"
                    " and case when $1::int8 = 0 then step <> 'done'"
                    " else (data::jsonb ->> 'amount')::int8 in ($1::int8, $1::int8 / 10, $1::int8 / 1000) end"},
    {"task_order",  "select o ->> 'state' from state.payment p, jsonb_array_elements(p.orders) o"
                    " where p.id = $1::uuid and (o ->> 'n')::int8 = $2::int8 and (o ->> 'try')::int8 = $3::int8"},
    {"task_payment", "select state, exists (select from jsonb_array_elements(charges) c where c ->> 'charge' = $2::text)"
                    " from state.payment where id = $1::uuid"},
    {"task_verdict", "select accepted, reason from bus.verdict where id = $1::uuid"},
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
    N,
    TRY_NUMBER,
    DATA,
    ASKED,
    ATTEMPTS,
    OPENED_AT,
    SINCE,
    STATE,
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
        text_copy(task->told, sizeof task->told, postgres_text(rows, 0, TOLD)) != 0)
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
    task->since_ms = postgres_integer(rows, 0, SINCE);
    TRY(words_read(task));
    beside_read(task);
    return 0;
}

/* Connected, and PostgreSQL has not lost time. */
static int task_ground(struct past *past)
{
    int result = outcome_of(past->postgres, postgres_ready(past->postgres));

    if (result == 0)
        result = past_check(past);
    return result > 0 ? TASK_AWAY : error_forward(result);
}

int task_claim(struct past *past, int64_t claim_ms, int64_t ahead_ms, struct task *ret_task)
{
    struct postgres *postgres = past->postgres;
    const struct postgres_value values[] = {{.type = POSTGRES_INT8, .integer = claim_ms},
                                            {.type = POSTGRES_INT8, .integer = ahead_ms}};
    int result = task_ground(past);

    if (result != 0)
        return result;
    *ret_task = (struct task){0};
    postgres_send(postgres, "task_claim", values, 2, &ret_task->rows);
    result = outcome_of(postgres, postgres_sync(postgres, NULL));
    if (result != 0)
        return result;
    return ret_task->rows.count == 0 ? TASK_EMPTY : error_forward(task_read(ret_task));
}

static struct postgres_value text_or_null(const char *text)
{
    return (struct postgres_value){.type = POSTGRES_TEXT, .text = span_of(text), .null = text == NULL};
}

int task_record(struct postgres *postgres, const struct task *task, int64_t ahead_ms,
                const struct task_result *result)
{
    const struct postgres_value values[] = {
        {.type = POSTGRES_UUID, .text = span_of(task->id.text)},
        {.type = POSTGRES_INT4, .integer = task->attempts},
        text_or_null(result->step),
        {.type = POSTGRES_INT8, .integer = result->delay_ms},
        text_or_null(result->told),
        text_or_null(result->reason),
        {.type = POSTGRES_INT8, .integer = ahead_ms},
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

int task_payment_state(struct postgres *postgres, const struct id *payment, const char *charge,
                       struct task_payment *ret_payment)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    const struct postgres_value values[] = {{.type = POSTGRES_UUID, .text = span_of(payment->text)},
                                            {.type = POSTGRES_TEXT, .text = span_of(charge)}};
    int result = ask(postgres, "task_payment", values, 2, &rows);

    *ret_payment = (struct task_payment){0};
    if (result != 0 || rows.count == 0)
        return result;
    ret_payment->state = choice_of(payment_status_choices, postgres_text(&rows, 0, 0));
    ret_payment->has_charge = postgres_integer(&rows, 0, 1) != 0;
    return 0;
}

int task_verdict(struct postgres *postgres, const struct id *command, struct task_verdict *ret_verdict)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    const struct postgres_value value = {.type = POSTGRES_UUID, .text = span_of(command->text)};
    int result = ask(postgres, "task_verdict", &value, 1, &rows);

    *ret_verdict = (struct task_verdict){.decided = result == 0 && rows.count > 0};
    if (!ret_verdict->decided)
        return result;
    ret_verdict->accepted = postgres_integer(&rows, 0, 0) != 0;
    if (text_copy(ret_verdict->reason, sizeof ret_verdict->reason, postgres_text(&rows, 0, 1)) != 0)
        return error_new(ERROR_DATA, "the verdict of %s has a reason longer than any", command->text);
    return 0;
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

    return error_forward(ask(postgres, "task_wake", &value, 1, NULL));
}

int task_wake_refunds_of(struct postgres *postgres, int64_t thousandths)
{
    const struct postgres_value value = {.type = POSTGRES_INT8, .integer = thousandths};

    return error_forward(ask(postgres, "task_wake_amount", &value, 1, NULL));
}
