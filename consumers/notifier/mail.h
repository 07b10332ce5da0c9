/* SPDX-License-Identifier: Apache-2.0
 * A mail as it goes on the wire: RFC 5322 headers, RFC 2047 words, a quoted-printable UTF-8 body, CRLF lines.
 */
#ifndef COLIS_NOTIFIER_MAIL_H
#define COLIS_NOTIFIER_MAIL_H

#include "consumers/notifier/notice.h"

struct mail {
    const struct notice *notice;
    const char *from, *from_name;
    struct span subject, body; /* body: lines end in \n */
};

enum { MAIL_INJECTION = 1 };
/* MAIL_INJECTION, and nothing is written: a control character where one line is wanted. */
MUST_CHECK int mail_write(const struct mail *mail, struct buf *to);

#endif
