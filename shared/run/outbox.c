/* SPDX-License-Identifier: Apache-2.0
 * Gathers outbox rows as columns; the insert is one statement whatever their number. */
#include "shared/run/outbox.h"

enum column { TOPIC, KEY, AGGREGATE, VERSION, EVENT, HEADERS, VALUE, DUE };

static const enum postgres_type types[OUTBOX_COLUMNS] = {
    [TOPIC] = POSTGRES_TEXT,   [KEY] = POSTGRES_TEXT,   [AGGREGATE] = POSTGRES_TEXT,
    [VERSION] = POSTGRES_INT8, [EVENT] = POSTGRES_UUID, [HEADERS] = POSTGRES_TEXT,
    [VALUE] = POSTGRES_TEXT,   [DUE] = POSTGRES_TIME,
};

const struct postgres_statement outbox_statements[] = {
    /* Rows get their ids in the order given: unnest keeps it, and insert ... select takes it. */
    {"outbox_insert",
     "insert into bus.outbox (topic, key, aggregate, version, event, headers, value, due) "
     "select unnest($1::text[]), unnest($2::text[]), unnest($3::text[]), unnest($4::bigint[]), "
     "unnest($5::uuid[]), unnest($6::text[]), unnest($7::text[]), unnest($8::timestamptz[])"},
    {"outbox_hint", "select pg_notify('outbox', '')"},
    {NULL, NULL},
};

void outbox_start(struct outbox *outbox)
{
    for (int i = 0; i < OUTBOX_COLUMNS; i++)
        postgres_array_start(&outbox->columns[i], types[i]);
}

void outbox_done(struct outbox *outbox)
{
    for (int i = 0; i < OUTBOX_COLUMNS; i++)
        postgres_array_done(&outbox->columns[i]);
    buf_done(&outbox->headers);
}

void outbox_add(struct outbox *outbox, const char *topic, const struct event *event, int64_t due_ms)
{
    struct postgres_array *columns = outbox->columns;

    buf_clear(&outbox->headers);
    event_headers_json(event, &outbox->headers);
    postgres_array_text(&columns[TOPIC], span_of(topic));
    postgres_array_text(&columns[KEY], span_of(event->key));
    postgres_array_text(&columns[AGGREGATE], span_of(event->subject));
    postgres_array_integer(&columns[VERSION], event->sequence);
    postgres_array_text(&columns[EVENT], span_of(event->id.text));
    postgres_array_text(&columns[HEADERS], buf_as_span(&outbox->headers));
    postgres_array_text(&columns[VALUE], event->data);
    if (due_ms > 0)
        postgres_array_integer(&columns[DUE], due_ms);
    else
        postgres_array_null(&columns[DUE]);
}

int outbox_count(const struct outbox *outbox)
{
    return outbox->columns[TOPIC].count;
}

void outbox_send(struct outbox *outbox, struct postgres *link)
{
    struct postgres_value values[OUTBOX_COLUMNS] = {0};

    if (outbox_count(outbox) == 0)
        return;
    for (int i = 0; i < OUTBOX_COLUMNS; i++) {
        values[i].type = types[i];
        values[i].array = &outbox->columns[i];
    }
    postgres_send(link, "outbox_insert", values, OUTBOX_COLUMNS, NULL);
    postgres_send(link, "outbox_hint", NULL, 0, NULL);
}
