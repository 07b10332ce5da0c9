/* SPDX-License-Identifier: Apache-2.0
 * A session of a server that many tests share, which may stand still for seconds: tried again as its callers
 * do. */
#ifndef COLIS_TESTS_SESSION_H
#define COLIS_TESTS_SESSION_H

#include <check.h>

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

#endif
