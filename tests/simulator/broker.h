/* SPDX-License-Identifier: Apache-2.0
 * The virtual broker: the partitions of colis.commands, and the group that shares them out. What the group
 * says may be wrong while things go wrong: two members may be given one partition, and none another. */
#ifndef COLIS_TESTS_SIMULATOR_BROKER_H
#define COLIS_TESTS_SIMULATOR_BROKER_H

#include "schemas/event.h"
#include "tests/simulator/process.h"

enum { PARTITIONS = 3, RECORDS = 400 };

enum fate { FATE_NONE, FATE_VERDICT, FATE_SEEN, FATE_DEAD, FATE_PARKED };
struct command;
struct record {
    struct event event;
    struct command *command; /* NULL: a commit marker, which takes an offset and is nothing */
    enum fate fate;
};

extern int broker_partitions; /* of this schedule */
void broker_restart(void);
/* Stores it: where its key belongs, now. */
struct record *broker_append(struct command *command, const struct event *event);
void broker_mark(int partition); /* a commit marker */
int64_t broker_end(int partition);
struct record *broker_entry(int partition, int64_t offset); /* NULL past the end */

void member_leave(struct process *process); /* the group does not have it any more, or will see so later */
void broker_rebalance(void); /* shares out anew; rightly where all is calm, as chance will have it else */
int64_t broker_due_ms(void); /* when the group sees that a member is gone */
void broker_turn(void);

#endif
