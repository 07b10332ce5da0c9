/* SPDX-License-Identifier: Apache-2.0
 * Settings: for each row the strongest of four sources speaks (default, environment, file, flag), and what it
 * says is checked against the row. A secret's value appears in no text made here. Runs once, before threads.
 */
#include "shared/base/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/cleanup.h"

enum { NAME = 96, FILE_MOST = 64 * 1024, SHOWN = 80 };

struct words {
    int count;
    char **items;
};

/* A setting's name with a prefix, dashes or capitals: --kafka-brokers, COLIS_KAFKA_BROKERS(_FILE). */
struct spelled {
    char text[NAME];
};

static struct spelled flag_of(const struct setting *setting)
{
    struct spelled flag = {"--"};
    for (size_t at = 0; setting->name[at] != '\0' && at < NAME - 3; at++)
        flag.text[at + 2] = setting->name[at] == '_' ? '-' : setting->name[at];
    return flag;
}

static struct spelled variable_of(const struct setting *setting, const char *suffix)
{
    struct spelled variable = {"COLIS_"};
    size_t size = strlen(variable.text);
    for (const char *from = setting->name; *from != '\0' && size < NAME - 8; from++)
        variable.text[size++] = *from >= 'a' && *from <= 'z' ? (char)(*from - 'a' + 'A') : *from;
    memcpy(variable.text + size, suffix, strlen(suffix));
    return variable;
}

static const struct setting *setting_of_flag(const struct setting *const *tables, struct span flag)
{
    for (; *tables; tables++) {
        for (const struct setting *setting = *tables; setting->name; setting++) {
            if (span_is(flag, flag_of(setting).text))
                return setting;
        }
    }
    return NULL;
}

static bool is_switch(const char *word)
{
    return strcmp(word, "on") == 0 || strcmp(word, "off") == 0;
}

struct argument {
    const struct setting *setting;
    const char *value;
};

/* A SETTING_FLAG may stand alone, which means on; anything else takes the next word. */
static int value_follows(struct words words, int *at, struct argument *ret_argument)
{
    const struct setting *setting = ret_argument->setting;
    const char *next = *at + 1 < words.count ? words.items[*at + 1] : NULL;
    if (setting->kind == SETTING_FLAG && !(next && is_switch(next))) {
        ret_argument->value = "on";
        return 0;
    }
    if (!next || strncmp(next, "--", 2) == 0)
        return error_new(ERROR_SETTINGS, "%s: a value must follow", flag_of(setting).text);
    ret_argument->value = next;
    *at += 1;
    return 0;
}

/* Reads the argument at *at and moves *at behind it. The text of an unknown word is cut before its value. */
static int argument_read(const struct setting *const *tables, struct words words, int *at,
                         struct argument *ret_argument)
{
    const char *word = words.items[*at];
    size_t size = strcspn(word, "=");
    const struct setting *setting = setting_of_flag(tables, (struct span){word, size});
    if (!setting)
        return error_new(ERROR_SETTINGS, "%.*s: no such setting", size < SHOWN ? (int)size : SHOWN, word);
    if (setting->secret)
        return error_new(ERROR_SETTINGS, "%s: a secret may not be an argument, others could read it: set %s",
                         flag_of(setting).text, variable_of(setting, "_FILE").text);
    ret_argument->setting = setting;
    if (word[size] == '=')
        ret_argument->value = word + size + 1;
    else
        TRY(value_follows(words, at, ret_argument));
    *at += 1;
    return 0;
}

/* The value the arguments give to this setting, the last one where there are several; NULL where none does.
 */
static int argument_find(const struct setting *const *tables, struct words words,
                         const struct setting *setting, const char **ret_value)
{
    *ret_value = NULL;
    for (int at = 1; at < words.count;) {
        struct argument argument;
        TRY(argument_read(tables, words, &at, &argument));
        if (strcmp(argument.setting->name, setting->name) == 0)
            *ret_value = argument.value;
    }
    return 0;
}

