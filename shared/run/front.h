/* SPDX-License-Identifier: Apache-2.0
 * The front of a server: its HTTP server on the program's loop, and the orderly end. SIGTERM: no new
 * connection, what is open is answered, then the loop stops; at the latest shortly before
 * service_deadline_ms. Loop thread only. */
#ifndef COLIS_RUN_FRONT_H
#define COLIS_RUN_FRONT_H

#include "shared/http/server.h"
#include "shared/run/loop.h"

struct front;
struct front_config {
    struct http_config http;    /* its failed calls front_fail */
    void (*ending)(void *self); /* SIGTERM came; may be NULL */
    void *self;                 /* of ending; http has its own */
};

/* ret_front is set also where a negative result says that it does not listen: front_close takes it. */
MUST_CHECK int front_open(struct loop *loop, const struct front_config *config, struct front **ret_front);
void front_fail(struct front *front, int result); /* ends front_run with result */
MUST_CHECK int front_run(struct front *front);    /* until the end: 0, or what failed */
void front_close(struct front *front); /* drops what is open; before loop_free; NULL does nothing */

#endif
