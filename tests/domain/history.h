/* SPDX-License-Identifier: Apache-2.0
 * Random histories: a town of a few people, trips and parcels, and a thousand commands by anybody. A step is
 * a function of the history's seed, its own number and the town as it stands, so that a history is told again
 * from its seed, and with any of its steps left out: that is how a failure is shrunk. */
#ifndef COLIS_TESTS_DOMAIN_HISTORY_H
#define COLIS_TESTS_DOMAIN_HISTORY_H

#include "shared/domain/ledger.h"
#include "shared/domain/rule.h"

#define MINUTES INT64_C(60000)
#define HOURS   (60 * MINUTES)
#define DAYS    (24 * HOURS)

enum {
    PEOPLE = 8,
    TRIPS = 10,
    PARCELS = 32,
    BOOKINGS = 80,
    STRAYS = 4, /* charges of nobody, and their payments */
    PAYMENTS = BOOKINGS + STRAYS,
    SEARCHES = 3,
    REPORTS = 4,
    PENDING = 2048,
    STEPS = 1000,
    BROKEN_TEXT = 1024,
};

/* Every aggregate there may be; those of version 0 do not exist. */
struct town {
    struct profile_state people[PEOPLE];
    struct trip_state trips[TRIPS];
    struct parcel_state parcels[PARCELS];
    struct booking_state bookings[BOOKINGS];
    struct payment_state payments[PAYMENTS];
    struct review_state reviews[BOOKINGS];
    struct search_state searches[SEARCHES];
    struct report_state reports[REPORTS];
};

/* history_town.c: ids, and who is where. */
void town_found(void); /* once: works out all ids */
void town_set(struct town *town, uint64_t seed);
/* The n-th of a kind; NULL past the last. SLOT_PROFILE for people. */
struct domain_head *town_at(struct town *town, enum domain_slot slot, int n);
bool town_find(const struct id *id, enum domain_slot *ret_slot, int *ret_n);
struct domain_head *town_of(struct town *town, const struct id *id); /* NULL where nobody bears it */
const char *town_stray(int n);                                       /* the name of its charge */
extern const struct code_key town_codes;

/* A command that follows and is not sent yet. */
struct pending {
    const struct message_row *row;
    struct id subject;
    bool timer;
    int64_t due_ms, epoch;
    uint64_t seq;
    int data; /* of history->data */
};

enum { FOLLOW_BYTES = 4200, ASKED_BYTES = 16384 };

/* One that was asked, with all it needs to be asked again where fewer things went before. */
struct asked {
    struct domain_command command; /* its principal and data: below */
    char principal[40];
    bool waited;   /* it was among what is pending, ... */
    bool timer;    /* ... as a timer, ... */
    int64_t epoch; /* ... of this arming ... */
    bool again;    /* ... and it stays there, to be sent twice */
    union {
        int64_t align;
        unsigned char bytes[ASKED_BYTES];
    } data;
};

struct history {
    uint64_t seed;
    int64_t now;
    struct town live, folded;  /* by decisions, and by their facts alone */
    struct domain_world world; /* of the newest command */
    struct domain_decision decision;
    uint32_t from, terminal; /* the subject's state as a bit, before; the same where it is terminal, else 0 */
    uint32_t who;            /* the caller as bits of enum domain_who, as the rows see them */
    struct balance sums[PAYMENTS][LEDGER_CURRENCIES]; /* of the entries of all journals */
    struct pending pending[PENDING];
    _Alignas(8) unsigned char data[PENDING][FOLLOW_BYTES];
    int spare[PENDING], pending_count;
    uint64_t seq;
    int charges; /* names given so far */
    struct asked asked;
    int step;
    char broken[BROKEN_TEXT]; /* the law and how; "" while all hold */
};

/* What was met over all histories, for the laws about rows and reasons. */
enum { COVERED_ROWS = 64 };
struct covered {
    int64_t commands, accepted, facts;
    int64_t reasons[REFUSAL_COUNT];
    int64_t rows[8][COVERED_ROWS]; /* machine, row: accepted */
};
extern struct covered covered;

/* history_draw.c: the command of this step, by chance. */
void history_draw(struct history *history);

/* Of one step. */
struct chance {
    uint64_t state;
};
uint64_t chance_next(struct chance *chance);
int64_t between(struct chance *chance, int64_t least, int64_t most);
bool percent(struct chance *chance, int share);

/* history_fill.c: what such a command says. */
struct telling {
    struct history *history;
    struct chance *chance;
    void *data;
    const struct domain_command *command;
    /* of the subject, as far as there are such; never NULL, but of version 0 */
    struct trip_state *trip;
    struct parcel_state *parcel;
    struct booking_state *booking;
    struct payment_state *payment;
};
void history_fill(struct telling *told);
struct filling {
    const char *family;
    void (*fill)(struct telling *told);
};
extern const struct filling money_fillings[]; /* history_money.c; ends with an empty row */

/* history_laws.c: what holds after each command, and for all of the town. They write history->broken. */
void laws_of_decision(struct history *history);
void laws_of_touched(struct history *history);
void laws_of_town(struct history *history);
void broken(struct history *history, const char *format, ...) FORMAT_LIKE(2, 3);
void laws_fold(struct history *history); /* the facts into folded and sums */

#endif
