/* SPDX-License-Identifier: Apache-2.0
 * Commands that were aside when the backup was made: bus.parked has what they asked, and no topic is read as
 * far back. One that has published facts was let go since: it is decided from its row, once all it changed
 * stands at the version before. Those of its key that stood before it went before it, and made no fact. What
 * nothing tells of stays aside. */
#include <string.h>

#include "consumers/projector/recover.h"

/* clang-format off */
const struct postgres_statement recover_parked_statements[] = {
    /* Of copies the first decides. One on the topic was placed before. */
    {"recover_place_parked",
     "update bus.recovery r set command_partition = p.partition, command_offset = p.\"offset\" from (select distinct on (id)"
     " id, partition, \"offset\" from bus.parked where id in (select causation from bus.recovery where not had"
     " and command_offset is null) and not exists (select from bus.verdict v where v.id = parked.id) order by id, kind desc, partition, \"offset\") p"
     " where p.id = r.causation and not r.had and r.command_offset is null"},
    /* The first of each key, up to its last that has facts. One that is dead stands in nobody's way. */
    {"recover_aside",
     "with told as (select distinct p.partition, p.\"offset\", p.key, p.kind from bus.recovery r join bus.parked p on"
     "  p.id = r.causation and p.partition = r.command_partition and p.\"offset\" = r.command_offset where not r.had),"
     " keys as (select partition, kind, key, case kind when 'dead' then \"offset\" end as first, max(\"offset\") as last"
     "  from told group by 1, 2, 3, 4)"
     " select " PARKED_ROW " from (select distinct on (k.partition, k.kind, k.key, k.last) p.*"
     "  from keys k join bus.parked p on p.partition = k.partition and p.kind = k.kind"
     "  and p.key is not distinct from k.key and p.\"offset\" <= k.last and p.\"offset\" >= coalesce(k.first, p.\"offset\")"
     "  where p.id is not null and not exists (select from bus.verdict v where v.id = p.id)"
     "  order by k.partition, k.kind, k.key, k.last, p.\"offset\") head order by at limit 500"},
    {NULL, NULL},
};
/* clang-format on */

static int ask_heads(struct recover *recover)
{
    int outcome;

    postgres_rows_done(&recover->aside);
    outcome = recover_ask(recover, "recover_aside", NULL, 0, &recover->aside);
    recover->heads = memory_grow(recover->heads, (size_t)recover->aside.count + 1, sizeof(*recover->heads));
    for (int row = 0; row < recover->aside.count; row++)
        recover->heads[row] = (struct recover_aside){.state = RECOVER_WAITS};
    return outcome;
}

int recover_place_parked(struct recover *recover)
{
    int outcome = recover_ask(recover, "recover_place_parked", NULL, 0, NULL);

    return outcome == 0 ? ask_heads(recover) : outcome;
}

bool recover_key_waits(const struct recover *recover, const char *key)
{
    struct event event;

    for (int row = 0; row < recover->aside.count; row++) {
        parked_event(&recover->aside, row, &event);
        if (strcmp(event.key, key) == 0)
            return true;
    }
    return false;
}

static int load(struct recover *recover, const struct event *event)
{
    struct reader_position position = {"commands", event->partition, 0, 0};
    int outcome;

    if (event->partition < 0 || (size_t)event->partition >= recover->window_count)
        return error_new(ERROR_DATA, "bus.parked has a command of partition %d", (int)event->partition);
    position.from = position.next = recover->windows[event->partition].stored;
    outcome = recover_expect(recover, event, 1);
    batch_start(&recover->batch, event, 1);
    if (outcome == 0)
        outcome = recover_reader(recover, store_load(&recover->store, &recover->batch, &position, 1, true));
    return outcome;
}

static int decide(struct recover *recover, const struct event *event, struct recover_aside *head)
{
    struct batch_item *item = &recover->batch.items[0];
    enum batch_outcome outcome;
    int result;

    head->has_facts = recover_facts_of(recover, event) > 0;
    head->state = item->dead[0] ? RECOVER_REJECTED : RECOVER_WAITS;
    if (item->dead[0] || (head->has_facts && !recover_applies(recover, event)))
        return 0;
    result = batch_decide(&recover->batch, item, &outcome);
    if (result != 0) {
        head->state = RECOVER_REJECTED;
        return result < 0 ? error_forward(result) : 0;
    }
    if (outcome == BATCH_PUT_OFF)
        head->state = head->has_facts ? RECOVER_DIFFERS : RECOVER_UNHEARD;
    else if (outcome != BATCH_SPLIT)
        head->state = RECOVER_GOES;
    return 0;
}

static int take_row(struct recover *recover, int row)
{
    CLEANUP(postgres_array_done) struct postgres_array back = {0};
    const struct postgres_value value = {.type = POSTGRES_UUID, .array = &back};
    struct recover_aside *head = &recover->heads[row];
    struct event event;
    int outcome;

    postgres_array_start(&back, POSTGRES_UUID);
    parked_event(&recover->aside, row, &event);
    outcome = load(recover, &event);
    if (outcome == 0)
        outcome = decide(recover, &event, head);
    if (outcome == 0 && head->state == RECOVER_GOES) {
        const struct store_place place = {event.partition, event.offset};

        recover_note_back(recover, &event, &back);
        postgres_send(recover->store.link, "recover_back", &value, 1, NULL);
        return recover_reader(recover, store_commit(&recover->store, &recover->batch, NULL, 0, &place));
    }
    store_rollback(&recover->store);
    return outcome;
}

static int take_heads(struct recover *recover, int64_t *ret_count)
{
    int outcome = ask_heads(recover);

    *ret_count = 0;
    for (int row = 0; row < recover->aside.count && outcome == 0; row++) {
        outcome = take_row(recover, row);
        *ret_count += recover->heads[row].state == RECOVER_GOES;
    }
    return outcome;
}

/* There are never more keys than at first. */
int recover_parked(struct recover *recover, int64_t *ret_count)
{
    int64_t count = recover->aside.count;
    int outcome = 0;

    *ret_count = 0;
    while (outcome == 0 && count > 0) {
        outcome = take_heads(recover, &count);
        *ret_count += count;
    }
    recover->decided += *ret_count;
    return outcome;
}

static int force(struct recover *recover, int row)
{
    recover_remedy *apply = recover->heads[row].has_facts ? recover_believe : recover_refuse;
    struct store_place place;
    struct event event;
    int outcome;

    parked_event(&recover->aside, row, &event);
    place = (struct store_place){event.partition, event.offset};
    outcome = recover_conclude(recover, &event, apply, recover->windows[event.partition].stored, &place);
    return outcome == 0 ? ask_heads(recover) : outcome; /* its key may have been waited for */
}

int recover_force_parked(struct recover *recover, bool facts, bool *ret_done)
{
    *ret_done = false;
    for (int row = 0; row < recover->aside.count; row++) {
        const struct recover_aside *head = &recover->heads[row];

        if (head->has_facts != facts || head->state == RECOVER_GOES || head->state == RECOVER_WAITS)
            continue;
        *ret_done = true;
        return force(recover, row);
    }
    return 0;
}
