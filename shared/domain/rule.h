/* SPDX-License-Identifier: Apache-2.0
 * A rule is one permitted thing; what has no row is refused. The machine of an aggregate is its rows plus how
 * a fact's values enter its state. */
#ifndef COLIS_DOMAIN_RULE_H
#define COLIS_DOMAIN_RULE_H

#include "shared/domain/domain.h"

/* What a guard or a writer of facts may look at. */
struct rule_situation {
    const union domain_state *state;
    const struct domain_command *command;
    int64_t now_ms; /* never before the aggregate's last fact */
};

/* The refusal of the first thing that does not hold, or REFUSAL_NONE. */
typedef enum refusal (*rule_guard)(const struct rule_situation *situation);
/* Fills the fact's data but for its state; may name the private record in decision. */
typedef void (*rule_write)(const struct rule_situation *situation, struct domain_decision *decision,
                           union domain_data *data);

enum { RULE_GUARDS = 4 };
#define FROM(state)  (1u << (state))
#define FROM_NOTHING 1u /* it does not exist yet */

struct rule {
    const char *number;  /* its row in the specification: P1 */
    const char *command; /* family: parcel.register */
    uint32_t from;       /* states as bits */
    uint32_t who;        /* enum domain_who as bits */
    rule_guard guards[RULE_GUARDS];
    const char *fact; /* parcel.registered.v1 */
    int32_t to;
    rule_write write;
};

struct machine {
    const char *kind; /* parcel */
    const struct schema *state;
    const struct rule *rules; /* ends with an empty row */
    uint32_t terminal;        /* states as bits */
    const struct choice *states;
    /* the person an existing aggregate belongs to */
    const struct id *(*owner)(const union domain_state *state);
    /* the fact's values into the state, head aside */
    void (*apply)(union domain_state *state, const struct domain_fact *fact);
    size_t fact_state_offset; /* of the member state, first in every fact */
};

extern const struct machine parcel_machine, profile_machine;
/* In the order rows are locked: trip parcel booking payment review report profile search. Ends with NULL. */
extern const struct machine *const machines[];
const struct machine *machine_of(const char *kind); /* NULL where unknown */
bool rule_row_used(const struct rule *rule);

#endif
