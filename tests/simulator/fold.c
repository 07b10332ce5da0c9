/* SPDX-License-Identifier: Apache-2.0
 * The facts of the outbox, in its order, are each aggregate's versions without a gap, and lead by themselves
 * to the state that is stored, money included. */
#include <string.h>

#include "consumers/projector/batch.h"
#include "tests/simulator/story.h"

enum { MESSAGES = 1 };

static struct batch folded; /* only for the states it keeps */
static struct postgres_array columns[TABLE_COLUMNS];

static bool read_fact(const struct event *event, struct domain_fact *fact)
{
    char kind[24];

    fact->row = message_of(event->type);
    fact->version = event->sequence;
    fact->at_ms = event->time_ms;
    return fact->row && event_subject_parse(span_of(event->subject), kind, &fact->subject) == 0 &&
           text_copy(fact->key.text, sizeof(fact->key.text), span_of(event->key)) == 0 &&
           codec_decode(fact->row->schema, event->data, fact->data.bytes, NULL) == 0;
}

static void fold_event(const struct event *event)
{
    static struct domain_fact fact;
    int at, folded_how;

    if (!read_fact(event, &fact)) {
        law_broken("facts", "a fact of the outbox cannot be read: %s", event->type);
        return;
    }
    at = batch_state_of(&folded, machine_of(fact.row->aggregate), &fact.subject); /* states may have moved */
    folded_how = domain_fold(folded.states[at].state, &fact);
    met.facts++;
    if (folded_how != 0)
        law_broken("facts", "%s version %lld of %s: %s", fact.row->type, (long long)fact.version,
                   event->subject,
                   folded_how == FOLD_OLD   ? "is there twice"
                   : folded_how == FOLD_GAP ? "follows a gap"
                                            : "does not fold");
}

static void fold_page(struct span page)
{
    struct event event;
    struct span topic;

    while (outbox_next(&page, &topic, &event) == 0)
        if (!span_is(topic, "dead.projector"))
            fold_event(&event);
}

static struct cell only_cell(const struct postgres_array *array)
{
    const char *at = array->bytes.data + 20; /* behind the head: a length, and the bytes */
    struct cell length = {at, 4};

    return (struct cell){at + 4, (int32_t)cell_integer(length)};
}

static void compare(const struct machine *machine, const struct row *row)
{
    const struct batch_state *state;
    struct id id;
    int at;

    id_from_bytes((const uint8_t *)row->stored[0].data, &id);
    at = batch_index_of(&folded, machine, &id);
    if (at < 0) {
        law_broken("facts", "%s/%s has a state, and no facts", machine->kind, id.text);
        return;
    }
    state = &folded.states[at];
    for (int i = 0; i < row->table->xmin; i++)
        postgres_array_start(&columns[i], row->table->types[i]);
    postgres_bind(machine->state, state->state, columns);
    for (int i = 0; i < row->table->xmin; i++) {
        struct cell cell = only_cell(&columns[i]);

        if (cell.size != row->stored[i].size || (cell.size > 0 && !cell_same(cell, row->stored[i])))
            law_broken("facts", "%s/%s: its facts do not lead to its %s", machine->kind, id.text,
                       row->table->columns[i]);
    }
}

static int compare_all(const struct machine *machine)
{
    char name[40] = "state.";
    const struct table *table;
    int count = 0;

    strcat(name, machine->kind);
    table = table_named(name);
    for (int i = 0; i < table->row_count; i++) {
        if (!table->rows[i]->stored)
            continue;
        compare(machine, table->rows[i]);
        count++;
    }
    return count;
}

void fold_judge(void)
{
    const struct table *outbox = table_named("bus.outbox_page");
    size_t stored = 0;

    batch_start(&folded, NULL, 0);
    for (int i = 0; i < outbox->row_count && !schedule.law[0]; i++)
        if (outbox->rows[i]->stored)
            fold_page(cell_span(outbox->rows[i]->stored[MESSAGES]));
    for (int m = 0; machines[m] && !schedule.law[0]; m++)
        stored += (size_t)compare_all(machines[m]);
    if (!schedule.law[0] && stored != folded.state_count)
        law_broken("facts", "facts of %zu aggregates, states of %zu", folded.state_count, stored);
}

void fold_done(void)
{
    batch_done(&folded);
    for (int i = 0; i < TABLE_COLUMNS; i++)
        postgres_array_done(&columns[i]);
}
