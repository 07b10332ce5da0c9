/* SPDX-License-Identifier: Apache-2.0
 * All that was decided, decided once more: one command after another in the order of the commits, by one that
 * shares nothing with anybody. Whatever the batches, the locks and the races were, it must be the same. */
#include <string.h>

#include "consumers/projector/batch.h"
#include "tests/simulator/story.h"

enum { V_ACCEPTED = 6, V_REASON = 8 };

/* How much of what was said is compared. */
struct next {
    int fact, command;
};

static struct batch world, alone; /* all states as they are by now; the command in hand */
static int made[1024];            /* by which command each state of the world came to be */

/* What is not there cannot be locked: what somebody else made between the look at it and the commit was not
 * there for this command, and it comes before that one. */
static bool seen(const struct command *command, const struct batch_state *state, int at)
{
    int number = made[at];

    return number <= command->saw[batch_machine_index(state->machine)] || number >= command->first;
}

/* The states the command names, until it names no more. */
static void fill(const struct command *command, struct batch_item *item)
{
    size_t filled = 0;

    while (filled < alone.state_count) {
        for (; filled < alone.state_count; filled++) {
            struct batch_state *state = &alone.states[filled];
            int at = batch_index_of(&world, state->machine, &state->state->id);

            if (at >= 0 && seen(command, state, at))
                memcpy(state->state, world.states[at].state, state->machine->state->size);
            state->stored_version = state->state->version;
        }
        (void)batch_name(&alone, item, true);
    }
}

static void keep(int number)
{
    for (size_t i = 0; i < alone.state_count; i++) {
        const struct batch_state *state = &alone.states[i];

        int at;

        if (state->state->version == state->stored_version)
            continue;
        at = batch_state_of(&world, state->machine, &state->state->id); /* states may have moved */
        if (world.states[at].state->version == 0)
            made[at] = number;
        memcpy(world.states[at].state, state->state, state->machine->state->size);
    }
}

static struct cell cell_in(const struct postgres_array *array, int index)
{
    const char *at = array->bytes.data + 20;

    for (;; index--) {
        struct cell length = {at, 4};
        int32_t size = (int32_t)cell_integer(length);

        if (index == 0)
            return (struct cell){at + 4, size};
        at += 4 + (size > 0 ? size : 0);
    }
}

static bool same(struct cell a, struct cell b)
{
    return a.size == b.size && (a.size <= 0 || cell_same(a, b));
}

static void compare_verdict(const struct command *command)
{
    const struct cell *stored = command->row->stored;

    if (!same(cell_in(&alone.verdicts[V_ACCEPTED], 0), stored[V_ACCEPTED]) ||
        !same(cell_in(&alone.verdicts[V_REASON], 0), stored[V_REASON]))
        law_broken("alone", "%s %s: %.*s, and %.*s where all is decided one by one", command->event.type,
                   command->event.id.text, (int)cell_span(stored[V_REASON]).size,
                   cell_span(stored[V_REASON]).data,
                   (int)cell_span(cell_in(&alone.verdicts[V_REASON], 0)).size,
                   cell_span(cell_in(&alone.verdicts[V_REASON], 0)).data);
}

static bool same_text(struct span a, struct span b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static bool same_page(struct span page, struct next *next)
{
    const struct event *there;
    struct event event;
    struct span topic;

    while (outbox_next(&page, &topic, &event) == 0) {
        there = relay_fact(next->fact++);
        if (!there || !id_same(&event.id, &there->id) || !same_text(event.data, there->data))
            return false;
    }
    return page.size == 0;
}

static bool same_commands(struct next *next)
{
    const struct postgres_array *columns = alone.outbox.columns;

    for (int i = 0; i < columns[0].count; i++) {
        const struct row *row = relay_command(next->command++);

        for (int cell = COMMAND_EVENT; cell <= COMMAND_DUE; cell++)
            if (!row || (cell != COMMAND_HEADERS && !same(cell_in(&columns[cell - 1], i), row->stored[cell])))
                return false;
    }
    return true;
}

/* What it says is what was committed next. */
static void compare_outbox(const struct command *command, struct next *next)
{
    bool held = true;

    for (int i = 0; i < alone.outbox.pages.count && held; i++)
        held = same_page(cell_span(cell_in(&alone.outbox.pages, i)), next);
    if (!held || !same_page(buf_as_span(&alone.outbox.page), next) || !same_commands(next))
        law_broken("alone", "%s %s says something else where all is decided one by one", command->event.type,
                   command->event.id.text);
}

static void replay(const struct command *command, struct next *next)
{
    enum batch_outcome outcome = BATCH_DEAD;
    struct event event = command->decided->event;

    batch_start(&alone, &event, 1);
    fill(command, &alone.items[0]);
    met.replayed++;
    if (batch_decide(&alone, &alone.items[0], &outcome) != 0 || outcome > BATCH_REFUSED) {
        law_broken("alone", "%s %s cannot be decided again", event.type, event.id.text);
        return;
    }
    compare_verdict(command);
    compare_outbox(command, next);
    keep(command->number);
}

void replay_judge(void)
{
    struct next next = {0};

    batch_start(&world, NULL, 0);
    world.codes = alone.codes = &story_codes;
    for (int number = 1; number <= judge_count() && !schedule.law[0]; number++)
        if (!judge_numbered(number)->discarded)
            replay(judge_numbered(number), &next);
    if (!schedule.law[0] && (relay_fact(next.fact) || relay_command(next.command)))
        law_broken("alone", "the outbox holds more than the verdicts lead to");
}

void replay_done(void)
{
    batch_done(&world);
    batch_done(&alone);
}
