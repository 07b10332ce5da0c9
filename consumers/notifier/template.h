/* SPDX-License-Identifier: Apache-2.0
 * What a notification says, in the languages we write. Plain text; no value of it is trusted to be harmless
 * in a header: mail.c encodes. */
#ifndef COLIS_NOTIFIER_TEMPLATE_H
#define COLIS_NOTIFIER_TEMPLATE_H

#include "consumers/notifier/notice.h"

enum { TEMPLATE_UNKNOWN = 1, TEMPLATE_DATA = 2 };
/* Fills one line of subject, and the body, whose lines end in \n. TEMPLATE_UNKNOWN: no such purpose;
 * TEMPLATE_DATA: the fact's data cannot be read. */
MUST_CHECK int template_fill(const struct notice *notice, struct buf *subject, struct buf *body);

#endif
