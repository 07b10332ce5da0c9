/* SPDX-License-Identifier: Apache-2.0
 * What a server's host tells by itself. Looks nothing up. */
#ifndef COLIS_BASE_HOST_H
#define COLIS_BASE_HOST_H

#include <stdbool.h>

/* One of this machine's own: localhost, 127.x.x.x, ::1 with or without its brackets. Whatever else a name
 * resolves to is the name server's word. */
bool host_is_loopback(const char *host);

#endif
