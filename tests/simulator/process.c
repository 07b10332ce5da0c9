/* SPDX-License-Identifier: Apache-2.0
 * Whose turn it is, and what each waits for. */
#include "tests/simulator/process.h"

#include <stdio.h>
#include <string.h>

#include "shared/run/reader.h"
#include "tests/simulator/broker.h"

static struct process processes[PROCESSES];
static struct process *now;

struct process *process_at(int number)
{
    processes[number].number = number;
    return &processes[number];
}

struct process *process_now(void)
{
    return now;
}

/* An orderly end is 0; any other, of one that was not killed, is the program's own and wrong. */
static void live(void *self)
{
    struct process *process = self;
    int result = projector_live();

    if (!process->killed && result != 0)
        law_broken("runs-on", "projector %d ended by itself: %s", process->number, error_text());
}

void process_start(struct process *process)
{
    struct coroutine *coroutine = process->coroutine;
    int number = process->number;

    *process = (struct process){.number = number, .coroutine = coroutine, .running = true};
    if (!process->coroutine)
        process->coroutine = coroutine_new(live, process);
    coroutine_start(process->coroutine);
    tell("projector %d: starts", number);
}

bool process_ready(const struct process *process)
{
    if (!process->running || (schedule.now_ms < process->paused_until_ms && !schedule.settled))
        return false;
    if (process->wait_over && process->wait_over(process->wait_self))
        return true;
    return schedule.now_ms >= process->wait_until_ms;
}

int64_t process_due_ms(const struct process *process)
{
    bool paused = schedule.now_ms < process->paused_until_ms && !schedule.settled;

    if (!process->running)
        return INT64_MAX;
    return paused && process->paused_until_ms > process->wait_until_ms ? process->paused_until_ms
                                                                       : process->wait_until_ms;
}

/* What the reader keeps for its thread is one a process here. */
void process_turn(struct process *process)
{
    const char *reason;

    if (strcmp(reader_reason(), process->reason) != 0)
        reader_because("%s", process->reason);
    now = process;
    process->running = coroutine_resume(process->coroutine);
    now = NULL;
    reason = reader_reason();
    if (strcmp(reason, process->reason) != 0)
        (void)snprintf(process->reason, sizeof(process->reason), "%s", reason);
    if (!process->running)
        tell("projector %d: is gone", process->number);
}

/* It is given turns until it has ended: nothing that it does reaches anybody. */
void process_kill(struct process *process)
{
    if (!process->running)
        return;
    process->killed = true;
    member_leave(process);
    while (process->running)
        process_turn(process);
}

void process_wait(int64_t ms, bool (*over)(const void *self), const void *self)
{
    struct process *process = now;

    if (!process || process->killed)
        return;
    process->wait_until_ms = ms == INT64_MAX ? ms : schedule.now_ms + ms;
    process->wait_over = over;
    process->wait_self = self;
    coroutine_yield(process->coroutine);
}

bool process_dead(void)
{
    return !now || now->killed;
}

void processes_done(void)
{
    for (int i = 0; i < PROCESSES; i++)
        if (processes[i].coroutine)
            coroutine_free(processes[i].coroutine);
    memset(processes, 0, sizeof(processes));
}
