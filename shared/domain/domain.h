/* SPDX-License-Identifier: Apache-2.0
 * The pure core: decide(states, command, now) -> verdict, facts, at most one private record; and
 * fold(state, fact) -> state. Values in, values out: no clock, heap, log or I/O.
 * The rules stand as aligned rows in one file an aggregate (parcel.c, profile.c); decide and fold both read
 * them, so a state cannot be reached in one and not in the other. */
#ifndef COLIS_DOMAIN_DOMAIN_H
#define COLIS_DOMAIN_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "schemas/messages.h"
#include "schemas/tables.h"
#include "shared/domain/refusal.h"

enum { DOMAIN_FACTS = 8 };

/* What every row of states/ begins with; aggregate.c asserts it of each. version 0: it does not exist yet. */
struct domain_head {
    struct id id;
    int64_t version;
    int32_t state;      /* enum PARCEL_STATUS...: 0 for what does not exist */
    int64_t changed_at; /* when its newest fact was decided */
};

union domain_state {
    struct domain_head head;
    struct parcel_state parcel;
    struct profile_state profile;
};

union domain_data {
    struct parcel_registered_v1 parcel_registered;
    struct parcel_cancelled_v1 parcel_cancelled;
    struct profile_updated_v1 profile_updated;
};

/* Roles as bits; the words of ce_role. OWNER is not a role: a person who owns the aggregate. */
enum domain_who {
    WHO_PERSON = 1,
    WHO_OWNER = 2,
    WHO_STAFF = 4, /* staff, and lead */
    WHO_LEAD = 8,
    WHO_SYSTEM = 16,
};

struct domain_command {
    const struct message_row *row; /* newest version */
    struct id id, subject;
    const char *principal; /* borrowed; "" where there is none */
    const char *role;
    int64_t now_ms;   /* when the broker stored it */
    const void *data; /* the decoded struct of row->schema */
};

struct domain_fact {
    const struct message_row *row;
    struct id subject;
    int64_t version; /* the subject's version after it */
    int64_t at_ms;
    union domain_data data;
};

struct domain_decision {
    enum refusal refusal; /* REFUSAL_NONE: accepted */
    int fact_count;       /* a refusal may carry facts too */
    struct domain_fact facts[DOMAIN_FACTS];
    const char *private_name; /* set: the command's x-private members are kept under it */
    int64_t private_n;
};

/* state: the subject's, zeroed but for head.id where it does not exist. now is raised to the aggregate's last
 * fact. Facts are returned with versions, not yet folded. */
void domain_decide(const union domain_state *state, const struct domain_command *command,
                   struct domain_decision *ret_decision);

/* version+1 is applied; FOLD_OLD: a lower one, nothing changed; FOLD_GAP: one is missing; FOLD_UNFIT: no row
 * leads from this state by this fact (stored data contradicts the rules). */
enum { FOLD_OLD = 1, FOLD_GAP = 2, FOLD_UNFIT = 3 };
MUST_CHECK int domain_fold(union domain_state *state, const struct domain_fact *fact);

#endif
