/* SPDX-License-Identifier: Apache-2.0
 * Decides one command of a batch in memory: verdict, facts into the outbox, the private record, or a parked
 * row. What is decided here is not true before store.c has committed it. */
#include <stdio.h>
#include <string.h>

#include "consumers/projector/batch.h"
#include "shared/base/crypto.h"
#include "shared/base/trace.h"

enum verdict_column {
    V_ID,
    V_PRINCIPAL,
    V_SUBJECT,
    V_DECIDED_AT,
    V_FINGERPRINT,
    V_FACTS,
    V_ACCEPTED,
    V_KIND,
    V_REASON
};
const enum postgres_type batch_verdict_types[VERDICT_COLUMNS] = {
    [V_ID] = POSTGRES_UUID,         [V_PRINCIPAL] = POSTGRES_UUID,    [V_SUBJECT] = POSTGRES_UUID,
    [V_DECIDED_AT] = POSTGRES_TIME, [V_FINGERPRINT] = POSTGRES_BYTEA, [V_FACTS] = POSTGRES_INT2,
    [V_ACCEPTED] = POSTGRES_BOOL,   [V_KIND] = POSTGRES_TEXT,         [V_REASON] = POSTGRES_TEXT,
};

enum private_column { R_ID, R_NAME, R_N, R_VALUE };
const enum postgres_type batch_private_types[PRIVATE_COLUMNS] = {
    [R_ID] = POSTGRES_UUID, [R_NAME] = POSTGRES_TEXT, [R_N] = POSTGRES_INT8, [R_VALUE] = POSTGRES_JSONB};

enum parked_column { P_PARTITION, P_OFFSET, P_ID, P_AT, P_KEY, P_HEADERS, P_VALUE, P_REASON, P_KIND };
const enum postgres_type batch_parked_types[PARKED_COLUMNS] = {
    [P_PARTITION] = POSTGRES_INT4, [P_OFFSET] = POSTGRES_INT8, [P_ID] = POSTGRES_UUID,
    [P_AT] = POSTGRES_TIME,        [P_KEY] = POSTGRES_TEXT,    [P_HEADERS] = POSTGRES_TEXT,
    [P_VALUE] = POSTGRES_BYTEA,    [P_REASON] = POSTGRES_TEXT, [P_KIND] = POSTGRES_TEXT,
};

enum ledger_column { L_JOURNAL, L_LINE, L_BOOKING, L_PAYMENT, L_ACCOUNT, L_CURRENCY, L_AMOUNT, L_AT };
const enum postgres_type batch_ledger_types[LEDGER_COLUMNS] = {
    [L_JOURNAL] = POSTGRES_UUID, [L_LINE] = POSTGRES_INT2,    [L_BOOKING] = POSTGRES_UUID,
    [L_PAYMENT] = POSTGRES_UUID, [L_ACCOUNT] = POSTGRES_TEXT, [L_CURRENCY] = POSTGRES_TEXT,
    [L_AMOUNT] = POSTGRES_INT8,  [L_AT] = POSTGRES_TIME,
};

static void text_or_null(struct postgres_array *column, struct span text)
{
    if (text.size)
        postgres_array_text(column, text);
    else
        postgres_array_null(column);
}

/* 16 bytes of the fingerprint, or null where the command carries none. */
static void add_fingerprint(struct postgres_array *column, const char *hex)
{
    uint8_t bytes[16];

    if (crypto_unhex(span_of(hex), bytes, sizeof(bytes)) == 0)
        postgres_array_text(column, (struct span){(const char *)bytes, sizeof(bytes)});
    else
        postgres_array_null(column);
}

