/* SPDX-License-Identifier: Apache-2.0
 * shared/base/settings.h: which source wins, what is refused, what help tells. The environment is a table
 * here, files are memory files, so nothing of the machine is touched. */
#include "shared/base/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/base/cases.h"

static char brokers[32];
static int64_t port;
static char level[8];
static bool check_topics;
static char secret[65];

static const struct setting link_settings[] = {{.name = "kafka_brokers",
                                                .kind = SETTING_TEXT,
                                                .fallback = "localhost:19092",
                                                .min = 1,
                                                .max = 31,
                                                .help = "where the bus is",
                                                .target = brokers,
                                                .size = sizeof brokers},
                                               {.name = "check_topics",
                                                .kind = SETTING_FLAG,
                                                .fallback = "on",
                                                .help = "refuse odd topics",
                                                .target = &check_topics,
                                                .size = sizeof check_topics},
                                               {0}};

static const struct setting http_settings[] = {{.name = "port",
                                                .kind = SETTING_INTEGER,
                                                .fallback = "8080",
                                                .min = -5,
                                                .max = 65535,
                                                .help = "where to listen",
                                                .target = &port,
                                                .size = sizeof port},
                                               {.name = "log_level",
                                                .kind = SETTING_CHOICE,
                                                .fallback = "info",
                                                .choices = "debug info warn error",
                                                .help = "how much to tell",
                                                .target = level,
                                                .size = sizeof level},
                                               {.name = "token_secret",
                                                .kind = SETTING_TEXT,
                                                .min = 4,
                                                .max = 64,
                                                .secret = true,
                                                .help = "signs tokens",
                                                .target = secret,
                                                .size = sizeof secret},
                                               {0}};

static const struct setting *const tables[] = {link_settings, http_settings, NULL};

/* NAME, value pairs. */
static const char *environment[16];

static char *environment_find(const char *name)
{
    for (int at = 0; at + 1 < 16 && environment[at]; at += 2) {
        if (strcmp(environment[at], name) == 0)
            return (char *)(uintptr_t)environment[at + 1];
    }
    return NULL;
}

static void environment_add(const char *name, const char *value)
{
    int at = 0;
    while (environment[at])
        at += 2;
    environment[at] = name;
    environment[at + 1] = value;
}

/* READ("--port=1", ...) as the arguments behind the program's name; READ(NULL) for none. */
#define READ(...) read_words((char *[]){"colis-test", __VA_ARGS__, NULL})

MUST_CHECK static int read_words(char **words)
{
    int count = 0;
    while (words[count])
        count++;
    return settings_read(tables, count, words, environment_find);
}

static void with_secret(void)
{
    environment_add("COLIS_TOKEN_SECRET", "s3cr3t");
}

/* A path that reads as this content. */
static const char *file_with(const void *content, size_t size)
{
    static char path[64];
    int file = memfd_create("setting", 0);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, content, size), (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return path;
}

static void expect_refused(int result, const char *part)
{
    ck_assert_int_eq(result, ERROR_SETTINGS);
    ck_assert_msg(strstr(error_text(), part), "\"%s\" does not tell \"%s\"", error_text(), part);
}

START_TEST(takes_the_defaults_where_nobody_speaks)
{
    with_secret();
    ck_assert_int_eq(READ(NULL), 0);
    ck_assert_str_eq(brokers, "localhost:19092");
    ck_assert_int_eq(port, 8080);
    ck_assert_str_eq(level, "info");
    ck_assert(check_topics);
    ck_assert_str_eq(secret, "s3cr3t");
}
END_TEST

START_TEST(lets_the_stronger_source_win)
{
    with_secret();
    environment_add("COLIS_KAFKA_BROKERS", "from-environment");
    ck_assert_int_eq(READ(NULL), 0);
    ck_assert_str_eq(brokers, "from-environment");
    environment_add("COLIS_KAFKA_BROKERS_FILE", file_with("from-file\n", 10));
    ck_assert_int_eq(READ(NULL), 0);
    ck_assert_str_eq(brokers, "from-file");
    ck_assert_int_eq(READ("--kafka-brokers=from-flag"), 0);
    ck_assert_str_eq(brokers, "from-flag");
}
END_TEST

