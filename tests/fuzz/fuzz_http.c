/* SPDX-License-Identifier: Apache-2.0
 * Any bytes down one connection of the real server, above a libuv played on memory: first as they are, then
 * cut at will, answered late, written in bits. Both times the same requests are taken and the same statuses
 * said; each request taken is one a second reading of RFC 9112 finds at the same place; the connection always
 * comes to its end, and neither it nor the server keeps more than the caps allow.
 * The first two bytes say how the second time goes. */
#include <string.h>

#include "shared/base/cleanup.h"
#include "shared/base/settings.h"
#include "shared/http/connection.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/strict.h"
#include "tests/fuzz/uv_double.h"

enum {
    HOW_LATE = 1,    /* replies come later */
    HOW_BITS = 2,    /* the socket takes a few bytes at a time */
    HOW_SILENT = 4,  /* both times: the client stays and says no more, instead of shutting its side */
    HOW_GONE = 8,    /* the connection is lost when the bytes are through */
    LATEST = 64,     /* turns until the end */
    LEAST_ROOM = 25, /* the server gives up a client whose socket does not take "100 Continue" whole */
    TAKEN_MOST = 1 << 20,
};

static const struct http_route routes[] = {
    {"GET", "/", NULL},          {"POST", "/", NULL},          {"GET", "/a", NULL},
    {"POST", "/a", NULL},        {"PUT", "/a/{id}", NULL},     {"GET", "/a/mine", NULL},
    {"DELETE", "/a/{id}", NULL}, {"GET", "/a/{id}/{b}", NULL}, {0},
};
static const char *const wanted[] = {"x-a", "x-b", NULL};

struct told {
    struct buf taken;    /* what the handler saw, one request after the other */
    struct buf bodies;   /* method, NUL, body, of each, sizes before */
    struct buf statuses; /* of the final replies */
    size_t count;
};

static struct http_server *server;
static struct told *telling;
static struct http_request *waiting;
static bool late;

static void tell(struct buf *to, struct span text)
{
    buf_append(to, &text.size, sizeof(text.size));
    if (text.size > 0)
        buf_span(to, text);
}

static void answer(struct http_request *request)
{
    http_reply(request, &(struct http_answer){.status = 200, .body = SPAN("{}")});
}

static int handle(void *self, struct http_request *request, const void *what)
{
    const struct http_seen *seen = http_seen(request);
    char value[16] = "";
    (void)self;
    (void)what;
    LAW(!waiting && seen->body.size <= server->body_max && telling->taken.size < TAKEN_MOST);
    const struct span parts[] = {span_of(seen->method), seen->path,          seen->query,
                                 seen->parameters[0],   seen->parameters[1], seen->body,
                                 seen->authorization,   seen->content_type,  seen->accept,
                                 seen->idempotency_key, seen->traceparent,   seen->if_none_match,
                                 seen->prefer,          seen->headers[0],    seen->headers[1]};
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        tell(&telling->taken, parts[i]);
    buf_integer(&telling->taken, http_query(request, "a", value, sizeof(value)));
    buf_text(&telling->taken, value);
    tell(&telling->bodies, parts[0]);
    tell(&telling->bodies, seen->body);
    telling->count++;
    if (late) {
        waiting = request;
        return HTTP_LATER;
    }
    answer(request);
    return 0;
}

static void gone(void *self, struct http_request *request)
{
    (void)self;
    LAW(request == waiting);
    waiting = NULL;
}

static char *no_environment(const char *name)
{
    (void)name;
    return NULL;
}

/* Small caps, so that small inputs meet them. */
static void start(void)
{
    static uv_loop_t loop;
    static const struct setting *const tables[] = {http_settings, NULL};
    static const struct http_config config = {
        .routes = routes, .handle = handle, .gone = gone, .headers = wanted, .host = "127.0.0.1"};
    char *words[] = {(char *)"fuzz", (char *)"--http-header-bytes=1024", (char *)"--http-body-bytes=2048",
                     NULL};
    LAW(settings_read(tables, 3, words, no_environment) == 0);
    LAW(http_server_new(&loop, &config, &server) == 0);
}

/* Nothing a client sends makes any of these larger. */
static void look_at_memory(void)
{
    for (int state = 0; state < CONNECTION_STATES; state++)
        for (const struct connection *c = server->lists[state].first; c; c = c->next) {
            LAW(c->state == (enum connection_state)state && c->kept.size <= READ_SIZE);
            LAW(!c->request || (c->request->head.size <= server->head_max &&
                                c->request->body.size <= server->body_max && c->request->out.size < 4096));
        }
    LAW(server->open <= 1 && server->spares <= 1);
}