static void add_verdict(struct batch *batch, const struct event *event, const char *kind,
                        const struct id *subject, const struct domain_decision *decision)
{
    struct postgres_array *columns = batch->verdicts;
    struct id principal;

    postgres_array_text(&columns[V_ID], span_of(event->id.text));
    if (id_parse(span_of(event->principal), &principal) == 0)
        postgres_array_text(&columns[V_PRINCIPAL], span_of(principal.text));
    else
        postgres_array_null(&columns[V_PRINCIPAL]); /* a provider's or a timer's */
    postgres_array_text(&columns[V_SUBJECT], span_of(subject->text));
    postgres_array_integer(&columns[V_DECIDED_AT], event->stored_ms);
    add_fingerprint(&columns[V_FINGERPRINT], event->fingerprint);
    postgres_array_integer(&columns[V_FACTS], decision->fact_count);
    postgres_array_integer(&columns[V_ACCEPTED], decision->refusal == REFUSAL_NONE);
    postgres_array_text(&columns[V_KIND], span_of(kind));
    text_or_null(&columns[V_REASON], span_of(refusal_text(decision->refusal)));
}

/* first and second, or nothing where they do not fit. */
static void event_text(char *to, size_t capacity, const char *first, const char *second)
{
    size_t size = strlen(first), more = strlen(second);

    to[0] = '\0';
    if (size + more >= capacity)
        return;
    memcpy(to, first, size);
    memcpy(to + size, second, more + 1);
}

static void event_subject(struct event *event, const char *kind, const struct id *id)
{
    event_text(event->subject, sizeof(event->subject), kind, "/");
    memcpy(event->subject + strlen(event->subject), id->text, sizeof(id->text));
}

/* The fact as an event of its own; its id follows from the command and its place among the command's facts.
 */
static void add_fact(struct batch *batch, const struct event *command, const struct domain_fact *fact,
                     const struct id *id)
{
    struct event event = {
        .id = *id, .time_ms = fact->at_ms, .sequence = fact->version, .causation = command->id};

    event_text(event.source, sizeof(event.source), "/projector", "");
    event_text(event.type, sizeof(event.type), fact->row->type, "");
    event_subject(&event, fact->row->aggregate, &fact->subject);
    event_text(event.dataschema, sizeof(event.dataschema), "/schemas/facts/", fact->row->type);
    event_text(event.key, sizeof(event.key), fact->key.text, "");
    memcpy(event.principal, command->principal, sizeof(event.principal));
    memcpy(event.role, command->role, sizeof(event.role));
    trace_continue(span_of(command->traceparent), event.traceparent);
    buf_clear(&batch->text);
    codec_encode(fact->row->schema, fact->data.bytes, CODEC_ALL, &batch->text);
    event.data = buf_as_span(&batch->text);
    outbox_add_fact(&batch->outbox, fact->row->topic, &event);
}

void batch_add_entries(struct batch *batch, const struct payment_state *payment,
                       const struct domain_fact *fact, const struct id *id)
{
    struct postgres_array *columns = batch->ledger;
    int count;
    const struct entry *entries = domain_entries(fact, &count);

    for (int i = 0; i < count; i++) {
        postgres_array_text(&columns[L_JOURNAL], span_of(id->text));
        postgres_array_integer(&columns[L_LINE], i);
        if (payment->has_booking)
            postgres_array_text(&columns[L_BOOKING], span_of(payment->booking.text));
        else
            postgres_array_null(&columns[L_BOOKING]); /* a charge nobody knows */
        postgres_array_text(&columns[L_PAYMENT], span_of(fact->subject.text));
        postgres_array_text(&columns[L_ACCOUNT], span_of(choice_text(account_choices, entries[i].account)));
        postgres_array_text(&columns[L_CURRENCY], span_of(entries[i].currency));
        postgres_array_integer(&columns[L_AMOUNT], entries[i].amount);
        postgres_array_integer(&columns[L_AT], fact->at_ms);
    }
}

/* Without HTTP: (type, subject, data), each behind its length. No key: nothing in it is private. */
static void fingerprint(struct event *event)
{
    const struct span parts[] = {span_of(event->type), span_of(event->subject), event->data};
    struct id digest;
    uint8_t bytes[16];

    id_v8(parts, sizeof(parts) / sizeof(parts[0]), &digest);
    id_to_bytes(&digest, bytes);
    crypto_hex(bytes, sizeof(bytes), event->fingerprint);
}

