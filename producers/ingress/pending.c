/* SPDX-License-Identifier: Apache-2.0
 * The memory of commands on their way: given back ones are used again with their buffers, up to a bound. How
 * many there are at once is bounded by connections and the producer's queue. */
#include "producers/ingress/ingress.h"

enum { SPARES = 1024, BUFFER_MAX = 16384 };

struct pending *pending_take(struct ingress *ingress, struct http_request *request)
{
    struct pending *pending = ingress->spare;
    if (pending) {
        ingress->spare = pending->next;
        ingress->spares--;
    } else {
        pending = memory_new(1, sizeof(*pending));
    }
    buf_clear(&pending->data);
    pending->request = request;
    pending->next = NULL;
    http_set_data(request, pending);
    return pending;
}

static void pending_free(struct pending *pending)
{
    buf_done(&pending->data);
    free(pending);
}

void pending_give(struct ingress *ingress, struct pending *pending)
{
    if (ingress->spares >= SPARES || pending->data.capacity > BUFFER_MAX) {
        pending_free(pending);
        return;
    }
    pending->next = ingress->spare;
    ingress->spare = pending;
    ingress->spares++;
}

void pending_done(struct ingress *ingress)
{
    while (ingress->spare) {
        struct pending *pending = ingress->spare;
        ingress->spare = pending->next;
        pending_free(pending);
    }
    ingress->spares = 0;
    buf_done(&ingress->body);
    buf_done(&ingress->location);
}
