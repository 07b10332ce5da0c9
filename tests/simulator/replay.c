/* SPDX-License-Identifier: Apache-2.0
 * All that was decided, decided once more: one command after another in the order of the commits, by one that
 * shares nothing with anybody. Whatever the batches, the locks and the races were, it must be the same. */
#include <string.h>

#include "consumers/projector/batch.h"
#include "tests/simulator/story.h"

enum { V_ACCEPTED = 6, V_REASON = 8 };
enum { O_EVENT = 5, O_VALUE = 7, O_DUE };

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

/* Its rows of the outbox are those that were committed next. */
static void compare_outbox(const struct command *command, int *next)
{
    const struct row *row;

    for (int i = 0; i < outbox_count(&alone.outbox); i++) {
        row = relay_said((*next)++);
        if (!row || !same(cell_in(&alone.outbox.columns[O_EVENT - 1], i), row->stored[O_EVENT]) ||
            !same(cell_in(&alone.outbox.columns[O_VALUE - 1], i), row->stored[O_VALUE]) ||
            !same(cell_in(&alone.outbox.columns[O_DUE - 1], i), row->stored[O_DUE])) {
            law_broken("alone", "%s %s says something else where all is decided one by one",
                       command->event.type, command->event.id.text);
            return;
        }
    }
}

static void replay(const struct command *command, int *next)
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
    int next = 0;

    batch_start(&world, NULL, 0);
    world.codes = alone.codes = &story_codes;
    for (int number = 1; number <= judge_count() && !schedule.law[0]; number++)
        if (!judge_numbered(number)->discarded)
            replay(judge_numbered(number), &next);
    if (!schedule.law[0] && relay_said(next))
        law_broken("alone", "the outbox holds more than the verdicts lead to");
}

void replay_done(void)
{
    batch_done(&world);
    batch_done(&alone);
}
