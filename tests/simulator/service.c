/* SPDX-License-Identifier: Apache-2.0
 * What the program has around it: the service, its settings, chance, and whether the database has lost time
 * (shared/run/past.h, which asks the fact topics: none are simulated, and no backup is restored). Linked in
 * the place of the real ones. */
#include "shared/run/service.h"

#include <string.h>

#include "shared/base/cleanup.h"
#include "shared/base/crypto.h"
#include "shared/links/postgres.h"
#include "shared/run/handover.h"
#include "tests/simulator/story.h"

struct service_values service_values;

int handover_key_read(struct code_key *ret_key)
{
    *ret_key = story_codes;
    return 0;
}

bool service_stopping(void)
{
    return process_dead() || process_now()->stopping;
}

int service_stop_descriptor(void)
{
    return -1;
}

void service_beat(void)
{
}

/* A reader whose breaker is open stays without ever asking a link again: it ends here, as an operator would
 * have it. */
void service_ready(bool ready, const char *why)
{
    if (!ready && strncmp(why, "too many", 8) == 0)
        process_now()->stopping = true;
}

const char *service_waits(void)
{
    return NULL;
}

/* The heap is everybody's here, and a second passes in no time. */
void memory_return(void)
{
}

/* Of backing off, and of what continues a trace. */
void __wrap_crypto_random(void *ret_bytes, size_t size);
void __wrap_crypto_random(void *ret_bytes, size_t size)
{
    unsigned char *bytes = ret_bytes;

    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)chance_next(&schedule.order);
}

struct past;
extern const struct postgres_statement past_statements[];
int past_check(struct past *past);
const char *past_why(int outcome);

const struct postgres_statement past_statements[] = {{NULL, NULL}};

/* Now and then it is not known yet. */
int past_check(struct past *past)
{
    (void)past;
    return schedule_fault(2000);
}

const char *past_why(int outcome)
{
    (void)outcome;
    return "by chance";
}

void service_hold(const char *why)
{
    (void)why;
}
