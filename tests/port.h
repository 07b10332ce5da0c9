/* SPDX-License-Identifier: Apache-2.0
 * A port for a server under test, which nobody else of this machine's tests is given while this process
 * lives: the same files are locked by tests/flow/harness/places.py. The range lies below the ports the kernel
 * gives to who connects, so no connection takes one meanwhile. */
#ifndef COLIS_TESTS_PORT_H
#define COLIS_TESTS_PORT_H

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PORT_FIRST = 29000, PORT_END = 32768 };

static inline bool port_is_free(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(probe, 0);
    bool is_free = bind(probe, (struct sockaddr *)&address, sizeof address) == 0;
    close(probe);
    return is_free;
}

/* The lock ends with the process: its descriptor stays open, and no program started meanwhile has it. */
static inline bool port_lock(const char *folder, int port)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%d", folder, port);
    int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
    ck_assert_msg(file >= 0, "%s", path);
    if (flock(file, LOCK_EX | LOCK_NB) == 0 && port_is_free(port))
        return true;
    close(file);
    return false;
}

static inline int port_hold(void)
{
    const char *temporary = getenv("TMPDIR");
    char folder[256];
    snprintf(folder, sizeof folder, "%s/colis-ports-%u", temporary ? temporary : "/tmp", (unsigned)getuid());
    (void)mkdir(folder, 0777);
    int count = PORT_END - PORT_FIRST, from = (int)((unsigned)getpid() * 2654435761U % (unsigned)count);
    for (int turn = 0; turn < count; turn++) {
        int port = PORT_FIRST + (from + turn) % count;
        if (port_lock(folder, port))
            return port;
    }
    ck_abort_msg("no port is free from %d to %d", PORT_FIRST, PORT_END - 1);
}

#endif