void batch_add_follow(struct batch *batch, const struct event *command, const struct domain_follow *follow)
{
    struct event event = {.time_ms = command->stored_ms, .causation = command->id};
    struct id fact;

    event_text(event.source, sizeof(event.source), "/projector", "");
    event_text(event.type, sizeof(event.type), follow->row->type, "");
    event_subject(&event, follow->row->aggregate, &follow->subject);
    event_text(event.dataschema, sizeof(event.dataschema), "/schemas/commands/", follow->row->type);
    event_text(event.key, sizeof(event.key), follow->key.text, "");
    event_text(event.role, sizeof(event.role), "system", "");
    id_of_fact(&command->id, (unsigned)follow->fact, &fact);
    if (follow->timer)
        id_of_timer(event.subject, follow->timer, follow->epoch, (unsigned)follow->firing, &event.id);
    else
        id_of_fan_out(&fact, follow->subject.text, follow->row->type, &event.id);
    trace_continue(span_of(command->traceparent), event.traceparent);
    buf_clear(&batch->text);
    codec_encode(follow->row->schema, follow->data.bytes, CODEC_ALL, &batch->text);
    event.data = buf_as_span(&batch->text);
    fingerprint(&event);
    outbox_add_command(&batch->outbox, &event, follow->due_ms);
}

static void add_private(struct batch *batch, const struct batch_item *item, const struct machine *machine,
                        const struct id *subject)
{
    struct postgres_array *columns = batch->privates[batch_machine_index(machine)];

    buf_clear(&batch->text);
    codec_encode(item->row->schema, item->data, CODEC_PRIVATE, &batch->text);
    postgres_array_text(&columns[R_ID], span_of(subject->text));
    postgres_array_text(&columns[R_NAME], span_of(batch->decision.private_name));
    postgres_array_integer(&columns[R_N], batch->decision.private_n);
    postgres_array_text(&columns[R_VALUE], buf_as_span(&batch->text));
}

static void add_decision(struct batch *batch, const struct batch_item *item, const struct domain_world *world)
{
    const struct domain_decision *decision = &batch->decision;
    const struct batch_state *subject = &batch->states[item->subject];

    for (int i = 0; i < decision->fact_count; i++) {
        struct id id;

        id_of_fact(&item->event->id, (unsigned)i, &id);
        add_fact(batch, item->event, &decision->facts[i], &id);
        batch_add_entries(batch, world->payment, &decision->facts[i], &id);
    }
    for (int i = 0; i < decision->follow_count; i++)
        batch_add_follow(batch, item->event, &decision->follows[i]);
    if (decision->private_name)
        add_private(batch, item, subject->machine, &subject->state->id);
    add_verdict(batch, item->event, subject->machine->kind, &subject->state->id, decision);
}

/* Is there nothing to decide? Then what became of it. */
static bool settled(struct batch *batch, const struct batch_item *item, enum batch_outcome *ret_outcome)
{
    if (item->dead[0]) {
        batch_park(batch, item->event, PARKED_KIND_DEAD, item->dead);
        *ret_outcome = BATCH_DEAD;
    } else if (item->decided) {
        *ret_outcome = BATCH_SEEN;
    } else if (item->behind) {
        batch_park(batch, item->event, PARKED_KIND_PARKED, BATCH_BEHIND_WHY);
        *ret_outcome = BATCH_BEHIND;
    } else {
        return false;
    }
    return true;
}

