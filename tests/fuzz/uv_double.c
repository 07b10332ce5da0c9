/* SPDX-License-Identifier: Apache-2.0
 * The functions of libuv the server calls, with its promises: no callback out of a call of the server's, a
 * closed handle hears of nothing but its close, reads stop at once. */
#include "tests/fuzz/uv_double.h"

#include <arpa/inet.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

struct uv_double uv_double = {.now = 1};

void uv_double_connect(size_t room)
{
    buf_clear(&uv_double.out);
    uv_double.stream = NULL;
    uv_double.reading = uv_double.shut = false;
    uv_double.room = room;
    uv_double.write = NULL;
    uv_double.shutdown = NULL;
    uv_double.on_connection(uv_double.listener, 0);
}

static bool alive(const void *handle)
{
    for (size_t i = 0; i < uv_double.closings; i++)
        if (uv_double.closing[i] == handle)
            return false;
    return true;
}

/* What was under way for a handle that is closed is cut, and says so before the close does. */
void uv_double_turn(void)
{
    int status = alive(uv_double.stream) ? 0 : UV_ECANCELED;
    uv_write_t *write = uv_double.write;
    uv_shutdown_t *shutdown = uv_double.shutdown;
    uv_double.write = NULL;
    uv_double.shutdown = NULL;
    if (write)
        uv_double.on_write(write, status);
    if (shutdown)
        uv_double.on_shutdown(shutdown, alive(uv_double.stream) ? 0 : UV_ECANCELED);
    while (uv_double.closings > 0) {
        uv_double.closings--;
        uv_double.on_close[uv_double.closings](uv_double.closing[uv_double.closings]);
    }
}

void uv_double_read(struct span bytes)
{
    uv_buf_t buf = {0};
    LAW(uv_double.reading);
    uv_double.on_alloc((uv_handle_t *)uv_double.stream, 65536, &buf);
    LAW(bytes.size <= buf.len);
    memcpy(buf.base, bytes.data, bytes.size);
    uv_double.on_read(uv_double.stream, (ssize_t)bytes.size, &buf);
}

void uv_double_end(int status)
{
    const uv_buf_t none = {0};
    LAW(uv_double.reading);
    uv_double.reading = false;
    uv_double.on_read(uv_double.stream, status, &none);
}

void uv_double_wait(void)
{
    uv_timer_cb on_timer = uv_double.on_timer;
    LAW(on_timer != NULL);
    uv_double.now = uv_double.due > uv_double.now ? uv_double.due : uv_double.now;
    uv_double.on_timer = NULL;
    on_timer(uv_double.timer);
}

uv_buf_t uv_buf_init(char *base, unsigned int len)
{
    return (uv_buf_t){.base = base, .len = len};
}

const char *uv_strerror(int error)
{
    (void)error;
    return "an error of the double";
}

uint64_t uv_now(const uv_loop_t *loop)
{
    (void)loop;
    return uv_double.now;
}

int uv_tcp_init(uv_loop_t *loop, uv_tcp_t *tcp)
{
    tcp->loop = loop;
    tcp->type = UV_TCP;
    return 0;
}

int uv_tcp_nodelay(uv_tcp_t *tcp, int enable)
{
    (void)tcp;
    (void)enable;
    return 0;
}

int uv_ip4_addr(const char *text, int port, struct sockaddr_in *address)
{
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return inet_pton(AF_INET, text, &address->sin_addr) == 1 ? 0 : UV_EINVAL;
}

int uv_ip6_addr(const char *text, int port, struct sockaddr_in6 *address)
{
    (void)text;
    (void)port;
    (void)address;
    return UV_EINVAL;
}

int uv_tcp_bind(uv_tcp_t *tcp, const struct sockaddr *address, unsigned int flags)
{
    (void)tcp;
    (void)address;
    (void)flags;
    return 0;
}

int uv_tcp_getsockname(const uv_tcp_t *tcp, struct sockaddr *address, int *size)
{
    (void)tcp;
    (void)address;
    (void)size;
    return 0;
}

int uv_listen(uv_stream_t *stream, int backlog, uv_connection_cb on_connection)
{
    (void)backlog;
    uv_double.listener = stream;
    uv_double.on_connection = on_connection;
    return 0;
}

int uv_accept(uv_stream_t *listener, uv_stream_t *stream)
{
    (void)listener;
    uv_double.stream = stream;
    return 0;
}

int uv_read_start(uv_stream_t *stream, uv_alloc_cb on_alloc, uv_read_cb on_read)
{
    LAW(alive(stream) && stream == uv_double.stream);
    uv_double.on_alloc = on_alloc;
    uv_double.on_read = on_read;
    uv_double.reading = true;
    return 0;
}

int uv_read_stop(uv_stream_t *stream)
{
    LAW(alive(stream));
    uv_double.reading = false;
    return 0;
}

int uv_try_write(uv_stream_t *stream, const uv_buf_t bufs[], unsigned int count)
{
    LAW(alive(stream) && count == 1 && !uv_double.shut && !uv_double.write);
    size_t size = bufs[0].len < uv_double.room ? bufs[0].len : uv_double.room;
    if (size == 0)
        return UV_EAGAIN;
    buf_append(&uv_double.out, bufs[0].base, size);
    return (int)size;
}

int uv_write(uv_write_t *write, uv_stream_t *stream, const uv_buf_t bufs[], unsigned int count,
             uv_write_cb on_write)
{
    LAW(alive(stream) && count == 1 && !uv_double.shut && !uv_double.write);
    buf_append(&uv_double.out, bufs[0].base, bufs[0].len);
    uv_double.write = write;
    uv_double.on_write = on_write;
    return 0;
}

int uv_shutdown(uv_shutdown_t *shutdown, uv_stream_t *stream, uv_shutdown_cb on_shutdown)
{
    LAW(alive(stream) && !uv_double.shut);
    uv_double.shut = true;
    uv_double.shutdown = shutdown;
    uv_double.on_shutdown = on_shutdown;
    return 0;
}

int uv_is_closing(const uv_handle_t *handle)
{
    return !alive(handle);
}

void uv_close(uv_handle_t *handle, uv_close_cb on_close)
{
    LAW(alive(handle) && uv_double.closings < UV_DOUBLE_HANDLES);
    uv_double.closing[uv_double.closings] = handle;
    uv_double.on_close[uv_double.closings++] = on_close;
    if (handle == (uv_handle_t *)uv_double.stream)
        uv_double.reading = false;
}

int uv_timer_init(uv_loop_t *loop, uv_timer_t *timer)
{
    (void)loop;
    uv_double.timer = timer;
    return 0;
}

int uv_timer_start(uv_timer_t *timer, uv_timer_cb on_timer, uint64_t timeout, uint64_t repeat)
{
    (void)repeat;
    LAW(timer == uv_double.timer);
    uv_double.on_timer = on_timer;
    uv_double.due = uv_double.now + timeout;
    return 0;
}
