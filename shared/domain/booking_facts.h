/* SPDX-License-Identifier: Apache-2.0
 * What more than one machine decides about a booking. Each function looks at the world as it stands within
 * the decision and emits what fits: a parcel fact only while the parcel is this booking's, a trip fact only
 * while the trip is announced. They decide nothing twice and refuse nothing: guards come before. */
#ifndef COLIS_DOMAIN_BOOKING_FACTS_H
#define COLIS_DOMAIN_BOOKING_FACTS_H

#include "shared/domain/rule.h"

/* Is the world's parcel still this booking's? */
bool booking_has_parcel(const struct rule_situation *situation);

/* FREE: trip.space_released while the trip is announced and lists the booking, parcel.unbooked. Rows that
 * call it list "?trip.space_released" and "?parcel.unbooked"; of one that was collected the trip's alone. */
void booking_free(struct rule_situation *situation);

/* booking.disputed, with the time for evidence and the date of the default c2 knows. by: enum party, the
 * opener. Where it is in dispute already: booking.evidence_added, as a second cause is something said (not by
 * staff, the system or payments: nothing). Rows that may come second list "?booking.disputed" and
 * "?booking.evidence_added". */
void booking_dispute(struct rule_situation *situation, int32_t cause, int32_t by);

/* booking.code_issued: the next issue of this purpose (enum code_purpose), no tries yet; any older code is
 * void. Limits are the guards' business. */
void booking_issue_code(struct rule_situation *situation, int32_t purpose, int32_t by);

/* Two guards, in this order. REFUSAL_CODE_BLOCKED where too many tries were wrong, even if this one is right;
 * REFUSAL_CODE_WRONG, found in the same time wherever the code differs. */
enum refusal booking_code_blocked(const struct rule_situation *situation, int32_t purpose);
enum refusal booking_code_wrong(const struct rule_situation *situation, int32_t purpose, const char *code);

/* booking.code_failed: counts the try. For a machine's refused hook, after REFUSAL_CODE_WRONG (B24). */
void booking_code_failed(struct rule_situation *situation, int32_t purpose);

/* parcel.closed, unless it ended already or is not this booking's. outcome: enum parcel_outcome; NONE: what
 * the parcel's state says. */
void booking_close_parcel(struct rule_situation *situation, int32_t outcome);

/* booking.return_proved: the sender has the parcel back; restarts the date of the default (c2). Only where
 * the booking is in dispute, which a return always is. */
void booking_return_proved(struct rule_situation *situation);

/* booking.completed with the whole carriage to the traveller, the money released, the parcel closed, the
 * review opened => profile.count_done of both. */
void booking_complete(struct rule_situation *situation, int32_t by);

/* booking.resolved and everything after it, as staff or c2 decided; a trip that is still announced lets go of
 * what it had on board. fault: enum fault or 0. The split sums to what is held. */
void booking_resolve(struct rule_situation *situation, const struct split *split, int32_t fault);

/* => profile.count_fault of the guilty; fault 0: nobody. */
void booking_count_fault(struct rule_situation *situation, int32_t fault);

/* Was it collected: has the traveller had the parcel? */
bool booking_was_collected(const struct booking_state *booking);

#endif
