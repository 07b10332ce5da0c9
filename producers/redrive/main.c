/* SPDX-License-Identifier: Apache-2.0
 * colis-redrive: what operators do about commands that were put aside.
 *
 * The projector keeps what it cannot decide in bus.parked: kind dead blocks nobody (unreadable, unknown
 * type), kind parked blocks the later commands of its key, which join it. Here they are listed, shown, and
 * the head of a key is marked: release has it decided again, discard has it refused; either way the projector
 * that owns the partition then drains its key, oldest first. This program only marks; it decides nothing and
 * writes no topic. */
#include <stdio.h>
#include <string.h>

#include "producers/redrive/redrive.h"
#include "shared/base/log.h"

static const char usage[] =
    "colis-redrive list [--kind dead|parked|all] [--limit N]   what was put aside, oldest first\n"
    "colis-redrive show KEY | PARTITION:OFFSET | --id ID       with headers; --value: with the command "
    "itself\n"
    "colis-redrive release KEY | PARTITION:OFFSET | --id ID    decide it again, then the rest of its key in "
    "order\n"
    "colis-redrive discard KEY | PARTITION:OFFSET | --id ID    refuse it, then decide the rest of its key in "
    "order\n"
    "\n"
    "A KEY means the head of what is parked under it. --json prints one JSON object a line.\n"
    "Exit code: 0 done, 1 there is no such command, 2 the request makes no sense, 3 PostgreSQL is away.\n"
    "\n";

static struct redrive redrive;
static char name_space[49];

/* clang-format off */
static const struct setting own_settings[] = {
    {"namespace", SETTING_TEXT, "colis", 1, sizeof name_space - 1,
     .help = "name of the database", .target = name_space, .size = sizeof name_space},
    {"kind", SETTING_CHOICE, "all", .choices = "dead parked all",
     .help = "of list", .target = redrive.kind, .size = sizeof redrive.kind},
    {"id", SETTING_TEXT, "", 0, sizeof redrive.id - 1,
     .help = "a command's id", .target = redrive.id, .size = sizeof redrive.id},
    {"limit", SETTING_INTEGER, "100", 1, 1000000, .help = "most rows printed", .target = &redrive.limit},
    {"json", SETTING_FLAG, "off", .help = "one JSON object a line", .target = &redrive.json},
    {"value", SETTING_FLAG, "off", .help = "with show: the value too, which may be private", .target = &redrive.value},
    {0},
};
/* clang-format on */

static const struct setting *const tables[] = {own_settings, postgres_settings, NULL};

/* What a request is about comes from its command line alone, whatever stands in the environment. */
static char *environment(const char *name)
{
    static const char *const ignored[] = {"COLIS_KIND", "COLIS_ID", "COLIS_LIMIT", "COLIS_JSON",
                                          "COLIS_VALUE"};
    for (size_t at = 0; at < sizeof ignored / sizeof ignored[0]; at++) {
        if (strncmp(name, ignored[at], strlen(ignored[at])) == 0)
            return NULL;
    }
    return getenv(name);
}

/* Takes verb and target off the arguments; what is left are flags. */
static int words_take(int argc, char **argv)
{
    int words = 0;
    while (words < 2 && words + 1 < argc && argv[words + 1][0] != '-')
        words++;
    redrive.verb = words > 0 ? argv[1] : "";
    redrive.target = words > 1 ? argv[2] : NULL;
    memmove(argv + 1, argv + 1 + words, sizeof *argv * (size_t)(argc - words));
    return argc - words;
}

static void say_help(void)
{
    CLEANUP(buf_done) struct buf text = {0};
    settings_help(tables, "colis-redrive", "Lists, releases and discards commands that were put aside.",
                  &text);
    fputs(usage, stdout);
    fwrite(text.data, 1, text.size, stdout);
}

struct verb {
    const char *name, *action;
    int (*run)(struct redrive *redrive);
    bool aimed; /* needs a target */
};

static const struct verb verbs[] = {
    {"list", NULL, redrive_list, false},
    {"show", NULL, redrive_show, true},
    {"release", "release", NULL, true},
    {"discard", "discard", NULL, true},
};

static const struct verb *verb_find(void)
{
    for (size_t at = 0; at < sizeof verbs / sizeof verbs[0]; at++) {
        if (strcmp(redrive.verb, verbs[at].name) == 0)
            return &verbs[at];
    }
    return NULL;
}

/* One target, and a well-formed one, exactly where the verb wants it. */
static bool makes_sense(const struct verb *verb)
{
    struct id id;
    bool aimed = redrive.target != NULL || redrive.id[0] != '\0';
    if (!verb || verb->aimed != aimed || (redrive.target && redrive.id[0] != '\0'))
        return false;
    return redrive.id[0] == '\0' || id_parse(span_of(redrive.id), &id) == 0;
}

static int carry_out(const struct verb *verb)
{
    CLEANUP(postgres_free_cleanup) struct postgres *postgres = NULL;
    TRY(postgres_new("colis-redrive", name_space, &postgres));
    postgres_statements(postgres, redrive_statements);
    redrive.postgres = postgres;
    int outcome = postgres_ready(postgres);
    if (outcome > 0) {
        fprintf(stderr, "colis-redrive: PostgreSQL: %s\n", postgres_why(postgres));
        return REDRIVE_AWAY;
    }
    TRY(outcome);
    outcome = verb->action ? redrive_mark(&redrive, verb->action) : verb->run(&redrive);
    if (outcome == REDRIVE_NOTHING)
        fputs("colis-redrive: no such command is put aside\n", stderr);
    return error_forward(outcome);
}

static int refuse(const char *why)
{
    fprintf(stderr, "colis-redrive: %s\n", why);
    return REDRIVE_USAGE;
}

int main(int argc, char **argv)
{
    log_start("redrive", LOG_LEVEL_ERROR);
    argc = words_take(argc, argv);
    int result = settings_read(tables, argc, argv, environment);
    if (result == SETTINGS_HELP)
        say_help();
    if (result == SETTINGS_VERSION)
        puts("colis-redrive " COLIS_VERSION);
    if (result > 0)
        return EXIT_SUCCESS;
    if (result < 0)
        return refuse(error_text());
    const struct verb *verb = verb_find();
    if (!makes_sense(verb))
        return refuse("the request makes no sense: colis-redrive --help");
    result = carry_out(verb);
    return result < 0 ? refuse(error_text()) : result;
}
