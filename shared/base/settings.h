/* SPDX-License-Identifier: Apache-2.0
 * Settings are rows, exported by the file that needs them (table NAME_settings ends with an empty row) and
 * gathered by the program. default < environment COLIS_NAME < content of the file COLIS_NAME_FILE <
 * --name=value. The same rows print --help. Values are set once, before threads start. */
#ifndef COLIS_BASE_SETTINGS_H
#define COLIS_BASE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/buf.h"

enum setting_kind {
    SETTING_TEXT = 1, /* target: char[size]; min..max bound its length in bytes (max 0: size - 1) */
    SETTING_INTEGER,  /* target: int64_t; min..max its value */
    SETTING_CHOICE,   /* target: char[size]; value must be one of the words in choices */
    SETTING_FLAG,     /* target: bool; on, off; the flag alone means on */
};

struct setting {
    const char *name; /* kafka_brokers: environment COLIS_KAFKA_BROKERS, flag --kafka-brokers */
    enum setting_kind kind;
    const char *fallback; /* the default as text; NULL: must be given */
    int64_t min, max;
    const char *choices; /* "one two three" for SETTING_CHOICE */
    bool secret;         /* never printed, refused as a flag (it would stand in the process list) */
    const char *help;
    void *target;
    size_t size;
};

enum { SETTINGS_HELP = 1, SETTINGS_VERSION = 2 }; /* outcomes: --help or --version was asked */

/* Fills every target from defaults, environment, files and arguments. tables: NULL-terminated list of tables.
 * Unknown flags and malformed or missing values are ERROR_SETTINGS, with the setting's name in the text.
 * getenv_function is getenv, or a test's. */
MUST_CHECK int settings_read(const struct setting *const *tables, int argc, char **argv,
                             char *(*getenv_function)(const char *));
void settings_help(const struct setting *const *tables, const char *program, const char *purpose,
                   struct buf *to);

#endif