START_TEST(takes_a_flag_in_either_form)
{
    with_secret();
    ck_assert_int_eq(READ("--kafka-brokers", "a:1", "--port", "-5", "--log-level=warn"), 0);
    ck_assert_str_eq(brokers, "a:1");
    ck_assert_int_eq(port, -5);
    ck_assert_str_eq(level, "warn");
    ck_assert_int_eq(READ("--kafka-brokers=b=c", "--port=1", "--port=2"), 0);
    ck_assert_str_eq(brokers, "b=c");
    ck_assert_int_eq(port, 2);
}
END_TEST

START_TEST(takes_a_switch_alone_as_on)
{
    with_secret();
    ck_assert_int_eq(READ("--check-topics=off"), 0);
    ck_assert(!check_topics);
    ck_assert_int_eq(READ("--check-topics", "off"), 0);
    ck_assert(!check_topics);
    ck_assert_int_eq(READ("--check-topics"), 0);
    ck_assert(check_topics);
    check_topics = false;
    ck_assert_int_eq(READ("--check-topics", "--port=1"), 0);
    ck_assert(check_topics);
    expect_refused(READ("--check-topics=yes"), "check_topics: yes is neither on nor off");
}
END_TEST

START_TEST(refuses_unknown_arguments)
{
    with_secret();
    expect_refused(READ("--kafka-broker=x"), "--kafka-broker: no such setting");
    expect_refused(READ("--kafka_brokers=x"), "--kafka_brokers: no such setting");
    expect_refused(READ("-p", "1"), "-p: no such setting");
    expect_refused(READ("parcel"), "parcel: no such setting");
    expect_refused(READ("--"), "--: no such setting");
    expect_refused(READ(""), ": no such setting");
    expect_refused(READ("--port=1", "2"), "2: no such setting");
}
END_TEST

START_TEST(refuses_a_flag_without_a_value)
{
    with_secret();
    expect_refused(READ("--port"), "--port: a value must follow");
    expect_refused(READ("--kafka-brokers", "--port=1"), "--kafka-brokers: a value must follow");
    ck_assert_int_eq(READ("--kafka-brokers=--port=1"), 0);
}
END_TEST

START_TEST(refuses_what_is_not_a_whole_number_in_range)
{
    static const char *const bad[] = {"",
                                      " 1",
                                      "1 ",
                                      "+1",
                                      "0x10",
                                      "1.0",
                                      "1e3",
                                      "--1",
                                      "-",
                                      "one",
                                      "99999999999999999999",
                                      "-99999999999999999999"};
    with_secret();
    environment_add("COLIS_PORT", "");
    for (size_t at = 0; at < sizeof bad / sizeof bad[0]; at++) {
        environment[3] = bad[at];
        expect_refused(READ(NULL), "port: ");
        ck_assert_ptr_nonnull(strstr(error_text(), "is not a whole number"));
    }
    expect_refused(READ("--port=65536"), "port: 65536 is not between -5 and 65535");
    expect_refused(READ("--port=-6"), "port: -6 is not between -5 and 65535");
    ck_assert_int_eq(READ("--port=65535"), 0);
    ck_assert_int_eq(READ("--port=007"), 0);
    ck_assert_int_eq(port, 7);
}
END_TEST

START_TEST(refuses_a_word_that_is_no_choice)
{
    static char *const bad[] = {"", "debu", "debugg", "Info", "debug info", " "};
    with_secret();
    for (size_t at = 0; at < sizeof bad / sizeof bad[0]; at++)
        expect_refused(READ("--log-level", bad[at]), "none of: debug info warn error");
}
END_TEST

START_TEST(refuses_a_text_outside_its_bounds)
{
    with_secret();
    expect_refused(READ("--kafka-brokers="), "kafka_brokers: has 0 bytes, takes 1 to 31");
    expect_refused(READ("--kafka-brokers=12345678901234567890123456789012"), "kafka_brokers: has 32 bytes");
    ck_assert_int_eq(READ("--kafka-brokers=1234567890123456789012345678901"), 0);
}
END_TEST

START_TEST(demands_what_has_no_default)
{
    expect_refused(
        READ(NULL),
        "token_secret: must be set: COLIS_TOKEN_SECRET, or a file named by COLIS_TOKEN_SECRET_FILE");
}
END_TEST

