/* SPDX-License-Identifier: Apache-2.0
 * Mail: a notification's template becomes a message, which goes to the mail server by links/curl. */
#include <string.h>

#include "consumers/notifier/mail.h"
#include "consumers/notifier/provider.h"
#include "consumers/notifier/template.h"
#include "shared/links/curl.h"

static char mail_from[255], mail_name[61];

/* clang-format off */
const struct setting provider_smtp_settings[] = {
    {"mail_from", SETTING_TEXT, NULL, 3, sizeof mail_from - 1,
     .help = "address mails come from", .target = mail_from, .size = sizeof mail_from},
    {"mail_name", SETTING_TEXT, "Colis", 0, sizeof mail_name - 1,
     .help = "name mails come from", .target = mail_name, .size = sizeof mail_name},
    {0},
};
/* clang-format on */

struct provider_smtp {
    struct smtp *smtp;
    struct buf subject, body, message;
};

int provider_smtp_start(int64_t most_ms, void **ret_self)
{
    struct smtp *smtp;
    if (!smtp_address(mail_from))
        return error_new(ERROR_SETTINGS, "mail_from: is not an address");
    TRY(smtp_new(most_ms, &smtp));
    struct provider_smtp *provider = memory_new(1, sizeof *provider);
    provider->smtp = smtp;
    *ret_self = provider;
    return 0;
}

void provider_smtp_stop(void *self)
{
    struct provider_smtp *provider = self;
    if (!provider)
        return;
    smtp_free(provider->smtp);
    buf_done(&provider->subject);
    buf_done(&provider->body);
    buf_done(&provider->message);
    free(provider);
}

/* What cannot be written today cannot tomorrow: refused, each with a word of its own. */
static const char *message_write(struct provider_smtp *provider, const struct notice *notice)
{
    if (!smtp_address(notice->address))
        return "bad_address";
    buf_clear(&provider->subject);
    buf_clear(&provider->body);
    buf_clear(&provider->message);
    int filled = template_fill(notice, &provider->subject, &provider->body);
    if (filled != 0)
        return filled == TEMPLATE_UNKNOWN ? "no_template" : "bad_data";
    const struct mail mail = {notice, mail_from, mail_name, buf_as_span(&provider->subject),
                              buf_as_span(&provider->body)};
    return mail_write(&mail, &provider->message) == 0 ? NULL : "bad_address";
}

int provider_smtp_send(void *self, const struct notice *notice, const char **ret_why)
{
    static const enum provider_outcome outcomes[] = {
        [SMTP_SENT] = PROVIDER_SENT, [SMTP_LATER] = PROVIDER_LATER,     [SMTP_REFUSED] = PROVIDER_REFUSED,
        [SMTP_AWAY] = PROVIDER_AWAY, [SMTP_UNKNOWN] = PROVIDER_UNKNOWN,
    };
    struct provider_smtp *provider = self;
    *ret_why = message_write(provider, notice);
    if (*ret_why)
        return PROVIDER_UNFIT;
    int outcome = smtp_send(provider->smtp, mail_from, notice->address, buf_as_span(&provider->message));
    *ret_why = smtp_why(provider->smtp);
    return outcome < 0 ? error_forward(outcome) : (int)outcomes[outcome];
}
