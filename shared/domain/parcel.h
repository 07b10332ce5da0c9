/* SPDX-License-Identifier: Apache-2.0
 * The parts of the parcel's machine. parcel.c holds its rules as one table; their guards and acts stand by
 * theme: what the sender says of it (parcel_terms.c), what befalls it (parcel_trouble.c), and how its facts
 * enter the state (parcel_fold.c). */
#ifndef COLIS_DOMAIN_PARCEL_H
#define COLIS_DOMAIN_PARCEL_H

#include "shared/domain/rule.h"

/* In the traveller's hands. */
#define PARCEL_MOVING                                                                                        \
    (FROM(PARCEL_STATUS_COLLECTED) | FROM(PARCEL_STATUS_IN_TRANSIT) | FROM(PARCEL_STATUS_CUSTOMS) |          \
     FROM(PARCEL_STATUS_DELAYED) | FROM(PARCEL_STATUS_ARRIVED) | FROM(PARCEL_STATUS_DAMAGED))
#define PARCEL_PHOTOGRAPHED                                                                                  \
    (FROM(PARCEL_STATUS_REGISTERED) | FROM(PARCEL_STATUS_BOOKED) | PARCEL_MOVING |                           \
     FROM(PARCEL_STATUS_DELIVERED) | FROM(PARCEL_STATUS_LOST) | FROM(PARCEL_STATUS_SEIZED) |                 \
     FROM(PARCEL_STATUS_RETURNING))

extern const struct fold parcel_folds[];

typedef enum refusal parcel_guard(const struct rule_situation *situation);
typedef void parcel_act(struct rule_situation *situation);

/* P1, P2: guards look at the parcel as it would be after the command. */
parcel_guard parcel_sender_not_blocked, parcel_declaration_signed, parcel_goods_allowed,
    parcel_value_within_cap, parcel_weight_in_range, parcel_dates_in_order, parcel_currency_known,
    parcel_not_flagged;
parcel_act parcel_register, parcel_correct;
/* P3. Private values: record "register" n 1 at registration, then record "correct" n version for each
 * correction, holding only what was given. recipient_n is the n of the newest record that holds a recipient.
 */
parcel_guard parcel_only_recipient_given, parcel_recipient_changes_left;
parcel_act parcel_change_recipient;

/* A damaged parcel may have been delivered already; then its way is over. Refused: wrong_state. */
parcel_guard parcel_not_handed_over;
/* P6, P7 */
parcel_guard parcel_72_hours_overdue_if_sender_says, parcel_booking_not_resolved;
parcel_act parcel_lose, parcel_find;
/* P8, P9 */
parcel_guard parcel_damage_photographed_by_carrier, parcel_delivered_within_24_hours,
    parcel_damage_photographed_by_receiver, parcel_booking_delivered;
parcel_act parcel_damage, parcel_damage_after_delivery;
/* P10, P11 */
parcel_guard parcel_customs_paper_photographed;
parcel_act parcel_seize, parcel_lift_seizure;
/* P12, P13 */
parcel_guard parcel_trip_announced_if_sender_asks, parcel_return_reason_given, parcel_return_tries_left,
    parcel_return_code_right;
parcel_act parcel_start_return, parcel_hand_back;
/* B24 */
void parcel_count_wrong_code(struct rule_situation *situation, enum refusal refusal);

/* The booking whose parcel this is; NULL where there is none. */
const struct booking_state *parcel_booking_of(const struct rule_situation *situation);
/* Keeps the command's private values under name, n the parcel's version after the decision. */
void parcel_keep(struct rule_situation *situation, const char *name);

#endif
