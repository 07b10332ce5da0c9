/* SPDX-License-Identifier: Apache-2.0
 * One schedule: who is next is drawn among all that can do something; where nobody can, the clock goes on to
 * when somebody will. Things go wrong until the story has been told; from then on all must come to rest. */
#include "tests/simulator/schedule.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/run/reader.h"
#include "tests/simulator/story.h"

enum { STEPS_WILD = 600, STEPS_MOST = 60000, ACTORS = 16 + SESSIONS, TROUBLE_EVERY = 90, FAULTS = 32 };
enum { PAUSE_MS = 12000, AWAY_MS = 4000, JUMPS = 4, STEPS_LATE = 100 };

struct schedule schedule;
struct met met;
extern int64_t libpq_away_until_ms;

uint64_t chance_next(struct chance *chance)
{
    uint64_t z = (chance->state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint32_t chance_below(struct chance *chance, uint32_t count)
{
    return (uint32_t)(((chance_next(chance) >> 32) * count) >> 32);
}

bool chance_one_in(struct chance *chance, uint32_t count)
{
    return count && chance_below(chance, count) == 0;
}

bool schedule_fault(uint32_t count)
{
    bool wrong = !schedule.calm && chance_one_in(&schedule.fault, count / schedule.rough + 1) &&
                 schedule.faults < schedule.fault_limit;

    schedule.faults += wrong;
    return wrong;
}

void *schedule_take(size_t size)
{
    return memset(memory_take(&schedule.memory, size), 0, size);
}

void law_broken(const char *law, const char *format, ...)
{
    va_list arguments;

    if (schedule.law[0])
        return; /* the first tells most */
    (void)snprintf(schedule.law, sizeof(schedule.law), "%s", law);
    va_start(arguments, format);
    (void)vsnprintf(schedule.broken, sizeof(schedule.broken), format, arguments);
    va_end(arguments);
    tell("law \"%s\" broken: %s", law, schedule.broken);
}

void tell(const char *format, ...)
{
    va_list arguments;

    if (!schedule.told)
        return;
    printf("%7lld ms  ", (long long)schedule.now_ms);
    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

static void reader_set(const char *name, int64_t value)
{
    for (const struct setting *setting = reader_settings; setting->name; setting++)
        if (strcmp(setting->name, name) == 0)
            *(int64_t *)setting->target = value;
}

static int instances; /* projectors of this schedule */
static int64_t settled_at;
static int jumps; /* of the clock, to timers that are not due for long */

void schedule_start(uint64_t seed, int command_limit, int fault_limit)
{
    static const uint32_t roughness[] = {1, 1, 1, 1, 1, 1, 2, 6};
    static const int batches[] = {1, 2, 3, 5, 8, 20, 200, 200};
    struct memory memory = schedule.memory;
    struct chance first = {.state = seed};
    bool told = schedule.told, rushed = schedule.rushed;

    memory_restart(&memory);
    schedule = (struct schedule){
        .seed = seed, .command_limit = command_limit, .memory = memory, .told = told, .rushed = rushed};
    schedule.story.state = chance_next(&first);
    schedule.fault.state = chance_next(&first);
    schedule.order.state = chance_next(&first);
    schedule.rough = roughness[chance_below(&schedule.fault, 8)];
    schedule.fault_limit = (int)chance_below(&schedule.fault, FAULTS * schedule.rough);
    if (schedule.fault_limit > fault_limit)
        schedule.fault_limit = fault_limit;
    instances = 1 + (int)chance_below(&schedule.story, PROCESSES);
    jumps = (int)chance_below(&schedule.story, JUMPS);
    reader_set("reader_batch_count", batches[chance_below(&schedule.story, 8)]);
    reader_set("reader_batch_bytes", 4000000);
    reader_set("reader_batch_ms", 20);
    reader_set("reader_reject_rate", chance_one_in(&schedule.story, 20) ? 2 : 1000000);
    libpq_away_until_ms = 0;
    sessions_restart();
    database_restart();
    broker_restart();
    judge_restart();
    story_restart();
    relay_restart();
}

/* What goes wrong beside single connections and statements. */
static void trouble(void)
{
    struct process *process = process_at((int)chance_below(&schedule.fault, (uint32_t)instances));
    uint32_t what = chance_below(&schedule.fault, 16);

    if (what < 4) {
        met.crashes += process->running;
        tell("projector %d: killed", process->number);
        process_kill(process);
    } else if (what < 9) {
        met.pauses++;
        process->paused_until_ms = schedule.now_ms + chance_below(&schedule.fault, PAUSE_MS);
        tell("projector %d: stands still until %lld", process->number, (long long)process->paused_until_ms);
    } else if (what < 14) {
        broker_rebalance();
    } else {
        met.restarts++;
        tell("database: restarts");
        libpq_away_until_ms = schedule.now_ms + chance_below(&schedule.fault, AWAY_MS);
        database_fails();
    }
}

/* Who may go next, as numbers: processes, sessions, the others. */
enum { ACTOR_STORY = 1000, ACTOR_RELAY, ACTOR_OPERATOR, ACTOR_START, ACTOR_GROUP };

static int actors(int ret_actors[ACTORS])
{
    static int first; /* sessions before it are over */
    int count = 0;

    for (int i = 0; i < instances; i++)
        if (process_ready(process_at(i)))
            ret_actors[count++] = i;
    if (session_count() == 0)
        first = 0;
    while (first < session_count() && session_at(first)->over)
        first++;
    for (int i = first; i < session_count(); i++)
        if (session_ready(session_at(i)))
            ret_actors[count++] = PROCESSES + i;
    if (story_ready())
        ret_actors[count++] = ACTOR_STORY;
    if (relay_ready())
        ret_actors[count++] = ACTOR_RELAY;
    if (operator_ready())
        ret_actors[count++] = ACTOR_OPERATOR;
    for (int i = 0; i < instances; i++)
        if (!process_at(i)->running && (schedule.calm || chance_one_in(&schedule.order, 8)))
            ret_actors[count++] = ACTOR_START + i * 100;
    if (broker_due_ms() <= schedule.now_ms)
        ret_actors[count++] = ACTOR_GROUP;
    return count;
}

static void act(int actor)
{
    if (actor < PROCESSES)
        process_turn(process_at(actor));
    else if (actor < ACTOR_STORY)
        session_step(session_at(actor - PROCESSES));
    else if (actor == ACTOR_STORY)
        story_turn();
    else if (actor == ACTOR_RELAY)
        relay_turn();
    else if (actor == ACTOR_OPERATOR)
        operator_turn();
    else if (actor == ACTOR_GROUP)
        broker_turn();
    else
        process_start(process_at((actor - ACTOR_START) / 100));
}

/* Nobody can do anything before this. */
static int64_t next_due(void)
{
    int64_t due = broker_due_ms();

    for (int i = 0; i < instances; i++) {
        int64_t own = process_due_ms(process_at(i));

        due = own < due ? own : due;
        if (!process_at(i)->running)
            due = schedule.now_ms + 1; /* it will be started */
    }
    for (int i = 0; i < session_count(); i++) {
        int64_t own = session_due_ms(session_at(i));

        due = own < due ? own : due;
    }
    return due;
}

static void clock_set(void)
{
    static int64_t held_ms = -1;

    if (held_ms == schedule.now_ms)
        return;
    held_ms = schedule.now_ms;
    clock_hold(SCHEDULE_BASE_MS + held_ms, held_ms);
}

static void step(void)
{
    int ready[ACTORS];
    int count;

    schedule.steps++;
    schedule.now_ms += chance_below(&schedule.order, 3);
    clock_set();
    if (!schedule.settled && schedule_fault(TROUBLE_EVERY))
        trouble();
    count = actors(ready);
    if (count > 0) {
        int actor = ready[chance_below(&schedule.order, (uint32_t)count)];

        schedule.digest = (schedule.digest ^ (uint64_t)(actor + schedule.now_ms)) * UINT64_C(1099511628211);
        act(actor);
        return;
    }
    schedule.now_ms = next_due() > schedule.now_ms ? next_due() : schedule.now_ms + 1;
    clock_set();
}

/* First those that stand still go on, and the group shares out for the last time; what goes wrong with
 * statements and connections ends a little later: nobody may depend on being asked again by the group. */
static void calm_down(void)
{
    if (!schedule.settled) {
        tell("the group is settled from here on");
        schedule.settled = true;
        settled_at = schedule.steps;
        broker_rebalance();
    } else if (schedule.steps > settled_at + STEPS_LATE) {
        tell("calm from here on");
        schedule.calm = true;
    }
}

static bool at_rest(void)
{
    return schedule.calm && story_over() && !relay_ready() && judge_all_taken();
}

static void run_to_rest(void)
{
    while (!at_rest() && !schedule.law[0]) {
        if (!schedule.calm &&
            (schedule.settled || schedule.steps > STEPS_WILD || (story_over() && schedule.steps % 256 == 0)))
            calm_down();
        step();
        if (schedule.steps > STEPS_MOST)
            law_broken("ends", "after %lld steps all is not decided", (long long)schedule.steps);
    }
}

static bool any_running(void)
{
    for (int i = 0; i < instances; i++)
        if (process_at(i)->running)
            return true;
    return false;
}

/* Each finishes what it is at, as on SIGTERM. */
static void stop_all(void)
{
    int64_t from = schedule.steps;

    instances = PROCESSES;
    for (int i = 0; i < PROCESSES; i++)
        process_at(i)->stopping = true;
    while (any_running() && !schedule.law[0] && schedule.steps < from + STEPS_MOST) {
        struct process *process = process_at((int)chance_below(&schedule.order, PROCESSES));

        if (process_ready(process))
            process_turn(process);
        else
            schedule.now_ms++;
        for (int i = 0; i < session_count(); i++)
            if (session_ready(session_at(i)))
                session_step(session_at(i));
        schedule.steps++;
        clock_set();
    }
    if (any_running() && !schedule.law[0])
        law_broken("ends", "a projector does not stop");
}

void schedule_run(void)
{
    tell("seed %llu: %d projectors, %d partitions", (unsigned long long)schedule.seed, instances,
         broker_partitions);
    do
        run_to_rest();
    while (!schedule.law[0] && jumps-- > 0 && relay_jump());
    if (!schedule.law[0])
        stop_all();
    for (int i = 0; i < PROCESSES; i++)
        process_kill(process_at(i));
    if (!schedule.law[0])
        judge_end();
    met.schedules++;
    met.steps += schedule.steps;
}

void schedule_done(void)
{
    processes_done();
    sessions_restart();
    memory_done(&schedule.memory);
}
