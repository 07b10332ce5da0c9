/* SPDX-License-Identifier: Apache-2.0
 * What the notifier's halves share: which facts tell whom, and a notification on its way to one person. */
#ifndef COLIS_NOTIFIER_NOTICE_H
#define COLIS_NOTIFIER_NOTICE_H

#include "schemas/codec.h"
#include "schemas/event.h"
#include "schemas/messages.h"
#include "shared/base/cleanup.h"

/* Who is told, as they stand to the fact. */
enum audience {
    AUDIENCE_SENDER = 1,
    AUDIENCE_TRAVELLER,
    AUDIENCE_RECIPIENT,        /* of the booking, as the fact says (recipient_n) or as it is now */
    AUDIENCE_RECIPIENT_BEFORE, /* whom a change replaced */
    AUDIENCE_PAYEE,            /* to whom the order of money goes that the fact names */
    AUDIENCE_PERSON,           /* whose profile the fact is about */
    AUDIENCE_PERSON_BEFORE,    /* the same, where they were reached before the fact's profile */
    AUDIENCE_SEEKERS,          /* everybody whose saved search the trip answers (seekers.h) */
};

/* Told only where the fact's member is one of these words ("a b"), or is none of them ("!a b"). */
struct notice_when {
    const char *member, *words;
};

struct notice_row {
    const char *fact; /* its family: "parcel.registered" */
    const char *channel;
    int lane; /* 0: somebody waits for it; 1: it goes behind those */
    enum audience audience;
    const char *purpose; /* names the texts (wording.h); one row has it */
    struct notice_when when[2];
};
/* A fact may stand in several rows. Ends with an empty row. */
extern const struct notice_row notice_rows[];
const struct notice_row *notice_of(const char *purpose); /* NULL where unknown */

/* Who has to do with the aggregate a fact is about, as rows of state tell. */
struct parties {
    bool known;                  /* its row is there; else nothing below is */
    struct id booking;           /* none: "" */
    struct id sender, traveller; /* none: "" */
    int64_t recipient_n;         /* 0: none */
    int64_t recipient_before;    /* the one before the fact's recipient_n; 0: none */
    int32_t payee;               /* enum party: of the fact's order; 0: none */
};

/* Does any row of this fact name somebody whom the fact itself does not? */
bool notice_needs_parties(const char *family, const struct schema *schema);
/* What else parties are asked by: the fact's order of money or its recipient_n; 0: neither. */
int64_t notice_number(const struct schema *schema, const void *fact);

/* The id of what person is told about fact: derived, so that writing it twice is writing it once. */
void notice_id(const struct id *fact, const struct id *person, const char *purpose, struct id *ret_id);
/* Do the row's conditions hold? */
bool notice_holds(const struct notice_row *row, const struct schema *schema, const void *fact);

struct notice_fact {
    const struct schema *schema;
    const void *fact;
    const struct id *subject;      /* the aggregate's id */
    const struct parties *parties; /* NULL where none were needed */
};
enum { NOTICE_NOBODY = 1, NOTICE_UNKNOWN = 2 };
/* The person of the row's audience. NOTICE_NOBODY: there is no such party. NOTICE_UNKNOWN: nobody can say,
 * the aggregate is not there. */
MUST_CHECK int notice_person(const struct notice_row *row, const struct notice_fact *of,
                             struct id *ret_person);

/* One claimed notification, as the sender half has it. Borrows. */
struct notice {
    struct id id, fact, person;
    const char *purpose, *subject;
    struct span data; /* of the fact */
    bool repeat;      /* an earlier send may have arrived */
    const char *name, *address;
    int32_t language;                    /* enum language */
    const char *time_zone;               /* IANA name; NULL: UTC */
    const struct booking_state *booking; /* what it is about, as it is now; NULL: none */
    const struct parcel_state *parcel;   /* the same */
    bool with_mail, without_mail;        /* what the parcel's recipient is; neither: not known */
    /* Made when the mail is made, kept nowhere; NULL: none. */
    const char *code;     /* the recipient's six digits */
    const char *link;     /* the recipient's */
    const char *pay_link; /* the sender's */
    int64_t pay_amount;   /* what is to be paid there, in the booking's currency */
    int64_t now_ms;
};

#endif
