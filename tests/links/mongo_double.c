/* SPDX-License-Identifier: Apache-2.0
 * The wire protocol of MongoDB, as little of it as the driver needs: hello, and a kind word for every
 * command. */
#include "tests/links/mongo_double.h"

#include <arpa/inet.h>
#include <check.h>
#include <mongoc/mongoc.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "shared/base/cleanup.h"

enum { HEADER = 16, MESSAGE_MOST = 1 << 20, COMMANDS = 16, PATIENCE_S = 40, NAME = 32 };
enum { OP_REPLY = 1, OP_QUERY = 2004, OP_MSG = 2013 };

struct command {
    char name[NAME];
    int heard, code;
    bool held;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct command commands[COMMANDS];
static int listener;
static char host[40], url[100];

/* Under the lock. */
static struct command *command_of(const char *name)
{
    struct command *at = commands;
    while (at < commands + COMMANDS - 1 && at->name[0] && strcmp(at->name, name) != 0)
        at++;
    (void)snprintf(at->name, sizeof(at->name), "%s", name);
    return at;
}

static void set(const char *name, int code, bool held)
{
    pthread_mutex_lock(&lock);
    command_of(name)->code = code;
    command_of(name)->held = held;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

void double_answers(const char *command, int code)
{
    set(command, code, false);
}

void double_holds(const char *command)
{
    set(command, 0, true);
}

int double_heard(const char *command)
{
    pthread_mutex_lock(&lock);
    int heard = command_of(command)->heard;
    pthread_mutex_unlock(&lock);
    return heard;
}

void double_until(const char *command, int count)
{
    struct timespec until;
    int late = 0;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&lock);
    while (command_of(command)->heard < count && late == 0)
        late = pthread_cond_timedwait(&changed, &lock, &until);
    pthread_mutex_unlock(&lock);
    ck_assert_int_eq(late, 0);
}

/* How it is to be answered, once it may be. */
static int hear(const char *name)
{
    pthread_mutex_lock(&lock);
    struct command *command = command_of(name);
    command->heard++;
    pthread_cond_broadcast(&changed);
    while (command->held)
        pthread_cond_wait(&changed, &lock);
    int code = command->code;
    pthread_mutex_unlock(&lock);
    return code;
}

static bson_t *reply_to(const char *name, int code)
{
    if (code != 0)
        return BCON_NEW("ok", BCON_INT32(0), "code", BCON_INT32(code), "errmsg",
                        BCON_UTF8("as the test says"));
    if (strcmp(name, "find") == 0)
        return BCON_NEW("ok", BCON_INT32(1), "cursor", "{", "id", BCON_INT64(0), "ns",
                        BCON_UTF8("double.history"), "firstBatch", "[", "]", "}");
    if (strcasecmp(name, "isMaster") != 0 && strcmp(name, "hello") != 0)
        return BCON_NEW("ok", BCON_INT32(1), "n", BCON_INT32(1));
    return BCON_NEW("ok", BCON_INT32(1), "ismaster", BCON_BOOL(true), "setName", BCON_UTF8("double"), "hosts",
                    "[", BCON_UTF8(host), "]", "minWireVersion", BCON_INT32(0), "maxWireVersion",
                    BCON_INT32(17), "maxBsonObjectSize", BCON_INT32(MESSAGE_MOST), "maxMessageSizeBytes",
                    BCON_INT32(MESSAGE_MOST), "maxWriteBatchSize", BCON_INT32(1000),
                    "logicalSessionTimeoutMinutes", BCON_INT32(30));
}

/* All machines this runs on have the wire's byte order. */
static bool answer(int connection, const int32_t *asked, const bson_t *reply)
{
    unsigned char message[4096] = {0};
    int32_t before = asked[3] == OP_MSG ? HEADER + 5 : HEADER + 20, size = before + (int32_t)reply->len;
    int32_t header[4] = {size, 0, asked[1], asked[3] == OP_MSG ? OP_MSG : OP_REPLY}, one = 1;
    memcpy(message, header, HEADER);
    if (asked[3] != OP_MSG)
        memcpy(message + HEADER + 16, &one, sizeof(one));
    memcpy(message + before, bson_get_data(reply), reply->len);
    return send(connection, message, (size_t)size, MSG_NOSIGNAL) == size;
}

/* The command of a message: its first document. */
static bool document_of(const unsigned char *message, const int32_t *header, bson_t *ret_document)
{
    size_t at = HEADER + 5;
    int32_t size;
    if (header[3] == OP_QUERY)
        at = HEADER + 4 + strlen((const char *)message + HEADER + 4) + 1 + 8;
    memcpy(&size, message + at, sizeof(size));
    return bson_init_static(ret_document, message + at, (size_t)size);
}

static bool serve_one(int connection, unsigned char *message)
{
    int32_t header[4];
    bson_t document;
    bson_iter_t first;
    if (recv(connection, message, HEADER, MSG_WAITALL) != HEADER)
        return false;
    memcpy(header, message, HEADER);
    if (header[0] <= HEADER || header[0] > MESSAGE_MOST)
        return false;
    if (recv(connection, message + HEADER, (size_t)header[0] - HEADER, MSG_WAITALL) != header[0] - HEADER)
        return false;
    if (!document_of(message, header, &document) || !bson_iter_init(&first, &document) ||
        !bson_iter_next(&first))
        return false;
    int code = hear(bson_iter_key(&first));
    if (code == DOUBLE_HANGS_UP)
        return false;
    bson_t *reply = reply_to(bson_iter_key(&first), code);
    bool good = answer(connection, header, reply);
    bson_destroy(reply);
    return good;
}

static void *serve(void *self)
{
    int connection = (int)(intptr_t)self;
    CLEANUP(free_cleanup) unsigned char *message = memory_new(MESSAGE_MOST, 1);
    while (serve_one(connection, message))
        ;
    close(connection);
    return NULL;
}

static void begin(void *(*run)(void *self), int descriptor)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, (void *)(intptr_t)descriptor) == 0)
        pthread_detach(thread);
}

static void *welcome(void *self)
{
    int connection = accept(listener, NULL, NULL);
    for (; connection >= 0; connection = accept(listener, NULL, NULL))
        begin(serve, connection);
    return self;
}

const char *double_start(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(listener, 64), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(url, sizeof(url), "mongodb://127.0.0.1:%d/?directConnection=true",
                   ntohs(address.sin_port));
    begin(welcome, 0);
    return url;
}
