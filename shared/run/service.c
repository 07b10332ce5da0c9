/* SPDX-License-Identifier: Apache-2.0
 * main() of every program. The order matters: settings before the log's level, signals blocked before any
 * thread, the management thread before the program's own work, so that a start that hangs can be seen and
 * ended. What the management thread shows is kept here as atomics. */
#include "shared/run/service.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shared/base/cleanup.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/http/server.h"
#include "shared/run/management.h"

enum { SILENT_MS = 10000, TABLES_MAX = 32, EXIT_SETTINGS = 2 };

struct service_values service_values;
static char log_level[8];
static char management_host[65];
static int64_t management_port;

const struct setting service_settings[] = {
    {"namespace", SETTING_TEXT, "colis", 1, sizeof service_values.name_space - 1,
     .help = "prefix of topics, groups, transactional ids and databases", .target = service_values.name_space,
     .size = sizeof service_values.name_space},
    {"instance", SETTING_TEXT, "", 0, sizeof service_values.instance - 1,
     .help = "this replica's lasting name: its partitions wait for it through a restart; empty: none",
     .target = service_values.instance, .size = sizeof service_values.instance},
    {"log_level", SETTING_CHOICE, "info", .choices = "debug info warn error",
     .help = "the least that is logged", .target = log_level, .size = sizeof log_level},
    {"management_host", SETTING_TEXT, "127.0.0.1", 1, sizeof management_host - 1,
     .help = "address of /healthz /readyz /metrics", .target = management_host,
     .size = sizeof management_host},
    {"management_port", SETTING_INTEGER, "0", 0, 65535, .help = "its port; 0: none",
     .target = &management_port},
    {"service_deadline_ms", SETTING_INTEGER, "10000", 100, 600000,
     .help = "time to end in an orderly way after SIGTERM, then the process is ended",
     .target = &service_values.deadline_ms},
    {0},
};

static atomic_bool stopping;
static _Atomic int64_t beat_ms;
static atomic_bool beaten; /* by the program: from then on nothing more is registered */
static _Atomic(const char *) waiting_for = "starting";
static _Atomic(const char *) held_by;

static pthread_once_t stop_once = PTHREAD_ONCE_INIT;
static int stop_descriptor = -1;

static void stop_descriptor_new(void)
{
    stop_descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (stop_descriptor < 0)
        abort(); /* no descriptor left before the program began */
}

int service_stop_descriptor(void)
{
    pthread_once(&stop_once, stop_descriptor_new);
    return stop_descriptor;
}

bool service_stopping(void)
{
    return atomic_load(&stopping);
}

void service_stop(void)
{
    if (atomic_exchange(&stopping, true))
        return;
    /* One eventfd write of 1 into 0 cannot fail, and is never read: everyone sees it. */
    uint64_t one = 1;
    if (write(service_stop_descriptor(), &one, sizeof one) != sizeof one)
        abort();
}

void service_beat(void)
{
    atomic_store_explicit(&beat_ms, clock_steady_ms(), memory_order_relaxed);
    atomic_store_explicit(&beaten, true, memory_order_release);
}

static bool counts(void)
{
    return atomic_load_explicit(&beaten, memory_order_acquire);
}

void service_ready(bool ready, const char *why)
{
    atomic_store(&waiting_for, ready ? NULL : why);
}

void service_hold(const char *why)
{
    atomic_store(&held_by, why);
}

static bool alive(void)
{
    return clock_steady_ms() - atomic_load_explicit(&beat_ms, memory_order_relaxed) < SILENT_MS;
}

const char *service_waits(void)
{
    const char *held = atomic_load(&held_by);
    return service_stopping() ? "stopping" : held ? held : atomic_load(&waiting_for);
}

/* It stands in names of topics, databases and files: nothing that would have to be escaped there. */
static int check_word(const char *setting, const char *word)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789_-.";
    if (strspn(word, good) != strlen(word))
        return error_new(ERROR_SETTINGS, "%s: only a-z 0-9 _ - . may stand in it", setting);
    return 0;
}

static enum log_level level_of(const char *word)
{
    static const char first[] = "diwe"; /* in the order of enum log_level */
    return (enum log_level)(strchr(first, word[0]) - first);
}

static void say_help(const struct service *service, const struct setting *const *tables)
{
    CLEANUP(buf_done) struct buf text = {0};
    char program[80];
    snprintf(program, sizeof program, "colis-%s", service->name);
    settings_help(tables, program, service->purpose, &text);
    fwrite(text.data, 1, text.size, stdout);
}

/* The program's tables, ours, and those of the server that answers for management. */
static int gather_settings(const struct service *service, const struct setting *tables[TABLES_MAX + 3])
{
    size_t count = 0;
    tables[count++] = service_settings;
    tables[count++] = http_settings;
    for (size_t at = 0; service->settings && service->settings[at]; at++) {
        if (count == TABLES_MAX + 2)
            return error_new(ERROR_BUG, "more than %d tables of settings", TABLES_MAX);
        if (service->settings[at] != http_settings && service->settings[at] != service_settings)
            tables[count++] = service->settings[at];
    }
    tables[count] = NULL;
    return 0;
}

/* 0: run; SETTINGS_HELP, SETTINGS_VERSION: said, end well; negative: refused. */
static int configure(const struct service *service, int argc, char **argv)
{
    const struct setting *tables[TABLES_MAX + 3];
    TRY(gather_settings(service, tables));
    int result = settings_read(tables, argc, argv, getenv);
    if (result == SETTINGS_HELP)
        say_help(service, tables);
    if (result == SETTINGS_VERSION)
        printf("colis-%s %s\n", service->name, COLIS_VERSION);
    if (result != 0)
        return result < 0 ? error_forward(result) : result;
    TRY(check_word("namespace", service_values.name_space));
    TRY(check_word("instance", service_values.instance));
    log_start(service->name, level_of(log_level));
    return 0;
}

static int run(const struct service *service)
{
    const struct management_config config = {.host = management_host,
                                             .port = (int)management_port,
                                             .deadline_ms = service_values.deadline_ms,
                                             .alive = alive,
                                             .waits = service_waits,
                                             .counts = counts};
    struct management *management = NULL;
    signal(SIGPIPE, SIG_IGN);
    atomic_store(&beat_ms, clock_steady_ms());
    TRY(management_start(&config, &management));
    log_plain(LOG_LEVEL_INFO, "started");
    int result = service->run(service->self);
    management_stop(management);
    return error_forward(result);
}

int service_main(const struct service *service, int argc, char **argv)
{
    log_start(service->name, LOG_LEVEL_INFO);
    int result = configure(service, argc, argv);
    if (result > 0)
        return EXIT_SUCCESS;
    if (result < 0) {
        log_with(LOG_LEVEL_ERROR, "refuses to start", .err = error_text());
        return EXIT_SETTINGS;
    }
    result = run(service);
    if (result < 0) {
        log_with(LOG_LEVEL_ERROR, "ends on a failure", .err = error_text());
        return EXIT_FAILURE;
    }
    log_plain(LOG_LEVEL_INFO, "ended");
    return EXIT_SUCCESS;
}
