/* SPDX-License-Identifier: Apache-2.0
 * The aggregates there are, in the order their rows are locked. */
#include <stddef.h>
#include <string.h>

#include "shared/domain/rule.h"

const struct machine *const machines[] = {
    &trip_machine,    &parcel_machine, &booking_machine,
    &payment_machine, &review_machine, &report_machine,
    &profile_machine, &search_machine, NULL,
};

const struct machine *machine_of(const char *kind)
{
    for (size_t i = 0; machines[i]; i++)
        if (strcmp(machines[i]->kind, kind) == 0)
            return machines[i];
    return NULL;
}

#define HEADED(type)                                                                                         \
    _Static_assert(offsetof(struct type, id) == offsetof(struct domain_head, id) &&                          \
                       offsetof(struct type, version) == offsetof(struct domain_head, version) &&            \
                       offsetof(struct type, state) == offsetof(struct domain_head, state) &&                \
                       offsetof(struct type, changed_at) == offsetof(struct domain_head, changed_at),        \
                   #type " begins as every state does")
HEADED(trip_state);
HEADED(parcel_state);
HEADED(booking_state);
HEADED(payment_state);
HEADED(review_state);
HEADED(report_state);
HEADED(profile_state);
HEADED(search_state);
