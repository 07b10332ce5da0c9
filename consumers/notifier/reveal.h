/* SPDX-License-Identifier: Apache-2.0
 * What a mail says that stands in no row: the recipient's delivery code and link, computed when the mail is
 * made; and whether what it would say is still good. */
#ifndef COLIS_NOTIFIER_REVEAL_H
#define COLIS_NOTIFIER_REVEAL_H

#include "consumers/notifier/queue.h"
#include "shared/base/settings.h"
#include "shared/domain/code.h"
#include "shared/http/link.h"

enum { REVEAL_WEB_URL = 256, REVEAL_LINK = REVEAL_WEB_URL + LINK_TEXT + 16 };

extern const struct setting reveal_settings[]; /* web_url */

struct reveal_keys {
    struct code_key handover;
    struct link_key link;
};
/* From the settings of reveal, handover and link; ERROR_SETTINGS. */
MUST_CHECK int reveal_keys_read(struct reveal_keys *ret_keys);

struct revealed {
    char code[CODE_DIGITS + 1];
    char link[REVEAL_LINK];
};
enum { REVEAL_SUPERSEDED = 1 };
/* Gives the claim's notice what it may say; it points into ret_revealed. REVEAL_SUPERSEDED: another
 * recipient, a newer code, a page that is over, a trip nobody can book: nobody is to be told. */
MUST_CHECK int reveal(const struct reveal_keys *keys, struct queue_claim *claim,
                      struct revealed *ret_revealed);

#endif