/* Whatever the server waits for comes, until the connection is closed. */
static void settle(unsigned how)
{
    for (int turn = 0; server->open > 0; turn++) {
        LAW(turn < LATEST);
        struct http_request *request = waiting;
        waiting = NULL;
        if (request)
            answer(request);
        uv_double_turn();
        look_at_memory();
        if (server->open == 0 || waiting || uv_double.write || uv_double.shutdown || uv_double.closings > 0)
            continue;
        if (how & HOW_SILENT)
            uv_double_wait();
        else if (uv_double.reading)
            uv_double_end(UV_EOF);
    }
}

/* One more piece, once the server reads again. */
static void give(struct span piece)
{
    for (int turn = 0; !uv_double.reading && server->open > 0; turn++) {
        LAW(turn < LATEST * 64);
        struct http_request *request = waiting;
        waiting = NULL;
        if (request)
            answer(request);
        uv_double_turn();
    }
    if (server->open > 0 && uv_double.reading)
        uv_double_read(piece);
    look_at_memory();
}

/* Replies one behind the other, each whole; the last one may close. */
static void read_replies(struct told *told)
{
    struct span out = buf_as_span(&uv_double.out);
    bool closed = false;
    while (out.size > 0) {
        LAW(!closed && out.size > 15 && memcmp(out.data, "HTTP/1.1 ", 9) == 0);
        const char *end = memmem(out.data, out.size, "\r\n\r\n", 4);
        LAW(end != NULL);
        struct span head = {out.data, (size_t)(end + 4 - out.data)};
        const char *length = memmem(head.data, head.size, "\r\nContent-Length: ", 18);
        size_t body = length ? strtoul(length + 18, NULL, 10) : 0;
        bool bare = memcmp(out.data + 9, "100", 3) == 0;
        LAW(bare == (length == NULL) && out.size >= head.size);
        closed = memmem(head.data, head.size, "\r\nConnection: close", 19) != NULL;
        if (!bare)
            buf_append(&told->statuses, out.data + 9, 3);
        out = (struct span){out.data + head.size, out.size - head.size};
        body = out.size >= body && (out.size == body || memcmp(out.data, "HTTP", 4) != 0) ? body : 0;
        out = (struct span){out.data + body, out.size - body}; /* none behind the head of a HEAD's reply */
    }
}

/* How large the next piece is; all that is left where there is no seed. */
static size_t piece_size(uint32_t *seed, size_t left)
{
    if (*seed == 0)
        return left;
    *seed = (*seed * 1103515245 + 12345) | 1;
    size_t most = *seed >> 30 == 0 ? 1 : *seed >> 30 == 1 ? 7 : 300;
    return left < most ? left : 1 + (*seed >> 8) % most % left;
}

static void play(struct span bytes, unsigned how, uint32_t seed, struct told *told)
{
    telling = told;
    buf_clear(&told->taken), buf_clear(&told->bodies), buf_clear(&told->statuses);
    told->count = 0;
    late = how & HOW_LATE;
    uv_double_connect(how & HOW_BITS ? LEAST_ROOM + seed % 40 : SIZE_MAX);
    while (bytes.size > 0 && server->open > 0) {
        size_t size = piece_size(&seed, bytes.size);
        give((struct span){bytes.data, size});
        bytes = (struct span){bytes.data + size, bytes.size - size};
    }
    if (how & HOW_GONE && uv_double.reading)
        uv_double_end(UV_ECONNRESET);
    settle(how);
    LAW(!waiting && uv_double.closings == 0);
    read_replies(told);
}

static struct span next(struct span *list)
{
    size_t size;
    memcpy(&size, list->data, sizeof(size));
    struct span item = {list->data + sizeof(size), size};
    *list = (struct span){item.data + size, list->size - sizeof(size) - size};
    return item;
}

static bool same(struct span a, struct span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static void read_strictly(struct span bytes, const struct told *told)
{
    static struct strict strict;
    struct span bodies = buf_as_span(&told->bodies);
    for (size_t i = 0; i < told->count; i++) {
        LAW(strict_read(&bytes, &strict));
        LAW(same(next(&bodies), strict.method));
        LAW(same(next(&bodies), buf_as_span(&strict.body)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct told whole, cut;
    if (size < 2)
        return 0;
    if (!server)
        start();
    unsigned how = data[0];
    struct span bytes = {(const char *)data + 2, size - 2};
    play(bytes, how & HOW_SILENT, 0, &whole);
    read_strictly(bytes, &whole);
    play(bytes, how, data[1] + 1U, &cut);
    if (how & HOW_GONE)
        return 0;
    LAW(same(buf_as_span(&whole.taken), buf_as_span(&cut.taken)));
    LAW(same(buf_as_span(&whole.statuses), buf_as_span(&cut.statuses)));
    return 0;
}
