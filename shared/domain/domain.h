/* SPDX-License-Identifier: Apache-2.0
 * The pure core: decide(world, command) -> verdict, facts folded into the world as they are decided, commands
 * that must follow (timers, fan-out), at most one private record. Values in, values out: no clock, heap, log
 * or I/O.
 * The rules stand as aligned rows in one file an aggregate (trip.c, parcel.c, booking.c, payment.c ...);
 * decide and fold both read rows, so a state cannot be reached in one and not in the other. */
#ifndef COLIS_DOMAIN_DOMAIN_H
#define COLIS_DOMAIN_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "schemas/messages.h"
#include "schemas/tables.h"
#include "shared/base/error.h"
#include "shared/domain/code.h"
#include "shared/domain/refusal.h"

enum { DOMAIN_FACTS = 32, DOMAIN_FOLLOWS = 96, DOMAIN_NAMES = 8 };
enum { DOMAIN_DATA_MAX = 1024, DOMAIN_FOLLOW_MAX = 4096 };

/* What every row of states/ begins with; machine.c asserts it of each. version 0: it does not exist yet. */
struct domain_head {
    struct id id;
    int64_t version;
    int32_t state;      /* enum PARCEL_STATUS...: 0 for what does not exist */
    int64_t changed_at; /* when its newest fact was decided */
};

/* The aggregates one command may touch, in the order their rows are locked. Profiles are one kind: the
 * sender's and the traveller's are read, PROFILE is what a profile command is about. */
enum domain_slot {
    SLOT_TRIP,
    SLOT_PARCEL,
    SLOT_BOOKING,
    SLOT_PAYMENT,
    SLOT_REVIEW,
    SLOT_REPORT,
    SLOT_PROFILE,
    SLOT_SENDER,
    SLOT_TRAVELLER,
    SLOT_SEARCH,
    SLOT_COUNT
};

/* States are the caller's and are changed in place by decide. NULL: the command does not touch it. One that
 * does not exist yet is zeroed but for its id. sender and traveller may be one and the same. */
struct domain_world {
    union {
        struct domain_head *at[SLOT_COUNT];
        struct {
            struct trip_state *trip;
            struct parcel_state *parcel;
            struct booking_state *booking;
            struct payment_state *payment;
            struct review_state *review;
            struct report_state *report;
            struct profile_state *profile, *sender, *traveller;
            struct search_state *search;
        };
    };
    const struct code_key *codes; /* the handover key */
};

/* Roles as bits; the words of ce_role, and who the caller is to what the command is about. */
enum domain_who {
    WHO_PERSON = 1, /* anybody signed in, staff too */
    WHO_SENDER = 2,
    WHO_TRAVELLER = 4,
    WHO_RECIPIENT = 8, /* holds the link of this booking's present recipient */
    WHO_STAFF = 16,    /* staff, and lead */
    WHO_LEAD = 32,
    WHO_SYSTEM = 64,
    WHO_PAYMENTS = 128,
    WHO_WEBHOOK = 256,
    WHO_OWNER = 512, /* of a profile or a search */
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
    struct id key;   /* of its record: payments and reviews travel under their booking */
    int64_t version; /* the subject's version after it */
    int64_t at_ms;
    union {
        int64_t align;
        unsigned char bytes[DOMAIN_DATA_MAX]; /* struct of row->schema */
    } data;
};
/* The data of a fact of a known type: FACT(fact, parcel_lost_v1)->by */
#define FACT(fact, type) ((const struct type *)(const void *)(fact)->data.bytes)

/* A command the decision sends after itself, by the outbox: a timer, or one of a fan-out. */
struct domain_follow {
    const struct message_row *row;
    struct id subject;
    struct id key;     /* of its record */
    const char *timer; /* its name; NULL: fan-out, due at once */
    int64_t due_ms;
    int64_t epoch; /* the arming number: the version of the fact that armed it, or as the timer's row says */
    int64_t firing;
    int fact; /* which of the decision's facts caused it */
    union {
        int64_t align;
        unsigned char bytes[DOMAIN_FOLLOW_MAX]; /* struct of row->schema */
    } data;
};

struct domain_decision {
    enum refusal refusal; /* REFUSAL_NONE: accepted */
    const char *rule;     /* the row that decided: "B14"; NULL where none was found */
    int fact_count;       /* a refusal may carry facts too */
    struct domain_fact facts[DOMAIN_FACTS];
    int follow_count;
    struct domain_follow follows[DOMAIN_FOLLOWS];
    const char *private_name; /* set: the command's x-private members are kept under it, beside the subject */
    int64_t private_n;
};

/* What a command touches, as far as the states known so far tell (world: NULL slots are not known yet; no
 * state is read that is not there). The subject comes first. *ret_open: knowing these may name more. */
struct domain_name {
    enum domain_slot slot;
    const struct machine *machine;
    struct id id;
};
MUST_CHECK int domain_names(const struct domain_command *command, const struct domain_world *world,
                            struct domain_name ret_names[DOMAIN_NAMES], bool *ret_open);

/* Puts into states that do not exist yet, and into an unbooked parcel, what accepting the command would make
 * them refer to: for naming what later commands touch, and for nothing else. */
void domain_foresee(const struct domain_command *command, struct domain_world *world);

/* Decides and folds. Every slot domain_names says must be there. Time never runs backwards: now is raised to
 * the last fact of what the command touches, and to the due time of a timer.
 * Negative: stored data contradicts the rules; the states are then of no use. */
MUST_CHECK int domain_decide(struct domain_world *world, const struct domain_command *command,
                             struct domain_decision *ret_decision);

/* state: as large as the state of the fact's aggregate. version+1 is applied; FOLD_OLD: a lower one, nothing
 * changed; FOLD_GAP: one is missing; FOLD_UNFIT: no row leads from this state by this fact (stored data
 * contradicts the rules). */
enum { FOLD_OLD = 1, FOLD_GAP = 2, FOLD_UNFIT = 3 };
MUST_CHECK int domain_fold(struct domain_head *state, const struct domain_fact *fact);

/* The lines of the journal that a fact is; none for most. They sum to zero in each currency. */
const struct entry *domain_entries(const struct domain_fact *fact, int *ret_count);

/* Derived ids: the payment and the review of a booking; the payment that holds a charge nobody knows. */
void domain_payment_of(const struct id *booking, struct id *ret_id);
void domain_review_of(const struct id *booking, struct id *ret_id);
void domain_unmatched_of(const char *charge, struct id *ret_id);

#endif
