/* SPDX-License-Identifier: Apache-2.0
 * Who brings a notification to a person: a row for each provider, a file for each row. All of it is used by
 * the sender's thread alone. */
#ifndef COLIS_NOTIFIER_PROVIDER_H
#define COLIS_NOTIFIER_PROVIDER_H

#include "consumers/notifier/notice.h"
#include "shared/base/settings.h"

enum provider_outcome {
    PROVIDER_SENT = 0,
    PROVIDER_LATER,   /* not now: this notification again later */
    PROVIDER_REFUSED, /* never, says the provider */
    PROVIDER_UNFIT,   /* never: it cannot be written, and no provider was asked */
    PROVIDER_AWAY,    /* the provider takes nothing now; no fault of the notification's */
    PROVIDER_UNKNOWN, /* it may have been taken: the next try is a possible repeat */
};

struct provider {
    const char *name, *channel;
    /* ERROR_SETTINGS where it cannot work at all, or where a send may take most_ms or longer */
    int (*start)(int64_t most_ms, void **ret_self);
    void (*stop)(void *self);
    /* why: text without anything private, valid until the next call */
    int (*send)(void *self, const struct notice *notice, const char **ret_why);
};
extern const struct provider provider_rows[]; /* ends with an empty row */

/* provider_smtp.c: mail_from mail_name */
extern const struct setting provider_smtp_settings[];
MUST_CHECK int provider_smtp_start(int64_t most_ms, void **ret_self);
void provider_smtp_stop(void *self);
MUST_CHECK int provider_smtp_send(void *self, const struct notice *notice, const char **ret_why);

#endif
