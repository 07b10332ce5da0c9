/* SPDX-License-Identifier: Apache-2.0
 * The writer of log lines: one JSON object a line on standard error, a closed set of keys, nothing private.
 * It never waits: a line that finds no room is dropped and counted (colis_log_lost_total).
 * base, schemas and domain never call it; links, run and programs log once, where they handle. */
#ifndef COLIS_BASE_LOG_H
#define COLIS_BASE_LOG_H

#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

struct log_fields {
    const char *event; /* id of the command or fact */
    const char *trace_id;
    const char *topic; /* with partition and offset, printed only where topic is set */
    int32_t partition;
    int64_t offset;
    const char *err;
};

void log_start(const char *service, enum log_level least); /* before threads start */
void log_write(enum log_level level, const char *message,
               const struct log_fields *fields); /* fields may be NULL */

#define log_plain(level, message)     log_write((level), (message), 0)
#define log_with(level, message, ...) log_write((level), (message), &(struct log_fields){__VA_ARGS__})

/* At most one line a second a call site; the next one says how many were held back. */
#define log_seldom(level, message, ...)                                                                      \
    do {                                                                                                     \
        static struct log_brake brake_;                                                                      \
        log_braked(&brake_, (level), (message), &(struct log_fields){__VA_ARGS__});                          \
    } while (0)
struct log_brake {
    int64_t last_ms;
    int64_t held;
};
void log_braked(struct log_brake *brake, enum log_level level, const char *message,
                const struct log_fields *fields);

#endif
