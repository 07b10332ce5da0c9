/* SPDX-License-Identifier: Apache-2.0
 * A name that only begins like loopback (127.example.org) is any other machine's. */
#include "shared/base/host.h"

#include <arpa/inet.h>
#include <string.h>

bool host_is_loopback(const char *host)
{
    struct in_addr address;

    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 || strcmp(host, "[::1]") == 0 ||
           (inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET);
}
