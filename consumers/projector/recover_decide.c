/* SPDX-License-Identifier: Apache-2.0
 * A batch of commands decided again, in the order the broker stored them: a partition whose head cannot go on
 * yet waits, the others go on. What a decision makes must be the facts that are on the topics. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "consumers/projector/recover.h"

/* One batch under way. */
struct again {
    struct recover *recover;
    size_t count;
    size_t rejected; /* the item that cannot be decided; count: none */
    size_t *taken;   /* how many of each window */
    size_t advanced;
    struct postgres_array back; /* facts that are brought back */
    unsigned char saved[SLOT_COUNT][sizeof(struct payment_state) > sizeof(struct booking_state)
                                        ? sizeof(struct payment_state)
                                        : sizeof(struct booking_state)];
};

static struct recover_window *window_of(const struct recover *recover, const struct event *event)
{
    return &recover->windows[event->partition];
}

/* --- one command --- */

static void states_save(struct again *again, const struct batch_item *item)
{
    const struct batch *batch = &again->recover->batch;

    for (int slot = 0; slot < SLOT_COUNT; slot++)
        if (item->slots[slot] >= 0)
            memcpy(again->saved[slot], batch->states[item->slots[slot]].state,
                   batch->states[item->slots[slot]].machine->state->size);
}

static void states_put_back(struct again *again, const struct batch_item *item)
{
    const struct batch *batch = &again->recover->batch;

    for (int slot = 0; slot < SLOT_COUNT; slot++)
        if (item->slots[slot] >= 0)
            memcpy(batch->states[item->slots[slot]].state, again->saved[slot],
                   batch->states[item->slots[slot]].machine->state->size);
}

static int decide(struct again *again, struct batch_item *item, bool has_facts, enum recover_state *ret_state)
{
    struct batch *batch = &again->recover->batch;
    enum batch_outcome outcome;
    int result;

    *ret_state = RECOVER_WAITS;
    if (item->open && !batch_name(batch, item, false))
        return 0;
    states_save(again, item);
    result = batch_decide(batch, item, &outcome);
    if (result != 0) {
        *ret_state = RECOVER_REJECTED;
        return result < 0 ? error_forward(result) : 0;
    }
    *ret_state = outcome == BATCH_SPLIT ? RECOVER_WAITS : RECOVER_GOES;
    if (outcome == BATCH_PUT_OFF) {
        states_put_back(again, item);
        *ret_state = has_facts ? RECOVER_DIFFERS : RECOVER_UNHEARD;
    }
    return 0;
}

/* It was put aside, and nothing tells that it was decided later: aside again. */
static void put_aside(struct again *again, const struct event *event, const struct command_parked_v1 *notice)
{
    batch_park(&again->recover->batch, event, notice->kind, notice->reason);
}

static int take_item(struct again *again, struct batch_item *item, enum recover_state *ret_state)
{
    struct recover *recover = again->recover;
    struct command_parked_v1 notice;
    bool has_facts = recover_facts_of(recover, item->event) > 0;

    *ret_state = RECOVER_GOES;
    if (recover->behind)
        return error_forward(decide(again, item, false, ret_state));
    if (!has_facts && !item->decided && recover_notice_of(recover, item->event, &notice) >= 0) {
        put_aside(again, item->event, &notice);
        return 0;
    }
    if (item->behind && !has_facts && !item->decided && recover_key_waits(recover, item->event->key)) {
        *ret_state = RECOVER_WAITS;
        return 0;
    }
    item->behind = false; /* no notice tells that it was put aside: its key was free by then */
    if (item->decided || item->dead[0]) {
        enum batch_outcome outcome;

        return error_forward(batch_decide(&recover->batch, item, &outcome));
    }
    if (has_facts && !recover_applies(recover, item->event)) {
        *ret_state = RECOVER_WAITS;
        return 0;
    }
    return decide(again, item, has_facts, ret_state);
}

/* --- a batch --- */

