/* SPDX-License-Identifier: Apache-2.0
 * A session of a server that many tests share, which may stand still for seconds: tried again as its callers
 * do. */
#ifndef COLIS_TESTS_SESSION_H
#define COLIS_TESTS_SESSION_H

#include <check.h>
#include <poll.h>

#include "shared/base/clock.h"
#include "shared/links/postgres.h"

enum { SESSION_PATIENCE_MS = 60000 };

/* The outcome of the last try: POSTGRES_RETRY when none got through in a minute. */
static inline int session_tried(struct postgres *link)
{
    int64_t until_ms = clock_steady_ms() + SESSION_PATIENCE_MS;
    int outcome = postgres_ready(link);

    while (outcome == POSTGRES_RETRY && clock_steady_ms() < until_ms)
        outcome = postgres_ready(link);
    return outcome;
}

static inline void session_ready(struct postgres *link)
{
    ck_assert_msg(session_tried(link) == POSTGRES_DONE, "%s", postgres_why(link));
}

/* A server's link: waits for the descriptor as a loop would, at most 100 ms, and steps. */
static inline void session_step(struct postgres *link)
{
    struct pollfd on = {.fd = postgres_descriptor(link), .events = POLLIN};
    ck_assert_int_ge(poll(&on, 1, 100), 0);
    ck_assert_int_eq(postgres_step(link), 0);
}

static inline void session_until_connected(struct postgres *link)
{
    for (int turn = 0; turn < 300 && !postgres_connected(link); turn++)
        session_step(link);
    ck_assert_msg(postgres_connected(link), "%s", postgres_why(link));
}

#endif
