/* SPDX-License-Identifier: Apache-2.0
 * A rule is one permitted thing; what has no row is refused. The machine of an aggregate is its rules, plus
 * for each of its facts how the values enter its state. */
#ifndef COLIS_DOMAIN_RULE_H
#define COLIS_DOMAIN_RULE_H

#include "shared/domain/domain.h"

/* What a guard or an act may look at. */
struct rule_situation {
    struct domain_world *world;
    const struct domain_command *command;
    int64_t now_ms;
    uint32_t who;          /* enum domain_who as bits */
    int64_t epoch, due_ms; /* of a system command that carries them; else 0 */
    struct domain_decision *decision;
    int broken; /* the first fold that failed */
};

/* The refusal of the first thing that does not hold, or REFUSAL_NONE. Its name is read by people:
 * docs/domain.md prints it with spaces. */
struct rule_guard {
    const char *name;
    enum refusal (*refuses)(const struct rule_situation *situation);
};
#define GUARD(function)                                                                                      \
    {                                                                                                        \
#function, function                                                                                  \
    }
/* Chooses among rows of one command, state and caller: the first row that applies is taken. */
struct rule_when {
    const char *name;
    bool (*applies)(const struct rule_situation *situation);
};
#define WHEN(function)                                                                                       \
    {                                                                                                        \
#function, function                                                                                  \
    }
#define ALWAYS                                                                                               \
    {                                                                                                        \
        NULL, NULL                                                                                           \
    }

enum { RULE_GUARDS = 20, RULE_FACTS = 10 };
#define FROM(state)  (1u << (state))
#define FROM_NOTHING 1u /* it does not exist yet */
#define SAME         0  /* the state stays what it is */

struct rule {
    const char *number;  /* its row in the specification: P1 */
    const char *command; /* family: parcel.register */
    uint32_t from;       /* states as bits */
    uint32_t who;        /* enum domain_who as bits */
    struct rule_when when;
    struct rule_guard guards[RULE_GUARDS];
    /* "parcel.registered"; "?trip.space_released": not always; "=> booking.start": commands that follow */
    const char *facts[RULE_FACTS];
    int32_t to; /* of the subject; SAME */
    void (*act)(struct rule_situation *situation);
};

/* How a fact enters the state of its aggregate. */
struct fold {
    const struct schema *fact;
    uint32_t from; /* states as bits, FROM_NOTHING */
    uint32_t to;   /* states as bits it may lead to; bit 0: it may stay */
    void (*apply)(void *state, const struct domain_fact *fact); /* values only, head aside; may be NULL */
};
#define TO(state) (1u << (state))
#define TO_SAME   1u
#define ANY_STATE 0xfffffffeu /* every state there is, of what exists */

struct machine {
    const char *kind; /* parcel */
    enum domain_slot slot;
    const struct schema *state;
    const struct rule *rules; /* ends with an empty row */
    const struct fold *folds; /* likewise */
    uint32_t terminal;        /* states as bits */
    const struct choice *states;
    /* what the caller, a person, is to it: WHO_SENDER ...; of what does not exist nothing */
    uint32_t (*who)(const struct domain_world *world, const char *principal);
    /* the key its facts travel under; NULL: its own id */
    const struct id *(*key)(const struct domain_world *world);
    /* after a guard refused: may emit facts (a wrong code is counted); NULL: nothing to do */
    void (*refused)(struct rule_situation *situation, enum refusal refusal);
};

extern const struct machine trip_machine, parcel_machine, booking_machine, payment_machine, review_machine,
    report_machine, profile_machine, search_machine;
/* In the order rows are locked: trip parcel booking payment review report profile search. Ends with NULL. */
extern const struct machine *const machines[];
const struct machine *machine_of(const char *kind); /* NULL where unknown */
bool rule_row_used(const struct rule *rule);

/* Decides a fact and folds it at once into the world, so that what is decided next sees it. The fact's state
 * is its first member: SAME keeps what is. Arms the timers the fact starts. */
void rule_emit(struct rule_situation *situation, const struct schema *fact, const void *data);
#define EMIT(situation, type, ...) rule_emit(situation, &type##_schema, &(const struct type){__VA_ARGS__})

/* A command to follow at once, caused by the newest fact. data: a struct of that schema. */
void rule_follow(struct rule_situation *situation, const struct schema *command, const struct id *subject,
                 const void *data);
/* A timer, caused by the newest fact; the command's epoch and due members are filled. due 0: none. */
struct rule_timing {
    const char *name;
    int64_t due_ms, epoch, firing;
};
void rule_timer(struct rule_situation *situation, const struct schema *command,
                const struct rule_timing *timing, const void *data);

/* timer.c: arms what the table of timers says of this fact. */
void timers_arm(struct rule_situation *situation, const struct domain_fact *fact);

/* Words of guards that more than one machine uses. */
bool rule_is(const struct rule_situation *situation, uint32_t who);
bool photo_shown(const struct parcel_state *parcel, int32_t stage,
                 uint32_t by_parties);                         /* by: bits of enum party */
enum party rule_party(const struct rule_situation *situation); /* the caller as a party */
struct id rule_caller(const struct rule_situation *situation); /* none where the principal is nobody's id */

#endif
