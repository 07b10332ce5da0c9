/* SPDX-License-Identifier: Apache-2.0
 * What the notifier's halves share: which facts tell whom, and a notification on its way to one person. */
#ifndef COLIS_NOTIFIER_NOTICE_H
#define COLIS_NOTIFIER_NOTICE_H

#include "schemas/codec.h"
#include "shared/base/cleanup.h"

/* Who is told. Each reads the member of the fact that names them. */
enum audience { AUDIENCE_SENDER = 1 };

struct notice_row {
    const char *fact; /* family of the fact, which is also the purpose: "parcel.registered" */
    enum audience audience;
    const char *channel; /* "mail" */
};
/* A fact may stand in several rows. Ends with an empty row. */
extern const struct notice_row notice_rows[];

/* The id of what person is told about fact: derived, so that writing it twice is writing it once. */
void notice_id(const struct id *fact, const struct id *person, const char *purpose, struct id *ret_id);
/* The person of the row's audience; false where the fact names none. */
bool notice_person(const struct notice_row *row, const struct schema *schema, const void *fact,
                   struct id *ret_person);

/* One claimed notification, as the sender half has it. Borrows. */
struct notice {
    struct id id, fact;
    const char *purpose, *subject;
    struct span data; /* of the fact */
    bool repeat;      /* an earlier send may have arrived */
    const char *name, *address;
    int32_t language; /* enum language */
    int64_t now_ms;
};

#endif