/* The windows' records in the order the broker stored them, each window's own order kept. */
static size_t merge(struct recover *recover)
{
    CLEANUP(free_cleanup) size_t *at = memory_new(recover->window_count, sizeof(*at));
    size_t count = 0;

    for (; count < RECOVER_BATCH; count++) {
        const struct event *first = NULL;

        for (size_t w = 0; w < recover->window_count; w++) {
            const struct recover_window *window = &recover->windows[w];
            const struct event *event = window->first + at[w] < window->count
                                            ? kafka_record_event(window->records[window->first + at[w]])
                                            : NULL;

            if (event && (!first || event->stored_ms < first->stored_ms))
                first = event;
        }
        if (!first)
            break;
        recover->events[count] = *first;
        at[first->partition]++;
    }
    return count;
}

static size_t positions_of(const struct recover *recover, size_t count, struct reader_position *positions)
{
    size_t found = 0;

    for (size_t w = 0; w < recover->window_count; w++)
        for (size_t at = 0; at < count; at++)
            if (recover->events[at].partition == (int32_t)w) {
                positions[found++] = (struct reader_position){
                    "commands", (int32_t)w, recover->windows[w].stored, recover->windows[w].stored};
                break;
            }
    return found;
}

static int take_items(struct again *again)
{
    struct recover *recover = again->recover;

    for (size_t at = 0; at < again->count; at++) {
        struct batch_item *item = &recover->batch.items[at];
        struct recover_window *window = window_of(recover, item->event);

        if (window->state != RECOVER_GOES)
            continue;
        TRY(take_item(again, item, &window->state));
        if (window->state == RECOVER_REJECTED) {
            again->rejected = at;
            return 0;
        }
        if (window->state != RECOVER_GOES)
            continue;
        recover_note_back(recover, item->event, &again->back);
        again->taken[item->event->partition]++;
        again->advanced++;
    }
    return 0;
}

/* Where a window stands once so many more of it are decided. */
static int64_t next_of(const struct recover_window *window, size_t taken)
{
    return kafka_record_event(window->records[window->first + taken - 1])->offset + 1;
}

static int commit(struct again *again)
{
    struct recover *recover = again->recover;
    CLEANUP(free_cleanup)
    struct reader_position *moved = memory_new(recover->window_count, sizeof(*moved));
    const struct postgres_value back = {.type = POSTGRES_UUID, .array = &again->back};
    size_t count = 0;
    int outcome;

    for (size_t w = 0; w < recover->window_count; w++)
        if (again->taken[w] > 0)
            moved[count++] = (struct reader_position){"commands", (int32_t)w, recover->windows[w].stored,
                                                      next_of(&recover->windows[w], again->taken[w])};
    if (again->back.count > 0)
        postgres_send(recover->store.link, "recover_back", &back, 1, NULL);
    outcome = recover_reader(recover, store_commit(&recover->store, &recover->batch, moved, count, NULL));
    for (size_t at = 0; at < count && outcome == 0; at++) {
        struct recover_window *window = &recover->windows[moved[at].partition];

        window->stored = moved[at].next;
        recover_drop(recover, window, again->taken[moved[at].partition]);
    }
    return outcome;
}

static void again_start(struct again *again, size_t count)
{
    again->count = again->rejected = count;
    again->advanced = 0;
    memset(again->taken, 0, again->recover->window_count * sizeof(*again->taken));
    postgres_array_start(&again->back, POSTGRES_UUID);
    for (size_t w = 0; w < again->recover->window_count; w++)
        again->recover->windows[w].state = RECOVER_GOES;
}

static int attempt(struct again *again, size_t count)
{
    struct recover *recover = again->recover;
    CLEANUP(free_cleanup)
    struct reader_position *positions = memory_new(recover->window_count, sizeof(*positions));
    size_t held = positions_of(recover, count, positions);
    int outcome;

    again_start(again, count);
    batch_start(&recover->batch, recover->events, count);
    outcome = recover_reader(recover, store_load(&recover->store, &recover->batch, positions, held, false));
    if (outcome == 0)
        outcome = take_items(again);
    if (outcome == 0 && again->rejected == count && again->advanced > 0)
        return commit(again);
    store_rollback(&recover->store);
    return outcome;
}

static void again_done(struct again *again)
{
    free(again->taken);
    postgres_array_done(&again->back);
    free(again);
}

DEFINE_CLEANUP(struct again, again_done)