START_TEST(refuses_a_secret_as_an_argument_and_never_tells_it)
{
    expect_refused(READ("--token-secret=hunter2hunter2"), "--token-secret: a secret may not be an argument");
    ck_assert_ptr_null(strstr(error_text(), "hunter2"));
    expect_refused(READ("--token-secret", "hunter2hunter2"),
                   "--token-secret: a secret may not be an argument");
    ck_assert_ptr_null(strstr(error_text(), "hunter2"));
    environment_add("COLIS_TOKEN_SECRET", "abc");
    expect_refused(READ(NULL), "token_secret: has 3 bytes");
    ck_assert_ptr_null(strstr(error_text(), "abc"));
}
END_TEST

START_TEST(does_not_show_a_secret_number_either)
{
    static int64_t pin;
    static const struct setting rows[] = {{.name = "pin",
                                           .kind = SETTING_INTEGER,
                                           .min = 0,
                                           .max = 10,
                                           .secret = true,
                                           .target = &pin,
                                           .size = sizeof pin},
                                          {0}};
    static const struct setting *const table[] = {rows, NULL};
    environment_add("COLIS_PIN", "4711");
    expect_refused(settings_read(table, 1, (char *[]){"x", NULL}, environment_find),
                   "pin: (secret) is not between");
    environment[1] = "hunter2";
    expect_refused(settings_read(table, 1, (char *[]){"x", NULL}, environment_find),
                   "pin: (secret) is not a whole");
}
END_TEST

START_TEST(loses_one_trailing_newline_of_a_file)
{
    environment_add("COLIS_TOKEN_SECRET_FILE", file_with("two\n\n", 5));
    ck_assert_int_eq(READ(NULL), 0);
    ck_assert_str_eq(secret, "two\n");
    environment[1] = file_with("none", 4);
    ck_assert_int_eq(READ(NULL), 0);
    ck_assert_str_eq(secret, "none");
    environment[1] = file_with(" a b\r\n", 6);
    ck_assert_int_eq(READ(NULL), 0);
    ck_assert_str_eq(secret, " a b\r");
}
END_TEST

START_TEST(refuses_a_file_that_is_absent_or_no_file)
{
    environment_add("COLIS_TOKEN_SECRET_FILE", "/proc/self/no-such-file");
    expect_refused(READ(NULL), "COLIS_TOKEN_SECRET_FILE: cannot open");
    environment[1] = "";
    expect_refused(READ(NULL), "COLIS_TOKEN_SECRET_FILE: cannot open");
    environment[1] = "/";
    expect_refused(READ(NULL), "COLIS_TOKEN_SECRET_FILE: cannot read");
}
END_TEST

START_TEST(refuses_a_file_over_64_kib_or_with_a_nul)
{
    static char large[65537];
    memset(large, 'x', sizeof large);
    environment_add("COLIS_TOKEN_SECRET_FILE", file_with(large, sizeof large));
    expect_refused(READ(NULL), "larger than 64 KiB");
    environment[1] = file_with(large, sizeof large - 1);
    expect_refused(READ(NULL), "token_secret: has 65536 bytes, takes 4 to 64");
    environment[1] = file_with("abcd\0efgh", 9);
    expect_refused(READ(NULL), "holds a NUL byte");
}
END_TEST

START_TEST(does_not_read_what_a_stronger_source_hides)
{
    with_secret();
    environment_add("COLIS_PORT", "nonsense");
    environment_add("COLIS_KAFKA_BROKERS_FILE", "/proc/self/no-such-file");
    ck_assert_int_eq(READ("--port=1", "--kafka-brokers=b"), 0);
    ck_assert_int_eq(port, 1);
}
END_TEST

START_TEST(answers_help_and_version_before_anything_else)
{
    ck_assert_int_eq(READ("--help"), SETTINGS_HELP);
    ck_assert_int_eq(READ("--version"), SETTINGS_VERSION);
    ck_assert_int_eq(READ("--nonsense", "--help"), SETTINGS_HELP);
    with_secret();
    expect_refused(READ("--help=1"), "--help: no such setting");
}
END_TEST

