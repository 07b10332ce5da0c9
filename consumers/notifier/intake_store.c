/* SPDX-License-Identifier: Apache-2.0
 * The rows a batch of facts adds, written with its positions. */
#include "consumers/notifier/intake_store.h"

#include <string.h>

#include "shared/base/fail.h"
#include "shared/run/service.h"

/* clang-format off */
static const struct postgres_statement statements[] = {
    /* A fact of a time PostgreSQL lost may have been told: who tells it again says so. */
    {"in_add",          "insert into bus.notification (id, fact, person, purpose, subject, data, channel, lane, repeat)"
                        " select w.id, w.fact, w.person, w.purpose, w.subject, w.data, w.channel, w.lane, exists"
                        " (select from bus.lost l where l.topic = w.topic and l.partition = w.partition"
                        " and l.until > w.place) from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[],"
                        " $5::text[], $6::text[], $7::text[], $8::text[], $9::int4[], $10::int8[], $11::int2[])"
                        " w (id, fact, person, purpose, subject, data, channel, topic, partition, place, lane)"
                        " on conflict (id) do nothing"},
    {"in_wake",         "update bus.notification set state = 'queued', reason = null, attempts = 0,"
                        " next_at = clock_timestamp() where person = any($1::uuid[]) and state = 'dead'"
                        " and (reason in ('no_address', 'bad_address') or reason like 'RCPT answered 5%')"
                        " and created_at > clock_timestamp() - interval '1 day'"},
    {"in_hint",         "select pg_notify('notification', '')"},
    {NULL, NULL},
};
/* clang-format on */

enum { ID, FACT, PERSON, PURPOSE, SUBJECT, DATA, CHANNEL, TOPIC, PARTITION, PLACE, LANE };
static const enum postgres_type types[INTAKE_COLUMNS] = {
    [ID] = POSTGRES_UUID,      [FACT] = POSTGRES_UUID,    [PERSON] = POSTGRES_UUID,
    [PURPOSE] = POSTGRES_TEXT, [SUBJECT] = POSTGRES_TEXT, [DATA] = POSTGRES_TEXT,
    [CHANNEL] = POSTGRES_TEXT, [TOPIC] = POSTGRES_TEXT,   [PARTITION] = POSTGRES_INT4,
    [PLACE] = POSTGRES_INT8,   [LANE] = POSTGRES_INT2,
};

void intake_store_start(struct intake_store *store)
{
    parties_start(&store->parties);
    seekers_start(&store->seekers);
    for (int at = 0; at < INTAKE_COLUMNS; at++)
        postgres_array_start(&store->columns[at], types[at]);
    postgres_array_start(&store->woken, POSTGRES_UUID);
}

int intake_store_new(struct intake_store *store)
{
    TRY(postgres_new("colis-notifier", service_values.name_space, &store->postgres));
    postgres_statements(store->postgres, statements);
    postgres_statements(store->postgres, parties_statements);
    postgres_statements(store->postgres, seekers_statements);
    postgres_statements(store->postgres, position_store_statements);
    postgres_statements(store->postgres, past_statements);
    store->past = (struct past){.postgres = store->postgres};
    store->places = (struct position_store){store->postgres, "notifier", &store->past};
    intake_store_start(store);
    return 0;
}

void intake_store_done(struct intake_store *store)
{
    for (int at = 0; at < INTAKE_COLUMNS; at++)
        postgres_array_done(&store->columns[at]);
    postgres_array_done(&store->woken);
    parties_done(&store->parties);
    seekers_done(&store->seekers);
    postgres_free(store->postgres);
}

int intake_store_begin(struct intake_store *store, const struct reader_position *positions, size_t count)
{
    int outcome = position_store_begin(&store->places, positions, count);
    if (outcome == READER_DONE)
        outcome = parties_load(&store->parties, &store->places);
    return outcome == READER_DONE ? seekers_load(&store->seekers, &store->places) : outcome;
}

void intake_store_add(struct intake_store *store, const struct intake_row *row)
{
    struct postgres_array *columns = store->columns;
    postgres_array_text(&columns[ID], span_of(row->id->text));
    postgres_array_text(&columns[FACT], span_of(row->event->id.text));
    postgres_array_text(&columns[PERSON], span_of(row->person->text));
    postgres_array_text(&columns[PURPOSE], span_of(row->notice->purpose));
    postgres_array_text(&columns[SUBJECT], span_of(row->event->subject));
    postgres_array_text(&columns[DATA], row->event->data);
    postgres_array_text(&columns[CHANNEL], span_of(row->notice->channel));
    postgres_array_text(&columns[TOPIC], span_of(row->event->topic));
    postgres_array_integer(&columns[PARTITION], row->event->partition);
    postgres_array_integer(&columns[PLACE], row->event->offset);
    postgres_array_integer(&columns[LANE], row->notice->lane);
}

void intake_store_wake(struct intake_store *store, const struct id *person)
{
    postgres_array_text(&store->woken, span_of(person->text));
}

static void send_rows(struct intake_store *store)
{
    struct postgres_value values[INTAKE_COLUMNS];
    const struct postgres_value woken = {.type = POSTGRES_UUID, .array = &store->woken};
    for (int at = 0; at < INTAKE_COLUMNS; at++)
        values[at] = (struct postgres_value){.type = types[at], .array = &store->columns[at]};
    if (store->columns[ID].count > 0)
        postgres_send(store->postgres, "in_add", values, INTAKE_COLUMNS, NULL);
    if (store->woken.count > 0)
        postgres_send(store->postgres, "in_wake", &woken, 1, NULL);
    if (store->columns[ID].count + store->woken.count > 0)
        postgres_send(store->postgres, "in_hint", NULL, 0, NULL);
}

int intake_store_commit(struct intake_store *store, const struct reader_position *positions, size_t count)
{
    send_rows(store);
    int outcome = position_store_commit(&store->places, positions, count);
    FAIL_POINT("notifier-committed");
    return outcome;
}

void intake_store_rollback(struct intake_store *store)
{
    intake_store_start(store);
    position_store_rollback(&store->places);
}