int recover_decide(struct recover *recover, size_t *ret_count)
{
    CLEANUP(again_done_cleanup) struct again *again = memory_new(1, sizeof(*again));
    size_t count = merge(recover);
    int outcome;

    again->recover = recover;
    again->taken = memory_new(recover->window_count, sizeof(*again->taken));
    *ret_count = 0;
    outcome = recover_expect(recover, recover->events, count);
    if (outcome == 0)
        outcome = attempt(again, count);
    while (outcome == 0 && again->rejected > 0 && again->rejected < again->count)
        outcome = attempt(again, again->rejected); /* those before it, which alone did no harm */
    if (outcome == 0 && again->rejected == again->count)
        *ret_count = again->advanced;
    recover->decided += (int64_t)*ret_count;
    return outcome;
}

/* --- where nothing goes on by itself --- */

/* The head that waits longest in this state. */
static struct recover_window *longest(struct recover *recover, enum recover_state state, bool facts)
{
    struct recover_window *found = NULL;

    for (size_t w = 0; w < recover->window_count; w++) {
        struct recover_window *window = &recover->windows[w];
        const struct event *head = recover_head(window);

        if (head && window->state == state && (recover_facts_of(recover, head) > 0) == facts &&
            (!found || head->stored_ms < recover_head(found)->stored_ms))
            found = window;
    }
    return found;
}

int recover_conclude(struct recover *recover, const struct event *event, recover_remedy *apply, int64_t next,
                     const struct store_place *remove)
{
    CLEANUP(postgres_array_done) struct postgres_array back = {0};
    const struct postgres_value value = {.type = POSTGRES_UUID, .array = &back};
    int64_t stored = window_of(recover, event)->stored;
    struct reader_position position = {"commands", event->partition, stored, stored};
    int outcome = recover_expect(recover, event, 1);

    postgres_array_start(&back, POSTGRES_UUID);
    batch_start(&recover->batch, NULL, 0);
    if (outcome == 0)
        outcome = recover_reader(recover, store_load(&recover->store, &recover->batch, &position, 1, true));
    if (outcome == 0)
        outcome = apply(recover, event);
    if (outcome == 0) {
        recover_note_back(recover, event, &back);
        position.next = next;
        postgres_send(recover->store.link, "recover_back", &value, 1, NULL);
        outcome =
            recover_reader(recover, store_commit(&recover->store, &recover->batch, &position, 1, remove));
    }
    if (outcome != 0)
        store_rollback(&recover->store);
    return outcome;
}

static int remedy_apply(struct recover *recover, struct recover_window *window, recover_remedy *apply)
{
    const struct event event = *recover_head(window);
    int outcome = recover_conclude(recover, &event, apply, event.offset + 1, NULL);

    if (outcome != 0)
        return outcome;
    window->stored = event.offset + 1;
    recover_drop(recover, window, 1);
    return 0;
}

static int give_up(const struct recover *recover)
{
    for (size_t w = 0; w < recover->window_count; w++) {
        const struct event *head = recover_head(&recover->windows[w]);

        if (head)
            return error_new(ERROR_DATA, "commands/%d at %lld: %s %s waits for facts that are nowhere",
                             (int)head->partition, (long long)head->offset, head->type, head->id.text);
    }
    return error_new(ERROR_BUG, "nothing is left, and nothing goes on");
}

/* One thing, of those whose command has facts, or of the others. */
static int force(struct recover *recover, bool facts, bool *ret_done)
{
    static const struct {
        enum recover_state state;
        bool facts;
        recover_remedy *remedy;
    } remedies[] = {{RECOVER_UNHEARD, false, recover_refuse},
                    {RECOVER_REJECTED, false, recover_park},
                    {RECOVER_DIFFERS, true, recover_believe},
                    {RECOVER_REJECTED, true, recover_believe}};

    for (size_t at = 0; at < sizeof(remedies) / sizeof(remedies[0]); at++) {
        struct recover_window *window =
            remedies[at].facts == facts ? longest(recover, remedies[at].state, facts) : NULL;

        *ret_done = window != NULL;
        if (window)
            return remedy_apply(recover, window, remedies[at].remedy);
    }
    return recover_force_parked(recover, facts, ret_done);
}

/* First what changes no state, and may be all that stands in the way. */
int recover_force(struct recover *recover)
{
    bool done = false;
    int outcome = force(recover, false, &done);

    if (outcome == 0 && !done)
        outcome = force(recover, true, &done);
    return outcome == 0 && !done ? give_up(recover) : outcome;
}