START_TEST(calls_a_row_that_contradicts_itself_a_bug)
{
    static char small[4];
    static const struct setting rows[] = {{.name = "small",
                                           .kind = SETTING_TEXT,
                                           .fallback = "12345",
                                           .max = 10,
                                           .target = small,
                                           .size = sizeof small},
                                          {0}};
    static const struct setting no_kind[] = {{.name = "none", .fallback = ""}, {0}};
    static const struct setting *const one[] = {rows, NULL}, *const other[] = {no_kind, NULL};
    ck_assert_int_eq(settings_read(one, 1, (char *[]){"x", NULL}, environment_find), ERROR_BUG);
    ck_assert_int_eq(settings_read(other, 1, (char *[]){"x", NULL}, environment_find), ERROR_BUG);
}
END_TEST

START_TEST(bounds_a_text_by_its_target_where_the_row_does_not)
{
    static char small[4];
    static const struct setting rows[] = {
        {.name = "small", .kind = SETTING_TEXT, .fallback = "", .target = small, .size = sizeof small}, {0}};
    static const struct setting *const table[] = {rows, NULL};
    ck_assert_int_eq(settings_read(table, 2, (char *[]){"x", "--small=123", NULL}, environment_find), 0);
    ck_assert_str_eq(small, "123");
    expect_refused(settings_read(table, 2, (char *[]){"x", "--small=1234", NULL}, environment_find),
                   "small: has 4 bytes, takes 0 to 3");
}
END_TEST

START_TEST(prints_every_row_in_help_and_no_secret)
{
    struct buf text = {0};
    with_secret();
    ck_assert_int_eq(READ(NULL), 0);
    settings_help(tables, "colis-test", "tests settings", &text);
    static const char *const parts[] = {"colis-test: tests settings\n",
                                        "--kafka-brokers\n",
                                        "COLIS_KAFKA_BROKERS\n",
                                        "where the bus is",
                                        "text of 1 to 31 bytes; default localhost:19092",
                                        "on off; default on",
                                        "-5 to 65535; default 8080",
                                        "debug info warn error; default info",
                                        "COLIS_TOKEN_SECRET (secret: environment or file only)",
                                        "text of 4 to 64 bytes; must be set"};
    for (size_t at = 0; at < sizeof parts / sizeof parts[0]; at++)
        ck_assert_msg(strstr(text.data, parts[at]), "\"%s\" is not in:\n%s", parts[at], text.data);
    ck_assert_ptr_null(strstr(text.data, "s3cr3t"));
    ck_assert_ptr_null(strstr(text.data, "--token-secret"));
    buf_done(&text);
}
END_TEST

TCase *settings_cases(void)
{
    TCase *cases = tcase_create("settings");
    tcase_add_test(cases, takes_the_defaults_where_nobody_speaks);
    tcase_add_test(cases, lets_the_stronger_source_win);
    tcase_add_test(cases, takes_a_flag_in_either_form);
    tcase_add_test(cases, takes_a_switch_alone_as_on);
    tcase_add_test(cases, refuses_unknown_arguments);
    tcase_add_test(cases, refuses_a_flag_without_a_value);
    tcase_add_test(cases, refuses_what_is_not_a_whole_number_in_range);
    tcase_add_test(cases, refuses_a_word_that_is_no_choice);
    tcase_add_test(cases, refuses_a_text_outside_its_bounds);
    tcase_add_test(cases, demands_what_has_no_default);
    tcase_add_test(cases, refuses_a_secret_as_an_argument_and_never_tells_it);
    tcase_add_test(cases, does_not_show_a_secret_number_either);
    tcase_add_test(cases, loses_one_trailing_newline_of_a_file);
    tcase_add_test(cases, refuses_a_file_that_is_absent_or_no_file);
    tcase_add_test(cases, refuses_a_file_over_64_kib_or_with_a_nul);
    tcase_add_test(cases, does_not_read_what_a_stronger_source_hides);
    tcase_add_test(cases, answers_help_and_version_before_anything_else);
    tcase_add_test(cases, calls_a_row_that_contradicts_itself_a_bug);
    tcase_add_test(cases, bounds_a_text_by_its_target_where_the_row_does_not);
    tcase_add_test(cases, prints_every_row_in_help_and_no_secret);
    return cases;
}
