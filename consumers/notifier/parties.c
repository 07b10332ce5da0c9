/* SPDX-License-Identifier: Apache-2.0
 * A fact's subject leads to its booking, and the booking to its parties and its parcel. What a change of
 * recipient replaced is told by the parcel's private records, whose numbers say who came before whom. */
#include "consumers/notifier/parties.h"

#include <string.h>

/* clang-format off */
const struct postgres_statement parties_statements[] = {
    {"in_parties", "select coalesce(y.id, w.id, q.id, b.id) is not null, b.id, coalesce(b.sender, q.sender, y.sender),"
                   " coalesce(b.traveller, y.traveller), p.recipient_n,"
                   " (select max(v.n) from private.parcel v where a.kind = 'parcel' and v.id = p.id and v.n < a.number"
                   "  and v.value ? 'recipient'),"
                   " (select o ->> 'to' from jsonb_array_elements(y.orders) o where (o ->> 'n')::int8 = a.number limit 1)"
                   " from unnest($1::text[], $2::uuid[], $3::int8[]) with ordinality a (kind, id, number, at)"
                   " left join state.payment y on a.kind = 'payment' and y.id = a.id"
                   " left join state.review w on a.kind = 'review' and w.id = a.id"
                   " left join state.parcel q on a.kind = 'parcel' and q.id = a.id"
                   " left join state.booking b on b.id = case a.kind when 'booking' then a.id"
                   "  when 'payment' then y.booking when 'review' then w.booking else q.booking end"
                   " left join state.parcel p on p.id = coalesce(b.parcel, q.id) order by a.at"},
    {NULL, NULL},
};
/* clang-format on */

enum { KNOWN, BOOKING, SENDER, TRAVELLER, RECIPIENT_N, RECIPIENT_BEFORE, PAYEE };

void parties_start(struct parties_list *list)
{
    list->count = list->next = 0;
    postgres_array_start(&list->kinds, POSTGRES_TEXT);
    postgres_array_start(&list->subjects, POSTGRES_UUID);
    postgres_array_start(&list->numbers, POSTGRES_INT8);
}

void parties_done(struct parties_list *list)
{
    free(list->rows);
    postgres_array_done(&list->kinds);
    postgres_array_done(&list->subjects);
    postgres_array_done(&list->numbers);
}

void parties_ask(struct parties_list *list, const struct event *fact, int64_t number)
{
    char kind[24];
    struct id subject;
    if (event_subject_parse(span_of(fact->subject), kind, &subject) != 0)
        return;
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 64;
        list->rows = memory_grow(list->rows, list->capacity, sizeof *list->rows);
    }
    list->rows[list->count++] = (struct parties_row){.fact = fact->id};
    postgres_array_text(&list->kinds, span_of(kind));
    postgres_array_text(&list->subjects, span_of(subject.text));
    postgres_array_integer(&list->numbers, number);
}

static void id_read(const struct postgres_rows *rows, int row, int column, struct id *ret_id)
{
    if (!postgres_null(rows, row, column))
        postgres_id(rows, row, column, ret_id);
}

static int64_t number_read(const struct postgres_rows *rows, int row, int column)
{
    return postgres_null(rows, row, column) ? 0 : postgres_integer(rows, row, column);
}

static void row_read(const struct postgres_rows *rows, int row, struct parties *ret_parties)
{
    *ret_parties = (struct parties){
        .known = postgres_integer(rows, row, KNOWN) != 0,
        .recipient_n = number_read(rows, row, RECIPIENT_N),
        .recipient_before = number_read(rows, row, RECIPIENT_BEFORE),
    };
    id_read(rows, row, BOOKING, &ret_parties->booking);
    id_read(rows, row, SENDER, &ret_parties->sender);
    id_read(rows, row, TRAVELLER, &ret_parties->traveller);
    if (!postgres_null(rows, row, PAYEE))
        ret_parties->payee = choice_of(party_choices, postgres_text(rows, row, PAYEE));
}

int parties_load(struct parties_list *list, const struct position_store *store)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    const struct postgres_value values[] = {{.type = POSTGRES_TEXT, .array = &list->kinds},
                                            {.type = POSTGRES_UUID, .array = &list->subjects},
                                            {.type = POSTGRES_INT8, .array = &list->numbers}};
    if (list->count == 0)
        return READER_DONE;
    postgres_send(store->postgres, "in_parties", values, 3, &rows);
    int outcome = position_store_sync(store);
    for (int row = 0; outcome == READER_DONE && row < rows.count && (size_t)row < list->count; row++)
        row_read(&rows, row, &list->rows[row].parties);
    return outcome;
}

const struct parties *parties_of(struct parties_list *list, const struct id *fact)
{
    for (size_t at = list->next; at < list->count; at++) {
        if (!id_same(&list->rows[at].fact, fact))
            continue;
        list->next = at; /* a fact may stand in several rows of the table */
        return &list->rows[at].parties;
    }
    return NULL;
}
