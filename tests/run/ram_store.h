/* SPDX-License-Identifier: Apache-2.0
 * A store in memory with the verbs of a reader: what is durable, what is only pending, and a plan of what
 * goes wrong. Its law: an event is stored in the same step as the position behind it. */
#ifndef COLIS_TESTS_RUN_RAM_STORE_H
#define COLIS_TESTS_RUN_RAM_STORE_H

#include "shared/run/reader.h"

enum { RAM_PARTITIONS = 4, RAM_EVENTS = 4096 };

enum ram_step { RAM_POSITIONS, RAM_BEGIN, RAM_HANDLE, RAM_COMMIT, RAM_REJECT, RAM_IDLE, RAM_STEPS };

struct ram_entry {
    int32_t partition;
    int64_t offset;
};

struct ram_store {
    /* durable */
    int64_t positions[RAM_PARTITIONS]; /* -1: none */
    struct ram_entry stored[RAM_EVENTS], rejected[RAM_EVENTS];
    size_t stored_count, rejected_count;
    /* of the transaction in hand */
    struct ram_entry pending[RAM_EVENTS];
    size_t pending_count;
    bool open;
    /* the plan */
    int calls[RAM_STEPS];      /* how often each was called */
    int fail_at[RAM_STEPS];    /* this call of it gives ... (from 1; 0: none) */
    int fail_times[RAM_STEPS]; /* and as many after it; 0: once */
    enum reader_outcome fail_as[RAM_STEPS];
    int64_t bad_offset; /* of any partition: handle says bad_as; -1: none */
    enum reader_outcome bad_as;
    bool fails_late;        /* it is the commit that fails where the bad one is in, by bad_as */
    bool commit_reply_lost; /* the commit planned to fail is stored all the same */
    bool rejects_elsewhere; /* reject does not store the position */
    int crash_at;           /* step counted over all verbs: before it nothing, after it fatal */
    bool crash_after;       /* its effect is there, the answer is not */
    int steps;
    int revoked;
    const char *cluster, *seen_cluster; /* NULL: takes any */
    /* ends the program: once that many are stored or rejected */
    size_t stop_after;
    size_t slow_beyond; /* a commit of more events comes too late; 0: none does */
};

void ram_store_start(struct ram_store *store);
void ram_store_restart(struct ram_store *store); /* after a crash: what is durable stays, the plan is empty */
extern const struct reader_verbs ram_store_verbs;
extern const struct reader_verbs ram_store_verbs_plain; /* without those that may be NULL */

#endif
