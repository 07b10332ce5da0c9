/* SPDX-License-Identifier: Apache-2.0
 * Who saved two searches that one trip answers is told once. Where more wait for a trip than are told, the
 * log says so. */
#include "consumers/notifier/seekers.h"

#include "shared/base/log.h"

/* clang-format off */
const struct postgres_statement seekers_statements[] = {
    /* one more than are told, to know that there are more */
    {"in_seekers", "select a.at, m.owner from unnest($1::uuid[]) with ordinality a (id, at), lateral"
                   " (select distinct s.owner from api.searches_matching(a.id) s order by s.owner limit $2::int8 + 1) m"
                   " order by a.at, m.owner"},
    {NULL, NULL},
};
/* clang-format on */

enum { AT, OWNER };

void seekers_start(struct seekers *seekers)
{
    seekers->trip_count = 0;
    postgres_array_start(&seekers->trips, POSTGRES_UUID);
}

void seekers_done(struct seekers *seekers)
{
    free(seekers->owners);
    postgres_array_done(&seekers->trips);
}

void seekers_ask(struct seekers *seekers, const struct event *fact)
{
    char kind[24];
    struct id trip;
    if (seekers->trip_count == SEEKERS_TRIPS || event_subject_parse(span_of(fact->subject), kind, &trip) != 0)
        return;
    seekers->facts[seekers->trip_count++] = fact->id;
    postgres_array_text(&seekers->trips, span_of(trip.text));
}

static void rows_read(struct seekers *seekers, const struct postgres_rows *rows)
{
    size_t count = 0;
    if ((size_t)rows->count > seekers->capacity) {
        seekers->capacity = (size_t)rows->count;
        seekers->owners = memory_grow(seekers->owners, seekers->capacity, sizeof *seekers->owners);
    }
    for (size_t trip = 0, row = 0; trip < seekers->trip_count; trip++) {
        seekers->first[trip] = count;
        for (; row < (size_t)rows->count && (size_t)postgres_integer(rows, (int)row, AT) == trip + 1; row++) {
            if (count - seekers->first[trip] == SEEKERS_MOST)
                log_with(LOG_LEVEL_WARN, "more wait for a trip than are told",
                         .event = seekers->facts[trip].text);
            else
                postgres_id(rows, (int)row, OWNER, &seekers->owners[count++]);
        }
    }
    seekers->first[seekers->trip_count] = count;
}

int seekers_load(struct seekers *seekers, const struct position_store *store)
{
    CLEANUP(postgres_rows_done) struct postgres_rows rows = {0};
    const struct postgres_value values[] = {{.type = POSTGRES_UUID, .array = &seekers->trips},
                                            {.type = POSTGRES_INT8, .integer = SEEKERS_MOST}};
    if (seekers->trip_count == 0)
        return READER_DONE;
    postgres_send(store->postgres, "in_seekers", values, 2, &rows);
    int outcome = position_store_sync(store);
    if (outcome == READER_DONE)
        rows_read(seekers, &rows);
    return outcome;
}

const struct id *seekers_of(const struct seekers *seekers, const struct id *fact, size_t *ret_count)
{
    static const struct id none;
    for (size_t trip = 0; trip < seekers->trip_count; trip++) {
        if (!id_same(&seekers->facts[trip], fact))
            continue;
        *ret_count = seekers->first[trip + 1] - seekers->first[trip];
        return *ret_count ? &seekers->owners[seekers->first[trip]] : &none;
    }
    return NULL;
}
