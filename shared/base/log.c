/* SPDX-License-Identifier: Apache-2.0
 * A log line: made on the stack, bounded, written by one write(2) of what a pipe takes whole, so that lines
 * of threads and processes sharing one do not mix. Each text has its own bound, and their sum fits: a long
 * message cannot push out the error, and the line is always whole JSON in good UTF-8, whatever the texts
 * hold. Nobody waits for whoever reads the log: what it has no room for is lost, and counted. */
#include "shared/base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/metric.h"

enum { LINE = PIPE_BUF, MESSAGE = 1024, ERR = 1408, SHORT = 320, SECOND_MS = 1000 };

static char service_name[64];
static enum log_level least_level = LOG_LEVEL_INFO;
static struct metric lost = {.name = "colis_log_lost_total",
                             .help = "Log lines that standard error had no room for"};

struct line {
    size_t size;
    char text[LINE];
};

void log_start(const char *service, enum log_level least)
{
    snprintf(service_name, sizeof service_name, "%s", service);
    least_level = least;
    metric_register(&lost);
}

/* The bounds of the texts add up to less than LINE; should that ever be wrong, the line ends early. */
static void put(struct line *line, const char *data, size_t size)
{
    size_t room = LINE - line->size;
    if (size > room)
        size = room;
    memcpy(line->text + line->size, data, size);
    line->size += size;
}

/* How many bytes the UTF-8 character that begins here has, 0 where none does. */
static size_t character_size(const unsigned char *text)
{
    unsigned char first = text[0], second_least = 0x80, second_most = 0xbf;
    if (first < 0x80)
        return 1;
    size_t size = first < 0xc2 || first > 0xf4 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (first == 0xe0)
        second_least = 0xa0; /* overlong */
    if (first == 0xed)
        second_most = 0x9f; /* surrogates */
    if (first == 0xf0)
        second_least = 0x90; /* overlong */
    if (first == 0xf4)
        second_most = 0x8f; /* past U+10FFFF */
    if (size == 0 || text[1] < second_least || text[1] > second_most)
        return 0;
    for (size_t at = 2; at < size; at++) {
        if ((text[at] & 0xc0) != 0x80) /* the final NUL ends here too */
            return 0;
    }
    return size;
}

/* Writes the character as JSON has it; returns how many bytes that took. */
static size_t character_write(const unsigned char *text, size_t size, char ret_json[8])
{
    static const char letters[32] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    if (size == 0) {
        memcpy(ret_json, "\xef\xbf\xbd", 3); /* U+FFFD */
        return 3;
    }
    unsigned char first = text[0];
    char letter = first < 32 ? letters[first] : first == '"' || first == '\\' ? (char)first : '\0';
    if (letter != '\0') {
        ret_json[0] = '\\';
        ret_json[1] = letter;
        return 2;
    }
    if (first < 32)
        return (size_t)snprintf(ret_json, 8, "\\u%04x", first);
    memcpy(ret_json, text, size);
    return size;
}

static void put_quoted(struct line *line, const char *text, size_t most)
{
    const unsigned char *from = (const unsigned char *)text;
    size_t end = line->size + most;
    put(line, "\"", 1);
    while (*from != '\0') {
        char json[8];
        size_t size = character_size(from);
        size_t written = character_write(from, size, json);
        if (line->size + written + 4 > end) {
            put(line, "\xe2\x80\xa6", 3); /* an ellipsis: something was cut */
            break;
        }
        put(line, json, written);
        from += size > 0 ? size : 1;
    }
    put(line, "\"", 1);
}

static void put_key(struct line *line, const char *key)
{
    put(line, line->size == 0 ? "{\"" : ",\"", 2);
    put(line, key, strlen(key));
    put(line, "\":", 2);
}

static void put_text(struct line *line, const char *key, const char *text, size_t most)
{
    if (!text || text[0] == '\0')
        return;
    put_key(line, key);
    put_quoted(line, text, most);
}

static void put_number(struct line *line, const char *key, int64_t value)
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%lld", (long long)value);
    put_key(line, key);
    put(line, digits, (size_t)size);
}

static void put_fields(struct line *line, const struct log_fields *fields)
{
    put_text(line, "event", fields->event, SHORT);
    put_text(line, "trace_id", fields->trace_id, SHORT);
    if (fields->topic) {
        put_text(line, "topic", fields->topic, SHORT);
        put_number(line, "partition", fields->partition);
        put_number(line, "offset", fields->offset);
    }
    put_text(line, "err", fields->err, ERR);
}

/* A pipe is writable while a line fits: one thread at a time, or two would find the same room. */
static void line_out(const struct line *line)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    struct pollfd on = {.fd = STDERR_FILENO, .events = POLLOUT};
    ssize_t written = -1;
    pthread_mutex_lock(&lock);
    if (poll(&on, 1, 0) > 0 && (on.revents & POLLOUT)) {
        do
            written = write(STDERR_FILENO, line->text, line->size);
        while (written < 0 && errno == EINTR);
    }
    pthread_mutex_unlock(&lock);
    if (written < 0)
        metric_add(&lost, 1);
}

void log_write(enum log_level level, const char *message, const struct log_fields *fields)
{
    static const char *const words[] = {"debug", "info", "warn", "error"};
    if (level < least_level)
        return;
    struct line line;
    char at[CLOCK_TEXT];
    line.size = 0;
    clock_format(clock_wall_ms(), at);
    put_text(&line, "at", at, SHORT);
    put_text(&line, "level", words[level], SHORT);
    put_text(&line, "message", message, MESSAGE);
    put_text(&line, "service", service_name, SHORT);
    if (fields)
        put_fields(&line, fields);
    put(&line, "}\n", 2);
    line_out(&line);
}

/* Zero in last_ms means never, so the time is kept one later than it is. */
static bool brake_lets_pass(struct log_brake *brake)
{
    int64_t now = clock_steady_ms() + 1;
    int64_t last = __atomic_load_n(&brake->last_ms, __ATOMIC_RELAXED);
    if (last != 0 && now - last < SECOND_MS)
        return false;
    return __atomic_compare_exchange_n(&brake->last_ms, &last, now, false, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED);
}

void log_braked(struct log_brake *brake, enum log_level level, const char *message,
                const struct log_fields *fields)
{
    if (level < least_level)
        return;
    if (!brake_lets_pass(brake)) {
        __atomic_fetch_add(&brake->held, 1, __ATOMIC_RELAXED);
        return;
    }
    int64_t held = __atomic_exchange_n(&brake->held, 0, __ATOMIC_RELAXED);
    if (held == 0) {
        log_write(level, message, fields);
        return;
    }
    char with_count[MESSAGE];
    snprintf(with_count, sizeof with_count, "%.980s (%lld held back)", message, (long long)held);
    log_write(level, with_count, fields);
}