static void close_cleanup(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
}

static int file_read(const char *name, const char *path, struct buf *to)
{
    CLEANUP(close_cleanup) int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return error_new(ERROR_SETTINGS, "%s: cannot open %s: %s", name, path, strerror(errno));
    buf_reserve(to, FILE_MOST + 1);
    while (to->size <= FILE_MOST) {
        ssize_t more = read(file, to->data + to->size, FILE_MOST + 1 - to->size);
        if (more == 0)
            break;
        if (more < 0 && errno != EINTR)
            return error_new(ERROR_SETTINGS, "%s: cannot read %s: %s", name, path, strerror(errno));
        to->size += more > 0 ? (size_t)more : 0;
    }
    to->data[to->size] = '\0';
    if (to->size > FILE_MOST)
        return error_new(ERROR_SETTINGS, "%s: %s is larger than 64 KiB", name, path);
    if (memchr(to->data, '\0', to->size))
        return error_new(ERROR_SETTINGS, "%s: %s holds a NUL byte", name, path);
    if (to->size > 0 && to->data[to->size - 1] == '\n')
        to->data[--to->size] = '\0';
    return 0;
}

static int text_store(const struct setting *setting, const char *value)
{
    /* A row that bounds nothing is bounded by its target alone. */
    int64_t size = (int64_t)strlen(value);
    int64_t most = setting->max > 0 ? setting->max : (int64_t)setting->size - 1;
    if (size < setting->min || size > most)
        return error_new(ERROR_SETTINGS, "%s: has %lld bytes, takes %lld to %lld", setting->name,
                         (long long)size, (long long)setting->min, (long long)most);
    if (text_copy(setting->target, setting->size, span_of(value)) == TEXT_TOO_LONG)
        return error_new(ERROR_BUG, "%s: the target is smaller than the row's bound", setting->name);
    return 0;
}

/* What a value may show of itself in an error's text. */
static const char *shown(const struct setting *setting, const char *value)
{
    return setting->secret ? "(secret)" : value;
}

static int integer_store(const struct setting *setting, const char *value)
{
    /* strtoll alone would take spaces and a plus sign. */
    const char *digits = value[0] == '-' ? value + 1 : value;
    char *end = NULL;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (digits[0] < '0' || digits[0] > '9' || *end != '\0' || errno == ERANGE)
        return error_new(ERROR_SETTINGS, "%s: %.80s is not a whole number", setting->name,
                         shown(setting, value));
    if (number < setting->min || number > setting->max)
        return error_new(ERROR_SETTINGS, "%s: %s is not between %lld and %lld", setting->name,
                         shown(setting, value), (long long)setting->min, (long long)setting->max);
    *(int64_t *)setting->target = number;
    return 0;
}

static bool is_choice(const char *choices, const char *value)
{
    size_t size = strlen(value);
    while (*choices != '\0') {
        size_t word = strcspn(choices, " ");
        if (word > 0 && word == size && memcmp(choices, value, size) == 0)
            return true;
        choices += word + (choices[word] == ' ');
    }
    return false;
}

static int choice_store(const struct setting *setting, const char *value)
{
    if (!is_choice(setting->choices, value))
        return error_new(ERROR_SETTINGS, "%s: %.80s is none of: %s", setting->name, shown(setting, value),
                         setting->choices);
    if (text_copy(setting->target, setting->size, span_of(value)) == TEXT_TOO_LONG)
        return error_new(ERROR_BUG, "%s: the target is smaller than a choice", setting->name);
    return 0;
}

static int flag_store(const struct setting *setting, const char *value)
{
    if (!is_switch(value))
        return error_new(ERROR_SETTINGS, "%s: %.80s is neither on nor off", setting->name,
                         shown(setting, value));
    *(bool *)setting->target = strcmp(value, "on") == 0;
    return 0;
}

