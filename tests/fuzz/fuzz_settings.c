/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as what a program is started with: lines that begin with a dash are arguments, others NAME=value
 * of the environment, and what stands behind an empty line is the file every NAME_FILE names. What is taken
 * is within its row's bounds and the same when read again, the last argument counts, and no secret is told.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared/base/settings.h"
#include "tests/fuzz/fuzz.h"

enum { WORDS = 32, TEXT = 8192, TEXT_MOST = 8, SECRET_LEAST = 6, LEAST = -5, MOST = 1000 };

static struct values {
    char text[16], choice[8], secret[64], needed[32];
    int64_t count;
    bool flag;
} values;

/* clang-format off */
static const struct setting rows[] = {
    {"text", SETTING_TEXT, "fallback", 2, TEXT_MOST, .target = values.text, .size = sizeof(values.text)},
    {"a_choice", SETTING_CHOICE, "one", .choices = "one two three", .target = values.choice,
     .size = sizeof(values.choice)},
    {"count", SETTING_INTEGER, "7", LEAST, MOST, .target = &values.count, .size = sizeof(values.count)},
    {"flag", SETTING_FLAG, "off", .target = &values.flag, .size = sizeof(values.flag)},
    {0},
};
static const struct setting more_rows[] = {
    {"secret", SETTING_TEXT, "", SECRET_LEAST, .secret = true, .target = values.secret,
     .size = sizeof(values.secret)},
    {"needed_text", SETTING_TEXT, NULL, 1, .target = values.needed, .size = sizeof(values.needed)},
    {0},
};
/* clang-format on */

static char lines[TEXT + 1];
static char *arguments[WORDS + 2], *variables[WORDS];
static int argument_count, variable_count, file = -1;
static char file_path[64];

static char *environment(const char *name)
{
    size_t size = strlen(name);
    for (int i = 0; i < variable_count; i++)
        if (strncmp(variables[i], name, size) == 0 && variables[i][size] == '=')
            return strstr(name, "_FILE") ? file_path : variables[i] + size + 1;
    return NULL;
}

static void fill_file(struct span content)
{
    static size_t held;
    if (file < 0) {
        file = memfd_create("settings", 0);
        LAW(file >= 0);
        snprintf(file_path, sizeof(file_path), "/proc/self/fd/%d", file);
    }
    if (content.size > 0 || held > 0)
        LAW(ftruncate(file, 0) == 0 && pwrite(file, content.data, content.size, 0) == (ssize_t)content.size);
    held = content.size;
}

/* What every file of the environment holds. */
static struct span file_content;

/* Cuts the input into what a program sees; a NUL ends a line for whoever reads it. */
static void deal(const uint8_t *data, size_t size)
{
    arguments[0] = (char *)"fuzz";
    argument_count = 1;
    variable_count = 0;
    memcpy(lines, data, size);
    lines[size] = '\0';
    size_t at = 0;
    while (at < size && lines[at] != '\n') {
        char *line = lines + at, *end = memchr(line, '\n', size - at);
        at = end ? (size_t)(end - lines) + 1 : size;
        if (end)
            *end = '\0';
        if (line[0] == '-' && argument_count <= WORDS)
            arguments[argument_count++] = line;
        else if (line[0] != '-' && variable_count < WORDS)
            variables[variable_count++] = line;
    }
    arguments[argument_count] = NULL;
    file_content = (struct span){lines + at + (at < size), size - at - (at < size)};
    fill_file(file_content);
}

static const struct setting *const tables[] = {rows, more_rows, NULL};

static void look_at_values(void)
{
    size_t text = strnlen(values.text, sizeof(values.text));
    LAW(text >= 2 && text <= TEXT_MOST);
    LAW(strcmp(values.choice, "one") == 0 || strcmp(values.choice, "two") == 0 ||
        strcmp(values.choice, "three") == 0);
    LAW(values.count >= LEAST && values.count <= MOST);
    size_t secret = strnlen(values.secret, sizeof(values.secret));
    LAW(secret >= SECRET_LEAST && secret < sizeof(values.secret));
    size_t needed = strnlen(values.needed, sizeof(values.needed));
    LAW(needed >= 1 && needed < sizeof(values.needed));
}

static void look_at_last_argument(void)
{
    static const char name[] = "--count=";
    for (int i = argument_count - 1; i > 0 && strcmp(arguments[i], "--count") != 0; i--)
        if (strncmp(arguments[i], name, sizeof(name) - 1) == 0) {
            LAW(values.count == strtoll(arguments[i] + sizeof(name) - 1, NULL, 10));
            return;
        }
}

/* Our own words have no tilde: has nothing else that was written one, then one in the text is the secret's.
 */
static bool is_only_tilde(const char *secret)
{
    for (int i = 1; i < argument_count; i++)
        if (strchr(arguments[i], '~'))
            return false;
    for (int i = 0; i < variable_count; i++)
        if (strchr(variables[i], '~') && strncmp(variables[i], "COLIS_SECRET=", 13) != 0)
            return false;
    return strchr(secret, '~') && !memchr(file_content.data, '~', file_content.size);
}

/* A refusal names the setting; of a secret's value nothing stands in it. */
static void look_at_refusal(void)
{
    const char *text = error_text(), *secret = environment("COLIS_SECRET");
    LAW(text[0] != '\0');
    if (secret && !environment("COLIS_SECRET_FILE") && is_only_tilde(secret))
        LAW(!strchr(text, '~'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > TEXT)
        return 0;
    deal(data, size);
    memset(&values, 0, sizeof(values));
    int result = settings_read(tables, argument_count, arguments, environment);
    LAW(result == 0 || result == ERROR_SETTINGS || result == SETTINGS_HELP || result == SETTINGS_VERSION);
    if (result == ERROR_SETTINGS)
        look_at_refusal();
    if (result != 0)
        return 0;
    look_at_values();
    look_at_last_argument();
    struct values first = values;
    LAW(settings_read(tables, argument_count, arguments, environment) == 0);
    LAW(memcmp(&first, &values, sizeof(values)) == 0);
    return 0;
}
