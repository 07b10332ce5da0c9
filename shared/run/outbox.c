/* SPDX-License-Identifier: Apache-2.0
 * Pages are filled in the order of the facts, so that the relay, which goes by pages, keeps it. */
#include "shared/run/outbox.h"

#include <string.h>

enum column { KEY, AGGREGATE, EVENT, HEADERS, VALUE, DUE };

/* With its head below the 8,160 bytes of the largest row that stays in one piece. */
enum { PAGE_BYTES = 8000 };

static const enum postgres_type types[OUTBOX_COLUMNS] = {
    [KEY] = POSTGRES_TEXT,     [AGGREGATE] = POSTGRES_TEXT, [EVENT] = POSTGRES_UUID,
    [HEADERS] = POSTGRES_TEXT, [VALUE] = POSTGRES_TEXT,     [DUE] = POSTGRES_TIME,
};

const struct postgres_statement outbox_statements[] = {
    /* Rows get their ids in the order given: unnest keeps it, and insert ... select takes it. */
    {"outbox_pages", "insert into bus.outbox_page (messages) select unnest($1::text[])"},
    {"outbox_commands", "insert into bus.outbox_command (key, aggregate, event, headers, value, due) "
                        "select unnest($1::text[]), unnest($2::text[]), unnest($3::uuid[]), "
                        "unnest($4::text[]), unnest($5::text[]), unnest($6::timestamptz[])"},
    {"outbox_hint", "select pg_notify('outbox', '')"},
    {NULL, NULL},
};

void outbox_start(struct outbox *outbox)
{
    postgres_array_start(&outbox->pages, POSTGRES_TEXT);
    for (int i = 0; i < OUTBOX_COLUMNS; i++)
        postgres_array_start(&outbox->columns[i], types[i]);
    buf_clear(&outbox->page);
    outbox->facts = 0;
}

void outbox_done(struct outbox *outbox)
{
    postgres_array_done(&outbox->pages);
    for (int i = 0; i < OUTBOX_COLUMNS; i++)
        postgres_array_done(&outbox->columns[i]);
    buf_done(&outbox->page);
    buf_done(&outbox->line);
}

static void page_end(struct outbox *outbox)
{
    if (outbox->page.size > 0)
        postgres_array_text(&outbox->pages, buf_as_span(&outbox->page));
    buf_clear(&outbox->page);
}

/* "topic TAB attributes TAB data" and a newline. */
void outbox_add_fact(struct outbox *outbox, const char *topic, const struct event *event)
{
    struct buf *page = &outbox->page;

    buf_clear(&outbox->line);
    event_line(event, &outbox->line);
    if (page->size + strlen(topic) + outbox->line.size + event->data.size + 3 > PAGE_BYTES)
        page_end(outbox);
    buf_text(page, topic);
    buf_byte(page, '\t');
    buf_span(page, buf_as_span(&outbox->line));
    buf_byte(page, '\t');
    buf_span(page, event->data);
    buf_byte(page, '\n');
    outbox->facts++;
}

void outbox_add_command(struct outbox *outbox, const struct event *event, int64_t due_ms)
{
    struct postgres_array *columns = outbox->columns;

    buf_clear(&outbox->line);
    event_line(event, &outbox->line);
    postgres_array_text(&columns[KEY], span_of(event->key));
    postgres_array_text(&columns[AGGREGATE], span_of(event->subject));
    postgres_array_text(&columns[EVENT], span_of(event->id.text));
    postgres_array_text(&columns[HEADERS], buf_as_span(&outbox->line));
    postgres_array_text(&columns[VALUE], event->data);
    postgres_array_integer(&columns[DUE], due_ms > 0 ? due_ms : POSTGRES_BEFORE_ALL);
}

int outbox_count(const struct outbox *outbox)
{
    return outbox->facts + outbox->columns[KEY].count;
}

static void send_rows(struct postgres *link, const char *statement, const struct postgres_array *columns,
                      int count)
{
    struct postgres_value values[OUTBOX_COLUMNS] = {0};

    if (columns[0].count == 0)
        return;
    for (int i = 0; i < count; i++) {
        values[i].type = columns[i].type;
        values[i].array = &columns[i];
    }
    postgres_send(link, statement, values, count, NULL);
}

void outbox_send(struct outbox *outbox, struct postgres *link)
{
    if (outbox_count(outbox) == 0)
        return;
    page_end(outbox);
    send_rows(link, "outbox_pages", &outbox->pages, 1);
    send_rows(link, "outbox_commands", outbox->columns, OUTBOX_COLUMNS);
    postgres_send(link, "outbox_hint", NULL, 0, NULL);
}

int outbox_next(struct span *page, struct span *ret_topic, struct event *ret_event)
{
    const char *end = page->size ? memchr(page->data, '\n', page->size) : NULL, *first, *last;
    struct span line = {page->data, end ? (size_t)(end - page->data) : 0};

    if (page->size == 0)
        return OUTBOX_END;
    first = memchr(line.data, '\t', line.size);
    last = memrchr(line.data, '\t', line.size);
    *ret_event = (struct event){.reason = "a page of the outbox breaks off"};
    if (!first || first == last)
        return OUTBOX_MALFORMED;
    *page = (struct span){end + 1, page->size - line.size - 1};
    *ret_topic = (struct span){line.data, (size_t)(first - line.data)};
    if (event_from_line((struct span){first + 1, (size_t)(last - first - 1)}, ret_event) != 0)
        return OUTBOX_MALFORMED;
    ret_event->data = (struct span){last + 1, (size_t)(end - last - 1)};
    return 0;
}
