/* SPDX-License-Identifier: Apache-2.0
 * The table of providers. Push and SMS are rows to come. */
#include "consumers/notifier/provider.h"

const struct provider provider_rows[] = {
    {"smtp", "mail", provider_smtp_start, provider_smtp_stop, provider_smtp_send},
    {0},
};