int batch_decide(struct batch *batch, struct batch_item *item, enum batch_outcome *ret_outcome)
{
    struct domain_command command;
    struct domain_world world;

    if (settled(batch, item, ret_outcome))
        return 0;
    if (item->open && !batch_name(batch, item, false)) {
        *ret_outcome = BATCH_SPLIT;
        return 0;
    }
    command = batch_command(batch, item);
    world = batch_world(batch, item);
    if (domain_decide(&world, &command, &batch->decision) < 0) {
        reader_because("%s", error_text());
        return READER_REJECT; /* one command cannot be decided: that stops its key, not everybody */
    }
    if (batch->judge && !batch->judge(batch->judge_self, item, &batch->decision)) {
        *ret_outcome = BATCH_PUT_OFF;
        return 0;
    }
    add_decision(batch, item, &world);
    *ret_outcome = batch->decision.refusal == REFUSAL_NONE ? BATCH_ACCEPTED : BATCH_REFUSED;
    return 0;
}

/* The notice on the dead topic: where the command is and why, never its value. */
static void add_notice(struct batch *batch, const struct event *command, int32_t kind, const char *reason)
{
    struct command_parked_v1 notice = {
        .kind = kind, .partition = command->partition, .offset = command->offset};
    struct event event = {0};
    char place[64];
    struct span parts[3] = {SPAN("parked"), span_of(command->topic), {0}};

    parts[2] = (struct span){place, (size_t)snprintf(place, sizeof(place), "%d:%lld", (int)command->partition,
                                                     (long long)command->offset)};
    id_v8(parts, 3, &event.id);
    if (text_copy(notice.reason, sizeof(notice.reason), span_of(reason)) != 0)
        event_text(notice.reason, sizeof(notice.reason), "the reason is too long", "");
    event_text(event.source, sizeof(event.source), "/projector", "");
    event_text(event.type, sizeof(event.type), "command.parked.v1", "");
    event_text(event.subject, sizeof(event.subject), "command/", event.id.text);
    event_text(event.dataschema, sizeof(event.dataschema), "/schemas/facts/", event.type);
    event_text(event.key, sizeof(event.key), command->key[0] ? command->key : event.id.text, "");
    event.time_ms = command->stored_ms;
    buf_clear(&batch->text);
    codec_encode(&command_parked_v1_schema, &notice, CODEC_ALL, &batch->text);
    event.data = buf_as_span(&batch->text);
    outbox_add_fact(&batch->outbox, "dead.projector", &event);
}

void batch_plain(const char *text, char ret_line[BATCH_REASON])
{
    size_t size = 0;

    for (; *text && size < BATCH_REASON - 1; text++)
        ret_line[size++] = *text >= 0x20 && *text <= 0x7e ? *text : '?';
    ret_line[size] = '\0';
}

void batch_park(struct batch *batch, const struct event *event, int32_t kind, const char *why)
{
    struct postgres_array *columns = batch->parked;
    char reason[BATCH_REASON];

    batch_plain(why, reason);
    postgres_array_integer(&columns[P_PARTITION], event->partition);
    postgres_array_integer(&columns[P_OFFSET], event->offset);
    text_or_null(&columns[P_ID], span_of(event->id.text));
    postgres_array_integer(&columns[P_AT], event->stored_ms);
    text_or_null(&columns[P_KEY], span_of(event->key));
    postgres_array_text(&columns[P_HEADERS], event->raw_headers);
    postgres_array_text(&columns[P_VALUE], event->data);
    postgres_array_text(&columns[P_REASON], span_of(reason));
    postgres_array_text(&columns[P_KIND], span_of(choice_text(parked_kind_choices, kind)));
    add_notice(batch, event, kind, reason);
}

void batch_discard(struct batch *batch, const struct event *event)
{
    batch_conclude(batch, event, REFUSAL_DISCARDED, 0);
}

void batch_conclude(struct batch *batch, const struct event *event, enum refusal refusal, int fact_count)
{
    struct domain_decision *concluded = &batch->decision;
    char kind[24];
    struct id subject;

    if (id_none(&event->id) || event_subject_parse(span_of(event->subject), kind, &subject) != 0)
        return;
    concluded->refusal = refusal;
    concluded->fact_count = fact_count;
    add_verdict(batch, event, kind, &subject, concluded);
}
