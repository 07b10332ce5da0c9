/* SPDX-License-Identifier: Apache-2.0
 * What a notification says: its row of wording.h with the values filled in. {path} is a member of the fact,
 * by dots into its objects; booking.path and parcel.path one of these rows as they are now; and {name} the
 * person, {id} the aggregate's id, {total} carriage and fee, {code}, {link}, {pay_link}, {pay_amount}.
 * {with_mail} is nothing, and absent unless the recipient has a mail address; {without_mail} unless they have
 * none. Plain text; no value of it is trusted to be harmless in a header: mail.c encodes. */
#ifndef COLIS_NOTIFIER_TEMPLATE_H
#define COLIS_NOTIFIER_TEMPLATE_H

#include "consumers/notifier/notice.h"
#include "consumers/notifier/wording.h"

enum { TEMPLATE_UNKNOWN = 1, TEMPLATE_DATA = 2 };
/* Fills one line of subject, and the body, whose lines end in \n. TEMPLATE_UNKNOWN: no such purpose;
 * TEMPLATE_DATA: the fact's data cannot be read. */
MUST_CHECK int template_fill(const struct notice *notice, struct buf *subject, struct buf *body);

const struct wording *wording_of(const char *purpose); /* NULL where unknown */

#endif
