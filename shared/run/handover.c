/* SPDX-License-Identifier: Apache-2.0
 * Where the key of handover codes comes from; the domain, which uses it, reads no settings. */
#include "shared/run/handover.h"

#include "shared/base/crypto.h"
#include "shared/base/error.h"

static char handover_key[65];

const struct setting handover_settings[] = {
    {.name = "handover_key",
     .kind = SETTING_TEXT,
     .fallback = NULL,
     .min = 1,
     .max = sizeof(handover_key) - 1,
     .secret = true,
     .help = "makes handover codes; the same for projector, query and notifier: 32 bytes, in hexadecimal or "
             "base64",
     .target = handover_key,
     .size = sizeof(handover_key)},
    {0},
};

int handover_key_read(struct code_key *ret_key)
{
    if (crypto_key_text(span_of(handover_key), ret_key->bytes) != 0)
        return error_new(ERROR_SETTINGS, "handover_key must be 32 bytes, in hexadecimal or base64");
    return 0;
}
