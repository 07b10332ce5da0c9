/* SPDX-License-Identifier: Apache-2.0
 * The handover key of whoever makes or checks handover codes: projector, query, notifier. */
#ifndef COLIS_RUN_HANDOVER_H
#define COLIS_RUN_HANDOVER_H

#include "shared/base/settings.h"
#include "shared/domain/code.h"

extern const struct setting handover_settings[];            /* handover_key: secret, the same for all three */
MUST_CHECK int handover_key_read(struct code_key *ret_key); /* from the setting; ERROR_SETTINGS */

#endif
