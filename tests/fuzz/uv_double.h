/* SPDX-License-Identifier: Apache-2.0
 * libuv's part, played on memory: the server of shared/http runs unchanged above it, and what the network
 * does is said call by call. One connection at a time; no descriptor is opened, no time passes by itself. */
#ifndef COLIS_TESTS_FUZZ_UV_DOUBLE_H
#define COLIS_TESTS_FUZZ_UV_DOUBLE_H

#include <uv.h>

#include "shared/base/buf.h"

enum { UV_DOUBLE_HANDLES = 8 };

struct uv_double {
    uv_connection_cb on_connection;
    uv_stream_t *listener, *stream; /* stream: the one that reads, or did last */
    uv_alloc_cb on_alloc;
    uv_read_cb on_read;
    bool reading, shut;
    struct buf out;    /* what the server wrote */
    size_t room;       /* bytes a write takes at once; the rest follows in uv_double_turn */
    uv_write_t *write; /* one that is not through */
    uv_write_cb on_write;
    uv_shutdown_t *shutdown;
    uv_shutdown_cb on_shutdown;
    uv_handle_t *closing[UV_DOUBLE_HANDLES];
    uv_close_cb on_close[UV_DOUBLE_HANDLES];
    size_t closings;
    uv_timer_cb on_timer; /* NULL: not armed */
    uv_timer_t *timer;
    uint64_t now, due;
};
extern struct uv_double uv_double;

void uv_double_connect(size_t room);    /* a client connects; what the last one left is forgotten */
void uv_double_turn(void);              /* finishes writes, shutdowns and closes that are under way */
void uv_double_read(struct span bytes); /* only while reading */
void uv_double_end(int status);         /* UV_EOF, or an error; only while reading */
void uv_double_wait(void);              /* until the timer fires; where it is armed */

#endif