static int value_store(const struct setting *setting, const char *value)
{
    switch (setting->kind) {
    case SETTING_TEXT:
        return text_store(setting, value);
    case SETTING_INTEGER:
        return integer_store(setting, value);
    case SETTING_CHOICE:
        return choice_store(setting, value);
    case SETTING_FLAG:
        return flag_store(setting, value);
    }
    return error_new(ERROR_BUG, "%s: a row without a kind", setting->name);
}

/* The strongest source but the flag. */
static int surroundings_find(const struct setting *setting, char *(*getenv_function)(const char *),
                             struct buf *file, const char **ret_value)
{
    struct spelled variable = variable_of(setting, "_FILE");
    const char *path = getenv_function(variable.text);
    if (path) {
        TRY(file_read(variable.text, path, file));
        *ret_value = file->data;
        return 0;
    }
    *ret_value = getenv_function(variable_of(setting, "").text);
    if (!*ret_value)
        *ret_value = setting->fallback;
    return 0;
}

static int setting_read(const struct setting *const *tables, const struct setting *setting,
                        struct words words, char *(*getenv_function)(const char *))
{
    CLEANUP(buf_done) struct buf file = {0};
    const char *value = NULL;
    TRY(argument_find(tables, words, setting, &value));
    if (!value)
        TRY(surroundings_find(setting, getenv_function, &file, &value));
    if (!value)
        return error_new(ERROR_SETTINGS, "%s: must be set: %s, or a file named by %s", setting->name,
                         variable_of(setting, "").text, variable_of(setting, "_FILE").text);
    TRY(value_store(setting, value));
    return 0;
}

int settings_read(const struct setting *const *tables, int argc, char **argv,
                  char *(*getenv_function)(const char *))
{
    struct words words = {argc, argv};
    for (int at = 1; at < argc; at++) {
        if (strcmp(argv[at], "--help") == 0)
            return SETTINGS_HELP;
        if (strcmp(argv[at], "--version") == 0)
            return SETTINGS_VERSION;
    }
    for (int at = 1; at < argc;) {
        struct argument unused;
        TRY(argument_read(tables, words, &at, &unused));
    }
    for (const struct setting *const *table = tables; *table; table++) {
        for (const struct setting *setting = *table; setting->name; setting++)
            TRY(setting_read(tables, setting, words, getenv_function));
    }
    return 0;
}

static void help_range(const struct setting *setting, struct buf *to)
{
    if (setting->kind == SETTING_INTEGER)
        buf_format(to, "%lld to %lld", (long long)setting->min, (long long)setting->max);
    else if (setting->kind == SETTING_CHOICE)
        buf_text(to, setting->choices);
    else if (setting->kind == SETTING_FLAG)
        buf_text(to, "on off");
    else if (setting->max > 0)
        buf_format(to, "text of %lld to %lld bytes", (long long)setting->min, (long long)setting->max);
    else
        buf_text(to, "text");
}

static void help_row(const struct setting *setting, struct buf *to)
{
    if (!setting->secret)
        buf_format(to, "  %s\n", flag_of(setting).text);
    buf_format(to, "  %s%s\n      %s\n      ", variable_of(setting, "").text,
               setting->secret ? " (secret: environment or file only)" : "",
               setting->help ? setting->help : "");
    help_range(setting, to);
    if (!setting->fallback)
        buf_text(to, "; must be set\n");
    else if (setting->secret || setting->fallback[0] == '\0')
        buf_text(to, "; may be left out\n");
    else
        buf_format(to, "; default %s\n", setting->fallback);
}

void settings_help(const struct setting *const *tables, const char *program, const char *purpose,
                   struct buf *to)
{
    buf_format(
        to,
        "%s: %s\n\nusage: %s [--help] [--version] [--setting=value]...\n\n"
        "Each setting is its default, else the environment variable, else the content of the file\n"
        "named by the variable with _FILE behind it, else the argument; the last one known counts.\n\n",
        program, purpose, program);
    for (; *tables; tables++) {
        for (const struct setting *setting = *tables; setting->name; setting++)
            help_row(setting, to);
    }
}
