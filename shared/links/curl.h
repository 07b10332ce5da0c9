/* SPDX-License-Identifier: Apache-2.0
 * Mail by SMTP through libcurl: one blocking handle that keeps its connection, used by one thread.
 * What it answers tells whose trouble it is, the message's or the server's, and whether the message may have
 * been taken all the same. Every call is bounded by smtp_timeout_ms. */
#ifndef COLIS_LINKS_CURL_H
#define COLIS_LINKS_CURL_H

#include "shared/base/cleanup.h"
#include "shared/base/settings.h"

/* smtp_url (smtp:// or smtps://; smtp:// beyond loopback demands STARTTLS) smtp_user smtp_password
 * smtp_ca_file smtp_timeout_ms */
extern const struct setting smtp_settings[];

enum smtp_outcome {
    SMTP_SENT = 0,
    SMTP_LATER = 1,   /* it does not take this message now (4xx, or silence from RCPT on): again later */
    SMTP_REFUSED = 2, /* it will never take it (5xx), or an address cannot stand on the wire */
    SMTP_AWAY = 3,    /* no server, or it refuses us altogether: nothing was handed over */
    SMTP_UNKNOWN = 4, /* handed over, and no answer came: it may have been taken */
};

struct smtp;
/* ERROR_SETTINGS where they cannot work, and where a mail may take most_ms or longer. */
MUST_CHECK int smtp_new(int64_t most_ms, struct smtp **ret_smtp);
void smtp_free(struct smtp *smtp);
DEFINE_CLEANUP(struct smtp, smtp_free)

/* May it stand on the wire, between < and >? */
bool smtp_address(const char *text);
/* from, to: bare addresses. message: headers and body as they go on the wire, lines end in CRLF. */
MUST_CHECK int smtp_send(struct smtp *smtp, const char *from, const char *to, struct span message);
/* Of the newest send that was not SENT: "RCPT answered 550". Holds no address. Never NULL. */
const char *smtp_why(const struct smtp *smtp);

#endif
