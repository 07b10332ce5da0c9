/* SPDX-License-Identifier: Apache-2.0
 * Why a command is refused: a closed list, in the words the verdict carries. */
#ifndef COLIS_DOMAIN_REFUSAL_H
#define COLIS_DOMAIN_REFUSAL_H

#define REFUSALS(X)                                                                                          \
    X(NOT_FOUND, "not_found")     /* unknown, or not yours */                                                \
    X(NOT_ALLOWED, "not_allowed") /* yours, but not for your role */                                         \
    X(ENDED, "ended")             /* in a terminal state */                                                  \
    X(WRONG_STATE, "wrong_state") /* no row for this state */                                                \
    X(BAD_DATES, "bad_dates")                                                                                \
    X(VALUE_OVER_CAP, "value_over_cap")                                                                      \
    X(CURRENCY_UNSUPPORTED, "currency_unsupported")                                                          \
    X(DISCARDED, "discarded") /* an operator threw the parked command away */

enum refusal {
    REFUSAL_NONE,
#define REFUSAL_ROW(name, text) REFUSAL_##name,
    REFUSALS(REFUSAL_ROW)
#undef REFUSAL_ROW
        REFUSAL_COUNT
};

const char *refusal_text(enum refusal refusal); /* NULL for REFUSAL_NONE */

#endif
